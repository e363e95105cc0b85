-- focus_currency: currencies of ISO 4217.
CREATE TYPE focus_currency;

CREATE FUNCTION focus_currency_in(cstring) RETURNS focus_currency
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_in(cstring) IS 'input of focus_currency';

CREATE FUNCTION focus_currency_out(focus_currency) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_out(focus_currency) IS 'output of focus_currency';

CREATE FUNCTION focus_currency_recv(internal) RETURNS focus_currency
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_recv(internal) IS 'binary input of focus_currency';

CREATE FUNCTION focus_currency_send(focus_currency) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_send(focus_currency) IS 'binary output of focus_currency';

CREATE TYPE focus_currency
(
	INPUT = focus_currency_in,
	OUTPUT = focus_currency_out,
	RECEIVE = focus_currency_recv,
	SEND = focus_currency_send,
	LIKE = int4
);
COMMENT ON TYPE focus_currency IS
'Currency of ISO 4217: a code of three letters, active or withdrawn.';

-- Comparison.
CREATE FUNCTION focus_currency_eq(focus_currency, focus_currency) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_eq(focus_currency, focus_currency) IS 'implementation of = operator';

CREATE FUNCTION focus_currency_ne(focus_currency, focus_currency) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_ne(focus_currency, focus_currency) IS 'implementation of <> operator';

CREATE FUNCTION focus_currency_lt(focus_currency, focus_currency) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_lt(focus_currency, focus_currency) IS 'implementation of < operator';

CREATE FUNCTION focus_currency_le(focus_currency, focus_currency) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_le(focus_currency, focus_currency) IS 'implementation of <= operator';

CREATE FUNCTION focus_currency_gt(focus_currency, focus_currency) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_gt(focus_currency, focus_currency) IS 'implementation of > operator';

CREATE FUNCTION focus_currency_ge(focus_currency, focus_currency) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_ge(focus_currency, focus_currency) IS 'implementation of >= operator';

CREATE FUNCTION focus_currency_cmp(focus_currency, focus_currency) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_cmp(focus_currency, focus_currency) IS 'less-equal-greater of currency codes';

CREATE FUNCTION focus_currency_hash(focus_currency) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_hash(focus_currency) IS 'hash of a currency';

CREATE FUNCTION focus_currency_hash_extended(focus_currency, bigint) RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_hash_extended(focus_currency, bigint) IS 'seeded hash of a currency';

CREATE OPERATOR =
(
	LEFTARG = focus_currency, RIGHTARG = focus_currency, FUNCTION = focus_currency_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (focus_currency, focus_currency) IS 'same currency';

CREATE OPERATOR <>
(
	LEFTARG = focus_currency, RIGHTARG = focus_currency, FUNCTION = focus_currency_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (focus_currency, focus_currency) IS 'another currency';

CREATE OPERATOR <
(
	LEFTARG = focus_currency, RIGHTARG = focus_currency, FUNCTION = focus_currency_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (focus_currency, focus_currency) IS 'before in order of codes';

CREATE OPERATOR <=
(
	LEFTARG = focus_currency, RIGHTARG = focus_currency, FUNCTION = focus_currency_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (focus_currency, focus_currency) IS 'before or equal in order of codes';

CREATE OPERATOR >
(
	LEFTARG = focus_currency, RIGHTARG = focus_currency, FUNCTION = focus_currency_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (focus_currency, focus_currency) IS 'after in order of codes';

CREATE OPERATOR >=
(
	LEFTARG = focus_currency, RIGHTARG = focus_currency, FUNCTION = focus_currency_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (focus_currency, focus_currency) IS 'after or equal in order of codes';

CREATE OPERATOR CLASS focus_currency_ops DEFAULT FOR TYPE focus_currency USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 focus_currency_cmp(focus_currency, focus_currency),
	FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS focus_currency_ops USING btree IS 'order of currencies, by code';

CREATE OPERATOR CLASS focus_currency_ops DEFAULT FOR TYPE focus_currency USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 focus_currency_hash(focus_currency),
	FUNCTION 2 focus_currency_hash_extended(focus_currency, bigint);
COMMENT ON OPERATOR CLASS focus_currency_ops USING hash IS 'hash of currencies';

COMMENT ON OPERATOR FAMILY focus_currency_ops USING btree IS 'order of currencies';
COMMENT ON OPERATOR FAMILY focus_currency_ops USING hash IS 'hash of currencies';

-- Functions.
CREATE FUNCTION focus_try_currency(code text) RETURNS focus_currency
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_try_currency(text) IS
'currency of a code in any case, NULL where ISO 4217 lists none';

CREATE FUNCTION focus_currency_minor_units(currency focus_currency) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_minor_units(focus_currency) IS
'decimals of the minor unit: 2 of USD, 0 of JPY, NULL of gold';

CREATE FUNCTION focus_currency_numeric_code(currency focus_currency) RETURNS integer
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_numeric_code(focus_currency) IS
'numeric code of ISO 4217: 840 of USD';

CREATE FUNCTION focus_currency_name(currency focus_currency) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_name(focus_currency) IS
'English name, in ASCII';

CREATE FUNCTION focus_currency_is_active(currency focus_currency) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_currency_is_active(focus_currency) IS
'false where ISO 4217 has withdrawn the currency';

CREATE FUNCTION focus_round(amount numeric, currency focus_currency) RETURNS numeric
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_round(numeric, focus_currency) IS
'amount at the minor unit of its currency, rounded half away from zero';
