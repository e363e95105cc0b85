-- Aggregates over money: one currency, ratios of sums, cost per token.
SET TimeZone = 'UTC';

-- Runs a query and shows how it fails.
CREATE FUNCTION pg_temp.failure(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', sqlstate || ': ' || sqlerrm,
		'DETAIL: ' || nullif(detail, ''), 'HINT: ' || nullif(hint, ''));
END;
$$;

-- focus_sum is sum() that knows the currency.
SELECT focus_sum(cost, currency), sum(cost)
FROM (VALUES (1.10, 'USD'), (2.200, 'USD'), (-0.00000015, 'USD'), (NULL, 'EUR'), (NULL, NULL)) v (cost, currency);
SELECT currency, focus_sum(cost, currency)
FROM (VALUES (1, 'USD'), (2, 'EUR'), (3, 'USD'), (4, 'credits'), (5, NULL), (6, NULL)) v (cost, currency)
GROUP BY currency ORDER BY currency;
SELECT focus_sum(cost, NULL) AS unknown_currency, focus_sum(NULL, 'USD') AS nulls,
	focus_sum(cost, 'USD') FILTER (WHERE cost > 1) AS filtered, focus_sum(DISTINCT cost, 'USD') AS different
FROM (VALUES (1), (2), (2)) v (cost);
SELECT focus_sum(1, 'USD') AS no_rows FROM generate_series(1, 0);
SELECT i, focus_sum(i, 'USD') OVER (ORDER BY i) AS running, focus_sum(i, 'USD') OVER (ORDER BY i ROWS 1 PRECEDING) AS two
FROM generate_series(1, 4) i ORDER BY i;
SELECT focus_sum(cost, 'USD') FROM (VALUES (1e100), (-1e100), (1e-20)) v (cost);
SELECT focus_sum(cost, 'USD') AS nan, focus_sum('Infinity', 'USD') AS infinity FROM (VALUES (1), ('NaN'::numeric)) v (cost);

-- It does not add two currencies.
SELECT pg_temp.failure($$SELECT focus_sum(c, u) FROM (VALUES (1, 'USD'), (2, 'USD'), (0, 'EUR')) v (c, u)$$);
SELECT pg_temp.failure($$SELECT focus_sum(c, u) FROM (VALUES (1, 'USD'), (2, 'usd')) v (c, u)$$);
SELECT pg_temp.failure($$SELECT focus_sum(c, u) FROM (VALUES (1, 'USD'), (2, 'USDT')) v (c, u)$$);
SELECT pg_temp.failure($$SELECT focus_sum(c, u) FROM (VALUES (1, 'USD'), (2, NULL)) v (c, u)$$);
SELECT pg_temp.failure($$SELECT focus_sum(c, u) FROM (VALUES (1, NULL), (2, 'USD')) v (c, u)$$);
SELECT pg_temp.failure($$SELECT focus_sum(c, u) FROM (VALUES (1, ''), (2, NULL)) v (c, u)$$);
SELECT pg_temp.failure($$SELECT focus_sum(c, u) OVER (ORDER BY c) FROM (VALUES (1, 'USD'), (2, 'EUR')) v (c, u)$$);
SELECT length(pg_temp.failure($$SELECT focus_sum(c, u) FROM (VALUES (1, repeat('x', 100000)), (2, repeat('y', 100000))) v (c, u)$$)) < 300 AS cut;
-- An ordinary sum would have.
SELECT sum(c) FROM (VALUES (1, 'USD'), (2, 'EUR')) v (c, u);

-- focus_cost_per is the ratio of the sums, never the mean of ratios.
SELECT focus_cost_per(cost, quantity), sum(cost) / nullif(sum(quantity), 0) AS as_sql, avg(cost / quantity) AS mean_of_ratios
FROM (VALUES (10.00, 1), (10.00, 9)) v (cost, quantity);
SELECT name, focus_cost_per(cost, quantity) AS ours, sum(cost) / nullif(sum(quantity), 0) AS as_sql
FROM (VALUES ('1 cost without quantity', 5, NULL), ('1 cost without quantity', 1, 3), ('2 quantity without cost', NULL, 2),
	('2 quantity without cost', 3, 2), ('3 no quantity at all', 5, NULL), ('4 no cost at all', NULL, 7), ('5 zero', 5, 0),
	('6 zero in sum', 5, 2), ('6 zero in sum', 5, -2), ('7 nulls', NULL, NULL), ('8 credit', -1.5, 4), ('9 small', 0.00000015, 7)) v (name, cost, quantity)
