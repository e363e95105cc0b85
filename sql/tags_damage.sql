-- focus_tags: a stored value that is damaged gives an error or an answer, never
-- a crash, and the session goes on.  Bytes are those of a little-endian
-- machine; a cast without a function lets a bytea pose as a stored value.
CREATE CAST (bytea AS focus_tags) WITHOUT FUNCTION;

CREATE FUNCTION attempt(expression text, body bytea) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE replace(format('SELECT (%s)::text', expression), 't$', '$1::focus_tags') INTO result USING body;
	RETURN coalesce(result, 'null');
EXCEPTION WHEN others THEN
	RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END $$;

CREATE TABLE bodies (n integer PRIMARY KEY, what text, body bytea);
INSERT INTO bodies VALUES
	(1, 'sound', '\x02000000 01000000 020000c0 03000000 04000080 6178 6231'),
	(2, 'no count', '\x'),
	(3, 'part of a count', '\x010000'),
	(4, 'more entries than bytes', '\x03000000 01000000 020000c0 03000000 04000080 6178 6231'),
	(5, 'a huge count', '\xffffffff 01000000 020000c0 6178'),
	(6, 'bytes are missing', '\x02000000 01000000 020000c0 03000000 04000080 6178 62'),
	(7, 'bytes are left over', '\x02000000 01000000 020000c0 03000000 04000080 6178 623131'),
	(8, 'key ends after the bytes', '\x02000000 01000000 020000c0 ffffff3f 04000080 6178 6231'),
	(9, 'value ends before its key', '\x02000000 02000000 010000c0 03000000 04000080 6178 6231'),
	(10, 'key ends before it begins', '\x02000000 01000000 030000c0 02000000 04000080 6178 6231');
SELECT attempt('t$', body) AS sound FROM bodies WHERE n = 1;

-- Every way to read a value.  Equality and hashing take the bytes as they are.
SELECT expression, count(*) AS attempts, count(*) FILTER (WHERE answer LIKE 'XX001 invalid stored value%') AS refused,
	count(*) FILTER (WHERE answer !~ '^[0-9A-Z]{5} ') AS answered
FROM bodies, unnest(ARRAY['t$', 'focus_tags_send(t$)', 't$::jsonb', 'focus_tags_keys(t$)', 'focus_tags_each(t$)',
	't$ || t$', 't$ - ''b''', 't$ - ''{b}''::text[]', '(t$)[''b'']', 't$ -> ''b''', 't$ ? ''b''', 't$ ?| ''{b}''', 't$ ?& ''{b}''',
	't$ @> t$', 't$ <@ t$', 't$ < t$', 'focus_tags_cmp(t$, t$)', 't$ = t$', 'focus_tags_hash(t$)'])
	WITH ORDINALITY AS e (expression, e), attempt(expression, body) AS answer
WHERE n > 1
GROUP BY e, expression
HAVING count(*) <> count(*) FILTER (WHERE answer LIKE 'XX001 invalid stored value%')
ORDER BY e;
SELECT what, attempt('t$', body) FROM bodies ORDER BY n;
DROP TABLE bodies;
DROP FUNCTION attempt;
DROP CAST (bytea AS focus_tags);
