/*-------------------------------------------------------------------------
 *
 * native.c
 *	  Files that are not FOCUS -> rows of FOCUS, by a mapping.
 *
 * The rows of all files of a delivery are staged in a tuplestore, which the
 * mapping's query (native_mapping.c) sees as relation raw:
 *
 *	file	integer		number of the file, from 1
 *	line	bigint		line on which the row begins
 *	record	jsonb		name -> text of the cells that are not empty, as sent
 *	cells	jsonb		the same by folded name
 *
 * Its results go to rows.c like rows of a FOCUS file that has the columns which
 * the mapping fills, under the file and line that they came from.  So nothing
 * that a delivery does is done twice; but for the whole file's rows to be seen
 * by one query, they wait until the last has been read.
 *
 * The query runs with the caller's rights, in UTC, and cannot write.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "guc.h"
#include "load/cell.h"
#include "load/native.h"
#include "load/native_mapping.h"

/*
 * One result at a time, so that an error in an expression can tell the line
 * behind which it was.
 */
#define FETCH_ROWS	1

struct FocusNative
{
	FocusDelivery *delivery;
	FocusRows  *rows;
	FocusMapping *mapping;
	MemoryContext context;		/* as long as the load */
	MemoryContext scratch;		/* of a row */
	FocusCellReader *cells;		/* in scratch */

	/* raw */
	Tuplestorestate *raw;
	TupleDesc	raw_desc;
	int64		nraw;
	List	   *files;			/* their names */
	List	   *from_client;	/* whether the client sent them */

	/* the file being read */
	FocusHeader header;			/* names only */
	char	  **folded;			/* of each name */
	int64		count;

	/* the results */
	FmgrInfo   *out;			/* of each target's type */
	int			file;			/* at work, from 1; 0: none yet */
	int64		line;			/* of the last result */
	List	   *reasons;		/* to leave results out */
};

static bool is_focus(const FocusRow *names);
static void copy_names(FocusNative *native, const FocusRow *names);
static const FocusField *check_row(FocusNative *native, const FocusRow *row);
static void stage(FocusNative *native, int64 line, Datum record, Datum cells);
static Datum cells_datum(FocusNative *native, const FocusField *fields, bool folded);
static void push_cell(FocusNative *native, JsonbParseState **state, const char *name, const FocusField *field);
static Datum without_nulls(Jsonb *record, bool folded);
static Portal open_query(FocusNative *native);
static SPITupleTable *fetch(Portal portal, uint64 *n);
static void prepare_output(FocusNative *native, TupleDesc desc);
static void require_type(const FocusNative *native, TupleDesc desc, int column, Oid type, const char *name);
static void hand_on(FocusNative *native, HeapTuple tuple, TupleDesc desc);
static void begin_results(FocusNative *native, int file);
static const char *reason_of(FocusNative *native, const char *text);
static char *value_text(FocusNative *native, HeapTuple tuple, TupleDesc desc, int column);
static char *instant_text(Timestamp instant, bool with_time);
static void error_context(void *arg);

/*
 * The mapping that a file with these columns is to be read by; NULL where that
 * is none, since it is a FOCUS file or none that is known.  first is the first
 * row of a JSON file, or NULL.
 */
char *
focus_native_recognise(const FocusDelivery *delivery, const FocusRow *names, const FocusRow *first, const char *file)
{
	const char *wanted = delivery->options.mapping;
	List	   *fitting;
	ListCell   *cell;

	if (wanted == NULL && is_focus(names))
		return NULL;
	fitting = focus_mapping_fitting(delivery, names, first);
	foreach(cell, fitting)
	{
		if (wanted != NULL && strcmp(lfirst(cell), wanted) == 0)
			return lfirst(cell);
	}
	if (wanted != NULL)
	{
		if (focus_mapping_read(delivery, wanted)->takes_all)
			return pstrdup(wanted);
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" does not have the columns that mapping \"%s\" needs", file, wanted),
				 fitting != NIL
				 ? errhint("It fits mapping \"%s\".", (char *) linitial(fitting))
				 : errhint("Column detect of focus_mappings tells what each mapping needs.")));
	}
	if (fitting == NIL)
		return NULL;
	if (list_length(fitting) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" fits more than one mapping", file),
				 errdetail("They are \"%s\" and \"%s\".", (char *) linitial(fitting), (char *) lsecond(fitting)),
				 errhint("Name the one that is meant, for example mapping => '%s'.", (char *) linitial(fitting))));
	return linitial(fitting);
}

