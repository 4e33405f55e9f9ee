data "scaleway_cockpit_preconfigured_alert" "main" {
  project_id = var.project_id
}

# All that the platform offers for what we use, and our own rules besides.
resource "scaleway_cockpit_alert_manager" "main" {
  project_id = var.project_id
  preconfigured_alert_ids = [
    for alert in data.scaleway_cockpit_preconfigured_alert.main.alerts : alert.preconfigured_rule_id
  ]

  dynamic "contact_points" {
    for_each = var.alert_emails

    content {
      email = contact_points.value
    }
  }
}
