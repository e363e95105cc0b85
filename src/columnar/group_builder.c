/*-------------------------------------------------------------------------
 *
 * group_builder.c
 *	  Rows -> the body of a row group.
 *
 * Of each column there are
 *
 *	- the entries, its distinct values in the order in which they came, as
 *	  arrays that focus_body_write() takes as they are: numbers, numbers and
 *	  scales, or offsets and bytes.  Entry c - 1 has code c.
 *	- a hash table from values to codes: open addressing, linear probing, a
 *	  slot being 16 bits of the hash value above the code; 0 is a free slot.
 *	- the codes, one per row.  A column that has had no value but NULL has
 *	  none yet.
 *
 * A column of numeric starts as DECIMAL, with number and scale for a key, and
 * turns into BYTES when a value comes that does not fit, or in the body when
 * the values do not fit together.  No value is lost by that, as number and
 * scale give back the bytes of the numeric.
 *
 * A value whose code was asked for may be in no row after all.  Such entries
 * do not get into the body: min and max would be wrong.
 *
 * A group is full before memory passes about FULL_MEMORY, whatever the rows
 * look like, but for the size of a single row.  Everything that grows with
 * the rows lives in a context that focus_group_builder_reset() empties if it
 * has become large.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "columnar/arena.h"
#include "columnar/group_builder.h"
#include "columnar/quick_hash.h"
#include "columnar/value.h"
#include "compat.h"

/*
 * Entry bytes of a full group.  65,536 rows of cost data have less than half;
 * what comes near the limit is text that does not repeat.  The codec needs
 * about three times as much on top.
 */
#define FULL_ENTRY_BYTES	((Size) 12 * 1024 * 1024)
/* All memory of a full group */
#define FULL_MEMORY			((Size) 48 * 1024 * 1024)

#define ROWS_MIN			256 /* to begin with; a power of two, as all */
#define TABLE_MIN			64
#define ENTRIES_MIN			32
#define BYTES_MIN			256

/* What is kept of the codec's memory, at most */
#define BODY_MEMORY_KEPT	((Size) 48 * 1024 * 1024)

#define SLOT_CODE(slot)		((slot) & 0xFFFF)
#define SLOT_TAG(hash)		((uint32) ((hash) >> 48) << 16)

typedef struct Column
{
	Form_pg_attribute att;
	FocusBodyKind wanted;		/* of an empty column */
	FocusBodyKind kind;

	uint32		entries;
	uint32		entries_size;
	uint32		entries_in_rows;	/* when the last row was added */
	bool		unused_entries; /* some entries may be in no row */
	int64	   *numbers;
	uint8	   *scales;
	uint32	   *offsets;		/* entries + 1 of them */
	char	   *bytes;
	Size		bytes_size;

	uint32	   *table;
	uint32		table_size;		/* a power of two, at least twice the entries */

	uint16	   *codes;			/* NULL: all are 0 */
	uint16	   *kept_codes;		/* memory for them, of rows_size */
} Column;

struct FocusGroupBuilder
{
	MemoryContext context;		/* the builder's own */
	MemoryContext data;			/* rows and entries */
	MemoryContext scratch;		/* values while they are detoasted */
	bool		scratch_used;
	TupleDesc	desc;
	int			ncolumns;
	uint32		rows;
	uint32		rows_size;		/* size of the codes of each column */
	Size		entry_bytes;
	bool		out_of_codes;	/* a column has as many entries as it can */
	Column	   *columns;

	/* Of the row in focus_group_builder_add_slot(): codes by column, and the
	 * values to be searched for with their columns */
	uint16	   *slot_codes;
	FocusGroupValue *slot_values;
	int		   *slot_searches;
};

static FocusArenaPool *body_pool = NULL;	/* of the transaction */

