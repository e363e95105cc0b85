-- Aggregation by vectors of rows that IN (SELECT ...) or a join with unique
-- values lets pass.
SET max_parallel_workers_per_gather = 0;
CREATE TABLE heap_t (id int, name text, cost numeric, day date, k bigint, word text COLLATE "POSIX") USING heap;
INSERT INTO heap_t
SELECT i, CASE WHEN i % 7 <> 0 THEN 'name ' || i % 40 END, i % 300 * 0.01, date '2026-01-01' + i / 100, i % 50, 'w' || i % 30
FROM generate_series(1, 6000) i;
CREATE TABLE t (LIKE heap_t) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO t SELECT * FROM heap_t WHERE id <= 3000;
INSERT INTO t SELECT * FROM heap_t WHERE id BETWEEN 3001 AND 5990;
RESET focus.debug_force_groups;
INSERT INTO t SELECT * FROM heap_t WHERE id > 5990;
DELETE FROM t WHERE id % 100 = 5;
DELETE FROM heap_t WHERE id % 100 = 5;
CREATE TABLE dim (name text, k int UNIQUE, cost numeric, day date);
INSERT INTO dim SELECT CASE i WHEN 3 THEN NULL ELSE 'name ' || i % 6 END, i, i * 0.010, date '2026-01-01' + i FROM generate_series(1, 20) i;
ANALYZE t;
ANALYZE heap_t;
ANALYZE dim;
CREATE FUNCTION differences(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint; used bool := false; line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        used := used OR line ~ 'Semi Join Key';
    END LOOP;
    EXECUTE format('SELECT count(*) FROM ((SELECT a::text FROM (%1$s) a EXCEPT ALL SELECT b::text FROM (%2$s) b) UNION ALL
                    (SELECT b::text FROM (%2$s) b EXCEPT ALL SELECT a::text FROM (%1$s) a)) d',
                   query, replace(query, 'FROM t', 'FROM heap_t t')) INTO n;
    RETURN n || CASE WHEN used THEN ', by vectors' ELSE '' END;
END $$;
EXPLAIN (COSTS OFF)
WITH top AS (SELECT name FROM t GROUP BY name ORDER BY sum(cost) DESC LIMIT 3)
SELECT day, name, sum(cost) FROM t WHERE day > '2026-01-10' AND name IN (SELECT name FROM top) GROUP BY day, name ORDER BY 1, 2;
SELECT query, differences(query) FROM (VALUES
    ('SELECT name, count(*), sum(cost) FROM t WHERE name IN (SELECT name FROM dim) GROUP BY name'),
    ('SELECT count(DISTINCT name), sum(cost) FROM t WHERE k IN (SELECT k FROM dim WHERE k < 9) AND id > 50'),
    ('SELECT name, max(id) FROM t WHERE cost IN (SELECT cost FROM dim) GROUP BY name HAVING count(*) > 2'),
    ('SELECT count(*) FROM t WHERE name IN (SELECT name FROM dim WHERE k > 100)'),
    ('SELECT count(*) FROM t WHERE name IN (SELECT name FROM dim WHERE k = 3)'),
    ('SELECT day, count(*) FROM t JOIN dim USING (day) GROUP BY day'),
    ('SELECT sum(t.cost) FROM t JOIN dim ON dim.k = t.k'),
    ('SELECT lower(name), count(*) FROM t WHERE id % 10 IN (SELECT k FROM dim) GROUP BY 1'),
    ('SELECT word, count(*) FROM t WHERE word IN (SELECT b.word FROM heap_t b GROUP BY b.word ORDER BY count(*), word LIMIT 4) GROUP BY word'),
    -- left to others: more than one condition, values that are shown, no unique values
    ('SELECT count(*) FROM t WHERE (k, day) IN (SELECT k, day FROM dim)'),
    ('SELECT dim.k, count(*) FROM t JOIN dim USING (day) GROUP BY dim.k'),
    ('SELECT sum(t.cost + dim.cost) FROM t JOIN dim USING (day)'),
    ('SELECT count(*) FROM t JOIN dim ON dim.name = t.name'),
    ('SELECT count(*) FROM t LEFT JOIN dim USING (day)'),
    ('SELECT count(*) FROM t WHERE name NOT IN (SELECT name FROM dim WHERE k > 3)'),
    ('SELECT count(*) FROM t WHERE NOT EXISTS (SELECT FROM dim WHERE dim.k = t.k)')) q(query);

