-- Deliveries: same content, replacement, addition, refusal, accounts, limits.
\set main :DBNAME
CREATE DATABASE regress_focus_load TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_load
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';

-- loads text lines; tells errors by what they say
CREATE FUNCTION deliver(lines text, options text DEFAULT '') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	program text := 'printf ''' || replace(lines, E'\n', '\n') || '\n''';
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE format('COPY focus_cost_and_usage FROM PROGRAM %L WITH (FORMAT focus %s)', program, options);
	RETURN 'loaded';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT;
	detail := regexp_replace(detail, 'at 20.* UTC', 'at ... UTC');
	RETURN replace(concat_ws(E'\n', state || ' ' || message, nullif(detail, ''), nullif(hint, '')), program, '...');
END;
$$;
\set SHOW_CONTEXT never
\pset format unaligned
CREATE VIEW loads AS
SELECT loadid, deliveryid, source, to_char(billingperiodstart, 'YYYY-MM') AS period, accounts, state, mode, replaced_by,
	rows_stored, rows_rejected, totals FROM focus_loads ORDER BY loadid;
CREATE VIEW stored AS
SELECT x_loadid, billingaccountid, billedcost, effectivecost, billingcurrency FROM focus_cost_and_usage ORDER BY x_loadid, billedcost;

-- Without a name the source is provider and account; two accounts in one file
-- are two loads, and two periods are.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BillingCurrency,BilledCost,EffectiveCost
AWS,A1,2025-01-01T00:00:00Z,USD,10.10,9.10
AWS,A2,2025-01-01T00:00:00Z,EUR,-3.50,-3.50
AWS,A1,2025-02-01T00:00:00Z,USD,1,
AWS,A1,2025-01-01T00:00:00Z,USD,0.05,0.05
AWS,A1,2025-01-01T00:00:00Z,EUR,2,2
AWS,A1,2025-01-01T00:00:00Z,,1,1');
SELECT * FROM loads;
SELECT * FROM stored;

-- The same content again changes nothing, under any name and mode.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BillingCurrency,BilledCost,EffectiveCost
AWS,A1,2025-01-01T00:00:00Z,USD,10.10,9.10
AWS,A2,2025-01-01T00:00:00Z,EUR,-3.50,-3.50
AWS,A1,2025-02-01T00:00:00Z,USD,1,
AWS,A1,2025-01-01T00:00:00Z,USD,0.05,0.05
AWS,A1,2025-01-01T00:00:00Z,EUR,2,2
AWS,A1,2025-01-01T00:00:00Z,,1,1', ', source ''other'', mode ''append''');
SELECT count(*) FROM loads;

-- Another account of the same provider and period meets nothing.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A3,2025-01-01T00:00:00Z,7');
-- Another delivery of A1 and January does, and nobody says what to do.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A1,2025-01-01T00:00:00Z,20');
-- all of it is refused, what is new in it too
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A4,2025-01-01T00:00:00Z,20
AWS,A1,2025-01-01T00:00:00Z,21');
SELECT count(*), sum(billedcost) FROM stored;

-- The call says: replace. Only the pair that is delivered goes.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A1,2025-01-01T00:00:00Z,20
AWS,A1,2025-03-01T00:00:00Z,30', ', mode ''replace'', force');
SELECT * FROM loads;
SELECT * FROM stored;
-- The call says: append.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A1,2025-01-01T00:00:00Z,-0.25', ', mode ''append''');
SELECT * FROM loads WHERE loadid > (SELECT max(loadid) - 1 FROM focus_loads);
-- replacing takes the place of both
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A1,2025-01-01T00:00:00Z,22', ', mode ''replace'', force');
SELECT loadid, state, mode, replaced_by FROM loads WHERE source = 'AWS/A1' AND period = '2025-01';
-- what was replaced may come again, by force
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A1,2025-01-01T00:00:00Z,20
AWS,A1,2025-03-01T00:00:00Z,30', ', mode ''replace'', force');
SELECT loadid, state, mode, replaced_by FROM loads WHERE source = 'AWS/A1';

