-- Currencies of ISO 4217.
\pset null (null)

SELECT code, currency, focus_currency_name(currency) AS name,
	   focus_currency_numeric_code(currency) AS numeric_code,
	   focus_currency_minor_units(currency) AS minor_units,
	   focus_currency_is_active(currency) AS active
FROM (SELECT code, code::focus_currency AS currency
	  FROM unnest('{USD,usd,Eur,JPY,BHD,CLF,XAU,HRK,ZWL,ALL,TOP,XXX,AED,ZMW}'::text[]) AS code) AS c
ORDER BY currency, code;

-- What is no currency.
SELECT ''::focus_currency;
SELECT 'US'::focus_currency;
SELECT 'USDT'::focus_currency;
SELECT ' USD'::focus_currency;
SELECT 'QQQ'::focus_currency;
SELECT 'OmniBucks'::focus_currency;
SELECT 'AAA'::focus_currency;
SELECT 'ZZZ'::focus_currency;
SELECT focus_try_currency('usd'), focus_try_currency('Token'), focus_try_currency(''), focus_try_currency(NULL);

-- Rounding to the minor unit, half away from zero.
SELECT amount, focus_round(amount, 'USD') AS usd, focus_round(amount, 'jpy') AS jpy,
	   focus_round(amount, 'KWD') AS kwd, focus_round(amount, 'CLF') AS clf
FROM unnest('{0,0.005,-0.005,0.00499999999999999999,1.5,-2.5,123456789012345678901234567890.12345,NaN,Infinity}'::numeric[])
	WITH ORDINALITY AS a(amount, position)
ORDER BY position;
SELECT focus_round(1.234, 'XAU');
SELECT focus_round(NULL, 'USD'), focus_round(1.234, NULL);

-- Comparison is by code.
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt,
	   focus_currency_cmp(a, b) AS cmp, focus_currency_hash(a) = focus_currency_hash(b) AS same_hash,
	   focus_currency_hash_extended(a, 7) = focus_currency_hash_extended(b, 7) AS same_extended_hash
FROM (VALUES ('EUR'::focus_currency, 'USD'::focus_currency), ('USD', 'usd'), ('ZMW', 'AED')) AS pairs(a, b);
SELECT focus_currency_in(a), focus_currency_lt(focus_currency_in(a), b) AS lt, focus_currency_le(focus_currency_in(a), b) AS le,
	   focus_currency_eq(focus_currency_in(a), b) AS eq, focus_currency_ne(focus_currency_in(a), b) AS ne,
	   focus_currency_ge(focus_currency_in(a), b) AS ge, focus_currency_gt(focus_currency_in(a), b) AS gt
FROM (VALUES ('eur'::cstring, 'USD'::focus_currency), ('USD', 'USD'), ('ZMW', 'AED'), ('USD', NULL), (NULL, 'USD')) AS pairs(a, b);
CREATE TABLE currencies AS SELECT code AS currency FROM focus_currencies;
CREATE UNIQUE INDEX currencies_btree ON currencies (currency);
CREATE INDEX currencies_hash ON currencies USING hash (currency);
SET enable_seqscan = off;
SELECT * FROM currencies WHERE currency = 'usd';
SELECT * FROM currencies WHERE currency BETWEEN 'EGP' AND 'EUR' ORDER BY currency;
RESET enable_seqscan;
SELECT count(*) AS unsorted
FROM (SELECT row_number() OVER (ORDER BY currency) AS by_currency,
			 row_number() OVER (ORDER BY currency::text COLLATE "C") AS by_text FROM currencies) AS c
WHERE by_currency <> by_text;
SELECT pg_column_size(currency) AS bytes FROM currencies WHERE currency = 'USD';

-- Casts: explicit from text, assignment to text.
CREATE TABLE currency_texts (currency text);
INSERT INTO currency_texts SELECT currency FROM currencies WHERE currency = 'USD';
SELECT * FROM currency_texts;
INSERT INTO currencies SELECT currency FROM currency_texts;

-- Binary form.
SELECT focus_currency_send('usd');
SELECT current_setting('data_directory') || '/focus_currency.bin' AS file \gset
COPY currencies TO :'file' (FORMAT binary);
CREATE TABLE copied_currencies (LIKE currencies);
COPY copied_currencies FROM :'file' (FORMAT binary);
SELECT count(*) AS same FROM currencies JOIN copied_currencies USING (currency);
COPY (SELECT 'Token'::text) TO :'file' (FORMAT binary);
\set VERBOSITY terse
COPY copied_currencies FROM :'file' (FORMAT binary);
\set VERBOSITY default

-- A value that no version of the table has.
CREATE CAST (integer AS focus_currency) WITHOUT FUNCTION;
SELECT focus_currency_name(0::focus_currency);
DROP CAST (integer AS focus_currency);

-- The view and the functions know the same.
SELECT count(*) AS currencies, count(*) FILTER (WHERE NOT is_active) AS withdrawn,
	   count(*) FILTER (WHERE minor_units IS NULL) AS without_minor_unit
FROM focus_currencies;
SELECT count(*) AS differences FROM focus_currencies
WHERE (numeric_code, name, is_active) <>
	  (focus_currency_numeric_code(code), focus_currency_name(code), focus_currency_is_active(code))
   OR minor_units IS DISTINCT FROM focus_currency_minor_units(code)
   OR is_active <> (withdrawn IS NULL)
   OR lower(code::text)::focus_currency <> code;
SELECT code, name, withdrawn FROM focus_currencies WHERE NOT is_active ORDER BY code;
