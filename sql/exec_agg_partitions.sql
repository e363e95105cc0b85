-- Aggregation by vectors of several tables: partitions, children, UNION ALL.
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE heap_t (id int, day date, service text, cost numeric, n numeric) USING heap;
INSERT INTO heap_t
SELECT i, date '2026-01-01' + i / 100, CASE WHEN i % 7 <> 0 THEN 'service ' || i % 20 END, CASE WHEN i % 11 <> 0 THEN (i % 2000 - 700) * 0.001 END,
       CASE i % 3 WHEN 0 THEN 1.0 WHEN 1 THEN 1.00 ELSE i END
FROM generate_series(0, 7999) i;
INSERT INTO heap_t VALUES (8000, NULL, 'nowhere', 1.50, NULL), (8001, '2030-01-01', NULL, 'NaN', 'Infinity');

-- One of each: focus, heap, other order of columns, partitions of a partition, nothing, the rest
CREATE TABLE t (LIKE heap_t) PARTITION BY RANGE (day);
CREATE TABLE t_focus PARTITION OF t FOR VALUES FROM ('2026-01-01') TO ('2026-01-21') USING focus;
CREATE TABLE t_heap PARTITION OF t FOR VALUES FROM ('2026-01-21') TO ('2026-02-01') USING heap;
CREATE TABLE t_order (gone int, n numeric, cost numeric, also_gone text, service text, id int, day date) USING focus;
ALTER TABLE t_order DROP COLUMN gone, DROP COLUMN also_gone;
ALTER TABLE t ATTACH PARTITION t_order FOR VALUES FROM ('2026-02-01') TO ('2026-02-11');
CREATE TABLE t_parts PARTITION OF t FOR VALUES FROM ('2026-02-11') TO ('2026-03-15') PARTITION BY LIST (service);
CREATE TABLE t_parts_some PARTITION OF t_parts FOR VALUES IN ('service 1', 'service 2', NULL) USING focus;
CREATE TABLE t_parts_rest PARTITION OF t_parts DEFAULT USING focus;
CREATE TABLE t_empty PARTITION OF t FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') USING focus;
CREATE TABLE t_rest PARTITION OF t DEFAULT USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t WHERE id < 7500;
RESET focus.debug_force_groups;
INSERT INTO t SELECT * FROM heap_t WHERE id >= 7500;
INSERT INTO t_focus SELECT id + 10000, '2026-01-02', service, cost, n FROM heap_t WHERE id BETWEEN 1000 AND 1010;
INSERT INTO heap_t SELECT id + 10000, '2026-01-02', service, cost, n FROM heap_t WHERE id BETWEEN 1000 AND 1010;
DELETE FROM t WHERE id % 100 = 5;
DELETE FROM heap_t WHERE id % 100 = 5;
UPDATE t SET cost = cost + 0.0001 WHERE id % 50 = 3;
UPDATE heap_t SET cost = cost + 0.0001 WHERE id % 50 = 3;
ANALYZE t;
ANALYZE heap_t;
SELECT relation, row_groups, deleted_rows, delta_rows FROM focus_columnar_info('t') ORDER BY relation::text COLLATE "C";

CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
-- How many rows differ from those of heap, and how many tables are aggregated by vectors
CREATE FUNCTION differences(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint; nodes bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM ((SELECT a::text FROM (%1$s) a EXCEPT ALL SELECT b::text FROM (%2$s) b) UNION ALL
                    (SELECT b::text FROM (%2$s) b EXCEPT ALL SELECT a::text FROM (%1$s) a)) d',
                   query, regexp_replace(query, 'FROM t\M', 'FROM heap_t', 'g')) INTO n;
    SELECT count(*) INTO nodes FROM plan(query) p WHERE p ~ 'FocusAggregate';
    RETURN n || ' by ' || nodes;
END $$;

EXPLAIN (COSTS OFF) SELECT service, sum(cost), count(*) FROM t GROUP BY service HAVING count(*) > 3 ORDER BY 2;
EXPLAIN (VERBOSE, COSTS OFF) SELECT service, sum(cost) FILTER (WHERE id > 3) FROM t WHERE day BETWEEN '2026-01-30' AND '2026-02-05' GROUP BY service;
EXPLAIN (COSTS OFF) SELECT sum(cost) FROM t WHERE day = '2026-02-05';
EXPLAIN (COSTS OFF) SELECT sum(cost) FROM t WHERE day = '2026-02-05' AND day = '2026-02-06';

