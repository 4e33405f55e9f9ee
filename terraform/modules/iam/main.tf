resource "scaleway_iam_application" "main" {
  for_each = var.services

  name        = "${var.name}-${each.key}"
  description = "Front Door: ${each.key}"
}

# Permission sets are given per Project; a secret or a container alone cannot be named.
resource "scaleway_iam_policy" "main" {
  for_each = var.services

  name           = "${var.name}-${each.key}"
  application_id = scaleway_iam_application.main[each.key].id

  rule {
    permission_set_names = each.value
    project_ids          = [var.project_id]
  }
}

# The provider keeps the secret half in the state; its ephemeral twin would make a new key with
# every run. So the state's bucket is private, and keys end by themselves.
resource "scaleway_iam_api_key" "main" {
  for_each = var.services

  application_id     = scaleway_iam_application.main[each.key].id
  default_project_id = var.project_id
  description        = "Front Door: ${each.key}"
  expires_at         = local.expires

  lifecycle {
    create_before_destroy = true
  }
}
