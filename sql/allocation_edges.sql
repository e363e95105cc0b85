-- Allocation: missing and odd input, restated bills, errors.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never
ALTER SEQUENCE focus_allocation_runs_run_id_seq RESTART 1001;
CREATE TEMP VIEW totals AS
SELECT b.billedcost = v.billedcost AS billed_equal, b.effectivecost = v.effectivecost AS effective_equal,
	b.quantity IS NOT DISTINCT FROM v.quantity AS quantity_equal
FROM (SELECT sum(billedcost) AS billedcost, sum(effectivecost) AS effectivecost, sum(consumedquantity) AS quantity
	  FROM focus_cost_and_usage) AS b,
	 (SELECT sum(billedcost) AS billedcost, sum(effectivecost) AS effectivecost, sum(consumedquantity) AS quantity
	  FROM focus_allocated_cost_and_usage) AS v;
CREATE TEMP VIEW parts AS
SELECT resourceid, chargeperiodstart, allocatedresourcename AS namespace, x_kind AS kind, effectivecost, billedcost, consumedquantity
FROM focus_allocated_charges WHERE x_cluster = 'edge' ORDER BY resourceid, chargeperiodstart, kind DESC, namespace;

INSERT INTO focus_clusters VALUES ('edge');
INSERT INTO focus_cluster_pools (cluster, pool, method_id) VALUES ('edge', 'node', 'CPU_PROPORTIONAL');
INSERT INTO focus_cluster_charges (cluster, pool, tag_key) VALUES ('edge', 'node', 'edge');
INSERT INTO focus_cost_and_usage
	(billedcost, effectivecost, consumedquantity, billingcurrency, chargeperiodstart, chargeperiodend, resourceid, tags, allocatedmethodid)
VALUES
	-- hours: driver known, overcommitted, without capacity, without use, without anything
	(10, 10, 1, 'USD', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'vm', '{"edge": "x"}', NULL),
	(10, 10, 1, 'USD', '2026-04-01 01:00Z', '2026-04-01 02:00Z', 'vm', '{"edge": "x"}', NULL),
	(10, 10, 1, 'USD', '2026-04-01 02:00Z', '2026-04-01 03:00Z', 'vm', '{"edge": "x"}', NULL),
	(10, 10, 1, 'USD', '2026-04-01 03:00Z', '2026-04-01 04:00Z', 'vm', '{"edge": "x"}', NULL),
	(10, 10, 1, 'USD', '2026-04-01 04:00Z', '2026-04-01 05:00Z', 'vm', '{"edge": "x"}', NULL),
	-- a credit, the same charge twice, another currency, null metrics
	(-10, -0.000000000001, NULL, 'USD', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'vm', '{"edge": "x"}', NULL),
	(1, 1, 1, 'EUR', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'vm', '{"edge": true}', NULL),
	(1, 1, 1, 'EUR', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'vm', '{"edge": true}', NULL),
	-- a charge over half the hours of a driver row, and one without an end
	(8, 8, 4, 'USD', '2026-04-02 00:00Z', '2026-04-02 12:00Z', 'disk', '{"edge": "x"}', NULL),
	(8, NULL, 4, 'USD', '2026-04-02 00:00Z', NULL, NULL, '{"edge": "x"}', NULL),
	-- split by the provider already
	(7, 7, 1, 'USD', '2026-04-02 00:00Z', '2026-04-02 12:00Z', 'pod', '{"edge": "x"}', 'their-method'),
	-- not of the cluster, not of the period
	(6, 6, 1, 'USD', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'vm', '{"other": "x"}', NULL),
	(5, 5, 1, 'USD', '2026-05-01 00:00Z', '2026-05-01 01:00Z', 'vm', '{"edge": "x"}', NULL);
INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit)
SELECT 'edge', n, s::timestamptz, e::timestamptz, 'cpu_core_hours', q, 'Core-Hours'
FROM (VALUES ('a', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 1), ('b', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 2),
			 (NULL, '2026-04-01 00:00Z', '2026-04-01 01:00Z', 4),
			 ('a', '2026-04-01 01:00Z', '2026-04-01 02:00Z', 3), ('b', '2026-04-01 01:00Z', '2026-04-01 02:00Z', 3),
			 (NULL, '2026-04-01 01:00Z', '2026-04-01 02:00Z', 4),
			 ('a', '2026-04-01 02:00Z', '2026-04-01 03:00Z', 3),
			 ('a', '2026-04-01 03:00Z', '2026-04-01 04:00Z', 0), (NULL, '2026-04-01 03:00Z', '2026-04-01 04:00Z', 4),
			 ('a', '2026-04-02 00:00Z', '2026-04-03 00:00Z', 24), (NULL, '2026-04-02 00:00Z', '2026-04-03 00:00Z', 96))
	AS v(n, s, e, q);
