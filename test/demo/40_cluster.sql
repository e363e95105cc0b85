-- The cluster: its nodes by CPU, its network evenly, its control plane as a
-- platform fee.
SET client_min_messages = error;
\set metrics :exports /cluster_metrics.csv
COPY focus_cluster_metrics (cluster, namespace, workload, period_start, period_end, metric, quantity, unit, labels)
	FROM :'metrics' WITH (FORMAT csv, HEADER);
INSERT INTO focus_clusters (cluster) SELECT DISTINCT cluster FROM focus_cluster_metrics;
SELECT cluster FROM focus_clusters
\gset
INSERT INTO focus_cluster_pools (cluster, pool, method_id, receiver) VALUES
	(:'cluster', 'nodes', 'CPU_PROPORTIONAL', NULL),
	(:'cluster', 'network', 'EVEN_SPLIT', NULL),
	(:'cluster', 'control plane', 'PLATFORM_FLAT_FEE', 'platform-team');
INSERT INTO focus_cluster_charges (cluster, pool, tag_key, tag_value, service_name) VALUES
	(:'cluster', 'nodes', 'aws:eks:cluster-name', :'cluster', 'AmazonEC2'),
	(:'cluster', 'network', 'aws:eks:cluster-name', :'cluster', 'AmazonVPC'),
	(:'cluster', 'control plane', 'aws:eks:cluster-name', :'cluster', 'AmazonEKS');
CALL focus_run_chargeback(:'today', months => 2);
SET client_min_messages = notice;

\echo 'CHARGEBACK OF THE CLUSTER' :cluster
\echo
WITH line AS
(
	SELECT period_start, kind, namespace, billing_currency AS currency, sum(effective_cost) AS effective_cost, sum(billed_cost) AS billed_cost
	FROM focus_namespace_chargeback
	WHERE cluster = :'cluster'
	GROUP BY period_start, kind, namespace, billing_currency
	UNION ALL
	SELECT period_start, 'reconciliation',
		'bill ' || round(sum(origin) FILTER (WHERE metric = 'EffectiveCost'), 2) || ', difference ' || sum(abs(difference)),
		billing_currency,
		sum(allocated + idle + platform) FILTER (WHERE metric = 'EffectiveCost'),
		sum(allocated + idle + platform) FILTER (WHERE metric = 'BilledCost')
	FROM focus_allocation_reconciliation
	WHERE cluster = :'cluster'
	GROUP BY period_start, billing_currency
)
SELECT to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM') AS month, kind, coalesce(namespace, '(idle)') AS namespace,
	round(effective_cost, 2) AS "EffectiveCost", round(billed_cost, 2) AS "BilledCost", currency
FROM line
ORDER BY period_start, array_position('{workload,platform,idle,reconciliation}', kind), namespace;
