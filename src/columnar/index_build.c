/*-------------------------------------------------------------------------
 *
 * index_build.c
 *	  Building and validating indexes.
 *
 * Heap does it for the delta, then the rows of groups follow.
 *
 * Access methods whose indexes are only good for bitmap scans are refused:
 * the server's bitmap scan reads ahead the blocks of TIDs, and rows of groups
 * have no blocks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/amapi.h"
#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"

#include "columnar/bulk.h"
#include "columnar/delta.h"
#include "columnar/maintain.h"
#include "columnar/scan.h"
#include "columnar/tid.h"

/* A walk over the rows of groups that are to be indexed */
typedef struct GroupRows
{
	Relation	table_rel;
	IndexInfo  *index_info;
	FocusStore	store;
	FocusGroupList *list;
	EState	   *estate;
	ExprContext *econtext;
	TupleTableSlot *slot;
	ExprState  *predicate;
	Bitmapset  *columns;		/* needed, as attribute numbers */
	MemoryContext context;
} GroupRows;

/* Called for each row that belongs into the index. */
typedef void (*GroupRowCallback) (GroupRows *walk, ItemPointer tid, Datum *values,
								  bool *isnull, bool alive, void *arg);

typedef struct BuildTarget
{
	Relation	index_rel;
	IndexBuildCallback callback;
	void	   *callback_state;
} BuildTarget;

typedef struct ValidateTarget
{
	Relation	index_rel;
	struct ValidateIndexState *state;
	Tuplesortstate *found;		/* TIDs in groups that the index has */
	bool		exhausted;
	ItemPointerData next;		/* of them */
} ValidateTarget;

static void check_index_method(Relation table_rel, Relation index_rel);
static double index_delta(Relation table_rel, Relation index_rel, IndexInfo *index_info,
						  bool allow_sync, bool anyvisible, bool progress,
						  BlockNumber start_blockno, BlockNumber numblocks,
						  IndexBuildCallback callback, void *callback_state,
						  TableScanDesc scan);
static void begin_walk(GroupRows *walk, Relation table_rel, IndexInfo *index_info,
					   Snapshot snapshot);
static double walk_group(GroupRows *walk, int index, FocusGroupList *living,
						 GroupRowCallback callback, void *arg);
static void end_walk(GroupRows *walk);
static void add_columns(GroupRows *walk);
static void build_row(GroupRows *walk, ItemPointer tid, Datum *values, bool *isnull, bool alive,
					  void *arg);
static void validate_row(GroupRows *walk, ItemPointer tid, Datum *values, bool *isnull,
						 bool alive, void *arg);
static void next_found(ValidateTarget *target);
static double index_groups(Relation table_rel, Relation index_rel, IndexInfo *index_info,
						   Snapshot snapshot, FocusParallelScan *shared,
						   IndexBuildCallback callback, void *callback_state);

/*
 * A scan that is passed in, a parallel one, has been begun by
 * focus_scan_begin(); heap gets its part of it and ends that.
 */
double
focus_index_build_range_scan(Relation table_rel, Relation index_rel,
							 struct IndexInfo *index_info, bool allow_sync,
							 bool anyvisible, bool progress,
							 BlockNumber start_blockno, BlockNumber numblocks,
							 IndexBuildCallback callback, void *callback_state,
							 TableScanDesc scan)
{
	FocusScan  *ours = (FocusScan *) scan;
	TableScanDesc delta_scan = ours == NULL ? NULL : ours->delta;
	FocusParallelScan *shared = ours == NULL ? NULL : (FocusParallelScan *) scan->rs_parallel;
	Snapshot	snapshot = ours == NULL ? SnapshotAny : scan->rs_snapshot;
	double		rows;

	check_index_method(table_rel, index_rel);
	focus_bulk_flush(table_rel);
	if (ours != NULL)
		ours->delta = NULL;
	rows = index_delta(table_rel, index_rel, index_info, allow_sync, anyvisible, progress,
					   start_blockno, numblocks, callback, callback_state, delta_scan);
	if (start_blockno == 0 && numblocks == InvalidBlockNumber)
	{
		bool		own_snapshot = ours == NULL && index_info->ii_Concurrent;

		if (own_snapshot)
			snapshot = RegisterSnapshot(GetTransactionSnapshot());
		rows += index_groups(table_rel, index_rel, index_info, snapshot, shared,
							 callback, callback_state);
		if (own_snapshot)
			UnregisterSnapshot(snapshot);
	}
	if (ours != NULL)
		focus_scan_end(scan);
	return rows;
}

