output "grafana_url" {
  description = "Where the dashboards are."
  value       = data.scaleway_cockpit_grafana.main.grafana_url
}

output "push_urls" {
  description = "Where our own data is sent to, by kind."
  value       = { for kind, source in scaleway_cockpit_source.main : kind => source.push_url }
}

output "urls" {
  description = "Where data is asked for and rules are set, by kind."
  value       = { for kind, source in scaleway_cockpit_source.main : kind => source.url }
}

output "alert_manager_url" {
  description = "Where alerts are sent from."
  value       = scaleway_cockpit_alert_manager.main.alert_manager_url
}

output "write_token" {
  description = "Token with which data is sent."
  value       = scaleway_cockpit_token.write.secret_key
  sensitive   = true
}

output "rules_token" {
  description = "Token with which rules are set."
  value       = scaleway_cockpit_token.rules.secret_key
  sensitive   = true
}

output "write_token_id" {
  description = "Changes when the token does."
  value       = scaleway_cockpit_token.write.id
}

output "facts" {
  description = "What was asked for, for tests."
  value = {
    kinds      = sort([for source in scaleway_cockpit_source.main : source.type])
    emails     = sort([for contact in scaleway_cockpit_alert_manager.main.contact_points : contact.email])
    dashboards = length(grafana_dashboard.main)
  }
}
