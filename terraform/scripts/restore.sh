#!/usr/bin/env bash
# Bring back what backup.sh has written. An existing database is replaced whole or not at all.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'TEXT'
restore.sh NAME [--force]        restore.sh --list

  Checks the backup NAME and brings database and files back. Stop the gateway first: what it
  writes meanwhile would be lost. Where there are tables or files already it refuses; with --force
  the tables are replaced in one transaction, and files of the same name overwritten.

  DATABASE_URL             the database to restore into, from a machine that reaches it
  S3_BUCKET, AWS_…         the bucket for files; see backup.sh
  BACKUP_BUCKET, BACKUP_…  where the backup is
TEXT
}

# Everything of the schema that is no extension's goes, in the transaction that brings it back.
empty_first() {
  cat <<'SQL'
DO $$ DECLARE thing record; BEGIN
  FOR thing IN
    SELECT c.relname, CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
      WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
  LOOP EXECUTE format('DROP %s IF EXISTS public.%I CASCADE', thing.kind, thing.relname); END LOOP;
END $$;
SQL
}

NAME='' force='' list=''
while [ $# -gt 0 ]; do
  case $1 in
    --force) force=1 ;;
    --list) list=1 ;;
    -h | --help) usage && exit ;;
    -*) usage >&2 && stop "there is no option $1" ;;
    *) NAME=$1 ;;
  esac
  shift
done

need_tools rclone jq sha256sum pg_restore psql
need_settings BACKUP_BUCKET AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
[ -n "$list" ] || need_settings DATABASE_URL
[ -n "$list$NAME" ] || MISSING+=("the name of a backup; restore.sh --list names them")
stop_if_missing

work_folder
open_stores
if [ -n "$list" ]; then
  rclone lsf --files-only --recursive --include '/*/manifest.json' "backups:$BACKUP_BUCKET" | sed 's|/manifest.json||'
  exit
fi

source="backups:$BACKUP_BUCKET/$NAME"
rclone copyto "$source/manifest.json" "$WORK/manifest.json" 2>/dev/null || true
[ -s "$WORK/manifest.json" ] ||
  stop "there is no whole backup $NAME in $BACKUP_BUCKET; restore.sh --list names them."
rclone copyto "$source/database.dump" "$WORK/database.dump"
rclone copyto "$source/files.sha256" "$WORK/files.sha256"
_matches() { [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$(jq -r "$2" "$WORK/manifest.json")" ]; }
_matches "$WORK/database.dump" .database.sha256 || stop "the dump of $NAME is damaged; nothing was changed."
_matches "$WORK/files.sha256" .files.sha256 || stop "the list of files of $NAME is damaged; nothing was changed."
files=$(jq -r .files.count "$WORK/manifest.json")
if [ "$files" -gt 0 ]; then
  [ -n "${S3_BUCKET:-}" ] || stop "the backup has $files files: set S3_BUCKET to where they belong."
  rclone checksum sha256 --download "$WORK/files.sha256" "$source/files" ||
    stop "files of $NAME are damaged; nothing was changed."
fi

read_database_url
query() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@" "$DATABASE"; }
if [ -z "$force" ]; then
  tables=$(query --command "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')")
  [ "$tables" = 0 ] || stop "the database has $tables tables: give --force to have them replaced."
  if [ "$files" -gt 0 ] && [ -n "$(rclone lsf "files:$S3_BUCKET/files" 2>/dev/null | head -n 1)" ]; then
    stop "the bucket $S3_BUCKET has files: give --force to have those of the same name overwritten."
  fi
fi

# Files first: they do no harm without the database, which would tell of files that are not there.
if [ "$files" -gt 0 ]; then
  rclone copy "$source/files" "files:$S3_BUCKET/files"
  rclone checksum sha256 --download --one-way "$WORK/files.sha256" "files:$S3_BUCKET/files" ||
    stop "not all files came back; the database was left as it was. Once more."
fi
{
  [ -z "$force" ] || empty_first
  pg_restore --no-owner --no-privileges --file=- "$WORK/database.dump"
} >"$WORK/database.sql"
query --single-transaction --output /dev/null --file "$WORK/database.sql" ||
  stop "the database is as it was before; its server said why."
say "Restored $NAME of $(jq -r .made "$WORK/manifest.json"): $(jq -c '{tables: .database.tables, files: .files.count}' "$WORK/manifest.json")"
