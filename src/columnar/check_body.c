/*-------------------------------------------------------------------------
 *
 * check_body.c
 *	  Checks the body of a row group: every value of every column.
 *
 * Beyond what readers check, this holds what the header says of a column,
 * which queries rely on to skip rows, against the values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "columnar/body.h"
#include "columnar/check.h"
#include "compat.h"

typedef enum ColumnState
{
	NOT_OPENED = 0,
	OPENED,
	DAMAGED
} ColumnState;

typedef struct BodyCheck
{
	FocusCheck *check;
	FocusCheckGroup *group;
	FocusBodyHeader header;
	const uint8 *body;
	ColumnState *states;
	FocusBodyColumn *columns;
} BodyCheck;

/* What has been seen of a column's rows */
typedef struct RowsSeen
{
	uint32		nulls;
	bool		out_of_bounds;	/* of the column, or of a vector */
	bool		bad_scale;
} RowsSeen;

static void *allocate(void *context, size_t size);
static bool check_header(BodyCheck *check);
static void check_column(BodyCheck *check, int column);
static bool open_column(BodyCheck *check, int column);
static bool check_type(BodyCheck *check, int column);
static bool fits_length(const FocusBodyColumn *body, int attlen);
static bool check_codes(const FocusBodyColumn *body, RowsSeen *seen);
static bool check_numbers(const FocusBodyColumn *body, const FocusBodyColumnInfo *info,
						  RowsSeen *seen);
static bool entries_ascend(const FocusBodyColumn *body);
static int	compare_entries(const FocusBodyColumn *body, uint32 a, uint32 b);
static const char *column_name(BodyCheck *check, int column);

void
focus_check_body(FocusCheck *check, FocusCheckGroup *group)
{
	BodyCheck	body = {check, group};
	int			column;

	body.body = (const uint8 *) VARDATA(focus_store_read_body(&check->store, &group->group));
	if (!check_header(&body))
	{
		group->damaged = true;
		return;
	}
	body.states = palloc0(mul_size(Max(body.header.ncolumns, 1), sizeof(ColumnState)));
	body.columns = palloc0(mul_size(Max(body.header.ncolumns, 1), sizeof(FocusBodyColumn)));
	if (body.header.ncolumns > RelationGetDescr(check->rel)->natts)
		focus_check_report(check, group->group.number, NULL, NULL,
						   "row group has %d columns, the table has %d",
						   body.header.ncolumns, RelationGetDescr(check->rel)->natts);
	for (column = 0; column < body.header.ncolumns; column++)
		check_column(&body, column);
}

static void *
allocate(void *context, size_t size)
{
	return MemoryContextAllocHuge(context, Max(size, 1));
}

static bool
check_header(BodyCheck *check)
{
	FocusGroup *group = &check->group->group;
	FocusBodyMemory memory = {allocate, CurrentMemoryContext};
	FocusBodyStatus status = FOCUS_BODY_DAMAGED;

	if (group->body_size >= FOCUS_BODY_PREFIX &&
		focus_body_header_size(check->body, group->body_size) == group->header_size)
		status = focus_body_read_header(check->body, group->header_size, group->body_size,
										&memory, &check->header);
	if (status == FOCUS_BODY_UNKNOWN_VERSION)
		focus_check_report(check->check, group->number, NULL, NULL,
						   "body has a format version that this version of focus does not know");
	else if (status != FOCUS_BODY_OK)
		focus_check_report(check->check, group->number, NULL, NULL, "header of the body is damaged");
	else if (check->header.rows != group->rows)
	{
		focus_check_report(check->check, group->number, NULL, NULL,
						   "body has %u rows, the directory entry says %u",
						   check->header.rows, group->rows);
		return false;
	}
	return status == FOCUS_BODY_OK;
}

static void
check_column(BodyCheck *check, int column)
{
	const FocusBodyColumnInfo *info = &check->header.columns[column];
	const FocusBodyColumn *body = &check->columns[column];
	uint32		number = check->group->group.number;
	const char *name = column_name(check, column);
	RowsSeen	seen = {0};

	CHECK_FOR_INTERRUPTS();
	if (!open_column(check, column) || !check_type(check, column))
	{
		check->group->damaged = true;
		return;
	}
	if (info->kind == FOCUS_BODY_BYTES ? !check_codes(body, &seen) :
		!check_numbers(body, info, &seen))
	{
		focus_check_report(check->check, number, name, NULL, "rows of the column are damaged");
		check->group->damaged = true;
		return;
	}
	if (seen.nulls != info->nulls)
		focus_check_report(check->check, number, name, NULL,
						   "column has %u nulls, the header says %u", seen.nulls, info->nulls);
	if (seen.out_of_bounds)
		focus_check_report(check->check, number, name, NULL,
						   "column has values out of the bounds that the header gives");
	if (seen.bad_scale)
		focus_check_report(check->check, number, name, NULL,
						   "column has values of more decimals than the header says");
	if (body->form == FOCUS_BODY_CODES && body->sorted && !entries_ascend(body))
		focus_check_report(check->check, number, name, NULL,
						   "entries of the column's dictionary are out of order");
}

/*
 * Opens a column and the one that it is derived from, once, and reports what
 * cannot be opened.
 */
