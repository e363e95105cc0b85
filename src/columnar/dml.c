/*-------------------------------------------------------------------------
 *
 * dml.c
 *	  Deleting, updating and locking rows.
 *
 * Rows of the delta are heap's business.  A row of a group is deleted by a
 * tombstone, and updated by a new version in the delta and a tombstone that
 * points to it.  The protocol towards the executor is heap's: who comes second
 * waits for the first, and is then told what has become of the row.
 *
 * A lock on the row is held while its state is looked up and its tombstone
 * written, so that there is one at a time who does so; after that, the
 * tombstone of a transaction in progress says the same to all others.
 *
 * An update that keeps the key and FOR KEY SHARE do not wait for each other;
 * see key_share.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/pg_publication.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/predicate.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/delta.h"
#include "columnar/dml.h"
#include "columnar/fetch.h"
#include "columnar/key_share.h"
#include "columnar/row_lock.h"
#include "columnar/scan.h"
#include "columnar/stop_point.h"
#include "columnar/tid.h"

/* What a command finds of a row */
typedef struct RowState
{
	FocusGroup	group;			/* not for one that is removed */
	FocusTombstone tombstone;	/* FOCUS_DELETED where there is none */
	TransactionId wait_for;		/* TM_BeingModified: who is at work on it */
} RowState;

static bool keeps_key(FocusStore *store, const ItemPointerData *tid, TupleTableSlot *slot);
static void pass_on_key_locks(Relation rel, const ItemPointerData *tid,
							  const ItemPointerData *forward);
static TM_Result lock_row(FocusStore *store, const ItemPointerData *tid, CommandId cid,
						  LockTupleMode mode, LockWaitPolicy wait_policy, RowState *row,
						  TM_FailureData *tmfd);
static TM_Result row_state(FocusStore *store, const ItemPointerData *tid, CommandId cid,
						   RowState *row, TM_FailureData *tmfd);
static TM_Result removed_group_state(FocusStore *store, const ItemPointerData *tid,
									 CommandId cid, TM_FailureData *tmfd);
static TM_Result claim_row(FocusStore *store, const ItemPointerData *tid, CommandId cid,
						   Snapshot crosscheck, bool wait, TM_FailureData *tmfd,
						   const char *action);
static bool wait_by_policy(Relation rel, const ItemPointerData *tid, TransactionId xid,
						   LockWaitPolicy wait_policy);
static TM_Result lock_new_version(Relation rel, ItemPointer tid, Snapshot snapshot,
								  TupleTableSlot *slot, CommandId cid, LockTupleMode mode,
								  LockWaitPolicy wait_policy, uint8 flags,
								  TM_FailureData *tmfd);
static TM_Result self_modified(Relation rel, const ItemPointerData *first, TM_FailureData *tmfd);
static void check_not_published(Relation rel, bool update);

TM_Result
focus_tuple_delete(Relation rel, ItemPointer tid, CommandId cid, Snapshot snapshot,
				   Snapshot crosscheck, bool wait, TM_FailureData *tmfd, bool changing_part)
{
	FocusStore	store;
	FocusTombstone tombstone = {changing_part ? FOCUS_MOVED : FOCUS_DELETED};
	ItemPointerData row = *tid;
	TM_Result	result;

	if (!focus_tid_is_grouped(tid))
		return focus_delta_of(rel)->tuple_delete(rel, tid, cid, snapshot, crosscheck, wait,
												 tmfd, changing_part);
	check_not_published(rel, false);
	focus_store_open(&store, rel, RowExclusiveLock);
	focus_lock_row_for_change(rel, &row, LockTupleExclusive);
	result = claim_row(&store, &row, cid, crosscheck, wait, tmfd, "delete");
	if (result == TM_Ok)
	{
		tombstone.forward = row;
		focus_store_add_tombstone(&store, focus_tid_group(&row), focus_tid_row(&row),
								  &tombstone, cid);
		FOCUS_STOP_POINT("delete: tombstone written");
		pgstat_count_heap_delete(rel);
	}
	focus_unlock_row_for_change(rel, &row, LockTupleExclusive);
	focus_store_close(&store);
	return result;
}

/*
 * The new version is written first, because the tombstone has to say where it
 * is.
 */