CREATE TABLE queries (n int, query text);
INSERT INTO queries VALUES
    (1, 'SELECT count(*) FROM t'),
    (2, 'SELECT count(*), count(cost), sum(cost), avg(cost), min(day), max(service), sum(id), avg(id) FROM t WHERE day < ''2030-01-01'''),
    (3, 'SELECT count(*), sum(cost) FROM t WHERE id < 0'),
    (4, 'SELECT service, sum(cost), avg(cost), min(cost), max(id), count(*) FROM t GROUP BY service'),
    (5, 'SELECT day, service, sum(cost), count(service) FROM t GROUP BY day, service'),
    (6, 'SELECT date_trunc(''month'', day), upper(service), sum(cost + 1) FROM t GROUP BY 1, 2'),
    (7, 'SELECT n, count(*) FROM t GROUP BY n'),
    (8, 'SELECT service, sum(cost) FILTER (WHERE id % 3 = 0), sum(CASE WHEN id > 4000 THEN cost WHEN n > 1 THEN n END) FROM t GROUP BY service'),
    (9, 'SELECT service FROM t GROUP BY service HAVING sum(cost) > 50'),
    (10, 'SELECT service, sum(cost) FROM t WHERE day = ''2026-02-05'' GROUP BY service'),
    (11, 'SELECT service, sum(cost) FROM t WHERE day >= ''2026-02-05'' AND service IN (''service 1'', ''service 3'') GROUP BY service'),
    (12, 'SELECT service, sum(cost) FROM t WHERE day >= ''2027-01-01'' GROUP BY service'),
    (13, 'SELECT sum(cost) / count(*), coalesce(service, ''none'') FROM t GROUP BY 2'),
    (14, 'SELECT service, sum(cost) FROM t WHERE random() < 2 GROUP BY service'),
    (15, 'SELECT day IS NULL, sum(cost) FROM t WHERE day IS NULL OR day > ''2026-03-10'' GROUP BY 1'),
    (16, 'SELECT s, (SELECT sum(cost) FROM t WHERE service = s AND day < ''2026-03-01'') FROM (VALUES (''service 1''), (''service 2''), (NULL)) v(s)'),
    (17, 'SELECT service, sum(c) FROM (SELECT service, cost AS c FROM t UNION ALL SELECT service || ''x'', 1.50 FROM t_focus WHERE id < 100 UNION ALL SELECT ''none'', n FROM t) u WHERE c < 5 GROUP BY service'),
    (18, 'SELECT service, sum(c) FROM (SELECT service, cost AS c FROM t UNION ALL SELECT ''none'', n + 1 FROM t) u WHERE service || c <> ''none3'' GROUP BY service'),
    (19, 'SELECT k, count(*) FROM (SELECT day AS k FROM t UNION ALL SELECT day + 1 FROM t_focus UNION ALL SELECT ''2026-01-01'' FROM t_order) u GROUP BY k');
SELECT n, differences(query) FROM queries ORDER BY n;
SET enable_partitionwise_aggregate = on;
SELECT n, differences(query) FROM queries WHERE n IN (1, 4, 5) ORDER BY n;
RESET enable_partitionwise_aggregate;

-- In parallel
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT n, differences(query) FROM queries ORDER BY n;
EXPLAIN (COSTS OFF) SELECT service, sum(cost) FROM t WHERE day < '2026-02-01' GROUP BY service;
SET enable_parallel_append = off;
SELECT n, differences(query) FROM queries WHERE n IN (1, 4, 10) ORDER BY n;
RESET enable_parallel_append;
ALTER TABLE t_heap SET (parallel_workers = 0);
EXPLAIN (COSTS OFF) SELECT service, sum(cost) FROM t WHERE day BETWEEN '2026-01-05' AND '2026-01-25' GROUP BY service;
SELECT n, differences(query) FROM queries WHERE n IN (1, 4) ORDER BY n;
SET max_parallel_workers_per_gather = 0;

-- More groups than memory
SET work_mem = 64;
SET hash_mem_multiplier = 1;
SELECT n, differences(query) FROM queries WHERE n IN (5, 6) ORDER BY n;
RESET work_mem;
RESET hash_mem_multiplier;

