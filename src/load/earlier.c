/*-------------------------------------------------------------------------
 *
 * earlier.c
 *	  Earlier loads of a source and billing period: whether a delivery may
 *	  meet them, and what becomes of them.
 *
 * All of it holds for certain only under focus_delivery_lock().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "load/earlier.h"

/* So few rows may become any number of them. */
#define SHARE_ROWS_MIN	100

static void look_up_closing(FocusDelivery *delivery, FocusLoadPart *part);
static void check_closed_account(FocusDelivery *delivery, FocusLoadPart *part, const char *account);
pg_noreturn static void refuse_closed(FocusDelivery *delivery, FocusLoadPart *part);
static void check_content(FocusDelivery *delivery, FocusLoadPart *part);
static void check_order(FocusDelivery *delivery, FocusLoadPart *part);
static void check_share(FocusDelivery *delivery, FocusLoadPart *part);
static void check_other_sources(FocusDelivery *delivery, FocusLoadPart *part, const char *account);
pg_noreturn static void refuse(FocusDelivery *delivery, FocusLoadPart *part);
static void set_part(FocusDelivery *delivery, const FocusLoadPart *part, Datum *values, char *nulls);
static char *part_text(FocusDelivery *delivery, const FocusLoadPart *part);
static char *period_text(const FocusLoadPart *part);

/*
 * Sets part->closed and part->meets_earlier, and leaves the earlier loads,
 * oldest first, in SPI_tuptable: loadid, path, finish, rows, totals.
 */
