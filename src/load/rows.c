/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Rows of files -> rows of a dataset's table.
 *
 * The first row of a CSV file is its header; that of a JSON file may grow
 * between its rows.  Every other row is put into the load of its source and
 * billing period, converted cell by cell and stored, or put into quarantine.
 *
 * What the provider sent is stored as sent.  Cells that FOCUS has no column
 * for, and cells that do not fit their column's type, go to x_columns as text.
 * Whatever was read that is not FOCUS to the letter is noted and becomes a
 * finding or, if the delivery is strict, rejects the row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "common/string.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "load/cell.h"
#include "load/group_sink.h"
#include "load/place.h"
#include "load/progress.h"
#include "load/rows.h"
#include "load/sink.h"
#include "types/tags.h"

#define BATCH_MEMORY	(32 * 1024 * 1024)	/* rejected rows count as well */
#define GROUP_BATCH_MEMORY	(1024 * 1024)	/* values need not stay for groups */

/* No file of a delivery may have one of these that another lacks. */
#define NCOSTS		4
static const char *const costs[NCOSTS] = {"BilledCost", "ContractedCost", "EffectiveCost", "ListCost"};

const char	focus_rows_beyond[] = "empty fields beyond the header left out";

static const char kept_as_text[] = "kept as text in x_columns";
static const char month_taken[] = "month of ChargePeriodStart taken for the billing period";
static const char own_column[] = "tag read from a column of its own";

struct FocusRows
{
	FocusDelivery *delivery;
	const FocusDataset *expected;
	MemoryContext context;		/* as long as the load */
	MemoryContext batch;		/* values not yet stored */

	/* the file being read */
	const char *file;
	FocusHeader *header;		/* NULL before its first row */
	const char **findings;		/* of each field of the row, or NULL */
	bool	   *keep;			/* the field's text goes to x_columns */
	bool		has_tags;		/* fields of one tag each are in the tags */
	bool		noted;			/* a row has left any of these */
	char	   *beyond;			/* "#n" of the first field beyond the header */
	bool		from_client;
	bool		is_json;		/* the header may grow */
	int64		count;			/* rows but the header */
	FocusLines	lines;			/* for error context */
	const char *column;			/* for error context, or NULL */

	/* the last file that was compared, and which costs it has */
	const char *costs_file;
	bool		costs_there[NCOSTS];

	/* the table; NULL before the first header */
	Relation	rel;
	FocusGroupSink *groups;		/* NULL: rows go to sink */
	FocusSink  *sink;			/* NULL: rows go to groups */
	FocusCellReader *cells;
	FocusPlace *place;
	AttrNumber *attnums;		/* of the dataset's columns */
	AttrNumber	x_columns;
	AttrNumber	x_loadid;

	/* dataset columns that are looked at here; -1: not in the dataset */
	int			billing_period_start;
	int			billing_period_end;
	int			charge_period_start;
	int			charge_class;
	int			billing_currency;
	int			costs[FOCUS_TOTALS_COSTS];
	int			tags;
	int			provider_name;
	int			service_provider_name;
};

static void read_header(FocusRows *rows, const FocusRow *row);
static void compare_costs(FocusRows *rows);
static void make_room_for_notes(FocusRows *rows);
static void open_table(FocusRows *rows, const FocusDataset *dataset);
static AttrNumber find_attribute(Relation rel, const char *name);
static const FocusField *check_row(FocusRows *rows, const FocusRow *row);
static bool convert_fields(FocusRows *rows, const FocusRow *row, FocusField *fields);
static void reject_unplaced(FocusRows *rows, const FocusRow *row, int field, int sqlerrcode, const char *why);
static void store_row(FocusRows *rows, const FocusRow *row, const FocusField *fields);
static void note_charge(FocusRows *rows, FocusLoadPart *part, const FocusField *fields);
static void store_in_slot(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields);
static bool read_cells(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
					   TupleTableSlot *slot);
static void fill_provider(FocusRows *rows, const FocusField *fields, TupleTableSlot *slot);
static void store_in_group(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields);
static bool code_cells(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
					   FocusTotalsCost *costs, bool *has_others);
static void code_provider(FocusRows *rows, const FocusField *fields);
static void fill_period(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
						TupleTableSlot *slot);
