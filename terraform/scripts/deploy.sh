#!/usr/bin/env bash
# Bring an environment up, or up to date, stage by stage.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STAGES=(provision images containers migrate configure check)

usage() {
  cat <<'TEXT'
deploy.sh dev|staging|prod [--tag TAG] [--from STAGE] [--dry-run]

  provision    network, database, Redis, buckets, registry, keys, secrets, Cockpit
  images       build the image and push it as TAG (by default the commit)
  containers   everything else: the services that run it
  migrate      the database's schema has come up to date, and every door is ready
  configure    webhooks of Telegram and Twilio, alert rules
  check        from outside, as people would: every door, and one question to the agent

  --from STAGE   go on there; refused unless the stages before were done for this TAG
  --dry-run      say what is missing and what would be done, and do nothing

Reads environments/NAME.tfvars, and environments/NAME.secrets if it is there: NAME=value a line,
with SCW_ACCESS_KEY, SCW_SECRET_KEY, SCW_DEFAULT_PROJECT_ID and the keys of the services in use by
the names that docs/operators.md has for them.
TEXT
}

step() {
  if [ -n "$DRY" ]; then
    say "  would run: $*"
  else
    "$@"
  fi
}

in_use() { [[ " $SERVICES " == *" $1 "* ]]; }

terraform_apply() {
  step terraform -chdir="$TERRAFORM" apply -input=false -auto-approve -var-file="environments/$ENVIRONMENT.tfvars" "$@"
}

provision() {
  local module targets=()
  for module in vpc database redis storage registry iam secrets cockpit; do
    targets+=("-target=module.$module")
  done
  terraform_apply "${targets[@]}"
}

images() {
  local registry image
  registry=$(output_or_guess registry_endpoint "REGISTRY")
  image="$registry/front-door:$TAG"
  if [ -z "$DRY" ]; then
    docker login --username nologin --password-stdin "${registry%%/*}" <<<"$SCW_SECRET_KEY"
    # What was pushed under a tag stays: a tag that is pushed again is not rolled out.
    if docker manifest inspect "$image" >/dev/null 2>&1; then
      say "  $image is there already"
      return
    fi
  fi
  step docker build --platform linux/amd64 --build-arg "REVISION=$TAG" --tag "$image" "$REPOSITORY"
  step docker push "$image"
}

containers() {
  terraform_apply && return
  local records
  records=$(output dns_records)
  [ -z "$records" ] || say "Names have to lead to the containers before these are told of them. Make these: $records"
  return 1
}

# The database is in a private network: a replica that starts brings the schema up to date, one at
# a time while the version before serves, or we do it where DATABASE_URL is to be reached.
migrate() {
  if [ -n "${DATABASE_URL:-}" ]; then
    step frontdoor migrate
  fi
  local door
  for door in web telegram voice; do
    step ready "$(door_url "$door")" || stop "the door $door is not ready: see what /readyz names, and its log in Cockpit."
  done
}

door_url() {
  local url
  case $1 in
    web) url=$(output_or_guess public_url "https://WEB") ;;
    telegram) url=$(output_or_guess telegram_webhook_url "https://TELEGRAM") ;;
    voice) url=$(output_or_guess twilio_webhook_url "https://VOICE") ;;
  esac
  url=${url%/telegram/webhook}
  printf '%s' "${url%/twilio/voice}"
}

# Ask whether a door is ready until it is, READY_SECONDS at most.
ready() {
  local answer='' deadline=$((SECONDS + ${READY_SECONDS:-300}))
  while :; do
    answer=$(curl --silent --show-error --fail-with-body --max-time 10 "$1/readyz" 2>&1) && return
    [ $SECONDS -lt $deadline ] || break
    sleep "${POLL_SECONDS:-5}"
  done
  say "  $1/readyz: $answer"
  return 1
}

configure() {
  if in_use telegram; then
    PUBLIC_URL=$(door_url telegram) step frontdoor connect telegram
  fi
  if in_use twilio; then
    PUBLIC_URL=$(door_url voice) step frontdoor connect twilio
  fi
  local project=$TF_VAR_project_id sources
  if [ -n "$DRY" ]; then
    say "  would set the alert rules of $TERRAFORM/cockpit/alerts"
    return
  fi
  sources=$(scaleway GET "/cockpit/v1/regions/$SCW_DEFAULT_REGION/data-sources?project_id=$project&types=metrics&page_size=100")
  set_rules frontdoor.yaml "$(output cockpit_urls | jq -r .metrics)"
  set_rules scaleway.yaml "$(jq -r '[.data_sources[] | select(.origin == "scaleway")][0].url // empty' <<<"$sources")"
}

# One group of rules to the ruler of the source that has its figures.
# https://www.scaleway.com/en/docs/cockpit/api-cli/create-alerts-programmatically/
set_rules() {
  local file="$TERRAFORM/cockpit/alerts/$1" url=$2
  case $url in '' | null) stop "Cockpit has no metrics source for $1: open Cockpit once in the console, and go on --from configure." ;; esac
  group_of "$file" |
    curl --silent --show-error --fail-with-body --max-time 60 --output /dev/null --request POST \
      --header @<(printf 'X-Auth-Token: %s\n' "$SCW_SECRET_KEY") \
      --header 'Content-Type: application/yaml' --data-binary @- \
      "$url/prometheus/config/v1/rules/front-door-$ENVIRONMENT"
  say "  rules of $1 are set"
}

