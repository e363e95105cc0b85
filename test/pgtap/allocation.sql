-- Random bills and random drivers: every part adds up, in a schema of its own
-- that is not in the search_path, under three time zones, for a plain role.
\set ON_ERROR_STOP 1
BEGIN;
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pgtap;
DROP EXTENSION IF EXISTS focus CASCADE;
CREATE SCHEMA "Billing data";
CREATE EXTENSION focus SCHEMA "Billing data";

SELECT plan(29);

-- Bill and drivers; the seed is fixed, a failing one becomes a test of its own.
CREATE FUNCTION pg_temp.fill(seed double precision) RETURNS void LANGUAGE plpgsql
SET search_path = "Billing data", pg_temp AS $$
BEGIN
	PERFORM setseed(seed);
	DELETE FROM focus_allocated_charges; DELETE FROM focus_allocation_origins;
	DELETE FROM focus_allocation_runs;
	DELETE FROM focus_cost_and_usage; DELETE FROM focus_cluster_metrics;
	DELETE FROM focus_cluster_pools; DELETE FROM focus_clusters;
	INSERT INTO focus_clusters SELECT 'c' || g FROM generate_series(1, 3) AS g;
	INSERT INTO focus_cluster_pools (cluster, pool, method_id, receiver)
	SELECT cluster, lower(method_id), method_id, 'platform'
	FROM focus_clusters CROSS JOIN focus_allocation_methods WHERE builtin;
	INSERT INTO focus_cluster_charges (cluster, pool, tag_key, tag_value, resource_id)
	SELECT cluster, pool, 'cluster', cluster, pool FROM focus_cluster_pools;
	INSERT INTO focus_cluster_shares
	SELECT cluster, pool, n, p FROM focus_cluster_pools,
		(VALUES ('n1', 33.333), ('n2', 0.000001), ('n3', 66.666999)) AS v(n, p)
	WHERE method_id = 'FIXED_SHARE';
	INSERT INTO focus_cost_and_usage
		(billedcost, effectivecost, listcost, contractedcost, pricingquantity, consumedquantity,
		 pricingcurrencyeffectivecost, commitmentdiscountquantity, billingcurrency, resourceid,
		 chargeperiodstart, chargeperiodend, tags)
	SELECT round((random()::numeric - 0.3) * 10::numeric ^ (random() * 9)::integer, (random() * 12)::integer),
		round((random()::numeric - 0.3) * 1000, 12), 0, (random() * 3)::integer,
		CASE WHEN random() < 0.5 THEN round(random()::numeric, 3) END,
		CASE WHEN random() < 0.5 THEN round(random()::numeric * 1e20::numeric, 14) END,
		CASE WHEN random() < 0.5 THEN round(-random()::numeric, 10) END, NULL,
		(ARRAY['USD', 'EUR', NULL])[1 + (random() * 2)::integer],
		(SELECT array_agg(lower(method_id) ORDER BY method_id) || '{other}'
		 FROM focus_allocation_methods WHERE builtin)[1 + (random() * 6)::integer],
		t, t + (ARRAY[interval '1 hour', interval '24 hours', interval '7 hours', interval '-1 hour'])[1 + (random() * 3)::integer],
		format('{"cluster": "c%s", "k": %s}', 1 + (random() * 3)::integer, (random() * 5)::integer)::focus_tags
	FROM (SELECT '2026-03-01 00:00Z'::timestamptz + (random() * 800)::integer * interval '1 hour' AS t
		  FROM generate_series(1, 400)) AS g;
	-- some charges twice
	INSERT INTO focus_cost_and_usage SELECT * FROM focus_cost_and_usage WHERE random() < 0.1;
	INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit, labels)
	SELECT c, n, t, t + interval '6 hours', m, CASE WHEN random() < 0.2 THEN 0 ELSE round(random()::numeric * 10, 9) END, 'Hours',
		CASE WHEN n IS NOT NULL AND random() < 0.3 THEN '{"k": "x", "team": "t"}'::focus_tags END
	FROM unnest(ARRAY['c1', 'c2']) AS c, unnest(ARRAY['n1', 'n2', 'n3', 'n4', 'n5', NULL]) AS n,
		unnest(ARRAY['cpu_core_hours', 'memory_gib_hours']) AS m,
		generate_series('2026-03-01 00:00Z'::timestamptz, '2026-04-05 00:00Z', interval '6 hours') AS t
	WHERE random() < 0.8;
END
$$;

CREATE VIEW pg_temp.wrong_origins AS
SELECT o.origin_id FROM "Billing data".focus_allocation_origins AS o
	LEFT JOIN "Billing data".focus_allocated_charges AS a ON a.x_originid = o.origin_id
GROUP BY o.origin_id
HAVING sum(a.billedcost) IS DISTINCT FROM o.billedcost * o.copies
	OR sum(a.effectivecost) IS DISTINCT FROM o.effectivecost * o.copies
	OR sum(a.listcost) IS DISTINCT FROM o.listcost * o.copies
	OR sum(a.contractedcost) IS DISTINCT FROM o.contractedcost * o.copies
	OR sum(a.pricingquantity) IS DISTINCT FROM o.pricingquantity * o.copies
	OR sum(a.consumedquantity) IS DISTINCT FROM o.consumedquantity * o.copies
	OR sum(a.pricingcurrencyeffectivecost) IS DISTINCT FROM o.pricingcurrencyeffectivecost * o.copies
	OR sum(a.commitmentdiscountquantity) IS NOT NULL
	OR sum((SELECT sum((e ->> 'AllocatedRatio')::numeric)
			FROM jsonb_array_elements(a.allocatedmethoddetails -> 'Elements') AS e)) IS DISTINCT FROM 1;
