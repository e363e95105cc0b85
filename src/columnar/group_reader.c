/*-------------------------------------------------------------------------
 *
 * group_reader.c
 *	  The rows of a row group.
 *
 * A column is opened when one of its values is first asked for, and decoded a
 * vector at a time; datums of its dictionary are made when they are first
 * used.  So a reader costs what is read through it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "columnar/arena.h"
#include "columnar/group_reader.h"
#include "columnar/tid.h"
#include "columnar/value.h"
#include "compat.h"

#define NO_VECTOR		PG_UINT32_MAX

/* Readers kept for fetches by TID, and the memory they may take together */
#define CACHE_READERS	4
#define CACHE_BYTES		((Size) 32 * 1024 * 1024)

typedef struct ReaderColumn
{
	bool		is_open;
	FocusBodyColumn body;
	Datum	   *datums;			/* of the dictionary, 0 until made; NULL until
								 * asked for */

	/* The vector that is decoded; codes or numbers by the column's form */
	uint32		vector;
	uint16	   *codes;
	int64	   *numbers;
	bool	   *nulls;
	uint8	   *scales;
	bool		has_scales;		/* of that vector */
	uint8	   *decimals;		/* NULL until asked for */
	char	   *once;			/* for a datum of bytes that is not kept */
	Size		once_size;
	char	   *scratch;		/* for a numeric that is in no dictionary */
} ReaderColumn;

struct FocusGroupReader
{
	FocusArena	arena;			/* of all that follows, the reader included */
	FocusGroup	group;
	FocusBodyHeader header;
	const uint8 *body;			/* NULL unless the whole has been read */
	ReaderColumn *columns;
	int			nvalues;		/* length of the following arrays */
	Datum	   *values;
	bool	   *isnull;
};

typedef struct CachedReader
{
	Oid			toast;
	RelFileLocator locator;
	uint64		used;			/* by the clock of uses */
	FocusGroupReader *reader;	/* NULL: free */
} CachedReader;

static FocusArenaPool *cache_pool = NULL;
static CachedReader cache[CACHE_READERS];
static uint64 cache_clock = 0;

static void *allocate(void *arena, size_t size);
static const uint8 *read_bytes(FocusGroupReader *reader, FocusStore *store, uint32 offset,
							   uint32 length);
static void check(FocusBodyStatus status, FocusStore *store, const FocusGroup *group, int column);
static ReaderColumn *open_column(FocusGroupReader *reader, FocusStore *store, int column);
static void decode_vector(FocusGroupReader *reader, FocusStore *store, int column, uint32 vector,
						  bool with_scales);
static Datum dictionary_datum(FocusGroupReader *reader, ReaderColumn *column,
							  Form_pg_attribute att, uint32 entry);
static void shrink_cache(void);

FocusGroupReader *
focus_group_reader_create(FocusStore *store, const FocusGroup *group, FocusArenaPool *pool)
{
	FocusArena	arena;
	FocusBodyMemory memory;
	FocusGroupReader *reader;
	const uint8 *bytes;

	focus_arena_init(&arena, pool);
	reader = focus_arena_alloc0(&arena, sizeof(FocusGroupReader));
	reader->arena = arena;
	reader->group = *group;
	memory.allocate = allocate;
	memory.context = &reader->arena;
	bytes = read_bytes(reader, store, 0, group->header_size);
	if (group->header_size < FOCUS_BODY_PREFIX ||
		focus_body_header_size(bytes, group->body_size) != group->header_size)
		check(FOCUS_BODY_DAMAGED, store, group, -1);
	check(focus_body_read_header(bytes, group->header_size, group->body_size, &memory,
								 &reader->header),
		  store, group, -1);
	if (reader->header.rows != group->rows)
		check(FOCUS_BODY_DAMAGED, store, group, -1);
	reader->columns = focus_arena_alloc0(&reader->arena,
										 mul_size(Max(reader->header.ncolumns, 1), sizeof(ReaderColumn)));
	return reader;
}

void
focus_group_reader_free(FocusGroupReader *reader)
{
	FocusArena	arena = reader->arena;

	focus_arena_release(&arena);
}

/*
 * Fetches by TID come one row at a time, so the reader has to outlive them.
 * Nothing invalidates a reader: a group never changes, and its stamp tells it
 * from a later one that got the same value id.
 */
