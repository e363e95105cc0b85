/*-------------------------------------------------------------------------
 *
 * exec_agg_sum.c
 *	  Sums and averages, and core's states of them.
 *
 * Decimals are added up as integers of 128 bits at the scale of the row group
 * that they come from, and integers likewise.  For a state, the sum is given
 * to the aggregate's own transition function as one value, or as many as it
 * takes, and the number of values is put where that function has counted
 * them.  What is no such decimal (NaN, infinities, long numerics), or does not fit
 * the sum, is given to the transition function at once.  So the states are core's, made and
 * serialised by core.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "columnar/exec_agg.h"
#include "columnar/value.h"
#include "compat.h"

#ifdef HAVE_INT128

/* Powers of ten that 64 bits can hold */
#define POWER_MAX	18

/* Digits of 128 bits, and a sign, a point and a zero in front of it */
#define TEXT_MAX	(40 + 64 + 4)

static inline int128 sum_of_rows(const FocusAggVector *vector, const uint16 *rows, int count,
								 int64 *values);
static void add_run(FocusAggState *state, int agg, uint32 group, FocusAggVector *vector,
					const uint16 *rows, int count, int128 sum, int64 values);
static int	shown_by(const FocusAggVector *vector, const uint16 *rows, int count, int shown);
static void transit_number(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc,
						   int64 number, int scale, int shown);
static Datum sum_of_int4(const FocusAggregate *agg, const FocusAccumulator *acc, bool complete,
						 bool *isnull);
static bool rescale(FocusAccumulator *acc, int128 sum, int scale);
static Datum average(Datum sum, int64 count);
static void spill(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc);
static void *transit_sum(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc,
						 uint64 *count);
static void *transit(FocusAggState *state, FocusAggregate *agg, void *trans, Datum value);

static const int64 powers_of_ten[POWER_MAX + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
	INT64CONST(10000000000), INT64CONST(100000000000), INT64CONST(1000000000000),
	INT64CONST(10000000000000), INT64CONST(100000000000000), INT64CONST(1000000000000000),
	INT64CONST(10000000000000000), INT64CONST(100000000000000000), INT64CONST(1000000000000000000)
};

/*
 * Adds the sum of so many values at a scale; false if it does not fit, which it
 * always does into an empty accumulator.
 */
static inline bool
add_sum(FocusAccumulator *acc, int128 sum, int64 values, int scale)
{
	int128		result;

	if (acc->count == 0)
		acc->scale = scale;
	if (acc->scale == scale && !__builtin_add_overflow(acc->u.sum, sum, &result))
		acc->u.sum = result;
	else if (!rescale(acc, sum, scale))
		return false;
	acc->count += values;
	return true;
}

/*
 * Adds the number over 10^scale of a value.
 */
static inline void
add_number(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc, int64 number,
		   int scale, int shown)
{
	if (!add_sum(acc, number, 1, scale))
	{
		transit_number(state, agg, acc, number, scale, shown);
		return;
	}
	acc->shown = Max(acc->shown, shown);
}

/*
 * Rows that follow each other and are in the same group are added up first.
 */
void
focus_agg_sum_vector(FocusAggState *state, int agg, FocusAggVector *vector, const uint16 *rows,
					 int count)
{
	bool		whole = rows == state->scan.rows;
	int			first = 0;
	int			run = 0;
	int			end;

	if (vector->entries != NULL)
	{
		for (; first < count; first++)
			focus_agg_sum_entry(state, agg, state->groups[rows[first]],
								&vector->entries[vector->codes[rows[first]]]);
		return;
	}
	for (; first < count; first = end)
	{
		uint32		group = state->groups[rows[first]];
		int64		values;
		int128		sum;

		if (whole)
			end = state->run_ends[run++];
		else
			for (end = first + 1; end < count && state->groups[rows[end]] == group;)
				end++;
		sum = sum_of_rows(vector, rows + first, end - first, &values);
		if (values > 0)
			add_run(state, agg, group, vector, rows + first, end - first, sum, values);
	}
}

/*
 * *values is the number of rows that are not NULL.
 */
static inline int128
sum_of_rows(const FocusAggVector *vector, const uint16 *rows, int count, int64 *values)
{
	const int64 *numbers = vector->numbers;
	int128		sum = 0;
	int			i;

	*values = count;
	if (vector->codes != NULL)
	{
		for (i = 0; i < count; i++)
		{
			uint32		code = vector->codes[rows[i]];

			sum += code != 0 ? numbers[code - 1] : 0;
			*values -= code == 0;
		}
	}
	else if (vector->has_nulls)
	{
		for (i = 0; i < count; i++)
		{
			sum += vector->nulls[rows[i]] ? 0 : numbers[rows[i]];
			*values -= vector->nulls[rows[i]];
		}
	}
	else if (rows[count - 1] - rows[0] == count - 1)
	{
		for (i = rows[0]; i <= rows[count - 1]; i++)
			sum += numbers[i];
	}
	else
	{
		for (i = 0; i < count; i++)
			sum += numbers[rows[i]];
	}
	return sum;
}