/*
 * For a delivery that is read by that mapping.  Lives in the current memory
 * context.
 */
FocusNative *
focus_native_create(FocusDelivery *delivery, FocusRows *rows, const char *mapping)
{
	MemoryContext context = CurrentMemoryContext;
	FocusNative *native = palloc0(sizeof(FocusNative));
	FocusMapping *read = focus_mapping_read(delivery, mapping);

	MemoryContextSwitchTo(context);
	native->delivery = delivery;
	native->rows = rows;
	native->mapping = read;
	native->context = context;
	native->scratch = AllocSetContextCreate(context, "focus native row", ALLOCSET_DEFAULT_SIZES);
	native->cells = focus_cell_reader_create(native->scratch);
	native->raw = tuplestore_begin_heap(false, false, work_mem);
	native->raw_desc = CreateTemplateTupleDesc(4);
	TupleDescInitEntry(native->raw_desc, 1, "file", INT4OID, -1, 0);
	TupleDescInitEntry(native->raw_desc, 2, "line", INT8OID, -1, 0);
	TupleDescInitEntry(native->raw_desc, 3, "record", JSONBOID, -1, 0);
	TupleDescInitEntry(native->raw_desc, 4, "cells", JSONBOID, -1, 0);
	delivery->dataset = &focus_cost_and_usage;
	if (focus_delivery_provider(delivery) == NULL)
		delivery->source_provider = read->provider;
	return native;
}

const char *
focus_native_mapping(const FocusNative *native)
{
	return native->mapping->name;
}

/* What the mapping amounts to; the same files by another query say otherwise. */
const char *
focus_native_query(const FocusNative *native)
{
	return native->mapping->query;
}

/*
 * The rows to come are of that file.
 */
void
focus_native_begin_file(FocusNative *native, const char *file, bool from_client, const FocusRow *names)
{
	MemoryContext caller = MemoryContextSwitchTo(native->context);

	native->files = lappend(native->files, pstrdup(file));
	native->from_client = lappend_int(native->from_client, from_client);
	memset(&native->header, 0, sizeof(FocusHeader));
	native->count = 0;
	if (names != NULL)
		copy_names(native, names);
	MemoryContextSwitchTo(caller);
}

/*
 * Takes the names of a JSON file's columns, which are those that it had before
 * and more behind them.
 */
void
focus_native_name(FocusNative *native, const FocusRow *names)
{
	MemoryContext caller = MemoryContextSwitchTo(native->context);

	copy_names(native, names);
	MemoryContextSwitchTo(caller);
}

/*
 * Takes the next row of the file.
 */
void
focus_native_add(FocusNative *native, const FocusRow *row)
{
	MemoryContext caller;
	const FocusField *fields;

	/* psql sends the line that ends in-line data along with it */
	if (llast_int(native->from_client) && row->nfields == 1 && strcmp(row->fields[0].data, "\\.") == 0)
		return;
	caller = MemoryContextSwitchTo(native->scratch);
	native->count++;
	fields = check_row(native, row);
	MemoryContextSwitchTo(native->scratch);
	if (fields != NULL)
		stage(native, row->line, cells_datum(native, fields, false), cells_datum(native, fields, true));
	focus_cell_reader_forget(native->cells);
	MemoryContextReset(native->scratch);
	MemoryContextSwitchTo(caller);
}

/* Returns how many rows the file had. */
int64
focus_native_end_file(FocusNative *native)
{
	return native->count;
}

/*
 * Takes the rows of a query that gives one jsonb each, as the rows of a file.
 * on_bytes gets their text.  Returns how many there were.
 */
