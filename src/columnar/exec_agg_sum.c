/*-------------------------------------------------------------------------
 *
 * exec_agg_sum.c
 *	  Accumulators, and the states that are made of them.
 *
 * Decimals are added up as integers of 128 bits at the scale of the row group
 * that they come from; at the end the sum is given to the aggregate's own
 * transition function as one value, and the number of values is put where
 * that function has counted one.  What is no such decimal (NaN, infinities,
 * long numerics) is given to the transition function at once.  So the states
 * are core's, made and serialised by core.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "port/pg_bswap.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"

#include "columnar/exec_agg.h"
#include "columnar/value.h"
#include "compat.h"

#ifdef HAVE_INT128

/* Powers of ten that 64 bits can hold */
#define POWER_MAX	18

/* Digits of 128 bits, and a sign, a point and a zero in front of it */
#define TEXT_MAX	(40 + 64 + 4)

static int	filtered_rows(FocusAggState *state, FocusAggregate *agg, uint16 *rows);
static void count_values(FocusAggState *state, int agg, const uint16 *rows, int count);
static void add_codes(FocusAggState *state, int agg, const FocusBodyColumn *body,
					  const uint16 *rows, int count);
static void add_numbers(FocusAggState *state, int agg, const FocusBodyColumn *body,
						const uint16 *rows, int count);
static void add_datum(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc,
					  Datum value);
static void add_otherwise(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc,
						  int64 number, int scale);
static void spill(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc);
static void *transit(FocusAggState *state, FocusAggregate *agg, void *trans, Datum value);

static inline FocusAccumulator *
accumulator(FocusAggState *state, int agg, uint32 group)
{
	return &state->accumulators[(Size) group * state->naggs + agg];
}

/*
 * Adds the number over 10^scale of a value.
 */
static inline void
add_number(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc, int64 number,
		   int scale, int shown)
{
	int128		sum;

	if (acc->count == 0)
		acc->scale = scale;
	if (acc->scale == scale && !__builtin_add_overflow(acc->sum, (int128) number, &sum))
		acc->sum = sum;
	else
		add_otherwise(state, agg, acc, number, scale);
	acc->count++;
	acc->shown = Max(acc->shown, shown);
}

/*
 * Adds the current rows of the vector to an aggregate.
 */
void
focus_agg_add_vector(FocusAggState *state, int agg)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	FocusScanState *scan = &state->scan;
	uint16		some[FOCUS_BODY_VECTOR_ROWS];
	const uint16 *rows = scan->rows;
	int			count = scan->nrows;
	const FocusBodyColumn *body;

	if (aggregate->filter != NULL)
	{
		count = filtered_rows(state, aggregate, some);
		rows = some;
	}
	if (aggregate->kind == FOCUS_AGG_COUNT)
	{
		count_values(state, agg, rows, count);
		return;
	}
	if (count == 0)
		return;

	if (aggregate->column >= focus_group_reader_header(scan->reader)->ncolumns)
	{
		bool		isnull;
		Datum		value = getmissingattr(RelationGetDescr(scan->css.ss.ss_currentRelation),
										   aggregate->column + 1, &isnull);
		int			i;

		for (i = 0; !isnull && i < count; i++)
			add_datum(state, aggregate, accumulator(state, agg, state->groups[rows[i]]), value);
		return;
	}
	body = focus_group_reader_column(scan->reader, &scan->scan->store, aggregate->column);
	if (body->form == FOCUS_BODY_CODES)
		add_codes(state, agg, body, rows, count);
	else
		add_numbers(state, agg, body, rows, count);
}

/*
 * Adds the row in the row slot, which is in the group.
 */
void
focus_agg_add_row(FocusAggState *state, int agg, uint32 group)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	FocusAccumulator *acc = accumulator(state, agg, group);
	TupleTableSlot *slot = state->scan.row_slot;
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;
	MemoryContext caller;

	econtext->ecxt_scantuple = slot;
	if (aggregate->filter_state != NULL && !ExecQual(aggregate->filter_state, econtext))
		return;
	if (aggregate->column >= 0 && slot->tts_isnull[aggregate->column])
		return;
	if (aggregate->kind == FOCUS_AGG_COUNT)
		acc->count++;
	else
	{
		caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
		add_datum(state, aggregate, acc, slot->tts_values[aggregate->column]);
		MemoryContextSwitchTo(caller);
	}
}

/*
 * The state of an aggregate as core's Agg node would return it.
 */
