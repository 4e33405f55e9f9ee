#!/usr/bin/env bash
# Write the database and the files into a bucket, with checksums; restore.sh brings them back.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
backup.sh [--name NAME]

  Copies the database (pg_dump, custom format) and the files below files/ into BACKUP_BUCKET,
  below NAME/ (by default the time), reads all of it again and compares the checksums.
  Prints NAME. Nobody has to stop meanwhile.

  DATABASE_URL             the database; without it RDB_INSTANCE_ID and SCW_SECRET_KEY, and Scaleway
                           makes the dump: the way for a private database from outside its network
  S3_BUCKET, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION
                           the gateway's files; without S3_BUCKET only the database is copied
  BACKUP_BUCKET            where to; BACKUP_ENDPOINT_URL, BACKUP_ACCESS_KEY_ID,
                           BACKUP_SECRET_ACCESS_KEY and BACKUP_REGION if that is another storage
TEXT
}

# Have Scaleway dump a database that is not to be reached from here, and fetch that.
# https://www.scaleway.com/en/developers/api/managed-database-postgre-mysql/
managed_dump() {
  local path="/rdb/v1/regions/$SCW_DEFAULT_REGION/backups" id
  id=$(scaleway POST "$path" "$(jq -nc --arg instance "$RDB_INSTANCE_ID" --arg name "frontdoor-$NAME" \
    --arg database "${RDB_DATABASE:-frontdoor}" \
    '{instance_id: $instance, database_name: $database, name: $name}')" | jq -r .id)
  _until "$path/$id" '.status == "ready"' >/dev/null
  scaleway POST "$path/$id/export" '{}' >/dev/null
  local url
  url=$(_until "$path/$id" '.download_url' | jq -r .download_url)
  curl --silent --show-error --fail --location --output "$WORK/database.dump" "$url"
}

# Ask until a condition holds, for an hour; prints the last answer.
_until() {
  local answer deadline=$((SECONDS + 3600))
  while [ $SECONDS -lt $deadline ]; do
    answer=$(scaleway GET "$1")
    if jq -e '.status == "error"' <<<"$answer" >/dev/null; then
      stop "Scaleway could not make the dump: $answer"
    fi
    if jq -e "$2" <<<"$answer" >/dev/null; then
      printf '%s\n' "$answer"
      return
    fi
    sleep "${POLL_SECONDS:-5}"
  done
  stop "Scaleway made no dump within an hour."
}

NAME=$(date -u +%Y%m%dT%H%M%SZ)
while [ $# -gt 0 ]; do
  case $1 in
    --name) NAME=${2:?--name needs a name} && shift 2 ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && stop "there is no option $1" ;;
  esac
done
[[ $NAME =~ ^[A-Za-z0-9._-]+$ ]] || stop "a backup's name is made of A-Z a-z 0-9 . _ -"

need_tools rclone jq sha256sum
need_settings BACKUP_BUCKET AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
if [ -n "${DATABASE_URL:-}" ]; then
  need_tools pg_dump pg_restore
elif [ -n "${RDB_INSTANCE_ID:-}" ]; then
  need_tools curl pg_restore
  need_settings SCW_SECRET_KEY
else
  MISSING+=("DATABASE_URL in the environment, or RDB_INSTANCE_ID for a database in a private network")
fi
stop_if_missing

work_folder
open_stores
target="backups:$BACKUP_BUCKET/$NAME"
if [ -n "$(rclone lsf "$target" 2>/dev/null)" ]; then
  stop "there is a backup $NAME already; choose another name."
fi

# The database first: whatever file it tells of is there when the files are copied.
if [ -n "${DATABASE_URL:-}" ]; then
  read_database_url
  pg_dump --format=custom --no-owner --no-privileges --file="$WORK/database.dump" "$DATABASE"
else
  managed_dump
fi
pg_restore --list "$WORK/database.dump" >"$WORK/contents" ||
  stop "what was dumped is no archive of pg_dump in custom format."
(cd "$WORK" && sha256sum database.dump >database.sha256)
rclone copyto "$WORK/database.dump" "$target/database.dump"

: >"$WORK/files.sha256"
if [ -n "${S3_BUCKET:-}" ]; then
  rclone hashsum sha256 --download "files:$S3_BUCKET/files" | LC_ALL=C sort -k 2 >"$WORK/files.sha256"
  if [ -s "$WORK/files.sha256" ]; then
    cut -c 67- "$WORK/files.sha256" >"$WORK/names"
    rclone copy --no-traverse --files-from-raw "$WORK/names" "files:$S3_BUCKET/files" "$target/files"
    rclone checksum sha256 --download "$WORK/files.sha256" "$target/files" ||
      stop "some files are not there as they were read; they may have been deleted meanwhile. Once more."
  fi
fi
rclone cat "$target/database.dump" | sha256sum --status --check <(sed 's/database.dump/-/' "$WORK/database.sha256") ||
  stop "the dump is not in the bucket as it was written. Once more."

jq -n --arg made "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
  --arg sha256 "$(cut -d ' ' -f 1 "$WORK/database.sha256")" \
  --argjson bytes "$(stat -c %s "$WORK/database.dump")" \
  --argjson tables "$(grep -c ' TABLE DATA ' "$WORK/contents" || true)" \
  --argjson files "$(wc -l <"$WORK/files.sha256")" \
  --arg sums "$(sha256sum <"$WORK/files.sha256" | cut -d ' ' -f 1)" \
  '{version: 1, made: $made, database: {sha256: $sha256, bytes: $bytes, tables: $tables},
    files: {count: $files, sha256: $sums}}' >"$WORK/manifest.json"
rclone copyto "$WORK/files.sha256" "$target/files.sha256"
# Last: a backup without a manifest is one that did not end.
rclone copyto "$WORK/manifest.json" "$target/manifest.json"
say "Backed up into $BACKUP_BUCKET/$NAME: $(jq -c '{tables: .database.tables, bytes: .database.bytes, files: .files.count}' "$WORK/manifest.json")"
printf '%s\n' "$NAME"
