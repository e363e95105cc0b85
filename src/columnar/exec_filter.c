/*-------------------------------------------------------------------------
 *
 * exec_filter.c
 *	  Applies a filter to vectors.
 *
 * A leaf over a column in the form of codes is evaluated once for each entry
 * of the dictionary: when the first row comes that has it, or beforehand for
 * all entries, if nobody can notice.  Comparisons of numbers and of bytes are
 * not evaluated at all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "columnar/exec_filter.h"
#include "columnar/value.h"
#include "compat.h"

/* Dictionaries that are evaluated beforehand have so many entries at most. */
#define EAGER_ENTRIES	4096

static void begin_group(FocusQual *qual);
static void same_for_all(FocusQual *leaf, FocusVerdict verdict);
static void prepare_codes(FocusFilter *filter, FocusQual *leaf);
static void prepare_numbers(FocusQual *leaf, const FocusBodyColumnInfo *info);
static bool has_numbers(const FocusQual *leaf);
static void decide_by_bytes(FocusQual *leaf);
static uint32 find_entry(const FocusBodyColumn *body, const FocusBytes *bytes);
static int	apply(FocusFilter *filter, FocusQual *qual, uint32 vector, uint16 *rows, int count);
static int	apply_or(FocusFilter *filter, FocusQual *qual, uint32 vector, uint16 *rows, int count);
static int	apply_leaf(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows,
					   int count);
static int	apply_codes(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows,
						int count);
static int	apply_range(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows,
						int count);
static int	apply_nulls(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows,
						int count);
static int	apply_rows(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows,
					   int count);
static FocusVerdict evaluate_code(FocusFilter *filter, FocusQual *leaf, uint32 code);
static FocusVerdict evaluate(FocusFilter *filter, FocusQual *leaf, Datum value, bool isnull);

void
focus_filter_begin_group(FocusFilter *filter, FocusGroupReader *reader, FocusStore *store,
						 bool has_rows)
{
	int			i;

	filter->reader = reader;
	filter->store = store;
	filter->has_rows = has_rows;
	for (i = 0; i < filter->nquals; i++)
		begin_group(filter->quals[i]);
	MemoryContextReset(filter->group);
}

int
focus_filter_apply(FocusFilter *filter, uint32 vector, uint16 *rows, int count)
{
	int			i;

	for (i = 0; i < filter->nquals && count > 0; i++)
		count = apply(filter, filter->quals[i], vector, rows, count);
	return count;
}

/*
 * Finds out how to test a leaf in the current group.  If it has a constant,
 * that is known.
 */
void
focus_leaf_prepare(FocusFilter *filter, FocusQual *leaf)
{
	const FocusBodyHeader *header = focus_group_reader_header(filter->reader);
	MemoryContext caller = MemoryContextSwitchTo(filter->group);

	if (leaf->column < 0 || leaf->column >= header->ncolumns)
		same_for_all(leaf, FOCUS_UNDECIDED);
	else
	{
		leaf->body = focus_group_reader_column(filter->reader, filter->store, leaf->column);
		if (leaf->body->form == FOCUS_BODY_CODES)
			prepare_codes(filter, leaf);
		else
			prepare_numbers(leaf, &header->columns[leaf->column]);
	}
	MemoryContextSwitchTo(caller);
}

static void
begin_group(FocusQual *qual)
{
	int			i;

	qual->mode = FOCUS_LEAF_UNKNOWN;
	qual->body = NULL;
	qual->verdicts = NULL;
	qual->decided = false;
	qual->all_pass = false;
	qual->has_range = false;
	for (i = 0; i < qual->nparts; i++)
		begin_group(qual->parts[i]);
}

static void
same_for_all(FocusQual *leaf, FocusVerdict verdict)
{
	leaf->mode = FOCUS_LEAF_SAME;
	leaf->verdicts = palloc(1);
	leaf->verdicts[0] = verdict;
}

