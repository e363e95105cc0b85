/*-------------------------------------------------------------------------
 *
 * maintain.c
 *	  Size and vacuuming of tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/heapam.h"
#include "commands/vacuum.h"
#include "optimizer/plancat.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/delta.h"
#include "columnar/maintain.h"
#include "columnar/store.h"

/*
 * Gives a delta without any block an empty one, because ANALYZE samples
 * blocks and would see nothing of a table that has groups only.
 */
void
focus_keep_first_page(Relation rel)
{
	Buffer		buffer;
	GenericXLogState *state;

	if (RelationGetNumberOfBlocks(rel) > 0)
		return;
	LockRelationForExtension(rel, ExclusiveLock);
	if (RelationGetNumberOfBlocks(rel) == 0)
	{
		buffer = ReadBufferExtended(rel, MAIN_FORKNUM, P_NEW, RBM_ZERO_AND_LOCK, NULL);
		state = GenericXLogStart(rel);
		PageInit(GenericXLogRegisterBuffer(state, buffer, GENERIC_XLOG_FULL_IMAGE),
				 BufferGetPageSize(buffer), 0);
		GenericXLogFinish(state);
		UnlockReleaseBuffer(buffer);
	}
	UnlockRelationForExtension(rel, ExclusiveLock);
}

/*
 * Groups are left alone: the server vacuums the TOAST relation by itself, and
 * focus_compact() is for what is more than that.
 */
void
focus_relation_vacuum(Relation rel, struct VacuumParams *params, BufferAccessStrategy bstrategy)
{
	FocusStore	store;
	int			groups;

	focus_delta_of(rel)->relation_vacuum(rel, params, bstrategy);

	if (RelationGetNumberOfBlocks(rel) > 0)
		return;
	focus_store_open(&store, rel, AccessShareLock);
	(void) focus_store_groups(&store, SnapshotSelf, &groups);
	focus_store_close(&store);
	if (groups > 0)
		focus_keep_first_page(rel);
}

/*
 * Heap's estimate for the delta, and what the directory says of the groups.
 * pg_class.reltuples counts both, so it does not give the density of the
 * delta's blocks when there are groups.  Tombstones are not counted, as that
 * would take longer than planning may.
 */
void
focus_relation_estimate_size(Relation rel, int32 *attr_widths, BlockNumber *pages,
							 double *tuples, double *allvisfrac)
{
	FocusStore	store;
	FocusGroup *groups;
	int			count;
	int			i;
	double		rows = 0;
	double		bytes = 0;

	focus_store_open(&store, rel, AccessShareLock);
	groups = focus_store_groups(&store, SnapshotSelf, &count);
	focus_store_close(&store);
	for (i = 0; i < count; i++)
	{
		rows += groups[i].rows;
		bytes += groups[i].body_size;
	}
	if (count > 0)
		pfree(groups);

	focus_delta_of(rel)->relation_estimate_size(rel, attr_widths, pages, tuples, allvisfrac);
	if (count == 0)
		return;

	if (RelationGetNumberOfBlocks(rel) <= 1)
		*pages = *tuples = 0;
	else
		*tuples = Min(*tuples, (double) *pages * BLCKSZ /
					  (get_rel_data_width(rel, attr_widths) + SizeofHeapTupleHeader));
	*tuples += rows;
	*pages += (BlockNumber) (bytes / BLCKSZ) + 1;
	*allvisfrac = 0;
}
