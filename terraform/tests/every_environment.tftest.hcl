# What holds in every environment: terraform test -var-file=environments/dev.tfvars
# Names and credentials come from TF_VAR_…; nothing is made outside of a plan.

run "holds_everywhere" {
  command = plan

  # Databases are private.
  assert {
    condition     = length(module.database.facts.networks) == 1 && module.database.facts.backups
    error_message = "The database must be in the private network and be backed up."
  }

  assert {
    condition     = module.database.facts.volume_type == "sbs_5k" && module.database.facts.encrypted
    error_message = "The database must be on encrypted block storage."
  }

  assert {
    condition     = module.database.facts.backup_hours == 24 && module.database.facts.backup_days == 7
    error_message = "Backups must be daily and kept for 7 days."
  }

  assert {
    condition     = alltrue([for is_admin in values(module.database.facts.users) : !is_admin]) && length(module.database.facts.users) == 3
    error_message = "Services must not be the database's administrator; gateway, seed and specialists have a database each."
  }

  assert {
    condition     = length(module.redis.facts.networks) == 1 && module.redis.facts.public_rules == 0 && module.redis.facts.tls
    error_message = "Redis must be in the private network alone, with TLS."
  }

  assert {
    condition     = module.redis.facts.memory_at_limit == "allkeys-lru"
    error_message = "Redis must forget the oldest when it is full."
  }

  # Files are private and can be brought back.
  assert {
    condition     = alltrue([for bucket in module.storage.facts : bucket.acl == "private" && bucket.versioned && bucket.old_versions >= 7])
    error_message = "Buckets must be private, versioned, and keep old versions for a week at least."
  }

  assert {
    condition     = length(setsubtract(["incomplete-uploads", "old-versions", "cold-files"], module.storage.facts["artifacts"].rules)) == 0
    error_message = "The artifacts need lifecycle rules for unfinished uploads, old versions and old files."
  }

  assert {
    condition     = !module.registry.public
    error_message = "The registry must be private."
  }

  # Every container fits the platform.
  assert {
    condition = alltrue([
      for c in values(merge(module.agents.facts, module.doors.facts)) :
      c.max_scale <= 50 && c.concurrency >= 10 && c.concurrency <= 80 && c.timeout <= 3600
    ])
    error_message = "Containers must have at most 50 instances, 10 to 80 requests and 3600 s."
  }

  assert {
    condition = alltrue([
      for c in values(merge(module.agents.facts, module.doors.facts)) :
      contains(["512/280", "1024/560", "2048/1120"], "${c.memory / 1000000}/${c.cpu}")
    ])
    error_message = "Containers must have 512 MB to 2 GB with the vCPU that goes with it."
  }

  assert {
    condition = alltrue([
      for c in values(merge(module.agents.facts, module.doors.facts)) :
      c.liveness == "/healthz" && c.startup == "/healthz" && c.protocol == "http1"
    ])
    error_message = "Containers must be probed, and speak HTTP/1.1 for WebSockets."
  }

  assert {
    condition     = module.agents.facts["chief-of-staff"].args == tolist(["serve", "--role", "agent"]) && module.doors.facts["web"].args == tolist(["serve", "--role", "web"])
    error_message = "One image must serve roles by argument."
  }

  assert {
    condition     = module.agents.facts["seed-agent"].privacy == "private" && module.doors.facts["telegram"].privacy == "public"
    error_message = "The world may call the doors, and no agent behind the Chief of Staff."
  }

  assert {
    condition     = output.telegram_webhook_url == "https://telegram.${var.domain}/telegram/webhook" && output.twilio_webhook_url == "https://voice.${var.domain}/twilio/voice"
    error_message = "Webhooks must have names that stay."
  }

  # Services may do little and not for ever.
  assert {
    condition     = alltrue([for who in values(module.iam.facts) : length(who.projects) == 1 && who.projects[0] == var.project_id])
    error_message = "Permissions must be limited to this Project."
  }

  assert {
    condition     = module.iam.facts["web"].sets == toset(["SecretManagerSecretAccess"]) && !contains(module.iam.facts["storage"].sets, "SecretManagerSecretAccess")
    error_message = "A door reads secrets and nothing else; the bucket's key reads none."
  }

  assert {
    condition = alltrue([
      for who in values(module.iam.facts) :
      timecmp(who.expires, timeadd(plantimestamp(), "${(90 + var.key_grace_days) * 24}h")) <= 0 && timecmp(who.expires, plantimestamp()) > 0
    ])
    error_message = "Keys must end within 90 days and the days of grace, and not be over already."
  }

  # Secrets are where services look.
  assert {
    condition     = contains(module.secrets.paths, "/front-door/${var.environment}/door/DATABASE_URL") && contains(module.secrets.paths, "/front-door/${var.environment}/seed/DATABASE_URL")
    error_message = "Each group of services must have its own DATABASE_URL."
  }

  assert {
    condition     = length([for path in module.secrets.paths : path if can(regex("/(agent|seed|specialist)/(TWILIO|TELEGRAM|CARTESIA|AWS)", path))]) == 0
    error_message = "Agents must not be given the doors' credentials."
  }

  # Somebody is told.
  assert {
    condition     = module.cockpit.facts.kinds == tolist(["logs", "metrics", "traces"]) && length(module.cockpit.facts.emails) > 0
    error_message = "Cockpit must take metrics, logs and traces, and know whom to write to."
  }
}
