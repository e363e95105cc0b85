/*-------------------------------------------------------------------------
 *
 * am.c
 *	  The table access method "focus".
 *
 * A table has two parts: the delta, an ordinary heap in the table's main
 * fork, and its TOAST relation, also a heap.  All rows are in the delta, so
 * every callback is heap's, called with our relation; only the TOAST
 * relation differs: a table created with this access method has one whatever
 * its columns, because row groups will live in it.  A table that is turned
 * into one of ours by SET ACCESS METHOD keeps the TOAST relation that it has,
 * or has none, as the server gives us no place to add it.
 *
 * Each callback of TableAmRoutine has a function here; none is left NULL,
 * also where the server would take that for "not supported".  A major with
 * another number of callbacks does not compile.
 *
 * Parts of heapam call heap_getnext(), or table_* functions whose scans they
 * then take for heap's.  heap_getnext() refuses a relation whose rd_tableam
 * is not heap's.  Such callbacks run with the relation in disguise:
 *
 *	- rd_tableam of the relation's relcache entry is heap's from
 *	  put_on_disguise() to take_off_disguise(), which PG_FINALLY calls.
 *	- An invalidation message rebuilds the entry, also while it is open, and
 *	  sets rd_tableam to ours again.  The server calls relcache callbacks
 *	  after the rebuild; ours puts the disguise back on.
 *	- Whoever opens the relation meanwhile, such as a function in an index
 *	  expression, sees a heap: all there is as long as there is only a delta.
 *
 * Outside of a disguise, and at the entry of each callback, rd_tableam is
 * ours; delta_of() asserts it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "catalog/pg_am.h"
#include "commands/vacuum.h"
#include "fmgr.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "am.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(focus_am_handler);

/* A relation in disguise; lives on the stack of the callback. */
typedef struct Disguise
{
	Relation	rel;
	struct Disguise *outer;		/* put on before this one, or NULL */
} Disguise;

static const TableAmRoutine focus_am_methods;

static Disguise *disguises = NULL;	/* innermost first */

static void keep_disguises(Datum arg, Oid relid);

/*
 * Handler of the access method.  The result is static.
 */
Datum
focus_am_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&focus_am_methods);
}

/*
 * To be called once per backend, when the library is loaded.
 */
void
focus_am_init(void)
{
	CacheRegisterRelcacheCallback(keep_disguises, (Datum) 0);
}

/*
 * Heap's callbacks, to be called with the relation of a callback of ours.
 */
static inline const TableAmRoutine *
delta_of(Relation rel)
{
	Assert(rel->rd_tableam == &focus_am_methods);
	return GetHeapamTableAmRoutine();
}

/*
 * Makes the relation pass for a heap table until take_off_disguise(), which
 * the caller must reach in any case.
 */
static const TableAmRoutine *
put_on_disguise(Disguise *disguise, Relation rel)
{
	Assert(rel->rd_tableam == &focus_am_methods);
	disguise->rel = rel;
	disguise->outer = disguises;
	disguises = disguise;
	rel->rd_tableam = GetHeapamTableAmRoutine();
	return rel->rd_tableam;
}

static void
take_off_disguise(Disguise *disguise)
{
	Assert(disguises == disguise);
	disguises = disguise->outer;
	disguise->rel->rd_tableam = &focus_am_methods;
}

/*
 * Relcache callback: the entry of the relation, or of each relation where
 * relid is invalid, has been rebuilt.
 */
static void
keep_disguises(Datum arg, Oid relid)
{
	Disguise   *disguise;

	for (disguise = disguises; disguise != NULL; disguise = disguise->outer)
	{
		if (!OidIsValid(relid) || relid == RelationGetRelid(disguise->rel))
			disguise->rel->rd_tableam = GetHeapamTableAmRoutine();
	}
}


/*
 * Slots and sequential scans
 */

static const TupleTableSlotOps *
focus_slot_callbacks(Relation rel)
{
	return delta_of(rel)->slot_callbacks(rel);
}

static TableScanDesc
focus_scan_begin(Relation rel, Snapshot snapshot, int nkeys,
				 struct ScanKeyData *key, ParallelTableScanDesc pscan,
				 uint32 flags)
{
	return delta_of(rel)->scan_begin(rel, snapshot, nkeys, key, pscan, flags);
}