static double
index_delta(Relation table_rel, Relation index_rel, IndexInfo *index_info, bool allow_sync,
			bool anyvisible, bool progress, BlockNumber start_blockno, BlockNumber numblocks,
			IndexBuildCallback callback, void *callback_state, TableScanDesc scan)
{
	FocusDisguise disguise;
	const TableAmRoutine *delta = focus_put_on_disguise(&disguise, table_rel);
	volatile double rows = 0;

	PG_TRY();
	{
		rows = delta->index_build_range_scan(table_rel, index_rel, index_info, allow_sync,
											 anyvisible, progress, start_blockno, numblocks,
											 callback, callback_state, scan);
	}
	PG_FINALLY();
	{
		focus_take_off_disguise(&disguise);
	}
	PG_END_TRY();
	return rows;
}

/*
 * Heap is given the TIDs that are its own, in a sort of their own; they come
 * first, because TIDs in groups are greater.
 */
void
focus_index_validate_scan(Relation table_rel, Relation index_rel, struct IndexInfo *index_info,
						  Snapshot snapshot, struct ValidateIndexState *state)
{
	FocusDisguise disguise;
	const TableAmRoutine *delta;
	struct ValidateIndexState delta_state = *state;
	ValidateTarget target = {index_rel, state};
	GroupRows	walk;
	Datum		value;
	bool		isnull;
	int			i;

	delta_state.tuplesort = focus_tuplesort_tids(maintenance_work_mem / 2);
	target.found = focus_tuplesort_tids(maintenance_work_mem / 2);
	while (focus_tuplesort_getdatum(state->tuplesort, &value, &isnull))
	{
		ItemPointerData tid;

		itemptr_decode(&tid, DatumGetInt64(value));
		tuplesort_putdatum(focus_tid_is_grouped(&tid) ? target.found : delta_state.tuplesort,
						   value, false);
		CHECK_FOR_INTERRUPTS();
	}
	tuplesort_performsort(delta_state.tuplesort);
	tuplesort_performsort(target.found);

	delta = focus_put_on_disguise(&disguise, table_rel);
	PG_TRY();
	{
		delta->index_validate_scan(table_rel, index_rel, index_info, snapshot, &delta_state);
	}
	PG_FINALLY();
	{
		focus_take_off_disguise(&disguise);
	}
	PG_END_TRY();
	tuplesort_end(delta_state.tuplesort);
	state->htups = delta_state.htups;
	state->tups_inserted = delta_state.tups_inserted;

	next_found(&target);
	begin_walk(&walk, table_rel, index_info, snapshot);
	for (i = 0; i < walk.list->count; i++)
		state->htups += walk_group(&walk, i, walk.list, validate_row, &target);
	end_walk(&walk);
	tuplesort_end(target.found);
}

static void
check_index_method(Relation table_rel, Relation index_rel)
{
	if (index_rel->rd_indam->amgettuple == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" cannot be of an access method that has bitmap scans only",
						RelationGetRelationName(index_rel)),
				 errdetail("Table \"%s\" has the table access method focus, whose row groups bitmap scans do not reach.",
						   RelationGetRelationName(table_rel)),
				 errhint("Row groups need no such index: they are skipped by what their columns hold.")));
}

/*
 * Indexes the rows of groups, and returns the number of the living ones.
 *
 * An ordinary build holds a lock that keeps writers out, so that a row is
 * either alive or, for some old snapshot, recently dead; both are indexed.  A
 * concurrent build is asked for what its snapshot sees.
 *
 * The processes of a parallel build share groups by their numbers, not by
 * their places in the list: meanwhile VACUUM may take away dead ones.
 */
static double
index_groups(Relation table_rel, Relation index_rel, IndexInfo *index_info, Snapshot snapshot,
			 FocusParallelScan *shared, IndexBuildCallback callback, void *callback_state)
{
	BuildTarget target = {index_rel, callback, callback_state};
	SnapshotData recently_dead;
	GroupRows	walk;
	FocusGroupList *living;
	double		rows = 0;
	int			i = 0;

	if (!OidIsValid(table_rel->rd_rel->reltoastrelid))
		return 0;
	if (snapshot == SnapshotAny)
	{
		Relation	toast = table_open(table_rel->rd_rel->reltoastrelid, AccessShareLock);

		InitNonVacuumableSnapshot(recently_dead, GlobalVisTestFor(toast));
		table_close(toast, AccessShareLock);
		begin_walk(&walk, table_rel, index_info, &recently_dead);
		living = focus_group_list_create(&walk.store, SnapshotSelf);
	}
	else
	{
		begin_walk(&walk, table_rel, index_info, snapshot);
		living = walk.list;
	}

	while (i < walk.list->count)
	{
		if (shared != NULL)
		{
			uint32		number = pg_atomic_fetch_add_u32(&shared->next_group, 1) + FOCUS_GROUP_FIRST;

			while (i < walk.list->count && walk.list->groups[i].number < number)
				i++;
			if (i == walk.list->count || walk.list->groups[i].number != number)
				continue;
		}
		rows += walk_group(&walk, i++, living, build_row, &target);
	}
	end_walk(&walk);
	return rows;
}

