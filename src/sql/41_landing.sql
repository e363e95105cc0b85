-- Landing places: deliveries that have arrived and are not loaded yet.

CREATE TABLE focus_arrivals
(
	source			text NOT NULL,
	path			text NOT NULL,
	outcome			text NOT NULL CHECK (outcome IN ('waiting', 'loaded', 'known', 'failed')),
	deliveryid		bigint,
	rows_stored		bigint,
	rows_rejected	bigint,
	rows_replaced	bigint,
	sqlstate		text,
	message			text,
	bytes			bigint NOT NULL,
	modified_at		timestamptz NOT NULL,
	tried_at		timestamptz NOT NULL,
	PRIMARY KEY (source, path)
);
COMMENT ON TABLE focus_arrivals IS
'What focus_load_pending has found in the landing places of sources, and what became of it.';
COMMENT ON COLUMN focus_arrivals.source IS 'Source of the delivery.';
COMMENT ON COLUMN focus_arrivals.path IS 'File, manifest or directory.';
COMMENT ON COLUMN focus_arrivals.outcome IS
'waiting: it was still changing. loaded. known: its content was loaded before. failed: sqlstate and message say why; it is tried again when it changes, or the error may have passed.';
COMMENT ON COLUMN focus_arrivals.deliveryid IS
'The delivery: focus_loads.deliveryid. Of what waits or has failed: the one as which it was loaded before it changed.';
COMMENT ON COLUMN focus_arrivals.rows_stored IS 'Rows stored.';
COMMENT ON COLUMN focus_arrivals.rows_rejected IS 'Rows in quarantine.';
COMMENT ON COLUMN focus_arrivals.rows_replaced IS 'Rows of earlier loads that went.';
COMMENT ON COLUMN focus_arrivals.sqlstate IS 'SQLSTATE of the error.';
COMMENT ON COLUMN focus_arrivals.message IS 'The error, its detail and its hint.';
COMMENT ON COLUMN focus_arrivals.bytes IS 'Size of its files when it was tried.';
COMMENT ON COLUMN focus_arrivals.modified_at IS 'When the last of its files had been changed.';
COMMENT ON COLUMN focus_arrivals.tried_at IS 'When it was found or tried last.';
SELECT pg_catalog.pg_extension_config_dump('focus_arrivals', '');

CREATE FUNCTION focus_internal.landed(path text)
RETURNS TABLE (delivery text, bytes bigint, modified_at timestamptz)
AS 'MODULE_PATHNAME', 'focus_landed' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION focus_internal.landed(text) IS
'Deliveries in a landing place, with their sizes and the time of the last change.';

-- The handler catches what one delivery can cause; a cancelled query still ends
-- the call.
CREATE FUNCTION focus_internal.load_arrival(source text, path text, bytes bigint, modified_at timestamptz, earlier bigint)
RETURNS focus_arrivals
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	began	timestamptz := clock_timestamp();
	result	@extschema@.focus_arrivals;
	loaded	record;
	detail	text;
	hint	text;
BEGIN
	result.source := $1;
	result.path := $2;
	result.bytes := $3;
	result.modified_at := $4;
	result.tried_at := began;
	result.deliveryid := $5;
	-- What has grown has what it had before.
	IF EXISTS (SELECT FROM @extschema@.focus_loads AS l JOIN @extschema@.focus_sources AS s ON s.source = $1 AND s.mode = 'append'
			   WHERE l.deliveryid = $5 AND l.state = 'current') THEN
		RAISE EXCEPTION '"%" has changed since it was loaded', $2
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = format('Delivery %s is what it was, and source "%s" appends: what is in both would count twice.', $5, $1),
				HINT = format('Take that back by focus_unload(%s) and pass retry => true; or, if nothing is in both, delete the row of focus_arrivals.', $5);
	END IF;
	SELECT * INTO loaded FROM @extschema@.focus_load($2, source => $1);
	result.outcome := CASE WHEN EXISTS (SELECT FROM @extschema@.focus_loads AS l
			WHERE l.deliveryid = loaded.loadid AND l.finished_at < began) THEN 'known' ELSE 'loaded' END;
	result.deliveryid := loaded.loadid;
	result.rows_stored := loaded.rows_stored;
	result.rows_rejected := loaded.rows_rejected;
	result.rows_replaced := loaded.rows_replaced;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS result.message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	result.outcome := 'failed';
	result.sqlstate := SQLSTATE;
	RAISE WARNING 'could not load "%": %', $2, result.message
		USING ERRCODE = SQLSTATE, HINT = 'See focus_arrivals.';
	result.message := concat_ws(E'\n', result.message, nullif(detail, ''), nullif(hint, ''));
	RETURN result;
END
$$;
COMMENT ON FUNCTION focus_internal.load_arrival(text, text, bigint, timestamptz, bigint) IS
'Loads one delivery of a landing place, or tells why it could not be loaded. earlier: the delivery as which it was loaded before it changed.';

CREATE FUNCTION focus_load_pending(source text, quiet interval DEFAULT '1 minute', retry boolean DEFAULT false)
RETURNS SETOF focus_arrivals
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	place	text;
	landed	record;
	arrival	@extschema@.focus_arrivals;
BEGIN
	SELECT s.path INTO place FROM @extschema@.focus_sources AS s WHERE s.source = $1;
	IF place IS NULL THEN
		RAISE EXCEPTION 'source "%" has no landing place', $1
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Set focus_sources.path.';
	END IF;
	IF NOT pg_try_advisory_xact_lock(x'666f636c'::integer, hashtext($1)) THEN
		RAISE NOTICE 'another session is loading what source "%" has delivered', $1;
		RETURN;
	END IF;
	FOR landed IN
		SELECT l.delivery, l.bytes, l.modified_at, a.outcome, a.sqlstate, a.deliveryid,
			(a.bytes = l.bytes AND a.modified_at = l.modified_at) IS TRUE AS unchanged
		FROM focus_internal.landed(place) AS l
			LEFT JOIN @extschema@.focus_arrivals AS a ON a.source = $1 AND a.path = l.delivery
		ORDER BY l.modified_at, l.delivery COLLATE "C"
	LOOP
		CONTINUE WHEN landed.unchanged AND landed.outcome IN ('loaded', 'known');
		IF landed.unchanged AND landed.outcome = 'failed' AND retry IS NOT TRUE
			AND landed.sqlstate !~ '^(08|40|53|55P03|57|58)' THEN
			RETURN QUERY SELECT a.* FROM @extschema@.focus_arrivals AS a WHERE a.source = $1 AND a.path = landed.delivery;
			CONTINUE;
		END IF;
		IF landed.modified_at > clock_timestamp() - quiet THEN
			arrival := ROW($1, landed.delivery, 'waiting', landed.deliveryid, NULL, NULL, NULL, NULL, NULL,
				landed.bytes, landed.modified_at, clock_timestamp());
		ELSE
			arrival := focus_internal.load_arrival($1, landed.delivery, landed.bytes, landed.modified_at, landed.deliveryid);
		END IF;
		DELETE FROM @extschema@.focus_arrivals AS a WHERE a.source = $1 AND a.path = landed.delivery;
		INSERT INTO @extschema@.focus_arrivals SELECT arrival.*;
		RETURN NEXT arrival;
	END LOOP;
END
$$;
COMMENT ON FUNCTION focus_load_pending(text, interval, boolean) IS
'Loads what lies in the landing place of a source and is not loaded yet, each delivery by itself; returns those that were tried, wait or have failed.';
