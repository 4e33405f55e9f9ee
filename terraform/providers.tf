# Keys come from SCW_ACCESS_KEY and SCW_SECRET_KEY in the environment.
provider "scaleway" {
  region     = var.region
  zone       = "${var.region}-1"
  project_id = var.project_id
}

# Cockpit's Grafana knows callers by an IAM key in a header, not by Grafana's own tokens.
provider "grafana" {
  url          = module.cockpit.grafana_url
  auth         = "anonymous"
  http_headers = { "X-Auth-Token" = var.grafana_secret_key }
}
