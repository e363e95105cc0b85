-- The extension itself: version, schema, and what CREATE EXTENSION leaves.
SELECT extversion, extrelocatable FROM pg_extension WHERE extname = 'focus';
SELECT obj_description('focus_internal'::regnamespace) IS NOT NULL AS internal_schema_explained;