GROUP BY name ORDER BY name;
SELECT focus_cost_per('Infinity', 2) AS infinity, focus_cost_per('NaN', 2) AS nan, focus_cost_per(1, 'Infinity') AS over_infinity;

-- focus_cost_per_token brings units to tokens first.
SELECT focus_cost_per_token(cost, quantity, unit), sum(cost) AS cost
FROM (VALUES (2.00, 1500, 'Tokens'), (1.00, 500, 'tokens'), (3.00, 2.5, '1K Tokens'), (4.00, 0.002, '1M Tokens'), (5.00, 0.000001, '1000000 Tokens')) v (cost, quantity, unit);
-- More units than a state remembers, over and over.
SELECT focus_cost_per_token(1, 1, (1 + i % 7) || 'K Tokens') = 700 / sum((1 + i % 7) * 1000.0) AS seven_units FROM generate_series(1, 700) i;
-- Prepaid drawdown: 5M input tokens at 5.00, 1.5M output tokens at 25.00 a million, 20 % off: 50 / 6.5 a million.
SELECT round(focus_cost_per_token(cost, quantity, 'Tokens') * 1000000, 4) AS blended_per_million
FROM (VALUES (20.00, 5000000), (30.00, 1500000)) v (cost, quantity);
-- One token at 0.15 a million; at least 16 significant digits of what does not end.
SELECT focus_cost_per_token(0.15, 1, '1M Tokens') AS price, focus_cost_per_token(1, 7, '1M Tokens') AS seventh,
	focus_cost_per_token(0.00000015, 3, 'Tokens') AS small;
-- Rows without a quantity bring their cost, and their unit does not matter.
SELECT focus_cost_per_token(cost, quantity, unit) FROM (VALUES (1, 4, 'Tokens'), (1, NULL, 'GB-Hours'), (2, NULL, NULL)) v (cost, quantity, unit);
SELECT focus_cost_per_token(1, 0, 'Tokens') AS zero, focus_cost_per_token(1, NULL, 'Tokens') AS none;
SELECT pg_temp.failure($$SELECT focus_cost_per_token(c, q, u) FROM (VALUES (1, 4, 'Tokens'), (1, 1, 'Requests')) v (c, q, u)$$);
SELECT pg_temp.failure($$SELECT focus_cost_per_token(1, 1, 'GB-Hours')$$);
SELECT pg_temp.failure($$SELECT focus_cost_per_token(1, 1, 'Tokens/Second')$$);
SELECT pg_temp.failure($$SELECT focus_cost_per_token(1, 0, '1M  Widgets')$$);
SELECT pg_temp.failure($$SELECT focus_cost_per_token(1, 1, '')$$);
SELECT pg_temp.failure($$SELECT focus_cost_per_token(1, 1, NULL)$$);

-- The same from one process and from several, and as core's sums.
CREATE TABLE charge AS
SELECT i, (i * 7919 % 100003 - 40000)::numeric / 1000000007 * ('1e' || i % 9)::numeric AS cost,
	CASE WHEN i % 11 > 0 THEN (i * 31 % 1009)::numeric END AS quantity,
	(ARRAY['Tokens', '1K Tokens', '1M Tokens'])[1 + i % 3] AS unit,
	(ARRAY['USD', 'EUR', 'JPY'])[1 + i / 10 % 3] AS currency
FROM generate_series(1::bigint, 30000) i;
ALTER TABLE charge SET (parallel_workers = 2);
ANALYZE charge;
CREATE VIEW totals AS
SELECT currency, focus_sum(cost, currency) AS cost, focus_cost_per(cost, quantity) AS per_unit, focus_cost_per_token(cost, quantity, unit) AS per_token,
	sum(cost) AS core_cost, sum(cost) / nullif(sum(quantity), 0) AS core_per_unit,
	sum(cost) / nullif(sum(quantity * CASE unit WHEN 'Tokens' THEN 1 WHEN '1K Tokens' THEN 1000 ELSE 1000000 END), 0) AS core_per_token
