output "path" {
  description = "Folder of the environment's secrets."
  value       = var.path
}

output "generated" {
  description = "Where the passwords and keys are, by name, for who reads them back."
  value = {
    for name in var.generated : name => {
      secret_id = scaleway_secret.generated[name].id
      revision  = scaleway_secret_version.generated[name].revision
    }
  }
}

output "paths" {
  description = "Folder and name of every delivered secret, for tests."
  value       = [for secret in scaleway_secret.delivered : "${secret.path}/${secret.name}"]
}

output "revision" {
  description = "Changes when a secret does, so that who read it at its start can be started again."
  value       = sha256(jsonencode([for key in sort(keys(local.delivered)) : scaleway_secret_version.delivered[key].data_wo_version]))
}