static void set_value(FocusRows *rows, TupleTableSlot *slot, AttrNumber attnum, Datum value);
static void fill_tags(FocusRows *rows, const FocusField *fields, TupleTableSlot *slot);
static bool has_tag(const FocusRows *rows, const char *key, int nfields);
static void note_others(FocusRows *rows, const FocusField *fields);
static void forget_notes(FocusRows *rows);
static bool reject_noted(FocusRows *rows, FocusLoadPart *part, const FocusRow *row);
static void note_cell(FocusRows *rows, int field, FocusCellStatus status, const FocusCell *cell);
static void write_findings(FocusRows *rows, const FocusRow *row, const FocusField *fields);
static void reset_batch(FocusRows *rows);
static Datum x_columns_datum(FocusRows *rows, const FocusField *fields, bool *isnull);
static void push_record(JsonbParseState **state, Jsonb *record);
static void add_slot_totals(FocusRows *rows, FocusLoadPart *part, TupleTableSlot *slot);

/*
 * Rows of a delivery; expected, if given, is the dataset that they must be of.
 * Lives in the current memory context.
 */
FocusRows *
focus_rows_create(FocusDelivery *delivery, const FocusDataset *expected)
{
	FocusRows  *rows = palloc0(sizeof(FocusRows));

	rows->delivery = delivery;
	rows->expected = expected;
	rows->context = CurrentMemoryContext;
	rows->batch = AllocSetContextCreate(rows->context, "focus load batch", ALLOCSET_DEFAULT_SIZES);
	return rows;
}

/*
 * The rows to come are of that file, the first one being its header.
 */
void
focus_rows_begin_file(FocusRows *rows, const char *file, bool from_client)
{
	rows->file = MemoryContextStrdup(rows->context, file);
	rows->from_client = from_client;
	rows->is_json = false;
	rows->header = NULL;
	rows->count = 0;
}

/*
 * The rows to come are of the file of that number, from 1, which has the same
 * header.  It may be one that there have been rows of.  Its name has to stay
 * where it is.
 */
void
focus_rows_go_to_file(FocusRows *rows, int number, const char *file)
{
	rows->file = file;
	rows->delivery->file_number = number;
	focus_place_go_to_file(rows->place, number, file);
}

/*
 * Takes the names of a JSON file's columns, which are those that it had before
 * and more behind them.
 */
void
focus_rows_name(FocusRows *rows, const FocusRow *row)
{
	MemoryContext caller = MemoryContextSwitchTo(rows->context);

	rows->is_json = true;
	rows->lines.first = rows->lines.last = row->line;
	if (rows->header == NULL)
		read_header(rows, row);
	else
	{
		focus_header_extend(rows->header, row, rows->file);
		make_room_for_notes(rows);
		focus_place_forget(rows->place);
	}
	rows->lines.first = rows->lines.last = 0;
	MemoryContextSwitchTo(caller);
}

/*
 * Takes the next row of the file.
 */
void
focus_rows_add(FocusRows *rows, const FocusRow *row)
{
	MemoryContext caller;

	/* psql sends the line that ends in-line data along with it */
	if (rows->from_client && row->nfields == 1 && strcmp(row->fields[0].data, "\\.") == 0)
		return;

	rows->lines.first = rows->lines.last = row->line;
	if (rows->header == NULL)
	{
		caller = MemoryContextSwitchTo(rows->context);
		read_header(rows, row);
		MemoryContextSwitchTo(caller);
	}
	else
	{
		rows->count++;
		if (!rows->delivery->refused)
		{
			const FocusField *fields;

			caller = MemoryContextSwitchTo(rows->batch);
			fields = check_row(rows, row);
			if (fields != NULL)
			{
				focus_header_choose(rows->header, fields);
				store_row(rows, row, fields);
			}
			MemoryContextSwitchTo(caller);
			if (MemoryContextMemAllocated(rows->batch, false) >
				(rows->groups != NULL ? GROUP_BATCH_MEMORY : BATCH_MEMORY))
				reset_batch(rows);
		}
	}
	rows->lines.first = rows->lines.last = 0;
	rows->column = NULL;
}

/*
 * Stores what is pending of the file, while errors can name it, and returns
 * the number of its rows without the header.  A group may go on with the next
 * file.  A file without header is an error.
 */
int64
focus_rows_end_file(FocusRows *rows)
{
	FocusDelivery *delivery = rows->delivery;

	if (rows->header == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is empty", rows->file),
				 errhint("A FOCUS file has at least a header line, or one JSON object.")));
	reset_batch(rows);
	if (rows->is_json)
	{
		focus_header_require(rows->header, rows->file, delivery->options.strict);
		compare_costs(rows);
	}
	focus_place_end_file(rows->place);
	if (delivery->focus_version == NULL)
		delivery->focus_version = rows->header->focus_version;
	if (delivery->provider == NULL)
		delivery->provider = rows->header->provider;
	return rows->count;
}

