-- Jobs: procedures one can call by hand, with a log; pg_cron only calls them.

CREATE TABLE focus_job_runs
(
	job_run_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	job              text        NOT NULL,
	period_start     timestamptz NOT NULL,
	period_end       timestamptz NOT NULL,
	state            text        NOT NULL DEFAULT 'running'
		CHECK (state IN ('running', 'succeeded', 'failed', 'interrupted')),
	started_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at      timestamptz,
	run_by           text        NOT NULL DEFAULT current_user,
	backend_pid      integer     NOT NULL DEFAULT pg_backend_pid(),
	rows_written     bigint      NOT NULL DEFAULT 0,
	message          text
);
COMMENT ON TABLE focus_job_runs IS
'Log of the jobs: one row per run of a job for a period.';
COMMENT ON COLUMN focus_job_runs.job_run_id IS 'Number of the run.';
COMMENT ON COLUMN focus_job_runs.job IS 'Name of the job, for example chargeback.';
COMMENT ON COLUMN focus_job_runs.period_start IS 'Start of the period.';
COMMENT ON COLUMN focus_job_runs.period_end IS 'First instant after the period.';
COMMENT ON COLUMN focus_job_runs.state IS
'running; succeeded; failed: at least one step failed; interrupted: the session that ran it is gone.';
COMMENT ON COLUMN focus_job_runs.started_at IS 'When it began.';
COMMENT ON COLUMN focus_job_runs.finished_at IS 'When it ended.';
COMMENT ON COLUMN focus_job_runs.run_by IS 'Role that ran it.';
COMMENT ON COLUMN focus_job_runs.backend_pid IS 'Server process that ran it.';
COMMENT ON COLUMN focus_job_runs.rows_written IS 'Rows that its steps wrote.';
COMMENT ON COLUMN focus_job_runs.message IS 'Summary for readers.';
SELECT pg_catalog.pg_extension_config_dump('focus_job_runs', '');
COMMENT ON SEQUENCE focus_job_runs_job_run_id_seq IS
'Numbers for focus_job_runs.';
SELECT pg_catalog.pg_extension_config_dump('focus_job_runs_job_run_id_seq', '');

CREATE TABLE focus_job_steps
(
	job_run_id    bigint      NOT NULL REFERENCES focus_job_runs ON DELETE CASCADE,
	step          text        NOT NULL,
	state         text        NOT NULL CHECK (state IN ('succeeded', 'failed')),
	started_at    timestamptz NOT NULL,
	finished_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
	run_id        bigint,
	rows_written  bigint      NOT NULL DEFAULT 0,
	sqlstate      text,
	message       text,
	PRIMARY KEY (job_run_id, step)
);
COMMENT ON TABLE focus_job_steps IS
'Steps of the job runs; a step of a chargeback is a cluster.';
COMMENT ON COLUMN focus_job_steps.job_run_id IS 'The run of the job.';
COMMENT ON COLUMN focus_job_steps.step IS 'Name of the step.';
COMMENT ON COLUMN focus_job_steps.state IS 'succeeded or failed.';
COMMENT ON COLUMN focus_job_steps.started_at IS 'When it began.';
COMMENT ON COLUMN focus_job_steps.finished_at IS 'When it ended.';
COMMENT ON COLUMN focus_job_steps.run_id IS 'The allocation run that it made.';
COMMENT ON COLUMN focus_job_steps.rows_written IS 'Allocated charges that it wrote.';
COMMENT ON COLUMN focus_job_steps.sqlstate IS 'SQLSTATE of the error.';
COMMENT ON COLUMN focus_job_steps.message IS 'The error, or what was missing.';
SELECT pg_catalog.pg_extension_config_dump('focus_job_steps', '');

CREATE FUNCTION focus_internal.start_job(job text, period_start timestamptz, period_end timestamptz)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	new_id	bigint;
BEGIN
	UPDATE @extschema@.focus_job_runs AS r
	SET state = 'interrupted', finished_at = clock_timestamp(),
		message = 'The session ended before the job did.'
	WHERE r.job = $1 AND r.state = 'running'
		AND NOT EXISTS (SELECT FROM pg_stat_activity AS a
						WHERE a.pid = r.backend_pid AND a.pid <> pg_backend_pid());
	INSERT INTO @extschema@.focus_job_runs (job, period_start, period_end)
	VALUES ($1, $2, $3)
	RETURNING job_run_id INTO new_id;
	RETURN new_id;
