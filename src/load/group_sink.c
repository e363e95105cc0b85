/*-------------------------------------------------------------------------
 *
 * group_sink.c
 *	  Cells of a file -> row groups of a dataset's table.
 *
 * The loader's fast path: a cell becomes a code of the group that is being
 * built, and no row is made.  Text goes into the builder as it is, which finds
 * its code if it has had it before.  A number is read each time, as that takes
 * no longer than to look it up.  For instants and JSON there is a cache by
 * column, from text to code, so that a text is read once for each group.
 *
 * That is for tables that give nobody a say in a single row: row groups can
 * be written, and there are no indexes, triggers, constraints or generated
 * columns.  Others take the way of sink.c.
 *
 * Most cells of a row have the text that the row before had.  Each column
 * remembers that text and its code.
 *
 * The codes of other texts and numbers are looked up when the row ends, all together,
 * so that the processor need not wait for memory cell by cell.
 *
 * The caches point to codes and so live as long as the group.  When they have
 * grown to CACHE_BYTES_MAX they stay as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "columnar/bulk.h"
#include "columnar/group_builder.h"
#include "columnar/quick_hash.h"
#include "compat.h"
#include "load/group_sink.h"

/* Memory of all caches, beside that of the group */
#define CACHE_BYTES_MAX		(8 * 1024 * 1024)
#define CACHE_MIN			64	/* slots; a power of two */

/* Longer texts are not remembered for the next row. */
#define LAST_TEXT_MAX		96

/* A text that has been read */
typedef struct CacheEntry
{
	const char *text;			/* NULL: free */
	uint32		len;
	uint32		hash;
	uint16		code;
	bool		keep_text;
	const char *finding;
} CacheEntry;

typedef struct Cache
{
	CacheEntry *entries;		/* open addressing, linear probing */
	uint32		size;			/* a power of two, at least twice used */
	uint32		used;
} Cache;

/* What is done with the cells of a dataset's column */
typedef struct CellColumn
{
	const FocusColumn *column;
	int			attribute;		/* attnum - 1 */
	Cache		cache;

	/* the cell of the last row that had one, if all there is is its value */
	bool		last_is_known;
	uint16		last_code;
	uint32		last_len;
	FocusCellNumber last_decimal;
	char		last_text[LAST_TEXT_MAX];
} CellColumn;

/* A value of the row that has no code yet */
typedef struct PendingValue
{
	int			attribute;
	CellColumn *column;			/* whose last cell it is, or NULL */
	FocusGroupValue value;
} PendingValue;

struct FocusGroupSink
{
	Relation	rel;
	FocusGroupBuilder *builder;
	FocusCellReader *cells;
	MemoryContext context;
	MemoryContext cache;		/* of all columns */
	int			ncolumns;
	CellColumn *columns;
	int			nattributes;
	uint16	   *codes;			/* of the row */
	int			npending;
	PendingValue *pending;		/* of the row */
};

static FocusGroupValue *next_pending(FocusGroupSink *sink, int attribute, CellColumn *column);
static bool can_write_groups(Relation rel);
static bool types_are_usual(Relation rel, const FocusDataset *dataset, const AttrNumber *attnums);
static CellColumn *remember_last(CellColumn *column, const FocusField *field);
static FocusCellStatus text_cell(FocusGroupSink *sink, CellColumn *column,
								 const FocusField *field, FocusCell *cell);
static FocusCellStatus cached_cell(FocusGroupSink *sink, CellColumn *column,
								   const FocusField *field, FocusCell *cell);
static FocusCellStatus read_cell(FocusGroupSink *sink, const CellColumn *column,
								 const FocusField *field, FocusCell *cell);
static CacheEntry *find_text(const Cache *cache, const FocusField *field, uint32 hash);
static void remember(FocusGroupSink *sink, Cache *cache, const FocusField *field, uint32 hash,
					 const CacheEntry *entry);
static bool grow_cache(FocusGroupSink *sink, Cache *cache);

/*
 * Opens a table for loading, or returns NULL where its rows have to be looked
 * at one by one.  rel is locked RowExclusiveLock by the caller, who has checked
 * its rights.  Lives in the current memory context.
 */
