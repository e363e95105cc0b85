/*-------------------------------------------------------------------------
 *
 * fetch.c
 *	  Rows by TID.
 *
 * Whether a row of a group is there is asked of its directory entry and its
 * tombstone each time, with the snapshot at hand: two probes of the TOAST
 * index, which under SERIALIZABLE leave the predicate locks that writers
 * check.  Only what never changes, the group's columns, comes from a cache.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
#include "access/transam.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/bulk.h"
#include "columnar/delta.h"
#include "columnar/fetch.h"
#include "columnar/scan.h"
#include "columnar/tid.h"

typedef struct FocusIndexFetch
{
	IndexFetchTableData base;
	IndexFetchTableData *delta;
	FocusStore	store;
	bool		store_open;
} FocusIndexFetch;

static bool is_row_of_group(const ItemPointerData *tid);
static bool is_moved_delta_row(Relation rel, const ItemPointerData *tid, Snapshot snapshot);
static void report_moved_row(Relation rel);

bool
focus_row_visible(FocusStore *store, const ItemPointerData *tid, Snapshot snapshot,
				  FocusGroup *group)
{
	uint32		row = focus_tid_row(tid);
	FocusTombstone tombstone;
	TransactionId inserter = InvalidTransactionId;
	TransactionId remover = InvalidTransactionId;

	if (!is_row_of_group(tid) ||
		!focus_store_find_group(store, focus_tid_group(tid), snapshot, group) ||
		row >= group->rows)
		return false;

	/*
	 * SnapshotAny sees what is deleted, too.  Of a row that is deleted but
	 * not yet for everyone, a non-vacuumable snapshot sees it as well.
	 */
	if (snapshot->snapshot_type == SNAPSHOT_ANY ||
		snapshot->snapshot_type == SNAPSHOT_NON_VACUUMABLE)
		return true;
	if (snapshot->snapshot_type != SNAPSHOT_DIRTY)
		return !focus_store_find_tombstone(store, group->number, row, snapshot, &tombstone);

	inserter = snapshot->xmin;
	remover = snapshot->xmax;
	if (focus_store_find_tombstone(store, group->number, row, snapshot, &tombstone))
	{
		/* A tombstone that is not in progress has happened. */
		if (!TransactionIdIsValid(snapshot->xmin))
			return false;
		remover = snapshot->xmin;
	}
	snapshot->xmin = inserter;
	snapshot->xmax = remover;
	snapshot->speculativeToken = 0;
	return true;
}

IndexFetchTableData *
focus_index_fetch_begin(Relation rel)
{
	FocusIndexFetch *fetch = palloc0(sizeof(FocusIndexFetch));

	focus_bulk_flush(rel);
	fetch->base.rel = rel;
	fetch->delta = focus_delta_of(rel)->index_fetch_begin(rel);
	return &fetch->base;
}

void
focus_index_fetch_reset(IndexFetchTableData *base)
{
	focus_delta_of(base->rel)->index_fetch_reset(((FocusIndexFetch *) base)->delta);
}

void
focus_index_fetch_end(IndexFetchTableData *base)
{
	FocusIndexFetch *fetch = (FocusIndexFetch *) base;

	focus_delta_of(base->rel)->index_fetch_end(fetch->delta);
	if (fetch->store_open)
		focus_store_close(&fetch->store);
	pfree(fetch);
}

/*
 * *all_dead stays as it is for a row of a group: index entries of groups are
 * not killed one by one.
 */
bool
focus_index_fetch_tuple(IndexFetchTableData *base, ItemPointer tid, Snapshot snapshot,
						TupleTableSlot *slot, bool *call_again, bool *all_dead)
{
	FocusIndexFetch *fetch = (FocusIndexFetch *) base;
	FocusGroup	group;

	if (!focus_tid_is_grouped(tid))
		return focus_delta_of(base->rel)->index_fetch_tuple(fetch->delta, tid, snapshot, slot,
															call_again, all_dead);
	*call_again = false;
	if (all_dead != NULL)
		*all_dead = false;
	if (!fetch->store_open)
	{
		MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(fetch));

		focus_store_open(&fetch->store, base->rel, AccessShareLock);
		fetch->store_open = true;
		MemoryContextSwitchTo(caller);
	}
	if (!focus_row_visible(&fetch->store, tid, snapshot, &group))
		return false;
	focus_slot_store_row(slot, focus_group_reader_cached(&fetch->store, &group), &fetch->store,
						 focus_tid_row(tid));
	return true;
}

bool
focus_tuple_fetch_row_version(Relation rel, ItemPointer tid, Snapshot snapshot,
							  TupleTableSlot *slot)
{
	FocusStore	store;
	FocusGroup	group;
	ItemPointerData row = *tid; /* it may be the slot's own */
	bool		found;

	if (!focus_tid_is_grouped(tid))
		return focus_delta_of(rel)->tuple_fetch_row_version(rel, tid, snapshot, slot);
	focus_store_open(&store, rel, AccessShareLock);
	found = focus_row_visible(&store, &row, snapshot, &group);
	if (found)
		focus_slot_store_row(slot, focus_group_reader_cached(&store, &group), &store,
							 focus_tid_row(&row));
	focus_store_close(&store);
	return found;
}

