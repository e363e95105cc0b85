-- focus_tags: input, output, errors, subscripts, operators, casts.
SET TimeZone = 'UTC';

-- Canonical text: keys in byte order, one space after ":" and ",".
SELECT focus_tags '{ "b" : 1 , "a":"x","B":true,"aa":null,"":false }' AS canonical;
SELECT focus_tags E' \t\r\n{\n} ' AS empty;
SELECT focus_tags '{"org": 1, " org": 2, "org ": 3}' AS spaces_differ;
SELECT focus_tags '{"n":1.10,"m":-0,"e":1e400,"f":1E+2,"d":12345678901234567890123456789012345678}' AS numbers_kept;
SELECT focus_tags '{"q\"\\\/\b\f\n\r\t": "\u0041\u00e9\u20AC\ud83d\ude00", "c": "\u0001\u001f\u007f"}' AS escapes;
SELECT focus_tags '{"ключ": "значение", "é": "€😀"}' AS not_ascii;

-- What is refused, with SQLSTATE.  One helper shows code, message and detail.
CREATE FUNCTION refusal(source text, OUT code text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM source::focus_tags;
	message := 'accepted';
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL;
END $$;

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
]) WITH ORDINALITY AS s (source, n), refusal(source)
ORDER BY n;
-- a long key is cut in the message, at a whole character
SELECT message FROM refusal('{"' || repeat('é', 100) || '":[]}');

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
