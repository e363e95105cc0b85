/*-------------------------------------------------------------------------
 *
 * delivery.c
 *	  Bookkeeping of a delivery: which loads it makes.
 *
 * A delivery is everything that one call brings.  Its rows fall into loads,
 * one per source and billing period, so that a later delivery of the same
 * pair can take the place of just those rows.
 *
 * Whether a load meets earlier ones is looked up twice: when its first row
 * comes, to spare the work of storing rows that will be refused, and at the
 * end under a lock that all deliveries share until they commit, which decides.
 * So two deliveries of one pair never both find the place empty, and deliveries
 * of different pairs disturb each other for no longer than that.
 *
 * All queries go through SPI with the caller's privileges; the caller has
 * connected, in a READ COMMITTED transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "guc.h"
#include "load/delivery.h"
#include "load/earlier.h"

/* first key of the advisory lock that deliveries take to finish: "focs" */
#define DELIVERY_LOCK	0x666f6373

/* Parts whose source and period have one hash value. */
typedef struct PartBucket
{
	uint64		hash;
	List	   *parts;
} PartBucket;

/* Accounts of a part whose names have one hash value. */
typedef struct AccountKey
{
	FocusLoadPart *part;
	uint64		hash;
} AccountKey;

typedef struct AccountBucket
{
	AccountKey	key;
	List	   *accounts;
} AccountBucket;

static int64 next_loadid(FocusDelivery *delivery);
static PartBucket *get_bucket(FocusDelivery *delivery, const char *source, TimestampTz period);
static void note_account(FocusDelivery *delivery, FocusLoadPart *part, const char *account);
static void write_load(FocusDelivery *delivery, FocusLoadPart *part);
static void write_recency(FocusDelivery *delivery, FocusLoadPart *part);

/*
 * Starts a delivery.  Its memory is a child of the current context.
 */