FocusGroupReader *
focus_group_reader_cached(FocusStore *store, const FocusGroup *group)
{
	CachedReader *slot = &cache[0];
	int			i;

	for (i = 0; i < CACHE_READERS; i++)
	{
		CachedReader *entry = &cache[i];

		if (entry->reader != NULL && entry->toast == RelationGetRelid(store->toast) &&
			RelFileLocatorEquals(entry->locator, focus_rel_locator(store->toast)) &&
			entry->reader->group.number == group->number &&
			entry->reader->group.stamp == group->stamp)
		{
			entry->used = ++cache_clock;
			return entry->reader;
		}
		if (entry->reader == NULL || (slot->reader != NULL && entry->used < slot->used))
			slot = entry;
	}

	if (cache_pool == NULL)
		cache_pool = focus_arena_pool_create(TopMemoryContext);
	if (slot->reader != NULL)
	{
		FocusGroupReader *old = slot->reader;

		slot->reader = NULL;
		focus_group_reader_free(old);
	}
	shrink_cache();
	slot->reader = focus_group_reader_create(store, group, cache_pool);
	slot->toast = RelationGetRelid(store->toast);
	slot->locator = focus_rel_locator(store->toast);
	slot->used = ++cache_clock;
	return slot->reader;
}

const FocusBodyHeader *
focus_group_reader_header(FocusGroupReader *reader)
{
	return &reader->header;
}

void
focus_group_reader_load(FocusGroupReader *reader, FocusStore *store)
{
	if (reader->body == NULL)
		reader->body = read_bytes(reader, store, 0, reader->group.body_size);
}

/*
 * A column that the group does not have was added to the table later.
 */
Datum
focus_group_reader_value(FocusGroupReader *reader, FocusStore *store, TupleDesc desc,
						 int column, uint32 row, bool *isnull)
{
	Form_pg_attribute att = TupleDescAttr(desc, column);
	ReaderColumn *rc;
	uint32		at = row % FOCUS_BODY_VECTOR_ROWS;

	if (att->attisdropped)
	{
		*isnull = true;
		return (Datum) 0;
	}
	if (column >= reader->header.ncolumns)
		return getmissingattr(desc, column + 1, isnull);

	rc = open_column(reader, store, column);
	decode_vector(reader, store, column, row / FOCUS_BODY_VECTOR_ROWS, true);
	if (rc->body.form == FOCUS_BODY_CODES)
	{
		uint32		code = rc->codes[at];

		*isnull = code == 0;
		if (code == 0)
			return (Datum) 0;
		return dictionary_datum(reader, rc, att, code - 1);
	}

	*isnull = rc->nulls[at];
	if (rc->nulls[at])
		return (Datum) 0;
	if (rc->body.kind == FOCUS_BODY_INT)
		return focus_value_from_int(rc->numbers[at], att->attlen);
	(void) focus_value_from_decimal(rc->numbers[at], rc->body.scale, rc->scales[at], rc->scratch);
	return PointerGetDatum(rc->scratch);
}

void
focus_group_reader_row(FocusGroupReader *reader, FocusStore *store, TupleDesc desc,
					   uint32 row, Datum *values, bool *isnull)
{
	int			i;

	for (i = 0; i < desc->natts; i++)
		values[i] = focus_group_reader_value(reader, store, desc, i, row, &isnull[i]);
}

HeapTuple
focus_group_reader_tuple(FocusGroupReader *reader, FocusStore *store, TupleDesc desc,
						 uint32 row)
{
	HeapTuple	tuple;

	if (reader->nvalues < desc->natts)
	{
		reader->values = focus_arena_alloc(&reader->arena, mul_size(desc->natts, sizeof(Datum)));
		reader->isnull = focus_arena_alloc(&reader->arena, mul_size(desc->natts, sizeof(bool)));
		reader->nvalues = desc->natts;
	}
	focus_group_reader_row(reader, store, desc, row, reader->values, reader->isnull);
	tuple = heap_form_tuple(desc, reader->values, reader->isnull);

	focus_tid_set(&tuple->t_self, reader->group.number, row);
	tuple->t_tableOid = RelationGetRelid(store->rel);
	tuple->t_data->t_ctid = tuple->t_self;
	HeapTupleHeaderSetXmin(tuple->t_data, reader->group.xmin);
	HeapTupleHeaderSetCmin(tuple->t_data, reader->group.cmin == InvalidCommandId ?
						   FirstCommandId : reader->group.cmin);
	HeapTupleHeaderSetXmax(tuple->t_data, InvalidTransactionId);
	tuple->t_data->t_infomask |= HEAP_XMAX_INVALID;
	return tuple;
}