-- Pruning when the plan is run
SET plan_cache_mode = force_generic_plan;
PREPARE p(date, date) AS SELECT count(*), sum(cost) FROM t WHERE day >= $1 AND day < $2;
EXPLAIN (COSTS OFF) EXECUTE p('2026-01-15', '2026-01-25');
EXECUTE p('2026-01-15', '2026-01-25');
SELECT count(*), sum(cost) FROM heap_t WHERE day >= '2026-01-15' AND day < '2026-01-25';
EXECUTE p(NULL, '2026-01-25');
DEALLOCATE p;
RESET plan_cache_mode;
SELECT d, (SELECT sum(cost) FROM t WHERE day = d) FROM (VALUES ('2026-01-15'::date), ('2026-02-05'), (NULL), ('2026-03-30')) v(d);
SELECT d, (SELECT sum(cost) FROM heap_t WHERE day = d) FROM (VALUES ('2026-01-15'::date), ('2026-02-05'), (NULL), ('2026-03-30')) v(d);

-- A table with children, which has rows itself
CREATE TABLE heap_family (LIKE heap_t) USING heap;
INSERT INTO heap_family SELECT * FROM heap_t;
CREATE TABLE family (LIKE heap_t) USING focus;
CREATE TABLE child (more int) INHERITS (family) USING focus;
CREATE TABLE heap_child (service text, id int, more int) INHERITS (family) USING heap;
INSERT INTO family SELECT * FROM heap_t WHERE id < 2000;
INSERT INTO child SELECT *, 1 FROM heap_t WHERE id BETWEEN 2000 AND 4999;
INSERT INTO heap_child (id, day, service, cost, n) SELECT * FROM heap_t WHERE id >= 5000;
ANALYZE family, child, heap_child;
EXPLAIN (COSTS OFF) SELECT upper(service), sum(cost), max(id) FROM family GROUP BY 1;
SELECT count(*) FROM ((SELECT upper(service), sum(cost), max(id) FROM family GROUP BY 1) EXCEPT ALL (SELECT upper(service), sum(cost), max(id) FROM heap_family GROUP BY 1)) d;
SELECT count(*) FROM ((SELECT upper(service), sum(cost), max(id) FROM heap_family GROUP BY 1) EXCEPT ALL (SELECT upper(service), sum(cost), max(id) FROM family GROUP BY 1)) d;
DROP TABLE family, child, heap_child, heap_family;

-- What is left to core
CREATE FUNCTION why_not(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text; reasons text[];
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE) ' || query LOOP
        IF line ~ 'Not Vectorized|FocusAggregate' THEN reasons := reasons || coalesce(substring(line FROM 'Not Vectorized.*'), 'FocusAggregate'); END IF;
    END LOOP;
    RETURN QUERY SELECT count(*) || ' ' || r FROM unnest(reasons) r GROUP BY r ORDER BY r COLLATE "C";
END $$;
SELECT query, why_not(query) FROM (VALUES
    ('SELECT sum(cost) FROM t'),
    ('SELECT stddev(cost) FROM t'),
    ('SELECT service, count(DISTINCT day) FROM t GROUP BY service'),
    ('SELECT sum(cost ORDER BY id) FROM t'),
    ('SELECT tableoid, sum(cost) FROM t GROUP BY 1'),
    ('SELECT service, sum(cost) FROM t GROUP BY ROLLUP (service)'),
    ('SELECT random(), count(*) FROM t GROUP BY 1'),
    ('SELECT count(t) FROM t'),
    ('SELECT service, sum(c) FROM (SELECT service, cost AS c FROM t_order UNION ALL SELECT service, random()::numeric FROM t_focus) u GROUP BY service'),
    ('SELECT id FROM t')) q(query);
SELECT differences('SELECT service, count(DISTINCT day) FROM t GROUP BY service');
SET focus.enable_aggregate = off;
SELECT differences('SELECT count(*) FROM t');
RESET focus.enable_aggregate;
SET enable_hashagg = off;
SELECT differences('SELECT service, sum(cost) FROM t GROUP BY service'), differences('SELECT sum(cost) FROM t');
RESET enable_hashagg;

-- Rows that a role may not see
CREATE ROLE regress_focus_reader;
GRANT SELECT ON t TO regress_focus_reader;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t TO regress_focus_reader USING (service = 'service 3');
SET ROLE regress_focus_reader;
SELECT service, count(*), sum(cost) FROM t WHERE day < '2030-01-01' GROUP BY service;
RESET ROLE;

DROP TABLE t, heap_t, queries;
DROP FUNCTION differences(text), why_not(text), plan(text);
DROP ROLE regress_focus_reader;
