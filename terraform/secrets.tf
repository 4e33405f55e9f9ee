# Which secrets there are, who reads them, and what is in them. Values pass through ephemeral
# variables into write-only arguments: they are in neither plan nor state.

locals {
  name = "front-door-${var.environment}"

  databases = {
    door       = "frontdoor"
    agent      = "frontdoor"
    seed       = "seed"
    specialist = "specialist"
  }

  credentials = {
    groq     = { door = ["GROQ_API_KEY"], brain = ["GROQ_API_KEY"] }
    openai   = { door = ["OPENAI_API_KEY"], brain = ["OPENAI_API_KEY"] }
    cartesia = { door = ["CARTESIA_API_KEY"], brain = [] }
    twilio   = { door = ["TWILIO_AUTH_TOKEN"], brain = [] }
    telegram = { door = ["TELEGRAM_BOT_TOKEN"], brain = [] }
    github   = { door = [], brain = ["GITHUB_TOKEN"] }
  }
  # For tools of the agents, not for Front Door.
  not_settings = toset(["GITHUB_TOKEN"])

  every_brain = ["DATABASE_URL", "API_TOKEN", "OTEL_EXPORTER_OTLP_HEADERS"]
  brain       = toset(concat(local.every_brain, flatten([for who in var.services_in_use : local.credentials[who].brain])))

  secret_groups = {
    door = toset(concat(
      [
        "DATABASE_URL", "REDIS_URL", "REDIS_CA_FILE", "SECRET_KEY", "API_TOKEN", "AGENT_TOKEN",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OTEL_EXPORTER_OTLP_HEADERS",
      ],
      flatten([for who in var.services_in_use : local.credentials[who].door]),
    ))
    agent      = local.brain
    seed       = local.brain
    specialist = local.brain
  }

  # Numbers that change when what a secret is made of does.
  numbers = {
    for name, made_of in {
      database = [var.passwords_version, module.database.host, module.database.port]
      redis    = [var.passwords_version, module.redis.host, module.redis.port]
      redis_ca = [module.redis.certificate]
      storage  = [module.iam.access_keys["storage"]]
      cockpit  = [module.cockpit.write_token_id]
      keys     = [var.passwords_version]
    } : name => parseint(substr(sha256(jsonencode(made_of)), 0, 12), 16)
  }
}

# Opened at each plan and apply, and forgotten with it.
ephemeral "scaleway_secret_version" "generated" {
  for_each = local.generated

  secret_id = module.secrets.generated[each.key].secret_id
  revision  = module.secrets.generated[each.key].revision
}

locals {
  generated = toset(concat(
    ["database-admin", "redis", "secret-key", "api-token"],
    [for name in distinct(values(local.databases)) : "database-${name}"],
  ))
  made = { for name in local.generated : name => base64decode(ephemeral.scaleway_secret_version.generated[name].data) }
}

module "secrets" {
  source = "./modules/secrets"

  path              = "/front-door/${var.environment}"
  generated         = local.generated
  generated_version = var.passwords_version
  groups            = local.secret_groups
  default_version   = var.credentials_version

  values = merge(
    {
      for group, database in local.databases : "${group}/DATABASE_URL" =>
      "postgresql://${database}:${local.made["database-${database}"]}@${module.database.host}:${module.database.port}/${database}?sslmode=require"
    },
    {
      REDIS_URL                  = "rediss://${module.redis.user}:${local.made["redis"]}@${module.redis.host}:${module.redis.port}"
      REDIS_CA_FILE              = module.redis.certificate
      SECRET_KEY                 = local.made["secret-key"]
      API_TOKEN                  = local.made["api-token"]
      AGENT_TOKEN                = local.made["api-token"]
      AWS_ACCESS_KEY_ID          = module.iam.access_keys["storage"]
      AWS_SECRET_ACCESS_KEY      = module.iam.secret_keys["storage"]
      OTEL_EXPORTER_OTLP_HEADERS = "X-Token=${module.cockpit.write_token}"
      GROQ_API_KEY               = var.groq_api_key
      OPENAI_API_KEY             = var.openai_api_key
      CARTESIA_API_KEY           = var.cartesia_api_key
      TWILIO_AUTH_TOKEN          = var.twilio_auth_token
      TELEGRAM_BOT_TOKEN         = var.telegram_bot_token
      GITHUB_TOKEN               = var.github_token
    },
  )

  versions = {
    DATABASE_URL               = local.numbers.database
    REDIS_URL                  = local.numbers.redis
    REDIS_CA_FILE              = local.numbers.redis_ca
    SECRET_KEY                 = local.numbers.keys
    API_TOKEN                  = local.numbers.keys
    AGENT_TOKEN                = local.numbers.keys
    AWS_ACCESS_KEY_ID          = local.numbers.storage
    AWS_SECRET_ACCESS_KEY      = local.numbers.storage
    OTEL_EXPORTER_OTLP_HEADERS = local.numbers.cockpit
  }
}
