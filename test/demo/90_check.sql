-- Each total that the generator counted, found again in the database.
CREATE VIEW demo.found AS
WITH load AS
(
	SELECT l.loadid, l.source, l.billingperiodstart::date AS billing_period,
		CASE WHEN l.state = 'replaced' THEN 'superseded ' ELSE '' END AS prefix, l.totals
	FROM focus_loads AS l
	WHERE l.dataset = 'CostAndUsage'
)
-- what each load says of itself
SELECT 'load' AS origin, prefix || 'stored' AS kind, source, billing_period, currency, item, sum(value::numeric) AS value
FROM load, LATERAL jsonb_each(totals) AS t(currency, sums), LATERAL jsonb_each_text(sums) AS v(item, value)
GROUP BY prefix, source, billing_period, currency, item
UNION ALL
-- the rows of the dataset
SELECT 'table', 'stored', l.source, c.BillingPeriodStart::date, c.BillingCurrency, v.item, sum(v.value)
FROM focus_cost_and_usage AS c JOIN load AS l ON l.loadid = c.x_loadid,
	LATERAL (VALUES ('rows', 1), ('billedcost', c.BilledCost), ('effectivecost', c.EffectiveCost)) AS v(item, value)
GROUP BY l.source, c.BillingPeriodStart::date, c.BillingCurrency, v.item
UNION ALL
-- the rows in quarantine, as far as their amounts can be read
SELECT 'quarantine', l.prefix || 'rejected', l.source, l.billing_period, r.record->>'BillingCurrency', v.item, sum(v.value::numeric)
FROM focus_rejected_rows AS r JOIN load AS l USING (loadid),
	LATERAL (VALUES ('rows', '1'), ('billedcost', r.record->>'BilledCost'), ('effectivecost', r.record->>'EffectiveCost')) AS v(item, value)
WHERE v.value ~ '^-?[0-9]+(\.[0-9]+)?$'
GROUP BY l.prefix, l.source, l.billing_period, r.record->>'BillingCurrency', v.item
UNION ALL
SELECT 'table', v.kind, source, BillingPeriodStart::date, BillingCurrency, model, sum(v.value)
FROM demo.token_charges,
	LATERAL (VALUES ('tokens', focus_convert(ConsumedQuantity, ConsumedUnit::focus_unit, 'Tokens')), ('tokencost', EffectiveCost)) AS v(kind, value)
GROUP BY v.kind, source, BillingPeriodStart::date, BillingCurrency, model
UNION ALL
-- the savings plan's purchase, and what of it was used or not
SELECT 'table', 'commitment', l.source, c.BillingPeriodStart::date, c.BillingCurrency, v.item, sum(v.value)
FROM focus_cost_and_usage AS c JOIN load AS l ON l.loadid = c.x_loadid,
	LATERAL (VALUES ('purchased', CASE WHEN c.ChargeCategory = 'Purchase' THEN c.BilledCost END),
		('used and unused', CASE WHEN c.CommitmentDiscountStatus IN ('Used', 'Unused') THEN c.EffectiveCost END)) AS v(item, value)
WHERE c.CommitmentDiscountId IS NOT NULL
GROUP BY l.source, c.BillingPeriodStart::date, c.BillingCurrency, v.item
UNION ALL
-- the cluster: the parts of its charges, and the charges
SELECT 'allocated', 'cluster', l.source, a.period_start::date, a.billing_currency, lower(a.metric), sum(a.allocated + a.idle + a.platform)
FROM focus_allocation_reconciliation AS a, (SELECT DISTINCT source FROM load WHERE source = 'aws') AS l
WHERE a.metric IN ('BilledCost', 'EffectiveCost', 'ListCost', 'ContractedCost')
GROUP BY l.source, a.period_start::date, a.billing_currency, a.metric
UNION ALL
SELECT 'contract', 'contract', 'anthropic', NULL, CASE WHEN category = 'Spend' THEN unit END, contract_commitment_id, consumed
FROM focus_contract_burndown
UNION ALL
-- what the call that replaced a month said
SELECT 'call', 'superseded stored', d.source, d.billing_period, c.currency, 'rows', r.rows_replaced
FROM demo.results AS r JOIN demo.deliveries AS d USING (n), jsonb_object_keys(r.totals) AS c(currency)
WHERE d.mode = 'replace';

CREATE VIEW demo.comparison AS
WITH expected AS
(
	SELECT w.origin, t.*
	FROM demo.totals AS t
		JOIN (VALUES ('stored', 'load'), ('stored', 'table'), ('superseded stored', 'load'), ('rejected', 'quarantine'),
			('tokens', 'table'), ('tokencost', 'table'), ('commitment', 'table'), ('cluster', 'allocated'), ('contract', 'contract'),
			('superseded stored', 'call')) AS w(kind, origin)
			ON w.kind = t.kind AND (w.origin <> 'call' OR t.item = 'rows')
)
SELECT key, e.value AS expected, f.value AS found
FROM (SELECT concat_ws(' | ', origin, kind, source, billing_period, currency, item) AS key, value FROM expected) AS e
	FULL JOIN (SELECT concat_ws(' | ', origin, kind, source, billing_period, currency, item) AS key, value FROM demo.found) AS f USING (key);

\echo 'CHECK'
\echo
SELECT count(*) AS compared, count(*) FILTER (WHERE expected = found) AS equal,
	count(*) FILTER (WHERE expected = found) = count(*) AND count(*) >= (SELECT count(*) FROM demo.totals) AS agreed
FROM demo.comparison
\gset
\if :agreed
	\echo :compared 'totals compared, all equal'
\else
	SELECT * FROM demo.comparison WHERE (expected = found) IS NOT TRUE ORDER BY key;
	DO $$ BEGIN RAISE EXCEPTION 'totals disagree with those of the generator'; END $$;
\endif
\echo
