-- The datasets have the columns of FOCUS 1.3, in its order, each explained.
SELECT c.relname, count(*) FILTER (WHERE a.attname !~ '^x_') AS focus_columns, count(*) AS all_columns,
       count(*) FILTER (WHERE col_description(c.oid, a.attnum) IS NULL) AS unexplained
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relname IN ('focus_cost_and_usage', 'focus_contract_commitment', 'focus_data_table')
  AND c.relkind = 'r'
GROUP BY 1 ORDER BY 1;

-- The seed query runs as the FinOps community writes it.
SET TimeZone = 'UTC';
BEGIN;
INSERT INTO focus_cost_and_usage (ChargePeriodStart, ServiceCategory, BillingCurrency, EffectiveCost, Tags) VALUES
	(DATE_TRUNC('month', CURRENT_DATE), 'Compute', 'USD', 1.25, '{"CostCentre": "CC-1"}'),
	(DATE_TRUNC('month', CURRENT_DATE), 'Compute', 'USD', 2.50, '{"CostCentre": "CC-1"}'),
	(DATE_TRUNC('month', CURRENT_DATE), 'Compute', 'USD', 10, NULL),
	(DATE_TRUNC('month', CURRENT_DATE), 'Storage', 'USD', 100, '{"CostCentre": "CC-1"}'),
	(DATE_TRUNC('month', CURRENT_DATE) - interval '1 hour', 'Compute', 'USD', 1000, '{"CostCentre": "CC-1"}');
SELECT Tags['CostCentre'] AS cost_centre, SUM(EffectiveCost) AS total_effective_cost, BillingCurrency
FROM focus_cost_and_usage
WHERE ChargePeriodStart >= DATE_TRUNC('month', CURRENT_DATE) AND ServiceCategory = 'Compute'
GROUP BY Tags['CostCentre'], BillingCurrency ORDER BY total_effective_cost DESC;
-- the name of the public query library, with the same columns
SELECT count(*) = (SELECT count(*) FROM focus_cost_and_usage) AS same_rows FROM focus_data_table;
ROLLBACK;

-- Every table, view and sequence is explained; identity columns own theirs.
SELECT c.relname FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'focus'
WHERE c.relkind IN ('r', 'v', 'S') AND obj_description(c.oid, 'pg_class') IS NULL
  AND NOT EXISTS (SELECT FROM pg_depend o WHERE o.objid = c.oid AND o.deptype = 'i');
