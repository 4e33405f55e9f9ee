#!/bin/sh
# Some tests run on a real PostgreSQL and a real Redis of their own, and those of the operator's
# scripts and alert rules on real programs. On Debian as root those are installed; elsewhere we say
# how, and those tests are skipped.
postgres() {
  command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1
}
# There is one in a wheel, too: tests/services.py.
redis() {
  command -v redis-server >/dev/null 2>&1
}
operators() {
  command -v rclone >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1 &&
    command -v shellcheck >/dev/null 2>&1 && command -v jq >/dev/null 2>&1
}
postgres && redis && operators && exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  # RUNLEVEL: of Prometheus we want promtool only, not a server that runs from now on.
  apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends \
    postgresql redis-server curl jq prometheus rclone shellcheck >/dev/null
fi
postgres || echo "The tests of PostgreSQL are skipped: install it" \
  "(Debian: sudo apt-get install postgresql), or put postgres and initdb on the PATH." >&2
operators || echo "Tests of the operator's scripts and alert rules are skipped: install" \
  "(Debian) jq, rclone, shellcheck, and prometheus for its promtool." >&2
exit 0
