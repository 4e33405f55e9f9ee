resource "scaleway_container_namespace" "main" {
  name        = var.name
  description = "Front Door"
}

resource "scaleway_container" "main" {
  for_each = var.containers

  name         = each.key
  namespace_id = scaleway_container_namespace.main.id
  description  = "frontdoor serve --role ${each.value.role}"
  image        = var.image
  command      = ["frontdoor"]
  args         = ["serve", "--role", each.value.role]
  port         = 8080
  # WebSockets begin as HTTP/1.1.
  protocol               = "http1"
  https_connections_only = true
  sandbox                = "v2"
  privacy                = each.value.public ? "public" : "private"
  private_network_id     = var.private_network_id

  cpu_limit          = each.value.cpu
  memory_limit_bytes = each.value.memory_mb * 1000 * 1000
  min_scale          = each.value.min_scale
  max_scale          = each.value.max_scale
  timeout            = each.value.timeout

  environment_variables = merge(var.environment, each.value.environment)

  # The provider has no write-only argument here, so this one key is in the state. All other
  # secrets are fetched with it. Names that begin with SCW_ are the platform's own.
  secret_environment_variables = {
    SECRETS_API_KEY = var.secret_keys[each.key]
  }

  scaling_option {
    concurrent_requests_threshold = each.value.concurrency
  }

  # Alive is only who has reached the database: what cannot keep a message replaces nothing. Not
  # /readyz: while the agent is away, doors that start must still take what people write.
  startup_probe {
    failure_threshold = 30
    interval          = "5s"
    timeout           = "4s"

    http {
      path = "/healthz"
    }
  }

  # Alive asks nothing of others: a database that is away is no reason to start again.
  liveness_probe {
    failure_threshold = 3
    interval          = "10s"
    timeout           = "5s"

    http {
      path = "/healthz"
    }
  }
}