TM_Result
focus_tuple_update(Relation rel, ItemPointer otid, TupleTableSlot *slot, CommandId cid,
				   Snapshot snapshot, Snapshot crosscheck, bool wait, TM_FailureData *tmfd,
				   LockTupleMode *lockmode, TU_UpdateIndexes *update_indexes)
{
	FocusStore	store;
	FocusTombstone tombstone;
	ItemPointerData row = *otid;
	TM_Result	result;

	if (!focus_tid_is_grouped(otid))
		return focus_delta_of(rel)->tuple_update(rel, otid, slot, cid, snapshot, crosscheck,
												 wait, tmfd, lockmode, update_indexes);
	check_not_published(rel, true);
	focus_store_open(&store, rel, RowExclusiveLock);
	tombstone.kind = keeps_key(&store, &row, slot) ? FOCUS_KEY_KEPT : FOCUS_UPDATED;
	*lockmode = tombstone.kind == FOCUS_KEY_KEPT ? LockTupleNoKeyExclusive : LockTupleExclusive;
	focus_lock_row_for_change(rel, &row, *lockmode);
	result = claim_row(&store, &row, cid, crosscheck, wait, tmfd, "update");
	if (result == TM_Ok)
	{
		focus_delta_of(rel)->tuple_insert(rel, slot, cid, 0, NULL);
		FOCUS_STOP_POINT("update: new version written");
		tombstone.forward = slot->tts_tid;
		focus_store_add_tombstone(&store, focus_tid_group(&row), focus_tid_row(&row),
								  &tombstone, cid);
		FOCUS_STOP_POINT("update: tombstone written");
		if (tombstone.kind == FOCUS_KEY_KEPT)
			pass_on_key_locks(rel, &row, &tombstone.forward);
		pgstat_count_heap_insert(rel, -1);
		focus_count_update(rel);
		*update_indexes = FOCUS_UPDATE_ALL_INDEXES;
	}
	focus_unlock_row_for_change(rel, &row, *lockmode);
	focus_store_close(&store);
	return result;
}

/*
 * Has the new version the key of the row?  A group that is no longer there is
 * for claim_row() to report.
 */
static bool
keeps_key(FocusStore *store, const ItemPointerData *tid, TupleTableSlot *slot)
{
	Bitmapset  *key = RelationGetIndexAttrBitmap(store->rel, INDEX_ATTR_BITMAP_KEY);
	TupleDesc	desc = RelationGetDescr(store->rel);
	FocusGroupReader *reader;
	FocusGroup	group;
	SnapshotData dirty;
	int			member = -1;
	bool		same = true;

	if (key == NULL)
		return true;
	InitDirtySnapshot(dirty);
	if (!focus_store_find_group(store, focus_tid_group(tid), &dirty, &group) ||
		focus_tid_row(tid) >= group.rows)
		return false;
	reader = focus_group_reader_cached(store, &group);
	while (same && (member = bms_next_member(key, member)) >= 0)
	{
		int			attno = member + FirstLowInvalidHeapAttributeNumber;
		Form_pg_attribute attr = TupleDescAttr(desc, attno - 1);
		bool		old_null;
		bool		new_null;
		Datum		old_value = focus_group_reader_value(reader, store, desc, attno - 1,
														 focus_tid_row(tid), &old_null);
		Datum		new_value = slot_getattr(slot, attno, &new_null);

		same = old_null == new_null &&
			(old_null || datum_image_eq(old_value, new_value, attr->attbyval, attr->attlen));
	}
	bms_free(key);
	return same;
}

static void
pass_on_key_locks(Relation rel, const ItemPointerData *tid, const ItemPointerData *forward)
{
	int			count;
	TransactionId *lockers = focus_key_sharers(rel, tid, &count);
	TransactionId wait_for;

	if (count > 0 && focus_share_key(rel, forward, GetCurrentTransactionId(), lockers, count,
									 &wait_for) != TM_Ok)
		elog(ERROR, "new version of a row is locked by another transaction");
	if (lockers != NULL)
		pfree(lockers);
}

TM_Result
focus_tuple_lock(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot,
				 CommandId cid, LockTupleMode mode, LockWaitPolicy wait_policy, uint8 flags,
				 TM_FailureData *tmfd)
{
	FocusStore	store;
	RowState	row;
	TM_Result	result;

	if (!focus_tid_is_grouped(tid))
		return focus_delta_of(rel)->tuple_lock(rel, tid, snapshot, slot, cid, mode,
											   wait_policy, flags, tmfd);
	tmfd->traversed = false;
	if (!focus_lock_row(rel, tid, mode, wait_policy))
		return TM_WouldBlock;

	focus_store_open(&store, rel, AccessShareLock);
	result = lock_row(&store, tid, cid, mode, wait_policy, &row, tmfd);
	/* Who gets TM_Invisible wants to know whose row it is. */
	if (result == TM_Ok || result == TM_Invisible)
		focus_slot_store_row(slot, focus_group_reader_cached(&store, &row.group), &store,
							 focus_tid_row(tid));
	focus_store_close(&store);
	if (result == TM_Updated && (flags & TUPLE_LOCK_FLAG_FIND_LAST_VERSION) != 0)
		result = lock_new_version(rel, tid, snapshot, slot, cid, mode, wait_policy, flags, tmfd);
	return result;
}

