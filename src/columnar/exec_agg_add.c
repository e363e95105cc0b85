/*-------------------------------------------------------------------------
 *
 * exec_agg_add.c
 *	  Adds rows to aggregates.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"

#include "columnar/exec_agg.h"

static void add_values(FocusAggState *state, int agg, FocusAggValue *value, const uint16 *rows,
					   int count);
static void count_rows(FocusAggState *state, int agg, const uint16 *rows, int count);
static void count_values(FocusAggState *state, int agg, const FocusAggVector *vector,
						 const uint16 *rows, int count);
static int	without(const uint16 *some, int nsome, uint16 *rows, int count);

/*
 * Adds the current rows of the vector to an aggregate.
 */
void
focus_agg_add_vector(FocusAggState *state, int agg)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	FocusScanState *scan = &state->scan;
	uint16		filtered[FOCUS_BODY_VECTOR_ROWS];
	uint16		some[FOCUS_BODY_VECTOR_ROWS];
	const uint16 *rows = scan->rows;
	int			count = scan->nrows;
	int			i;

	if (aggregate->filter != NULL || aggregate->nbranches > 1)
	{
		memcpy(filtered, rows, count * sizeof(uint16));
		rows = filtered;
	}
	if (aggregate->filter != NULL)
		count = focus_agg_condition_vector(state, aggregate->filter, filtered, count);
	if (count == 0)
		return;
	if (aggregate->kind == FOCUS_AGG_DISTINCT)
		focus_agg_distinct_vector(state, agg, rows, count);
	else if (aggregate->kind == FOCUS_AGG_PARTS)
		focus_agg_parts_vector(state, agg, rows, count);
	else if (aggregate->nbranches == 0)
		count_rows(state, agg, rows, count);

	for (i = 0; aggregate->kind != FOCUS_AGG_PARTS && i < aggregate->nbranches && count > 0; i++)
	{
		FocusAggBranch *branch = &aggregate->branches[i];
		int			nsome;

		if (branch->condition == NULL)
		{
			add_values(state, agg, &branch->value, rows, count);
			break;
		}
		memcpy(some, rows, count * sizeof(uint16));
		nsome = focus_agg_condition_vector(state, branch->condition, some, count);
		if (nsome > 0)
			add_values(state, agg, &branch->value, some, nsome);
		count = without(some, nsome, filtered, count);
	}
}

/*
 * Adds the row in the row slot, which is in the group.
 */
void
focus_agg_add_row(FocusAggState *state, int agg, uint32 group)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;
	MemoryContext caller;
	FocusAggEntry entry;
	int			i;

	if (aggregate->filter != NULL && !focus_agg_condition_row(state, aggregate->filter))
		return;
	if (aggregate->kind == FOCUS_AGG_DISTINCT)
	{
		focus_agg_distinct_row(state, agg, group);
		return;
	}
	if (aggregate->kind == FOCUS_AGG_PARTS)
	{
		caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
		focus_agg_parts_row(state, agg, group);
		MemoryContextSwitchTo(caller);
		return;
	}
	if (aggregate->nbranches == 0)
	{
		focus_accumulator(state, agg, group)->count++;
		return;
	}

	for (i = 0; aggregate->branches[i].condition != NULL; i++)
		if (focus_agg_condition_row(state, aggregate->branches[i].condition))
			break;
	caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	focus_agg_value_row(state, &aggregate->branches[i].value, &entry);
	if (entry.kind == FOCUS_ENTRY_NULL)
		;
	else if (aggregate->kind == FOCUS_AGG_COUNT)
		focus_accumulator(state, agg, group)->count++;
	else if (aggregate->kind == FOCUS_AGG_SUM)
		focus_agg_sum_entry(state, agg, group, &entry);
	else
		focus_agg_extreme_entry(state, agg, group, &entry);
	MemoryContextSwitchTo(caller);
}

/*
 * What the node returns of an aggregate of a group.
 */
Datum
focus_agg_result(FocusAggState *state, int agg, uint32 group, bool *isnull)
{
	switch (state->aggs[agg].kind)
	{
		case FOCUS_AGG_COUNT:
		case FOCUS_AGG_DISTINCT:
			*isnull = false;
			return Int64GetDatum(focus_accumulator(state, agg, group)->count);
		case FOCUS_AGG_SUM:
			return focus_agg_sum_result(state, agg, group, isnull);
		case FOCUS_AGG_EXTREME:
			return focus_agg_extreme_result(state, agg, group, isnull);
		case FOCUS_AGG_PARTS:
			return focus_agg_parts_result(state, agg, group, isnull);
	}
	pg_unreachable();
}

static void
add_values(FocusAggState *state, int agg, FocusAggValue *value, const uint16 *rows, int count)
{
	FocusAggVector vector;

	focus_agg_value_vector(state, value, rows, count, &vector);
	switch (state->aggs[agg].kind)
	{
		case FOCUS_AGG_COUNT:
			count_values(state, agg, &vector, rows, count);
			break;
		case FOCUS_AGG_SUM:
			focus_agg_sum_vector(state, agg, &vector, rows, count);
			break;
		case FOCUS_AGG_EXTREME:
			focus_agg_extreme_vector(state, agg, &vector, rows, count);
			break;
		case FOCUS_AGG_DISTINCT:
		case FOCUS_AGG_PARTS:
			break;
	}
}

static void
count_rows(FocusAggState *state, int agg, const uint16 *rows, int count)
{
	int			first = 0;
	int			i;

	if (rows != state->scan.rows)
	{
		for (i = 0; i < count; i++)
			focus_accumulator(state, agg, state->groups[rows[i]])->count++;
		return;
	}
	for (i = 0; i < state->nruns; i++)
	{
		focus_accumulator(state, agg, state->groups[rows[first]])->count += state->run_ends[i] - first;
		first = state->run_ends[i];
	}
}

static void
count_values(FocusAggState *state, int agg, const FocusAggVector *vector, const uint16 *rows,
			 int count)
{
	int			i;

	if (vector->entries != NULL)
		for (i = 0; i < count; i++)
			focus_accumulator(state, agg, state->groups[rows[i]])->count +=
				vector->entries[vector->codes[rows[i]]].kind != FOCUS_ENTRY_NULL;
	else if (vector->codes != NULL)
		for (i = 0; i < count; i++)
			focus_accumulator(state, agg, state->groups[rows[i]])->count += vector->codes[rows[i]] != 0;
	else
		for (i = 0; i < count; i++)
			focus_accumulator(state, agg, state->groups[rows[i]])->count += !vector->nulls[rows[i]];
}

/*
 * Removes some of the rows; both ascend.
 */
static int
without(const uint16 *some, int nsome, uint16 *rows, int count)
{
	int			result = 0;
	int			at = 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		if (at < nsome && some[at] == rows[i])
			at++;
		else
			rows[result++] = rows[i];
	}
	return result;
}
