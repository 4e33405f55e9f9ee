# The specification's numbers: terraform test -var-file=environments/prod.tfvars

run "numbers_are_as_specified" {
  command = plan

  assert {
    condition = {
      for name, c in merge(module.agents.facts, module.doors.facts) : name => "${c.min_scale}..${c.max_scale}"
      if contains(["agentops-api", "chief-of-staff", "seed-agent"], name)
    } == { agentops-api = "1..10", chief-of-staff = "1..5", seed-agent = "1..3" }
    error_message = "agentops-api must scale 1..10, chief-of-staff 1..5, seed-agent 1..3."
  }

  assert {
    condition     = sum([for name, c in module.agents.facts : c.max_scale if startswith(name, "specialists-")]) == 100 && alltrue([for name, c in module.agents.facts : c.min_scale == 0 if startswith(name, "specialists-")])
    error_message = "There must be 0..100 specialists, over two containers of 50."
  }

  assert {
    condition     = module.database.facts.high_availability && module.database.facts.volume_gb == 50
    error_message = "The database must be highly available, with 50 GB."
  }

  assert {
    condition     = module.redis.facts.cluster_size == 2
    error_message = "Redis must have a standby."
  }

  assert {
    condition     = output.secrets_path == "/front-door/prod"
    error_message = "Production's secrets must be in a folder of their own."
  }
}

run "a_hundred_and_one_specialists_are_refused" {
  command = plan

  variables {
    scaling = {
      agentops-api   = { min_scale = 1, max_scale = 10, memory_mb = 1024, cpu = 560, concurrency = 40, database_pool = 4 }
      chief-of-staff = { min_scale = 1, max_scale = 5, memory_mb = 2048, cpu = 1120, concurrency = 20, database_pool = 8 }
      seed-agent     = { min_scale = 1, max_scale = 3, memory_mb = 1024, cpu = 560, concurrency = 10, database_pool = 4 }
      specialists    = { min_scale = 0, max_scale = 101, memory_mb = 512, cpu = 280, concurrency = 10, database_pool = 2 }
      voice          = { min_scale = 1, max_scale = 10, memory_mb = 2048, cpu = 1120, concurrency = 10, database_pool = 8 }
      telegram       = { min_scale = 1, max_scale = 5, memory_mb = 1024, cpu = 560, concurrency = 80, database_pool = 8 }
      web            = { min_scale = 1, max_scale = 10, memory_mb = 1024, cpu = 560, concurrency = 80, database_pool = 4 }
    }
  }

  expect_failures = [var.scaling]
}

run "more_connections_than_the_database_takes_are_refused" {
  command = plan

  variables {
    database = { node_type = "DB-POP2-2C-8G", high_availability = true, max_connections = 400 }
  }

  expect_failures = [terraform_data.limits]
}
