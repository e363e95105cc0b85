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

as_user="setpriv --reuid=postgres --regid=postgres --init-groups"
id -u postgres >/dev/null 2>&1 || {
	echo "unprivileged.sh: there is no user \"postgres\"; run this as an ordinary user instead" >&2
	exit 1
}

# Root's own temporary folder may be closed to others.
umask 022
[ -n "${TMPDIR:-}" ] && $as_user test -w "$TMPDIR" -a -x "$TMPDIR" || TMPDIR=/tmp
export TMPDIR

copy=$(mktemp -d "$TMPDIR/focus.XXXXXX")
trap 'rm -rf "$copy"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
tar --exclude=./.git --exclude=./build --exclude='*.o' --exclude='*.d' --exclude='*.bc' --exclude='*.so' -cf - . |
	tar -C "$copy" -xf -
chown -R postgres: "$copy"
chmod u+rwx "$copy"
cd "$copy"

# Make's own variables name files of the job server that are not ours to open.
$as_user env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL HOME="$copy" USER=postgres LOGNAME=postgres "$@"
