-- Spellings that are not FOCUS: each is read and counted, or rejects its row.
\set main :DBNAME
CREATE DATABASE regress_focus_load_quirks TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_load_quirks
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';
CREATE VIEW findings AS
SELECT source, columnname, finding, occurrences, first_line, example
FROM focus_load_findings JOIN (SELECT DISTINCT deliveryid, source FROM focus_loads WHERE source IS NOT NULL) l USING (deliveryid);

-- Tags. Keys that differ in a blank are two keys.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'tags');
BillingPeriodStart,BilledCost,Tags
2025-01-01T00:00:00Z,1,"{""org"": ""a"", "" org"": ""b"", ""t"": true, ""n"": 1.50, ""z"": null}"
2025-01-01T00:00:00Z,2,"""env"": ""prod"",""cost centre"": ""7"""
2025-01-01T00:00:00Z,3,"[{""key"": ""k"", ""value"": ""v""}]"
2025-01-01T00:00:00Z,4,"{'a': 'it is', 'b': None, 'c': True, ""d's"": ""it's"", 'e': 1.5e-3, 'f': 'q""q', 'g': '\xe9\u20ac\'\n'}"
2025-01-01T00:00:00Z,5,"[{'key': 'k', 'value': 'v', 'inherited': False}]"
2025-01-01T00:00:00Z,6,app:web|app.kubernetes.io/name:x:y|empty:
2025-01-01T00:00:00Z,7,[]
2025-01-01T00:00:00Z,8,
2025-01-01T00:00:00Z,9,None
\.
SELECT billedcost, tags, x_columns FROM focus_cost_and_usage ORDER BY 1;
SELECT * FROM findings WHERE source = 'tags' ORDER BY first_line;

-- What looks like one of these and is none stays text.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'no tags');
BillingPeriodStart,BilledCost,Tags
2025-01-01T00:00:00Z,1,"""k"": ""v"", ""k"": ""w"""
2025-01-01T00:00:00Z,2,"""k"": [1]"
2025-01-01T00:00:00Z,3,"{'a': {'b': 1}}"
2025-01-01T00:00:00Z,4,"{'a': 1"
2025-01-01T00:00:00Z,5,"{'a': open}"
2025-01-01T00:00:00Z,6,a:1|a:2
2025-01-01T00:00:00Z,7,a:1|b
2025-01-01T00:00:00Z,8,https://example.com
2025-01-01T00:00:00Z,9,two words:3
2025-01-01T00:00:00Z,10,"['a', 'b']"
2025-01-01T00:00:00Z,11,12:30:00
2025-01-01T00:00:00Z,12,arn:aws:s3:::bucket
2025-01-01T00:00:00Z,13,app:web
2025-01-01T00:00:00Z,14,C:\temp
\.
SELECT billedcost, tags, x_columns->>'Tags' AS text FROM focus_cost_and_usage
WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'no tags') ORDER BY 1;
SELECT finding, occurrences FROM findings WHERE source = 'no tags';

-- One column for each tag, where there is none for all.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'tag columns');
BillingPeriodStart,BilledCost,tags/Oracle-Tags.CreatedBy,tags/Dev\Rel.x,resourceTags/user:Team,resourceTags/aws:createdBy,Label_app,LABEL_app,tags/,Tagsy
2025-01-01T00:00:00Z,1,ann,"say ""hi""",red,root,web,web2,nameless,y
2025-01-01T00:00:00Z,2,,,,,NULL,,,
2025-01-01T00:00:00Z,3,,,blue,,,,,
\.
SELECT billedcost, tags, x_columns FROM focus_cost_and_usage
WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'tag columns') ORDER BY 1;
SELECT columnname, finding, occurrences, example FROM findings WHERE source = 'tag columns' ORDER BY 1;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'tag columns and tags');
BillingPeriodStart,BilledCost,resourceTags/user:Team,Tags
2025-01-01T00:00:00Z,1,red,"{""a"": ""b""}"
\.
SELECT billedcost, tags, x_columns FROM focus_cost_and_usage
WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'tag columns and tags') ORDER BY 1;

COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'equal tag columns');
BillingPeriodStart,BilledCost,resourceTags/user:env,resourceTags/env
2025-01-01T00:00:00Z,1,,z
2025-01-01T00:00:00Z,2,y,z
2025-01-01T00:00:00Z,3,y,
\.
SELECT billedcost, tags, x_columns FROM focus_cost_and_usage
WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'equal tag columns') ORDER BY 1;

