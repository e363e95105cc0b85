-- What is in a focus table: focus_columnar_info and focus_columnar_columns.
SET TimeZone = 'UTC';
CREATE TABLE t (id integer, cost numeric, region text, tags focus_tags, paid boolean) USING focus;

-- Sizes differ between machines a little, so they are only compared.
CREATE VIEW info AS
SELECT row_groups, group_rows, deleted_rows, delta_rows,
	group_bytes > 0 AS groups, delta_bytes > 0 AS delta, toast_bytes >= group_bytes AS toast,
	bytes_per_row = round(pg_table_size(relation)::numeric / nullif(group_rows - deleted_rows + delta_rows, 0), 1) AS per_row
FROM focus_columnar_info('t');
TABLE info;
SELECT * FROM focus_columnar_columns('t');

-- Rows are in the delta, then in a group.
INSERT INTO t SELECT i, i * 0.25, 'eu-' || i % 3, NULL, i > 0 FROM generate_series(1, 900) i;
SELECT row_groups, group_rows, deleted_rows, delta_rows FROM info;
CALL focus_compact('t');
VACUUM t;
SELECT row_groups, group_rows, deleted_rows, delta_rows FROM info;
SELECT column_name, encoding, row_groups, group_rows, nulls, entries, bytes > 0 AS bytes
FROM focus_columnar_columns('t');

-- As the snapshot sees it: deleted, and back.
BEGIN;
DELETE FROM t WHERE id <= 10;
UPDATE t SET cost = 0 WHERE id = 11;
INSERT INTO t VALUES (901), (902);
SELECT row_groups, group_rows, deleted_rows, delta_rows FROM info;
ROLLBACK;
SELECT row_groups, group_rows, deleted_rows, delta_rows FROM info;

-- Columns that were added are in later groups only; of dropped ones, earlier
-- groups keep the bytes.
ALTER TABLE t ADD account text;
ALTER TABLE t DROP region;
INSERT INTO t SELECT i, i, NULL, true, 'a' || i % 2 FROM generate_series(1001, 71000) i;
SELECT row_groups, group_rows, deleted_rows, delta_rows FROM info;
SELECT column_name, encoding, row_groups, group_rows, nulls, entries, bytes > 0 AS bytes
FROM focus_columnar_columns('t');
SELECT sum(bytes) < (SELECT group_bytes FROM focus_columnar_info('t')) AS without_headers FROM focus_columnar_columns('t');
SELECT (SELECT count(*) FROM t) = group_rows - deleted_rows + delta_rows AS counted FROM info;

-- Of a partitioned table: each partition that has groups, on any level.
CREATE TABLE p (day date, cost numeric) PARTITION BY RANGE (day);
CREATE TABLE p_january PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') USING focus;
CREATE TABLE p_february PARTITION OF p FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') USING heap;
CREATE TABLE p_spring PARTITION OF p FOR VALUES FROM ('2026-03-01') TO ('2026-06-01') PARTITION BY RANGE (day);
CREATE TABLE p_march PARTITION OF p_spring FOR VALUES FROM ('2026-03-01') TO ('2026-04-01') USING focus;
INSERT INTO p SELECT date '2026-01-01' + i % 90, i FROM generate_series(0, 999) i;
CALL focus_compact('p_january');
SELECT relation, row_groups, group_rows, delta_rows FROM focus_columnar_info('p') ORDER BY relation;
SELECT relation, column_name, encoding FROM focus_columnar_columns('p') ORDER BY relation, column_name;
SELECT * FROM focus_check('p');

-- Other relations have no such thing.
SELECT * FROM focus_columnar_info('p_february');
SELECT * FROM focus_columnar_columns('info');
SELECT * FROM focus_columnar_info('no_table');
SELECT * FROM focus_columnar_info(1::regclass);
SELECT * FROM focus_columnar_info(NULL);
CREATE TABLE of_heap (id integer) USING heap;
ALTER TABLE of_heap SET ACCESS METHOD focus;
SELECT * FROM focus_columnar_info('of_heap');
CREATE TEMP TABLE temporary (id integer) USING focus;
INSERT INTO temporary SELECT generate_series(1, 10);
SELECT row_groups, delta_rows FROM focus_columnar_info('temporary');

-- Who may not read the table may not count its rows.
CREATE ROLE columnar_info_role;
SET ROLE columnar_info_role;
SELECT * FROM focus_columnar_info('t');
SELECT * FROM focus_columnar_columns('t');
SELECT * FROM focus_columnar_info('p');
SELECT * FROM focus_check('t');
RESET ROLE;
GRANT SELECT ON t TO columnar_info_role;
SET ROLE columnar_info_role;
SELECT row_groups FROM focus_columnar_info('t');
SELECT count(*) > 0 AS found FROM focus_columnar_columns('t');
SELECT * FROM focus_check('t');
RESET ROLE;
REVOKE SELECT ON t FROM columnar_info_role;
GRANT pg_read_all_stats TO columnar_info_role;
SET ROLE columnar_info_role;
SELECT row_groups FROM focus_columnar_info('t');
SELECT * FROM focus_check('t');
RESET ROLE;
DROP ROLE columnar_info_role;
DROP VIEW info;
DROP TABLE t, p, of_heap, temporary;
