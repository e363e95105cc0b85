/*-------------------------------------------------------------------------
 *
 * exec_agg_value.c
 *	  What aggregates take of rows.
 *
 * An expression over one column that has a dictionary is evaluated once for
 * each code that a row has; one over several columns, for each row.  Numbers
 * that are an aggregate's argument as they are stored are not evaluated at
 * all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "columnar/exec_agg.h"
#include "columnar/value.h"
#include "compat.h"

static uint16 zeros[FOCUS_BODY_VECTOR_ROWS];
static uint16 numbers_of_rows[FOCUS_BODY_VECTOR_ROWS];

static bool has_numbers(FocusAggWant want, const FocusBodyColumn *body);
static void numbers_by_code(FocusAggState *state, int column, const FocusBodyColumn *body,
							FocusAggVector *result);
static void numbers_by_row(FocusAggState *state, FocusAggValue *value, FocusAggVector *result);
static void entries_by_code(FocusAggState *state, FocusAggValue *value, const FocusBodyColumn *body,
							const uint16 *rows, int count, FocusAggVector *result);
static void entries_by_row(FocusAggState *state, FocusAggValue *value, const uint16 *rows, int count,
						   FocusAggVector *result);
static void make_space(FocusAggValue *value, uint32 count);
static void evaluate(FocusAggState *state, FocusAggValue *value, FocusAggEntry *entry);
static void make_entry(FocusAggValue *value, Datum datum, bool isnull, bool copy, FocusAggEntry *entry);

/*
 * Puts what the expression needs of a row of the current vector into the value
 * slot, where it stays until the same column is asked for again.
 */
void
focus_agg_load_row(FocusAggState *state, const FocusAggExpr *expr, uint16 row)
{
	FocusScanState *scan = &state->scan;
	FocusStore *store = &scan->scan->store;
	TupleDesc	desc = RelationGetDescr(scan->css.ss.ss_currentRelation);
	TupleTableSlot *slot = state->value_slot;
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < expr->ncolumns; i++)
	{
		int			column = expr->columns[i];
		bool	   *isnull = &slot->tts_isnull[column];

		/* What is over one column is evaluated once for each code. */
		if (expr->ncolumns == 1 && column < focus_group_reader_header(scan->reader)->ncolumns &&
			focus_group_reader_column(scan->reader, store, column)->form == FOCUS_BODY_CODES)
		{
			uint32		code = focus_group_reader_codes(scan->reader, store, column, scan->vector)[row];

			*isnull = code == 0;
			slot->tts_values[column] = code == 0 ? (Datum) 0 :
				focus_group_reader_entry_once(scan->reader, store, desc, column, code - 1);
			continue;
		}
		slot->tts_values[column] =
			focus_group_reader_value(scan->reader, store, desc, column,
									 scan->vector * FOCUS_BODY_VECTOR_ROWS + row, isnull);
	}
	ExecStoreVirtualTuple(slot);
	scan->css.ss.ps.ps_ExprContext->ecxt_scantuple = slot;
}

/*
 * The values of some rows of the current vector; count is not 0.
 */
void
focus_agg_value_vector(FocusAggState *state, FocusAggValue *value, const uint16 *rows, int count,
					   FocusAggVector *result)
{
	FocusScanState *scan = &state->scan;
	const FocusAggExpr *expr = &value->expr;
	bool		is_stored = expr->ncolumns == 1 &&
		expr->columns[0] < focus_group_reader_header(scan->reader)->ncolumns;
	const FocusBodyColumn *body = NULL;

	memset(result, 0, sizeof(*result));
	if (is_stored)
		body = focus_group_reader_column(scan->reader, &scan->scan->store, expr->columns[0]);

	if (is_stored && expr->is_column && has_numbers(value->want, body))
	{
		if (body->form == FOCUS_BODY_CODES)
			numbers_by_code(state, expr->columns[0], body, result);
		else
			numbers_by_row(state, value, result);
	}
	else if (is_stored && body->form == FOCUS_BODY_CODES)
		entries_by_code(state, value, body, rows, count, result);
	else if (is_stored || expr->ncolumns > 1)
		entries_by_row(state, value, rows, count, result);
	else
	{
		/* The same for all rows of the group: a constant, or a later column */
		MemoryContextReset(value->context);
		make_space(value, 1);
		value->row_group = -1;
		focus_agg_load_row(state, expr, rows[0]);
		evaluate(state, value, &value->entries[0]);
		result->entries = value->entries;
		result->codes = zeros;
	}
}

