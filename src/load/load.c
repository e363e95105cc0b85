/*-------------------------------------------------------------------------
 *
 * load.c
 *	  Loading a delivery into a dataset.
 *
 * A delivery is read once, front to back: bytes are hashed and split into
 * rows, the first row of each file is its header, every other row is put into
 * the load of its source and billing period, converted cell by cell and
 * stored, or put into quarantine.  At the end the bookkeeping decides whether
 * the whole may stay.
 *
 * All of it runs in a subtransaction, so that a delivery whose content turns
 * out to be loaded already leaves nothing behind, without an error.  Files
 * whose total size has been seen before are hashed first to spare that work.
 *
 * What the provider sent is stored as sent.  Cells that FOCUS has no column
 * for, and cells that do not fit their column's type, go to x_columns as text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "common/string.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "load/cell.h"
#include "load/load.h"
#include "load/sink.h"

#define HASH_CHUNK		(256 * 1024)
#define BATCH_MEMORY	(32 * 1024 * 1024)	/* rejected rows count as well */

/* A row's text of some columns, remembered to recognise the next row's. */
typedef struct RowKey
{
	char	   *text;
	size_t		len;
	size_t		size;
} RowKey;

typedef struct Load
{
	FocusDelivery *delivery;
	const FocusDataset *expected;
	MemoryContext context;		/* as long as the load */
	MemoryContext batch;		/* values not yet stored */

	/* the file being read */
	const char *file;
	FocusHeader *header;
	pg_cryptohash_ctx *hash;
	int64		file_rows;
	bool		from_client;
	FocusLines	lines;			/* for error context */
	const char *column;			/* for error context, or NULL */

	/* the table */
	Relation	rel;
	FocusSink  *sink;
	FocusCellReader *cells;
	AttrNumber *attnums;		/* of the dataset's columns */
	AttrNumber	x_columns;
	AttrNumber	x_loadid;

	/* dataset columns that the loader looks at itself; -1: not in the dataset */
	int			billing_period_start;
	int			billing_account_id;
	int			billing_currency;
	int			costs[FOCUS_TOTALS_COSTS];
	int			provider_name;
	int			service_provider_name;
	int			invoice_issuer_name;

	/* the part of the previous row, and what in the row led to it */
	FocusLoadPart *part;
	RowKey		part_key;

	List	   *digests;		/* SHA-256 of each file with rows, as hex */
	List	   *digest_files;
} Load;

static const char *const kept_as_text = "kept as text in x_columns";

PG_FUNCTION_INFO_V1(focus_load);

static bool load_delivery(Load *load, FocusOpenStream open_stream, void *arg, FocusLoadResult *result);
static void read_input(Load *load, FocusInput *input);
static void on_bytes(const char *data, size_t len, void *arg);
static void on_row(const FocusRow *row, void *arg);
static void on_header(Load *load, const FocusRow *row);
static void open_table(Load *load, const FocusDataset *dataset);
static AttrNumber find_attribute(Relation rel, const char *name);
static FocusLoadPart *find_part(Load *load, const FocusRow *row, const FocusField *fields, int *bad_field, FocusCell *bad_cell);
static const FocusField *field_of(Load *load, const FocusField *fields, int column);
static bool same_key(Load *load, const FocusField *const *keys, int nkeys);
static bool check_row(Load *load, const FocusRow *row, FocusField *fields);
static bool to_server(const FocusField *field, FocusField *converted);
static void store_row(Load *load, const FocusRow *row, const FocusField *fields);
static void reset_batch(Load *load);
static Datum x_columns_datum(Load *load, const FocusField *fields, const char *const *findings, bool *isnull);
static void add_totals(Load *load, FocusLoadPart *part, TupleTableSlot *slot);
static void end_file(Load *load, FocusInput *input);
static char *finish_hash(pg_cryptohash_ctx *hash);
static pg_cryptohash_ctx *start_hash(void);
static char *delivery_digest(Load *load);
static char *digest_of_files(List *files);
static bool fill_from_earlier(Load *load, int64 deliveryid, FocusLoadResult *result);
static void fill_result(Load *load, FocusLoadResult *result);
static void error_context(void *arg);

/*
 * focus_load(path, source, mode, provider, focus_version, reject_limit)
 */
