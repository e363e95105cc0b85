/*-------------------------------------------------------------------------
 *
 * group_walk.c
 *	  The rows of row groups as an index has them.
 *
 * Only columns that keys, expressions and predicate of the index use are
 * decoded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "columnar/group_reader.h"
#include "columnar/group_walk.h"
#include "columnar/tid.h"

static void add_columns(FocusGroupWalk *walk);

void
focus_group_walk_begin(FocusGroupWalk *walk, Relation rel, IndexInfo *index_info)
{
	MemoryContext caller;

	memset(walk, 0, sizeof(*walk));
	walk->rel = rel;
	walk->index_info = index_info;
	walk->context = AllocSetContextCreate(CurrentMemoryContext, "focus group walk",
										  ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(walk->context);
	walk->readers = focus_arena_pool_create(walk->context);
	focus_store_open(&walk->store, rel, AccessShareLock);
	walk->estate = CreateExecutorState();
	walk->econtext = GetPerTupleExprContext(walk->estate);
	walk->slot = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsVirtual);
	walk->econtext->ecxt_scantuple = walk->slot;
	walk->predicate = ExecPrepareQual(index_info->ii_Predicate, walk->estate);
	add_columns(walk);
	MemoryContextSwitchTo(caller);
}

void
focus_group_walk(FocusGroupWalk *walk, const FocusGroup *group, const uint64 *skip,
				 FocusGroupWalkCallback callback, void *arg)
{
	FocusGroupReader *reader = focus_group_reader_create(&walk->store, group, walk->readers);
	TupleTableSlot *slot = walk->slot;
	TupleDesc	desc = slot->tts_tupleDescriptor;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	uint32		row;

	for (row = 0; row < group->rows; row++)
	{
		ItemPointerData tid;
		int			column;

		CHECK_FOR_INTERRUPTS();
		if (skip != NULL && (skip[row / 64] >> (row % 64) & 1) != 0)
			continue;
		MemoryContextReset(walk->econtext->ecxt_per_tuple_memory);
		ExecClearTuple(slot);
		memset(slot->tts_isnull, true, desc->natts * sizeof(bool));
		for (column = -1; (column = bms_next_member(walk->columns, column)) >= 0;)
			slot->tts_values[column] = focus_group_reader_value(reader, &walk->store, desc,
																column, row,
																&slot->tts_isnull[column]);
		ExecStoreVirtualTuple(slot);
		focus_tid_set(&tid, group->number, row);
		slot->tts_tid = tid;
		slot->tts_tableOid = RelationGetRelid(walk->rel);
		if (walk->predicate != NULL && !ExecQual(walk->predicate, walk->econtext))
			continue;
		FormIndexDatum(walk->index_info, slot, walk->estate, values, isnull);
		callback(walk, row, &tid, values, isnull, arg);
	}
	focus_group_reader_free(reader);
}

void
focus_group_walk_end(FocusGroupWalk *walk)
{
	/* They may point to the slot. */
	walk->index_info->ii_ExpressionsState = NIL;
	walk->index_info->ii_PredicateState = NULL;
	ExecDropSingleTupleTableSlot(walk->slot);
	FreeExecutorState(walk->estate);
	focus_store_close(&walk->store);
	MemoryContextDelete(walk->context);
}

static void
add_columns(FocusGroupWalk *walk)
{
	Bitmapset  *attributes = NULL;
	int			i;

	for (i = 0; i < walk->index_info->ii_NumIndexAttrs; i++)
		if (walk->index_info->ii_IndexAttrNumbers[i] > 0)
			walk->columns = bms_add_member(walk->columns,
										   walk->index_info->ii_IndexAttrNumbers[i] - 1);
	pull_varattnos((Node *) walk->index_info->ii_Expressions, 1, &attributes);
	pull_varattnos((Node *) walk->index_info->ii_Predicate, 1, &attributes);
	for (i = -1; (i = bms_next_member(attributes, i)) >= 0;)
	{
		AttrNumber	attno = i + FirstLowInvalidHeapAttributeNumber;

		if (attno > 0)
			walk->columns = bms_add_member(walk->columns, attno - 1);
		else if (attno == 0)
			walk->columns = bms_add_range(walk->columns, 0, RelationGetDescr(walk->rel)->natts - 1);
	}
}