const FocusBodyColumn *
focus_group_reader_column(FocusGroupReader *reader, FocusStore *store, int column)
{
	return &open_column(reader, store, column)->body;
}

const uint16 *
focus_group_reader_codes(FocusGroupReader *reader, FocusStore *store, int column, uint32 vector)
{
	ReaderColumn *rc = open_column(reader, store, column);

	Assert(rc->body.form == FOCUS_BODY_CODES);
	decode_vector(reader, store, column, vector, false);
	return rc->codes;
}

const int64 *
focus_group_reader_numbers(FocusGroupReader *reader, FocusStore *store, int column, uint32 vector,
						   const bool **nulls, const uint8 **scales)
{
	ReaderColumn *rc = open_column(reader, store, column);

	Assert(rc->body.form == FOCUS_BODY_NUMBERS);
	decode_vector(reader, store, column, vector, scales != NULL);
	*nulls = rc->nulls;
	if (scales != NULL)
		*scales = rc->scales;
	return rc->numbers;
}

const uint8 *
focus_group_reader_decimals(FocusGroupReader *reader, FocusStore *store, int column, uint32 vector)
{
	ReaderColumn *rc = open_column(reader, store, column);
	uint32		first = vector * FOCUS_BODY_VECTOR_ROWS;

	if (rc->decimals == NULL)
		rc->decimals = focus_arena_alloc(&reader->arena, FOCUS_BODY_VECTOR_ROWS);
	check(focus_body_decimals(&rc->body, first, Min(FOCUS_BODY_VECTOR_ROWS, reader->header.rows - first),
							  rc->decimals),
		  store, &reader->group, column);
	return rc->decimals;
}

Datum
focus_group_reader_entry(FocusGroupReader *reader, FocusStore *store, TupleDesc desc, int column,
						 uint32 entry)
{
	return dictionary_datum(reader, open_column(reader, store, column), TupleDescAttr(desc, column),
							entry);
}

Datum
focus_group_reader_entry_once(FocusGroupReader *reader, FocusStore *store, TupleDesc desc,
							  int column, uint32 entry)
{
	ReaderColumn *rc = open_column(reader, store, column);
	const FocusBodyColumn *body = &rc->body;
	Form_pg_attribute att = TupleDescAttr(desc, column);
	Size		length;
	Size		size;

	if (body->kind != FOCUS_BODY_BYTES)
		return dictionary_datum(reader, rc, att, entry);
	length = body->offsets[entry + 1] - body->offsets[entry];
	size = focus_value_bytes_size(att, length);
	if (size > rc->once_size)
	{
		rc->once_size = Max(size, rc->once_size * 2);
		rc->once = focus_arena_alloc(&reader->arena, rc->once_size);
	}
	return focus_value_from_bytes(att, body->bytes + body->offsets[entry], length, rc->once);
}

/*
 * For the codec
 */
static void *
allocate(void *arena, size_t size)
{
	return focus_arena_alloc(arena, size);
}

/*
 * Bytes of the body, in the reader's memory
 */
static const uint8 *
read_bytes(FocusGroupReader *reader, FocusStore *store, uint32 offset, uint32 length)
{
	void	   *space = focus_arena_alloc(&reader->arena, add_size(length, FOCUS_STORE_READ_SPACE));

	return focus_store_read(store, &reader->group, offset, length, space);
}

/*
 * Raises the error for what the codec found; column -1 is the header.
 */
static void
check(FocusBodyStatus status, FocusStore *store, const FocusGroup *group, int column)
{
	if (status == FOCUS_BODY_OK)
		return;
	if (status == FOCUS_BODY_UNKNOWN_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("row group %u of table \"%s\" has a format version that this version of focus does not know",
						group->number, RelationGetRelationName(store->rel))));
	if (column < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("header of row group %u of table \"%s\" is damaged",
						group->number, RelationGetRelationName(store->rel))));
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("column %d of row group %u of table \"%s\" is damaged",
					column + 1, group->number, RelationGetRelationName(store->rel))));
}

/*
 * A column's segment, open, and before it that of the column it is derived
 * from.
 */
