/*-------------------------------------------------------------------------
 *
 * rewrite.c
 *	  VACUUM FULL and CLUSTER.
 *
 * Heap rewrites the delta.  Groups are packed anew without their dead rows,
 * small ones together; those that nothing is wrong with are copied as they
 * are.  By the order of an index, rows of all groups are sorted together.
 *
 * A group that everyone sees is so in the new storage, too.  Another one
 * appears there as written by this command, so that for a snapshot that is
 * older than the command its rows are missing, as after an ALTER TABLE that
 * rewrites.  Dead rows that some snapshot still sees are lost for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"

#include "columnar/delta.h"
#include "columnar/group_builder.h"
#include "columnar/group_list.h"
#include "columnar/group_reader.h"
#include "columnar/maintain.h"
#include "columnar/stop_point.h"

/* A group with fewer rows is packed together with others. */
#define COPY_ROWS_MIN	(FOCUS_BODY_ROWS_MAX / 2)

typedef struct Rewrite
{
	Relation	old_table;
	Relation	new_table;
	TransactionId oldest_xmin;
	FocusStore	store;			/* of the old table */
	FocusGroupList *list;
	FocusArenaPool *readers;
	FocusGroupBuilder *builder;
	bool		frozen;			/* all rows of the builder are */
	bool		in_order;		/* rows have to stay as they come */
	double		rows;
} Rewrite;

static void copy_groups(Rewrite *rewrite);
static bool can_copy(Rewrite *rewrite, int index);
static bool is_frozen(Rewrite *rewrite, int index);
static void copy_group(Rewrite *rewrite, int index);
static void repack_group(Rewrite *rewrite, int index, Tuplesortstate *sort);
static void sort_groups(Rewrite *rewrite, Relation index);
static void write_rows(Rewrite *rewrite);

void
focus_relation_copy_for_cluster(Relation old_table, Relation new_table, Relation old_index,
								bool use_sort, TransactionId oldest_xmin,
								TransactionId *xid_cutoff, MultiXactId *multi_cutoff,
								double *num_tuples, double *tups_vacuumed,
								double *tups_recently_dead)
{
	bool		in_order = old_index != NULL && old_index->rd_rel->relam == BTREE_AM_OID;
	FocusDisguise disguise;
	const TableAmRoutine *delta = focus_put_on_disguise(&disguise, old_table);
	Rewrite		rewrite = {old_table, new_table, oldest_xmin};

	/*
	 * Heap must not follow the index, which leads to rows of groups, too.  So
	 * it sorts, or, where that is not possible, leaves the order as it is.
	 */
	PG_TRY();
	{
		delta->relation_copy_for_cluster(old_table, new_table, in_order ? old_index : NULL,
										 in_order, oldest_xmin, xid_cutoff, multi_cutoff, num_tuples,
										 tups_vacuumed, tups_recently_dead);
	}
	PG_FINALLY();
	{
		focus_take_off_disguise(&disguise);
	}
	PG_END_TRY();

	focus_store_open(&rewrite.store, old_table, AccessShareLock);
	rewrite.list = focus_group_list_create(&rewrite.store, SnapshotSelf);
	if (rewrite.list->count > 0)
	{
		rewrite.builder = focus_group_builder_create(RelationGetDescr(new_table),
													 CurrentMemoryContext);
		rewrite.readers = focus_arena_pool_create(CurrentMemoryContext);
		rewrite.frozen = true;
		if (in_order)
			sort_groups(&rewrite, old_index);
		else
			copy_groups(&rewrite);
		focus_group_builder_free(rewrite.builder);
		focus_arena_pool_delete(rewrite.readers);
		focus_keep_first_page(new_table);
	}
	focus_store_close(&rewrite.store);
	*num_tuples += rewrite.rows;
	*tups_vacuumed += rewrite.list->tombstones;
}

static void
copy_groups(Rewrite *rewrite)
{
	int			i;

	for (i = 0; i < rewrite->list->count; i++)
	{
		if (can_copy(rewrite, i))
			copy_group(rewrite, i);
		else
			repack_group(rewrite, i, NULL);
	}
	write_rows(rewrite);
}

/*
 * Dropped columns are to be gone after a rewrite.
 */
