-- Loading files.

CREATE FUNCTION focus_load(
	path			text,
	source			text DEFAULT NULL,
	mode			text DEFAULT NULL,
	provider		text DEFAULT NULL,
	focus_version	text DEFAULT NULL,
	reject_limit	bigint DEFAULT NULL,
	strict			boolean DEFAULT false,
	force			boolean DEFAULT false,
	mapping			text DEFAULT NULL,
	OUT loadid			bigint,
	OUT rows_stored		bigint,
	OUT rows_rejected	bigint,
	OUT rows_replaced	bigint,
	OUT totals			jsonb,
	OUT seconds			numeric)
AS 'MODULE_PATHNAME', 'focus_load'
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 100000;
COMMENT ON FUNCTION focus_load(text, text, text, text, text, bigint, boolean, boolean, text) IS
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
	closed @extschema@.focus_loads;
BEGIN
	PERFORM focus_internal.lock_deliveries();
	UPDATE @extschema@.focus_loads l SET state = 'removed'
	WHERE l.deliveryid = focus_unload.deliveryid AND l.state IN ('current', 'rejected', 'empty');
	IF NOT FOUND THEN
		RAISE EXCEPTION 'delivery % is not loaded', deliveryid
			USING ERRCODE = 'no_data_found', HINT = 'See focus_loads for the deliveries that are.';
	END IF;
	SELECT array_agg(l.loadid) INTO loads
	FROM @extschema@.focus_loads l WHERE l.deliveryid = focus_unload.deliveryid AND l.state = 'removed';
	SELECT l.* INTO closed
	FROM @extschema@.focus_loads l JOIN @extschema@.focus_closed_periods p
		ON p.reopened_at IS NULL AND (p.source = l.source OR p.source IS NULL)
			AND p.billingperiodstart = date_trunc('month', l.billingperiodstart, 'UTC')
	WHERE l.loadid = ANY (loads) AND l.rows_stored > 0
	ORDER BY l.loadid LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'billing period % of source "%" is closed', to_char(closed.billingperiodstart AT TIME ZONE 'UTC', 'YYYY-MM'), closed.source
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = format('Delivery %s has rows of it.', deliveryid),
				HINT = 'Deliver corrections as rows of ChargeClass Correction, or reopen the period by focus_reopen_period.';
	END IF;
	removed := focus_internal.supersede(loads, clock_timestamp());
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

-- Parameters as src/load/progress.c numbers them, from 1.
CREATE VIEW focus_load_progress AS
SELECT p.pid, d.datname, p.relid::regclass AS dataset, p.param19 AS files, p.param20 AS file_number,
	(ARRAY['storing', 'reading', 'mapping', 'finishing'])[p.param17 + 1] AS phase,
	p.param1 AS bytes_processed, nullif(p.param2, 0) AS bytes_total, p.param16 AS rows_read, p.param3 AS rows_stored, p.param4 AS rows_rejected,
	s.started_at,
	CASE WHEN p.param1 > 0 AND p.param2 > 0
		 THEN s.started_at + (clock_timestamp() - s.started_at) * (p.param2::float8 / p.param1) END AS expected_end
FROM pg_stat_get_progress_info('COPY') AS p
	JOIN pg_database AS d ON d.oid = p.datid AND d.datname = current_database()
	CROSS JOIN LATERAL (SELECT timestamptz '2000-01-01 00:00Z' + make_interval(secs => p.param18 / 1e6)) AS s(started_at)
WHERE p.param18 > 0;
GRANT SELECT ON focus_load_progress TO PUBLIC;
COMMENT ON VIEW focus_load_progress IS
'Loads that are going on in this database, and how far they are; others'' only for those who may read all statistics.';
COMMENT ON COLUMN focus_load_progress.pid IS 'Server process.';
COMMENT ON COLUMN focus_load_progress.datname IS 'This database.';
COMMENT ON COLUMN focus_load_progress.dataset IS 'Table that rows are stored in.';
COMMENT ON COLUMN focus_load_progress.files IS 'Files of the delivery.';
COMMENT ON COLUMN focus_load_progress.file_number IS 'Which of them is being read, in the order of their paths, from 1.';
COMMENT ON COLUMN focus_load_progress.phase IS 'storing: rows are stored as they are read. reading: rows are read for a mapping, which needs all of them. mapping: that makes rows and stores them. finishing: all is stored and takes effect when other deliveries are done.';
COMMENT ON COLUMN focus_load_progress.bytes_processed IS 'Bytes read, before inflation.';
COMMENT ON COLUMN focus_load_progress.bytes_total IS 'Bytes of all files. NULL: not known, of a stream.';
COMMENT ON COLUMN focus_load_progress.rows_read IS 'Rows read, those in quarantine included.';
COMMENT ON COLUMN focus_load_progress.rows_stored IS 'Rows stored.';
COMMENT ON COLUMN focus_load_progress.rows_rejected IS 'Rows in quarantine.';
COMMENT ON COLUMN focus_load_progress.started_at IS 'When it began.';
COMMENT ON COLUMN focus_load_progress.expected_end IS 'When all will have been read if it goes on like this. NULL: not known.';