FROM charge GROUP BY currency;
CREATE FUNCTION pg_temp.is_parallel(query text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found boolean := false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query
	LOOP
		found := found OR line LIKE '%Partial%Aggregate%';
	END LOOP;
	RETURN found;
END;
$$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE totals_serial AS TABLE totals;
SELECT pg_temp.is_parallel('TABLE totals') AS parallel;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT pg_temp.is_parallel('TABLE totals') AS parallel;
SELECT count(*) AS currencies,
	count(*) FILTER (WHERE p.cost::text = s.cost::text AND p.per_unit::text = s.per_unit::text AND p.per_token::text = s.per_token::text) AS same_in_parallel,
	count(*) FILTER (WHERE p.cost::text = s.core_cost::text AND p.per_unit::text = s.core_per_unit::text AND p.per_token = s.core_per_token) AS same_as_core
FROM totals p JOIN totals_serial s USING (currency);
-- Two currencies that meet only when the workers' sums are joined; and groups that only some workers have.
SELECT split_part(pg_temp.failure('SELECT focus_sum(cost, currency) FROM charge'), ' ', 1) AS mixed;
SELECT split_part(pg_temp.failure('SELECT focus_sum(cost, nullif(currency, ''JPY'')) FROM charge WHERE currency <> ''EUR'''), ' ', 1) AS mixed_null;
SELECT pg_temp.is_parallel('SELECT focus_sum(cost, CASE WHEN i < 29999 THEN ''USD'' ELSE ''EUR'' END) FROM charge') AS parallel;
SELECT split_part(pg_temp.failure('SELECT focus_sum(cost, CASE WHEN i < 29999 THEN ''USD'' ELSE ''EUR'' END) FROM charge'), ' ', 1) AS last_rows;
SELECT focus_sum(cost, NULL) = sum(cost) AS all_without_currency FROM charge;
SELECT count(*), sum(cost) = (SELECT sum(cost) FROM charge) AS same
FROM (SELECT i % 10007 AS g, focus_sum(cost, 'USD') AS cost, focus_cost_per(cost, quantity) FROM charge GROUP BY g) s;
SELECT focus_sum(cost, currency) AS none, focus_cost_per(cost, quantity) FROM charge WHERE i < 0;
SELECT focus_sum(NULL, currency) AS nulls, focus_cost_per(NULL, quantity), focus_cost_per_token(cost, NULL, unit) FROM charge;
DROP VIEW totals;
DROP TABLE totals_serial, charge;

-- Partial sums, one for each partition, that each are of one currency.
CREATE TABLE part (currency text, cost numeric, quantity numeric) PARTITION BY LIST (currency);
CREATE TABLE part_usd PARTITION OF part FOR VALUES IN ('USD');
CREATE TABLE part_eur PARTITION OF part FOR VALUES IN ('EUR');
CREATE TABLE part_null PARTITION OF part FOR VALUES IN (NULL);
INSERT INTO part VALUES ('USD', 1.5, 2), ('USD', 2.25, NULL), ('EUR', NULL, 4), (NULL, NULL, NULL);
SET enable_partitionwise_aggregate = on;
SET max_parallel_workers_per_gather = 0;
SELECT pg_temp.is_parallel('SELECT focus_sum(cost, currency) FROM part') AS partial;
SELECT focus_sum(cost, currency), focus_cost_per(cost, quantity), focus_cost_per_token(cost, quantity, 'Tokens') FROM part;
INSERT INTO part VALUES ('EUR', 1, 1);
SELECT pg_temp.failure('SELECT focus_sum(cost, currency) FROM part');
DELETE FROM part WHERE currency = 'EUR' AND cost IS NOT NULL;
INSERT INTO part VALUES (NULL, 1, 1);
SELECT pg_temp.failure('SELECT focus_sum(cost, currency) FROM part');
RESET enable_partitionwise_aggregate;
DROP TABLE part;

-- The parts of the aggregates are not for calling; the aggregates are for all.
CREATE ROLE regress_focus_reader;
SET ROLE regress_focus_reader;
SELECT focus_sum(1, 'USD'), focus_cost_per(1, 2), focus_cost_per_token(1, 2, 'Tokens');
RESET ROLE;
DROP ROLE regress_focus_reader;
SELECT count(*) AS callable FROM pg_proc p
WHERE pronamespace = 'focus_internal'::regnamespace AND proname ~ '^(sum|cost_per)_' AND has_function_privilege('public', p.oid, 'EXECUTE');
SELECT p.oid::regprocedure AS aggregate, proparallel, provolatile, obj_description(p.oid) IS NOT NULL AS explained,
	aggcombinefn <> 0 AND aggserialfn <> 0 AND aggdeserialfn <> 0 AS partial
FROM pg_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid
WHERE proname IN ('focus_sum', 'focus_cost_per', 'focus_cost_per_token') ORDER BY p.oid::regprocedure::text COLLATE "C";
