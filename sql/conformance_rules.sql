-- Each rule that looks at rows: conformant rows keep it, and some row that
-- differs in one cell breaks it, as often as a plain query says.
SET timezone = 'UTC';
CREATE TABLE charge (LIKE focus_cost_and_usage) USING heap;
CREATE TABLE promise (LIKE focus_contract_commitment);

CREATE TEMP TABLE conformant (number serial, base text, row jsonb);
INSERT INTO conformant (base, row) VALUES ('usage', '{
	"billedcost": 8, "effectivecost": 8, "contractedcost": 8, "listcost": 10,
	"listunitprice": 5, "contractedunitprice": 4, "pricingquantity": 2, "pricingunit": "Hours",
	"consumedquantity": 2, "consumedunit": "Hours", "pricingcategory": "Standard",
	"pricingcurrency": "USD", "pricingcurrencyeffectivecost": 8,
	"pricingcurrencylistunitprice": 5, "pricingcurrencycontractedunitprice": 4,
	"billingaccountid": "b1", "billingaccountname": "Bill", "billingaccounttype": "Payer",
	"subaccountid": "s1", "subaccountname": "Sub", "subaccounttype": "Account",
	"billingcurrency": "USD", "invoiceid": "I1", "invoiceissuername": "Cirrus Inc.",
	"billingperiodstart": "2026-01-01", "billingperiodend": "2026-02-01",
	"chargeperiodstart": "2026-01-05", "chargeperiodend": "2026-01-06",
	"chargecategory": "Usage", "chargefrequency": "Usage-Based", "chargedescription": "two hours",
	"providername": "Cirrus", "publishername": "Cirrus", "serviceprovidername": "Cirrus", "hostprovidername": "Cirrus",
	"servicecategory": "Compute", "servicesubcategory": "Virtual Machines", "servicename": "Machines",
	"skuid": "k1", "skupriceid": "p1", "skumeter": "Hours of c1", "skupricedetails": {"CoreCount": 4, "x_Tenancy": "Shared"},
	"regionid": "r1", "regionname": "Region 1", "availabilityzone": "r1a",
	"resourceid": "i1", "resourcename": "web", "resourcetype": "Machine", "tags": {"team": "web"}}');
