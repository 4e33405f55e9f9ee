# What services read at their start, each group in a folder of its own.

locals {
  delivered = merge([
    for group, names in var.groups : {
      for name in names : "${group}/${name}" => { group = group, name = name }
    }
  ]...)
}

resource "scaleway_secret" "delivered" {
  for_each = local.delivered

  name = each.value.name
  path = "${var.path}/${each.value.group}"
  type = "opaque"
}

resource "scaleway_secret_version" "delivered" {
  for_each = local.delivered

  secret_id       = scaleway_secret.delivered[each.key].id
  data_wo         = try(var.values[each.key], var.values[each.value.name])
  data_wo_version = try(var.versions[each.key], var.versions[each.value.name], var.default_version)

  lifecycle {
    # A service that starts meanwhile finds one or the other.
    create_before_destroy = true
  }
}
