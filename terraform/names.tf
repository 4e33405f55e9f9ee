# Names that stay while containers come and go. A CNAME must be there before its container is told.

locals {
  container_ids       = merge(module.agents.ids, module.doors.ids)
  container_endpoints = merge(module.agents.endpoints, module.doors.endpoints)
  named               = { for name, service in merge(local.agents, local.door_containers) : name => service.hostname if service.hostname != null }
  targets             = { for name in keys(local.named) : name => trimprefix(local.container_endpoints[name], "https://") }
}

resource "scaleway_domain_record" "main" {
  for_each = var.dns_zone == null ? {} : local.named

  dns_zone = var.dns_zone
  name     = trimsuffix(trimsuffix(each.value, var.dns_zone), ".")
  type     = "CNAME"
  data     = "${local.targets[each.key]}."
  ttl      = 300
}

resource "scaleway_container_domain" "main" {
  for_each = local.named

  container_id = local.container_ids[each.key]
  hostname     = each.value

  depends_on = [scaleway_domain_record.main]
}