FocusDelivery *
focus_delivery_begin(const char *schema, const char *path, const FocusDeliveryOptions *options)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "focus delivery", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	FocusDelivery *delivery = palloc0(sizeof(FocusDelivery));
	HASHCTL		buckets = {0};

	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot load a delivery in a REPEATABLE READ or SERIALIZABLE transaction"),
				 errdetail("Two sessions that deliver the same billing period have to see each other's loads."),
				 errhint("Use READ COMMITTED.")));

	delivery->context = context;
	delivery->schema = pstrdup(schema);
	delivery->path = pstrdup(path);
	delivery->options = *options;
	delivery->provider = options->provider;
	delivery->focus_version = options->focus_version;
	delivery->started_at = GetCurrentTimestamp();
	delivery->run_at = DT_NOBEGIN;
	buckets.keysize = sizeof(uint64);
	buckets.entrysize = sizeof(PartBucket);
	buckets.hcxt = context;
	delivery->part_buckets = hash_create("focus load parts", 64, &buckets, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	buckets.keysize = sizeof(AccountKey);
	buckets.entrysize = sizeof(AccountBucket);
	delivery->account_buckets = hash_create("focus load accounts", 64, &buckets, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	delivery->deliveryid = next_loadid(delivery);
	if (options->source != NULL)
		delivery->source_provider = focus_delivery_setting(delivery, options->source, "provider");
	MemoryContextSwitchTo(caller);
	return delivery;
}

/* The provider as whoever knows has named it, or NULL. */
const char *
focus_delivery_provider(const FocusDelivery *delivery)
{
	return delivery->options.provider ? delivery->options.provider : delivery->source_provider;
}

/*
 * The load that a row belongs to, made when it is the first of its kind.
 * source may be NULL for rows that do not tell; account may be NULL.
 */
FocusLoadPart *
focus_delivery_part(FocusDelivery *delivery, const char *source,
					bool has_period, TimestampTz period, const char *account)
{
	PartBucket *bucket = get_bucket(delivery, source, period);
	FocusLoadPart *part = NULL;
	MemoryContext caller;
	ListCell   *cell;

	foreach(cell, bucket->parts)
	{
		FocusLoadPart *candidate = lfirst(cell);

		if (candidate->has_period == has_period && candidate->period == period &&
			(source == candidate->source ||
			 (source != NULL && candidate->source != NULL && strcmp(candidate->source, source) == 0)))
		{
			part = candidate;
			break;
		}
	}

	caller = MemoryContextSwitchTo(delivery->context);
	if (part == NULL)
	{
		part = palloc0(sizeof(FocusLoadPart));
		part->loadid = delivery->parts == NIL ? delivery->deliveryid : next_loadid(delivery);
		part->source = source != NULL ? pstrdup(source) : NULL;
		part->has_period = has_period;
		part->period = period;
		part->run_at = DT_NOBEGIN;
		part->totals = focus_totals_create();
		delivery->parts = lappend(delivery->parts, part);
		bucket->parts = lappend(bucket->parts, part);
		if (source != NULL)
		{
			part->mode = delivery->options.mode ? delivery->options.mode : focus_delivery_setting(delivery, source, "mode");
			focus_earlier_meet(delivery, part);
			if (part->meets_earlier && (part->mode == NULL || (part->closed && strcmp(part->mode, "replace") == 0)))
				delivery->refused = true;
		}
	}
	part->run_at = Max(part->run_at, delivery->run_at);
	if (account != NULL)
		note_account(delivery, part, account);
	MemoryContextSwitchTo(caller);
	return part;
}

/*
 * Waits for other deliveries that are about to finish, and makes them wait
 * until this transaction ends.
 */
void
focus_delivery_lock(FocusDelivery *delivery)
{
	Oid			types[1] = {INT4OID};
	Datum		values[1] = {Int32GetDatum(DELIVERY_LOCK)};

	focus_delivery_spi("SELECT pg_catalog.pg_advisory_xact_lock($1, 0)", 1, types, values, NULL, SPI_OK_SELECT);
}

/*
 * Has a delivery of that many bytes been loaded?  If so, its content may be
 * the same.
 */
bool
focus_delivery_size_is_known(FocusDelivery *delivery, int64 bytes)
{
	Oid			types[1] = {INT8OID};
	Datum		values[1] = {Int64GetDatum(bytes)};

	focus_delivery_spi(psprintf("SELECT 1 FROM %s WHERE bytes = $1 LIMIT 1",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   1, types, values, NULL, SPI_OK_SELECT);
	return SPI_processed > 0;
}

/*
 * The latest delivery of the same content, read by the same mapping, that is
 * still in place as a whole; 0 when there is none.
 */
int64
focus_delivery_find_content(FocusDelivery *delivery, const char *sha256)
{
	Oid			types[2] = {TEXTOID, TEXTOID};
	Datum		values[2] = {CStringGetTextDatum(sha256), 0};
	bool		isnull;

	if (delivery->mapping_sha256 != NULL)
		values[1] = CStringGetTextDatum(delivery->mapping_sha256);
	focus_delivery_spi(psprintf("SELECT deliveryid FROM %s WHERE content_sha256 = $1 "
								"AND mapping_sha256 IS NOT DISTINCT FROM $2 GROUP BY deliveryid "
								"HAVING bool_and(state NOT IN ('replaced', 'removed')) ORDER BY deliveryid DESC LIMIT 1",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   2, types, values, delivery->mapping_sha256 != NULL ? "  " : " n", SPI_OK_SELECT);
	if (SPI_processed == 0)
		return 0;
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/*
 * Decides about earlier loads, removes the replaced ones, and writes what the
 * delivery did.  The caller has stored all rows and has found that the content
 * is new, after focus_delivery_lock().
 */
void
focus_delivery_finish(FocusDelivery *delivery, const char *sha256)
{
	MemoryContext caller = MemoryContextSwitchTo(delivery->context);
	ArrayBuildState *replaced = NULL;	/* loads */
	ListCell   *cell;

	delivery->sha256 = sha256;
	delivery->finished_at = GetCurrentTimestamp();
	if (delivery->parts == NIL)
		(void) focus_delivery_part(delivery, delivery->options.source, false, 0, NULL);

	foreach(cell, delivery->parts)
	{
		FocusLoadPart *part = lfirst(cell);

		if (part->source == NULL || (part->rows_stored == 0 && !delivery->refused))
			continue;
		focus_earlier_decide(delivery, part);
	}
	if (delivery->refused)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("earlier loads changed while \"%s\" was being read", delivery->path),
				 errdetail("Loads that it met at first are no longer current, or a billing period is no longer closed."),
				 errhint("Load it again.")));
	foreach(cell, delivery->parts)
	{
		FocusLoadPart *part = lfirst(cell);

		if (part->rows_stored > 0 && part->meets_earlier && strcmp(part->mode, "replace") == 0)
			replaced = focus_earlier_replace(delivery, part, replaced);
		write_load(delivery, part);
		if (part->rows_stored > 0)
			write_recency(delivery, part);
	}
	if (replaced != NULL)
		focus_earlier_delete(delivery, replaced);
	focus_delivery_write_findings(delivery);
	MemoryContextSwitchTo(caller);
}

/*
 * Runs a query and requires the given SPI result; the result of the query
 * before it goes.  The caller's search_path has no say in what the query means,
 * and a row-level policy that would hide rows is an error.
 */
void
focus_delivery_spi(const char *query, int nargs, Oid *types, Datum *values, const char *nulls, int expected)
{
	int			settings = focus_guc_pin();
	int			result;

	SPI_freetuptable(SPI_tuptable);
	result = SPI_execute_with_args(query, nargs, types, values, nulls, false, 0);
	if (result != expected)
		elog(ERROR, "unexpected SPI result %d for query: %s", result, query);
	AtEOXact_GUC(false, settings);
}

/* Copy of a result cell as text in the delivery's memory; NULL for a null. */
char *
focus_delivery_text(FocusDelivery *delivery, uint64 row, int column)
{
	char	   *text = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);

	return text != NULL ? MemoryContextStrdup(delivery->context, text) : NULL;
}

/* What a column of focus_sources says of the source; NULL when nothing. */
const char *
focus_delivery_setting(FocusDelivery *delivery, const char *source, const char *column)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(source)};

	focus_delivery_spi(psprintf("SELECT %s FROM %s WHERE source = $1", column,
								quote_qualified_identifier(delivery->schema, "focus_sources")),
					   1, types, values, NULL, SPI_OK_SELECT);
	return SPI_processed > 0 ? focus_delivery_text(delivery, 0, 1) : NULL;
}