FocusGroupSink *
focus_group_sink_open(Relation rel, const FocusDataset *dataset, const AttrNumber *attnums,
					  FocusCellReader *cells)
{
	FocusGroupSink *sink;

	if (!can_write_groups(rel) || !types_are_usual(rel, dataset, attnums))
		return NULL;
	sink = palloc0(sizeof(FocusGroupSink));
	sink->rel = rel;
	sink->cells = cells;
	sink->context = AllocSetContextCreate(CurrentMemoryContext, "focus group sink", ALLOCSET_SMALL_SIZES);
	sink->cache = AllocSetContextCreate(sink->context, "focus cell cache", ALLOCSET_DEFAULT_SIZES);
	sink->builder = focus_group_builder_create(RelationGetDescr(rel), sink->context);
	sink->nattributes = RelationGetDescr(rel)->natts;
	sink->codes = palloc0(sink->nattributes * sizeof(uint16));
	sink->pending = palloc(sink->nattributes * sizeof(PendingValue));
	sink->ncolumns = dataset->ncolumns;
	sink->columns = palloc0(dataset->ncolumns * sizeof(CellColumn));
	for (int i = 0; i < dataset->ncolumns; i++)
	{
		sink->columns[i].column = &dataset->columns[i];
		sink->columns[i].attribute = attnums[i] - 1;
	}
	return sink;
}

/*
 * A new row, all NULL.  If the row before has not ended, it is forgotten.
 */
void
focus_group_sink_begin_row(FocusGroupSink *sink)
{
	memset(sink->codes, 0, sink->nattributes * sizeof(uint16));
	sink->npending = 0;
}

/*
 * Converts one cell of the row, of a column of the dataset, as
 * focus_cell_read() does; of the value *cell tells only decimal, or nothing.
 */
FocusCellStatus
focus_group_sink_cell(FocusGroupSink *sink, int column, const FocusField *field, FocusCell *cell)
{
	CellColumn *c = &sink->columns[column];

	cell->finding = NULL;
	cell->keep_text = false;
	cell->is_decimal = false;
	cell->isnull = (field->len == 0);
	if (cell->isnull)
		return FOCUS_CELL_OK;
	if (c->last_is_known && field->len == c->last_len &&
		focus_equal_quickly(field->data, c->last_text, field->len))
	{
		sink->codes[c->attribute] = c->last_code;
		cell->is_decimal = (c->column->kind == FOCUS_NUMERIC);
		cell->decimal = c->last_decimal;
		return FOCUS_CELL_OK;
	}
	c->last_is_known = false;
	switch (c->column->kind)
	{
		case FOCUS_TEXT:
			return text_cell(sink, c, field, cell);
		case FOCUS_NUMERIC:
			if (focus_cell_decimal(field->data, field->len, &cell->decimal) != FOCUS_DECIMAL_SMALL ||
				cell->decimal.is_lenient)
				return read_cell(sink, c, field, cell);
			cell->is_decimal = true;
			focus_group_builder_seek_decimal(sink->builder, c->attribute, cell->decimal.mantissa,
											 cell->decimal.scale,
											 next_pending(sink, c->attribute, remember_last(c, field)));
			c->last_decimal = cell->decimal;
			return FOCUS_CELL_OK;
		default:
			return cached_cell(sink, c, field, cell);
	}
}

/* Sets a column of the row, which is NULL so far, to a text. */
void
focus_group_sink_text(FocusGroupSink *sink, AttrNumber attnum, const char *text, size_t len)
{
	focus_group_builder_seek_bytes(sink->builder, attnum - 1, text, len, next_pending(sink, attnum - 1, NULL));
}

/* Sets a column of the row to any value, which is copied. */
void
focus_group_sink_datum(FocusGroupSink *sink, AttrNumber attnum, Datum value)
{
	sink->codes[attnum - 1] = focus_group_builder_code(sink->builder, attnum - 1, value);
}

/*
 * Stores the row, perhaps later.
 */
