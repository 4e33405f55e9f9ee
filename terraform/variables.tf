variable "environment" {
  description = "Which of the environments this is; part of every name and of the secrets' path."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment must be dev, staging or prod; take one of the files in environments/."
  }
}

variable "project_id" {
  description = "Scaleway Project of this environment alone: permissions are given per Project."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.project_id))
    error_message = "project_id must be the UUID of a Scaleway Project; set TF_VAR_project_id to one made for this environment alone."
  }
}

variable "region" {
  description = "Region of everything."
  type        = string
  default     = "fr-par"

  validation {
    condition     = contains(["fr-par", "nl-ams", "pl-waw"], var.region)
    error_message = "region must be fr-par, nl-ams or pl-waw: managed Redis is nowhere else."
  }
}

variable "domain" {
  description = "Domain below which the services have names: web.DOMAIN, voice.DOMAIN and so on."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be a host name such as door.example.com: certificates, webhooks and Twilio's signature need a name that stays."
  }
}

variable "dns_zone" {
  description = "DNS zone at Scaleway in which the names are made; null leaves that to you (output dns_records)."
  type        = string
  default     = null

  validation {
    condition     = var.dns_zone == null || endswith(".${var.domain}", ".${coalesce(var.dns_zone, "?")}")
    error_message = "dns_zone must be the domain or a parent of it, such as example.com for door.example.com."
  }
}

variable "image_tag" {
  description = "Tag of the image that all services run, pushed to the registry beforehand."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "image_tag must name one build, such as 1.4.0 or a commit, and not latest: a tag that is pushed again is not rolled out."
  }
}

variable "voice_runtime" {
  description = "Where calls are answered: a container (calls of up to 55 minutes, cut by deployments) or an instance behind a load balancer."
  type        = string
  default     = "container"

  validation {
    condition     = contains(["container", "instance"], var.voice_runtime)
    error_message = "voice_runtime must be container (calls below an hour) or instance (no such limit)."
  }
}

variable "voice_instance" {
  description = "The machines that answer calls, with voice_runtime = \"instance\"."
  type = object({
    type  = optional(string, "PLAY2-NANO")
    count = optional(number, 1)
  })
  default = {}

  validation {
    condition     = var.voice_instance.count >= 1 && var.voice_instance.count <= 10
    error_message = "voice_instance.count must be 1 to 10; each machine takes about sixty calls."
  }
}

variable "alert_emails" {
  description = "Who is told of alerts; Cockpit knows e-mail only."
  type        = list(string)

  validation {
    condition     = length(var.alert_emails) > 0 && alltrue([for e in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", e))])
    error_message = "alert_emails must list at least one e-mail address, else nobody hears that the database is down."
  }
}

variable "retention_days" {
  description = "Days that files and what was said are kept; 0 for ever."
  type        = number
  default     = 0

  validation {
    condition     = var.retention_days >= 0 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number of days, 0 for ever."
  }
}

variable "key_grace_days" {
  description = "Days that an API key goes on working after the 90 in which it should have been replaced by an apply."
  type        = number
  default     = 30

  validation {
    condition     = var.key_grace_days >= 1 && var.key_grace_days <= 90
    error_message = "key_grace_days must be 1 to 90: with none, a late apply cuts the services off their secrets; with more, keys are not rotated."
  }
}

variable "memory_quota_gb" {
  description = "Memory that the organization's containers may take together; 600 once verified, less before."
  type        = number
  default     = 600
}

variable "web_origins" {
  description = "Origins of the sites that embed the widget, https://www.example.com."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.web_origins : can(regex("^https://[^/?#@\\s]+$", origin))])
    error_message = "web_origins must be origins such as https://www.example.com, without a path."
  }
}
