/*-------------------------------------------------------------------------
 *
 * sums.c
 *	  Aggregates over money: sums of one currency, and ratios of sums.
 *
 * The sums themselves are PostgreSQL's: each state holds one or two states of
 * sum(numeric), driven through the transition, combine and serialisation
 * functions of that aggregate.  So they are as exact and as fast as the
 * server's, and show the same scale; what is added here is which values may
 * be added at all.
 *
 * States live in the aggregate's context.  A state travels between processes
 * as the lengths and bytes of the states within it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "aggs/sums.h"
#include "columnar/exec_agg.h"
#include "compat.h"
#include "types/unit.h"

/* State of focus_sum; made at the first amount that is not null */
typedef struct SumState
{
	void	   *sum;			/* state of sum(numeric) */
	bool		currency_is_null;
	int			currency_length;
	char	   *currency;		/* not terminated */
} SumState;

/* Units that a state remembers: data mixes few, in any order */
#define TOKEN_UNITS_MAX		4

/* A unit and the count of tokens in it */
typedef struct TokenUnit
{
	int			length;
	char	   *text;			/* not terminated; NULL when the entry is free */
	Numeric		factor;			/* NULL for one */
} TokenUnit;

/* State of focus_cost_per and focus_cost_per_token */
typedef struct RatioState
{
	void	   *cost;			/* states of sum(numeric), or NULL */
	void	   *quantity;
	/* units met, so that each is parsed once; not sent anywhere */
	int			unit_next;		/* the entry to be used for the next new one */
	TokenUnit	units[TOKEN_UNITS_MAX];
} RatioState;

static void *sum_accum(FunctionCallInfo fcinfo, void *sum, Datum value);
static void *sum_combine(FunctionCallInfo fcinfo, void *sum, void *other);
static Datum sum_result(void *sum, bool *isnull);
static void send_sum(FunctionCallInfo fcinfo, StringInfo buffer, void *sum);
static void *receive_sum(FunctionCallInfo fcinfo, StringInfo message);
static void check_currency(const SumState *state, bool isnull,
						   const char *currency, int length);
static RatioState *ratio_accum(FunctionCallInfo fcinfo, MemoryContext aggcontext);
static Datum in_tokens(RatioState *state, Datum quantity, const text *unit,
					   MemoryContext aggcontext);

PG_FUNCTION_INFO_V1(focus_sum_accum);
PG_FUNCTION_INFO_V1(focus_sum_combine);
PG_FUNCTION_INFO_V1(focus_sum_serialize);
PG_FUNCTION_INFO_V1(focus_sum_deserialize);
PG_FUNCTION_INFO_V1(focus_sum_final);
PG_FUNCTION_INFO_V1(focus_cost_per_accum);
PG_FUNCTION_INFO_V1(focus_cost_per_token_accum);
PG_FUNCTION_INFO_V1(focus_cost_per_combine);
PG_FUNCTION_INFO_V1(focus_cost_per_serialize);
PG_FUNCTION_INFO_V1(focus_cost_per_deserialize);
PG_FUNCTION_INFO_V1(focus_cost_per_final);

/*
 * The sums may be made by vectors: amounts of one currency, costs, quantities,
 * and quantities of one unit.
 */
static const FocusAggSums sums_of_aggregates[] = {
	{focus_sum_accum, 1, 0, true},
	{focus_cost_per_accum, 2, -1, false},
	{focus_cost_per_token_accum, 2, 1, false},
};

/*
 * To be called once per backend, when the library is loaded.
 */
void
focus_sums_init(void)
{
	int			i;

	for (i = 0; i < lengthof(sums_of_aggregates); i++)
		focus_agg_register_sums(&sums_of_aggregates[i]);
}

/*
 * The context that states live in.
 */
static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return context;
}

/*
 * A message that is read where it lies.
 */
static StringInfoData
open_message(const bytea *bytes)
{
	StringInfoData message;

	message.data = VARDATA_ANY(bytes);
	message.len = VARSIZE_ANY_EXHDR(bytes);
	message.maxlen = message.len;
	message.cursor = 0;
	return message;
}

/*
 * sum_accum(internal, numeric, text) returns internal
 */
