\echo Use "CREATE EXTENSION focus" to load this file. \quit

-- Helpers that nobody calls by hand.
CREATE SCHEMA focus_internal;
COMMENT ON SCHEMA focus_internal IS
'Internal helpers of the focus extension; nothing here is meant to be called.';
