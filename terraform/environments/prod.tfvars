# Production, as specified. Costs: docs/deploy.md.
environment     = "prod"
services_in_use = ["groq", "openai", "cartesia", "twilio", "telegram", "github"]
voice_runtime   = "container"

# Never to zero: agentops-api, chief-of-staff and seed-agent, by specification; voice, for nobody
# waits on the phone while a container starts; telegram and web, for a person would notice.
scaling = {
  agentops-api   = { min_scale = 1, max_scale = 10, memory_mb = 1024, cpu = 560, concurrency = 40, database_pool = 4 }
  chief-of-staff = { min_scale = 1, max_scale = 5, memory_mb = 2048, cpu = 1120, concurrency = 20, database_pool = 8 }
  seed-agent     = { min_scale = 1, max_scale = 3, memory_mb = 1024, cpu = 560, concurrency = 10, database_pool = 4 }
  specialists    = { min_scale = 0, max_scale = 100, memory_mb = 512, cpu = 280, concurrency = 10, database_pool = 2 }
  voice          = { min_scale = 1, max_scale = 10, memory_mb = 2048, cpu = 1120, concurrency = 10, database_pool = 8 }
  telegram       = { min_scale = 1, max_scale = 5, memory_mb = 1024, cpu = 560, concurrency = 80, database_pool = 8 }
  web            = { min_scale = 1, max_scale = 10, memory_mb = 1024, cpu = 560, concurrency = 80, database_pool = 4 }
}

database = {
  node_type         = "DB-POP2-2C-8G"
  high_availability = true
  volume_gb         = 50
  max_connections   = 500
}

redis = {
  node_type    = "RED1-M"
  cluster_size = 2
}