Datum
focus_agg_result(FocusAggState *state, int agg, uint32 group, bool *isnull)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	FocusAccumulator *acc = accumulator(state, agg, group);
	LOCAL_FCINFO(fcinfo, 1);

	if (aggregate->kind == FOCUS_AGG_COUNT)
	{
		*isnull = false;
		return Int64GetDatum(acc->count);
	}

	spill(state, aggregate, acc);
	*isnull = acc->state == NULL;
	if (acc->state == NULL)
		return (Datum) 0;
	InitFunctionCallInfoData(*fcinfo, &aggregate->serialfn, 1, InvalidOid, (Node *) state->fake, NULL);
	fcinfo->args[0].value = PointerGetDatum(acc->state);
	fcinfo->args[0].isnull = false;
	return FunctionCallInvoke(fcinfo);
}

static int
filtered_rows(FocusAggState *state, FocusAggregate *agg, uint16 *rows)
{
	FocusScanState *scan = &state->scan;

	if (agg->row_group != scan->scan->group)
		focus_filter_begin_group(agg->filter, scan->reader, &scan->scan->store, true);
	agg->row_group = scan->scan->group;
	memcpy(rows, scan->rows, scan->nrows * sizeof(uint16));
	return focus_filter_apply(agg->filter, scan->vector, rows, scan->nrows);
}

static void
count_values(FocusAggState *state, int agg, const uint16 *rows, int count)
{
	FocusScanState *scan = &state->scan;
	int			column = state->aggs[agg].column;
	const FocusBodyColumn *body = NULL;
	const uint16 *codes;
	const bool *nulls;
	int			i;

	if (column >= focus_group_reader_header(scan->reader)->ncolumns)
	{
		bool		isnull;

		(void) getmissingattr(RelationGetDescr(scan->css.ss.ss_currentRelation), column + 1, &isnull);
		if (isnull)
			return;
	}
	else if (column >= 0)
		body = focus_group_reader_column(scan->reader, &scan->scan->store, column);

	if (body == NULL || body->nulls == 0)
	{
		if (state->nkeys == 0)
			accumulator(state, agg, 0)->count += count;
		else
			for (i = 0; i < count; i++)
				accumulator(state, agg, state->groups[rows[i]])->count++;
	}
	else if (body->form == FOCUS_BODY_CODES)
	{
		codes = focus_group_reader_codes(scan->reader, &scan->scan->store, column, scan->vector);
		for (i = 0; i < count; i++)
			accumulator(state, agg, state->groups[rows[i]])->count += codes[rows[i]] != 0;
	}
	else
	{
		(void) focus_group_reader_numbers(scan->reader, &scan->scan->store, column, scan->vector,
										  &nulls, NULL);
		for (i = 0; i < count; i++)
			accumulator(state, agg, state->groups[rows[i]])->count += !nulls[rows[i]];
	}
}

static void
add_codes(FocusAggState *state, int agg, const FocusBodyColumn *body, const uint16 *rows,
		  int count)
{
	FocusScanState *scan = &state->scan;
	FocusAggregate *aggregate = &state->aggs[agg];
	const uint16 *codes = focus_group_reader_codes(scan->reader, &scan->scan->store, aggregate->column,
												   scan->vector);
	int			i;

	for (i = 0; i < count; i++)
	{
		FocusAccumulator *acc = accumulator(state, agg, state->groups[rows[i]]);
		uint32		code = codes[rows[i]];

		if (code == 0)
			continue;
		if (body->kind == FOCUS_BODY_DECIMAL)
			add_number(state, aggregate, acc, body->numbers[code - 1], body->scale,
					   body->scales[code - 1]);
		else
			add_datum(state, aggregate, acc,
					  focus_group_reader_entry(scan->reader, &scan->scan->store,
											   RelationGetDescr(scan->css.ss.ss_currentRelation),
											   aggregate->column, code - 1));
	}
}

static void
add_numbers(FocusAggState *state, int agg, const FocusBodyColumn *body, const uint16 *rows,
			int count)
{
	FocusScanState *scan = &state->scan;
	FocusAggregate *aggregate = &state->aggs[agg];
	const bool *nulls;
	const uint8 *scales;
	const int64 *numbers = focus_group_reader_numbers(scan->reader, &scan->scan->store, aggregate->column,
													  scan->vector, &nulls, &scales);
	int			i;

	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];

		if (!nulls[row])
			add_number(state, aggregate, accumulator(state, agg, state->groups[row]), numbers[row],
					   body->scale, scales[row]);
	}
}

/*
 * Adds a numeric.
 */
static void
add_datum(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc, Datum value)
{
	int64		number;
	uint8		scale;

	value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	if (focus_value_to_decimal((Numeric) DatumGetPointer(value), &number, &scale))
		add_number(state, agg, acc, number, scale, scale);
	else
		acc->state = transit(state, agg, acc->state, value);
}

static int128
power_of_ten(int digits)
{
	int128		result = 1;

	while (digits-- > 0)
		result *= 10;
	return result;
}

