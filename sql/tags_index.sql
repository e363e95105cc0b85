-- focus_tags: btree, hash and GIN answer as a sequential scan does, and
-- operators answer as those of jsonb do.  The data is made from md5().
SET TimeZone = 'UTC';
SET jit = off;
CREATE TABLE tagged (id integer PRIMARY KEY, t focus_tags, j jsonb);

-- Up to eight keys of twenty; every kind; some keys and values too long for a
-- GIN entry; every 50th map NULL, every 49th empty.
INSERT INTO tagged (id, j)
SELECT id, CASE WHEN id % 50 = 0 THEN NULL WHEN id % 49 = 0 THEN '{}' ELSE (
	SELECT jsonb_object_agg(
		CASE WHEN k % 10 = 9 THEN repeat('long key ', 20) || k ELSE 'key' || k END,
		CASE v % 5 WHEN 0 THEN to_jsonb(v % 3) WHEN 1 THEN to_jsonb(v % 2 = 0) WHEN 2 THEN 'null'
			WHEN 3 THEN to_jsonb('value ' || v % 3) ELSE to_jsonb(repeat('long value ', 15) || v % 3) END)
	FROM generate_series(1, 1 + id % 8) AS n,
		LATERAL (SELECT ('x' || substr(md5(id || ' ' || n), 1, 7))::bit(28)::integer AS r) AS hash,
		LATERAL (SELECT r % 20 AS k, r / 20 % 30 AS v) AS pick) END
FROM generate_series(1, 3000) AS id;
UPDATE tagged SET t = j;
SELECT count(*) AS rows, count(t) AS maps, count(DISTINCT t) = count(DISTINCT j) AS same_distinct,
	sum(focus_tags_count(t)) AS pairs
FROM tagged;

-- jsonb as the oracle; keys are compared in one order
SELECT count(*) AS wrong FROM tagged
WHERE t::jsonb <> j OR j::focus_tags <> t OR t::text::jsonb <> j OR j::text::focus_tags <> t
	OR focus_tags_keys(t) <> ARRAY(SELECT jsonb_object_keys(j) COLLATE "C" ORDER BY 1);
SELECT count(*) AS wrong FROM tagged, LATERAL focus_tags_each(t) AS e
WHERE e.value IS DISTINCT FROM j ->> e.key OR t[e.key] IS DISTINCT FROM j ->> e.key
	OR e.kind <> jsonb_typeof(j -> e.key) OR t -> e.key IS DISTINCT FROM e.value;
SELECT count(*) AS wrong FROM tagged a JOIN tagged b ON b.id = a.id % 97 + 1
WHERE (a.t || b.t)::jsonb <> a.j || b.j OR (a.t @> b.t) <> (a.j @> b.j) OR (a.t <@ b.t) <> (a.j <@ b.j)
	OR (a.t = b.t) <> (a.j = b.j) OR (a.t - focus_tags_keys(b.t))::jsonb <> a.j - focus_tags_keys(b.t)
	OR (a.t ?| focus_tags_keys(b.t)) <> (a.j ?| focus_tags_keys(b.t))
	OR (a.t ?& focus_tags_keys(b.t)) <> (a.j ?& focus_tags_keys(b.t))
	OR (a.t - focus_tags_keys(b.t)) || (a.t - (focus_tags_keys(a.t - focus_tags_keys(b.t)))) <> a.t;

-- Questions, each with the answer of jsonb
CREATE TABLE questions (id integer PRIMARY KEY, condition text);
INSERT INTO questions
SELECT row_number() OVER (ORDER BY kind, value COLLATE "C"), replace(pattern, '$', quote_literal(value))
FROM (VALUES
	(1, 'x @> $', '{}'), (1, 'x @> $', '{"key1": 1}'), (1, 'x @> $', '{"key1": "1"}'), (1, 'x @> $', '{"key2": null}'),
	(1, 'x @> $', '{"key3": true}'), (1, 'x @> $', '{"key4": "value 0", "key5": "value 1"}'), (1, 'x @> $', '{"absent": 1}'),
	(1, 'x @> $', format('{"key5": "%s0"}', repeat('long value ', 15))),
	(1, 'x @> $', format('{"%s9": "value 1"}', repeat('long key ', 20))),
	(1, 'x @> $', format('{"%s9": "%s1"}', repeat('long key ', 20), repeat('long value ', 15))),
	(1, 'x @> $', format('{"key1": 2, "key5": "%s0"}', repeat('long value ', 15))),
	(2, 'x ? $', 'key1'), (2, 'x ? $', 'key'), (2, 'x ? $', repeat('long key ', 20) || 9),
	(2, 'x ? $', repeat('long key ', 20)), (2, 'x ? $', ''),
	(3, 'x ?| $', '{}'), (3, 'x ?| $', '{NULL}'), (3, 'x ?| $', '{key1,key2,absent,NULL}'),
	(3, 'x ?| $', format('{key1,%s19}', repeat('long key ', 20))), (3, 'x ?| $', '{absent}'),
	(4, 'x ?& $', '{}'), (4, 'x ?& $', '{NULL}'), (4, 'x ?& $', '{key1,key2}'), (4, 'x ?& $', '{key1,absent}'),
	(4, 'x ?& $', format('{key1,%s19}', repeat('long key ', 20))), (4, 'x ?& $', '{key1,NULL,key1}'),
	(5, 'x @> ''{"key1": 1}'' AND x ? $', 'key2'), (5, 'x @> ''{"key1": 1}'' OR x ?& $', '{key2,key3,key4}')
) AS v (kind, pattern, value);

-- Ids that satisfy a condition in one column.
CREATE FUNCTION answer(condition text, column_name text) RETURNS integer[]
LANGUAGE plpgsql AS $$
DECLARE
	result integer[];
