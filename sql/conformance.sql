-- focus_validate: what it runs on, what it leaves out, and what it says.
SET timezone = 'UTC';
\set VERBOSITY terse
TRUNCATE focus_cost_and_usage, focus_loads;

-- Arguments.
SELECT * FROM focus_validate('pg_class');
CREATE INDEX loads_index ON focus_loads (loadid);
SELECT * FROM focus_validate('loads_index');
DROP INDEX loads_index;
SELECT * FROM focus_validate('focus_cost_and_usage', '1.4');
SELECT * FROM focus_validate('focus_cost_and_usage', NULL);
SELECT * FROM focus_validate('focus_cost_and_usage', capabilities => '{TAGGING_SUPPORTED,FLYING}');
SELECT * FROM focus_validate('focus_cost_and_usage', tolerance => -1);
SELECT * FROM focus_validate('focus_cost_and_usage', tolerance => 'NaN');
SELECT * FROM focus_validate('focus_cost_and_usage', example_limit => -1);
SELECT * FROM focus_validate_load(99);
SELECT * FROM focus_validate(NULL);
SELECT * FROM focus_validate_load(NULL);
SELECT * FROM focus_conformance_score(NULL);
SELECT focus_violation_query('focus_cost_and_usage', 'CCT-ContractId-C-002-M');

-- An empty dataset breaks nothing; a version has the rules of its columns.
SELECT v AS version, state, count(*)
FROM unnest('{1.0,1.1,1.2,1.3}'::text[]) AS v, focus_validate('focus_cost_and_usage', v)
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT state, count(*) FROM focus_validate('focus_contract_commitment', '1.2') GROUP BY 1;

-- All rules about columns fire: where columns are missing, and of a wrong type.
CREATE TABLE bare (billedcost numeric, listcost text, whatever integer, x_a integer);
SELECT array_agg(DISTINCT c ORDER BY c) AS all_capabilities FROM focus_conformance_rules, unnest(capabilities) AS c \gset
SELECT r.scope, r.kind, v.state, count(*)
FROM focus_validate('bare', capabilities => :'all_capabilities') AS v JOIN focus_conformance_rules AS r USING (rule_id)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT rule_id, state, violations, detail FROM focus_validate('bare')
WHERE column_id IN ('BilledCost', 'ListCost', 'SkuId') OR column_id IS NULL;
SELECT string_agg(format('%I boolean', lower(column_id)), ', ') AS columns FROM focus_columns WHERE dataset = 'CostAndUsage' \gset
CREATE TABLE wrong (:columns, a_name_of_more_than_fifty_characters_is_longer_than_needed text, billedcost_ text);
SELECT r.kind, v.state, count(*)
FROM focus_validate('wrong', capabilities => :'all_capabilities') AS v JOIN focus_conformance_rules AS r USING (rule_id)
WHERE r.kind IN ('type', 'presence') OR v.column_id IS NULL GROUP BY 1, 2 ORDER BY 1, 2;
SELECT string_agg(format('%I boolean', lower(column_id)), ', ') AS columns FROM focus_columns WHERE dataset = 'ContractCommitment' \gset
CREATE TABLE wrong_promise (:columns);
SELECT r.kind, v.state, count(*)
FROM focus_validate('wrong_promise') AS v JOIN focus_conformance_rules AS r USING (rule_id)
WHERE r.scope = 'schema' GROUP BY 1, 2 ORDER BY 1, 2;
CREATE TABLE promise (x_first text, contractcommitmentid text, contractid text, other integer);
SELECT rule_id, state FROM focus_validate('promise') WHERE column_id IS NULL;
DROP TABLE bare, wrong, wrong_promise, promise;

-- Tables of other people: names in capitals, other types, hostile names.
CREATE DOMAIN label AS varchar CHECK (VALUE <> 'never');
CREATE TYPE category AS ENUM ('Usage', 'Tax', 'Fee');
CREATE SCHEMA "it's";
CREATE TABLE "it's"."a ""table""; DROP" ("BilledCost" integer, "EffectiveCost" float8, "ChargeCategory" category,
	"ServiceName" label, "BillingCurrency" focus_currency, "Tags" json, "SkuPriceDetails" text, "ContractApplied" text,
	"ChargePeriodStart" date, "ChargePeriodEnd" timestamp, "x_'""); DROP TABLE focus_loads; --" text, "SkuId" text, skuid text);
INSERT INTO "it's"."a ""table""; DROP" VALUES
	(1, 'NaN', 'Usage', ' ', 'USD', '{"a": null}', '{"CoreCount": 1}', 'no json', '2026-01-01', '2026-01-02', '', 'N/A', 'k1'),
	(2, 1, 'Fee', 'N/A', 'XAU', '[]', '{"\u0000": 1}', '{"Elements": [{"ContractId": "c"}]}', '2026-01-02', '2026-01-02', '', 'N/A', 'k1');
