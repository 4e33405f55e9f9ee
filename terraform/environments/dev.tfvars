# Development: one of each, asleep where that can be.
environment     = "dev"
services_in_use = ["groq"]
voice_runtime   = "container"

scaling = {
  agentops-api   = { min_scale = 1, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 40, database_pool = 4 }
  chief-of-staff = { min_scale = 1, max_scale = 1, memory_mb = 1024, cpu = 560, concurrency = 20, database_pool = 4 }
  seed-agent     = { min_scale = 0, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 10, database_pool = 4 }
  specialists    = { min_scale = 0, max_scale = 2, memory_mb = 512, cpu = 280, concurrency = 10, database_pool = 2 }
  voice          = { min_scale = 1, max_scale = 1, memory_mb = 1024, cpu = 560, concurrency = 10, database_pool = 4 }
  telegram       = { min_scale = 0, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 80, database_pool = 4 }
  web            = { min_scale = 0, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 80, database_pool = 4 }
}

database = {
  node_type         = "DB-PLAY2-PICO"
  high_availability = false
  volume_gb         = 5
  max_connections   = 100
}

redis = {
  node_type = "RED1-MICRO"
}
