/*-------------------------------------------------------------------------
 *
 * delivery.c
 *	  Bookkeeping of a delivery: which loads it makes, which it replaces.
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
static void meet_earlier_loads(FocusDelivery *delivery, FocusLoadPart *part);
static const char *source_setting(FocusDelivery *delivery, const char *source, const char *column);
static void note_account(FocusDelivery *delivery, FocusLoadPart *part, const char *account);
static void check_other_sources(FocusDelivery *delivery, FocusLoadPart *part, const char *account);
pg_noreturn static void refuse(FocusDelivery *delivery, FocusLoadPart *part);
static ArrayBuildState *replace_earlier_loads(FocusDelivery *delivery, FocusLoadPart *part,
											  ArrayBuildState *replaced);
static void delete_replaced_rows(FocusDelivery *delivery, ArrayBuildState *replaced);
static void write_load(FocusDelivery *delivery, FocusLoadPart *part, const char *sha256);
static void write_recency(FocusDelivery *delivery, FocusLoadPart *part);
static char *fetch_text(FocusDelivery *delivery, uint64 row, int column);
static char *period_text(const FocusLoadPart *part);

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
	buckets.keysize = sizeof(uint64);
	buckets.entrysize = sizeof(PartBucket);
	buckets.hcxt = context;
	delivery->part_buckets = hash_create("focus load parts", 64, &buckets, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	buckets.keysize = sizeof(AccountKey);
	buckets.entrysize = sizeof(AccountBucket);
	delivery->account_buckets = hash_create("focus load accounts", 64, &buckets, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	delivery->deliveryid = next_loadid(delivery);
	if (options->source != NULL)
		delivery->source_provider = source_setting(delivery, options->source, "provider");
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
		part->totals = focus_totals_create();
		delivery->parts = lappend(delivery->parts, part);
		bucket->parts = lappend(bucket->parts, part);
		if (source != NULL)
		{
			part->mode = delivery->options.mode ? delivery->options.mode : source_setting(delivery, source, "mode");
			meet_earlier_loads(delivery, part);
			if (part->meets_earlier && part->mode == NULL)
				delivery->refused = true;
		}
	}
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
 * The latest delivery of the same content that is still in place as a whole;
 * 0 when there is none.
 */
int64
focus_delivery_find_content(FocusDelivery *delivery, const char *sha256)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(sha256)};
	bool		isnull;

	focus_delivery_spi(psprintf("SELECT deliveryid FROM %s WHERE content_sha256 = $1 GROUP BY deliveryid "
								"HAVING bool_and(state NOT IN ('replaced', 'removed')) ORDER BY deliveryid DESC LIMIT 1",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   1, types, values, NULL, SPI_OK_SELECT);
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

	if (delivery->parts == NIL)
		(void) focus_delivery_part(delivery, delivery->options.source, false, 0, NULL);

	foreach(cell, delivery->parts)
	{
		FocusLoadPart *part = lfirst(cell);
		ListCell   *account;

		if (part->source == NULL || (part->rows_stored == 0 && !delivery->refused))
			continue;
		meet_earlier_loads(delivery, part);
		if (part->meets_earlier && part->mode == NULL)
			refuse(delivery, part);
		foreach(account, part->accounts)
			check_other_sources(delivery, part, lfirst(account));
	}
	if (delivery->refused)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("earlier loads changed while \"%s\" was being read", delivery->path),
				 errdetail("Loads that it met at first are no longer current."),
				 errhint("Load it again.")));
	foreach(cell, delivery->parts)
	{
		FocusLoadPart *part = lfirst(cell);

		if (part->rows_stored > 0 && part->meets_earlier && strcmp(part->mode, "replace") == 0)
			replaced = replace_earlier_loads(delivery, part, replaced);
		write_load(delivery, part, sha256);
		if (part->rows_stored > 0)
			write_recency(delivery, part);
	}
	if (replaced != NULL)
		delete_replaced_rows(delivery, replaced);
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

/*
 * Sets part->meets_earlier and leaves the earlier loads, oldest first, in
 * SPI_tuptable: loadid, path, finish, rows, totals.
 */
