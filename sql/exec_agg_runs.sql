-- Aggregation by vectors: runs of rows in one group, decimals that their sums show, and numbers of rows.
SET max_parallel_workers_per_gather = 0;
CREATE TABLE heap_t (id int, run text, scattered int, fixed numeric, trimmed numeric, mixed numeric) USING heap;
INSERT INTO heap_t
SELECT i, CASE WHEN i % 1000 > 40 THEN 'run ' || i / 300 END, i * 7919 % 13,
       CASE WHEN i % 9 <> 0 THEN (i * 104729 % 99991 * 0.00010)::numeric(20, 10) END,
       trim_scale((i * 104729 % 99991 - 50000) * CASE WHEN i = 2777 THEN 0.00000000000001 WHEN i % 300 < 250 THEN 0.01 ELSE 10 END),
       CASE WHEN i / 100 % 2 = 0 THEN trim_scale(i * 1.10) ELSE round(i * 1.1, i / 2000 + 1) END
FROM generate_series(1, 6000) i;
CREATE TABLE t (LIKE heap_t) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t WHERE id <= 2500;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 2501 AND 4000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 4001 AND 5990;
RESET focus.debug_force_groups;
INSERT INTO t SELECT * FROM heap_t WHERE id > 5990;
ANALYZE t;

-- Numbers of rows come from the directory: no vector is decoded.
\getenv abs_srcdir PG_ABS_SRCDIR
\set functions :abs_srcdir '/test/sql/explain.sql'
\i :functions
\set functions :abs_srcdir '/test/sql/differences.sql'
\i :functions
SELECT count(*), count(*) + 1 AS more FROM t;
SELECT line FROM explain('SELECT count(*) FROM t') AS line WHERE line !~ 'Memory';
DELETE FROM t WHERE id % 10 = 3 OR id BETWEEN 2501 AND 3000;
DELETE FROM heap_t WHERE id % 10 = 3 OR id BETWEEN 2501 AND 3000;
SELECT (SELECT count(*) FROM t) = (SELECT count(*) FROM heap_t) AS same;
SELECT line FROM explain('SELECT count(*) FROM t') AS line WHERE line ~ '(Vectors|Tombstones|Delta)';
SELECT line FROM explain('SELECT count(*) FROM t WHERE id > 0') AS line WHERE line ~ '(Vectors|Tombstones|Delta)';
BEGIN;
DELETE FROM t WHERE id < 100;
SELECT (SELECT count(*) FROM t) = (SELECT count(*) FROM heap_t WHERE id >= 100) AS same;
ROLLBACK;

CREATE TABLE queries (n serial, query text);
INSERT INTO queries (query) VALUES
    ('SELECT sum(fixed), sum(trimmed), sum(mixed), avg(mixed), count(*) FROM t'),
    ('SELECT run, sum(fixed), sum(trimmed), sum(mixed), count(*), count(fixed) FROM t GROUP BY run'),
    ('SELECT scattered, sum(fixed), sum(trimmed), sum(mixed), count(*) FROM t GROUP BY scattered'),
    ('SELECT run, scattered, sum(fixed), sum(trimmed), sum(mixed), count(*) FROM t GROUP BY run, scattered'),
    ('SELECT run, scattered % 3, id / 7, sum(fixed), sum(mixed) FROM t GROUP BY 1, 2, 3'),
    ('SELECT run, sum(trimmed) FROM t WHERE id % 300 >= 250 GROUP BY run'),
    ('SELECT run, sum(mixed) FILTER (WHERE scattered > 5), count(*) FILTER (WHERE fixed IS NULL) FROM t GROUP BY run'),
    ('SELECT run, sum(CASE WHEN scattered < 4 THEN fixed WHEN id > 3000 THEN mixed END) FROM t GROUP BY run'),
    ('SELECT sum(mixed) FROM t WHERE id BETWEEN 2000 AND 2100 OR id > 5000'),
    ('SELECT run, count(DISTINCT scattered), count(DISTINCT run), count(DISTINCT id), count(DISTINCT mixed) FROM t GROUP BY run'),
    ('SELECT scattered, count(DISTINCT run), count(DISTINCT upper(run)), count(DISTINCT scattered + id % 2) FROM t GROUP BY scattered'),
    ('SELECT count(DISTINCT run) FILTER (WHERE scattered = 3), count(DISTINCT id / 10) FROM t'),
    ('SELECT run, sum(mixed) FROM t WHERE scattered >= 0 AND scattered < 13 AND id <= 6000 AND run IS NOT NULL GROUP BY run'),
    ('SELECT scattered, sum(mixed) FROM t WHERE scattered <> 5 AND fixed >= 0 GROUP BY scattered');
SELECT n, differences(query) FROM queries ORDER BY n;

DROP TABLE t, heap_t, queries;
DROP FUNCTION differences(text);
DROP FUNCTION explain(text);
