output "access_keys" {
  description = "Public half of each service's key."
  value       = { for name, key in scaleway_iam_api_key.main : name => key.access_key }
}

output "secret_keys" {
  description = "Secret half of each service's key."
  value       = { for name, key in scaleway_iam_api_key.main : name => key.secret_key }
  sensitive   = true
}

output "span" {
  description = "Number of the rotation; grows by one every rotation_days."
  value       = local.span
}

output "facts" {
  description = "Who may do what until when, for tests."
  value = {
    for name, policy in scaleway_iam_policy.main : name => {
      sets     = policy.rule[0].permission_set_names
      projects = policy.rule[0].project_ids
      expires  = scaleway_iam_api_key.main[name].expires_at
    }
  }
}

output "keys_expire" {
  description = "When keys that no apply replaced cease to work."
  value       = local.expires
}
