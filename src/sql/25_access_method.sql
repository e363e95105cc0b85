CREATE FUNCTION focus_am_handler(internal) RETURNS table_am_handler
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_am_handler(internal) IS
'handler of the table access method focus';

CREATE ACCESS METHOD focus TYPE TABLE HANDLER focus_am_handler;
COMMENT ON ACCESS METHOD focus IS 'tables for billing data';
