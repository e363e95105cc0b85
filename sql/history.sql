-- What the dataset held at an instant, of sources that keep versions.
\set main :DBNAME
CREATE DATABASE regress_focus_load TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_load
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';
\set SHOW_CONTEXT never
\pset format unaligned
-- a delivery of two accounts for each of the periods, and when it took effect
CREATE TABLE times (step text, at timestamptz);
CREATE PROCEDURE deliver(step text, source text, cost numeric, periods text[], nrows integer DEFAULT 10, mode text DEFAULT 'replace')
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('COPY focus_cost_and_usage FROM PROGRAM %L WITH (FORMAT focus, source %L, mode %s)',
		(SELECT 'printf ''BillingPeriodStart,BillingAccountId,Tags,BilledCost\n''; ' || string_agg(
			format('yes ''%s,%s,"{""k"": ""%s""}",%s'' | head -n %s', p, source, step, cost, nrows), '; ')
		 FROM unnest(periods) AS p), source, mode);
	INSERT INTO times SELECT step, max(finished_at) FROM focus_loads;
END;
$$;
CREATE FUNCTION held(step text) RETURNS TABLE (period text, nrows bigint, cost numeric, tags text)
LANGUAGE sql AS $$
	SELECT to_char(billingperiodstart, 'YYYY-MM'), count(*), sum(billedcost), string_agg(DISTINCT tags['k'], ' ')
	FROM times AS t, focus_cost_and_usage_as_of(t.at) WHERE t.step = $1 GROUP BY 1 ORDER BY 1;
$$;
CREATE VIEW kept AS
SELECT source, to_char(billingperiodstart, 'YYYY-MM') AS period, state, kept, superseded_at = (SELECT at FROM times WHERE at = superseded_at) AS by_a_load
FROM focus_loads ORDER BY loadid;

-- Off by default: what was replaced is gone, and asking for it is an error.
CALL deliver('a', 'off', 1, '{2025-01-01}');
SELECT * FROM held('a');
CALL deliver('b', 'off', 2, '{2025-01-01}');
SELECT * FROM held('b');
DO $$ BEGIN PERFORM * FROM held('a'); EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RAISE NOTICE '%', regexp_replace(SQLERRM, '20\d\d-.* UTC', '...'); END $$;
SELECT count(*) FROM focus_cost_and_usage_as_of('2000-01-01');
SELECT count(*) FROM focus_cost_and_usage_as_of(NULL);
SELECT count(*) FROM focus_superseded_cost_and_usage;
SELECT focus_unload(deliveryid) FROM focus_loads WHERE state = 'current';
TRUNCATE focus_loads;

-- Two versions of each period are kept, in row groups or not.
INSERT INTO focus_sources (source, keep_versions) VALUES ('s', 2), ('t', 2);
SET focus.debug_force_groups = on;
CALL deliver('1', 's', 1, '{2025-01-01,2025-02-01}');
CALL deliver('2', 's', 2, '{2025-01-01}');
CALL deliver('3', 's', 100, '{2025-01-01}', 2, 'append');
CALL deliver('4', 's', 3, '{2025-01-01,2025-02-01}');
RESET focus.debug_force_groups;
SELECT * FROM held('1');
SELECT * FROM held('2');
SELECT * FROM held('3');
SELECT * FROM held('4');
SELECT row_groups, group_rows, delta_rows FROM focus_columnar_info('focus_superseded_cost_and_usage');
SELECT * FROM kept;
-- nobody sees what a transaction has not committed, or has taken back
BEGIN;
CALL deliver('undone', 's', 4, '{2025-02-01}');
ROLLBACK;
SELECT * FROM held('1');
-- the third version of January takes the first away
CALL deliver('5', 's', 5, '{2025-01-01}');
SELECT * FROM held('4');
SELECT * FROM held('3');
SELECT state, kept, count(*) FROM focus_loads GROUP BY 1, 2 ORDER BY 1, 2;
DO $$ BEGIN PERFORM * FROM held('1'); EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RAISE NOTICE '%', regexp_replace(SQLERRM, '20\d\d-.* UTC', '...'); END $$;
SELECT sum(billedcost) FROM focus_superseded_cost_and_usage;

