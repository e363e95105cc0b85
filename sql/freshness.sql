-- How far the data of each source reaches.
SET timezone = 'Asia/Kolkata';
SELECT * FROM focus_freshness;

-- A source that delivers each day: hours of 2, 3 and 5 January and of March, a
-- support fee of a whole month, and one charge without an end.
CREATE FUNCTION pg_temp.deliver(source text, period date, days date[], loaded timestamptz, hours integer DEFAULT 1) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	id bigint := nextval('focus_loadid_seq');
BEGIN
	INSERT INTO focus_loads VALUES (id, id, 'CostAndUsage', source, period::timestamp AT TIME ZONE 'UTC', '{}', 'current',
		'append', NULL, 'STDIN', 1, 1, id::text, source, '1.3', cardinality(days), 0, '{}', loaded, loaded);
	INSERT INTO focus_cost_and_usage (chargecategory, chargeperiodstart, chargeperiodend, billedcost, x_loadid)
	SELECT 'Usage', d::timestamp AT TIME ZONE 'UTC', (d::timestamp + make_interval(hours => hours)) AT TIME ZONE 'UTC', 1, id
	FROM unnest(days) AS d;
END $$;
SELECT pg_temp.deliver('daily', '2026-01-01', '{2026-01-02,2026-01-03}', '2026-01-04 06:00Z');
SELECT pg_temp.deliver('daily', '2026-01-01', '{2026-01-05}', '2026-01-05 06:00Z');
SELECT pg_temp.deliver('daily', '2026-03-01', '{2026-03-01}', '2026-01-08 06:00Z');
SELECT pg_temp.deliver('monthly', '2026-01-01', '{2026-01-01}', '2026-02-01 06:00Z', 744);
SELECT pg_temp.deliver('endless', '2026-01-01', '{2026-01-01}', '2026-02-01 06:00Z');
UPDATE focus_cost_and_usage SET chargeperiodend = 'infinity'
WHERE x_loadid = (SELECT loadid FROM focus_loads WHERE source = 'endless');
INSERT INTO focus_dataset_instances VALUES ('CostAndUsage:daily', 'daily', 'CostAndUsage', now(), now());
INSERT INTO focus_time_sectors VALUES ('CostAndUsage:daily', '2026-01-01 00:00Z', '2026-02-01 00:00Z', true, now());

SET timezone = 'UTC';
\x on
SELECT source, periods, complete_periods, missing_periods, data_from, data_until, cardinality(missing_days) AS missing_days,
	missing_days[1:3] AS first_missing, lag FROM focus_freshness_at('2026-03-03 00:00Z') ORDER BY source;
SELECT source, deliveries, last_delivery, delivery_interval, expected_next, overdue
FROM focus_freshness_at('2026-01-10 06:30Z') ORDER BY source;
SELECT source, deliveries, last_delivery, delivery_interval, expected_next, overdue
FROM focus_freshness_at('2026-01-09 06:00Z') ORDER BY source;
-- A replaced delivery counts for the rhythm, not for the data; one that was taken back counts for neither.
UPDATE focus_loads SET state = 'replaced' WHERE finished_at = '2026-01-05 06:00Z';
DELETE FROM focus_cost_and_usage WHERE chargeperiodstart = '2026-01-05 00:00Z';
UPDATE focus_loads SET state = 'removed' WHERE source = 'daily' AND billingperiodstart = '2026-03-01 00:00Z';
DELETE FROM focus_cost_and_usage WHERE chargeperiodstart = '2026-03-01 00:00Z';
SELECT source, periods, data_until, missing_days, deliveries, delivery_interval FROM focus_freshness WHERE source = 'daily';
\x off
SELECT * FROM focus_freshness_at(NULL);

-- The transaction that loads sees its delivery at once.
LOAD 'focus';
BEGIN;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'just now');
BilledCost,BillingPeriodStart
1,2026-01-01T00:00:00Z
\.
SELECT source, periods, deliveries FROM focus_freshness WHERE source = 'just now';
ROLLBACK;

DELETE FROM focus_cost_and_usage;
TRUNCATE focus_loads, focus_time_sectors, focus_dataset_instances;
