-- Export writes FOCUS, and what is exported loads into equal rows.
SET timezone = 'Asia/Kolkata';
\set VERBOSITY terse
LOAD 'focus';
SELECT current_setting('data_directory') || '/focus_export_test.csv' AS file \gset

COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'first');
BilledCost,EffectiveCost,ListCost,ContractedCost,ConsumedQuantity,ChargeCategory,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeDescription,Tags,SkuPriceDetails,ContractApplied,ProviderName,ServiceProviderName,x_Zone,Project,x_Project,ContractId
0.10,-8,1e-7,12345678901234567890.000000001,,Usage,USD,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-05T00:00:00Z,2026-01-06T00:00:00.25Z,"two ""hours"",
and a bit","{""a"": ""b"", ""t"": true, ""n"": null, ""z"": 1.50}","{""CoreCount"": 4}","{""Elements"": [{""ContractId"": ""c""}]}",Cirrus,Cirrus,z1,p1,,
1,1,1,1,2,Usage,EUR,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z,, team=web,[1],none,,Cirrus,,,p2,c9
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'first', mode 'append');
billedcost,billingcurrency,billingperiodstart,tags,skupricedetails
3,GBP,2026-01-01T00:00:00Z,team=api,two
\.
COPY (TABLE focus_export_1_3) TO STDOUT WITH (FORMAT csv, HEADER);
SELECT focus_export(:'file', 'focus_cost_and_usage');
SELECT pg_read_file(:'file') AS text \gset
SELECT regexp_replace(split_part(:'text', E'\n', 1), '^.*,Tags,', '') AS after_tags;
CREATE TABLE original AS SELECT * FROM focus_cost_and_usage;
SELECT rows_stored, rows_rejected FROM focus_load(:'file', source => 'second', mode => 'replace');
DELETE FROM focus_cost_and_usage WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'first');
ALTER TABLE original DROP COLUMN x_loadid, DROP COLUMN x_columns;
SELECT count(*) AS differences FROM
	((SELECT to_jsonb(c) - '{x_loadid,x_columns}'::text[] FROM focus_cost_and_usage AS c
	  EXCEPT ALL SELECT to_jsonb(o) FROM original AS o)
	UNION ALL
	 (SELECT to_jsonb(o) FROM original AS o
	  EXCEPT ALL SELECT to_jsonb(c) - '{x_loadid,x_columns}'::text[] FROM focus_cost_and_usage AS c)) AS d;
SELECT billingcurrency, x_columns FROM focus_cost_and_usage ORDER BY 1;
-- The second time all names are FOCUS's own or begin with x_: nothing changes any more.
SELECT focus_export(:'file' || '2', 'focus_cost_and_usage');
SELECT pg_read_file(:'file' || '2') = :'text' AS same;

-- One row with foo, x_foo and x_x_foo, in a table that has a column x_own as well.
CREATE TABLE customs (billedcost numeric, x_own text, x_columns jsonb);
INSERT INTO customs VALUES (1, 'own', '{"foo": "a", "x_foo": "b", "x_x_foo": "c", "own": "d", "x_own": "e"}');
SELECT focus_export(:'file', 'customs');
SELECT pg_read_file(:'file') AS text \gset
\echo :text
-- Names and numbers of columns that a query cannot have.
UPDATE customs SET x_columns = jsonb_build_object(repeat('é', 40) || 'a', 1, repeat('é', 40) || 'b', 2);
SELECT focus_export(:'file', 'customs');
UPDATE customs SET x_columns = (SELECT jsonb_object_agg('k' || n, n) FROM generate_series(1, 1663) AS n);
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT focus_export(:'file', 'customs');
\set VERBOSITY terse
UPDATE customs SET x_columns = x_columns - 'k7';
SELECT focus_export(:'file', 'customs');
DROP TABLE customs;

-- Instants, texts and floats that a file cannot tell from others or the loader does not read.
CREATE TABLE odd (billedcost float8, chargeperiodstart timestamptz, billingaccountid text, billingperiodstart timestamptz);
INSERT INTO odd VALUES (1e300, '0044-03-15 00:00Z BC', '', '2026-01-01 00:00Z'), (0.5, '12026-01-01 00:00Z', 'NULL', '2026-01-01 00:00Z'),
	(2, '-infinity', '(null)', '2026-01-01 00:00Z'), (3, '0001-01-01 00:00Z', 'a', '2026-01-01 00:00Z');
SELECT focus_export(:'file', 'odd');
SELECT pg_read_file(:'file') AS text \gset
\echo :text
SELECT chargeperiodstart::timestamptz FROM (SELECT regexp_split_to_table(:'text', '\n')) AS l(line), split_part(line, ',', 4) AS chargeperiodstart WHERE line ~ ' BC';
DELETE FROM odd WHERE billingaccountid = 'a';
SELECT focus_export(:'file', 'odd');
SET client_min_messages = error;
SELECT rows_stored, rows_rejected FROM focus_load(:'file', source => 'odd');
RESET client_min_messages;
SELECT columnname, value, message FROM focus_rejected_rows ORDER BY line;
DELETE FROM focus_rejected_rows;
DROP TABLE odd;

-- Versions have their columns; other datasets and other people's tables.
SELECT v, (SELECT count(*) FROM regexp_matches(focus_export_query('focus_cost_and_usage', v), ' AS "[A-Z]', 'g')) AS columns
FROM unnest('{1.0,1.1,1.2,1.3}'::text[]) AS v;
INSERT INTO focus_contract_commitment (contractid, contractcommitmentcost, contractperiodstart) VALUES ('c1', 10.50, '2026-01-01 00:00Z');
SELECT focus_export(:'file', 'focus_contract_commitment');
SELECT pg_read_file(:'file') AS text \gset
\echo :text
CREATE TABLE "a ""table" ("BilledCost" integer, chargeperiodstart date, chargeperiodend timestamp, "x_My ""column" integer, other text);
INSERT INTO "a ""table" VALUES (1, '2026-01-01', 'infinity', 5, 'no');
SELECT focus_export(:'file', '"a ""table"');
SELECT pg_read_file(:'file') AS text \gset
\echo :text
SELECT focus_export(:'file', 'pg_class');
SELECT focus_export(:'file', 'focus_cost_and_usage', '2.0');
SELECT focus_export('relative.csv', 'focus_cost_and_usage');

-- Writing into the server takes the right to do so, reading the right to read.
CREATE ROLE regress_focus_exporter;
GRANT SELECT ON "a ""table" TO regress_focus_exporter;
\c -
LOAD 'focus';
SET ROLE regress_focus_exporter;
\set VERBOSITY sqlstate
SELECT focus_export(:'file', '"a ""table"');
\set VERBOSITY default
SELECT format('COPY (%s) TO STDOUT (FORMAT csv, HEADER)', focus_export_query('"a ""table"')) \gexec
RESET ROLE;
GRANT pg_write_server_files TO regress_focus_exporter;
SET ROLE regress_focus_exporter;
SELECT focus_export(:'file', '"a ""table"');
SELECT count(*) FROM focus_export_1_3;
RESET ROLE;
DROP TABLE "a ""table", original;
DROP ROLE regress_focus_exporter;
DELETE FROM focus_contract_commitment;
DELETE FROM focus_cost_and_usage;
TRUNCATE focus_loads, focus_time_sectors, focus_dataset_instances, focus_load_findings;
