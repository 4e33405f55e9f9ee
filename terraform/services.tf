# What runs, and what each of it needs. Sizes and numbers are in environments/, by var.scaling.

locals {
  service_names = ["agentops-api", "chief-of-staff", "seed-agent", "specialists", "voice", "telegram", "web"]

  # A container has at most 50 instances, so a hundred specialists are two containers.
  most_instances   = 50
  specialist_count = ceil(try(var.scaling["specialists"].max_scale, 1) / local.most_instances)
  specialists      = [for number in range(local.specialist_count) : "specialists-${number + 1}"]

  sizes = merge(
    { for name, size in var.scaling : name => size if name != "specialists" },
    {
      for name in local.specialists : name => merge(var.scaling["specialists"], {
        min_scale = ceil(var.scaling["specialists"].min_scale / local.specialist_count)
        max_scale = ceil(var.scaling["specialists"].max_scale / local.specialist_count)
      })
    },
  )

  # role: what `frontdoor serve --role` opens. group: whose secrets it reads. timeout: seconds a
  # request may last; a socket is one request. public: others than holders of our IAM keys may call;
  # API_TOKEN still guards what is not for everybody.
  agents = merge(
    {
      agentops-api   = { role = "agent", group = "agent", timeout = 300, public = true, hostname = "api.${var.domain}" }
      chief-of-staff = { role = "agent", group = "agent", timeout = 900, public = true, hostname = "agent.${var.domain}" }
      seed-agent     = { role = "agent", group = "seed", timeout = 900, public = false, hostname = null }
    },
    { for name in local.specialists : name => { role = "agent", group = "specialist", timeout = 900, public = false, hostname = null } },
  )

  # Sockets live as long as the platform lets them; the widget comes back by itself.
  doors = {
    voice    = { role = "voice", group = "door", timeout = 3600, public = true, hostname = "voice.${var.domain}" }
    telegram = { role = "telegram", group = "door", timeout = 60, public = true, hostname = "telegram.${var.domain}" }
    web      = { role = "web", group = "door", timeout = 3600, public = true, hostname = "web.${var.domain}" }
  }
  voice_in_container = var.voice_runtime == "container"
  door_containers    = { for name, door in local.doors : name => door if name != "voice" || local.voice_in_container }
  services           = merge(local.agents, local.doors)

  # Longest call: below the 3600 s after which the platform cuts a socket, whatever is said.
  max_call_seconds = local.voice_in_container ? 3300 : 3600

  own_settings = {
    for name, service in local.services : name => merge(
      {
        DATABASE_POOL = tostring(local.sizes[name].database_pool)
        SECRETS_PATH  = "${module.secrets.path}/${service.group}"
        # Each must be there, or the service does not start and says which is missing.
        SECRETS_NAMES     = join(",", setsubtract(local.secret_groups[service.group], local.not_settings))
        OTEL_SERVICE_NAME = name
      },
      service.hostname == null ? {} : { PUBLIC_URL = "https://${service.hostname}" },
      name == "voice" ? {
        MAX_CALL_SECONDS = tostring(local.max_call_seconds)
        # A stopped machine waits for its calls; the platform gives a container no such time.
        DRAIN_SECONDS       = local.voice_in_container ? "25" : "900"
        READY_GRACE_SECONDS = local.voice_in_container ? "0" : "15"
      } : {},
    )
  }

  shared_settings = {
    HOST       = "0.0.0.0"
    LOG_FORMAT = "json"
    # Nothing outside the network reaches the database: the first replica of a version brings the
    # schema up to date, while those of the version before serve.
    MIGRATE         = "on"
    SECRETS_FROM    = "scaleway"
    SECRETS_PROJECT = var.project_id
    SECRETS_REGION  = var.region
    # Nobody can ask one replica after the other behind their balancer, so each sends its own.
    OTEL_EXPORTER_OTLP_ENDPOINT         = "${module.cockpit.urls["traces"]}/otlp"
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT = "${module.cockpit.urls["metrics"]}/otlp/v1/metrics"
    # Read by nobody: another revision starts the services again, which is when secrets are read.
    SECRETS_REVISION = module.secrets.revision
  }

  door_settings = {
    S3_BUCKET           = module.storage.bucket_name
    AWS_ENDPOINT_URL    = module.storage.endpoint
    AWS_REGION          = var.region
    RETENTION_DAYS      = tostring(var.retention_days)
    TWILIO_ACCOUNT_SID  = var.twilio_account_sid
    TWILIO_PHONE_NUMBER = var.twilio_phone_number
    # Whichever door rings somebody, Twilio asks the voice how the call goes on.
    TWILIO_PUBLIC_URL = "https://${local.doors.voice.hostname}"
    WEB_ORIGINS       = join(",", var.web_origins)
  }
}
