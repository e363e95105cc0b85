/*-------------------------------------------------------------------------
 *
 * key_share.c
 *	  Locks FOR KEY SHARE on new versions of rows of groups.
 *
 * FOR KEY SHARE of a row and an update that keeps its key do not wait for each
 * other, so the lock has to hold for the new version, too.  That one is in the
 * delta, where the lock belongs into the tuple's xmax: heap's updates pass it on
 * from there, and heap's deletes wait for it.
 *
 * Who comes second writes it there, the update or the locker:
 *
 *	- An update writes its tombstone, then asks for those who have the lock on
 *	  the row of the group, and locks the new version for them.
 *	- A locker takes the lock on the row of the group, then looks for a tombstone,
 *	  and locks the version it leads to and all that follow.
 *
 * If both do, one of them finds it done.  If the update is rolled back, the
 * lock on the row of the group counts.
 *
 * Heap does so for its own rows (heap_lock_updated_tuple(), which begins with a
 * tuple of heap's); pages and WAL get nothing that heap would not write.  Two
 * things differ:
 *
 *	- xmax is always a multixact, even one of a single member.  The record that
 *	  makes it tells recovery that the members' transaction ids have been used;
 *	  those who only have locks in the lock table have not logged theirs.
 *	- An update knows a locker's transaction, not its subtransaction.  A lock
 *	  that is gone with a subtransaction still counts for the new version if
 *	  it was there when the update asked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/heapam_xlog.h"
#include "access/multixact.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"

#include "columnar/key_share.h"

static TM_Result share_key_of_version(Relation rel, HeapTuple tuple, Buffer buffer,
									  const TransactionId *lockers, int count,
									  TransactionId *wait_for);
static int	old_members(HeapTupleHeader header, MultiXactMember **members);
static MultiXactStatus old_status(HeapTupleHeader header);
static TM_Result check_member(const MultiXactMember *member, HeapTuple tuple, bool *keep);
static int	add_lockers(MultiXactMember *members, int nmembers, const TransactionId *lockers,
						int count);
static void write_members(Relation rel, HeapTuple tuple, Buffer buffer,
						  MultiXactMember *members, int nmembers);

/*
 * Locks the version of a row at *first, which xmin has written, and the versions
 * it has been updated to, FOR KEY SHARE by the lockers, who are in progress.
 *
 * Returns TM_Ok if that is done, or if xmin was rolled back so that there is
 * nothing to lock; TM_BeingModified if *wait_for is about to take the key away;
 * TM_Updated or TM_Deleted if somebody has done so.
 */
TM_Result
focus_share_key(Relation rel, const ItemPointerData *first, TransactionId xmin,
				const TransactionId *lockers, int count, TransactionId *wait_for)
{
	HeapTupleData tuple = {.t_self = *first};
	TM_Result	result = TM_Ok;
	Buffer		buffer;
	bool		more = true;

	MultiXactIdSetOldestMember();
	while (more && heap_fetch(rel, SnapshotAny, &tuple, &buffer, false))
	{
		HeapTupleHeader header = tuple.t_data;
		ItemPointerData next;

		CHECK_FOR_INTERRUPTS();
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		more = TransactionIdEquals(HeapTupleHeaderGetXmin(header), xmin) &&
			!TransactionIdDidAbort(xmin);
		if (more)
			result = share_key_of_version(rel, &tuple, buffer, lockers, count, wait_for);
		more = more && result == TM_Ok &&
			!HeapTupleHeaderIsOnlyLocked(header) &&
			!HeapTupleHeaderIndicatesMovedPartitions(header) &&
			!ItemPointerEquals(&tuple.t_self, &header->t_ctid);
		if (more)
			xmin = HeapTupleHeaderGetUpdateXid(header);
		next = header->t_ctid;
		UnlockReleaseBuffer(buffer);
		tuple.t_self = next;
	}
	return result;
}

/*
 * Locks one version; the buffer is locked for writing.
 */
static TM_Result
share_key_of_version(Relation rel, HeapTuple tuple, Buffer buffer, const TransactionId *lockers,
					 int count, TransactionId *wait_for)
{
	MultiXactMember *old;
	MultiXactMember *members;
	int			nold = old_members(tuple->t_data, &old);
	int			nmembers = 0;
	int			nkept;
	TM_Result	result = TM_Ok;
	int			i;

	members = palloc(mul_size(add_size(nold, count), sizeof(MultiXactMember)));
	for (i = 0; i < nold && result == TM_Ok; i++)
	{
		bool		keep;

		result = check_member(&old[i], tuple, &keep);
		if (keep)
			members[nmembers++] = old[i];
		if (result == TM_BeingModified)
			*wait_for = old[i].xid;
	}
	if (result == TM_Ok)
	{
		nkept = nmembers;
		nmembers = add_lockers(members, nkept, lockers, count);
		if (nmembers > nkept)
			write_members(rel, tuple, buffer, members, nmembers);
	}
	pfree(members);
	if (old != NULL)
		pfree(old);
	return result;
}

/*
 * Who has locked or updated the version, as its xmax tells
 */
static int
old_members(HeapTupleHeader header, MultiXactMember **members)
{
	TransactionId xmax = HeapTupleHeaderGetRawXmax(header);
	uint16		infomask = header->t_infomask;

	*members = NULL;
	if ((infomask & HEAP_XMAX_INVALID) != 0)
		return 0;
	if ((infomask & HEAP_XMAX_IS_MULTI) != 0)
		return Max(GetMultiXactIdMembers(xmax, members, false,
										 HEAP_XMAX_IS_LOCKED_ONLY(infomask)), 0);
	*members = palloc(sizeof(MultiXactMember));
	(*members)->xid = xmax;
	(*members)->status = old_status(header);
	return 1;
}

