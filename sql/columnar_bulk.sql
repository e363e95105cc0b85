-- Rows that are kept back are written before the next statement, which may
-- alter the table.  A trigger makes COPY insert row by row.
CREATE TABLE kept_back (a integer) USING focus;
CREATE FUNCTION passes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER passes BEFORE INSERT ON kept_back FOR EACH ROW EXECUTE FUNCTION passes();
BEGIN;
COPY kept_back FROM STDIN;
1
2
\.
ALTER TABLE kept_back ADD b text DEFAULT 'added';
COPY kept_back FROM STDIN;
3	three
4	four
\.
SAVEPOINT before;
COPY kept_back FROM STDIN;
5	five
\.
ROLLBACK TO before;
COMMIT;
SELECT * FROM kept_back ORDER BY a;
DROP TABLE kept_back;
DROP FUNCTION passes();

-- A procedure that commits between two such statements
CREATE TABLE committed (a integer) USING focus;
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO committed SELECT i FROM generate_series(1, 20000) i;
	COMMIT;
	INSERT INTO committed SELECT i FROM generate_series(20001, 40000) i;
	ROLLBACK;
	INSERT INTO committed SELECT i FROM generate_series(1, 1500) i;
END $$;
CALL fill();
SELECT count(*), sum(a) FROM committed;
DROP TABLE committed;
DROP PROCEDURE fill();
