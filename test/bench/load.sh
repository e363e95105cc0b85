#!/bin/sh
# Load speed: COPY of a generated FOCUS file into a plain heap table, COPY of it
# into a focus table, and focus_load, in turns on one server.  Prints each time
# and the medians.  Needs a server (test/with_cluster.sh).
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
DROP TABLE IF EXISTS plain, columnar;
TRUNCATE focus_cost_and_usage, focus_loads, focus_rejected_rows, focus_load_findings;
CREATE TABLE plain ($columns) USING heap;
CREATE TABLE columnar ($columns) USING focus;
CREATE TABLE IF NOT EXISTS result (what text, seconds numeric);
CHECKPOINT;
SELECT clock_timestamp() AS start \gset
COPY plain FROM '$file' WITH (FORMAT csv, HEADER);
INSERT INTO result VALUES ('COPY to heap', extract(epoch FROM clock_timestamp() - :'start'));
CHECKPOINT;
SELECT clock_timestamp() AS start \gset
COPY columnar FROM '$file' WITH (FORMAT csv, HEADER);
INSERT INTO result VALUES ('COPY to focus', extract(epoch FROM clock_timestamp() - :'start'));
CHECKPOINT;
INSERT INTO result SELECT 'focus_load', seconds FROM focus_load('$file');
DO \$\$
BEGIN
	IF (SELECT count(DISTINCT t)
		FROM (SELECT ROW(count(*), sum(billedcost), sum(effectivecost)) FROM plain
			UNION ALL SELECT ROW(count(*), sum(billedcost), sum(effectivecost)) FROM columnar
			UNION ALL SELECT ROW(count(*), sum(billedcost), sum(effectivecost)) FROM focus_cost_and_usage) AS t (t)) > 1 THEN
		RAISE EXCEPTION 'the tables differ in rows or sums';
	END IF;
END \$\$;
\echo round $round: rows and sums are equal
SQL
done
run <<SQL
SELECT format('%s: %s s, %s MB/s, %s times COPY to heap', rpad(what, 13), round(m, 2), round($mb / m, 1),
	round(max(m) FILTER (WHERE what = 'COPY to heap') OVER () / m, 2))
FROM (SELECT what, percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS m FROM result GROUP BY what) AS r
ORDER BY m DESC;
SQL
