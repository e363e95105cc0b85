-- Reading ContractApplied: which key holds the elements, and what they say.
-- Nothing here raises an error: what a provider writes must never keep others
-- from reading the table.

CREATE FUNCTION focus_internal.contract_applied_array(contractapplied jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE
		WHEN jsonb_typeof($1 -> 'Elements') = 'array' THEN 'Elements'
		WHEN jsonb_typeof($1 -> 'ContractApplied') = 'array' THEN 'ContractApplied'
	END;
END;
COMMENT ON FUNCTION focus_internal.contract_applied_array(jsonb) IS
'Key of ContractApplied that holds its elements: Elements, or ContractApplied in early files; NULL when there are none to read.';

-- Numbers written as text are read too, within reason.
CREATE FUNCTION focus_internal.json_amount(element jsonb, key text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE
		WHEN jsonb_typeof($1 -> $2) = 'number'
			OR (jsonb_typeof($1 -> $2) = 'string'
				AND ($1 ->> $2) ~ '^[-+]?[0-9]{1,100}(\.[0-9]{1,100})?$')
		THEN ($1 ->> $2)::numeric
	END;
END;
COMMENT ON FUNCTION focus_internal.json_amount(jsonb, text) IS
'A number of a JSON object; NULL when there is none.';

CREATE FUNCTION focus_internal.contract_applied_elements(contractapplied jsonb)
RETURNS TABLE (contract_id text, contract_commitment_id text, cost numeric, quantity numeric,
			   unit text, readable boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT e.contract_id, e.contract_commitment_id, e.cost, e.quantity, e.unit,
		e.contract_commitment_id IS NOT NULL
			AND num_nonnulls(e.cost, e.quantity) > 0
			AND (e.cost IS NOT NULL OR e.cost_as_sent IS NULL)
			AND (e.quantity IS NOT NULL OR e.quantity_as_sent IS NULL)
	FROM
		(SELECT coalesce(j.element ->> 'ContractId', j.element ->> 'ContractID') AS contract_id,
			coalesce(j.element ->> 'ContractCommitmentId', j.element ->> 'ContractCommitmentID')
				AS contract_commitment_id,
			focus_internal.json_amount(j.element, 'ContractCommitmentAppliedCost') AS cost,
			focus_internal.json_amount(j.element, 'ContractCommitmentAppliedQuantity') AS quantity,
			j.element ->> 'ContractCommitmentAppliedUnit' AS unit,
			j.element ->> 'ContractCommitmentAppliedCost' AS cost_as_sent,
			j.element ->> 'ContractCommitmentAppliedQuantity' AS quantity_as_sent
		 FROM jsonb_array_elements(
			coalesce($1 -> focus_internal.contract_applied_array($1), '[null]')) AS j(element)) AS e;
END;
COMMENT ON FUNCTION focus_internal.contract_applied_elements(jsonb) IS
'What a charge counts toward: one row per element, and one unreadable row when there are no elements to read.';