/*
 * Does the number need more than all but so many of its decimals?  Most can be
 * told by their binary zeros.
 */
static inline bool
needs_more(int64 number, int digits)
{
	if ((number & ((INT64CONST(1) << Min(digits, 62)) - 1)) != 0)
		return true;
	return number != 0 && (digits > POWER_MAX || number % powers_of_ten[digits] != 0);
}

static inline int
shown_at(const FocusAggVector *vector, int at)
{
	int			shown = vector->scales != NULL ? vector->scales[at] : 0;

	return shown == FOCUS_BODY_TRIMMED ? focus_body_trimmed(vector->numbers[at], vector->scale) : shown;
}

/*
 * Most sums already show all the decimals that a column has, so that nobody
 * wants to know those of its values.
 */
static inline void
ask_for_scales(FocusAggState *state, FocusAggVector *vector)
{
	FocusScanState *scan = &state->scan;

	if (vector->later)
		vector->scales = focus_group_reader_decimals(scan->reader, &scan->scan->store, vector->column,
													 scan->vector);
	vector->later = false;
}

/*
 * Adds the sum of some rows, all of the group, to an accumulator, or if it does
 * not fit, one number after the other.
 */
static void
add_run(FocusAggState *state, int agg, uint32 group, FocusAggVector *vector,
		const uint16 *rows, int count, int128 sum, int64 values)
{
	FocusAccumulator *acc = focus_accumulator(state, agg, group);
	int			i;

	if (add_sum(acc, sum, values, vector->scale))
	{
		if (acc->shown < vector->scale)
		{
			ask_for_scales(state, vector);
			acc->shown = shown_by(vector, rows, count, acc->shown);
		}
		return;
	}
	ask_for_scales(state, vector);
	for (i = 0; i < count; i++)
	{
		int			at = vector->codes != NULL ? (int) vector->codes[rows[i]] - 1 : rows[i];

		if (at >= 0 && (vector->codes != NULL || !vector->nulls[at]))
			add_number(state, &state->aggs[agg], acc, vector->numbers[at], vector->scale,
					   shown_at(vector, at));
	}
}

/*
 * The most decimals that one of the rows shows, but shown at least
 */
static int
shown_by(const FocusAggVector *vector, const uint16 *rows, int count, int shown)
{
	int			i;

	for (i = 0; i < count && shown < vector->scale; i++)
	{
		int			at = vector->codes != NULL ? (int) vector->codes[rows[i]] - 1 : rows[i];

		if (at >= 0 && (vector->codes != NULL || !vector->nulls[at]) &&
			(vector->scales[at] != FOCUS_BODY_TRIMMED ||
			 needs_more(vector->numbers[at], vector->scale - shown)))
			shown = Max(shown, shown_at(vector, at));
	}
	return shown;
}

void
focus_agg_sum_entry(FocusAggState *state, int agg, uint32 group, const FocusAggEntry *entry)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	FocusAccumulator *acc = focus_accumulator(state, agg, group);

	if (entry->kind == FOCUS_ENTRY_NUMBER)
		add_number(state, aggregate, acc, entry->number, entry->scale, entry->scale);
	else if (entry->kind == FOCUS_ENTRY_DATUM)
		acc->state = transit(state, aggregate, acc->state, entry->datum);
}

/*
 * The state of an aggregate as core's Agg node would return it, or the result.
 */
Datum
focus_agg_sum_result(FocusAggState *state, int agg, uint32 group, bool *isnull)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	FocusAccumulator *acc = focus_accumulator(state, agg, group);
	FmgrInfo   *function = state->complete ? &aggregate->finalfn : &aggregate->serialfn;
	LOCAL_FCINFO(fcinfo, 1);
	Datum		result;

	if (aggregate->form == FOCUS_SUM_INT4)
		return sum_of_int4(aggregate, acc, state->complete, isnull);
	*isnull = acc->count == 0 && acc->state == NULL;
	if (*isnull)
		return (Datum) 0;
	if (state->complete && acc->state == NULL)
	{
		result = focus_agg_sum_numeric(acc);
		return aggregate->is_average ? average(result, acc->count) : result;
	}

	spill(state, aggregate, acc);
	InitFunctionCallInfoData(*fcinfo, function, 1, InvalidOid, (Node *) state->fake, NULL);
	fcinfo->args[0].value = PointerGetDatum(acc->state);
	fcinfo->args[0].isnull = false;
	result = FunctionCallInvoke(fcinfo);
	*isnull = fcinfo->isnull;
	return result;
}

/*
 * As in core, a sum of int8 values is not looked at: it cannot overflow.
 */
