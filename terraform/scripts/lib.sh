# What the scripts share. They are bash, and end at the first thing that goes wrong.
# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used there
set -euo pipefail

SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TERRAFORM=$(dirname "$SCRIPTS")
REPOSITORY=$(dirname "$TERRAFORM")
PATH=$PATH:$REPOSITORY/.venv/bin
SCW_API_URL=${SCW_API_URL:-https://api.scaleway.com}
SCW_DEFAULT_REGION=${SCW_DEFAULT_REGION:-fr-par}

say() { printf '%s\n' "$*" >&2; }

# Say what is wrong and what to do about it, and end.
stop() {
  say "$(basename "$0"): $*"
  exit 1
}

# Collect everything that is missing, so that it is told at once.
MISSING=()

need_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || MISSING+=("the program $tool")
  done
}

need_settings() {
  local name
  for name in "$@"; do
    [ -n "${!name:-}" ] || MISSING+=("$name in the environment")
  done
}

stop_if_missing() {
  [ ${#MISSING[@]} -eq 0 ] && return
  say "$(basename "$0"): nothing was done, for this is missing:"
  printf '  - %s\n' "${MISSING[@]}" >&2
  exit 1
}

# Read a file of settings, NAME=value a line, that nobody else may read.
read_settings() {
  local file=$1
  [ -e "$file" ] || return 0
  case $(stat -c %a "$file") in
    600 | 400) ;;
    *) stop "$file holds secrets and others may read it: chmod 600 $file" ;;
  esac
  set -a
  # shellcheck disable=SC1090 # it is the operator's
  . "$file"
  set +a
}

# Ask Scaleway's API: scaleway METHOD PATH [BODY]. The key is not in the list of processes.
scaleway() {
  local method=$1 path=$2 body=${3:-}
  curl --silent --show-error --fail-with-body --max-time 60 --retry 2 --request "$method" \
    --header @<(printf 'X-Auth-Token: %s\n' "$SCW_SECRET_KEY") \
    ${body:+--header 'Content-Type: application/json' --data "$body"} \
    "$SCW_API_URL$path"
}

# What `terraform apply` made, by name; empty where there is no such output.
output() {
  terraform -chdir="$TERRAFORM" output -json | jq -r --arg name "$1" '.[$name].value // empty'
}

# The database's address with the password apart: that must not be in the list of processes.
# Sets DATABASE and PGPASSWORD.
read_database_url() {
  local url=${DATABASE_URL/#postgresql+psycopg:/postgresql:} coded
  [[ $url =~ ^(postgres(ql)?://[^:/@]+)(:([^@/]*))?@(.+)$ ]] ||
    stop "DATABASE_URL must be like postgresql://user:password@host:5432/name."
  DATABASE="${BASH_REMATCH[1]}@${BASH_REMATCH[5]}"
  coded=${BASH_REMATCH[4]}
  [ -z "$coded" ] || PGPASSWORD=$(printf '%b' "${coded//%/\\x}")
  export PGPASSWORD=${PGPASSWORD:-}
}

# Two stores for rclone, by its variables alone: `files:` is the gateway's bucket, `backups:` that
# of the backups, by default in the same storage with the same key.
open_stores() {
  export RCLONE_CONFIG=/dev/null RCLONE_LOG_LEVEL=ERROR
  _store FILES "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_ENDPOINT_URL" "${AWS_REGION:-fr-par}"
  _store BACKUPS "${BACKUP_ACCESS_KEY_ID:-$AWS_ACCESS_KEY_ID}" \
    "${BACKUP_SECRET_ACCESS_KEY:-$AWS_SECRET_ACCESS_KEY}" \
    "${BACKUP_ENDPOINT_URL:-$AWS_ENDPOINT_URL}" "${BACKUP_REGION:-${AWS_REGION:-fr-par}}"
}

_store() {
  export "RCLONE_CONFIG_$1_TYPE=s3" "RCLONE_CONFIG_$1_PROVIDER=Other" \
    "RCLONE_CONFIG_$1_NO_CHECK_BUCKET=true" "RCLONE_CONFIG_$1_ACL=private" \
    "RCLONE_CONFIG_$1_ACCESS_KEY_ID=$2" "RCLONE_CONFIG_$1_SECRET_ACCESS_KEY=$3" \
    "RCLONE_CONFIG_$1_ENDPOINT=$4" "RCLONE_CONFIG_$1_REGION=$5"
}

# A folder for this run alone, gone with it.
work_folder() {
  WORK=$(mktemp -d)
  trap 'rm -rf "$WORK"' EXIT
}

# Terraform's variables from the names that the gateway has for the same.
export_for_terraform() {
  local name variable
  for name in GROQ_API_KEY OPENAI_API_KEY CARTESIA_API_KEY TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN \
    TWILIO_PHONE_NUMBER TELEGRAM_BOT_TOKEN GITHUB_TOKEN; do
    variable=TF_VAR_$(tr '[:upper:]' '[:lower:]' <<<"$name")
    [ -n "${!name:-}" ] || [ -z "${!variable:-}" ] || export "$name=${!variable}"
    [ -z "${!name:-}" ] || export "$variable=${!name}"
  done
  export TF_VAR_project_id=${TF_VAR_project_id:-${SCW_DEFAULT_PROJECT_ID:-}}
  export TF_VAR_grafana_secret_key=${TF_VAR_grafana_secret_key:-${SCW_SECRET_KEY:-}}
  # The state is in a bucket.
  export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-${SCW_ACCESS_KEY:-}}
  export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-${SCW_SECRET_KEY:-}}
}

# The services whose credentials a file of variables asks for, in one line.
services_in_use() {
  [ ! -e "$1" ] || tr -d '\n' <"$1" | sed -nE 's/.*services_in_use *= *\[([^]]*)\].*/\1/p' | tr -d '" ' | tr ',' ' '
}

# The one group of a file of rules, as the ruler takes it.
group_of() {
  sed -n '/^groups:/,$p' "$1" | tail -n +2 | sed -e 's/^  - /    /' -e 's/^    //'
}
