/*-------------------------------------------------------------------------
 *
 * load.c
 *	  Loading a delivery into a dataset.
 *
 * A delivery is read once, front to back: its bytes are hashed and split into
 * rows, which rows.c stores or puts into quarantine.  At the end the bookkeeping
 * of delivery.c decides whether the whole may stay.  Files that are not FOCUS are
 * told by their columns and go through native.c, which hands rows on to rows.c.
 *
 * All of it runs in a subtransaction, so that a delivery whose content turns
 * out to be loaded already leaves nothing behind, without an error.  Files
 * whose total size has been seen before are hashed first to spare that work.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "load/content.h"
#include "load/json_reader.h"
#include "load/load.h"
#include "load/native.h"
#include "load/native_mapping.h"
#include "load/progress.h"
#include "load/rows.h"

typedef struct Load
{
	FocusDelivery *delivery;
	FocusRows  *rows;
	FocusInput *input;			/* being read */
	pg_cryptohash_ctx *hash;	/* of the file being read */
	List	   *digests;		/* of each file read so far */
	List	   *digest_files;

	MemoryContext context;		/* as long as the load */
	FocusNative *native;		/* NULL: the files are FOCUS */
	bool		has_file;		/* it has been told what the files are */

	/* the file being read */
	const char *file;
	bool		from_client;
	bool		is_told;		/* what it is */
	FocusRow	names;			/* of JSON, until it is told */
	bool		has_names;
} Load;

PG_FUNCTION_INFO_V1(focus_load);
PG_FUNCTION_INFO_V1(focus_load_records);

static Datum result_datum(FunctionCallInfo fcinfo, const FocusLoadResult *result);
static bool load_delivery(Load *load, FocusOpenStream open_stream, void *arg, FocusLoadResult *result);
static int64 read_input(Load *load, FocusInput *input);
static void read_query(Load *load);
static const char *how_read(const char *mapping);
static void tell(Load *load, const FocusRow *names, const FocusRow *first);
static void on_query_bytes(const char *data, size_t len, void *arg);
static char *digest_of(const char *text);
static void on_bytes(const char *data, size_t len, void *arg);
static void on_row(const FocusRow *row, void *arg);
static void on_names(const FocusRow *row, void *arg);
static void note_digest(Load *load, const char *file, char *digest, int64 rows);
static bool fill_from_earlier(Load *load, int64 deliveryid, FocusLoadResult *result);
static void fill_result(Load *load, FocusLoadResult *result);

/*
 * focus_load(path, source, mode, provider, focus_version, reject_limit, strict, force, mapping)
 */
Datum
focus_load(PG_FUNCTION_ARGS)
{
	FocusDeliveryOptions options = {0};
	FocusLoadResult result;
	const char *schema = get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid));

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("path must not be null")));
	options.source = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	options.mode = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	options.provider = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	options.focus_version = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4));
	options.reject_limit = PG_ARGISNULL(5) ? -1 : PG_GETARG_INT64(5);
	options.strict = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);
	options.force = !PG_ARGISNULL(7) && PG_GETARG_BOOL(7);
	options.mapping = PG_ARGISNULL(8) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(8));

	focus_load_check_options(&options);
	if (!PG_ARGISNULL(5) && options.reject_limit < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reject_limit must not be negative")));
	focus_load_check_file_rights();
	focus_load_run(schema, text_to_cstring(PG_GETARG_TEXT_PP(0)), NULL, NULL, NULL, &options, &result);
	return result_datum(fcinfo, &result);
}

/*
 * focus_load_records(query, mapping, source, mode, provider, reject_limit)
 */
Datum
focus_load_records(PG_FUNCTION_ARGS)
{
	FocusDeliveryOptions options = {0};
	FocusLoadResult result;
	const char *schema = get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid));

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("query and mapping must not be null")));
	options.query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	options.mapping = text_to_cstring(PG_GETARG_TEXT_PP(1));
	options.source = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	options.mode = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	options.provider = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4));
	options.reject_limit = PG_ARGISNULL(5) ? -1 : PG_GETARG_INT64(5);
	focus_load_check_options(&options);
	focus_load_run(schema, "QUERY", NULL, NULL, NULL, &options, &result);
	return result_datum(fcinfo, &result);
}