/*
 * The row's state once nobody is in the way of a lock that the lock table has
 * granted.  FOR KEY SHARE of a row that was updated and kept its key is a
 * lock on that row and on its new versions.
 */
static TM_Result
lock_row(FocusStore *store, const ItemPointerData *tid, CommandId cid, LockTupleMode mode,
		 LockWaitPolicy wait_policy, RowState *row, TM_FailureData *tmfd)
{
	for (;;)
	{
		TM_Result	result = row_state(store, tid, cid, row, tmfd);

		if (mode == LockTupleKeyShare && row->tombstone.kind == FOCUS_KEY_KEPT &&
			(result == TM_BeingModified || result == TM_Updated))
		{
			TransactionId self = GetCurrentTransactionId();
			TM_Result	versions = focus_share_key(store->rel, &row->tombstone.forward,
												   row->tombstone.xmin, &self, 1, &row->wait_for);

			/* If the update is over now, ask again where it led to. */
			if (versions == TM_Ok || (result == TM_Updated && versions != TM_BeingModified))
				return versions;
			if (versions != TM_BeingModified)
				continue;
		}
		else if (result != TM_BeingModified)
			return result;
		if (!wait_by_policy(store->rel, tid, row->wait_for, wait_policy))
			return TM_WouldBlock;
	}
}

/*
 * What a command of ours finds the row to be, as HeapTupleSatisfiesUpdate()
 * says it of heap's.
 */
static TM_Result
row_state(FocusStore *store, const ItemPointerData *tid, CommandId cid, RowState *row,
		  TM_FailureData *tmfd)
{
	FocusGroup *group = &row->group;
	FocusTombstone *tombstone = &row->tombstone;
	SnapshotData dirty;

	tombstone->kind = FOCUS_DELETED;
	tmfd->ctid = *tid;
	tmfd->xmax = InvalidTransactionId;
	tmfd->cmax = InvalidCommandId;

	InitDirtySnapshot(dirty);
	if (!focus_store_find_group(store, focus_tid_group(tid), &dirty, group))
		return removed_group_state(store, tid, cid, tmfd);
	row->wait_for = TransactionIdIsValid(dirty.xmin) ? dirty.xmin : dirty.xmax;
	if (TransactionIdIsValid(row->wait_for))
		return TM_BeingModified;
	if (group->cmin != InvalidCommandId && group->cmin >= cid)
		return TM_Invisible;

	dirty.xmin = InvalidTransactionId;
	if (!focus_store_find_tombstone(store, group->number, focus_tid_row(tid), &dirty, tombstone))
		return TM_Ok;
	row->wait_for = dirty.xmin;
	if (TransactionIdIsValid(row->wait_for))
		return TM_BeingModified;

	tmfd->xmax = tombstone->xmin;
	if (tombstone->cmin != InvalidCommandId)
	{
		tmfd->cmax = tombstone->cmin;
		return tombstone->cmin >= cid ? TM_SelfModified : TM_Invisible;
	}
	if (focus_tombstone_has_forward(tombstone))
		tmfd->ctid = tombstone->forward;
	else if (tombstone->kind == FOCUS_MOVED)
		ItemPointerSetMovedPartitions(&tmfd->ctid);
	return tombstone->kind == FOCUS_DELETED ? TM_Deleted : TM_Updated;
}

/*
 * The row was there for the caller's snapshot, but its group no longer is.
 * Rows that have been moved to another group cannot be followed, like rows
 * moved to another partition.
 */
static TM_Result
removed_group_state(FocusStore *store, const ItemPointerData *tid, CommandId cid,
					TM_FailureData *tmfd)
{
	FocusGroup	group;
	FocusGroupRemoval removal;

	if (!focus_store_find_removed(store, focus_tid_group(tid), &group, &removal))
		return TM_Deleted;
	tmfd->xmax = removal.xmax;
	if (removal.cmax != InvalidCommandId)
	{
		tmfd->cmax = removal.cmax;
		return removal.cmax >= cid ? TM_SelfModified : TM_Deleted;
	}
	if (!removal.moved)
		return TM_Deleted;
	ItemPointerSetMovedPartitions(&tmfd->ctid);
	return TM_Updated;
}