int64
focus_native_add_query(FocusNative *native, const char *query, FocusBytesCallback on_bytes, void *arg)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	Portal		portal;
	uint64		n;

	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("records are not given by one query")));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	if (portal->tupDesc->natts != 1 || TupleDescAttr(portal->tupDesc, 0)->atttypid != JSONBOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("query for records does not return one column of type jsonb"),
				 errhint("Select to_jsonb(t) from table t.")));
	do
	{
		SPITupleTable *table;

		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		table = SPI_tuptable;
		n = SPI_processed;
		SPI_tuptable = NULL;
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(native->scratch);
		for (uint64 i = 0; i < n; i++)
		{
			bool		isnull;
			Datum		value = SPI_getbinval(table->vals[i], table->tupdesc, 1, &isnull);
			Jsonb	   *record = isnull ? NULL : DatumGetJsonbP(value);
			char	   *text;

			native->count++;
			if (record == NULL || !JB_ROOT_IS_OBJECT(record))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("record " INT64_FORMAT " is not a JSON object", native->count)));
			text = JsonbToCString(NULL, &record->root, VARSIZE(record));
			on_bytes(text, strlen(text), arg);
			on_bytes("\n", 1, arg);
			stage(native, native->count, without_nulls(record, false), without_nulls(record, true));
			MemoryContextReset(native->scratch);
		}
		SPI_freetuptable(table);
	} while (n > 0);
	SPI_cursor_close(portal);
	return native->count;
}

/*
 * All has been read: maps it and hands the results on.  There is a file at
 * least.
 */
void
focus_native_finish(FocusNative *native)
{
	FocusDelivery *delivery = native->delivery;
	ErrorContextCallback callback = {.callback = error_context,.arg = native,.previous = error_context_stack};
	Portal		portal;
	SPITupleTable *table;
	uint64		n;

	error_context_stack = &callback;
	portal = open_query(native);
	prepare_output(native, portal->tupDesc);
	while (!delivery->refused && (table = fetch(portal, &n)) != NULL)
	{
		error_context_stack = callback.previous;
		for (uint64 i = 0; i < n; i++)
			hand_on(native, table->vals[i], table->tupdesc);
		SPI_freetuptable(table);
		error_context_stack = &callback;
	}
	error_context_stack = callback.previous;
	SPI_cursor_close(portal);
	SPI_unregister_relation("raw");
	tuplestore_end(native->raw);
	if (native->file == 0)
		begin_results(native, 1);
	focus_rows_end_file(native->rows);
	delivery->record = NULL;
	delivery->focus_version = delivery->options.focus_version;
	delivery->provider = focus_delivery_provider(delivery);
}

/* Names of costs, by which FOCUS files are told. */
static bool
is_focus(const FocusRow *names)
{
	static const char *const costs[] = {"BilledCost", "EffectiveCost", "AmortizedCost", "ListCost", "ContractedCost"};

	for (int i = 0; i < names->nfields; i++)
	{
		for (int k = 0; k < lengthof(costs); k++)
		{
			if (names->fields[i].len == strlen(costs[k]) &&
				pg_strncasecmp(names->fields[i].data, costs[k], strlen(costs[k])) == 0)
				return true;
		}
	}
	return false;
}

/* Appends the names that are new. */
static void
copy_names(FocusNative *native, const FocusRow *names)
{
	FocusHeader *header = &native->header;
	int			first_new = header->nfields;

	if (names->nfields > header->max_fields)
	{
		header->max_fields = names->nfields * 2;
		header->names = header->names == NULL ? palloc(header->max_fields * sizeof(char *)) :
			repalloc(header->names, header->max_fields * sizeof(char *));
		native->folded = first_new == 0 ? palloc(header->max_fields * sizeof(char *)) :
			repalloc(native->folded, header->max_fields * sizeof(char *));
	}
	header->nfields = names->nfields;
	for (int i = first_new; i < names->nfields; i++)
	{
		FocusField	name = names->fields[i];

		if (memchr(name.data, '\0', name.len) != NULL || !pg_verify_mbstr(PG_UTF8, name.data, name.len, true) ||
			!focus_field_to_server(&names->fields[i], &name))
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("name of column %d of \"%s\" is not UTF-8 text that the database can hold",
							i + 1, (char *) llast(native->files))));
		header->names[i] = pnstrdup(name.data, name.len);
		native->folded[i] = focus_mapping_fold(name.data, name.len);
		if (native->folded[i][0] == '\0')
			native->folded[i] = header->names[i];
	}
}

/*
 * The fields in the server's encoding, if the row is well-formed text with the
 * header's number of fields; if not, the row has been rejected, and the result
 * is NULL.
 */
