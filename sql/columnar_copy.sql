-- COPY of a table is run by the scan node, and says what it says of a heap table.

CREATE TABLE copied (a int, gone text, "Mixed Case" numeric, twice int GENERATED ALWAYS AS (a * 2) STORED, note text) USING focus;
CREATE TABLE twin (LIKE copied INCLUDING GENERATED) USING heap;
INSERT INTO copied (a, gone, "Mixed Case", note)
SELECT i, 'x', i + 0.50, CASE WHEN i % 3 > 0 THEN E'tab\there, "quoted"' END FROM generate_series(1, 2000) AS i;
ALTER TABLE copied DROP gone;
ALTER TABLE twin DROP gone;
CALL focus_compact('copied');
DELETE FROM copied WHERE a > 5;
UPDATE copied SET note = 'changed' WHERE a = 4;
INSERT INTO twin (a, "Mixed Case", note) SELECT a, "Mixed Case", note FROM copied;
CREATE TABLE child () INHERITS (copied);
INSERT INTO child (a) VALUES (6);

COPY copied TO STDOUT;
COPY twin TO STDOUT;
COPY copied (note, "Mixed Case") TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE ("Mixed Case"), NULL '-');
\copy copied (a) to stdout

SELECT row_groups, delta_rows FROM focus_columnar_info('copied');

-- Errors are COPY's.
COPY copied (absent) TO STDOUT;
COPY copied (a, a) TO STDOUT;
COPY copied (twice) TO STDOUT;
COPY copied (ctid) TO STDOUT;
COPY absent TO STDOUT;
CREATE VIEW seen AS SELECT a FROM copied;
COPY seen TO STDOUT;

-- Rights, and row-level security
CREATE ROLE focus_copier;
SET ROLE focus_copier;
COPY copied TO STDOUT;
RESET ROLE;
GRANT SELECT (a) ON copied TO focus_copier;
SET ROLE focus_copier;
COPY copied (a) TO STDOUT;
COPY copied (a, note) TO STDOUT;
RESET ROLE;
ALTER TABLE copied ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON copied USING (a < 3);
SET ROLE focus_copier;
COPY copied (a) TO STDOUT;
SET row_security = off;
COPY copied (a) TO STDOUT;
RESET row_security;
RESET ROLE;

-- Temporary tables
CREATE TEMPORARY TABLE hidden (a int) USING focus;
INSERT INTO hidden VALUES (7);
COPY hidden TO STDOUT;
COPY pg_temp.hidden TO STDOUT;

-- Without the node
SET focus.enable_scan = off;
COPY copied TO STDOUT;
RESET focus.enable_scan;

-- In a function the statement is run again as it was.
CREATE FUNCTION copy_out() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COPY copied TO '/dev/null'; END $$;
SELECT copy_out();
ALTER TABLE copied ADD more int DEFAULT 1;
SELECT copy_out();
COPY copied (a, more) TO STDOUT;

DROP FUNCTION copy_out();
DROP VIEW seen;
DROP TABLE child, copied, twin, hidden;
DROP ROLE focus_copier;