INSERT INTO conformant (base, row)
SELECT d.base, c.row || d.difference
FROM conformant AS c, (VALUES
	('covered', '{"billedcost": 0, "effectivecost": 6, "pricingcategory": "Committed", "commitmentdiscountid": "c1",
		"commitmentdiscountname": "Saver", "commitmentdiscountcategory": "Usage", "commitmentdiscounttype": "Reserved",
		"commitmentdiscountstatus": "Used", "commitmentdiscountquantity": 2, "commitmentdiscountunit": "Hours"}'::jsonb),
	('unused', '{"billedcost": 0, "effectivecost": 6, "pricingcategory": "Committed", "commitmentdiscountid": "c1",
		"commitmentdiscountname": "Saver", "commitmentdiscountcategory": "Usage", "commitmentdiscounttype": "Reserved",
		"commitmentdiscountstatus": "Unused", "commitmentdiscountquantity": 2, "commitmentdiscountunit": "Hours",
		"consumedquantity": null, "consumedunit": null, "resourceid": "c1"}'),
	('commitment', '{"billedcost": 12, "effectivecost": 0, "pricingcurrencyeffectivecost": 0, "chargecategory": "Purchase",
		"chargefrequency": "Recurring", "commitmentdiscountid": "c1", "commitmentdiscountname": "Saver",
		"commitmentdiscountcategory": "Usage", "commitmentdiscounttype": "Reserved", "commitmentdiscountquantity": 4,
		"commitmentdiscountunit": "Hours", "consumedquantity": null, "consumedunit": null, "resourceid": "c1"}'),
	('tax', '{"chargecategory": "Tax", "chargefrequency": "One-Time", "listunitprice": null, "contractedunitprice": null,
		"pricingquantity": null, "pricingunit": null, "consumedquantity": null, "consumedunit": null,
		"pricingcategory": null, "pricingcurrencylistunitprice": null, "pricingcurrencycontractedunitprice": null,
		"skuid": null, "skupriceid": null, "skumeter": null, "skupricedetails": null}'),
	('credit', '{"chargecategory": "Credit", "chargefrequency": "One-Time", "billedcost": -1, "effectivecost": -1,
		"listcost": -1, "contractedcost": -1, "listunitprice": null, "contractedunitprice": null,
		"pricingquantity": null, "pricingunit": null, "consumedquantity": null, "consumedunit": null,
		"pricingcategory": null, "pricingcurrencylistunitprice": null, "pricingcurrencycontractedunitprice": null,
		"skuid": null, "skupriceid": null, "skumeter": null, "skupricedetails": null}'),
	('correction', '{"chargeclass": "Correction", "chargeperiodstart": "2025-12-05", "chargeperiodend": "2025-12-06"}'),
	('reservation', '{"capacityreservationid": "cr1", "capacityreservationstatus": "Used"}'),
	('allocated', '{"allocatedmethodid": "m1", "allocatedresourceid": "pod", "allocatedresourcename": "Pod",
		"allocatedtags": {"app": "shop"}, "allocatedmethoddetails": {"Elements": [{"AllocatedRatio": 0.5,
		"UsageUnit": "Hours", "UsageQuantity": 1, "x_Node": "n1"}]}}'),
	('contract', '{"contractapplied": {"Elements": [{"ContractId": "ct1", "ContractCommitmentId": "cc1",
		"ContractCommitmentAppliedCost": 8, "ContractCommitmentAppliedQuantity": 2,
		"ContractCommitmentAppliedUnit": "Hours", "x_Note": "n"}]}}'),
	('contract purchase', '{"chargecategory": "Purchase", "chargefrequency": "One-Time", "consumedquantity": null,
		"consumedunit": null, "resourceid": "cc1", "contractapplied": {"Elements": [{"ContractId": "ct1",
		"ContractCommitmentId": "cc1", "ContractCommitmentAppliedCost": 8, "ContractCommitmentAppliedQuantity": 2,
		"ContractCommitmentAppliedUnit": "Hours"}]}}')) AS d(base, difference);
INSERT INTO charge SELECT r.* FROM conformant, jsonb_populate_record(NULL::charge, row) AS r;
INSERT INTO focus_contract_commitment SELECT r.* FROM jsonb_populate_record(NULL::focus_contract_commitment, '{"contractid": "ct1", "contractcommitmentid": "cc1", "contractcommitmentcategory": "Spend",
	"contractcommitmentcost": 100, "billingcurrency": "USD", "contractcommitmentdescription": "a promise",
	"contractcommitmenttype": "Spend", "contractperiodstart": "2026-01-01", "contractperiodend": "2027-01-01",
	"contractcommitmentperiodstart": "2026-01-01", "contractcommitmentperiodend": "2026-07-01"}') AS r;
INSERT INTO promise TABLE focus_contract_commitment;

-- None fires on conformant rows; all that apply have been run.
SELECT state, count(*), array_agg(rule_id) FILTER (WHERE state NOT IN ('passed', 'not applicable'))
FROM focus_validate('charge') GROUP BY state;
SELECT rule_id, detail FROM focus_validate('charge') WHERE state = 'not applicable';
SELECT state, count(*), array_agg(rule_id) FILTER (WHERE state <> 'passed') FROM focus_validate('promise') GROUP BY state;

-- Rows that differ from a conformant one in one cell.
CREATE TEMP TABLE cell AS
SELECT f.dataset, lower(f.column_id) AS name, v.value
FROM focus_columns AS f
	CROSS JOIN LATERAL unnest(CASE f.data_type
		WHEN 'numeric' THEN ARRAY['null', '"NaN"', '"Infinity"', '"-Infinity"', '-7', '0', '7']
		WHEN 'timestamptz' THEN ARRAY['null', '"infinity"', '"2000-01-01"', '"2030-01-01"', '"2026-01-20 00:00:00.5"']
		WHEN 'text' THEN ARRAY['null', '""', '" "', '" n/a"', '"other"', '"Two GBs"']
		ELSE ARRAY['null'] END::jsonb[]) AS v(value)
