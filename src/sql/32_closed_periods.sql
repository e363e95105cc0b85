-- Closed billing periods: what has been booked changes by corrections only.

CREATE TABLE focus_closed_periods
(
	closingid			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	source				text,
	billingperiodstart	timestamptz NOT NULL
		CHECK (billingperiodstart = date_trunc('month', billingperiodstart, 'UTC')),
	closed_at			timestamptz NOT NULL DEFAULT clock_timestamp(),
	closed_by			name NOT NULL DEFAULT current_user,
	reason				text,
	reopened_at			timestamptz,
	reopened_by			name,
	reopen_reason		text,
	CHECK (num_nonnulls(reopened_at, reopened_by, reopen_reason) IN (0, 3))
);
CREATE UNIQUE INDEX focus_closed_periods_index ON focus_closed_periods (billingperiodstart, source)
	NULLS NOT DISTINCT WHERE reopened_at IS NULL;
COMMENT ON TABLE focus_closed_periods IS
'Closings of billing periods, one row each, kept when the period is reopened. Written by focus_close_period and focus_reopen_period.';
COMMENT ON COLUMN focus_closed_periods.closingid IS
'Number of the closing.';
COMMENT ON COLUMN focus_closed_periods.source IS
'Source whose billing periods are closed. NULL: those of all sources.';
COMMENT ON COLUMN focus_closed_periods.billingperiodstart IS
'First instant of a month in UTC: the billing periods that begin in it are closed.';
COMMENT ON COLUMN focus_closed_periods.closed_at IS
'When it was closed.';
COMMENT ON COLUMN focus_closed_periods.closed_by IS
'Role that closed it.';
COMMENT ON COLUMN focus_closed_periods.reason IS
'Why, as given.';
COMMENT ON COLUMN focus_closed_periods.reopened_at IS
'When it was reopened. NULL: it is closed.';
COMMENT ON COLUMN focus_closed_periods.reopened_by IS
'Role that reopened it.';
COMMENT ON COLUMN focus_closed_periods.reopen_reason IS
'Why.';
SELECT pg_catalog.pg_extension_config_dump('focus_closed_periods', '');
COMMENT ON SEQUENCE focus_closed_periods_closingid_seq IS
'Numbers for focus_closed_periods.';
SELECT pg_catalog.pg_extension_config_dump('focus_closed_periods_closingid_seq', '');

CREATE FUNCTION focus_internal.lock_deliveries() RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
		RAISE EXCEPTION 'cannot change deliveries or close billing periods in a REPEATABLE READ or SERIALIZABLE transaction'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = 'What other sessions have loaded or closed in the meantime has to be seen.',
				HINT = 'Use READ COMMITTED.';
	END IF;
	PERFORM pg_advisory_xact_lock(x'666f6373'::integer, 0);
END
$$;
COMMENT ON FUNCTION focus_internal.lock_deliveries() IS
'Takes the lock under which deliveries decide what they meet, until the transaction ends.';

CREATE FUNCTION focus_internal.billing_month(period date) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF period IS NULL OR NOT isfinite(period) THEN
		RAISE EXCEPTION 'invalid billing period %', coalesce(period::text, 'NULL')
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Give any day of the month.';
	END IF;
	RETURN date_trunc('month', period::timestamp) AT TIME ZONE 'UTC';
END
$$;
COMMENT ON FUNCTION focus_internal.billing_month(date) IS
'First instant of a day''s month in UTC.';

CREATE FUNCTION focus_close_period(source text, period date, reason text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $$
DECLARE
	month timestamptz := focus_internal.billing_month(period);
BEGIN
	PERFORM focus_internal.lock_deliveries();
	IF NOT EXISTS (SELECT FROM @extschema@.focus_loads AS l
				   WHERE l.state = 'current' AND l.source = coalesce($1, l.source)
				   AND date_trunc('month', l.billingperiodstart, 'UTC') = month) THEN
		RAISE WARNING 'nothing is loaded of billing period % of %', to_char(month AT TIME ZONE 'UTC', 'YYYY-MM'),
				coalesce('source "' || $1 || '"', 'any source')
			USING HINT = 'From now on nothing will be; focus_reopen_period takes it back.';
	END IF;
	INSERT INTO @extschema@.focus_closed_periods (source, billingperiodstart, reason) VALUES ($1, month, nullif(btrim($3), ''))
	ON CONFLICT DO NOTHING;
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION focus_close_period(text, date, text) IS
'Closes the billing periods of a source, NULL for all sources, that begin in the day''s month: loads may add corrections only. False when they are closed already.';

CREATE FUNCTION focus_reopen_period(source text, period date, reason text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $$
DECLARE
	month timestamptz := focus_internal.billing_month(period);
BEGIN
	IF coalesce(btrim(reason), '') = '' THEN
		RAISE EXCEPTION 'reopening a billing period takes a reason'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'It stays in focus_closed_periods.';
	END IF;
	PERFORM focus_internal.lock_deliveries();
	UPDATE @extschema@.focus_closed_periods AS p
	SET reopened_at = clock_timestamp(), reopened_by = current_user, reopen_reason = btrim($3)
	WHERE p.reopened_at IS NULL AND p.billingperiodstart = month AND p.source IS NOT DISTINCT FROM $1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'billing period % of % is not closed', to_char(month AT TIME ZONE 'UTC', 'YYYY-MM'),
				coalesce('source "' || $1 || '"', 'all sources')
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'See focus_closed_periods; what was closed for all sources is reopened for all, by source NULL.';
	END IF;
	IF EXISTS (SELECT FROM @extschema@.focus_closed_periods AS p
			   WHERE p.reopened_at IS NULL AND p.billingperiodstart = month AND p.source IS NULL) THEN
		RAISE WARNING 'billing period % is still closed for all sources', to_char(month AT TIME ZONE 'UTC', 'YYYY-MM');
	END IF;
END
$$;
COMMENT ON FUNCTION focus_reopen_period(text, date, text) IS
'Reopens what focus_close_period has closed for the same source, or NULL, with a reason.';