Datum
focus_load(PG_FUNCTION_ARGS)
{
	FocusDeliveryOptions options = {0};
	FocusLoadResult result;
	TupleDesc	tupdesc;
	Datum		values[6];
	bool		nulls[6] = {0};
	const char *schema = get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid));

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("path must not be null")));
	options.source = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	options.mode = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	options.provider = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	options.focus_version = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4));
	options.reject_limit = PG_ARGISNULL(5) ? -1 : PG_GETARG_INT64(5);

	focus_load_check_options(&options);
	if (!PG_ARGISNULL(5) && options.reject_limit < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reject_limit must not be negative")));
	focus_load_check_file_rights();
	focus_load_run(schema, text_to_cstring(PG_GETARG_TEXT_PP(0)), NULL, NULL, NULL, &options, &result);

	values[0] = Int64GetDatum(result.loadid);
	values[1] = Int64GetDatum(result.rows_stored);
	values[2] = Int64GetDatum(result.rows_rejected);
	values[3] = Int64GetDatum(result.rows_replaced);
	values[4] = JsonbPGetDatum(result.totals);
	values[5] = NumericGetDatum(int64_div_fast_to_numeric(result.elapsed_us / 1000, 3));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/*
 * Errors for options that no delivery can have.
 */
void
focus_load_check_options(const FocusDeliveryOptions *options)
{
	static const char *const versions[] = {"0.5", "1.0-preview", "1.0", "1.1", "1.2", "1.3", "1.4"};
	bool		known = options->focus_version == NULL;

	if (options->source != NULL && options->source[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("source must not be empty")));
	if (options->provider != NULL && options->provider[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("provider must not be empty")));
	if (options->mode != NULL && strcmp(options->mode, "replace") != 0 && strcmp(options->mode, "append") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized mode \"%s\"", options->mode),
				 errhint("Valid modes are \"replace\" and \"append\".")));
	for (int i = 0; i < lengthof(versions) && !known; i++)
		known = strcmp(options->focus_version, versions[i]) == 0;
	if (!known)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized FOCUS version \"%s\"", options->focus_version),
				 errhint("Valid versions are 0.5, 1.0-preview, 1.0, 1.1, 1.2, 1.3 and 1.4.")));
}

/*
 * Reading a server file takes what COPY FROM a file takes.
 */
void
focus_load_check_file_rights(void)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser or have privileges of the pg_read_server_files role to load a server file"),
				 errhint("Anyone can load a client's file by psql's \\copy with FORMAT focus.")));
}

/*
 * Loads a delivery: the files that path stands for, or the one stream that
 * open_stream opens, path then being its name.  expected, if given, is the
 * dataset that it must be of.  *result is filled in, its totals in the
 * caller's memory context.
 */
void
focus_load_run(const char *schema, const char *path, FocusOpenStream open_stream, void *arg,
			   const FocusDataset *expected, const FocusDeliveryOptions *options, FocusLoadResult *result)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	TimestampTz started_at = GetCurrentTimestamp();
	bool		stays;

	BeginInternalSubTransaction("focus_load");
	PG_TRY();
	{
		Load		load = {0};
		ErrorContextCallback callback = {.callback = error_context, .arg = &load};

		SPI_connect();
		load.context = AllocSetContextCreate(CurrentMemoryContext, "focus load", ALLOCSET_DEFAULT_SIZES);
		load.batch = AllocSetContextCreate(load.context, "focus load batch", ALLOCSET_DEFAULT_SIZES);
		MemoryContextSwitchTo(load.context);
		load.expected = expected;
		load.delivery = focus_delivery_begin(schema, path, options);

		callback.previous = error_context_stack;
		error_context_stack = &callback;
		stays = load_delivery(&load, open_stream, arg, result);
		error_context_stack = callback.previous;

		MemoryContextSwitchTo(caller);
		if (result->totals != NULL)
		{
			Jsonb	   *totals = palloc(VARSIZE(result->totals));

			memcpy(totals, result->totals, VARSIZE(result->totals));
			result->totals = totals;
		}
		SPI_finish();
		if (stays)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
		ReThrowError(error);
	}
	PG_END_TRY();
	result->elapsed_us = GetCurrentTimestamp() - started_at;
}

/*
 * False when the content is loaded already and nothing may stay.
 */
