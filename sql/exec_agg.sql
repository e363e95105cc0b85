-- Aggregation by vectors: complete groups, or states as core makes them.
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE heap_t (id int, name text, label varchar(10), cost numeric, odd numeric, ts timestamptz, flag bool) USING heap;
INSERT INTO heap_t
SELECT i, CASE WHEN i % 7 <> 0 THEN 'name ' || i % 20 END, CASE i % 3 WHEN 0 THEN '' WHEN 1 THEN 'l' || i / 1000 END,
       CASE WHEN i % 11 <> 0 THEN (i % 2000 - 700) * 0.001 END, i, timestamptz '2026-01-01' + i * interval '10 minutes',
       CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END
FROM generate_series(1, 6000) i;

-- Scales that differ by group of rows, and numbers that fill 64 bits
UPDATE heap_t SET odd = 9223372036854775807 - id WHERE id BETWEEN 2001 AND 3000;
UPDATE heap_t SET odd = id * 0.000000000000001 WHERE id BETWEEN 3001 AND 4000;
UPDATE heap_t SET odd = (id || '.123456789012345678901234567890123456789')::numeric WHERE id BETWEEN 4001 AND 4010;
UPDATE heap_t SET odd = 'NaN' WHERE id = 5001;
UPDATE heap_t SET odd = 'Infinity' WHERE id = 5500;
UPDATE heap_t SET odd = id * -1.50 WHERE id > 5990;
CREATE TABLE t (LIKE heap_t) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t WHERE id <= 2000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 2001 AND 3000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 3001 AND 4000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 4001 AND 5000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 5001 AND 5990;
RESET focus.debug_force_groups;
INSERT INTO t SELECT * FROM heap_t WHERE id > 5990;
DELETE FROM t WHERE id % 100 = 5;
DELETE FROM heap_t WHERE id % 100 = 5;
ANALYZE t;

\getenv abs_srcdir PG_ABS_SRCDIR
\set functions :abs_srcdir '/test/sql/differences.sql'
\i :functions

EXPLAIN (COSTS OFF) SELECT name, sum(cost) / count(*) FROM t GROUP BY name HAVING count(*) > 3 ORDER BY 2;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FILTER (WHERE name LIKE '%1') AS n FROM t;

CREATE TABLE queries (n int, query text);
INSERT INTO queries VALUES
    (1, 'SELECT count(*) FROM t'),
    (2, 'SELECT count(*), count(cost), sum(cost), avg(cost) FROM t'),
    (3, 'SELECT count(*), count(cost), sum(cost), avg(cost) FROM t WHERE id < 0'),
    (4, 'SELECT sum(odd), avg(odd) FROM t WHERE id <= 4010'),
    (5, 'SELECT sum(odd), avg(odd) FROM t WHERE id <> 5001'),
    (6, 'SELECT sum(odd), avg(odd) FROM t'),
    (7, 'SELECT name, sum(odd), avg(cost) FROM t WHERE id < 5000 GROUP BY name'),
    (8, 'SELECT name, label, flag, sum(cost), count(label) FROM t GROUP BY name, label, flag'),
    (9, 'SELECT date_trunc(''day'', ts), upper(name), sum(cost) FROM t GROUP BY 1, 2'),
    (10, 'SELECT cost, count(*) FROM t GROUP BY cost'),
    (11, 'SELECT ts, sum(cost) FROM t GROUP BY ts'),
    (12, 'SELECT label, sum(cost) FILTER (WHERE name IS NULL OR id > 3000), count(*) FILTER (WHERE cost > 0.5 AND flag) FROM t GROUP BY label'),
    (13, 'SELECT flag, sum(cost) FROM t WHERE id % 2 = 0 AND cost <> odd GROUP BY flag'),
    (14, 'SELECT name FROM t GROUP BY name HAVING sum(cost) > 50'),
    (15, 'SELECT coalesce(label, ''none''), sum(cost) + 1 FROM t GROUP BY coalesce(label, ''none'')'),
    (18, 'SELECT date_trunc(''hour'', ts), flag, sum(cost) FROM t GROUP BY 1, 2'),
    (16, 'SELECT name, sum(cost) FROM t WHERE random() < 2 GROUP BY name'),
    (17, 'SELECT name, sum(cost) FROM t WHERE EXISTS (SELECT 1 FROM queries q WHERE q.n = id % 30) GROUP BY name');
SELECT n, differences(query) FROM queries ORDER BY n;

-- In parallel
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT n, differences(query) FROM queries ORDER BY n;
EXPLAIN (COSTS OFF) SELECT name, sum(cost) FROM t GROUP BY name;
SET max_parallel_workers_per_gather = 0;

-- More groups than memory: they are returned in parts
SET work_mem = 64;
SET hash_mem_multiplier = 1;
SELECT n, differences(query) FROM queries WHERE n IN (8, 18) ORDER BY n;
RESET work_mem;
RESET hash_mem_multiplier;

