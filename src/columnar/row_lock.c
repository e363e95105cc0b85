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
 * group.  A group has two tags, one for its rows and one for their keys, because
 * FOR KEY SHARE of all rows conflicts with changes of keys and with no other.
 * FOR UPDATE, which takes both, begins with the keys: who waits for the end of
 * a bulk of foreign key checks holds nothing that those could want next.
 *
 * Who locks FOR KEY SHARE has a transaction id, as in heap.  An update that
 * keeps the key asks for it, see key_share.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/multixact.h"
#include "access/twophase.h"
#include "access/xact.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "columnar/row_lock.h"
#include "columnar/tid.h"
#include "compat.h"

/* Rows of a group locked one by one, before the group is locked */
#define ROW_LOCKS_MAX	64

/* No row has these offsets: the lock is on the group. */
#define GROUP_OFFSET	((OffsetNumber) (FOCUS_TID_BLOCK_ROWS + 1))
#define KEYS_OFFSET		((OffsetNumber) (FOCUS_TID_BLOCK_ROWS + 2))

/* As heap maps them to wait for a tuple */
static const LOCKMODE row_modes[] = {
	[LockTupleKeyShare] = AccessShareLock,
	[LockTupleShare] = RowShareLock,
	[LockTupleNoKeyExclusive] = ExclusiveLock,
	[LockTupleExclusive] = AccessExclusiveLock
};

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
static bool lock_group(Relation rel, uint32 group, LockTupleMode mode, bool whole,
					   LockWaitPolicy wait_policy);
static bool lock_tag(Relation rel, const ItemPointerData *tag, LOCKMODE mode,
					 LockWaitPolicy wait_policy);
static int	add_holders(Relation rel, const ItemPointerData *tid, LOCKMODE mode,
						TransactionId **xids, int count);
static TransactionId xid_of(const VirtualTransactionId *virtual_xid);
static int	count_row(Relation rel, uint32 group);
static void forget_counts(XactEvent event, void *arg);

static inline ItemPointerData
group_tag(uint32 group, OffsetNumber offset)
{
	ItemPointerData tag;

	focus_tid_set(&tag, group, 0);
	ItemPointerSetOffsetNumber(&tag, offset);
	return tag;
}

/*
 * mode is LockTupleNoKeyExclusive or LockTupleExclusive.
 */
void
focus_lock_row_for_change(Relation rel, const ItemPointerData *tid, LockTupleMode mode)
{
	(void) lock_group(rel, focus_tid_group(tid), mode, false, LockWaitBlock);
	(void) lock_tag(rel, tid, row_modes[mode], LockWaitBlock);
}

void
focus_unlock_row_for_change(Relation rel, const ItemPointerData *tid, LockTupleMode mode)
{
	ItemPointerData rows = group_tag(focus_tid_group(tid), GROUP_OFFSET);
	ItemPointerData keys = group_tag(focus_tid_group(tid), KEYS_OFFSET);
	LOCKTAG		row_lock = lock_tag_of(rel, tid);
	LOCKTAG		rows_lock = lock_tag_of(rel, &rows);
	LOCKTAG		keys_lock = lock_tag_of(rel, &keys);

	LockRelease(&row_lock, row_modes[mode], false);
	LockRelease(&rows_lock, RowExclusiveLock, false);
	if (mode == LockTupleExclusive)
		LockRelease(&keys_lock, RowExclusiveLock, false);
}

bool
focus_lock_row(Relation rel, const ItemPointerData *tid, LockTupleMode mode,
			   LockWaitPolicy wait_policy)
{
	uint32		group = focus_tid_group(tid);

	if (mode == LockTupleKeyShare)
	{
		(void) GetCurrentTransactionId();
		MultiXactIdSetOldestMember();
	}
	if (!lock_group(rel, group, mode, false, wait_policy))
		return false;
	if (count_row(rel, group) > ROW_LOCKS_MAX)
		return lock_group(rel, group, mode, true, wait_policy);
	return lock_tag(rel, tid, row_modes[mode], wait_policy);
}

void
focus_lock_group(Relation rel, uint32 group)
{
	(void) lock_group(rel, group, LockTupleExclusive, true, LockWaitBlock);
}

/*
 * Who gets the lock after this, or has it all along but for the moment when
 * it is asked, will see what the caller has written before.  The array is in
 * the current memory context.
 */
TransactionId *
focus_key_sharers(Relation rel, const ItemPointerData *tid, int *count)
{
	ItemPointerData keys = group_tag(focus_tid_group(tid), KEYS_OFFSET);
	TransactionId *xids = NULL;

	*count = add_holders(rel, tid, AccessExclusiveLock, &xids, 0);
	*count = add_holders(rel, &keys, RowExclusiveLock, &xids, *count);
	return xids;
}

/*
 * Adds to the array who has a lock that conflicts with the mode, and returns
 * the new number of them.
 */
static int
add_holders(Relation rel, const ItemPointerData *tid, LOCKMODE mode, TransactionId **xids,
			int count)
{
	LOCKTAG		tag = lock_tag_of(rel, tid);
	int			nholders;
	VirtualTransactionId *holders = GetLockConflicts(&tag, mode, &nholders);
	int			i;

	if (nholders > 0)
		*xids = *xids == NULL ? palloc(mul_size(nholders, sizeof(TransactionId))) :
			repalloc(*xids, mul_size(count + nholders, sizeof(TransactionId)));
	for (i = 0; i < nholders; i++)
	{
		TransactionId xid = xid_of(&holders[i]);

		if (TransactionIdIsValid(xid))
			(*xids)[count++] = xid;
	}
	pfree(holders);
	return count;
}

/*
 * The transaction id of a transaction that has one, or invalid if it is over.
 * One that is being prepared is found in one of the two places, as it is in the
 * second before it leaves the first.
 */
static TransactionId
xid_of(const VirtualTransactionId *virtual_xid)
{
	PGPROC	   *proc = focus_proc_of(virtual_xid);
	bool		have_more;

	if (proc != NULL)
	{
		TransactionId xid = *(volatile TransactionId *) &proc->xid;

		pg_read_barrier();
		if (TransactionIdIsValid(xid) &&
			*(volatile LocalTransactionId *) &focus_proc_lxid(proc) == virtual_xid->localTransactionId)
			return xid;
	}
	return TwoPhaseGetXidByVirtualXID(*virtual_xid, &have_more);
}

/*
 * Locks the group for a lock of that strength on one of its rows, or instead
 * of locks on all of them.
 */
static bool
lock_group(Relation rel, uint32 group, LockTupleMode mode, bool whole, LockWaitPolicy wait_policy)
{
	ItemPointerData rows = group_tag(group, GROUP_OFFSET);
	ItemPointerData keys = group_tag(group, KEYS_OFFSET);
	LOCKMODE	lockmode;

	if (mode == LockTupleKeyShare || mode == LockTupleShare)
		lockmode = whole ? ShareLock : RowShareLock;
	else
		lockmode = whole ? ExclusiveLock : RowExclusiveLock;
	if (mode == LockTupleKeyShare)
		return lock_tag(rel, &keys, lockmode, wait_policy);
	if (mode == LockTupleExclusive && !lock_tag(rel, &keys, lockmode, wait_policy))
		return false;
	return lock_tag(rel, &rows, lockmode, wait_policy);
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
