-- Aggregation by vectors: keys of which equal values may look different, and
-- values that are told apart by their bytes.
SET max_parallel_workers_per_gather = 0;
\getenv abs_srcdir PG_ABS_SRCDIR
\set functions :abs_srcdir '/test/sql/differences.sql'
\i :functions
CREATE TABLE heap_t (id int, g int, n numeric, doc jsonb, f float8, span interval, o oid, c "char") USING heap;
INSERT INTO heap_t
SELECT i, i % 2, CASE i % 4 WHEN 0 THEN 1.0 WHEN 1 THEN 1.00 WHEN 2 THEN 1 ELSE 2 END,
       CASE i % 4 WHEN 0 THEN '{"n": 1.0}' WHEN 1 THEN '{"n": 1}' ELSE '{}' END::jsonb, CASE i % 4 WHEN 0 THEN '-0' WHEN 1 THEN '0' ELSE '1' END::float8,
       CASE i % 4 WHEN 0 THEN '1 day' WHEN 1 THEN '24 hours' ELSE '1 hour' END::interval, (4294967290 + i % 3)::oid, CASE i % 2 WHEN 0 THEN '\200' ELSE 'a' END::"char"
FROM generate_series(1, 4000) i;
CREATE TABLE t (LIKE heap_t) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t;
RESET focus.debug_force_groups;
ANALYZE t;
ANALYZE heap_t;

-- A group shows the first of its equal values.
ALTER TABLE t ADD PRIMARY KEY (id);
ALTER TABLE heap_t ADD PRIMARY KEY (id);
SELECT query, differences(query) FROM (VALUES
    ('SELECT n, count(*) FROM t GROUP BY n'),
    ('SELECT g, n, count(*) FROM t GROUP BY g, n'),
    ('SELECT g, doc, count(*), sum(id) FROM t GROUP BY g, doc'),
    ('SELECT g, f, span, count(*) FROM t GROUP BY g, f, span'),
    ('SELECT g, n, count(DISTINCT id) FROM t GROUP BY g, n'),
    ('SELECT id, n, doc, f, span FROM t GROUP BY id')) q(query);
ALTER TABLE t DROP CONSTRAINT t_pkey;
ALTER TABLE heap_t DROP CONSTRAINT heap_t_pkey;

-- Types of less than eight bytes
SELECT query, differences(query) FROM (VALUES
    ('SELECT greatest(o, 4294967291::oid), count(*) FROM t GROUP BY 1'),
    ('SELECT o, count(DISTINCT CASE WHEN id % 2 = 0 THEN o ELSE 4294967290::oid END) FROM t GROUP BY o'),
    ('SELECT CASE WHEN id % 3 = 0 THEN c ELSE ''\200'' END, count(*) FROM t GROUP BY 1')) q(query);

-- More keys than a table has columns: left to core
CREATE FUNCTION many_keys(keys int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE query text; line text; n bigint; reason text;
BEGIN
    SELECT 'SELECT count(*) FROM t WHERE id < 10 GROUP BY ' || string_agg('id + ' || i, ', ') INTO query FROM generate_series(1, keys) i;
    EXECUTE 'SELECT sum(count) FROM (' || query || ') q' INTO n;
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        reason := coalesce(substring(line FROM 'Not Vectorized: .*'), substring(line FROM 'FocusAggregate'), reason);
    END LOOP;
    RETURN n || ' ' || coalesce(reason, '');
END $$;
SELECT many_keys(1600);
SELECT many_keys(1601);
SELECT many_keys(1660);
DROP FUNCTION many_keys(int);

-- Of equal values, min and max return the last, and those of char(n) the first.
SELECT query, differences(query) FROM (VALUES
    ('SELECT min(n), max(-n), min(n + 0), max(f), min(f), max(span), min(span) FROM t WHERE n < 2 AND f < 1'),
    ('SELECT g, min(n), max(-n), max(CASE WHEN id % 3 = 0 THEN n ELSE 2.00 END), max(f), max(span) FROM t GROUP BY g'),
    ('SELECT max((g::text || repeat('' '', id % 7))::bpchar), min((''a'' || repeat('' '', id % 7))::bpchar) FROM t'),
    ('SELECT min(n) FROM t WHERE id <= 2')) q(query);

DROP TABLE t, heap_t;
DROP FUNCTION differences(text);