static bool
open_column(BodyCheck *check, int column)
{
	const FocusBodyColumnInfo *info = &check->header.columns[column];
	FocusBodyMemory memory = {allocate, CurrentMemoryContext};
	const FocusBodyColumn *parent = NULL;
	uint32		number = check->group->group.number;

	if (check->states[column] != NOT_OPENED)
		return check->states[column] == OPENED;
	check->states[column] = DAMAGED;
	if (info->parent >= 0)
	{
		if (!open_column(check, info->parent))
		{
			focus_check_report(check->check, number, column_name(check, column), NULL,
							   "column follows from column \"%s\", which is damaged",
							   column_name(check, info->parent));
			return false;
		}
		parent = &check->columns[info->parent];
	}
	if (focus_body_open(&check->header, column, check->body + info->offset, parent, &memory,
						&check->columns[column]) != FOCUS_BODY_OK)
	{
		focus_check_report(check->check, number, column_name(check, column), NULL,
						   "column is damaged");
		return false;
	}
	check->states[column] = OPENED;
	return true;
}

/*
 * Can the values be such of the attribute's type?
 */
static bool
check_type(BodyCheck *check, int column)
{
	TupleDesc	desc = RelationGetDescr(check->check->rel);
	const FocusBodyColumn *body = &check->columns[column];
	Form_pg_attribute att;

	if (column >= desc->natts)
		return true;
	att = TupleDescAttr(desc, column);
	if (att->attisdropped || body->nulls == body->rows)
		return true;
	if (att->attbyval ? body->kind == FOCUS_BODY_INT :
		body->kind == FOCUS_BODY_DECIMAL ? att->attlen == -1 :
		body->kind == FOCUS_BODY_BYTES && fits_length(body, att->attlen))
		return true;
	focus_check_report(check->check, check->group->group.number, NameStr(att->attname), NULL,
					   "values of the column are not of its type");
	return false;
}

static bool
fits_length(const FocusBodyColumn *body, int attlen)
{
	uint32		i;

	for (i = 0; attlen > 0 && i < body->entries; i++)
		if (body->offsets[i + 1] - body->offsets[i] != attlen)
			return false;
	return true;
}

/*
 * False where rows cannot be decoded.
 */
static bool
check_codes(const FocusBodyColumn *body, RowsSeen *seen)
{
	uint16		codes[FOCUS_BODY_VECTOR_ROWS];
	uint32		first;
	uint32		i;

	for (first = 0; first < body->rows; first += FOCUS_BODY_VECTOR_ROWS)
	{
		uint32		count = Min(FOCUS_BODY_VECTOR_ROWS, body->rows - first);

		if (focus_body_codes(body, first, count, codes) != FOCUS_BODY_OK)
			return false;
		for (i = 0; i < count; i++)
			seen->nulls += codes[i] == 0;
	}
	return true;
}

static bool
check_numbers(const FocusBodyColumn *body, const FocusBodyColumnInfo *info, RowsSeen *seen)
{
	int64		numbers[FOCUS_BODY_VECTOR_ROWS];
	bool		nulls[FOCUS_BODY_VECTOR_ROWS];
	uint8		scales[FOCUS_BODY_VECTOR_ROWS];
	uint32		first;
	uint32		i;

	for (first = 0; first < body->rows; first += FOCUS_BODY_VECTOR_ROWS)
	{
		uint32		count = Min(FOCUS_BODY_VECTOR_ROWS, body->rows - first);
		int64		min = info->min;
		int64		max = info->max;
		int64		low;
		int64		high;

		if (focus_body_numbers(body, first, count, numbers, nulls, scales) != FOCUS_BODY_OK)
			return false;
		if (focus_body_vector_bounds(body, first / FOCUS_BODY_VECTOR_ROWS, &low, &high))
		{
			min = Max(min, low);
			max = Min(max, high);
		}
		for (i = 0; i < count; i++)
		{
			if (nulls[i])
			{
				seen->nulls++;
				continue;
			}
			seen->out_of_bounds |= numbers[i] < min || numbers[i] > max;
			seen->bad_scale |= body->kind == FOCUS_BODY_DECIMAL && scales[i] > body->scale;
		}
	}
	return true;
}

static bool
entries_ascend(const FocusBodyColumn *body)
{
	uint32		i;

	for (i = 1; i < body->entries; i++)
		if (compare_entries(body, i - 1, i) >= 0)
			return false;
	return true;
}

static int
compare_entries(const FocusBodyColumn *body, uint32 a, uint32 b)
{
	uint32		length_a;
	uint32		length_b;
	int			result;

	if (body->kind != FOCUS_BODY_BYTES)
	{
		if (body->numbers[a] != body->numbers[b])
			return body->numbers[a] < body->numbers[b] ? -1 : 1;
		return body->kind == FOCUS_BODY_DECIMAL ? (int) body->scales[a] - (int) body->scales[b] : 0;
	}
	length_a = body->offsets[a + 1] - body->offsets[a];
	length_b = body->offsets[b + 1] - body->offsets[b];
	result = memcmp(body->bytes + body->offsets[a], body->bytes + body->offsets[b],
					Min(length_a, length_b));
	if (result == 0)
		result = length_a < length_b ? -1 : length_a > length_b;
	return result;
}

static const char *
column_name(BodyCheck *check, int column)
{
	TupleDesc	desc = RelationGetDescr(check->check->rel);

	return column < desc->natts ? NameStr(TupleDescAttr(desc, column)->attname) :
		psprintf("column %d", column + 1);
}