/*
 * Adds a number that does not fit the accumulator as it is: at another scale,
 * or beyond its range.
 */
static void
add_otherwise(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc, int64 number,
			  int scale)
{
	int			digits = scale - acc->scale;
	int128		sum;

	if (digits > 0 && digits <= POWER_MAX &&
		!__builtin_mul_overflow(acc->sum, power_of_ten(digits), &sum) &&
		!__builtin_add_overflow(sum, (int128) number, &sum))
	{
		acc->sum = sum;
		acc->scale = scale;
		return;
	}
	if (digits < 0 && digits >= -POWER_MAX &&
		!__builtin_add_overflow(acc->sum, (int128) number * power_of_ten(-digits), &sum))
	{
		acc->sum = sum;
		return;
	}
	spill(state, agg, acc);
	acc->sum = number;
	acc->scale = scale;
}

/*
 * The accumulator's sum as a numeric with the decimals that the sum of
 * numerics would show.
 */
static Datum
sum_as_numeric(const FocusAccumulator *acc)
{
	char		text[TEXT_MAX];
	char	   *at = text + sizeof(text);
	int128		sum = acc->sum;
	bool		negative = sum < 0;
	int			digit;

	*--at = '\0';
	for (digit = 0; digit <= acc->scale || sum != 0; digit++)
	{
		int			value = (int) (sum % 10);

		if (digit == acc->scale && acc->scale > 0)
			*--at = '.';
		if (acc->scale - digit <= acc->shown)
			*--at = '0' + (value < 0 ? -value : value);
		else
			Assert(value == 0);
		sum /= 10;
	}
	if (negative)
		*--at = '-';
	return DirectFunctionCall3(numeric_in, CStringGetDatum(at), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/*
 * Moves what has been added up into core's state.
 */
static void
spill(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc)
{
	LOCAL_FCINFO(fcinfo, 2);
	MemoryContext caller;
	void	   *trans;
	bytea	   *serialised;
	uint64		count;

	if (acc->count == 0)
		return;
	caller = MemoryContextSwitchTo(state->fake->curaggcontext->ecxt_per_tuple_memory);
	trans = transit(state, agg, NULL, sum_as_numeric(acc));

	InitFunctionCallInfoData(*fcinfo, &agg->serialfn, 1, InvalidOid, (Node *) state->fake, NULL);
	fcinfo->args[0].value = PointerGetDatum(trans);
	fcinfo->args[0].isnull = false;
	serialised = DatumGetByteaPP(FunctionCallInvoke(fcinfo));

	/* The state begins with the number of values. */
	memcpy(&count, VARDATA_ANY(serialised), sizeof(count));
	if (count != pg_hton64(1))
		elog(ERROR, "state of an aggregate does not begin with the number of values");
	count = pg_hton64((uint64) acc->count);
	memcpy(VARDATA_ANY(serialised), &count, sizeof(count));

	InitFunctionCallInfoData(*fcinfo, &agg->deserialfn, 2, InvalidOid, (Node *) state->fake, NULL);
	fcinfo->args[0].value = PointerGetDatum(serialised);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = (Datum) 0;
	fcinfo->args[1].isnull = false;
	trans = DatumGetPointer(FunctionCallInvoke(fcinfo));

	InitFunctionCallInfoData(*fcinfo, &agg->combinefn, 2, InvalidOid, (Node *) state->fake, NULL);
	fcinfo->args[0].value = PointerGetDatum(acc->state);
	fcinfo->args[0].isnull = acc->state == NULL;
	fcinfo->args[1].value = PointerGetDatum(trans);
	fcinfo->args[1].isnull = false;
	acc->state = DatumGetPointer(FunctionCallInvoke(fcinfo));
	MemoryContextSwitchTo(caller);

	acc->count = 0;
	acc->sum = 0;
	acc->shown = 0;
}

/*
 * Calls the aggregate's transition function.
 */
static void *
transit(FocusAggState *state, FocusAggregate *agg, void *trans, Datum value)
{
	LOCAL_FCINFO(fcinfo, 2);

	InitFunctionCallInfoData(*fcinfo, &agg->transfn, 2, InvalidOid, (Node *) state->fake, NULL);
	fcinfo->args[0].value = PointerGetDatum(trans);
	fcinfo->args[0].isnull = trans == NULL;
	fcinfo->args[1].value = value;
	fcinfo->args[1].isnull = false;
	return DatumGetPointer(FunctionCallInvoke(fcinfo));
}

#else

void
focus_agg_add_vector(FocusAggState *state, int agg)
{
}

void
focus_agg_add_row(FocusAggState *state, int agg, uint32 group)
{
}

Datum
focus_agg_result(FocusAggState *state, int agg, uint32 group, bool *isnull)
{
	elog(ERROR, "no integers of 128 bits");
}

#endif
