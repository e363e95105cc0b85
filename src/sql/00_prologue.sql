\echo Use "CREATE EXTENSION focus" to load this file. \quit

-- Tables of the extension are heap tables, whatever the installation's
-- default; it may even name the access method that this script creates.
SET LOCAL default_table_access_method = heap;

-- Helpers that nobody calls by hand.  They run with the rights of the caller of
-- the functions in front of them, who therefore must be able to name them.
CREATE SCHEMA focus_internal;
GRANT USAGE ON SCHEMA focus_internal TO PUBLIC;
COMMENT ON SCHEMA focus_internal IS
'Internal helpers of the focus extension; nothing here is meant to be called.';
