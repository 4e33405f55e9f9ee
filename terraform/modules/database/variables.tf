variable "name" {
  description = "Name of the instance."
  type        = string
}

variable "engine" {
  description = "PostgreSQL's version."
  type        = string

  validation {
    condition     = contains(["PostgreSQL-16", "PostgreSQL-17"], var.engine)
    error_message = "engine must be PostgreSQL-16 or PostgreSQL-17; older versions end within the life of this stack."
  }
}

variable "node_type" {
  description = "Node type; block storage needs a PLAY2, PRO2 or POP2 node."
  type        = string

  validation {
    condition     = can(regex("^DB-(PLAY2|PRO2|POP2)-", var.node_type))
    error_message = "node_type must be one of DB-PLAY2-…, DB-PRO2-… or DB-POP2-…, such as DB-POP2-2C-8G: DB-GP-… and DB-DEV-… are of the first generation, without block storage."
  }
}

variable "high_availability" {
  description = "A synchronous standby in another rack of the same data centre."
  type        = bool
}

variable "volume_gb" {
  description = "Block storage; it only grows, and not by itself."
  type        = number

  validation {
    condition     = var.volume_gb >= 5 && var.volume_gb % 5 == 0
    error_message = "volume_gb must be a multiple of 5 GB, and can be raised but not lowered."
  }
}

variable "max_connections" {
  description = "Connections that the server takes."
  type        = number
}

variable "backup_hours" {
  description = "A backup so often."
  type        = number
  default     = 24

  validation {
    condition     = var.backup_hours >= 1 && var.backup_hours <= 24
    error_message = "backup_hours must be 1 to 24: a backup every day at least, for there is no point-in-time recovery."
  }
}

variable "backup_days" {
  description = "How long backups are kept."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_days >= 7
    error_message = "backup_days must be at least 7."
  }
}

variable "private_network_id" {
  description = "The only network the database is reached from."
  type        = string
}

variable "databases" {
  description = "Databases, each with a user of the same name."
  type        = set(string)
}

variable "passwords" {
  description = "Passwords by user: admin, and each of databases."
  type        = map(string)
  sensitive   = true
  ephemeral   = true
}

variable "passwords_version" {
  description = "Changes when the passwords do."
  type        = number
}
