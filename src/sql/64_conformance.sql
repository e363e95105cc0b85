-- Conformance: the rules of focus_conformance_rules, run over any relation.
--
-- One scan serves all rules that look at rows.  What makes that cheap is that
-- bills repeat themselves: columns that belong together, such as id, name and
-- type of an account, have few distinct combinations.  GROUPING SETS counts the
-- combinations of each such set of columns in one pass, and a rule is evaluated
-- once per combination of the set that has its columns.  Rules that no set
-- covers, about numbers and instants for the most part, are evaluated per row
-- into an array of booleans, which is counted like the other sets.  Rules of
-- scope table that ask for uniqueness read the counted combinations, too.

CREATE FUNCTION focus_internal.conformance_sets(dataset text)
RETURNS TABLE (set_number integer, texts text[], document text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 11
BEGIN ATOMIC
	SELECT s.* FROM (VALUES
		(1, ARRAY['chargecategory', 'billingcurrency', 'hostprovidername', 'invoiceid', 'invoiceissuername',
			'pricingcurrency', 'providername', 'publishername', 'serviceprovidername'], NULL),
		(2, ARRAY['billingaccountid', 'billingaccountname', 'billingaccounttype',
			'subaccountid', 'subaccountname', 'subaccounttype'], NULL),
		(3, ARRAY['serviceprovidername', 'chargecategory', 'chargeclass', 'pricingcategory',
			'commitmentdiscountcategory', 'commitmentdiscountid', 'commitmentdiscountname',
			'commitmentdiscountstatus', 'commitmentdiscounttype', 'commitmentdiscountunit'], NULL),
		(4, ARRAY['serviceprovidername', 'chargecategory', 'chargeclass', 'chargefrequency', 'consumedunit',
			'pricingcategory', 'pricingunit', 'servicecategory', 'servicename', 'servicesubcategory',
			'skuid', 'skumeter', 'skupriceid'], 'skupricedetails'),
		(5, ARRAY['resourceid', 'resourcename', 'resourcetype'], NULL),
		(6, ARRAY['availabilityzone', 'regionid', 'regionname'], NULL),
		(7, ARRAY['chargedescription'], NULL),
		(8, ARRAY['allocatedmethodid', 'allocatedresourceid', 'allocatedresourcename'], 'allocatedtags'),
		(9, ARRAY['capacityreservationid', 'capacityreservationstatus', 'chargecategory'], 'allocatedmethoddetails'),
		(10, ARRAY['serviceprovidername'], 'contractapplied'),
		(11, '{}'::text[], 'tags')) AS s(set_number, texts, document)
	WHERE $1 = 'CostAndUsage';
END;
COMMENT ON FUNCTION focus_internal.conformance_sets(text) IS
'Sets of columns of a dataset whose combinations of values are few. A change here changes the speed of validation, not its outcome.';

-- Not IMMUTABLE: that would promise parallel safety, which a block with
-- EXCEPTION, being a subtransaction, does not have.
CREATE FUNCTION focus_internal.json_or_text(value text) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN value::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
	RETURN to_jsonb(value);
END
$$;
COMMENT ON FUNCTION focus_internal.json_or_text(text) IS
'The text as JSON; as a JSON string when it is none.';

CREATE FUNCTION focus_internal.base_type(type oid) RETURNS oid
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE chain AS
	(
		SELECT t.oid, t.typbasetype FROM pg_type AS t WHERE t.oid = $1
		UNION ALL
		SELECT t.oid, t.typbasetype FROM chain AS c JOIN pg_type AS t ON t.oid = c.typbasetype
	)
	SELECT oid FROM chain WHERE typbasetype = 0;
END;
COMMENT ON FUNCTION focus_internal.base_type(oid) IS
'The type under a domain; of any other type the type itself.';

CREATE FUNCTION focus_internal.kept_cell(x_columns text, column_id text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- The key is spelled as in the file, as a rule like the specification.
	SELECT format('coalesce(%1$s -> %2$L, CASE WHEN jsonb_typeof(%1$s) = ''object'' THEN '
		'(SELECT e.value FROM jsonb_each(%1$s) AS e WHERE lower(e.key) = %3$L ORDER BY e.key LIMIT 1) END)',
		$1, $2, lower($2));
END;
COMMENT ON FUNCTION focus_internal.kept_cell(text, text) IS
'SQL expression for the cell of a column that the loader kept in x_columns because it is no JSON.';

CREATE FUNCTION focus_internal.conformance_columns(relation regclass, dataset text)
RETURNS TABLE
(
	column_name  text,
	column_id    text,
	type_name    text,
	expression   text
)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, pg_temp
BEGIN ATOMIC
	WITH attribute AS
	(
		-- "BilledCost" does as well as billedcost, which goes first.
		SELECT DISTINCT ON (lower(a.attname)) lower(a.attname) AS column_name,
			focus_internal.base_type(a.atttypid)::regtype AS type,
			format('charge.%I', a.attname) AS quoted
		FROM pg_attribute AS a
		WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY lower(a.attname), a.attname = lower(a.attname) DESC, a.attnum
	),
	usable AS
	(
		SELECT f.column_id, f.position, f.data_type, a.column_name, a.type,
			CASE
				WHEN f.data_type = 'text' THEN
					CASE WHEN a.type IN ('text'::regtype, 'varchar'::regtype)
						THEN a.quoted ELSE a.quoted || '::text' END
				WHEN f.data_type = 'numeric' THEN
					CASE WHEN a.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
						THEN a.quoted || '::numeric'
						WHEN a.type IN ('numeric'::regtype, 'float4'::regtype, 'float8'::regtype)
						THEN a.quoted END
				WHEN f.data_type = 'timestamptz' THEN
					CASE a.type WHEN 'timestamptz'::regtype THEN a.quoted
						WHEN 'timestamp'::regtype THEN a.quoted || ' AT TIME ZONE ''UTC'''
						-- A date may be later than any instant.
						WHEN 'date'::regtype THEN format('CASE WHEN %1$s > ''294276-12-31'' THEN ''infinity'' '
							'ELSE %1$s::timestamp AT TIME ZONE ''UTC'' END', a.quoted) END
				WHEN a.type IN ('jsonb'::regtype, 'focus_tags'::regtype) THEN a.quoted || '::jsonb'
				WHEN a.type IN ('json'::regtype, 'text'::regtype, 'varchar'::regtype) THEN
					format('focus_internal.json_or_text(%s::text)', a.quoted)
			END AS expression
		FROM focus_columns AS f
			LEFT JOIN attribute AS a ON a.column_name = lower(f.column_id)
		WHERE f.dataset = $2
	)
	SELECT lower(u.column_id), u.column_id, u.type::text,
		CASE WHEN x.quoted IS NULL OR u.data_type NOT IN ('jsonb', 'focus_tags')
			 THEN u.expression
			 ELSE format('coalesce(%s, %s)', u.expression, focus_internal.kept_cell(x.quoted, u.column_id)) END
	FROM usable AS u
		LEFT JOIN attribute AS x ON x.column_name = 'x_columns' AND x.type = 'jsonb'::regtype
	ORDER BY u.position;
END;
COMMENT ON FUNCTION focus_internal.conformance_columns(regclass, text) IS
'The columns of a dataset as a relation has them: type_name is NULL where the column is missing, expression where its type is none to check.';

CREATE FUNCTION focus_internal.conformance_dataset(relation regclass) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dataset text;
	class   pg_class;
BEGIN
	SELECT c.* INTO class FROM pg_class AS c WHERE c.oid = relation;
	IF class.relkind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
		RAISE EXCEPTION '"%" is not a table or view', class.relname USING ERRCODE = 'wrong_object_type';
	END IF;
	SELECT f.dataset INTO dataset
	FROM @extschema@.focus_columns AS f
		JOIN pg_attribute AS a ON a.attrelid = relation AND lower(a.attname) = lower(f.column_id)
	WHERE a.attnum > 0 AND NOT a.attisdropped
	GROUP BY f.dataset
	ORDER BY count(*) DESC, f.dataset DESC LIMIT 1;
	IF dataset IS NULL THEN
		RAISE EXCEPTION '"%" has no column of FOCUS', class.relname
			USING ERRCODE = 'undefined_column', HINT = 'See focus_columns for the columns of its datasets.';
	END IF;
	RETURN dataset;
END
$$;
COMMENT ON FUNCTION focus_internal.conformance_dataset(regclass) IS
'The FOCUS dataset that a relation has most columns of.';

CREATE FUNCTION focus_internal.conformance_source(relation regclass, dataset text, loadid bigint)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, pg_temp
BEGIN ATOMIC
	-- Missing columns are NULL: rules that read them are not run.  Ids are told
	-- apart by provider, so that ProviderName stands in for ServiceProviderName.
	SELECT format('SELECT %s, %s FROM %I.%I AS charge',
			CASE WHEN c.relkind IN ('r', 'm', 'p')
				 THEN 'charge.tableoid AS row_table, charge.ctid AS row_address'
				 ELSE 'NULL::oid AS row_table, NULL::tid AS row_address' END,
			string_agg(format('%s AS %I', coalesce(f.expression,
				CASE f.column_name WHEN 'serviceprovidername' THEN provider.expression END,
				'NULL::text'), f.column_name), ', '),
			n.nspname, c.relname)
		|| coalesce(' WHERE charge.x_loadid = ' || $3, '')
	FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		CROSS JOIN focus_internal.conformance_columns($1, $2) AS f
		LEFT JOIN focus_internal.conformance_columns($1, $2) AS provider
			ON provider.column_name = 'providername'
	WHERE c.oid = $1
	GROUP BY c.relkind, n.nspname, c.relname;
END;
COMMENT ON FUNCTION focus_internal.conformance_source(regclass, text, bigint) IS
'Query for the rows of a relation, or of a load, under the names and types that the rules are written for.';

CREATE FUNCTION focus_internal.violated(rule focus_conformance_rules, tolerance numeric)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce('(' || (rule).applies || ') AND ', '')
		|| '(' || replace((rule).holds, '{tolerance}', $2::text) || ') IS NOT TRUE';
END;
COMMENT ON FUNCTION focus_internal.violated(focus_conformance_rules, numeric) IS
'SQL condition for the rows that break a rule of scope row.';

CREATE FUNCTION focus_internal.conformance_obstacle(
	rule focus_conformance_rules, focus_version text, capabilities text[], types jsonb, usable text[],
	OUT state text, OUT detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	needed text[] := rule.columns;
	missing text[];
BEGIN
	state := 'not applicable';
	IF rule.focus_version > $2 THEN
		detail := format('since FOCUS %s', rule.focus_version);
	ELSIF NOT rule.capabilities <@ $3 THEN
		detail := format('needs %s', array_to_string(rule.capabilities, ' and '));
	ELSIF $3 IS NULL AND rule.capabilities <> '{}' AND $4 ->> lower(rule.column_id) IS NULL THEN
		detail := format('column %s is missing, and %s not declared', rule.column_id,
						 array_to_string(rule.capabilities, ' and '));
	ELSIF rule.scope = 'schema' AND rule.kind <> 'type' THEN
		state := NULL;
	ELSE
		IF rule.scope = 'table' THEN
			needed := array_remove(needed, 'serviceprovidername');
		END IF;
		state := 'not evaluable';
		missing := ARRAY(SELECT n FROM unnest(needed) AS n WHERE $4 ->> n IS NULL);
		IF missing <> '{}' THEN
			detail := 'missing: ' || array_to_string(missing, ', ');
		ELSIF rule.scope <> 'schema' AND NOT needed <@ $5 THEN
			detail := (SELECT 'wrong type: ' || string_agg(format('%s is %s', n, $4 ->> n), ', ')
					   FROM unnest(needed) AS n WHERE n <> ALL ($5));
		ELSIF rule.breaches LIKE '%{contract_commitment}%' THEN
			IF NOT has_table_privilege('@extschema@.focus_contract_commitment', 'SELECT') THEN
				detail := 'no right to read focus_contract_commitment';
			ELSIF NOT EXISTS (SELECT FROM @extschema@.focus_contract_commitment) THEN
				detail := 'focus_contract_commitment is empty';
			ELSE
				state := NULL;
			END IF;
		ELSE
			state := NULL;
		END IF;
	END IF;
END
$$;
COMMENT ON FUNCTION focus_internal.conformance_obstacle(focus_conformance_rules, text, text[], jsonb, text[]) IS
'Why a rule cannot be run; state is NULL when it can. types has the type of each column that is there, usable the columns that can be checked.';

CREATE FUNCTION focus_internal.conformance_query(
	rules focus_conformance_rules[], seen text[], source text, by_table boolean,
	tolerance numeric, example_limit integer)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, @extschema@, pg_temp
BEGIN ATOMIC
	WITH item AS
	(
		-- What to look for in rows, and the rules that ask for it.
		SELECT array_agg(r.rule_id ORDER BY r.rule_number) AS rule_ids, r.columns, v.condition
		FROM unnest($1) AS r CROSS JOIN LATERAL
			(SELECT focus_internal.violated(r, $5) AS condition) AS v
		WHERE r.scope = 'row'
		GROUP BY r.columns, v.condition
		UNION ALL
		SELECT ARRAY['=' || s], ARRAY[s], s || ' IS NOT NULL' FROM unnest($2) AS s
	),
	placed AS
	(
		SELECT i.*, coalesce(s.set_number, 0) AS set_number,
			row_number() OVER (PARTITION BY s.set_number ORDER BY i.rule_ids) AS item_number
		FROM item AS i LEFT JOIN LATERAL
			(SELECT s.set_number FROM focus_internal.conformance_sets(($1[1]).dataset) AS s
			 WHERE i.columns <@ (s.texts || s.document) ORDER BY s.set_number LIMIT 1) AS s ON true
	),
	together AS
	(
		-- Rules of scope table: how often a combination occurs matters to some.
		SELECT r.rule_id, r.breaches, s.set_number
		FROM unnest($1) AS r LEFT JOIN LATERAL
			(SELECT s.set_number FROM focus_internal.conformance_sets(($1[1]).dataset) AS s
			 WHERE r.columns <@ (s.texts || s.document) AND r.kind <> 'arithmetic'
				AND r.breaches NOT LIKE '%count(*)%'
			 ORDER BY s.set_number LIMIT 1) AS s ON true
		WHERE r.scope = 'table'
	),
	key AS
	(
		SELECT 0 AS set_number, 'broken' AS mark, 'broken' AS keys,
			'ARRAY[' || string_agg(p.condition, E',\n' ORDER BY p.item_number) || ']::boolean[] AS broken'
				AS expression,
			'broken' AS columns
		FROM placed AS p WHERE p.set_number = 0 HAVING count(*) > 0
		UNION ALL
		SELECT s.set_number, m.mark,
			concat_ws(', ', t.texts, d.document),
			concat_ws(', ', 'ARRAY[' || array_to_string(s.texts, ', ') || ']::text[] AS ' || t.texts,
				s.document || ' AS ' || d.document),
			concat_ws(', ',
				(SELECT string_agg(format('%s[%s] AS %I', t.texts, n.number, n.name), ', ' ORDER BY n.number)
				 FROM unnest(s.texts) WITH ORDINALITY AS n(name, number)),
				d.document || ' AS ' || s.document)
		FROM focus_internal.conformance_sets(($1[1]).dataset) AS s
			CROSS JOIN LATERAL (SELECT CASE WHEN s.texts <> '{}' THEN 'texts_' || s.set_number END) AS t(texts)
			CROSS JOIN LATERAL (SELECT 'document_' || s.set_number WHERE s.document IS NOT NULL
				UNION ALL SELECT NULL WHERE s.document IS NULL) AS d(document)
			CROSS JOIN LATERAL (SELECT coalesce(t.texts, d.document)) AS m(mark)
		WHERE s.set_number IN (SELECT p.set_number FROM placed AS p UNION SELECT g.set_number FROM together AS g)
	),
	numbered AS
	(
		-- GROUPING has a bit per mark, set but for the one that a row is grouped by.
		SELECT k.*, (1 << count(*) OVER ()::integer) - 1
			- (1 << (count(*) OVER () - row_number() OVER (ORDER BY k.set_number))::integer) AS grouping
		FROM key AS k
	),
	counted AS
	(
		SELECT format(E'counted AS MATERIALIZED (SELECT GROUPING(%s) AS grouping, %s,\n'
				|| E'count(*) AS row_count, %s AS row_table, min(row_address) AS row_address\n'
				|| E'FROM (SELECT row_table, row_address, %s FROM (%s OFFSET 0) AS charge OFFSET 0) AS charge\n'
				|| 'GROUP BY GROUPING SETS (%s))',
				string_agg(k.mark, ', ' ORDER BY k.set_number),
				string_agg(k.keys, ', ' ORDER BY k.set_number),
				CASE WHEN $4 THEN 'row_table' ELSE 'NULL::oid' END,
				string_agg(k.expression, E',\n' ORDER BY k.set_number), $3,
				string_agg(format('(%s%s)', CASE WHEN $4 THEN 'row_table, ' END, k.keys), ', '
					ORDER BY k.set_number))
			|| string_agg(format(E',\nset_%s AS (SELECT %s, row_count, row_table, row_address FROM counted WHERE grouping = %s)',
					k.set_number, k.columns, k.grouping), '' ORDER BY k.set_number) AS cte
		FROM numbered AS k
	),
	committed AS
	(
		-- Charges of commitments, read once for the rules about their sums.
		SELECT format(E'committed AS MATERIALIZED (SELECT %s FROM (%s) AS charge WHERE commitmentdiscountid IS NOT NULL)',
				string_agg(DISTINCT n, ', '), $3) AS cte
		FROM unnest($1) AS r CROSS JOIN unnest(r.columns) AS n
		WHERE r.breaches LIKE '%{rel} AS t WHERE commitmentdiscountid IS NOT NULL%' AND r.kind = 'arithmetic'
		HAVING count(*) > 0
	),
	branch AS
	(
		SELECT 1 AS branch_number,
			format(E'SELECT rule_ids, sum(row_count) AS violations,\n'
				|| E'(array_agg(row_table ORDER BY row_table, row_address))[1:%s] AS row_tables,\n'
				|| E'(array_agg(row_address ORDER BY row_table, row_address))[1:%1$s] AS row_addresses,\n'
				|| E'NULL::jsonb[] AS keys FROM (%s) AS broken GROUP BY rule_ids',
				$6, string_agg(b.sql, E'\nUNION ALL\n' ORDER BY b.set_number)) AS sql
		FROM
			(SELECT p.set_number,
				format(E'SELECT v.rule_ids, c.row_count, c.row_table, c.row_address FROM set_%s AS c\n'
					|| 'CROSS JOIN LATERAL (VALUES %s) AS v(rule_ids, violated) WHERE v.violated',
					p.set_number,
					string_agg(format('(%L::text[], %s)', p.rule_ids,
						CASE WHEN p.set_number = 0 THEN format('c.broken[%s]', p.item_number)
							ELSE p.condition END), E',\n' ORDER BY p.item_number)) AS sql
			 FROM placed AS p GROUP BY p.set_number) AS b
		HAVING count(*) > 0
		UNION ALL
		SELECT 2,
			format('SELECT %L::text[], count(*), NULL::oid[], NULL::tid[], '
				|| '(array_agg(to_jsonb(b) ORDER BY to_jsonb(b)))[1:%s] FROM (%s) AS b HAVING count(*) > 0',
				ARRAY[t.rule_id], $6,
				replace(replace(t.breaches, '{rel}',
					CASE WHEN t.set_number IS NOT NULL THEN 'set_' || t.set_number
						WHEN t.breaches LIKE '%{rel} AS t WHERE commitmentdiscountid IS NOT NULL%' THEN 'committed'
						ELSE '(' || $3 || ')' END),
					'{contract_commitment}', '@extschema@.focus_contract_commitment'))
		FROM together AS t
	)
	SELECT coalesce('WITH ' || (SELECT string_agg(c.cte, E',\n')
			FROM (SELECT cte FROM counted UNION ALL SELECT cte FROM committed) AS c), '') || E'\n'
		|| string_agg(b.sql, E'\nUNION ALL\n' ORDER BY b.branch_number)
	FROM branch AS b;
END;
COMMENT ON FUNCTION focus_internal.conformance_query(focus_conformance_rules[], text[], text, boolean, numeric, integer) IS
'The query that runs rules of scope row and table, and says with rule ids of the form =column which of the columns seen have a value.';

CREATE FUNCTION focus_internal.conformance_schema(
	rules focus_conformance_rules[], relation regclass, types jsonb)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	query text;
	broken text[];
BEGIN
	SELECT string_agg(format('(%L, %s)', r.rule_id,
		CASE r.kind
			WHEN 'presence' THEN (types ->> lower(r.column_id) IS NOT NULL)::text
			-- Our own text-like types hold texts of FOCUS.
			WHEN 'type' THEN regexp_replace(r.holds, 'pg_typeof\(\w+\)::text',
				quote_literal(CASE WHEN types ->> r.columns[1] IN ('focus_currency', 'focus_unit')
							  THEN 'text' ELSE types ->> r.columns[1] END))
			ELSE replace(r.holds, '''{rel}''', quote_literal(relation::oid))
		END), ', ')
	INTO query
	FROM unnest(rules) AS r WHERE r.scope = 'schema';
	IF query IS NOT NULL THEN
		EXECUTE format('SELECT array_agg(v.rule_id) FROM (VALUES %s) AS v(rule_id, holds) WHERE v.holds IS NOT TRUE', query)
		INTO broken;
	END IF;
	RETURN coalesce(broken, '{}');
END
$$;
COMMENT ON FUNCTION focus_internal.conformance_schema(focus_conformance_rules[], regclass, jsonb) IS
'The rules of scope schema that a relation breaks.';

CREATE FUNCTION focus_internal.conformance_example(found jsonb, columns text[] DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, @extschema@, pg_temp
BEGIN ATOMIC
	SELECT jsonb_object_agg(coalesce(f.column_id, 'ctid'), e.value)
	FROM jsonb_each(found) AS e
		LEFT JOIN (SELECT DISTINCT c.column_id FROM focus_columns AS c) AS f ON lower(f.column_id) = e.key
	WHERE (f.column_id IS NOT NULL AND (columns IS NULL OR e.key = ANY (columns)))
		OR (e.key = 'row_address' AND e.value <> 'null');
END;
COMMENT ON FUNCTION focus_internal.conformance_example(jsonb, text[]) IS
'A row as an example: columns under their FOCUS names, and its ctid.';

CREATE FUNCTION focus_internal.conformance_result(
	query text, memory text, row_tables oid[] DEFAULT NULL, row_addresses tid[] DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET work_mem = '4MB'	-- so that the caller's comes back
AS $$
DECLARE
	result	jsonb;
	message	text;
	detail	text;
	hint	text;
BEGIN
	PERFORM set_config('work_mem', memory, true);
	EXECUTE query INTO result USING row_tables, row_addresses;
	RETURN result;
EXCEPTION WHEN OTHERS OR query_canceled THEN
	-- Without its context, which is the query and fills many screens.
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = message,
		DETAIL = concat_ws(' ', nullif(detail, ''), nullif(hint, ''), 'It was raised while the rules ran over the rows.');
END
$$;
COMMENT ON FUNCTION focus_internal.conformance_result(text, text, oid[], tid[]) IS
'Runs a query for one jsonb value with a work_mem of its own; $1 and $2 in it are row_tables and row_addresses.';

CREATE FUNCTION focus_internal.conformance_examples(
	source text, condition text, columns text[],
	row_tables oid[], row_addresses tid[], example_limit integer)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found jsonb;
BEGIN
	IF row_addresses[1] IS NOT NULL THEN
		found := focus_internal.conformance_result(
			format('SELECT jsonb_agg(to_jsonb(c) ORDER BY row_table, row_address) FROM (%s) AS c '
				   'WHERE row_address = ANY ($2) AND ($1[1] IS NULL OR (row_table, row_address) IN (SELECT * FROM unnest($1, $2)))',
				   source),
			current_setting('work_mem'), row_tables, row_addresses);
	ELSE
		-- Rows of views and foreign tables have no address.
		found := focus_internal.conformance_result(
			format('SELECT jsonb_agg(to_jsonb(c)) FROM (SELECT * FROM (%s) AS charge WHERE %s LIMIT %s) AS c',
				   source, condition, example_limit),
			current_setting('work_mem'));
	END IF;
	RETURN (SELECT jsonb_agg(focus_internal.conformance_example(f.value, columns) ORDER BY f.ordinality)
			FROM jsonb_array_elements(found) WITH ORDINALITY AS f);
END
$$;
COMMENT ON FUNCTION focus_internal.conformance_examples(text, text, text[], oid[], tid[], integer) IS
'Rows that break a rule, by their addresses, or by its condition where they have none: the columns that the rule reads.';

CREATE FUNCTION focus_internal.check_conformance_arguments(
	focus_version text, capabilities text[], tolerance numeric, example_limit integer)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known text[] := ARRAY(SELECT DISTINCT c FROM @extschema@.focus_conformance_rules AS r, unnest(r.capabilities) AS c ORDER BY c);
	unknown text := (SELECT c FROM unnest($2) AS c WHERE c <> ALL (known) OR c IS NULL LIMIT 1);
BEGIN
	IF $1 IS NULL OR $1 NOT IN ('1.0', '1.1', '1.2', '1.3') THEN
		RAISE EXCEPTION 'FOCUS version "%" is not known', coalesce($1, 'NULL')
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Versions are 1.0, 1.1, 1.2 and 1.3.';
	ELSIF NOT $2 <@ known THEN
		RAISE EXCEPTION 'capability "%" is not known', coalesce(unknown, 'NULL')
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'Capabilities are ' || array_to_string(known, ', ') || '.';
	ELSIF $3 IS NULL OR $3 < 0 OR $3 >= 'Infinity' THEN
		RAISE EXCEPTION 'tolerance must be a number of at least 0'
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF $4 IS NULL OR $4 NOT BETWEEN 0 AND 1000 THEN
		RAISE EXCEPTION 'number of examples must be between 0 and 1000'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
END
$$;
COMMENT ON FUNCTION focus_internal.check_conformance_arguments(text, text[], numeric, integer) IS
'Errors on arguments of a validation.';

CREATE FUNCTION focus_internal.validate(
	relation regclass, loadid bigint, focus_version text, capabilities text[],
	tolerance numeric, example_limit integer)
RETURNS TABLE
(
	rule_id      text,
	column_id    text,
	keyword      text,
	severity     text,
	state        text,
	violations   bigint,
	examples     jsonb,
	requirement  text,
	detail       text
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	about	text := focus_internal.conformance_dataset(relation);
	charges	text := focus_internal.conformance_source(relation, about, loadid);
	types	jsonb;
	usable	text[];
	rules	@extschema@.focus_conformance_rules[];
	seen	text[];
	broken	text[];
	query	text;
	hits	jsonb;
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION 'relation must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM focus_internal.check_conformance_arguments($3, $4, $5, $6);
	SELECT jsonb_object_agg(c.column_name, c.type_name), array_agg(c.column_name) FILTER (WHERE c.expression <> '')
	INTO types, usable
	FROM focus_internal.conformance_columns(relation, about) AS c;
	SELECT array_agg(r ORDER BY r.rule_number),
		array_agg(DISTINCT lower(r.column_id)) FILTER
			(WHERE $4 IS NULL AND r.capabilities <> '{}' AND r.scope <> 'schema' AND lower(r.column_id) = ANY (usable))
	INTO rules, seen
	FROM @extschema@.focus_conformance_rules AS r
		CROSS JOIN LATERAL focus_internal.conformance_obstacle(r, $3, $4, types, usable) AS o
	WHERE r.dataset = about AND o.state IS NULL;
	broken := focus_internal.conformance_schema(rules, relation, types);
	query := focus_internal.conformance_query(rules, seen, charges,
		(SELECT c.relkind = 'p' OR c.relhassubclass FROM pg_class AS c WHERE c.oid = relation), $5, $6);
	IF query IS NOT NULL THEN
		-- The combinations are to fit in memory, as much as maintenance may take.
		hits := focus_internal.conformance_result(
			format('SELECT jsonb_agg(to_jsonb(h)) FROM (%s) AS h', query),
			(SELECT s.setting FROM unnest(ARRAY[current_setting('work_mem'), current_setting('maintenance_work_mem')]) AS s(setting)
			 ORDER BY pg_size_bytes(s.setting) DESC LIMIT 1));
	END IF;
	RETURN QUERY
	WITH hit AS
	(
		SELECT h.* FROM jsonb_to_recordset(hits)
			AS h(rule_ids text[], violations bigint, row_tables oid[], row_addresses tid[], keys jsonb)
	)
	SELECT r.rule_id, r.column_id, r.keyword, r.severity, s.state,
		CASE s.state WHEN 'failed' THEN coalesce(h.violations, 1) WHEN 'passed' THEN 0 END,
		CASE WHEN s.state <> 'failed' OR $6 = 0 THEN NULL
			 WHEN r.scope = 'table' THEN
				(SELECT jsonb_agg(focus_internal.conformance_example(k.value) ORDER BY k.ordinality)
				 FROM jsonb_array_elements(h.keys) WITH ORDINALITY AS k)
			 WHEN r.scope = 'row' THEN
				focus_internal.conformance_examples(charges, focus_internal.violated(r, $5), r.columns,
					h.row_tables, h.row_addresses, $6) END,
		r.requirement, s.detail
	FROM @extschema@.focus_conformance_rules AS r
		CROSS JOIN LATERAL focus_internal.conformance_obstacle(r, $3, $4, types, usable) AS o
		LEFT JOIN hit AS h ON r.rule_id = ANY (h.rule_ids)
		CROSS JOIN LATERAL
			(SELECT lower(r.column_id) = ANY (seen) AND r.scope <> 'schema'
				AND NOT EXISTS (SELECT FROM hit AS x WHERE '=' || lower(r.column_id) = ANY (x.rule_ids)) AS empty) AS e
		CROSS JOIN LATERAL
			(SELECT CASE WHEN o.state IS NOT NULL THEN o.state
						 WHEN r.capabilities <> '{}' AND e.empty THEN 'not applicable'
						 WHEN h.violations > 0 OR r.rule_id = ANY (broken) THEN 'failed'
						 ELSE 'passed' END,
				CASE WHEN o.state IS NOT NULL THEN o.detail
					 WHEN r.capabilities <> '{}' AND e.empty THEN
						format('column %s has no value, and %s not declared', r.column_id,
							array_to_string(r.capabilities, ' and ')) END) AS s(state, detail)
	WHERE r.dataset = about
	ORDER BY r.rule_number;
END
$$;
COMMENT ON FUNCTION focus_internal.validate(regclass, bigint, text, text[], numeric, integer) IS
'Runs the rules of a dataset over a relation, or over the rows of a load.';

CREATE FUNCTION focus_validate(
	relation      regclass,
	focus_version text DEFAULT '1.3',
	capabilities  text[] DEFAULT NULL,
	tolerance     numeric DEFAULT 0,
	example_limit integer DEFAULT 3)
RETURNS TABLE
(
	rule_id      text,
	column_id    text,
	keyword      text,
	severity     text,
	state        text,
	violations   bigint,
	examples     jsonb,
	requirement  text,
	detail       text
)
LANGUAGE sql STABLE COST 100000 ROWS 500
BEGIN ATOMIC
	SELECT * FROM focus_internal.validate($1, NULL, $2, $3, $4, $5);
END;
COMMENT ON FUNCTION focus_validate(regclass, text, text[], numeric, integer) IS
'Runs the rules of FOCUS over a table or view with FOCUS columns: one row per rule.';

CREATE FUNCTION focus_validate_load(
	loadid        bigint,
	focus_version text DEFAULT NULL,
	capabilities  text[] DEFAULT NULL,
	tolerance     numeric DEFAULT 0,
	example_limit integer DEFAULT 3)
RETURNS TABLE
(
	rule_id      text,
	column_id    text,
	keyword      text,
	severity     text,
	state        text,
	violations   bigint,
	examples     jsonb,
	requirement  text,
	detail       text
)
LANGUAGE plpgsql STABLE COST 100000 ROWS 500
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	load @extschema@.focus_loads;
BEGIN
	IF $1 IS NULL THEN
		RAISE EXCEPTION 'load must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	SELECT l.* INTO load FROM @extschema@.focus_loads AS l WHERE l.loadid = $1;
	IF NOT FOUND OR load.state <> 'current' THEN
		RAISE EXCEPTION 'load % is not current', $1
			USING ERRCODE = 'no_data_found', HINT = 'See focus_loads for the loads whose rows are in the dataset.';
	END IF;
	RETURN QUERY
	SELECT * FROM focus_internal.validate(
		CASE load.dataset WHEN 'CostAndUsage' THEN '@extschema@.focus_cost_and_usage'::regclass
			ELSE '@extschema@.focus_contract_commitment'::regclass END,
		$1, coalesce($2, substring(load.focus_version FROM '^1\.[0-3]'), '1.3'), $3, $4, $5);
END
$$;
COMMENT ON FUNCTION focus_validate_load(bigint, text, text[], numeric, integer) IS
'Runs the rules of FOCUS over the rows of a load, by the version that it was read as unless told otherwise.';

CREATE FUNCTION focus_conformance_score(
	relation      regclass,
	focus_version text DEFAULT '1.3',
	capabilities  text[] DEFAULT NULL,
	tolerance     numeric DEFAULT 0)
RETURNS TABLE
(
	keyword         text,
	passed          bigint,
	failed          bigint,
	not_applicable  bigint,
	not_evaluable   bigint,
	score           numeric
)
LANGUAGE sql STABLE COST 100000 ROWS 6
SET search_path = pg_catalog, @extschema@, pg_temp
BEGIN ATOMIC
	SELECT v.keyword,
		count(*) FILTER (WHERE v.state = 'passed'),
		count(*) FILTER (WHERE v.state = 'failed'),
		count(*) FILTER (WHERE v.state = 'not applicable'),
		count(*) FILTER (WHERE v.state = 'not evaluable'),
		round(100.0 * count(*) FILTER (WHERE v.state = 'passed')
			/ nullif(count(*) FILTER (WHERE v.state IN ('passed', 'failed')), 0), 1)
	FROM focus_validate($1, $2, $3, $4, 0) AS v
	GROUP BY ROLLUP (v.keyword)
	ORDER BY array_position(ARRAY['MUST', 'MUST NOT', 'SHOULD', 'SHOULD NOT', 'RECOMMENDED'], v.keyword);
END;
COMMENT ON FUNCTION focus_conformance_score(regclass, text, text[], numeric) IS
'Rules of FOCUS that a table or view keeps and breaks, by keyword, and in the last line in total.';

CREATE FUNCTION focus_violation_query(relation regclass, rule_id text, tolerance numeric DEFAULT 0)
RETURNS text
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rule	@extschema@.focus_conformance_rules;
	about	text := focus_internal.conformance_dataset(relation);
	charges	text := focus_internal.conformance_source(relation, about, NULL);
BEGIN
	PERFORM focus_internal.check_conformance_arguments('1.3', NULL, tolerance, 0);
	SELECT r.* INTO rule FROM @extschema@.focus_conformance_rules AS r WHERE r.rule_id = $2 AND r.dataset = about;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no rule "%" for dataset %', $2, about
			USING ERRCODE = 'undefined_object', HINT = 'See focus_conformance_rules.';
	END IF;
	RETURN CASE rule.scope
		WHEN 'row' THEN format('SELECT * FROM (%s) AS charge WHERE %s', charges,
							   focus_internal.violated(rule, tolerance))
		WHEN 'table' THEN replace(replace(rule.breaches, '{rel}', format('(%s)', charges)),
								  '{contract_commitment}', '@extschema@.focus_contract_commitment')
	END;
END
$$;
COMMENT ON FUNCTION focus_violation_query(regclass, text, numeric) IS
'The text of a query for all rows that break a rule; for rules of scope table, for what breaks them. NULL for rules about the columns alone.';
