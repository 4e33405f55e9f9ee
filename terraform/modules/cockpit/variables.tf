variable "name" {
  description = "What names begin with."
  type        = string
}

variable "project_id" {
  description = "Project that is watched."
  type        = string
}

variable "retention_days" {
  description = "Days that each kind of data of our own is kept; what the platform sends by itself has its own."
  type = object({
    metrics = optional(number, 31)
    logs    = optional(number, 7)
    traces  = optional(number, 7)
  })
  default = {}
}

variable "alert_emails" {
  description = "Who is told."
  type        = list(string)
}

variable "dashboards" {
  description = "Grafana's dashboards as JSON, by file name."
  type        = map(string)
}
