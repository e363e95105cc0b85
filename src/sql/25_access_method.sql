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
