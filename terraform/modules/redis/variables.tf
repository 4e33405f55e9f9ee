variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "node_type" {
  description = "Node type: RED1-MICRO to RED1-S for trying out, RED1-M and more for production."
  type        = string

  validation {
    condition     = contains(["RED1-MICRO", "RED1-2XS", "RED1-XS", "RED1-S", "RED1-M", "RED1-L", "RED1-XL"], var.node_type)
    error_message = "node_type must be RED1-MICRO, RED1-2XS, RED1-XS, RED1-S, RED1-M, RED1-L or RED1-XL; there is no REDIS-GP-…."
  }
}

variable "redis_version" {
  description = "Redis's version; the platform offers one."
  type        = string
  default     = "8.6.3"

  validation {
    condition     = can(regex("^([89]|[1-9][0-9])\\.", var.redis_version))
    error_message = "redis_version must be 8.6.3 or later; Redis 7 came to its end in February 2026."
  }
}

variable "cluster_size" {
  description = "1 node, or 2 with a standby; the gateway speaks to no sharded cluster."
  type        = number

  validation {
    condition     = contains([1, 2], var.cluster_size)
    error_message = "cluster_size must be 1 or 2: three and more are a sharded cluster, which Front Door does not speak to."
  }
}

variable "zone" {
  description = "Zone of the cluster."
  type        = string
}

variable "private_network_id" {
  description = "The only network Redis is reached from."
  type        = string
}

variable "password" {
  description = "Password of the one user."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "password_version" {
  description = "Changes when the password does."
  type        = number
}