static int64
next_loadid(FocusDelivery *delivery)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1];
	bool		isnull;

	values[0] = CStringGetTextDatum(quote_qualified_identifier(delivery->schema, "focus_loadid_seq"));
	focus_delivery_spi("SELECT pg_catalog.nextval($1::regclass)", 1, types, values, NULL, SPI_OK_SELECT);
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

static PartBucket *
get_bucket(FocusDelivery *delivery, const char *source, TimestampTz period)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) (source ? source : ""),
										   source ? strlen(source) : 0, (uint64) period);
	PartBucket *bucket;
	bool		found;

	bucket = hash_search(delivery->part_buckets, &hash, HASH_ENTER, &found);
	if (!found)
		bucket->parts = NIL;
	return bucket;
}

static void
note_account(FocusDelivery *delivery, FocusLoadPart *part, const char *account)
{
	AccountKey	key = {part, hash_bytes_extended((const unsigned char *) account, strlen(account), 0)};
	AccountBucket *bucket;
	ListCell   *cell;
	bool		found;

	bucket = hash_search(delivery->account_buckets, &key, HASH_ENTER, &found);
	if (!found)
		bucket->accounts = NIL;
	foreach(cell, bucket->accounts)
	{
		if (strcmp(lfirst(cell), account) == 0)
			return;
	}
	part->accounts = lappend(part->accounts, pstrdup(account));
	bucket->accounts = lappend(bucket->accounts, llast(part->accounts));
}

