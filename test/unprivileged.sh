#!/bin/sh
# Runs a command in the source tree as an ordinary user.
#
#   unprivileged.sh COMMAND [ARG ...]
#
# PostgreSQL refuses to run as root.  For root, the tree is copied to a
# temporary folder that belongs to the user "postgres", the command runs there
# as that user, and the copy is removed.  Any other user runs it in place.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
FOCUS_SHARED=${FOCUS_SHARED:-$top/../shared}
export FOCUS_SHARED

[ "$(id -u)" -eq 0 ] || exec "$@"

copy=$(mktemp -d "${TMPDIR:-/tmp}/focus.XXXXXX")
trap 'rm -rf "$copy"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
tar --exclude=./.git --exclude=./build --exclude='*.o' --exclude='*.d' --exclude='*.bc' --exclude='*.so' -cf - . |
	tar -C "$copy" -xf -
chown -R postgres: "$copy"
cd "$copy"
setpriv --reuid=postgres --regid=postgres --init-groups \
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL HOME="$copy" USER=postgres "$@"
