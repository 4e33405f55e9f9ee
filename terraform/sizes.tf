variable "database" {
  description = "Managed PostgreSQL: node type, high availability, disk in GB, and connections it takes."
  type = object({
    engine            = optional(string, "PostgreSQL-16")
    node_type         = string
    high_availability = bool
    volume_gb         = optional(number, 50)
    max_connections   = number
  })

  validation {
    condition     = var.environment != "prod" || var.database.high_availability
    error_message = "database.high_availability must be true in prod: without it a broken node is an outage of hours."
  }
}

variable "redis" {
  description = "Managed Redis: node type and number of nodes."
  type = object({
    node_type    = string
    cluster_size = optional(number, 1)
  })

  validation {
    condition     = var.environment != "prod" || var.redis.cluster_size == 2
    error_message = "redis.cluster_size must be 2 in prod, a node and its standby."
  }
}
