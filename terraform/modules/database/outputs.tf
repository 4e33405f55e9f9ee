output "id" {
  description = "Id of the instance, for scripts."
  value       = scaleway_rdb_instance.main.id
}

output "host" {
  description = "Address in the private network."
  value       = local.host
}

output "port" {
  description = "Port there."
  value       = local.port
}

output "facts" {
  description = "What was asked for, for tests."
  value = {
    high_availability = scaleway_rdb_instance.main.is_ha_cluster
    volume_type       = scaleway_rdb_instance.main.volume_type
    volume_gb         = scaleway_rdb_instance.main.volume_size_in_gb
    backup_hours      = scaleway_rdb_instance.main.backup_schedule_frequency
    backup_days       = scaleway_rdb_instance.main.backup_schedule_retention
    backups           = !scaleway_rdb_instance.main.disable_backup
    encrypted         = scaleway_rdb_instance.main.encryption_at_rest
    networks          = [for n in scaleway_rdb_instance.main.private_network : n.pn_id]
    users             = { for name, user in scaleway_rdb_user.main : name => user.is_admin }
    max_connections   = tonumber(scaleway_rdb_instance.main.settings.max_connections)
    engine            = scaleway_rdb_instance.main.engine
  }
}

output "public_endpoints" {
  description = "Known after apply; must be none."
  value       = length(scaleway_rdb_instance.main.load_balancer)
}
