-- SELECT DISTINCT by vectors
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE heap_t (id int, name text, cost numeric, ts timestamptz, flag bool, js jsonb, f8 float8) USING heap;
INSERT INTO heap_t
SELECT i, CASE WHEN i % 7 <> 0 THEN 'name ' || i % 20 END, CASE i % 4 WHEN 0 THEN 1.0 WHEN 1 THEN 1.00 WHEN 2 THEN i % 50 END,
       timestamptz '2026-01-01' + i / 20 * interval '1 hour', CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END,
       jsonb_build_object('k', CASE i % 2 WHEN 0 THEN 1.0 ELSE i % 9 END), CASE i % 4 WHEN 0 THEN '-0' WHEN 1 THEN '0' ELSE '1' END::float8
FROM generate_series(1, 6000) i;
CREATE TABLE t (LIKE heap_t) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t WHERE id <= 3000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 3001 AND 5990;
RESET focus.debug_force_groups;
INSERT INTO t SELECT * FROM heap_t WHERE id > 5990;
DELETE FROM t WHERE id % 100 = 5;
DELETE FROM heap_t WHERE id % 100 = 5;
ANALYZE t;
ANALYZE heap_t;
CREATE FUNCTION differences(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint; reason text; line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        reason := coalesce(substring(line FROM 'FocusAggregate'), substring(line FROM 'Not Vectorized: .*'), reason);
    END LOOP;
    EXECUTE format('SELECT count(*) FROM ((SELECT a::text FROM (%1$s) a EXCEPT ALL SELECT b::text FROM (%2$s) b) UNION ALL
                    (SELECT b::text FROM (%2$s) b EXCEPT ALL SELECT a::text FROM (%1$s) a)) d',
                   query, replace(query, 'FROM t', 'FROM heap_t')) INTO n;
    RETURN concat_ws(' by ', n, reason);
END $$;

EXPLAIN (COSTS OFF) SELECT DISTINCT name, flag FROM t WHERE id > 100 ORDER BY flag, name;
SELECT DISTINCT flag, name FROM t WHERE id > 100 AND name < 'name 11' ORDER BY flag DESC, name LIMIT 5;
SELECT DISTINCT flag, name FROM heap_t WHERE id > 100 AND name < 'name 11' ORDER BY flag DESC, name LIMIT 5;

CREATE TABLE queries (n int, query text);
INSERT INTO queries VALUES
    (1, 'SELECT DISTINCT name FROM t'),
    (2, 'SELECT DISTINCT name, flag FROM t WHERE id % 2 = 0'),
    (3, 'SELECT DISTINCT cost FROM t'),
    (4, 'SELECT DISTINCT flag, trim_scale(cost) FROM t'),
    (5, 'SELECT DISTINCT upper(name), date_trunc(''day'', ts), name, name FROM t'),
    (6, 'SELECT DISTINCT name FROM t WHERE id < 0'),
    (7, 'SELECT DISTINCT name, ''x'', 1 FROM t WHERE id < 500'),
    (8, 'SELECT DISTINCT js ->> ''k'', f8 FROM t'),
    (9, 'SELECT DISTINCT name || flag::text FROM t ORDER BY 1'),
    (10, 'SELECT DISTINCT name FROM t WHERE ts IN (SELECT ts FROM t WHERE id < 50)'),
    (11, 'SELECT DISTINCT js FROM t'),
    (12, 'SELECT count(*) FROM (SELECT DISTINCT flag, ts FROM t) s'),
    (13, 'SELECT f, s.name FROM (VALUES (true), (NULL)) v(f), LATERAL (SELECT DISTINCT name FROM t WHERE flag IS NOT DISTINCT FROM f) s'),
    -- groups first
    (20, 'SELECT DISTINCT sum(id) % 2 FROM t GROUP BY name'),
    (21, 'SELECT DISTINCT ON (sum(id) % 2) sum(id) % 2 FROM t GROUP BY name'),
    -- left to core
    (30, 'SELECT DISTINCT ON (name) name, id FROM t ORDER BY name, id'),
    (31, 'SELECT DISTINCT s FROM t s'),
    (32, 'SELECT DISTINCT xmin IS NULL FROM t'),
    (33, 'SELECT DISTINCT name, random() < 2 FROM t'),
    (34, 'SELECT DISTINCT generate_series(1, 2), name FROM t'),
    (35, 'SELECT DISTINCT name, count(*) OVER () FROM t'),
    (36, 'SELECT name FROM t UNION SELECT name FROM t');
SELECT n, differences(query) FROM queries ORDER BY n;
SET focus.enable_aggregate = off;
SELECT n, differences(query) FROM queries WHERE n = 1;
RESET focus.enable_aggregate;

-- In parallel
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT n, differences(query) FROM queries WHERE n < 20 ORDER BY n;
EXPLAIN (COSTS OFF) SELECT DISTINCT flag, trim_scale(cost) FROM t;
SET max_parallel_workers_per_gather = 0;

-- More groups than memory
SET work_mem = 64;
SET hash_mem_multiplier = 1;
SELECT differences('SELECT DISTINCT ts, flag FROM t');
RESET work_mem;
RESET hash_mem_multiplier;

-- More values than were expected
CREATE FUNCTION gen(n int) RETURNS SETOF int LANGUAGE plpgsql IMMUTABLE ROWS 10 AS 'BEGIN RETURN QUERY SELECT i FROM generate_series(1, n) i; END';
SELECT differences('SELECT DISTINCT name, flag FROM t WHERE id + 0 IN (SELECT gen FROM gen(100))'),
       differences('SELECT DISTINCT name, flag FROM t WHERE id + 0 IN (SELECT gen FROM gen(5000))');
EXPLAIN (COSTS OFF) SELECT DISTINCT name, flag FROM t WHERE id + 0 IN (SELECT gen FROM gen(5000));
DROP FUNCTION gen(int);

-- Partitions
CREATE TABLE t_parts (LIKE heap_t) PARTITION BY LIST (flag);
CREATE TABLE t_focus PARTITION OF t_parts FOR VALUES IN (true) USING focus;
CREATE TABLE t_rest PARTITION OF t_parts DEFAULT USING heap;
INSERT INTO t_parts SELECT * FROM heap_t;
ANALYZE t_parts;
EXPLAIN (COSTS OFF) SELECT DISTINCT name FROM t_parts ORDER BY name;
SELECT count(*) FROM ((SELECT DISTINCT name, flag FROM t_parts) EXCEPT ALL (SELECT DISTINCT name, flag FROM heap_t)) d;
SELECT count(*) FROM ((SELECT DISTINCT name, flag FROM heap_t) EXCEPT ALL (SELECT DISTINCT name, flag FROM t_parts)) d;
DROP TABLE t, heap_t, t_parts, queries;
DROP FUNCTION differences(text);
