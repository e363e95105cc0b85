-- Contract commitments: how far each promise is used up, and where it leads.
--
-- Consumption is what the provider applied (ContractApplied), never the cost
-- of the charge: one charge may count toward several commitments, and only a
-- part of it may count.  Amounts are never added across commitments.

CREATE FUNCTION focus_internal.days(span interval) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT extract(epoch FROM $1) / 86400;
END;
COMMENT ON FUNCTION focus_internal.days(interval) IS
'Length in days of 24 hours.';

CREATE FUNCTION focus_contract_burndown_at(as_of timestamptz)
RETURNS TABLE
(
	contract_id             text,
	contract_commitment_id  text,
	category                text,
	unit                    text,
	period_start            timestamptz,
	period_end              timestamptz,
	committed               numeric,
	consumed                numeric,
	remaining               numeric,
	consumed_share          numeric,
	elapsed_share           numeric,
	pace                    numeric,
	run_rate                numeric,
	exhausted_at            timestamptz,
	overage                 numeric,
	shortfall               numeric,
	required_rate           numeric,
	applied_charges         bigint,
	mismatched_charges      bigint,
	outside_term_charges    bigint,
	unreadable_charges      bigint
)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH commitment AS
	(
		-- Of several deliveries of one commitment the last counts.
		SELECT DISTINCT ON (c.contractid, c.contractcommitmentid)
			c.contractid, c.contractcommitmentid, c.contractcommitmentcategory AS category,
			CASE c.contractcommitmentcategory
				WHEN 'Spend' THEN c.billingcurrency
				WHEN 'Usage' THEN c.contractcommitmentunit END AS unit,
			CASE c.contractcommitmentcategory
				WHEN 'Spend' THEN c.contractcommitmentcost
				WHEN 'Usage' THEN c.contractcommitmentquantity END AS committed,
			CASE WHEN isfinite(c.contractcommitmentperiodstart)
				 THEN c.contractcommitmentperiodstart END AS period_start,
			CASE WHEN isfinite(c.contractcommitmentperiodend)
				 THEN c.contractcommitmentperiodend END AS period_end,
			date_trunc('day', $1, 'UTC') AS today
		FROM focus_contract_commitment AS c
		ORDER BY c.contractid, c.contractcommitmentid, c.x_loadid DESC NULLS LAST,
			c.contractcommitmentperiodstart DESC, c.contractcommitmentcost DESC,
			c.contractcommitmentquantity DESC
	),
	applied AS MATERIALIZED
	(
		SELECT u.chargeperiodstart, u.billingcurrency, e.*
		FROM focus_cost_and_usage AS u
			CROSS JOIN LATERAL focus_internal.contract_applied_elements(u.contractapplied) AS e
		WHERE u.contractapplied IS NOT NULL
			AND u.contractapplied <> 'null'
			AND u.chargecategory = 'Usage'
			AND u.chargeperiodstart < $1
	),
	unreadable AS
	(
		SELECT count(*) FILTER (WHERE a.contract_commitment_id IS NULL)
			+ (SELECT count(*) FROM focus_cost_and_usage AS u
			   WHERE u.contractapplied IS NULL
				AND u.x_columns ? 'ContractApplied'
				AND u.chargecategory = 'Usage'
				AND u.chargeperiodstart < $1) AS charges
		FROM applied AS a
	),
	counted AS
	(
		SELECT c.contractid, c.contractcommitmentid, a.chargeperiodstart, a.readable,
			a.chargeperiodstart >= c.period_start AND a.chargeperiodstart < c.period_end AS in_term,
			CASE c.category
				WHEN 'Spend' THEN CASE WHEN a.billingcurrency = c.unit THEN a.cost END
				WHEN 'Usage' THEN CASE WHEN a.unit = c.unit THEN a.quantity END
			END AS amount,
			c.committed, c.period_start, c.today
		FROM commitment AS c
			JOIN applied AS a
				ON a.contract_commitment_id = c.contractcommitmentid
					AND (a.contract_id = c.contractid OR a.contract_id IS NULL OR c.contractid IS NULL)
	),
	running AS
	(
		SELECT n.*,
			CASE WHEN n.readable AND n.in_term THEN n.amount END AS consumed,
			sum(n.amount) FILTER (WHERE n.readable AND n.in_term)
				OVER (PARTITION BY n.contractid, n.contractcommitmentid ORDER BY n.chargeperiodstart)
				AS so_far
		FROM counted AS n
	),
	total AS
	(
		SELECT r.contractid, r.contractcommitmentid,
			coalesce(sum(r.consumed), 0) AS consumed,
			coalesce(sum(r.consumed) FILTER
				(WHERE r.chargeperiodstart >= r.today - interval '720 hours'
					AND r.chargeperiodstart < r.today), 0) AS lately,
			min(r.chargeperiodstart) FILTER (WHERE r.so_far >= r.committed) AS reached_at,
			count(r.consumed) AS applied_charges,
			count(*) FILTER (WHERE r.readable AND r.amount IS NULL) AS mismatched_charges,
			count(*) FILTER (WHERE r.readable AND NOT r.in_term AND r.amount IS NOT NULL)
				AS outside_term_charges,
			count(*) FILTER (WHERE NOT r.readable) AS unreadable_charges
		FROM running AS r
		GROUP BY r.contractid, r.contractcommitmentid
	),
	status AS
	(
		SELECT c.*,
			coalesce(t.consumed, 0) AS consumed,
			c.committed - coalesce(t.consumed, 0) AS remaining,
			t.reached_at,
			CASE WHEN c.period_end > $1
				 THEN focus_internal.days(c.period_end - greatest($1, c.period_start))
				 WHEN c.period_end <= $1 THEN 0 END AS days_left,
			CASE WHEN c.period_start < c.today AND c.period_end > c.today - interval '720 hours'
				 THEN coalesce(t.lately, 0) / focus_internal.days(
					least(c.today, c.period_end)
					- greatest(c.today - interval '720 hours', c.period_start)) END AS run_rate,
			coalesce(t.applied_charges, 0) AS applied_charges,
			coalesce(t.mismatched_charges, 0) AS mismatched_charges,
			coalesce(t.outside_term_charges, 0) AS outside_term_charges,
			coalesce(t.unreadable_charges, 0) + x.charges AS unreadable_charges
		FROM commitment AS c
			CROSS JOIN unreadable AS x
			LEFT JOIN total AS t
				ON t.contractid IS NOT DISTINCT FROM c.contractid
					AND t.contractcommitmentid IS NOT DISTINCT FROM c.contractcommitmentid
	),
	outlook AS
	(
		SELECT s.*,
			CASE
				WHEN $1 <= s.period_start THEN 0
				WHEN $1 >= s.period_end THEN 1
				ELSE focus_internal.days($1 - s.period_start)
					/ focus_internal.days(s.period_end - s.period_start)
			END AS elapsed_share,
			s.consumed / nullif(s.committed, 0) AS consumed_share,
			CASE WHEN s.days_left = 0 THEN s.consumed ELSE s.consumed + s.run_rate * s.days_left END
				AS expected,
			CASE WHEN s.run_rate > 0 AND s.remaining > 0 AND s.days_left > 0
				 THEN s.remaining / s.run_rate END AS days_to_exhaust
		FROM status AS s
	)
	SELECT o.contractid, o.contractcommitmentid, o.category, o.unit, o.period_start, o.period_end,
		o.committed, o.consumed, o.remaining,
		trim_scale(round(o.consumed_share, 12)),
		trim_scale(round(o.elapsed_share, 12)),
		trim_scale(round(o.consumed_share / nullif(o.elapsed_share, 0), 12)),
		trim_scale(round(o.run_rate, 12)),
		CASE
			WHEN o.remaining <= 0 THEN o.reached_at
			-- a hundred years, well inside what a timestamp can hold
			WHEN o.days_to_exhaust < 36525
			THEN $1 + make_interval(secs => ceil(o.days_to_exhaust * 86400)::double precision)
		END,
		trim_scale(round((o.expected - o.committed) * (o.expected > o.committed)::integer, 12)),
		trim_scale(round((o.committed - o.expected) * (o.expected < o.committed)::integer, 12)),
		trim_scale(round(o.remaining * (o.remaining > 0)::integer / nullif(o.days_left, 0), 12)),
		o.applied_charges, o.mismatched_charges, o.outside_term_charges, o.unreadable_charges
	FROM outlook AS o;
