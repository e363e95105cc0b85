-- Export: FOCUS as CSV again, with the names and formats of the specification.

CREATE FUNCTION focus_internal.export_time(value timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- Fractions are not of the format, but are not to be lost either.
	SELECT CASE
		WHEN NOT isfinite($1) THEN $1::text
		ELSE to_char($1 AT TIME ZONE 'UTC', CASE WHEN date_trunc('second', $1, 'UTC') = $1
			THEN 'YYYY-MM-DD"T"HH24:MI:SS"Z"' ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' END)
			|| CASE WHEN extract(year FROM $1 AT TIME ZONE 'UTC') < 0 THEN ' BC' ELSE '' END END;
END;
COMMENT ON FUNCTION focus_internal.export_time(timestamptz) IS
'An instant in the Date/Time Format of FOCUS.';

CREATE FUNCTION focus_internal.export_custom_columns(relation regclass, dataset text)
RETURNS TABLE (column_name text, expression text)
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	others	name;
	keys	text[] := '{}';
	key		text;
	taken	text[] := ARRAY(SELECT a.attname FROM pg_attribute AS a
							WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
	SELECT a.attname INTO others FROM pg_attribute AS a
	WHERE a.attrelid = relation AND a.attname = 'x_columns' AND a.atttypid = 'jsonb'::regtype;
	IF FOUND THEN
		EXECUTE format('SELECT array_agg(DISTINCT k ORDER BY k) FROM %s AS charge, jsonb_object_keys('
					   'CASE WHEN jsonb_typeof(x_columns) = ''object'' THEN x_columns END) AS k', relation)
		INTO keys;
	END IF;
	RETURN QUERY
	SELECT a.attname::text, format('charge.%I::text', a.attname)
	FROM pg_attribute AS a
	WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attname LIKE 'x\_%' AND a.attname NOT IN ('x_columns', 'x_loadid');
	-- A row may have both foo and x_foo: each key has a name of its own.
	FOR key IN
		SELECT k FROM unnest(keys) AS k
		WHERE lower(k) NOT IN (SELECT lower(f.column_id) FROM @extschema@.focus_columns AS f
							   WHERE f.dataset = $2 AND f.data_type IN ('jsonb', 'focus_tags'))
		ORDER BY k LIKE 'x\_%' DESC, k COLLATE "C"
	LOOP
		column_name := CASE WHEN key LIKE 'x\_%' THEN key ELSE 'x_' || key END;
		WHILE column_name = ANY (taken) LOOP
			column_name := 'x_' || column_name;
		END LOOP;
		IF octet_length(column_name) > 63 THEN
			RAISE EXCEPTION 'name of custom column "%" is longer than 63 bytes', column_name
				USING ERRCODE = 'program_limit_exceeded',
					HINT = 'Export a view whose x_columns does not have this key.';
		END IF;
		taken := taken || column_name;
		expression := format('charge.x_columns ->> %L', key);
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION focus_internal.export_custom_columns(regclass, text) IS
'Columns of a relation that FOCUS does not define, those in x_columns included, under names that begin with x_.';

CREATE FUNCTION focus_export_query(relation regclass, focus_version text DEFAULT '1.3')
RETURNS text
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	about	text := focus_internal.conformance_dataset(relation);
	list	text;
	number	bigint;
BEGIN
	PERFORM focus_internal.check_conformance_arguments(focus_version, NULL, 0, 0);
	WITH attribute AS
	(
		SELECT DISTINCT ON (lower(a.attname)) lower(a.attname) AS column_name,
			format('charge.%I', a.attname) AS quoted, focus_internal.base_type(a.atttypid)::regtype AS type
		FROM pg_attribute AS a
		WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY lower(a.attname), a.attname = lower(a.attname) DESC, a.attnum
	),
	exported AS
	(
		SELECT 0 AS part, f.position, f.column_id AS column_name,
			format(CASE
				WHEN a.type = 'timestamptz'::regtype THEN 'focus_internal.export_time(%s)'
				WHEN a.type = 'timestamp'::regtype THEN 'focus_internal.export_time(%s AT TIME ZONE ''UTC'')'
				WHEN a.type = 'date'::regtype THEN 'focus_internal.export_time(%s::timestamp AT TIME ZONE ''UTC'')'
				WHEN x.quoted IS NOT NULL AND f.data_type IN ('jsonb', 'focus_tags') THEN 'coalesce(%s::text, %s #>> ''{}'')'
				ELSE '%s::text' END, a.quoted, focus_internal.kept_cell(x.quoted, f.column_id)) AS expression
		FROM @extschema@.focus_columns AS f
			JOIN attribute AS a ON a.column_name = lower(f.column_id)
			LEFT JOIN attribute AS x ON x.column_name = 'x_columns' AND x.type = 'jsonb'::regtype
		WHERE f.dataset = about
			AND CASE WHEN f.introduced_version < '1.1' THEN '1.0' ELSE f.introduced_version END <= focus_version
		UNION ALL
		SELECT 1, row_number() OVER (ORDER BY c.column_name COLLATE "C"), c.column_name, c.expression
		FROM focus_internal.export_custom_columns(relation, about) AS c
	)
	SELECT string_agg(format('%s AS %I', e.expression, e.column_name), ', ' ORDER BY e.part, e.position), count(*)
	INTO list, number FROM exported AS e;
	IF number > 1664 THEN
		RAISE EXCEPTION '"%" has too many columns to export', (SELECT c.relname FROM pg_class AS c WHERE c.oid = relation)
			USING ERRCODE = 'program_limit_exceeded',
				DETAIL = format('There are %s columns, keys of x_columns among them. A query can have 1664.', number),
				HINT = 'Export views whose x_columns has fewer keys.';
	END IF;
	RETURN (SELECT format('SELECT %s FROM %I.%I AS charge', list, n.nspname, c.relname)
			FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = relation);
END
$$;
COMMENT ON FUNCTION focus_export_query(regclass, text) IS
'The text of a query for the rows of a table or view as FOCUS writes them: its column names, its order, its formats.';

CREATE FUNCTION focus_export(path text, relation regclass, focus_version text DEFAULT '1.3')
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rows_written bigint;
BEGIN
	EXECUTE format('COPY (%s) TO %L WITH (FORMAT csv, HEADER, ENCODING ''UTF8'')',
				   @extschema@.focus_export_query(relation, focus_version), path);
	GET DIAGNOSTICS rows_written = ROW_COUNT;
	RETURN rows_written;
END
$$;
COMMENT ON FUNCTION focus_export(text, regclass, text) IS
'Writes the rows of a table or view into a FOCUS CSV file of the server; returns their number.';

-- The dataset has no custom columns yet, so that the view has none.
DO $$
BEGIN
	EXECUTE 'CREATE VIEW focus_export_1_3 WITH (security_invoker = true) AS ' || focus_export_query('focus_cost_and_usage');
END
$$;
COMMENT ON VIEW focus_export_1_3 IS
'Cost and Usage as FOCUS 1.3 writes it: every column as text, under its name in the specification''s spelling.';
