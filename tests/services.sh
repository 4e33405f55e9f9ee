#!/bin/sh
# Some tests run on a real PostgreSQL and a real Redis of their own. On Debian as root those are
# installed; elsewhere we say how, and those tests are skipped.
postgres() {
  command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1
}
# There is one in a wheel, too: tests/services.py.
redis() {
  command -v redis-server >/dev/null 2>&1
}
postgres && redis && exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends postgresql redis-server >/dev/null
fi
postgres || echo "The tests of PostgreSQL are skipped: install it" \
  "(Debian: sudo apt-get install postgresql), or put postgres and initdb on the PATH." >&2
exit 0
