-- JSON Lines and arrays of JSON objects.
\set main :DBNAME
CREATE DATABASE regress_focus_load_json TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_load_json
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';

-- Keys are columns. Numbers keep their digits, objects stay what they are, null
-- is NULL, and what FOCUS has no column for goes to x_columns as text.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'lines');
{"BilledCost": 1.50, "BillingPeriodStart": "2025-01-01T00:00:00Z", "BillingCurrency": "USD", "Tags": {"a": "b", "n": 1.0, "t": true}, "x_Flag": true}

{"BilledCost": 12345678901234567890.123456789, "BillingPeriodStart": "2025-01-01T00:00:00Z", "BillingCurrency": "USD", "Tags": {}, "ContractApplied": {"Elements": [{"ContractId": "c"}]}}
  {"billingperiodstart_": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z", "BilledCost": -2.5e-3, "ServiceName": null, "x_List": [1, {"deep": "\u00e9"}], "BillingCurrency": "EUR"}  
{"BilledCost": "4.00", "BillingPeriodStart": "2025-01-01T00:00:00Z", "ServiceName": "caf\u00e9 \ud83d\ude00 \"q\"\n", "BillingCurrency": null, "Tags": null}
\.
SELECT billedcost, billingcurrency, servicename, tags, contractapplied, x_columns
FROM focus_cost_and_usage ORDER BY billedcost;
SELECT source, state, rows_stored, rows_rejected, totals FROM focus_loads ORDER BY loadid;

-- The same as CSV: the same rows.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'the same as CSV');
BilledCost,BillingPeriodStart,BillingCurrency,Tags,x_Flag,ContractApplied,billingperiodstart_,ServiceName,x_List
1.50,2025-01-01T00:00:00Z,USD,"{""a"": ""b"", ""n"": 1.0, ""t"": true}",true,,,,
12345678901234567890.123456789,2025-01-01T00:00:00Z,USD,{},,"{""Elements"": [{""ContractId"": ""c""}]}",,,
-2.5e-3,2025-01-01T00:00:00Z,EUR,,,,1,,"[1, {""deep"": ""\u00e9""}]"
4.00,2025-01-01T00:00:00Z,,,,,,"café 😀 ""q""
",
\.
SELECT count(*) FROM (SELECT to_jsonb(c) - 'x_loadid' FROM focus_cost_and_usage c JOIN focus_loads l ON l.loadid = x_loadid WHERE source = 'lines'
	EXCEPT ALL SELECT to_jsonb(c) - 'x_loadid' FROM focus_cost_and_usage c JOIN focus_loads l ON l.loadid = x_loadid WHERE source <> 'lines') d;

-- One array. Columns that FOCUS knows may come late.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'array');
[
  {"BillingPeriodStart": "2025-01-01T00:00:00Z", "ServiceName": "no cost yet"},
  {
    "BillingPeriodStart": "2025-01-01T00:00:00Z",
    "ServiceName": "late", "BilledCost": 7, "ListCost": 8, "Region": "old name"
  }, {"BillingPeriodStart": "2025-01-01T00:00:00Z", "BilledCost": 9, "RegionId": "new name", "Region": "old name"},
  {"BillingPeriodStart": "2025-01-01T00:00:00Z", "BilledCost": "nine"}
]
\.
SELECT servicename, billedcost, listcost, regionid, x_columns FROM focus_cost_and_usage
WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'array') ORDER BY billedcost NULLS FIRST;
SELECT r.line, r.columnname, r.value, r.message, r.record FROM focus_rejected_rows r JOIN focus_loads l USING (loadid) WHERE source = 'array';

