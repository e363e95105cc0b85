-- Allocation, part two: the run.  For each pool of a cluster one statement
-- reads the charges, finds who shares them in each charge period, splits every
-- metric column with the exact window functions and stores origins and parts;
-- then the stored parts are checked against the stored origins.
--
-- Who waits for whom: a run holds an advisory lock on the name of its cluster
-- until the end of its transaction.  What must never happen, a charge replaced
-- twice, is excluded by the unique index of focus_allocation_origins and does
-- not depend on that lock.

-- What drove the split of one charge period ------------------------------------

-- A driver row that only partly lies in the charge period counts for the part
-- of its own period that does.
CREATE FUNCTION focus_internal.driver_quantity
	(quantity numeric, period_start timestamptz, period_end timestamptz,
	 window_start timestamptz, window_end timestamptz)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE
		WHEN $2 >= $4 AND $3 <= $5 THEN $1
		ELSE round($1 * extract(epoch FROM least($3, $5) - greatest($2, $4))
				   / extract(epoch FROM $3 - $2), greatest(scale($1), 12))
	END;
END;
COMMENT ON FUNCTION focus_internal.driver_quantity
	(numeric, timestamptz, timestamptz, timestamptz, timestamptz) IS
'Part of a driver quantity that falls into a charge period.';

-- A charge period that is not one (no end, or an end before the start) is empty.
CREATE FUNCTION focus_internal.charge_window(window_start timestamptz, window_end timestamptz)
RETURNS tstzrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN $1 < $2 THEN tstzrange($1, $2) ELSE 'empty'::tstzrange END;
END;
COMMENT ON FUNCTION focus_internal.charge_window(timestamptz, timestamptz) IS
'A charge period as a range.';

CREATE FUNCTION focus_internal.window_drivers
	(cluster text, method focus_allocation_methods, window_start timestamptz, window_end timestamptz)
RETURNS TABLE (namespace text, metric text, unit text, quantity numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT d.namespace, d.metric, d.unit,
		sum(focus_internal.driver_quantity(d.quantity, d.period_start, d.period_end, $3, $4))
	FROM focus_cluster_metrics AS d
	WHERE d.cluster = $1
		AND d.metric = ANY (($2).driver_metrics)
		AND tstzrange(d.period_start, d.period_end) && focus_internal.charge_window($3, $4)
	GROUP BY d.namespace, d.metric, d.unit;
END;
COMMENT ON FUNCTION focus_internal.window_drivers
	(text, focus_allocation_methods, timestamptz, timestamptz) IS
'Use of each namespace, and capacity (namespace NULL), in a charge period.';

-- Everything a part needs apart from its amounts.  Weights are never negative
-- and at least one is positive: cost that nobody can be found for is idle.
CREATE FUNCTION focus_internal.window_receivers
	(pool focus_cluster_pools, method focus_allocation_methods,
	 window_start timestamptz, window_end timestamptz)
RETURNS TABLE (position_no bigint, receiver text, kind text, weight numeric,
			   elements jsonb, labels focus_tags)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH driver AS MATERIALIZED
	(
		SELECT d.namespace, d.metric, d.unit, d.quantity, p.price
		FROM focus_internal.window_drivers(($1).cluster, $2, $3, $4) AS d
			JOIN unnest(($2).driver_metrics, ($2).driver_weights) AS p(metric, price)
				ON p.metric = d.metric
	),
	found AS MATERIALIZED
	(
		SELECT d.namespace AS receiver, 'workload' AS kind, d.metric, d.unit, d.quantity,
			d.quantity * d.price AS weight
		FROM driver AS d
		WHERE d.namespace IS NOT NULL AND d.quantity > 0
		UNION ALL
		SELECT NULL, 'idle', c.metric, c.unit, c.quantity - u.quantity,
			(c.quantity - u.quantity) * c.price
		FROM driver AS c
			CROSS JOIN LATERAL
				(SELECT coalesce(sum(d.quantity), 0) AS quantity
				 FROM driver AS d
				 WHERE d.metric = c.metric AND d.namespace IS NOT NULL) AS u
		WHERE c.namespace IS NULL
			AND ($2).idle_treatment = 'separate'
			AND c.quantity > u.quantity
		UNION ALL
		SELECT DISTINCT d.namespace, 'workload', NULL, NULL, NULL::numeric, 1
		FROM focus_cluster_metrics AS d
		WHERE ($2).kind = 'even'
			AND d.cluster = ($1).cluster
			AND d.namespace IS NOT NULL
			AND d.quantity > 0
			AND tstzrange(d.period_start, d.period_end) && focus_internal.charge_window($3, $4)
		UNION ALL
		SELECT s.namespace, 'workload', NULL, NULL, NULL, s.percent
		FROM focus_cluster_shares AS s
		WHERE ($2).kind = 'fixed_share'
			AND (s.cluster, s.pool) = (($1).cluster, ($1).pool)
		UNION ALL
		SELECT ($1).receiver, 'platform', NULL, NULL, NULL, 1
		WHERE ($2).kind = 'flat_fee'
	),
	element AS
	(
		SELECT f.*,
			trim_scale(focus_share(1::numeric, f.weight, 12)
				OVER (ORDER BY f.kind DESC, f.receiver COLLATE "C", f.metric COLLATE "C")) AS ratio
		FROM
			(SELECT * FROM found
			 UNION ALL
			 SELECT NULL, 'idle', NULL, NULL, NULL,
				CASE WHEN ($2).kind = 'fixed_share' THEN 100 ELSE 1 END
			 WHERE NOT EXISTS (SELECT FROM found)) AS f
	),
	label AS MATERIALIZED
	(
		SELECT DISTINCT ON (d.namespace) d.namespace, d.labels
		FROM focus_cluster_metrics AS d
		WHERE d.cluster = ($1).cluster
			AND d.labels IS NOT NULL
			AND tstzrange(d.period_start, d.period_end) && focus_internal.charge_window($3, $4)
		ORDER BY d.namespace, d.workload NULLS FIRST, d.period_start DESC, d.metric
	)
	SELECT row_number() OVER (ORDER BY e.kind DESC, e.receiver COLLATE "C"),
		e.receiver, e.kind, sum(e.weight),
		jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
			'AllocatedRatio', e.ratio,
			'UsageUnit', e.unit,
			'UsageQuantity', trim_scale(e.quantity),
			'x_Driver', e.metric)) ORDER BY e.metric COLLATE "C"),
		(SELECT l.labels FROM label AS l WHERE l.namespace = e.receiver)
	FROM element AS e
	GROUP BY e.receiver, e.kind;
