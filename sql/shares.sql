-- Exact shares: the parts of a partition add up to the amount, with "=".
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

-- Worked cases.
SELECT name, weight, focus_share(100, weight) OVER (ORDER BY name)
FROM (VALUES ('a', 40), ('b', 35), ('c', 25)) v (name, weight) ORDER BY name;
SELECT name, focus_share(100, 1, 2) OVER (ORDER BY name), focus_share(-100, 1, 2) OVER (ORDER BY name)
FROM (VALUES ('a'), ('b'), ('c')) v (name) ORDER BY name;
-- A host day of 240, covered by a commitment, over three pods: ratio, cost, hours, list cost.
SELECT pod, focus_share(1, hours, 12) OVER pods AS ratio, focus_share(240, hours, 2) OVER pods AS cost,
	focus_share(24, hours, 1) OVER pods AS quantity, focus_share(288, hours, 2) OVER pods AS list_cost
FROM (VALUES ('p1', 60), ('p2', 36), ('p3', 24)) v (pod, hours) WINDOW pods AS (ORDER BY pod) ORDER BY pod;
-- Node price 1 per hour, 4 cores and 16 GiB: the core-hour is nine GiB-hours.
SELECT part, focus_allocate_by_cpu_and_memory(1, cpu, memory, 4) OVER (ORDER BY part)
FROM (VALUES ('1 four cores', 4, NULL), ('2 sixteen GiB', NULL, 16)) v (part, cpu, memory) ORDER BY part;
SELECT part, focus_allocate_by_cpu_and_memory(52, cpu, memory) OVER (ORDER BY part),
	focus_allocate_by_cpu_and_memory(36, cpu, memory, 2, 1) OVER (ORDER BY part),
	focus_allocate_by_cpu_and_memory(36, cpu, memory, 2, 1, 0) OVER (ORDER BY part)
FROM (VALUES ('1 four cores', 4, 0), ('2 half', 2, 8), ('3 rest', 2, 8)) v (part, cpu, memory) ORDER BY part;
-- Idle of 12 units: node A has 4 of 6 used by w1 to w4, node B 1 of 6 by w5;
-- by node it is 0.5 each and 5, by cluster 1.4 each.
SELECT workload, node, focus_allocate_by_cpu(CASE node WHEN 'A' THEN 2 ELSE 5 END, used) OVER (PARTITION BY node ORDER BY workload) AS by_node,
	focus_allocate_by_cpu(7, used) OVER (ORDER BY workload) AS by_cluster
FROM (VALUES ('w1', 'A', 1), ('w2', 'A', 1), ('w3', 'A', 1), ('w4', 'A', 1), ('w5', 'B', 1)) v (workload, node, used) ORDER BY workload;
SELECT name, focus_allocate_evenly(10, 0) OVER (ORDER BY name), focus_allocate_evenly(-0.01, 2) OVER (ORDER BY name),
	focus_allocate_evenly(2) OVER (ORDER BY name)
FROM (VALUES ('a'), ('b'), ('c'), ('d')) v (name) ORDER BY name;
SELECT name, focus_allocate_by_fixed_share(99.99, percent, 2) OVER (ORDER BY name), focus_allocate_by_fixed_share(99.99, percent) OVER (ORDER BY name)
FROM (VALUES ('a', 33.4), ('b', 33.3), ('c', 33.3), ('d', 0)) v (name, percent) ORDER BY name;
SELECT name, focus_allocate_by_memory(7, memory, 0) OVER (ORDER BY name), focus_allocate_by_memory(7, memory) OVER (ORDER BY name),
	focus_allocate_by_cpu(7, memory, 0) OVER (ORDER BY name)
FROM (VALUES ('a', 0.000001), ('b', 0.000003)) v (name, memory) ORDER BY name;

-- Ties go by the window's order; the frame plays no part.
SELECT name, focus_share(1, 1, 0) OVER (ORDER BY name) AS up, focus_share(1, 1, 0) OVER (ORDER BY name DESC) AS down,
	focus_share(1, 1, 0) OVER (ORDER BY name ROWS BETWEEN CURRENT ROW AND CURRENT ROW) AS framed
FROM (VALUES ('a'), ('b'), ('c')) v (name) ORDER BY name;
-- Without ORDER BY the sum still holds.
SELECT sum(part) FROM (SELECT focus_share(1, w, 5) OVER () AS part FROM generate_series(1, 7) w) s;

-- The scale: the amount's own, at least 12; or as given.
SELECT focus_share(1, 1) OVER () AS twelve, focus_share(1.23456789012345, 1) OVER () AS own,
	focus_share(1.500, 1, 1) OVER () AS given, focus_share(1.5, 1, NULL) OVER () AS as_default, focus_share(200, 1, 0) OVER () AS whole;
