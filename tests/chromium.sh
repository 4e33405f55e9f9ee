#!/bin/sh
# The browser tests need a Chromium. On Debian as root it is installed; elsewhere we say how.
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null && exit 0
fi
echo "The browser tests need Chromium: install it (Debian: sudo apt-get install chromium)," >&2
echo "or put chromium, chromium-browser or google-chrome on the PATH." >&2
exit 1
