-- Functions and types that queries of the public FOCUS library take from other
-- SQL dialects.  They do nothing until the schema is put into search_path.

CREATE SCHEMA focus_compat;
COMMENT ON SCHEMA focus_compat IS
'Functions of other SQL dialects that queries of the public FOCUS library call; opt in by search_path.';
GRANT USAGE ON SCHEMA focus_compat TO PUBLIC;

CREATE DOMAIN focus_compat.float64 AS numeric;
COMMENT ON DOMAIN focus_compat.float64 IS
'BigQuery''s name for a double, here numeric: money is exact.';

CREATE DOMAIN focus_compat.unsigned AS numeric CHECK (VALUE >= 0);
COMMENT ON DOMAIN focus_compat.unsigned IS
'MySQL''s name for an integer that is not negative.';

CREATE FUNCTION focus_compat.month(instant timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT extract(month FROM instant AT TIME ZONE 'UTC')::integer;
END;
COMMENT ON FUNCTION focus_compat.month(timestamptz) IS
'Month of the year, 1 to 12, in UTC.';

CREATE FUNCTION focus_compat.json_extract(document jsonb, path text) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_path_query_first(document, path::jsonpath);
END;
COMMENT ON FUNCTION focus_compat.json_extract(jsonb, text) IS
'The first item that an SQL/JSON path finds; NULL when there is none.';

CREATE FUNCTION focus_compat.json_extract(tags focus_tags, path text) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_path_query_first(tags::jsonb, path::jsonpath);
END;
COMMENT ON FUNCTION focus_compat.json_extract(focus_tags, text) IS
'The first item that an SQL/JSON path finds in tags; NULL when there is none.';

CREATE FUNCTION focus_compat.json_unquote(item jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT item #>> '{}';
END;
COMMENT ON FUNCTION focus_compat.json_unquote(jsonb) IS
'A JSON scalar as text without quotes; NULL for JSON null.';

CREATE FUNCTION focus_compat."json_value"(document jsonb, path text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_path_query_first(document, path::jsonpath) #>> '{}';
END;
COMMENT ON FUNCTION focus_compat."json_value"(jsonb, text) IS
'The first item that an SQL/JSON path finds, as text. PostgreSQL 17 and later have JSON_VALUE of their own and use that.';

CREATE FUNCTION focus_compat.json_extract_array(document jsonb, path text) RETURNS jsonb[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT array_agg(e.item ORDER BY e.ordinality)
	FROM jsonb_path_query_first(document, path::jsonpath) AS found(item)
		CROSS JOIN LATERAL jsonb_array_elements(
			CASE jsonb_typeof(found.item) WHEN 'array' THEN found.item END)
			WITH ORDINALITY AS e(item, ordinality);
END;
COMMENT ON FUNCTION focus_compat.json_extract_array(jsonb, text) IS
'The elements of the array that an SQL/JSON path finds; NULL when it finds no array or an empty one.';

CREATE FUNCTION focus_compat.json_contains_path(tags focus_tags, which text, VARIADIC paths text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE lower(which)
			WHEN 'all' THEN bool_and(jsonb_path_exists(tags::jsonb, p::jsonpath))
			WHEN 'one' THEN bool_or(jsonb_path_exists(tags::jsonb, p::jsonpath))
		END
	FROM unnest(paths) AS p;
END;
COMMENT ON FUNCTION focus_compat.json_contains_path(focus_tags, text, text[]) IS
'Are all (''all'') or any (''one'') of the paths in the tags? NULL for any other word.';
