#!/bin/sh
# Speed of single rows: pgbench with INSERT, SELECT, UPDATE and DELETE of one row
# by its key, in a heap table and in a focus table in turns on one server, where
# the rows of the focus table are in its delta.  Prints the medians of
# transactions per second and their ratio, and what rows inserted one by one
# are stored in.  Commits do not wait for the disk, which would hide the
# difference.  Needs a server (test/with_cluster.sh).
#
#   rows.sh GENERATOR ROWS ROUNDS
#
# GENERATOR and ROWS, which the other benchmarks take, are not used.
set -eu

rounds=$3
rows=50000
export PGOPTIONS='-c synchronous_commit=off -c client_min_messages=warning'

run()
{
	psql -X -q -At -v ON_ERROR_STOP=1 "$@"
}

# tps STATEMENT AM: one client gives the script on standard input for 5 seconds,
# or once for each row
tps()
{
	limit='-T 5'
	[ "$1" != DELETE ] || limit="-t $rows"
	rate=$(pgbench -n -M prepared $limit -D id=0 -f /dev/stdin | sed -n 's/^tps = \([0-9.]*\).*/\1/p')
	run -c "INSERT INTO result VALUES ('$1', '$2', $rate)"
}

charge="(chargeperiodstart, servicename, regionid, resourceid, billedcost, tags) VALUES (now(), 'Compute', 'eu-west-1', 'i-0123456789', 0.0123456789, '{\"CostCentre\": \"100\"}')"

run -c 'CREATE EXTENSION focus' -c 'CREATE TABLE result (statement text, am text, tps numeric)'
for round in $(seq "$rounds"); do
	for am in heap focus; do
		run <<-SQL
			DROP TABLE IF EXISTS charges;
			CREATE TABLE charges (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, chargeperiodstart timestamptz NOT NULL,
				servicename text NOT NULL, regionid text, resourceid text, billedcost numeric NOT NULL, tags jsonb) USING $am;
		SQL
		echo "INSERT INTO charges $charge;" | tps INSERT $am
		[ $am = heap ] || run -c "SELECT format('round $round: %s rows inserted one by one: %s row groups, %s rows in the delta',
			(SELECT count(*) FROM charges), row_groups, delta_rows) FROM focus_columnar_info('charges')"
		run <<-SQL
			TRUNCATE charges RESTART IDENTITY;
			DO \$\$ BEGIN FOR i IN 1..$rows LOOP INSERT INTO charges $charge; END LOOP; END \$\$;
			VACUUM ANALYZE charges;
			CHECKPOINT;
		SQL
		tps SELECT $am <<-SQL
			\set id random(1, $rows)
			SELECT billedcost FROM charges WHERE id = :id;
		SQL
		tps UPDATE $am <<-SQL
			\set id random(1, $rows)
			UPDATE charges SET billedcost = billedcost + 0.01 WHERE id = :id;
		SQL
		tps DELETE $am <<-SQL
			\set id :id + 1
			DELETE FROM charges WHERE id = :id;
		SQL
	done
done
run <<'SQL'
SELECT format('%s: heap %s, focus %s tps, ratio %s', statement, round(heap), round(focus), round(focus / heap, 2))
FROM (SELECT statement, (percentile_cont(0.5) WITHIN GROUP (ORDER BY tps) FILTER (WHERE am = 'heap'))::numeric,
	(percentile_cont(0.5) WITHIN GROUP (ORDER BY tps) FILTER (WHERE am = 'focus'))::numeric
	FROM result GROUP BY statement) AS r (statement, heap, focus)
ORDER BY array_position('{INSERT,SELECT,UPDATE,DELETE}', statement);
SQL
