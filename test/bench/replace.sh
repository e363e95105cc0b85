#!/bin/sh
# Replacing a provider's month: loads a generated FOCUS file, each provider's
# month as a delivery of its own, and delivers one of them again as often as there
# are rounds.  Prints the time that the old rows take to be deleted, beside that
# of DELETE from a heap table, the time of the load that replaces them, and the
# size of the table before, and after with compaction.  Needs a server
# (test/with_cluster.sh).
#
#   replace.sh GENERATOR ROWS ROUNDS
set -eu

generator=$1
rows=$2
rounds=$3

run()
{
	psql -X -q -At -v ON_ERROR_STOP=1 "$@"
}

size()
{
	run -c "SELECT format('$1: %s rows, sum %s, %s bytes', (SELECT count(*) FROM focus_cost_and_usage),
		(SELECT sum(billedcost) FROM focus_cost_and_usage), pg_table_size('focus_cost_and_usage'))"
}

run -c 'CREATE EXTENSION focus'
for month in 2026-01 2026-02 2026-03; do
	for provider in AWS Microsoft 'Google Cloud' Oracle 'Cogentia AI'; do
		file=$PGHOST/$provider.$month.csv
		"$generator" "$rows" "$file" --only-provider "$provider" --only-month "$month" >/dev/null 2>&1
		run -c "SELECT FROM focus_load('$file', source => '$provider')"
	done
done
file="$PGHOST/Google Cloud.2026-03.csv"
echo "Google Cloud, 2026-03: $(wc -l <"$file") lines, $(wc -c <"$file") bytes"
run -c 'CREATE TABLE plain (LIKE focus_cost_and_usage) USING heap' -c 'INSERT INTO plain TABLE focus_cost_and_usage' -c 'VACUUM ANALYZE'
size 'loaded'
for round in $(seq "$rounds"); do
	# The same rows again, in an order of their own: the same bytes would be no news.
	{
		head -n 1 "$file"
		tail -n +$((round + 2)) "$file"
		head -n $((round + 1)) "$file" | tail -n +2
	} >"$file.$round"
	run <<-SQL
		SELECT loadid FROM focus_loads WHERE source = 'Google Cloud' AND billingperiodstart = '2026-03-01Z' AND state = 'current' \gset
		BEGIN;
		SELECT clock_timestamp() AS start \gset
		DELETE FROM plain WHERE serviceprovidername = 'Google Cloud' AND billingperiodstart = '2026-03-01Z';
		SELECT format('round $round: DELETE from heap: %s ms', round(extract(epoch FROM clock_timestamp() - :'start') * 1000, 1));
		ROLLBACK;
		BEGIN;
		SELECT clock_timestamp() AS start \gset
		SELECT focus_delete_groups('focus_cost_and_usage', 'x_loadid', ARRAY[:loadid]) AS deleted \gset
		SELECT format('round $round: delete part: %s ms, %s rows as whole groups', round(extract(epoch FROM clock_timestamp() - :'start') * 1000, 1), :deleted);
		ROLLBACK;
		SELECT format('round $round: load: %s s, %s rows stored, %s replaced', round(seconds, 2), rows_stored, rows_replaced)
		FROM focus_load('$file.$round', source => 'Google Cloud', mode => 'replace', force => true);
	SQL
done
size "replaced $rounds times"
run -c "CALL focus_compact('focus_cost_and_usage')" -c 'VACUUM focus_cost_and_usage'
size 'compacted'
