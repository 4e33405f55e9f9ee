terraform {
  # 1.11 brought write-only arguments, which keep secrets out of the state.
  required_version = ">= 1.11"

  required_providers {
    scaleway = {
      source  = "scaleway/scaleway"
      version = "~> 2.79"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
    grafana = {
      source  = "grafana/grafana"
      version = "~> 4.40"
    }
  }
}