static void
begin_walk(GroupRows *walk, Relation table_rel, IndexInfo *index_info, Snapshot snapshot)
{
	MemoryContext caller;

	memset(walk, 0, sizeof(*walk));
	walk->table_rel = table_rel;
	walk->index_info = index_info;
	walk->context = AllocSetContextCreate(CurrentMemoryContext, "focus index build",
										  ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(walk->context);
	focus_store_open(&walk->store, table_rel, AccessShareLock);
	walk->list = focus_group_list_create(&walk->store, snapshot);
	walk->estate = CreateExecutorState();
	walk->econtext = GetPerTupleExprContext(walk->estate);
	walk->slot = MakeSingleTupleTableSlot(RelationGetDescr(table_rel), &TTSOpsVirtual);
	walk->econtext->ecxt_scantuple = walk->slot;
	walk->predicate = ExecPrepareQual(index_info->ii_Predicate, walk->estate);
	add_columns(walk);
	MemoryContextSwitchTo(caller);
}

/*
 * Calls back for the rows of a group, and returns the number of the living
 * ones that are in the index.  living is the list by which a row is alive.
 */
static double
walk_group(GroupRows *walk, int index, FocusGroupList *living, GroupRowCallback callback, void *arg)
{
	FocusGroup *group = &walk->list->groups[index];
	FocusGroupReader *reader = focus_group_reader_create(&walk->store, group, walk->context);
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	int			natts = RelationGetDescr(walk->table_rel)->natts;
	int			at = -1;
	double		rows = 0;
	uint32		row;
	int			i;

	for (i = 0; i < living->count && at < 0; i++)
		if (living->groups[i].number == group->number)
			at = i;

	for (row = 0; row < group->rows; row++)
	{
		TupleTableSlot *slot = walk->slot;
		bool		alive = at >= 0 && !focus_group_list_is_dead(living, at, row);
		ItemPointerData tid;
		int			column;

		CHECK_FOR_INTERRUPTS();
		/* What a snapshot that the caller has chosen does not see is no row. */
		if (!alive && living == walk->list)
			continue;
		MemoryContextReset(walk->econtext->ecxt_per_tuple_memory);
		ExecClearTuple(slot);
		memset(slot->tts_isnull, true, natts * sizeof(bool));
		for (column = -1; (column = bms_next_member(walk->columns, column)) >= 0;)
			slot->tts_values[column] = focus_group_reader_value(reader, &walk->store,
																  slot->tts_tupleDescriptor, column, row,
																&slot->tts_isnull[column]);
		ExecStoreVirtualTuple(slot);
		focus_tid_set(&tid, group->number, row);
		slot->tts_tid = tid;
		slot->tts_tableOid = RelationGetRelid(walk->table_rel);
		if (walk->predicate != NULL && !ExecQual(walk->predicate, walk->econtext))
			continue;
		FormIndexDatum(walk->index_info, slot, walk->estate, values, isnull);
		callback(walk, &tid, values, isnull, alive, arg);
		rows += alive ? 1 : 0;
	}
	focus_group_reader_free(reader);
	return rows;
}

static void
end_walk(GroupRows *walk)
{
	/* They may point to the slot. */
	walk->index_info->ii_ExpressionsState = NIL;
	walk->index_info->ii_PredicateState = NULL;
	ExecDropSingleTupleTableSlot(walk->slot);
	FreeExecutorState(walk->estate);
	focus_store_close(&walk->store);
	MemoryContextDelete(walk->context);
}

/*
 * The columns, from 0 on, that keys, expressions and predicate use
 */
static void
add_columns(GroupRows *walk)
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
			walk->columns = bms_add_range(walk->columns, 0,
										  RelationGetDescr(walk->table_rel)->natts - 1);
	}
}

static void
build_row(GroupRows *walk, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	BuildTarget *target = arg;

	target->callback(target->index_rel, tid, values, isnull, alive, target->callback_state);
}

/*
 * Inserts a row that the index does not have.
 */
static void
validate_row(GroupRows *walk, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	ValidateTarget *target = arg;

	while (!target->exhausted && ItemPointerCompare(&target->next, tid) < 0)
		next_found(target);
	if (!target->exhausted && ItemPointerEquals(&target->next, tid))
		return;
	index_insert(target->index_rel, values, isnull, tid, walk->table_rel,
				 walk->index_info->ii_Unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
				 false, walk->index_info);
	target->state->tups_inserted += 1;
}

static void
next_found(ValidateTarget *target)
{
	Datum		value;
	bool		isnull;

	target->exhausted = !focus_tuplesort_getdatum(target->found, &value, &isnull);
	if (!target->exhausted)
		itemptr_decode(&target->next, DatumGetInt64(value));
}
