-- Unit tests of value.c and group_builder.c: pgTAP over functions that only
-- the library of test/unit/columnar.c has.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off
SET client_min_messages = warning;
CREATE EXTENSION pgtap;
CREATE FUNCTION unit_to_decimal(numeric) RETURNS text AS :'library' LANGUAGE c STRICT;
CREATE FUNCTION unit_from_decimal(bigint, int, int) RETURNS numeric AS :'library' LANGUAGE c STRICT;
CREATE FUNCTION unit_build(query text, sort boolean, group_rows int, skip int) RETURNS text AS :'library' LANGUAGE c STRICT;
SELECT plan(25);

--
-- numeric <-> number and scale
--
CREATE TABLE sample (value numeric);
ALTER TABLE sample ALTER value SET STORAGE plain;
INSERT INTO sample VALUES (0), (0.00), (1), (-1), (10), (10000), (99990000), (0.1), (0.0001), (0.00001),
	(1.50), (-1.500), (12345678.90), (9223372036854775807), (-9223372036854775808), (0.9223372036854775807),
	(-0.9223372036854775808), (9223372036.854775807), (922337203685477.5807), (1e18), (1e-63), (123e-63),
	(0.000000000000000000000000000000000000000000000000000000000000000);

SELECT is(count(*), 0::bigint, 'each number of 64 bits and 63 decimals is one')
FROM sample WHERE unit_to_decimal(value) IS NULL;
SELECT is(count(*), 0::bigint, 'number and scale say what the text says') FROM sample
WHERE unit_to_decimal(value) <> (value * 10 ^ scale(value)::numeric)::numeric(60, 0) || '/' || scale(value);

SELECT is(string_agg(unit_to_decimal(value), ', '), NULL, 'what does not fit is none: ' || count(*))
FROM (VALUES ('NaN'::numeric), ('Infinity'), ('-Infinity'), (9223372036854775808), (-9223372036854775809),
	(0.9223372036854775808), (1e19), (1e100), (1e-64), (0::numeric(70, 64)), (1e16383), (12345678901234567890.5)) AS v (value);

SELECT setseed(0.27);
CREATE TABLE random_sample AS
SELECT CASE WHEN random() < 0.5 THEN -1 ELSE 1 END *
	trunc(((random() * 1e9)::bigint::numeric * 10000000000 + (random() * 1e9)::bigint) / 10 ^ (random() * 22)::int::numeric)
	* (10 ^ -scale::numeric)::numeric(64, 63) AS exact, scale
FROM (SELECT (random() * 40)::int AS scale FROM generate_series(1, 200000)) AS g;
CREATE TABLE random_numbers AS
SELECT trim_scale(exact) AS value, scale FROM random_sample
UNION ALL SELECT round(exact, scale), scale FROM random_sample
UNION ALL SELECT round(exact, least(scale + 3, 63)), scale FROM random_sample;
SELECT is(count(*), 0::bigint, 'random numbers: those that fit and only those')
FROM random_numbers
WHERE unit_to_decimal(value) IS DISTINCT FROM
	CASE WHEN value * (10 ^ scale(value)::numeric) BETWEEN -9223372036854775808 AND 9223372036854775807
	THEN (value * (10 ^ scale(value)::numeric))::numeric(60, 0) || '/' || scale(value) END;
SELECT cmp_ok(count(unit_to_decimal(value)), '>', 300000::bigint, 'random numbers: most of them fit') FROM random_numbers;
SELECT is(count(*), 0::bigint, 'fewer decimals are shown than the number has')
FROM (SELECT trunc(random() * 100000)::bigint AS number, (random() * 15)::int AS shown, (random() * 13)::int AS more
	FROM generate_series(1, 50000)) AS r
WHERE unit_from_decimal(number * (10 ^ more)::bigint, shown + more, shown)::text <>
	round(number / 10 ^ shown::numeric, shown)::text;

--
-- The builder
--
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN price AS numeric CHECK (VALUE > -1000000);
CREATE TABLE charge (flag boolean, letter "char", small smallint, whole int, large bigint, ratio float8, moment timestamptz,
	cost numeric, price price, word text, title varchar(40), padded char(9), name name, raw bytea, tags jsonb, id uuid, mood mood,
	spot point, list int[], part tid, pair mood[], never text);