-- Each object tells for itself which of two names it goes by.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'names');
{"BilledCost": 101, "BillingPeriodStart": "2025-01-01T00:00:00Z", "AmortizedCost": 10, "Region": "r1", "ProviderName": "AWS", "tags/k": "v1"}
{"BilledCost": 102, "BillingPeriodStart": "2025-01-01T00:00:00Z", "EffectiveCost": 20, "RegionId": "r2", "ServiceProviderName": "Oracle", "Tags": {"k": "v2"}}
{"BilledCost": 103, "BillingPeriodStart": "2025-01-01T00:00:00Z", "AmortizedCost": 30, "Region": "r3", "ProviderName": "AWS", "tags/k": "v3"}
{"BilledCost": 104, "BillingPeriodStart": "2025-01-01T00:00:00Z", "AmortizedCost": 40, "EffectiveCost": null, "RegionId": null, "Region": "r4", "ServiceProviderName": null, "ProviderName": "AWS", "Tags": null, "tags/k": "v4"}
{"BilledCost": 105, "BillingPeriodStart": "2025-01-01T00:00:00Z", "AmortizedCost": 49, "EffectiveCost": 50, "RegionId": "r5", "Region": "old", "ServiceProviderName": "Oracle", "ProviderName": "AWS", "Tags": {"k": "v5"}, "tags/k": "old"}
{"BilledCost": 106, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
\.
SELECT billedcost, effectivecost, regionid, serviceprovidername, tags, x_columns FROM focus_cost_and_usage
WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'names') ORDER BY 1;
SELECT totals FROM focus_loads WHERE source = 'names';

