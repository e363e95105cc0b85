/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Scans of a table: its row groups, then its delta.
 *
 * Which groups and tombstones a scan sees is read once, when the first row is
 * asked for.  Rows of groups are returned as heap tuples that a slot owns, so
 * that whoever gets one need not know where it comes from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/bulk.h"
#include "columnar/delta.h"
#include "columnar/scan.h"
#include "columnar/tid.h"

static bool next_grouped_row(FocusScan *scan, ScanDirection direction, TupleTableSlot *slot);
static bool next_live_row(FocusScan *scan, ScanDirection direction);
static bool keys_match(FocusScan *scan, TupleTableSlot *slot);
static void leave_group(FocusScan *scan);
static void open_store(FocusScan *scan);
static void close_store(FocusScan *scan);

TableScanDesc
focus_scan_begin(Relation rel, Snapshot snapshot, int nkeys, struct ScanKeyData *key,
				 ParallelTableScanDesc pscan, uint32 flags)
{
	FocusScan  *scan = palloc0(sizeof(FocusScan));

	focus_bulk_flush(rel);
	scan->base.rs_rd = rel;
	scan->base.rs_snapshot = snapshot;
	scan->base.rs_nkeys = nkeys;
	scan->base.rs_flags = flags;
	scan->base.rs_parallel = pscan;
	if (nkeys > 0)
	{
		scan->base.rs_key = palloc(mul_size(nkeys, sizeof(ScanKeyData)));
		if (key != NULL)
			memcpy(scan->base.rs_key, key, nkeys * sizeof(ScanKeyData));
	}
	scan->context = AllocSetContextCreate(CurrentMemoryContext, "focus scan",
										  ALLOCSET_SMALL_SIZES);

	/* The relation stays open for the scan, as it does for heap's. */
	RelationIncrementReferenceCount(rel);

	/* It is this one that unregisters a temporary snapshot at the end. */
	scan->delta = focus_delta_of(rel)->scan_begin(rel, snapshot, nkeys, key, pscan, flags);
	return &scan->base;
}

void
focus_scan_end(TableScanDesc base)
{
	FocusScan  *scan = (FocusScan *) base;

	close_store(scan);

	/* Building an index hands it to heap, which ends it. */
	if (scan->delta != NULL)
		GetHeapamTableAmRoutine()->scan_end(scan->delta);
	RelationDecrementReferenceCount(base->rs_rd);
	MemoryContextDelete(scan->context);
	if (base->rs_key != NULL)
		pfree(base->rs_key);
	pfree(scan);
}

void
focus_scan_rescan(TableScanDesc base, struct ScanKeyData *key, bool set_params,
				  bool allow_strat, bool allow_sync, bool allow_pagemode)
{
	FocusScan  *scan = (FocusScan *) base;

	focus_bulk_flush(base->rs_rd);
	if (key != NULL && base->rs_nkeys > 0)
		memcpy(base->rs_key, key, base->rs_nkeys * sizeof(ScanKeyData));
	leave_group(scan);
	close_store(scan);
	MemoryContextReset(scan->context);
	scan->list = NULL;
	scan->phase = FOCUS_SCAN_NOT_BEGUN;
	focus_delta_of(base->rs_rd)->scan_rescan(scan->delta, key, set_params, allow_strat,
											 allow_sync, allow_pagemode);
}

/*
 * A scan that has come to one end can be continued in the other direction, as
 * cursors do; heap's scan begins anew then.
 */
bool
focus_scan_getnextslot(TableScanDesc base, ScanDirection direction, TupleTableSlot *slot)
{
	FocusScan  *scan = (FocusScan *) base;
	const TableAmRoutine *delta = focus_delta_of(base->rs_rd);

	if (scan->phase == FOCUS_SCAN_NOT_BEGUN)
	{
		(void) focus_scan_list(scan);
		scan->phase = ScanDirectionIsForward(direction) ? FOCUS_SCAN_GROUPS : FOCUS_SCAN_DELTA;
		scan->group = -1;
	}

	if (scan->phase == FOCUS_SCAN_DELTA)
	{
		if (delta->scan_getnextslot(scan->delta, direction, slot))
			return true;
		if (ScanDirectionIsForward(direction))
			return false;
		scan->phase = FOCUS_SCAN_GROUPS;
		scan->group = scan->list->count;
	}

	if (next_grouped_row(scan, direction, slot))
	{
		pgstat_count_heap_getnext(base->rs_rd);
		return true;
	}
	if (!ScanDirectionIsForward(direction))
	{
		ExecClearTuple(slot);
		return false;
	}
	scan->phase = FOCUS_SCAN_DELTA;
	return delta->scan_getnextslot(scan->delta, direction, slot);
}

/*
 * Parallel scans
 */

Size
focus_parallelscan_estimate(Relation rel)
{
	return sizeof(FocusParallelScan);
}

Size
focus_parallelscan_initialize(Relation rel, ParallelTableScanDesc pscan)
{
	pg_atomic_init_u32(&((FocusParallelScan *) pscan)->next_group, 0);
	(void) focus_delta_of(rel)->parallelscan_initialize(rel, pscan);
	return sizeof(FocusParallelScan);
}

void
focus_parallelscan_reinitialize(Relation rel, ParallelTableScanDesc pscan)
{
	pg_atomic_write_u32(&((FocusParallelScan *) pscan)->next_group, 0);
	focus_delta_of(rel)->parallelscan_reinitialize(rel, pscan);
}

