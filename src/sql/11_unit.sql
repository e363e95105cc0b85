-- focus_unit: units of the FOCUS unit format.
CREATE TYPE focus_unit;

CREATE FUNCTION focus_unit_in(cstring) RETURNS focus_unit
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_in(cstring) IS 'input of focus_unit';

CREATE FUNCTION focus_unit_out(focus_unit) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_out(focus_unit) IS 'output of focus_unit';

CREATE FUNCTION focus_unit_recv(internal) RETURNS focus_unit
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_recv(internal) IS 'binary input of focus_unit';

CREATE FUNCTION focus_unit_send(focus_unit) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_send(focus_unit) IS 'binary output of focus_unit';

CREATE TYPE focus_unit
(
	INPUT = focus_unit_in,
	OUTPUT = focus_unit_out,
	RECEIVE = focus_unit_recv,
	SEND = focus_unit_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE focus_unit IS
'Unit of measure in the FOCUS unit format, such as GB-Hours, 1000 Tokens or Units/3 Months.';

-- Comparison.
CREATE FUNCTION focus_unit_eq(focus_unit, focus_unit) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_eq(focus_unit, focus_unit) IS 'implementation of = operator';

CREATE FUNCTION focus_unit_ne(focus_unit, focus_unit) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_ne(focus_unit, focus_unit) IS 'implementation of <> operator';

CREATE FUNCTION focus_unit_lt(focus_unit, focus_unit) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_lt(focus_unit, focus_unit) IS 'implementation of < operator';

CREATE FUNCTION focus_unit_le(focus_unit, focus_unit) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_le(focus_unit, focus_unit) IS 'implementation of <= operator';

CREATE FUNCTION focus_unit_gt(focus_unit, focus_unit) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_gt(focus_unit, focus_unit) IS 'implementation of > operator';

CREATE FUNCTION focus_unit_ge(focus_unit, focus_unit) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_ge(focus_unit, focus_unit) IS 'implementation of >= operator';

CREATE FUNCTION focus_unit_cmp(focus_unit, focus_unit) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_cmp(focus_unit, focus_unit) IS 'less-equal-greater of units';

CREATE FUNCTION focus_unit_hash(focus_unit) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_hash(focus_unit) IS 'hash of a unit';

CREATE FUNCTION focus_unit_hash_extended(focus_unit, bigint) RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_hash_extended(focus_unit, bigint) IS 'seeded hash of a unit';

CREATE OPERATOR =
(
	LEFTARG = focus_unit, RIGHTARG = focus_unit, FUNCTION = focus_unit_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (focus_unit, focus_unit) IS 'same dimension and same factor';

CREATE OPERATOR <>
(
	LEFTARG = focus_unit, RIGHTARG = focus_unit, FUNCTION = focus_unit_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (focus_unit, focus_unit) IS 'another dimension or another factor';

CREATE OPERATOR <
(
	LEFTARG = focus_unit, RIGHTARG = focus_unit, FUNCTION = focus_unit_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (focus_unit, focus_unit) IS 'before in order of dimension and factor';

CREATE OPERATOR <=
(
	LEFTARG = focus_unit, RIGHTARG = focus_unit, FUNCTION = focus_unit_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (focus_unit, focus_unit) IS 'before or equal in order of dimension and factor';

CREATE OPERATOR >
(
	LEFTARG = focus_unit, RIGHTARG = focus_unit, FUNCTION = focus_unit_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (focus_unit, focus_unit) IS 'after in order of dimension and factor';

CREATE OPERATOR >=
(
	LEFTARG = focus_unit, RIGHTARG = focus_unit, FUNCTION = focus_unit_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (focus_unit, focus_unit) IS 'after or equal in order of dimension and factor';

CREATE OPERATOR CLASS focus_unit_ops DEFAULT FOR TYPE focus_unit USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 focus_unit_cmp(focus_unit, focus_unit);
COMMENT ON OPERATOR CLASS focus_unit_ops USING btree IS 'order of units: by dimension, then by factor';

CREATE OPERATOR CLASS focus_unit_ops DEFAULT FOR TYPE focus_unit USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 focus_unit_hash(focus_unit),
	FUNCTION 2 focus_unit_hash_extended(focus_unit, bigint);
COMMENT ON OPERATOR CLASS focus_unit_ops USING hash IS 'hash of units';

COMMENT ON OPERATOR FAMILY focus_unit_ops USING btree IS 'order of units';
COMMENT ON OPERATOR FAMILY focus_unit_ops USING hash IS 'hash of units';

-- Functions.
CREATE FUNCTION focus_try_unit(unit text) RETURNS focus_unit
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_try_unit(text) IS 'text as a unit, NULL where it is none';

CREATE FUNCTION focus_unit_block(unit focus_unit) RETURNS numeric
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_block(focus_unit) IS
'quantity in front of a unit: 1000 of 1K Tokens, 1 where there is none';

CREATE FUNCTION focus_unit_dimension(unit focus_unit) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_dimension(focus_unit) IS
'what a unit measures, in base units: B-Second of GB-Hours';

CREATE FUNCTION focus_unit_factor(unit focus_unit) RETURNS numeric
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_unit_factor(focus_unit) IS
'worth of a unit in the base units of its dimension: 3600 of Hours';

CREATE FUNCTION focus_convert(quantity numeric, from_unit focus_unit, to_unit focus_unit)
RETURNS numeric
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_convert(numeric, focus_unit, focus_unit) IS
'quantity in another unit of the same dimension, exact where a decimal can be';
