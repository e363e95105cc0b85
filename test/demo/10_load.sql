-- Loads all deliveries; what comes a second time comes last.
SET client_min_messages = error;
CREATE SCHEMA demo;
CREATE TABLE demo.deliveries
	(n integer GENERATED ALWAYS AS IDENTITY, source text, path text, billing_period date, mode text);
CREATE TABLE demo.totals
	(kind text, source text, billing_period date, currency text, item text, value numeric);
CREATE TABLE demo.results AS
	SELECT NULL::integer AS n, l.* FROM focus_load(path => '') AS l WITH NO DATA;
\set deliveries :exports /deliveries.csv
\set totals :exports /totals.csv
COPY demo.deliveries (source, path, billing_period, mode) FROM :'deliveries' WITH (FORMAT csv, HEADER);
COPY demo.totals FROM :'totals' WITH (FORMAT csv, HEADER);
UPDATE demo.deliveries SET path = :'exports' || '/' || path;

\echo
\echo 'LOADING'
\echo
\echo 'Each delivery is one call, such as'
\echo
SELECT format('SELECT * FROM focus_load(%L, source => %L);', path, source) AS example
FROM demo.deliveries ORDER BY n LIMIT 1
\gset
\echo '   ' :example
\echo
SELECT format('INSERT INTO demo.results SELECT %s, l.* FROM focus_load(%L, source => %L) AS l', n, path, source)
FROM demo.deliveries WHERE mode IS NULL ORDER BY n
\gexec
SELECT 1 FROM focus_load(:'exports' || '/contract_commitments.csv', source => 'contracts')
\g /dev/null
SET client_min_messages = notice;

\x on
SELECT loadid, rows_stored, rows_rejected, rows_replaced, totals, seconds
FROM demo.results WHERE n = (SELECT min(n) FROM demo.results);
\x off

\echo 'A file that was loaded before changes nothing:'
\echo
SELECT path AS first_path, source AS first_source FROM demo.deliveries WHERE source = 'gcp' AND mode IS NULL ORDER BY n LIMIT 1
\gset
SELECT * FROM focus_load(:'first_path', source => :'first_source');

\echo 'Another delivery of a month that is there needs a word on what to do with it:'
\echo
SELECT path AS restated_path, source AS restated_source FROM demo.deliveries WHERE mode = 'replace' ORDER BY n LIMIT 1
\gset
\set ON_ERROR_STOP off
SELECT * FROM focus_load(:'restated_path', source => :'restated_source');
\set ON_ERROR_STOP on

\echo
\echo 'With that word, a restated month takes the place of the old one, and corrections add to theirs:'
\echo
SET client_min_messages = error;
SELECT format('INSERT INTO demo.results SELECT %s, l.* FROM focus_load(%L, source => %L, mode => %L) AS l', n, path, source, mode)
FROM demo.deliveries WHERE mode IS NOT NULL ORDER BY n
\gexec
SET client_min_messages = notice;
SELECT d.source, to_char(d.billing_period, 'YYYY-MM') AS month, d.mode, r.rows_stored, r.rows_replaced, r.rows_rejected
FROM demo.results AS r JOIN demo.deliveries AS d USING (n)
WHERE d.mode IS NOT NULL
ORDER BY n;

\echo 'What is in the database now:'
\echo
SELECT l.source, to_char(min(l.billingperiodstart), 'YYYY-MM') || CASE WHEN count(DISTINCT l.billingperiodstart) > 1
		THEN ' .. ' || to_char(max(l.billingperiodstart), 'YYYY-MM') ELSE '' END AS months,
	count(DISTINCT l.loadid) AS loads, sum(l.files) AS files, sum((t.sums->>'rows')::bigint) AS rows,
	t.currency, round(sum((t.sums->>'billedcost')::numeric), 2) AS "BilledCost",
	round(sum((t.sums->>'effectivecost')::numeric), 2) AS "EffectiveCost"
FROM focus_loads AS l, LATERAL jsonb_each(l.totals) AS t(currency, sums)
WHERE l.state = 'current' AND l.dataset = 'CostAndUsage'
GROUP BY l.source, t.currency,
	CASE WHEN l.billingperiodstart >= date_trunc('month', CURRENT_DATE) - interval '1 month' THEN l.billingperiodstart END
ORDER BY l.source, min(l.billingperiodstart);

\echo 'Rows in quarantine, with their amounts as the files have them:'
\echo
SELECT l.source, regexp_replace(r.file, '.*/', '') AS file, r.line, r.columnname AS column, r.value,
	r.record->>'BilledCost' AS "BilledCost", r.record->>'EffectiveCost' AS "EffectiveCost"
FROM focus_rejected_rows AS r JOIN focus_loads AS l USING (loadid)
WHERE l.state = 'current'
ORDER BY l.source, r.file, r.line;