static ReaderColumn *
open_column(FocusGroupReader *reader, FocusStore *store, int column)
{
	ReaderColumn *rc = &reader->columns[column];
	const FocusBodyColumnInfo *info = &reader->header.columns[column];
	FocusArena *arena = &reader->arena;
	FocusBodyMemory memory = {allocate, arena};
	const FocusBodyColumn *parent = NULL;
	const uint8 *segment;

	if (rc->is_open)
		return rc;
	if (info->parent >= 0)
		parent = &open_column(reader, store, info->parent)->body;

	segment = reader->body != NULL ? reader->body + info->offset :
		read_bytes(reader, store, info->offset, info->length);
	check(focus_body_open(&reader->header, column, segment, parent, &memory, &rc->body),
		  store, &reader->group, column);
	if (rc->body.form == FOCUS_BODY_CODES)
	{
		rc->codes = focus_arena_alloc(arena, FOCUS_BODY_VECTOR_ROWS * sizeof(uint16));
	}
	else
	{
		rc->numbers = focus_arena_alloc(arena, FOCUS_BODY_VECTOR_ROWS * sizeof(int64));
		rc->nulls = focus_arena_alloc(arena, FOCUS_BODY_VECTOR_ROWS * sizeof(bool));
		rc->scales = focus_arena_alloc(arena, FOCUS_BODY_VECTOR_ROWS);
		rc->scratch = focus_arena_alloc(arena, FOCUS_VALUE_DECIMAL_SIZE);
	}
	rc->vector = NO_VECTOR;
	rc->is_open = true;
	return rc;
}

static void
decode_vector(FocusGroupReader *reader, FocusStore *store, int column, uint32 vector,
			  bool with_scales)
{
	ReaderColumn *rc = &reader->columns[column];
	uint32		first = vector * FOCUS_BODY_VECTOR_ROWS;
	uint32		count = Min(FOCUS_BODY_VECTOR_ROWS, reader->header.rows - first);

	if (rc->vector == vector && (rc->has_scales || !with_scales))
		return;
	CHECK_FOR_INTERRUPTS();
	rc->vector = NO_VECTOR;
	check(rc->body.form == FOCUS_BODY_CODES ?
		  focus_body_codes(&rc->body, first, count, rc->codes) :
		  focus_body_numbers(&rc->body, first, count, rc->numbers, rc->nulls,
							 with_scales ? rc->scales : NULL),
		  store, &reader->group, column);
	rc->vector = vector;
	rc->has_scales = with_scales || rc->body.form == FOCUS_BODY_CODES;
}

static Datum
dictionary_datum(FocusGroupReader *reader, ReaderColumn *rc, Form_pg_attribute att, uint32 entry)
{
	const FocusBodyColumn *body = &rc->body;
	char	   *dest;

	if (body->kind == FOCUS_BODY_INT)
		return focus_value_from_int(body->numbers[entry], att->attlen);
	if (rc->datums == NULL)
		rc->datums = focus_arena_alloc0(&reader->arena, mul_size(body->entries, sizeof(Datum)));
	if (rc->datums[entry] != (Datum) 0)
		return rc->datums[entry];

	if (body->kind == FOCUS_BODY_DECIMAL)
	{
		dest = focus_arena_alloc(&reader->arena, FOCUS_VALUE_DECIMAL_SIZE);
		(void) focus_value_from_decimal(body->numbers[entry], body->scale, body->scales[entry], dest);
		rc->datums[entry] = PointerGetDatum(dest);
	}
	else
	{
		Size		length = body->offsets[entry + 1] - body->offsets[entry];

		dest = focus_arena_alloc(&reader->arena, focus_value_bytes_size(att, length));
		rc->datums[entry] = focus_value_from_bytes(att, body->bytes + body->offsets[entry],
												   length, dest);
	}
	return rc->datums[entry];
}

/*
 * Frees cached readers, the longest unused first, until they take no more
 * than CACHE_BYTES.
 */
static void
shrink_cache(void)
{
	while (cache_pool->used_bytes > CACHE_BYTES)
	{
		CachedReader *oldest = NULL;
		FocusGroupReader *reader;
		int			i;

		for (i = 0; i < CACHE_READERS; i++)
			if (cache[i].reader != NULL && (oldest == NULL || cache[i].used < oldest->used))
				oldest = &cache[i];
		if (oldest == NULL)
			break;
		reader = oldest->reader;
		oldest->reader = NULL;
		focus_group_reader_free(reader);
	}
}