-- Operators that are true of NULL are left to others.
CREATE FUNCTION same(a text, b text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN a IS NOT DISTINCT FROM b; END';
CREATE OPERATOR === (FUNCTION = same, LEFTARG = text, RIGHTARG = text, COMMUTATOR = ===);
SELECT differences('SELECT count(*) FROM t WHERE name === ANY (SELECT name FROM dim)');
DROP OPERATOR === (text, text);
DROP FUNCTION same(text, text);

-- Again and again, with other values
SELECT x, (SELECT count(*) FROM t WHERE name IN (SELECT name FROM dim WHERE k < x)) AS n,
    (SELECT count(*) FROM heap_t WHERE name IN (SELECT name FROM dim WHERE k < x)) AS heap FROM (VALUES (3), (1), (6), (NULL), (4)) v(x);
PREPARE p(int) AS SELECT count(*), sum(cost) FROM t WHERE k IN (SELECT k FROM dim WHERE k < $1);
EXECUTE p(3);
EXECUTE p(10);
SET plan_cache_mode = force_generic_plan;
EXECUTE p(3);
EXECUTE p(10);
RESET plan_cache_mode;

-- More values than were expected: another plan is run. Not where it would be
-- noticed that the values are asked for twice.
CREATE FUNCTION explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
        IF line ~ 'FocusAggregate|Exceeded|Join' AND line !~ 'Key' THEN
            RETURN NEXT regexp_replace(line, '\(actual rows=(\d+)(\.\d+)? loops=(\d+)\)', '(rows \1, loops \3)');
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION gen(n int) RETURNS SETOF int LANGUAGE plpgsql IMMUTABLE ROWS 10 AS 'BEGIN RETURN QUERY SELECT i FROM generate_series(1, n) i; END';
CREATE FUNCTION gen_volatile(n int) RETURNS SETOF int LANGUAGE plpgsql VOLATILE ROWS 10 AS 'BEGIN RETURN QUERY SELECT i FROM generate_series(1, n) i; END';
SELECT explain('SELECT count(*) FROM t WHERE id + 0 IN (SELECT gen FROM gen(1000))');
SELECT explain('SELECT count(*) FROM t WHERE id + 0 IN (SELECT gen FROM gen(1001))');
SELECT explain('SELECT count(*) FROM t WHERE id + 0 IN (SELECT gen_volatile FROM gen_volatile(1001))');
SELECT differences('SELECT count(*) FROM t WHERE id + 0 IN (SELECT gen FROM gen(1000))'),
    differences('SELECT name, count(*) FROM t WHERE id + 0 IN (SELECT gen FROM gen(5000)) GROUP BY name');
SELECT x, (SELECT count(*) FROM t WHERE id + 0 IN (SELECT gen FROM gen(x))) FROM (VALUES (10), (5000), (20), (4000)) v(x);
DROP FUNCTION explain(text), gen(int), gen_volatile(int);

-- Groups that take more memory than was expected
CREATE TABLE grown (k int, v int) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO grown SELECT 1, 1 FROM generate_series(1, 1000) i;
ANALYZE grown;
INSERT INTO grown SELECT i % 5000, i % 50 FROM generate_series(1, 20000) i;
RESET focus.debug_force_groups;
SET work_mem = 64;
SET hash_mem_multiplier = 1;
SELECT count(*), sum(n) FROM (SELECT k, count(*) AS n FROM grown WHERE v IN (SELECT k FROM dim) GROUP BY k OFFSET 0) g;
SELECT count(*) FROM grown WHERE v BETWEEN 1 AND 20;
RESET work_mem;
RESET hash_mem_multiplier;

DROP TABLE t, heap_t, dim, grown;
DROP FUNCTION differences(text);