/*
 * Ends storing; the table stays locked until the transaction ends.
 */
void
focus_rows_close(FocusRows *rows)
{
	if (rows->groups != NULL)
		focus_group_sink_close(rows->groups);
	else
		focus_sink_close(rows->sink);
	table_close(rows->rel, NoLock);
}

/*
 * For an error context callback whose argument is the rows.
 */
void
focus_rows_error_context(void *arg)
{
	FocusRows  *rows = arg;

	if (rows->file == NULL || rows->lines.first == 0)
		return;
	if (rows->lines.first != rows->lines.last)
		errcontext("file \"%s\", lines " INT64_FORMAT " to " INT64_FORMAT,
				   rows->file, rows->lines.first, rows->lines.last);
	else if (rows->column != NULL)
		errcontext("file \"%s\", line " INT64_FORMAT ", column %s", rows->file, rows->lines.first, rows->column);
	else
		errcontext("file \"%s\", line " INT64_FORMAT, rows->file, rows->lines.first);
}

/*
 * The first row of a file.
 */
static void
read_header(FocusRows *rows, const FocusRow *row)
{
	FocusDelivery *delivery = rows->delivery;

	rows->header = focus_header_parse(row, rows->file, rows->is_json);
	if (!rows->is_json)
	{
		focus_header_require(rows->header, rows->file, delivery->options.strict);
		compare_costs(rows);
	}
	make_room_for_notes(rows);
	if (rows->expected != NULL && rows->header->dataset != rows->expected)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is of dataset %s, not %s", rows->file,
						rows->header->dataset->id, rows->expected->id)));
	if (rows->rel == NULL)
		open_table(rows, rows->header->dataset);
	else if (rows->header->dataset != delivery->dataset)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is of dataset %s, other files of the delivery are of %s", rows->file,
						rows->header->dataset->id, delivery->dataset->id),
				 errhint("Load the datasets one by one.")));
	focus_place_begin_file(rows->place, rows->header, rows->file);
}

/*
 * A cost that one file of the delivery has and another lacks is likely to have
 * been renamed, and would be lost without a word.
 */
static void
compare_costs(FocusRows *rows)
{
	const FocusHeader *header = rows->header;

	if (!header->dataset->has_period)
		return;
	for (int i = 0; i < NCOSTS; i++)
	{
		bool		there = header->fields[focus_dataset_column(header->dataset, costs[i])] >= 0;

		if (rows->costs_file != NULL && there != rows->costs_there[i])
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("\"%s\" has no column \"%s\", which \"%s\" of the same delivery has",
							there ? rows->costs_file : rows->file, costs[i], there ? rows->file : rows->costs_file),
					 errhint("Rename the column if it goes by another name in the file, or load the files in separate calls.")));
		rows->costs_there[i] = there;
	}
	rows->costs_file = rows->file;
}

/* What is to be said of each field of a row; nothing yet. */
static void
make_room_for_notes(FocusRows *rows)
{
	rows->findings = palloc0(rows->header->max_fields * sizeof(char *));
	rows->keep = palloc0(rows->header->max_fields * sizeof(bool));
	rows->beyond = psprintf("#%d", rows->header->nfields + 1);
	rows->noted = false;
}

/*
 * Opens the dataset's table for the caller's role.
 */
