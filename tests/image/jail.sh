#!/bin/sh
# Runs a command in an unpacked image as an engine would with --read-only --tmpfs /tmp --cap-drop ALL
# --security-opt no-new-privileges and a volume for /data, in namespaces of its own as process 1;
# the network is this machine's.
#
#     unshare -m -p -f --kill-child sh jail.sh ROOT DATA UID:GID NAME=VALUE… -- COMMAND…
set -eu
root=$1 data=$2 uid=${3%:*} gid=${3#*:}
shift 3

mount --make-rprivate /
# Engines give containers this file, too.
[ -e "$root/etc/hosts" ] || : >"$root/etc/hosts"
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount --bind "$data" "$root/data"
mount --bind /etc/hosts "$root/etc/hosts"

# Names come first, then what is run.
exec chroot "$root" /usr/bin/env -i /usr/bin/setpriv --reuid "$uid" --regid "$gid" --clear-groups \
  --no-new-privs --bounding-set=-all --inh-caps=-all \
  /bin/sh -c 'cd /data; while [ "$1" != -- ]; do export "$1"; shift; done; shift; exec "$@"' jail "$@"