static void
focus_scan_end(TableScanDesc scan)
{
	delta_of(scan->rs_rd)->scan_end(scan);
}

static void
focus_scan_rescan(TableScanDesc scan, struct ScanKeyData *key,
				  bool set_params, bool allow_strat, bool allow_sync,
				  bool allow_pagemode)
{
	delta_of(scan->rs_rd)->scan_rescan(scan, key, set_params, allow_strat,
									   allow_sync, allow_pagemode);
}

static bool
focus_scan_getnextslot(TableScanDesc scan, ScanDirection direction,
					   TupleTableSlot *slot)
{
	return delta_of(scan->rs_rd)->scan_getnextslot(scan, direction, slot);
}

static void
focus_scan_set_tidrange(TableScanDesc scan, ItemPointer mintid,
						ItemPointer maxtid)
{
	delta_of(scan->rs_rd)->scan_set_tidrange(scan, mintid, maxtid);
}

static bool
focus_scan_getnextslot_tidrange(TableScanDesc scan, ScanDirection direction,
								TupleTableSlot *slot)
{
	return delta_of(scan->rs_rd)->scan_getnextslot_tidrange(scan, direction, slot);
}

static Size
focus_parallelscan_estimate(Relation rel)
{
	return delta_of(rel)->parallelscan_estimate(rel);
}

static Size
focus_parallelscan_initialize(Relation rel, ParallelTableScanDesc pscan)
{
	return delta_of(rel)->parallelscan_initialize(rel, pscan);
}

static void
focus_parallelscan_reinitialize(Relation rel, ParallelTableScanDesc pscan)
{
	delta_of(rel)->parallelscan_reinitialize(rel, pscan);
}


/*
 * Rows by TID
 */

static IndexFetchTableData *
focus_index_fetch_begin(Relation rel)
{
	return delta_of(rel)->index_fetch_begin(rel);
}

static void
focus_index_fetch_reset(IndexFetchTableData *fetch)
{
	delta_of(fetch->rel)->index_fetch_reset(fetch);
}

static void
focus_index_fetch_end(IndexFetchTableData *fetch)
{
	delta_of(fetch->rel)->index_fetch_end(fetch);
}

static bool
focus_index_fetch_tuple(IndexFetchTableData *fetch, ItemPointer tid,
						Snapshot snapshot, TupleTableSlot *slot,
						bool *call_again, bool *all_dead)
{
	return delta_of(fetch->rel)->index_fetch_tuple(fetch, tid, snapshot, slot,
												   call_again, all_dead);
}

static bool
focus_tuple_fetch_row_version(Relation rel, ItemPointer tid, Snapshot snapshot,
							  TupleTableSlot *slot)
{
	return delta_of(rel)->tuple_fetch_row_version(rel, tid, snapshot, slot);
}

static bool
focus_tuple_tid_valid(TableScanDesc scan, ItemPointer tid)
{
	return delta_of(scan->rs_rd)->tuple_tid_valid(scan, tid);
}

static void
focus_tuple_get_latest_tid(TableScanDesc scan, ItemPointer tid)
{
	delta_of(scan->rs_rd)->tuple_get_latest_tid(scan, tid);
}

static bool
focus_tuple_satisfies_snapshot(Relation rel, TupleTableSlot *slot,
							   Snapshot snapshot)
{
	return delta_of(rel)->tuple_satisfies_snapshot(rel, slot, snapshot);
}

static TransactionId
focus_index_delete_tuples(Relation rel, TM_IndexDeleteOp *delstate)
{
	return delta_of(rel)->index_delete_tuples(rel, delstate);
}


/*
 * Changes of rows
 */

static void
focus_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid,
				   int options, BulkInsertState bistate)
{
	delta_of(rel)->tuple_insert(rel, slot, cid, options, bistate);
}

static void
focus_tuple_insert_speculative(Relation rel, TupleTableSlot *slot,
							   CommandId cid, int options,
							   BulkInsertState bistate, uint32 spec_token)
{
	delta_of(rel)->tuple_insert_speculative(rel, slot, cid, options, bistate,
											spec_token);
}

static void
focus_tuple_complete_speculative(Relation rel, TupleTableSlot *slot,
								 uint32 spec_token, bool succeeded)
{
	delta_of(rel)->tuple_complete_speculative(rel, slot, spec_token, succeeded);
}