static void empty_columns(FocusGroupBuilder *builder);
static void empty_column(Column *column);
static void grow_rows(FocusGroupBuilder *builder);
static void start_codes(FocusGroupBuilder *builder, Column *column);
static uint16 find_or_add(FocusGroupBuilder *builder, Column *column, const FocusGroupValue *value);
static uint16 add_entry(FocusGroupBuilder *builder, Column *column, const FocusGroupValue *value);
static void grow_table(FocusGroupBuilder *builder, Column *column);
static void turn_into_bytes(FocusGroupBuilder *builder, Column *column);
static FocusGroupValue entry_value(const Column *column, uint32 entry);
static Datum entry_datum(const Column *column, uint32 entry);
static void make_input(FocusGroupBuilder *builder, const Column *column, FocusBodyInput *input);
static void drop_unused_entries(FocusGroupBuilder *builder, FocusBodyInput *input);
static void decimals_to_bytes(FocusBodyInput *input);
static FocusArenaPool *pool_for_bodies(void);
static void forget_pool(void *arg);
static void *allocate_for_body(void *arena, size_t size);

static inline uint64
hash_value(const Column *column, const FocusGroupValue *value)
{
	switch (column->kind)
	{
		case FOCUS_BODY_INT:
			return focus_hash_fold((uint64) value->number ^ FOCUS_HASH_SEED, FOCUS_HASH_STEP);
		case FOCUS_BODY_DECIMAL:
			return focus_hash_fold((uint64) value->number ^ FOCUS_HASH_SEED, FOCUS_HASH_STEP + 2 * value->scale);
		default:
			return focus_hash_quickly(value->bytes, value->length);
	}
}

static inline bool
entry_equals(const Column *column, uint32 entry, const FocusGroupValue *value)
{
	switch (column->kind)
	{
		case FOCUS_BODY_INT:
			return column->numbers[entry] == value->number;
		case FOCUS_BODY_DECIMAL:
			return column->numbers[entry] == value->number && column->scales[entry] == value->scale;
		default:
			return column->offsets[entry + 1] - column->offsets[entry] == value->length &&
				focus_equal_quickly(column->bytes + column->offsets[entry], value->bytes, value->length);
	}
}

/* Computes the value's hash. */
static inline void
seek(const Column *column, FocusGroupValue *value)
{
	value->hash = hash_value(column, value);
	if (column->table_size > 0)
		__builtin_prefetch(&column->table[(uint32) value->hash & (column->table_size - 1)]);
}


/*
 * Filling
 */

FocusGroupBuilder *
focus_group_builder_create(TupleDesc desc, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "focus group builder", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	FocusGroupBuilder *builder = palloc0(sizeof(FocusGroupBuilder));

	builder->context = context;
	builder->data = AllocSetContextCreate(context, "focus group builder rows", ALLOCSET_DEFAULT_SIZES);
	builder->scratch = AllocSetContextCreate(context, "focus group builder scratch", ALLOCSET_SMALL_SIZES);
	builder->desc = CreateTupleDescCopy(desc);
	builder->ncolumns = desc->natts;
	builder->columns = palloc0(desc->natts * sizeof(Column));
	builder->slot_codes = palloc(desc->natts * sizeof(uint16));
	builder->slot_values = palloc0(desc->natts * sizeof(FocusGroupValue));
	builder->slot_searches = palloc(desc->natts * sizeof(int));
	for (int i = 0; i < desc->natts; i++)
	{
		builder->columns[i].att = TupleDescAttr(builder->desc, i);
		builder->columns[i].wanted = focus_value_kind(builder->columns[i].att);
	}
	empty_columns(builder);
	MemoryContextSwitchTo(caller);
	return builder;
}

void
focus_group_builder_free(FocusGroupBuilder *builder)
{
	MemoryContextDelete(builder->context);
}

void
focus_group_builder_reset(FocusGroupBuilder *builder)
{
	MemoryContextReset(builder->scratch);
	if (MemoryContextMemAllocated(builder->data, false) < FULL_MEMORY / 2)
	{
		for (int i = 0; i < builder->ncolumns; i++)
			empty_column(&builder->columns[i]);
		builder->rows = 0;
		builder->entry_bytes = 0;
		builder->out_of_codes = false;
		return;
	}
	MemoryContextReset(builder->data);
	empty_columns(builder);
}

/*
 * What the column keeps of a value that is not NULL.  Values that have to be
 * fetched or decompressed for it are in the scratch context.
 */
