/*-------------------------------------------------------------------------
 *
 * maintain.c
 *	  Size and vacuuming of tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/multixact.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "commands/vacuum.h"
#include "optimizer/plancat.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/delta.h"
#include "columnar/maintain.h"
#include "columnar/store.h"

static double grouped_rows(Relation rel);
static void add_to_reltuples(Relation rel, double rows);

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
 *
 * pg_class.reltuples counts all rows, while heap sets it from the pages it has
 * seen, and for those it has not seen from its old value.
 */
void
focus_relation_vacuum(Relation rel, struct VacuumParams *params, BufferAccessStrategy bstrategy)
{
	double		grouped = grouped_rows(rel);

	if (grouped == 0)
	{
		focus_delta_of(rel)->relation_vacuum(rel, params, bstrategy);
		return;
	}
	if (rel->rd_rel->reltuples > 0)
		rel->rd_rel->reltuples = Max(rel->rd_rel->reltuples - grouped, 0);
	focus_delta_of(rel)->relation_vacuum(rel, params, bstrategy);
	focus_keep_first_page(rel);
	add_to_reltuples(rel, grouped);
}

static double
grouped_rows(Relation rel)
{
	FocusStore	store;
	FocusGroup *groups;
	int			count;
	int			i;
	double		rows = 0;

	focus_store_open(&store, rel, AccessShareLock);
	groups = focus_store_groups(&store, SnapshotSelf, &count);
	for (i = 0; i < count; i++)
		rows += groups[i].rows;
	if (count > 0)
		rows -= focus_store_tombstones(&store, groups[0].number, groups[count - 1].number,
									   SnapshotSelf, NULL, NULL);
	focus_store_close(&store);
	return Max(rows, 0);
}

/*
 * What VACUUM has just written is not in any cache yet.
 */
static void
add_to_reltuples(Relation rel, double rows)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(RelationGetRelid(rel)));
	scan = systable_beginscan(catalog, ClassOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		FormData_pg_class form = *(Form_pg_class) GETSTRUCT(tuple);

		systable_endscan(scan);
		focus_update_relstats(rel, &form, Max(form.reltuples, 0) + rows);
	}
	else
		systable_endscan(scan);
	table_close(catalog, AccessShareLock);
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
