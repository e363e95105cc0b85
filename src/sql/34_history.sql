-- History: what the dataset held at an instant.

CREATE TABLE focus_superseded_cost_and_usage (LIKE focus_cost_and_usage INCLUDING COMMENTS) USING focus;
COMMENT ON TABLE focus_superseded_cost_and_usage IS
'Rows of focus_cost_and_usage whose load was replaced or removed, of sources that keep versions.';
SELECT pg_catalog.pg_extension_config_dump('focus_superseded_cost_and_usage', '');

-- Groups go as they are; what is in none, or shares one with loads that stay,
-- row by row.  Columns that a user has added to the dataset are not kept.
CREATE FUNCTION focus_internal.keep_rows(loads bigint[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $$
DECLARE
	kept	bigint;
	rest	bigint;
BEGIN
	kept := focus_internal.move_groups('@extschema@.focus_cost_and_usage', '@extschema@.focus_superseded_cost_and_usage',
		'x_loadid', loads);
	EXECUTE (
		SELECT format('WITH gone AS (DELETE FROM @extschema@.focus_cost_and_usage WHERE x_loadid = ANY ($1) RETURNING *) '
			'INSERT INTO @extschema@.focus_superseded_cost_and_usage (%1$s) SELECT %1$s FROM gone',
			string_agg(quote_ident(s.attname), ', ' ORDER BY s.attnum))
		FROM pg_attribute AS s
			JOIN pg_attribute AS c ON c.attname = s.attname
				AND c.attrelid = '@extschema@.focus_cost_and_usage'::regclass AND NOT c.attisdropped
		WHERE s.attrelid = '@extschema@.focus_superseded_cost_and_usage'::regclass AND s.attnum > 0 AND NOT s.attisdropped)
	USING loads;
	GET DIAGNOSTICS rest = ROW_COUNT;
	RETURN kept + rest;
END
$$;
COMMENT ON FUNCTION focus_internal.keep_rows(bigint[]) IS
'Moves the rows of loads from focus_cost_and_usage to focus_superseded_cost_and_usage; returns how many.';

CREATE FUNCTION focus_internal.delete_rows(dataset regclass, loads bigint[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $$
DECLARE
	deleted	bigint;
	rest	bigint;
BEGIN
	deleted := @extschema@.focus_delete_groups(dataset, 'x_loadid', loads);
	EXECUTE format('DELETE FROM %s WHERE x_loadid = ANY ($1)', dataset) USING loads;
	GET DIAGNOSTICS rest = ROW_COUNT;
	RETURN deleted + rest;
END
$$;
COMMENT ON FUNCTION focus_internal.delete_rows(regclass, bigint[]) IS
'Deletes the rows of loads, whole row groups first; returns how many.';

CREATE FUNCTION focus_internal.forget_versions(loads bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $$
DECLARE
	old		bigint[];
BEGIN
	SELECT array_agg(v.loadid) INTO old
	FROM
		(SELECT l.loadid, l.source,
			dense_rank() OVER (PARTITION BY l.source, l.billingperiodstart ORDER BY l.superseded_at DESC) AS age
		 FROM @extschema@.focus_loads AS l
		 WHERE l.kept AND (l.source, l.billingperiodstart) IN
			(SELECT n.source, n.billingperiodstart FROM @extschema@.focus_loads AS n WHERE n.loadid = ANY (loads))) AS v
		LEFT JOIN @extschema@.focus_sources AS s ON s.source = v.source
	WHERE v.age > coalesce(s.keep_versions, 0);
	IF old IS NOT NULL THEN
		PERFORM focus_internal.delete_rows('@extschema@.focus_superseded_cost_and_usage', old);
		UPDATE @extschema@.focus_loads AS l SET kept = false WHERE l.loadid = ANY (old);
	END IF;
END
$$;
COMMENT ON FUNCTION focus_internal.forget_versions(bigint[]) IS
'Deletes versions of the loads'' sources and billing periods beyond those that the sources keep.';

CREATE FUNCTION focus_internal.supersede(loads bigint[], at timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $$
DECLARE
	of_charges	boolean;
	kept_loads	bigint[];
	gone		bigint := 0;
BEGIN
	SELECT bool_or(l.dataset = 'CostAndUsage'),
		array_agg(l.loadid) FILTER (WHERE l.dataset = 'CostAndUsage' AND l.rows_stored > 0 AND s.keep_versions > 0)
	INTO of_charges, kept_loads
	FROM @extschema@.focus_loads AS l LEFT JOIN @extschema@.focus_sources AS s ON s.source = l.source
	WHERE l.loadid = ANY (loads);
	UPDATE @extschema@.focus_loads AS l
	SET superseded_at = at, kept = coalesce(l.loadid = ANY (kept_loads), false)
	WHERE l.loadid = ANY (loads);
	IF kept_loads IS NOT NULL THEN
		gone := focus_internal.keep_rows(kept_loads);
	END IF;
	gone := gone + focus_internal.delete_rows(
		CASE WHEN of_charges THEN '@extschema@.focus_cost_and_usage'::regclass
			ELSE '@extschema@.focus_contract_commitment'::regclass END, loads);
	PERFORM focus_internal.forget_versions(loads);
	RETURN gone;
END
$$;
COMMENT ON FUNCTION focus_internal.supersede(bigint[], timestamptz) IS
'Takes the rows of loads out of the datasets, and keeps them where their source keeps versions; returns how many.';

-- Reading it --------------------------------------------------------------------

CREATE FUNCTION focus_internal.loads_at(at timestamptz) RETURNS bigint[]
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lost	record;
BEGIN
	SELECT count(*) OVER () AS loads, l.loadid, l.source, l.billingperiodstart, l.superseded_at INTO lost
	FROM @extschema@.focus_loads AS l
	WHERE l.dataset = 'CostAndUsage' AND l.rows_stored > 0 AND l.finished_at <= at
		AND l.state IN ('replaced', 'removed') AND coalesce(l.superseded_at, 'infinity') > at AND NOT l.kept
	ORDER BY l.loadid LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'what focus_cost_and_usage held at % UTC is not known any more',
				to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = format('Rows of load %s, of billing period %s of source "%s", counted then, and have not been kept; so have those of %s others.',
					lost.loadid, to_char(lost.billingperiodstart AT TIME ZONE 'UTC', 'YYYY-MM-DD'), lost.source, lost.loads - 1),
				HINT = 'Set focus_sources.keep_versions before deliveries are replaced.';
	END IF;
	IF EXISTS (SELECT FROM @extschema@.focus_cost_and_usage AS c WHERE c.x_loadid IS NULL) THEN
		RAISE WARNING 'rows of focus_cost_and_usage that no load has brought are left out'
			USING HINT = 'When they were written is not known.';
	END IF;
	RETURN ARRAY(SELECT l.loadid FROM @extschema@.focus_loads AS l
				 WHERE l.dataset = 'CostAndUsage' AND l.finished_at <= at AND l.state = 'current');
END
$$;
COMMENT ON FUNCTION focus_internal.loads_at(timestamptz) IS
'The loads of Cost and Usage that counted at an instant and still do; an error when others did that have not been kept.';

CREATE FUNCTION focus_internal.superseded_loads_at(at timestamptz) RETURNS bigint[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT ARRAY(SELECT l.loadid FROM focus_loads AS l WHERE l.kept AND l.finished_at <= $1 AND l.superseded_at > $1);
END;
COMMENT ON FUNCTION focus_internal.superseded_loads_at(timestamptz) IS
'The loads that counted at an instant, do not any more, and have been kept.';

CREATE FUNCTION focus_cost_and_usage_as_of(timestamptz) RETURNS SETOF focus_superseded_cost_and_usage
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1000000
BEGIN ATOMIC
	SELECT c.* FROM focus_cost_and_usage AS c
	WHERE c.x_loadid = ANY ((SELECT focus_internal.loads_at($1))::bigint[])
	UNION ALL
	SELECT s.* FROM focus_superseded_cost_and_usage AS s
	WHERE s.x_loadid = ANY ((SELECT focus_internal.superseded_loads_at($1))::bigint[]);
END;
COMMENT ON FUNCTION focus_cost_and_usage_as_of(timestamptz) IS
'Rows of focus_cost_and_usage as they were at an instant; an error when some have not been kept.';