-- Lines that are not objects are rejected one by one.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'broken');
{"BilledCost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": 2, "BillingPeriodStart": "2025-01-01T00:00:00Z"
{"BilledCost": 3, "BillingPeriodStart": "2025-01-01T00:00:00Z"}}
{"BilledCost": 4 "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": 5, "BillingPeriodStart": "2025-01-01T00:00:00Z",}
{'BilledCost': 6, 'BillingPeriodStart': '2025-01-01T00:00:00Z'}
{"BilledCost": 07, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": NaN, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": 9., "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": 10, "BilledCost": 11, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": 12, "BillingPeriodStart": "2025-01-01T00:00:00Z", "ServiceName": "\ud83d alone"}
{"BilledCost": 13, "BillingPeriodStart": "2025-01-01T00:00:00Z", "ServiceName": "\ude00\ud83d"}
{"BilledCost": 14, "BillingPeriodStart": "2025-01-01T00:00:00Z", "ServiceName": "\u0000"}
{"BilledCost": 15, "BillingPeriodStart": "2025-01-01T00:00:00Z", "ServiceName": "\x41"}
{"BilledCost": 16, "BillingPeriodStart": "2025-01-01T00:00:00Z", "ServiceName": "tab	inside"}
{"BilledCost": 17, "BillingPeriodStart": "2025-01-01T00:00:00Z", "Tags": {"a": [1, 2}}
{"BilledCost": 18, "BillingPeriodStart": "2025-01-01T00:00:00Z", "Tags": {"a": }}
{"BilledCost": 19, "BillingPeriodStart": "2025-01-01T00:00:00Z", "x": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}
{}
[{"BilledCost": 20, "BillingPeriodStart": "2025-01-01T00:00:00Z"}]
21
{"BilledCost": {"amount": 22}, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": true, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": 24}
{"BilledCost": 25, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
\.
SELECT billedcost FROM focus_cost_and_usage WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'broken') ORDER BY 1;
SELECT r.line, r.columnname, r.sqlstate, r.message FROM focus_rejected_rows r JOIN focus_loads l USING (loadid) WHERE source = 'broken' ORDER BY r.line;
SELECT r.record FROM focus_rejected_rows r JOIN focus_loads l USING (loadid) WHERE source = 'broken' ORDER BY r.line LIMIT 2;
SELECT sum(rows_stored), sum(rows_rejected) FROM focus_loads WHERE source = 'broken';

-- Without a billing period it is the month of the charge.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'no period');
{"ServiceProviderName": "Vercel", "BilledCost": 1, "ChargePeriodStart": "2025-11-30T08:00:00.000Z", "ChargePeriodEnd": "2025-12-01T08:00:00.000Z"}
{"ServiceProviderName": "Vercel", "BilledCost": 2, "ChargePeriodStart": "2025-12-31T08:00:00.000Z"}
{"ServiceProviderName": "Vercel", "BilledCost": 3, "ChargePeriodStart": "2026-01-01T08:00:00.000Z"}
{"ServiceProviderName": "Vercel", "BilledCost": 4}
\.
SELECT billedcost, billingperiodstart, billingperiodend, chargeperiodstart FROM focus_cost_and_usage
WHERE serviceprovidername = 'Vercel' ORDER BY billedcost;
SELECT source, billingperiodstart, provider, focus_version, rows_stored, rows_rejected FROM focus_loads WHERE source = 'no period' ORDER BY 2 NULLS FIRST;
SELECT columnname, finding, occurrences, first_line, example
FROM focus_load_findings JOIN focus_loads USING (deliveryid) WHERE source = 'no period' GROUP BY 1, 2, 3, 4, 5;
-- CSV, too
-- each object tells for itself, in any order, and with the period of another day
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'some periods');
{"BilledCost": 1, "ChargePeriodStart": "2025-03-15T00:00:00Z"}
{"BilledCost": 2, "BillingPeriodStart": "2025-03-15T00:00:00Z", "BillingPeriodEnd": "2025-04-15T00:00:00Z"}
{"BilledCost": 3, "BillingPeriodStart": null, "ChargePeriodStart": "2025-03-15T00:00:00Z"}
{"BilledCost": 4, "BillingPeriodStart": "2025-03-15T00:00:00Z", "BillingPeriodEnd": "2025-04-15T00:00:00Z", "ChargePeriodStart": "2025-03-20T00:00:00Z"}
{"BilledCost": 5}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'some periods, reversed');
{"BilledCost": 5}
{"BilledCost": 4, "BillingPeriodStart": "2025-03-15T00:00:00Z", "BillingPeriodEnd": "2025-04-15T00:00:00Z", "ChargePeriodStart": "2025-03-20T00:00:00Z"}
{"BilledCost": 3, "BillingPeriodStart": null, "ChargePeriodStart": "2025-03-15T00:00:00Z"}
{"BilledCost": 2, "BillingPeriodStart": "2025-03-15T00:00:00Z", "BillingPeriodEnd": "2025-04-15T00:00:00Z"}
{"BilledCost": 1, "ChargePeriodStart": "2025-03-15T00:00:00Z"}
\.
SELECT source, billedcost, c.billingperiodstart, billingperiodend FROM focus_cost_and_usage c JOIN focus_loads ON loadid = x_loadid
WHERE source LIKE 'some periods%' ORDER BY 1, 2;
SELECT source, billingperiodstart, rows_stored, rows_rejected FROM focus_loads WHERE source LIKE 'some periods%' ORDER BY 1, 2;
SELECT source, finding, occurrences FROM focus_load_findings JOIN (SELECT DISTINCT deliveryid, source FROM focus_loads) l USING (deliveryid)
WHERE source LIKE 'some periods%' ORDER BY 1;
-- two keys for one column, whatever their case
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'twice');
{"BilledCost": 1, "billedcost": 2, "BillingPeriodStart": "2025-03-15T00:00:00Z"}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'no period in CSV');
BilledCost,ChargePeriodStart,BillingPeriodEnd
5,2024-02-29T23:59:59Z,2025-01-01T00:00:00Z
\.
SELECT billingperiodstart, billingperiodend FROM focus_cost_and_usage WHERE billedcost = 5;

-- The other dataset
COPY focus_contract_commitment FROM STDIN WITH (FORMAT focus, source 'commitments');
[{"ContractId": "C-1", "ContractCommitmentId": "C-1-1", "ContractCommitmentCost": 100.00, "BillingCurrency": "USD"}]
\.
SELECT contractid, contractcommitmentcost FROM focus_contract_commitment;

-- Objects that take several lines, one behind the other
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'spread');
{
  "BilledCost": 1,
  "BillingPeriodStart": "2025-01-01T00:00:00Z",
  "Tags": {
    "a": "}"
  }
}
{ "BilledCost": 2,
  "BillingPeriodStart": "2025-01-01T00:00:00Z" }{"BilledCost": 4, "BillingPeriodStart": "x"}
{"BilledCost": 8, "BillingPeriodStart": "2025-01-01T00:00:00Z", "ServiceName": "late"}
\.
SELECT billedcost, servicename, tags FROM focus_cost_and_usage JOIN focus_loads ON loadid = x_loadid WHERE source = 'spread' ORDER BY 1;
SELECT line, columnname, value FROM focus_rejected_rows JOIN focus_loads USING (loadid) WHERE source = 'spread';