static void
open_table(FocusRows *rows, const FocusDataset *dataset)
{
	FocusDelivery *delivery = rows->delivery;
	Oid			relid = get_relname_relid(dataset->table, get_namespace_oid(delivery->schema, false));
	AclResult	right;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist", delivery->schema, dataset->table)));
	rows->rel = table_open(relid, RowExclusiveLock);
	right = pg_class_aclcheck(relid, GetUserId(), ACL_INSERT);
	if (right != ACLCHECK_OK)
		aclcheck_error(right, OBJECT_TABLE, dataset->table);
	if (check_enable_rls(relid, InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("loading is not supported with row-level security"),
				 errhint("Load as a role that bypasses the policies of table \"%s\".", dataset->table)));
	PreventCommandIfReadOnly("focus_load");

	focus_progress_start(delivery, relid);
	delivery->dataset = dataset;
	rows->attnums = palloc(dataset->ncolumns * sizeof(AttrNumber));
	for (int i = 0; i < dataset->ncolumns; i++)
		rows->attnums[i] = find_attribute(rows->rel, dataset->columns[i].name);
	rows->x_columns = find_attribute(rows->rel, "x_columns");
	rows->x_loadid = find_attribute(rows->rel, "x_loadid");

	rows->billing_period_start = focus_dataset_column(dataset, "BillingPeriodStart");
	rows->billing_period_end = focus_dataset_column(dataset, "BillingPeriodEnd");
	rows->charge_period_start = focus_dataset_column(dataset, "ChargePeriodStart");
	rows->charge_class = focus_dataset_column(dataset, "ChargeClass");
	rows->billing_currency = focus_dataset_column(dataset, "BillingCurrency");
	rows->costs[FOCUS_TOTALS_BILLED] = focus_dataset_column(dataset, "BilledCost");
	rows->costs[FOCUS_TOTALS_EFFECTIVE] = focus_dataset_column(dataset, "EffectiveCost");
	rows->tags = focus_dataset_column(dataset, "Tags");
	rows->provider_name = focus_dataset_column(dataset, "ProviderName");
	rows->service_provider_name = focus_dataset_column(dataset, "ServiceProviderName");

	rows->cells = focus_cell_reader_create(rows->batch);
	rows->place = focus_place_create(delivery, rows->cells);
	rows->groups = focus_group_sink_open(rows->rel, dataset, rows->attnums, rows->cells);
	if (rows->groups == NULL)
		rows->sink = focus_sink_open(rows->rel, &rows->lines);
}

static AttrNumber
find_attribute(Relation rel, const char *name)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		if (!attr->attisdropped && pg_strcasecmp(NameStr(attr->attname), name) == 0)
			return attr->attnum;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("table \"%s\" has no column \"%s\"", RelationGetRelationName(rel), name)));
}

/*
 * The fields in the server's encoding, if the row is well-formed text with the
 * header's number of fields; if not, the row has been rejected, and the result is NULL.
 */
static const FocusField *
check_row(FocusRows *rows, const FocusRow *row)
{
	const FocusHeader *header = rows->header;
	FocusField *fields;
	int			extra = 0;

	if (row->broken != NULL)
	{
		reject_unplaced(rows, row, -1, ERRCODE_INVALID_JSON_TEXT, row->broken);
		return NULL;
	}
	for (int i = header->nfields; i < row->nfields; i++)
	{
		if (row->fields[i].len > 0)
			extra++;
	}
	if (row->nfields < header->nfields || extra > 0 ||
		(row->nfields > header->nfields && rows->delivery->options.strict))
	{
		reject_unplaced(rows, row, -1, ERRCODE_BAD_COPY_FILE_FORMAT,
						psprintf("row has %d fields, the header has %d", row->nfields, header->nfields));
		return NULL;
	}
	if (row->ascii)
		return row->fields;		/* as it is in any encoding of a server */
	fields = palloc(header->nfields * sizeof(FocusField));
	return convert_fields(rows, row, fields) ? fields : NULL;
}

/* False when the row has been rejected. */
static bool
convert_fields(FocusRows *rows, const FocusRow *row, FocusField *fields)
{
	const FocusHeader *header = rows->header;

	for (int i = 0; i < header->nfields; i++)
	{
		const FocusField *field = &row->fields[i];

		fields[i] = *field;
		if (field->len == 0)
			continue;
		if (!pg_verify_mbstr(PG_UTF8, field->data, field->len, true))
		{
			reject_unplaced(rows, row, i, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, "not UTF-8 text");
			return false;
		}
		if (!focus_field_to_server(field, &fields[i]))
		{
			reject_unplaced(rows, row, i, ERRCODE_UNTRANSLATABLE_CHARACTER,
							"has characters that the database's encoding lacks");
			return false;
		}
	}
	return true;
}

/* Rejects a row whose billing period is not known. */
static void
reject_unplaced(FocusRows *rows, const FocusRow *row, int field, int sqlerrcode, const char *why)
{
	FocusDelivery *delivery = rows->delivery;

	focus_delivery_reject(delivery, focus_delivery_part(delivery, delivery->options.source, false, 0, NULL),
						  rows->header, rows->file, row, field, sqlerrcode, why);
}

/* UTF-8 -> the server's encoding, in the current memory context. */
bool
focus_field_to_server(const FocusField *field, FocusField *converted)
{
	int			encoding = GetDatabaseEncoding();
	Oid			proc;
	size_t		size;
	char	   *data;

	*converted = *field;
	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || pg_is_ascii(field->data))
		return true;
	proc = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(proc))
		return false;
	size = add_size(mul_size(field->len, MAX_CONVERSION_GROWTH), 1);
	data = palloc(size);
	if (pg_do_encoding_conversion_buf(proc, PG_UTF8, encoding, (unsigned char *) field->data, field->len,
									  (unsigned char *) data, size, true) != field->len)
		return false;
	converted->data = data;
	converted->len = strlen(data);
	return true;
}

