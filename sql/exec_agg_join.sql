-- Aggregation of a table before it is joined: groups with states are joined in
-- the place of rows.
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE heap_t (id int, account text, service varchar(20), label text, cost numeric, qty bigint, price float8, currency text,
    ts timestamptz, flag bool, tags focus_tags, small int) USING heap;
INSERT INTO heap_t
SELECT i, CASE WHEN i % 7 <> 0 THEN 'acc ' || i % 20 END, 'Service ' || i % 9, CASE WHEN i % 5 <> 0 THEN 'l' || i % 4 END,
       CASE WHEN i % 11 <> 0 THEN (i % 2000 - 700) * 0.001 END, 9223372036854775807 - i, i / 7.0,
       CASE WHEN i % 20 < 10 THEN 'EUR' ELSE 'USD' END, timestamptz '2026-01-01' + i * interval '10 minutes',
       CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END,
       CASE WHEN i % 6 <> 0 THEN format('{"CostCentre":"cc%s"}', i % 12)::focus_tags END, i % 3
FROM generate_series(1, 4000) i;
UPDATE heap_t SET cost = 'NaN' WHERE account = 'acc 19';
UPDATE heap_t SET cost = 12345678901234567890.123456789 WHERE id % 500 = 3;
CREATE TABLE t (LIKE heap_t) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t WHERE id <= 1500;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 1501 AND 3900;
RESET focus.debug_force_groups;
INSERT INTO t SELECT * FROM heap_t WHERE id > 3900;
DELETE FROM t WHERE id % 100 = 5;
DELETE FROM heap_t WHERE id % 100 = 5;
ANALYZE t;

-- Accounts of which some have two teams, some none; cost centres; budgets
CREATE TABLE map (account text, team text, weight int) USING heap;
INSERT INTO map SELECT 'acc ' || i, 'Team ' || i % 4, i FROM generate_series(3, 30) i;
INSERT INTO map SELECT 'acc ' || i, CASE WHEN i > 5 THEN 'Team x' END, i FROM generate_series(4, 7) i;
INSERT INTO map VALUES (NULL, 'nobody', 1);
CREATE TABLE centre (code varchar(10) PRIMARY KEY, name text) USING heap;
INSERT INTO centre SELECT 'cc' || i, 'Centre ' || i % 3 FROM generate_series(1, 20) i;
CREATE TABLE budget (team text, budget numeric) USING heap;
INSERT INTO budget SELECT 'Team ' || i, i * 100 FROM generate_series(1, 9) i;
ANALYZE map, centre, budget;

-- Rows that the answers from t and heap_t do not have in common, and how t was read
CREATE FUNCTION differences(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint; plan text := ''; line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    EXECUTE format('SELECT count(*) FROM ((SELECT a::text FROM (%1$s) a EXCEPT ALL SELECT b::text FROM (%2$s) b) UNION ALL
                    (SELECT b::text FROM (%2$s) b EXCEPT ALL SELECT a::text FROM (%1$s) a)) d',
                   query, regexp_replace(query, '\mt f\M', 'heap_t f', 'g')) INTO n;
    RETURN n || CASE WHEN plan ~ 'Finalize.*(Join|Loop).*FocusAggregate' THEN ', aggregated below ' || substring(plan, '->  [^\n]*?(Merge|Hash|Loop)[^\n]*')
                     WHEN plan ~ 'FocusAggregate.*Semi Join Key' THEN ', filtered' WHEN plan ~ 'FocusAggregate' THEN ', FocusAggregate'
                     ELSE '' END;
END $$;

