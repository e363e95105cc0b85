/*-------------------------------------------------------------------------
 *
 * row_lock.h
 *	  Locks on rows of groups.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_ROW_LOCK_H
#define FOCUS_ROW_LOCK_H

#include "nodes/lockoptions.h"
#include "utils/rel.h"

/* Until focus_unlock_row_for_change(); for who is about to write a tombstone */
extern void focus_lock_row_for_change(Relation rel, const ItemPointerData *tid,
									  LockTupleMode mode);
extern void focus_unlock_row_for_change(Relation rel, const ItemPointerData *tid,
										LockTupleMode mode);

/* Until the transaction ends; false: somebody else is in the way */
extern bool focus_lock_row(Relation rel, const ItemPointerData *tid, LockTupleMode mode,
						   LockWaitPolicy wait_policy);

/* Other transactions that have the row locked FOR KEY SHARE */
extern TransactionId *focus_key_sharers(Relation rel, const ItemPointerData *tid, int *count);

/* The error of NOWAIT */
extern void focus_row_not_available(Relation rel);

/* Until the transaction ends; nobody changes or locks rows of the group. */
extern void focus_lock_group(Relation rel, uint32 group);

#endif							/* FOCUS_ROW_LOCK_H */