static void
write_load(FocusDelivery *delivery, FocusLoadPart *part)
{
	Oid			types[22] = {INT8OID, INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTARRAYOID,
		TEXTOID, TEXTOID, TEXTOID, INT4OID, INT8OID, TEXTOID,
	TEXTOID, TEXTOID, INT8OID, INT8OID, JSONBOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID};
	Datum		values[22];
	char		nulls[23] = "                      ";
	Datum	   *accounts = palloc(Max(list_length(part->accounts), 1) * sizeof(Datum));
	ListCell   *cell;
	int			naccounts = 0;
	const char *state;
	const char *mode;

	foreach(cell, part->accounts)
		accounts[naccounts++] = CStringGetTextDatum(lfirst(cell));
	if (part->rows_stored > 0)
		state = "current";
	else
		state = part->rows_rejected > 0 ? "rejected" : "empty";

	values[0] = Int64GetDatum(part->loadid);
	values[1] = Int64GetDatum(delivery->deliveryid);
	values[2] = CStringGetTextDatum(delivery->dataset->id);
	values[3] = part->source ? CStringGetTextDatum(part->source) : (Datum) 0;
	nulls[3] = part->source ? ' ' : 'n';
	values[4] = TimestampTzGetDatum(part->period);
	nulls[4] = part->has_period ? ' ' : 'n';
	values[5] = PointerGetDatum(construct_array(accounts, naccounts, TEXTOID, -1, false, TYPALIGN_INT));
	values[6] = CStringGetTextDatum(state);
	if (part->closed && part->rows_stored > 0)
		mode = "correction";
	else
		mode = part->meets_earlier ? part->mode : "new";
	values[7] = CStringGetTextDatum(mode);
	values[8] = CStringGetTextDatum(delivery->path);
	values[9] = Int32GetDatum(delivery->files);
	values[10] = Int64GetDatum(delivery->bytes);
	values[11] = CStringGetTextDatum(delivery->sha256);
	values[12] = delivery->provider ? CStringGetTextDatum(delivery->provider) : (Datum) 0;
	nulls[12] = delivery->provider ? ' ' : 'n';
	values[13] = delivery->focus_version ? CStringGetTextDatum(delivery->focus_version) : (Datum) 0;
	nulls[13] = delivery->focus_version ? ' ' : 'n';
	values[14] = Int64GetDatum(part->rows_stored);
	values[15] = Int64GetDatum(part->rows_rejected);
	values[16] = JsonbPGetDatum(focus_totals_jsonb(part->totals));
	values[17] = TimestampTzGetDatum(delivery->started_at);
	values[18] = TimestampTzGetDatum(part->run_at);
	values[19] = TimestampTzGetDatum(delivery->finished_at);
	nulls[18] = part->run_at != DT_NOBEGIN ? ' ' : 'n';
	values[20] = delivery->mapping ? CStringGetTextDatum(delivery->mapping) : (Datum) 0;
	nulls[20] = delivery->mapping ? ' ' : 'n';
	values[21] = delivery->mapping ? CStringGetTextDatum(delivery->mapping_sha256) : (Datum) 0;
	nulls[21] = nulls[20];
	focus_delivery_spi(psprintf("INSERT INTO %s (loadid, deliveryid, dataset, source, billingperiodstart, accounts, "
								"state, mode, path, files, bytes, content_sha256, "
								"provider, focus_version, rows_stored, rows_rejected, totals, started_at, run_at, finished_at, "
								"mapping, mapping_sha256) "
								"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   22, types, values, nulls, SPI_OK_INSERT);
}

/*
 * Recency of FOCUS 1.3: the dataset instance of the source, and the billing
 * period as a time sector.
 */
static void
write_recency(FocusDelivery *delivery, FocusLoadPart *part)
{
	Oid			types[3] = {TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Datum		values[3];

	values[0] = CStringGetTextDatum(part->source);
	values[1] = CStringGetTextDatum(delivery->dataset->id);
	values[2] = TimestampTzGetDatum(part->period);
	focus_delivery_spi(psprintf("INSERT INTO %s AS i (datasetinstanceid, datasetinstancename, focusdatasetid, "
								"recencylastupdated, datasetinstancelastupdated) "
								"VALUES ($2 || ':' || $1, $1, $2, pg_catalog.now(), pg_catalog.now()) "
								"ON CONFLICT (datasetinstanceid) DO UPDATE SET recencylastupdated = excluded.recencylastupdated, "
								"datasetinstancelastupdated = excluded.datasetinstancelastupdated",
								quote_qualified_identifier(delivery->schema, "focus_dataset_instances")),
					   2, types, values, NULL, SPI_OK_INSERT);
	if (!part->has_period)
		return;
	focus_delivery_spi(psprintf("INSERT INTO %s AS s (datasetinstanceid, timesectorstart, timesectorend, timesectorlastupdated) "
								"VALUES ($2 || ':' || $1, $3, ($3 AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC', pg_catalog.now()) "
								"ON CONFLICT (datasetinstanceid, timesectorstart) DO UPDATE SET timesectorlastupdated = excluded.timesectorlastupdated",
								quote_qualified_identifier(delivery->schema, "focus_time_sectors")),
					   3, types, values, NULL, SPI_OK_INSERT);
}