EXPLAIN (COSTS OFF)
SELECT m.team, sum(f.cost) FROM t f JOIN map m ON f.account = m.account WHERE f.id < 3500 GROUP BY m.team HAVING count(*) > 3 ORDER BY 2 LIMIT 3;
EXPLAIN (VERBOSE, COSTS OFF)
SELECT c.name, upper(f.label), sum(f.cost) FILTER (WHERE f.flag), count(*)
FROM t f LEFT JOIN centre c ON f.tags ->> 'CostCentre' = c.code GROUP BY 1, 2;
EXPLAIN (COSTS OFF)
SELECT b.budget, c.name, avg(f.cost), max(f.ts) FROM t f JOIN map m ON f.account = m.account JOIN budget b ON b.team = m.team
JOIN centre c ON lower(f.tags ->> 'CostCentre') = c.code GROUP BY b.budget, c.name;
SET focus.enable_aggregate_below_join = off;
EXPLAIN (COSTS OFF)
SELECT m.team, sum(f.cost) FROM t f JOIN map m ON f.account = m.account WHERE f.id < 3500 GROUP BY m.team;
RESET focus.enable_aggregate_below_join;

CREATE TABLE queries (n int, query text);
INSERT INTO queries VALUES
    (1, 'SELECT c.name, sum(f.cost), avg(f.cost), count(*), count(f.cost) FROM t f JOIN centre c ON f.tags ->> ''CostCentre'' = c.code GROUP BY c.name'),
    (2, 'SELECT m.team, sum(f.cost), count(*) FROM t f JOIN map m ON f.account = m.account GROUP BY m.team'),
    (3, 'SELECT m.team, sum(f.cost), count(*), count(f.label) FROM t f LEFT JOIN map m ON f.account = m.account GROUP BY m.team'),
    (4, 'SELECT m.team, sum(f.cost), count(*) FROM map m RIGHT JOIN t f ON f.account = m.account AND f.flag AND m.weight > 4 GROUP BY m.team'),
    (5, 'SELECT m.team, f.service, sum(f.cost) FROM t f JOIN map m ON f.account = m.account GROUP BY m.team, f.service'),
    (6, 'SELECT m.team, sum(f.cost) FROM t f JOIN map m ON f.account IS NOT DISTINCT FROM m.account GROUP BY m.team'),
    (7, 'SELECT count(*), sum(f.cost) FROM t f JOIN map m ON f.account = m.account'),
    (8, 'SELECT count(*), sum(f.cost), min(f.ts) FROM t f JOIN map m ON f.account = m.account WHERE m.team = ''no such team'''),
    (9, 'SELECT sum(f.qty), avg(f.qty), sum(f.small), avg(f.small), sum(f.id), m.team FROM t f JOIN map m USING (account) GROUP BY m.team'),
    (10, 'SELECT m.team, min(f.service), max(f.label), min(f.price), max(f.cost), max(f.ts), min(f.id) FROM t f JOIN map m USING (account) GROUP BY m.team'),
    (11, 'SELECT m.team, sum(f.cost) FILTER (WHERE f.flag), count(*) FILTER (WHERE f.label LIKE ''l%'' AND f.cost > 0.1), sum(CASE WHEN f.label = ''l1'' THEN f.cost ELSE 0 END) FROM t f JOIN map m USING (account) GROUP BY m.team'),
    (12, 'SELECT coalesce(m.team, f.label, ''none'') AS who, sum(f.cost) FROM t f LEFT JOIN map m USING (account) GROUP BY 1'),
    (13, 'SELECT m.weight + f.small, upper(f.label), sum(f.cost) / count(*) FROM t f JOIN map m USING (account) GROUP BY 1, 2 HAVING sum(f.cost) > 1'),
    (14, 'SELECT b.budget, sum(f.cost), b.budget - sum(f.cost) FROM t f JOIN map m USING (account) JOIN budget b ON b.team = m.team GROUP BY b.budget'),
    (15, 'SELECT m.team, c.name, sum(f.cost), count(*) FROM t f LEFT JOIN map m USING (account) LEFT JOIN centre c ON f.tags[''CostCentre''] = c.code GROUP BY 1, 2'),
    (16, 'SELECT m.team, b.budget, sum(f.cost) FROM t f LEFT JOIN (map m JOIN budget b ON b.team = m.team) ON f.account = m.account GROUP BY 1, 2'),
    (17, 'SELECT f.service, sum(f.cost) FROM t f WHERE EXISTS (SELECT 1 FROM map m WHERE m.account = f.account AND m.weight > f.small) GROUP BY 1'),
    (18, 'SELECT f.service, sum(f.cost) FROM t f WHERE NOT EXISTS (SELECT 1 FROM map m WHERE m.account = f.account) GROUP BY 1'),
    (19, 'SELECT f.service, c.name, sum(f.cost) FROM t f JOIN centre c ON f.tags ->> ''CostCentre'' = c.code WHERE f.account IN (SELECT account FROM map) GROUP BY 1, 2'),
    (20, 'SELECT c.code, c.name, sum(f.cost) FROM t f JOIN centre c ON f.tags ->> ''CostCentre'' = c.code GROUP BY c.code'),
    (21, 'SELECT DISTINCT m.team, f.label FROM t f JOIN map m USING (account)'),
    (22, 'SELECT m.team FROM t f JOIN map m USING (account) GROUP BY m.team'),
    (23, 'SELECT m.team, f.currency, focus_sum(f.cost, f.currency), focus_cost_per(f.cost, f.small) FROM t f JOIN map m USING (account) WHERE f.cost <> ''NaN'' GROUP BY 1, 2'),
    (24, 'SELECT focus_sum(f.cost, f.currency) FROM t f JOIN map m USING (account) WHERE m.weight < 10'),
    (25, 'SELECT m.team, count(*) FROM t f JOIN map m ON f.id < m.weight AND f.account <> m.account GROUP BY 1'),
    (26, 'SELECT m.team, sum(f.cost) FROM t f JOIN map m ON f.account = m.account WHERE f.account = ''acc 4'' GROUP BY 1'),
    (27, 'SELECT m.team, sum(f.cost) FROM t f CROSS JOIN map m WHERE f.account = ''no such account'' GROUP BY 1'),
    (28, 'SELECT m.team, sum(f.cost) OVER (), sum(x.cost) FROM map m JOIN (SELECT account, sum(cost) AS cost FROM t f GROUP BY 1) x USING (account) JOIN t f ON f.id = m.weight GROUP BY m.team, f.cost'),
    (29, 'SELECT m.team, (SELECT sum(f.cost) FROM t f JOIN centre c ON f.tags ->> ''CostCentre'' = c.code WHERE f.account = m.account) FROM map m'),
    (30, 'SELECT x.team, sum(f.cost) FROM t f JOIN (SELECT account, max(team) AS team FROM map GROUP BY account) x USING (account) GROUP BY x.team'),
    (31, 'SELECT v.name, sum(f.cost) FROM t f JOIN (VALUES (''Service 1'', ''one''), (''Service 2'', ''two'')) v (service, name) ON v.service = f.service GROUP BY 1'),
    (32, 'SELECT g.n, sum(f.cost) FROM t f JOIN generate_series(0, 2) g (n) ON g.n = f.small GROUP BY 1'),
    (33, 'SELECT CASE m.team WHEN f.label THEN 1 ELSE 2 END, sum(f.cost) FROM t f JOIN map m USING (account) GROUP BY 1'),
    (34, 'SELECT m.team, sum(f.cost) FROM t f JOIN map m ON (f.account = m.account AND f.small = 1) OR (f.service = m.team AND f.flag) GROUP BY 1'),
    (35, 'SELECT a.service, b.team, sum(f.cost) FROM (SELECT DISTINCT service FROM t f WHERE f.id < 30) a, map b, t f WHERE f.service = a.service AND f.account = b.account GROUP BY 1, 2');