-- focus_sources says it for a source; the call has the last word.
INSERT INTO focus_sources VALUES ('AWS/A2', 'replace'), ('AWS/A3', 'append'), ('AWS/A1', NULL);
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A2,2025-01-01T00:00:00Z,1
AWS,A3,2025-01-01T00:00:00Z,2');
SELECT source, state, mode FROM loads WHERE source IN ('AWS/A2', 'AWS/A3') AND period = '2025-01';
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A3,2025-01-01T00:00:00Z,3', ', mode ''replace''');
SELECT source, state, mode FROM loads WHERE source = 'AWS/A3';
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A1,2025-01-01T00:00:00Z,23') ~ '^55000' AS refused;
INSERT INTO focus_sources VALUES ('x', 'merge');

-- One provider under two spellings is one source, so that a change of FOCUS
-- version does not count the month twice; the columns stay as sent.
SELECT deliver(E'ProviderName,BillingAccountId,BillingPeriodStart,BilledCost\nAWS,spelled-1,2025-07-01,1');
SELECT deliver(E'ServiceProviderName,BillingAccountId,BillingPeriodStart,BilledCost\nAmazon Web Services,spelled-1,2025-07-01,1');
SELECT deliver(E'ServiceProviderName,BillingAccountId,BillingPeriodStart,BilledCost\nAmazon Web Services,spelled-1,2025-07-01,1', ', mode replace');
SELECT serviceprovidername, source, accounts FROM focus_cost_and_usage JOIN focus_loads ON loadid = x_loadid
WHERE billingaccountid = 'spelled-1';

-- An account that is loaded under one source is refused under another, unless
-- the call says that it adds.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A9,2025-01-01T00:00:00Z,1
AWS,A3,2025-01-01T00:00:00Z,1', ', source ''all of AWS''');
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A3,2025-01-01T00:00:00Z,1', ', source ''all of AWS'', mode ''replace''') ~ '^55000' AS refused;
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A3,2025-01-01T00:00:00Z,1', ', source ''extra'', mode ''append''');
-- one source may hold several accounts
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,B1,2025-01-01T00:00:00Z,1
AWS,B2,2025-01-01T00:00:00Z,2
AWS,B1,2025-01-01T00:00:00Z,3', ', source ''B''');
SELECT source, accounts, rows_stored FROM loads WHERE source = 'B';

-- A delivery all of whose rows are bad replaces nothing.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,B1,2025-01-01T00:00:00Z,x', ', source ''B'', mode ''replace''');
SELECT state, mode, rows_stored, rows_rejected FROM loads WHERE source = 'B';
-- One of whose rows some are bad does; the warning says so.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,B1,2025-01-01T00:00:00Z,x
AWS,B1,2025-01-01T00:00:00Z,5', ', source ''B'', mode ''replace'', force');
SELECT state, mode, rows_stored, rows_rejected, totals FROM loads WHERE source = 'B';

-- Any number of currencies; periods that do not begin a month.
SELECT deliver('BilledCost,BillingCurrency,BillingPeriodStart
1,USD,2025-01-15
2,EUR,2025-01-15
3,GBP,2025-01-15
4,CHF,2025-01-15
5,JPY,2025-01-15
6,SEK,2025-01-15
7,USD,2025-01-15', ', source ''currencies''');
SELECT totals FROM loads WHERE source = 'currencies';
SELECT (regexp_match(deliver('BilledCost,BillingCurrency,BillingPeriodStart
8,USD,2025-01-15', ', source ''currencies'''), '^[^\n]*'))[1] AS error;

