-- Is a focus table sound?  Here it mostly is; 025_corruption.pl damages files.
SET TimeZone = 'UTC';
CREATE TABLE t (id integer PRIMARY KEY, cost numeric, region text, place point, period int4range) USING focus;
CREATE INDEX t_region ON t (region, cost);
CREATE INDEX t_hash ON t USING hash (region);
CREATE INDEX t_gist ON t USING gist (place);
CREATE INDEX t_spgist ON t USING spgist (period);
CREATE INDEX t_partial ON t (cost) INCLUDE (region) WHERE id % 3 = 0;
CREATE INDEX t_expression ON t (lower(region), (id::text::name) DESC);
SELECT * FROM focus_check('t');

-- Many states of rows, each time with nothing to report.
INSERT INTO t SELECT i, CASE WHEN i % 7 > 0 THEN (i % 1000) * 0.05 END, 'EU-' || i % 13,
	point(i % 10, 1), int4range(i % 5, 9) FROM generate_series(1, 3000) i;
SELECT * FROM focus_check('t');
CALL focus_compact('t');
SELECT * FROM focus_check('t');
DELETE FROM t WHERE id % 10 = 3;
UPDATE t SET region = NULL, cost = 'NaN' WHERE id % 10 = 4;
SELECT * FROM focus_check('t');
BEGIN;
DELETE FROM t WHERE id % 10 = 5;
SAVEPOINT s;
DELETE FROM t WHERE id % 10 = 6;
UPDATE t SET place = NULL WHERE id % 10 = 7;
ROLLBACK TO s;
SELECT * FROM focus_check('t');
COMMIT;
SELECT * FROM focus_check('t');
CALL focus_compact('t');
SELECT * FROM focus_check('t');
VACUUM t;
SELECT * FROM focus_check('t');
DELETE FROM t WHERE id % 10 = 8;
VACUUM FULL t;
SELECT * FROM focus_check('t');
CLUSTER t USING t_region;
SELECT * FROM focus_check('t');
DELETE FROM t WHERE id % 10 = 9;
REINDEX TABLE t;
SELECT * FROM focus_check('t');
ALTER TABLE t ADD account text DEFAULT 'a';
CREATE INDEX t_account ON t (account, id);
SELECT * FROM focus_check('t');
ALTER TABLE t DROP place;
SELECT * FROM focus_check('t');
TRUNCATE t;
SELECT * FROM focus_check('t');

-- Groups of one row each
SET focus.debug_force_groups = on;
INSERT INTO t SELECT i, i * 0.5, 'region', int4range(i, i + 1) FROM generate_series(1, 100) i;
UPDATE t SET cost = 1 WHERE id <= 10;
RESET focus.debug_force_groups;
SELECT * FROM focus_check('t');
SELECT row_groups > 50 AS many FROM focus_columnar_info('t');

-- An index that missed rows
CALL focus_compact('t');
SET allow_system_table_mods = on;
UPDATE pg_index SET indisready = false WHERE indexrelid IN ('t_region'::regclass, 't_hash'::regclass, 't_spgist'::regclass, 't_partial'::regclass);
INSERT INTO t SELECT i, i * 0.5, 'region' || i, int4range(i, i + 1) FROM generate_series(101, 200) i;
CALL focus_compact('t');
UPDATE pg_index SET indisready = true WHERE indexrelid IN ('t_region'::regclass, 't_hash'::regclass, 't_spgist'::regclass, 't_partial'::regclass);
SELECT column_name, tid IS NOT NULL AS tid, problem FROM focus_check('t') ORDER BY problem;
SELECT * FROM focus_check('t', check_indexes => false);
REINDEX TABLE t;
SELECT * FROM focus_check('t');

-- An index that has other keys than its rows would get now
CREATE FUNCTION changing(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';
CREATE INDEX t_changing ON t (changing(id));
SELECT * FROM focus_check('t');
CREATE OR REPLACE FUNCTION changing(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN $1 = 50 THEN 0 ELSE $1 END; END';
SELECT column_name, tid, problem FROM focus_check('t');
DROP INDEX t_changing;

-- Functions in indexes run as the table's owner, in focus_compact, too.
CREATE ROLE columnar_check_owner;
SET ROLE columnar_check_owner;
CREATE FUNCTION pg_temp.spy(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS
$$BEGIN RAISE NOTICE 'spy runs as %', current_user; RETURN $1; END$$;
CREATE TEMP TABLE owned (id integer) USING focus;
INSERT INTO owned VALUES (1);
CREATE INDEX ON owned (pg_temp.spy(id));
RESET ROLE;
CALL focus_compact('owned');
SELECT * FROM focus_check('owned');
SET ROLE columnar_check_owner;
SELECT * FROM focus_check('owned');
DROP TABLE owned;
DROP FUNCTION pg_temp.spy(integer);
RESET ROLE;
DROP ROLE columnar_check_owner;

-- An index that a failed build left, and one of an extension's access method
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_region'::regclass;
SELECT * FROM focus_check('t');
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 't_region'::regclass;
SELECT * FROM focus_check('pg_class');
SELECT * FROM focus_check(NULL);
SELECT * FROM focus_check('t', NULL);
DROP TABLE t;
DROP FUNCTION changing(integer);
