/*-------------------------------------------------------------------------
 *
 * index_clean.c
 *	  Removing the index entries of groups that are gone.
 *
 * They do no harm, because numbers of groups are never used twice, but take
 * space.  VACUUM removes entries of dead rows of the delta only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/xact.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "columnar/maintain.h"
#include "columnar/store.h"
#include "columnar/tid.h"
#include "compat.h"

/* Numbers of groups, ascending */
typedef struct GoneGroups
{
	uint32	   *numbers;
	int			count;
} GoneGroups;

static bool is_gone(ItemPointer tid, void *arg);

/*
 * The caller holds the lock that VACUUM takes.
 */
void
focus_clean_indexes(Relation rel)
{
	FocusStore	store;
	GoneGroups	gone;
	List	   *indexes;
	ListCell   *cell;

	focus_store_open(&store, rel, RowExclusiveLock);
	gone.numbers = focus_store_removed_groups(&store, &gone.count);
	if (gone.count > 0)
	{
		indexes = RelationGetIndexList(rel);
		foreach(cell, indexes)
		{
			Relation	index = index_open(lfirst_oid(cell), RowExclusiveLock);
			IndexVacuumInfo info = {0};
			IndexBulkDeleteResult *stats;

			info.index = index;
			info.estimated_count = true;
			info.message_level = DEBUG2;
			info.num_heap_tuples = -1;
			info.strategy = GetAccessStrategy(BAS_VACUUM);
			focus_set_heaprel(&info, rel);
			if (index->rd_index->indisready)
			{
				stats = index_bulk_delete(&info, NULL, is_gone, &gone);
				(void) index_vacuum_cleanup(&info, stats);
			}
			FreeAccessStrategy(info.strategy);
			index_close(index, NoLock);
		}
		focus_store_forget_removed_groups(&store, gone.numbers, gone.count,
										  GetCurrentCommandId(true));
	}
	focus_store_close(&store);
}

static bool
is_gone(ItemPointer tid, void *arg)
{
	GoneGroups *gone = arg;
	uint32		number;
	int			low = 0;
	int			high = gone->count;

	if (!focus_tid_is_grouped(tid))
		return false;
	number = focus_tid_group(tid);
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (gone->numbers[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < gone->count && gone->numbers[low] == number;
}