UNION ALL
SELECT 'CostAndUsage', lower(column_id), to_jsonb(value) FROM focus_vocabulary
WHERE column_id <> 'ContractCommitmentCategory' AND column_id <> 'ServiceSubcategory'
UNION ALL
SELECT 'ContractCommitment', 'contractcommitmentcategory', to_jsonb(v) FROM unnest('{Spend,Usage}'::text[]) AS v
UNION ALL
SELECT 'CostAndUsage', c.name, v.value::jsonb
FROM (VALUES
	('tags', ARRAY['{"team": null}', '{}']),
	('allocatedtags', ARRAY['{"team": "web"}', '{"app": "shop"}']),
	('skupricedetails', ARRAY['{"Cores": 4}', '{"corecount": 4}', '{"CoreCount": "four"}', '{"x_tenancy": 1}']),
	('allocatedmethoddetails', ARRAY['1', '{}', '{"Elements": {}}', '{"Elements": []}', '{"Elements": [1]}',
		'{"Elements": [null]}', '{"Elements": [{"AllocatedRatio": 0.5}, 1]}',
		'{"Elements": [{"AllocatedRatio": 1}, {"AllocatedRatio": 1}]}',
		'{"Elements": [{"AllocatedRatio": {"a": [{"b": 1}]}}]}', '{"Elements": [{"AllocatedRatio": 0.5, "Note": 1}]}',
		'{"Elements": [{"UsageUnit": "Hours"}]}', '{"Elements": [{"AllocatedRatio": "0.5"}]}',
		'{"Elements": [{"AllocatedRatio": 2}]}', '{"Elements": [{"AllocatedRatio": 0.5, "UsageQuantity": 1}]}',
		'{"Elements": [{"AllocatedRatio": 0.5, "UsageQuantity": "1", "UsageUnit": "hours"}]}']),
	('contractapplied', ARRAY['1', '{}', '{"Elements": {}}', '{"Elements": []}', '{"Elements": [1]}',
		'{"Elements": [null]}', '{"Elements": [{"ContractId": "ct1"}, 1]}',
		'{"Elements": [{"ContractId": "ct1"}, {"ContractId": "ct1"}]}',
		'{"Elements": [{"ContractId": {"a": [{"b": 1}]}, "x_Note": [1], "note": 1}]}',
		'{"Elements": [{"ContractID": "ct1", "ContractCommitmentID": "cc1"}]}',
		'{"Elements": [{"ContractId": "", "ContractCommitmentId": " ", "ContractCommitmentAppliedUnit": " "}]}',
		'{"Elements": [{"ContractId": null, "ContractCommitmentId": null}]}',
		'{"Elements": [{"ContractId": 1, "ContractCommitmentId": 1, "ContractCommitmentAppliedUnit": 1,
			"ContractCommitmentAppliedCost": "1", "ContractCommitmentAppliedQuantity": "1"}]}',
		'{"Elements": [{"ContractCommitmentAppliedCost": -1, "ContractCommitmentAppliedQuantity": -1,
			"ContractCommitmentAppliedUnit": "hours"}]}',
		'{"Elements": [{"ContractCommitmentAppliedQuantity": null, "ContractCommitmentAppliedUnit": "Hours"}]}',
		'{"Elements": [{"ContractCommitmentAppliedQuantity": 1, "ContractCommitmentAppliedUnit": null}]}',
		'{"Elements": [{"ContractId": "ct1", "ContractCommitmentId": "cc2"}]}',
		'{"Elements": [{"ContractId": "ct2", "ContractCommitmentId": "cc1"}]}']),
	-- what the loader keeps of a cell that is no JSON
	('x_columns', ARRAY['{"Tags": "team=web"}', '{"AllocatedTags": "[1]"}', '{"SkuPriceDetails": "{"}',
		'{"AllocatedMethodDetails": " "}', '{"ContractApplied": "cc1"}'])) AS c(name, list)
	CROSS JOIN LATERAL unnest(c.list) AS v(value);