-- None is a null where it can be no value.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'None');
BillingPeriodStart,BilledCost,BillingCurrency,ChargePeriodStart,ContractApplied,SkuPriceDetails,ServiceName,x_Operation
2025-01-01T00:00:00Z,1,None,None,None,None,None,None
2025-01-01T00:00:00Z,None,USD,,,,,
None,3,USD,,,,,
\.
SELECT billedcost, billingcurrency, chargeperiodstart, contractapplied, skupricedetails, servicename, x_columns FROM focus_cost_and_usage
WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'None') ORDER BY 1;
SELECT columnname, finding, occurrences FROM findings WHERE source = 'None' ORDER BY 1;
SELECT r.columnname, r.value, r.message FROM focus_rejected_rows r JOIN focus_loads USING (loadid) WHERE source = 'None';
SELECT totals FROM focus_loads WHERE source = 'None' AND state = 'current';

-- Numbers and instants
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'forms');
BillingPeriodStart,BilledCost,ChargePeriodStart,ChargePeriodEnd
2025-01-01T00:00:00Z,1.50 ,2025-01-02T03:04:05Z,2025-01-31T23:59:59Z
2025-01-01T00:00:00Z,1.5E+3,2019-02-01 00:00:00 +0000 UTC,2022-08-01 03:00:00+00:00
2025-01-01T00:00:00Z,1.385e-05,2022-08-01 03:00:00.066000+0530,5/1/25
2025-01-01T00:00:00Z, 12345678901234567890.5 ,2024-09-18 22:00:00,2024-01-01T00:00Z
2025-01-01T00:00:00Z,0.00,2025-01-31,2025-01-02T03:04:05.1234560001Z
2025-01-01T00:00:00Z,0,2025-01-02T03:04:05.123456000Z,2025-01-02T24:00:00Z
2025-01-01T00:00:00Z,"1,000",,
\.
SELECT billedcost, chargeperiodstart, chargeperiodend FROM focus_cost_and_usage
WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'forms') ORDER BY 1, 2, 3;
SELECT columnname, finding, occurrences, first_line, example FROM findings WHERE source = 'forms' ORDER BY first_line, 1, 2;
SELECT rows_stored, rows_rejected, totals FROM focus_loads WHERE source = 'forms';

-- Empty fields beyond the header
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'ragged');
BillingPeriodStart,BilledCost
2025-01-01T00:00:00Z,1
2025-01-01T00:00:00Z,2,,
2025-01-01T00:00:00Z,x,
\.
SELECT columnname, finding, occurrences, first_line, example FROM findings WHERE source = 'ragged';

-- strict: each of these rejects its row, and only these.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'strict', strict);
BillingPeriodStart,BilledCost,ChargePeriodStart,Tags,SkuId,x_Any
2025-01-01T00:00:00Z,1,2025-01-01T00:00:00.000Z,"{""org"": ""a"", "" org"": ""b""}",None,None
2025-01-01T00:00:00Z,2.0e-3,,{},,
2025-01-01T00:00:00Z,3 ,,,,
2025-01-01T00:00:00Z,4,2025-01-01 00:00:00,,,
2025-01-01T00:00:00Z,5,,"""k"": ""v""",,
2025-01-01T00:00:00Z,6,,"{""a"": [1]}",,
2025-01-01T00:00:00Z,7,,,NULL,
2025-01-01T00:00:00Z,7.5,,,,NULL
2025-01-01T00:00:00Z,8,,,,,
2025-01-01T00:00:00Z,9,None,,null,
2025-01-01,10,,,,
\.
SELECT r.line, r.columnname, r.value, r.sqlstate, r.message FROM focus_rejected_rows r JOIN focus_loads USING (loadid) WHERE source = 'strict' ORDER BY 1;
SELECT billedcost FROM focus_cost_and_usage WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'strict') ORDER BY 1;
SELECT sum(rows_stored), sum(rows_rejected) FROM focus_loads WHERE source = 'strict';
SELECT * FROM findings WHERE source = 'strict';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'strict', strict true);
ChargePeriodStart,BilledCost
2025-01-01T00:00:00Z,1
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'strict period', strict true);
{"BilledCost": 1, "ChargePeriodStart": "2025-01-01T00:00:00Z"}
{"BilledCost": 2, "ChargePeriodStart": "2025-01-01T00:00:00Z", "BillingPeriodStart": "2025-01-01T00:00:00Z"}
\.
SELECT rows_stored, rows_rejected FROM focus_loads WHERE source = 'strict period';
SELECT r.columnname, r.message FROM focus_rejected_rows r JOIN focus_loads USING (loadid) WHERE source = 'strict period';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'strict tags', strict true);
BillingPeriodStart,BilledCost,Label_a
2025-01-01T00:00:00Z,1,x
2025-01-01T00:00:00Z,2,
\.
SELECT rows_stored, rows_rejected FROM focus_loads WHERE source = 'strict tags';
COPY focus_cost_and_usage FROM '/dev/null' WITH (FORMAT focus, source 'strict', strict maybe);
COPY focus_cost_and_usage FROM '/dev/null' WITH (FORMAT focus, source 'strict', strict, strict);