/*
 * Converts the row and stores it, or rejects it.
 */
static void
store_row(FocusRows *rows, const FocusRow *row, const FocusField *fields)
{
	FocusCell	cell;
	int			bad_field = -1;
	FocusLoadPart *part = focus_place_find(rows->place, row, fields, &bad_field, &cell);

	if (part == NULL)
	{
		reject_unplaced(rows, row, bad_field, cell.sqlerrcode, cell.why);
		return;
	}
	if (!part->has_charges)
		note_charge(rows, part, fields);
	if (rows->delivery->refused)
		return;
	if (rows->groups != NULL)
		store_in_group(rows, part, row, fields);
	else
		store_in_slot(rows, part, row, fields);
}

/* Only corrections may be added to a closed billing period. */
static void
note_charge(FocusRows *rows, FocusLoadPart *part, const FocusField *fields)
{
	static const char correction[] = "Correction";
	const FocusField *field = focus_header_field(rows->header, fields, rows->charge_class);

	part->has_charges = (field->len != sizeof(correction) - 1 || memcmp(field->data, correction, field->len) != 0);
	if (part->closed && part->has_charges)
		rows->delivery->refused = true;
}

static void
store_in_slot(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields)
{
	TupleTableSlot *slot = focus_sink_next_slot(rows->sink);
	bool		isnull;

	if (!read_cells(rows, part, row, fields, slot))
		return;
	fill_provider(rows, fields, slot);
	note_others(rows, fields);
	fill_tags(rows, fields, slot);
	if (reject_noted(rows, part, row))
		return;
	fill_period(rows, part, row, fields, slot);
	slot->tts_values[rows->x_columns - 1] = x_columns_datum(rows, fields, &isnull);
	slot->tts_isnull[rows->x_columns - 1] = isnull;
	slot->tts_values[rows->x_loadid - 1] = Int64GetDatum(part->loadid);
	slot->tts_isnull[rows->x_loadid - 1] = false;
	write_findings(rows, row, fields);
	add_slot_totals(rows, part, slot);
	part->rows_stored++;
	if (focus_sink_store(rows->sink, slot, row->line, row->len))
		reset_batch(rows);
}

/*
 * Fills the slot's columns from the cells, and notes what else is to be said
 * of them.  False when a cell could not be read and the row has been rejected.
 */
static bool
read_cells(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
		   TupleTableSlot *slot)
{
	FocusDelivery *delivery = rows->delivery;
	const FocusHeader *header = rows->header;

	forget_notes(rows);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	for (int i = 0; i < header->nfields; i++)
	{
		int			column = header->columns[i];
		AttrNumber	attnum;
		FocusCell	cell;
		FocusCellStatus status;

		if (column < 0)
			continue;
		rows->column = header->names[i];
		status = focus_cell_read(rows->cells, &delivery->dataset->columns[column], &fields[i], &cell);
		if (status == FOCUS_CELL_BAD)
		{
			focus_delivery_reject(delivery, part, header, rows->file, row, i, cell.sqlerrcode, cell.why);
			return false;
		}
		if (status == FOCUS_CELL_MISFIT || cell.keep_text || cell.finding != NULL)
			note_cell(rows, i, status, &cell);
		attnum = rows->attnums[column];
		slot->tts_values[attnum - 1] = cell.value;
		slot->tts_isnull[attnum - 1] = cell.isnull;
	}
	rows->column = NULL;
	return true;
}

/*
 * ServiceProviderName of rows that have no column for it: what an older column
 * says, or whoever knows.
 */
static void
fill_provider(FocusRows *rows, const FocusField *fields, TupleTableSlot *slot)
{
	const char *named = focus_delivery_provider(rows->delivery);
	AttrNumber	to;
	AttrNumber	from;

	if (rows->service_provider_name < 0 || !focus_header_lacks(rows->header, fields, rows->service_provider_name))
		return;
	to = rows->attnums[rows->service_provider_name];
	from = rows->attnums[rows->provider_name];
	if (!slot->tts_isnull[from - 1])
	{
		slot->tts_values[to - 1] = slot->tts_values[from - 1];
		slot->tts_isnull[to - 1] = false;
	}
	else if (named != NULL)
	{
		slot->tts_values[to - 1] = CStringGetTextDatum(named);
		slot->tts_isnull[to - 1] = false;
	}
}

