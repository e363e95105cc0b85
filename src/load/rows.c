/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Rows of files -> rows of a dataset's table.
 *
 * The first row of a CSV file is its header; that of a JSON file may grow
 * between its rows.  Every other row is put into the load of its source and
 * billing period, converted cell by cell and stored, or put into quarantine.
 *
 * How a row is stored is in rows_store.c, what is to be said of its cells in
 * rows_notes.c.
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
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"

#include "compat.h"
#include "load/cell.h"
#include "load/progress.h"
#include "load/rows_state.h"

#define BATCH_MEMORY	(32 * 1024 * 1024)	/* rejected rows count as well */
#define GROUP_BATCH_MEMORY	(1024 * 1024)	/* values need not stay for groups */

/* No file of a delivery may have one of these that another lacks. */
static const char *const costs[FOCUS_ROWS_COSTS] = {"BilledCost", "ContractedCost", "EffectiveCost", "ListCost"};

const char	focus_rows_beyond[] = "empty fields beyond the header left out";

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
				focus_rows_reset_batch(rows);
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
	focus_rows_reset_batch(rows);
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
	for (int i = 0; i < FOCUS_ROWS_COSTS; i++)
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
		focus_rows_store_in_group(rows, part, row, fields);
	else
		focus_rows_store_in_slot(rows, part, row, fields);
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

/* Stores what is pending, and frees the memory of the batch. */
void
focus_rows_reset_batch(FocusRows *rows)
{
	if (rows->sink != NULL)
		focus_sink_flush(rows->sink);
	focus_cell_reader_forget(rows->cells);
	MemoryContextReset(rows->batch);
}