CREATE FUNCTION pg_temp.totals(relation regclass) RETURNS TABLE (currency text, b numeric, e numeric, l numeric, c numeric, p numeric, q numeric, x numeric)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT billingcurrency, sum(billedcost), sum(effectivecost), sum(listcost), sum(contractedcost),
		sum(pricingquantity), sum(consumedquantity), sum(pricingcurrencyeffectivecost) FROM %s GROUP BY 1', relation);
END
$$;

SET search_path = public;
CREATE TEMP TABLE under_zone AS SELECT NULL::text AS zone, a.* FROM "Billing data".focus_allocated_charges AS a LIMIT 0;
CREATE FUNCTION pg_temp.try(zone text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', zone, true);
	CALL "Billing data".focus_run_allocation(NULL, '2026-03-01');
	INSERT INTO under_zone SELECT zone, a.* FROM "Billing data".focus_allocated_charges AS a;
	RETURN NEXT cmp_ok((SELECT count(*) FROM "Billing data".focus_allocation_origins), '>', 100::bigint, zone || ': charges were split');
	RETURN NEXT is_empty('SELECT * FROM pg_temp.wrong_origins', zone || ': parts add up to each origin, ratios to 1');
	RETURN NEXT set_eq('SELECT * FROM pg_temp.totals(''"Billing data".focus_cost_and_usage'')',
		'SELECT * FROM pg_temp.totals(''"Billing data".focus_allocated_cost_and_usage'')', zone || ': totals are those of the bill');
	RETURN NEXT is_empty('SELECT * FROM "Billing data".focus_allocation_reconciliation WHERE difference <> 0', zone || ': nothing to reconcile');
	RETURN NEXT is_empty('SELECT FROM "Billing data".focus_allocated_charges WHERE focus_tags_keys(allocatedtags) && focus_tags_keys(tags)',
		zone || ': no label repeats a tag');
END
$$;
SET search_path = public, "Billing data";
SELECT pg_temp.fill(0.7);
SELECT pg_temp.try('UTC');
TRUNCATE under_zone;
SELECT pg_temp.fill(0.42);
SELECT pg_temp.try('UTC');
SELECT pg_temp.try('Asia/Kolkata');
SELECT pg_temp.try('America/Los_Angeles');
SET search_path = public;
SELECT is((SELECT count(DISTINCT n) FROM (SELECT zone, count(*) AS n FROM under_zone GROUP BY zone) AS z), 1::bigint,
	'every time zone gives as many parts');
SELECT is((SELECT count(*) FROM (
	SELECT chargeperiodstart, chargeperiodend, resourceid, tags, billingcurrency, x_cluster, allocatedresourceid, billedcost, effectivecost,
		consumedquantity, allocatedmethoddetails - 'x_AllocationRunId', allocatedtags, count(*)
	FROM under_zone GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 HAVING count(*) % 3 <> 0) AS d),
	0::bigint, 'every time zone gives the same parts');

-- After any change of the bill the view still has its totals.
DELETE FROM "Billing data".focus_cost_and_usage WHERE ctid IN
	(SELECT ctid FROM "Billing data".focus_cost_and_usage ORDER BY billedcost LIMIT 40);
INSERT INTO "Billing data".focus_cost_and_usage
	SELECT * FROM "Billing data".focus_cost_and_usage ORDER BY effectivecost, billedcost LIMIT 40;
UPDATE "Billing data".focus_cost_and_usage SET listcost = 1 WHERE billingcurrency = 'EUR';
SELECT set_eq('SELECT * FROM pg_temp.totals(''"Billing data".focus_cost_and_usage'')',
	'SELECT * FROM pg_temp.totals(''"Billing data".focus_allocated_cost_and_usage'')', 'totals follow the bill');
SELECT isnt_empty('SELECT * FROM "Billing data".focus_allocation_reconciliation WHERE difference <> 0', 'the reconciliation sees it');
CALL "Billing data".focus_run_allocation(NULL, '2026-03-01');
SELECT is_empty('SELECT * FROM "Billing data".focus_allocation_reconciliation WHERE difference <> 0', 'a new run repairs it');

-- A role with the grants of the reference can run it, one without cannot, and
-- row-level security on the bill holds for the allocated view.
CREATE ROLE focus_test_finance;
CREATE ROLE focus_test_reader;
GRANT USAGE ON SCHEMA "Billing data" TO focus_test_finance, focus_test_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA "Billing data" TO focus_test_finance, focus_test_reader;
GRANT INSERT, UPDATE, DELETE ON "Billing data".focus_allocation_runs, "Billing data".focus_allocation_run_pools,
	"Billing data".focus_allocation_findings, "Billing data".focus_allocation_origins,
	"Billing data".focus_allocated_charges, "Billing data".focus_job_runs, "Billing data".focus_job_steps TO focus_test_finance;
SET ROLE focus_test_finance;
SELECT lives_ok($$CALL "Billing data".focus_run_chargeback('2026-03-01')$$, 'the finance role runs the chargeback');
RESET ROLE;
SELECT results_eq('SELECT DISTINCT state, run_by FROM "Billing data".focus_job_runs', $$VALUES ('succeeded', 'focus_test_finance')$$,
	'and the log names it');
SET ROLE focus_test_reader;
SELECT throws_ok($$CALL "Billing data".focus_run_allocation(NULL, '2026-03-01')$$, '42501', NULL, 'a reader cannot');
RESET ROLE;
ALTER TABLE "Billing data".focus_cost_and_usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY only_eur ON "Billing data".focus_cost_and_usage TO focus_test_reader USING (billingcurrency = 'EUR');
SET ROLE focus_test_reader;
SELECT set_eq('SELECT DISTINCT billingcurrency FROM "Billing data".focus_allocated_cost_and_usage', ARRAY['EUR'],
	'row-level security of the bill holds for its parts');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
