/*-------------------------------------------------------------------------
 *
 * row_lock.c
 *	  Locks on rows of groups.
 *
 * Heap writes a row lock into the row.  Rows of groups cannot be written, so
 * their locks are in the server's lock table, under the row's TID, and in the
 * modes in which heap waits for tuples, which conflict as row locks do.
 *
 * As that table is small, a transaction that locks many rows of a group locks
 * the group instead.  Each row lock therefore begins with a weak lock on the
 * group.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "storage/lmgr.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "columnar/row_lock.h"
#include "columnar/tid.h"
#include "compat.h"

/* Rows of a group locked one by one, before the group is locked */
#define ROW_LOCKS_MAX	64

/* No row has this offset: the lock is on the group. */
#define GROUP_OFFSET	((OffsetNumber) (FOCUS_TID_BLOCK_ROWS + 1))

/*
 * Rows that this transaction has locked.  An aborted subtransaction's are
 * counted too, so that a group may be locked earlier than need be.
 */
typedef struct LockCountKey
{
	Oid			relid;
	uint32		group;
} LockCountKey;

typedef struct LockCount
{
	LockCountKey key;
	int			rows;
} LockCount;

static HTAB *lock_counts = NULL;

static bool lock_tag(Relation rel, const ItemPointerData *tag, LOCKMODE mode,
					 LockWaitPolicy wait_policy);
static int	count_row(Relation rel, uint32 group);
static void forget_counts(XactEvent event, void *arg);

static inline ItemPointerData
group_tag(uint32 group)
{
	ItemPointerData tag;

	focus_tid_set(&tag, group, 0);
	ItemPointerSetOffsetNumber(&tag, GROUP_OFFSET);
	return tag;
}

void
focus_lock_row_for_change(Relation rel, const ItemPointerData *tid)
{
	ItemPointerData tag = group_tag(focus_tid_group(tid));
	ItemPointerData row = *tid;

	LockTuple(rel, &tag, RowExclusiveLock);
	LockTuple(rel, &row, AccessExclusiveLock);
}

void
focus_unlock_row_for_change(Relation rel, const ItemPointerData *tid)
{
	ItemPointerData tag = group_tag(focus_tid_group(tid));
	ItemPointerData row = *tid;

	UnlockTuple(rel, &row, AccessExclusiveLock);
	UnlockTuple(rel, &tag, RowExclusiveLock);
}

bool
focus_lock_row(Relation rel, const ItemPointerData *tid, LockTupleMode mode,
			   LockWaitPolicy wait_policy)
{
	/* As heap maps them to wait for a tuple */
	static const LOCKMODE row_modes[] = {
		[LockTupleKeyShare] = AccessShareLock,
		[LockTupleShare] = RowShareLock,
		[LockTupleNoKeyExclusive] = ExclusiveLock,
		[LockTupleExclusive] = AccessExclusiveLock
	};
	bool		shared = mode == LockTupleKeyShare || mode == LockTupleShare;
	ItemPointerData tag = group_tag(focus_tid_group(tid));

	if (!lock_tag(rel, &tag, shared ? RowShareLock : RowExclusiveLock, wait_policy))
		return false;
	if (count_row(rel, focus_tid_group(tid)) > ROW_LOCKS_MAX)
		return lock_tag(rel, &tag, shared ? ShareLock : ExclusiveLock, wait_policy);
	return lock_tag(rel, tid, row_modes[mode], wait_policy);
}

void
focus_lock_group(Relation rel, uint32 group)
{
	ItemPointerData tag = group_tag(group);

	LockTuple(rel, &tag, ExclusiveLock);
}

void
focus_row_not_available(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("could not obtain lock on row in relation \"%s\"",
					RelationGetRelationName(rel))));
}

static bool
lock_tag(Relation rel, const ItemPointerData *tag, LOCKMODE mode, LockWaitPolicy wait_policy)
{
	ItemPointerData tid = *tag;

	switch (wait_policy)
	{
		case LockWaitBlock:
			LockTuple(rel, &tid, mode);
			break;
		case LockWaitSkip:
			return focus_conditional_lock_tuple(rel, &tid, mode);
		case LockWaitError:
			if (!focus_conditional_lock_tuple(rel, &tid, mode))
				focus_row_not_available(rel);
			break;
	}
	return true;
}

static int
count_row(Relation rel, uint32 group)
{
	static bool registered = false;
	LockCountKey key = {RelationGetRelid(rel), group};
	LockCount  *count;
	bool		found;

	if (!registered)
	{
		RegisterXactCallback(forget_counts, NULL);
		registered = true;
	}
	if (lock_counts == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(LockCountKey);
		control.entrysize = sizeof(LockCount);
		control.hcxt = TopTransactionContext;
		lock_counts = hash_create("focus row locks", 64, &control,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	count = hash_search(lock_counts, &key, HASH_ENTER, &found);
	if (!found)
		count->rows = 0;
	if (count->rows <= ROW_LOCKS_MAX)
		count->rows++;
	return count->rows;
}

/*
 * The table goes with the transaction's memory.
 */
static void
forget_counts(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
		event == XACT_EVENT_PREPARE)
		lock_counts = NULL;
}
