/*-------------------------------------------------------------------------
 *
 * bulk.h
 *	  Inserts: single rows into the delta, many rows into groups.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_BULK_H
#define FOCUS_BULK_H

#include "access/tableam.h"

#include "columnar/group_builder.h"

/* Fewer rows than these go to the delta, unless they fill a group by their size. */
#define FOCUS_GROUP_ROWS_MIN	8192

extern void focus_bulk_init(void);

extern void focus_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid,
							   int options, struct BulkInsertStateData *bistate);
extern void focus_multi_insert(Relation rel, TupleTableSlot **slots, int nslots,
							   CommandId cid, int options,
							   struct BulkInsertStateData *bistate);
extern void focus_finish_bulk_insert(Relation rel, int options);

/* Writes the rows of the table that are still in memory, if there are any. */
extern void focus_bulk_flush(Relation rel);

/*
 * Writes the builder's rows, as a group or, where they are few, into the
 * delta, and resets the builder.  The table has no index.
 */
extern void focus_bulk_add_group(Relation rel, FocusGroupBuilder *builder);

#endif							/* FOCUS_BULK_H */
