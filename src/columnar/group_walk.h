/*-------------------------------------------------------------------------
 *
 * group_walk.h
 *	  The rows of row groups as an index has them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_GROUP_WALK_H
#define FOCUS_GROUP_WALK_H

#include "executor/tuptable.h"
#include "nodes/execnodes.h"

#include "columnar/arena.h"
#include "columnar/store.h"

typedef struct FocusGroupWalk
{
	Relation	rel;
	struct IndexInfo *index_info;
	FocusStore	store;
	EState	   *estate;
	ExprContext *econtext;
	TupleTableSlot *slot;
	ExprState  *predicate;
	Bitmapset  *columns;		/* needed, from 0 on */
	MemoryContext context;
	FocusArenaPool *readers;
} FocusGroupWalk;

/* Called for each row that belongs into the index. */
typedef void (*FocusGroupWalkCallback) (FocusGroupWalk *walk, uint32 row, ItemPointer tid,
										Datum *values, bool *isnull, void *arg);

extern void focus_group_walk_begin(FocusGroupWalk *walk, Relation rel,
								   struct IndexInfo *index_info);

/* skip has a bit for each row that is to be left out; NULL: none is. */
extern void focus_group_walk(FocusGroupWalk *walk, const FocusGroup *group, const uint64 *skip,
							 FocusGroupWalkCallback callback, void *arg);
extern void focus_group_walk_end(FocusGroupWalk *walk);

#endif							/* FOCUS_GROUP_WALK_H */
