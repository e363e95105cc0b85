-- The engine: rows in row groups, compared with the same rows in a heap table.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';

-- Runs a statement on tables c (focus) and h (heap), whose name it has as @, and
-- tells what it did and by how many rows the tables differ then.
CREATE FUNCTION differences() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*) FROM ((SELECT c::text FROM c EXCEPT ALL SELECT h::text FROM h) UNION ALL
		(SELECT h::text FROM h EXCEPT ALL SELECT c::text FROM c)) d);
END $$;
CREATE FUNCTION on_both(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	name text;
	outcome text;
	outcomes text[] := '{}';
BEGIN
	FOREACH name IN ARRAY ARRAY['c', 'h'] LOOP
		BEGIN
			EXECUTE replace(statement, '@', name);
			GET DIAGNOSTICS outcome = ROW_COUNT;
			outcome := outcome || ' rows';
		EXCEPTION WHEN OTHERS THEN
			outcome := SQLSTATE || ' ' || replace(SQLERRM, '"' || name, '"@');
		END;
		outcomes := outcomes || outcome;
	END LOOP;
	IF outcomes[1] <> outcomes[2] THEN
		RETURN format('focus: %s; heap: %s', outcomes[1], outcomes[2]);
	END IF;
	RETURN outcomes[1] || ', ' || differences() || ' differences';
END $$;

-- The rows of a query, in any order, from both: equal or not, and how many.
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	of_c text[];
	of_h text[];
BEGIN
	EXECUTE format('SELECT array_agg(q::text ORDER BY q::text) FROM (%s) q', replace(query, '@', 'c')) INTO of_c;
	EXECUTE format('SELECT array_agg(q::text ORDER BY q::text) FROM (%s) q', replace(query, '@', 'h')) INTO of_h;
	RETURN CASE WHEN of_c IS NOT DISTINCT FROM of_h THEN 'equal, ' ELSE 'different, ' END || coalesce(cardinality(of_c), 0) || ' rows';
END $$;

--
-- How many rows go where
--
CREATE FUNCTION insert_rows(rows integer, vals integer,
	OUT row_groups bigint, OUT group_rows bigint, OUT delta_rows bigint, OUT equal boolean)
LANGUAGE plpgsql AS $$
BEGIN
	CREATE TABLE c (id integer, note text) USING focus;
	INSERT INTO c SELECT i % vals, 'n' || i % 10 FROM generate_series(1, rows) i;
	SELECT i.row_groups, i.group_rows, i.delta_rows INTO row_groups, group_rows, delta_rows FROM focus_columnar_info('c') i;
	equal := (SELECT row(count(*), sum(hashtextextended(c::text, 0))) IS NOT DISTINCT FROM
		(SELECT row(count(*), sum(hashtextextended(row(i % vals, 'n' || i % 10)::text, 0))) FROM generate_series(1, rows) i) FROM c);
	DROP TABLE c;
END $$;
-- Of one command: 1,000 to the delta, then groups, and less than 8,192 to the delta
SELECT rows, n.* FROM unnest('{0, 1, 1000, 1001, 9191, 9192, 66535, 66536, 66537}'::integer[]) rows, insert_rows(rows, 100) n;
-- All to groups, around the size of a vector
SET focus.debug_force_groups = on;
SELECT rows, n.* FROM unnest('{0, 1, 1023, 1024, 1025, 2048, 2049}'::integer[]) rows, insert_rows(rows, 100) n;
-- A group has at most 65,536 rows and 65,535 values of a column.
SELECT rows, vals, n.* FROM (VALUES (65535, 100), (65536, 100), (65537, 100), (65536, 65535), (65536, 65536), (65537, 65537), (131072, 131072)) v (rows, vals),
	insert_rows(rows, vals) n;
RESET focus.debug_force_groups;

--
-- Values
--
CREATE TABLE c (id integer, small smallint, big bigint, flag boolean, letter "char", real real, double float8,
	cost numeric, price numeric(20, 4), day date, at timestamptz, span interval, note text, fixed char(6), word varchar(20),
	key name, uid uuid, address inet, tags focus_tags, doc jsonb, list numeric[], place point, bytes bytea, range int4range, nothing text) USING focus;
CREATE TABLE h (LIKE c) USING heap;
SET focus.debug_force_groups = on;
SELECT on_both($$INSERT INTO @ SELECT i, i % 100 - 50, i * 10000000000 * (i % 3 - 1), nullif(i % 3, 0) = 1, chr(1 + i % 100)::"char", i * 0.1, -i / 3.0,
	i::numeric / 100, i * 0.1234, date '2026-01-01' + i % 400, timestamptz '2026-01-01' + i * interval '1 second', i * interval '1 day 3 minutes',
	'note ' || i % 77, 'f' || i % 9, repeat('w', i % 20), 'name' || i % 5, md5((i % 100)::text)::uuid, '10.0.0.0'::inet + i,
	('{"env": "' || i % 3 || '", "n": ' || i || '}')::focus_tags, jsonb_build_object('i', i), ARRAY[i, i / 8.0], point(i, -i),
	decode(md5(i::text), 'hex'), int4range(i, i + 5), NULL FROM generate_series(1, 3000) i$$);
SELECT on_both('INSERT INTO @ DEFAULT VALUES');
SELECT on_both('INSERT INTO @ (id) SELECT NULL FROM generate_series(1, 2000)');
SELECT on_both($$INSERT INTO @ (id, real, double, day, at, note) VALUES (-1, 'NaN', '-Infinity', 'infinity', '-infinity', ''), (-2, '-0', '1e-300', '4713-01-01 BC', '294276-12-31', repeat('x', 100000)),
	(-3, 'Infinity', 'NaN', '5874897-12-31', NULL, E'\u00e4\n\t')$$);
-- numeric: scales, 38 digits, what does not fit into 64 bits, what is no number
SELECT on_both($$INSERT INTO @ (id, cost) SELECT scale, round(1.0 / 3, scale) * sign FROM generate_series(0, 70) scale, unnest('{-1, 1}'::integer[]) sign$$);
SELECT on_both($$INSERT INTO @ (id, cost) VALUES (1, 0), (2, 0.0), (3, 0.00), (4, -0.000), (5, 1), (6, 1.0), (7, 1.00), (8, 100), (9, 1e2), (10, 1e-63), (11, 100.000000000000000)$$);
SELECT on_both($$INSERT INTO @ (id, cost) VALUES (1, 12345678901234567890123456789012345678), (2, -0.12345678901234567890123456789012345678), (3, 9223372036854775807), (4, 9223372036854775808), (5, -9223372036854775808), (6, 922337203685477580.7), (7, 1.5)$$);
SELECT on_both($$INSERT INTO @ (id, cost) VALUES (1, 'NaN'), (2, 'Infinity'), (3, '-Infinity'), (4, 1.50)$$);
SELECT on_both($$INSERT INTO @ (id, cost) SELECT i, i * 1e40 FROM generate_series(1, 50) i$$);
RESET focus.debug_force_groups;
SELECT same('SELECT id, cost, cost::text, scale(cost) FROM @ WHERE cost IS NOT NULL');
SELECT same('SELECT sum(cost), sum(price), min(day), max(at), count(*), count(nothing), sum(big) FROM @');
SELECT same('SELECT note, flag, count(*), sum(price) FROM @ GROUP BY note, flag');
SELECT row_groups, deleted_rows, delta_rows FROM focus_columnar_info('c');
SELECT * FROM focus_check('c');
-- The same rows in one group, and in another order
CALL focus_compact('c');
SELECT row_groups, deleted_rows, delta_rows FROM focus_columnar_info('c');
SELECT differences();
SELECT * FROM focus_check('c');

--
-- Columns that come and go
--
SELECT on_both('ALTER TABLE @ DROP nothing, DROP span');
SELECT on_both('ALTER TABLE @ ADD added numeric DEFAULT 12.340, ADD empty text');
SELECT same('SELECT id, added, empty FROM @ WHERE added > 12 AND empty IS NULL');
SELECT on_both('UPDATE @ SET added = id WHERE id % 100 = 1');
SELECT on_both($$ALTER TABLE @ ALTER word TYPE varchar(40), ALTER key TYPE text, ALTER note TYPE varchar$$);
SELECT on_both('ALTER TABLE @ ALTER small TYPE numeric(6, 2)');
SELECT on_both('ALTER TABLE @ ADD twice integer GENERATED ALWAYS AS (id * 2) STORED');
SELECT on_both('ALTER TABLE @ ADD CONSTRAINT positive CHECK (id > 0)');
SELECT on_both('ALTER TABLE @ ADD CONSTRAINT large CHECK (id > -100), ALTER id SET NOT NULL');
SELECT same('SELECT avg(twice), count(DISTINCT key) FROM @');
SELECT * FROM focus_check('c');
DROP TABLE c, h;

--
-- Changes of rows
--
CREATE TABLE c (id integer, kind integer, cost numeric, note text) USING focus WITH (autovacuum_enabled = off);
CREATE TABLE h (LIKE c) USING heap;
SELECT on_both($$INSERT INTO @ SELECT i, i % 7, i * 0.05, 'n' || i % 50 FROM generate_series(1, 5000) i$$);
CALL focus_compact('c');
SELECT row_groups, group_rows, deleted_rows, delta_rows FROM focus_columnar_info('c');
SELECT on_both('DELETE FROM @ WHERE id % 10 = 0');
SELECT on_both('DELETE FROM @ WHERE id % 10 = 0');
SELECT on_both('UPDATE @ SET cost = cost * 2, note = NULL WHERE id % 10 = 1');
SELECT on_both('UPDATE @ SET cost = cost * 2 WHERE id % 10 = 1');
SELECT on_both('UPDATE @ SET kind = h2.kind FROM h h2 WHERE h2.id = @.id + 1 AND @.id % 10 = 2');
SELECT on_both('DELETE FROM @ USING h h2 WHERE h2.id = @.id AND h2.id % 100 = 3');
SELECT on_both('WITH gone AS (DELETE FROM @ WHERE id % 100 = 4 RETURNING *) INSERT INTO @ SELECT -id, kind, cost, note FROM gone');
SELECT on_both('MERGE INTO @ USING generate_series(4990, 5010) s ON id = s
	WHEN MATCHED AND s % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET note = ''merged'' WHEN NOT MATCHED THEN INSERT (id) VALUES (s)');
SELECT row_groups, group_rows, deleted_rows, delta_rows FROM focus_columnar_info('c');
SELECT same('SELECT kind, sum(cost), count(note) FROM @ GROUP BY kind');
SELECT * FROM focus_check('c');
-- more than a tenth of the group is deleted: packed anew
CALL focus_compact('c');
SELECT row_groups, deleted_rows, delta_rows FROM focus_columnar_info('c');
SELECT differences();

-- Savepoints around rows that are still in memory
BEGIN;
INSERT INTO c SELECT i, 1, i, 'kept' FROM generate_series(30001, 31500) i;
SAVEPOINT s;
INSERT INTO c SELECT i, 2, i, 'undone' FROM generate_series(32001, 33500) i;
ROLLBACK TO s;
INSERT INTO c SELECT i, 3, i, 'kept' FROM generate_series(34001, 35500) i;
SAVEPOINT s2;
UPDATE c SET kind = 8 WHERE id > 35490;
RELEASE s2;
SAVEPOINT s3;
DELETE FROM c WHERE id > 30000;
SELECT count(*) FROM c WHERE id > 30000;
ROLLBACK TO s3;
SELECT kind, count(*), min(id), max(id) FROM c WHERE id > 30000 GROUP BY kind ORDER BY kind;
COMMIT;
SELECT kind, count(*), min(id), max(id) FROM c WHERE id > 30000 GROUP BY kind ORDER BY kind;
-- A function that inserts and looks, row by row, with an exception in each
CREATE FUNCTION add_one(i integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		INSERT INTO c VALUES (i, 9, 1, 'added');
		IF i % 2 = 0 THEN
			RAISE EXCEPTION 'even';
		END IF;
	EXCEPTION WHEN OTHERS THEN
	END;
	RETURN (SELECT count(*) FROM c WHERE kind = 9);
END $$;
SELECT i, add_one(i) FROM generate_series(1, 4) i;
INSERT INTO h SELECT i, 1, i, 'kept' FROM generate_series(30001, 31500) i;
INSERT INTO h SELECT i, CASE WHEN i > 35490 THEN 8 ELSE 3 END, i, 'kept' FROM generate_series(34001, 35500) i;
INSERT INTO h VALUES (1, 9, 1, 'added'), (3, 9, 1, 'added');
SELECT differences();
-- Whoever copies a table into itself does not see its own rows.
SELECT on_both('INSERT INTO @ SELECT -id - 100000, kind, cost, note FROM @ WHERE kind = 2');
-- COPY, with an error behind many rows
SELECT same('SELECT count(*) FROM @');
COPY c FROM PROGRAM 'seq 1 2000 | sed "s/$/\\t1\\t2\\tcopied/; 1500s/1/x/"';
COPY c FROM PROGRAM 'seq 1 2000 | sed "s/$/\\t1\\t2\\tcopied/"';
COPY h FROM PROGRAM 'seq 1 2000 | sed "s/$/\\t1\\t2\\tcopied/"';
SELECT differences();

--
-- Scans
--
CALL focus_compact('c');
INSERT INTO c VALUES (0, 0, 0, 'delta');
BEGIN;
DECLARE k SCROLL CURSOR FOR SELECT id, note FROM c WHERE note IN ('delta', 'added');
FETCH ALL FROM k;
FETCH BACKWARD ALL FROM k;
FETCH LAST FROM k;
FETCH FIRST FROM k;
FETCH PRIOR FROM k;
FETCH RELATIVE 2 FROM k;
UPDATE c SET note = 'by cursor' WHERE CURRENT OF k;
DELETE FROM c WHERE id = 0;
FETCH FIRST FROM k;
SELECT count(*) FROM c WHERE note IN ('delta', 'added', 'by cursor');
ROLLBACK;
DELETE FROM c WHERE id = 0;
-- A cursor outlives what is done to its rows.
BEGIN;
DECLARE k CURSOR FOR SELECT * FROM c;
FETCH 1 FROM k \g /dev/null
DELETE FROM c WHERE kind < 5;
MOVE FORWARD ALL FROM k;
SELECT count(*) = (SELECT count(*) FROM h WHERE kind >= 5 OR kind IS NULL) AS left_over FROM c;
ROLLBACK;
SELECT differences();
-- TABLESAMPLE
SELECT count(*) = (SELECT count(*) FROM c) AS everything FROM c TABLESAMPLE BERNOULLI (100);
SELECT count(*) = (SELECT count(*) FROM c) AS everything FROM c TABLESAMPLE SYSTEM (100);
SELECT count(*) AS nothing FROM c TABLESAMPLE SYSTEM (0);
SELECT count(*) BETWEEN 0.4 * (SELECT count(*) FROM c) AND 0.6 * (SELECT count(*) FROM c) AS about_half FROM c TABLESAMPLE BERNOULLI (50) REPEATABLE (1);
SELECT count(*) BETWEEN 0.2 * (SELECT count(*) FROM c) AND 0.8 * (SELECT count(*) FROM c) AS about_half FROM c TABLESAMPLE SYSTEM (50) REPEATABLE (1);
SELECT count(DISTINCT ctid) = count(*) AS each_row_once FROM c TABLESAMPLE SYSTEM (70) REPEATABLE (5);
-- ANALYZE and the planner's estimate
CREATE FUNCTION estimate(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan->0->'Plan'->'Plan Rows';
END $$;
ANALYZE c, h;
SELECT reltuples::bigint = (SELECT count(*) FROM c) AS exact FROM pg_class WHERE oid = 'c'::regclass;
SELECT estimate('SELECT FROM c')::numeric / (SELECT count(*) FROM c) BETWEEN 0.9 AND 1.1 AS good;
SELECT estimate('SELECT FROM c WHERE kind = 3')::numeric / (SELECT count(*) FROM c WHERE kind = 3) BETWEEN 0.8 AND 1.25 AS good;
SELECT c.attname, abs(c.null_frac - h.null_frac) < 0.02 AS nulls, abs(c.n_distinct - h.n_distinct) <= abs(h.n_distinct) * 0.1 AS distincts, abs(c.avg_width - h.avg_width) <= 1 AS width
FROM pg_stats c JOIN pg_stats h USING (schemaname, attname) WHERE c.tablename = 'c' AND h.tablename = 'h' ORDER BY 1;

--
-- Indexes and constraints on rows in groups
--
DELETE FROM c WHERE ctid NOT IN (SELECT min(ctid) FROM c GROUP BY id);
DELETE FROM h;
INSERT INTO h TABLE c;
ALTER TABLE c ADD PRIMARY KEY (id);
ALTER TABLE h ADD PRIMARY KEY (id);
CREATE INDEX c_kind ON c (kind, cost);
CREATE INDEX c_hash ON c USING hash (note);
CREATE INDEX c_gist ON c USING gist (int4range(id, id + 1));
CREATE INDEX c_spgist ON c USING spgist (note);
CREATE INDEX CONCURRENTLY c_partial ON c (note, id) WHERE kind = 3;
CREATE INDEX c_gin ON c USING gin ((ARRAY[id]));
CREATE INDEX c_brin ON c USING brin (id);
SELECT * FROM focus_check('c');
SET enable_seqscan = off;
SELECT same('SELECT * FROM @ WHERE id IN (7, 11, 1999, 30005, -100009)');
SELECT same('SELECT * FROM @ WHERE kind = 3 AND cost BETWEEN 100 AND 200');
SELECT same('SELECT * FROM @ WHERE note = ''n7''');
SELECT same('SELECT * FROM @ WHERE kind = 3 AND note > ''n4''');
SELECT same('SELECT count(*) FROM @ WHERE int4range(id, id + 1) && int4range(10, 20)');
SELECT on_both('UPDATE @ SET cost = -cost WHERE id = 7');
SELECT on_both('DELETE FROM @ WHERE id = 11');
RESET enable_seqscan;
SELECT on_both('INSERT INTO @ VALUES (1, 1, 1, ''twice'')');
SELECT on_both('INSERT INTO @ VALUES (1, 1, 1, ''twice'') ON CONFLICT DO NOTHING');
SELECT on_both('INSERT INTO @ VALUES (1, 1, 1, ''twice''), (11, 1, 1, ''again''), (7, 1, 1, ''seven'') ON CONFLICT (id) DO UPDATE SET note = excluded.note, cost = @.cost + 1');
SELECT on_both('UPDATE @ SET id = 2 WHERE id = 1');
SELECT on_both('UPDATE @ SET id = id + 1000000 WHERE id < 100');
SELECT * FROM focus_check('c');

-- Foreign keys, to rows in groups and from them
CREATE TABLE c_child (id integer REFERENCES c ON DELETE CASCADE ON UPDATE CASCADE, n integer) USING focus;
CREATE TABLE h_child (id integer REFERENCES h ON DELETE CASCADE ON UPDATE CASCADE, n integer) USING heap;
SELECT on_both('INSERT INTO @_child SELECT id, kind FROM @ WHERE id BETWEEN 200 AND 5000');
SELECT on_both('INSERT INTO @_child VALUES (-7, 1)');
CALL focus_compact('c_child');
SELECT on_both('DELETE FROM @ WHERE id BETWEEN 200 AND 300');
SELECT on_both('UPDATE @ SET id = id + 2000000 WHERE id BETWEEN 301 AND 320');
SELECT same('SELECT * FROM @_child');
SELECT on_both('ALTER TABLE @_child DROP CONSTRAINT @_child_id_fkey');
SELECT on_both('ALTER TABLE @_child ADD FOREIGN KEY (id) REFERENCES @');
SELECT on_both('DELETE FROM @ WHERE id = 400');
DROP TABLE c_child, h_child;

-- Triggers see the rows of groups.
CREATE TABLE log (what text, old_note text, new_note text);
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO log VALUES (TG_NAME || ' ' || TG_OP, CASE WHEN TG_OP <> 'INSERT' THEN OLD.note END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.note END);
	RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER before BEFORE INSERT OR UPDATE OR DELETE ON c FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION log();
CREATE TRIGGER after AFTER INSERT OR UPDATE OR DELETE ON c FOR EACH ROW EXECUTE FUNCTION log();
CREATE CONSTRAINT TRIGGER deferred AFTER UPDATE ON c DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log();
BEGIN;
UPDATE c SET note = 'new' WHERE id = 500;
UPDATE c SET note = 'newer' WHERE id = 500;
DELETE FROM c WHERE id = 501;
INSERT INTO c VALUES (501, 1, 1, 'back');
COMMIT;
TABLE log;
DROP TRIGGER before ON c;
DROP TRIGGER after ON c;
DROP TRIGGER deferred ON c;
UPDATE h SET note = 'newer' WHERE id = 500;
UPDATE h SET kind = 1, cost = 1, note = 'back' WHERE id = 501;
SELECT differences();

-- Locks, and rows that this transaction has changed
BEGIN;
SELECT id, note FROM c WHERE id IN (500, 600, 700) ORDER BY id FOR UPDATE;
UPDATE c SET note = 'locked' WHERE id = 600;
SELECT id, note FROM c WHERE id IN (500, 600, 700) ORDER BY id FOR SHARE;
SELECT count(*) FROM (SELECT FROM c WHERE id < 5000 FOR NO KEY UPDATE SKIP LOCKED) l;
ROLLBACK;

--
-- Compaction and rewrites
--
-- In a transaction block, with rows of it, and undone
BEGIN;
INSERT INTO c SELECT i, 5, 5, 'in block' FROM generate_series(50001, 50100) i;
DELETE FROM c WHERE id = 50001;
CALL focus_compact('c');
SELECT delta_rows, deleted_rows FROM focus_columnar_info('c');
SELECT count(*) FROM c WHERE note = 'in block';
SET LOCAL enable_seqscan = off;
SELECT note FROM c WHERE id IN (50001, 50002);
UPDATE c SET note = 'moved' WHERE id = 50002;
SELECT note FROM c WHERE id IN (50001, 50002);
ROLLBACK;
SELECT differences();
SELECT * FROM focus_check('c');
BEGIN;
DECLARE k CURSOR FOR SELECT FROM c;
CALL focus_compact('c');
ROLLBACK;
-- Outside of one, and with nothing left to do
CALL focus_compact('c');
SELECT delta_rows, deleted_rows FROM focus_columnar_info('c');
SELECT differences();
SELECT * FROM focus_check('c');
CREATE TEMP TABLE before AS SELECT relation, row_groups, group_bytes FROM focus_columnar_info('c');
CALL focus_compact('c');
SELECT count(*) AS unchanged FROM (TABLE before INTERSECT SELECT relation, row_groups, group_bytes FROM focus_columnar_info('c')) i;
SET enable_seqscan = off;
SELECT same('SELECT * FROM @ WHERE id BETWEEN 400 AND 800');
RESET enable_seqscan;
-- Rewrites
DELETE FROM c WHERE id % 3 = 0;
DELETE FROM h WHERE id % 3 = 0;
VACUUM FULL c;
SELECT deleted_rows, delta_rows FROM focus_columnar_info('c');
SELECT differences();
SELECT * FROM focus_check('c');
CLUSTER c USING c_kind;
SELECT differences();
SELECT bool_and(ordered) AS ordered FROM (SELECT row(kind, cost) >= row(lag(kind) OVER w, lag(cost) OVER w) AS ordered
	FROM c WHERE kind IS NOT NULL AND cost IS NOT NULL WINDOW w AS (ORDER BY ctid)) o;
SELECT * FROM focus_check('c');
ALTER TABLE c SET ACCESS METHOD heap;
SELECT differences();
SET focus.debug_force_groups = on;
ALTER TABLE c SET ACCESS METHOD focus;
RESET focus.debug_force_groups;
SELECT row_groups > 0 AS groups FROM focus_columnar_info('c');
SELECT differences();
SELECT * FROM focus_check('c');
ALTER TABLE c ALTER kind TYPE bigint;
ALTER TABLE h ALTER kind TYPE bigint;
SELECT differences();
SELECT * FROM focus_check('c');
CREATE TABLE copied USING focus AS TABLE c;
CREATE MATERIALIZED VIEW summary USING focus AS SELECT kind, sum(cost) AS cost FROM c GROUP BY kind;
REFRESH MATERIALIZED VIEW summary;
SELECT count(*) FROM (TABLE copied EXCEPT ALL TABLE h) d;
SELECT count(*) FROM (TABLE summary EXCEPT ALL SELECT kind, sum(cost) FROM h GROUP BY kind) d;
TRUNCATE c;
TRUNCATE h;
SELECT on_both('INSERT INTO @ VALUES (1, 1, 1, ''after TRUNCATE'')');
SELECT * FROM focus_check('c');

-- Who and where not
CREATE ROLE columnar_groups_role;
SET ROLE columnar_groups_role;
CALL focus_compact('c');
SET focus.debug_force_groups = on;
RESET ROLE;
DROP ROLE columnar_groups_role;
CALL focus_compact('h');
BEGIN READ ONLY;
CALL focus_compact('c');
ROLLBACK;
DROP MATERIALIZED VIEW summary;
DROP TABLE c, h, copied, log, before;
DROP FUNCTION on_both, same, differences, insert_rows, add_one, estimate, log();

-- A number of a row group is never given away twice: neither by a transaction
-- that has built the TOAST index anew and is rolled back, nor after TRUNCATE.
CREATE TABLE numbered (id integer) USING focus;
INSERT INTO numbered SELECT generate_series(1, 20000);
BEGIN;
REINDEX TABLE numbered;
INSERT INTO numbered SELECT generate_series(1, 20000);
ROLLBACK;
INSERT INTO numbered SELECT generate_series(1, 20000);
REINDEX TABLE numbered;
BEGIN;
REINDEX TABLE numbered;
CALL focus_compact('numbered');
ROLLBACK;
BEGIN;
TRUNCATE numbered;
SAVEPOINT truncated;
REINDEX TABLE numbered;
INSERT INTO numbered SELECT generate_series(1, 20000);
ROLLBACK TO truncated;
INSERT INTO numbered SELECT generate_series(1, 20000);
REINDEX TABLE numbered;
COMMIT;
SELECT count(*), sum(id) FROM numbered;
SELECT * FROM focus_check('numbered');
DROP TABLE numbered;

-- A column that has no bytes at all: its values are NULL or empty.
CREATE TABLE empties (id integer PRIMARY KEY, note text) USING focus;
INSERT INTO empties SELECT i, CASE WHEN i % 3 = 0 THEN '' END FROM generate_series(1, 1000) AS i;
CALL focus_compact('empties');
SELECT row_groups FROM focus_columnar_info('empties');
SELECT note, count(*), sum(id) FROM empties GROUP BY note ORDER BY note;
SELECT id FROM empties WHERE upper(note) = '' ORDER BY id LIMIT 2;
DROP TABLE empties;

-- The space of what has been packed anew is given back, too.
CREATE TABLE packed (id integer, note text) USING focus WITH (autovacuum_enabled = off);
DO $$
BEGIN
	FOR part IN 0..11 LOOP
		INSERT INTO packed SELECT i, md5(i::text) FROM generate_series(part * 12000 + 1, part * 12000 + 12000) AS i;
	END LOOP;
END $$;
SELECT row_groups, delta_rows FROM focus_columnar_info('packed');
CALL focus_compact('packed');
SELECT row_groups, delta_rows, pg_table_size('packed') < 1.5 * group_bytes AS tight FROM focus_columnar_info('packed');
CALL focus_compact('packed');
SELECT row_groups, delta_rows, pg_table_size('packed') < 1.5 * group_bytes AS tight FROM focus_columnar_info('packed');
SELECT count(*), sum(id), count(*) FILTER (WHERE note = md5(id::text)) AS right_notes FROM packed;
SELECT * FROM focus_check('packed');
INSERT INTO packed SELECT i, md5(i::text) FROM generate_series(144001, 156000) AS i;
SELECT count(*), sum(id), count(*) FILTER (WHERE note = md5(id::text)) AS right_notes FROM packed;
SELECT * FROM focus_check('packed');
DROP TABLE packed;