END;
COMMENT ON FUNCTION focus_internal.window_receivers
	(focus_cluster_pools, focus_allocation_methods, timestamptz, timestamptz) IS
'Who shares the charges of a pool in a charge period, and by which weight; the ratios add up to 1.';

CREATE FUNCTION focus_internal.window_findings
	(pool focus_cluster_pools, method focus_allocation_methods,
	 window_start timestamptz, window_end timestamptz)
RETURNS TABLE (finding text, metric text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH driver AS
	(
		SELECT p.metric,
			count(d.metric) FILTER (WHERE d.namespace IS NULL) > 0 AS has_capacity,
			coalesce(sum(d.quantity) FILTER (WHERE d.namespace IS NULL), 0) AS capacity,
			coalesce(sum(d.quantity) FILTER (WHERE d.namespace IS NOT NULL), 0) AS used
		FROM unnest(($2).driver_metrics) AS p(metric)
			LEFT JOIN focus_internal.window_drivers(($1).cluster, $2, $3, $4) AS d
				ON d.metric = p.metric
		GROUP BY p.metric
	)
	SELECT CASE
			WHEN d.used = 0 AND d.capacity = 0 THEN 'no_driver'
			WHEN d.used = 0 THEN 'no_usage'
			WHEN NOT d.has_capacity THEN 'no_capacity'
			ELSE 'overcommitted'
		END, d.metric
	FROM driver AS d
	WHERE d.used = 0 OR d.used > d.capacity
	UNION ALL
	SELECT 'no_namespace', NULL
	WHERE ($2).kind = 'even'
		AND NOT EXISTS
			(SELECT FROM focus_cluster_metrics AS d
			 WHERE d.cluster = ($1).cluster
				AND d.namespace IS NOT NULL
				AND d.quantity > 0
				AND tstzrange(d.period_start, d.period_end) && focus_internal.charge_window($3, $4));
END;
COMMENT ON FUNCTION focus_internal.window_findings
	(focus_cluster_pools, focus_allocation_methods, timestamptz, timestamptz) IS
'What is missing or odd in the driver data of a charge period.';

-- Checks before a run ------------------------------------------------------------

CREATE FUNCTION focus_internal.check_cluster_charges
	(cluster text, period_start timestamptz, period_end timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	twice	record;
BEGIN
	SELECT mine.pool, other.cluster AS other_cluster, other.pool AS other_pool,
		b.resourceid, b.chargeperiodstart
	INTO twice
	FROM @extschema@.focus_cost_and_usage AS b
		JOIN @extschema@.focus_cluster_charges AS mine
			ON mine.cluster = $1 AND focus_internal.charge_fits(mine, b.tags, b.resourceid, b.subaccountid, b.servicename, b.allocatedmethodid)
		JOIN @extschema@.focus_cluster_charges AS other
			ON (other.cluster, other.pool) <> (mine.cluster, mine.pool)
				AND focus_internal.charge_fits(other, b.tags, b.resourceid, b.subaccountid, b.servicename, b.allocatedmethodid)
	WHERE b.chargeperiodstart >= $2 AND b.chargeperiodstart < $3
	ORDER BY b.chargeperiodstart, b.resourceid, mine.pool, other.cluster, other.pool
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'a charge belongs to pool "%" of cluster "%" and to pool "%" of cluster "%"',
			twice.pool, $1, twice.other_pool, twice.other_cluster
			USING ERRCODE = 'cardinality_violation',
				DETAIL = format('The charge is of resource %s in the period from %s.',
					coalesce(quote_ident(twice.resourceid), 'NULL'),
					to_char(twice.chargeperiodstart AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
				HINT = 'Change the rules in focus_cluster_charges so that only one of the two fits.';
	END IF;
END
$$;
COMMENT ON FUNCTION focus_internal.check_cluster_charges(text, timestamptz, timestamptz) IS
'Refuses rules by which one charge belongs to two pools.';

CREATE FUNCTION focus_internal.check_cluster_metrics
	(cluster text, period_start timestamptz, period_end timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bad		record;
BEGIN
	SELECT d.metric, min(d.unit) AS one_unit, max(d.unit) AS other_unit
	INTO bad
	FROM @extschema@.focus_cluster_metrics AS d
	WHERE d.cluster = $1 AND tstzrange(d.period_start, d.period_end) && tstzrange($2, $3)
	GROUP BY d.metric
	HAVING count(DISTINCT d.unit) > 1
	ORDER BY d.metric
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'driver metric "%" of cluster "%" comes in units "%" and "%"',
			bad.metric, $1, bad.one_unit, bad.other_unit
			USING ERRCODE = 'data_exception',
				HINT = 'Give all rows of a metric in focus_cluster_metrics one unit.';
	END IF;

	-- A row for the whole namespace and rows for its workloads say the same
	-- thing twice, as do two rows whose periods overlap.
	SELECT d.namespace, d.workload, d.metric, d.period_start
	INTO bad
	FROM
		(SELECT m.*,
			max(m.period_end) OVER earlier AS same_end,
			max(m.period_end) FILTER (WHERE m.workload IS NULL) OVER earlier_any AS total_end,
			max(m.period_end) FILTER (WHERE m.workload IS NOT NULL) OVER earlier_any AS detail_end
		 FROM @extschema@.focus_cluster_metrics AS m
		 WHERE m.cluster = $1 AND tstzrange(m.period_start, m.period_end) && tstzrange($2, $3)
		 WINDOW earlier AS
				(PARTITION BY m.namespace, m.workload, m.metric
				 ORDER BY m.period_start, m.period_end
				 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
			earlier_any AS
				(PARTITION BY m.namespace, m.metric
				 ORDER BY m.period_start, m.period_end, m.workload
				 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS d
	WHERE d.same_end > d.period_start
		OR CASE WHEN d.workload IS NULL THEN d.detail_end ELSE d.total_end END > d.period_start
	ORDER BY d.namespace, d.workload, d.metric, d.period_start
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'driver rows of cluster "%" overlap', $1
			USING ERRCODE = 'data_exception',
				DETAIL = format('Metric %s of %s counts more than once from %s on.', quote_ident(bad.metric),
					CASE WHEN bad.namespace IS NULL THEN 'the capacity'
						 ELSE 'namespace ' || quote_ident(bad.namespace) END,
					to_char(bad.period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
				HINT = 'Keep one grain in focus_cluster_metrics: periods that do not overlap, and either the namespace or its workloads.';
	END IF;
END
$$;
COMMENT ON FUNCTION focus_internal.check_cluster_metrics(text, timestamptz, timestamptz) IS
'Refuses driver rows that would count twice or add different units.';

CREATE FUNCTION focus_internal.pool_method(pool focus_cluster_pools, period_start timestamptz)
RETURNS focus_allocation_methods
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	method	@extschema@.focus_allocation_methods;
	percent	numeric;
BEGIN
	SELECT m.* INTO method
	FROM @extschema@.focus_allocation_methods AS m
	WHERE m.method_id = pool.method_id
		AND CASE WHEN pool.method_version IS NULL
				 THEN m.valid_from <= (period_start AT TIME ZONE 'UTC')::date
				 ELSE m.version = pool.method_version END
	ORDER BY m.version DESC
	LIMIT 1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'allocation method "%" of pool "%" of cluster "%" does not exist',
			pool.method_id, pool.pool, pool.cluster
			USING ERRCODE = 'undefined_object',
				DETAIL = 'No version of it is valid at the start of the period.',
				HINT = 'See focus_allocation_methods.';
	END IF;
	IF method.kind = 'flat_fee' AND pool.receiver IS NULL THEN
		RAISE EXCEPTION 'pool "%" of cluster "%" has no receiver', pool.pool, pool.cluster
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = format('Method %s needs a receiver in focus_cluster_pools.', quote_ident(method.method_id));
	END IF;
	IF method.kind = 'fixed_share' THEN
		SELECT coalesce(sum(s.percent), 0) INTO percent
		FROM @extschema@.focus_cluster_shares AS s
		WHERE (s.cluster, s.pool) = (pool.cluster, pool.pool);
		IF percent <> 100 THEN
			RAISE EXCEPTION 'shares of pool "%" of cluster "%" add up to % percent',
				pool.pool, pool.cluster, trim_scale(percent)
				USING ERRCODE = 'data_exception',
					HINT = 'The percentages of a pool in focus_cluster_shares must add up to 100.';
		END IF;
	END IF;
	RETURN method;
END
$$;
COMMENT ON FUNCTION focus_internal.pool_method(focus_cluster_pools, timestamptz) IS
'Version of the method that splits a pool in a period; checks that it can.';

-- The split ------------------------------------------------------------------------

-- The weight is r.weight, the window is called part.
CREATE FUNCTION focus_internal.split_expression(method focus_allocation_methods, amount text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT format(
		CASE
			WHEN ($1).driver_metrics = '{cpu_core_hours}' THEN
				'trim_scale(@extschema@.focus_allocate_by_cpu(%1$s, r.weight, %2$s) OVER part)'
			WHEN ($1).driver_metrics = '{memory_gib_hours}' THEN
				'trim_scale(@extschema@.focus_allocate_by_memory(%1$s, r.weight, %2$s) OVER part)'
			WHEN ($1).kind = 'even' THEN
				'trim_scale(@extschema@.focus_allocate_evenly(%1$s, %2$s) OVER part)'
			WHEN ($1).kind = 'fixed_share' THEN
				'trim_scale(@extschema@.focus_allocate_by_fixed_share(%1$s, r.weight, %2$s) OVER part)'
			ELSE
				'trim_scale(@extschema@.focus_share(%1$s, r.weight, %2$s) OVER part)'
		END,
		$2, format('greatest(%s, scale(%s))', ($1).scale, $2));
END;
COMMENT ON FUNCTION focus_internal.split_expression(focus_allocation_methods, text) IS
'SQL expression that splits an amount by the named window function of a method.';

CREATE FUNCTION focus_internal.tags_without(labels focus_tags, tags focus_tags) RETURNS focus_tags
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- not by nullif(), whose operator pg_upgrade does not find when it restores this
	SELECT CASE WHEN rest <> '{}'::focus_tags THEN rest END
	FROM (SELECT $1 - coalesce(focus_tags_keys($2), '{}') AS rest) r;
END;
COMMENT ON FUNCTION focus_internal.tags_without(focus_tags, focus_tags) IS
'Labels whose key is not among the tags; NULL when none is left.';

-- The columns of an allocated charge: those that the split decides, and for
-- all others the column of the origin charge.
CREATE FUNCTION focus_internal.part_columns(method focus_allocation_methods,
											OUT names text, OUT expressions text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, @extschema@, pg_temp
BEGIN ATOMIC
	SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
		string_agg(CASE
			WHEN a.attname IN ('billedcost', 'effectivecost', 'listcost', 'contractedcost',
							   'pricingquantity', 'consumedquantity',
							   'pricingcurrencyeffectivecost', 'commitmentdiscountquantity')
			THEN focus_internal.split_expression($1, format('(o.%s * o.copies)', quote_ident(a.attname)))
			WHEN a.attname = 'allocatedmethodid' THEN '($5).method_id'
			WHEN a.attname = 'allocatedmethoddetails' THEN 'r.details'
			WHEN a.attname = 'allocatedresourceid' THEN '($4).cluster || ''/'' || r.receiver'
			WHEN a.attname = 'allocatedresourcename' THEN 'r.receiver'
			WHEN a.attname = 'allocatedtags' THEN
				'focus_internal.tags_without(r.labels, c.tags)'
			WHEN a.attname = 'contractapplied' THEN
				'CASE WHEN applied.elements IS NOT NULL THEN c.contractapplied || applied.elements'
				' WHEN r.position_no = 1 THEN c.contractapplied END'
			ELSE format('c.%s', quote_ident(a.attname))
		END, E',\n\t' ORDER BY a.attnum)
	FROM pg_attribute AS a
		JOIN pg_attribute AS b
			ON b.attrelid = 'focus_cost_and_usage'::regclass AND b.attname = a.attname
	WHERE a.attrelid = 'focus_allocated_charges'::regclass
		AND a.attnum > 0 AND NOT a.attisdropped AND NOT b.attisdropped;
END;
COMMENT ON FUNCTION focus_internal.part_columns(focus_allocation_methods) IS
'Column list and expressions of the statement that stores allocated charges.';

-- Splits the charges of one pool.  One statement, so one snapshot: a load that
-- commits meanwhile is seen as a whole or not at all.  The planner knows nothing
-- about the size of what the statement itself has found, and one nested loop
-- over it would be quadratic; the cost that switching nested loops off pretends
-- is no reason to compile anything.
CREATE FUNCTION focus_internal.allocate_pool
	(run focus_allocation_runs, pool focus_cluster_pools, method focus_allocation_methods)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
	columns	record;
BEGIN
	SELECT * INTO columns FROM focus_internal.part_columns(method);
	EXECUTE format($sql$
WITH matched AS MATERIALIZED
(
	SELECT b.*
	FROM focus_internal.charges AS b
	WHERE b.chargeperiodstart >= $2 AND b.chargeperiodstart < $3
		AND EXISTS
			(SELECT FROM @extschema@.focus_cluster_charges AS rule
			 WHERE rule.cluster = ($4).cluster AND rule.pool = ($4).pool
				AND focus_internal.charge_fits(rule, b.tags, b.resourceid, b.subaccountid, b.servicename, b.allocatedmethodid))
),
origin AS
(
	INSERT INTO @extschema@.focus_allocation_origins
		(run_id, pool, charge_key, copies, chargeperiodstart, chargeperiodend, resourceid,
		 billingcurrency, billedcost, effectivecost, listcost, contractedcost, pricingquantity,
		 consumedquantity, pricingcurrencyeffectivecost, commitmentdiscountquantity)
	SELECT $1, ($4).pool, m.charge_key, count(*), m.chargeperiodstart, m.chargeperiodend, m.resourceid,
		m.billingcurrency, m.billedcost, m.effectivecost, m.listcost, m.contractedcost, m.pricingquantity,
		m.consumedquantity, m.pricingcurrencyeffectivecost, m.commitmentdiscountquantity
	FROM matched AS m
	GROUP BY 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
	ORDER BY 5, 7, 3
	RETURNING *
),
charge AS
(
	SELECT DISTINCT ON (m.charge_key, m.chargeperiodstart, m.resourceid, m.effectivecost) m.*
	FROM matched AS m
),
charge_period AS MATERIALIZED
(
	SELECT DISTINCT o.chargeperiodstart, o.chargeperiodend FROM origin AS o
),
receiver AS MATERIALIZED
(
	SELECT w.chargeperiodstart, w.chargeperiodend, r.*,
		jsonb_build_object(
			'Elements', r.elements,
			'x_AllocationKind', r.kind,
			'x_MethodVersion', ($5).version,
			'x_IdleTreatment', ($5).idle_treatment,
			'x_AllocationRunId', $1::bigint,
			'x_WindowStart', to_char(w.chargeperiodstart AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
			'x_WindowEnd', to_char(w.chargeperiodend AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
			AS details
	FROM charge_period AS w
		CROSS JOIN LATERAL focus_internal.window_receivers($4, $5, w.chargeperiodstart, w.chargeperiodend) AS r
),
finding AS
(
	INSERT INTO @extschema@.focus_allocation_findings
		(run_id, pool, finding, metric, charge_periods, first_start, last_start)
	SELECT $1, ($4).pool, f.finding, f.metric, count(*),
		min(w.chargeperiodstart), max(w.chargeperiodstart)
	FROM charge_period AS w
		CROSS JOIN LATERAL focus_internal.window_findings($4, $5, w.chargeperiodstart, w.chargeperiodend) AS f
	GROUP BY f.finding, f.metric
),
applied_part AS
(
	SELECT o.origin_id, r.position_no, e.number, e.element,
		focus_internal.contract_applied_array(c.contractapplied) AS key,
		@extschema@.focus_share(focus_internal.json_amount(e.element, 'ContractCommitmentAppliedCost') * o.copies, r.weight,
			greatest(($5).scale, scale(focus_internal.json_amount(e.element, 'ContractCommitmentAppliedCost'))))
			OVER part AS cost,
		@extschema@.focus_share(focus_internal.json_amount(e.element, 'ContractCommitmentAppliedQuantity') * o.copies, r.weight,
			greatest(($5).scale, scale(focus_internal.json_amount(e.element, 'ContractCommitmentAppliedQuantity'))))
			OVER part AS quantity
	FROM origin AS o
		JOIN charge AS c
			ON c.charge_key = o.charge_key AND c.chargeperiodstart = o.chargeperiodstart
				AND c.resourceid IS NOT DISTINCT FROM o.resourceid
				AND c.effectivecost IS NOT DISTINCT FROM o.effectivecost
		JOIN receiver AS r
			ON r.chargeperiodstart = o.chargeperiodstart
				AND r.chargeperiodend IS NOT DISTINCT FROM o.chargeperiodend
		CROSS JOIN LATERAL jsonb_array_elements(c.contractapplied ->
			focus_internal.contract_applied_array(c.contractapplied))
			WITH ORDINALITY AS e(element, number)
	WINDOW part AS (PARTITION BY o.origin_id, e.number ORDER BY r.position_no)
),
applied AS
(
	SELECT a.origin_id, a.position_no,
		jsonb_build_object(min(a.key), jsonb_agg(
			CASE WHEN jsonb_typeof(a.element) <> 'object' THEN a.element
				 ELSE a.element || jsonb_strip_nulls(jsonb_build_object(
					'ContractCommitmentAppliedCost', trim_scale(a.cost),
					'ContractCommitmentAppliedQuantity', trim_scale(a.quantity))) END
			ORDER BY a.number)) AS elements
	FROM applied_part AS a
	GROUP BY a.origin_id, a.position_no
)
INSERT INTO @extschema@.focus_allocated_charges (%1$s, x_runid, x_originid, x_cluster, x_pool, x_kind)
SELECT
	%2$s,
	$1, o.origin_id, ($4).cluster, ($4).pool, r.kind
FROM origin AS o
	JOIN charge AS c
		ON c.charge_key = o.charge_key AND c.chargeperiodstart = o.chargeperiodstart
			AND c.resourceid IS NOT DISTINCT FROM o.resourceid
			AND c.effectivecost IS NOT DISTINCT FROM o.effectivecost
	JOIN receiver AS r
		ON r.chargeperiodstart = o.chargeperiodstart
			AND r.chargeperiodend IS NOT DISTINCT FROM o.chargeperiodend
	LEFT JOIN applied
		ON applied.origin_id = o.origin_id AND applied.position_no = r.position_no
WINDOW part AS (PARTITION BY o.origin_id ORDER BY r.position_no)
$sql$, columns.names, columns.expressions)
	USING run.run_id, run.period_start, run.period_end, pool, method;

	INSERT INTO @extschema@.focus_allocation_run_pools
		(run_id, pool, billing_currency, method_id, method_version, receiver,
		 origin_charges, allocated_charges, billed_cost, effective_cost)
	SELECT run.run_id, pool.pool, o.billingcurrency, method.method_id, method.version,
		CASE WHEN method.kind = 'flat_fee' THEN pool.receiver END,
		sum(o.copies),
		(SELECT count(*) FROM @extschema@.focus_allocated_charges AS p
		 WHERE p.x_runid = run.run_id AND p.x_pool = pool.pool
			AND p.billingcurrency IS NOT DISTINCT FROM o.billingcurrency),
		sum(o.billedcost * o.copies), sum(o.effectivecost * o.copies)
	FROM @extschema@.focus_allocation_origins AS o
	WHERE o.run_id = run.run_id AND o.pool = pool.pool
	GROUP BY o.billingcurrency;
END
$$;
COMMENT ON FUNCTION focus_internal.allocate_pool
	(focus_allocation_runs, focus_cluster_pools, focus_allocation_methods) IS
'Splits the charges of one pool in the period of a run.';

-- After the split --------------------------------------------------------------------

-- Trusts nothing but what is stored: whatever went wrong before, a run whose
-- parts do not add up is not committed.
CREATE FUNCTION focus_internal.check_allocation(run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bad		record;
BEGIN
	SELECT o.pool, o.resourceid, o.chargeperiodstart, v.metric, v.origin, v.parts
	INTO bad
	FROM @extschema@.focus_allocation_origins AS o
		LEFT JOIN
			(SELECT a.x_originid,
				sum(a.billedcost) AS billedcost, sum(a.effectivecost) AS effectivecost,
				sum(a.listcost) AS listcost, sum(a.contractedcost) AS contractedcost,
				sum(a.pricingquantity) AS pricingquantity,
				sum(a.consumedquantity) AS consumedquantity,
				sum(a.pricingcurrencyeffectivecost) AS pricingcurrencyeffectivecost,
				sum(a.commitmentdiscountquantity) AS commitmentdiscountquantity,
				sum((SELECT sum((e.element ->> 'AllocatedRatio')::numeric)
					 FROM jsonb_array_elements(a.allocatedmethoddetails -> 'Elements') AS e(element)))
					AS ratio
			 FROM @extschema@.focus_allocated_charges AS a
			 WHERE a.x_runid = $1
			 GROUP BY a.x_originid) AS p
			ON p.x_originid = o.origin_id
		CROSS JOIN LATERAL
			(VALUES ('BilledCost', o.billedcost * o.copies, p.billedcost),
				('EffectiveCost', o.effectivecost * o.copies, p.effectivecost),
				('ListCost', o.listcost * o.copies, p.listcost),
				('ContractedCost', o.contractedcost * o.copies, p.contractedcost),
				('PricingQuantity', o.pricingquantity * o.copies, p.pricingquantity),
				('ConsumedQuantity', o.consumedquantity * o.copies, p.consumedquantity),
				('PricingCurrencyEffectiveCost', o.pricingcurrencyeffectivecost * o.copies,
				 p.pricingcurrencyeffectivecost),
				('CommitmentDiscountQuantity', o.commitmentdiscountquantity * o.copies,
				 p.commitmentdiscountquantity),
				('AllocatedRatio', 1, p.ratio)) AS v(metric, origin, parts)
	WHERE o.run_id = $1 AND v.origin IS DISTINCT FROM v.parts
	ORDER BY o.origin_id
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'allocated charges of pool "%" do not add up to the origin charge', bad.pool
			USING ERRCODE = 'data_exception',
				DETAIL = format('%s of resource %s in the period from %s is %s, its parts add up to %s.',
					bad.metric, coalesce(quote_ident(bad.resourceid), 'NULL'),
					to_char(bad.chargeperiodstart AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
					coalesce(bad.origin::text, 'NULL'), coalesce(bad.parts::text, 'NULL')),
				HINT = 'Nothing was stored. Look for triggers on focus_allocated_charges.';
	END IF;
END
$$;
COMMENT ON FUNCTION focus_internal.check_allocation(bigint) IS
'Raises an error unless the parts of each origin charge of a run add up to it, in every metric, with =.';

CREATE FUNCTION focus_internal.supersede_allocations
	(cluster text, period_start timestamptz, period_end timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	other	@extschema@.focus_allocation_runs;
BEGIN
	SELECT r.* INTO other
	FROM @extschema@.focus_allocation_runs AS r
	WHERE r.cluster = $1 AND r.state = 'current'
		AND r.period_start < $3 AND r.period_end > $2
		AND NOT (r.period_start >= $2 AND r.period_end <= $3)
	ORDER BY r.period_start
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'period overlaps allocation run % of cluster "%"', other.run_id, $1
			USING ERRCODE = 'object_in_use',
				DETAIL = format('That run is of the period from %s to %s.',
					(other.period_start AT TIME ZONE 'UTC')::date, (other.period_end AT TIME ZONE 'UTC')::date),
				HINT = 'Run a period that contains all of it, or withdraw it with focus_withdraw_allocation.';
	END IF;

	DELETE FROM @extschema@.focus_allocation_origins AS o
	USING @extschema@.focus_allocation_runs AS r
	WHERE r.run_id = o.run_id AND r.cluster = $1 AND r.state = 'current'
		AND r.period_start >= $2 AND r.period_end <= $3;
	UPDATE @extschema@.focus_allocation_runs AS r SET state = 'superseded'
	WHERE r.cluster = $1 AND r.state = 'current'
		AND r.period_start >= $2 AND r.period_end <= $3;
END
$$;
COMMENT ON FUNCTION focus_internal.supersede_allocations(text, timestamptz, timestamptz) IS
'Removes what earlier runs inside a period allocated.';

CREATE FUNCTION focus_internal.lock_cluster(cluster text) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, @extschema@, pg_temp
BEGIN ATOMIC
	SELECT pg_advisory_xact_lock('focus_allocation_runs'::regclass::oid::bigint::integer, hashtext($1));
END;
COMMENT ON FUNCTION focus_internal.lock_cluster(text) IS
'Waits until no other transaction allocates the cluster.';

CREATE FUNCTION focus_internal.allocate_cluster
	(cluster text, period_start timestamptz, period_end timestamptz)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	run		@extschema@.focus_allocation_runs;
	pool	@extschema@.focus_cluster_pools;
	finding	record;
BEGIN
	PERFORM focus_internal.lock_cluster($1);
	PERFORM focus_internal.check_cluster_charges($1, $2, $3);
	PERFORM focus_internal.check_cluster_metrics($1, $2, $3);
	PERFORM focus_internal.supersede_allocations($1, $2, $3);

	INSERT INTO @extschema@.focus_allocation_runs (cluster, period_start, period_end, state)
	VALUES ($1, $2, $3, 'current')
	RETURNING * INTO run;

	FOR pool IN
		SELECT p.* FROM @extschema@.focus_cluster_pools AS p WHERE p.cluster = $1 ORDER BY p.pool
	LOOP
		PERFORM focus_internal.allocate_pool(run, pool, focus_internal.pool_method(pool, $2));
	END LOOP;
	PERFORM focus_internal.check_allocation(run.run_id);

	UPDATE @extschema@.focus_allocation_runs AS r
	SET finished_at = clock_timestamp(),
		origin_charges = t.origin_charges,
		allocated_charges = t.allocated_charges
	FROM
		(SELECT coalesce(sum(p.origin_charges), 0) AS origin_charges,
			coalesce(sum(p.allocated_charges), 0) AS allocated_charges
		 FROM @extschema@.focus_allocation_run_pools AS p
		 WHERE p.run_id = run.run_id) AS t
	WHERE r.run_id = run.run_id;

	FOR finding IN
		SELECT f.* FROM @extschema@.focus_allocation_findings AS f
		WHERE f.run_id = run.run_id AND f.finding IN ('no_driver', 'no_namespace')
		ORDER BY f.pool, f.metric
	LOOP
		RAISE WARNING 'nobody to allocate % charge periods of pool "%" of cluster "%" to by %',
			finding.charge_periods, finding.pool, $1, coalesce(quote_ident(finding.metric), 'even split')
			USING DETAIL = format('The first starts at %s.',
					to_char(finding.first_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
				HINT = 'Load the driver data into focus_cluster_metrics and run the allocation again; until then the cost is idle.';
	END LOOP;
	RETURN run.run_id;
END
$$;
COMMENT ON FUNCTION focus_internal.allocate_cluster(text, timestamptz, timestamptz) IS
'Allocates one cluster in one period; returns the run.';

-- What users call ----------------------------------------------------------------------

CREATE PROCEDURE focus_run_allocation
	(cluster text, period_start date, period_end date DEFAULT NULL)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	starts	timestamptz := period_start::timestamp AT TIME ZONE 'UTC';
	ends	timestamptz := coalesce(period_end, period_start + interval '1 month')::timestamp AT TIME ZONE 'UTC';
	one		text;
BEGIN
	IF starts IS NULL OR NOT isfinite(starts) OR NOT isfinite(ends) OR starts >= ends THEN
		RAISE EXCEPTION 'invalid period from % to %', coalesce($2::text, 'NULL'), coalesce($3::text, 'NULL')
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'Give the first day, and the first day after the period, which is later.';
	END IF;
	IF $1 IS NOT NULL AND NOT EXISTS (SELECT FROM @extschema@.focus_clusters AS c WHERE c.cluster = $1) THEN
		RAISE EXCEPTION 'cluster "%" does not exist', $1
			USING ERRCODE = 'undefined_object', HINT = 'See focus_clusters.';
	END IF;

	FOR one IN
		SELECT c.cluster FROM @extschema@.focus_clusters AS c
		WHERE c.cluster = coalesce($1, c.cluster)
		ORDER BY c.cluster COLLATE "C"
	LOOP
		PERFORM focus_internal.allocate_cluster(one, starts, ends);
	END LOOP;
END
$$;
COMMENT ON PROCEDURE focus_run_allocation(text, date, date) IS
'Splits the charges of a cluster (NULL: all clusters) whose ChargePeriodStart lies in a period of UTC days, by default a month; replaces what was allocated before.';

CREATE PROCEDURE focus_withdraw_allocation(run_id bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	run		@extschema@.focus_allocation_runs;
BEGIN
	SELECT r.* INTO run FROM @extschema@.focus_allocation_runs AS r WHERE r.run_id = $1;
	IF FOUND THEN
		PERFORM focus_internal.lock_cluster(run.cluster);
		UPDATE @extschema@.focus_allocation_runs AS r SET state = 'withdrawn'
		WHERE r.run_id = $1 AND r.state = 'current';
	END IF;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no current allocation run %', coalesce($1::text, 'NULL')
			USING ERRCODE = 'undefined_object', HINT = 'See focus_allocation_runs.';
	END IF;
	DELETE FROM @extschema@.focus_allocation_origins AS o WHERE o.run_id = $1;
END
$$;
COMMENT ON PROCEDURE focus_withdraw_allocation(bigint) IS
'Takes back an allocation run: its charges count as unallocated again.';
