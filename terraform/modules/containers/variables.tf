variable "name" {
  description = "Name of the namespace."
  type        = string
}

variable "image" {
  description = "The image that all containers run, with its tag."
  type        = string
}

variable "private_network_id" {
  description = "Network through which containers reach databases and Redis."
  type        = string
}

variable "environment" {
  description = "Settings of all containers; no secrets."
  type        = map(string)
}

variable "containers" {
  description = "What runs: role of the image, sizes, seconds a request may last, whether the world may call, settings of its own."
  type = map(object({
    role        = string
    min_scale   = number
    max_scale   = number
    memory_mb   = number
    cpu         = number
    concurrency = number
    timeout     = number
    public      = bool
    hostname    = optional(string)
    environment = map(string)
  }))

  validation {
    condition     = alltrue([for c in var.containers : contains(["telegram", "voice", "web", "agent", "all"], c.role)])
    error_message = "role must be telegram, voice, web, agent or all, as frontdoor serve --role."
  }

  validation {
    condition     = alltrue([for c in var.containers : c.max_scale <= 50])
    error_message = "max_scale must be at most 50 for one container; split the service over several."
  }

  validation {
    condition     = alltrue([for c in var.containers : c.timeout >= 10 && c.timeout <= 3600])
    error_message = "timeout must be 10 to 3600 seconds, the platform's longest; for longer calls set voice_runtime = \"instance\"."
  }

  validation {
    condition = alltrue([
      for c in var.containers : c.role != "voice" || c.timeout - tonumber(lookup(c.environment, "MAX_CALL_SECONDS", "0")) >= 60 && tonumber(lookup(c.environment, "MAX_CALL_SECONDS", "0")) > 0
    ])
    error_message = "MAX_CALL_SECONDS of the voice container must be at least 60 s below its timeout: we end a call with a good-bye before the platform cuts it."
  }

  validation {
    condition = alltrue(flatten([
      for c in var.containers : [for name in keys(c.environment) : !can(regex("(_KEY|_KEY_ID|_TOKEN|_SECRET|PASSWORD|DATABASE_URL|REDIS_URL)$", name))]
    ]))
    error_message = "environment must hold no secret: put it into Secret Manager, where the service reads it at its start (secrets.tf)."
  }
}

variable "secret_keys" {
  description = "Secret half of each container's own IAM key, with which it reads its secrets."
  type        = map(string)
  sensitive   = true
}
