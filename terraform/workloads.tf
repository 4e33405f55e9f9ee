locals {
  image = "${module.registry.endpoint}/front-door:${var.image_tag}"
}

# The agents first: the doors are told where they are.
module "agents" {
  source = "./modules/containers"

  name               = "${local.name}-agents"
  image              = local.image
  private_network_id = module.vpc.private_network_id
  environment        = local.shared_settings
  secret_keys        = module.iam.secret_keys
  containers = {
    for name, service in local.agents : name => merge(local.sizes[name], service, { environment = local.own_settings[name] })
  }

  depends_on = [terraform_data.limits]
}

module "doors" {
  source = "./modules/containers"

  name               = "${local.name}-doors"
  image              = local.image
  private_network_id = module.vpc.private_network_id
  environment        = merge(local.shared_settings, local.door_settings, { AGENT_URL = module.agents.endpoints["chief-of-staff"] })
  secret_keys        = module.iam.secret_keys
  containers = {
    for name, service in local.door_containers : name => merge(local.sizes[name], service, { environment = local.own_settings[name] })
  }

  depends_on = [terraform_data.limits]
}

module "voice_instance" {
  source = "./modules/voice_instance"
  count  = local.voice_in_container ? 0 : 1

  name               = "${local.name}-voice"
  zone               = "${var.region}-1"
  type               = var.voice_instance.type
  machines           = var.voice_instance.count
  hostname           = local.doors.voice.hostname
  dns_zone           = var.dns_zone
  private_network_id = module.vpc.private_network_id
  image              = local.image
  secret_key         = module.iam.secret_keys["voice"]
  key_version        = module.iam.access_keys["voice"]
  environment = merge(
    local.shared_settings, local.door_settings, local.own_settings["voice"],
    { AGENT_URL = module.agents.endpoints["chief-of-staff"] },
  )
}

# Checked before any container is made: what one variable alone cannot know.
resource "terraform_data" "limits" {
  input = local.connections

  lifecycle {
    precondition {
      condition     = local.connections + local.spare_connections < var.database.max_connections
      error_message = "All instances together may open ${local.connections} connections, and ${local.spare_connections} are kept for migrations and people, but the database takes ${var.database.max_connections}. Raise database.max_connections (and the node), or lower database_pool or max_scale: there is no PgBouncer to share them."
    }

    precondition {
      condition     = local.memory_gb <= var.memory_quota_gb
      error_message = "All instances together may take ${local.memory_gb} GB, more than the organization's ${var.memory_quota_gb}. Lower max_scale or memory_mb, or ask for a higher quota and raise memory_quota_gb."
    }
  }
}

locals {
  spare_connections = 20
  instances = {
    for name, size in local.sizes : name => name == "voice" && !local.voice_in_container ? var.voice_instance.count : size.max_scale
  }
  connections = sum([for name, size in local.sizes : local.instances[name] * size.database_pool])
  memory_gb   = sum([for name, size in local.sizes : local.instances[name] * size.memory_mb]) / 1000
}
