variable "name" {
  description = "What the applications' names begin with."
  type        = string
}

variable "project_id" {
  description = "The Project that all permissions are limited to."
  type        = string
}

variable "services" {
  description = "Permission sets of each service; one application, policy and key each."
  type        = map(set(string))

  validation {
    condition = length(setintersection(flatten([for sets in var.services : tolist(sets)]), [
      "AllProductsFullAccess", "AllProductsReadOnly", "IAMManager", "OrganizationManager", "ProjectManager",
      "SecretManagerFullAccess", "ObjectStorageFullAccess", "ContainersFullAccess", "RelationalDatabasesFullAccess",
    ])) == 0
    error_message = "services must not be given a set such as AllProductsFullAccess or IAMManager: take what is read and written alone, such as SecretManagerSecretAccess or ObjectStorageObjectsRead."
  }
}

variable "rotation_days" {
  description = "Days after which keys are replaced by the next apply."
  type        = number
  default     = 90

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 90
    error_message = "rotation_days must be at most 90."
  }
}

variable "grace_days" {
  description = "Days that keys go on working beyond that."
  type        = number
}
