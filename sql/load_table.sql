-- What a user may have put on a dataset's table: constraints, indexes,
-- triggers, generated columns, other columns.
\set main :DBNAME
CREATE DATABASE regress_focus_load TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_load
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';

BEGIN;
-- an error of the table names the row
ALTER TABLE focus_cost_and_usage ADD CONSTRAINT no_free_lunch CHECK (billedcost <> 0);
SAVEPOINT s;
\set VERBOSITY terse
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'check');
BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z
0,2025-01-01T00:00:00Z
2,2025-01-01T00:00:00Z
\.
ROLLBACK TO s;
DO $$
DECLARE
	context text;
BEGIN
	COPY focus_cost_and_usage FROM PROGRAM 'printf "BilledCost,BillingPeriodStart\n1,2025-01-01T00:00:00Z\n0,2025-01-01T00:00:00Z\n2,2025-01-01T00:00:00Z\n"'
		WITH (FORMAT focus, source 'check');
EXCEPTION WHEN check_violation THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
	RAISE NOTICE '%: %', SQLERRM, substring(context FROM 'line \d+');
END;
$$;
-- so does one of an index
CREATE UNIQUE INDEX ON focus_cost_and_usage (skuid);
CREATE INDEX ON focus_cost_and_usage ((upper(servicename))) WHERE billedcost > 1;
DO $$
DECLARE
	context text;
BEGIN
	COPY focus_cost_and_usage FROM PROGRAM 'printf "BilledCost,BillingPeriodStart,SkuId\n1,2025-01-01T00:00:00Z,a\n3,2025-01-01T00:00:00Z,b\n2,2025-01-01T00:00:00Z,a\n"'
		WITH (FORMAT focus, source 'index');
EXCEPTION WHEN unique_violation THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
	RAISE NOTICE '%: %', SQLERRM, substring(context FROM 'line \d+');
END;
$$;
SELECT count(*) FROM focus_cost_and_usage;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'index');
BilledCost,BillingPeriodStart,SkuId,ServiceName
1,2025-01-01T00:00:00Z,a,x
3,2025-01-01T00:00:00Z,b,y
\.
SET LOCAL enable_seqscan = off;
SELECT billedcost FROM focus_cost_and_usage WHERE skuid = 'b';
SELECT skuid FROM focus_cost_and_usage WHERE upper(servicename) = 'Y' AND billedcost > 1;
RESET enable_seqscan;
ROLLBACK;

-- Columns that come and go, defaults, generated columns.
BEGIN;
ALTER TABLE focus_cost_and_usage ADD COLUMN gone integer, ADD COLUMN note text;
ALTER TABLE focus_cost_and_usage ALTER COLUMN note SET DEFAULT 'not for loads';
ALTER TABLE focus_cost_and_usage DROP COLUMN gone;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'columns');
BilledCost,BillingPeriodStart,note
1.25,2025-01-01T00:00:00Z,mine
\.
SELECT billedcost, note, x_columns FROM focus_cost_and_usage;
ALTER TABLE focus_contract_commitment ADD COLUMN cents numeric GENERATED ALWAYS AS (contractcommitmentcost * 100) STORED;
COPY focus_contract_commitment FROM STDIN WITH (FORMAT focus, source 'columns');
BillingCurrency,ContractCommitmentCost,ContractCommitmentId,ContractId
EUR,1.25,CC,C
EUR,-2,CC,C
\.
SELECT contractcommitmentcost, cents FROM focus_contract_commitment ORDER BY cents;
ROLLBACK;
BEGIN;
ALTER TABLE focus_cost_and_usage RENAME COLUMN x_columns TO x_other;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'renamed');
BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z
\.
ROLLBACK;

-- Triggers of every kind fire as they do for COPY.
BEGIN;
CREATE TABLE fired (id serial, what text);
CREATE FUNCTION note_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_LEVEL = 'ROW' THEN
		INSERT INTO fired (what) VALUES (concat_ws(' ', TG_WHEN, TG_LEVEL, NEW.skuid));
		IF TG_WHEN = 'BEFORE' THEN
			NEW.subaccountid := 'seen before: ' || (SELECT count(*) FROM focus_cost_and_usage);
		END IF;
		RETURN NEW;
	END IF;
	INSERT INTO fired (what) VALUES (concat_ws(' ', TG_WHEN, TG_LEVEL));
	RETURN NULL;
END;
$$;
CREATE FUNCTION note_new_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO fired (what) SELECT 'new table ' || count(*) || ' ' || sum(billedcost) FROM new_rows;
	RETURN NULL;
