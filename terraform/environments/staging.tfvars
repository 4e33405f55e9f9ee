# Staging: production's shape, smaller, and without the standby.
environment     = "staging"
services_in_use = ["groq", "openai", "cartesia", "twilio", "telegram"]
voice_runtime   = "container"

# telegram and web may sleep: voice, which does not, works on what they have taken.
scaling = {
  agentops-api   = { min_scale = 1, max_scale = 3, memory_mb = 1024, cpu = 560, concurrency = 40, database_pool = 4 }
  chief-of-staff = { min_scale = 1, max_scale = 3, memory_mb = 2048, cpu = 1120, concurrency = 20, database_pool = 8 }
  seed-agent     = { min_scale = 1, max_scale = 2, memory_mb = 1024, cpu = 560, concurrency = 10, database_pool = 4 }
  specialists    = { min_scale = 0, max_scale = 10, memory_mb = 512, cpu = 280, concurrency = 10, database_pool = 2 }
  voice          = { min_scale = 1, max_scale = 3, memory_mb = 2048, cpu = 1120, concurrency = 10, database_pool = 8 }
  telegram       = { min_scale = 0, max_scale = 2, memory_mb = 1024, cpu = 560, concurrency = 80, database_pool = 8 }
  web            = { min_scale = 0, max_scale = 3, memory_mb = 1024, cpu = 560, concurrency = 80, database_pool = 4 }
}

database = {
  node_type         = "DB-PRO2-XXS"
  high_availability = false
  volume_gb         = 50
  max_connections   = 200
}

redis = {
  node_type = "RED1-S"
}
