variable "name" {
  description = "What names begin with."
  type        = string
}

variable "zone" {
  description = "Zone of the machines and of the load balancer."
  type        = string
}

variable "type" {
  description = "Machine type."
  type        = string

  validation {
    condition     = can(regex("^(PLAY2|PRO2|POP2)-", var.type))
    error_message = "type must be a PLAY2, PRO2 or POP2 machine, such as PLAY2-NANO."
  }
}

variable "machines" {
  description = "Number of machines behind the load balancer."
  type        = number
}

variable "hostname" {
  description = "Name that Twilio reaches us by; its A record is the load balancer's address."
  type        = string
}

variable "dns_zone" {
  description = "Zone in which the record is made; null if it is made elsewhere."
  type        = string
  default     = null
}

variable "private_network_id" {
  description = "Network of databases and Redis."
  type        = string
}

variable "image" {
  description = "The image, with its tag."
  type        = string
}

variable "environment" {
  description = "Settings; no secrets."
  type        = map(string)
}

variable "key_version" {
  description = "Changes when the key does."
  type        = string
}

variable "secret_key" {
  description = "Secret half of the key that fetches secrets and pulls the image."
  type        = string
  sensitive   = true
}

variable "tunnel_timeout" {
  description = "Silence after which the load balancer drops a call's socket."
  type        = string
  default     = "4h"

  validation {
    condition     = can(regex("^[0-9]+h$", var.tunnel_timeout)) && tonumber(trimsuffix(var.tunnel_timeout, "h")) >= 1
    error_message = "tunnel_timeout must be whole hours, such as 4h; calls run through it."
  }
}
