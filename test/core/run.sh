#!/bin/sh
# Runs PostgreSQL's own regression and isolation suites with focus as the
# default table access method.
#
#   run.sh PGSRC
#
# PGSRC is an unpacked release of PostgreSQL (see server.sh for which).  The
# server is built from it: only a server of the same minor release passes its
# own tests.  First heap has to pass everything, once per server built, then
# focus, except for the differences listed in allowed_MAJOR.txt next to this
# file, if there is such a list; compare.pl judges.
#
# CORE_GROUPS, if not empty, puts each row into a row group at once; then the
# list is allowed_MAJOR_groups.txt.  CORE_CACHE names the folder for the server and the output, build/core
# otherwise.  CORE_SETTINGS holds more settings to run focus with, such as
# "debug_parallel_query=regress", divided by spaces.
set -eu

# What our make was told is not for the server's.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

top=$(cd "$(dirname "$0")/../.." && pwd)
pgsrc=$(cd "${1:?usage: run.sh PGSRC}" && pwd)
[ -e "$pgsrc/configure" ] || { echo "run.sh: $pgsrc is no source of PostgreSQL" >&2; exit 1; }
cache=${CORE_CACHE:-$top/build/core}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
version=$(sed -n "s/^PACKAGE_VERSION='\(.*\)'/\1/p" "$pgsrc/configure")
server=$cache/server-$version
allowed=$top/test/core/allowed_${version%%[!0-9]*}

# Runs a suite: run_suite SUITE OUTPUTDIR CONF [OPTION ...].  How the tests
# ended is for compare.pl to say.
run_suite()
{
	suite=$1
	outputdir=$2
	conf=$3
	shift 3
	case $suite in
		regress) program=$pgtest/regress/pg_regress; schedule=$pgsrc/src/test/regress/parallel_schedule ;;
		isolation) program=$pgtest/isolation/pg_isolation_regress; schedule=$pgsrc/src/test/isolation/isolation_schedule ;;
	esac
	case $version in
		15*) ;;
		*) set -- --expecteddir="$pgsrc/src/test/$suite" "$@" ;;
	esac
	rm -rf "$outputdir"
	mkdir -p "$outputdir"
	"$program" --inputdir="$pgsrc/src/test/$suite" --outputdir="$outputdir" \
		--bindir="$server/install/bin" --dlpath="$server/obj/src/test/regress" \
		--temp-instance="$outputdir/instance" --temp-config="$conf" --no-locale --encoding=UTF8 \
		--max-concurrent-tests=20 --max-connections=10 --schedule="$schedule" "$@" \
		>"$outputdir/regression.log" 2>&1 || true
	rm -rf "$outputdir/instance"
	[ -e "$outputdir/log/postmaster.log" ] || { cat "$outputdir/regression.log"; exit 1; }
}

# Builds focus from a copy of the tree, whose own objects may be for another
# server, and installs it.
install_focus()
{
	rm -rf "$cache/focus"
	mkdir -p "$cache/focus"
	(cd "$top" && tar --exclude=./.git --exclude=./build --exclude='*.o' --exclude='*.d' --exclude='*.bc' \
		--exclude='*.so' -cf - .) | tar -C "$cache/focus" -xf -
	make -s -C "$cache/focus" -j "$(getconf _NPROCESSORS_ONLN)" PG_CONFIG="$server/install/bin/pg_config" \
		EXTRA_CFLAGS="${EXTRA_CFLAGS:-}" install >"$cache/focus.log" 2>&1 || { cat "$cache/focus.log"; exit 1; }
}

"$top/test/core/server.sh" "$pgsrc" "$server"
pgtest=$(dirname "$("$server/install/bin/pg_config" --pgxs)")/../test

if [ ! -e "$server/heap_passed" ]; then
	echo "PostgreSQL $version with heap"
	: >"$cache/heap.conf"
	for suite in regress isolation; do
		run_suite $suite "$cache/heap_$suite" "$cache/heap.conf"
		"$top/test/core/compare.pl" $suite "$schedule" "$outputdir"
	done
	: >"$server/heap_passed"
fi

echo "PostgreSQL $version with focus"
install_focus
echo "default_table_access_method = focus" >"$cache/focus.conf"
# The lists are of plans with sequential scans.
echo "focus.enable_scan = off" >>"$cache/focus.conf"
if [ -n "${CORE_GROUPS:-}" ]; then
	allowed=${allowed}_groups
	echo "focus.debug_force_groups = on" >>"$cache/focus.conf"
	# Where rows in row groups make sessions wait that would not in heap, a test
	# stands still.  VACUUM waits for 5 seconds before it leaves an empty delta as
	# it is.
	export PGISOLATIONTIMEOUT=10
fi
for setting in ${CORE_SETTINGS:-}; do
	echo "${setting%%=*} = '${setting#*=}'" >>"$cache/focus.conf"
done
set --
[ ! -e "$allowed.txt" ] || set -- "$allowed.txt" "$allowed"
status=0
for suite in regress isolation; do
	run_suite $suite "$cache/focus_$suite" "$cache/focus.conf" --load-extension=focus
	"$top/test/core/compare.pl" $suite "$schedule" "$outputdir" "$@" || status=1
done
exit $status