static void
meet_earlier_loads(FocusDelivery *delivery, FocusLoadPart *part)
{
	Oid			types[3] = {TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Datum		values[3];
	char		nulls[4] = "   ";

	values[0] = CStringGetTextDatum(delivery->dataset->id);
	values[1] = CStringGetTextDatum(part->source);
	values[2] = TimestampTzGetDatum(part->period);
	if (!part->has_period)
		nulls[2] = 'n';
	focus_delivery_spi(psprintf("SELECT loadid, path, to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), rows_stored, totals FROM %s "
								"WHERE dataset = $1 AND source = $2 AND state = 'current' "
								"AND billingperiodstart IS NOT DISTINCT FROM $3 ORDER BY loadid",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   3, types, values, nulls, SPI_OK_SELECT);
	part->meets_earlier = SPI_processed > 0;
}

/* What a column of focus_sources says of the source; NULL when nothing. */
static const char *
source_setting(FocusDelivery *delivery, const char *source, const char *column)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(source)};

	focus_delivery_spi(psprintf("SELECT %s FROM %s WHERE source = $1", column,
								quote_qualified_identifier(delivery->schema, "focus_sources")),
					   1, types, values, NULL, SPI_OK_SELECT);
	return SPI_processed > 0 ? fetch_text(delivery, 0, 1) : NULL;
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

/*
 * The same account and billing period under another source's name would count
 * its cost twice.  append says that the caller knows better.
 */
static void
check_other_sources(FocusDelivery *delivery, FocusLoadPart *part, const char *account)
{
	Oid			types[4] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[4];

	if (!part->has_period || (part->mode != NULL && strcmp(part->mode, "append") == 0))
		return;

	values[0] = CStringGetTextDatum(delivery->dataset->id);
	values[1] = CStringGetTextDatum(part->source);
	values[2] = TimestampTzGetDatum(part->period);
	values[3] = CStringGetTextDatum(account);
	focus_delivery_spi(psprintf("SELECT source, loadid, path FROM %s "
								"WHERE dataset = $1 AND source <> $2 AND state = 'current' "
								"AND billingperiodstart = $3 AND $4 = ANY (accounts) ORDER BY loadid LIMIT 1",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   4, types, values, NULL, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("billing period %s of account \"%s\" is already loaded from source \"%s\"",
					period_text(part), account, fetch_text(delivery, 0, 1)),
			 errdetail("Load %s of \"%s\" holds it; this delivery is of source \"%s\".",
					   fetch_text(delivery, 0, 2), fetch_text(delivery, 0, 3), part->source),
			 errhint("Name the same source, or pass mode => 'append' if the two deliver different charges.")));
}

static void
refuse(FocusDelivery *delivery, FocusLoadPart *part)
{
	uint64		last = SPI_processed - 1;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 part->has_period
			 ? errmsg("billing period %s of source \"%s\" is already loaded", period_text(part), part->source)
			 : errmsg("dataset %s of source \"%s\" is already loaded", delivery->dataset->id, part->source),
			 errdetail("Load %s of \"%s\", finished at %s UTC, has %s rows with totals %s.",
					   fetch_text(delivery, last, 1), fetch_text(delivery, last, 2), fetch_text(delivery, last, 3),
					   fetch_text(delivery, last, 4), fetch_text(delivery, last, 5)),
			 errhint("Pass mode => 'replace' to put this delivery in its place, or mode => 'append' to add to it. "
					 "A row in focus_sources says so for all deliveries of the source.")));
}

/*
 * Marks the earlier loads as replaced, and adds them to those whose rows are
 * to be deleted.
 */
static ArrayBuildState *
replace_earlier_loads(FocusDelivery *delivery, FocusLoadPart *part, ArrayBuildState *replaced)
{
	const char *loads = quote_qualified_identifier(delivery->schema, "focus_loads");
	Oid			types[5] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, INT8OID, INT8OID};
	Datum		values[5];
	char		nulls[6] = "     ";
	uint64		i;

	values[0] = CStringGetTextDatum(delivery->dataset->id);
	values[1] = CStringGetTextDatum(part->source);
	values[2] = TimestampTzGetDatum(part->period);
	if (!part->has_period)
		nulls[2] = 'n';
	values[3] = Int64GetDatum(delivery->deliveryid);
	focus_delivery_spi(psprintf("WITH replaced AS (UPDATE %s SET state = 'replaced', replaced_by = $4 "
								"WHERE dataset = $1 AND source = $2 AND state = 'current' "
								"AND billingperiodstart IS NOT DISTINCT FROM $3 RETURNING loadid) "
								"SELECT loadid FROM replaced", loads),
					   4, types, values, nulls, SPI_OK_SELECT);
	if (SPI_processed == 0)
		elog(ERROR, "earlier loads of source \"%s\" vanished", part->source);
	for (i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		loadid = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

		replaced = accumArrayResult(replaced, loadid, false, INT8OID, CurrentMemoryContext);
	}
	return replaced;
}