static bool
load_delivery(Load *load, FocusOpenStream open_stream, void *arg, FocusLoadResult *result)
{
	FocusDelivery *delivery = load->delivery;
	char	   *digest;

	if (open_stream != NULL)
	{
		delivery->files = 1;
		read_input(load, open_stream(arg));
	}
	else
	{
		List	   *files = focus_input_list_files(delivery->path);
		ListCell   *cell;
		int64		size = 0;

		foreach(cell, files)
		{
			struct stat st;

			if (stat(lfirst(cell), &st) == 0)
				size += st.st_size;
		}
		if (focus_delivery_size_is_known(delivery, size))
		{
			int64		earlier = focus_delivery_find_content(delivery, digest_of_files(files));

			if (earlier != 0)
				return fill_from_earlier(load, earlier, result);
		}
		delivery->files = list_length(files);
		foreach(cell, files)
			read_input(load, focus_input_open_file(lfirst(cell)));
	}

	if (load->sink != NULL)
		focus_sink_close(load->sink);
	digest = delivery_digest(load);
	focus_delivery_lock(delivery);
	if (focus_delivery_find_content(delivery, digest) != 0)
	{
		if (load->rel != NULL)
			table_close(load->rel, NoLock);
		return fill_from_earlier(load, focus_delivery_find_content(delivery, digest), result);
	}
	focus_delivery_finish(delivery, digest);
	if (load->rel != NULL)
		table_close(load->rel, NoLock);

	fill_result(load, result);
	if (result->rows_rejected > 0)
		ereport(WARNING,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg_plural("%lld row of \"%s\" was rejected",
							   "%lld rows of \"%s\" were rejected",
							   result->rows_rejected,
							   (long long) result->rows_rejected, delivery->path),
				 errhint("See focus_rejected_rows; delivery " INT64_FORMAT ".", delivery->deliveryid)));
	return true;
}

static void
read_input(Load *load, FocusInput *input)
{
	load->file = pstrdup(focus_input_name(input));
	load->from_client = focus_input_is_client(input);
	load->header = NULL;
	load->part = NULL;
	load->file_rows = 0;
	load->hash = start_hash();

	focus_csv_read(input, on_bytes, on_row, load);
	if (load->sink != NULL)
		reset_batch(load);		/* while errors can name the file */
	end_file(load, input);
}

static void
on_bytes(const char *data, size_t len, void *arg)
{
	Load	   *load = arg;

	if (pg_cryptohash_update(load->hash, (const uint8 *) data, len) < 0)
		elog(ERROR, "could not update SHA-256");
}

static void
on_row(const FocusRow *row, void *arg)
{
	Load	   *load = arg;
	MemoryContext caller;
	FocusField *fields;

	/* psql sends the line that ends in-line data along with it */
	if (load->from_client && row->nfields == 1 && strcmp(row->fields[0].data, "\\.") == 0)
		return;

	load->lines.first = load->lines.last = row->line;
	if (load->header == NULL)
	{
		caller = MemoryContextSwitchTo(load->context);
		on_header(load, row);
		MemoryContextSwitchTo(caller);
	}
	else
	{
		load->file_rows++;
		if (!load->delivery->refused)
		{
			caller = MemoryContextSwitchTo(load->batch);
			fields = palloc(load->header->nfields * sizeof(FocusField));
			if (check_row(load, row, fields))
				store_row(load, row, fields);
			MemoryContextSwitchTo(caller);
			if (MemoryContextMemAllocated(load->batch, false) > BATCH_MEMORY)
				reset_batch(load);
		}
	}
	load->lines.first = load->lines.last = 0;
	load->column = NULL;
}

static void
on_header(Load *load, const FocusRow *row)
{
	FocusDelivery *delivery = load->delivery;

	load->header = focus_header_parse(row, load->file);
	if (load->expected != NULL && load->header->dataset != load->expected)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is of dataset %s, not %s", load->file,
						load->header->dataset->id, load->expected->id)));
	if (load->rel == NULL)
		open_table(load, load->header->dataset);
	else if (load->header->dataset != delivery->dataset)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is of dataset %s, other files of the delivery are of %s", load->file,
						load->header->dataset->id, delivery->dataset->id),
				 errhint("Load the datasets one by one.")));
	if (delivery->focus_version == NULL)
		delivery->focus_version = load->header->focus_version;
	if (delivery->provider == NULL)
		delivery->provider = load->header->provider;
}

/*
 * Opens the dataset's table for the caller's role.
 */
