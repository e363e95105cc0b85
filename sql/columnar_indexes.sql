-- Compaction moves rows; the index entries of the row groups that they leave go, too.
CREATE TABLE moved (id integer PRIMARY KEY, note text) USING focus;
SELECT statement FROM generate_series(0, 11) batch, LATERAL (VALUES
	(format('INSERT INTO moved SELECT i, ''note'' FROM generate_series(%s, %s) i', batch * 1000 + 1, batch * 1000 + 1000)),
	('CALL focus_compact(''moved'')')) s (statement) \gexec
SELECT row_groups, group_rows, delta_rows FROM focus_columnar_info('moved');
SET enable_seqscan = off;
SELECT count(*), sum(id) FROM moved WHERE id > 0;
RESET enable_seqscan;
SELECT * FROM focus_check('moved');
SELECT pg_relation_size('moved_pkey') AS size \gset
REINDEX INDEX moved_pkey;
-- With all entries ever made it would be six times as large.
SELECT :size < 4 * pg_relation_size('moved_pkey') AS cleaned;
DROP TABLE moved;