check() {
  [ -z "$DRY" ] || { say "  would ask every door, and the agent a question" && return; }
  local web telegram voice wrong=()
  web=$(door_url web) telegram=$(door_url telegram) voice=$(door_url voice)
  answers GET "$web/healthz" 200 || wrong+=("the widget's door")
  answers GET "$web/web/widget.js" 200 || wrong+=("the widget's script")
  answers GET "$(output agentops_url)/healthz" 200 || wrong+=("the agents' API")
  # Strangers are turned away, which also shows that somebody looks.
  answers GET "$(output agentops_url)/v1/projects" 401 || wrong+=("the agents' API, which must be closed to strangers")
  answers POST "$telegram/telegram/webhook" "$(in_use telegram && echo 403 || echo 404)" || wrong+=("the bot's webhook")
  answers POST "$voice/twilio/voice" 403 || wrong+=("the number's webhook")
  printf 'Hello\n' | frontdoor chat --url "$web" >&2 || wrong+=("a question to the agent")
  [ ${#wrong[@]} -eq 0 ] || stop "not as it should be: $(printf '%s; ' "${wrong[@]}")see docs/deploy.md#when-something-is-wrong."
}

# Whether a request is answered with a status.
answers() {
  local status
  status=$(curl --silent --max-time 20 --output /dev/null --write-out '%{http_code}' --request "$1" "$2" || true)
  [ "$status" = "$3" ] && return
  say "  $1 $2 is answered $status instead of $3"
  return 1
}

output_or_guess() {
  local value=''
  [ -n "$DRY" ] || value=$(output "$1")
  [ -n "$DRY$value" ] || stop "Terraform has no output $1: the stage provision or containers did not end. Run it with --from."
  printf '%s' "${value:-$2}"
}

ENVIRONMENT='' TAG='' FROM=provision DRY=''
while [ $# -gt 0 ]; do
  case $1 in
    --tag) TAG=${2:?--tag needs a tag} && shift ;;
    --from) FROM=${2:?--from needs a stage} && shift ;;
    --dry-run) DRY=1 ;;
    -h | --help) usage && exit ;;
    -*) usage >&2 && stop "there is no option $1" ;;
    *) ENVIRONMENT=$1 ;;
  esac
  shift
done
case $ENVIRONMENT in dev | staging | prod) ;; *) usage >&2 && stop "name an environment: dev, staging or prod" ;; esac
[[ " ${STAGES[*]} " == *" $FROM "* ]] || stop "there is no stage $FROM; there are ${STAGES[*]}"

ENVIRONMENTS=${ENVIRONMENTS:-$TERRAFORM/environments}
read_settings "$ENVIRONMENTS/$ENVIRONMENT.secrets"
export_for_terraform
SERVICES=$(services_in_use "$ENVIRONMENTS/$ENVIRONMENT.tfvars")
if [ -z "$TAG" ]; then
  [ -z "$(git -C "$REPOSITORY" status --porcelain --untracked-files=no)" ] ||
    stop "the working copy has changes that no commit names: commit them, or name the build with --tag."
  TAG=$(git -C "$REPOSITORY" rev-parse --short=12 HEAD)
fi
export TF_VAR_image_tag=$TAG

need_tools terraform docker curl jq frontdoor
need_settings SCW_ACCESS_KEY SCW_SECRET_KEY TF_VAR_project_id
[ -e "$ENVIRONMENTS/$ENVIRONMENT.tfvars" ] || MISSING+=("the file $ENVIRONMENTS/$ENVIRONMENT.tfvars")
for service in $SERVICES; do
  case $service in
    groq | openai | cartesia) need_settings "$(tr '[:lower:]' '[:upper:]' <<<"$service")_API_KEY" ;;
    telegram) need_settings TELEGRAM_BOT_TOKEN ;;
    twilio) need_settings TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN TWILIO_PHONE_NUMBER ;;
    github) need_settings GITHUB_TOKEN ;;
  esac
done
stop_if_missing

STATE=${STATE:-$TERRAFORM/.deploy}/$ENVIRONMENT
done_for_tag() { grep -qsx "$1 $TAG" "$STATE"; }
for stage in "${STAGES[@]}"; do
  [ "$stage" != "$FROM" ] || break
  done_for_tag "$stage" || [ -n "$DRY" ] ||
    stop "the stage $stage was not done for $TAG, so $FROM would work on half of it: begin with --from $stage."
done

step terraform -chdir="$TERRAFORM" init -input=false -reconfigure -backend-config="environments/$ENVIRONMENT.s3.tfbackend"
begun=''
for stage in "${STAGES[@]}"; do
  [ "$stage" != "$FROM" ] || begun=1
  [ -n "$begun" ] || continue
  say "$ENVIRONMENT: $stage"
  if [ -z "$DRY" ] && [ -e "$STATE" ]; then
    # From here on it counts as not done until it is.
    sed -i "/^$stage /d" "$STATE"
  fi
  trap 'say "The stage $stage did not end. Put right what it says, and go on: deploy.sh $ENVIRONMENT --tag $TAG --from $stage"' EXIT
  "$stage"
  trap - EXIT
  if [ -z "$DRY" ]; then
    mkdir -p "$(dirname "$STATE")"
    printf '%s %s\n' "$stage" "$TAG" >>"$STATE"
  fi
done
[ -n "$DRY" ] || say "$ENVIRONMENT runs $TAG: $(output public_url)"