static void
open_table(Load *load, const FocusDataset *dataset)
{
	FocusDelivery *delivery = load->delivery;
	Oid			relid = get_relname_relid(dataset->table, get_namespace_oid(delivery->schema, false));
	AclResult	right;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist", delivery->schema, dataset->table)));
	load->rel = table_open(relid, RowExclusiveLock);
	right = pg_class_aclcheck(relid, GetUserId(), ACL_INSERT);
	if (right != ACLCHECK_OK)
		aclcheck_error(right, OBJECT_TABLE, dataset->table);
	if (check_enable_rls(relid, InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("loading is not supported with row-level security"),
				 errhint("Load as a role that bypasses the policies of table \"%s\".", dataset->table)));
	PreventCommandIfReadOnly("focus_load");

	delivery->dataset = dataset;
	load->attnums = palloc(dataset->ncolumns * sizeof(AttrNumber));
	for (int i = 0; i < dataset->ncolumns; i++)
		load->attnums[i] = find_attribute(load->rel, dataset->columns[i].name);
	load->x_columns = find_attribute(load->rel, "x_columns");
	load->x_loadid = find_attribute(load->rel, "x_loadid");

	load->billing_period_start = focus_dataset_column(dataset, "BillingPeriodStart");
	load->billing_account_id = focus_dataset_column(dataset, "BillingAccountId");
	load->billing_currency = focus_dataset_column(dataset, "BillingCurrency");
	load->costs[FOCUS_TOTALS_BILLED] = focus_dataset_column(dataset, "BilledCost");
	load->costs[FOCUS_TOTALS_EFFECTIVE] = focus_dataset_column(dataset, "EffectiveCost");
	load->provider_name = focus_dataset_column(dataset, "ProviderName");
	load->service_provider_name = focus_dataset_column(dataset, "ServiceProviderName");
	load->invoice_issuer_name = focus_dataset_column(dataset, "InvoiceIssuerName");

	load->sink = focus_sink_open(load->rel, &load->lines);
	load->cells = focus_cell_reader_create(load->batch);
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
 * Is the row text with the header's number of fields?  If so, *fields are in
 * the server's encoding; if not, the row has been rejected.
 */
static bool
check_row(Load *load, const FocusRow *row, FocusField *fields)
{
	const FocusHeader *header = load->header;
	FocusDelivery *delivery = load->delivery;
	int			extra = 0;

	for (int i = header->nfields; i < row->nfields; i++)
	{
		if (row->fields[i].len > 0)
			extra++;
	}
	if (row->nfields < header->nfields || extra > 0)
	{
		focus_delivery_reject(delivery, focus_delivery_part(delivery, delivery->options.source, false, 0, NULL),
							  header, load->file, row, -1, ERRCODE_BAD_COPY_FILE_FORMAT,
							  psprintf("row has %d fields, the header has %d", row->nfields, header->nfields));
		return false;
	}

	for (int i = 0; i < header->nfields; i++)
	{
		const FocusField *field = &row->fields[i];

		fields[i] = *field;
		if (field->len == 0)
			continue;
		if (!pg_verify_mbstr(PG_UTF8, field->data, field->len, true))
		{
			focus_delivery_reject(delivery, focus_delivery_part(delivery, delivery->options.source, false, 0, NULL),
								  header, load->file, row, i, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
								  "not UTF-8 text");
			return false;
		}
		if (!to_server(field, &fields[i]))
		{
			focus_delivery_reject(delivery, focus_delivery_part(delivery, delivery->options.source, false, 0, NULL),
								  header, load->file, row, i, ERRCODE_UNTRANSLATABLE_CHARACTER,
								  "has characters that the database's encoding lacks");
			return false;
		}
	}
	return true;
}

/* UTF-8 -> the server's encoding, in the current memory context. */
static bool
to_server(const FocusField *field, FocusField *converted)
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

static const FocusField *
field_of(Load *load, const FocusField *fields, int column)
{
	static const FocusField none = {"", 0};

	if (column < 0 || load->header->fields[column] < 0)
		return &none;
	return &fields[load->header->fields[column]];
}

/* Does the row have the same key texts as the row before?  Remembers them. */
static bool
same_key(Load *load, const FocusField *const *keys, int nkeys)
{
	RowKey	   *key = &load->part_key;
	size_t		len = 0;
	char	   *p;
	bool		same;

	for (int i = 0; i < nkeys; i++)
		len += keys[i]->len + 1;
	same = load->part != NULL && len == key->len;
	p = key->text;
	for (int i = 0; i < nkeys && same; i++)
	{
		same = memcmp(p, keys[i]->data, keys[i]->len) == 0 && p[keys[i]->len] == '\0';
		p += keys[i]->len + 1;
	}
	if (same)
		return true;

	if (len > key->size)
	{
		key->size = len * 2;
		key->text = MemoryContextAlloc(load->context, key->size);
	}
	p = key->text;
	for (int i = 0; i < nkeys; i++)
	{
		memcpy(p, keys[i]->data, keys[i]->len);
		p[keys[i]->len] = '\0';
		p += keys[i]->len + 1;
	}
	key->len = len;
	return false;
}

/*
 * The load that the row belongs to, by source and billing period.  NULL when
 * the billing period cannot be read; *bad_field and *bad_cell then tell why.
 */
static FocusLoadPart *
find_part(Load *load, const FocusRow *row, const FocusField *fields, int *bad_field, FocusCell *bad_cell)
{
	FocusDelivery *delivery = load->delivery;
	const FocusField *keys[5];
	const char *names[3];
	const char *provider = delivery->options.provider;
	const char *account = NULL;
	const char *source = delivery->options.source;
	TimestampTz period = 0;
	bool		spelled;

	keys[0] = field_of(load, fields, load->provider_name);
	keys[1] = field_of(load, fields, load->service_provider_name);
	keys[2] = field_of(load, fields, load->invoice_issuer_name);
	keys[3] = field_of(load, fields, load->billing_account_id);
	keys[4] = field_of(load, fields, load->billing_period_start);
	if (same_key(load, keys, lengthof(keys)))
		return load->part;
	load->part = NULL;

	if (delivery->dataset->has_period)
	{
		const FocusColumn *column = &delivery->dataset->columns[load->billing_period_start];

		if (focus_cell_read(load->cells, column, keys[4], bad_cell) != FOCUS_CELL_OK || bad_cell->isnull)
		{
			*bad_field = load->header->fields[load->billing_period_start];
			if (focus_cell_is_null(keys[4]->data, keys[4]->len, &spelled))
			{
				bad_cell->sqlerrcode = ERRCODE_NULL_VALUE_NOT_ALLOWED;
				bad_cell->why = "billing period is missing";
			}
			return NULL;
		}
		period = DatumGetTimestampTz(bad_cell->value);
	}

	for (int i = 0; i < 3; i++)
	{
		names[i] = focus_cell_is_null(keys[i]->data, keys[i]->len, &spelled) ? NULL : keys[i]->data;
		if (provider == NULL)
			provider = names[i];
	}
	if (provider == NULL)
		provider = delivery->source_provider;
	if (provider == NULL)
		provider = load->header->provider;
	if (!focus_cell_is_null(keys[3]->data, keys[3]->len, &spelled))
		account = keys[3]->data;
	if (provider != NULL && account != NULL)
		account = psprintf("%s/%s", provider, account);
	else
		account = NULL;

	if (source == NULL && account == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot tell the source of the delivery"),
				 errdetail("No source was named, and the row at line " INT64_FORMAT " of \"%s\" lacks a provider name or a billing account.",
						   row->line, load->file),
				 errhint("Name the source, for example source => 'my-provider'.")));
	if (source == NULL)
		source = account;
	load->part = focus_delivery_part(delivery, source, delivery->dataset->has_period, period, account);
	return load->part;
}

