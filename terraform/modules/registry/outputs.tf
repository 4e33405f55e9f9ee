output "endpoint" {
  description = "Where images are pushed to, rg.fr-par.scw.cloud/NAME."
  value       = scaleway_registry_namespace.main.endpoint
}

output "public" {
  description = "Whether anybody may pull; for tests."
  value       = scaleway_registry_namespace.main.is_public
}
