resource "scaleway_vpc" "main" {
  name = var.name
}

resource "scaleway_vpc_private_network" "main" {
  name   = var.name
  vpc_id = scaleway_vpc.main.id

  ipv4_subnet {
    subnet = var.subnet
  }
}
