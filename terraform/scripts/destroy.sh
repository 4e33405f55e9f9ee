#!/usr/bin/env bash
# Take an environment down, after a backup that outlives it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
destroy.sh dev|staging|prod [--without-backup]

  Backs up every database and the files into BACKUP_BUCKET, which must not be one of the environment's
  own, then asks for the environment's name and destroys it. In prod the buckets refuse to go while
  something is in them: empty them yourself once you are sure.

  BACKUP_BUCKET and BACKUP_…   where the backup goes; see backup.sh
TEXT
}

ENVIRONMENT='' BACKUP=1
while [ $# -gt 0 ]; do
  case $1 in
    --without-backup) BACKUP='' ;;
    -h | --help) usage && exit ;;
    -*) usage >&2 && stop "there is no option $1" ;;
    *) ENVIRONMENT=$1 ;;
  esac
  shift
done
case $ENVIRONMENT in dev | staging | prod) ;; *) usage >&2 && stop "name an environment: dev, staging or prod" ;; esac

ENVIRONMENTS=${ENVIRONMENTS:-$TERRAFORM/environments}
read_settings "$ENVIRONMENTS/$ENVIRONMENT.secrets"
export_for_terraform
export TF_VAR_image_tag=${TF_VAR_image_tag:-destroyed}
need_tools terraform jq
need_settings SCW_ACCESS_KEY SCW_SECRET_KEY TF_VAR_project_id
[ -z "$BACKUP" ] || need_settings BACKUP_BUCKET
stop_if_missing

terraform -chdir="$TERRAFORM" init -input=false -reconfigure -backend-config="environments/$ENVIRONMENT.s3.tfbackend" >&2
if [ -n "$BACKUP" ]; then
  own=$(output backup_bucket_name)
  if [ "$BACKUP_BUCKET" = "$own" ] || [ "$BACKUP_BUCKET" = "$(output bucket_name)" ]; then
    stop "BACKUP_BUCKET is destroyed with the environment: name a bucket that stays."
  fi
  name="$ENVIRONMENT-$(date -u +%Y%m%dT%H%M%SZ)"
  export AWS_ENDPOINT_URL=${AWS_ENDPOINT_URL:-https://s3.$SCW_DEFAULT_REGION.scw.cloud}
  RDB_INSTANCE_ID=$(output database_id)
  # Terraform's ids begin with the region.
  export RDB_INSTANCE_ID=${RDB_INSTANCE_ID##*/}
  S3_BUCKET=$(output bucket_name) RDB_DATABASE=frontdoor "$SCRIPTS/backup.sh" --name "$name"
  for database in seed specialist; do
    env -u S3_BUCKET -u DATABASE_URL RDB_DATABASE=$database "$SCRIPTS/backup.sh" --name "$name-$database"
  done
fi
say "This destroys $ENVIRONMENT for good. Type its name to go on:"
read -r typed || typed=''
[ "$typed" = "$ENVIRONMENT" ] || stop "that was not $ENVIRONMENT; nothing was destroyed."
terraform -chdir="$TERRAFORM" destroy -input=false -auto-approve -var-file="environments/$ENVIRONMENT.tfvars"
rm -f "${STATE:-$TERRAFORM/.deploy}/$ENVIRONMENT"