-- Files that are refused as a whole
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
{"a": 1, "b": 2}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
{"BilledCost": 1, "BillingAccountId": "b"}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
{"ServiceName": "no cost", "BillingPeriodStart": "2025-01-01T00:00:00Z"}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
{"BilledCost": 1, BillingPeriodStart: "2025-01-01T00:00:00Z"}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
{
  "BilledCost": 1,
  "BillingPeriodStart": "2025-01-01T00:00:00Z"
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
{
  "BilledCost": 1,
  "BillingPeriodStart": "2025-01-01T00:00:00Z"
},
{
}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
[]
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
[{"BilledCost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": 2, "BillingPeriodStart": "2025-01-01T00:00:00Z"}]
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
[{"BilledCost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z"},

17]
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
[{"BilledCost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z"},
{"BilledCost": 2, "BillingPeriodStart": "2025-01-01T00:00:00Z"
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
[{"BilledCost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
[{"BilledCost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z"}]
[{"BilledCost": 2, "BillingPeriodStart": "2025-01-01T00:00:00Z"}]
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
{"BilledCost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"billedcost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
{"BilledCost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": 1, "BillingPeriodStart": "2025-01-01T00:00:00Z", "InvoiceDetailGrain": "g"}
\.
SELECT count(*) FROM focus_loads WHERE source = 'refused';

-- Where rows are stored one by one, they are the same.
CREATE TABLE by_codes AS SELECT to_jsonb(c) - 'x_loadid' AS r FROM focus_cost_and_usage c JOIN focus_loads l ON loadid = x_loadid WHERE source = 'names';
SELECT focus_unload(deliveryid) FROM focus_loads WHERE source = 'names';
CREATE INDEX ON focus_cost_and_usage (billedcost);
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'names');
{"BilledCost": 101, "BillingPeriodStart": "2025-01-01T00:00:00Z", "AmortizedCost": 10, "Region": "r1", "ProviderName": "AWS", "tags/k": "v1"}
{"BilledCost": 102, "BillingPeriodStart": "2025-01-01T00:00:00Z", "EffectiveCost": 20, "RegionId": "r2", "ServiceProviderName": "Oracle", "Tags": {"k": "v2"}}
{"BilledCost": 103, "BillingPeriodStart": "2025-01-01T00:00:00Z", "AmortizedCost": 30, "Region": "r3", "ProviderName": "AWS", "tags/k": "v3"}
{"BilledCost": 104, "BillingPeriodStart": "2025-01-01T00:00:00Z", "AmortizedCost": 40, "EffectiveCost": null, "RegionId": null, "Region": "r4", "ServiceProviderName": null, "ProviderName": "AWS", "Tags": null, "tags/k": "v4"}
{"BilledCost": 105, "BillingPeriodStart": "2025-01-01T00:00:00Z", "AmortizedCost": 49, "EffectiveCost": 50, "RegionId": "r5", "Region": "old", "ServiceProviderName": "Oracle", "ProviderName": "AWS", "Tags": {"k": "v5"}, "tags/k": "old"}
{"BilledCost": 106, "BillingPeriodStart": "2025-01-01T00:00:00Z"}
\.
SELECT count(*) FROM (SELECT to_jsonb(c) - 'x_loadid' FROM focus_cost_and_usage c JOIN focus_loads l ON loadid = x_loadid WHERE source = 'names'
	INTERSECT TABLE by_codes) same;

-- Old names that differ in case alone are one column too.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'case');
{"BilledCost": 1, "BillingPeriodStart": "2025-01-01", "RegionId": "a", "Region": "b", "region": "c", "rEgion": "d"}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'case');
BilledCost,BillingPeriodStart,Region,REGION
1,2025-01-01,a,b
\.

\c :main
DROP DATABASE regress_focus_load_json;
