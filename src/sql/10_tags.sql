
-- focus_tags: the FOCUS Key-Value Format, a flat map from text to a scalar.
CREATE TYPE focus_tags;

CREATE FUNCTION focus_tags_in(cstring) RETURNS focus_tags
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_in(cstring) IS 'input function of focus_tags: JSON object text';

CREATE FUNCTION focus_tags_out(focus_tags) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_out(focus_tags) IS 'output function of focus_tags: canonical JSON text';

CREATE FUNCTION focus_tags_recv(internal) RETURNS focus_tags
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_recv(internal) IS 'binary input function of focus_tags';

CREATE FUNCTION focus_tags_send(focus_tags) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_send(focus_tags) IS 'binary output function of focus_tags';

CREATE FUNCTION focus_tags_subscript(internal) RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_subscript(internal) IS 'subscript handler of focus_tags';

CREATE TYPE focus_tags
(
	INPUT = focus_tags_in,
	OUTPUT = focus_tags_out,
	RECEIVE = focus_tags_recv,
	SEND = focus_tags_send,
	SUBSCRIPT = focus_tags_subscript,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE focus_tags IS
'FOCUS Key-Value Format: flat map of unique text keys to string, number, true, false or null';

-- Construction and casts
CREATE FUNCTION focus_tags(keys text[], "values" text[]) RETURNS focus_tags
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'focus_tags_make';
COMMENT ON FUNCTION focus_tags(text[], text[]) IS 'map of the keys to the string values; NULL values become JSON null';

CREATE FUNCTION focus_tags_from_jsonb(jsonb) RETURNS focus_tags
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_from_jsonb(jsonb) IS 'convert a flat JSON object to focus_tags';

CREATE FUNCTION focus_tags_to_jsonb(focus_tags) RETURNS jsonb
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_to_jsonb(focus_tags) IS 'convert focus_tags to a JSON object';

CREATE CAST (jsonb AS focus_tags) WITH FUNCTION focus_tags_from_jsonb(jsonb) AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS focus_tags) IS 'convert a flat JSON object to focus_tags';

CREATE CAST (focus_tags AS jsonb) WITH FUNCTION focus_tags_to_jsonb(focus_tags) AS ASSIGNMENT;
COMMENT ON CAST (focus_tags AS jsonb) IS 'convert focus_tags to a JSON object';

CREATE CAST (json AS focus_tags) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (json AS focus_tags) IS 'convert a flat JSON object to focus_tags, numbers as written';

CREATE CAST (focus_tags AS json) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (focus_tags AS json) IS 'convert focus_tags to a JSON object, numbers as written';

-- Reading
CREATE FUNCTION focus_tags_get(focus_tags, text) RETURNS text
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_get(focus_tags, text) IS 'implementation of -> and ->> operators';

CREATE OPERATOR ->
(
	LEFTARG = focus_tags, RIGHTARG = text, FUNCTION = focus_tags_get
);
COMMENT ON OPERATOR -> (focus_tags, text) IS 'value of a key as text';

CREATE OPERATOR ->>
(
	LEFTARG = focus_tags, RIGHTARG = text, FUNCTION = focus_tags_get
);
COMMENT ON OPERATOR ->> (focus_tags, text) IS 'value of a key as text';

CREATE FUNCTION focus_tags_exists(focus_tags, text) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_exists(focus_tags, text) IS 'implementation of ? operator';

CREATE FUNCTION focus_tags_exists_any(focus_tags, text[]) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_exists_any(focus_tags, text[]) IS 'implementation of ?| operator';

CREATE FUNCTION focus_tags_exists_all(focus_tags, text[]) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_exists_all(focus_tags, text[]) IS 'implementation of ?& operator';

CREATE FUNCTION focus_tags_contains(focus_tags, focus_tags) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_contains(focus_tags, focus_tags) IS 'implementation of @> operator';

CREATE FUNCTION focus_tags_contained(focus_tags, focus_tags) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_contained(focus_tags, focus_tags) IS 'implementation of <@ operator';

CREATE OPERATOR ?
(
	LEFTARG = focus_tags, RIGHTARG = text, FUNCTION = focus_tags_exists,
	RESTRICT = matchingsel, JOIN = matchingjoinsel
);
COMMENT ON OPERATOR ? (focus_tags, text) IS 'key is there';

CREATE OPERATOR ?|
(
	LEFTARG = focus_tags, RIGHTARG = text[], FUNCTION = focus_tags_exists_any,
	RESTRICT = matchingsel, JOIN = matchingjoinsel
);
COMMENT ON OPERATOR ?| (focus_tags, text[]) IS 'any of the keys is there';

