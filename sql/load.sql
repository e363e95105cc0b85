-- What becomes of the header and the cells of a file.
\set main :DBNAME
CREATE DATABASE regress_focus_load TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_load
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';

-- Columns go by name, whatever their case and order; names of older FOCUS
-- versions stand for the columns that replaced them; all others are kept.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'header');
usagequantity,UsageUnit,Region,Provider,Publisher,InvoiceIssuer,ChargeType,AMORTIZEDCOST,billedCost, BillingPeriodStart ,x_Team,Id,EmptyToo
1.50,Hours,eu-1,P,Q,R,Usage,0.10,0.30,2025-01-01T00:00:00Z,red,7,
2,Hours,,P,Q,R,Usage,0.20,0.40,2025-01-01T00:00:00Z,,,
\.
SELECT consumedquantity, consumedunit, regionid, providername, serviceprovidername, publishername,
	invoiceissuername, chargecategory, effectivecost, billedcost, billingperiodstart, x_columns
FROM focus_cost_and_usage ORDER BY billedcost;
SELECT loadid = deliveryid AS first, dataset, source, billingperiodstart, accounts, state, mode, path, files, bytes > 200 AS bytes,
	length(content_sha256) AS sha, provider, focus_version, rows_stored, rows_rejected, totals
FROM focus_loads;

-- A name that is old and new at once: the new one is the column.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'both names');
Region,RegionId,BilledCost,BillingPeriodStart,ProviderName,ServiceProviderName
old,new,1,2025-01-01T00:00:00Z,old provider,new provider
\.
SELECT regionid, providername, serviceprovidername, x_columns FROM focus_cost_and_usage
WHERE x_loadid = (SELECT loadid FROM focus_loads WHERE source = 'both names');

-- Without a provider column it is the one that the call names.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, provider 'Hetzner');
BilledCost,BillingPeriodStart,BillingAccountId
1,2025-01-01T00:00:00Z,K1
\.
SELECT c.providername, c.serviceprovidername, l.source, l.accounts, l.provider
FROM focus_cost_and_usage c JOIN focus_loads l ON l.loadid = c.x_loadid WHERE c.billingaccountid = 'K1';

-- So does the source's row, for files that do not tell.
INSERT INTO focus_sources (source, provider) VALUES ('own racks', 'Our own');
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'own racks');
BilledCost,BillingPeriodStart,BillingAccountId,ProviderName
1,2025-01-01T00:00:00Z,K2,
2,2025-02-01T00:00:00Z,K2,Colocation
\.
SELECT c.providername, c.serviceprovidername, l.accounts
FROM focus_cost_and_usage c JOIN focus_loads l ON l.loadid = c.x_loadid WHERE c.billingaccountid = 'K2' ORDER BY c.billedcost;
DELETE FROM focus_sources;

-- The column names tell provider and version.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'aws 1.2');
BilledCost,BillingPeriodStart,InvoiceId,SkuMeter,RegionId,x_Operation
1,2025-01-01T00:00:00Z,i,m,r,Run
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'oracle preview');
BilledCost,BillingPeriodStart,UsageQuantity,ChargeSubCategory,oci_ReferenceNumber
1,2025-01-01T00:00:00Z,2,On-Demand,n
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'told', provider 'Me', focus_version '1.1');
BilledCost,BillingPeriodStart,x_Operation,InvoiceId
1,2025-01-01T00:00:00Z,Run,i
\.
SELECT source, provider, focus_version FROM focus_loads WHERE source IN ('aws 1.2', 'oracle preview', 'told') ORDER BY source;

-- Nulls: empty, quoted empty, and words. None is a value.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'nulls');
BilledCost,BillingPeriodStart,SkuId,RegionId,ResourceId,ResourceName,ResourceType,ListCost,x_a,x_b,x_c
1,2025-01-01T00:00:00Z,,"",NULL,null,(null),NULL,None,NULL,null value
2,2025-01-01T00:00:00Z,"NULL", ,"null","None","Null",(NULL),,,
\.
SELECT billedcost, skuid, regionid, resourceid, resourcename, resourcetype, listcost, x_columns
FROM focus_cost_and_usage WHERE x_loadid = (SELECT loadid FROM focus_loads WHERE source = 'nulls') ORDER BY billedcost;
SELECT columnname, finding, occurrences, first_file, first_line, example
FROM focus_load_findings JOIN focus_loads USING (deliveryid) WHERE source = 'nulls' ORDER BY columnname COLLATE "C";

