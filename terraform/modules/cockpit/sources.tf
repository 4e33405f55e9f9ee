# Metrics and logs of containers, database, Redis and buckets arrive by themselves; these are for
# what we send: traces, and metrics and logs of machines.
resource "scaleway_cockpit_source" "main" {
  for_each = var.retention_days

  name           = "${var.name}-${each.key}"
  type           = each.key
  retention_days = each.value
  project_id     = var.project_id
}

# Each token does one thing. The provider keeps them in the state.
resource "scaleway_cockpit_token" "write" {
  name       = "${var.name}-write"
  project_id = var.project_id

  scopes {
    write_metrics = true
    write_logs    = true
    write_traces  = true
  }
}

# Rules of our own go to the ruler by script: terraform/scripts.
resource "scaleway_cockpit_token" "rules" {
  name       = "${var.name}-rules"
  project_id = var.project_id

  scopes {
    write_metrics       = false
    write_logs          = false
    setup_metrics_rules = true
    setup_logs_rules    = true
    setup_alerts        = true
  }
}
