-- Access method focus: each statement runs on a focus table and on a heap
-- table of the same definition, in schemas in_focus and in_heap.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SELECT amname, amhandler, amtype FROM pg_am WHERE amname = 'focus';
CREATE SCHEMA in_focus;
CREATE SCHEMA in_heap;

-- How many rows are in a table of one schema and not in that of the other.
CREATE FUNCTION differences() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	of_table bigint;
	total bigint := 0;
	name text;
BEGIN
	FOR name IN SELECT relname FROM pg_class
		WHERE relnamespace = 'in_heap'::regnamespace AND relkind IN ('r', 'p', 'm')
	LOOP
		EXECUTE format('SELECT coalesce(sum(abs(surplus)), 0) FROM (SELECT sum(side) AS surplus FROM (
			SELECT 1 AS side, t::text AS line FROM in_focus.%1$I t UNION ALL
			SELECT -1, t::text FROM in_heap.%1$I t) l GROUP BY line) d', name)
		INTO of_table;
		total := total + of_table;
	END LOOP;
	RETURN total;
END $$;

-- Runs a statement in both schemas and compares all tables after it.  An error
-- has to be the same, too.
CREATE FUNCTION on_both(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	method text;
	outcome text;
	outcomes text[] := '{}';
BEGIN
	FOREACH method IN ARRAY ARRAY['focus', 'heap'] LOOP
		PERFORM set_config('search_path', 'in_' || method || ', public', true);
		PERFORM set_config('default_table_access_method', method, true);
		BEGIN
			EXECUTE statement;
			GET DIAGNOSTICS outcome = ROW_COUNT;
			outcome := outcome || ' rows';
		EXCEPTION WHEN OTHERS THEN
			outcome := SQLSTATE || ' ' || replace(SQLERRM, 'in_' || method, 'in_both');
		END;
		outcomes := outcomes || outcome;
	END LOOP;
	PERFORM set_config('search_path', 'public', true);
	IF outcomes[1] <> outcomes[2] THEN
		RETURN format('focus: %s; heap: %s', outcomes[1], outcomes[2]);
	END IF;
	RETURN outcomes[1] || ', ' || differences() || ' differences';
END $$;

-- Rows of a query, in their order, from both schemas: equal or not, and how many.
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	method text;
	answer text[];
	answers jsonb := '{}';
BEGIN
	FOREACH method IN ARRAY ARRAY['focus', 'heap'] LOOP
		PERFORM set_config('search_path', 'in_' || method || ', public', true);
		EXECUTE format('SELECT coalesce(array_agg(q::text), ''{}'') FROM (%s) q', query) INTO answer;
		answers := answers || jsonb_build_object(method, answer);
	END LOOP;
	PERFORM set_config('search_path', 'public', true);
	RETURN CASE WHEN answers -> 'focus' = answers -> 'heap' THEN 'equal, ' ELSE 'different, ' END
		|| jsonb_array_length(answers -> 'focus') || ' rows';
END $$;

-- Nodes of the plan of a query on a focus table.
CREATE FUNCTION nodes(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ 'Scan|Gather' THEN
			RETURN NEXT substring(line, '[A-Z][A-Za-z ]+(?:\(Focus\w+\) on \w+)?');
		END IF;
	END LOOP;
END $$;

-- Creation: a TOAST table of heap, also where nothing could be toasted.
SELECT on_both('CREATE TABLE t (id integer PRIMARY KEY, category text, cost numeric, tags jsonb, day date DEFAULT ''2026-01-01'') WITH (fillfactor = 70)');
SELECT on_both('CREATE TABLE fixed (id integer, at timestamptz)');
SELECT on_both('CREATE TABLE nothing ()');
SELECT c.relname, a.amname, t.relkind, ta.amname AS toast
FROM pg_class c JOIN pg_am a ON a.oid = c.relam
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid LEFT JOIN pg_am ta ON ta.oid = t.relam
WHERE c.relnamespace = 'in_focus'::regnamespace AND c.relkind = 'r' ORDER BY 1;

-- Rows
SELECT on_both('INSERT INTO t SELECT i, ''c'' || i % 7, i * 0.01, jsonb_build_object(''k'', i % 11), date ''2026-01-01'' + i % 90 FROM generate_series(1, 2500) i');
SELECT on_both('INSERT INTO t (id) VALUES (5000)');
SELECT on_both('INSERT INTO t (id) VALUES (1)');
SELECT on_both('UPDATE t SET cost = cost * 2 WHERE id % 3 = 0');
SELECT on_both('UPDATE t SET id = id + 10000 WHERE id % 5 = 0');
SELECT on_both('DELETE FROM t WHERE id % 17 = 0');
SELECT on_both('INSERT INTO nothing DEFAULT VALUES');
SELECT on_both('INSERT INTO fixed SELECT i, to_timestamp(i) FROM generate_series(1, 500) i');
SELECT on_both('INSERT INTO t (id, category) VALUES (2, ''again'') ON CONFLICT (id) DO UPDATE SET category = excluded.category || t.category');
SELECT on_both('INSERT INTO t (id) SELECT generate_series(1, 3100) ON CONFLICT DO NOTHING');
SELECT on_both('MERGE INTO t USING (SELECT generate_series(1, 40) AS n) s ON t.id = s.n
	WHEN MATCHED AND n % 2 = 0 THEN DELETE
	WHEN MATCHED THEN UPDATE SET category = ''merged''
	WHEN NOT MATCHED THEN INSERT (id, category) VALUES (n, ''new'')');
SELECT on_both('WITH gone AS (DELETE FROM t WHERE id BETWEEN 50 AND 60 RETURNING *) INSERT INTO t SELECT id + 20000, category, cost, tags, day FROM gone');
SELECT on_both('DELETE FROM t USING fixed WHERE t.id = fixed.id AND fixed.id BETWEEN 70 AND 80');

-- Values out of line, compressed and not
SELECT on_both('CREATE TABLE wide (id integer, value text)');
SELECT on_both('ALTER TABLE wide ALTER value SET STORAGE EXTERNAL');
SELECT on_both('INSERT INTO wide SELECT i, repeat(md5(i::text), 500) FROM generate_series(1, 20) i');
SELECT on_both('ALTER TABLE wide ALTER value SET STORAGE EXTENDED');
SELECT on_both('INSERT INTO wide SELECT i, repeat(md5(i::text), 5000) FROM generate_series(21, 25) i');
SELECT on_both('UPDATE wide SET value = value || ''x'' WHERE id % 2 = 0');
SELECT same('SELECT id, md5(value), substr(value, 9000, 20) FROM wide ORDER BY id');
SELECT pg_relation_size(reltoastrelid) > 0 AS toasted FROM pg_class WHERE oid = 'in_focus.wide'::regclass;

-- COPY both ways
SELECT on_both('CREATE TABLE copied (a integer, b text)');
COPY in_focus.copied FROM STDIN;
1	one
2	\N
3	three
\.
COPY in_heap.copied FROM STDIN;
1	one
2	\N
3	three
\.
SELECT differences();
COPY in_focus.copied TO STDOUT;
SELECT on_both('CREATE TABLE made AS SELECT * FROM t');
SELECT on_both('CREATE MATERIALIZED VIEW summary AS SELECT category, sum(cost) FROM t GROUP BY 1');
SELECT on_both('CREATE UNIQUE INDEX ON summary (category)');
SELECT on_both('UPDATE t SET cost = 1 WHERE id < 100');
SELECT on_both('REFRESH MATERIALIZED VIEW summary');
SELECT on_both('UPDATE t SET cost = 2 WHERE id < 100');
SELECT on_both('REFRESH MATERIALIZED VIEW CONCURRENTLY summary');

-- Kinds of scan
SELECT on_both('CREATE INDEX t_day ON t (day)');
SELECT on_both('CREATE INDEX t_category ON t USING hash (category)');
SELECT on_both('CREATE INDEX t_tags ON t USING gin (tags)');
SELECT on_both('CREATE INDEX t_cost ON t USING brin (cost)');
SELECT on_both('CREATE INDEX t_partial ON t (cost) WHERE id > 100');
SELECT on_both('CREATE INDEX t_expression ON t (lower(category), (cost + 1))');
SELECT on_both('CREATE TABLE spans (span int4range, EXCLUDE USING gist (span WITH &&))');
SELECT on_both('INSERT INTO spans SELECT int4range(i * 10, i * 10 + 5) FROM generate_series(1, 300) i');
SELECT on_both('INSERT INTO spans VALUES (''[12,13)'')');
SELECT on_both('CREATE INDEX spans_spgist ON spans USING spgist (span)');
VACUUM ANALYZE in_focus.t, in_heap.t;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT nodes('SELECT * FROM in_focus.t WHERE day = ''2026-02-03''');
SELECT same('SELECT * FROM t WHERE day = ''2026-02-03'' ORDER BY id');
SELECT nodes('SELECT day FROM in_focus.t WHERE day < ''2026-02-03'' ORDER BY day');
SELECT same('SELECT day FROM t WHERE day < ''2026-02-03'' ORDER BY day DESC');
SELECT nodes('SELECT * FROM in_focus.t WHERE category = ''c3''');
SELECT same('SELECT * FROM t WHERE category = ''c3'' ORDER BY id');
SELECT same('SELECT span FROM spans WHERE span && ''[100,200)'' ORDER BY span');
RESET enable_bitmapscan;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SELECT nodes('SELECT * FROM in_focus.t WHERE tags @> ''{"k": 3}''');
SELECT same('SELECT * FROM t WHERE tags @> ''{"k": 3}'' ORDER BY id');
SELECT nodes('SELECT * FROM in_focus.t WHERE day = ''2026-02-03'' OR category = ''c2''');
SELECT same('SELECT * FROM t WHERE day = ''2026-02-03'' OR category = ''c2'' ORDER BY id');
SELECT same('SELECT * FROM t WHERE cost BETWEEN 3 AND 5 ORDER BY id');
SELECT same('SELECT * FROM t WHERE day > ''2026-01-03'' ORDER BY id');
RESET enable_indexscan;
RESET enable_indexonlyscan;
RESET enable_seqscan;
SELECT nodes('SELECT * FROM in_focus.t WHERE ctid = ''(0,1)''');
SELECT same('SELECT ctid, * FROM t WHERE ctid = ANY (ARRAY[''(0,3)'', ''(2,2)'', ''(70000,1)'']::tid[])');
SELECT nodes('SELECT * FROM in_focus.t WHERE ctid < ''(1,1)''');
SELECT same('SELECT ctid, * FROM t WHERE ctid >= ''(1,1)'' AND ctid < ''(2,5)''');
SELECT same('SELECT count(currtid2(''t'', ctid)) FROM t WHERE id < 300');
SELECT same('SELECT * FROM t TABLESAMPLE BERNOULLI (100) REPEATABLE (7) ORDER BY id');
SELECT same('SELECT * FROM t TABLESAMPLE SYSTEM (40) REPEATABLE (7)');
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT nodes('SELECT sum(cost) FROM in_focus.t');
SELECT same('SELECT category, sum(cost), count(*) FROM t GROUP BY category ORDER BY category');
SET enable_seqscan = off;
SELECT same('SELECT day, count(*) FROM t WHERE day > ''2026-01-10'' GROUP BY day ORDER BY day');
RESET enable_seqscan;
SELECT on_both('CREATE INDEX t_parallel ON t (cost, id)');
RESET min_parallel_table_scan_size;
RESET min_parallel_index_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
SELECT same('SELECT t.*, a.* FROM t JOIN t a ON a.id = t.id + 1, LATERAL (SELECT count(*) FROM fixed WHERE fixed.id < t.id) c WHERE t.id < 200 ORDER BY t.id');
SELECT same('SELECT attname, null_frac, n_distinct FROM pg_stats WHERE schemaname = current_schema() AND tablename = ''t'' ORDER BY 1');
SELECT same('SELECT reltuples, relpages FROM pg_class WHERE oid = ''t''::regclass');

-- Cursors, row locks, savepoints
CREATE FUNCTION walk() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	walker SCROLL CURSOR FOR SELECT id FROM t ORDER BY id LIMIT 300;
	locker CURSOR FOR SELECT * FROM t WHERE id BETWEEN 200 AND 400 FOR UPDATE;
	visited text := '';
	n integer;
BEGIN
	OPEN walker;
	FETCH LAST FROM walker INTO n;
	visited := visited || n;
	FETCH RELATIVE -50 FROM walker INTO n;
	visited := visited || ' ' || n;
	FETCH FIRST FROM walker INTO n;
	UPDATE t SET category = visited || ' ' || n WHERE id = n;
	CLOSE walker;
	OPEN locker;
	MOVE FORWARD 3 FROM locker;
	UPDATE t SET category = 'current' WHERE CURRENT OF locker;
	MOVE FORWARD 2 FROM locker;
	DELETE FROM t WHERE CURRENT OF locker;
	CLOSE locker;
END $$;
SELECT on_both('SELECT walk()');
SELECT same('SELECT * FROM t WHERE id BETWEEN 300 AND 330 ORDER BY id FOR UPDATE');
SELECT same('SELECT * FROM t WHERE id BETWEEN 300 AND 330 ORDER BY id FOR KEY SHARE SKIP LOCKED');
BEGIN;
SELECT on_both('DELETE FROM t WHERE id BETWEEN 500 AND 600');
DECLARE across CURSOR FOR SELECT id FROM in_focus.t WHERE id BETWEEN 490 AND 700 ORDER BY id;
FETCH 1 FROM across;
SAVEPOINT a;
SELECT on_both('INSERT INTO t (id, category) SELECT i, ''lost'' FROM generate_series(500, 550) i');
SELECT on_both('UPDATE t SET category = ''lost'' WHERE id > 2000');
ROLLBACK TO a;
FETCH LAST FROM across;
CLOSE across;
SELECT differences();
SAVEPOINT b;
SELECT on_both('TRUNCATE t, nothing');
SELECT on_both('INSERT INTO t (id) VALUES (1)');
ROLLBACK TO b;
SELECT on_both('INSERT INTO t (id, category) SELECT i, ''kept'' FROM generate_series(500, 550) i');
COMMIT;
SELECT differences(), count(*) FILTER (WHERE category = 'kept') AS kept FROM in_focus.t;
BEGIN;
SELECT on_both('CREATE TABLE fleeting AS SELECT * FROM t');
SELECT on_both('TRUNCATE fleeting');
SELECT on_both('INSERT INTO fleeting SELECT * FROM t');
ROLLBACK;
SELECT differences();

-- Constraints, foreign keys, triggers, row security, generated columns
SELECT on_both('CREATE TABLE parent (id integer PRIMARY KEY, total numeric DEFAULT 0)');
SELECT on_both('CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE,
	cost numeric CHECK (cost >= 0), doubled numeric GENERATED ALWAYS AS (cost * 2) STORED, number integer GENERATED ALWAYS AS IDENTITY)');
SELECT on_both('INSERT INTO parent SELECT generate_series(1, 10)');
CREATE FUNCTION add_to_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE parent SET total = total + coalesce(NEW.cost, 0) - coalesce(OLD.cost, 0)
	WHERE parent.id = coalesce(NEW.parent, OLD.parent);
	RETURN NULL;
END $$;
CREATE FUNCTION note_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO parent SELECT 100 + count(*), sum(cost) FROM added;
	RETURN NULL;
END $$;
SELECT on_both('CREATE TRIGGER add_to_parent AFTER INSERT OR UPDATE OR DELETE ON child FOR EACH ROW EXECUTE FUNCTION add_to_parent()');
SELECT on_both('CREATE TRIGGER note_rows AFTER INSERT ON child REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_rows()');
SELECT on_both('INSERT INTO child (id, parent, cost) SELECT i, i % 10 + 1, i FROM generate_series(1, 50) i');
SELECT on_both('INSERT INTO child (id, parent, cost) VALUES (60, 11, 1)');
SELECT on_both('INSERT INTO child (id, parent, cost) VALUES (60, 1, -1)');
SELECT on_both('UPDATE child SET cost = cost + 1 WHERE id % 2 = 0');
SELECT on_both('UPDATE parent SET id = 1000 WHERE id = 3');
SELECT on_both('DELETE FROM parent WHERE id = 4');
SELECT on_both('ALTER TABLE child ADD CONSTRAINT again FOREIGN KEY (parent) REFERENCES parent NOT VALID');
SELECT on_both('ALTER TABLE child VALIDATE CONSTRAINT again');
SELECT on_both('ALTER TABLE child ADD UNIQUE (parent)');

-- ALTER TABLE, with and without a rewrite
SELECT on_both('ALTER TABLE t ADD added integer DEFAULT 7');
SELECT on_both('ALTER TABLE t ADD counted bigint DEFAULT (random() * 0)::bigint');
SELECT on_both('UPDATE t SET added = NULL WHERE id % 4 = 0');
SELECT on_both('ALTER TABLE t DROP added');
SELECT on_both('DROP MATERIALIZED VIEW summary');
SELECT on_both('DROP INDEX t_expression');
SELECT on_both('ALTER TABLE t ALTER cost TYPE text USING cost || '' EUR''');
SELECT on_both('ALTER TABLE t ALTER cost TYPE numeric USING replace(cost, '' EUR'', '''')::numeric');
SELECT on_both('ALTER TABLE t ALTER category SET NOT NULL');
SELECT on_both('UPDATE t SET category = ''none'' WHERE category IS NULL');
SELECT on_both('ALTER TABLE t ALTER category SET NOT NULL');
SELECT on_both('CREATE INDEX t_expression ON t (lower(category), (cost + 1))');
SELECT on_both('ALTER TABLE t SET UNLOGGED');
SELECT relpersistence, (SELECT relpersistence FROM pg_class WHERE oid = c.reltoastrelid) AS toast FROM pg_class c WHERE oid = 'in_focus.t'::regclass;
SELECT on_both('ALTER TABLE t SET LOGGED');
SELECT on_both('CREATE UNLOGGED TABLE unlogged AS SELECT * FROM fixed');
CREATE TEMP TABLE temporary_one (id integer, value text) USING focus ON COMMIT DELETE ROWS;
BEGIN;
INSERT INTO temporary_one SELECT i, repeat(md5(i::text), 1000) FROM generate_series(1, 10) i;
SELECT count(*), sum(length(value)) FROM temporary_one;
COMMIT;
SELECT count(*) FROM temporary_one;

-- SET ACCESS METHOD: rows, out of line values and indexes come along
SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.oid = 'in_focus.wide'::regclass;
CREATE INDEX ON in_focus.wide (id);
ALTER TABLE in_focus.wide SET ACCESS METHOD heap;
SELECT differences();
ALTER TABLE in_focus.wide SET ACCESS METHOD focus;
SELECT differences();
-- A table that has no TOAST table does not get one, and can be altered under any lock.
ALTER TABLE in_focus.fixed SET ACCESS METHOD heap;
SELECT differences(), reltoastrelid <> 0 AS has_toast FROM pg_class WHERE oid = 'in_focus.fixed'::regclass;
ALTER TABLE in_focus.fixed SET ACCESS METHOD focus;
ALTER TABLE in_focus.fixed SET (fillfactor = 90);
BEGIN;
LOCK TABLE in_focus.fixed;
ALTER TABLE in_focus.fixed ALTER id SET STATISTICS 10;
COMMIT;
SELECT differences(), reltoastrelid <> 0 AS has_toast FROM pg_class WHERE oid = 'in_focus.fixed'::regclass;
BEGIN;
CREATE TABLE turned (id integer) USING heap;
ALTER TABLE turned SET ACCESS METHOD focus;
ALTER TABLE turned SET (fillfactor = 90);
SELECT reltoastrelid <> 0 AS has_toast FROM pg_class WHERE oid = 'turned'::regclass;
ALTER TABLE turned ADD note text;
ALTER TABLE turned SET (fillfactor = 80);
SELECT reltoastrelid <> 0 AS has_toast FROM pg_class WHERE oid = 'turned'::regclass;
INSERT INTO turned SELECT 1, string_agg(md5(i::text), '') FROM generate_series(1, 1000) i;
SELECT length(note) FROM turned;
ROLLBACK;

-- Maintenance; the tables are alike to the page, so are the results
DELETE FROM in_focus.t WHERE id % 3 = 0;
DELETE FROM in_heap.t WHERE id % 3 = 0;
VACUUM (FREEZE, ANALYZE) in_focus.t, in_heap.t;
SELECT same('SELECT pg_relation_size(''t''), reltuples, relallvisible FROM pg_class WHERE oid = ''t''::regclass');
VACUUM FULL in_focus.t;
VACUUM FULL in_heap.t;
SELECT differences();
SELECT same('SELECT pg_relation_size(''t''), pg_relation_size(''t_pkey''), reltuples FROM pg_class WHERE oid = ''t''::regclass');
VACUUM FULL in_focus.wide, in_focus.nothing, in_focus.fixed;
SELECT differences();
CLUSTER in_focus.t USING t_day;
CLUSTER in_heap.t USING t_day;
SELECT same('SELECT * FROM t ORDER BY id');
SET enable_sort = off;
CLUSTER in_focus.t USING t_pkey;
CLUSTER in_heap.t USING t_pkey;
RESET enable_sort;
SELECT same('SELECT ctid, * FROM t');
CREATE INDEX CONCURRENTLY built_beside ON in_focus.t (cost);
\set VERBOSITY terse
CREATE UNIQUE INDEX CONCURRENTLY not_unique ON in_focus.t (day);
\set VERBOSITY default
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indexrelid IN ('in_focus.built_beside'::regclass, 'in_focus.not_unique'::regclass) ORDER BY 1;
DROP INDEX in_focus.not_unique;
REINDEX TABLE CONCURRENTLY in_focus.t;
REINDEX TABLE in_focus.t;
SET enable_seqscan = off;
SELECT nodes('SELECT * FROM in_focus.t WHERE cost = 1');
SELECT same('SELECT * FROM t WHERE cost BETWEEN 1 AND 4 ORDER BY id');
RESET enable_seqscan;
SELECT on_both('TRUNCATE t');
SELECT on_both('INSERT INTO t (id, category) VALUES (1, ''after'')');

-- The entry of the table in the relation cache is rebuilt in the middle of a
-- build: a grant does that.
CREATE FUNCTION disturb() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	GRANT SELECT ON in_focus.made TO PUBLIC;
	REVOKE SELECT ON in_focus.made FROM PUBLIC;
END $$;
CREATE FUNCTION disturbing(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF n % 500 = 0 THEN
		PERFORM public.disturb();
	ELSIF n = -1 THEN
		RAISE division_by_zero;
	END IF;
	RETURN n;
END $$;
CREATE INDEX disturbed ON in_focus.made (disturbing(id));
CREATE INDEX CONCURRENTLY disturbed_too ON in_focus.made (disturbing(id));
SET enable_seqscan = off;
SELECT nodes('SELECT id FROM in_focus.made WHERE disturbing(id) < 900');
SELECT same('SELECT id, category FROM made WHERE disturbing(id) < 900 ORDER BY id');
RESET enable_seqscan;
CLUSTER in_focus.made USING disturbed;
SELECT differences();
DROP INDEX in_focus.disturbed, in_focus.disturbed_too;
-- An error in a build leaves the table as it was.
INSERT INTO in_focus.made (id) VALUES (-1);
CREATE INDEX failing ON in_focus.made (disturbing(id));
CREATE INDEX CONCURRENTLY failing ON in_focus.made (disturbing(id));
DROP INDEX in_focus.failing;
DELETE FROM in_focus.made WHERE id = -1;
BEGIN;
INSERT INTO in_focus.made (id) VALUES (-1);
SAVEPOINT before_it;
CREATE INDEX failing ON in_focus.made (disturbing(id));
ROLLBACK TO before_it;
SELECT count(*) FROM in_focus.made WHERE id < 0;
ROLLBACK;
VACUUM in_focus.made;
CREATE INDEX succeeding ON in_focus.made (disturbing(id));
VACUUM FULL in_focus.made;
SELECT differences();

-- Partitions, alone and mixed with heap
SELECT on_both('CREATE TABLE charges (id integer, month date, cost numeric) PARTITION BY RANGE (month)');
SELECT on_both('CREATE TABLE january PARTITION OF charges FOR VALUES FROM (''2026-01-01'') TO (''2026-02-01'')');
SELECT on_both('CREATE TABLE february PARTITION OF charges FOR VALUES FROM (''2026-02-01'') TO (''2026-03-01'') USING heap');
SELECT on_both('CREATE TABLE later PARTITION OF charges DEFAULT');
SELECT on_both('CREATE UNIQUE INDEX ON charges (id, month)');
SELECT on_both('INSERT INTO charges SELECT i, date ''2026-01-01'' + i % 80, i FROM generate_series(1, 800) i');
SELECT on_both('UPDATE charges SET month = month + 31 WHERE id % 3 = 0');
SELECT on_both('DELETE FROM charges WHERE id % 7 = 0');
SELECT on_both('INSERT INTO charges VALUES (1, ''2026-01-02'', 5) ON CONFLICT (id, month) DO UPDATE SET cost = excluded.cost');
SELECT on_both('ALTER TABLE charges DETACH PARTITION january');
SELECT on_both('ALTER TABLE charges ATTACH PARTITION january FOR VALUES FROM (''2026-01-01'') TO (''2026-02-01'')');
SELECT same('SELECT tableoid::regclass::text, count(*), sum(cost) FROM charges GROUP BY 1 ORDER BY 1');
SELECT on_both('CREATE TABLE heir (extra text) INHERITS (fixed)');
SELECT on_both('INSERT INTO heir VALUES (9999, ''2026-01-01'', ''inherited'')');
SELECT on_both('UPDATE fixed SET id = -id');

-- Row security, and what there is to drop
SELECT on_both('ALTER TABLE parent ENABLE ROW LEVEL SECURITY');
CREATE ROLE regress_focus_reader;
GRANT USAGE ON SCHEMA in_focus, in_heap TO regress_focus_reader;
GRANT SELECT ON in_focus.parent, in_heap.parent TO regress_focus_reader;
SELECT on_both('CREATE POLICY small ON parent USING (id < 5)');
SET ROLE regress_focus_reader;
SELECT same('SELECT * FROM parent ORDER BY id');
RESET ROLE;
DROP ACCESS METHOD focus;
BEGIN;
DO $$ BEGIN EXECUTE 'DROP EXTENSION focus'; EXCEPTION WHEN dependent_objects_still_exist THEN RAISE NOTICE 'tables depend on it'; END $$;
ROLLBACK;

-- A default that the extension itself would create
SET client_min_messages = warning;
DROP SCHEMA in_focus, in_heap CASCADE;
DROP TABLE temporary_one;
DROP OWNED BY regress_focus_reader;
DROP ROLE regress_focus_reader;
SET default_table_access_method = focus;
DROP EXTENSION focus CASCADE;
CREATE EXTENSION focus;
SHOW default_table_access_method;
SELECT count(*) FILTER (WHERE amname <> 'heap') AS of_focus, count(*) > 5 AS several FROM pg_class c
JOIN pg_am a ON a.oid = relam JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
JOIN pg_extension e ON e.oid = d.refobjid AND extname = 'focus' WHERE relkind = 'r';
CREATE TABLE by_default (id integer);
SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE c.oid = 'by_default'::regclass;
DROP TABLE by_default;
