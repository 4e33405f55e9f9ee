# Where the backup script writes: dumps outlive the database that they are of.
resource "scaleway_object_bucket" "backups" {
  name          = "${var.name}-backups"
  force_destroy = var.force_destroy

  versioning {
    enabled = true
  }

  lifecycle_rule {
    id                                     = "old-backups"
    enabled                                = true
    abort_incomplete_multipart_upload_days = 1

    expiration {
      days = var.backup_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }
}

resource "scaleway_object_bucket_acl" "backups" {
  bucket = scaleway_object_bucket.backups.id
  acl    = "private"
}
