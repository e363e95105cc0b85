-- The scan node: projection, skipping, filters by dictionary, security, and
-- everything that an executor may ask of a scan.
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
SET focus.enable_aggregate = off;
\getenv abs_srcdir PG_ABS_SRCDIR
\set functions :abs_srcdir '/test/sql/explain.sql'
\i :functions

CREATE FUNCTION explain_json(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE result json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO result;
    RETURN result;
END $$;

CREATE TABLE heap_t (
    id int, name text, cost numeric, qty numeric(10,2), ts timestamptz, day date, big bigint, flag bool, note text
) USING heap;
INSERT INTO heap_t
SELECT i, CASE WHEN i % 7 <> 0 THEN 'name ' || i / 1000 END, i % 1000 * 0.01, i % 40 * 0.25,
       timestamptz '2026-01-01 00:00+00' + i / 100 * interval '1 hour', date '2026-01-01' + i / 1000,
       i::bigint * 1000000007 % 100003, CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END, 'note ' || i
FROM generate_series(1, 8000) i;

-- Three groups, a delta, tombstones
CREATE TABLE t (LIKE heap_t) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t WHERE id <= 3000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 3001 AND 6000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 6001 AND 7990;
SET focus.debug_force_groups = off;
INSERT INTO t SELECT * FROM heap_t WHERE id > 7990;
DELETE FROM heap_t WHERE id % 500 = 1;
DELETE FROM t WHERE id % 500 = 1;
ANALYZE t;

CREATE FUNCTION differences(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) d',
                   '(' || query || ')', '(' || replace(query, 'FROM t', 'FROM heap_t') || ')') INTO n;
    RETURN n;
END $$;

-- Columns and skipping
SELECT explain('SELECT count(*) FROM t');
SELECT explain('SELECT id, cost FROM t WHERE ts < ''2026-01-01 12:00+00''');
SELECT explain('SELECT id FROM t WHERE id BETWEEN 3500 AND 3600');
SELECT explain('SELECT id FROM t WHERE 6500 <= id');
SELECT explain('SELECT id FROM t WHERE id IN (17, 6500, 9999)');
SELECT explain('SELECT id FROM t WHERE name = ''name 4''');
SELECT explain('SELECT id FROM t WHERE name IN (''name 0'', ''name 99'')');
SELECT explain('SELECT id FROM t WHERE name = ''name 0'' OR id > 6500');
SELECT explain('SELECT id FROM t WHERE name LIKE ''%4''');
SELECT explain('SELECT id FROM t WHERE cost > 100');
SELECT explain('SELECT id FROM t WHERE id IS NULL');
SELECT explain('SELECT id FROM t WHERE day >= date_trunc(''day'', timestamptz ''2026-01-06 05:00+00'')');
SELECT explain('SELECT id FROM t WHERE id = big');
EXPLAIN (COSTS OFF) SELECT name, sum(cost) FROM t WHERE name LIKE '%4' GROUP BY name;
SELECT key, value FROM explain_json('SELECT id FROM t WHERE id = 1'), json_each_text(explain_json->0->'Plan') WHERE key ~ '^Col|Groups|Vectors|Delta|Tomb';

-- Answers as from heap
SELECT query, differences(query) FROM (VALUES
    ('SELECT * FROM t'),
    ('SELECT id, note FROM t WHERE name IS NULL AND cost < 1.5'),
    ('SELECT id FROM t WHERE NOT (flag AND cost >= 5) OR big % 10 = 3'),
    ('SELECT id FROM t WHERE (flag IS NULL OR qty = 2.5) AND (name > ''name 3'' OR ts < ''2026-01-02 00:00+00'')'),
    ('SELECT id FROM t WHERE cost = ANY (ARRAY[1.5, 2.50, NULL, 1e9])'),
    ('SELECT id FROM t WHERE cost <> 1.50 AND qty <> 999999999999'),
    ('SELECT id FROM t WHERE cost < 12345678901234567890123'),
    ('SELECT id FROM t WHERE cost > 4.999'),
    ('SELECT id FROM t WHERE cost > ''NaN'' OR cost < ''-Infinity'''),
    ('SELECT id FROM t WHERE upper(name) = ''NAME 3'' AND day = date ''2026-01-04'''),
    ('SELECT id FROM t WHERE name = NULL OR id = ANY (NULL::int[])'),
    ('SELECT name, flag, count(*), sum(cost), min(ts), max(note) FROM t GROUP BY name, flag')) q(query);
SELECT t FROM t WHERE id = 4711;
SELECT tableoid::regclass, ctid, id FROM t WHERE id IN (2, 3002, 7991);
SELECT xmin = xmax, cmin IS NULL, id FROM t WHERE id = 3002;

-- Parallel
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT count(*), sum(cost) FROM t WHERE id > 3000;
SELECT line FROM explain('SELECT count(*) FROM t WHERE id > 3000') line
WHERE line ~ 'Groups|Vectors|Delta|Tombstones';
SELECT count(*), sum(cost) FROM t WHERE id > 3000;
SELECT count(*), sum(cost) FROM heap_t WHERE id > 3000;
SET max_parallel_workers_per_gather = 0;

