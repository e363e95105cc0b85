-- Units of the FOCUS unit format.
\pset null (null)

-- Canonical text, dimension, block and factor.
SELECT written, unit, focus_unit_dimension(unit) AS dimension,
	   focus_unit_block(unit) AS block, focus_unit_factor(unit) AS factor
FROM (SELECT written, written::focus_unit AS unit, position
	  FROM unnest(ARRAY[
		  'GB-Hours', '1M Tokens', '1000000 Tokens', '1K Tokens', 'Units/3 Months', 'Tokens',
		  'tokens', 'Hours', 'Normalized Hour', '100 GB', '10K', '1 GB/Month', '1.50k Tokens',
		  'b', 'B', 'Kb', 'KB', 'kB', 'KiB', 'Kib', 'EiB', 'Gigabytes', 'kibibit', 'GBs',
		  'Milliseconds', 'minute', 'DAY', 'Weeks', 'Years', 'Mbps', 'GiB/Second-Months',
		  'GB Hours', 'OCPU Hours', 'OCPU Per Hour', 'vCPU-Hours', 'Lambda-GB-Seconds',
		  'Provisioned GB', 'Per 1M Tokens', '2 Million', '1 /Hour', 'Gb / Month', ' GB ',
		  'GB-Hours/Hour', 'Hours/Day', 'Queries', 'IOPS/Month', 'Statuses', 'Addresses',
		  'Boxes', 'Caches', 'API Requests', 'Data Points', 'EBS', 'A.b_2'
	  ]) WITH ORDINALITY AS input(written, position)) AS units
ORDER BY position;

SELECT focus_unit_dimension('1 GB/月') = 'B/月' AS not_ascii;

