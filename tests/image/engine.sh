#!/bin/sh
# The image in a real engine, as strictly as we ask for: what make image-test cannot have.
#
#     sh tests/image/engine.sh frontdoor:TAG
set -eu

image=$1 port=${PORT:-18080}
most=300000000

packed=$(docker save "$image" | gzip -6 | wc -c)
echo "$packed bytes packed, of $most"
[ "$packed" -lt "$most" ]

id=$(docker run --detach --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
  --env "PORT=$port" --publish "127.0.0.1:$port:$port" "$image")
trap 'docker logs "$id"; docker rm --force --volumes "$id" >/dev/null' EXIT

for _ in $(seq 60); do
  state=$(docker inspect --format '{{.State.Health.Status}}' "$id")
  [ "$state" = starting ] || break
  sleep 1
done
echo "$state"
[ "$state" = healthy ]
curl --fail --silent --show-error "http://127.0.0.1:$port/readyz"
docker exec "$id" sh -c '! touch /opt/frontdoor/x 2>/dev/null && [ "$(id -u)" = 10001 ]'

docker stop --time 40 "$id" >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' "$id")
echo "ended with $code"
[ "$code" = 0 ]
