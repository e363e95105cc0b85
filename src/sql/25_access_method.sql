CREATE FUNCTION focus_am_handler(internal) RETURNS table_am_handler
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_am_handler(internal) IS
'handler of the table access method focus';

CREATE ACCESS METHOD focus TYPE TABLE HANDLER focus_am_handler;
COMMENT ON ACCESS METHOD focus IS 'tables for billing data';

CREATE PROCEDURE focus_compact(regclass)
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON PROCEDURE focus_compact(regclass) IS
'packs the rows of a table with access method focus into row groups; for the table''s owner';

CREATE FUNCTION focus_delete_groups(regclass, name, bigint[]) RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION focus_delete_groups(regclass, name, bigint[]) IS
'deletes the row groups in all of whose rows the column is one of the values; returns the number of rows';

CREATE FUNCTION focus_internal.move_groups(regclass, regclass, name, bigint[]) RETURNS bigint
AS 'MODULE_PATHNAME', 'focus_move_groups' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION focus_internal.move_groups(regclass, regclass, name, bigint[]) IS
'moves the row groups in all of whose rows the column is one of the values to another table of the same columns; returns the number of rows';

CREATE FUNCTION focus_columnar_info(
	regclass,
	OUT relation regclass,
	OUT row_groups bigint,
	OUT group_rows bigint,
	OUT deleted_rows bigint,
	OUT delta_rows bigint,
	OUT group_bytes bigint,
	OUT delta_bytes bigint,
	OUT toast_bytes bigint,
	OUT bytes_per_row numeric)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 1 COST 10000;
COMMENT ON FUNCTION focus_columnar_info(regclass) IS
'rows and bytes of a table with access method focus, in row groups and in its delta';

CREATE FUNCTION focus_columnar_columns(
	regclass,
	OUT relation regclass,
	OUT column_name name,
	OUT encoding text,
	OUT row_groups bigint,
	OUT group_rows bigint,
	OUT nulls bigint,
	OUT entries bigint,
	OUT bytes bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 100 COST 10000;
COMMENT ON FUNCTION focus_columnar_columns(regclass) IS
'how each column of a table with access method focus is stored in row groups';

CREATE FUNCTION focus_check(
	regclass,
	check_indexes boolean DEFAULT true,
	OUT relation regclass,
	OUT row_group integer,
	OUT column_name name,
	OUT tid tid,
	OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1 COST 100000;
COMMENT ON FUNCTION focus_check(regclass, boolean) IS
'problems in the storage of a table with access method focus, of which there should be none; for the table''s owner';
