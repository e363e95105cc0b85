-- Allocation: founding case, worked cases, the shapes of the result.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never

-- The founding case: node cost by CPU, shared cost as a flat fee.
INSERT INTO focus_clusters VALUES ('production-eks-eu-west-1', 'founding case');
INSERT INTO focus_cluster_pools (cluster, pool, method_id, receiver) VALUES
	('production-eks-eu-west-1', 'node', 'CPU_PROPORTIONAL', NULL),
	('production-eks-eu-west-1', 'shared', 'PLATFORM_FLAT_FEE', 'shared-platform');
INSERT INTO focus_cluster_charges (cluster, pool, tag_key, tag_value, service_name) VALUES
	('production-eks-eu-west-1', 'node', 'eks:cluster-name', 'production-eks-eu-west-1', 'Amazon EC2'),
	('production-eks-eu-west-1', 'shared', 'eks:cluster-name', 'production-eks-eu-west-1', 'Amazon EKS');
INSERT INTO focus_cost_and_usage
	(billedcost, effectivecost, listcost, contractedcost, pricingquantity, pricingunit, listunitprice,
	 billingcurrency, chargeperiodstart, chargeperiodend, resourceid, servicename, chargecategory, tags)
VALUES
	(28400, 28400, 30000, 28400, 7100, 'Hours', 4, 'USD', '2026-01-01 00:00Z', '2026-02-01 00:00Z',
	 'nodes', 'Amazon EC2', 'Usage', '{"eks:cluster-name": "production-eks-eu-west-1", "env": "prod"}'),
	(2100, 2100, 2100, 2100, 744, 'Hours', 2.822580645161, 'USD', '2026-01-01 00:00Z', '2026-02-01 00:00Z',
	 'plane', 'Amazon EKS', 'Usage', '{"eks:cluster-name": "production-eks-eu-west-1"}'),
	(99.5, 99.5, 99.5, 99.5, 1, 'Requests', 99.5, 'USD', '2026-01-05 00:00Z', '2026-01-06 00:00Z',
	 'bucket', 'Amazon S3', 'Usage', '{"team": "other"}');
INSERT INTO focus_cluster_metrics
	(cluster, namespace, period_start, period_end, metric, quantity, unit, labels)
SELECT 'production-eks-eu-west-1', n, '2026-01-01 00:00Z', '2026-02-01 00:00Z', 'cpu_core_hours', q, 'Core-Hours', l::focus_tags
FROM (VALUES ('payments-api', 8920, '{"team": "payments", "env": "prod"}'),
			 ('data-pipeline', 6440, NULL), ('customer-portal', 4680, NULL),
			 ('ml-inference', 5320, NULL), (NULL, 28400, NULL)) AS v(n, q, l);

CALL focus_run_allocation('production-eks-eu-west-1', '2026-01-01');
SELECT namespace, kind, period_start, period_end, billing_currency, effective_cost, billed_cost
FROM focus_namespace_chargeback ORDER BY kind DESC, namespace;
SELECT kind, sum(effective_cost) FROM focus_namespace_chargeback GROUP BY ROLLUP (kind) ORDER BY kind;
SELECT pool, metric, origin, allocated, idle, platform, difference
FROM focus_allocation_reconciliation WHERE origin <> 0 ORDER BY pool, metric;
SELECT allocatedmethodid, allocatedresourceid, allocatedresourcename, allocatedtags,
	allocatedmethoddetails #- '{x_AllocationRunId}' AS details
FROM focus_allocated_cost_and_usage WHERE allocatedmethodid IS NOT NULL
ORDER BY allocatedmethodid, allocatedresourceid;
-- Dimensions and unit prices are those of the origin.
SELECT DISTINCT resourceid, servicename, tags, listunitprice, pricingunit, chargeperiodend, x_kind
FROM focus_allocated_charges ORDER BY resourceid, x_kind;
-- Origin and parts never both; all totals are those of the bill.
SELECT count(*), sum(billedcost), sum(effectivecost), sum(listcost), sum(contractedcost), trim_scale(sum(pricingquantity))
FROM focus_allocated_cost_and_usage;
SELECT count(*), sum(billedcost), sum(effectivecost), sum(listcost), sum(contractedcost), trim_scale(sum(pricingquantity))
FROM focus_cost_and_usage;
-- The query of the public library.
SELECT allocatedresourceid, allocatedresourcename, resourceid AS originresourceid,
	sum(effectivecost) AS totaleffectivecost, count(*) AS chargecount
