/*-------------------------------------------------------------------------
 *
 * exec_constant.c
 *	  What columns are compared with.
 *
 * Such an expression has no column in it, but may have parameters and stable
 * functions, so it is evaluated at run time, once until a parameter changes.
 * Row by row it would be evaluated for the first row that gets that far; so
 * one that could fail is not evaluated before there is such a row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "common/int.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "columnar/exec_filter.h"
#include "columnar/value.h"
#include "compat.h"

static bool parameters_wait(FocusFilter *filter, FocusConstant *constant);
static void add_value(FocusQual *leaf, Datum value);
static bool to_number(Oid type, Datum value, FocusNumber *number);
static void forget(FocusQual *qual);
static void at_scale(const FocusNumber *number, int scale, int64 *floor, bool *exact,
					 int *beyond);
static int	compare_int64(const void *a, const void *b);

/*
 * Is the constant known, or can it be evaluated now?
 */
bool
focus_constant_ready(FocusFilter *filter, FocusQual *leaf)
{
	FocusConstant *constant = &leaf->constant;

	if (!constant->known && ((constant->harmless && !parameters_wait(filter, constant)) ||
							 (leaf->first && filter->has_rows)))
		focus_constant_evaluate(filter, leaf);
	return constant->known;
}

void
focus_constant_evaluate(FocusFilter *filter, FocusQual *leaf)
{
	FocusConstant *constant = &leaf->constant;
	MemoryContext caller;
	Datum		value;
	bool		isnull;

	if (constant->known)
		return;
	value = ExecEvalExprSwitchContext(constant->state, filter->econtext, &isnull);

	caller = MemoryContextSwitchTo(filter->constants);
	constant->usable = true;
	constant->nvalues = 0;
	if (!isnull && constant->is_list)
	{
		ArrayType  *array = DatumGetArrayTypeP(value);
		int16		length;
		bool		byval;
		char		align;
		Datum	   *values;
		bool	   *nulls;
		int			count;
		int			i;

		get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &byval, &align);
		deconstruct_array(array, ARR_ELEMTYPE(array), length, byval, align, &values, &nulls, &count);
		constant->numbers = palloc(mul_size(Max(count, 1), sizeof(FocusNumber)));
		constant->bytes = palloc(mul_size(Max(count, 1), sizeof(FocusBytes)));
		for (i = 0; i < count; i++)
			if (!nulls[i])
				add_value(leaf, values[i]);
	}
	else if (!isnull)
	{
		constant->numbers = palloc(sizeof(FocusNumber));
		constant->bytes = palloc(sizeof(FocusBytes));
		add_value(leaf, value);
	}
	constant->known = true;
	MemoryContextSwitchTo(caller);
	ResetExprContext(filter->econtext);
}

/*
 * Parameters have changed.
 */
void
focus_constants_forget(FocusFilter *filter)
{
	int			i;

	for (i = 0; i < filter->nquals; i++)
		forget(filter->quals[i]);
	MemoryContextReset(filter->constants);
}

/*
 * What numbers at a scale pass a leaf that tests numbers, whose constant is
 * known and usable.  False if no number passes.
 */
bool
focus_range_of(const FocusQual *leaf, int scale, FocusRange *range)
{
	const FocusConstant *constant = &leaf->constant;
	int64		floor;
	bool		exact;
	int			beyond;
	int			i;

	memset(range, 0, sizeof(*range));
	range->low = PG_INT64_MIN;
	range->high = PG_INT64_MAX;

	if (constant->is_list)
	{
		range->list = palloc(mul_size(Max(constant->nvalues, 1), sizeof(int64)));
		for (i = 0; i < constant->nvalues; i++)
		{
			at_scale(&constant->numbers[i], scale, &floor, &exact, &beyond);
			if (exact && beyond == 0)
				range->list[range->nlist++] = floor;
		}
		if (range->nlist == 0)
			return false;
		qsort(range->list, range->nlist, sizeof(int64), compare_int64);
		range->low = range->list[0];
		range->high = range->list[range->nlist - 1];
		return true;
	}

	if (constant->nvalues == 0)
		return false;
	at_scale(&constant->numbers[0], scale, &floor, &exact, &beyond);
	switch (leaf->comparison)
	{
		case FOCUS_LESS:
		case FOCUS_LESS_EQUAL:
			if (beyond != 0)
				return beyond > 0;
			range->high = floor;
			if (!exact || leaf->comparison == FOCUS_LESS_EQUAL)
				return true;
			if (floor == PG_INT64_MIN)
				return false;
			range->high--;
			return true;
		case FOCUS_GREATER_EQUAL:
		case FOCUS_GREATER:
			if (beyond != 0)
				return beyond < 0;
			range->low = floor;
			if (exact && leaf->comparison == FOCUS_GREATER_EQUAL)
				return true;
			if (floor == PG_INT64_MAX)
				return false;
			range->low++;
			return true;
		case FOCUS_EQUAL:
			range->low = range->high = floor;
			return exact && beyond == 0;
		case FOCUS_NOT_EQUAL:
			if (!exact || beyond != 0)
				return true;
			range->low = range->high = floor;
			range->inverted = true;
			return true;
	}
	pg_unreachable();
}

