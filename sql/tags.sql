-- focus_tags: input, output, errors, subscripts, operators, casts.
SET TimeZone = 'UTC';

-- Canonical text: keys in byte order, one space after ":" and ",".
SELECT focus_tags '{ "b" : 1 , "a":"x","B":true,"aa":null,"":false }' AS canonical;
SELECT focus_tags E' \t\r\n{\n} ' AS empty;
SELECT focus_tags '{"org": 1, " org": 2, "org ": 3}' AS spaces_differ;
SELECT focus_tags '{"n":1.10,"m":-0,"e":1e400,"f":1E+2,"d":12345678901234567890123456789012345678}' AS numbers_kept;
SELECT focus_tags '{"q\"\\\/\b\f\n\r\t": "\u0041\u00e9\u20AC\ud83d\ude00", "c": "a\u0001b\u001fc\u007fd"}' AS escapes;
SELECT focus_tags '{"ключ": "значение", "é": "€😀"}' AS not_ascii;

-- What a statement raises, with its SQLSTATE.
CREATE FUNCTION error_of(statement text, OUT code text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	message := 'accepted';
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL;
END $$;

-- Text that is refused.
SELECT source, code, message, detail
FROM unnest(ARRAY[
	'', ' ', 'x', '[]', '"a"', '1', 'null', '{', '{"a"', '{"a"}', '{"a":', '{"a":}',
	'{"a":1', '{"a":1,', '{"a":1,}', '{"a":1}}', '{"a":1} x', '{,}', '{a:1}', '{''a'':1}',
	'{"a" 1}', '{"a":1 "b":2}', '{"a":tru}', '{"a":TRUE}', '{"a":nul', '{"a":None}', '{"a":NaN}',
	'{"a":"x', '{"a', E'{"a":"x\ny"}', E'{"a":"\\n\ty"}', E'{"a":"\x01"}', '{"a":"\x"}', '{"a":"\', '{"a":"\u12"}',
	'{"a":"\u12G4"}', '{"a":"\u0000"}', '{"a\u0000":1}', '{"a":"\ud800"}', '{"a":"\ud800\u0041"}',
	'{"a":"\udc00"}', '{"a":"\ud800x"}', '{"a":01}', '{"a":-}', '{"a":+1}', '{"a":.5}', '{"a":1.}',
	'{"a":1e}', '{"a":1e+}', '{"a":0x10}', '{"a":-01}', '{"a":1,"a":2}', '{"a":1,"b":2,"\u0061":3}',
	'{"":1,"":1}', '{"a":[]}', '{"a":{}}', '{"x":1,"deep":[[[[1]]]]}'
]) WITH ORDINALITY AS s (source, n), error_of(format('SELECT focus_tags %L', source))
ORDER BY n;
-- a long key is cut in the message, at a whole character
SELECT message FROM error_of('SELECT focus_tags ''{"' || repeat('é', 100) || '":[]}''');

-- Soft errors, from PostgreSQL 16 on
DO $$
DECLARE
	valid boolean[];
BEGIN
	IF current_setting('server_version_num')::integer < 160000 THEN
		RETURN;
	END IF;
	EXECUTE 'SELECT array_agg(pg_input_is_valid(source, ''focus_tags'') ORDER BY n) FROM unnest($1) WITH ORDINALITY AS s (source, n)'
	INTO valid USING ARRAY['{"a": 1}', '{"a": []}', '{"a": 1, "a": 1}', '{"a": "\u0000"}', ''];
	IF valid <> '{t,f,f,f,f}' THEN
		RAISE EXCEPTION 'soft errors: %', valid;
	END IF;
END $$;

-- Subscripts
CREATE TABLE charges (id integer PRIMARY KEY, tags focus_tags);
INSERT INTO charges VALUES
	(1, '{"CostCentre": "CC-1", "env": "prod", "n": 1.50, "flag": true, "off": false, "nothing": null}'),
	(2, '{"CostCentre": "CC-2"}'), (3, '{}'), (4, NULL);
SELECT id, tags['CostCentre'] AS cost_centre, tags['n'] AS n, tags['flag'] AS flag, tags['off'] AS off,
	tags['nothing'] AS nothing, tags[NULL] AS no_key, pg_typeof(tags['n']) AS type
FROM charges ORDER BY id;
UPDATE charges SET tags['env'] = 'test', tags['new"key'] = upper(tags['CostCentre']);
UPDATE charges SET tags['flag'] = NULL WHERE id = 2;
UPDATE charges SET tags['n'] = 7 WHERE id = 3;
SELECT id, tags FROM charges ORDER BY id;
UPDATE charges SET tags = tags - 'env' - 'new"key';
INSERT INTO charges (id, tags['CostCentre'], tags['a']) VALUES (5, 'CC-5', 'b');
SELECT id, tags FROM charges ORDER BY id;
SELECT tags['a']['b'] FROM charges;
SELECT tags['a':'b'] FROM charges;
SELECT tags[1] FROM charges;
UPDATE charges SET tags[NULL] = 'x';
UPDATE charges SET tags['a':'b'] = 'x';
-- subscripts in other places
SELECT id FROM charges WHERE tags['CostCentre'] < 'CC-3' AND tags['CostCentre'] LIKE 'CC%' ORDER BY tags['CostCentre'] DESC;
CREATE INDEX charges_cost_centre ON charges ((tags['CostCentre']));
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM charges WHERE tags['CostCentre'] = 'CC-2';
SELECT id FROM charges WHERE tags['CostCentre'] = 'CC-2';
RESET enable_seqscan;
RESET enable_bitmapscan;
DO $$
DECLARE
	t focus_tags;
BEGIN
	t['a'] := 'made of nothing';
	t['b'] := t['a'] || '!';
	t['a'] := NULL;
	RAISE NOTICE '%', t;
END $$;
CREATE DOMAIN owned_tags AS focus_tags CHECK (VALUE ? 'owner');
CREATE TEMP TABLE owned (t owned_tags, list focus_tags[]);
INSERT INTO owned VALUES ('{"owner": "x"}', ARRAY['{"a": 1}', NULL, '{"a": 2}']::focus_tags[]);
UPDATE owned SET t['env'] = 'prod', list[3] = '{"a": 3}';
SELECT t, t['owner'], (list[3])['a'], list FROM owned;
INSERT INTO owned (t) VALUES ('{}');
DROP TABLE owned;
DROP DOMAIN owned_tags;

-- Reading
SELECT id, tags -> 'n' AS "->", tags ->> 'n' AS "->>", focus_tags_get(tags, 'flag') AS get,
	tags ? 'nothing' AS "?", tags ?| '{x,CostCentre}' AS "?|", tags ?& '{n,off}' AS "?&",
	focus_tags_keys(tags) AS keys, focus_tags_count(tags) AS count
FROM charges ORDER BY id;
SELECT id, e.* FROM charges, focus_tags_each(tags) AS e ORDER BY id, e.key;
SELECT focus_tags '{"a":1}' ?| '{}' AS any_of_none, focus_tags '{"a":1}' ?& '{}' AS all_of_none,
	focus_tags '{"a":1}' ?| '{NULL,a}' AS any_null, focus_tags '{"a":1}' ?& '{NULL,a}' AS all_null,
	focus_tags '{"a":1}' ? NULL AS no_key, focus_tags '{"":1}' ? '' AS empty_key;
SELECT b, focus_tags '{"a":1,"b":"1","c":true,"d":null}' @> b AS contains,
	b <@ focus_tags '{"a":1,"b":"1","c":true,"d":null}' AS contained
FROM unnest(ARRAY['{}', '{"a":1}', '{"a":1.0}', '{"a":"1"}', '{"b":1}', '{"b":"1","c":true}', '{"c":"true"}',
	'{"d":null}', '{"d":""}', '{"e":null}', '{"a":1,"b":"1","c":true,"d":null,"e":1}']::focus_tags[])
	WITH ORDINALITY AS s (b, n)
ORDER BY n;

-- Changing
SELECT focus_tags '{"a":1,"b":2}' || '{"b":"x","c":null}' AS merged, focus_tags '{}' || '{}' AS none,
	focus_tags '{"a":1}' || NULL AS with_null;
SELECT focus_tags '{"a":1,"b":2,"c":3}' - 'b' AS one, focus_tags '{"a":1}' - 'x' AS absent,
	focus_tags '{"a":1,"b":2,"c":3}' - '{c,NULL,a,a,x}'::text[] AS some, focus_tags '{"a":1}' - '{}'::text[] AS none;
SELECT focus_tags('{b,a,"c d"}', '{1,NULL,x}') AS made, focus_tags('{}', '{}') AS empty,
	focus_tags(NULL, '{}') AS from_null;
SELECT * FROM error_of($$SELECT focus_tags('{a,b}', '{1}')$$);
SELECT * FROM error_of($$SELECT focus_tags('{a,NULL}', '{1,2}')$$);
SELECT * FROM error_of($$SELECT focus_tags('{a,b,a}', '{1,2,3}')$$);

-- Order: pair by pair; null, boolean, number, string; a prefix first.
CREATE TEMP TABLE sorted (t focus_tags);
INSERT INTO sorted VALUES ('{}'), ('{"a":null}'), ('{"a":false}'), ('{"a":true}'), ('{"a":10}'), ('{"a":9}'),
	('{"a":9.0}'), ('{"a":""}'), ('{"a":"x"}'), ('{"a":"x","b":1}'), ('{"a":"xy"}'), ('{"aa":1}'), ('{"b":null}'),
	('{"":1}'), ('{"é":1}'), ('{"B":1}');
SELECT t FROM sorted ORDER BY t;
SELECT count(*) AS wrong
FROM (SELECT t, row_number() OVER (ORDER BY t) AS n FROM sorted) a,
	(SELECT t, row_number() OVER (ORDER BY t) AS n FROM sorted) b
WHERE (a.t < b.t) <> (a.n < b.n) OR (a.t <= b.t) <> (a.n <= b.n) OR (a.t = b.t) <> (a.n = b.n)
	OR (a.t <> b.t) <> (a.n <> b.n) OR (a.t >= b.t) <> (a.n >= b.n) OR (a.t > b.t) <> (a.n > b.n)
	OR focus_tags_cmp(a.t, b.t) <> sign(a.n - b.n)
	OR (a.t = b.t) <> (focus_tags_hash(a.t) = focus_tags_hash(b.t))
	OR (a.t = b.t) <> (focus_tags_hash_extended(a.t, 7) = focus_tags_hash_extended(b.t, 7));
SELECT focus_tags_hash_extended('{"a":1}', 0) & 4294967295 = focus_tags_hash('{"a":1}')::bigint & 4294967295 AS seed_0_agrees;

-- Casts
SELECT '{"a": 1.50, "b": "x", "c": true, "d": null, "e": 1e3}'::jsonb::focus_tags AS from_jsonb,
	'{"a": 1.50, "e": 1e3}'::json::focus_tags AS from_json,
	focus_tags '{"a":1.50,"b":"x","c":true,"d":null,"e":1e3}'::jsonb AS to_jsonb,
	focus_tags '{"a":1.50,"e":1e3}'::json AS to_json,
	focus_tags '{"a":1}'::text AS to_text, '{"a":1}'::text::focus_tags AS from_text;
SELECT * FROM error_of($$SELECT '{"a": [1]}'::jsonb::focus_tags$$);
SELECT * FROM error_of($$SELECT '{"b": 1, "a": {}}'::jsonb::focus_tags$$);
SELECT * FROM error_of($$SELECT '[]'::jsonb::focus_tags$$);
SELECT * FROM error_of($$SELECT '"x"'::jsonb::focus_tags$$);
SELECT * FROM error_of($$SELECT '{"a":1, "a":2}'::json::focus_tags$$);
SELECT * FROM error_of($$SELECT focus_tags '{"a":1e999999}'::jsonb$$);
INSERT INTO charges VALUES (6, '{"assigned": "from jsonb"}'::jsonb);
SELECT tags FROM charges WHERE id = 6;
DROP TABLE charges;

-- The seed query on a small table
CREATE TEMP TABLE focus_cost_and_usage (chargeperiodstart timestamptz, servicecategory text, tags focus_tags,
	effectivecost numeric, billingcurrency text);
INSERT INTO focus_cost_and_usage
SELECT date_trunc('month', current_date) + n * interval '1 hour', CASE WHEN n % 5 = 0 THEN 'Storage' ELSE 'Compute' END,
	CASE n % 3 WHEN 0 THEN '{"CostCentre": "CC-1"}' WHEN 1 THEN '{"CostCentre": "CC-2", "n": 1}' ELSE '{}' END::focus_tags,
	n * 1.10, 'EUR'
FROM generate_series(-5, 20) AS n;
SELECT Tags['CostCentre'] AS cost_centre, SUM(EffectiveCost) AS total_effective_cost, BillingCurrency
FROM focus_cost_and_usage
WHERE ChargePeriodStart >= DATE_TRUNC('month', CURRENT_DATE) AND ServiceCategory = 'Compute'
GROUP BY Tags['CostCentre'], BillingCurrency ORDER BY total_effective_cost DESC;

-- What the catalogs say
SELECT typlen, typalign, typstorage, typcategory FROM pg_type WHERE oid = 'focus_tags'::regtype;
SELECT amname, amvalidate(opc.oid) FROM pg_opclass opc JOIN pg_am am ON am.oid = opcmethod
WHERE opcintype = 'focus_tags'::regtype AND opcdefault ORDER BY amname;
SELECT proname, provolatile, proisstrict, proparallel FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
WHERE proname LIKE 'focus\_tags%' AND (provolatile <> 'i' OR NOT proisstrict OR proparallel <> 's');
