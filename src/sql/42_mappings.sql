-- Mappings: files that are not FOCUS become rows of FOCUS.

CREATE TABLE focus_mappings
(
	mapping			text PRIMARY KEY,
	provider		text,
	detect			text[],
	records			text,
	leave_out		text,
	reject			text,
	description		text NOT NULL,
	lacks			text,
	shipped			boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE focus_mappings IS
'Formats that are not FOCUS and can be loaded all the same. Those that the extension brings, and yours.';
COMMENT ON COLUMN focus_mappings.mapping IS
'Name of the mapping, as passed to focus_load.';
COMMENT ON COLUMN focus_mappings.provider IS
'ServiceProviderName of rows where no expression gives one, unless the call or focus_sources names it.';
COMMENT ON COLUMN focus_mappings.detect IS
'Names of columns, folded, by which a file is told: all that one element lists have to be there. NULL: any file, if the mapping is named.';
COMMENT ON COLUMN focus_mappings.records IS
'Query over relation raw that gives file, line, record and cells, and perhaps more for the expressions. NULL: the rows of raw as they are.';
COMMENT ON COLUMN focus_mappings.leave_out IS
'Expression: why a row is not one of cost and is left out, which becomes a finding; null for others.';
COMMENT ON COLUMN focus_mappings.reject IS
'Expression: why a row cannot be mapped and goes to quarantine; null for others.';
COMMENT ON COLUMN focus_mappings.description IS
'What the format is.';
COMMENT ON COLUMN focus_mappings.lacks IS
'Columns of FOCUS that the format says nothing of.';
COMMENT ON COLUMN focus_mappings.shipped IS
'Whether the extension brings it. Such rows are not dumped: an update of the extension may change them.';

CREATE TABLE focus_mapping_columns
(
	mapping			text NOT NULL REFERENCES focus_mappings ON UPDATE CASCADE ON DELETE CASCADE,
	columnname		text NOT NULL,
	expression		text NOT NULL,
	PRIMARY KEY (mapping, columnname)
);
COMMENT ON TABLE focus_mapping_columns IS
'How a mapping fills the columns of FOCUS.';
COMMENT ON COLUMN focus_mapping_columns.mapping IS
'Mapping that the column is of.';
COMMENT ON COLUMN focus_mapping_columns.columnname IS
'Column of Cost and Usage, or a name that begins with x_, which goes to x_columns.';
COMMENT ON COLUMN focus_mapping_columns.expression IS
'SQL expression over the row: cells ->> ''name'' is a cell by its folded name, record ->> ''Name'' by its name as sent.';

SELECT pg_catalog.pg_extension_config_dump('focus_mappings', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('focus_mapping_columns',
	'WHERE mapping IN (SELECT m.mapping FROM @extschema@.focus_mappings AS m WHERE NOT m.shipped)');
GRANT SELECT ON focus_mappings, focus_mapping_columns TO PUBLIC;

CREATE FUNCTION focus_number(value text)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_number'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_number(text) IS
'The number that a cell of a file is read as; null for a null, NaN for what is no number, so that its row is rejected.';

CREATE FUNCTION focus_instant(value text)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'focus_instant'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_instant(text) IS
'The instant that a cell of a file is read as; null for a null, infinity for what is none, so that its row is rejected.';

CREATE FUNCTION focus_members(record jsonb, prefix text)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'focus_members'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_members(jsonb, text) IS
'The members of a JSON object whose keys begin with the prefix, by what follows it; null where there are none. For tags in columns of their own.';

-- A row that waits for a mapping's query, and what the query sees of it.
CREATE TYPE focus_internal.staged_row;

CREATE FUNCTION focus_internal.staged_row_in(cstring)
RETURNS focus_internal.staged_row
AS 'MODULE_PATHNAME', 'focus_staged_row_in'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.staged_row_in(cstring) IS
'Raises an error: only the loader makes staged rows.';

CREATE FUNCTION focus_internal.staged_row_out(focus_internal.staged_row)
RETURNS cstring
AS 'MODULE_PATHNAME', 'focus_staged_row_out'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.staged_row_out(focus_internal.staged_row) IS
'Raises an error: staged rows have no text.';

CREATE TYPE focus_internal.staged_row
(
	INPUT = focus_internal.staged_row_in,
	OUTPUT = focus_internal.staged_row_out,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4
);
COMMENT ON TYPE focus_internal.staged_row IS
'A row of a file that a mapping reads, while it is being loaded.';

CREATE FUNCTION focus_internal.staged_record(file integer, line bigint, sent focus_internal.staged_row)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'focus_staged_record'
LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 50;
COMMENT ON FUNCTION focus_internal.staged_record(integer, bigint, focus_internal.staged_row) IS
'The cells of a staged row, by name as sent.';

CREATE FUNCTION focus_internal.staged_cells(file integer, line bigint, sent focus_internal.staged_row)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'focus_staged_cells'
LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 50;
COMMENT ON FUNCTION focus_internal.staged_cells(integer, bigint, focus_internal.staged_row) IS
'The cells of a staged row, by folded name.';

CREATE FUNCTION focus_load_records(
	query			text,
	mapping			text,
	source			text DEFAULT NULL,
	mode			text DEFAULT NULL,
	provider		text DEFAULT NULL,
	reject_limit	bigint DEFAULT NULL,
	OUT loadid			bigint,
	OUT rows_stored		bigint,
	OUT rows_rejected	bigint,
	OUT rows_replaced	bigint,
	OUT totals			jsonb,
	OUT seconds			numeric)
AS 'MODULE_PATHNAME', 'focus_load_records'
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 100000;
COMMENT ON FUNCTION focus_load_records(text, text, text, text, text, bigint) IS
'Loads what a query gives, one jsonb a record, by a mapping, as one delivery.';