FROM focus_allocated_cost_and_usage
WHERE chargecategory = 'Usage' AND chargeperiodstart >= '2026-01-01' AND chargeperiodend <= '2026-02-01'
	AND allocatedmethodid IS NOT NULL AND allocatedresourceid IS NOT NULL
GROUP BY allocatedresourceid, allocatedresourcename, resourceid
ORDER BY totaleffectivecost DESC;

-- Again: the same parts, one current run.
CALL focus_run_allocation('production-eks-eu-west-1', '2026-01-01', '2026-02-01');
SELECT run_id - min(run_id) OVER () AS run, state, period_start, period_end, origin_charges, allocated_charges
FROM focus_allocation_runs ORDER BY run_id;
SELECT pool, billing_currency, method_id, method_version, receiver, p.origin_charges, p.allocated_charges, billed_cost
FROM focus_allocation_run_pools AS p JOIN focus_allocation_runs USING (run_id) WHERE state = 'current' ORDER BY pool;
SELECT count(*), sum(effectivecost) FROM focus_allocated_cost_and_usage;

-- A host for one day, covered by a reservation (the worked case of the
-- specification's drafts), in three columns with three totals.
INSERT INTO focus_clusters VALUES ('host');
INSERT INTO focus_cluster_pools (cluster, pool, method_id) VALUES ('host', 'node', 'CPU_PROPORTIONAL');
INSERT INTO focus_cluster_charges (cluster, pool, resource_id) VALUES ('host', 'node', 'host-1');
INSERT INTO focus_cost_and_usage
	(billedcost, effectivecost, listcost, contractedcost, consumedquantity, consumedunit, listunitprice,
	 billingcurrency, chargeperiodstart, chargeperiodend, resourceid)
VALUES (0, 240, 288, 288, 24, 'Hours', 12, 'USD', '2026-03-01 00:00Z', '2026-03-02 00:00Z', 'host-1');
INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit)
SELECT 'host', n, '2026-03-01 00:00Z', '2026-03-02 00:00Z', 'cpu_core_hours', q, 'vCPU-Hours'
FROM (VALUES ('a', 60), ('b', 36), ('c', 24), (NULL, 120)) AS v(n, q);
CALL focus_run_allocation('host', '2026-03-01');
SELECT allocatedresourcename, billedcost, effectivecost, listcost, contractedcost, consumedquantity, pricingquantity, listunitprice,
	allocatedmethoddetails #>> '{Elements,0,AllocatedRatio}' AS ratio
FROM focus_allocated_charges WHERE x_cluster = 'host' ORDER BY 1;

-- A core counts nine times a GiB: of a node of 4 cores and 16 GiB at 1 dollar
-- the hour, a core-hour costs 9/52 and a GiB-hour 1/52.
INSERT INTO focus_clusters VALUES ('scad');
INSERT INTO focus_cluster_pools (cluster, pool, method_id) VALUES ('scad', 'node', 'CPU_MEMORY_PROPORTIONAL');
INSERT INTO focus_cluster_charges (cluster, pool, resource_id) VALUES ('scad', 'node', 'm5.xlarge');
INSERT INTO focus_cost_and_usage (billedcost, effectivecost, billingcurrency, chargeperiodstart, chargeperiodend, resourceid)
VALUES (52, 52, 'USD', '2026-03-01 10:00Z', '2026-03-01 11:00Z', 'm5.xlarge');
INSERT INTO focus_cluster_metrics (cluster, namespace, workload, period_start, period_end, metric, quantity, unit)
SELECT 'scad', n, w, '2026-03-01 10:00Z', '2026-03-01 11:00Z', m, q, u
FROM (VALUES ('a', 'web', 'cpu_core_hours', 1, 'Core-Hours'), ('a', 'db', 'cpu_core_hours', 0.5, 'Core-Hours'),
			 ('a', 'web', 'memory_gib_hours', 4, 'GiB-Hours'), ('b', NULL, 'memory_gib_hours', 16, 'GiB-Hours'),
			 ('idler', NULL, 'memory_gib_hours', 0, 'GiB-Hours'),
			 (NULL, NULL, 'cpu_core_hours', 4, 'Core-Hours'), (NULL, NULL, 'memory_gib_hours', 16, 'GiB-Hours'))
	AS v(n, w, m, q, u);
