module "vpc" {
  source = "./modules/vpc"

  name = local.name
}

module "database" {
  source = "./modules/database"

  name               = local.name
  engine             = var.database.engine
  node_type          = var.database.node_type
  high_availability  = var.database.high_availability
  volume_gb          = var.database.volume_gb
  max_connections    = var.database.max_connections
  private_network_id = module.vpc.private_network_id
  databases          = toset(values(local.databases))
  passwords_version  = var.passwords_version
  passwords = {
    for name in concat(["admin"], distinct(values(local.databases))) : name => local.made["database-${name}"]
  }
}

module "redis" {
  source = "./modules/redis"

  name               = local.name
  node_type          = var.redis.node_type
  cluster_size       = var.redis.cluster_size
  zone               = "${var.region}-1"
  private_network_id = module.vpc.private_network_id
  password           = local.made["redis"]
  password_version   = var.passwords_version
}

module "storage" {
  source = "./modules/storage"

  # Names of buckets are unique in all of Scaleway, and so are Projects.
  name          = "${local.name}-${substr(var.project_id, 0, 8)}"
  force_destroy = var.environment != "prod"
}

module "registry" {
  source = "./modules/registry"

  name = "${local.name}-${substr(var.project_id, 0, 8)}"
}

module "iam" {
  source = "./modules/iam"

  name       = local.name
  project_id = var.project_id
  grace_days = var.key_grace_days
  services = merge(
    { for name in keys(local.services) : name => toset(["SecretManagerSecretAccess"]) },
    # The Chief of Staff may call agents that are private.
    { chief-of-staff = toset(["SecretManagerSecretAccess", "ContainersPrivateAccess"]) },
    # A machine pulls the image itself.
    local.voice_in_container ? {} : { voice = toset(["SecretManagerSecretAccess", "ContainerRegistryReadOnly"]) },
    # The doors reach the bucket by this key, which they find among their secrets.
    { storage = toset(["ObjectStorageObjectsRead", "ObjectStorageObjectsWrite", "ObjectStorageObjectsDelete"]) },
  )
}

module "cockpit" {
  source = "./modules/cockpit"

  name         = local.name
  project_id   = var.project_id
  alert_emails = var.alert_emails
  dashboards = {
    for file in fileset("${path.module}/cockpit", "**/*.json") : file => file("${path.module}/cockpit/${file}")
    if can(jsondecode(file("${path.module}/cockpit/${file}")).panels)
  }
}