BEGIN
	EXECUTE format('SELECT array_agg(id ORDER BY id) FROM tagged WHERE %s',
		regexp_replace(condition, '\mx\M', column_name, 'g')) INTO result;
	RETURN result;
END $$;
-- Whether its plan uses an index.
CREATE FUNCTION uses_index(condition text, index_name text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE format('EXPLAIN (COSTS OFF) SELECT id FROM tagged WHERE %s',
		regexp_replace(condition, '\mx\M', 't', 'g'))
	LOOP
		IF line LIKE '%' || index_name || '%' THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END $$;

CREATE TABLE heap_answers AS SELECT id, condition, answer(condition, 't') AS ids FROM questions;
SELECT id, left(condition, 60) AS condition, coalesce(cardinality(ids), 0) AS found FROM heap_answers ORDER BY id;
SELECT count(*) AS wrong FROM heap_answers WHERE ids IS DISTINCT FROM answer(condition, 'j');

SET enable_seqscan = off;
CREATE INDEX tagged_gin ON tagged USING gin (t) WITH (fastupdate = off);
SELECT count(*) AS with_index, count(*) FILTER (WHERE ids IS DISTINCT FROM answer(condition, 't')) AS wrong
FROM heap_answers WHERE uses_index(condition, 'tagged_gin');
-- the pending list, and maps that come and go
DROP INDEX tagged_gin;
CREATE INDEX tagged_gin ON tagged USING gin (t) WITH (fastupdate = on);
INSERT INTO tagged SELECT id + 3000, t - 'key1' || '{"new": 1}', NULL FROM tagged;
UPDATE tagged SET j = t;
DELETE FROM tagged WHERE id % 7 = 0;
INSERT INTO questions VALUES (101, 'x ? ''new'''), (102, 'x @> ''{"new": 1, "key2": null}''');
SELECT count(*) AS with_index, count(*) FILTER (WHERE answer(condition, 't') IS DISTINCT FROM answer(condition, 'j')) AS wrong
FROM questions WHERE uses_index(condition, 'tagged_gin');
VACUUM tagged;
SELECT count(*) FILTER (WHERE answer(condition, 't') IS DISTINCT FROM answer(condition, 'j')) AS wrong FROM questions;
EXPLAIN (COSTS OFF) SELECT id FROM tagged WHERE t @> '{"key1": 1}';
EXPLAIN (COSTS OFF) SELECT id FROM tagged WHERE '{"key1": 1}' <@ t;
-- three conditions meet in the index
SELECT count(*) > 0 AS found FROM tagged WHERE t ? 'key1' AND t ?& '{key2,key3}' AND t @> '{}';
DROP INDEX tagged_gin;

-- btree and hash
CREATE INDEX tagged_btree ON tagged USING btree (t);
CREATE INDEX tagged_hash ON tagged USING hash (t);
SELECT uses_index('x = ''{"new": 1}''', 'tagged_hash') AS hash_used,
	uses_index('x < ''{"key": 1}''', 'tagged_btree') AS btree_used;
SELECT count(*) AS wrong FROM tagged a
WHERE id <= 3000 AND id % 30 = 1 AND (SELECT array_agg(b.id ORDER BY b.id) FROM tagged b WHERE b.t = a.t)
	IS DISTINCT FROM (SELECT array_agg(b.id ORDER BY b.id) FROM tagged b WHERE b.j = a.j);
DROP INDEX tagged_hash;
SELECT count(*) AS wrong FROM (
	SELECT id, row_number() OVER (ORDER BY t, id) AS n FROM tagged) AS i
JOIN (SELECT id, row_number() OVER (ORDER BY t || '{}', id) AS n FROM tagged) AS s
USING (id) WHERE i.n <> s.n;
SELECT (SELECT count(*) FROM tagged WHERE t < '{"key3": 1}')
	+ (SELECT count(*) FROM tagged WHERE t >= '{"key3": 1}')
	= (SELECT count(*) FROM tagged WHERE t IS NOT NULL) AS halves_add_up;
DROP INDEX tagged_btree;

-- Joins and aggregates by hash, by merge, and by sort agree
RESET enable_seqscan;
SET max_parallel_workers_per_gather = 0;
SET enable_nestloop = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM tagged a JOIN tagged b USING (t);
SELECT count(*) AS hash_join FROM tagged a JOIN tagged b USING (t);
SET enable_mergejoin = on;
SET enable_hashjoin = off;
SELECT count(*) AS merge_join FROM tagged a JOIN tagged b USING (t);
SET enable_hashagg = off;
SELECT count(*) AS groups FROM (SELECT t FROM tagged GROUP BY t) AS g;
SET enable_hashagg = on;
SET enable_sort = off;
SELECT count(*) AS groups FROM (SELECT t FROM tagged GROUP BY t) AS g;
RESET enable_nestloop;
RESET enable_hashjoin;
RESET enable_sort;

-- Estimates come from the column's statistics
ANALYZE tagged;
CREATE FUNCTION estimate(condition text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) SELECT FROM tagged WHERE ' || condition INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
SELECT estimate('t ? ''new''') > 10 * estimate('t ? ''absent''') AS exists_estimated,
	estimate('t @> ''{"key1": 2}''') > 10 * estimate('t @> ''{"absent": 2}''') AS contains_estimated,
	estimate('t = ''{"new": 1}''') > 10 * estimate('t = ''{"absent": 1}''') AS equal_estimated,
	estimate('t < ''{"a": 1}''') < estimate('t > ''{"a": 1}''') AS less_estimated;

DROP TABLE tagged, questions, heap_answers;
DROP FUNCTION answer, uses_index, estimate;