static void
prepare_codes(FocusFilter *filter, FocusQual *leaf)
{
	uint32		entries = leaf->body->entries;
	uint32		first = leaf->body->nulls > 0 ? 0 : 1;
	uint32		i;

	leaf->verdicts = palloc0(entries + 1);
	leaf->decided = true;
	if (leaf->test == FOCUS_TEST_NULL || leaf->test == FOCUS_TEST_NOT_NULL)
	{
		memset(leaf->verdicts, leaf->test == FOCUS_TEST_NULL ? FOCUS_FAILS : FOCUS_PASSES, entries + 1);
		leaf->verdicts[0] = leaf->test == FOCUS_TEST_NULL ? FOCUS_PASSES : FOCUS_FAILS;
	}
	else if (has_numbers(leaf))
	{
		memset(leaf->verdicts, FOCUS_FAILS, entries + 1);
		leaf->has_range = focus_range_of(leaf, leaf->body->scale, &leaf->range);
		for (i = 0; leaf->has_range && i < entries; i++)
			if (focus_range_contains(&leaf->range, leaf->body->numbers[i]))
				leaf->verdicts[i + 1] = FOCUS_PASSES;
	}
	else if (leaf->test == FOCUS_TEST_BYTES && leaf->body->kind == FOCUS_BODY_BYTES)
		decide_by_bytes(leaf);
	else if (leaf->safe && entries <= EAGER_ENTRIES)
	{
		for (i = first; i <= entries; i++)
			leaf->verdicts[i] = evaluate_code(filter, leaf, i);
	}
	else
		leaf->decided = false;
	leaf->all_pass = leaf->decided &&
		memchr(leaf->verdicts + first, FOCUS_FAILS, entries + 1 - first) == NULL;
	leaf->mode = FOCUS_LEAF_CODES;
}

static void
prepare_numbers(FocusQual *leaf, const FocusBodyColumnInfo *info)
{
	if (leaf->test == FOCUS_TEST_NULL || leaf->test == FOCUS_TEST_NOT_NULL)
		leaf->mode = FOCUS_LEAF_NULLS;
	else if (!has_numbers(leaf))
		leaf->mode = FOCUS_LEAF_ROWS;
	else if (!focus_range_of(leaf, leaf->body->scale, &leaf->range))
		same_for_all(leaf, FOCUS_FAILS);
	else
	{
		leaf->has_range = true;
		leaf->mode = FOCUS_LEAF_RANGE;
		leaf->all_pass = info->nulls == 0 && leaf->range.list == NULL && !leaf->range.inverted &&
			info->min >= leaf->range.low && info->max <= leaf->range.high;
	}
}

/*
 * Can the column's numbers be compared with the constant?  A numeric is not
 * always stored as a number.
 */
static bool
has_numbers(const FocusQual *leaf)
{
	return leaf->test == FOCUS_TEST_NUMBERS && leaf->constant.usable &&
		leaf->body->kind != FOCUS_BODY_BYTES;
}

static void
decide_by_bytes(FocusQual *leaf)
{
	int			i;

	memset(leaf->verdicts, FOCUS_FAILS, leaf->body->entries + 1);
	for (i = 0; i < leaf->constant.nvalues; i++)
	{
		uint32		entry = find_entry(leaf->body, &leaf->constant.bytes[i]);

		if (entry < leaf->body->entries)
			leaf->verdicts[entry + 1] = FOCUS_PASSES;
	}
}

/*
 * The entry with the bytes, or the number of entries.
 */
static uint32
find_entry(const FocusBodyColumn *body, const FocusBytes *bytes)
{
	uint32		low = 0;
	uint32		high = body->entries;

	if (!body->sorted)
	{
		for (low = 0; low < high; low++)
			if (body->offsets[low + 1] - body->offsets[low] == bytes->size &&
				memcmp(body->bytes + body->offsets[low], bytes->data, bytes->size) == 0)
				break;
		return low;
	}
	while (low < high)
	{
		uint32		middle = (low + high) / 2;
		Size		size = body->offsets[middle + 1] - body->offsets[middle];
		int			order = memcmp(body->bytes + body->offsets[middle], bytes->data,
								   Min(size, bytes->size));

		if (order == 0 && size == bytes->size)
			return middle;
		if (order < 0 || (order == 0 && size < bytes->size))
			low = middle + 1;
		else
			high = middle;
	}
	return body->entries;
}

