-- LiteLLM's spend logs, straight from its table.

CREATE FUNCTION focus_load_litellm(
	relation		regclass,
	source			text DEFAULT 'litellm',
	since			timestamptz DEFAULT NULL,
	reject_limit	bigint DEFAULT NULL,
	OUT loadid			bigint,
	OUT rows_stored		bigint,
	OUT rows_rejected	bigint,
	OUT rows_replaced	bigint,
	OUT totals			jsonb,
	OUT seconds			numeric)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET TimeZone = 'UTC'
AS $$
BEGIN
	IF relation IS NULL OR source IS NULL THEN
		RAISE EXCEPTION 'relation and source must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	-- Two at a time would find the same requests missing.
	PERFORM pg_advisory_xact_lock(x'666f6373'::integer, 1);
	SELECT l.loadid, l.rows_stored, l.rows_rejected, l.rows_replaced, l.totals, l.seconds
	INTO loadid, rows_stored, rows_rejected, rows_replaced, totals, seconds
	FROM @extschema@.focus_load_records(format(
		$query$
		SELECT to_jsonb(t) FROM %1$s AS t
		WHERE (%2$L::timestamptz IS NULL OR t."startTime" >= %2$L::timestamptz)
		AND NOT EXISTS (SELECT FROM @extschema@.focus_cost_and_usage AS c JOIN @extschema@.focus_loads AS l ON l.loadid = c.x_loadid
			WHERE l.source = %3$L AND l.mapping = 'litellm' AND l.state = 'current'
			AND (%2$L::timestamptz IS NULL OR c.chargeperiodstart >= %2$L::timestamptz)
			AND c.x_columns ->> 'request_id' = t.request_id)
		AND NOT EXISTS (SELECT FROM @extschema@.focus_rejected_rows AS r JOIN @extschema@.focus_loads AS l ON l.loadid = r.loadid
			WHERE l.source = %3$L AND l.mapping = 'litellm' AND r.record ->> 'request_id' = t.request_id)
		ORDER BY t."startTime", t.request_id
		$query$, relation, since, source),
		'litellm', source, 'append', NULL, focus_load_litellm.reject_limit) AS l;
END;
$$;
COMMENT ON FUNCTION focus_load_litellm(regclass, text, timestamptz, bigint) IS
'Loads the requests of LiteLLM''s table of spend logs that are neither loaded nor in quarantine yet, by request_id.';
