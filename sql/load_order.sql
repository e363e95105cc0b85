-- What a delivery must not replace unless it is forced: newer content, and many
-- more rows.
\set main :DBNAME
CREATE DATABASE regress_focus_load TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_load
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';
-- a delivery of that many rows
CREATE FUNCTION deliver(cost numeric, nrows integer, options text DEFAULT ', mode replace') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	program text := format('printf ''BillingPeriodStart,BilledCost\n''; yes 2025-01-01,%s | head -n %s', cost, nrows);
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE format('COPY focus_cost_and_usage FROM PROGRAM %L WITH (FORMAT focus, source s %s)', program, options);
	RETURN 'loaded';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN replace(concat_ws(E'\n', state || ' ' || message, nullif(detail, ''), nullif(hint, '')), program, '...');
END;
$$;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only
CREATE VIEW current AS SELECT sum(billedcost), count(*), (SELECT count(*) FROM focus_loads) AS loads FROM focus_cost_and_usage;

-- half of the rows, and one less
SELECT deliver(1, 200);
SELECT deliver(2, 99);
SELECT deliver(2, 100);
SELECT deliver(3, 40);
TABLE current;
SELECT deliver(3, 40, ', mode replace, force');
-- less than 100 rows are replaced by any number
SELECT deliver(3.5, 1, ', mode replace, force false');
SELECT deliver(3.6, 99);
SELECT deliver(3.7, 3);
SELECT deliver(3.8, 100);
SELECT deliver(3.9, 49);
SELECT deliver(3.9, 49, ', mode replace, force');
TABLE current;
-- another share, and none
INSERT INTO focus_sources (source, min_row_share) VALUES ('s', 1);
SELECT deliver(4, 200);
SELECT deliver(5, 180);
SELECT deliver(5, 200);
UPDATE focus_sources SET min_row_share = 0;
SELECT deliver(6, 20);
UPDATE focus_sources SET min_row_share = 1.1;
-- all loads that are replaced count together
UPDATE focus_sources SET min_row_share = 0.5;
SELECT deliver(7, 180, ', mode append');
SELECT deliver(8, 80);
SELECT deliver(8, 100);
TABLE current;

-- Content that has been replaced does not come back unless it is forced.
SELECT deliver(7, 180);
SELECT deliver(7, 180, ', mode replace, force');
TABLE current;
-- it may be added, and what replaced it may be taken back
SELECT deliver(6, 20, ', mode append');
SELECT count(*) FROM (SELECT focus_unload(deliveryid) FROM focus_loads WHERE state = 'current') u;
SELECT deliver(5, 200);
TABLE current;

-- A delivery of two periods, one of which has been replaced: what is still there
-- of it is not added again.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'two');
BillingPeriodStart,BilledCost
2025-01-01,1
2025-02-01,2
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'two', mode 'replace');
BillingPeriodStart,BilledCost
2025-02-01,3
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'two', mode 'append');
BillingPeriodStart,BilledCost
2025-01-01,1
2025-02-01,2
\.
TABLE current;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'two', mode 'append', force);
BillingPeriodStart,BilledCost
2025-01-01,1
2025-02-01,2
\.
TABLE current;

\c :main
DROP DATABASE regress_focus_load;