-- The limit of rejected rows.
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,C1,2025-01-01T00:00:00Z,1
AWS,C1,2025-01-01T00:00:00Z,x
AWS,C1,2025-01-01T00:00:00Z,y
AWS,C1,2025-01-01T00:00:00Z,2', ', reject_limit 1');
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,C1,2025-01-01T00:00:00Z', ', source ''C'', reject_limit 0');
SELECT count(*) FROM loads WHERE source LIKE '%C%';
SELECT count(*) FROM focus_rejected_rows r WHERE NOT EXISTS (SELECT FROM focus_loads l WHERE l.loadid = r.loadid);
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,C1,2025-01-01T00:00:00Z,1
AWS,C1,2025-01-01T00:00:00Z,x
AWS,C1,2025-01-01T00:00:00Z,y
AWS,C1,2025-01-01T00:00:00Z,2', ', reject_limit 2');

-- Taking a delivery back, and what then may be loaded.
SELECT focus_unload(deliveryid) FROM focus_loads WHERE source = 'AWS/C1';
SELECT source, state, rows_stored, rows_rejected FROM loads WHERE source = 'AWS/C1';
SELECT focus_unload(max(deliveryid)) FROM focus_loads WHERE source = 'AWS/C1';
SELECT focus_unload(-1);
SELECT focus_unload(NULL);
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,C1,2025-01-01T00:00:00Z,4');

\pset format aligned
-- Recency follows loads.
SELECT i.datasetinstanceid, datasetinstancename, focusdatasetid, datasetinstancecomplete,
	to_char(timesectorstart, 'YYYY-MM-DD') AS timesectorstart, to_char(timesectorend, 'YYYY-MM-DD') AS timesectorend, timesectorcomplete
FROM focus_dataset_instances i LEFT JOIN focus_time_sectors s USING (datasetinstanceid) WHERE datasetinstancename LIKE 'AWS/A%'
ORDER BY datasetinstanceid COLLATE "C", timesectorstart;
BEGIN;
UPDATE focus_time_sectors SET timesectorlastupdated = '2000-01-01';
UPDATE focus_dataset_instances SET datasetinstancelastupdated = '2000-01-01';
SELECT deliver('ProviderName,BillingAccountId,BillingPeriodStart,BilledCost
AWS,A2,2025-01-01T00:00:00Z,3');
SELECT focus_unload(deliveryid) FROM focus_loads WHERE source = 'B' AND state = 'current';
SELECT datasetinstanceid, to_char(timesectorstart, 'YYYY-MM') AS start FROM focus_time_sectors
WHERE timesectorlastupdated = now() ORDER BY datasetinstanceid COLLATE "C", timesectorstart;
SELECT datasetinstanceid FROM focus_dataset_instances WHERE datasetinstancelastupdated = now() ORDER BY datasetinstanceid COLLATE "C";
ROLLBACK;

-- An error inside a block leaves the state before it, and the session goes on.
DO $$
BEGIN
	INSERT INTO focus_sources VALUES ('before the block');
	FOR i IN 1..3 LOOP
		BEGIN
			EXECUTE 'COPY focus_cost_and_usage FROM PROGRAM ''printf "BilledCost,BillingPeriodStart\n1,2025-01-01T00:00:00Z\n1,\"x"'' WITH (FORMAT focus, source ''block'')';
		EXCEPTION WHEN bad_copy_file_format THEN
			RAISE NOTICE 'caught: %', SQLERRM;
		END;
	END LOOP;
	INSERT INTO focus_sources VALUES ('behind the block');
END;
$$;
SELECT source FROM focus_sources WHERE source ~ 'block' ORDER BY source;
SELECT count(*) FROM focus_loads WHERE source = 'block';
BEGIN;
SAVEPOINT before;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'savepoint');
BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z
\.
SELECT count(*) FROM loads WHERE source = 'savepoint';
ROLLBACK TO before;
SELECT count(*) FROM loads WHERE source = 'savepoint';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'savepoint');
BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z
\.
COMMIT;
SELECT rows_stored FROM loads WHERE source = 'savepoint';

