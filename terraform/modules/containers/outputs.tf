output "ids" {
  description = "Ids of the containers, by name."
  value       = { for name, container in scaleway_container.main : name => container.id }
}

output "endpoints" {
  description = "The platform's own URL of each container."
  value       = { for name, container in scaleway_container.main : name => container.public_endpoint }
}

output "facts" {
  description = "What was asked for, by container, for tests."
  value = {
    for name, c in scaleway_container.main : name => {
      min_scale   = c.min_scale
      max_scale   = c.max_scale
      memory      = c.memory_limit_bytes
      cpu         = c.cpu_limit
      timeout     = c.timeout
      privacy     = c.privacy
      protocol    = c.protocol
      args        = c.args
      image       = c.image
      network     = c.private_network_id
      concurrency = one([for option in c.scaling_option : option.concurrent_requests_threshold])
      liveness    = one(flatten([for probe in c.liveness_probe : probe.http[*].path]))
      startup     = one(flatten([for probe in c.startup_probe : probe.http[*].path]))
      environment = c.environment_variables
    }
  }
}