Datum
focus_sum_accum(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = aggregate_context(fcinfo);
	SumState   *state = PG_ARGISNULL(0) ? NULL : (SumState *) PG_GETARG_POINTER(0);
	bool		isnull = PG_ARGISNULL(2);
	text	   *currency;
	const char *bytes;
	int			length;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}

	currency = isnull ? NULL : PG_GETARG_TEXT_PP(2);
	bytes = isnull ? NULL : VARDATA_ANY(currency);
	length = isnull ? 0 : VARSIZE_ANY_EXHDR(currency);

	if (state == NULL)
	{
		state = MemoryContextAllocZero(aggcontext, sizeof(SumState));
		state->currency_is_null = isnull;
		state->currency_length = length;
		state->currency = MemoryContextAlloc(aggcontext, length + 1);
		if (!isnull)
			memcpy(state->currency, bytes, length);
	}
	else
		check_currency(state, isnull, bytes, length);

	state->sum = sum_accum(fcinfo, state->sum, PG_GETARG_DATUM(1));
	PG_RETURN_POINTER(state);
}

/*
 * sum_combine(internal, internal) returns internal
 */
Datum
focus_sum_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = aggregate_context(fcinfo);
	SumState   *state = PG_ARGISNULL(0) ? NULL : (SumState *) PG_GETARG_POINTER(0);
	SumState   *other = PG_ARGISNULL(1) ? NULL : (SumState *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}

	if (state == NULL)
	{
		state = MemoryContextAllocZero(aggcontext, sizeof(SumState));
		state->currency_is_null = other->currency_is_null;
		state->currency_length = other->currency_length;
		state->currency = MemoryContextAlloc(aggcontext, other->currency_length + 1);
		memcpy(state->currency, other->currency, other->currency_length);
	}
	else
		check_currency(state, other->currency_is_null,
					   other->currency, other->currency_length);

	state->sum = sum_combine(fcinfo, state->sum, other->sum);
	PG_RETURN_POINTER(state);
}

/*
 * sum_serialize(internal) returns bytea
 */
Datum
focus_sum_serialize(PG_FUNCTION_ARGS)
{
	SumState   *state = (SumState *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, state->currency_is_null);
	pq_sendint32(&buffer, state->currency_length);
	pq_sendbytes(&buffer, state->currency, state->currency_length);
	send_sum(fcinfo, &buffer, state->sum);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * sum_deserialize(bytea, internal) returns internal
 */
Datum
focus_sum_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData message = open_message(PG_GETARG_BYTEA_PP(0));
	SumState   *state = palloc0(sizeof(SumState));

	(void) aggregate_context(fcinfo);
	state->currency_is_null = pq_getmsgbyte(&message);
	state->currency_length = pq_getmsgint(&message, 4);
	state->currency = palloc(state->currency_length + 1);
	pq_copymsgbytes(&message, state->currency, state->currency_length);
	state->sum = receive_sum(fcinfo, &message);
	pq_getmsgend(&message);
	PG_RETURN_POINTER(state);
}

/*
 * sum_final(internal) returns numeric
 */
Datum
focus_sum_final(PG_FUNCTION_ARGS)
{
	SumState   *state = PG_ARGISNULL(0) ? NULL : (SumState *) PG_GETARG_POINTER(0);
	bool		isnull;
	Datum		result = sum_result(state ? state->sum : NULL, &isnull);

	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

/*
 * cost_per_accum(internal, numeric, numeric) returns internal
 */
Datum
focus_cost_per_accum(PG_FUNCTION_ARGS)
{
	RatioState *state = ratio_accum(fcinfo, aggregate_context(fcinfo));

	if (!PG_ARGISNULL(2))
		state->quantity = sum_accum(fcinfo, state->quantity, PG_GETARG_DATUM(2));
	PG_RETURN_POINTER(state);
}

/*
 * cost_per_token_accum(internal, numeric, numeric, text) returns internal
 */
Datum
focus_cost_per_token_accum(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = aggregate_context(fcinfo);
	RatioState *state = ratio_accum(fcinfo, aggcontext);

	if (!PG_ARGISNULL(2))
	{
		text	   *unit = PG_ARGISNULL(3) ? NULL : PG_GETARG_TEXT_PP(3);
		Datum		tokens = in_tokens(state, PG_GETARG_DATUM(2), unit, aggcontext);

		state->quantity = sum_accum(fcinfo, state->quantity, tokens);
	}
	PG_RETURN_POINTER(state);
}

/*
 * cost_per_combine(internal, internal) returns internal
 */
Datum
focus_cost_per_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = aggregate_context(fcinfo);
	RatioState *state = PG_ARGISNULL(0) ? NULL : (RatioState *) PG_GETARG_POINTER(0);
	RatioState *other = PG_ARGISNULL(1) ? NULL : (RatioState *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = MemoryContextAllocZero(aggcontext, sizeof(RatioState));
	state->cost = sum_combine(fcinfo, state->cost, other->cost);
	state->quantity = sum_combine(fcinfo, state->quantity, other->quantity);
	PG_RETURN_POINTER(state);
}

/*
 * cost_per_serialize(internal) returns bytea
 */
Datum
focus_cost_per_serialize(PG_FUNCTION_ARGS)
{
	RatioState *state = (RatioState *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&buffer);
	send_sum(fcinfo, &buffer, state->cost);
	send_sum(fcinfo, &buffer, state->quantity);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * cost_per_deserialize(bytea, internal) returns internal
 */
Datum
focus_cost_per_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData message = open_message(PG_GETARG_BYTEA_PP(0));
	RatioState *state = palloc0(sizeof(RatioState));

	(void) aggregate_context(fcinfo);
	state->cost = receive_sum(fcinfo, &message);
	state->quantity = receive_sum(fcinfo, &message);
	pq_getmsgend(&message);
	PG_RETURN_POINTER(state);
}

/*
 * cost_per_final(internal) returns numeric
 */
Datum
focus_cost_per_final(PG_FUNCTION_ARGS)
{
	RatioState *state = PG_ARGISNULL(0) ? NULL : (RatioState *) PG_GETARG_POINTER(0);
	bool		cost_is_null;
	bool		quantity_is_null;
	Datum		cost;
	Datum		quantity;

	if (state == NULL)
		PG_RETURN_NULL();
	cost = sum_result(state->cost, &cost_is_null);
	quantity = sum_result(state->quantity, &quantity_is_null);
	if (cost_is_null || quantity_is_null ||
		DatumGetBool(DirectFunctionCall2(numeric_eq, quantity,
										 NumericGetDatum(int64_to_numeric(0)))))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall2(numeric_div, cost, quantity));
}