/*
 * Could one of the numbers from min to max pass?
 */
bool
focus_range_meets(const FocusRange *range, int64 min, int64 max)
{
	if (range->list != NULL)
	{
		int			low = 0;
		int			high = range->nlist;

		/* The first of the list that is not below min */
		while (low < high)
		{
			int			middle = (low + high) / 2;

			if (range->list[middle] < min)
				low = middle + 1;
			else
				high = middle;
		}
		return low < range->nlist && range->list[low] <= max;
	}
	if (range->inverted)
		return min < range->low || max > range->high;
	return min <= range->high && max >= range->low;
}

/*
 * Would the evaluation begin with running another plan, which might fail, or
 * take long?
 */
static bool
parameters_wait(FocusFilter *filter, FocusConstant *constant)
{
	ListCell   *cell;

	foreach(cell, constant->params)
	{
		if (filter->econtext->ecxt_param_exec_vals[lfirst_int(cell)].execPlan != NULL)
			return true;
	}
	return false;
}

static void
add_value(FocusQual *leaf, Datum value)
{
	FocusConstant *constant = &leaf->constant;

	if (leaf->test == FOCUS_TEST_NUMBERS)
	{
		if (!to_number(constant->type, value, &constant->numbers[constant->nvalues]))
			constant->usable = false;
	}
	else if (constant->type == UUIDOID)
	{
		char	   *copy = palloc(16);

		memcpy(copy, DatumGetPointer(value), 16);
		constant->bytes[constant->nvalues].data = copy;
		constant->bytes[constant->nvalues].size = 16;
	}
	else
	{
		struct varlena *copy = PG_DETOAST_DATUM_COPY(value);

		constant->bytes[constant->nvalues].data = VARDATA(copy);
		constant->bytes[constant->nvalues].size = VARSIZE(copy) - VARHDRSZ;
	}
	constant->nvalues++;
}

/*
 * False where the value is none that groups store as a number.
 */
static bool
to_number(Oid type, Datum value, FocusNumber *number)
{
	uint8		scale = 0;
	bool		result = true;

	switch (type)
	{
		case INT2OID:
			number->number = DatumGetInt16(value);
			break;
		case INT4OID:
			number->number = DatumGetInt32(value);
			break;
		case INT8OID:
			number->number = DatumGetInt64(value);
			break;
		case DATEOID:
			number->number = DatumGetDateADT(value);
			break;
		case TIMEOID:
			number->number = DatumGetTimeADT(value);
			break;
		case TIMESTAMPOID:
			number->number = DatumGetTimestamp(value);
			break;
		case TIMESTAMPTZOID:
			number->number = DatumGetTimestampTz(value);
			break;
		case NUMERICOID:
			result = focus_value_to_decimal(DatumGetNumeric(value), &number->number, &scale);
			break;
		default:
			elog(ERROR, "type %u is not stored as numbers", type);
	}
	number->scale = scale;
	return result;
}

static void
forget(FocusQual *qual)
{
	int			i;

	qual->constant.known = false;
	for (i = 0; i < qual->nparts; i++)
		forget(qual->parts[i]);
}

/*
 * A number as an integer over 10^scale: the greatest that is not above it, and
 * whether it is equal.  *beyond is 1 or -1 where the number is above or below
 * all integers of 64 bits.
 */
static void
at_scale(const FocusNumber *number, int scale, int64 *floor, bool *exact, int *beyond)
{
	int64		result = number->number;
	int			digits;

	*beyond = 0;
	*exact = true;
	for (digits = number->scale; digits < scale && result != 0; digits++)
	{
		if (pg_mul_s64_overflow(result, 10, &result))
		{
			*beyond = number->number > 0 ? 1 : -1;
			break;
		}
	}
	for (; digits > scale && result != 0; digits--)
	{
		int64		digit = result % 10;

		result /= 10;
		if (digit != 0)
			*exact = false;
		if (digit < 0)
			result--;
	}
	*floor = result;
}

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}
