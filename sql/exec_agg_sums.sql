-- Aggregation by vectors: focus_sum, focus_cost_per and focus_cost_per_token.
SET max_parallel_workers_per_gather = 0;
CREATE TABLE heap_t (id int, service text, currency text, cost numeric, quantity numeric, unit text, tokens bigint) USING heap;
INSERT INTO heap_t
SELECT i, 's' || i % 9, CASE i % 9 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'EUR' ELSE 'USD' END,
       CASE WHEN i % 11 <> 0 THEN (i * 7919 % 4000 - 1000) * 0.001 END, CASE WHEN i % 4 <> 0 THEN (i % 700) * 0.25 END,
       CASE i % 3 WHEN 0 THEN 'Tokens' WHEN 1 THEN '1K Tokens' ELSE '1M Tokens' END, i % 50
FROM generate_series(1, 4000) i;
UPDATE heap_t SET cost = 9223372036854775807 - id, quantity = 9000000000000000000 + id WHERE id BETWEEN 1001 AND 1500;
UPDATE heap_t SET cost = (id || '.123456789012345678901234567890')::numeric WHERE id BETWEEN 2001 AND 2010;
UPDATE heap_t SET cost = 'NaN' WHERE id = 3004;
UPDATE heap_t SET quantity = 'Infinity' WHERE id = 3105;
CREATE TABLE t (LIKE heap_t) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t WHERE id <= 2000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 2001 AND 3000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 3001 AND 3990;
RESET focus.debug_force_groups;
INSERT INTO t SELECT * FROM heap_t WHERE id > 3990;
DELETE FROM t WHERE id % 100 = 5;
DELETE FROM heap_t WHERE id % 100 = 5;
ANALYZE t;
\getenv abs_srcdir PG_ABS_SRCDIR
\set functions :abs_srcdir '/test/sql/differences.sql'
\i :functions
CREATE TABLE queries (n serial, query text);
INSERT INTO queries (query) VALUES
    ('SELECT service, focus_sum(cost, currency) FROM t GROUP BY service'),
    ('SELECT currency, focus_sum(cost, currency), sum(cost), focus_sum(quantity, coalesce(currency, ''x'')) FROM t GROUP BY currency'),
    ('SELECT focus_sum(cost, currency) FROM t WHERE currency = ''EUR'' AND id <> 3004'),
    ('SELECT focus_sum(cost, currency) FROM t WHERE id < 0'),
    ('SELECT focus_sum(cost, currency) FILTER (WHERE currency IS NULL) FROM t'),
    ('SELECT focus_sum(CASE WHEN currency = ''EUR'' THEN cost END, currency) FROM t'),
    ('SELECT focus_sum(cost * tokens, ''EUR''), focus_sum(cost + 1, upper(''eur'')) FROM t WHERE id < 2500'),
    ('SELECT service, focus_cost_per(cost, quantity), focus_cost_per(cost, tokens), focus_cost_per(1, quantity) FROM t GROUP BY service'),
    ('SELECT focus_cost_per(cost, quantity) FROM t WHERE id < 1400'),
    ('SELECT focus_cost_per(cost, quantity) FROM t WHERE id = 4'),
    ('SELECT service, unit, focus_cost_per_token(cost, quantity, unit) FROM t GROUP BY service, unit'),
    ('SELECT focus_cost_per_token(cost, quantity, unit), focus_cost_per_token(cost, tokens, unit) FROM t WHERE id < 3000'),
    ('SELECT tokens, focus_cost_per_token(cost, quantity, CASE WHEN quantity IS NOT NULL THEN unit END) FROM t GROUP BY tokens');
SELECT n, differences(query) FROM queries ORDER BY n;

-- Errors as from the functions
SELECT focus_sum(cost, currency) FROM t WHERE currency = 'EUR' OR currency IS NULL;
SELECT unit, focus_sum(cost, currency) FROM t WHERE currency IN ('EUR', 'USD') GROUP BY unit;
SELECT focus_cost_per_token(cost, quantity, service) FROM t WHERE service = 's1';
SELECT focus_cost_per_token(cost, quantity, NULL) FROM t;

-- With the first of two currencies first, also if only one has long numerics
SELECT focus_sum(cost, currency) FROM t WHERE id IN (1001, 1002, 1003, 1013);
SELECT focus_sum(cost, currency) FROM t WHERE id IN (1998, 2001, 2009);
SELECT focus_sum(CASE WHEN id = 1 THEN cost WHEN id = 2 THEN 'NaN' END, CASE id WHEN 1 THEN 'EUR' WHEN 2 THEN 'USD' END) FROM t WHERE id < 4;

-- In states
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT focus_cost_per(cost, quantity) FROM t;
SELECT n, differences(query) FROM queries WHERE query !~ 'id (<|=)' ORDER BY n;
SELECT focus_sum(cost, currency) FROM t WHERE currency = 'EUR' OR currency IS NULL;
SET max_parallel_workers_per_gather = 0;

DROP TABLE t, heap_t, queries;
DROP FUNCTION differences(text);