/*
 * The same as store_in_slot(), but in codes.
 */
static void
store_in_group(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields)
{
	FocusTotalsCost costs[FOCUS_TOTALS_COSTS];
	const FocusField *currency = focus_header_field(rows->header, fields, rows->billing_currency);
	bool		has_others;
	bool		spelled;

	/*
	 * Values of rejected rows count as well, so this comes first.  Files come
	 * by provider or month as a rule, so where a load begins a group ends, if
	 * there are rows enough: loads that are replaced together then have groups
	 * of their own, which can be deleted as such.
	 */
	if (focus_group_sink_is_full(rows->groups) ||
		(part->rows_stored == 0 && focus_group_sink_is_worth_a_group(rows->groups)))
	{
		FocusLines	lines = rows->lines;

		rows->lines.first = rows->lines.last = 0;
		focus_group_sink_flush(rows->groups);
		rows->lines = lines;
	}

	focus_group_sink_begin_row(rows->groups);
	if (!code_cells(rows, part, row, fields, costs, &has_others))
		return;
	code_provider(rows, fields);
	if (has_others)
	{
		note_others(rows, fields);
		fill_tags(rows, fields, NULL);
	}
	if (reject_noted(rows, part, row))
		return;
	fill_period(rows, part, row, fields, NULL);
	if (has_others)
	{
		bool		isnull;
		Datum		others = x_columns_datum(rows, fields, &isnull);

		if (!isnull)
			focus_group_sink_datum(rows->groups, rows->x_columns, others);
		write_findings(rows, row, fields);
	}
	focus_group_sink_datum(rows->groups, rows->x_loadid, Int64GetDatum(part->loadid));
	if (focus_cell_is_null_of(&rows->delivery->dataset->columns[rows->billing_currency], currency, &spelled))
		focus_totals_add(part->totals, NULL, 0, costs);
	else
		focus_totals_add(part->totals, currency->data, currency->len, costs);
	part->rows_stored++;
	focus_group_sink_end_row(rows->groups);
}

/*
 * Codes the cells.  *has_others: some cells have no column, or something is to
 * be said of them.  False when a cell could not be read and the row has been
 * rejected.
 */
static bool
code_cells(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
		   FocusTotalsCost *costs, bool *has_others)
{
	const FocusHeader *header = rows->header;

	*has_others = row->nfields > header->nfields || rows->delivery->record != NULL;
	forget_notes(rows);
	for (int k = 0; k < FOCUS_TOTALS_COSTS; k++)
		costs[k].isnull = true;
	for (int i = 0; i < header->nfields; i++)
	{
		int			column = header->columns[i];
		FocusCell	cell;
		FocusCellStatus status;

		if (fields[i].len == 0)
			continue;
		if (column < 0)
		{
			*has_others = true;
			continue;
		}
		rows->column = header->names[i];
		status = focus_group_sink_cell(rows->groups, column, &fields[i], &cell);
		if (status == FOCUS_CELL_BAD)
		{
			focus_delivery_reject(rows->delivery, part, header, rows->file, row, i, cell.sqlerrcode, cell.why);
			return false;
		}
		if (status == FOCUS_CELL_MISFIT || cell.keep_text || cell.finding != NULL)
		{
			note_cell(rows, i, status, &cell);
			*has_others = true;
		}
		for (int k = 0; k < FOCUS_TOTALS_COSTS; k++)
		{
			if (column == rows->costs[k])
			{
				costs[k].isnull = cell.isnull;
				costs[k].is_decimal = cell.is_decimal;
				costs[k].decimal = cell.decimal;
				costs[k].value = cell.is_decimal || cell.isnull ? NULL : DatumGetNumeric(cell.value);
			}
		}
	}
	rows->column = NULL;
	return true;
}

/* The same as fill_provider(), but in codes. */
static void
code_provider(FocusRows *rows, const FocusField *fields)
{
	const char *named = focus_delivery_provider(rows->delivery);
	const FocusField *field;
	AttrNumber	to;
	bool		spelled;

	if (rows->service_provider_name < 0 || !focus_header_lacks(rows->header, fields, rows->service_provider_name))
		return;
	to = rows->attnums[rows->service_provider_name];
	field = focus_header_field(rows->header, fields, rows->provider_name);
	if (!focus_cell_is_null(field->data, field->len, &spelled))
		focus_group_sink_text(rows->groups, to, field->data, field->len);
	else if (named != NULL)
		focus_group_sink_text(rows->groups, to, named, strlen(named));
}

