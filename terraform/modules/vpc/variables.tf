variable "name" {
  description = "Name of the VPC and of its network."
  type        = string
}

variable "subnet" {
  description = "IPv4 range of the private network."
  type        = string
  default     = "172.16.32.0/22"

  validation {
    condition     = can(cidrhost(var.subnet, 0)) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.subnet))
    error_message = "subnet must be a private IPv4 range such as 172.16.32.0/22."
  }
}