static const FocusField *
check_row(FocusNative *native, const FocusRow *row)
{
	FocusDelivery *delivery = native->delivery;
	const FocusHeader *header = &native->header;
	FocusField *fields = palloc(Max(header->nfields, 1) * sizeof(FocusField));
	const char *why = row->broken;
	int			sqlerrcode = ERRCODE_INVALID_JSON_TEXT;
	int			bad_field = -1;
	int			extra = 0;

	for (int i = header->nfields; i < row->nfields; i++)
	{
		if (row->fields[i].len > 0)
			extra++;
	}
	if (why == NULL && (row->nfields < header->nfields || extra > 0 ||
						(row->nfields > header->nfields && delivery->options.strict)))
	{
		sqlerrcode = ERRCODE_BAD_COPY_FILE_FORMAT;
		why = psprintf("row has %d fields, the header has %d", row->nfields, header->nfields);
	}
	if (why == NULL && row->nfields > header->nfields)
		focus_delivery_find(delivery, reason_of(native, psprintf("#%d", header->nfields + 1)), focus_rows_beyond,
							llast(native->files), row->line, &row->fields[header->nfields]);
	for (int i = 0; why == NULL && i < header->nfields; i++)
	{
		const FocusField *field = &row->fields[i];

		fields[i] = *field;
		bad_field = i;
		if (field->len == 0 || row->ascii)
			continue;
		if (!pg_verify_mbstr(PG_UTF8, field->data, field->len, true))
		{
			sqlerrcode = ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;
			why = "not UTF-8 text";
		}
		else if (!focus_field_to_server(field, &fields[i]))
		{
			sqlerrcode = ERRCODE_UNTRANSLATABLE_CHARACTER;
			why = "has characters that the database's encoding lacks";
		}
	}
	if (why == NULL)
		return fields;
	focus_delivery_reject(delivery, focus_delivery_part(delivery, delivery->options.source, false, 0, NULL),
						  header, llast(native->files), row, bad_field, sqlerrcode, why);
	return NULL;
}

/* Appends a row to raw. */
static void
stage(FocusNative *native, int64 line, Datum record, Datum cells)
{
	Datum		values[4];
	bool		nulls[4] = {0};

	values[0] = Int32GetDatum(list_length(native->files));
	values[1] = Int64GetDatum(line);
	values[2] = record;
	values[3] = cells;
	tuplestore_putvalues(native->raw, native->raw_desc, values, nulls);
	native->nraw++;
}

/*
 * The cells that are not empty, by name as sent or folded.  Of equal names the
 * first that is not empty counts.
 */
