/*-------------------------------------------------------------------------
 *
 * exec_explain.c
 *	  What a scan shares between processes, and what it tells EXPLAIN.
 *
 * Workers add their counters to shared memory when they have finished.  The
 * leader takes them from there before the memory goes away, which is after the
 * last worker has ended and before EXPLAIN asks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/tableam.h"
#include "commands/explain.h"
#include "storage/dsm.h"
#include "utils/rel.h"

#include "columnar/exec_scan.h"
#include "compat.h"

static const char *const counter_names[FOCUS_COUNTERS] = {
	[FOCUS_COUNT_GROUPS] = "Row Groups",
	[FOCUS_COUNT_GROUPS_BY_ZONE] = "Row Groups Skipped by Zone Map",
	[FOCUS_COUNT_GROUPS_BY_DICTIONARY] = "Row Groups Skipped by Dictionary",
	[FOCUS_COUNT_VECTORS] = "Vectors Decoded",
	[FOCUS_COUNT_VECTORS_SKIPPED] = "Vectors Skipped",
	[FOCUS_COUNT_DELTA_ROWS] = "Delta Rows",
	[FOCUS_COUNT_TOMBSTONES] = "Tombstones",
};

static void take_counters(dsm_segment *segment, Datum arg);

static FocusScanShared *
shared_of(void *coordinate)
{
	return (FocusScanShared *) coordinate;
}

static ParallelTableScanDesc
pscan_of(void *coordinate)
{
	return (ParallelTableScanDesc) ((char *) coordinate + MAXALIGN(sizeof(FocusScanShared)));
}

Size
focus_scan_estimate_dsm(CustomScanState *node, ParallelContext *pcxt)
{
	return add_size(MAXALIGN(sizeof(FocusScanShared)),
					table_parallelscan_estimate(node->ss.ss_currentRelation,
												node->ss.ps.state->es_snapshot));
}

void
focus_scan_initialize_dsm(CustomScanState *node, ParallelContext *pcxt, void *coordinate)
{
	FocusScanState *state = (FocusScanState *) node;
	int			i;

	state->shared = shared_of(coordinate);
	for (i = 0; i < FOCUS_COUNTERS; i++)
		pg_atomic_init_u64(&state->shared->counters[i], 0);
	state->pscan = pscan_of(coordinate);
	table_parallelscan_initialize(node->ss.ss_currentRelation, state->pscan,
								  node->ss.ps.state->es_snapshot);
	state->segment = pcxt->seg;
	if (state->segment != NULL)
		on_dsm_detach(state->segment, take_counters, PointerGetDatum(state));
}

void
focus_scan_reinitialize_dsm(CustomScanState *node, ParallelContext *pcxt, void *coordinate)
{
	table_parallelscan_reinitialize(node->ss.ss_currentRelation, pscan_of(coordinate));
}

void
focus_scan_initialize_worker(CustomScanState *node, shm_toc *toc, void *coordinate)
{
	FocusScanState *state = (FocusScanState *) node;

	state->shared = shared_of(coordinate);
	state->pscan = pscan_of(coordinate);
}

/*
 * May be called more than once.
 */
void
focus_scan_shutdown(CustomScanState *node)
{
	FocusScanState *state = (FocusScanState *) node;
	int			i;

	if (!IsParallelWorker() || state->shared == NULL)
		return;
	for (i = 0; i < FOCUS_COUNTERS; i++)
		pg_atomic_fetch_add_u64(&state->shared->counters[i], (int64) state->counters[i]);
	memset(state->counters, 0, sizeof(state->counters));
}

/*
 * The state is about to go away.
 */
void
focus_scan_forget_dsm(FocusScanState *state)
{
	if (state->segment != NULL)
		cancel_on_dsm_detach(state->segment, take_counters, PointerGetDatum(state));
	state->segment = NULL;
	state->shared = NULL;
}

static void
take_counters(dsm_segment *segment, Datum arg)
{
	FocusScanState *state = (FocusScanState *) DatumGetPointer(arg);
	int			i;

	for (i = 0; i < FOCUS_COUNTERS; i++)
		state->worker_counters[i] += pg_atomic_read_u64(&state->shared->counters[i]);
	state->segment = NULL;
	state->shared = NULL;
}

/*
 * Columns of the table that can be asked for
 */
static int
live_columns(TupleDesc desc)
{
	int			count = 0;
	int			i;

	for (i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			count++;
	return count;
}

static int
columns_read(FocusScanState *state)
{
	Bitmapset  *columns = NULL;
	int			i;

	for (i = 0; i < state->noutputs; i++)
		columns = bms_add_member(columns, state->outputs[i].column);
	if (state->filter != NULL)
		columns = bms_union(columns, state->filter->columns);
	return bms_num_members(columns);
}

static void
explain_text(FocusScanState *state, const uint64 *counters, ExplainState *es)
{
	ExplainPropertyText("Columns",
						psprintf("%d of %d", columns_read(state),
								 live_columns(RelationGetDescr(state->css.ss.ss_currentRelation))),
						es);
	if (!es->analyze)
		return;
	ExplainPropertyText("Row Groups",
						psprintf(UINT64_FORMAT " total, " UINT64_FORMAT " skipped by zone map, "
								 UINT64_FORMAT " by dictionary",
								 counters[FOCUS_COUNT_GROUPS], counters[FOCUS_COUNT_GROUPS_BY_ZONE],
								 counters[FOCUS_COUNT_GROUPS_BY_DICTIONARY]),
						es);
	ExplainPropertyText("Vectors",
						psprintf(UINT64_FORMAT " decoded, " UINT64_FORMAT " skipped",
								 counters[FOCUS_COUNT_VECTORS], counters[FOCUS_COUNT_VECTORS_SKIPPED]),
						es);
	ExplainPropertyInteger(counter_names[FOCUS_COUNT_DELTA_ROWS], NULL,
						   (int64) counters[FOCUS_COUNT_DELTA_ROWS], es);
	ExplainPropertyInteger(counter_names[FOCUS_COUNT_TOMBSTONES], NULL,
						   (int64) counters[FOCUS_COUNT_TOMBSTONES], es);
}

void
focus_scan_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	FocusScanState *state = (FocusScanState *) node;
	Node	   *reason = lsecond(((CustomScan *) node->ss.ps.plan)->custom_private);
	uint64		counters[FOCUS_COUNTERS];
	int			i;

	if (es->verbose && IsA(reason, String) && strVal(reason)[0] != '\0')
		ExplainPropertyText("Not Vectorized", strVal(reason), es);

	for (i = 0; i < FOCUS_COUNTERS; i++)
		counters[i] = state->counters[i] + state->worker_counters[i];
	if (es->format == EXPLAIN_FORMAT_TEXT)
	{
		explain_text(state, counters, es);
		return;
	}
	ExplainPropertyInteger("Columns Read", NULL, columns_read(state), es);
	ExplainPropertyInteger("Columns", NULL,
						   live_columns(RelationGetDescr(node->ss.ss_currentRelation)), es);
	for (i = 0; es->analyze && i < FOCUS_COUNTERS; i++)
		ExplainPropertyInteger(counter_names[i], NULL, (int64) counters[i], es);
}