-- Numbers are read exactly, with the scale that they are written with.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'numbers');
BilledCost,BillingPeriodStart,SkuId
0,2025-01-01T00:00:00Z,01 0
-0,2025-01-01T00:00:00Z,02 -0
0.00000080000,2025-01-01T00:00:00Z,03 0.00000080000
"12.50",2025-01-01T00:00:00Z,04 12.50
-17.3300,2025-01-01T00:00:00Z,05 -17.3300
 0.00 ,2025-01-01T00:00:00Z,06 0.00
1.385e-05,2025-01-01T00:00:00Z,07 1.385e-05
9.984E-7,2025-01-01T00:00:00Z,08 9.984E-7
1.5E+3,2025-01-01T00:00:00Z,09 1.5E+3
4.6000000000000005,2025-01-01T00:00:00Z,10 4.6000000000000005
0.00022500000000000002,2025-01-01T00:00:00Z,11 0.00022500000000000002
999999999999999999,2025-01-01T00:00:00Z,12 999999999999999999
1000000000000000000,2025-01-01T00:00:00Z,13 1000000000000000000
12345678901234567890123456789012345678.123456789012345678,2025-01-01T00:00:00Z,14 12345678901234567890123456789012345678.123456789012345678
.5,2025-01-01T00:00:00Z,15 .5
5.,2025-01-01T00:00:00Z,16 5.
007,2025-01-01T00:00:00Z,17 007
0e100,2025-01-01T00:00:00Z,18 0e100
1e18,2025-01-01T00:00:00Z,19 1e18
-999999999999999999e-18,2025-01-01T00:00:00Z,20 -999999999999999999e-18
1e-40,2025-01-01T00:00:00Z,21 1e-40
\.
-- as numeric's own input function reads the same text, scale included
SELECT skuid, billedcost FROM focus_cost_and_usage
WHERE x_loadid = (SELECT loadid FROM focus_loads WHERE source = 'numbers')
AND billedcost::text IS DISTINCT FROM (split_part(skuid, ' ', 2)::numeric)::text;
SELECT rows_stored, totals->'XXX'->'billedcost' =
	(SELECT to_jsonb(sum(split_part(skuid, ' ', 2)::numeric)) FROM focus_cost_and_usage WHERE x_loadid = loadid) AS exact
FROM focus_loads WHERE source = 'numbers';

-- Cells that money depends on and that cannot be read: quarantine.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'bad numbers');
BilledCost,BillingPeriodStart,BillingCurrency,ConsumedQuantity,ListUnitPrice,SkuId
"1,234.50",2025-01-01T00:00:00Z,USD,,,thousands
$5,2025-01-01T00:00:00Z,USD,,,sign
+5,2025-01-01T00:00:00Z,USD,,,plus
NaN,2025-01-01T00:00:00Z,USD,,,nan
Infinity,2025-01-01T00:00:00Z,USD,,,infinity
-,2025-01-01T00:00:00Z,USD,,,minus
.,2025-01-01T00:00:00Z,USD,,,point
1e,2025-01-01T00:00:00Z,USD,,,exponent
1e1001,2025-01-01T00:00:00Z,USD,,,huge
1 2,2025-01-01T00:00:00Z,USD,,,two
0x10,2025-01-01T00:00:00Z,USD,,,hexadecimal
 ,2025-01-01T00:00:00Z,USD,,,blank
10,2025-01-01T00:00:00Z,USD,many,,quantity
10,2025-01-01T00:00:00Z,USD,,free,price
10,2025-01-01T00:00:00Z,US$,,,currency
10,2025-01-01T00:00:00Z,Credits,,,virtual
7,2025-01-01T00:00:00Z,usd,,,kept as sent
\.
SELECT r.line, r.columnname, r.value, r.sqlstate, r.message, r.record->>'SkuId' AS sku
FROM focus_rejected_rows r JOIN focus_loads l USING (loadid) WHERE l.source = 'bad numbers' ORDER BY r.line;
SELECT r.record FROM focus_rejected_rows r JOIN focus_loads l USING (loadid) WHERE l.source = 'bad numbers' ORDER BY r.line LIMIT 1;
SELECT rows_stored, rows_rejected, totals FROM focus_loads WHERE source = 'bad numbers';

