/*-------------------------------------------------------------------------
 *
 * exec_agg_extreme.c
 *	  The least and the greatest value.
 *
 * Integers, times and decimals are compared as the numbers that they are
 * stored as, all else by the comparison function that belongs to the
 * aggregate's sort operator.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "columnar/exec_agg.h"
#include "columnar/value.h"

static bool is_more(FocusAggregate *agg, const FocusAccumulator *acc, const FocusAggEntry *entry);
static Datum as_numeric(int64 number, int scale, int shown, char *buffer);

/*
 * Takes a number if there is none that is more extreme; of equal ones, the last,
 * as core does.  True if it has been taken.  scale is that of all
 * numbers that are compared this way.
 */
static inline bool
take_number(FocusAggregate *agg, FocusAccumulator *acc, int64 number, int scale, int shown)
{
	if (acc->count != 0)
	{
		if (acc->scale != scale)
		{
			char		buffer[FOCUS_VALUE_DECIMAL_SIZE] pg_attribute_aligned(8);
			FocusAggEntry entry = {FOCUS_ENTRY_DATUM, 0, false, 0,
			as_numeric(number, scale, shown, buffer)};

			if (!is_more(agg, acc, &entry))
				return false;
		}
		else if (agg->is_max ? number < acc->u.extreme.number : number > acc->u.extreme.number)
			return false;
	}
	acc->count = 1;
	acc->scale = scale;
	acc->shown = shown;
	acc->u.extreme.number = number;
	return true;
}

static bool
take_entry(FocusAggState *state, FocusAggregate *agg, FocusAccumulator *acc, FocusAggEntry *entry)
{
	const FocusAggExpr *expr = &agg->branches[0].value.expr;
	MemoryContext caller;
	Datum		old;

	if (entry->kind == FOCUS_ENTRY_NUMBER)
		return take_number(agg, acc, entry->number, entry->scale, entry->scale);
	if (acc->count != 0 && !is_more(agg, acc, entry))
		return false;
	old = acc->u.extreme.datum;
	if (acc->count != 0 && acc->scale < 0 && !expr->typbyval)
		pfree(DatumGetPointer(old));
	caller = MemoryContextSwitchTo(state->groups_context);
	acc->u.extreme.datum = datumCopy(entry->datum, expr->typbyval, expr->typlen);
	MemoryContextSwitchTo(caller);
	acc->count = 1;
	acc->scale = -1;
	return true;
}

void
focus_agg_extreme_vector(FocusAggState *state, int agg, const FocusAggVector *vector,
						 const uint16 *rows, int count)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	bool		once = state->nkeys == 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];
		FocusAccumulator *acc = focus_accumulator(state, agg, state->groups[row]);

		if (vector->entries != NULL)
		{
			FocusAggEntry *entry = &vector->entries[vector->codes[row]];

			/* Without groups, what has lost need not be looked at again. */
			if (entry->kind == FOCUS_ENTRY_NULL || entry->done)
				continue;
			entry->done = !take_entry(state, aggregate, acc, entry) && once;
		}
		else if (vector->codes != NULL)
		{
			uint32		code = vector->codes[row];

			if (code != 0)
				(void) take_number(aggregate, acc, vector->numbers[code - 1], vector->scale,
							vector->scales != NULL ? vector->scales[code - 1] : 0);
		}
		else if (!vector->nulls[row])
			(void) take_number(aggregate, acc, vector->numbers[row], vector->scale,
						vector->scales != NULL ? vector->scales[row] : 0);
	}
}

void
focus_agg_extreme_entry(FocusAggState *state, int agg, uint32 group, const FocusAggEntry *entry)
{
	FocusAggEntry copy = *entry;

	(void) take_entry(state, &state->aggs[agg], focus_accumulator(state, agg, group), &copy);
}

Datum
focus_agg_extreme_result(FocusAggState *state, int agg, uint32 group, bool *isnull)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	const FocusAccumulator *acc = focus_accumulator(state, agg, group);
	const FocusAggValue *value = &aggregate->branches[0].value;

	*isnull = acc->count == 0;
	if (acc->count == 0)
		return (Datum) 0;
	if (acc->scale < 0)
		return acc->u.extreme.datum;
	if (value->want == FOCUS_WANT_INTEGER)
		return focus_value_from_int(acc->u.extreme.number, value->expr.typlen);
	return as_numeric(acc->u.extreme.number, acc->scale, acc->shown, palloc(FOCUS_VALUE_DECIMAL_SIZE));
}

/*
 * Is the entry, a datum, more extreme than what there is, or equal and of a type
 * of which core takes the last of equal values?
 */
static bool
is_more(FocusAggregate *agg, const FocusAccumulator *acc, const FocusAggEntry *entry)
{
	char		buffer[FOCUS_VALUE_DECIMAL_SIZE] pg_attribute_aligned(8);
	Datum		old = acc->scale < 0 ? acc->u.extreme.datum :
		as_numeric(acc->u.extreme.number, acc->scale, acc->shown, buffer);
	int			order = DatumGetInt32(FunctionCall2Coll(&agg->compare, agg->collation, entry->datum, old));

	if (order == 0)
		return !agg->keeps_first;
	return agg->is_max ? order > 0 : order < 0;
}

static Datum
as_numeric(int64 number, int scale, int shown, char *buffer)
{
	(void) focus_value_from_decimal(number, scale, shown, buffer);
	return PointerGetDatum(buffer);
}
