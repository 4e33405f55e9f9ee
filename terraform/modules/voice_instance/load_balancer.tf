resource "scaleway_lb_ip" "main" {
  zone = var.zone
}

# Let's Encrypt looks for us here, so the name comes before the certificate.
resource "scaleway_domain_record" "main" {
  count = var.dns_zone == null ? 0 : 1

  dns_zone = var.dns_zone
  name     = trimsuffix(trimsuffix(var.hostname, var.dns_zone), ".")
  type     = "A"
  data     = scaleway_lb_ip.main.ip_address
  ttl      = 300
}

resource "scaleway_lb" "main" {
  name   = var.name
  type   = "LB-S"
  zone   = var.zone
  ip_ids = [scaleway_lb_ip.main.id]

  private_network {
    private_network_id = var.private_network_id
  }
}

resource "scaleway_lb_certificate" "main" {
  lb_id = scaleway_lb.main.id
  name  = var.name

  letsencrypt {
    common_name = var.hostname
  }

  depends_on = [scaleway_domain_record.main]
}

resource "scaleway_lb_backend" "main" {
  lb_id            = scaleway_lb.main.id
  name             = var.name
  forward_protocol = "http"
  forward_port     = 8080
  server_ips       = [for address in scaleway_ipam_ip.main : address.address]
  timeout_server   = "60s"
  # A call is one socket, and is silent for as long as both sides are.
  timeout_tunnel = var.tunnel_timeout
  # A machine that is told to stop turns red first, and its calls may end.
  on_marked_down_action    = "none"
  health_check_delay       = "5s"
  health_check_timeout     = "4s"
  health_check_max_retries = 2

  health_check_http {
    uri = "/readyz"
  }
}

resource "scaleway_lb_frontend" "main" {
  lb_id           = scaleway_lb.main.id
  backend_id      = scaleway_lb_backend.main.id
  name            = var.name
  inbound_port    = 443
  timeout_client  = "60s"
  certificate_ids = [scaleway_lb_certificate.main.id]
}