static Datum
sum_of_int4(const FocusAggregate *agg, const FocusAccumulator *acc, bool complete, bool *isnull)
{
	int64		sum = (int64) acc->u.sum;
	Datum		both[2];

	*isnull = acc->count == 0 && (complete || !agg->is_average);
	if (*isnull)
		return (Datum) 0;
	if (!agg->is_average)
		return Int64GetDatum(sum);
	if (complete)
		return average(NumericGetDatum(int64_to_numeric(sum)), acc->count);
	both[0] = Int64GetDatum(acc->count);
	both[1] = Int64GetDatum(sum);
	return PointerGetDatum(construct_array(both, 2, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * As core's averages are made
 */
static Datum
average(Datum sum, int64 count)
{
	return DirectFunctionCall2(numeric_div, sum, NumericGetDatum(int64_to_numeric(count)));
}

/*
 * Gives a number that does not fit the accumulator, because their scales are too
 * far apart or the sum is too large, to the transition function.
 */
static void
transit_number(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc, int64 number,
			   int scale, int shown)
{
	char		buffer[FOCUS_VALUE_DECIMAL_SIZE] pg_attribute_aligned(8);

	Assert(agg->form == FOCUS_SUM_NUMERIC);
	(void) focus_value_from_decimal(number, scale, shown, buffer);
	acc->state = transit(state, agg, acc->state, PointerGetDatum(buffer));
}

/*
 * Adds a sum at another scale; false if that is not possible.
 */
static bool
rescale(FocusAccumulator *acc, int128 sum, int scale)
{
	int			digits = scale - acc->scale;
	int128		result;

	if (digits > 0 && digits <= POWER_MAX &&
		!__builtin_mul_overflow(acc->u.sum, (int128) powers_of_ten[digits], &result) &&
		!__builtin_add_overflow(result, sum, &result))
	{
		acc->u.sum = result;
		acc->scale = scale;
		return true;
	}
	if (digits < 0 && digits >= -POWER_MAX &&
		!__builtin_mul_overflow(sum, (int128) powers_of_ten[-digits], &result) &&
		!__builtin_add_overflow(acc->u.sum, result, &result))
	{
		acc->u.sum = result;
		return true;
	}
	return false;
}

/*
 * Adds a number, unless it does not fit; it always fits into an empty
 * accumulator.
 */
bool
focus_agg_sum_try(FocusAccumulator *acc, int64 number, int scale, int shown)
{
	if (!add_sum(acc, number, 1, scale))
		return false;
	acc->shown = Max(acc->shown, shown);
	return true;
}

/*
 * The accumulator's sum as a numeric with the decimals that the sum of
 * numerics would show.
 */
Datum
focus_agg_sum_numeric(const FocusAccumulator *acc)
{
	char		text[TEXT_MAX];
	char	   *at = text + sizeof(text);
	int128		sum = acc->u.sum;
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
	uint64		expected;
	uint64		count;

	if (acc->count == 0)
		return;
	caller = MemoryContextSwitchTo(state->fake->curaggcontext->ecxt_per_tuple_memory);
	trans = transit_sum(state, agg, acc, &expected);

	InitFunctionCallInfoData(*fcinfo, &agg->serialfn, 1, InvalidOid, (Node *) state->fake, NULL);
	fcinfo->args[0].value = PointerGetDatum(trans);
	fcinfo->args[0].isnull = false;
	serialised = DatumGetByteaPP(FunctionCallInvoke(fcinfo));

	/* The state begins with the number of values. */
	memcpy(&count, VARDATA_ANY(serialised), sizeof(count));
	if (count != pg_hton64(expected))
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
	acc->u.sum = 0;
	acc->shown = 0;
}

/*
 * A new state that has been given the sum.  *count is the number of values that
 * this has taken: one, except for sums of int8, of which each is an int8.
 */
static void *
transit_sum(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc, uint64 *count)
{
	int128		sum = acc->u.sum;
	void	   *trans = NULL;

	*count = 0;
	if (agg->form == FOCUS_SUM_NUMERIC)
	{
		*count = 1;
		return transit(state, agg, NULL, focus_agg_sum_numeric(acc));
	}
	do
	{
		int64		part = (int64) Max(Min(sum, (int128) PG_INT64_MAX), (int128) PG_INT64_MIN);

		CHECK_FOR_INTERRUPTS();
		trans = transit(state, agg, trans, Int64GetDatum(part));
		sum -= part;
		(*count)++;
	} while (sum != 0);
	return trans;
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

bool
focus_agg_sum_try(FocusAccumulator *acc, int64 number, int scale, int shown)
{
	return false;
}

Datum
focus_agg_sum_numeric(const FocusAccumulator *acc)
{
	elog(ERROR, "no integers of 128 bits");
}

void
focus_agg_sum_vector(FocusAggState *state, int agg, FocusAggVector *vector, const uint16 *rows,
					 int count)
{
}

void
focus_agg_sum_entry(FocusAggState *state, int agg, uint32 group, const FocusAggEntry *entry)
{
}

Datum
focus_agg_sum_result(FocusAggState *state, int agg, uint32 group, bool *isnull)
{
	elog(ERROR, "no integers of 128 bits");
}

#endif
