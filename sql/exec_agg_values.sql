-- Aggregation by vectors: what aggregates take of rows.
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE heap_t (
    id int, small smallint, big bigint, huge bigint, cost numeric, odd numeric, name text, label varchar(10), posix text COLLATE "POSIX",
    ts timestamptz, day date, tod time, code char(3), ratio float8, u uuid, span interval, flag bool) USING heap;
INSERT INTO heap_t
SELECT i, i % 100 - 50, CASE WHEN i % 13 <> 0 THEN i::bigint * 1000003 END, 9223372036854775807 - i % 3,
       CASE WHEN i % 11 <> 0 THEN (i * 7919 % 4000 - 1000) * 0.001 END, i,
       CASE WHEN i % 7 <> 0 THEN 'name ' || i % 23 END, CASE i % 3 WHEN 0 THEN '' WHEN 1 THEN 'l' || i / 1000 END, 'P' || i % 37,
       timestamptz '2026-01-01' + i * 7 % 5000 * interval '10 minutes', date '2026-01-01' + i % 90, time '00:00' + i * interval '1 second',
       'c' || i % 5, CASE i % 50 WHEN 0 THEN 'NaN' ELSE i / 7.0 END, md5((i % 9)::text)::uuid, i % 40 * interval '1 day',
       CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END
FROM generate_series(1, 5000) i;
UPDATE heap_t SET odd = id * 0.000000000000001 WHERE id BETWEEN 2001 AND 3000;
UPDATE heap_t SET odd = (id || '.123456789012345678901234567890123456789')::numeric WHERE id BETWEEN 3001 AND 3010;
UPDATE heap_t SET odd = 'NaN' WHERE id = 4001;
UPDATE heap_t SET odd = '-Infinity' WHERE id = 4500;
CREATE TABLE t (LIKE heap_t) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t WHERE id <= 2000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 2001 AND 3000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 3001 AND 4990;
RESET focus.debug_force_groups;
INSERT INTO t SELECT * FROM heap_t WHERE id > 4990;
DELETE FROM t WHERE id % 100 = 5;
DELETE FROM heap_t WHERE id % 100 = 5;
ALTER TABLE t ADD COLUMN later int DEFAULT 4, ADD COLUMN empty numeric;
ALTER TABLE heap_t ADD COLUMN later int DEFAULT 4, ADD COLUMN empty numeric;
ANALYZE t;

\getenv abs_srcdir PG_ABS_SRCDIR
\set functions :abs_srcdir '/test/sql/differences.sql'
\i :functions