/*
 * The state of a ratio with this row's cost added.
 */
static RatioState *
ratio_accum(FunctionCallInfo fcinfo, MemoryContext aggcontext)
{
	RatioState *state;

	if (PG_ARGISNULL(0))
		state = MemoryContextAllocZero(aggcontext, sizeof(RatioState));
	else
		state = (RatioState *) PG_GETARG_POINTER(0);
	if (!PG_ARGISNULL(1))
		state->cost = sum_accum(fcinfo, state->cost, PG_GETARG_DATUM(1));
	return state;
}

/*
 * Text for a message, cut at a length that still tells what it is.
 */
static char *
shown(const char *bytes, int length)
{
	return pnstrdup(bytes, pg_mbcliplen(bytes, length, 64));
}

/*
 * Raises an error unless the currency, which has length bytes, is that of the
 * amounts added before.
 */
static void
check_currency(const SumState *state, bool isnull, const char *currency, int length)
{
	const char *hint = "Group by the currency, or convert the amounts to one currency first.";

	if (isnull == state->currency_is_null && length == state->currency_length &&
		(length == 0 || memcmp(currency, state->currency, length) == 0))
		return;

	if (isnull || state->currency_is_null)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot add amounts in currency \"%s\" and amounts without a currency",
						isnull ? shown(state->currency, state->currency_length) :
						shown(currency, length)),
				 errhint("%s", hint)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot add amounts in currencies \"%s\" and \"%s\"",
					shown(state->currency, state->currency_length),
					shown(currency, length)),
			 errhint("%s", hint)));
}

/*
 * Parses a unit and puts it into the entry.
 */
static void
parse_token_unit(TokenUnit *entry, const char *text, int length, MemoryContext aggcontext)
{
	char		digits[FOCUS_UNIT_DECIMAL_SIZE];
	FocusUnitError error;
	MemoryContext old_context;

	if (!focus_unit_token_factor(text, length, digits, &error))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit \"%s\" does not count tokens", shown(text, length)),
				 errdetail("%s", error.reason),
				 errhint("Leave out rows that do not count tokens, as by FILTER (WHERE ...).")));

	if (entry->text != NULL)
		pfree(entry->text);
	if (entry->factor != NULL)
		pfree(entry->factor);
	old_context = MemoryContextSwitchTo(aggcontext);
	entry->length = length;
	entry->text = pnstrdup(text, length);
	entry->factor = NULL;
	if (strcmp(digits, "1") != 0)
		entry->factor = DatumGetNumeric(DirectFunctionCall3(numeric_in,
															CStringGetDatum(digits),
															ObjectIdGetDatum(InvalidOid),
															Int32GetDatum(-1)));
	MemoryContextSwitchTo(old_context);
}

/*
 * The quantity, which is of the unit (NULL for null), as a number of tokens.
 */
