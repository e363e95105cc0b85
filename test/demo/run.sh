#!/bin/sh
# The demonstration: loads what six providers delivered in two months and asks
# what a finance team asks.  Needs a server (test/with_cluster.sh) whose
# socket folder can be written; the exports go there.  Fails when any total
# differs from what the generator of the exports counted.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
exports=$PGHOST/exports

run_psql()
{
	psql -X -q -v ON_ERROR_STOP=1 -P pager=off -P footer=off "$@"
}

run_psql -c 'CREATE EXTENSION focus'
today=$(run_psql -At -c 'SELECT current_date')
perl "$here/generate.pl" "$exports" "$today"

# From standard input, so that psql does not put names of files and lines
# before each notice; all in one session.
cat "$here"/[0-9]*.sql | run_psql -v exports="$exports" -v today="$today" 2>&1