/*
 * Groups and tombstones by the scan's snapshot.  ANALYZE's scan has none, and
 * wants what is there now.
 */
FocusGroupList *
focus_scan_list(FocusScan *scan)
{
	if (scan->list == NULL)
	{
		/* The caller's context may be one that is reset for each row. */
		MemoryContext caller = MemoryContextSwitchTo(scan->context);

		open_store(scan);
		scan->list = focus_group_list_create(&scan->store, scan->base.rs_snapshot != NULL ?
											 scan->base.rs_snapshot : SnapshotSelf);
		scan->readers = focus_arena_pool_create(scan->context);
		MemoryContextSwitchTo(caller);
	}
	return scan->list;
}

/*
 * Makes a group of the list the current one.
 */
FocusGroupReader *
focus_scan_open_group(FocusScan *scan, int index)
{
	if (scan->reader != NULL && scan->group == index)
		return scan->reader;
	leave_group(scan);
	scan->group = index;
	scan->reader = focus_group_reader_create(&scan->store, &scan->list->groups[index],
											 scan->readers);
	return scan->reader;
}

/*
 * The next group for this process: an index into the list, which may exceed
 * it.
 */
int
focus_scan_claim_group(FocusScan *scan)
{
	FocusParallelScan *shared = (FocusParallelScan *) scan->base.rs_parallel;
	uint32		next;

	if (shared == NULL)
		return scan->group + 1;

	/* Beyond the end the counter is left alone, so that it cannot wrap. */
	next = pg_atomic_read_u32(&shared->next_group);
	if (next < (uint32) scan->list->count)
		next = pg_atomic_fetch_add_u32(&shared->next_group, 1);
	return (int) Min(next, (uint32) scan->list->count);
}

void
focus_slot_store_row(TupleTableSlot *slot, FocusGroupReader *reader, FocusStore *store, uint32 row)
{
	BufferHeapTupleTableSlot *bslot = (BufferHeapTupleTableSlot *) slot;
	MemoryContext caller;

	Assert(TTS_IS_BUFFERTUPLE(slot));
	ExecClearTuple(slot);
	caller = MemoryContextSwitchTo(slot->tts_mcxt);
	bslot->base.tuple = focus_group_reader_tuple(reader, store, slot->tts_tupleDescriptor, row);
	MemoryContextSwitchTo(caller);
	bslot->base.off = 0;
	bslot->buffer = InvalidBuffer;
	slot->tts_flags &= ~TTS_FLAG_EMPTY;
	slot->tts_flags |= TTS_FLAG_SHOULDFREE;
	slot->tts_nvalid = 0;
	slot->tts_tid = bslot->base.tuple->t_self;
	slot->tts_tableOid = RelationGetRelid(store->rel);
}

static bool
next_grouped_row(FocusScan *scan, ScanDirection direction, TupleTableSlot *slot)
{
	while (next_live_row(scan, direction))
	{
		focus_slot_store_row(slot, scan->reader, &scan->store, (uint32) scan->row);
		if (scan->base.rs_nkeys == 0 || keys_match(scan, slot))
			return true;
	}
	return false;
}

/*
 * Moves to the next row without tombstone.  Before the first group is index
 * -1, behind the last one is list->count.
 */
static bool
next_live_row(FocusScan *scan, ScanDirection direction)
{
	FocusGroupList *list = scan->list;
	bool		forward = ScanDirectionIsForward(direction);

	for (;;)
	{
		if (scan->reader != NULL)
		{
			scan->row += forward ? 1 : -1;
			while (scan->row >= 0 && scan->row < list->groups[scan->group].rows)
			{
				if (!focus_group_list_is_dead(list, scan->group, (uint32) scan->row))
					return true;
				scan->row += forward ? 1 : -1;
			}
		}
		else if (list->count == 0)
			return false;

		{
			int			next = forward ? focus_scan_claim_group(scan) : scan->group - 1;

			if (next < 0 || next >= list->count)
			{
				leave_group(scan);
				scan->group = next < 0 ? -1 : list->count;
				return false;
			}
			(void) focus_scan_open_group(scan, next);
			focus_group_reader_load(scan->reader, &scan->store);
			scan->row = forward ? -1 : (int64) list->groups[next].rows;
		}
	}
}

static bool
keys_match(FocusScan *scan, TupleTableSlot *slot)
{
	int			i;

	for (i = 0; i < scan->base.rs_nkeys; i++)
	{
		ScanKey		key = &scan->base.rs_key[i];
		bool		isnull;
		Datum		value = slot_getattr(slot, key->sk_attno, &isnull);

		if (isnull || (key->sk_flags & SK_ISNULL) != 0 ||
			!DatumGetBool(FunctionCall2Coll(&key->sk_func, key->sk_collation, value,
											key->sk_argument)))
			return false;
	}
	return true;
}

static void
leave_group(FocusScan *scan)
{
	if (scan->reader != NULL)
		focus_group_reader_free(scan->reader);
	scan->reader = NULL;
}

static void
open_store(FocusScan *scan)
{
	if (!scan->store_open)
		focus_store_open(&scan->store, scan->base.rs_rd, AccessShareLock);
	scan->store_open = true;
}

static void
close_store(FocusScan *scan)
{
	if (scan->store_open)
		focus_store_close(&scan->store);
	scan->store_open = false;
}
