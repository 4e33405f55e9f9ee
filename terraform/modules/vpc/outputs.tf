output "private_network_id" {
  description = "The network that databases, Redis and services share."
  value       = scaleway_vpc_private_network.main.id
}

output "subnet" {
  description = "Its IPv4 range."
  value       = scaleway_vpc_private_network.main.ipv4_subnet[0].subnet
}
