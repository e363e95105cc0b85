#!/bin/sh
# Load speed: COPY of a generated FOCUS file into a plain heap table, and
# focus_load of the same file, in turns on one server.  Prints each time and
# the medians.  Needs a server (test/with_cluster.sh).
#
#   load.sh GENERATOR ROWS ROUNDS
set -eu

here=$(cd "$(dirname "$0")" && pwd)
generator=$1
rows=$2
rounds=$3
file=$PGHOST/charges.csv

run()
{
	psql -X -q -At -v ON_ERROR_STOP=1 "$@"
}

"$generator" "$rows" "$file" --meta "$PGHOST/charges.meta" >/dev/null
mb=$(($(wc -c <"$file") / 1000000))

columns=$(awk '{ type["text"] = "text"; type["num"] = "numeric"; type["time"] = "timestamptz"; type["json"] = type["tags"] = "jsonb";
	printf "%s%s %s", sep, $1, type[$2]; sep = ", " }' "$here/columns.txt")

run -c 'CREATE EXTENSION focus'
for round in $(seq "$rounds"); do
	run <<SQL
SET client_min_messages = warning;
DROP TABLE IF EXISTS plain;
TRUNCATE focus_cost_and_usage, focus_loads, focus_rejected_rows, focus_load_findings;
CREATE TABLE plain ($columns);
CREATE TABLE IF NOT EXISTS result (what text, seconds numeric);
CHECKPOINT;
SELECT clock_timestamp() AS start \gset
COPY plain FROM '$file' WITH (FORMAT csv, HEADER);
INSERT INTO result VALUES ('COPY', extract(epoch FROM clock_timestamp() - :'start'));
CHECKPOINT;
INSERT INTO result SELECT 'focus_load', seconds FROM focus_load('$file');
SELECT CASE WHEN (SELECT ROW(count(*), sum(billedcost), sum(effectivecost)) FROM plain)
		= (SELECT ROW(count(*), sum(billedcost), sum(effectivecost)) FROM focus_cost_and_usage)
	THEN 'round $round: rows and sums are equal' ELSE 'DIFFERENT' END;
SQL
done
run -c "SELECT format('%s: %s s, %s MB/s', rpad(what, 10), round(m, 2), round($mb / m, 1))
	FROM (SELECT what, percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS m FROM result GROUP BY what) r ORDER BY what" \
	-c "SELECT format('ratio: %s', round(max(m) FILTER (WHERE what = 'COPY') / max(m) FILTER (WHERE what = 'focus_load'), 2))
	FROM (SELECT what, percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS m FROM result GROUP BY what) r"
