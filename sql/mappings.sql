-- Files that are not FOCUS, and mappings of one's own.
\set main :DBNAME
CREATE DATABASE regress_focus_mappings TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_mappings
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';

-- Cells in expressions
SELECT focus_number(v) FROM (VALUES ('1.50'), ('1e-3'), (' 2 '), ('-12345678901234567890.123456789'), (''), ('NULL'), ('None'), ('1,000'), ('x'), (NULL)) AS t(v);
SELECT focus_instant(v) AT TIME ZONE 'UTC' FROM (VALUES ('2026-10-01T00:00Z'), ('10/1/2026'), ('2026-10-01 02:00:00+02:00'), (''), ('yesterday'), (NULL)) AS t(v);

SELECT focus_members(r::jsonb, p) FROM (VALUES ('{"tag/a": 1, "tag/b": {"c": null}, "tags": 2, "tag/": 3}', 'tag/'), ('{"a": 1}', 'b'), ('{}', ''), ('[1]', 'a'),
	('{"b": 1, "a": [2]}', ''), (NULL, 'a')) AS t(r, p);
-- Rows are made by the loader alone.
SELECT 'x'::focus_internal.staged_row;

-- A file that nobody knows
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-10,A,10,0.30
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power', mapping 'power');
Month,Meter,kWh,Price per kWh
2026-10,A,10,0.30
\.

-- A mapping for it
INSERT INTO focus_mappings (mapping, provider, detect, leave_out, reject, description) VALUES
	('power', 'Stadtwerke', '{month meter kwh priceperkwh}', $$CASE WHEN cells ->> 'kwh' = '0' THEN 'nothing used' END$$,
	$$CASE WHEN cells ->> 'meter' = '?' THEN 'unknown meter' END$$, 'Monthly readings of the power company.');
INSERT INTO focus_mapping_columns VALUES
	('power', 'BilledCost', $$public.focus_number(cells ->> 'kwh') * public.focus_number(cells ->> 'priceperkwh') -- plain$$);
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-10,A,10,0.30
\.
INSERT INTO focus_mapping_columns VALUES
	('power', 'BillingCurrency', $$'EUR'$$),
	('power', 'ChargePeriodStart', $$record ->> 'Month' || '-01'$$),
	('power', 'ChargePeriodEnd', $$public.focus_instant((cells ->> 'month') || '-01') + interval '1 month'$$),
	('power', 'ConsumedQuantity', $$cells ->> 'kwh'$$),
	('power', 'Tags', $$jsonb_build_object('meter', cells ->> 'meter')$$),
	('power', 'x_zone', $$CASE current_setting('enable_nestloop') WHEN 'off' THEN current_setting('TimeZone') END$$);
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh,Note
2026-10,A,10,0.30,
2026-10,B,2.5,3e-1,"moved ""in"""
2026-10,C,0,0.30,
2026-10,?,7,0.30,
2026-10,D,many,0.30,
2026-13,E,1,0.30,
2026-10,F,1
2026-10,G,1,0.31,,
\.
SELECT mapping, provider, focus_version, state, rows_stored, rows_rejected, totals FROM focus_loads ORDER BY loadid;
SELECT billedcost, consumedquantity, chargeperiodstart AT TIME ZONE 'UTC' AS start, chargeperiodend AT TIME ZONE 'UTC' AS "end",
	billingperiodstart AT TIME ZONE 'UTC' AS period, serviceprovidername, tags, x_columns FROM focus_cost_and_usage ORDER BY tags['meter'];
SELECT file, line, columnname, value, sqlstate, message, record FROM focus_rejected_rows ORDER BY line;
SELECT columnname, finding, occurrences, first_line, example FROM focus_load_findings ORDER BY columnname COLLATE "C", finding;

-- The same file changes nothing, until the mapping does
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power', mode 'replace');
Month,Meter,kWh,Price per kWh
2026-09,A,10,0.30
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power', mode 'replace');
Month,Meter,kWh,Price per kWh
2026-09,A,10,0.30
\.
UPDATE focus_mapping_columns SET expression = expression || E'\n* 2' WHERE mapping = 'power' AND columnname = 'BilledCost';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power', mode 'replace');
Month,Meter,kWh,Price per kWh
2026-09,A,10,0.30
\.
SELECT billedcost FROM focus_cost_and_usage WHERE billingperiodstart < '2026-09-15';
-- read by what the mapping is now, it is not added to what it was read as before
UPDATE focus_mapping_columns SET expression = expression || E'\n* 2' WHERE mapping = 'power' AND columnname = 'BilledCost';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power', mode 'append');
Month,Meter,kWh,Price per kWh
2026-09,A,10,0.30
\.
-- and replaces that as often as the mapping changes
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power', mode 'replace');
Month,Meter,kWh,Price per kWh
2026-09,A,10,0.30
\.
SELECT billedcost FROM focus_cost_and_usage WHERE billingperiodstart < '2026-09-15';
SELECT state, count(*), count(DISTINCT content_sha256) AS contents, count(DISTINCT mapping_sha256) AS queries
FROM focus_loads WHERE billingperiodstart < '2026-09-15' GROUP BY state ORDER BY state;
-- a date that no timestamp holds
UPDATE focus_mapping_columns SET expression = $$(cells ->> 'month' || '-01')::date$$ WHERE mapping = 'power' AND columnname = 'ChargePeriodEnd';
UPDATE focus_mapping_columns SET expression = $$'2026-06-01'$$ WHERE mapping = 'power' AND columnname = 'ChargePeriodStart';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
5000000-01,A,10,0.30
\.
SELECT line, columnname, value, message FROM focus_rejected_rows ORDER BY loadid DESC LIMIT 1;
UPDATE focus_mapping_columns SET expression = $$record ->> 'Month' || '-01'$$ WHERE mapping = 'power' AND columnname = 'ChargePeriodStart';

