output "bucket_name" {
  description = "Bucket of files, artifacts and recordings."
  value       = scaleway_object_bucket.artifacts.name
}

output "backup_bucket_name" {
  description = "Bucket of backups."
  value       = scaleway_object_bucket.backups.name
}

output "endpoint" {
  description = "The storage's API."
  value       = scaleway_object_bucket.artifacts.api_endpoint
}

output "facts" {
  description = "What was asked for, by bucket, for tests."
  value = {
    for name, bucket in { artifacts = scaleway_object_bucket.artifacts, backups = scaleway_object_bucket.backups } : name => {
      versioned                     = bucket.versioning[0].enabled
      rules                         = [for rule in bucket.lifecycle_rule : rule.id]
      old_versions                  = max(concat([0], [for r in bucket.lifecycle_rule : [for e in r.noncurrent_version_expiration : e.noncurrent_days]]...)...)
      acl                           = { artifacts = scaleway_object_bucket_acl.artifacts.acl, backups = scaleway_object_bucket_acl.backups.acl }[name]
    }
  }
}