static inline void
column_value(FocusGroupBuilder *builder, Column *column, Datum datum, FocusGroupValue *value)
{
	struct varlena *varlena;

	if (column->att->attbyval)
	{
		value->number = focus_value_to_int(datum, column->att->attlen);
		return;
	}
	if (column->att->attlen > 0)
	{
		value->bytes = DatumGetPointer(datum);
		value->length = column->att->attlen;
		return;
	}

	varlena = (struct varlena *) DatumGetPointer(datum);
	if (VARATT_IS_COMPRESSED(varlena) || VARATT_IS_EXTERNAL(varlena))
	{
		MemoryContext caller = MemoryContextSwitchTo(builder->scratch);

		varlena = pg_detoast_datum_packed(varlena);
		MemoryContextSwitchTo(caller);
		builder->scratch_used = true;
	}
	if (column->kind == FOCUS_BODY_DECIMAL)
	{
		if (focus_value_to_decimal((Numeric) varlena, &value->number, &value->scale))
			return;
		turn_into_bytes(builder, column);
	}
	value->bytes = VARDATA_ANY(varlena);
	value->length = VARSIZE_ANY_EXHDR(varlena);
}

static void
empty_scratch(FocusGroupBuilder *builder)
{
	if (builder->scratch_used)
		MemoryContextReset(builder->scratch);
	builder->scratch_used = false;
}

uint16
focus_group_builder_code(FocusGroupBuilder *builder, int column, Datum value)
{
	Column	   *c = &builder->columns[column];
	FocusGroupValue v = {0};
	uint16		code;

	column_value(builder, c, value, &v);
	seek(c, &v);
	code = find_or_add(builder, c, &v);
	empty_scratch(builder);
	return code;
}

void
focus_group_builder_seek_bytes(FocusGroupBuilder *builder, int column, const char *bytes, Size length,
							   FocusGroupValue *value)
{
	Column	   *c = &builder->columns[column];

	Assert(c->wanted == FOCUS_BODY_BYTES && c->att->attlen == -1);
	value->bytes = bytes;
	value->length = length;
	seek(c, value);
}

void
focus_group_builder_seek_decimal(FocusGroupBuilder *builder, int column, int64 number, uint8 scale,
								 FocusGroupValue *value)
{
	Column	   *c = &builder->columns[column];

	Assert(c->wanted == FOCUS_BODY_DECIMAL);
	value->number = number;
	value->scale = scale;
	if (c->kind == FOCUS_BODY_DECIMAL)
		seek(c, value);
}

uint16
focus_group_builder_find(FocusGroupBuilder *builder, int column, const FocusGroupValue *value)
{
	Column	   *c = &builder->columns[column];
	int32		datum[FOCUS_VALUE_DECIMAL_SIZE / sizeof(int32)];
	FocusGroupValue v = {0};

	if (c->kind == c->wanted)
		return find_or_add(builder, c, value);

	/* a decimal in a column that had to leave them */
	v.length = focus_value_from_decimal(value->number, value->scale, value->scale, (char *) datum) - VARHDRSZ;
	v.bytes = (char *) datum + VARHDRSZ;
	v.hash = hash_value(c, &v);
	return find_or_add(builder, c, &v);
}

void
focus_group_builder_add(FocusGroupBuilder *builder, const uint16 *codes)
{
	uint32		row = builder->rows;

	Assert(row < FOCUS_BODY_ROWS_MAX);
	if (row == builder->rows_size)
		grow_rows(builder);
	for (int i = 0; i < builder->ncolumns; i++)
	{
		Column	   *column = &builder->columns[i];

		Assert(codes[i] <= column->entries);
		if (column->entries != column->entries_in_rows)
		{
			/* new entries are for this row, and so there is at most one */
			if (codes[i] != column->entries || column->entries != column->entries_in_rows + 1)
				column->unused_entries = true;
			column->entries_in_rows = column->entries;
			if (column->codes == NULL)
				start_codes(builder, column);
		}
		if (column->codes != NULL)
			column->codes[row] = codes[i];
	}
	builder->rows++;
}

/*
 * In two steps, so that parts of the hash tables can come from memory side by
 * side.  A value that the row before had, too, needs no search.
 */