/*
 * The billing period of rows that tell none: the month that the charge began
 * in.  In codes where slot is NULL.
 */
static void
fill_period(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields, TupleTableSlot *slot)
{
	if (!rows->header->lacks_period)
		return;
	set_value(rows, slot, rows->attnums[rows->billing_period_start], TimestampTzGetDatum(part->period));
	if (focus_header_lacks(rows->header, fields, rows->billing_period_end))
		set_value(rows, slot, rows->attnums[rows->billing_period_end],
				  TimestampTzGetDatum(focus_place_month(part->period, 1)));
	focus_delivery_find(rows->delivery, "BillingPeriodStart", month_taken,
						rows->file, row->line, focus_header_field(rows->header, fields, rows->charge_period_start));
}

/* Sets a column of the row, which is NULL so far, in codes where slot is NULL. */
static void
set_value(FocusRows *rows, TupleTableSlot *slot, AttrNumber attnum, Datum value)
{
	if (slot == NULL)
		focus_group_sink_datum(rows->groups, attnum, value);
	else
	{
		slot->tts_values[attnum - 1] = value;
		slot->tts_isnull[attnum - 1] = false;
	}
}

/*
 * The tags of a row that has a column for each.  Where they make no map, which
 * is when one is too long, they stay in x_columns.  In codes where slot is NULL.
 */
static void
fill_tags(FocusRows *rows, const FocusField *fields, TupleTableSlot *slot)
{
	const FocusHeader *header = rows->header;
	FocusTagsError error;
	struct varlena *tags;
	StringInfoData json;
	bool		spelled;

	rows->has_tags = false;
	if (!header->has_tag_keys || !focus_header_lacks(header, fields, rows->tags))
		return;
	initStringInfo(&json);
	for (int i = 0; i < header->nfields; i++)
	{
		if (header->tag_keys[i] == NULL || focus_cell_is_null(fields[i].data, fields[i].len, &spelled) ||
			has_tag(rows, header->tag_keys[i], i))
			continue;
		appendStringInfoChar(&json, json.len == 0 ? '{' : ',');
		escape_json(&json, header->tag_keys[i]);
		appendStringInfoChar(&json, ':');
		escape_json(&json, fields[i].data);
		rows->findings[i] = own_column;
		rows->noted = true;
	}
	if (json.len == 0)
		return;
	appendStringInfoChar(&json, '}');
	tags = focus_tags_from_bytes(json.data, json.len, &error);
	rows->has_tags = (tags != NULL);
	if (tags != NULL)
		set_value(rows, slot, rows->attnums[rows->tags], PointerGetDatum(tags));
	for (int i = 0; i < header->nfields && tags == NULL; i++)
	{
		if (header->tag_keys[i] != NULL)
			rows->findings[i] = NULL;
	}
}

/* Has the row that tag by one of its first nfields fields? */
static bool
has_tag(const FocusRows *rows, const char *key, int nfields)
{
	const FocusHeader *header = rows->header;

	for (int i = 0; i < nfields && header->has_equal_tag_keys; i++)
	{
		if (header->tag_keys[i] != NULL && rows->findings[i] == own_column && strcmp(header->tag_keys[i], key) == 0)
			return true;
	}
	return false;
}

/* Words for null in cells that have no column. */
static void
note_others(FocusRows *rows, const FocusField *fields)
{
	const FocusHeader *header = rows->header;

	for (int i = 0; i < header->nfields; i++)
	{
		bool		spelled;

		if (header->columns[i] < 0 && focus_cell_is_null(fields[i].data, fields[i].len, &spelled) && spelled)
		{
			rows->findings[i] = focus_cell_null_as_word;
			rows->noted = true;
		}
	}
}

/* Nothing has been said of the row to come. */
static void
forget_notes(FocusRows *rows)
{
	if (!rows->noted)
		return;
	memset(rows->findings, 0, rows->header->nfields * sizeof(char *));
	memset(rows->keep, 0, rows->header->nfields * sizeof(bool));
	rows->noted = false;
}

/*
 * Rejects a row of which something was noted, if the delivery is strict, or that
 * does not tell its billing period.
 */
