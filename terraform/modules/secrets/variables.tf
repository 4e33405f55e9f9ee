variable "path" {
  description = "Folder of this environment's secrets, /front-door/prod."
  type        = string

  validation {
    condition     = can(regex("^(/[a-z0-9-]+)+$", var.path))
    error_message = "path must read /front-door/prod."
  }
}

variable "generated" {
  description = "Names of passwords and keys that we make ourselves."
  type        = set(string)
}

variable "generated_version" {
  description = "Raise it to have them made anew."
  type        = number
}

variable "groups" {
  description = "Which secrets each group of services reads, by name of our setting: PATH/GROUP/NAME."
  type        = map(set(string))

  validation {
    condition     = alltrue(flatten([for names in var.groups : [for name in names : can(regex("^[A-Z][A-Z0-9_]+$", name))]]))
    error_message = "groups must name settings, such as GROQ_API_KEY."
  }
}

variable "values" {
  description = "Values as GROUP/NAME, or as NAME where all groups share one."
  type        = map(string)
  sensitive   = true
  ephemeral   = true
}

variable "versions" {
  description = "A number by GROUP/NAME or NAME that changes when the value does; who is missing goes by default_version."
  type        = map(number)
  default     = {}
}

variable "default_version" {
  description = "Raise it to have all other values written again."
  type        = number
}