/* The row that both functions return. */
static Datum
result_datum(FunctionCallInfo fcinfo, const FocusLoadResult *result)
{
	TupleDesc	tupdesc;
	Datum		values[6];
	bool		nulls[6] = {0};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(result->loadid);
	values[1] = Int64GetDatum(result->rows_stored);
	values[2] = Int64GetDatum(result->rows_rejected);
	values[3] = Int64GetDatum(result->rows_replaced);
	values[4] = JsonbPGetDatum(result->totals);
	values[5] = NumericGetDatum(int64_div_fast_to_numeric(result->elapsed_us / 1000, 3));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
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
		ErrorContextCallback callback = {.callback = focus_rows_error_context};

		SPI_connect();
		MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext, "focus load", ALLOCSET_DEFAULT_SIZES));
		load.context = CurrentMemoryContext;
		load.delivery = focus_delivery_begin(schema, path, options);
		load.rows = focus_rows_create(load.delivery, expected);

		callback.arg = load.rows;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		stays = load_delivery(&load, open_stream, arg, result);
		error_context_stack = callback.previous;
		focus_progress_end();

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
	int64		earlier;

	if (delivery->options.query != NULL)
	{
		delivery->files = 0;
		read_query(load);
	}
	else if (open_stream != NULL)
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
			const FocusInputFile *file = lfirst(cell);
			struct stat st;

			if (stat(file->path, &st) == 0)
				size += st.st_size;
		}
		if (focus_delivery_size_is_known(delivery, size))
		{
			earlier = focus_delivery_find_content(delivery, focus_content_digest_of_files(files));
			if (earlier != 0)
				return fill_from_earlier(load, earlier, result);
		}
		delivery->files = list_length(files);
		delivery->bytes_total = size;
		foreach(cell, files)
		{
			const FocusInputFile *file = lfirst(cell);
			int64		rows;

			delivery->run_at = file->run_at;
			rows = read_input(load, focus_input_open_file(file->path));
			if (file->rows >= 0 && file->rows != rows)
				ereport(ERROR,
						(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
						 errmsg("\"%s\" has " INT64_FORMAT " rows, its manifest says " INT64_FORMAT,
								file->path, rows, file->rows),
						 errhint("Fetch the file and its manifest again.")));
		}
	}

	if (load->native != NULL)
	{
		focus_native_finish(load->native);
		delivery->mapping = focus_native_mapping(load->native);
		delivery->mapping_sha256 = digest_of(focus_native_query(load->native));
	}
	focus_rows_close(load->rows);
	digest = focus_content_digest(load->digests);
	focus_progress_phase(FOCUS_PROGRESS_FINISHING);
	focus_delivery_lock(delivery);
	earlier = focus_delivery_find_content(delivery, digest);
	if (earlier != 0)
		return fill_from_earlier(load, earlier, result);
	focus_delivery_finish(delivery, digest);
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

/* Returns how many rows there were. */
static int64
read_input(Load *load, FocusInput *input)
{
	const char *file = focus_input_name(input);
	char		first = focus_input_first(input);
	char	   *digest;
	int64		rows;

	load->input = input;
	load->hash = focus_content_start();
	load->delivery->file_number = ++load->delivery->files_begun;
	load->file = file;
	load->from_client = focus_input_is_client(input);
	load->is_told = load->has_names = false;
	focus_rows_begin_file(load->rows, file, load->from_client);
	if (first == '{' || first == '[')
		focus_json_read(input, on_bytes, on_names, on_row, load);
	else
		focus_csv_read(input, on_bytes, on_row, load);
	if (load->native != NULL && load->is_told)
		rows = focus_native_stage(load->native)->count;
	else
		rows = focus_rows_end_file(load->rows);
	digest = focus_content_finish(load->hash);

	load->delivery->bytes += focus_input_bytes(input);
	load->input = NULL;
	focus_progress_update(load->delivery, NULL);
	focus_input_close(input);
	note_digest(load, file, digest, rows);
	return rows;
}

