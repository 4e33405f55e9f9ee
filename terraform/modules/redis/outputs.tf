output "id" {
  description = "Id of the cluster."
  value       = scaleway_redis_cluster.main.id
}

output "host" {
  description = "Address in the private network."
  value       = one([for network in scaleway_redis_cluster.main.private_network : network.ips[0]])
}

output "port" {
  description = "Port there."
  value       = one([for network in scaleway_redis_cluster.main.private_network : network.port])
}

output "user" {
  description = "Name of the user."
  value       = scaleway_redis_cluster.main.user_name
}

output "certificate" {
  description = "Authority of its TLS certificate, as PEM."
  value       = scaleway_redis_cluster.main.certificate
}

output "facts" {
  description = "What was asked for, for tests."
  value = {
    tls             = scaleway_redis_cluster.main.tls_enabled
    cluster_size    = scaleway_redis_cluster.main.cluster_size
    version         = scaleway_redis_cluster.main.version
    networks        = [for n in scaleway_redis_cluster.main.private_network : n.id]
    public_rules    = length(scaleway_redis_cluster.main.acl)
    memory_at_limit = scaleway_redis_cluster.main.settings["maxmemory-policy"]
  }
}