void
focus_group_builder_add_slot(FocusGroupBuilder *builder, TupleTableSlot *slot)
{
	uint16	   *codes = builder->slot_codes;
	FocusGroupValue *values = builder->slot_values;
	int			searches = 0;

	slot_getallattrs(slot);
	for (int i = 0; i < builder->ncolumns; i++)
	{
		Column	   *column = &builder->columns[i];
		FocusGroupValue *value = &values[searches];

		codes[i] = 0;
		/* a dropped column of an old row may still have a value */
		if (slot->tts_isnull[i] || column->att->attisdropped)
			continue;
		column_value(builder, column, slot->tts_values[i], value);
		if (column->codes != NULL && builder->rows > 0)
			codes[i] = column->codes[builder->rows - 1];
		if (codes[i] != 0 && entry_equals(column, codes[i] - 1, value))
			continue;
		seek(column, value);
		builder->slot_searches[searches++] = i;
	}
	for (int i = 0; i < searches; i++)
	{
		int			column = builder->slot_searches[i];

		codes[column] = find_or_add(builder, &builder->columns[column], &values[i]);
	}
	empty_scratch(builder);
	focus_group_builder_add(builder, codes);
}

uint32
focus_group_builder_rows(FocusGroupBuilder *builder)
{
	return builder->rows;
}

Size
focus_group_builder_memory(FocusGroupBuilder *builder)
{
	return MemoryContextMemAllocated(builder->context, true);
}

bool
focus_group_builder_full(FocusGroupBuilder *builder)
{
	return builder->rows == FOCUS_BODY_ROWS_MAX || builder->out_of_codes ||
		builder->entry_bytes >= FULL_ENTRY_BYTES ||
		MemoryContextMemAllocated(builder->data, false) >= FULL_MEMORY;
}

static void
empty_columns(FocusGroupBuilder *builder)
{
	for (int i = 0; i < builder->ncolumns; i++)
	{
		Form_pg_attribute att = builder->columns[i].att;
		FocusBodyKind wanted = builder->columns[i].wanted;

		memset(&builder->columns[i], 0, sizeof(Column));
		builder->columns[i].att = att;
		builder->columns[i].wanted = wanted;
		builder->columns[i].kind = wanted;
	}
	builder->rows = 0;
	builder->rows_size = 0;
	builder->entry_bytes = 0;
	builder->out_of_codes = false;
}

/* Keeps the memory, unless the column has other uses for it next time. */
static void
empty_column(Column *column)
{
	if (column->kind != column->wanted)
	{
		pfree(column->offsets);
		pfree(column->bytes);
		column->offsets = NULL;
		column->bytes = NULL;
		column->bytes_size = 0;
		column->entries_size = 0;
		column->kind = column->wanted;
	}
	if (column->table != NULL)
		memset(column->table, 0, column->table_size * sizeof(uint32));
	if (column->codes != NULL)
		column->kept_codes = column->codes;
	column->codes = NULL;
	column->entries = 0;
	column->entries_in_rows = 0;
	column->unused_entries = false;
}

static void
grow_rows(FocusGroupBuilder *builder)
{
	builder->rows_size = Max(builder->rows_size * 2, ROWS_MIN);
	for (int i = 0; i < builder->ncolumns; i++)
	{
		Column	   *column = &builder->columns[i];

		if (column->codes != NULL)
			column->codes = repalloc(column->codes, builder->rows_size * sizeof(uint16));
		else if (column->kept_codes != NULL)
			column->kept_codes = repalloc(column->kept_codes, builder->rows_size * sizeof(uint16));
	}
}

/* All rows so far are NULL. */
static void
start_codes(FocusGroupBuilder *builder, Column *column)
{
	column->codes = column->kept_codes;
	column->kept_codes = NULL;
	if (column->codes == NULL)
		column->codes = MemoryContextAlloc(builder->data, builder->rows_size * sizeof(uint16));
	memset(column->codes, 0, builder->rows * sizeof(uint16));
}


/*
 * Entries
 */

/* The value has its hash. */
static uint16
find_or_add(FocusGroupBuilder *builder, Column *column, const FocusGroupValue *value)
{
	uint32		tag = SLOT_TAG(value->hash);
	uint32		mask;
	uint32		at;

	if (column->entries * 2 >= column->table_size)
		grow_table(builder, column);
	mask = column->table_size - 1;
	for (at = (uint32) value->hash & mask; column->table[at] != 0; at = (at + 1) & mask)
	{
		uint32		slot = column->table[at];

		if ((slot & 0xFFFF0000) == tag && entry_equals(column, SLOT_CODE(slot) - 1, value))
			return SLOT_CODE(slot);
	}
	column->table[at] = tag | add_entry(builder, column, value);
	return SLOT_CODE(column->table[at]);
}

