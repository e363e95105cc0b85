-- Aggregation by vectors: count(DISTINCT ...), and complete groups that need
-- more memory than was expected.
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE heap_t (id int, name text, cost numeric, ts timestamptz, flag bool, u uuid, res text) USING heap;
INSERT INTO heap_t
SELECT i, CASE WHEN i % 7 <> 0 THEN 'name ' || i % 20 END, CASE WHEN i % 11 <> 0 THEN i % 300 * 0.01 END,
       timestamptz '2026-01-01' + i / 20 * interval '1 hour', CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END, md5((i % 70)::text)::uuid,
       'resource ' || i % 1500
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
\getenv abs_srcdir PG_ABS_SRCDIR
\set functions :abs_srcdir '/test/sql/differences.sql'
\i :functions

EXPLAIN (COSTS OFF) SELECT name, count(DISTINCT res) FROM t GROUP BY 1 HAVING sum(cost) > 10 ORDER BY 2 DESC;
SELECT query, differences(query) FROM (VALUES
    ('SELECT count(DISTINCT res) FROM t'),
    ('SELECT count(DISTINCT name), count(DISTINCT cost), count(DISTINCT ts), count(DISTINCT flag), count(DISTINCT u) FROM t'),
    ('SELECT count(DISTINCT name) FROM t WHERE id < 0'),
    ('SELECT name, count(DISTINCT res) FROM t WHERE id < 0 GROUP BY name'),
    ('SELECT name, count(DISTINCT res) FROM t GROUP BY name'),
    ('SELECT name, flag, count(DISTINCT res), count(DISTINCT u), count(*), sum(cost), avg(cost), max(res) FROM t GROUP BY name, flag'),
    ('SELECT flag, count(DISTINCT res) FILTER (WHERE cost > 1), count(DISTINCT upper(name)) FILTER (WHERE flag) FROM t GROUP BY flag'),
    ('SELECT count(DISTINCT name || flag), count(DISTINCT id % 13), count(DISTINCT 1), count(DISTINCT NULL::int) FROM t'),
    ('SELECT name FROM t GROUP BY name HAVING count(DISTINCT res) > 200'),
    ('SELECT name, count(DISTINCT res) * 2 FROM t GROUP BY name HAVING count(DISTINCT res) > (SELECT 200)'),
    ('SELECT date_trunc(''day'', ts), count(DISTINCT res) FROM t GROUP BY 1'),
    ('SELECT name, flag FROM t GROUP BY name, flag'),
    ('SELECT count(*) FROM (SELECT count(DISTINCT name) FROM t GROUP BY res OFFSET 0) s')) q(query);
SELECT v, (SELECT count(DISTINCT name) FILTER (WHERE id < v) FROM t) FROM (VALUES (3), (5000), (NULL), (30)) v(v);

-- Expected to be too much: not planned so
SET work_mem = 64;
SET hash_mem_multiplier = 1;
SELECT differences('SELECT ts, count(DISTINCT res) FROM t GROUP BY ts');
RESET work_mem;
RESET hash_mem_multiplier;

-- Found to be too much: another plan does it, again and again
CREATE TABLE grown (k int, v int, w numeric) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO grown SELECT 1, 1, 1 FROM generate_series(1, 1000) i;
ANALYZE grown;
INSERT INTO grown SELECT i % 5000, i, i * 0.5 FROM generate_series(1, 20000) i;
RESET focus.debug_force_groups;
SET work_mem = 64;
SET hash_mem_multiplier = 1;
CREATE FUNCTION explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
        IF line ~ 'Focus|Aggregate|Exceeded|Sort' AND line !~ 'Sort (Method|Key)' THEN
            RETURN NEXT regexp_replace(line, '\(actual rows=(\d+)(\.\d+)? loops=(\d+)\)', '(rows \1, loops \3)');
        END IF;
    END LOOP;
END $$;
SELECT explain('SELECT k, count(DISTINCT v) FROM grown GROUP BY k');
SELECT explain('SELECT k, sum(w) FROM grown GROUP BY k');
SELECT count(*), sum(n), max(s) FROM (SELECT k, count(DISTINCT v) + 0 AS n, sum(w) AS s FROM grown GROUP BY k HAVING count(*) > 3) g;
SELECT x, (SELECT count(DISTINCT v) FROM grown WHERE k < x) FROM (VALUES (1), (4000), (2), (NULL), (5000)) x(x);
SELECT x, (SELECT sum(n) FROM (SELECT count(*) AS n FROM grown WHERE k < x GROUP BY k OFFSET 0) g) FROM (VALUES (1), (4000), (2)) x(x);

-- Scales that no sum can have both of, and a dictionary, take little memory.
SELECT explain('SELECT sum(CASE WHEN v % 4 < 2 THEN 1 ELSE 1e-20 END) FROM grown');
SELECT sum(CASE WHEN v % 4 < 2 THEN 1 ELSE 1e-20 END), avg(CASE WHEN v % 4 < 2 THEN 1e-20 ELSE -1 END) FROM grown;
SELECT explain('SELECT k % 2, count(*) FROM grown GROUP BY 1');

-- The other plan is shown once.
SELECT explain('SELECT (SELECT sum(n) FROM (SELECT count(*) AS n FROM grown WHERE k < x GROUP BY k OFFSET 0) g) FROM (VALUES (4000), (4500), (5000)) x(x)');

-- Not where it would be noticed that rows are filtered twice
CREATE SEQUENCE seen;
SELECT count(*) FROM (SELECT k, count(*) FROM grown WHERE nextval('seen') > 0 GROUP BY k OFFSET 0) g;
SELECT last_value FROM seen;
RESET work_mem;
RESET hash_mem_multiplier;

DROP SEQUENCE seen;
DROP TABLE t, heap_t, grown;
DROP FUNCTION differences(text), explain(text);
