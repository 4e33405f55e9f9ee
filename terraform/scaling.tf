variable "scaling" {
  description = "Size and number of each service: see environments/. Memory in MB, vCPU in thousandths, concurrency in requests one instance takes at a time, database_pool in connections of one instance."
  type = map(object({
    min_scale     = number
    max_scale     = number
    memory_mb     = number
    cpu           = number
    concurrency   = number
    database_pool = number
  }))

  validation {
    condition     = length(setsubtract(local.service_names, keys(var.scaling))) == 0
    error_message = "scaling lacks ${join(", ", setsubtract(local.service_names, keys(var.scaling)))}; every service needs its line."
  }

  validation {
    condition     = length(setsubtract(keys(var.scaling), local.service_names)) == 0
    error_message = "scaling names ${join(", ", setsubtract(keys(var.scaling), local.service_names))}, which is no service; there are ${join(", ", local.service_names)}."
  }

  validation {
    condition = alltrue([
      for name, s in var.scaling : s.max_scale <= (name == "specialists" ? 2 : 1) * 50
    ])
    error_message = "max_scale is too high: a Serverless Container has at most 50 instances. specialists may have 100, as two containers of 50; beyond that put a queue in front (scaleway_mnq_sqs) and let them take from it."
  }

  validation {
    condition     = alltrue([for s in var.scaling : s.min_scale >= 0 && s.max_scale >= 1 && s.min_scale <= s.max_scale])
    error_message = "min_scale must be from 0 to max_scale, and max_scale at least 1."
  }

  validation {
    condition = alltrue([
      for s in var.scaling : contains(["512/280", "1024/560", "2048/1120"], "${s.memory_mb}/${s.cpu}")
    ])
    error_message = "memory_mb and cpu must be a pair: 512 with 280, 1024 with 560 or 2048 with 1120."
  }

  validation {
    condition     = alltrue([for s in var.scaling : s.concurrency >= 10 && s.concurrency <= 80])
    error_message = "concurrency must be 10 to 80 requests at a time in one instance; the platform takes no more than 80."
  }

  validation {
    condition     = alltrue([for s in var.scaling : s.database_pool >= 2])
    error_message = "database_pool must be at least 2 connections, as DATABASE_POOL."
  }

  validation {
    condition     = alltrue([for name in ["agentops-api", "chief-of-staff", "voice"] : try(var.scaling[name].min_scale, 1) >= 1])
    error_message = "agentops-api, chief-of-staff and voice cannot scale to zero: calls cannot wait for a start, the agent owes reminders, and voice works on what the sleeping doors have taken. Set min_scale to 1."
  }
}