static void
focus_multi_insert(Relation rel, TupleTableSlot **slots, int nslots,
				   CommandId cid, int options, BulkInsertState bistate)
{
	delta_of(rel)->multi_insert(rel, slots, nslots, cid, options, bistate);
}

static TM_Result
focus_tuple_delete(Relation rel, ItemPointer tid, CommandId cid,
				   Snapshot snapshot, Snapshot crosscheck, bool wait,
				   TM_FailureData *tmfd, bool changing_part)
{
	return delta_of(rel)->tuple_delete(rel, tid, cid, snapshot, crosscheck,
									   wait, tmfd, changing_part);
}

static TM_Result
focus_tuple_update(Relation rel, ItemPointer otid, TupleTableSlot *slot,
				   CommandId cid, Snapshot snapshot, Snapshot crosscheck,
				   bool wait, TM_FailureData *tmfd, LockTupleMode *lockmode,
				   TU_UpdateIndexes *update_indexes)
{
	return delta_of(rel)->tuple_update(rel, otid, slot, cid, snapshot,
									   crosscheck, wait, tmfd, lockmode,
									   update_indexes);
}

static TM_Result
focus_tuple_lock(Relation rel, ItemPointer tid, Snapshot snapshot,
				 TupleTableSlot *slot, CommandId cid, LockTupleMode mode,
				 LockWaitPolicy wait_policy, uint8 flags, TM_FailureData *tmfd)
{
	return delta_of(rel)->tuple_lock(rel, tid, snapshot, slot, cid, mode,
									 wait_policy, flags, tmfd);
}

/*
 * Optional for the server, and heap has nothing to finish up to 18.
 */
static void
focus_finish_bulk_insert(Relation rel, int options)
{
	const TableAmRoutine *delta = delta_of(rel);

	if (delta->finish_bulk_insert != NULL)
		delta->finish_bulk_insert(rel, options);
}


/*
 * Storage, rewriting, maintenance
 */

static void
focus_relation_set_new_filelocator(Relation rel,
								   const RelFileLocator *new_locator,
								   char persistence,
								   TransactionId *freeze_xid,
								   MultiXactId *min_multi)
{
	delta_of(rel)->relation_set_new_filelocator(rel, new_locator, persistence,
												freeze_xid, min_multi);
}

static void
focus_relation_nontransactional_truncate(Relation rel)
{
	delta_of(rel)->relation_nontransactional_truncate(rel);
}

static void
focus_relation_copy_data(Relation rel, const RelFileLocator *new_locator)
{
	delta_of(rel)->relation_copy_data(rel, new_locator);
}

/*
 * Heap's function scans the old table by table_* functions and looks into
 * the scan as into heap's own.  The new table it writes page by page.
 */
static void
focus_relation_copy_for_cluster(Relation old_table, Relation new_table,
								Relation old_index, bool use_sort,
								TransactionId oldest_xmin,
								TransactionId *xid_cutoff,
								MultiXactId *multi_cutoff,
								double *num_tuples, double *tups_vacuumed,
								double *tups_recently_dead)
{
	Disguise	disguise;
	const TableAmRoutine *delta = put_on_disguise(&disguise, old_table);

	PG_TRY();
	{
		delta->relation_copy_for_cluster(old_table, new_table, old_index,
										 use_sort, oldest_xmin, xid_cutoff,
										 multi_cutoff, num_tuples,
										 tups_vacuumed, tups_recently_dead);
	}
	PG_FINALLY();
	{
		take_off_disguise(&disguise);
	}
	PG_END_TRY();
}

static void
focus_relation_vacuum(Relation rel, struct VacuumParams *params,
					  BufferAccessStrategy bstrategy)
{
	delta_of(rel)->relation_vacuum(rel, params, bstrategy);
}

#if PG17_GE
static bool
focus_scan_analyze_next_block(TableScanDesc scan, ReadStream *stream)
{
	return delta_of(scan->rs_rd)->scan_analyze_next_block(scan, stream);
}
#else
static bool
focus_scan_analyze_next_block(TableScanDesc scan, BlockNumber blockno,
							  BufferAccessStrategy bstrategy)
{
	return delta_of(scan->rs_rd)->scan_analyze_next_block(scan, blockno, bstrategy);
}
#endif