-- JSON, over several lines; more rows than objects
INSERT INTO focus_mappings (mapping, detect, records, description) VALUES
	('pages', '{buckets results fee}', $$
		SELECT file, line, bucket || result, result FROM raw, jsonb_array_elements(cells -> 'buckets') AS bucket,
			jsonb_array_elements(bucket -> 'results') AS result$$, 'Pages of an API.');
INSERT INTO focus_mapping_columns VALUES
	('pages', 'BilledCost', $$cells ->> 'fee'$$), ('pages', 'BillingCurrency', $$cells ->> 'unit'$$),
	('pages', 'BillingPeriodStart', $$to_timestamp((record ->> 'from')::numeric::float8)$$),
	('pages', 'ServiceProviderName', $$'Pager'$$), ('pages', 'BillingAccountId', $$'1'$$);
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus);
{
  "object": "page",
  "buckets": [
    {"from": 1790812800, "results": [{"fee": 0.10000000000000000001, "unit": "USD"}, {"fee": "x", "unit": "USD"}, {"fee": "y", "unit": "USD"}]},
    {"from": 1793491200, "results": [{"fee": 1e-2, "unit": "USD"}]}
  ]
}
{"object": "page", "buckets": []}
\.
SELECT source, billingperiodstart AT TIME ZONE 'UTC' AS period, rows_stored, rows_rejected, totals FROM focus_loads WHERE mapping = 'pages' ORDER BY loadid;
SELECT line, columnname, value, record FROM focus_rejected_rows JOIN focus_loads USING (loadid) WHERE mapping = 'pages' ORDER BY value;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, mapping 'pages');
{
  "buckets": [
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, mapping 'pages');
{
  "buckets": [{"results": [{"fee": 1}]}]
}
[]
\.

-- Rows of a query
CREATE TABLE reading (month text, meter text, kwh numeric, price numeric, note text);
INSERT INTO reading VALUES ('2026-08', 'A', 10, 0.30), ('2026-08', 'B', 1, 0.001);
SELECT rows_stored, rows_rejected, totals FROM focus_load_records(
	$$SELECT jsonb_build_object('Month', month, 'Meter', meter, 'kWh', kwh, 'Price per kWh', price, 'Note', note) FROM reading ORDER BY meter$$,
	'power', source => 'power');
SELECT path, files, bytes, mapping FROM focus_loads ORDER BY loadid DESC LIMIT 1;
SELECT x_columns FROM focus_cost_and_usage WHERE billingperiodstart < '2026-08-15' ORDER BY 1;
SELECT rows_stored FROM focus_load_records('SELECT 1', 'power');
SELECT rows_stored FROM focus_load_records('DELETE FROM reading RETURNING to_jsonb(reading)', 'power');
SELECT rows_stored FROM focus_load_records('SELECT to_jsonb(1)', 'power');
SELECT rows_stored FROM focus_load_records('SELECT to_jsonb(r) FROM reading r', 'nothing');
SELECT rows_stored FROM focus_load_records(NULL, 'power');
SELECT rows_stored, totals FROM focus_load_records('SELECT to_jsonb(r) FROM reading r WHERE false', 'power', source => 'nobody');

-- Mappings that are wrong
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power', mapping 'pages');
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
\.
UPDATE focus_mapping_columns SET expression = $$(cells ->> 'kwh')::numeric$$ WHERE mapping = 'power' AND columnname = 'BilledCost';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
2026-07,A,ten,0.30
\.
UPDATE focus_mapping_columns SET expression = 'nonsense' WHERE mapping = 'power' AND columnname = 'BilledCost';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
\.
UPDATE focus_mapping_columns SET columnname = 'Cost' WHERE mapping = 'power' AND columnname = 'BilledCost';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
\.
UPDATE focus_mapping_columns SET columnname = 'BilledCost', expression = '1' WHERE mapping = 'power' AND columnname = 'Cost';
UPDATE focus_mappings SET records = 'SELECT 1, line, record, cells FROM raw WHERE false UNION ALL SELECT file + 1, line, record, cells FROM raw' WHERE mapping = 'power';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
\.
UPDATE focus_mappings SET records = 'SELECT file, file, record, cells FROM raw' WHERE mapping = 'power';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
\.
UPDATE focus_mappings SET records = 'WITH d AS (DELETE FROM public.reading RETURNING 1) SELECT file, line, record, cells FROM raw' WHERE mapping = 'power';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
\.
SELECT count(*) FROM reading;
-- Two that fit; a FOCUS file stays one
UPDATE focus_mappings SET records = NULL WHERE mapping = 'power';
INSERT INTO focus_mappings (mapping, detect, description) VALUES ('other', '{nothing,meter}', 'takes what has a meter');
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power');
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'power', mapping 'power', strict);
Month,Meter,kWh,Price per kWh
2026-07,A,10,0.30
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'focus');
BillingPeriodStart,BilledCost,Meter
2026-07-01T00:00:00Z,1,A
\.
SELECT mapping, rows_stored, rows_rejected FROM focus_loads ORDER BY loadid DESC LIMIT 2;

-- Only the owner writes mappings, everyone reads them.
CREATE ROLE regress_focus_mapper;
SET ROLE regress_focus_mapper;
SELECT count(*) > 0 AS readable FROM focus_mapping_columns JOIN focus_mappings USING (mapping) WHERE shipped;
UPDATE focus_mapping_columns SET expression = 'evil()';
RESET ROLE;
DROP ROLE regress_focus_mapper;
DROP TABLE reading;

\c :main
DROP DATABASE regress_focus_mappings;