static Datum
cells_datum(FocusNative *native, const FocusField *fields, bool folded)
{
	const FocusHeader *header = &native->header;
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	/* jsonb keeps the last of equal keys */
	for (int i = header->nfields - 1; i >= 0; i--)
	{
		if (fields[i].len > 0)
			push_cell(native, &state, folded ? native->folded[i] : header->names[i], &fields[i]);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* Objects and arrays in a cell are those, everything else is a string. */
static void
push_cell(FocusNative *native, JsonbParseState **state, const char *name, const FocusField *field)
{
	static const FocusColumn json = {"", FOCUS_JSON, false};
	JsonbValue	value;
	FocusCell	cell;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, name);
	value.val.string.len = strlen(name);
	pushJsonbValue(state, WJB_KEY, &value);
	if ((field->data[0] == '{' || field->data[0] == '[') &&
		focus_cell_read(native->cells, &json, field, &cell) == FOCUS_CELL_OK && !cell.isnull)
	{
		Jsonb	   *inside = DatumGetJsonbP(cell.value);

		value.type = jbvBinary;
		value.val.binary.data = &inside->root;
		value.val.binary.len = VARSIZE(inside) - VARHDRSZ;
	}
	else
	{
		value.type = jbvString;
		value.val.string.val = unconstify(char *, field->data);
		value.val.string.len = field->len;
	}
	pushJsonbValue(state, WJB_VALUE, &value);
}

/* The members that are not null, by name as it is or folded. */
static Datum
without_nulls(Jsonb *record, bool folded)
{
	JsonbParseState *state = NULL;
	JsonbIterator *iterator = JsonbIteratorInit(&record->root);
	JsonbValue	key;
	JsonbValue	value;

	(void) JsonbIteratorNext(&iterator, &key, true);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		char	   *name = focus_mapping_fold(key.val.string.val, key.val.string.len);

		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type == jbvNull)
			continue;
		if (folded && name[0] != '\0')
		{
			key.val.string.val = name;
			key.val.string.len = strlen(name);
		}
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* The settings under which mappings mean the same in every session. */
static int
pin_settings(void)
{
	int			nest_level = focus_guc_pin();

	(void) set_config_option("TimeZone", "UTC", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("DateStyle", "ISO, YMD", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	/* what a join of raw gives is guessed to be one row; looping over many takes days */
	(void) set_config_option("enable_nestloop", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	/* compiling that many expressions takes longer than they do */
	(void) set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return nest_level;
}

/* Starts the mapping's query over what was staged. */
static Portal
open_query(FocusNative *native)
{
	EphemeralNamedRelation raw = MemoryContextAllocZero(native->context, sizeof(EphemeralNamedRelationData));
	int			settings = pin_settings();
	SPIPlanPtr	plan;
	Portal		portal;
	int			result;

	raw->md.name = "raw";
	raw->md.reliddesc = InvalidOid;
	raw->md.tupdesc = native->raw_desc;
	raw->md.enrtype = ENR_NAMED_TUPLESTORE;
	raw->md.enrtuples = native->nraw;
	raw->reldata = native->raw;
	result = SPI_register_relation(raw);
	if (result != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register relation raw: %s", SPI_result_code_string(result));

	plan = SPI_prepare(native->mapping->query, 0, NULL);
	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mapping \"%s\" does not make one query", native->mapping->name)));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	AtEOXact_GUC(false, settings);
	return portal;
}

/* The next results, or NULL; they are no longer SPI_tuptable. */
static SPITupleTable *
fetch(Portal portal, uint64 *n)
{
	SPITupleTable *table;
	int			settings = pin_settings();

	SPI_cursor_fetch(portal, true, FETCH_ROWS);
	table = SPI_tuptable;
	*n = SPI_processed;
	SPI_tuptable = NULL;
	AtEOXact_GUC(false, settings);
	CHECK_FOR_INTERRUPTS();
	if (*n > 0)
		return table;
	SPI_freetuptable(table);
	return NULL;
}

static void
prepare_output(FocusNative *native, TupleDesc desc)
{
	MemoryContext caller = MemoryContextSwitchTo(native->context);

	Assert(desc->natts == FOCUS_MAPPING_COLUMNS + native->mapping->ntargets);
	require_type(native, desc, FOCUS_MAPPING_FILE, INT4OID, "file");
	require_type(native, desc, FOCUS_MAPPING_LINE, INT8OID, "line");
	require_type(native, desc, FOCUS_MAPPING_RECORD, JSONBOID, "record");
	native->out = palloc(desc->natts * sizeof(FmgrInfo));
	for (int i = 0; i < desc->natts; i++)
	{
		Oid			function;
		bool		is_varlena;

		getTypeOutputInfo(TupleDescAttr(desc, i)->atttypid, &function, &is_varlena);
		fmgr_info(function, &native->out[i]);
	}
	MemoryContextSwitchTo(caller);
}

static void
require_type(const FocusNative *native, TupleDesc desc, int column, Oid type, const char *name)
{
	if (TupleDescAttr(desc, column - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("records of mapping \"%s\" have %s of type %s, not %s", native->mapping->name, name,
						format_type_be(TupleDescAttr(desc, column - 1)->atttypid), format_type_be(type)),
				 errhint("They give file, line, record and cells first, as relation raw has them.")));
}

/* A result: stored, rejected or left out. */
static void
hand_on(FocusNative *native, HeapTuple tuple, TupleDesc desc)
{
	FocusDelivery *delivery = native->delivery;
	const FocusMapping *mapping = native->mapping;
	FocusField *fields;
	FocusRow	row = {0};
	char	   *why;
	bool		isnull[3];
	int			file = DatumGetInt32(heap_getattr(tuple, FOCUS_MAPPING_FILE, desc, &isnull[0]));
	Datum		record = heap_getattr(tuple, FOCUS_MAPPING_RECORD, desc, &isnull[2]);

	MemoryContextSwitchTo(native->scratch);
	row.line = native->line = DatumGetInt64(heap_getattr(tuple, FOCUS_MAPPING_LINE, desc, &isnull[1]));
	if (isnull[0] || isnull[1] || isnull[2] || file < 1 || file > list_length(native->files))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("records of mapping \"%s\" lack file, line or record", mapping->name)));
	if (file != native->file)
		begin_results(native, file);
	delivery->record = DatumGetJsonbP(record);

	fields = palloc0((mapping->ntargets + 1) * sizeof(FocusField));
	row.nfields = mapping->ntargets;
	row.fields = fields;
	row.ascii = true;			/* in the server's encoding */
	if ((why = value_text(native, tuple, desc, FOCUS_MAPPING_LEAVE_OUT)) != NULL)
	{
		FocusField	example = {mapping->name, strlen(mapping->name)};

		focus_delivery_find(delivery, mapping->name, reason_of(native, why),
							list_nth(native->files, file - 1), row.line, &example);
	}
	else
	{
		for (int i = 0; i < mapping->ntargets; i++)
		{
			char	   *text = value_text(native, tuple, desc, FOCUS_MAPPING_COLUMNS + 1 + i);

			fields[i].data = text != NULL ? text : "";
			fields[i].len = strlen(fields[i].data);
			row.len += fields[i].len + 1;
		}
		row.len += VARSIZE(delivery->record);
		why = value_text(native, tuple, desc, FOCUS_MAPPING_REJECT);
		if (why != NULL)
			focus_delivery_reject(delivery, focus_delivery_part(delivery, delivery->options.source, false, 0, NULL),
								  &native->header, list_nth(native->files, file - 1), &row, -1, ERRCODE_DATA_EXCEPTION, why);
		else
			focus_rows_add(native->rows, &row);
	}
	MemoryContextReset(native->scratch);
}