void
focus_group_sink_end_row(FocusGroupSink *sink)
{
	for (int i = 0; i < sink->npending; i++)
	{
		const PendingValue *pending = &sink->pending[i];

		uint16		code = focus_group_builder_find(sink->builder, pending->attribute, &pending->value);

		sink->codes[pending->attribute] = code;
		if (pending->column != NULL)
		{
			pending->column->last_code = code;
			pending->column->last_is_known = true;
		}
	}
	focus_group_builder_add(sink->builder, sink->codes);
}

/* The next row may not begin before focus_group_sink_flush(). */
bool
focus_group_sink_is_full(FocusGroupSink *sink)
{
	return focus_group_builder_full(sink->builder);
}

/* Would the rows that there are make a group? */
bool
focus_group_sink_is_worth_a_group(FocusGroupSink *sink)
{
	return focus_group_builder_rows(sink->builder) >= FOCUS_GROUP_ROWS_MIN;
}

/*
 * Stores the rows that there are.
 */
void
focus_group_sink_flush(FocusGroupSink *sink)
{
	MemoryContextReset(sink->cache);
	for (int i = 0; i < sink->ncolumns; i++)
	{
		memset(&sink->columns[i].cache, 0, sizeof(Cache));
		sink->columns[i].last_is_known = false;
	}
	if (focus_group_builder_rows(sink->builder) == 0)
	{
		/* There may be values of rows that were rejected. */
		focus_group_builder_reset(sink->builder);
		return;
	}
	PushActiveSnapshot(GetTransactionSnapshot());
	focus_bulk_add_group(sink->rel, sink->builder);
	PopActiveSnapshot();
}

/*
 * Stores the rest; the table stays open.
 */
void
focus_group_sink_close(FocusGroupSink *sink)
{
	focus_group_sink_flush(sink);
	table_finish_bulk_insert(sink->rel, 0);
	MemoryContextDelete(sink->context);
	pfree(sink->columns);
	pfree(sink->codes);
	pfree(sink->pending);
	pfree(sink);
}

static FocusGroupValue *
next_pending(FocusGroupSink *sink, int attribute, CellColumn *column)
{
	PendingValue *pending = &sink->pending[sink->npending++];

	pending->attribute = attribute;
	pending->column = column;
	return &pending->value;
}

/*
 * Has the table row groups, and nobody who would want to see a row?
 */
static bool
can_write_groups(Relation rel)
{
	const TupleConstr *constraints = RelationGetDescr(rel)->constr;

	return rel->rd_rel->relkind == RELKIND_RELATION &&
		rel->rd_rel->relam == get_table_am_oid("focus", true) &&
		OidIsValid(rel->rd_rel->reltoastrelid) &&
		!rel->rd_rel->relhasindex &&
		!rel->rd_rel->relispartition &&
		rel->trigdesc == NULL &&
		!RelationIsLogicallyLogged(rel) &&
		(constraints == NULL ||
		 (!constraints->has_not_null && constraints->num_check == 0 && !constraints->has_generated_stored));
}

/*
 * Are the columns of the types that they were created with, so that a cell's
 * bytes may be stored without asking the type?
 */
static bool
types_are_usual(Relation rel, const FocusDataset *dataset, const AttrNumber *attnums)
{
	for (int i = 0; i < dataset->ncolumns; i++)
	{
		Oid			type = TupleDescAttr(RelationGetDescr(rel), attnums[i] - 1)->atttypid;

		switch (dataset->columns[i].kind)
		{
			case FOCUS_TEXT:
				if (type != TEXTOID)
					return false;
				break;
			case FOCUS_NUMERIC:
				if (type != NUMERICOID)
					return false;
				break;
			case FOCUS_TIME:
				if (type != TIMESTAMPTZOID)
					return false;
				break;
			default:
				break;
		}
	}
	return true;
}

/*
 * Remembers the text of a column's last cell, whose code is still to come.
 * Returns the column, or NULL if the text is too long.
 */
static CellColumn *
remember_last(CellColumn *column, const FocusField *field)
{
	if (field->len > LAST_TEXT_MAX)
		return NULL;
	memcpy(column->last_text, field->data, field->len);
	column->last_len = (uint32) field->len;
	return column;
}