void
focus_earlier_meet(FocusDelivery *delivery, FocusLoadPart *part)
{
	Oid			types[3] = {TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Datum		values[3];
	char		nulls[4] = "   ";

	look_up_closing(delivery, part);
	set_part(delivery, part, values, nulls);
	focus_delivery_spi(psprintf("SELECT loadid, path, to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), rows_stored, totals FROM %s "
								"WHERE dataset = $1 AND source = $2 AND state = 'current' "
								"AND billingperiodstart IS NOT DISTINCT FROM $3 ORDER BY loadid",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   3, types, values, nulls, SPI_OK_SELECT);
	part->meets_earlier = SPI_processed > 0;
}

/*
 * Errors unless the load may meet what is there.
 */
void
focus_earlier_decide(FocusDelivery *delivery, FocusLoadPart *part)
{
	ListCell   *account;

	focus_earlier_meet(delivery, part);
	foreach(account, part->accounts)
		check_closed_account(delivery, part, lfirst(account));
	if (part->closed && (part->has_charges ||
						 (part->meets_earlier && (part->mode == NULL || strcmp(part->mode, "append") != 0))))
		refuse_closed(delivery, part);
	if (part->meets_earlier && part->mode == NULL)
		refuse(delivery, part);
	if (part->meets_earlier && !delivery->options.force)
	{
		if (strcmp(part->mode, "append") == 0)
			check_content(delivery, part);
		else
		{
			check_order(delivery, part);
			check_share(delivery, part);
		}
	}
	foreach(account, part->accounts)
		check_other_sources(delivery, part, lfirst(account));
}

/*
 * Marks the earlier loads as replaced, and adds them to those whose rows are
 * to be deleted.
 */
ArrayBuildState *
focus_earlier_replace(FocusDelivery *delivery, FocusLoadPart *part, ArrayBuildState *replaced)
{
	const char *loads = quote_qualified_identifier(delivery->schema, "focus_loads");
	Oid			types[5] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, INT8OID, INT8OID};
	Datum		values[5];
	char		nulls[6] = "     ";
	uint64		i;

	set_part(delivery, part, values, nulls);
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
 * replaced together.
 */
void
focus_earlier_delete(FocusDelivery *delivery, ArrayBuildState *replaced)
{
	Oid			types[2] = {INT8ARRAYOID, TIMESTAMPTZOID};
	Datum		values[2];
	bool		isnull;

	values[0] = makeArrayResult(replaced, CurrentMemoryContext);
	values[1] = TimestampTzGetDatum(delivery->finished_at);
	focus_delivery_spi("SELECT focus_internal.supersede($1, $2)", 2, types, values, NULL, SPI_OK_SELECT);
	delivery->rows_replaced += DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/*
 * Leaves who closed the billing period, when, and why in SPI_tuptable.
 */
static void
look_up_closing(FocusDelivery *delivery, FocusLoadPart *part)
{
	Oid			types[2] = {TEXTOID, TIMESTAMPTZOID};
	Datum		values[2];

	part->closed = false;
	if (!part->has_period)
		return;
	values[0] = CStringGetTextDatum(part->source);
	values[1] = TimestampTzGetDatum(part->period);
	focus_delivery_spi(psprintf("SELECT closed_by, to_char(closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), reason FROM %s "
								"WHERE reopened_at IS NULL AND (source = $1 OR source IS NULL) "
								"AND billingperiodstart = date_trunc('month', $2, 'UTC') ORDER BY source LIMIT 1",
								quote_qualified_identifier(delivery->schema, "focus_closed_periods")),
					   2, types, values, NULL, SPI_OK_SELECT);
	part->closed = SPI_processed > 0;
}

/*
 * What an account has in a closed billing period is booked: a source that has
 * nothing of it yet takes corrections only, too.
 */
static void
check_closed_account(FocusDelivery *delivery, FocusLoadPart *part, const char *account)
{
	Oid			types[4] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[4];
	char		nulls[5] = "    ";

	if (!part->has_period || part->closed || part->meets_earlier)
		return;
	set_part(delivery, part, values, nulls);
	values[3] = CStringGetTextDatum(account);
	focus_delivery_spi(psprintf("SELECT l.source, l.loadid, l.path FROM %s AS l JOIN %s AS c "
								"ON c.source = l.source AND c.reopened_at IS NULL AND c.billingperiodstart = date_trunc('month', $3, 'UTC') "
								"WHERE l.dataset = $1 AND l.source <> $2 AND l.state = 'current' "
								"AND l.billingperiodstart = $3 AND $4 = ANY (l.accounts) ORDER BY l.loadid LIMIT 1",
								quote_qualified_identifier(delivery->schema, "focus_loads"),
								quote_qualified_identifier(delivery->schema, "focus_closed_periods")),
					   4, types, values, nulls, SPI_OK_SELECT);
	part->closed = SPI_processed > 0;
	if (!part->closed || !part->has_charges)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("billing period %s of account \"%s\" is closed for source \"%s\"",
					period_text(part), account, focus_delivery_text(delivery, 0, 1)),
			 errdetail("Load %s of \"%s\" holds it; \"%s\", of source \"%s\", would change what is booked.",
					   focus_delivery_text(delivery, 0, 2), focus_delivery_text(delivery, 0, 3), delivery->path, part->source),
			 errhint("Deliver corrections as rows of ChargeClass Correction, or reopen the period by focus_reopen_period.")));
}

static void
refuse_closed(FocusDelivery *delivery, FocusLoadPart *part)
{
	const char *reason;

	look_up_closing(delivery, part);
	reason = focus_delivery_text(delivery, 0, 3);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("billing period %s of source \"%s\" is closed", period_text(part), part->source),
			 errdetail("\"%s\" would change it. %s closed it at %s UTC%s%s.", delivery->path,
					   focus_delivery_text(delivery, 0, 1), focus_delivery_text(delivery, 0, 2),
					   reason != NULL ? ": " : "", reason != NULL ? reason : ""),
			 part->has_charges
			 ? errhint("Deliver corrections as rows of ChargeClass Correction, or reopen the period by focus_reopen_period.")
			 : errhint("Pass mode => 'append' to add these corrections, or reopen the period by focus_reopen_period.")));
}

/*
 * Content that is there already would count twice: that of a delivery of which
 * another part has been replaced, or that has been read by another mapping.
 */