static void
on_bytes(const char *data, size_t len, void *arg)
{
	Load	   *load = arg;

	focus_content_add(load->hash, data, len);
	focus_progress_update(load->delivery, load->input);
}

static void
on_row(const FocusRow *row, void *arg)
{
	Load	   *load = arg;

	if (!load->is_told)
	{
		tell(load, load->has_names ? &load->names : row, load->has_names ? row : NULL);
		if (load->native != NULL && !load->has_names)
			return;				/* that was the header */
	}
	if (load->native != NULL)
		focus_stage_add(focus_native_stage(load->native), row);
	else
		focus_rows_add(load->rows, row);
}

/* Names are followed by the row that brought them. */
static void
on_names(const FocusRow *row, void *arg)
{
	Load	   *load = arg;

	if (!load->is_told)
	{
		load->names = *row;
		load->has_names = true;
	}
	else if (load->native != NULL)
		focus_stage_name(focus_native_stage(load->native), row);
	else
		focus_rows_name(load->rows, row);
}

static const char *
how_read(const char *mapping)
{
	return mapping != NULL ? psprintf("by mapping \"%s\"", mapping) : "as FOCUS";
}

/*
 * Tells by its columns what the file is, which all files of the delivery are.
 * first is the first row where that is not the header itself.
 */
static void
tell(Load *load, const FocusRow *names, const FocusRow *first)
{
	FocusDelivery *delivery = load->delivery;
	MemoryContext caller = MemoryContextSwitchTo(load->context);
	char	   *mapping = focus_mapping_recognise(delivery, names, first, load->file);
	const char *others = load->native != NULL ? focus_native_mapping(load->native) : NULL;

	MemoryContextSwitchTo(load->context);
	if (load->has_file && (mapping == NULL || others == NULL ? mapping != others : strcmp(mapping, others) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is not in the format of the delivery's other files", load->file),
				 errdetail("It is read %s, they are read %s.", how_read(mapping), how_read(others)),
				 errhint("Load them in separate calls.")));
	if (mapping != NULL && load->native == NULL)
		load->native = focus_native_create(delivery, load->rows, mapping);
	load->is_told = load->has_file = true;
	if (load->native != NULL)
		focus_stage_begin_file(focus_native_stage(load->native), load->file, load->from_client, names);
	else if (load->has_names)
		focus_rows_name(load->rows, names);
	MemoryContextSwitchTo(caller);
}

/* Reads what a query gives instead of files. */
static void
read_query(Load *load)
{
	FocusDelivery *delivery = load->delivery;
	int64		rows;

	load->hash = focus_content_start();
	load->native = focus_native_create(delivery, load->rows, delivery->options.mapping);
	focus_stage_begin_file(focus_native_stage(load->native), delivery->path, false, NULL);
	rows = focus_native_add_query(load->native, delivery->options.query, on_query_bytes, load);
	MemoryContextSwitchTo(load->context);
	note_digest(load, delivery->path, focus_content_finish(load->hash), rows);
}

static void
on_query_bytes(const char *data, size_t len, void *arg)
{
	((Load *) arg)->delivery->bytes += len;
	on_bytes(data, len, arg);
}

static char *
digest_of(const char *text)
{
	pg_cryptohash_ctx *hash = focus_content_start();

	focus_content_add(hash, text, strlen(text));
	return focus_content_finish(hash);
}

/*
 * Remembers what a file held; a second file of the same rows is an error.
 */
static void
note_digest(Load *load, const char *file, char *digest, int64 rows)
{
	ListCell   *cell;
	ListCell   *earlier_file;

	if (rows > 0)
	{
		forboth(cell, load->digests, earlier_file, load->digest_files)
		{
			if (strcmp(lfirst(cell), digest) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
						 errmsg("files \"%s\" and \"%s\" have the same content", (char *) lfirst(earlier_file), file),
						 errdetail("Loading both would count their cost twice."),
						 errhint("Remove one of them.")));
		}
	}
	load->digests = lappend(load->digests, digest);
	load->digest_files = lappend(load->digest_files, pstrdup(file));
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
