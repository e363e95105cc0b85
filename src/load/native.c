/*-------------------------------------------------------------------------
 *
 * native.c
 *	  Files that are not FOCUS -> rows of FOCUS, by a mapping.
 *
 * The rows of all files of a delivery are staged (native_stage.c).  The mapping's
 * query (native_mapping.c) sees them as relation raw:
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

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"
#include "guc.h"
#include "load/native.h"
#include "load/native_mapping.h"
#include "load/native_stage.h"
#include "load/progress.h"

/* Rows that are fetched at a time: so many, or fewer where they are long. */
#define FETCH_ROWS	100
#define FETCH_BYTES	(256 * 1024)

/*
 * In front of the mapping's query.  OFFSET 0 keeps the planner from putting a
 * call where each use of the column is.
 */
static const char raw[] =
"WITH raw AS NOT MATERIALIZED (SELECT file, line, focus_internal.staged_record(file, line, sent) AS record, "
"focus_internal.staged_cells(file, line, sent) AS cells FROM staged OFFSET 0) ";

struct FocusNative
{
	FocusDelivery *delivery;
	FocusRows  *rows;
	FocusMapping *mapping;
	FocusStage *stage;
	MemoryContext context;		/* as long as the load */
	MemoryContext scratch;		/* of a row */

	/* the results */
	FmgrInfo   *out;			/* of each column's type */
	Datum	   *values;			/* of the result at work */
	bool	   *nulls;
	int			file;			/* at work, from 1; 0: none yet */
};

static Portal open_query(FocusNative *native);
static SPITupleTable *fetch(FocusNative *native, Portal portal, uint64 *n);
static void prepare_output(FocusNative *native, TupleDesc desc);
static void require_type(const FocusNative *native, TupleDesc desc, int column, Oid type, const char *name);
static void hand_on(FocusNative *native, HeapTuple tuple, TupleDesc desc);
static void begin_results(FocusNative *native, int file);
static const char *file_name(const FocusNative *native, int file);
static char *value_text(FocusNative *native, TupleDesc desc, int column);
static char *instant_text(Timestamp instant, bool with_time);
static void error_context(void *arg);

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
	native->stage = focus_stage_create(delivery);
	delivery->dataset = &focus_cost_and_usage;
	focus_progress_start(delivery, get_relname_relid(delivery->dataset->table, get_namespace_oid(delivery->schema, false)));
	focus_progress_phase(FOCUS_PROGRESS_READING);
	if (focus_delivery_provider(delivery) == NULL)
		delivery->source_provider = read->provider;
	return native;
}