static void
check_content(FocusDelivery *delivery, FocusLoadPart *part)
{
	Oid			types[4] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[4];
	char		nulls[5] = "    ";

	set_part(delivery, part, values, nulls);
	values[3] = CStringGetTextDatum(delivery->sha256);
	focus_delivery_spi(psprintf("SELECT loadid, path, rows_stored FROM %s "
								"WHERE dataset = $1 AND source = $2 AND state = 'current' "
								"AND billingperiodstart IS NOT DISTINCT FROM $3 AND content_sha256 = $4 ORDER BY loadid LIMIT 1",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   4, types, values, nulls, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("content of \"%s\" is already in %s", delivery->path, part_text(delivery, part)),
			 errdetail("Load %s of \"%s\" has %s rows of it; adding it again would count their cost twice.",
					   focus_delivery_text(delivery, 0, 1), focus_delivery_text(delivery, 0, 2), focus_delivery_text(delivery, 0, 3)),
			 errhint("Take that load's delivery back by focus_unload first, or pass force => true to add it all the same.")));
}

/*
 * An older run must not take the place of a newer one.  Manifests tell when
 * runs were; content that has been replaced is older whatever they say.
 */
static void
check_order(FocusDelivery *delivery, FocusLoadPart *part)
{
	const char *loads = quote_qualified_identifier(delivery->schema, "focus_loads");
	Oid			types[5] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[5];
	char		nulls[6] = "     ";
	const char *run_at;

	set_part(delivery, part, values, nulls);
	values[3] = TimestampTzGetDatum(part->run_at);
	nulls[3] = part->run_at != DT_NOBEGIN ? ' ' : 'n';
	values[4] = CStringGetTextDatum(delivery->sha256);
	focus_delivery_spi(psprintf("SELECT l.loadid, o.loadid, to_char(l.run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), "
								"to_char($4 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') "
								"FROM %s l LEFT JOIN %s o ON o.state = 'replaced' AND o.content_sha256 = $5 "
								"AND l.content_sha256 <> $5 AND o.loadid < l.loadid "
								"AND o.dataset = l.dataset AND o.source = l.source AND o.billingperiodstart IS NOT DISTINCT FROM $3 "
								"WHERE l.dataset = $1 AND l.source = $2 AND l.state = 'current' "
								"AND l.billingperiodstart IS NOT DISTINCT FROM $3 AND (l.run_at > $4 OR o.loadid IS NOT NULL) "
								"ORDER BY l.run_at > $4 DESC NULLS LAST, l.loadid DESC, o.loadid DESC LIMIT 1", loads, loads),
					   5, types, values, nulls, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return;
	run_at = focus_delivery_text(delivery, 0, 2) == NULL ? focus_delivery_text(delivery, 0, 4) : NULL;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s\" is older than what is loaded of %s", delivery->path, part_text(delivery, part)),
			 run_at != NULL
			 ? errdetail("It is of a run at %s UTC, load %s of one at %s UTC.", run_at,
						 focus_delivery_text(delivery, 0, 1), focus_delivery_text(delivery, 0, 3))
			 : errdetail("Load %s had the same content and has been replaced; now load %s is in its place.",
						 focus_delivery_text(delivery, 0, 2), focus_delivery_text(delivery, 0, 1)),
			 errhint("Pass force => true to put it in place all the same.")));
}

/*
 * Much fewer rows than before are more likely a delivery that was cut than a
 * month that shrank.
 */
static void
check_share(FocusDelivery *delivery, FocusLoadPart *part)
{
	Oid			types[5] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, INT8OID, INT8OID};
	Datum		values[5];
	char		nulls[6] = "     ";

	set_part(delivery, part, values, nulls);
	values[3] = Int64GetDatum(part->rows_stored);
	values[4] = Int64GetDatum(SHARE_ROWS_MIN);
	focus_delivery_spi(psprintf("SELECT e.rows, s.share "
								"FROM (SELECT sum(rows_stored) AS rows FROM %s WHERE dataset = $1 AND source = $2 AND state = 'current' "
								"AND billingperiodstart IS NOT DISTINCT FROM $3) e, "
								"(SELECT coalesce((SELECT min_row_share FROM %s WHERE source = $2), 0.5) AS share) s "
								"WHERE $4 < e.rows * s.share AND e.rows >= $5",
								quote_qualified_identifier(delivery->schema, "focus_loads"),
								quote_qualified_identifier(delivery->schema, "focus_sources")),
					   5, types, values, nulls, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s\" has too few rows to replace what is loaded of %s", delivery->path, part_text(delivery, part)),
			 errdetail("It has " INT64_FORMAT " rows, where %s are loaded; the share has to be at least %s.",
					   part->rows_stored, focus_delivery_text(delivery, 0, 1), focus_delivery_text(delivery, 0, 2)),
			 errhint("If the delivery is complete, pass force => true, or set another share in focus_sources.min_row_share.")));
}

