-- focus_tags: sizes that break things, encodings, the binary form.
SET TimeZone = 'UTC';

-- 100,000 keys, in an order that is not the stored one, then a million.  The
-- time limit is generous for a sort and too short for anything quadratic.
SET statement_timeout = '60s';
CREATE TABLE large (id integer, t focus_tags);
INSERT INTO large
SELECT 1, ('{' || string_agg(format('"key%s": %s', n * 7919 % 100000, n), ', ' ORDER BY n) || '}')::focus_tags
FROM generate_series(0, 99999) AS n;
SELECT focus_tags_count(t) AS count, t['key0'] AS first, t['key99999'] AS last, t['key100000'] AS absent,
	t = t::text::focus_tags AS text_round_trip, t = t::jsonb::focus_tags AS jsonb_round_trip
FROM large;
SELECT count(*) AS found FROM large, generate_series(0, 99999) AS n WHERE n < 200 AND t['key' || n * 500] IS NOT NULL;
SELECT focus_tags_count(t || t) AS merged, focus_tags_count(t || '{"new": 1}') AS one_more, t @> t AS contains_itself,
	focus_tags_count(t - focus_tags_keys(t)) AS deleted, t ?& focus_tags_keys(t) AS has_its_keys,
	focus_tags_cmp(t, t) AS compared
FROM large;
SELECT count(*) AS pairs, count(DISTINCT key) AS keys, sum(value::integer) AS total FROM large, focus_tags_each(t);
UPDATE large SET t['key500'] = 'changed';
SELECT focus_tags_count(t) AS count, t['key500'] AS changed, t['key501'] AS kept FROM large;
CREATE INDEX large_gin ON large USING gin (t);
SET enable_seqscan = off;
SELECT count(*) AS found FROM large WHERE t @> '{"key500": "changed", "key501": 57179}' AND t ? 'key7';
RESET enable_seqscan;
DO $$
BEGIN
	PERFORM ('{' || string_agg('"k' || n || '":0', ',') || ',"k99999":1}')::focus_tags
	FROM generate_series(1, 100000) AS n;
EXCEPTION WHEN others THEN
	RAISE NOTICE '% %', SQLSTATE, SQLERRM;
END $$;
-- 1,000,000 keys are the limit
SELECT focus_tags_count(('{' || string_agg('"' || n || '":0', ',') || '}')::focus_tags) AS most_keys
FROM generate_series(1, 1000000) AS n;
DO $$
DECLARE
	detail text;
BEGIN
	PERFORM ('{' || string_agg('"' || n || '":0', ',') || '}')::focus_tags FROM generate_series(1, 1000001) AS n;
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE NOTICE '% % %', SQLSTATE, SQLERRM, detail;
END $$;
DO $$
DECLARE
	t focus_tags := (SELECT ('{' || string_agg('"' || n || '":0', ',') || '}')::focus_tags FROM generate_series(1, 999999) AS n);
BEGIN
	ASSERT focus_tags_count(t || '{"1": 1, "new": 1}') = 1000000;
	PERFORM t || '{"new": 1, "newer": 1}';
EXCEPTION WHEN others THEN
	RAISE NOTICE '% %', SQLSTATE, SQLERRM;
END $$;
RESET statement_timeout;

-- Depth costs nothing: an array is refused at its first byte.
DO $$
DECLARE
	bracket text;
BEGIN
	FOREACH bracket IN ARRAY ARRAY['[', '{"a":'] LOOP
		BEGIN
			PERFORM ('{"deep": ' || repeat(bracket, 10000000 / length(bracket)))::focus_tags;
		EXCEPTION WHEN others THEN
			RAISE NOTICE '% %', SQLSTATE, SQLERRM;
		END;
		BEGIN
			PERFORM repeat(bracket, 10000000 / length(bracket))::focus_tags;
		EXCEPTION WHEN others THEN
			RAISE NOTICE '% %', SQLSTATE, SQLERRM;
		END;
	END LOOP;
END $$;

-- Numbers: nothing is lost; the longest numeric fits.
SELECT t, t['n']::numeric = 1e400 AS is_numeric, t::jsonb = '{"n": 1e400}' AS is_jsonb FROM (SELECT focus_tags '{"n": 1e400}' AS t) AS s;
SELECT (focus_tags '{"n": -0.00000000000000000000000000000000000001}')['n']::numeric;
SELECT length(t ->> 'n') AS length, (t ->> 'n')::numeric = n::numeric AS same
FROM (SELECT '-' || repeat('9', 131072) || '.' || repeat('9', 16383) AS n) AS s, LATERAL (SELECT ('{"n": ' || n || '}')::focus_tags AS t) AS m;
DO $$
DECLARE
	detail text;
