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
#include "columnar/group_list.h"
#include "columnar/group_walk.h"
#include "columnar/maintain.h"
#include "columnar/scan.h"
#include "columnar/tid.h"

typedef struct BuildTarget
{
	Relation	index_rel;
	IndexBuildCallback callback;
	void	   *callback_state;
	bool		alive;			/* the group is, for the transaction of the build */
	const uint64 *dead;			/* and which of its rows are not, or NULL */
	double		rows;			/* living ones */
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
static void build_row(FocusGroupWalk *walk, uint32 row, ItemPointer tid, Datum *values,
					  bool *isnull, void *arg);
static void validate_row(FocusGroupWalk *walk, uint32 row, ItemPointer tid, Datum *values,
						 bool *isnull, void *arg);
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
	FocusGroupWalk walk;
	FocusGroupList *list;
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
	focus_group_walk_begin(&walk, table_rel, index_info);
	list = focus_group_list_create(&walk.store, snapshot);
	for (i = 0; i < list->count; i++)
		focus_group_walk(&walk, &list->groups[i], list->dead[i], validate_row, &target);
	focus_group_walk_end(&walk);
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
	FocusGroupWalk walk;
	FocusGroupList *list;
	FocusGroupList *living;
	int			at = 0;
	int			i = 0;

	if (!OidIsValid(table_rel->rd_rel->reltoastrelid))
		return 0;
	focus_group_walk_begin(&walk, table_rel, index_info);
	if (snapshot == SnapshotAny)
	{
		InitNonVacuumableSnapshot(recently_dead, GlobalVisTestFor(walk.store.toast));
		list = focus_group_list_create(&walk.store, &recently_dead);
		living = focus_group_list_create(&walk.store, SnapshotSelf);
	}
	else
		living = list = focus_group_list_create(&walk.store, snapshot);

	while (i < list->count)
	{
		if (shared != NULL)
		{
			uint32		number = pg_atomic_fetch_add_u32(&shared->next_group, 1) + FOCUS_GROUP_FIRST;

			while (i < list->count && list->groups[i].number < number)
				i++;
			if (i == list->count || list->groups[i].number != number)
				continue;
		}
		while (at < living->count && living->groups[at].number < list->groups[i].number)
			at++;
		target.alive = at < living->count && living->groups[at].number == list->groups[i].number;
		target.dead = target.alive ? living->dead[at] : NULL;

		/* What a snapshot that the caller has chosen does not see is no row. */
		focus_group_walk(&walk, &list->groups[i], living == list ? target.dead : NULL,
						 build_row, &target);
		i++;
	}
	focus_group_walk_end(&walk);
	return target.rows;
}

static void
build_row(FocusGroupWalk *walk, uint32 row, ItemPointer tid, Datum *values, bool *isnull, void *arg)
{
	BuildTarget *target = arg;
	bool		alive = target->alive &&
		(target->dead == NULL || (target->dead[row / 64] >> (row % 64) & 1) == 0);

	target->rows += alive ? 1 : 0;
	target->callback(target->index_rel, tid, values, isnull, alive, target->callback_state);
}

/*
 * Inserts a row that the index does not have.
 */
static void
validate_row(FocusGroupWalk *walk, uint32 row, ItemPointer tid, Datum *values, bool *isnull,
			 void *arg)
{
	ValidateTarget *target = arg;

	target->state->htups += 1;

	while (!target->exhausted && ItemPointerCompare(&target->next, tid) < 0)
		next_found(target);
	if (!target->exhausted && ItemPointerEquals(&target->next, tid))
		return;
	index_insert(target->index_rel, values, isnull, tid, walk->rel,
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