END
$$;
COMMENT ON FUNCTION focus_internal.start_job(text, timestamptz, timestamptz) IS
'Opens the log of a job run, and closes those whose session is gone.';

CREATE FUNCTION focus_internal.finish_job(job_run_id bigint) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	new_state	text;
BEGIN
	UPDATE @extschema@.focus_job_runs AS r
	SET state = CASE WHEN s.failed > 0 THEN 'failed' ELSE 'succeeded' END,
		finished_at = clock_timestamp(),
		rows_written = s.rows_written,
		message = format('%s clusters allocated, %s failed', s.succeeded, s.failed)
	FROM
		(SELECT count(*) FILTER (WHERE t.state = 'succeeded') AS succeeded,
			count(*) FILTER (WHERE t.state = 'failed') AS failed,
			coalesce(sum(t.rows_written), 0) AS rows_written
		 FROM @extschema@.focus_job_steps AS t
		 WHERE t.job_run_id = $1) AS s
	WHERE r.job_run_id = $1
	RETURNING r.state INTO new_state;
	RETURN new_state;
END
$$;
COMMENT ON FUNCTION focus_internal.finish_job(bigint) IS
'Closes the log of a job run; returns its state.';

CREATE FUNCTION focus_internal.chargeback_clusters(period_start timestamptz, period_end timestamptz)
RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, @extschema@, pg_temp
BEGIN ATOMIC
	SELECT coalesce(array_agg(c.cluster ORDER BY c.cluster COLLATE "C"), '{}')
	FROM
		(SELECT rule.cluster
		 FROM focus_cost_and_usage AS b
			JOIN focus_cluster_charges AS rule ON focus_internal.charge_fits(rule, b.tags, b.resourceid, b.subaccountid, b.servicename, b.allocatedmethodid)
		 WHERE b.chargeperiodstart >= $1 AND b.chargeperiodstart < $2
		 UNION
		 SELECT r.cluster
		 FROM focus_allocation_runs AS r
		 WHERE r.state = 'current' AND r.period_start >= $1 AND r.period_end <= $2) AS c;
END;
COMMENT ON FUNCTION focus_internal.chargeback_clusters(timestamptz, timestamptz) IS
'Clusters that have charges, or had when they were last allocated, in a period.';