INSERT INTO charge
SELECT i % 3 = 0, chr(60 + i % 60)::"char", i % 70 - 35, -i, i::bigint << 20, i / 7.0 - 9, '2024-01-01Z'::timestamptz + i * '1 h'::interval,
	(i % 500) / 100.0, CASE WHEN i % 7 > 0 THEN i * 0.000001 END, repeat('word ', i % 50), 'title ' || i % 10, i % 4, 'name' || i % 8,
	decode(md5(i::text), 'hex'), jsonb_build_object('k', i % 5, 'v', repeat('x', i % 100)), md5((i % 1000)::text)::uuid,
	(ARRAY['sad', 'glad', NULL])[i % 3 + 1]::mood, point(i % 10, 1), ARRAY[i, NULL, 1], format('(%s,1)', i % 9)::tid, ARRAY['sad']::mood[], NULL
FROM generate_series(1, 70000) AS i;
-- compressed and out of line
INSERT INTO charge (word, raw) SELECT repeat('long ' || i, 3000), decode(repeat(md5(i::text), 500), 'hex') FROM generate_series(1, 20) AS i;
CREATE TABLE emptied (a int, b int);
INSERT INTO emptied SELECT 1 FROM generate_series(1, 10);
ALTER TABLE emptied ADD c numeric DEFAULT 3.50, ADD d text DEFAULT 'd';

SELECT alike(unit_build('TABLE charge', false, 100000, 0), '70020 rows, 2 groups%', 'rows of all types come back');
SELECT alike(unit_build('TABLE charge', true, 100000, 0), '70020 rows, 2 groups%', 'sorted');
SELECT alike(unit_build('TABLE charge LIMIT 3000', false, 1000, 0), '3000 rows, 3 groups%', 'a builder is used again');
SELECT alike(unit_build('TABLE charge LIMIT 1025', true, 1, 0), '1025 rows, 1025 groups%', 'one row a group');
SELECT alike(unit_build('TABLE charge', false, 100000, 7), '60017 rows, 2 groups%', 'values of rows that are left out');
SELECT alike(unit_build('SELECT never, whole FROM charge LIMIT 2', false, 1000, 1), '0 rows, 1 groups%', 'all rows are left out');
SELECT alike(unit_build('TABLE emptied', false, 1000, 0), '10 rows, 1 groups%', 'NULL and missing attributes');
SELECT alike(unit_build('SELECT NULL::int, NULL::text FROM generate_series(1, 2000)', false, 100000, 0), '2000 rows, 1 groups%', 'nothing but NULL');

-- numbers that make a column leave DECIMAL
SELECT alike(unit_build(format('SELECT cost FROM charge UNION ALL SELECT %s UNION ALL SELECT cost + 1 FROM charge', value),
	false, 60000, skip), '% groups%', format('%s among numbers, %s', left(value, 24), skip))
FROM (VALUES ('''NaN''::numeric'), ('10 ^ 40::numeric'), ('9223372036854775807::numeric')) AS v (value), (VALUES (0), (11)) AS s (skip);

SELECT alike(unit_build('SELECT CASE WHEN i % 900 = 0 THEN ''NaN'' ELSE i / 7.0 END, CASE WHEN i > 1500 THEN i END, i / 400
	FROM generate_series(1, 5000) AS i', true, 600, skip), '% groups%', 'memory is kept, ' || skip)
FROM (VALUES (0), (13)) AS s (skip);

-- limits
SELECT alike(unit_build('SELECT i, i % 2 FROM generate_series(1, 70000) AS i', false, 100000, 0), '70000 rows, 2 groups%', 'codes run out');
SELECT alike(unit_build('SELECT repeat(md5(i::text), 500) FROM generate_series(1, 4000) AS i', false, 100000, 0), '4000 rows, 6 groups%', 'bytes run out');
SELECT matches(unit_build('SELECT i % 30000 AS a1, i % 40000 AS a2, i % 50000 AS a3, i::numeric AS a4, ' ||
		string_agg(format('i %% %s AS b%1$s', b), ', ') || ' FROM generate_series(1, 65536) AS i', false, 100000, 0),
	'^65536 rows, \d groups, [1-5]\d MB$', 'memory of 64 columns') FROM generate_series(1, 300, 5) AS b;
SELECT * FROM finish();