/*
 * The row's state once nobody else is at work on it.
 */
static TM_Result
claim_row(FocusStore *store, const ItemPointerData *tid, CommandId cid, Snapshot crosscheck,
		  bool wait, TM_FailureData *tmfd, const char *action)
{
	RowState	row;
	TM_Result	result;

	while ((result = row_state(store, tid, cid, &row, tmfd)) == TM_BeingModified && wait)
		(void) wait_by_policy(store->rel, tid, row.wait_for, LockWaitBlock);

	if (result == TM_Invisible)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("attempted to %s invisible tuple", action)));
	if (result == TM_Ok && crosscheck != InvalidSnapshot &&
		!focus_row_visible(store, tid, crosscheck, &row.group))
		result = TM_Updated;

	/* Of serializable transactions, as heap does; groups have no pages. */
	if (result == TM_Ok)
		CheckForSerializableConflictIn(store->rel, NULL, InvalidBlockNumber);
	return result;
}

static bool
wait_by_policy(Relation rel, const ItemPointerData *tid, TransactionId xid,
			   LockWaitPolicy wait_policy)
{
	ItemPointerData row = *tid;

	switch (wait_policy)
	{
		case LockWaitBlock:
			XactLockTableWait(xid, rel, &row, XLTW_Lock);
			break;
		case LockWaitSkip:
			return focus_conditional_wait(xid);
		case LockWaitError:
			if (!focus_conditional_wait(xid))
				focus_row_not_available(rel);
			break;
	}
	return true;
}

/*
 * Locks what the row has been updated to.  Its version in the delta cannot
 * have been vacuumed, because our snapshot does not see the update.
 */
static TM_Result
lock_new_version(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot,
				 CommandId cid, LockTupleMode mode, LockWaitPolicy wait_policy, uint8 flags,
				 TM_FailureData *tmfd)
{
	TM_Result	result;

	if (ItemPointerIndicatesMovedPartitions(&tmfd->ctid))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("tuple to be locked was already moved to another partition due to concurrent update")));
	*tid = tmfd->ctid;
	result = focus_delta_of(rel)->tuple_lock(rel, tid, snapshot, slot, cid, mode, wait_policy,
											 flags, tmfd);
	tmfd->traversed = true;
	if (result == TM_SelfModified && (flags & TUPLE_LOCK_FLAG_FIND_LAST_VERSION))
		result = self_modified(rel, tid, tmfd);
	return result;
}

/*
 * Heap does not follow updates of this transaction when it is asked to lock the
 * first of them, but does so when it comes from an older version; then the
 * command that made the last version is what its callers go by.
 */
static TM_Result
self_modified(Relation rel, const ItemPointerData *first, TM_FailureData *tmfd)
{
	HeapTupleData tuple = {.t_self = *first};
	TM_Result	result = TM_Deleted;
	Buffer		buffer;
	bool		more = true;

	while (more && heap_fetch(rel, SnapshotAny, &tuple, &buffer, false))
	{
		uint16		infomask = tuple.t_data->t_infomask;
		bool		removed = (infomask & HEAP_XMAX_INVALID) == 0 && !HEAP_XMAX_IS_LOCKED_ONLY(infomask) &&
			TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(tuple.t_data));

		if (!removed)
		{
			tmfd->cmax = HeapTupleHeaderGetCmin(tuple.t_data);
			result = TM_SelfModified;
		}
		more = removed && !ItemPointerEquals(&tuple.t_self, &tuple.t_data->t_ctid);
		tuple.t_self = tuple.t_data->t_ctid;
		ReleaseBuffer(buffer);
	}
	return result;
}

/*
 * Does a publication send changes of this kind to subscribers?
 */
static bool
is_published(Relation rel, bool update)
{
	PublicationDesc publications;

	if (!RelationIsLogicallyLogged(rel))
		return false;
	RelationBuildPublicationDesc(rel, &publications);
	return update ? publications.pubactions.pubupdate : publications.pubactions.pubdelete;
}

bool
focus_deletes_are_published(Relation rel)
{
	return is_published(rel, false);
}

/*
 * A tombstone is not decoded, so a subscriber would keep the row.
 */
static void
check_not_published(Relation rel, bool update)
{
	if (is_published(rel, update))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot %s rows in row groups of table \"%s\", which is published",
						update ? "update" : "delete", RelationGetRelationName(rel)),
				 errdetail("Changes of rows in row groups are not replicated logically."),
				 errhint("Publish inserts only, or keep published tables in heap.")));
}
