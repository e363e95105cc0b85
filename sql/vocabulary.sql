-- Closed vocabularies of FOCUS 1.3: domains, sort order, the lists themselves.
\pset null (null)

SELECT column_id, count(*) AS values, min(position) AS first, max(position) AS last,
	   (array_agg(value ORDER BY position))[1] AS first_value
FROM focus_vocabulary GROUP BY column_id ORDER BY column_id;
SELECT value FROM focus_vocabulary WHERE column_id = 'PricingCategory' ORDER BY position;

-- Each list has its domain, which takes its values and no other, and its order.
CREATE FUNCTION pg_temp.domain_of(column_id text) RETURNS text LANGUAGE sql AS $$
	SELECT 'focus' || lower(regexp_replace(column_id, '([A-Z])', '_\1', 'g'))
$$;
CREATE FUNCTION pg_temp.fits(domain text, value text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT %L::%I', value, domain);
	RETURN true;
EXCEPTION WHEN check_violation THEN
	RETURN false;
END;
$$;
CREATE FUNCTION pg_temp.place(domain text, value text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	place integer;
BEGIN
	EXECUTE format('SELECT %I(%L)', domain || '_order', value) INTO place;
	RETURN place;
END;
$$;
SELECT count(*) AS values,
	   count(*) FILTER (WHERE pg_temp.fits(pg_temp.domain_of(column_id), value)) AS fit,
	   count(*) FILTER (WHERE pg_temp.place(pg_temp.domain_of(column_id), value) = position) AS placed
FROM focus_vocabulary;
SELECT count(*) AS pairs, count(*) FILTER (WHERE fits) AS fit, count(*) FILTER (WHERE placed IS NOT NULL) AS placed,
	   count(*) FILTER (WHERE fits IS DISTINCT FROM listed OR (placed IS NOT NULL) IS DISTINCT FROM listed) AS wrong
FROM (SELECT pg_temp.fits(pg_temp.domain_of(d.column_id), v.value) AS fits,
			 pg_temp.place(pg_temp.domain_of(d.column_id), v.value) AS placed,
			 EXISTS (SELECT FROM focus_vocabulary AS l
					 WHERE l.column_id = d.column_id AND l.value = v.value) AS listed
	  FROM (SELECT DISTINCT column_id FROM focus_vocabulary) AS d,
		   (SELECT value FROM focus_vocabulary
			UNION SELECT lower(value) FROM focus_vocabulary
			UNION SELECT unnest('{"",Use}'::text[])) AS v) AS checked;

SELECT 'Usage'::focus_charge_category, NULL::focus_charge_category;
SELECT 'usage'::focus_charge_category;
SELECT category, focus_charge_category_order(category) AS place
FROM unnest('{Tax,Usage,usage,Adjustment,NULL,Credit,Purchase}'::text[]) AS category
ORDER BY focus_charge_category_order(category), category;

-- The order is the specification's; what is in no list, and NULL, has no place.
SELECT column_id, places FROM (VALUES
	('CapacityReservationStatus', (SELECT array_agg(focus_capacity_reservation_status_order(v)) FROM unnest('{Unused,Used,used,NULL}'::text[]) AS v)),
	('ChargeClass', (SELECT array_agg(focus_charge_class_order(v)) FROM unnest('{Correction,correction,NULL}'::text[]) AS v)),
	('ChargeFrequency', (SELECT array_agg(focus_charge_frequency_order(v)) FROM unnest('{One-Time,Recurring,Usage-Based,Usage,NULL}'::text[]) AS v)),
	('CommitmentDiscountCategory', (SELECT array_agg(focus_commitment_discount_category_order(v)) FROM unnest('{Spend,Usage,Credit,NULL}'::text[]) AS v)),
	('ContractCommitmentCategory', (SELECT array_agg(focus_contract_commitment_category_order(v)) FROM unnest('{Spend,Usage,Credit,NULL}'::text[]) AS v)),
	('PricingCategory', (SELECT array_agg(focus_pricing_category_order(v)) FROM unnest('{Standard,Dynamic,Committed,Other,Spot,NULL}'::text[]) AS v)))
	AS o (column_id, places);

-- The planner turns the order into an expression, so it costs no call.
EXPLAIN (COSTS OFF, VERBOSE)
SELECT FROM (VALUES ('Used'), ('Unused')) AS v(status)
WHERE focus_commitment_discount_status_order(status) = 1;

-- Pairs of service category and subcategory.
SELECT service_category, count(*) AS subcategories FROM focus_service_subcategories
GROUP BY service_category ORDER BY focus_service_category_order(service_category);
SELECT count(*) AS pairs,
	   count(*) FILTER (WHERE focus_is_service_pair(c.value, s.value)) AS allowed,
	   count(*) FILTER (WHERE focus_is_service_pair(c.value, s.value) <>
		   EXISTS (SELECT FROM focus_service_subcategories AS p
				   WHERE p.service_category = c.value AND p.service_subcategory = s.value)) AS wrong
FROM focus_vocabulary AS c, focus_vocabulary AS s
WHERE c.column_id = 'ServiceCategory' AND s.column_id = 'ServiceSubcategory';
SELECT focus_is_service_pair('Compute', 'Virtual Machines') AS allowed,
	   focus_is_service_pair('Storage', 'Virtual Machines') AS crossed,
	   focus_is_service_pair('compute', 'Virtual Machines') AS wrong_case,
	   focus_is_service_pair(NULL, 'Virtual Machines') AS unknown;

-- Anyone may read the lists.
CREATE ROLE regress_focus_reader;
SET ROLE regress_focus_reader;
SELECT (SELECT count(*) FROM focus_vocabulary) AS values,
	   (SELECT count(*) FROM focus_service_subcategories) AS pairs,
	   (SELECT count(*) FROM focus_currencies) AS currencies,
	   focus_is_service_pair('Web', 'Other (Web)') AS allowed;
RESET ROLE;
DROP ROLE regress_focus_reader;