static Datum
in_tokens(RatioState *state, Datum quantity, const text *unit, MemoryContext aggcontext)
{
	const char *bytes;
	int			length;
	TokenUnit  *entry = NULL;
	int			i;

	if (unit == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a quantity of tokens needs a unit"),
				 errhint("Leave out rows that do not count tokens, as by FILTER (WHERE ...).")));

	bytes = VARDATA_ANY(unit);
	length = VARSIZE_ANY_EXHDR(unit);
	for (i = 0; i < TOKEN_UNITS_MAX && entry == NULL; i++)
	{
		TokenUnit  *known = &state->units[i];

		if (known->text != NULL && known->length == length &&
			memcmp(known->text, bytes, length) == 0)
			entry = known;
	}
	if (entry == NULL)
	{
		entry = &state->units[state->unit_next];
		parse_token_unit(entry, bytes, length, aggcontext);
		state->unit_next = (state->unit_next + 1) % TOKEN_UNITS_MAX;
	}

	if (entry->factor == NULL)
		return quantity;
	return DirectFunctionCall2(numeric_mul, quantity, NumericGetDatum(entry->factor));
}

/*
 * Adds a value to a state of sum(numeric), which may be NULL for none yet.
 */
static void *
sum_accum(FunctionCallInfo fcinfo, void *sum, Datum value)
{
	LOCAL_FCINFO(inner, 2);

	InitFunctionCallInfoData(*inner, NULL, 2, InvalidOid, fcinfo->context, NULL);
	inner->args[0].value = PointerGetDatum(sum);
	inner->args[0].isnull = sum == NULL;
	inner->args[1].value = value;
	inner->args[1].isnull = false;
	return DatumGetPointer(numeric_avg_accum(inner));
}

/*
 * Adds one state of sum(numeric) to another; either may be NULL.
 */
static void *
sum_combine(FunctionCallInfo fcinfo, void *sum, void *other)
{
	LOCAL_FCINFO(inner, 2);

	if (other == NULL)
		return sum;
	InitFunctionCallInfoData(*inner, NULL, 2, InvalidOid, fcinfo->context, NULL);
	inner->args[0].value = PointerGetDatum(sum);
	inner->args[0].isnull = sum == NULL;
	inner->args[1].value = PointerGetDatum(other);
	inner->args[1].isnull = false;
	return DatumGetPointer(numeric_avg_combine(inner));
}

/*
 * The sum that a state of sum(numeric) stands for.
 */
static Datum
sum_result(void *sum, bool *isnull)
{
	LOCAL_FCINFO(inner, 1);
	Datum		result;

	*isnull = true;
	if (sum == NULL)
		return (Datum) 0;
	InitFunctionCallInfoData(*inner, NULL, 1, InvalidOid, NULL, NULL);
	inner->args[0].value = PointerGetDatum(sum);
	inner->args[0].isnull = false;
	result = numeric_sum(inner);
	*isnull = inner->isnull;
	return result;
}

/*
 * Appends a state of sum(numeric): its length, -1 for NULL, and its bytes.
 */
static void
send_sum(FunctionCallInfo fcinfo, StringInfo buffer, void *sum)
{
	LOCAL_FCINFO(inner, 1);
	bytea	   *bytes;

	if (sum == NULL)
	{
		pq_sendint32(buffer, -1);
		return;
	}
	InitFunctionCallInfoData(*inner, NULL, 1, InvalidOid, fcinfo->context, NULL);
	inner->args[0].value = PointerGetDatum(sum);
	inner->args[0].isnull = false;
	bytes = DatumGetByteaP(numeric_avg_serialize(inner));
	pq_sendint32(buffer, VARSIZE(bytes) - VARHDRSZ);
	pq_sendbytes(buffer, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
}

/*
 * Reads what send_sum() wrote.
 */
static void *
receive_sum(FunctionCallInfo fcinfo, StringInfo message)
{
	LOCAL_FCINFO(inner, 2);
	int			length = (int) pq_getmsgint(message, 4);
	bytea	   *bytes;

	if (length < 0)
		return NULL;
	bytes = palloc(VARHDRSZ + length);
	SET_VARSIZE(bytes, VARHDRSZ + length);
	pq_copymsgbytes(message, VARDATA(bytes), length);
	InitFunctionCallInfoData(*inner, NULL, 2, InvalidOid, fcinfo->context, NULL);
	inner->args[0].value = PointerGetDatum(bytes);
	inner->args[0].isnull = false;
	inner->args[1].value = (Datum) 0;
	inner->args[1].isnull = true;
	return DatumGetPointer(numeric_avg_deserialize(inner));
}
