-- Aggregates over money.  Their parts are for PostgreSQL alone.

CREATE FUNCTION focus_internal.sum_accum(internal, numeric, text)
RETURNS internal
AS 'MODULE_PATHNAME', 'focus_sum_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.sum_accum(internal, numeric, text) IS
'transition function of focus_sum';

CREATE FUNCTION focus_internal.sum_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'focus_sum_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.sum_combine(internal, internal) IS
'combine function of focus_sum';

CREATE FUNCTION focus_internal.sum_serialize(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'focus_sum_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.sum_serialize(internal) IS
'serialisation function of focus_sum';

CREATE FUNCTION focus_internal.sum_deserialize(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'focus_sum_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.sum_deserialize(bytea, internal) IS
'deserialisation function of focus_sum';

CREATE FUNCTION focus_internal.sum_final(internal)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_sum_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.sum_final(internal) IS
'final function of focus_sum';

CREATE FUNCTION focus_internal.cost_per_accum(internal, numeric, numeric)
RETURNS internal
AS 'MODULE_PATHNAME', 'focus_cost_per_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.cost_per_accum(internal, numeric, numeric) IS
'transition function of focus_cost_per';

CREATE FUNCTION focus_internal.cost_per_token_accum(internal, numeric, numeric, text)
RETURNS internal
AS 'MODULE_PATHNAME', 'focus_cost_per_token_accum'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.cost_per_token_accum(internal, numeric, numeric, text) IS
'transition function of focus_cost_per_token';

CREATE FUNCTION focus_internal.cost_per_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'focus_cost_per_combine'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.cost_per_combine(internal, internal) IS
'combine function of focus_cost_per and focus_cost_per_token';

CREATE FUNCTION focus_internal.cost_per_serialize(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'focus_cost_per_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.cost_per_serialize(internal) IS
'serialisation function of focus_cost_per and focus_cost_per_token';

CREATE FUNCTION focus_internal.cost_per_deserialize(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'focus_cost_per_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.cost_per_deserialize(bytea, internal) IS
'deserialisation function of focus_cost_per and focus_cost_per_token';

CREATE FUNCTION focus_internal.cost_per_final(internal)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_cost_per_final'
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_internal.cost_per_final(internal) IS
'final function of focus_cost_per and focus_cost_per_token';

REVOKE EXECUTE ON FUNCTION
	focus_internal.sum_accum(internal, numeric, text),
	focus_internal.sum_combine(internal, internal),
	focus_internal.sum_serialize(internal),
	focus_internal.sum_deserialize(bytea, internal),
	focus_internal.sum_final(internal),
	focus_internal.cost_per_accum(internal, numeric, numeric),
	focus_internal.cost_per_token_accum(internal, numeric, numeric, text),
	focus_internal.cost_per_combine(internal, internal),
	focus_internal.cost_per_serialize(internal),
	focus_internal.cost_per_deserialize(bytea, internal),
	focus_internal.cost_per_final(internal)
FROM PUBLIC;

CREATE AGGREGATE focus_sum(amount numeric, currency text)
(
	SFUNC = focus_internal.sum_accum,
	STYPE = internal,
	SSPACE = 256,
	COMBINEFUNC = focus_internal.sum_combine,
	SERIALFUNC = focus_internal.sum_serialize,
	DESERIALFUNC = focus_internal.sum_deserialize,
	FINALFUNC = focus_internal.sum_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE focus_sum(numeric, text) IS
'sum of amounts that are all in one currency; an error when they are not';

CREATE AGGREGATE focus_cost_per(cost numeric, quantity numeric)
(
	SFUNC = focus_internal.cost_per_accum,
	STYPE = internal,
	SSPACE = 384,
	COMBINEFUNC = focus_internal.cost_per_combine,
	SERIALFUNC = focus_internal.cost_per_serialize,
	DESERIALFUNC = focus_internal.cost_per_deserialize,
	FINALFUNC = focus_internal.cost_per_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE focus_cost_per(numeric, numeric) IS
'sum of the costs divided by the sum of the quantities; null when that is zero';

CREATE AGGREGATE focus_cost_per_token(cost numeric, quantity numeric, unit text)
(
	SFUNC = focus_internal.cost_per_token_accum,
	STYPE = internal,
	SSPACE = 512,
	COMBINEFUNC = focus_internal.cost_per_combine,
	SERIALFUNC = focus_internal.cost_per_serialize,
	DESERIALFUNC = focus_internal.cost_per_deserialize,
	FINALFUNC = focus_internal.cost_per_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE focus_cost_per_token(numeric, numeric, text) IS
'sum of the costs divided by the number of tokens; an error when a unit does not count tokens';