/* Array of a column -> the same with room for size elements */
static void *
grow_array(FocusGroupBuilder *builder, void *array, Size size, Size element)
{
	if (array == NULL)
		return MemoryContextAlloc(builder->data, mul_size(size, element));
	return repalloc_huge(array, mul_size(size, element));
}

static void
grow_entries(FocusGroupBuilder *builder, Column *column)
{
	column->entries_size = Max(column->entries_size * 2, ENTRIES_MIN);
	if (column->kind == FOCUS_BODY_BYTES)
	{
		column->offsets = grow_array(builder, column->offsets, column->entries_size + 1, sizeof(uint32));
		if (column->entries == 0)
			column->offsets[0] = 0;
		return;
	}
	column->numbers = grow_array(builder, column->numbers, column->entries_size, sizeof(int64));
	if (column->kind == FOCUS_BODY_DECIMAL)
		column->scales = grow_array(builder, column->scales, column->entries_size, sizeof(uint8));
}

static void
append_bytes(FocusGroupBuilder *builder, Column *column, const char *bytes, Size length)
{
	Size		at = column->offsets[column->entries];

	if (column->bytes_size - at < length)
	{
		while (column->bytes_size - at < length)
			column->bytes_size = Max(column->bytes_size * 2, BYTES_MIN);
		column->bytes = grow_array(builder, column->bytes, column->bytes_size, 1);
	}
	if (length > 0)
		memcpy(column->bytes + at, bytes, length);
	column->offsets[column->entries + 1] = at + length;
}

/* Returns the new entry's code. */
static uint16
add_entry(FocusGroupBuilder *builder, Column *column, const FocusGroupValue *value)
{
	if (column->entries == FOCUS_BODY_ENTRIES_MAX)
		elog(ERROR, "column \"%s\" of a row group has too many values", NameStr(column->att->attname));
	if (column->entries == column->entries_size)
		grow_entries(builder, column);
	switch (column->kind)
	{
		case FOCUS_BODY_INT:
			column->numbers[column->entries] = value->number;
			builder->entry_bytes += sizeof(int64);
			break;
		case FOCUS_BODY_DECIMAL:
			column->numbers[column->entries] = value->number;
			column->scales[column->entries] = value->scale;
			builder->entry_bytes += sizeof(int64);
			break;
		default:
			append_bytes(builder, column, value->bytes, value->length);
			builder->entry_bytes += value->length;
			break;
	}
	if (++column->entries == FOCUS_BODY_ENTRIES_MAX)
		builder->out_of_codes = true;
	return column->entries;
}

static void
grow_table(FocusGroupBuilder *builder, Column *column)
{
	uint32		mask;

	if (column->table != NULL)
		pfree(column->table);
	column->table_size = Max(column->table_size * 2, TABLE_MIN);
	column->table = MemoryContextAllocZero(builder->data, column->table_size * sizeof(uint32));
	mask = column->table_size - 1;
	for (uint32 i = 0; i < column->entries; i++)
	{
		FocusGroupValue value = entry_value(column, i);
		uint64		hash = hash_value(column, &value);
		uint32		at = (uint32) hash & mask;

		while (column->table[at] != 0)
			at = (at + 1) & mask;
		column->table[at] = SLOT_TAG(hash) | (i + 1);
	}
}

/* DECIMAL -> BYTES; codes stay what they are. */
static void
turn_into_bytes(FocusGroupBuilder *builder, Column *column)
{
	FocusBodyInput input = {.kind = FOCUS_BODY_DECIMAL, .entries = column->entries,
		.numbers = column->numbers, .scales = column->scales};

	column->kind = FOCUS_BODY_BYTES;
	column->entries_size = column->entries;
	if (column->entries > 0)
	{
		MemoryContext caller = MemoryContextSwitchTo(builder->data);

		decimals_to_bytes(&input);
		column->offsets = unconstify(uint32 *, input.offsets);
		column->bytes = unconstify(char *, input.bytes);
		column->bytes_size = input.entries * FOCUS_VALUE_DECIMAL_SIZE;
		MemoryContextSwitchTo(caller);

		/* the same size would do, but the values hash differently now */
		grow_table(builder, column);
	}
	if (column->numbers != NULL)
	{
		pfree(column->numbers);
		pfree(column->scales);
	}
	column->numbers = NULL;
	column->scales = NULL;
}