-- Where rows are stored one by one, findings are the same.
CREATE TABLE by_codes AS SELECT columnname, finding, occurrences, first_line, example, source FROM findings;
CREATE TABLE rows_by_codes AS SELECT (to_jsonb(c) - 'x_loadid') AS r, source FROM focus_cost_and_usage c JOIN focus_loads ON loadid = x_loadid;
SELECT count(focus_unload(deliveryid)) FROM (SELECT DISTINCT deliveryid FROM focus_loads) d;
CREATE INDEX ON focus_cost_and_usage (billedcost);
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'tag columns');
BillingPeriodStart,BilledCost,tags/Oracle-Tags.CreatedBy,tags/Dev\Rel.x,resourceTags/user:Team,resourceTags/aws:createdBy,Label_app,LABEL_app,tags/,Tagsy
2025-01-01T00:00:00Z,1,ann,"say ""hi""",red,root,web,web2,nameless,y
2025-01-01T00:00:00Z,2,,,,,NULL,,,
2025-01-01T00:00:00Z,3,,,blue,,,,,
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'None');
BillingPeriodStart,BilledCost,BillingCurrency,ChargePeriodStart,ContractApplied,SkuPriceDetails,ServiceName,x_Operation
2025-01-01T00:00:00Z,1,None,None,None,None,None,None
2025-01-01T00:00:00Z,None,USD,,,,,
None,3,USD,,,,,
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'forms');
BillingPeriodStart,BilledCost,ChargePeriodStart,ChargePeriodEnd
2025-01-01T00:00:00Z,1.50 ,2025-01-02T03:04:05Z,2025-01-31T23:59:59Z
2025-01-01T00:00:00Z,1.5E+3,2019-02-01 00:00:00 +0000 UTC,2022-08-01 03:00:00+00:00
2025-01-01T00:00:00Z,1.385e-05,2022-08-01 03:00:00.066000+0530,5/1/25
2025-01-01T00:00:00Z, 12345678901234567890.5 ,2024-09-18 22:00:00,2024-01-01T00:00Z
2025-01-01T00:00:00Z,0.00,2025-01-31,2025-01-02T03:04:05.1234560001Z
2025-01-01T00:00:00Z,0,2025-01-02T03:04:05.123456000Z,2025-01-02T24:00:00Z
2025-01-01T00:00:00Z,"1,000",,
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'ragged');
BillingPeriodStart,BilledCost
2025-01-01T00:00:00Z,1
2025-01-01T00:00:00Z,2,,
2025-01-01T00:00:00Z,x,
\.
SELECT source, count(*) FROM findings GROUP BY 1 ORDER BY 1;
SELECT * FROM ((TABLE by_codes EXCEPT ALL SELECT columnname, finding, occurrences, first_line, example, source FROM findings)
	UNION ALL (SELECT columnname, finding, occurrences, first_line, example, source FROM findings EXCEPT ALL TABLE by_codes)) d
WHERE source IN ('tag columns', 'None', 'forms', 'ragged');
SELECT count(*) FROM ((SELECT * FROM rows_by_codes WHERE source IN ('tag columns', 'None', 'forms', 'ragged')
	EXCEPT ALL SELECT to_jsonb(c) - 'x_loadid', source FROM focus_cost_and_usage c JOIN focus_loads ON loadid = x_loadid)
	UNION ALL (SELECT to_jsonb(c) - 'x_loadid', source FROM focus_cost_and_usage c JOIN focus_loads ON loadid = x_loadid EXCEPT ALL TABLE rows_by_codes)) d;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'strict', strict);
BillingPeriodStart,BilledCost,SkuId
2025-01-01T00:00:00Z,1,a
2025-01-01T00:00:00Z,2,NULL
\.
SELECT rows_stored, rows_rejected FROM focus_loads WHERE source = 'strict' AND state = 'current';

\c :main
DROP DATABASE regress_focus_load_quirks;