/*
 * All at once, because a row group can have rows of several loads that are
 * replaced together.  Whole groups go first, then what is in none or shares
 * one with loads that stay.
 */
static void
delete_replaced_rows(FocusDelivery *delivery, ArrayBuildState *replaced)
{
	const char *table = quote_qualified_identifier(delivery->schema, delivery->dataset->table);
	Oid			array_type[1] = {INT8ARRAYOID};
	Datum		loadids = makeArrayResult(replaced, CurrentMemoryContext);
	bool		isnull;

	focus_delivery_spi(psprintf("SELECT %s.focus_delete_groups(%s, 'x_loadid', $1)",
								quote_identifier(delivery->schema), quote_literal_cstr(table)),
					   1, array_type, &loadids, NULL, SPI_OK_SELECT);
	delivery->rows_replaced += DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
														   SPI_tuptable->tupdesc, 1, &isnull));
	focus_delivery_spi(psprintf("DELETE FROM %s WHERE x_loadid = ANY ($1)", table),
					   1, array_type, &loadids, NULL, SPI_OK_DELETE);
	delivery->rows_replaced += SPI_processed;
}

static void
write_load(FocusDelivery *delivery, FocusLoadPart *part, const char *sha256)
{
	Oid			types[18] = {INT8OID, INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTARRAYOID,
		TEXTOID, TEXTOID, TEXTOID, INT4OID, INT8OID, TEXTOID,
	TEXTOID, TEXTOID, INT8OID, INT8OID, JSONBOID, TIMESTAMPTZOID};
	Datum		values[18];
	char		nulls[19] = "                  ";
	Datum	   *accounts = palloc(Max(list_length(part->accounts), 1) * sizeof(Datum));
	ListCell   *cell;
	int			naccounts = 0;
	const char *state;

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
	values[7] = CStringGetTextDatum(part->meets_earlier ? part->mode : "new");
	values[8] = CStringGetTextDatum(delivery->path);
	values[9] = Int32GetDatum(delivery->files);
	values[10] = Int64GetDatum(delivery->bytes);
	values[11] = CStringGetTextDatum(sha256);
	values[12] = delivery->provider ? CStringGetTextDatum(delivery->provider) : (Datum) 0;
	nulls[12] = delivery->provider ? ' ' : 'n';
	values[13] = delivery->focus_version ? CStringGetTextDatum(delivery->focus_version) : (Datum) 0;
	nulls[13] = delivery->focus_version ? ' ' : 'n';
	values[14] = Int64GetDatum(part->rows_stored);
	values[15] = Int64GetDatum(part->rows_rejected);
	values[16] = JsonbPGetDatum(focus_totals_jsonb(part->totals));
	values[17] = TimestampTzGetDatum(delivery->started_at);
	focus_delivery_spi(psprintf("INSERT INTO %s (loadid, deliveryid, dataset, source, billingperiodstart, accounts, "
								"state, mode, path, files, bytes, content_sha256, "
								"provider, focus_version, rows_stored, rows_rejected, totals, started_at, finished_at) "
								"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
								"pg_catalog.clock_timestamp())",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   18, types, values, nulls, SPI_OK_INSERT);
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

/* Copy of a result cell as text in the delivery's memory; NULL for a null. */
static char *
fetch_text(FocusDelivery *delivery, uint64 row, int column)
{
	char	   *text = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);

	return text != NULL ? MemoryContextStrdup(delivery->context, text) : NULL;
}

/* YYYY-MM for a period that begins a month, else the day, in UTC. */
static char *
period_text(const FocusLoadPart *part)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(part->period, NULL, &tm, &fsec, NULL, NULL) != 0)
		return pstrdup("?");
	if (tm.tm_mday == 1)
		return psprintf("%04d-%02d", tm.tm_year, tm.tm_mon);
	return psprintf("%04d-%02d-%02d", tm.tm_year, tm.tm_mon, tm.tm_mday);
}