SELECT focus_share(amount, 1) OVER () FROM (VALUES (2.0), (2.00000000000000)) v (amount);

-- Nulls: a null weight is zero, a null amount has null parts.
SELECT name, focus_share(10, weight) OVER (ORDER BY name), focus_share(NULL, weight) OVER (ORDER BY name) AS of_null
FROM (VALUES ('a', 1), ('b', NULL), ('c', 3), ('d', 0)) v (name, weight) ORDER BY name;
-- No weight at all: evenly, never lost.
SELECT name, focus_share(10, weight, 0) OVER (ORDER BY name), focus_share(10, 0, 0) OVER (ORDER BY name)
FROM (VALUES ('a', NULL::numeric), ('b', NULL), ('c', NULL)) v (name, weight) ORDER BY name;
SELECT focus_share(0, 5) OVER (), focus_share(0.00, 0) OVER (), focus_share(-7, 0) OVER () AS one_row;
SELECT count(*) FROM (SELECT focus_share(1, 1) OVER () FROM generate_series(1, 0)) none;

-- Errors.
SELECT pg_temp.failure('SELECT focus_share(a, 1) OVER () FROM (VALUES (1.5), (1.50), (2)) v (a)');
SELECT pg_temp.failure('SELECT focus_share(a, 1) OVER () FROM (VALUES (1.5), (NULL)) v (a)');
SELECT pg_temp.failure('SELECT focus_allocate_evenly(a) OVER () FROM (VALUES (NULL), (7)) v (a)');
SELECT pg_temp.failure('SELECT focus_share(1, w) OVER () FROM (VALUES (1), (-0.5)) v (w)');
SELECT pg_temp.failure('SELECT focus_allocate_by_cpu(1, ''NaN'') OVER ()');
SELECT pg_temp.failure('SELECT focus_allocate_by_memory(1, ''Infinity'') OVER ()');
SELECT pg_temp.failure('SELECT focus_allocate_by_cpu_and_memory(1, 1, -1) OVER ()');
SELECT pg_temp.failure('SELECT focus_allocate_by_cpu_and_memory(1, 1, 1, -9, 1) OVER ()');
SELECT pg_temp.failure('SELECT focus_allocate_by_cpu_and_memory(1, 1, 1, 9, NULL) OVER ()');
SELECT pg_temp.failure('SELECT focus_share(''NaN'', 1) OVER ()');
SELECT pg_temp.failure('SELECT focus_share(''-Infinity'', 1) OVER ()');
SELECT pg_temp.failure('SELECT focus_share(1.230, 1, 1) OVER ()');
SELECT pg_temp.failure('SELECT focus_share(1e-20, 1, 12) OVER ()');
SELECT pg_temp.failure('SELECT focus_share(1, 1, -1) OVER ()');
SELECT pg_temp.failure('SELECT focus_share(1, 1, 1001) OVER ()');
SELECT pg_temp.failure('SELECT focus_share(1, 1, s) OVER () FROM (VALUES (2), (3)) v (s)');
SELECT pg_temp.failure('SELECT focus_share(1, 1, s) OVER () FROM (VALUES (2), (NULL)) v (s)');
SELECT pg_temp.failure('SELECT focus_allocate_by_fixed_share(1, p) OVER () FROM (VALUES (50), (49.99), (NULL)) v (p)');
SELECT pg_temp.failure('SELECT focus_allocate_by_fixed_share(1, NULL) OVER ()');
SELECT pg_temp.failure('SELECT focus_share(1e988, 1) OVER ()');
SELECT pg_temp.failure('SELECT focus_share(1, w) OVER () FROM (VALUES (1e500), (1e-500)) v (w)');
SELECT pg_temp.failure('SELECT focus_share(1, 1)');
-- The session goes on, and just below the limits it works.
SELECT sum(part) = 1e987 FROM (SELECT focus_share(1e987, w) OVER () AS part FROM (VALUES (1e498), (3e-498), (1)) v (w)) s;
SELECT sum(part) = 7 FROM (SELECT focus_share(7, w) OVER () AS part FROM (VALUES (1e5000), (3e5000)) v (w)) s;

-- Random pools.  Weights are whole, fractional, huge, tiny or zero; amounts
-- are of either sign, up to 1e60, or smaller than their count of rows.
SELECT setseed(0.42);
CREATE TEMP TABLE pool AS
SELECT pool, (ARRAY[1, 2, 3, 7, 50, 150])[1 + pool % 6] AS members,
	CASE pool % 5
		WHEN 0 THEN round((random() * 2 - 1)::numeric * 1e6, 12)
		WHEN 1 THEN round(random()::numeric * 1e4, 2) * 1e56
		WHEN 2 THEN round((random() * 2 - 1)::numeric, 2)
		WHEN 3 THEN round(random()::numeric * 50) * 1e-12
		ELSE -round(random()::numeric * 1e9, 10) * 1.000000000000000000000000000001
	END AS amount
