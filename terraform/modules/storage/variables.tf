variable "name" {
  description = "What the buckets' names begin with; unique in all of Scaleway."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,50}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 52 of a-z 0-9 and -, for it is part of a URL."
  }
}

variable "old_versions_days" {
  description = "Days that overwritten and deleted files can be brought back."
  type        = number
  default     = 30

  validation {
    condition     = var.old_versions_days >= 7
    error_message = "old_versions_days must be at least 7, as the database's backups."
  }
}

variable "cold_after_days" {
  description = "Days after which files go to cheaper storage in one zone; 0 for never. GLACIER is no choice: links to files must work at once."
  type        = number
  default     = 90

  validation {
    condition     = var.cold_after_days == 0 || var.cold_after_days >= 30
    error_message = "cold_after_days must be 0 or at least 30; the storage refuses earlier moves."
  }
}

variable "backup_days" {
  description = "Days that backups written by the backup script are kept."
  type        = number
  default     = 35

  validation {
    condition     = var.backup_days >= 7
    error_message = "backup_days must be at least 7."
  }
}

variable "force_destroy" {
  description = "Whether destroying the stack takes files with it; not in production."
  type        = bool
}