SELECT n, differences(query) FROM queries ORDER BY n;

-- Each way to join
SET enable_hashjoin = off;
SELECT n, differences(query) FROM queries WHERE n < 20 AND n % 2 = 0 ORDER BY n;
SET enable_mergejoin = off;
SELECT n, differences(query) FROM queries WHERE n < 20 AND n % 2 = 1 ORDER BY n;

-- An index may be looked into for a key that is a column, and for no other.
CREATE TABLE large (account text PRIMARY KEY, team text) USING heap;
INSERT INTO large SELECT 'acc ' || i, 'Team ' || i % 5 FROM generate_series(1, 20000) i;
ANALYZE large;
EXPLAIN (COSTS OFF) SELECT m.team, sum(f.cost) FROM t f JOIN large m USING (account) GROUP BY 1;
SELECT differences('SELECT m.team, sum(f.cost) FROM t f JOIN large m USING (account) GROUP BY 1');
SELECT differences('SELECT m.team, sum(f.cost) FROM t f JOIN large m ON lower(f.account) = m.account GROUP BY 1');
SELECT differences('SELECT m.team, c.name, sum(f.cost) FROM t f JOIN large m ON lower(f.account) = m.account JOIN centre c ON c.code = upper(f.label) GROUP BY 1, 2');
RESET enable_hashjoin;
RESET enable_mergejoin;