/*
 * Converts the row and stores it, or rejects it.
 */
static void
store_row(Load *load, const FocusRow *row, const FocusField *fields)
{
	FocusDelivery *delivery = load->delivery;
	const FocusHeader *header = load->header;
	const FocusDataset *dataset = delivery->dataset;
	FocusCell	cell;
	int			bad_field = -1;
	FocusLoadPart *part = find_part(load, row, fields, &bad_field, &cell);
	TupleTableSlot *slot;
	const char **findings;
	bool		isnull;

	if (part == NULL)
	{
		focus_delivery_reject(delivery, focus_delivery_part(delivery, delivery->options.source, false, 0, NULL),
							  header, load->file, row, bad_field, cell.sqlerrcode, cell.why);
		return;
	}
	if (delivery->refused)
		return;

	slot = focus_sink_next_slot(load->sink);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	findings = palloc0(header->nfields * sizeof(char *));
	for (int i = 0; i < header->nfields; i++)
	{
		int			column = header->columns[i];
		AttrNumber	attnum;
		FocusCellStatus status;

		if (column < 0)
			continue;
		load->column = header->names[i];
		status = focus_cell_read(load->cells, &dataset->columns[column], &fields[i], &cell);
		if (status == FOCUS_CELL_BAD)
		{
			focus_delivery_reject(delivery, part, header, load->file, row, i, cell.sqlerrcode, cell.why);
			return;
		}
		findings[i] = status == FOCUS_CELL_MISFIT ? kept_as_text : cell.finding;
		attnum = load->attnums[column];
		slot->tts_values[attnum - 1] = cell.value;
		slot->tts_isnull[attnum - 1] = cell.isnull;
	}
	load->column = NULL;

	/* the provider of files that have no column for it, or an older one */
	if (load->service_provider_name >= 0 && header->fields[load->service_provider_name] < 0)
	{
		AttrNumber	to = load->attnums[load->service_provider_name];
		AttrNumber	from = load->attnums[load->provider_name];
		const char *named = delivery->options.provider ? delivery->options.provider : delivery->source_provider;

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
	for (int i = 0; i < header->nfields; i++)
	{
		if (findings[i] != NULL)
			focus_delivery_find(delivery, header->names[i], findings[i], load->file, row->line, &fields[i]);
	}
	slot->tts_values[load->x_columns - 1] = x_columns_datum(load, fields, findings, &isnull);
	slot->tts_isnull[load->x_columns - 1] = isnull;
	slot->tts_values[load->x_loadid - 1] = Int64GetDatum(part->loadid);
	slot->tts_isnull[load->x_loadid - 1] = false;

	add_totals(load, part, slot);
	part->rows_stored++;
	if (focus_sink_store(load->sink, slot, row->line, row->len))
		reset_batch(load);
}

/* Stores what is pending, and frees the memory of the batch. */
static void
reset_batch(Load *load)
{
	focus_sink_flush(load->sink);
	focus_cell_reader_forget(load->cells);
	MemoryContextReset(load->batch);
}

/*
 * The cells that have no column, or do not fit theirs, as a JSON object.
 */
static Datum
x_columns_datum(Load *load, const FocusField *fields, const char *const *findings, bool *isnull)
{
	const FocusHeader *header = load->header;
	JsonbParseState *state = NULL;
	JsonbValue	value;

	for (int i = 0; i < header->nfields; i++)
	{
		bool		spelled;

		if ((header->columns[i] >= 0 && findings[i] != kept_as_text) ||
			focus_cell_is_null(fields[i].data, fields[i].len, &spelled))
			continue;
		if (state == NULL)
			pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		value.type = jbvString;
		value.val.string.val = header->names[i];
		value.val.string.len = strlen(header->names[i]);
		pushJsonbValue(&state, WJB_KEY, &value);
		value.val.string.val = (char *) fields[i].data;
		value.val.string.len = fields[i].len;
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	*isnull = (state == NULL);
	if (*isnull)
		return (Datum) 0;
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

static void
add_totals(Load *load, FocusLoadPart *part, TupleTableSlot *slot)
{
	Datum		costs[FOCUS_TOTALS_COSTS];
	bool		nulls[FOCUS_TOTALS_COSTS];
	AttrNumber	currency = load->attnums[load->billing_currency];

	for (int i = 0; i < FOCUS_TOTALS_COSTS; i++)
	{
		nulls[i] = true;
		if (load->costs[i] >= 0)
		{
			AttrNumber	attnum = load->attnums[load->costs[i]];

			costs[i] = slot->tts_values[attnum - 1];
			nulls[i] = slot->tts_isnull[attnum - 1];
		}
	}
	focus_totals_add(part->totals,
					 slot->tts_isnull[currency - 1] ? NULL : DatumGetTextPP(slot->tts_values[currency - 1]),
					 costs, nulls);
}

/*
 * A file has been read: no header is an error, and so is a second file of the
 * same rows.
 */
static void
end_file(Load *load, FocusInput *input)
{
	char	   *digest = finish_hash(load->hash);
	ListCell   *cell;
	ListCell   *file;

	load->delivery->bytes += focus_input_bytes(input);
	focus_input_close(input);
	if (load->header == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is empty", load->file),
				 errhint("A FOCUS file has at least a header line.")));
	if (load->file_rows > 0)
	{
		forboth(cell, load->digests, file, load->digest_files)
		{
			if (strcmp(lfirst(cell), digest) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
						 errmsg("files \"%s\" and \"%s\" have the same content", (char *) lfirst(file), load->file),
						 errdetail("Loading both would count their cost twice."),
						 errhint("Remove one of them.")));
		}
	}
	load->digests = lappend(load->digests, digest);
	load->digest_files = lappend(load->digest_files, pstrdup(load->file));
}

static pg_cryptohash_ctx *
start_hash(void)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);

	if (hash == NULL || pg_cryptohash_init(hash) < 0)
		elog(ERROR, "could not start SHA-256");
	return hash;
}