static FocusCellStatus
text_cell(FocusGroupSink *sink, CellColumn *column, const FocusField *field, FocusCell *cell)
{
	bool		spelled;

	/* words for null, and what is wrong with a currency */
	if (column->column->strict || focus_cell_is_null(field->data, field->len, &spelled))
		return read_cell(sink, column, field, cell);
	focus_group_builder_seek_bytes(sink->builder, column->attribute, field->data, field->len,
								   next_pending(sink, column->attribute, remember_last(column, field)));
	return FOCUS_CELL_OK;
}

static FocusCellStatus
read_cell(FocusGroupSink *sink, const CellColumn *column, const FocusField *field, FocusCell *cell)
{
	FocusCellStatus status = focus_cell_read(sink->cells, column->column, field, cell);

	sink->codes[column->attribute] = status != FOCUS_CELL_OK || cell->isnull ? 0 :
		focus_group_builder_code(sink->builder, column->attribute, cell->value);
	return status;
}


/*
 * The caches
 */

static FocusCellStatus
cached_cell(FocusGroupSink *sink, CellColumn *column, const FocusField *field, FocusCell *cell)
{
	uint32		hash = (uint32) focus_hash_quickly(field->data, field->len);
	CacheEntry *entry = column->cache.size > 0 ? find_text(&column->cache, field, hash) : NULL;
	FocusCellStatus status;

	if (entry != NULL && entry->text != NULL)
	{
		sink->codes[column->attribute] = entry->code;
		cell->isnull = (entry->code == 0);
		cell->keep_text = entry->keep_text;
		cell->finding = entry->finding;
		if (!entry->keep_text && entry->finding == NULL && remember_last(column, field) != NULL)
		{
			column->last_code = entry->code;
			column->last_is_known = true;
		}
		return FOCUS_CELL_OK;
	}
	status = read_cell(sink, column, field, cell);
	if (status == FOCUS_CELL_OK)
	{
		CacheEntry	new_entry = {.code = sink->codes[column->attribute], .keep_text = cell->keep_text,
			.finding = cell->finding};

		remember(sink, &column->cache, field, hash, &new_entry);
	}
	return status;
}

/* The entry of the text, or the free one that is its place */
static CacheEntry *
find_text(const Cache *cache, const FocusField *field, uint32 hash)
{
	uint32		mask = cache->size - 1;
	uint32		at = hash & mask;

	for (;;)
	{
		CacheEntry *entry = &cache->entries[at];

		if (entry->text == NULL ||
			(entry->hash == hash && entry->len == field->len &&
			 focus_equal_quickly(entry->text, field->data, field->len)))
			return entry;
		at = (at + 1) & mask;
	}
}

/* The text is in the cache from now on, unless it has grown enough. */
static void
remember(FocusGroupSink *sink, Cache *cache, const FocusField *field, uint32 hash, const CacheEntry *entry)
{
	CacheEntry *place;
	char	   *text;

	if (MemoryContextMemAllocated(sink->cache, false) + field->len > CACHE_BYTES_MAX ||
		(cache->used * 2 >= cache->size && !grow_cache(sink, cache)))
		return;
	text = MemoryContextAlloc(sink->cache, field->len);
	memcpy(text, field->data, field->len);
	place = find_text(cache, field, hash);
	*place = *entry;
	place->text = text;
	place->len = (uint32) field->len;
	place->hash = hash;
	cache->used++;
}

static bool
grow_cache(FocusGroupSink *sink, Cache *cache)
{
	Cache		grown = {.size = Max(cache->size * 2, CACHE_MIN), .used = cache->used};
	Size		bytes = grown.size * sizeof(CacheEntry);

	if (MemoryContextMemAllocated(sink->cache, false) + bytes > CACHE_BYTES_MAX)
		return false;
	grown.entries = MemoryContextAllocZero(sink->cache, bytes);
	for (uint32 i = 0; i < cache->size; i++)
	{
		const CacheEntry *entry = &cache->entries[i];
		FocusField	field = {entry->text, entry->len};

		if (entry->text != NULL)
			*find_text(&grown, &field, entry->hash) = *entry;
	}
	if (cache->entries != NULL)
		pfree(cache->entries);
	*cache = grown;
	return true;
}