-- The handler catches what one cluster's data can cause; a cancelled query and
-- a lost session still end the job.
CREATE FUNCTION focus_internal.chargeback_step
	(job_run_id bigint, cluster text, period_start timestamptz, period_end timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	began		timestamptz := clock_timestamp();
	new_run_id	bigint;
	code		text;
	problem		text;
	detail		text;
BEGIN
	new_run_id := focus_internal.allocate_cluster($2, $3, $4);
	INSERT INTO @extschema@.focus_job_steps (job_run_id, step, state, started_at, run_id, rows_written, message)
	SELECT $1, $2, 'succeeded', began, r.run_id, r.allocated_charges,
		(SELECT string_agg(DISTINCT concat_ws(' ', f.finding, f.metric), ', ')
		 FROM @extschema@.focus_allocation_findings AS f WHERE f.run_id = r.run_id)
	FROM @extschema@.focus_allocation_runs AS r
	WHERE r.run_id = new_run_id;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, problem = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	INSERT INTO @extschema@.focus_job_steps (job_run_id, step, state, started_at, sqlstate, message)
	VALUES ($1, $2, 'failed', began, code, concat_ws(E'\n', problem, nullif(detail, '')));
	RAISE WARNING 'could not allocate cluster "%": %', $2, problem
		USING ERRCODE = code, HINT = 'See focus_job_steps.';
END
$$;
COMMENT ON FUNCTION focus_internal.chargeback_step(bigint, text, timestamptz, timestamptz) IS
'Allocates one cluster and logs how that went.';

-- No SET clause: a procedure that has one cannot commit.
CREATE PROCEDURE focus_run_chargeback
	(period date DEFAULT NULL, months integer DEFAULT 1, commit_each boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
	last_month	timestamp := date_trunc('month', coalesce(period::timestamp, now() AT TIME ZONE 'UTC'));
	starts		timestamptz;
	ends		timestamptz;
	job_run_id	bigint;
	one			text;
	failed		integer := 0;
BEGIN
	IF NOT isfinite(last_month) OR months IS NULL OR months < 1 THEN
		RAISE EXCEPTION 'invalid chargeback of % months up to %', coalesce(months::text, 'NULL'), coalesce(period::text, 'NULL')
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'Give any day of the last month, and a number of months from 1 on.';
	END IF;

	FOR back IN REVERSE months - 1 .. 0 LOOP
		starts := (last_month - make_interval(months => back)) AT TIME ZONE 'UTC';
		ends := (last_month - make_interval(months => back - 1)) AT TIME ZONE 'UTC';
		job_run_id := focus_internal.start_job('chargeback', starts, ends);
		IF commit_each THEN
			COMMIT;
		END IF;
		FOREACH one IN ARRAY focus_internal.chargeback_clusters(starts, ends) LOOP
			PERFORM focus_internal.chargeback_step(job_run_id, one, starts, ends);
			IF commit_each THEN
				COMMIT;
			END IF;
		END LOOP;
		IF focus_internal.finish_job(job_run_id) = 'failed' THEN
			failed := failed + 1;
		END IF;
		IF commit_each THEN
			COMMIT;
		END IF;
	END LOOP;

	-- An error is what a scheduler notices; it must not take the log with it.
	IF failed > 0 AND commit_each THEN
		RAISE EXCEPTION 'chargeback of % months failed for some clusters', failed
			USING ERRCODE = 'data_exception', HINT = 'See focus_job_steps.';
	END IF;
END
$$;
COMMENT ON PROCEDURE focus_run_chargeback(date, integer, boolean) IS
'Allocates all clusters that have charges in a billing month, by default the current one; logged in focus_job_runs, and safe to repeat.';

-- pg_cron ------------------------------------------------------------------------

CREATE FUNCTION focus_internal.check_pg_cron() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron') THEN
		RAISE EXCEPTION 'extension "pg_cron" is not installed in database "%"', current_database()
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = CASE
					WHEN NOT EXISTS (SELECT FROM pg_available_extensions AS a WHERE a.name = 'pg_cron')
					THEN 'The server does not have it; install its package first.'
					ELSE 'The server has it, but it is not set up here.' END,
				HINT = format('Set shared_preload_libraries = ''pg_cron'' and cron.database_name = %L in postgresql.conf, '
					'restart the server, and run CREATE EXTENSION pg_cron in this database. '
					'Any other scheduler can call focus_run_chargeback as well.', current_database());
	END IF;
END
$$;
COMMENT ON FUNCTION focus_internal.check_pg_cron() IS
'Raises an error that says how to install pg_cron unless it is there.';

CREATE FUNCTION focus_schedule_chargeback(schedule text DEFAULT '15 5 * * *') RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	job_id	bigint;
BEGIN
	IF schedule IS NULL THEN
		RAISE EXCEPTION 'schedule must not be null'
			USING ERRCODE = 'null_value_not_allowed', HINT = 'Use a cron expression such as ''15 5 * * *''.';
	END IF;
	PERFORM focus_internal.check_pg_cron();
	EXECUTE 'SELECT cron.schedule(''focus_chargeback'', $1, $2)'
	INTO job_id
	USING schedule, format('CALL %s.focus_run_chargeback(months => 2, commit_each => true)',
		(SELECT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
		 WHERE e.extname = 'focus'));
	RETURN job_id;
END
$$;
COMMENT ON FUNCTION focus_schedule_chargeback(text) IS
'Has pg_cron run the chargeback of the current and the previous month; replaces an earlier schedule of the same role. Returns the pg_cron job.';

CREATE FUNCTION focus_unschedule_chargeback() RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	scheduled	boolean;
BEGIN
	PERFORM focus_internal.check_pg_cron();
	EXECUTE 'SELECT EXISTS (SELECT FROM cron.job AS j WHERE j.jobname = ''focus_chargeback'' AND j.username = current_user)'
	INTO scheduled;
	IF scheduled THEN
		EXECUTE 'SELECT cron.unschedule(''focus_chargeback'')';
	END IF;
	RETURN scheduled;
END
$$;
COMMENT ON FUNCTION focus_unschedule_chargeback() IS
'Ends the schedule of focus_schedule_chargeback; false when there was none.';