/*
 * Of an xmax that is not a multixact
 */
static MultiXactStatus
old_status(HeapTupleHeader header)
{
	uint16		infomask = header->t_infomask;
	bool		keys = (header->t_infomask2 & HEAP_KEYS_UPDATED) != 0;

	if (!HEAP_XMAX_IS_LOCKED_ONLY(infomask))
		return keys ? MultiXactStatusUpdate : MultiXactStatusNoKeyUpdate;
	if (HEAP_XMAX_IS_KEYSHR_LOCKED(infomask))
		return MultiXactStatusForKeyShare;
	if (HEAP_XMAX_IS_SHR_LOCKED(infomask))
		return MultiXactStatusForShare;
	return keys ? MultiXactStatusForUpdate : MultiXactStatusForNoKeyUpdate;
}

/*
 * Does a lock or an update by somebody else conflict with FOR KEY SHARE?  And
 * is it to be kept: is it in progress, or an update that has happened?
 */
static TM_Result
check_member(const MultiXactMember *member, HeapTuple tuple, bool *keep)
{
	bool		conflict = member->status == MultiXactStatusForUpdate ||
		member->status == MultiXactStatusUpdate;

	*keep = true;
	if (TransactionIdIsCurrentTransactionId(member->xid))
		return TM_Ok;
	/* To be asked in this order; see heapam_visibility.c. */
	if (TransactionIdIsInProgress(member->xid))
		return conflict ? TM_BeingModified : TM_Ok;
	*keep = ISUPDATE_from_mxstatus(member->status) && TransactionIdDidCommit(member->xid);
	if (!*keep || !conflict)
		return TM_Ok;
	return ItemPointerEquals(&tuple->t_self, &tuple->t_data->t_ctid) ? TM_Deleted : TM_Updated;
}

/*
 * Adds those who are not among the members yet, and returns the new number.
 */
static int
add_lockers(MultiXactMember *members, int nmembers, const TransactionId *lockers, int count)
{
	int			i;
	int			j;

	for (i = 0; i < count; i++)
	{
		for (j = 0; j < nmembers && !TransactionIdEquals(members[j].xid, lockers[i]); j++)
			;
		if (j == nmembers)
		{
			members[nmembers].xid = lockers[i];
			members[nmembers++].status = MultiXactStatusForKeyShare;
		}
	}
	return nmembers;
}

/*
 * Makes the members the tuple's xmax.
 *
 * The page has no bits in the visibility map: the lockers' snapshots do not
 * see who wrote this version, or a locker is not the first to write to it.
 */
static void
write_members(Relation rel, HeapTuple tuple, Buffer buffer, MultiXactMember *members, int nmembers)
{
	HeapTupleHeader header = tuple->t_data;
	MultiXactId xmax = MultiXactIdCreateFromMembers(nmembers, members);
	uint16		infomask = HEAP_XMAX_IS_MULTI | HEAP_XMAX_LOCK_ONLY;
	uint16		infomask2 = 0;
	MultiXactStatus strongest = MultiXactStatusForKeyShare;
	int			i;

	for (i = 0; i < nmembers; i++)
	{
		if (ISUPDATE_from_mxstatus(members[i].status))
			infomask &= ~HEAP_XMAX_LOCK_ONLY;
		if (members[i].status == MultiXactStatusForUpdate ||
			members[i].status == MultiXactStatusUpdate)
			infomask2 = HEAP_KEYS_UPDATED;
		strongest = Max(strongest, members[i].status);
	}
	infomask |= strongest == MultiXactStatusForKeyShare ? HEAP_XMAX_KEYSHR_LOCK :
		strongest == MultiXactStatusForShare ? HEAP_XMAX_SHR_LOCK : HEAP_XMAX_EXCL_LOCK;
	Assert(!PageIsAllVisible(BufferGetPage(buffer)));

	START_CRIT_SECTION();
	header->t_infomask = (header->t_infomask & ~HEAP_XMAX_BITS) | infomask;
	header->t_infomask2 = (header->t_infomask2 & ~HEAP_KEYS_UPDATED) | infomask2;
	HeapTupleHeaderSetXmax(header, xmax);
	MarkBufferDirty(buffer);
	if (RelationNeedsWAL(rel))
	{
		xl_heap_lock_updated record = {.xmax = xmax};
		XLogRecPtr	end;

		record.offnum = ItemPointerGetOffsetNumber(&tuple->t_self);
		record.infobits_set = XLHL_XMAX_IS_MULTI |
			((infomask & HEAP_XMAX_LOCK_ONLY) != 0 ? XLHL_XMAX_LOCK_ONLY : 0) |
			((infomask & HEAP_XMAX_EXCL_LOCK) != 0 ? XLHL_XMAX_EXCL_LOCK : 0) |
			((infomask & HEAP_XMAX_KEYSHR_LOCK) != 0 ? XLHL_XMAX_KEYSHR_LOCK : 0) |
			(infomask2 != 0 ? XLHL_KEYS_UPDATED : 0);
		XLogBeginInsert();
		XLogRegisterBuffer(0, buffer, REGBUF_STANDARD);
		XLogRegisterData((char *) &record, SizeOfHeapLockUpdated);
		end = XLogInsert(RM_HEAP2_ID, XLOG_HEAP2_LOCK_UPDATED);
		PageSetLSN(BufferGetPage(buffer), end);
	}
	END_CRIT_SECTION();
}