CREATE TABLE queries (n serial, query text);
INSERT INTO queries (query) SELECT format('SELECT %sFROM t %s', list, tail) FROM (VALUES
    ('min(id), max(small), min(big), max(huge), min(day), max(ts), min(tod), max(later), min(later)'),
    ('min(cost), max(cost), max(empty), min(abs(cost))'),
    ('min(name), max(name), min(label), max(posix), min(upper(name)), max(code), max(name COLLATE "C")'),
    ('max(ratio), min(ratio), max(span), min(u::text), max(ts::date)'),
    ('sum(small), avg(small), sum(id), avg(id), sum(big), avg(big), sum(later), avg(later), sum(empty)'),
    ('sum(huge), avg(huge), sum(-huge), avg(huge) FILTER (WHERE id < 3)'),
    ('count(nullif(name, ''name 3'')), count(flag), count(7), count(empty), count(id + big)'),
    ('sum(CASE WHEN name = ''name 1'' THEN cost ELSE 0 END), avg(CASE WHEN flag AND small > 0 THEN cost END)'),
    ('sum(CASE WHEN small < 0 THEN 0.50 WHEN flag THEN cost WHEN name LIKE ''%2'' AND big > 1000 THEN odd ELSE -1 END)'),
    ('max(CASE WHEN flag THEN name ELSE label END), sum(CASE label WHEN '''' THEN cost WHEN ''l1'' THEN 1.5 END)'),
    ('sum(CASE WHEN small + id % 7 > 0 THEN cost ELSE 0 END), count(CASE WHEN small > id % 50 THEN cost END)'),
    ('sum(cost * 2), avg(coalesce(cost, 0)), sum(cost - later), sum(cost * small) FILTER (WHERE small > id % 10)'),
    ('sum(1), sum(2.50), avg(id % 10), sum(small + id)'),
    ('min(odd) FILTER (WHERE id < 3500), max(odd) FILTER (WHERE id <= 4000), max(odd), min(odd)'),
    ('sum(odd) FILTER (WHERE id < 4000), avg(odd) FILTER (WHERE id <> 4001), sum(odd)')) a(aggregates),
    LATERAL (VALUES (aggregates || ' ', ''), (aggregates || ' ', 'WHERE id < 0'), ('name, flag, ' || aggregates || ' ', 'GROUP BY name, flag'),
    ('small % 10, ' || aggregates || ' ', 'WHERE id % 3 <> 1 GROUP BY small % 10 HAVING max(id) > 4000'),
    ('name || label, ' || aggregates || ' ', 'GROUP BY name || label')) q(list, tail);
CREATE TABLE answers AS SELECT query, differences(query) FROM queries;
SELECT differences, count(*) FROM answers GROUP BY 1;
SELECT query FROM answers WHERE differences <> '0, by vectors';

-- In parallel, in states
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT max(name), sum(huge), avg(id) FROM t;
TRUNCATE answers;
INSERT INTO answers SELECT query, differences(query) FROM queries WHERE n % 3 = 0 AND query !~ 'id < 0';
SELECT differences, count(*) FROM answers GROUP BY 1;
SELECT query FROM answers WHERE differences <> '0, by vectors';
SET max_parallel_workers_per_gather = 0;

-- In states, with little memory
SET work_mem = 64;
SET hash_mem_multiplier = 1;
SELECT differences('SELECT day, name, max(label), sum(huge), avg(id), sum(odd) FROM t GROUP BY day, name');
RESET work_mem;
RESET hash_mem_multiplier;

-- Errors: of rows that get that far only
SELECT sum(CASE WHEN id > 0 THEN 10 / (small - 3) ELSE 0 END) FROM t WHERE small = 4;
SELECT sum(CASE WHEN small = 3 THEN 0 WHEN id > 0 THEN 10 / (small - 3) END) FROM t;
SELECT sum(10 / (small - 3)) FILTER (WHERE small <> 3) FROM t;
SELECT sum(CASE WHEN id > 0 THEN 10 / (small - 3) ELSE 0 END) FROM t;
SELECT name, sum(10 / (small - 3)) FROM t GROUP BY name;
SELECT 10 / (small - 3), count(*) FROM t GROUP BY 1;

-- Groups that are equal, but not identical
CREATE COLLATION regress_no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE e (word text COLLATE regress_no_case, number numeric, doc jsonb, fixed char(5), f float8) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO e SELECT CASE i % 3 WHEN 0 THEN 'one' WHEN 1 THEN 'ONE' ELSE 'two' END, CASE i % 3 WHEN 0 THEN 1.0 WHEN 1 THEN 1.00 ELSE 2 END,
    CASE i % 3 WHEN 0 THEN '{"n": 1.0}' WHEN 1 THEN '{"n": 1}' ELSE '{}' END::jsonb, CASE i % 2 WHEN 0 THEN 'a' ELSE 'a  ' END,
    CASE i % 2 WHEN 0 THEN '-0' ELSE '0' END::float8
FROM generate_series(1, 3000) i;
RESET focus.debug_force_groups;
ANALYZE e;
SELECT lower(word), count(*), lower(min(word)) FROM e GROUP BY word ORDER BY 2;
SELECT trim_scale(number), count(*) FROM e GROUP BY number ORDER BY 2;
SELECT doc = '{"n": 1}', count(*) FROM e GROUP BY doc ORDER BY 2;
SELECT fixed, abs(f), count(*) FROM e GROUP BY fixed, f;
SELECT count(DISTINCT word), count(DISTINCT number), count(DISTINCT doc), count(DISTINCT fixed), count(DISTINCT f) FROM e;
EXPLAIN (COSTS OFF) SELECT count(DISTINCT word), count(DISTINCT number), count(DISTINCT doc), count(DISTINCT fixed), count(DISTINCT f) FROM e;

DROP TABLE t, heap_t, queries, answers, e;
DROP COLLATION regress_no_case;
DROP FUNCTION differences(text);