CALL focus_run_allocation('edge', '2026-04-01');
TABLE parts;
SELECT finding, metric, charge_periods, first_start, last_start FROM focus_allocation_findings
	JOIN focus_allocation_runs USING (run_id) WHERE cluster = 'edge' ORDER BY 1;
TABLE totals;

-- The bill is restated: the view follows it at once, the reconciliation shows
-- the difference, a new run repairs it.
DELETE FROM focus_cost_and_usage WHERE resourceid = 'disk';
INSERT INTO focus_cost_and_usage (billedcost, effectivecost, billingcurrency, chargeperiodstart, chargeperiodend, resourceid, tags)
VALUES (9, 9, 'USD', '2026-04-02 00:00Z', '2026-04-02 12:00Z', 'disk', '{"edge": "x"}'),
	(1, 1, 'EUR', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'vm', '{"edge": true}');
INSERT INTO focus_cost_and_usage (billedcost, effectivecost, consumedquantity, billingcurrency, chargeperiodstart, chargeperiodend, resourceid, tags)
VALUES (1, 1, 1, 'EUR', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'vm', '{"edge": true}');
TABLE totals;
SELECT billing_currency, metric, origin, allocated, idle, difference
FROM focus_allocation_reconciliation WHERE cluster = 'edge' AND difference <> 0 ORDER BY 1, 2;
SET client_min_messages = error;
CALL focus_run_allocation('edge', '2026-04-01');
RESET client_min_messages;
TABLE totals;
SELECT count(*) FROM focus_allocation_reconciliation WHERE difference <> 0;
SELECT resourceid, copies, billedcost FROM focus_allocation_origins WHERE billingcurrency = 'EUR' ORDER BY 1, 2;
DELETE FROM focus_cost_and_usage WHERE ctid = (SELECT min(ctid) FROM focus_cost_and_usage WHERE billingcurrency = 'EUR');
TABLE totals;

-- Runs of overlapping periods.
CALL focus_run_allocation('edge', '2026-04-01', '2026-04-02');
CALL focus_run_allocation('edge', '2026-03-01', '2026-04-15');
SET client_min_messages = error;
CALL focus_run_allocation('edge', '2026-03-01', '2026-06-01');
RESET client_min_messages;
SELECT state, period_start, period_end, origin_charges FROM focus_allocation_runs WHERE cluster = 'edge' ORDER BY run_id;
TABLE totals;

-- Refused, and nothing changed.
CALL focus_run_allocation('edge', NULL);
CALL focus_run_allocation('edge', '2026-04-02', '2026-04-02');
CALL focus_run_allocation('edge', '2026-04-01', 'infinity');
CALL focus_run_allocation('nowhere', '2026-04-01');
BEGIN;
INSERT INTO focus_clusters VALUES ('rival');
INSERT INTO focus_cluster_pools (cluster, pool, method_id) VALUES ('rival', 'disks', 'EVEN_SPLIT');
INSERT INTO focus_cluster_charges (cluster, pool, resource_id) VALUES ('rival', 'disks', 'disk');
CALL focus_run_allocation('edge', '2026-03-01', '2026-06-01');
ROLLBACK;
BEGIN;
INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit)
VALUES ('edge', 'a', '2026-04-01 00:30Z', '2026-04-01 00:40Z', 'cpu_core_hours', 1, 'Core-Hours');
CALL focus_run_allocation('edge', '2026-03-01', '2026-06-01');
ROLLBACK;
BEGIN;
INSERT INTO focus_cluster_metrics (cluster, namespace, workload, period_start, period_end, metric, quantity, unit)
VALUES ('edge', 'a', 'web', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'cpu_core_hours', 1, 'Core-Hours');
CALL focus_run_allocation('edge', '2026-03-01', '2026-06-01');
ROLLBACK;
BEGIN;
UPDATE focus_cluster_metrics SET unit = 'Millicore-Hours' WHERE (cluster, namespace) = ('edge', 'b');
CALL focus_run_allocation('edge', '2026-03-01', '2026-06-01');
ROLLBACK;
BEGIN;
UPDATE focus_cluster_pools SET method_id = 'PLATFORM_FLAT_FEE' WHERE cluster = 'edge';
CALL focus_run_allocation('edge', '2026-03-01', '2026-06-01');
ROLLBACK;
BEGIN;
UPDATE focus_cluster_pools SET method_id = 'MAGIC' WHERE cluster = 'edge';
CALL focus_run_allocation('edge', '2026-03-01', '2026-06-01');
ROLLBACK;
-- Whatever spoils the parts is found before anything is stored.
BEGIN;
CREATE FUNCTION pg_temp.spoil() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.listcost := 0.01; RETURN NEW; END $$;
CREATE TRIGGER spoil BEFORE INSERT ON focus_allocated_charges
FOR EACH ROW WHEN (NEW.resourceid = 'disk') EXECUTE FUNCTION pg_temp.spoil();
SET LOCAL client_min_messages = error;
CALL focus_run_allocation('edge', '2026-03-01', '2026-06-01');
ROLLBACK;
-- No charge is ever replaced twice.
\set VERBOSITY terse
INSERT INTO focus_allocation_origins (run_id, pool, charge_key, copies, chargeperiodstart, resourceid, effectivecost)
SELECT run_id, pool, charge_key, copies, chargeperiodstart, resourceid, effectivecost FROM focus_allocation_origins
WHERE resourceid = 'disk';
\set VERBOSITY default