/*
 * The same account and billing period under another source's name would count
 * its cost twice.  append says that the caller knows better, and gets a warning.
 */
static void
check_other_sources(FocusDelivery *delivery, FocusLoadPart *part, const char *account)
{
	Oid			types[4] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[4];
	char		nulls[5] = "    ";
	bool		append = part->mode != NULL && strcmp(part->mode, "append") == 0;

	if (!part->has_period)
		return;

	set_part(delivery, part, values, nulls);
	values[3] = CStringGetTextDatum(account);
	focus_delivery_spi(psprintf("SELECT source, loadid, path, rows_stored, totals FROM %s "
								"WHERE dataset = $1 AND source <> $2 AND state = 'current' "
								"AND billingperiodstart = $3 AND $4 = ANY (accounts) ORDER BY loadid LIMIT 1",
								quote_qualified_identifier(delivery->schema, "focus_loads")),
					   4, types, values, nulls, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return;
	if (append)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("billing period %s of account \"%s\" is loaded from source \"%s\" as well",
						period_text(part), account, focus_delivery_text(delivery, 0, 1)),
				 errdetail("Load %s of \"%s\" has %s rows with totals %s; this delivery of source \"%s\" adds to them.",
						   focus_delivery_text(delivery, 0, 2), focus_delivery_text(delivery, 0, 3),
						   focus_delivery_text(delivery, 0, 4), focus_delivery_text(delivery, 0, 5), part->source),
				 errhint("If both deliver the same charges, take this one back by focus_unload(" INT64_FORMAT ").",
						 delivery->deliveryid)));
	else
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("billing period %s of account \"%s\" is already loaded from source \"%s\"",
						period_text(part), account, focus_delivery_text(delivery, 0, 1)),
				 errdetail("Load %s of \"%s\" holds it; this delivery is of source \"%s\".",
						   focus_delivery_text(delivery, 0, 2), focus_delivery_text(delivery, 0, 3), part->source),
				 errhint("Name the same source, or pass mode => 'append' if the two deliver different charges.")));
}

static void
refuse(FocusDelivery *delivery, FocusLoadPart *part)
{
	uint64		last = SPI_processed - 1;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("%s is already loaded", part_text(delivery, part)),
			 errdetail("Load %s of \"%s\", finished at %s UTC, has %s rows with totals %s.",
					   focus_delivery_text(delivery, last, 1), focus_delivery_text(delivery, last, 2), focus_delivery_text(delivery, last, 3),
					   focus_delivery_text(delivery, last, 4), focus_delivery_text(delivery, last, 5)),
			 errhint("Pass mode => 'replace' to put this delivery in its place, or mode => 'append' to add to it. "
					 "A row in focus_sources says so for all deliveries of the source.")));
}

/*
 * Parameters 1 to 3 of queries of loads: dataset, source, and billing period
 */
static void
set_part(FocusDelivery *delivery, const FocusLoadPart *part, Datum *values, char *nulls)
{
	values[0] = CStringGetTextDatum(delivery->dataset->id);
	values[1] = CStringGetTextDatum(part->source);
	values[2] = TimestampTzGetDatum(part->period);
	nulls[2] = part->has_period ? ' ' : 'n';
}

/* The source and billing period of the load in words. */
static char *
part_text(FocusDelivery *delivery, const FocusLoadPart *part)
{
	if (part->has_period)
		return psprintf("billing period %s of source \"%s\"", period_text(part), part->source);
	return psprintf("dataset %s of source \"%s\"", delivery->dataset->id, part->source);
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