/* Digest in hexadecimal; frees the context. */
static char *
finish_hash(pg_cryptohash_ctx *hash)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char	   *text = palloc(PG_SHA256_DIGEST_STRING_LENGTH);

	if (pg_cryptohash_final(hash, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not finish SHA-256");
	pg_cryptohash_free(hash);
	for (int i = 0; i < PG_SHA256_DIGEST_LENGTH; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
	return text;
}

static int
compare_digests(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * The digest of one file, or of the sorted digests of several, so that names
 * and order of the files do not matter.
 */
static char *
delivery_digest(Load *load)
{
	pg_cryptohash_ctx *hash;
	ListCell   *cell;

	if (list_length(load->digests) == 1)
		return linitial(load->digests);
	list_sort(load->digests, compare_digests);
	hash = start_hash();
	foreach(cell, load->digests)
	{
		if (pg_cryptohash_update(hash, lfirst(cell), strlen(lfirst(cell))) < 0)
			elog(ERROR, "could not update SHA-256");
	}
	return finish_hash(hash);
}

/* What delivery_digest() will be for these files. */
static char *
digest_of_files(List *files)
{
	Load		load = {0};
	char	   *buffer = palloc(HASH_CHUNK);
	ListCell   *cell;

	foreach(cell, files)
	{
		FocusInput *input = focus_input_open_file(lfirst(cell));
		size_t		len;

		load.hash = start_hash();
		while ((len = focus_input_read(input, buffer, HASH_CHUNK)) > 0)
		{
			CHECK_FOR_INTERRUPTS();
			on_bytes(buffer, len, &load);
		}
		focus_input_close(input);
		load.digests = lappend(load.digests, finish_hash(load.hash));
	}
	pfree(buffer);
	return delivery_digest(&load);
}

/*
 * The content is loaded already: says so and makes the result tell which
 * delivery it was.  Returns false: nothing of this one stays.
 */
static bool
fill_from_earlier(Load *load, int64 deliveryid, FocusLoadResult *result)
{
	ereport(NOTICE,
			(errmsg("\"%s\" has been loaded already, nothing has changed", load->delivery->path),
			 errdetail("Delivery " INT64_FORMAT " has the same content.", deliveryid)));
	memset(result, 0, sizeof(*result));
	result->loadid = deliveryid;
	result->totals = focus_totals_jsonb(focus_totals_create());
	return false;
}

static void
fill_result(Load *load, FocusLoadResult *result)
{
	FocusDelivery *delivery = load->delivery;
	FocusTotals *totals = focus_totals_create();
	ListCell   *cell;

	memset(result, 0, sizeof(*result));
	foreach(cell, delivery->parts)
	{
		FocusLoadPart *part = lfirst(cell);

		result->rows_stored += part->rows_stored;
		focus_totals_merge(totals, part->totals);
	}
	result->loadid = delivery->deliveryid;
	result->rows_rejected = delivery->rows_rejected;
	result->rows_replaced = delivery->rows_replaced;
	result->totals = focus_totals_jsonb(totals);
}

static void
error_context(void *arg)
{
	Load	   *load = arg;

	if (load->file == NULL || load->lines.first == 0)
		return;
	if (load->lines.first != load->lines.last)
		errcontext("file \"%s\", lines " INT64_FORMAT " to " INT64_FORMAT,
				   load->file, load->lines.first, load->lines.last);
	else if (load->column != NULL)
		errcontext("file \"%s\", line " INT64_FORMAT ", column %s", load->file, load->lines.first, load->column);
	else
		errcontext("file \"%s\", line " INT64_FORMAT, load->file, load->lines.first);
}