-- What is taken back is kept too; between two instants each row counts once.
SELECT focus_unload(deliveryid) FROM focus_loads WHERE state = 'current' AND billingperiodstart = '2025-01-01';
SELECT * FROM held('5');
SELECT to_char(billingperiodstart, 'YYYY-MM'), sum(billedcost) FROM focus_cost_and_usage_as_of(clock_timestamp()) GROUP BY 1;
SELECT superseded_at - interval '1 microsecond' AS before, superseded_at AS after FROM focus_loads
WHERE state = 'replaced' AND kept ORDER BY loadid DESC LIMIT 1 \gset
SELECT sum(billedcost) FROM focus_cost_and_usage_as_of(:'before') WHERE billingperiodstart = '2025-01-01';
SELECT sum(billedcost) FROM focus_cost_and_usage_as_of(:'after') WHERE billingperiodstart = '2025-01-01';

-- Loads that share a row group with others, rows deleted by hand, and a
-- column of one's own: row by row.
CALL deliver('6', 't', 1, '{2025-05-01,2025-06-01}', 3000);
CALL focus_compact('focus_cost_and_usage');
DELETE FROM focus_cost_and_usage WHERE ctid = (SELECT max(ctid) FROM focus_cost_and_usage WHERE billingperiodstart = '2025-06-01');
CALL deliver('7', 't', 2, '{2025-05-01}', 3000);
SELECT * FROM held('6') WHERE period > '2025-04';
ALTER TABLE focus_cost_and_usage ADD COLUMN x_mine text DEFAULT 'm';
CALL deliver('8', 't', 3, '{2025-06-01}', 3000);
SELECT * FROM held('6') WHERE period > '2025-04';
SELECT * FROM held('7') WHERE period > '2025-04';
SELECT * FROM held('8') WHERE period > '2025-04';
SELECT * FROM focus_check('focus_superseded_cost_and_usage');
ALTER TABLE focus_cost_and_usage DROP COLUMN x_mine;
CALL deliver('9', 't', 4, '{2025-06-01}', 3000);
SELECT * FROM held('8') WHERE period > '2025-04';

-- No version more, and those that are there go with the next.
UPDATE focus_sources SET keep_versions = 0;
CALL deliver('10', 't', 5, '{2025-05-01}', 3000);
SELECT to_char(billingperiodstart, 'YYYY-MM') AS period, count(*) FROM focus_superseded_cost_and_usage GROUP BY 1 ORDER BY 1;
UPDATE focus_sources SET keep_versions = -1;

-- Filters go through; rows of no load are left out, with a warning.
\pset format aligned
CREATE FUNCTION filters() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) SELECT sum(billedcost) FROM focus_cost_and_usage_as_of(''2025-01-01'') WHERE servicecategory = ''Compute''' LOOP
		IF line ~ 'FocusScan|Filter' THEN
			RETURN NEXT regexp_replace(ltrim(line), 'ANY .*', 'ANY ...');
		END IF;
	END LOOP;
END $$;
SELECT * FROM filters();
INSERT INTO focus_cost_and_usage (billedcost) VALUES (1);
SELECT count(*) FROM focus_cost_and_usage_as_of('2000-01-01');

-- Who reads it
CREATE ROLE regress_focus_reader;
GRANT SELECT ON focus_cost_and_usage, focus_loads TO regress_focus_reader;
SET ROLE regress_focus_reader;
SELECT count(*) FROM focus_cost_and_usage_as_of('2000-01-01');
RESET ROLE;
DROP OWNED BY regress_focus_reader;
DROP ROLE regress_focus_reader;
\c :main
DROP DATABASE regress_focus_load;
