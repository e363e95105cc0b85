-- Freshness: how far the data of each source reaches, and when more is due.

CREATE FUNCTION focus_freshness_at(as_of timestamptz)
RETURNS TABLE
(
	dataset            text,
	source             text,
	periods            bigint,
	complete_periods   bigint,
	missing_periods    date[],
	data_from          timestamptz,
	data_until         timestamptz,
	missing_days       date[],
	lag                interval,
	deliveries         bigint,
	last_delivery      timestamptz,
	delivery_interval  interval,
	expected_next      timestamptz,
	overdue            interval
)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH delivery AS
	(
		SELECT l.dataset, l.source, max(l.finished_at) AS delivered_at
		FROM focus_loads AS l
		WHERE l.source IS NOT NULL AND l.finished_at <= $1 AND l.state IN ('current', 'replaced', 'empty')
		GROUP BY l.dataset, l.source, l.deliveryid
	),
	gap AS
	(
		-- The last ten gaps tell the rhythm.
		SELECT d.*, d.delivered_at - lag(d.delivered_at) OVER w AS gap,
			row_number() OVER (PARTITION BY d.dataset, d.source ORDER BY d.delivered_at DESC) AS age
		FROM delivery AS d
		WINDOW w AS (PARTITION BY d.dataset, d.source ORDER BY d.delivered_at)
	),
	rhythm AS
	(
		SELECT g.dataset, g.source, count(*) AS deliveries, max(g.delivered_at) AS last_delivery,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY g.gap) FILTER (WHERE g.age <= 10) AS delivery_interval
		FROM gap AS g
		GROUP BY g.dataset, g.source
	),
	period AS
	(
		SELECT l.dataset, l.source, l.billingperiodstart,
			bool_or(coalesce(s.timesectorcomplete, false)) AS complete
		FROM focus_loads AS l
			LEFT JOIN focus_time_sectors AS s
				ON s.datasetinstanceid = l.dataset || ':' || l.source
					AND s.timesectorstart = l.billingperiodstart
		WHERE l.source IS NOT NULL AND isfinite(l.billingperiodstart)
			AND l.state = 'current' AND l.rows_stored > 0
		GROUP BY l.dataset, l.source, l.billingperiodstart
	),
	periods AS
	(
		SELECT p.dataset, p.source, count(*) AS periods, count(*) FILTER (WHERE p.complete) AS complete_periods,
			ARRAY(SELECT m.month::date
				  FROM generate_series(min(p.billingperiodstart) AT TIME ZONE 'UTC',
						max(p.billingperiodstart) AT TIME ZONE 'UTC', '1 month') AS m(month)
				  WHERE m.month::date <> ALL (array_agg((p.billingperiodstart AT TIME ZONE 'UTC')::date))
				  ORDER BY m.month) AS missing_periods
		FROM period AS p
		GROUP BY p.dataset, p.source
	),
	day AS
	(
		-- Charges of a month say nothing of its days.
		SELECT l.source, u.day, max(u.until) AS until
		FROM
			(SELECT c.x_loadid, (c.chargeperiodstart AT TIME ZONE 'UTC')::date AS day,
				max(c.chargeperiodend) AS until
			 FROM focus_cost_and_usage AS c
			 WHERE c.chargecategory = 'Usage'
				AND CASE WHEN isfinite(c.chargeperiodstart) AND isfinite(c.chargeperiodend)
						 THEN c.chargeperiodend - c.chargeperiodstart <= interval '24 hours' END
			 GROUP BY 1, 2) AS u
			JOIN focus_loads AS l ON l.loadid = u.x_loadid
		WHERE l.dataset = 'CostAndUsage' AND l.source IS NOT NULL
		GROUP BY l.source, u.day
	),
	days AS
	(
		SELECT d.source, min(d.day)::timestamp AT TIME ZONE 'UTC' AS data_from, max(d.until) AS data_until,
			ARRAY(SELECT m.day::date
				  FROM generate_series(min(d.day)::timestamp, max(d.day)::timestamp, '1 day') AS m(day)
				  WHERE m.day::date <> ALL (array_agg(d.day))
				  ORDER BY m.day) AS missing_days
		FROM day AS d
		GROUP BY d.source
	)
	SELECT r.dataset, r.source, coalesce(p.periods, 0), coalesce(p.complete_periods, 0), p.missing_periods,
		d.data_from, d.data_until, d.missing_days, $1 - d.data_until,
		r.deliveries, r.last_delivery, r.delivery_interval,
		r.last_delivery + r.delivery_interval,
		CASE WHEN r.last_delivery + r.delivery_interval < $1
			 THEN $1 - (r.last_delivery + r.delivery_interval) END
	FROM rhythm AS r
		LEFT JOIN periods AS p ON p.dataset = r.dataset AND p.source = r.source
		LEFT JOIN days AS d ON r.dataset = 'CostAndUsage' AND d.source = r.source;
END;
COMMENT ON FUNCTION focus_freshness_at(timestamptz) IS
'How far the data of each source reaches, what is missing in it, and when its next delivery is due, as seen at an instant.';

CREATE VIEW focus_freshness WITH (security_invoker = true) AS
SELECT * FROM focus_freshness_at(statement_timestamp());
COMMENT ON VIEW focus_freshness IS
'How far the data of each source reaches, what is missing in it, and when its next delivery is due, as of now.';
COMMENT ON COLUMN focus_freshness.dataset IS 'FOCUS dataset: CostAndUsage or ContractCommitment.';
COMMENT ON COLUMN focus_freshness.source IS 'Source of the deliveries.';
COMMENT ON COLUMN focus_freshness.periods IS 'Billing periods with rows.';
COMMENT ON COLUMN focus_freshness.complete_periods IS 'Those that focus_time_sectors says are complete.';
COMMENT ON COLUMN focus_freshness.missing_periods IS 'Months between the first and the last of them that have no rows.';
COMMENT ON COLUMN focus_freshness.data_from IS 'First day with usage, UTC.';
COMMENT ON COLUMN focus_freshness.data_until IS 'End of the last usage.';
COMMENT ON COLUMN focus_freshness.missing_days IS 'Days in between without usage, UTC.';
COMMENT ON COLUMN focus_freshness.lag IS 'How long ago data_until is.';
COMMENT ON COLUMN focus_freshness.deliveries IS 'Number of deliveries, replaced ones included.';
COMMENT ON COLUMN focus_freshness.last_delivery IS 'When the last one had been loaded.';
COMMENT ON COLUMN focus_freshness.delivery_interval IS 'Median of the last ten gaps between deliveries; NULL before the second.';
COMMENT ON COLUMN focus_freshness.expected_next IS 'When the next one is due: last_delivery + delivery_interval.';
COMMENT ON COLUMN focus_freshness.overdue IS 'How long it has been due; NULL when it is not.';