static FocusGroupValue
entry_value(const Column *column, uint32 entry)
{
	FocusGroupValue value = {0};

	if (column->kind == FOCUS_BODY_BYTES)
	{
		value.bytes = column->bytes + column->offsets[entry];
		value.length = column->offsets[entry + 1] - column->offsets[entry];
		return value;
	}
	value.number = column->numbers[entry];
	if (column->kind == FOCUS_BODY_DECIMAL)
		value.scale = column->scales[entry];
	return value;
}


/*
 * Reading
 */

/*
 * The values that are passed by reference are allocated in the current memory
 * context.
 */
void
focus_group_builder_get(FocusGroupBuilder *builder, uint32 row, TupleTableSlot *slot)
{
	Assert(row < builder->rows);
	ExecClearTuple(slot);
	for (int i = 0; i < builder->ncolumns; i++)
	{
		const Column *column = &builder->columns[i];
		uint16		code = column->codes != NULL ? column->codes[row] : 0;

		slot->tts_isnull[i] = (code == 0);
		slot->tts_values[i] = code == 0 ? (Datum) 0 : entry_datum(column, code - 1);
	}
	ExecStoreVirtualTuple(slot);
}

static Datum
entry_datum(const Column *column, uint32 entry)
{
	FocusGroupValue value = entry_value(column, entry);
	char	   *datum;

	switch (column->kind)
	{
		case FOCUS_BODY_INT:
			return focus_value_from_int(value.number, column->att->attlen);
		case FOCUS_BODY_DECIMAL:
			datum = palloc(FOCUS_VALUE_DECIMAL_SIZE);
			focus_value_from_decimal(value.number, value.scale, value.scale, datum);
			return PointerGetDatum(datum);
		default:
			datum = MemoryContextAllocHuge(CurrentMemoryContext,
										   focus_value_bytes_size(column->att, value.length));
			return focus_value_from_bytes(column->att, value.bytes, value.length, datum);
	}
}


/*
 * The body
 */