-- Forms of date and time; without a zone it is UTC, whatever the session's
-- TimeZone and DateStyle.
SET TimeZone = 'Asia/Kolkata';
SET DateStyle = 'German, DMY';
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'dates');
BilledCost,BillingPeriodStart,ChargePeriodStart,SkuId
1,2025-03-01T00:00:00Z,2025-03-04T05:06:07Z,01 2025-03-04 05:06:07
1,2025-03-01T00:00:00Z,2025-03-04T05:06:07.000Z,02 2025-03-04 05:06:07
1,2025-03-01T00:00:00Z,2025-03-04T05:06:07.1234567Z,03 2025-03-04 05:06:07.123456
1,2025-03-01T00:00:00Z,2025-03-04T05:06Z,04 2025-03-04 05:06
1,2025-03-01T00:00:00Z,2025-03-04 05:06:07,05 2025-03-04 05:06:07
1,2025-03-01T00:00:00Z,2025-03-04 05:06:07 UTC,06 2025-03-04 05:06:07
1,2025-03-01T00:00:00Z,2025-03-04 05:06:07 +0000 UTC,07 2025-03-04 05:06:07
1,2025-03-01T00:00:00Z,2025-03-04 05:06:07+00:00,08 2025-03-04 05:06:07
1,2025-03-01T00:00:00Z,2025-03-04T05:06:07+05:30,09 2025-03-03 23:36:07
1,2025-03-01T00:00:00Z,2025-03-04T05:06:07-0800,10 2025-03-04 13:06:07
1,2025-03-01T00:00:00Z,2025-03-04T05:06:07-08,11 2025-03-04 13:06:07
1,2025-03-01T00:00:00Z,2025-03-04,12 2025-03-04 00:00
1,2025-03-01T00:00:00Z,3/4/25,13 2025-03-04 00:00
1,2025-03-01T00:00:00Z,03/04/2025,14 2025-03-04 00:00
1,2025-03-01T00:00:00Z,3/4/2025 05:06,15 2025-03-04 05:06
1,2025-03-01T00:00:00Z,2024-02-29T24:00:00Z,16 2024-03-01 00:00
1,2025-03-01T00:00:00Z,2024-12-31T23:59:59Z,17 2024-12-31 23:59:59
1,2025-03-01T00:00:00Z, 2025-03-04T05:06:07Z ,18 2025-03-04 05:06:07
\.
SET TimeZone = 'America/Los_Angeles';
SET DateStyle = 'ISO, MDY';
SELECT skuid, chargeperiodstart FROM focus_cost_and_usage
WHERE x_loadid = (SELECT loadid FROM focus_loads WHERE source = 'dates')
AND chargeperiodstart IS DISTINCT FROM (substr(skuid, 4)::timestamp AT TIME ZONE 'UTC');
SET TimeZone = 'UTC';
SELECT source, billingperiodstart, rows_stored, rows_rejected FROM focus_loads WHERE source = 'dates';
SELECT columnname, finding, occurrences, first_line, example
FROM focus_load_findings JOIN focus_loads USING (deliveryid) WHERE source = 'dates' ORDER BY first_line;

COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'bad dates');
BilledCost,BillingPeriodStart,ChargePeriodStart,SkuId
1,2025-03-01T00:00:00Z,2025-02-29T00:00:00Z,no leap year
1,2025-03-01T00:00:00Z,2025-13-01,month
1,2025-03-01T00:00:00Z,31/01/2025,day first
1,2025-03-01T00:00:00Z,20250301,digits
1,2025-03-01T00:00:00Z,2025-03-01T25:00:00Z,hour
1,2025-03-01T00:00:00Z,2025-03-01T00:00:00 Europe/Berlin,zone
1,2025-03-01T00:00:00Z,2025-03-01Z,zone of a date
1,2025-03-01T00:00:00Z,infinity,infinity
1,2025-03-01T00:00:00Z,now,now
1,someday,2025-03-01T00:00:00Z,period
1,,2025-03-01T00:00:00Z,no period
1,NULL,2025-03-01T00:00:00Z,null period
\.
SELECT r.line, r.columnname, r.value, r.sqlstate, r.message
FROM focus_rejected_rows r JOIN focus_loads l USING (loadid) WHERE l.source = 'bad dates' ORDER BY r.line;
SELECT billingperiodstart, state, rows_stored, rows_rejected, totals FROM focus_loads WHERE source = 'bad dates' ORDER BY loadid;

