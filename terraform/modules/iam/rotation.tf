# The time since 2026 falls into spans of rotation_days. The first plan in a new span finds other
# dates of expiry, so it replaces all keys. This needs no provider of time, and nothing to remember.

locals {
  spans   = [for span in range(0, 400) : timeadd("2026-01-01T00:00:00Z", "${span * var.rotation_days * 24}h")]
  past    = [for start in local.spans : start if timecmp(start, plantimestamp()) <= 0]
  span    = length(local.past)
  expires = timeadd(local.past[length(local.past) - 1], "${(var.rotation_days + var.grace_days) * 24}h")
}
