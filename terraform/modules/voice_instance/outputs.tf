output "address" {
  description = "Public address of the load balancer; the A record of the hostname."
  value       = scaleway_lb_ip.main.ip_address
}

output "ids" {
  description = "Ids of the machines."
  value       = { for number, server in scaleway_instance_server.main : "voice-${number}" => server.id }
}

output "facts" {
  description = "What was asked for, for tests."
  value = {
    machines       = length(scaleway_instance_server.main)
    tunnel_timeout = scaleway_lb_backend.main.timeout_tunnel
    health         = scaleway_lb_backend.main.health_check_http[0].uri
    inbound        = scaleway_instance_security_group.main.inbound_default_policy
    inbound_rules  = length(scaleway_instance_security_group.main.inbound_rule)
    certificate    = scaleway_lb_certificate.main.letsencrypt[0].common_name
    frontend_port  = scaleway_lb_frontend.main.inbound_port
  }
}