END;
COMMENT ON FUNCTION focus_contract_burndown_at(timestamptz) IS
'How far each contract commitment was used up at an instant, by what was applied to it, and where that leads.';

CREATE VIEW focus_contract_burndown WITH (security_invoker = true) AS
SELECT * FROM focus_contract_burndown_at(now());
COMMENT ON VIEW focus_contract_burndown IS
'How far each contract commitment is used up now, and where that leads.';
COMMENT ON COLUMN focus_contract_burndown.contract_id IS 'ContractId.';
COMMENT ON COLUMN focus_contract_burndown.contract_commitment_id IS 'ContractCommitmentId.';
COMMENT ON COLUMN focus_contract_burndown.category IS 'Spend or Usage.';
COMMENT ON COLUMN focus_contract_burndown.unit IS
'What the amounts are in: the currency of a Spend commitment, the unit of a Usage commitment.';
COMMENT ON COLUMN focus_contract_burndown.period_start IS 'Start of the term.';
COMMENT ON COLUMN focus_contract_burndown.period_end IS 'First instant after the term.';
COMMENT ON COLUMN focus_contract_burndown.committed IS 'What was promised.';
COMMENT ON COLUMN focus_contract_burndown.consumed IS 'What has been applied to it.';
COMMENT ON COLUMN focus_contract_burndown.remaining IS 'committed - consumed; negative when more was used.';
COMMENT ON COLUMN focus_contract_burndown.consumed_share IS 'consumed / committed.';
COMMENT ON COLUMN focus_contract_burndown.elapsed_share IS 'Part of the term that is over, 0 to 1.';
COMMENT ON COLUMN focus_contract_burndown.pace IS
'consumed_share / elapsed_share: below 1 the commitment is used more slowly than time passes.';
COMMENT ON COLUMN focus_contract_burndown.run_rate IS
'Consumption per day over the last 30 complete UTC days, or those since the start of the term.';
COMMENT ON COLUMN focus_contract_burndown.exhausted_at IS
'When the commitment was used up, or will be at the run rate; NULL when it never will.';
COMMENT ON COLUMN focus_contract_burndown.overage IS
'What the run rate leads to beyond the commitment by the end of the term.';
COMMENT ON COLUMN focus_contract_burndown.shortfall IS
'What the run rate leaves unused at the end of the term.';
COMMENT ON COLUMN focus_contract_burndown.required_rate IS
'Consumption per day that would use the commitment up exactly; NULL after the term.';
COMMENT ON COLUMN focus_contract_burndown.applied_charges IS 'Applications counted in consumed.';
COMMENT ON COLUMN focus_contract_burndown.mismatched_charges IS
'Applications left out because their currency or unit is another.';
COMMENT ON COLUMN focus_contract_burndown.outside_term_charges IS
'Applications left out because the charge period starts outside the term.';
COMMENT ON COLUMN focus_contract_burndown.unreadable_charges IS
'Applications that could not be read; those that name no commitment are counted for each.';
