-- Every unit of Microsoft's open list of pricing units, read in place from
-- FOCUS_SHARED, is a unit or is refused for a reason that is right.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off
SET client_min_messages = warning;
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS focus;
-- server and client are one user here, so what psql can read the server can
\set file `echo "$FOCUS_SHARED/data/azure/opendata_PricingUnits.csv"`
\set missing `test -r "$FOCUS_SHARED/data/azure/opendata_PricingUnits.csv" && echo false || echo true`

SELECT plan(6);
\if :missing
SELECT skip('no list of pricing units in FOCUS_SHARED', 6);
\else
CREATE TEMPORARY TABLE listed
(
	written text,
	accounts text,
	block numeric,
	distinct_unit text
);
COPY listed FROM :'file' (FORMAT csv, HEADER true);

CREATE FUNCTION pg_temp.refusal(written text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM written::focus_unit;
	RETURN NULL;
EXCEPTION WHEN invalid_text_representation THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN regexp_replace(detail, '^At byte \d+: ', '');
END;
$$;

CREATE TEMPORARY TABLE parsed AS
SELECT *, focus_try_unit(written) AS unit, pg_temp.refusal(written) AS reason FROM listed;

SELECT is(count(*), 383::bigint, 'the list is the one whose counts follow') FROM parsed;
SELECT is(count(unit), 376::bigint, 'accepted') FROM parsed;
SELECT results_eq(
	'SELECT reason, count(*) FROM parsed WHERE unit IS NULL GROUP BY reason ORDER BY reason',
	$$ VALUES ('A quantity is followed by a blank, or by K, M, B or T.', 1::bigint),
		('A quantity stands only in front of a unit.', 2),
		('A unit consists of letters, digits, "_" and ".".', 3),
		('A unit holds neither control characters nor no-break spaces.', 1) $$,
	'refused, by reason');
SELECT is(count(*), 0::bigint, 'each is accepted or has a reason') FROM parsed
WHERE (unit IS NULL) <> (reason IS NOT NULL);
SELECT is_empty(
	$$ SELECT written, focus_unit_block(unit), block FROM parsed
	   WHERE focus_unit_block(unit) <> block AND written !~ ' Million$' $$,
	'the block size is the one that Microsoft lists');
SELECT is_empty(
	'SELECT distinct_unit FROM parsed WHERE focus_try_unit(distinct_unit) IS NULL',
	'each of Microsoft''s normalised units is a unit');
\endif
SELECT * FROM finish();
ROLLBACK;
