-- Functions of a schema that others may create in are not called by mistake.
\set VERBOSITY terse
LOAD 'focus';
CREATE ROLE regress_focus_stranger;
GRANT CREATE ON SCHEMA public TO regress_focus_stranger;
SET ROLE regress_focus_stranger;
-- A better match than what pg_catalog has.
CREATE FUNCTION lower(name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
CREATE FUNCTION format(text, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
CREATE FUNCTION format(text, name, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
CREATE FUNCTION format(text, text, name, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
CREATE FUNCTION format(text, text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
-- The same as pg_catalog has.
CREATE FUNCTION lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
CREATE FUNCTION now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
CREATE FUNCTION array_to_string(text[], text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
CREATE FUNCTION jsonb_build_object(text, text) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured'; END $$;
RESET ROLE;

COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 's');
BilledCost,BillingPeriodStart,x_Team
1,2026-01-01T00:00:00Z,a
\.
SELECT count(*) > 0 AS validated FROM focus_validate('focus_cost_and_usage');
SELECT focus_violation_query('focus_cost_and_usage', 'CAU-ListCost-C-011-C') <> '' AS asked;
SELECT focus_export(current_setting('data_directory') || '/focus_search_path.csv', 'focus_cost_and_usage');
SELECT focus_unload(max(deliveryid)) FROM focus_loads;

-- Bodies that are parsed at each call see nothing of the extension's schema;
-- others were bound when they were created.
SELECT p.oid::regprocedure FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
	JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'focus'
WHERE p.prokind <> 'p' AND l.lanname IN ('plpgsql', 'sql') AND p.prosqlbody IS NULL
	AND NOT coalesce(p.proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}'
ORDER BY 1;
SELECT p.oid::regprocedure FROM pg_proc AS p
	JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'focus'
WHERE EXISTS (SELECT FROM unnest(p.proconfig) AS c WHERE c LIKE 'search_path=%' AND c NOT LIKE 'search_path=pg_catalog, %')
ORDER BY 1;

DROP OWNED BY regress_focus_stranger;
DROP ROLE regress_focus_stranger;
TRUNCATE focus_loads, focus_time_sectors, focus_dataset_instances;