-- Parameters: bound ones, of a join, of subqueries
SET plan_cache_mode = force_generic_plan;
PREPARE bound(int, text) AS SELECT id FROM t WHERE id < $1 AND name = $2;
SELECT explain('EXECUTE bound(500, ''name 0'')');
SELECT explain('EXECUTE bound(NULL, ''name 0'')');
RESET plan_cache_mode;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT explain('SELECT v, n FROM (VALUES (10), (4000), (7995)) v(v), LATERAL (SELECT count(*) AS n FROM t WHERE id = v) s');
SELECT v, n FROM (VALUES (10), (4000), (7995), (NULL)) v(v), LATERAL (SELECT count(*) AS n FROM t WHERE id < v) s;
SELECT v, (SELECT sum(cost) FROM t WHERE name = 'name ' || v) FROM generate_series(0, 8, 4) v;
SELECT line FROM explain('SELECT id FROM t WHERE id > (SELECT 7000 + 989)') line WHERE line ~ 'Groups|Vectors';
RESET enable_hashjoin;
RESET enable_mergejoin;

-- Cursors, both ways
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM t WHERE id % 1000 = 999;
FETCH 3 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH ALL FROM c;
FETCH BACKWARD ALL FROM c;
FETCH FIRST FROM c;
MOVE LAST IN c;
FETCH RELATIVE -3 FROM c;
COMMIT;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM t WHERE id IN (2999, 7999) FOR UPDATE;
FETCH c;
UPDATE t SET note = 'here' WHERE CURRENT OF c;
FETCH c;
DELETE FROM t WHERE CURRENT OF c;
COMMIT;
SELECT id, note FROM t WHERE id IN (2999, 7999);

-- Changes
SELECT explain('UPDATE t SET cost = cost + 1 WHERE id BETWEEN 100 AND 102');
DELETE FROM t WHERE id = 101 RETURNING id, cost, note;
SELECT id, cost FROM t WHERE id BETWEEN 99 AND 103 ORDER BY id;
WITH moved AS (UPDATE t SET note = 'moved' WHERE id = 4000 RETURNING *) SELECT count(*) FROM moved, t WHERE t.id = moved.id;
SELECT id FROM t WHERE id = 4000 FOR SHARE;

-- Columns that a group does not have
ALTER TABLE t ADD COLUMN added int DEFAULT 7, DROP COLUMN big;
UPDATE t SET added = 8 WHERE id = 5;
SELECT added, count(*) FROM t GROUP BY added ORDER BY added;
SELECT id FROM t WHERE added <> 7;
SELECT explain('SELECT id FROM t WHERE added = 8 AND id < 100');

-- An error is about rows that get that far only: not about those that another
-- condition or a tombstone removes
CREATE TABLE e (a int, b int) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO e SELECT i % 5, i % 3 FROM generate_series(1, 3000) i;
RESET focus.debug_force_groups;
SELECT count(*) FROM e WHERE a > 0 AND 10 / a > 3;
SELECT count(*) FROM e WHERE 10 / a > 3 AND b < 0;
SELECT count(*) FROM e WHERE a = 0 OR 10 / a > 3;
DELETE FROM e WHERE a = 0;
SELECT count(*) FROM e WHERE 10 / a > 3;
PREPARE fails(int) AS SELECT count(*) FROM e WHERE b > 5 AND a > 10 / $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE fails(0);
RESET plan_cache_mode;

-- Row-level security and security barriers: what may not be seen is not shown
-- to functions of the user's either
CREATE ROLE regress_focus_reader;
GRANT SELECT ON t TO regress_focus_reader;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t TO regress_focus_reader USING (name = 'name 3' OR id = 7);
CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM t WHERE day = '2026-01-02' AND id < 1008;
GRANT SELECT ON barrier TO regress_focus_reader;
CREATE FUNCTION leak(value text) RETURNS bool LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS
$$ BEGIN RAISE NOTICE 'seen: %', value; RETURN true; END $$;
SET ROLE regress_focus_reader;
SELECT count(*) FROM t WHERE leak(name);
SELECT count(*) FROM t WHERE leak(name) AND id < 100;
SELECT count(*) FROM t WHERE 10 / (id - 1) < 5;
RESET ROLE;
SELECT count(*) FROM barrier WHERE leak(name) AND flag;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;

-- Where the node is not used
SET focus.enable_scan = off;
EXPLAIN (COSTS OFF) SELECT id FROM t WHERE id = 1;
RESET focus.enable_scan;
EXPLAIN (COSTS OFF) SELECT id FROM t TABLESAMPLE system (10);
EXPLAIN (COSTS OFF) SELECT id FROM heap_t WHERE id = 1;

-- Partitions, inheritance
CREATE TABLE part (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE part_a PARTITION OF part FOR VALUES FROM (0) TO (100) USING focus;
CREATE TABLE part_b PARTITION OF part FOR VALUES FROM (100) TO (200) USING heap;
INSERT INTO part SELECT i, 'v' || i FROM generate_series(0, 199) i;
EXPLAIN (COSTS OFF) SELECT * FROM part WHERE v = 'v7';
SELECT tableoid::regclass, * FROM part WHERE v IN ('v7', 'v107') ORDER BY id;
UPDATE part SET id = 150, v = 'new' WHERE v = 'v7' RETURNING tableoid::regclass, *;

DROP VIEW barrier;
DROP TABLE t, heap_t, e, part;
DROP FUNCTION leak(text), explain(text), explain_json(text), differences(text);
DROP ROLE regress_focus_reader;