FROM generate_series(1, 300) pool;
CREATE TEMP TABLE member AS
SELECT pool.*, member,
	CASE pool % 7
		WHEN 0 THEN 0
		WHEN 1 THEN round(random() * 10)::numeric
		WHEN 2 THEN random()::numeric
		WHEN 3 THEN random()::numeric * 1e40
		WHEN 4 THEN CASE WHEN member % 2 = 0 THEN random()::numeric * 1e-30 ELSE 1e9 END
		WHEN 5 THEN CASE WHEN member = 1 THEN 1 ELSE 0 END
		ELSE random()::numeric * 123456789.123456789
	END AS weight
FROM pool, generate_series(1, members) member;
CREATE TEMP TABLE part AS
SELECT *, focus_share(amount, weight) OVER pools AS part,
	focus_share(amount, weight, 45) OVER pools AS part45,
	focus_allocate_evenly(amount) OVER pools AS even,
	focus_allocate_by_cpu_and_memory(amount, weight, 10 * weight) OVER pools AS by_both,
	focus_share(amount, weight * 98765432109876543210987654321098765432109876543) OVER pools AS wide
FROM member WINDOW pools AS (PARTITION BY pool ORDER BY member);
SELECT count(*) AS pools, count(*) FILTER (WHERE total = amount) AS exact, count(*) FILTER (WHERE total45 = amount) AS exact45,
	count(*) FILTER (WHERE total_even = amount) AS exact_even, count(*) FILTER (WHERE total_both = amount) AS exact_both
FROM (SELECT pool, amount, sum(part) AS total, sum(part45) AS total45, sum(even) AS total_even, sum(by_both) AS total_both
	FROM part GROUP BY pool, amount) s;
CREATE TEMP TABLE checked AS
SELECT *, sum(weight) OVER (PARTITION BY pool) AS total_weight, ('1e-' || scale(part))::numeric AS unit FROM part;
-- The same ratios give the same parts, with numbers of any width.
SELECT count(*) FILTER (WHERE part IS DISTINCT FROM by_both OR part IS DISTINCT FROM wide) AS different,
	count(*) FILTER (WHERE sign(part) = -sign(amount) AND part <> 0) AS sign_lost,
	count(*) FILTER (WHERE weight = 0 AND total_weight > 0 AND part <> 0) AS for_nothing,
	count(*) FILTER (WHERE scale(part) <> greatest(scale(amount), 12) OR scale(part45) <> 45) AS wrong_scale
FROM checked;
-- Each part is less than a unit from its quotient, checked by multiplication.
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(part * total_weight - amount * weight) >= total_weight * unit) AS far
FROM checked WHERE total_weight > 0;
-- A larger weight never gets less.
SELECT count(*) AS less FROM part a JOIN part b USING (pool) WHERE a.weight > b.weight AND abs(a.part) < abs(b.part);
-- The order of rows moves single units only, never the sum.
SELECT count(*) FILTER (WHERE abs(part - backward) > unit) AS moved, sum(part) = sum(backward) AS same_sum
FROM (SELECT *, focus_share(amount, weight) OVER (PARTITION BY pool ORDER BY member DESC) AS backward FROM checked) p;

-- 100,000 rows in one partition, which goes to disk.
SET work_mem = '64kB';
CREATE TEMP TABLE large AS SELECT i, (i::bigint * 7919 % 1000)::numeric / 100 AS weight FROM generate_series(1, 100000) i;
SELECT sum(part) = -123456.789012345678 AS cost, sum(huge) = 1e60 AS huge, sum(tiny) = 0.00000009 AS tiny,
	count(*) FILTER (WHERE tiny > 0) AS tiny_rows, sum(even) = 1 AS even, sum(percent) = 77 AS percent
FROM (SELECT focus_share(-123456.789012345678, weight) OVER (ORDER BY i) AS part,
		focus_share(1e60, weight) OVER (ORDER BY i) AS huge,
		focus_share(0.00000009, weight, 12) OVER (ORDER BY i) AS tiny,
		focus_allocate_evenly(1, 7) OVER (ORDER BY i) AS even,
		focus_allocate_by_fixed_share(77, 0.001) OVER (ORDER BY i) AS percent
	FROM large) s;
RESET work_mem;

-- Catalog: window functions, each explained, with the promises made.
SELECT p.oid::regprocedure AS function, provolatile, proparallel, proisstrict, obj_description(p.oid) IS NOT NULL AS explained
FROM pg_proc p WHERE proname ~ '^focus_(share|allocate_)' AND prokind = 'w' ORDER BY p.oid::regprocedure::text COLLATE "C";