static int
apply(FocusFilter *filter, FocusQual *qual, uint32 vector, uint16 *rows, int count)
{
	int			i;

	switch (qual->kind)
	{
		case FOCUS_QUAL_AND:
			for (i = 0; i < qual->nparts && count > 0; i++)
				count = apply(filter, qual->parts[i], vector, rows, count);
			return count;
		case FOCUS_QUAL_OR:
			return apply_or(filter, qual, vector, rows, count);
		case FOCUS_QUAL_LEAF:
			return apply_leaf(filter, qual, vector, rows, count);
	}
	pg_unreachable();
}

/*
 * Each part is applied to the rows that no part before it has let pass.
 */
static int
apply_or(FocusFilter *filter, FocusQual *qual, uint32 vector, uint16 *rows, int count)
{
	bool		passes[FOCUS_BODY_VECTOR_ROWS] = {false};
	uint16		waiting[FOCUS_BODY_VECTOR_ROWS];
	uint16		passing[FOCUS_BODY_VECTOR_ROWS];
	int			nwaiting = count;
	int			npassing;
	int			result = 0;
	int			i;

	memcpy(waiting, rows, count * sizeof(uint16));
	for (int part = 0; part < qual->nparts && nwaiting > 0; part++)
	{
		memcpy(passing, waiting, nwaiting * sizeof(uint16));
		npassing = apply(filter, qual->parts[part], vector, passing, nwaiting);
		for (i = 0; i < npassing; i++)
			passes[passing[i]] = true;

		npassing = nwaiting;
		nwaiting = 0;
		for (i = 0; i < npassing; i++)
		{
			waiting[nwaiting] = waiting[i];
			nwaiting += !passes[waiting[i]];
		}
	}
	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];

		rows[result] = row;
		result += passes[row];
	}
	return result;
}

static int
apply_leaf(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows, int count)
{
	if (leaf->mode == FOCUS_LEAF_UNKNOWN)
	{
		if (leaf->test == FOCUS_TEST_NUMBERS || leaf->test == FOCUS_TEST_BYTES)
			focus_constant_evaluate(filter, leaf);
		focus_leaf_prepare(filter, leaf);
	}

	if (leaf->all_pass)
		return count;
	switch (leaf->mode)
	{
		case FOCUS_LEAF_SAME:
			if (leaf->verdicts[0] == FOCUS_UNDECIDED)
			{
				bool		isnull = true;
				Datum		value = (Datum) 0;

				if (leaf->column >= 0)
					value = getmissingattr(filter->desc, leaf->column + 1, &isnull);
				leaf->verdicts[0] = evaluate(filter, leaf, value, isnull);
			}
			return leaf->verdicts[0] == FOCUS_PASSES ? count : 0;
		case FOCUS_LEAF_CODES:
			return apply_codes(filter, leaf, vector, rows, count);
		case FOCUS_LEAF_RANGE:
			return apply_range(filter, leaf, vector, rows, count);
		case FOCUS_LEAF_NULLS:
			return apply_nulls(filter, leaf, vector, rows, count);
		case FOCUS_LEAF_ROWS:
			return apply_rows(filter, leaf, vector, rows, count);
		case FOCUS_LEAF_UNKNOWN:
			break;
	}
	elog(ERROR, "unknown mode of a leaf: %d", leaf->mode);
}