BEGIN
	PERFORM ('{"long": 1' || repeat('0', 147456) || '}')::focus_tags;
	PERFORM ('{"long": 1' || repeat('0', 147457) || '}')::focus_tags;
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE NOTICE '% % %', SQLSTATE, SQLERRM, detail;
END $$;

-- A value whose JSON text would not fit into a varlena: escapes take six bytes.
DO $$
DECLARE
	t focus_tags := focus_tags('{k}', ARRAY[repeat(repeat(E'\x01', 10000), 18000)]);
BEGIN
	ASSERT octet_length(t['k']) = 180000000;
	PERFORM t::text;
EXCEPTION WHEN others THEN
	RAISE NOTICE '% %', SQLSTATE, SQLERRM;
END $$;

-- Storage: compressed and out of line values read the same.
CREATE TABLE stored (id integer PRIMARY KEY, t focus_tags);
INSERT INTO stored
SELECT n, focus_tags(ARRAY['id', 'long', 'random'], ARRAY[n::text, repeat('x', n * 3000),
	(SELECT string_agg(md5(n || ' ' || i), '') FROM generate_series(1, n * 40) AS i)])
FROM generate_series(0, 9) AS n;
SELECT id, t['id'] AS stored_id, length(t['long']) AS long, length(t['random']) AS random, t ? 'random' AS has_random
FROM stored ORDER BY id;
SELECT count(*) AS same FROM stored a JOIN stored b USING (t) WHERE a.id = b.id;

-- The binary form: a round trip through COPY, and what it refuses.
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/tags.copy'
INSERT INTO stored VALUES (100, NULL), (101, '{}'), (102, '{"é": "€", "n": 1.50, "t": true, "z": null, "q\"": "\\\n"}');
COPY (SELECT id, t FROM stored UNION ALL TABLE large) TO :'file' (FORMAT binary);
CREATE TABLE copied (LIKE stored);
COPY copied FROM :'file' (FORMAT binary);
SELECT count(*) AS different FROM ((SELECT * FROM stored UNION ALL TABLE large) EXCEPT ALL TABLE copied) AS d;
COPY stored TO :'file';
TRUNCATE copied;
COPY copied FROM :'file';
SELECT count(*) AS different FROM (TABLE stored EXCEPT ALL TABLE copied) AS d;
SELECT focus_tags_send('{"é": 1.50}');

-- COPY writes a bytea as it is, so that it can pose as the binary form.
CREATE FUNCTION receive(message bytea, file text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	received text;
BEGIN
	EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', message, file);
	CREATE TEMP TABLE received (t focus_tags) ON COMMIT DROP;
	EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
	SELECT t INTO received FROM received;
	DROP TABLE received;
	RETURN received;
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' ', SQLSTATE, SQLERRM, detail);
END $$;
SELECT message, receive(message, :'file')
FROM unnest(ARRAY[
	'\x01' || convert_to('{"b": 1, "a": "not canonical"}', 'UTF8'), '\x', '\x00', '\x02' || '{}'::bytea, '\x01',
	'\x01' || '{"a":1'::bytea, '\x01' || '{"a":1,"a":2}'::bytea, '\x01' || '{"a":[1]}'::bytea, '\x01' || '{"a":"\\u0000"}'::bytea,
	'\x01' || '{"a":"'::bytea || '\xff' || '"}'::bytea, '\x01' || '{"a":"'::bytea || '\x00' || '"}'::bytea,
	'\x01' || '{"a":"'::bytea || '\xeda080' || '"}'::bytea, '\x01' || '{}'::bytea || '\x00'
]) WITH ORDINALITY AS s (message, n)
ORDER BY n;
SELECT convert_from('{"a":"'::bytea || '\xc328' || '"}'::bytea, 'UTF8')::focus_tags;
DROP FUNCTION receive;
DROP TABLE large, stored, copied;

-- A database in another encoding
CREATE DATABASE focus_tags_latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE focus_tags_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C';
\set home :DBNAME
\c focus_tags_latin1
CREATE EXTENSION focus;
SET client_encoding = 'UTF8';
SELECT focus_tags '{"\u00e9": "\u00ff", "a": "é"}' AS escapes, octet_length((focus_tags '{"\u00e9": "\u00ff"}') -> 'é') AS bytes,
	focus_tags '{"\u00e9": 1}' = focus_tags '{"é": 1}' AS same;
SELECT focus_tags '{"a": "\u20ac"}';
SELECT focus_tags '{"a": "\ud83d\ude00"}';
SELECT focus_tags_send('{"é": 1}');
\c focus_tags_ascii
CREATE EXTENSION focus;
SELECT focus_tags '{"\u0041": "\u007e"}';
SELECT focus_tags '{"a": "\u00e9"}';
\c :home
DROP DATABASE focus_tags_latin1;
DROP DATABASE focus_tags_ascii;