/*
 * The value of the row in the row slot.  What the entry refers to lives as long
 * as memory of the current context, or as the row.
 */
void
focus_agg_value_row(FocusAggState *state, FocusAggValue *value, FocusAggEntry *entry)
{
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;
	Datum		datum;
	bool		isnull;

	econtext->ecxt_scantuple = state->scan.row_slot;
	datum = ExecEvalExpr(value->expr.state, econtext, &isnull);
	make_entry(value, datum, isnull, false, entry);
}

/*
 * Leaves of rows of the current vector those for which a condition is true.
 */
int
focus_agg_condition_vector(FocusAggState *state, FocusAggCondition *condition, uint16 *rows,
						   int count)
{
	FocusScanState *scan = &state->scan;
	ExprContext *econtext = scan->css.ss.ps.ps_ExprContext;
	int			result = 0;
	int			i;

	if (condition->row_group != scan->scan->group)
		focus_filter_begin_group(condition->filter, scan->reader, &scan->scan->store, true);
	condition->row_group = scan->scan->group;
	count = focus_filter_apply(condition->filter, scan->vector, rows, count);
	if (condition->rest.state == NULL)
		return count;

	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];

		CHECK_FOR_INTERRUPTS();
		focus_agg_load_row(state, &condition->rest, row);
		rows[result] = row;
		result += ExecQual(condition->rest.state, econtext);
		ResetExprContext(econtext);
	}
	return result;
}

/*
 * Is a condition true for the row in the row slot?
 */
bool
focus_agg_condition_row(FocusAggState *state, FocusAggCondition *condition)
{
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;

	econtext->ecxt_scantuple = state->scan.row_slot;
	return ExecQual(condition->all, econtext);
}

/*
 * Can what is wanted be had without making datums?
 */
static bool
has_numbers(FocusAggWant want, const FocusBodyColumn *body)
{
	switch (want)
	{
		case FOCUS_WANT_NOTHING:
			return true;
		case FOCUS_WANT_INTEGER:
			return body->kind == FOCUS_BODY_INT;
		case FOCUS_WANT_DECIMAL:
			return body->kind == FOCUS_BODY_DECIMAL;
		case FOCUS_WANT_DATUM:
			return false;
	}
	pg_unreachable();
}

static void
numbers_by_code(FocusAggState *state, int column, const FocusBodyColumn *body,
				FocusAggVector *result)
{
	FocusScanState *scan = &state->scan;

	result->codes = focus_group_reader_codes(scan->reader, &scan->scan->store, column, scan->vector);
	result->numbers = body->numbers;
	result->scales = body->kind == FOCUS_BODY_DECIMAL ? body->scales : NULL;
	result->scale = body->kind == FOCUS_BODY_DECIMAL ? body->scale : 0;
}

static void
numbers_by_row(FocusAggState *state, FocusAggValue *value, FocusAggVector *result)
{
	FocusScanState *scan = &state->scan;
	int			column = value->expr.columns[0];
	const FocusBodyColumn *body = focus_group_reader_column(scan->reader, &scan->scan->store, column);
	bool		is_decimal = value->want == FOCUS_WANT_DECIMAL;

	result->column = column;
	result->has_nulls = body->nulls > 0;
	result->later = is_decimal && value->is_summed;
	result->numbers = focus_group_reader_numbers(scan->reader, &scan->scan->store, column, scan->vector,
												 &result->nulls,
												 is_decimal && !result->later ? &result->scales : NULL);
	if (is_decimal)
		result->scale = body->scale;
}

