/*-------------------------------------------------------------------------
 *
 * fetch.h
 *	  Rows by TID.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_FETCH_H
#define FOCUS_FETCH_H

#include "access/tableam.h"

#include "columnar/store.h"

/*
 * Does the snapshot see the row?  If so, *group is the row's group.  Under a
 * dirty snapshot, it says whom to wait for, as for heap.
 */
extern bool focus_row_visible(FocusStore *store, const ItemPointerData *tid,
							  Snapshot snapshot, FocusGroup *group);

extern IndexFetchTableData *focus_index_fetch_begin(Relation rel);
extern void focus_index_fetch_reset(IndexFetchTableData *fetch);
extern void focus_index_fetch_end(IndexFetchTableData *fetch);
extern bool focus_index_fetch_tuple(IndexFetchTableData *fetch, ItemPointer tid,
									Snapshot snapshot, TupleTableSlot *slot,
									bool *call_again, bool *all_dead);
extern bool focus_tuple_fetch_row_version(Relation rel, ItemPointer tid, Snapshot snapshot,
										  TupleTableSlot *slot);
extern bool focus_tuple_tid_valid(TableScanDesc scan, ItemPointer tid);
extern void focus_tuple_get_latest_tid(TableScanDesc scan, ItemPointer tid);
extern bool focus_tuple_satisfies_snapshot(Relation rel, TupleTableSlot *slot, Snapshot snapshot);
extern TransactionId focus_index_delete_tuples(Relation rel, TM_IndexDeleteOp *delstate);

#endif							/* FOCUS_FETCH_H */