SELECT rule_id, violations, examples FROM focus_validate('"it''s"."a ""table""; DROP"')
WHERE state = 'failed' AND column_id IN ('BilledCost', 'EffectiveCost', 'ChargeCategory', 'ServiceName',
	'BillingCurrency', 'Tags', 'SkuPriceDetails', 'ChargePeriodStart', 'ChargePeriodEnd', 'SkuId') AND examples IS NOT NULL;
SELECT count(*) FILTER (WHERE state = 'failed') AS failed FROM focus_validate('"it''s"."a ""table""; DROP"') WHERE column_id = 'ContractApplied';
SELECT rule_id FROM focus_validate('"it''s"."a ""table""; DROP"') AS v JOIN focus_conformance_rules USING (rule_id)
WHERE kind = 'type' AND state = 'failed';
SELECT rule_id, state FROM focus_validate('"it''s"."a ""table""; DROP"') WHERE column_id IS NULL;
DROP SCHEMA "it's" CASCADE;

-- A date that is later than any instant.
CREATE TABLE late (chargeperiodstart date, chargeperiodend date);
INSERT INTO late VALUES ('5874897-12-31', '2026-01-01'), ('294276-12-31', 'infinity'), (NULL, '-infinity');
SELECT rule_id, violations, examples FROM focus_validate('late') WHERE column_id LIKE 'ChargePeriod%' AND state = 'failed';
DROP TABLE late;

-- A load, by the version that it was read as.  Views have rows without address.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'cirrus', focus_version '1.2');
BilledCost,EffectiveCost,ListCost,ContractedCost,ListUnitPrice,PricingQuantity,ChargeCategory,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,SkuId,Tags,ProviderName,PublisherName
8,8,10,10,3.333,3,Usage,USD,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z,k1,"{""a"": ""b""}",Cirrus,Cirrus
1,1,1,1,,,Tax,usd,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,k2,team=web,Cirrus,Cirrus
5,5,5,5,,,Credit,USD,2026-02-01T00:00:00Z,2026-03-01T00:00:00Z,2026-02-05T00:00:00Z,2026-02-06T00:00:00Z,-,,Cirrus,Cirrus
\.
SELECT billingperiodstart, focus_version FROM focus_loads ORDER BY loadid;
SELECT min(loadid) AS january, max(loadid) AS february FROM focus_loads \gset
CREATE VIEW january AS SELECT * FROM focus_cost_and_usage WHERE x_loadid = :january;
SELECT rule_id, violations, examples FROM focus_validate_load(:january)
WHERE column_id IN ('Tags', 'SkuId', 'ListUnitPrice', 'ListCost', 'BillingCurrency', 'HostProviderName') AND state = 'failed';
SELECT rule_id, violations, examples FROM focus_validate_load(:february)
WHERE column_id IN ('Tags', 'SkuId') AND state = 'failed';
SELECT rule_id, state, violations FROM focus_validate_load(:january, '1.3')
EXCEPT SELECT rule_id, state, violations FROM focus_validate('january');
SELECT rule_id, violations, examples FROM focus_validate('january')
WHERE column_id IN ('Tags', 'SkuId', 'BillingCurrency') AND state = 'failed';
SELECT rule_id, violations, examples FROM focus_validate('january', example_limit => 0) WHERE column_id = 'Tags' AND state = 'failed';
SELECT column_id, state FROM focus_validate_load(:january) WHERE column_id = 'HostProviderName' GROUP BY 1, 2;

-- Tags that are no map break their rule however the file spelled the column.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'lower', focus_version '1.2');
billedcost,chargecategory,billingperiodstart,tags,skupricedetails
1,Usage,2026-01-01T00:00:00Z,team=web,[1]
\.
SELECT rule_id, violations, examples FROM focus_validate_load((SELECT max(loadid) FROM focus_loads))
WHERE column_id IN ('Tags', 'SkuPriceDetails') AND state = 'failed';
SELECT focus_unload(max(deliveryid)) FROM focus_loads;

-- A tolerance between a cost and price x quantity.
SELECT t AS tolerance, rule_id, violations FROM unnest('{0,0.001,0.0009}'::numeric[]) AS t, focus_validate('january', tolerance => t)
WHERE rule_id IN ('CAU-ListCost-C-011-C', 'CAU-PricingQuantity-C-013-C') ORDER BY 1, 2;

-- Capabilities: without a declaration, those whose columns have values.
SELECT rule_id, state, detail FROM focus_validate('january') WHERE column_id IN ('PricingCurrency', 'SkuMeter') AND state <> 'passed';
SELECT rule_id, state, violations, detail
FROM focus_validate('january', capabilities => '{PRICING_BILLING_CURRENCY_DIFFERENCES_SUPPORTED}')
WHERE column_id IN ('PricingCurrency', 'SkuMeter') AND state <> 'passed';

