data "scaleway_cockpit_grafana" "main" {
  project_id = var.project_id
}

resource "grafana_folder" "main" {
  title = "Front Door"
}

resource "grafana_dashboard" "main" {
  for_each = var.dashboards

  folder      = grafana_folder.main.uid
  config_json = each.value
  overwrite   = true
}
