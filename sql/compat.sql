-- Functions of other dialects: off by default, on by search_path.
SELECT month('2026-03-01 00:00:00+00');
SET search_path = public, focus_compat;
SET TimeZone = 'America/Los_Angeles';
SELECT MONTH('2026-03-01 00:00:00+00'::timestamptz) AS utc_month;
SELECT JSON_EXTRACT('{"a": {"b": [1, "x"]}}'::jsonb, '$.a.b[1]') AS item,
       JSON_UNQUOTE(JSON_EXTRACT('{"CoreCount": 8, "S": "m5"}'::focus_tags, '$.S')) AS series,
       CAST(JSON_UNQUOTE(JSON_EXTRACT('{"CoreCount": 8}'::focus_tags, '$.CoreCount')) AS UNSIGNED) AS cores,
       JSON_EXTRACT('{"a": 1}'::jsonb, '$.none') AS none;
SELECT JSON_CONTAINS_PATH('{"a": 1, "b": 2}'::focus_tags, 'all', '$.a', '$.b') AS both,
       JSON_CONTAINS_PATH('{"a": 1}'::focus_tags, 'all', '$.a', '$.b') AS not_both,
       JSON_CONTAINS_PATH('{"a": 1}'::focus_tags, 'one', '$.a', '$.b') AS one;
SELECT ca->>'c' AS c, CAST(JSON_VALUE(ca, '$.n') AS FLOAT64) * 3 AS exact
FROM UNNEST(JSON_EXTRACT_ARRAY('{"Elements": [{"c": "x", "n": 0.1}, {"c": "y", "n": 0.2}]}'::jsonb, '$.Elements')) AS ca;
SELECT JSON_EXTRACT_ARRAY('{"Elements": 1}'::jsonb, '$.Elements') IS NULL AS no_array;
SELECT CAST(-1 AS UNSIGNED);
RESET search_path;