CREATE TEMP TABLE changed AS
SELECT row_number() OVER (ORDER BY c.number, name COLLATE "C", value) AS number, c.base, cell.name, cell.value,
	c.row || jsonb_build_object(cell.name, cell.value)
		|| CASE cell.name WHEN 'x_columns'
			THEN (SELECT jsonb_object_agg(lower(k), NULL) FROM jsonb_object_keys(cell.value) AS k) ELSE '{}' END AS row
FROM conformant AS c JOIN cell ON cell.dataset = 'CostAndUsage';
INSERT INTO charge SELECT r.* FROM changed, jsonb_populate_record(NULL::charge, row || jsonb_build_object('x_loadid', number)) AS r;
INSERT INTO promise SELECT r.* FROM focus_contract_commitment AS p, cell,
	jsonb_populate_record(NULL::promise, to_jsonb(p) || jsonb_build_object(name, value)) AS r
WHERE dataset = 'ContractCommitment';

CREATE TEMP TABLE outcome AS
SELECT r.scope, v.*, 'charge' AS relation
FROM focus_validate('charge', example_limit => 1) AS v JOIN focus_conformance_rules AS r USING (rule_id)
UNION ALL
SELECT r.scope, v.*, 'promise'
FROM focus_validate('promise', example_limit => 1) AS v JOIN focus_conformance_rules AS r USING (rule_id);

-- Every rule about rows fires.
SELECT rule_id, state, detail FROM outcome WHERE scope = 'row' AND state <> 'failed';
SELECT relation, scope, state, count(*) FROM outcome GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- It counts what a plain query counts, and its example is one of those rows.
CREATE FUNCTION pg_temp.count_of(query text) RETURNS bigint LANGUAGE plpgsql AS
$$ DECLARE n bigint; BEGIN EXECUTE format('SELECT count(*) FROM (%s) AS q', query) INTO n; RETURN n; END $$;
SELECT rule_id, violations, plain
FROM outcome, LATERAL pg_temp.count_of(focus_violation_query(relation::regclass, rule_id)) AS plain
WHERE scope <> 'schema' AND state IN ('passed', 'failed') AND violations <> plain;
SELECT rule_id, examples
FROM outcome, LATERAL pg_temp.count_of(format('%s AND row_address = %L',
	focus_violation_query(relation::regclass, rule_id), examples -> 0 ->> 'ctid')) AS plain
WHERE scope = 'row' AND plain <> 1;

-- For each rule the first of the rows that break it.
SELECT o.rule_id, c.base, c.name, c.value
FROM outcome AS o
	JOIN charge AS x ON x.ctid = (o.examples -> 0 ->> 'ctid')::tid
	LEFT JOIN changed AS c ON c.number = x.x_loadid
WHERE o.relation = 'charge' AND o.scope = 'row'
ORDER BY o.rule_id COLLATE "C";

-- The same on a focus table, and on partitions.
CREATE TABLE groups (LIKE charge) USING focus;
INSERT INTO groups TABLE charge;
CREATE TABLE parted (LIKE charge) PARTITION BY LIST (chargecategory);
CREATE TABLE parted_usage PARTITION OF parted FOR VALUES IN ('Usage');
CREATE TABLE parted_other PARTITION OF parted DEFAULT;
INSERT INTO parted TABLE charge;
SELECT rule_id, state, violations FROM outcome WHERE relation = 'charge'
EXCEPT SELECT rule_id, state, violations FROM focus_validate('groups');
SELECT rule_id, state, violations FROM outcome WHERE relation = 'charge'
EXCEPT SELECT rule_id, state, violations FROM focus_validate('parted');
SELECT count(*) FROM focus_validate('parted') WHERE state = 'failed' AND jsonb_array_length(examples) >= 1;

DELETE FROM focus_contract_commitment;
DROP TABLE charge, promise, groups, parted;