static bool
reject_noted(FocusRows *rows, FocusLoadPart *part, const FocusRow *row)
{
	if (!rows->delivery->options.strict)
		return false;
	if (rows->header->lacks_period)
	{
		focus_delivery_reject(rows->delivery, part, rows->header, rows->file, row,
							  rows->header->fields[rows->charge_period_start], ERRCODE_DATA_EXCEPTION,
							  psprintf("strict: %s", month_taken));
		return true;
	}
	if (!rows->noted)
		return false;
	for (int i = 0; i < rows->header->nfields; i++)
	{
		const char *finding = rows->findings[i];

		if (finding == NULL)
			continue;
		focus_delivery_reject(rows->delivery, part, rows->header, rows->file, row, i, ERRCODE_DATA_EXCEPTION,
							  psprintf("strict: %s", finding == kept_as_text ? "does not fit the column's type" : finding));
		return true;
	}
	return false;
}

/* Notes what is to be said of the cell of a field. */
static void
note_cell(FocusRows *rows, int field, FocusCellStatus status, const FocusCell *cell)
{
	rows->keep[field] = status == FOCUS_CELL_MISFIT || cell->keep_text;
	rows->findings[field] = status == FOCUS_CELL_MISFIT ? kept_as_text : cell->finding;
	rows->noted = true;
}

static void
write_findings(FocusRows *rows, const FocusRow *row, const FocusField *fields)
{
	const FocusHeader *header = rows->header;

	if (row->nfields > header->nfields)
		focus_delivery_find(rows->delivery, rows->beyond, focus_rows_beyond,
							rows->file, row->line, &row->fields[header->nfields]);
	for (int i = 0; i < header->nfields && rows->noted; i++)
	{
		if (rows->findings[i] != NULL)
			focus_delivery_find(rows->delivery, header->names[i], rows->findings[i], rows->file, row->line, &fields[i]);
	}
}

/* Stores what is pending, and frees the memory of the batch. */
static void
reset_batch(FocusRows *rows)
{
	if (rows->sink != NULL)
		focus_sink_flush(rows->sink);
	focus_cell_reader_forget(rows->cells);
	MemoryContextReset(rows->batch);
}

/*
 * The cells that have no column, or whose text is kept, as a JSON object, with
 * all that a row was read from which is not FOCUS.
 */
static Datum
x_columns_datum(FocusRows *rows, const FocusField *fields, bool *isnull)
{
	const FocusHeader *header = rows->header;
	Jsonb	   *record = rows->delivery->record;
	JsonbParseState *state = NULL;
	JsonbValue	value;

	for (int i = 0; i < header->nfields; i++)
	{
		bool		spelled;

		if ((header->columns[i] >= 0 && !rows->keep[i]) ||
			(rows->has_tags && rows->findings[i] == own_column) ||
			focus_cell_is_null(fields[i].data, fields[i].len, &spelled))
			continue;
		if (state == NULL && record != NULL)
			push_record(&state, record);
		else if (state == NULL)
			pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		value.type = jbvString;
		value.val.string.val = header->names[i];
		value.val.string.len = strlen(header->names[i]);
		pushJsonbValue(&state, WJB_KEY, &value);
		value.val.string.val = (char *) fields[i].data;
		value.val.string.len = fields[i].len;
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	*isnull = (state == NULL && record == NULL);
	if (state == NULL)
		return PointerGetDatum(record);
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* Opens an object with the members of the record. */
static void
push_record(JsonbParseState **state, Jsonb *record)
{
	JsonbIterator *iterator = JsonbIteratorInit(&record->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_END_OBJECT)
		pushJsonbValue(state, token, token == WJB_BEGIN_OBJECT ? NULL : &value);
}

static void
add_slot_totals(FocusRows *rows, FocusLoadPart *part, TupleTableSlot *slot)
{
	FocusTotalsCost costs[FOCUS_TOTALS_COSTS];
	AttrNumber	attnum = rows->attnums[rows->billing_currency];
	const text *currency = slot->tts_isnull[attnum - 1] ? NULL : DatumGetTextPP(slot->tts_values[attnum - 1]);

	for (int i = 0; i < FOCUS_TOTALS_COSTS; i++)
	{
		attnum = rows->costs[i] >= 0 ? rows->attnums[rows->costs[i]] : InvalidAttrNumber;
		costs[i].is_decimal = false;
		costs[i].isnull = !AttributeNumberIsValid(attnum) || slot->tts_isnull[attnum - 1];
		if (!costs[i].isnull)
			costs[i].value = DatumGetNumeric(slot->tts_values[attnum - 1]);
	}
	if (currency != NULL)
		focus_totals_add(part->totals, VARDATA_ANY(currency), VARSIZE_ANY_EXHDR(currency), costs);
	else
		focus_totals_add(part->totals, NULL, 0, costs);
}