static bool
focus_scan_analyze_next_tuple(TableScanDesc scan, TransactionId oldest_xmin,
							  double *liverows, double *deadrows,
							  TupleTableSlot *slot)
{
	return delta_of(scan->rs_rd)->scan_analyze_next_tuple(scan, oldest_xmin,
														  liverows, deadrows,
														  slot);
}

/*
 * A scan that is passed in, a parallel one, has been begun by
 * focus_scan_begin() and is ended by heap's function.
 */
static double
focus_index_build_range_scan(Relation table_rel, Relation index_rel,
							 struct IndexInfo *index_info, bool allow_sync,
							 bool anyvisible, bool progress,
							 BlockNumber start_blockno, BlockNumber numblocks,
							 IndexBuildCallback callback, void *callback_state,
							 TableScanDesc scan)
{
	Disguise	disguise;
	const TableAmRoutine *delta = put_on_disguise(&disguise, table_rel);
	volatile double rows = 0;

	PG_TRY();
	{
		rows = delta->index_build_range_scan(table_rel, index_rel, index_info,
											 allow_sync, anyvisible, progress,
											 start_blockno, numblocks,
											 callback, callback_state, scan);
	}
	PG_FINALLY();
	{
		take_off_disguise(&disguise);
	}
	PG_END_TRY();
	return rows;
}

static void
focus_index_validate_scan(Relation table_rel, Relation index_rel,
						  struct IndexInfo *index_info, Snapshot snapshot,
						  struct ValidateIndexState *state)
{
	Disguise	disguise;
	const TableAmRoutine *delta = put_on_disguise(&disguise, table_rel);

	PG_TRY();
	{
		delta->index_validate_scan(table_rel, index_rel, index_info, snapshot,
								   state);
	}
	PG_FINALLY();
	{
		take_off_disguise(&disguise);
	}
	PG_END_TRY();
}


/*
 * Size and TOAST
 */

static uint64
focus_relation_size(Relation rel, ForkNumber fork_number)
{
	return delta_of(rel)->relation_size(rel, fork_number);
}

/*
 * Yes for a table that is being created, also where no column could be
 * toasted.  A table without TOAST relation that became ours later is altered
 * under locks that depend on the statement, and the server fails where it
 * has a weaker one than AccessExclusiveLock and hears yes.  Heap's answer
 * turns to yes only by statements that take that lock.
 */
static bool
focus_relation_needs_toast_table(Relation rel)
{
	const TableAmRoutine *delta = delta_of(rel);

	if (rel->rd_createSubid != InvalidSubTransactionId &&
		rel->rd_newRelfilelocatorSubid == InvalidSubTransactionId)
		return true;
	return delta->relation_needs_toast_table(rel);
}

static Oid
focus_relation_toast_am(Relation rel)
{
	Assert(rel->rd_tableam == &focus_am_methods);
	return HEAP_TABLE_AM_OID;
}

/*
 * Asked of the access method of the TOAST relation, which is heap; so the
 * server does not come here.
 */
static void
focus_relation_fetch_toast_slice(Relation toastrel, Oid valueid,
								 int32 attrsize, int32 sliceoffset,
								 int32 slicelength, struct varlena *result)
{
	delta_of(toastrel)->relation_fetch_toast_slice(toastrel, valueid, attrsize,
												   sliceoffset, slicelength,
												   result);
}

static void
focus_relation_estimate_size(Relation rel, int32 *attr_widths,
							 BlockNumber *pages, double *tuples,
							 double *allvisfrac)
{
	delta_of(rel)->relation_estimate_size(rel, attr_widths, pages, tuples,
										  allvisfrac);
}


/*
 * Bitmap and sample scans
 */

#if PG18_GE
static bool
focus_scan_bitmap_next_tuple(TableScanDesc scan, TupleTableSlot *slot,
							 bool *recheck, uint64 *lossy_pages,
							 uint64 *exact_pages)
{
	return delta_of(scan->rs_rd)->scan_bitmap_next_tuple(scan, slot, recheck,
														 lossy_pages,
														 exact_pages);
}
#else
static bool
focus_scan_bitmap_next_block(TableScanDesc scan,
							 struct TBMIterateResult *tbmres)
{
	return delta_of(scan->rs_rd)->scan_bitmap_next_block(scan, tbmres);
}