-- All rows of a rule.
SELECT focus_violation_query('january', 'NullHandling-A-002-M:CostAndUsage.SkuId') LIKE 'SELECT * FROM (%) AS charge WHERE (%' AS is_query;
CREATE FUNCTION pg_temp.costs(query text) RETURNS numeric[] LANGUAGE plpgsql AS
$$ DECLARE c numeric[]; BEGIN EXECUTE format('SELECT array_agg(billedcost) FROM (%s) AS q', query) INTO c; RETURN c; END $$;
SELECT pg_temp.costs(focus_violation_query('focus_cost_and_usage', 'NullHandling-A-002-M:CostAndUsage.SkuId'));
SELECT focus_violation_query('january', 'CAU-BilledCost-C-001-M') IS NULL AS schema_has_none;

-- ContractApplied is compared with the commitments that there are.
UPDATE focus_cost_and_usage SET contractapplied = '{"Elements": [{"ContractCommitmentId": "cc1"}, {"ContractCommitmentId": "cc2"}]}'
WHERE chargecategory = 'Usage';
SELECT state, violations, examples, detail FROM focus_validate('january') WHERE rule_id = 'DERIVED-ContractApplied-JoinsCommitment';
INSERT INTO focus_contract_commitment (contractcommitmentid) VALUES ('cc1');
SELECT state, violations, examples, detail FROM focus_validate('january') WHERE rule_id = 'DERIVED-ContractApplied-JoinsCommitment';

-- The score, and one line of it by hand.
SELECT * FROM focus_conformance_score('january');
SELECT count(*) FILTER (WHERE state = 'passed') AS passed, count(*) FILTER (WHERE state = 'failed') AS failed
FROM focus_validate('january') WHERE keyword = 'MUST NOT';

-- What goes wrong in the query of the rules is told without that query.
CREATE FUNCTION fail(state text) RETURNS numeric LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no cost today' USING ERRCODE = state, DETAIL = 'It is Sunday.', HINT = 'Come again.'; END $$;
CREATE VIEW sunday AS SELECT fail('22012') AS billedcost;
CREATE VIEW cancelled AS SELECT fail('57014') AS billedcost;
CREATE FUNCTION pg_temp.told(relation regclass) RETURNS TABLE (state text, message text, detail text, short boolean) LANGUAGE plpgsql AS $$
DECLARE
	context text;
BEGIN
	PERFORM focus_validate(relation);
EXCEPTION WHEN OTHERS OR query_canceled THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
	short := length(context) < 1000;
	RETURN NEXT;
END $$;
SELECT * FROM pg_temp.told('sunday');
SELECT * FROM pg_temp.told('cancelled');
DROP VIEW sunday, cancelled;
DROP FUNCTION fail(text);

-- It runs with the rights of the caller, and leaves no setting behind.
SET work_mem = '1MB';
SELECT count(*) > 0 AS ran FROM focus_validate('january') WHERE state = 'failed';
SHOW work_mem;
RESET work_mem;
BEGIN;
SET LOCAL work_mem = '1MB';
SELECT count(*) > 0 AS ran FROM focus_validate('january') WHERE state = 'failed';
SHOW work_mem;
COMMIT;
CREATE ROLE regress_focus_reader;
CREATE TABLE charge (LIKE focus_cost_and_usage);
INSERT INTO charge SELECT * FROM focus_cost_and_usage;
ALTER TABLE charge ENABLE ROW LEVEL SECURITY;
CREATE POLICY tax_only ON charge USING (chargecategory = 'Tax');
-- A new session: plans of this one would remember what its superuser may.
\c -
SET timezone = 'UTC';
SET ROLE regress_focus_reader;
SELECT * FROM focus_validate('charge');
RESET ROLE;
GRANT SELECT ON charge TO regress_focus_reader;
SET ROLE regress_focus_reader;
SELECT violations, examples FROM focus_validate('charge') WHERE rule_id = 'CAU-BillingAccountId-C-001-M';
SELECT state, detail FROM focus_validate('charge') WHERE rule_id = 'DERIVED-ContractApplied-JoinsCommitment';
SELECT sum(passed) > 0 AS scored FROM focus_conformance_score('charge');
SELECT focus_violation_query('charge', 'CAU-ListCost-C-011-C') <> '' AS asked;
UPDATE focus_conformance_rules SET holds = 'true';
RESET ROLE;
GRANT SELECT ON focus_cost_and_usage, focus_loads TO regress_focus_reader;
SET ROLE regress_focus_reader;
SELECT count(*) > 0 AS ran FROM focus_validate_load(:january);
RESET ROLE;
REVOKE ALL ON focus_cost_and_usage, focus_loads FROM regress_focus_reader;
DROP TABLE charge;
DROP ROLE regress_focus_reader;

-- The list of rules.
SELECT dataset, scope, count(*) FROM focus_conformance_rules GROUP BY 1, 2 ORDER BY 1, 2;
SELECT dataset, count(*) FROM focus_columns GROUP BY 1 ORDER BY 1;

DROP VIEW january;
DELETE FROM focus_contract_commitment;
SELECT focus_unload(deliveryid) FROM (SELECT DISTINCT deliveryid FROM focus_loads WHERE state = 'current') AS d;
TRUNCATE focus_loads, focus_time_sectors, focus_dataset_instances;
