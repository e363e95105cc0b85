\echo 'BURN-DOWN OF THE COMMITMENTS OF A CONTRACT'
\echo
SELECT contract_commitment_id AS commitment, unit, round(committed) AS committed, round(consumed) AS consumed, round(remaining) AS remaining,
	period_end::date AS ends, period_end::date - CURRENT_DATE AS days_left,
	round(100 * consumed_share, 1) AS "consumed %", round(100 * elapsed_share, 1) AS "elapsed %"
FROM focus_contract_burndown
ORDER BY category, commitment;
SELECT contract_commitment_id AS commitment, round(run_rate) AS run_rate_a_day, round(required_rate) AS required_rate_a_day,
	exhausted_at::date AS exhausted, round(shortfall) AS shortfall, round(overage) AS overage
FROM focus_contract_burndown
ORDER BY category, commitment;
