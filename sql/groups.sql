-- Row groups where compaction, TRUNCATE and bulk inserts come together with values
-- out of line, indexes, savepoints and RETURNING.
CREATE TABLE t (id integer, v text) USING focus;
INSERT INTO t SELECT i, (SELECT string_agg(md5((i / 2 + x)::text), '') FROM generate_series(1, 300) x) FROM generate_series(1, 10) i;
INSERT INTO t SELECT i, (SELECT string_agg(md5((i / 2 + x)::text), '') FROM generate_series(1, 70) x) FROM generate_series(11, 20) i;
INSERT INTO t SELECT i, repeat(md5(i::text), 300) FROM generate_series(21, 30) i;
ALTER TABLE t ALTER v SET STORAGE EXTERNAL;
INSERT INTO t SELECT i, repeat(md5(i::text), 300) FROM generate_series(31, 40) i;
CREATE TABLE h USING heap AS TABLE t;
CALL focus_compact('t');
SELECT count(*) FROM (TABLE t EXCEPT ALL TABLE h) d;

-- TRUNCATE of a table with an index and groups
CREATE INDEX ON t (id);
TRUNCATE t;
SELECT count(*) FROM t;
DROP TABLE t, h;

-- in the transaction that has created the table
SET focus.debug_force_groups = on;
SET enable_seqscan = off;
BEGIN;
CREATE TABLE t (id integer, v text) USING focus;
CREATE INDEX ON t (id);
INSERT INTO t SELECT i, 'old' FROM generate_series(1, 30) i;
TRUNCATE t;
INSERT INTO t SELECT i + 100, 'new' FROM generate_series(1, 30) i;
SELECT count(*) FILTER (WHERE v = 'old') AS old, count(*) FILTER (WHERE id > 100) AS new FROM t;
SELECT count(*) FROM t WHERE id < 50;
SELECT count(*) FROM t WHERE id > 50;
COMMIT;
DROP TABLE t;

-- at the end of each transaction
CREATE TEMP TABLE d (id integer, v text) USING focus ON COMMIT DELETE ROWS;
CREATE INDEX ON d (id);
INSERT INTO d SELECT i, 'old' FROM generate_series(1, 30) i;
BEGIN;
INSERT INTO d SELECT i + 100, 'new' FROM generate_series(1, 30) i;
SELECT count(*) FROM d WHERE id < 50;
SELECT count(*) FROM d WHERE id > 50;
COMMIT;
DROP TABLE d;

-- A buffer that has been emptied by COPY is not written again.
CREATE TABLE t (id integer) USING focus;
COPY t FROM STDIN;
1
2
\.
BEGIN;
COPY t FROM STDIN;
3
4
\.
SAVEPOINT s;
SELECT count(*) FROM t;
ALTER TABLE t ADD twice integer GENERATED ALWAYS AS (id * 2) STORED;
SELECT sum(twice) FROM t;
COMMIT;
DROP TABLE t;

-- RETURNING knows the places of rows, also of many.
CREATE TABLE t (id integer) USING focus;
BEGIN;
CREATE TEMP TABLE places (id integer, place tid) USING heap;
WITH i AS (INSERT INTO t SELECT generate_series(1, 3000) RETURNING id, ctid) INSERT INTO places SELECT * FROM i;
SELECT count(*) FROM t JOIN places p ON t.ctid = place AND t.id = p.id;
COMMIT;
SET focus.debug_force_groups = off;
WITH i AS (INSERT INTO t SELECT generate_series(3001, 6000) RETURNING id, ctid) INSERT INTO places SELECT * FROM i;
SELECT count(*) FROM t JOIN places p ON t.ctid = place AND t.id = p.id;
DROP TABLE t, places;

-- Compaction vacuums indexes of every kind.
CREATE TABLE t (id integer, v text, r int4range) USING focus;
INSERT INTO t SELECT i, 'v' || i, int4range(i, i + 5) FROM generate_series(1, 3000) i;
CREATE INDEX ON t USING spgist (v);
CREATE INDEX ON t USING gist (r);
CREATE INDEX ON t USING hash (id);
DELETE FROM t WHERE id % 2 = 0;
CALL focus_compact('t');
INSERT INTO t SELECT i, 'v' || i, int4range(i, i + 5) FROM generate_series(3001, 3100) i;
DELETE FROM t WHERE id % 3 = 0;
CALL focus_compact('t');
SET enable_seqscan = off;
SELECT count(*) FROM t WHERE v >= 'v';
SELECT count(*) FROM t WHERE r && int4range(1, 4000);
SELECT count(*) FROM t WHERE id = 3001;
DROP TABLE t;