-- Google Cloud's tags: an array of keys and values, which say more than a map.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'array tags');
BillingPeriodStart,BilledCost,Tags
2025-01-01T00:00:00Z,1,"[{""key"": ""CostCentre"", ""value"": ""cc-1"", ""x_type"": ""label""}, {""Key"": ""n"", ""Value"": 1.50}]"
2025-01-01T00:00:00Z,2,"[{""key"": ""a \u00e9\"""", ""value"": true}, {""key"": ""bare""}, {""key"": ""none"", ""value"": null}]"
2025-01-01T00:00:00Z,3,[]
2025-01-01T00:00:00Z,4,"[{""key"": ""twice"", ""value"": 1}, {""key"": ""twice"", ""value"": 2}]"
2025-01-01T00:00:00Z,5,"[{""key"": ""deep"", ""value"": {}}]"
2025-01-01T00:00:00Z,6,"[1, 2]"
\.
SELECT billedcost, tags, x_columns->>'Tags' AS text
FROM focus_cost_and_usage WHERE x_loadid = (SELECT loadid FROM focus_loads WHERE source = 'array tags') ORDER BY billedcost;
SELECT columnname, finding, occurrences, first_line
FROM focus_load_findings JOIN focus_loads USING (deliveryid) WHERE source = 'array tags' ORDER BY first_line;

-- Cells where words are: kept as text when they do not fit, and counted.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'misfits');
BilledCost,BillingPeriodStart,SkuId,Tags,SkuPriceDetails,ContractApplied,AllocatedTags,x_mine
1,2025-01-01T00:00:00Z,good,"{""a"": ""b"", ""t"": true, ""n"": 1, ""z"": null}","{""Cores"": 4}","{""Elements"": []}",{},{}
2,2025-01-01T00:00:00Z,nested,"{""a"": {""b"": 1}}",[1],{},,
3,2025-01-01T00:00:00Z,python,"{'a': None}","a:b|c:d",{'Elements': []},,
4,2025-01-01T00:00:00Z,no braces,"""k"": ""v""",,nothing,,
5,2025-01-01T00:00:00Z,double key,"{""a"": 1, ""a"": 2}",,"{""a"": 1, ""a"": 2}",,
6,2025-01-01T00:00:00Z,blank in key,"{""a"": 1, "" a"": 2}",,"{""a"": 1e400}",,
7,2025-01-01T00:00:00Z,limits,"{""a"": 1e400}",,"{""a"": 1e999999}",,
9,2025-01-01T00:00:00Z,deep,,,[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],,
8,2025-01-01T00:00:00Z,NUL,"{""a"": ""\u0000""}",,"{""a"": ""\u0000""}",,
\.
SELECT skuid, tags, skupricedetails, length(contractapplied::text) AS contractapplied, allocatedtags, x_columns
FROM focus_cost_and_usage WHERE x_loadid = (SELECT loadid FROM focus_loads WHERE source = 'misfits') ORDER BY billedcost;
SELECT columnname, finding, occurrences, first_line, example
FROM focus_load_findings JOIN focus_loads USING (deliveryid) WHERE source = 'misfits' ORDER BY columnname COLLATE "C", first_line;

-- Quotes, ragged rows, lines.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'shapes');
"BilledCost","BillingPeriodStart",ChargeDescription
1,2025-01-01T00:00:00Z,"say ""hi"", then
a second line"

2,2025-01-01T00:00:00Z,"  blanks stay  "
3,2025-01-01T00:00:00Z
4,2025-01-01T00:00:00Z,x,more
5,2025-01-01T00:00:00Z,empty ones more,,
x,2025-01-01T00:00:00Z,last
\.
SELECT billedcost, chargedescription FROM focus_cost_and_usage
WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = 'shapes') ORDER BY 1;
SELECT r.line, r.columnname, r.message, r.record FROM focus_rejected_rows r JOIN focus_loads l USING (loadid)
WHERE l.source = 'shapes' ORDER BY r.line;