-- Snapshots that do not see the other sessions' loads are refused.
BEGIN ISOLATION LEVEL REPEATABLE READ;
\copy focus_cost_and_usage FROM PROGRAM 'true' WITH (FORMAT focus, source 'snapshot')
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT deliver('BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z', ', source ''snapshot''');
ROLLBACK;
BEGIN READ ONLY;
SELECT deliver('BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z', ', source ''read only''');
ROLLBACK;

-- Options.
SELECT deliver('x', ', mode ''merge''');
SELECT deliver('x', ', source ''''');
SELECT deliver('x', ', provider ''''');
SELECT deliver('x', ', focus_version ''2.0''');
SELECT deliver('x', ', reject_limit -1');
SELECT deliver('x', ', reject_limit ''many''');
SELECT deliver('x', ', header true');
SELECT deliver('x', ', source ''a'', source ''b''');
COPY focus_cost_and_usage FROM '/nowhere.csv' WITH (FORMAT focus, delimiter ';');
COPY focus_cost_and_usage TO STDOUT WITH (FORMAT focus);
COPY (SELECT 1) TO STDOUT WITH (FORMAT focus);
COPY focus_cost_and_usage (billedcost) FROM '/nowhere.csv' WITH (FORMAT focus);
COPY focus_cost_and_usage FROM '/nowhere.csv' WITH (FORMAT focus) WHERE billedcost > 0;
COPY focus_loads FROM '/nowhere.csv' WITH (FORMAT focus);
COPY nowhere FROM '/nowhere.csv' WITH (FORMAT focus);
COPY focus_cost_and_usage FROM '/nowhere.csv' WITH (FORMAT focus);
COPY focus_cost_and_usage FROM 'nowhere.csv' WITH (FORMAT focus);
COPY focus_cost_and_usage FROM PROGRAM 'echo BilledCost,BillingPeriodStart; exit 3' WITH (FORMAT focus, source 'program');
SELECT * FROM focus_load(NULL);
SELECT * FROM focus_load('/nowhere.csv');
SELECT * FROM focus_load('nowhere.csv');
SELECT * FROM focus_load('/nowhere.csv', mode => 'merge');
SELECT * FROM focus_load('/nowhere.csv', reject_limit => -1);
-- core's own COPY is as ever
CREATE TEMP TABLE plain (a text);
COPY plain FROM STDIN WITH (FORMAT csv);
"1"
\.
COPY plain TO STDOUT WITH (FORMAT text);
COPY plain TO STDOUT WITH (FORMAT no_such_format);

-- DROP EXTENSION does not throw the bills away.
DROP EXTENSION focus;
DROP EXTENSION IF EXISTS plpgsql_not_there, focus;
BEGIN;
DELETE FROM focus_cost_and_usage;
DELETE FROM focus_sources;
TRUNCATE focus_loads, focus_rejected_rows, focus_load_findings, focus_dataset_instances, focus_time_sectors;
DROP VIEW loads, stored;
DROP EXTENSION focus;
ROLLBACK;
BEGIN;
SET client_min_messages = warning;
DROP EXTENSION focus CASCADE;
SELECT to_regclass('focus_loads');
ROLLBACK;

-- No amount is lost: loads, table and quarantine agree.
SELECT l.loadid FROM focus_loads l LEFT JOIN focus_cost_and_usage c ON c.x_loadid = l.loadid WHERE l.state = 'current' GROUP BY l.loadid
HAVING count(c.x_loadid) <> l.rows_stored
OR coalesce(sum(c.billedcost), 0) <> coalesce((SELECT sum((t.value->>'billedcost')::numeric) FROM jsonb_each(l.totals) t), 0);
SELECT count(*) FROM focus_cost_and_usage c WHERE NOT EXISTS (SELECT FROM focus_loads l WHERE l.loadid = c.x_loadid AND l.state = 'current');

DROP VIEW loads, stored;
DROP FUNCTION deliver(text, text);
\c :main
DROP DATABASE regress_focus_load;
