locals {
  machines = toset([for number in range(var.machines) : tostring(number + 1)])
}

# The public address is for going out: to the registry, to models and voices.
resource "scaleway_instance_ip" "main" {
  for_each = local.machines

  type = "routed_ipv4"
  zone = var.zone
}

# Nobody comes in by it; the load balancer comes through the private network.
resource "scaleway_instance_security_group" "main" {
  name                    = var.name
  zone                    = var.zone
  stateful                = true
  inbound_default_policy  = "drop"
  outbound_default_policy = "accept"
}

resource "scaleway_ipam_ip" "main" {
  for_each = local.machines

  source {
    private_network_id = var.private_network_id
  }
}

resource "scaleway_instance_server" "main" {
  for_each = local.machines

  name              = "${var.name}-${each.key}"
  zone              = var.zone
  type              = var.type
  image             = "debian_bookworm"
  ip_ids            = [scaleway_instance_ip.main[each.key].id]
  security_group_id = scaleway_instance_security_group.main.id
  # Read at the first start only, so another image or key means another machine.
  cloud_init = templatefile("${path.module}/cloud-init.yaml.tftpl", {
    image       = var.image
    registry    = split("/", var.image)[0]
    environment = var.environment
    secret_key  = var.secret_key
  })

  lifecycle {
    replace_triggered_by = [terraform_data.contents]
  }
}

# Changing cloud_init alone would not make the provider build the machine anew.
resource "terraform_data" "contents" {
  input = sha256(jsonencode([var.image, var.environment, var.key_version]))
}

resource "scaleway_instance_private_nic" "main" {
  for_each = local.machines

  server_id          = scaleway_instance_server.main[each.key].id
  private_network_id = var.private_network_id
  ipam_ip_ids        = [scaleway_ipam_ip.main[each.key].id]
  zone               = var.zone
}
