/*-------------------------------------------------------------------------
 *
 * row_lock.c
 *	  Locks on rows of groups.
 *
 * Heap writes a row lock into the row.  Rows of groups cannot be written, so
 * their locks are in the server's lock table, under the row's TID, and in the
 * modes in which heap waits for tuples, which conflict as row locks do.  They
 * are locks on objects, because the server wants locks on tuples to be gone
 * before the transaction ends.  In pg_locks, classid is the table, objid the
 * block and objsubid the offset of the TID.
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

static LOCKTAG lock_tag_of(Relation rel, const ItemPointerData *tid);
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
	ItemPointerData group = group_tag(focus_tid_group(tid));

	(void) lock_tag(rel, &group, RowExclusiveLock, LockWaitBlock);
	(void) lock_tag(rel, tid, AccessExclusiveLock, LockWaitBlock);
}

void
focus_unlock_row_for_change(Relation rel, const ItemPointerData *tid)
{
	ItemPointerData group = group_tag(focus_tid_group(tid));
	LOCKTAG		row_lock = lock_tag_of(rel, tid);
	LOCKTAG		group_lock = lock_tag_of(rel, &group);

	LockRelease(&row_lock, AccessExclusiveLock, false);
	LockRelease(&group_lock, RowExclusiveLock, false);
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

	(void) lock_tag(rel, &tag, ExclusiveLock, LockWaitBlock);
}

void
focus_row_not_available(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("could not obtain lock on row in relation \"%s\"",
					RelationGetRelationName(rel))));
}

static LOCKTAG
lock_tag_of(Relation rel, const ItemPointerData *tid)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, rel->rd_lockInfo.lockRelId.dbId, RelationGetRelid(rel),
					   ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid));
	return tag;
}

/* False when the lock is not to be had without waiting, and may be skipped. */
static bool
lock_tag(Relation rel, const ItemPointerData *tid, LOCKMODE mode, LockWaitPolicy wait_policy)
{
	LOCKTAG		tag = lock_tag_of(rel, tid);

	if (LockAcquire(&tag, mode, false, wait_policy != LockWaitBlock) != LOCKACQUIRE_NOT_AVAIL)
		return true;
	if (wait_policy == LockWaitError)
		focus_row_not_available(rel);
	return false;
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
