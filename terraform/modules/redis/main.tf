# A cache: the platform's snapshots do not promise to recover anything, and nothing that
# counts is kept here.
resource "scaleway_redis_cluster" "main" {
  name                = var.name
  version             = var.redis_version
  node_type           = var.node_type
  cluster_size        = var.cluster_size
  zone                = var.zone
  tls_enabled         = true
  user_name           = "frontdoor"
  password_wo         = var.password
  password_wo_version = var.password_version
  settings            = { maxmemory-policy = "allkeys-lru" }

  private_network {
    id = var.private_network_id
  }

  lifecycle {
    postcondition {
      condition     = length(self.private_network) == 1 && length(self.acl) == 0
      error_message = "Redis has a public endpoint: give it the private_network block, and no acl."
    }
  }
}
