locals {
  host = scaleway_rdb_instance.main.private_network[0].ip
  port = scaleway_rdb_instance.main.private_network[0].port
}

# With a private network and no load balancer the instance has no public endpoint.
resource "scaleway_rdb_instance" "main" {
  name           = var.name
  engine         = var.engine
  node_type      = var.node_type
  is_ha_cluster  = var.high_availability
  volume_type    = "sbs_5k"
  user_name      = "admin"
  settings       = { max_connections = tostring(var.max_connections) }
  disable_backup = false

  volume_size_in_gb         = var.volume_gb
  backup_schedule_frequency = var.backup_hours
  backup_schedule_retention = var.backup_days
  encryption_at_rest        = true
  password_wo               = var.passwords["admin"]
  password_wo_version       = var.passwords_version

  private_network {
    pn_id       = var.private_network_id
    enable_ipam = true
  }

  lifecycle {
    postcondition {
      condition     = length(self.load_balancer) == 0
      error_message = "The database has a public endpoint: drop its load_balancer block."
    }
  }
}

resource "scaleway_rdb_database" "main" {
  for_each = var.databases

  instance_id = scaleway_rdb_instance.main.id
  name        = each.key
}

resource "scaleway_rdb_user" "main" {
  for_each = var.databases

  instance_id         = scaleway_rdb_instance.main.id
  name                = each.key
  is_admin            = false
  password_wo         = var.passwords[each.key]
  password_wo_version = var.passwords_version
}

resource "scaleway_rdb_privilege" "main" {
  for_each = var.databases

  instance_id   = scaleway_rdb_instance.main.id
  database_name = scaleway_rdb_database.main[each.key].name
  user_name     = scaleway_rdb_user.main[each.key].name
  permission    = "all"
}
