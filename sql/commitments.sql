-- Contract burn-down.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
INSERT INTO focus_contract_commitment
	(contractid, contractcommitmentid, contractcommitmentcategory, contractcommitmentcost, billingcurrency,
	 contractcommitmentquantity, contractcommitmentunit, contractcommitmentperiodstart, contractcommitmentperiodend, x_loadid)
VALUES
	-- $4.2M over a year, 90 days to go on 2026-10-03
	('k', 'spend', 'Spend', 4200000, 'USD', NULL, NULL, '2026-01-01 00:00Z', '2027-01-01 00:00Z', 2),
	('k', 'spend', 'Spend', 9999999, 'USD', NULL, NULL, '2026-01-01 00:00Z', '2027-01-01 00:00Z', 1),
	('k', 'tokens', 'Usage', NULL, NULL, 1000, 'Tokens', '2026-01-01 00:00Z', '2027-01-01 00:00Z', 1),
	('k', 'fast', 'Spend', 100, 'USD', NULL, NULL, '2026-09-01 00:00Z', '2026-12-01 00:00Z', 1),
	('k', 'over', 'Spend', 100, 'USD', NULL, NULL, '2026-01-01 00:00Z', '2026-06-01 00:00Z', 1),
	('k', 'later', 'Spend', 100, 'USD', NULL, NULL, '2026-11-01 00:00Z', '2026-12-01 00:00Z', 1),
	('other', 'spend', 'Spend', 50, 'EUR', NULL, NULL, '2026-01-01 00:00Z', 'infinity', 1),
	('k', 'zero', 'Spend', 0, 'USD', NULL, NULL, '2026-01-01 00:00Z', '2026-01-01 00:00Z', 1);
CREATE FUNCTION pg_temp.charge(starts timestamptz, applied jsonb, currency text DEFAULT 'USD', category text DEFAULT 'Usage')
RETURNS void LANGUAGE sql AS $$
	INSERT INTO focus_cost_and_usage (chargeperiodstart, chargeperiodend, contractapplied, billingcurrency, chargecategory, effectivecost, billedcost)
	VALUES ($1, $1 + interval '1 hour', $2, $3, $4, 777, 777)
$$;
CREATE FUNCTION pg_temp.spend(commitment text, cost text) RETURNS jsonb LANGUAGE sql AS
$$ SELECT format('{"Elements": [{"ContractId": "k", "ContractCommitmentId": "%s", "ContractCommitmentAppliedCost": %s}]}', $1, $2)::jsonb $$;

-- The purchase lists the full amount and is not consumption.
SELECT pg_temp.charge('2026-01-01 00:00Z', pg_temp.spend('spend', '4200000'), 'USD', 'Purchase');
-- 275 days at 10,000 and one charge that serves two commitments in the other spelling
SELECT count(pg_temp.charge(d, pg_temp.spend('spend', '10000.000000000001')))
FROM generate_series('2026-01-01 00:00Z'::timestamptz, '2026-10-02 00:00Z', interval '1 day') AS d;
SELECT pg_temp.charge('2026-09-15 00:00Z', '{"ContractApplied": [
	{"ContractID": "k", "ContractCommitmentID": "spend", "ContractCommitmentAppliedCost": "0.5"},
	{"ContractID": "k", "ContractCommitmentID": "tokens", "ContractCommitmentAppliedQuantity": 600, "ContractCommitmentAppliedUnit": "Tokens"}]}');
-- another unit, another currency, outside the term, after the instant
SELECT pg_temp.charge('2026-09-15 00:00Z', '{"Elements": [{"ContractCommitmentId": "tokens", "ContractCommitmentAppliedQuantity": 1, "ContractCommitmentAppliedUnit": "1K Tokens"}]}');
SELECT pg_temp.charge('2026-09-15 00:00Z', pg_temp.spend('spend', '1'), 'EUR');
SELECT pg_temp.charge('2025-12-31 23:59:59.999999Z', pg_temp.spend('spend', '1'));
SELECT pg_temp.charge('2027-01-01 00:00Z', pg_temp.spend('spend', '1'));
SELECT pg_temp.charge('2026-10-03 00:00Z', pg_temp.spend('spend', '1'));
-- used up long before the end; ended with a rest, of which a correction took some back
SELECT count(pg_temp.charge(d, pg_temp.spend('fast', '10'))) FROM generate_series('2026-09-01 00:00Z'::timestamptz, '2026-09-12 00:00Z', interval '1 day') AS d;
SELECT pg_temp.charge('2026-05-31 23:00Z', pg_temp.spend('over', '70'));
SELECT pg_temp.charge('2026-05-31 23:30Z', pg_temp.spend('over', '-10'));
-- what cannot be read
SELECT pg_temp.charge('2026-02-01 00:00Z', j::jsonb) FROM unnest(ARRAY['{}', '[]', '"text"', '7', '{"Elements": {}}', '{"Elements": [7]}',
	'{"Elements": [{"ContractCommitmentAppliedCost": 1}]}', 'null',
	'{"Elements": [{"ContractCommitmentId": "spend", "ContractCommitmentAppliedCost": "much"}]}',
	'{"Elements": [{"ContractCommitmentId": "spend", "ContractCommitmentAppliedCost": {"a": 1}, "ContractCommitmentAppliedQuantity": 1}]}',
	'{"Elements": [{"ContractCommitmentId": "spend"}]}']) AS j;
INSERT INTO focus_cost_and_usage (chargeperiodstart, chargecategory, x_columns) VALUES ('2026-02-01 00:00Z', 'Usage', '{"ContractApplied": "{broken"}');
\x on
SELECT * FROM focus_contract_burndown_at('2026-10-03 00:00Z') ORDER BY contract_id, contract_commitment_id;
\x off
-- The same under any time zone, also where the last 30 days have a summer time change.
CREATE TEMP TABLE burndown AS SELECT * FROM focus_contract_burndown_at('2026-04-05 09:30Z');
SET timezone = 'Asia/Kolkata';
SELECT count(*) FROM ((SELECT * FROM focus_contract_burndown_at('2026-04-05 09:30Z') EXCEPT ALL TABLE burndown)
	UNION ALL (TABLE burndown EXCEPT ALL SELECT * FROM focus_contract_burndown_at('2026-04-05 09:30Z'))) AS d;
SET timezone = 'America/Los_Angeles';
SELECT count(*) FROM ((SELECT * FROM focus_contract_burndown_at('2026-04-05 09:30Z') EXCEPT ALL TABLE burndown)
	UNION ALL (TABLE burndown EXCEPT ALL SELECT * FROM focus_contract_burndown_at('2026-04-05 09:30Z'))) AS d;
-- The view is the function now.
BEGIN;
SELECT count(*) FROM (TABLE focus_contract_burndown EXCEPT ALL SELECT * FROM focus_contract_burndown_at(now())) AS d;
SELECT count(*) FROM focus_contract_burndown;
COMMIT;
-- No promise, no elapsed time, no rate: no error.
SELECT contract_commitment_id, consumed_share, elapsed_share, pace, run_rate, exhausted_at, shortfall
FROM focus_contract_burndown_at('2026-01-01 00:00Z') ORDER BY contract_id, contract_commitment_id;
SELECT count(*) FROM focus_contract_burndown_at(NULL);

-- The next test finds the tables empty.
TRUNCATE focus_cost_and_usage, focus_contract_commitment;