static bool
can_copy(Rewrite *rewrite, int index)
{
	TupleDesc	desc = RelationGetDescr(rewrite->new_table);
	int			i;

	if (rewrite->list->dead[index] != NULL || rewrite->list->groups[index].rows < COPY_ROWS_MIN)
		return false;
	for (i = 0; i < desc->natts; i++)
		if (TupleDescAttr(desc, i)->attisdropped)
			return false;
	return true;
}

static bool
is_frozen(Rewrite *rewrite, int index)
{
	TransactionId xmin = rewrite->list->groups[index].xmin;

	return !TransactionIdIsNormal(xmin) || TransactionIdPrecedes(xmin, rewrite->oldest_xmin);
}

static void
copy_group(Rewrite *rewrite, int index)
{
	FocusGroup *group = &rewrite->list->groups[index];
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "focus group copy",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	struct varlena *body = focus_store_read_body(&rewrite->store, group);

	focus_store_add_group(rewrite->new_table, body, group->rows, GetCurrentCommandId(true),
						  is_frozen(rewrite, index));
	rewrite->rows += group->rows;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/*
 * Gives the living rows to the builder, or to the sort if there is one.
 */
static void
repack_group(Rewrite *rewrite, int index, Tuplesortstate *sort)
{
	FocusGroup *group = &rewrite->list->groups[index];
	FocusGroupReader *reader = focus_group_reader_create(&rewrite->store, group,
														 rewrite->readers);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(rewrite->old_table),
													&TTSOpsVirtual);
	uint32		row;

	focus_group_reader_load(reader, &rewrite->store);
	for (row = 0; row < group->rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		if (focus_group_list_is_dead(rewrite->list, index, row))
			continue;
		rewrite->rows++;
		if (sort != NULL)
		{
			HeapTuple	tuple = focus_group_reader_tuple(reader, &rewrite->store,
														   slot->tts_tupleDescriptor, row);

			tuplesort_putheaptuple(sort, tuple);
			heap_freetuple(tuple);
			continue;
		}
		if (focus_group_builder_full(rewrite->builder))
			write_rows(rewrite);
		ExecClearTuple(slot);
		focus_group_reader_row(reader, &rewrite->store, slot->tts_tupleDescriptor, row,
							   slot->tts_values, slot->tts_isnull);
		ExecStoreVirtualTuple(slot);
		focus_group_builder_add_slot(rewrite->builder, slot);
		rewrite->frozen = rewrite->frozen && is_frozen(rewrite, index);
	}
	ExecDropSingleTupleTableSlot(slot);
	focus_group_reader_free(reader);
}

static void
sort_groups(Rewrite *rewrite, Relation index)
{
	Tuplesortstate *sort = focus_tuplesort_begin_cluster(RelationGetDescr(rewrite->old_table),
														 index, maintenance_work_mem);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(rewrite->old_table),
													&TTSOpsHeapTuple);
	HeapTuple	tuple;
	int			i;

	rewrite->in_order = true;
	for (i = 0; i < rewrite->list->count; i++)
	{
		repack_group(rewrite, i, sort);
		rewrite->frozen = rewrite->frozen && is_frozen(rewrite, i);
	}
	tuplesort_performsort(sort);
	while ((tuple = tuplesort_getheaptuple(sort, true)) != NULL)
	{
		bool		frozen = rewrite->frozen;

		CHECK_FOR_INTERRUPTS();
		if (focus_group_builder_full(rewrite->builder))
			write_rows(rewrite);
		rewrite->frozen = frozen;
		ExecStoreHeapTuple(tuple, slot, false);
		focus_group_builder_add_slot(rewrite->builder, slot);
	}
	write_rows(rewrite);
	ExecDropSingleTupleTableSlot(slot);
	tuplesort_end(sort);
}

static void
write_rows(Rewrite *rewrite)
{
	uint32		rows = focus_group_builder_rows(rewrite->builder);
	struct varlena *body;

	if (rows == 0)
		return;
	body = focus_group_builder_body(rewrite->builder, !rewrite->in_order, NULL);
	focus_store_add_group(rewrite->new_table, body, rows, GetCurrentCommandId(true),
						  rewrite->frozen);
	FOCUS_STOP_POINT("rewrite: group written");
	pfree(body);
	focus_group_builder_reset(rewrite->builder);
	rewrite->frozen = true;
}
