# Files, artifacts and recordings. Browsers are given links of a minute, signed by the gateway.
resource "scaleway_object_bucket" "artifacts" {
  name          = "${var.name}-artifacts"
  force_destroy = var.force_destroy

  versioning {
    enabled = true
  }

  # A replica that is killed during an upload cannot take it back.
  lifecycle_rule {
    id                                     = "incomplete-uploads"
    enabled                                = true
    prefix                                 = "files/"
    abort_incomplete_multipart_upload_days = 1
  }

  # Deleting, as RETENTION_DAYS asks, is the gateway's; what it deleted ends here.
  lifecycle_rule {
    id      = "old-versions"
    enabled = true

    noncurrent_version_expiration {
      noncurrent_days = var.old_versions_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.cold_after_days > 0 ? [var.cold_after_days] : []

    content {
      id      = "cold-files"
      enabled = true
      prefix  = "files/"

      transition {
        days          = lifecycle_rule.value
        storage_class = "ONEZONE_IA"
      }
    }
  }
}

resource "scaleway_object_bucket_acl" "artifacts" {
  bucket = scaleway_object_bucket.artifacts.id
  acl    = "private"
}