CREATE OPERATOR ?&
(
	LEFTARG = focus_tags, RIGHTARG = text[], FUNCTION = focus_tags_exists_all,
	RESTRICT = matchingsel, JOIN = matchingjoinsel
);
COMMENT ON OPERATOR ?& (focus_tags, text[]) IS 'all of the keys are there';

CREATE OPERATOR @>
(
	LEFTARG = focus_tags, RIGHTARG = focus_tags, FUNCTION = focus_tags_contains,
	COMMUTATOR = <@, RESTRICT = matchingsel, JOIN = matchingjoinsel
);
COMMENT ON OPERATOR @> (focus_tags, focus_tags) IS 'contains all pairs of';

CREATE OPERATOR <@
(
	LEFTARG = focus_tags, RIGHTARG = focus_tags, FUNCTION = focus_tags_contained,
	COMMUTATOR = @>, RESTRICT = matchingsel, JOIN = matchingjoinsel
);
COMMENT ON OPERATOR <@ (focus_tags, focus_tags) IS 'has all its pairs contained in';

CREATE FUNCTION focus_tags_keys(tags focus_tags) RETURNS text[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_keys(focus_tags) IS 'keys in key order';

CREATE FUNCTION focus_tags_each(tags focus_tags, OUT key text, OUT value text, OUT kind text)
RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_each(focus_tags) IS
'one row per key: its value as text and its kind (string, number, boolean, null)';

CREATE FUNCTION focus_tags_count(tags focus_tags) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_count(focus_tags) IS 'number of keys';

-- Changing
CREATE FUNCTION focus_tags_concat(focus_tags, focus_tags) RETURNS focus_tags
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_concat(focus_tags, focus_tags) IS 'implementation of || operator';

CREATE OPERATOR ||
(
	LEFTARG = focus_tags, RIGHTARG = focus_tags, FUNCTION = focus_tags_concat
);
COMMENT ON OPERATOR || (focus_tags, focus_tags) IS 'all pairs of both; the right one wins';

CREATE FUNCTION focus_tags_delete(focus_tags, text) RETURNS focus_tags
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_delete(focus_tags, text) IS 'implementation of - operator';

CREATE OPERATOR -
(
	LEFTARG = focus_tags, RIGHTARG = text, FUNCTION = focus_tags_delete
);
COMMENT ON OPERATOR - (focus_tags, text) IS 'without a key';

CREATE FUNCTION focus_tags_delete(focus_tags, text[]) RETURNS focus_tags
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'focus_tags_delete_array';
COMMENT ON FUNCTION focus_tags_delete(focus_tags, text[]) IS 'implementation of - operator';

CREATE OPERATOR -
(
	LEFTARG = focus_tags, RIGHTARG = text[], FUNCTION = focus_tags_delete
);
COMMENT ON OPERATOR - (focus_tags, text[]) IS 'without some keys';

-- Comparison
CREATE FUNCTION focus_tags_eq(focus_tags, focus_tags) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_eq(focus_tags, focus_tags) IS 'implementation of = operator';

CREATE FUNCTION focus_tags_ne(focus_tags, focus_tags) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_ne(focus_tags, focus_tags) IS 'implementation of <> operator';

CREATE FUNCTION focus_tags_lt(focus_tags, focus_tags) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_lt(focus_tags, focus_tags) IS 'implementation of < operator';

CREATE FUNCTION focus_tags_le(focus_tags, focus_tags) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_le(focus_tags, focus_tags) IS 'implementation of <= operator';

CREATE FUNCTION focus_tags_gt(focus_tags, focus_tags) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_gt(focus_tags, focus_tags) IS 'implementation of > operator';

CREATE FUNCTION focus_tags_ge(focus_tags, focus_tags) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_ge(focus_tags, focus_tags) IS 'implementation of >= operator';

CREATE FUNCTION focus_tags_cmp(focus_tags, focus_tags) RETURNS integer
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_cmp(focus_tags, focus_tags) IS 'btree comparison of focus_tags: -1, 0 or 1';

CREATE FUNCTION focus_tags_hash(focus_tags) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_hash(focus_tags) IS 'hash of focus_tags';

CREATE FUNCTION focus_tags_hash_extended(focus_tags, bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_hash_extended(focus_tags, bigint) IS 'hash of focus_tags with a seed';

CREATE OPERATOR =
(
	LEFTARG = focus_tags, RIGHTARG = focus_tags, FUNCTION = focus_tags_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (focus_tags, focus_tags) IS 'equal';

CREATE OPERATOR <>
(
	LEFTARG = focus_tags, RIGHTARG = focus_tags, FUNCTION = focus_tags_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (focus_tags, focus_tags) IS 'not equal';

CREATE OPERATOR <
(
	LEFTARG = focus_tags, RIGHTARG = focus_tags, FUNCTION = focus_tags_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (focus_tags, focus_tags) IS 'less than, in the order of focus_tags_cmp';

CREATE OPERATOR <=
(
	LEFTARG = focus_tags, RIGHTARG = focus_tags, FUNCTION = focus_tags_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (focus_tags, focus_tags) IS 'less than or equal, in the order of focus_tags_cmp';

CREATE OPERATOR >
(
	LEFTARG = focus_tags, RIGHTARG = focus_tags, FUNCTION = focus_tags_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (focus_tags, focus_tags) IS 'greater than, in the order of focus_tags_cmp';

CREATE OPERATOR >=
(
	LEFTARG = focus_tags, RIGHTARG = focus_tags, FUNCTION = focus_tags_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (focus_tags, focus_tags) IS 'greater than or equal, in the order of focus_tags_cmp';

CREATE OPERATOR CLASS focus_tags_btree_ops
DEFAULT FOR TYPE focus_tags USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 focus_tags_cmp(focus_tags, focus_tags),
	FUNCTION 4 (focus_tags, focus_tags) btequalimage(oid);
COMMENT ON OPERATOR CLASS focus_tags_btree_ops USING btree IS 'order of focus_tags';
COMMENT ON OPERATOR FAMILY focus_tags_btree_ops USING btree IS 'order of focus_tags';

CREATE OPERATOR CLASS focus_tags_hash_ops
DEFAULT FOR TYPE focus_tags USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 focus_tags_hash(focus_tags),
	FUNCTION 2 focus_tags_hash_extended(focus_tags, bigint);
COMMENT ON OPERATOR CLASS focus_tags_hash_ops USING hash IS 'equality of focus_tags';
COMMENT ON OPERATOR FAMILY focus_tags_hash_ops USING hash IS 'equality of focus_tags';

-- GIN
CREATE FUNCTION focus_tags_gin_extract_value(focus_tags, internal) RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_gin_extract_value(focus_tags, internal) IS 'GIN support of focus_tags';

CREATE FUNCTION focus_tags_gin_extract_query(focus_tags, internal, smallint, internal, internal, internal, internal)
RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_gin_extract_query(focus_tags, internal, smallint, internal, internal, internal, internal) IS
'GIN support of focus_tags';

CREATE FUNCTION focus_tags_gin_consistent(internal, smallint, focus_tags, integer, internal, internal, internal, internal)
RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_gin_consistent(internal, smallint, focus_tags, integer, internal, internal, internal, internal) IS
'GIN support of focus_tags';

CREATE FUNCTION focus_tags_gin_triconsistent(internal, smallint, focus_tags, integer, internal, internal, internal)
RETURNS "char"
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION focus_tags_gin_triconsistent(internal, smallint, focus_tags, integer, internal, internal, internal) IS
'GIN support of focus_tags';

CREATE OPERATOR CLASS focus_tags_gin_ops
DEFAULT FOR TYPE focus_tags USING gin AS
	OPERATOR 7 @>,
	OPERATOR 9 ?(focus_tags, text),
	OPERATOR 10 ?|(focus_tags, text[]),
	OPERATOR 11 ?&(focus_tags, text[]),
	FUNCTION 1 byteacmp(bytea, bytea),
	FUNCTION 2 focus_tags_gin_extract_value(focus_tags, internal),
	FUNCTION 3 focus_tags_gin_extract_query(focus_tags, internal, smallint, internal, internal, internal, internal),
	FUNCTION 4 focus_tags_gin_consistent(internal, smallint, focus_tags, integer, internal, internal, internal, internal),
	FUNCTION 6 focus_tags_gin_triconsistent(internal, smallint, focus_tags, integer, internal, internal, internal),
	STORAGE bytea;
COMMENT ON OPERATOR CLASS focus_tags_gin_ops USING gin IS 'keys and pairs of focus_tags';
COMMENT ON OPERATOR FAMILY focus_tags_gin_ops USING gin IS 'keys and pairs of focus_tags';
