-- The chargeback job, called by hand.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never
CREATE TEMP VIEW log AS
SELECT r.period_start, r.state, r.rows_written, r.message, s.step, s.state AS step_state,
	s.rows_written AS step_rows, s.sqlstate, s.message AS step_message,
	r.finished_at >= r.started_at AS finished
FROM focus_job_runs AS r LEFT JOIN focus_job_steps AS s USING (job_run_id)
ORDER BY r.job_run_id, s.step;
INSERT INTO focus_clusters VALUES ('job-a'), ('job-b'), ('job-c'), ('job-unused');
INSERT INTO focus_cluster_pools (cluster, pool, method_id, receiver) VALUES
	('job-a', 'node', 'CPU_PROPORTIONAL', NULL), ('job-b', 'node', 'PLATFORM_FLAT_FEE', NULL),
	('job-c', 'node', 'PLATFORM_FLAT_FEE', 'platform'), ('job-unused', 'node', 'EVEN_SPLIT', NULL);
INSERT INTO focus_cluster_charges (cluster, pool, resource_id)
SELECT cluster, 'node', cluster || '-vm' FROM focus_clusters WHERE cluster LIKE 'job-%';
INSERT INTO focus_cost_and_usage (billedcost, effectivecost, billingcurrency, chargeperiodstart, chargeperiodend, resourceid)
SELECT 10, 10, 'USD', d, d + interval '1 day', c || '-vm'
FROM unnest(ARRAY['job-a', 'job-b', 'job-c']) AS c,
	generate_series('2025-01-30 00:00Z'::timestamptz, '2025-02-02 00:00Z', interval '1 day') AS d;
INSERT INTO focus_cluster_metrics (cluster, namespace, period_start, period_end, metric, quantity, unit)
SELECT 'job-a', n, d, d + interval '1 day', 'cpu_core_hours', 24, 'Core-Hours'
FROM unnest(ARRAY['x', 'y']) AS n,
	generate_series('2025-01-30 00:00Z'::timestamptz, '2025-02-01 00:00Z', interval '1 day') AS d;

-- One cluster is misconfigured; the others are allocated, the log says so.
CALL focus_run_chargeback('2025-02-10', 2);
TABLE log;
SELECT cluster, namespace, kind, period_start, effective_cost FROM focus_namespace_chargeback
WHERE cluster LIKE 'job-%' ORDER BY cluster, period_start, namespace;
-- Repaired and repeated: the same again, and the rest.
UPDATE focus_cluster_pools SET receiver = 'platform' WHERE cluster = 'job-b';
SET client_min_messages = error;
CALL focus_run_chargeback('2025-02-28', 2);
CALL focus_run_chargeback('2025-02-01', commit_each => true);
RESET client_min_messages;
SELECT period_start, state, rows_written, message FROM focus_job_runs ORDER BY job_run_id;
SELECT cluster, namespace, kind, period_start, effective_cost FROM focus_namespace_chargeback
WHERE cluster LIKE 'job-%' ORDER BY cluster, period_start, namespace;
SELECT state, count(*) FROM focus_allocation_runs WHERE cluster LIKE 'job-%' GROUP BY state ORDER BY state;
SELECT count(*) FROM focus_allocation_reconciliation WHERE cluster LIKE 'job-%' AND difference <> 0;
-- A load is taken away: a month without charges is allocated once more, to nothing.
DELETE FROM focus_cost_and_usage WHERE resourceid LIKE 'job-%' AND chargeperiodstart >= '2025-02-01';
CALL focus_run_chargeback('2025-02-01');
SELECT count(*) FROM focus_allocation_reconciliation WHERE cluster LIKE 'job-%' AND difference <> 0;
SELECT count(*) FROM focus_namespace_chargeback WHERE cluster LIKE 'job-%' AND period_start >= '2025-02-01';
-- With commits of its own the job can end in an error and keep its log.
UPDATE focus_cluster_pools SET receiver = NULL WHERE cluster = 'job-b';
CALL focus_run_chargeback('2025-01-01', commit_each => true);
SELECT state, message FROM focus_job_runs ORDER BY job_run_id DESC LIMIT 1;
SELECT effective_cost FROM focus_namespace_chargeback WHERE cluster = 'job-b';
-- A run whose session is gone is closed by the next.
UPDATE focus_job_runs SET state = 'running', backend_pid = 0
WHERE job_run_id = (SELECT max(job_run_id) FROM focus_job_runs);
UPDATE focus_cluster_pools SET receiver = 'platform' WHERE cluster = 'job-b';
CALL focus_run_chargeback('2025-01-01');
SELECT state, message FROM focus_job_runs ORDER BY job_run_id DESC LIMIT 2;
-- Inside a transaction block: only without commits.
BEGIN;
CALL focus_run_chargeback('2025-01-01');
ROLLBACK;
BEGIN;
CALL focus_run_chargeback('2025-01-01', commit_each => true);
ROLLBACK;
-- The default is the current month in UTC.
SET timezone = 'Pacific/Kiritimati';
BEGIN;
SET LOCAL client_min_messages = error;
CALL focus_run_chargeback();
SELECT count(*) FROM focus_job_runs WHERE period_start = date_trunc('month', now(), 'UTC');
COMMIT;
SET timezone = 'UTC';
CALL focus_run_chargeback('2025-01-01', 0);
CALL focus_run_chargeback('infinity');
-- Without pg_cron.
\set VERBOSITY terse
SELECT focus_schedule_chargeback('0 6 * * *');
SELECT focus_schedule_chargeback(NULL);
SELECT focus_unschedule_chargeback();

-- The next test finds the tables empty.
TRUNCATE focus_cost_and_usage, focus_allocated_charges, focus_allocation_origins, focus_allocation_findings,
	focus_allocation_run_pools, focus_allocation_runs, focus_cluster_charges, focus_cluster_shares,
	focus_cluster_pools, focus_clusters, focus_cluster_metrics, focus_job_steps, focus_job_runs;
DELETE FROM focus_allocation_methods WHERE NOT builtin;
