# Where the state is: `terraform init -backend-config=environments/prod.s3.tfbackend`.
# Bucket and key differ by environment, so they stand there. The bucket is made by hand,
# versioned and private: the state holds the services' API keys.
terraform {
  backend "s3" {
    region                      = "fr-par"
    endpoints                   = { s3 = "https://s3.fr-par.scw.cloud" }
    use_lockfile                = true
    skip_credentials_validation = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_s3_checksum            = true
  }
}
