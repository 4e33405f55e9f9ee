# The long telephone call, both ways: terraform test -var-file=environments/dev.tfvars

run "a_call_in_a_container_ends_before_the_platform_cuts_it" {
  command = plan

  variables {
    voice_runtime = "container"
  }

  assert {
    condition     = module.doors.facts["voice"].timeout == 3600 && module.doors.facts["voice"].environment["MAX_CALL_SECONDS"] == "3300"
    error_message = "The container must last 3600 s and calls in it 3300 s."
  }

  assert {
    condition     = module.doors.facts["voice"].min_scale >= 1 && module.doors.facts["voice"].privacy == "public"
    error_message = "Nobody waits on the phone for a container to start, and Twilio must reach it."
  }

  assert {
    condition     = length(module.voice_instance) == 0
    error_message = "No machine is needed beside the container."
  }
}

run "a_call_on_a_machine_may_be_silent_for_hours" {
  command = plan

  variables {
    voice_runtime = "instance"
  }

  assert {
    condition     = !contains(keys(module.doors.facts), "voice") && module.voice_instance[0].facts.machines == var.voice_instance.count
    error_message = "Machines must answer calls in place of the container."
  }

  assert {
    condition     = module.voice_instance[0].facts.tunnel_timeout == "4h" && module.voice_instance[0].facts.health == "/readyz"
    error_message = "The load balancer must hold a silent call for 4 h and ask /readyz."
  }

  assert {
    condition     = module.voice_instance[0].facts.inbound == "drop" && module.voice_instance[0].facts.inbound_rules == 0
    error_message = "The machines' public addresses must let nobody in."
  }

  assert {
    condition     = module.voice_instance[0].facts.certificate == "voice.${var.domain}" && module.voice_instance[0].facts.frontend_port == 443
    error_message = "Twilio must find a certificate of the name it calls."
  }
}

run "another_runtime_is_refused" {
  command = plan

  variables {
    voice_runtime = "function"
  }

  expect_failures = [var.voice_runtime]
}
