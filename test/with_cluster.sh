#!/bin/sh
# Runs a command against a private, throw-away PostgreSQL and removes the
# server again, whatever the command does.
#
#   with_cluster.sh [-k STAGE] BINDIR CONF COMMAND [ARG ...]
#
# The server listens on a Unix socket in a temporary folder only.  CONF is
# appended to postgresql.conf.  The command finds PGHOST (that folder), PGUSER
# and PGDATABASE set and BINDIR in its PATH; its exit status is ours.
#
# With -k the server stays up when the command succeeds, and how to reach and
# to stop it is printed.  STAGE, which CONF refers to, is copied next to the
# server's data, so that the server outlives the tree it was built in.
set -eu

stage=
if [ "$1" = -k ]; then
	stage=$2
	shift 2
fi
bindir=$1
conf=$2
shift 2

dir=$(mktemp -d "${TMPDIR:-/tmp}/focus.XXXXXX")
cleanup()
{
	status=$?
	trap - EXIT HUP INT PIPE TERM
	"$bindir/pg_ctl" -D "$dir/data" -m immediate -s stop 2>/dev/null || true
	[ $status -eq 0 ] || tail -n 40 "$dir/server.log" 2>/dev/null || true
	rm -rf "$dir"
	exit $status
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

"$bindir/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C --no-sync >"$dir/initdb.log" ||
	{ cat "$dir/initdb.log"; exit 1; }
if [ -n "$stage" ]; then
	cp -R "$stage" "$dir/stage"
	sed "s|$stage|$dir/stage|g" "$conf" >>"$dir/data/postgresql.conf"
else
	cat "$conf" >>"$dir/data/postgresql.conf"
fi
"$bindir/pg_ctl" -D "$dir/data" -l "$dir/server.log" -s -w -o "-k $dir -c listen_addresses=''" start

PATH=$bindir:$PATH PGHOST=$dir PGUSER=postgres PGDATABASE=postgres
export PATH PGHOST PGUSER PGDATABASE
"$@"
[ -n "$stage" ] || exit 0

# The line that stops the server has to work for root too, who may not run
# pg_ctl.
cat >"$dir/stop" <<STOP
#!/bin/sh
# Stops this server and removes its folder.
kill -INT "\$(head -n 1 "$dir/data/postmaster.pid")"
while [ -e "$dir/data/postmaster.pid" ]; do sleep 0.1; done
rm -rf "$dir"
STOP
chmod +x "$dir/stop"
trap - EXIT HUP INT PIPE TERM
echo "The server is up.  Look around:  $bindir/psql -h $dir -U $PGUSER $PGDATABASE"
echo "Stop it and remove its folder:   $dir/stop"
