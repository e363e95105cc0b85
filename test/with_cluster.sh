#!/bin/sh
# Runs a command against a private, throw-away PostgreSQL and removes the
# server again, whatever the command does.
#
#   with_cluster.sh BINDIR CONF COMMAND [ARG ...]
#
# The server listens on a Unix socket in a temporary folder only.  CONF is
# appended to postgresql.conf.  The command finds PGHOST, PGUSER and
# PGDATABASE set; its exit status is ours.
set -eu

bindir=$1
conf=$2
shift 2

dir=$(mktemp -d "${TMPDIR:-/tmp}/focus.XXXXXX")
cleanup()
{
	status=$?
	trap - EXIT HUP INT TERM
	"$bindir/pg_ctl" -D "$dir/data" -m immediate -s stop 2>/dev/null || true
	[ $status -eq 0 ] || tail -n 40 "$dir/server.log" 2>/dev/null || true
	rm -rf "$dir"
	exit $status
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

"$bindir/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C --no-sync >"$dir/initdb.log" ||
	{ cat "$dir/initdb.log"; exit 1; }
cat "$conf" >>"$dir/data/postgresql.conf"
"$bindir/pg_ctl" -D "$dir/data" -l "$dir/server.log" -s -w -o "-k $dir -c listen_addresses=''" start

PGHOST=$dir PGUSER=postgres PGDATABASE=postgres
export PGHOST PGUSER PGDATABASE
"$@"