-- What is no unit.
CREATE FUNCTION pg_temp.refusal(written text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	state text;
BEGIN
	RETURN 'accepted: ' || written::focus_unit;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
	RETURN state || ' ' || coalesce(nullif(detail, ''), SQLERRM);
END;
$$;
SELECT to_json(written) AS written, pg_temp.refusal(written)
FROM unnest(ARRAY[
	'', '  ', '-', '/', 'GB-', 'GB/', '-GB', '/Hour', 'GB--Hours', 'GB/-Hours', 'per', 'GB per',
	'A/B/C', 'A per B per C', 'Units/1000', '1 1 Hour', 'GB-2 Hours', '10000s', '100GB', '1,000',
	'1.', '1.x', '.5 GB', '1.5.2 GB', '0', '0.00 GB', '-1 GB', '+1 GB', '1e3 GB',
	'gb', 'Gib/hours-gib', 'KIB', 'mbps', 'MbPs', 'Gbs', 'null', 'N/A', 'n / a', ' None ', 'Not  applicable', 'Minute(s)', 'a*b', 'a^2', '"GB"',
	E'GB\tHours', E'GB\nHours', E'\x7f', 'EB-EB-EB', 'A/EB-EB-EB', '9999999999999999999999T',
	'99999999999999999999999999999999999999 GB',
	'0.00000000000000000000000000000000000000001 GB'
]) WITH ORDINALITY AS input(written, position)
ORDER BY position;
SELECT pg_temp.refusal(E'GB\xc2\xa0Hours') AS no_break_space, pg_temp.refusal(E'GB\xc2\x85') AS control;
SELECT '155555555555555555555555555555M'::focus_unit::text::focus_unit, '1329227995784915872903807060280344575'::focus_unit;
SELECT pg_temp.refusal('1329227995784915872903807060280344576'), pg_temp.refusal('0.000000000000000000000000000000000001 b');
SELECT 'Minute(s)'::focus_unit;
SELECT repeat('x', 1001)::focus_unit;
SELECT length(repeat('x', 1000)::focus_unit::text);
SELECT pg_temp.refusal(repeat('x ', 400) || '/ 1T');
SELECT pg_temp.refusal(rtrim(repeat('x-', 33), '-'));
SELECT pg_temp.refusal(rtrim(repeat('x ', 33)));
SELECT focus_unit_dimension(rtrim(repeat('b-', 32), '-')::focus_unit);
SELECT focus_try_unit('1K tokens'), focus_try_unit('Minute(s)'), focus_try_unit(NULL);

-- Equality is of dimension and factor, and hashes agree with it.
SELECT a, b, a::focus_unit = b::focus_unit AS equal,
	   focus_unit_hash(a::focus_unit) = focus_unit_hash(b::focus_unit) AS same_hash,
	   focus_unit_hash_extended(a::focus_unit, 42) = focus_unit_hash_extended(b::focus_unit, 42)
	   AS same_extended_hash
FROM (VALUES ('1000 Tokens', '1K Tokens'), ('60 Minutes', 'Hour'), ('Year', '12 Months'),
	  ('Requests', 'request'), ('8 b', 'B'), ('GB', 'Gb'), ('KB', 'KiB'), ('GB-Hours', 'Hours-GB'),
	  ('GB Hours', 'GB-Hours'), ('Units', 'Count'), ('30 Days', 'Month'), ('Provisioned GB', 'Provisioned Gb'),
	  ('OCPU Hours', 'OCPU-Hours'), ('Tokens', 'Input Tokens')) AS pairs(a, b);
SELECT unit FROM unnest('{Tokens,TB,GiB,GB,1K Tokens,Requests,b,B,Minutes,Hour,1/Hour,1/Day}'::focus_unit[]) AS unit
ORDER BY unit;
SELECT a.unit AS lesser, b.unit AS greater, a.unit < b.unit AS lt, a.unit <= b.unit AS le, a.unit <> b.unit AS ne,
	   a.unit > b.unit AS gt, a.unit >= b.unit AS ge, focus_unit_cmp(a.unit, b.unit) < 0 AS cmp
FROM (SELECT 'GB'::focus_unit AS unit) AS a, (SELECT 'GiB'::focus_unit AS unit) AS b;
CREATE TABLE units (unit focus_unit PRIMARY KEY);
INSERT INTO units VALUES ('1K Tokens'), ('GB-Hours'), ('Hours');
INSERT INTO units VALUES ('1000 tokens');
CREATE INDEX units_hash ON units USING hash (unit);
SET enable_seqscan = off;
SELECT * FROM units WHERE unit = '60 Minutes';
RESET enable_seqscan;
SELECT count(DISTINCT unit) FROM (SELECT unit FROM units UNION ALL VALUES ('Hour'::focus_unit)) AS u;

-- Storage: short and long values, in tables and out of them.
INSERT INTO units VALUES ((repeat('x', 900) || '/Month')::focus_unit);
SELECT count(*) AS same FROM units WHERE unit::text::focus_unit = unit;
CREATE CAST (bytea AS focus_unit) WITHOUT FUNCTION;
CREATE CAST (focus_unit AS bytea) WITHOUT FUNCTION;
SELECT 'GB'::focus_unit::bytea;
SELECT set_byte('GB'::focus_unit::bytea, 0, 2)::focus_unit;
SELECT set_byte('GB'::focus_unit::bytea, 34, 3)::focus_unit;
SELECT set_byte('Token'::focus_unit::bytea, 32, 0)::focus_unit;
SELECT substr('GB'::focus_unit::bytea, 1, 34)::focus_unit;
SELECT ''::bytea::focus_unit;
DROP CAST (bytea AS focus_unit);
DROP CAST (focus_unit AS bytea);

-- Casts: explicit from text, assignment to text.
CREATE TABLE texts (unit text);
INSERT INTO texts SELECT unit FROM units WHERE unit = 'Hour';
SELECT * FROM texts;
INSERT INTO units SELECT unit FROM texts;

-- Binary form: there and back, and what is refused.
SELECT focus_unit_send('1K Tokens');
SELECT current_setting('data_directory') || '/focus_unit.bin' AS file \gset
COPY units TO :'file' (FORMAT binary);
CREATE TABLE copied (LIKE units);
COPY copied FROM :'file' (FORMAT binary);
SELECT count(*) AS same FROM units JOIN copied USING (unit) WHERE units.unit::text = copied.unit::text;
CREATE FUNCTION pg_temp.copy_file(value bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT bytea '\x5047434f50590aff0d0a00' || '\x0000000000000000' || '\x0001'
		|| int4send(length(value)) || value || '\xffff'
$$;
\set VERBOSITY terse
SELECT lo_from_bytea(0, pg_temp.copy_file('\x02' || 'GB'::bytea)) AS object \gset
SELECT lo_export(:object, :'file');
COPY copied FROM :'file' (FORMAT binary);
SELECT lo_from_bytea(0, pg_temp.copy_file('\x01' || 'GB/'::bytea)) AS object \gset
SELECT lo_export(:object, :'file');
COPY copied FROM :'file' (FORMAT binary);
SELECT lo_from_bytea(0, pg_temp.copy_file('\x01' || 'GB/Month'::bytea)) AS object \gset
SELECT lo_export(:object, :'file');
COPY copied FROM :'file' (FORMAT binary);
SELECT lo_from_bytea(0, pg_temp.copy_file('')) AS object \gset
SELECT lo_export(:object, :'file');
COPY copied FROM :'file' (FORMAT binary);
\set VERBOSITY default
SELECT unit FROM copied WHERE focus_unit_dimension(unit) = 'B/Month';
SELECT count(lo_unlink(oid)) AS removed FROM pg_largeobject_metadata;

-- Conversion.
SELECT focus_convert(3, '1K Tokens', 'Tokens') AS tokens,
	   focus_convert(2500000, 'Tokens', '1M Tokens') AS millions,
	   focus_convert(1, 'GiB', 'B') AS bytes,
	   focus_convert(1, 'GiB', 'GB') AS gigabytes,
	   focus_convert(1, 'B', 'KiB') AS kibibytes,
	   focus_convert(16, 'Mb', 'MB') AS megabytes,
	   focus_convert(7200, 'Seconds', 'Hours') AS hours,
	   focus_convert(-1.50, 'GB-Hours', 'GB-Minutes') AS gb_minutes,
	   focus_convert(18, 'Months', 'Years') AS years,
	   focus_convert(2, 'Units/Hour', 'Units/Day') AS per_day;
SELECT focus_convert(1, 'Seconds', 'Hours') AS rounded,
	   focus_convert(-2, 'Units/3 Months', 'Units/Month') AS rounded_away,
	   focus_convert(1, 'Units/Hour', 'Units/Second') AS rounded_rate,
	   focus_convert(0, 'Seconds', 'Hours') AS nothing,
	   focus_convert('NaN', 'KB', 'B') AS nan,
	   focus_convert('-Infinity', 'KB', 'B') AS infinite,
	   focus_convert(NULL, 'KB', 'B') AS unknown;
SELECT focus_convert(123456789012345678901234567890.123456789, 'EiB', 'b') AS large,
	   focus_convert(0.000000000000000000000000000000000000001, 'b', 'EiB') AS small;
SELECT focus_convert(1, 'GB-Months', 'GB-Hours');
SELECT focus_convert(1, 'Tokens', 'Requests');
SELECT focus_convert(1, 'GB', 'GB-Hours');

-- There and back again is equal, for every pair whose factor is a decimal.
WITH units(unit) AS
(
	SELECT unnest('{b,B,Kb,KB,KiB,Mib,MB,GiB,GB,TiB,EB,EiB,3 GB,0.007 KiB,1K B,1T B}'::focus_unit[])
)
SELECT count(*) AS pairs,
	   count(*) FILTER (WHERE focus_convert(focus_convert(q, a.unit, b.unit), b.unit, a.unit) = q) AS equal
FROM units AS a, units AS b, unnest(ARRAY[0, 1, -7.25, 0.000000000001, 98765432109876543210.5]) AS q
WHERE b.unit NOT IN ('3 GB', '0.007 KiB');