static int
apply_codes(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows, int count)
{
	const uint16 *codes = focus_group_reader_codes(filter->reader, filter->store, leaf->column, vector);
	uint8	   *verdicts = leaf->verdicts;
	int			result = 0;
	int			i;

	if (!leaf->decided)
	{
		for (i = 0; i < count; i++)
		{
			uint16		code = codes[rows[i]];

			if (verdicts[code] == FOCUS_UNDECIDED)
			{
				CHECK_FOR_INTERRUPTS();
				verdicts[code] = evaluate_code(filter, leaf, code);
			}
		}
	}
	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];

		rows[result] = row;
		result += verdicts[codes[row]] == FOCUS_PASSES;
	}
	return result;
}

static int
apply_range(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows, int count)
{
	const bool *nulls;
	const int64 *numbers = focus_group_reader_numbers(filter->reader, filter->store, leaf->column,
													  vector, &nulls, NULL);
	const FocusRange range = leaf->range;
	int			result = 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];

		rows[result] = row;
		result += !nulls[row] && focus_range_contains(&range, numbers[row]);
	}
	return result;
}

static int
apply_nulls(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows, int count)
{
	const bool *nulls;
	bool		wanted = leaf->test == FOCUS_TEST_NULL;
	int			result = 0;
	int			i;

	(void) focus_group_reader_numbers(filter->reader, filter->store, leaf->column, vector, &nulls, NULL);
	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];

		rows[result] = row;
		result += nulls[row] == wanted;
	}
	return result;
}

/*
 * Neighbours are often equal.
 */
static int
apply_rows(FocusFilter *filter, FocusQual *leaf, uint32 vector, uint16 *rows, int count)
{
	const bool *nulls;
	const uint8 *scales;
	const int64 *numbers = focus_group_reader_numbers(filter->reader, filter->store, leaf->column,
													  vector, &nulls, &scales);
	union
	{
		int32		align;
		char		bytes[FOCUS_VALUE_DECIMAL_SIZE];
	}			decimal;
	FocusVerdict verdict = FOCUS_UNDECIDED;
	int			last = 0;
	int			result = 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];

		if (verdict == FOCUS_UNDECIDED || nulls[row] != nulls[last] ||
			(!nulls[row] && (numbers[row] != numbers[last] || scales[row] != scales[last])))
		{
			Datum		value = (Datum) 0;

			CHECK_FOR_INTERRUPTS();
			if (!nulls[row] && leaf->body->kind == FOCUS_BODY_INT)
				value = focus_value_from_int(numbers[row],
											 TupleDescAttr(filter->desc, leaf->column)->attlen);
			else if (!nulls[row])
			{
				(void) focus_value_from_decimal(numbers[row], leaf->body->scale, scales[row],
												decimal.bytes);
				value = PointerGetDatum(decimal.bytes);
			}
			verdict = evaluate(filter, leaf, value, nulls[row]);
			last = row;
		}
		rows[result] = row;
		result += verdict == FOCUS_PASSES;
	}
	return result;
}

static FocusVerdict
evaluate_code(FocusFilter *filter, FocusQual *leaf, uint32 code)
{
	Datum		value = (Datum) 0;

	if (code > 0)
		value = focus_group_reader_entry_once(filter->reader, filter->store, filter->desc, leaf->column,
											  code - 1);
	return evaluate(filter, leaf, value, code == 0);
}

/*
 * What the value refers to has to live for this call only.
 */
static FocusVerdict
evaluate(FocusFilter *filter, FocusQual *leaf, Datum value, bool isnull)
{
	TupleTableSlot *slot = filter->slot;
	bool		passes;

	ExecClearTuple(slot);
	if (leaf->column >= 0)
	{
		slot->tts_values[leaf->column] = value;
		slot->tts_isnull[leaf->column] = isnull;
	}
	ExecStoreVirtualTuple(slot);
	filter->econtext->ecxt_scantuple = slot;
	passes = ExecQual(leaf->state, filter->econtext);
	ResetExprContext(filter->econtext);
	if (leaf->column >= 0)
		slot->tts_isnull[leaf->column] = true;
	return passes ? FOCUS_PASSES : FOCUS_FAILS;
}