CALL focus_run_allocation('scad', '2026-03-01', '2026-03-02');
SELECT allocatedresourcename, x_kind, effectivecost, allocatedmethoddetails -> 'Elements' AS elements
FROM focus_allocated_charges WHERE x_cluster = 'scad' ORDER BY 1;
-- Memory was overcommitted: no memory is idle, and the shares scale.
SELECT finding, metric, charge_periods, first_start FROM focus_allocation_findings ORDER BY 1, 2;

-- Idle shared out, evenly, by fixed shares.
INSERT INTO focus_allocation_methods (method_id, version, kind, driver_metrics, driver_weights, idle_treatment, scale, description)
VALUES ('CPU_SHARED_IDLE', 1, 'proportional', '{cpu_core_hours}', '{1}', 'shared', 2, 'By CPU, idle spread by use, in cents');
UPDATE focus_cluster_pools SET method_id = 'CPU_SHARED_IDLE' WHERE cluster = 'host';
UPDATE focus_cluster_metrics SET quantity = 12 WHERE (cluster, namespace) = ('host', 'c');
CALL focus_run_allocation('host', '2026-03-01');
SELECT allocatedmethodid, allocatedresourcename, effectivecost, consumedquantity FROM focus_allocated_charges WHERE x_cluster = 'host' ORDER BY 2;
UPDATE focus_cluster_pools SET method_id = 'EVEN_SPLIT' WHERE cluster = 'host';
CALL focus_run_allocation('host', '2026-03-01');
SELECT allocatedmethodid, allocatedresourcename, effectivecost, consumedquantity FROM focus_allocated_charges WHERE x_cluster = 'host' ORDER BY 2;
UPDATE focus_cluster_pools SET method_id = 'FIXED_SHARE' WHERE cluster = 'host';
INSERT INTO focus_cluster_shares VALUES ('host', 'node', 'a', 33.3), ('host', 'node', 'd', 66.6);
CALL focus_run_allocation('host', '2026-03-01');
UPDATE focus_cluster_shares SET percent = 66.7 WHERE namespace = 'd';
CALL focus_run_allocation('host', '2026-03-01');
SELECT allocatedmethodid, allocatedresourcename, effectivecost, consumedquantity FROM focus_allocated_charges WHERE x_cluster = 'host' ORDER BY 2;
SELECT DISTINCT cluster, difference FROM focus_allocation_reconciliation ORDER BY 1, 2;
-- ContractApplied is split like every metric; what cannot be read stays on one part.
UPDATE focus_cost_and_usage SET contractapplied =
	'{"Elements": [{"ContractId": "k", "ContractCommitmentId": "c1", "ContractCommitmentAppliedCost": 100.01},
				   {"ContractId": "k", "ContractCommitmentId": "c2", "ContractCommitmentAppliedQuantity": 3, "ContractCommitmentAppliedUnit": "Hours"}, "odd"]}'
WHERE resourceid = 'host-1';
CALL focus_run_allocation('host', '2026-03-01');
SELECT allocatedresourcename, contractapplied FROM focus_allocated_charges WHERE x_cluster = 'host' ORDER BY 1;
UPDATE focus_cost_and_usage SET contractapplied = '{"Elements": "none"}' WHERE resourceid = 'host-1';
CALL focus_run_allocation('host', '2026-03-01');
SELECT allocatedresourcename, contractapplied FROM focus_allocated_charges WHERE x_cluster = 'host' ORDER BY 1;

-- The next test finds the tables empty.
TRUNCATE focus_cost_and_usage, focus_allocated_charges, focus_allocation_origins, focus_allocation_findings,
	focus_allocation_run_pools, focus_allocation_runs, focus_cluster_charges, focus_cluster_shares,
	focus_cluster_pools, focus_clusters, focus_cluster_metrics, focus_job_steps, focus_job_runs;
DELETE FROM focus_allocation_methods WHERE NOT builtin;
