\echo Use "CREATE EXTENSION focus" to load this file. \quit

-- Tables of the extension are heap tables, whatever the installation's
-- default; it may even name the access method that this script creates.
SET LOCAL default_table_access_method = heap;

-- Helpers that nobody calls by hand.
CREATE SCHEMA focus_internal;
COMMENT ON SCHEMA focus_internal IS
'Internal helpers of the focus extension; nothing here is meant to be called.';