struct varlena *
focus_group_builder_body(FocusGroupBuilder *builder, bool sort, uint16 *order)
{
	FocusArena	arena;
	FocusBodyMemory memory = {allocate_for_body, &arena};
	MemoryContext inputs_context = AllocSetContextCreate(CurrentMemoryContext, "focus group body inputs", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(inputs_context);
	FocusBodyInput *inputs = palloc0(builder->ncolumns * sizeof(FocusBodyInput));
	struct varlena *result;
	uint8_t    *body;
	size_t		size;

	focus_arena_init(&arena, pool_for_bodies());
	for (int i = 0; i < builder->ncolumns; i++)
		make_input(builder, &builder->columns[i], &inputs[i]);
	body = focus_body_write(inputs, builder->ncolumns, builder->rows,
							FOCUS_BODY_COMPRESS | (sort ? FOCUS_BODY_SORT : 0),
							VARHDRSZ, &memory, order, &size);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(inputs_context);
	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row group of %zu bytes is too large", size)));
	result = palloc(size);
	memcpy(result, body, size);
	SET_VARSIZE(result, size);
	focus_arena_release(&arena);
	if (MemoryContextMemAllocated(body_pool->context, false) > BODY_MEMORY_KEPT)
		focus_arena_pool_delete(body_pool);
	return result;
}

static void
make_input(FocusGroupBuilder *builder, const Column *column, FocusBodyInput *input)
{
	input->kind = column->kind;
	input->entries = column->entries;
	input->codes = column->codes;
	input->numbers = column->numbers;
	input->scales = column->scales;
	input->offsets = column->offsets;
	input->bytes = column->bytes;
	if (column->unused_entries || column->entries != column->entries_in_rows)
		drop_unused_entries(builder, input);
	if (input->kind == FOCUS_BODY_DECIMAL && input->entries > 0 &&
		!focus_body_decimal_fits(input->numbers, input->scales, input->entries))
		decimals_to_bytes(input);
}

/*
 * Makes new arrays, in the current memory context, without the entries that no
 * row has.  The order of the others stays.
 */
static void
drop_unused_entries(FocusGroupBuilder *builder, FocusBodyInput *input)
{
	uint16	   *new_codes = palloc0((input->entries + 1) * sizeof(uint16));
	uint16	   *codes;
	int64	   *numbers = palloc(input->entries * sizeof(int64) + 1);
	uint8	   *scales = palloc(input->entries + 1);
	uint32	   *offsets = palloc0((input->entries + 1) * sizeof(uint32));
	char	   *bytes = NULL;
	uint32		entries = 0;

	if (input->codes == NULL)
	{
		input->entries = 0;
		return;
	}
	codes = palloc(builder->rows_size * sizeof(uint16));
	for (uint32 row = 0; row < builder->rows; row++)
		new_codes[input->codes[row]] = 1;
	if (input->kind == FOCUS_BODY_BYTES)
		bytes = MemoryContextAllocHuge(CurrentMemoryContext, input->offsets[input->entries] + 1);

	new_codes[0] = 0;
	for (uint32 i = 0; i < input->entries; i++)
	{
		if (new_codes[i + 1] == 0)
			continue;
		if (input->kind == FOCUS_BODY_BYTES)
		{
			uint32		length = input->offsets[i + 1] - input->offsets[i];

			if (length > 0)
				memcpy(bytes + offsets[entries], input->bytes + input->offsets[i], length);
			offsets[entries + 1] = offsets[entries] + length;
		}
		else
			numbers[entries] = input->numbers[i];
		if (input->kind == FOCUS_BODY_DECIMAL)
			scales[entries] = input->scales[i];
		new_codes[i + 1] = ++entries;
	}
	for (uint32 row = 0; row < builder->rows; row++)
		codes[row] = new_codes[input->codes[row]];

	input->entries = entries;
	input->codes = codes;
	input->numbers = numbers;
	input->scales = scales;
	input->offsets = offsets;
	input->bytes = bytes;
}

/* The entries' bytes as numeric has them, in the current memory context. */
static void
decimals_to_bytes(FocusBodyInput *input)
{
	uint32	   *offsets = palloc((input->entries + 1) * sizeof(uint32));
	char	   *bytes = palloc(input->entries * FOCUS_VALUE_DECIMAL_SIZE);
	int32		datum[FOCUS_VALUE_DECIMAL_SIZE / sizeof(int32)];

	offsets[0] = 0;
	for (uint32 i = 0; i < input->entries; i++)
	{
		Size		size = focus_value_from_decimal(input->numbers[i], input->scales[i],
													input->scales[i], (char *) datum);

		memcpy(bytes + offsets[i], (char *) datum + VARHDRSZ, size - VARHDRSZ);
		offsets[i + 1] = offsets[i] + size - VARHDRSZ;
	}
	input->kind = FOCUS_BODY_BYTES;
	input->numbers = NULL;
	input->scales = NULL;
	input->offsets = offsets;
	input->bytes = bytes;
}

/*
 * The codec's memory, kept until the transaction ends.  What is in use has been
 * left by an error.
 */
static FocusArenaPool *
pool_for_bodies(void)
{
	MemoryContextCallback *callback;

	if (body_pool != NULL && body_pool->used_bytes > 0)
		focus_arena_pool_delete(body_pool);
	if (body_pool == NULL)
	{
		FocusArenaPool *pool = focus_arena_pool_create(TopTransactionContext);

		callback = MemoryContextAllocZero(pool->context, sizeof(MemoryContextCallback));
		callback->func = forget_pool;
		MemoryContextRegisterResetCallback(pool->context, callback);
		body_pool = pool;
	}
	return body_pool;
}

static void
forget_pool(void *arg)
{
	body_pool = NULL;
}

static void *
allocate_for_body(void *arena, size_t size)
{
	/* the codec, which knows of no interrupts, comes here column by column */
	CHECK_FOR_INTERRUPTS();
	return focus_arena_alloc(arena, size);
}