/* The results to come are of that file. */
static void
begin_results(FocusNative *native, int file)
{
	FocusRow	header = {.line = 1,.nfields = native->mapping->ntargets,.fields = native->mapping->targets};

	if (native->file != 0)
		focus_rows_end_file(native->rows);
	native->file = file;
	focus_rows_begin_file(native->rows, list_nth(native->files, file - 1), false);
	focus_rows_add(native->rows, &header);
	MemoryContextSwitchTo(native->scratch);
}

/* The reason, in memory that stays; equal ones are the same pointer. */
static const char *
reason_of(FocusNative *native, const char *text)
{
	MemoryContext caller;
	ListCell   *cell;

	foreach(cell, native->reasons)
	{
		if (strcmp(lfirst(cell), text) == 0)
			return lfirst(cell);
	}
	caller = MemoryContextSwitchTo(native->context);
	native->reasons = lappend(native->reasons, pstrdup(text));
	MemoryContextSwitchTo(caller);
	return llast(native->reasons);
}

/* A result's value as a file would have it; NULL for a null. */
static char *
value_text(FocusNative *native, HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	int			overflow;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);
	Oid			type = TupleDescAttr(desc, column - 1)->atttypid;

	if (isnull)
		return NULL;
	if (type == TEXTOID)
		return TextDatumGetCString(value);
	if (type == TIMESTAMPTZOID || type == TIMESTAMPOID)
		return instant_text(DatumGetTimestamp(value), true);
	if (type == DATEOID)
		return instant_text(date2timestamp_opt_overflow(DatumGetDateADT(value), &overflow), false);
	return OutputFunctionCall(&native->out[column - 1], value);
}

/* An instant in UTC as FOCUS writes it, or a date; what is neither is no instant. */
static char *
instant_text(Timestamp instant, bool with_time)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char	   *text = palloc(MAXDATELEN + 2);

	if (TIMESTAMP_NOT_FINITE(instant) || timestamp2tm(instant, NULL, &tm, &fsec, NULL, NULL) != 0)
		return pstrdup("infinity");
	if (with_time)
	{
		EncodeDateTime(&tm, fsec, false, 0, NULL, USE_XSD_DATES, text);
		strcat(text, "Z");
	}
	else
		EncodeDateOnly(&tm, USE_XSD_DATES, text);
	return text;
}

static void
error_context(void *arg)
{
	FocusNative *native = arg;

	if (native->file == 0)
		errcontext("mapping \"%s\", before any row of file \"%s\"", native->mapping->name, (char *) linitial(native->files));
	else
		errcontext("mapping \"%s\", behind line " INT64_FORMAT " of file \"%s\"", native->mapping->name,
				   native->line, (char *) list_nth(native->files, native->file - 1));
}
