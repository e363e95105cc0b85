-- Loading files.

CREATE FUNCTION focus_load(
	path			text,
	source			text DEFAULT NULL,
	mode			text DEFAULT NULL,
	provider		text DEFAULT NULL,
	focus_version	text DEFAULT NULL,
	reject_limit	bigint DEFAULT NULL,
	strict			boolean DEFAULT false,
	mapping			text DEFAULT NULL,
	OUT loadid			bigint,
	OUT rows_stored		bigint,
	OUT rows_rejected	bigint,
	OUT rows_replaced	bigint,
	OUT totals			jsonb,
	OUT seconds			numeric)
AS 'MODULE_PATHNAME', 'focus_load'
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 100000;
COMMENT ON FUNCTION focus_load(text, text, text, text, text, bigint, boolean, text) IS
'Loads files of the server, a file, a directory, a glob or those of a manifest, as one delivery: FOCUS, or what a mapping makes FOCUS of.';

CREATE FUNCTION focus_unload(deliveryid bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $$
DECLARE
	loads bigint[];
	removed bigint;
	removed_rows bigint;
	dataset text;
BEGIN
	-- the lock under which deliveries decide what they replace
	PERFORM pg_catalog.pg_advisory_xact_lock(x'666f6373'::integer, 0);
	UPDATE @extschema@.focus_loads l SET state = 'removed'
	WHERE l.deliveryid = focus_unload.deliveryid AND l.state IN ('current', 'rejected', 'empty');
	IF NOT FOUND THEN
		RAISE EXCEPTION 'delivery % is not loaded', deliveryid
			USING ERRCODE = 'no_data_found', HINT = 'See focus_loads for the deliveries that are.';
	END IF;
	SELECT array_agg(l.loadid), min(l.dataset) INTO loads, dataset
	FROM @extschema@.focus_loads l WHERE l.deliveryid = focus_unload.deliveryid AND l.state = 'removed';
	IF dataset = 'CostAndUsage' THEN
		removed := @extschema@.focus_delete_groups('@extschema@.focus_cost_and_usage', 'x_loadid', loads);
		DELETE FROM @extschema@.focus_cost_and_usage WHERE x_loadid = ANY (loads);
	ELSE
		removed := 0;
		DELETE FROM @extschema@.focus_contract_commitment WHERE x_loadid = ANY (loads);
	END IF;
	GET DIAGNOSTICS removed_rows = ROW_COUNT;
	removed := removed + removed_rows;
	UPDATE @extschema@.focus_time_sectors s SET timesectorlastupdated = now()
	FROM @extschema@.focus_loads l
	WHERE l.loadid = ANY (loads) AND l.rows_stored > 0
	AND s.datasetinstanceid = l.dataset || ':' || l.source AND s.timesectorstart = l.billingperiodstart;
	UPDATE @extschema@.focus_dataset_instances i SET recencylastupdated = now(), datasetinstancelastupdated = now()
	FROM @extschema@.focus_loads l
	WHERE l.loadid = ANY (loads) AND l.rows_stored > 0 AND i.datasetinstanceid = l.dataset || ':' || l.source;
	DELETE FROM @extschema@.focus_rejected_rows r WHERE r.loadid = ANY (loads);
	DELETE FROM @extschema@.focus_load_findings f WHERE f.deliveryid = focus_unload.deliveryid;
	RETURN removed;
END;
$$;
COMMENT ON FUNCTION focus_unload(bigint) IS
'Takes a delivery back: removes its rows, its rejected rows and its findings, marks its loads as removed, and returns the number of rows removed from the dataset.';