-- Driver data.
INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit)
VALUES ('edge', 'a', '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'cpu_core_hours', 1, 'Core-Hours');
INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit)
VALUES ('edge', NULL, '2026-04-01 00:00Z', '2026-04-01 01:00Z', 'cpu_core_hours', 1, 'Core-Hours');
INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit)
VALUES ('edge', 'a', '2026-04-09 00:00Z', '2026-04-09 01:00Z', 'cpu_core_hours', -1, 'Core-Hours');
INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit)
VALUES ('edge', 'a', '2026-04-09 00:00Z', '2026-04-09 01:00Z', 'cpu_core_hours', 'NaN', 'Core-Hours');
INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit)
VALUES ('edge', 'a', '2026-04-09 01:00Z', '2026-04-09 01:00Z', 'cpu_core_hours', 1, 'Core-Hours');
INSERT INTO focus_cluster_charges (cluster, pool) VALUES ('edge', 'node');

-- A used or built-in method never changes.
UPDATE focus_allocation_methods SET description = 'better' WHERE method_id = 'CPU_PROPORTIONAL';
DELETE FROM focus_allocation_methods WHERE method_id = 'EVEN_SPLIT';
INSERT INTO focus_allocation_methods (method_id, version, kind, driver_metrics, driver_weights, description)
VALUES ('GPU', 1, 'proportional', '{gpu_hours}', '{1}', 'By GPU'),
	('GPU', 2, 'proportional', '{gpu_hours,gpu_hours}', '{1,2}', 'By GPU twice');
INSERT INTO focus_allocation_methods (method_id, version, kind, description) VALUES ('GPU', 1, 'proportional', 'By nothing');
INSERT INTO focus_allocation_methods (method_id, version, kind, driver_metrics, driver_weights, description)
VALUES ('GPU', 1, 'proportional', '{gpu_hours}', '{1}', 'By GPU');
UPDATE focus_allocation_methods SET description = 'By GPU-hours' WHERE method_id = 'GPU';
UPDATE focus_allocation_methods SET builtin = true WHERE method_id = 'GPU';
UPDATE focus_cluster_pools SET method_id = 'GPU' WHERE cluster = 'edge';
SET client_min_messages = error;
CALL focus_run_allocation('edge', '2026-03-01', '2026-06-01');
RESET client_min_messages;
UPDATE focus_allocation_methods SET description = 'By GPU' WHERE method_id = 'GPU';
DELETE FROM focus_allocation_methods WHERE method_id = 'GPU';
-- A new version takes over from its first day on.
INSERT INTO focus_allocation_methods (method_id, version, kind, driver_metrics, driver_weights, valid_from, description)
VALUES ('GPU', 2, 'proportional', '{cpu_core_hours}', '{1}', '2026-04-01', 'By CPU after all');
CALL focus_run_allocation('edge', '2026-04-01', '2026-04-02');
SELECT max(run_id) AS run FROM focus_allocation_runs WHERE state = 'current' AND cluster = 'edge' \gset
CALL focus_withdraw_allocation(:run);
SET client_min_messages = error;
CALL focus_run_allocation('edge', '2026-04-01', '2026-04-02');
RESET client_min_messages;
SELECT p.method_id, p.method_version, p.billing_currency, p.effective_cost
FROM focus_allocation_run_pools AS p JOIN focus_allocation_runs USING (run_id)
WHERE state = 'current' AND cluster = 'edge' ORDER BY billing_currency;
TABLE totals;

-- Withdrawn: as if it had not been.
SELECT max(run_id) AS run FROM focus_allocation_runs WHERE state = 'current' AND cluster = 'edge' \gset
CALL focus_withdraw_allocation(:run);
SELECT count(*) FROM focus_allocated_charges WHERE x_cluster = 'edge';
SELECT state, count(*) FROM focus_allocation_runs WHERE cluster = 'edge' GROUP BY state ORDER BY state;
TABLE totals;
CALL focus_withdraw_allocation(0);
CALL focus_withdraw_allocation(NULL);

-- The next test finds the tables empty.
TRUNCATE focus_cost_and_usage, focus_allocated_charges, focus_allocation_origins, focus_allocation_findings,
	focus_allocation_run_pools, focus_allocation_runs, focus_cluster_charges, focus_cluster_shares,
	focus_cluster_pools, focus_clusters, focus_cluster_metrics, focus_job_steps, focus_job_runs;
DELETE FROM focus_allocation_methods WHERE NOT builtin;