bool
focus_tuple_tid_valid(TableScanDesc scan, ItemPointer tid)
{
	if (ItemPointerIsValid(tid) && focus_tid_is_grouped(tid))
		return is_row_of_group(tid);
	return focus_delta_of(scan->rs_rd)->tuple_tid_valid(((FocusScan *) scan)->delta, tid);
}

/*
 * An updated row goes on in the delta.
 *
 * This is for WHERE CURRENT OF, whose row may have been moved by a compaction
 * that the cursor does not see and the command does.  It is not to pass for a
 * row that has been deleted.
 */
void
focus_tuple_get_latest_tid(TableScanDesc scan, ItemPointer tid)
{
	Relation	rel = scan->rs_rd;

	if (focus_tid_is_grouped(tid))
	{
		FocusStore	store;
		FocusGroup	group;
		FocusGroupRemoval removal;
		FocusTombstone tombstone;
		bool		updated;
		bool		moved;

		focus_store_open(&store, rel, AccessShareLock);
		updated = focus_store_find_tombstone(&store, focus_tid_group(tid), focus_tid_row(tid),
											 scan->rs_snapshot, &tombstone) &&
			focus_tombstone_has_forward(&tombstone);
		moved = !updated &&
			!focus_store_find_group(&store, focus_tid_group(tid), scan->rs_snapshot, &group) &&
			focus_store_find_removed(&store, focus_tid_group(tid), &group, &removal) &&
			removal.moved;
		focus_store_close(&store);
		if (moved)
			report_moved_row(rel);
		if (!updated)
			return;
		*tid = tombstone.forward;
	}
	focus_delta_of(rel)->tuple_get_latest_tid(((FocusScan *) scan)->delta, tid);
	if (is_moved_delta_row(rel, tid, scan->rs_snapshot))
		report_moved_row(rel);
}

/*
 * Has a transaction that the snapshot sees moved this row of the delta to a
 * group?  Heap's mark for rows that go to another partition says so.
 */
static bool
is_moved_delta_row(Relation rel, const ItemPointerData *tid, Snapshot snapshot)
{
	HeapTupleData tuple;
	Buffer		buffer;
	bool		moved = false;

	tuple.t_self = *tid;
	if (!heap_fetch(rel, SnapshotAny, &tuple, &buffer, false))
		return false;
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (HeapTupleHeaderIndicatesMovedPartitions(tuple.t_data))
	{
		TransactionId xmax = HeapTupleHeaderGetUpdateXid(tuple.t_data);

		moved = !TransactionIdIsInProgress(xmax) && TransactionIdDidCommit(xmax) &&
			IsMVCCSnapshot(snapshot) && !XidInMVCCSnapshot(xmax, snapshot);
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	ReleaseBuffer(buffer);
	return moved;
}

static void
report_moved_row(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("row of table \"%s\" has been moved by a concurrent compaction",
					RelationGetRelationName(rel))));
}

bool
focus_tuple_satisfies_snapshot(Relation rel, TupleTableSlot *slot, Snapshot snapshot)
{
	FocusStore	store;
	FocusGroup	group;
	bool		visible;

	if (!focus_tid_is_grouped(&slot->tts_tid))
		return focus_delta_of(rel)->tuple_satisfies_snapshot(rel, slot, snapshot);
	focus_store_open(&store, rel, AccessShareLock);
	visible = focus_row_visible(&store, &slot->tts_tid, snapshot, &group);
	focus_store_close(&store);
	return visible;
}

/*
 * Heap looks at the pages of the TIDs.  Those in groups are kept from it, and
 * their entries in the index.
 */
TransactionId
focus_index_delete_tuples(Relation rel, TM_IndexDeleteOp *delstate)
{
	TM_IndexDeleteOp delta = *delstate;
	int			kept = 0;
	int			i;
	TransactionId result;

	delta.deltids = palloc(mul_size(Max(delstate->ndeltids, 1), sizeof(TM_IndexDelete)));
	delta.ndeltids = 0;
	for (i = 0; i < delstate->ndeltids; i++)
	{
		TM_IndexDelete *deltid = &delstate->deltids[i];

		if (!focus_tid_is_grouped(&deltid->tid))
			delta.deltids[delta.ndeltids++] = *deltid;
		else if (delstate->status[deltid->id].knowndeletable)
			kept++;
	}
	if (kept > 0)
		elog(ERROR, "index entry of a row group was marked dead");
	if (delta.ndeltids == 0)
	{
		delstate->ndeltids = 0;
		pfree(delta.deltids);
		return InvalidTransactionId;
	}

	result = focus_delta_of(rel)->index_delete_tuples(rel, &delta);

	/* Bottom-up deletion has heap sort and shorten the array. */
	memcpy(delstate->deltids, delta.deltids, delta.ndeltids * sizeof(TM_IndexDelete));
	delstate->ndeltids = delta.ndeltids;
	pfree(delta.deltids);
	return result;
}

static bool
is_row_of_group(const ItemPointerData *tid)
{
	uint32		group = focus_tid_group(tid);
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);

	return group >= FOCUS_GROUP_FIRST && group <= FOCUS_GROUP_LAST &&
		offset >= 1 && offset <= FOCUS_TID_BLOCK_ROWS;
}