static bool
focus_scan_bitmap_next_tuple(TableScanDesc scan,
							 struct TBMIterateResult *tbmres,
							 TupleTableSlot *slot)
{
	return delta_of(scan->rs_rd)->scan_bitmap_next_tuple(scan, tbmres, slot);
}
#endif

static bool
focus_scan_sample_next_block(TableScanDesc scan,
							 struct SampleScanState *scanstate)
{
	return delta_of(scan->rs_rd)->scan_sample_next_block(scan, scanstate);
}

static bool
focus_scan_sample_next_tuple(TableScanDesc scan,
							 struct SampleScanState *scanstate,
							 TupleTableSlot *slot)
{
	return delta_of(scan->rs_rd)->scan_sample_next_tuple(scan, scanstate, slot);
}

/* In the order of TableAmRoutine. */
static const TableAmRoutine focus_am_methods = {
	.type = T_TableAmRoutine,

	.slot_callbacks = focus_slot_callbacks,

	.scan_begin = focus_scan_begin,
	.scan_end = focus_scan_end,
	.scan_rescan = focus_scan_rescan,
	.scan_getnextslot = focus_scan_getnextslot,

	.scan_set_tidrange = focus_scan_set_tidrange,
	.scan_getnextslot_tidrange = focus_scan_getnextslot_tidrange,

	.parallelscan_estimate = focus_parallelscan_estimate,
	.parallelscan_initialize = focus_parallelscan_initialize,
	.parallelscan_reinitialize = focus_parallelscan_reinitialize,

	.index_fetch_begin = focus_index_fetch_begin,
	.index_fetch_reset = focus_index_fetch_reset,
	.index_fetch_end = focus_index_fetch_end,
	.index_fetch_tuple = focus_index_fetch_tuple,

	.tuple_fetch_row_version = focus_tuple_fetch_row_version,
	.tuple_tid_valid = focus_tuple_tid_valid,
	.tuple_get_latest_tid = focus_tuple_get_latest_tid,
	.tuple_satisfies_snapshot = focus_tuple_satisfies_snapshot,
	.index_delete_tuples = focus_index_delete_tuples,

	.tuple_insert = focus_tuple_insert,
	.tuple_insert_speculative = focus_tuple_insert_speculative,
	.tuple_complete_speculative = focus_tuple_complete_speculative,
	.multi_insert = focus_multi_insert,
	.tuple_delete = focus_tuple_delete,
	.tuple_update = focus_tuple_update,
	.tuple_lock = focus_tuple_lock,
	.finish_bulk_insert = focus_finish_bulk_insert,

	.relation_set_new_filelocator = focus_relation_set_new_filelocator,
	.relation_nontransactional_truncate = focus_relation_nontransactional_truncate,
	.relation_copy_data = focus_relation_copy_data,
	.relation_copy_for_cluster = focus_relation_copy_for_cluster,
	.relation_vacuum = focus_relation_vacuum,
	.scan_analyze_next_block = focus_scan_analyze_next_block,
	.scan_analyze_next_tuple = focus_scan_analyze_next_tuple,
	.index_build_range_scan = focus_index_build_range_scan,
	.index_validate_scan = focus_index_validate_scan,

	.relation_size = focus_relation_size,
	.relation_needs_toast_table = focus_relation_needs_toast_table,
	.relation_toast_am = focus_relation_toast_am,
	.relation_fetch_toast_slice = focus_relation_fetch_toast_slice,

	.relation_estimate_size = focus_relation_estimate_size,

#if !PG18_GE
	.scan_bitmap_next_block = focus_scan_bitmap_next_block,
#endif
	.scan_bitmap_next_tuple = focus_scan_bitmap_next_tuple,
	.scan_sample_next_block = focus_scan_sample_next_block,
	.scan_sample_next_tuple = focus_scan_sample_next_tuple,
};

/* A callback that a release adds must not stay NULL unnoticed. */
StaticAssertDecl(sizeof(TableAmRoutine) ==
				 offsetof(TableAmRoutine, slot_callbacks) +
				 (PG18_GE ? 44 : 45) * sizeof(void (*) (void)),
				 "TableAmRoutine has another number of callbacks");