/* Where the rows of the files wait. */
FocusStage *
focus_native_stage(FocusNative *native)
{
	return native->stage;
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

		SPI_cursor_fetch(portal, true, 1);
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

			if (record == NULL || !JB_ROOT_IS_OBJECT(record))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("record " INT64_FORMAT " is not a JSON object", native->stage->count + 1)));
			text = JsonbToCString(NULL, &record->root, VARSIZE(record));
			on_bytes(text, strlen(text), arg);
			on_bytes("\n", 1, arg);
			focus_stage_add_record(native->stage, record);
			MemoryContextReset(native->scratch);
		}
		SPI_freetuptable(table);
	} while (n > 0);
	SPI_cursor_close(portal);
	return native->stage->count;
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

	focus_progress_phase(FOCUS_PROGRESS_MAPPING);
	error_context_stack = &callback;
	portal = open_query(native);
	prepare_output(native, portal->tupDesc);
	while (!delivery->refused && (table = fetch(native, portal, &n)) != NULL)
	{
		error_context_stack = callback.previous;
		for (uint64 i = 0; i < n; i++)
			hand_on(native, table->vals[i], table->tupdesc);
		SPI_freetuptable(table);
		focus_progress_update(delivery, NULL);
		error_context_stack = &callback;
	}
	error_context_stack = callback.previous;
	SPI_cursor_close(portal);
	focus_stage_end(native->stage);
	if (native->file == 0)
		begin_results(native, 1);
	focus_rows_end_file(native->rows);
	delivery->record = NULL;
	delivery->focus_version = delivery->options.focus_version;
	delivery->provider = focus_delivery_provider(delivery);
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
	int			settings = pin_settings();
	SPIPlanPtr	plan;
	Portal		portal;

	focus_stage_register(native->stage);
	plan = SPI_prepare(psprintf("%s%s", raw, native->mapping->query), 0, NULL);
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
fetch(FocusNative *native, Portal portal, uint64 *n)
{
	int64		room = FETCH_BYTES / (native->stage->bytes / Max(native->stage->nrows, 1) + 1);
	FocusStage *other;
	SPITupleTable *table;
	int			settings = pin_settings();

	other = focus_stage_set_at_work(native->stage);
	SPI_cursor_fetch(portal, true, Max(Min(room, FETCH_ROWS), 1));
	focus_stage_set_at_work(other);
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
	native->values = palloc(desc->natts * sizeof(Datum));
	native->nulls = palloc(desc->natts * sizeof(bool));
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
	int			file;

	MemoryContextSwitchTo(native->scratch);
	heap_deform_tuple(tuple, desc, native->values, native->nulls);
	file = DatumGetInt32(native->values[FOCUS_MAPPING_FILE - 1]);
	row.line = DatumGetInt64(native->values[FOCUS_MAPPING_LINE - 1]);
	if (native->nulls[FOCUS_MAPPING_FILE - 1] || native->nulls[FOCUS_MAPPING_LINE - 1] ||
		native->nulls[FOCUS_MAPPING_RECORD - 1] || file < 1 || file > list_length(native->stage->files))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("records of mapping \"%s\" lack file, line or record", mapping->name)));
	if (file != native->file)
		begin_results(native, file);
	delivery->record = DatumGetJsonbP(native->values[FOCUS_MAPPING_RECORD - 1]);

	fields = palloc0((mapping->ntargets + 1) * sizeof(FocusField));
	row.nfields = mapping->ntargets;
	row.fields = fields;
	row.ascii = true;			/* in the server's encoding */
	if ((why = value_text(native, desc, FOCUS_MAPPING_LEAVE_OUT)) != NULL)
	{
		FocusField	example = {mapping->name, strlen(mapping->name)};

		focus_delivery_find(delivery, mapping->name, focus_delivery_word(delivery, why),
							file_name(native, file), row.line, &example);
	}
	else
	{
		for (int i = 0; i < mapping->ntargets; i++)
		{
			char	   *text = value_text(native, desc, FOCUS_MAPPING_COLUMNS + 1 + i);

			fields[i].data = text != NULL ? text : "";
			fields[i].len = strlen(fields[i].data);
			row.len += fields[i].len + 1;
		}
		row.len += VARSIZE(delivery->record);
		why = value_text(native, desc, FOCUS_MAPPING_REJECT);
		if (why != NULL)
			focus_delivery_reject(delivery, focus_delivery_part(delivery, delivery->options.source, false, 0, NULL),
								  NULL, file_name(native, file), &row, -1, ERRCODE_DATA_EXCEPTION, why);
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

	if (native->file == 0)
	{
		focus_rows_begin_file(native->rows, file_name(native, file), false);
		focus_rows_add(native->rows, &header);
	}
	focus_rows_go_to_file(native->rows, file, file_name(native, file));
	native->file = file;
	MemoryContextSwitchTo(native->scratch);
}

static const char *
file_name(const FocusNative *native, int file)
{
	return focus_stage_file(native->stage, file)->name;
}

/* A result's value as a file would have it; NULL for a null. */
static char *
value_text(FocusNative *native, TupleDesc desc, int column)
{
	int			overflow;
	Datum		value = native->values[column - 1];
	Oid			type = TupleDescAttr(desc, column - 1)->atttypid;

	if (native->nulls[column - 1])
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

/* Which row was read last; a query that sorts has read them all. */
static void
error_context(void *arg)
{
	FocusNative *native = arg;

	if (native->stage->file_at == 0)
		errcontext("mapping \"%s\"", native->mapping->name);
	else
		errcontext("mapping \"%s\", row read last: line " INT64_FORMAT " of file \"%s\"", native->mapping->name,
				   native->stage->line_at, file_name(native, native->stage->file_at));
}
