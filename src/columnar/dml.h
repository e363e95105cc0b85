/*-------------------------------------------------------------------------
 *
 * dml.h
 *	  Deleting, updating and locking rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_DML_H
#define FOCUS_DML_H

#include "access/tableam.h"

#include "compat.h"

extern TM_Result focus_tuple_delete(Relation rel, ItemPointer tid, CommandId cid,
									Snapshot snapshot, Snapshot crosscheck, bool wait,
									TM_FailureData *tmfd, bool changing_part);
extern TM_Result focus_tuple_update(Relation rel, ItemPointer otid, TupleTableSlot *slot,
									CommandId cid, Snapshot snapshot, Snapshot crosscheck,
									bool wait, TM_FailureData *tmfd,
									LockTupleMode *lockmode,
									TU_UpdateIndexes *update_indexes);
extern TM_Result focus_tuple_lock(Relation rel, ItemPointer tid, Snapshot snapshot,
								  TupleTableSlot *slot, CommandId cid, LockTupleMode mode,
								  LockWaitPolicy wait_policy, uint8 flags,
								  TM_FailureData *tmfd);

extern bool focus_deletes_are_published(Relation rel);

#endif							/* FOCUS_DML_H */