-- Files that are refused as a whole.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
a,b,c
1,2,3
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
BilledCost,BillingAccountId
1,2
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
ChargeType,InvoiceIssuer
a,b
\.
-- the invoice has the same cost once more
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
InvoiceDetailId,BilledCost,BillingPeriodStart,InvoiceDetailGrain
1,2,2025-01-01T00:00:00Z,x
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
BillingPeriodStart,ServiceName
2025-01-01T00:00:00Z,2
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
BilledCost,BillingPeriodStart,billedcost
1,2025-01-01T00:00:00Z,2
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
BilledCost,BillingPeriodStart,x_A,x_a,x_A
1,2025-01-01T00:00:00Z,1,2,3
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'refused');
BilledCost,BillingPeriodStart,ChargeDescription
1,2025-01-01T00:00:00Z,fine
2,2025-01-01T00:00:00Z,"never closed
3,2025-01-01T00:00:00Z,x
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus);
BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z
\.
-- names that differ in case are two columns if FOCUS defines neither
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'case');
BilledCost,BillingPeriodStart,x_A,x_a
1,2025-01-01T00:00:00Z,1,2
\.
SELECT x_columns FROM focus_cost_and_usage WHERE x_loadid = (SELECT loadid FROM focus_loads WHERE source = 'case');
SELECT count(*) FROM focus_loads WHERE source = 'refused';

-- A header alone is a delivery without rows.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'header only');
BilledCost,BillingPeriodStart
\.
SELECT state, rows_stored, rows_rejected, totals, billingperiodstart FROM focus_loads WHERE source = 'header only';

-- Contract commitments have a table of their own.
COPY focus_contract_commitment FROM STDIN WITH (FORMAT focus, source 'contract');
BillingCurrency,ContractCommitmentCategory,ContractCommitmentCost,ContractCommitmentId,ContractCommitmentPeriodEnd,ContractCommitmentPeriodStart,ContractId,ContractPeriodEnd,ContractPeriodStart,x_Note
USD,Spend,4200000.00,CC-1,2026-01-01T00:00:00Z,2025-01-01T00:00:00Z,C-1,2026-01-01T00:00:00Z,2025-01-01T00:00:00Z,signed
\.
SELECT contractcommitmentid, contractcommitmentcost, contractcommitmentperiodend, x_columns FROM focus_contract_commitment;
SELECT dataset, source, billingperiodstart, rows_stored, totals FROM focus_loads WHERE source = 'contract';
-- another one of the source meets it, period or not
\set VERBOSITY terse
COPY focus_contract_commitment FROM STDIN WITH (FORMAT focus, source 'contract');
BillingCurrency,ContractCommitmentCost,ContractCommitmentId,ContractId
EUR,1,CC-2,C-1
\.
\set VERBOSITY default
COPY focus_contract_commitment FROM STDIN WITH (FORMAT focus, source 'contract', mode 'replace');
BillingCurrency,ContractCommitmentCost,ContractCommitmentId,ContractId
EUR,1,CC-2,C-1
\.
SELECT contractcommitmentid, contractcommitmentcost FROM focus_contract_commitment;
-- the wrong table
COPY focus_contract_commitment FROM STDIN WITH (FORMAT focus, source 'contract');
BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z
\.

-- No row and no amount is lost: each load's rows and totals are the table's.
SELECT l.source FROM focus_loads l LEFT JOIN focus_cost_and_usage c ON c.x_loadid = l.loadid
WHERE l.dataset = 'CostAndUsage' GROUP BY l.loadid
HAVING count(c.x_loadid) <> l.rows_stored
OR coalesce(sum(c.billedcost), 0) <>
	coalesce((SELECT sum((t.value->>'billedcost')::numeric) FROM jsonb_each(l.totals) t), 0)
OR l.rows_rejected <> (SELECT count(*) FROM focus_rejected_rows r WHERE r.loadid = l.loadid);

-- focus_unload takes each back.
SELECT sum(focus_unload(deliveryid)) > 0 AS removed FROM (SELECT DISTINCT deliveryid FROM focus_loads WHERE state <> 'replaced') d;
SELECT count(*) FROM focus_cost_and_usage;
SELECT count(*) FROM focus_contract_commitment;
SELECT count(*) FROM focus_rejected_rows;
SELECT count(*) FROM focus_load_findings;
SELECT state, count(*) FROM focus_loads GROUP BY state ORDER BY state;
\c :main
DROP DATABASE regress_focus_load;
