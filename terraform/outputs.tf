output "public_url" {
  description = "Where people find the demo page."
  value       = "https://${local.doors.web.hostname}"
}

output "telegram_webhook_url" {
  description = "Where Telegram sends updates; set by `frontdoor connect telegram`."
  value       = "https://${local.doors.telegram.hostname}/telegram/webhook"
}

output "twilio_webhook_url" {
  description = "Where Twilio asks what to do with a call; set by `frontdoor connect twilio`."
  value       = "https://${local.doors.voice.hostname}/twilio/voice"
}

output "widget_url" {
  description = "The script that a site embeds."
  value       = "https://${local.doors.web.hostname}/web/widget.js"
}

output "agentops_url" {
  description = "Projects, tasks, events and artifacts, below /v1."
  value       = "https://${local.agents["agentops-api"].hostname}"
}

output "grafana_url" {
  description = "Cockpit's Grafana."
  value       = module.cockpit.grafana_url
}

output "registry_endpoint" {
  description = "Where the image is pushed to, as REGISTRY/front-door:TAG."
  value       = module.registry.endpoint
}

output "image" {
  description = "The image that the services run."
  value       = local.image
}

output "bucket_name" {
  description = "Bucket of files, artifacts and recordings."
  value       = module.storage.bucket_name
}

output "backup_bucket_name" {
  description = "Bucket that the backup script writes to."
  value       = module.storage.backup_bucket_name
}

output "database_host" {
  description = "The database, in the private network alone."
  value       = module.database.host
}

output "database_id" {
  description = "The database's instance."
  value       = module.database.id
}

output "containers" {
  description = "Ids of the containers, by service."
  value       = local.container_ids
}

output "voice_machines" {
  description = "Ids of the machines that answer calls, with voice_runtime = \"instance\"."
  value       = one(module.voice_instance[*].ids)
}

output "secrets_path" {
  description = "Folder of the secrets; below it one for each group of services."
  value       = module.secrets.path
}

output "keys_expire" {
  description = "When the services' keys end unless an apply has replaced them."
  value       = module.iam.keys_expire
}

output "dns_records" {
  description = "Names to be made where dns_zone is null."
  value = merge(
    { for name, target in local.targets : local.named[name] => "CNAME ${target}." },
    local.voice_in_container ? {} : { (local.doors.voice.hostname) = "A ${module.voice_instance[0].address}" },
  )
}

output "cockpit_urls" {
  description = "Where metrics, logs and traces are asked for and rules are set."
  value       = module.cockpit.urls
}

output "alert_manager_url" {
  description = "Where alerts are sent from."
  value       = module.cockpit.alert_manager_url
}

output "cockpit_rules_token" {
  description = "Token with which the deploy script sets alert rules."
  value       = module.cockpit.rules_token
  sensitive   = true
}
