-- Deleting whole row groups
CREATE TABLE bills (load bigint, cost numeric, note text) USING focus;
SET focus.debug_force_groups = on;
INSERT INTO bills SELECT 1, i, 'x' FROM generate_series(1, 2000) i;
INSERT INTO bills SELECT 2 + i % 2, i, 'y' FROM generate_series(1, 2000) i;
INSERT INTO bills SELECT 4, i, 'z' FROM generate_series(1, 2000) i;
INSERT INTO bills SELECT NULL, i, 'n' FROM generate_series(1, 2000) i;
RESET focus.debug_force_groups;
INSERT INTO bills VALUES (1, 0.5, 'delta');
CREATE VIEW left_over AS SELECT load, count(*), sum(cost) FROM bills GROUP BY load ORDER BY load;

-- only who may delete
CREATE ROLE regress_focus_reader;
GRANT SELECT ON bills TO regress_focus_reader;
SET ROLE regress_focus_reader;
SELECT focus_delete_groups('bills', 'load', '{1,2,3,4}');
RESET ROLE;
REVOKE SELECT ON bills FROM regress_focus_reader;
GRANT DELETE ON bills TO regress_focus_reader;
SET ROLE regress_focus_reader;
SELECT focus_delete_groups('bills', 'load', '{1,2,3,4}');
RESET ROLE;

-- one of two values in a group does not do, both do
SELECT focus_delete_groups('bills', 'load', '{2}');
SELECT focus_delete_groups('bills', 'load', '{2,4}');
SELECT * FROM left_over;
BEGIN;
SELECT focus_delete_groups('bills', 'load', '{1,2,3}');
SELECT * FROM left_over;
ROLLBACK;
SELECT * FROM left_over;

-- rows that are deleted already do not count
DELETE FROM bills WHERE load = 1 AND cost <= 500;
SELECT focus_delete_groups('bills', 'load', '{1}');
SELECT * FROM left_over;
SELECT * FROM focus_check('bills');

-- where DELETE would do more, nothing is done
CREATE FUNCTION passes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE TRIGGER passes BEFORE DELETE ON bills FOR EACH ROW EXECUTE FUNCTION passes();
SELECT focus_delete_groups('bills', 'load', '{2,3}');
DROP TRIGGER passes ON bills;
DROP FUNCTION passes();
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT focus_delete_groups('bills', 'load', '{2,3}');
ROLLBACK;
BEGIN READ ONLY;
SELECT focus_delete_groups('bills', 'load', '{2,3}');
ROLLBACK;
ALTER TABLE bills ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, DELETE ON bills TO regress_focus_reader;
SET ROLE regress_focus_reader;
SELECT focus_delete_groups('bills', 'load', '{2,3}');
RESET ROLE;
ALTER TABLE bills DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- wrong arguments
SELECT focus_delete_groups('bills', 'note', '{1}');
SELECT focus_delete_groups('bills', 'nowhere', '{1}');
SELECT focus_delete_groups('bills', 'load', '{1,NULL}');
SELECT focus_delete_groups('bills', 'load', '{}');
SELECT focus_delete_groups('pg_class', 'relpages', '{1}');

SET ROLE regress_focus_reader;
SELECT focus_delete_groups('bills', 'load', '{2,3}');
RESET ROLE;
SELECT * FROM left_over;
DROP VIEW left_over;
DROP TABLE bills;
DROP ROLE regress_focus_reader;