-- In several processes, and with states that are returned before all rows have been read
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET work_mem = 64;
EXPLAIN (COSTS OFF) SELECT m.team, sum(f.cost) FROM t f JOIN map m ON f.account = m.account GROUP BY m.team;
SELECT n, differences(query) FROM queries WHERE n % 4 = 0 OR n IN (2, 15, 17, 23, 35) ORDER BY n;
SET max_parallel_workers_per_gather = 0;
SELECT differences('SELECT m.team, f.service, f.label, f.small, f.flag, sum(f.cost), count(*) FROM t f JOIN map m USING (account) GROUP BY 1, 2, 3, 4, 5');
RESET work_mem;

-- Nothing else is there above than what can be put together, and nothing below
-- that could fail for rows that have no partner, or be noticed.
CREATE FUNCTION fails(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 1 / $1; END $$;
CREATE FUNCTION why(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; reason text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        IF line ~ 'FocusAggregate' THEN RETURN 'aggregated below'; END IF;
        reason := reason || coalesce(substring(line, 'Not Vectorized: (.*)'), '');
    END LOOP;
    RETURN reason;
END $$;
CREATE TABLE others (n int, query text);
INSERT INTO others VALUES
    (1, 'SELECT m.team, count(DISTINCT f.label) FROM t f JOIN map m USING (account) GROUP BY 1'),
    (2, 'SELECT m.team, sum(f.cost * m.weight) FROM t f JOIN map m USING (account) GROUP BY 1'),
    (3, 'SELECT m.team, count(m.weight), sum(f.cost) FROM t f LEFT JOIN map m USING (account) GROUP BY 1'),
    (4, 'SELECT m.team, sum(f.cost) FILTER (WHERE m.weight > 4) FROM t f JOIN map m USING (account) GROUP BY 1'),
    (5, 'SELECT m.team, sum(f.cost) FROM t f FULL JOIN map m USING (account) GROUP BY 1'),
    (6, 'SELECT m.team, count(*) FROM map m LEFT JOIN t f USING (account) GROUP BY 1'),
    (7, 'SELECT m.team, sum(f.cost) FROM t f JOIN map m ON f.account = m.account || (random() * 0)::int GROUP BY 1'),
    (8, 'SELECT m.team || (random() * 0)::int, sum(f.cost) FROM t f JOIN map m USING (account) GROUP BY 1'),
    (9, 'SELECT m.team, f.label, sum(f.cost) FROM t f JOIN map m USING (account) GROUP BY ROLLUP (1, 2)'),
    (10, 'SELECT m.team, string_agg(f.label, '','' ORDER BY f.id) FROM t f JOIN map m USING (account) GROUP BY 1'),
    (11, 'SELECT m.team, stddev(f.cost) FROM t f JOIN map m USING (account) GROUP BY 1'),
    (12, 'SELECT m.team, sum(fails(f.small)) FROM t f JOIN map m ON f.small = m.weight GROUP BY 1'),
    (13, 'SELECT m.team, focus_cost_per_token(f.cost, f.small, f.label) FROM t f JOIN map m USING (account) GROUP BY 1'),
    (14, 'SELECT m.team, sum(f.cost) FROM t f CROSS JOIN map m GROUP BY 1'),
    (15, 'SELECT m.team, sum(f.cost), min(f.xmin::text) FROM t f JOIN map m USING (account) GROUP BY 1'),
    (16, 'SELECT m.team, sum(f.cost) FROM t f, LATERAL (SELECT * FROM map m WHERE m.account = f.account AND m.weight > f.small OFFSET 0) m GROUP BY 1');
SELECT n, why(query) FROM others ORDER BY n;
SELECT n, differences(query) FROM others WHERE n NOT IN (7, 8, 11, 13, 15) ORDER BY n;

-- A key that could fail is left to be evaluated above the join.
EXPLAIN (COSTS OFF) SELECT fails(f.small), sum(f.cost) FROM t f JOIN map m ON f.small = m.weight GROUP BY 1;
SELECT differences('SELECT fails(f.small), sum(f.cost) FROM t f JOIN map m ON f.small = m.weight GROUP BY 1');

-- As many groups as rows
SELECT why('SELECT m.team, sum(f.cost) FROM t f JOIN map m ON f.id = m.weight GROUP BY 1');
SELECT why('SELECT m.team, f.ts, f.cost, f.qty, count(*) FROM t f JOIN large m USING (account) GROUP BY 1, 2, 3, 4');

-- Plans without parameters; row-level security; changes that are not committed
PREPARE of_teams(text, int) AS SELECT m.team, count(*), sum(f.cost) FROM t f JOIN map m USING (account) WHERE m.team > $1 AND f.id < $2 GROUP BY 1 ORDER BY 1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE of_teams('Team 1', 900);
EXECUTE of_teams('Team 1', 900);
EXECUTE of_teams('Team 2', 20);
RESET plan_cache_mode;
BEGIN;
UPDATE t SET cost = cost + 1 WHERE id % 50 = 1;
UPDATE heap_t SET cost = cost + 1 WHERE id % 50 = 1;
DELETE FROM t WHERE account = 'acc 6';
DELETE FROM heap_t WHERE account = 'acc 6';
SELECT n, differences(query) FROM queries WHERE n < 6 ORDER BY n;
ROLLBACK;
CREATE ROLE regress_focus_join;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
ALTER TABLE heap_t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (id > 1 AND fails(id) < 1);
CREATE POLICY p ON heap_t USING (id > 1 AND fails(id) < 1);
GRANT SELECT ON t, heap_t, map, centre, budget, queries TO regress_focus_join;
SET ROLE regress_focus_join;
SELECT n, differences(query) FROM queries WHERE n < 6 ORDER BY n;
RESET ROLE;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
ALTER TABLE heap_t DISABLE ROW LEVEL SECURITY;

-- A partitioned table is not aggregated below a join.
CREATE TABLE parted (LIKE heap_t) PARTITION BY LIST (flag);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (true) USING focus;
CREATE TABLE parted_2 PARTITION OF parted DEFAULT USING focus;
INSERT INTO parted SELECT * FROM heap_t;
SELECT count(*) FROM (SELECT m.team, sum(f.cost) FROM parted f JOIN map m USING (account) GROUP BY 1
    EXCEPT SELECT m.team, sum(f.cost) FROM heap_t f JOIN map m USING (account) GROUP BY 1) d;

DROP TABLE t, heap_t, map, centre, budget, large, queries, others, parted;
DROP FUNCTION differences, why, fails;
DROP ROLE regress_focus_join;
