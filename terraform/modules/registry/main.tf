resource "scaleway_registry_namespace" "main" {
  name        = var.name
  description = "Images of Front Door"
  is_public   = false
}
