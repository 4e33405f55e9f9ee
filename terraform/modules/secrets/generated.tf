# Made here and kept in Secret Manager alone. What is used is read back from there (secrets.tf of
# the root), not what was made: a run that ends half way leaves one truth, and the next goes on
# with it.

ephemeral "random_password" "generated" {
  for_each = var.generated

  length      = 48
  min_lower   = 1
  min_upper   = 1
  min_numeric = 1
  min_special = 1
  # Stands in URLs as it is.
  override_special = "-_.~"
}

resource "scaleway_secret" "generated" {
  for_each = var.generated

  name        = each.key
  path        = "${var.path}/generated"
  type        = "opaque"
  description = "Made by Terraform"
}

resource "scaleway_secret_version" "generated" {
  for_each = var.generated

  secret_id       = scaleway_secret.generated[each.key].id
  data_wo         = ephemeral.random_password.generated[each.key].result
  data_wo_version = var.generated_version

  lifecycle {
    create_before_destroy = true
  }
}