-- A subquery in the filter is asked about rows, not about groups
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT count(*) FROM plan_of('SELECT sum(cost) FROM t WHERE EXISTS (SELECT 1 FROM queries q WHERE q.n = id) OR flag') AS line
WHERE line ~ 'Filter: .*hashed SubPlan';
DROP FUNCTION plan_of(text);
SELECT differences('SELECT sum(cost) FROM t WHERE EXISTS (SELECT 1 FROM queries q WHERE q.n = id) OR flag');

-- Parameters
SET plan_cache_mode = force_generic_plan;
PREPARE p(int, text) AS SELECT count(*), sum(cost) FROM t WHERE id < $1 AND name = $2;
EXECUTE p(1000, 'name 1');
EXECUTE p(NULL, 'name 1');
RESET plan_cache_mode;
SELECT v, (SELECT sum(cost) FROM t WHERE id < v) FROM (VALUES (100), (5), (NULL)) v(v);
EXPLAIN (COSTS OFF) SELECT v, (SELECT sum(cost) FROM t WHERE id < v) FROM generate_series(100, 200, 100) v;

-- A parameter in FILTER, over one row group
CREATE TABLE one (name text, cost numeric) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO one SELECT 'n' || i % 3, i FROM generate_series(1, 2000) i;
RESET focus.debug_force_groups;
SELECT v, (SELECT count(*) FILTER (WHERE name = v) FROM one) FROM (VALUES ('n0'), ('n1'), ('n2'), ('n3'), ('n1')) v(v);
DROP TABLE one;

-- Columns that depend on the key
ALTER TABLE t ADD PRIMARY KEY (id);
ALTER TABLE heap_t ADD PRIMARY KEY (id);
SELECT differences('SELECT id, label, cost, count(*) FROM t GROUP BY id');
ALTER TABLE t DROP CONSTRAINT t_pkey;
ALTER TABLE heap_t DROP CONSTRAINT heap_t_pkey;

-- Keys that are shown more than once, and parts of expressions
SELECT differences('SELECT coalesce(label, name), coalesce(label, name), coalesce(label, name) || ''x'', count(*) FROM t GROUP BY coalesce(label, name)');
SELECT differences('SELECT max(lower(name)) || upper(name), upper(name) FROM t GROUP BY upper(name) HAVING upper(name) > ''N'' AND sum(cost) > 0');

-- What the node leaves to others
CREATE FUNCTION aggregates(query text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'FocusAggregate' THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;
SELECT query, aggregates(query) FROM (VALUES
    ('SELECT max(cost) FROM t'),
    ('SELECT count(DISTINCT name) FROM t'),
    ('SELECT sum(cost ORDER BY id) FROM t'),
    ('SELECT sum(cost + odd) FROM t'),
    ('SELECT name, sum(cost) FROM t GROUP BY ROLLUP (name)'),
    ('SELECT name || label, sum(cost) FROM t GROUP BY 1'),
    ('SELECT count(*) FROM t WHERE xmin = ''1'''),
    ('SELECT count(xmin) FROM t'),
    ('SELECT random(), sum(cost) FROM t GROUP BY 1'),
    ('SELECT count(*) FROM t TABLESAMPLE system (10)'),
    ('SELECT count(*) FROM t a JOIN t b USING (id)'),
    ('SELECT count(*) FROM heap_t')) q(query);
SET focus.enable_aggregate = off;
SELECT aggregates('SELECT count(*) FROM t');
RESET focus.enable_aggregate;
CREATE FUNCTION why_not(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE) ' || query LOOP
        IF line ~ 'Not Vectorized' THEN RETURN btrim(line); END IF;
    END LOOP;
    RETURN NULL;
END $$;
SELECT query, why_not(query) FROM (VALUES
    ('SELECT sum(cost) FROM t'),
    ('SELECT stddev(cost) FROM t'),
    ('SELECT sum(cost ORDER BY id) FROM t'),
    ('SELECT name, sum(cost * random()::int) FROM t GROUP BY name'),
    ('SELECT name, sum(cost) FROM t GROUP BY ROLLUP (name)'),
    ('SELECT random(), count(*) FROM t GROUP BY 1'),
    ('SELECT count(*) FROM t WHERE xmin = ''1'''),
    ('SELECT count(*) FROM t WHERE now() IS NULL'),
    ('SELECT id FROM t'),
    ('SELECT sum(DISTINCT cost) FROM t')) q(query);

-- Rows that a role may not see
CREATE ROLE regress_focus_reader;
GRANT SELECT ON t TO regress_focus_reader;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t TO regress_focus_reader USING (name = 'name 3');
SET ROLE regress_focus_reader;
SELECT name, count(*), sum(cost) FROM t GROUP BY name;
SELECT count(*) FROM t WHERE 1 / (id - 1) >= 0;
RESET ROLE;

DROP TABLE t, heap_t, queries;
DROP FUNCTION differences(text), aggregates(text), why_not(text);
DROP ROLE regress_focus_reader;