END;
$$;
CREATE TRIGGER a BEFORE INSERT ON focus_cost_and_usage FOR EACH STATEMENT EXECUTE FUNCTION note_trigger();
CREATE TRIGGER b AFTER INSERT ON focus_cost_and_usage FOR EACH STATEMENT EXECUTE FUNCTION note_trigger();
CREATE TRIGGER c AFTER INSERT ON focus_cost_and_usage FOR EACH ROW EXECUTE FUNCTION note_trigger();
CREATE TRIGGER d AFTER INSERT ON focus_cost_and_usage REFERENCING NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION note_new_rows();
CREATE CONSTRAINT TRIGGER e AFTER INSERT ON focus_cost_and_usage DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (NEW.skuid = '2') EXECUTE FUNCTION note_trigger();
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'triggers 1');
BilledCost,BillingPeriodStart,SkuId
1,2025-01-01T00:00:00Z,1
2,2025-01-01T00:00:00Z,2
\.
SELECT what FROM fired ORDER BY id;
SET CONSTRAINTS ALL IMMEDIATE;
SELECT what FROM fired ORDER BY id DESC LIMIT 1;
TRUNCATE fired;
CREATE TRIGGER f BEFORE INSERT ON focus_cost_and_usage FOR EACH ROW EXECUTE FUNCTION note_trigger();
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'triggers 2');
BilledCost,BillingPeriodStart,SkuId
1,2025-01-01T00:00:00Z,3
2,2025-01-01T00:00:00Z,4
\.
SELECT what FROM fired ORDER BY id;
SELECT skuid, subaccountid FROM focus_cost_and_usage ORDER BY x_loadid, skuid;
-- a foreign key is a trigger, too
CREATE TABLE skus (id text PRIMARY KEY);
INSERT INTO skus VALUES ('1'), ('2'), ('3'), ('4');
ALTER TABLE focus_cost_and_usage ADD FOREIGN KEY (skuid) REFERENCES skus;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'foreign key');
BilledCost,BillingPeriodStart,SkuId
1,2025-01-01T00:00:00Z,5
\.
ROLLBACK;

-- A trigger that leaves a row out would lose cost: an error.
BEGIN;
CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN NEW.billedcost > 0 THEN NEW END; END';
CREATE TRIGGER leave_out BEFORE INSERT ON focus_cost_and_usage FOR EACH ROW EXECUTE FUNCTION leave_out();
\set VERBOSITY default
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'left out');
BilledCost,BillingPeriodStart,SkuId
1,2025-01-01T00:00:00Z,1
-2,2025-01-01T00:00:00Z,2
\.
ROLLBACK;

-- The session's search_path has no say: neither its tables nor its operators.
BEGIN;
CREATE SCHEMA hostile;
CREATE TABLE hostile.focus_cost_and_usage (billedcost numeric);
CREATE TABLE hostile.focus_loads (LIKE focus_loads INCLUDING DEFAULTS);
CREATE FUNCTION hostile.no(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'hijacked'; END$$;
CREATE FUNCTION hostile.no(name, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'hijacked'; END$$;
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.no);
CREATE OPERATOR hostile.= (LEFTARG = name, RIGHTARG = text, FUNCTION = hostile.no);
CREATE FUNCTION hostile.bool_and(boolean) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'hijacked'; END$$;
SET LOCAL search_path = hostile, pg_catalog, public;
SAVEPOINT s;
\copy focus_cost_and_usage FROM PROGRAM 'true' WITH (FORMAT focus, source 'hostile')
ROLLBACK TO s;
COPY public.focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'hostile');
BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z
x,2025-01-01T00:00:00Z
\.
COPY public.focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'hostile', mode 'replace');
BilledCost,BillingPeriodStart
2,2025-01-01T00:00:00Z
\.
SELECT public.focus_unload(max(deliveryid)) FROM public.focus_loads;
SHOW search_path;
DROP EXTENSION focus;
ROLLBACK;
SHOW row_security;

-- Equal instants whatever the session's TimeZone.
SET TimeZone = 'America/Los_Angeles';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'zone 1');
BilledCost,BillingPeriodStart,ChargePeriodStart
1,2025-03-01,3/9/25 02:30
1,2025-03-01T00:00:00Z,2025-03-09 02:30:00
1,2025-03-01T00:00:00Z,2025-10-26T02:30Z
\.
SET TimeZone = 'Asia/Kolkata';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'zone 2');
BilledCost,BillingPeriodStart,ChargePeriodStart,x
1,2025-03-01,3/9/25 02:30,
1,2025-03-01T00:00:00Z,2025-03-09 02:30:00,
1,2025-03-01T00:00:00Z,2025-10-26T02:30Z,
\.
SET TimeZone = 'UTC';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'zone 3');
BilledCost,BillingPeriodStart,ChargePeriodStart,y
1,2025-03-01,3/9/25 02:30,
1,2025-03-01T00:00:00Z,2025-03-09 02:30:00,
1,2025-03-01T00:00:00Z,2025-10-26T02:30Z,
\.
SELECT billingperiodstart, chargeperiodstart, count(*) FROM focus_cost_and_usage GROUP BY 1, 2 ORDER BY 1, 2;
SELECT timesectorstart, timesectorend, count(*) FROM focus_time_sectors GROUP BY 1, 2;

-- Memory does not grow with the number of deliveries in a session.
CREATE TEMP TABLE memory (deliveries integer, bytes bigint);
SET client_min_messages = error;
DO $$
BEGIN
	FOR i IN 1..40 LOOP
		EXECUTE format('COPY focus_cost_and_usage FROM PROGRAM %L WITH (FORMAT focus, source %L)',
			'printf "BilledCost,BillingPeriodStart,Tags\n' || i || ',2025-01-01T00:00:00Z,{}\nx,,\n"', 'memory ' || i);
		IF i % 20 = 0 THEN
			INSERT INTO memory SELECT i, sum(total_bytes) FROM pg_backend_memory_contexts
			WHERE name LIKE 'focus%' OR name = 'TopMemoryContext';
		END IF;
	END LOOP;
END;
$$;
RESET client_min_messages;
SELECT max(bytes) - min(bytes) <= 65536 AS flat FROM memory;
DROP TABLE memory;
\c :main
DROP DATABASE regress_focus_load;