static void
entries_by_code(FocusAggState *state, FocusAggValue *value, const FocusBodyColumn *body,
				const uint16 *rows, int count, FocusAggVector *result)
{
	FocusScanState *scan = &state->scan;
	TupleDesc	desc = RelationGetDescr(scan->css.ss.ss_currentRelation);
	int			column = value->expr.columns[0];
	const uint16 *codes = focus_group_reader_codes(scan->reader, &scan->scan->store, column, scan->vector);
	int			i;

	if (value->row_group != scan->scan->group)
	{
		MemoryContextReset(value->context);
		make_space(value, body->entries + 1);
		memset(value->entries, 0, (body->entries + 1) * sizeof(FocusAggEntry));
		value->row_group = scan->scan->group;
	}
	for (i = 0; i < count; i++)
	{
		uint32		code = codes[rows[i]];
		FocusAggEntry *entry = &value->entries[code];

		if (entry->kind != FOCUS_ENTRY_UNKNOWN)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (value->expr.is_column)
			make_entry(value, code == 0 ? (Datum) 0 :
					   focus_group_reader_entry(scan->reader, &scan->scan->store, desc, column, code - 1),
					   code == 0, false, entry);
		else
		{
			focus_agg_load_row(state, &value->expr, rows[i]);
			evaluate(state, value, entry);
		}
	}
	result->codes = codes;
	result->entries = value->entries;
}

/*
 * Neighbours are often equal.
 */
static void
entries_by_row(FocusAggState *state, FocusAggValue *value, const uint16 *rows, int count,
			   FocusAggVector *result)
{
	FocusScanState *scan = &state->scan;
	const int64 *numbers = NULL;
	const bool *nulls = NULL;
	const uint8 *scales = NULL;
	int			i;

	MemoryContextReset(value->context);
	make_space(value, FOCUS_BODY_VECTOR_ROWS);
	value->row_group = -1;
	if (value->expr.ncolumns == 1)
		numbers = focus_group_reader_numbers(scan->reader, &scan->scan->store, value->expr.columns[0],
											 scan->vector, &nulls, &scales);
	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];
		uint16		last = i > 0 ? rows[i - 1] : 0;

		if (numbers != NULL && i > 0 && nulls[row] == nulls[last] &&
			(nulls[row] || (numbers[row] == numbers[last] && scales[row] == scales[last])))
		{
			value->entries[row] = value->entries[last];
			continue;
		}
		CHECK_FOR_INTERRUPTS();
		focus_agg_load_row(state, &value->expr, row);
		evaluate(state, value, &value->entries[row]);
	}
	if (numbers_of_rows[1] == 0)
		for (i = 0; i < FOCUS_BODY_VECTOR_ROWS; i++)
			numbers_of_rows[i] = i;
	result->codes = numbers_of_rows;
	result->entries = value->entries;
}

static void
make_space(FocusAggValue *value, uint32 count)
{
	if (count <= value->space)
		return;
	if (value->entries != NULL)
		pfree(value->entries);
	value->entries = MemoryContextAllocHuge(MemoryContextGetParent(value->context),
											mul_size(count, sizeof(FocusAggEntry)));
	value->space = count;
}

/*
 * Evaluates the expression for what is in the value slot.
 */
static void
evaluate(FocusAggState *state, FocusAggValue *value, FocusAggEntry *entry)
{
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;
	MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	Datum		datum;
	bool		isnull;

	datum = ExecEvalExpr(value->expr.state, econtext, &isnull);
	make_entry(value, datum, isnull, true, entry);
	MemoryContextSwitchTo(caller);
	ResetExprContext(econtext);
}

/*
 * copy says that the datum does not live as long as the entry.
 */
static void
make_entry(FocusAggValue *value, Datum datum, bool isnull, bool copy, FocusAggEntry *entry)
{
	MemoryContext caller;

	entry->done = false;
	entry->scale = 0;
	if (isnull)
	{
		entry->kind = FOCUS_ENTRY_NULL;
		return;
	}
	entry->kind = FOCUS_ENTRY_NUMBER;
	switch (value->want)
	{
		case FOCUS_WANT_NOTHING:
			return;
		case FOCUS_WANT_INTEGER:
			entry->number = focus_value_to_int(datum, value->expr.typlen);
			return;
		case FOCUS_WANT_DECIMAL:
			datum = PointerGetDatum(PG_DETOAST_DATUM_PACKED(datum));
			if (focus_value_to_decimal((Numeric) DatumGetPointer(datum), &entry->number, &entry->scale))
				return;
			break;
		case FOCUS_WANT_DATUM:
			break;
	}
	entry->kind = FOCUS_ENTRY_DATUM;
	entry->datum = datum;
	if (copy && !value->expr.typbyval)
	{
		caller = MemoryContextSwitchTo(value->context);
		entry->datum = datumCopy(datum, value->expr.typbyval, value->expr.typlen);
		MemoryContextSwitchTo(caller);
	}
}
