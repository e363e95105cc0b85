/*-------------------------------------------------------------------------
 *
 * am.c
 *	  The table access method "focus".
 *
 * A table has two parts: the delta, an ordinary heap in the table's main
 * fork, and row groups, compressed by column, in its TOAST relation.  What is
 * only a matter of the delta is here, as calls of heap's functions; the rest
 * is in the files around this one.
 *
 * Each callback of TableAmRoutine has a function, or is NULL with the reason
 * stated.  A major with another number of callbacks does not compile.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/heap.h"
#include "catalog/pg_am.h"
#include "fmgr.h"
#include "utils/rel.h"

#include "columnar/am.h"
#include "columnar/bulk.h"
#include "columnar/delta.h"
#include "columnar/dml.h"
#include "columnar/fetch.h"
#include "columnar/maintain.h"
#include "columnar/scan.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(focus_am_handler);

static const TableAmRoutine focus_am_methods;

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
	focus_delta_init(&focus_am_methods);
	focus_bulk_init();
}

static const TupleTableSlotOps *
focus_slot_callbacks(Relation rel)
{
	return focus_delta_of(rel)->slot_callbacks(rel);
}

/*
 * Speculative inserts, which are of single rows of tables with an index
 */

static void
focus_tuple_insert_speculative(Relation rel, TupleTableSlot *slot,
							   CommandId cid, int options,
							   BulkInsertState bistate, uint32 spec_token)
{
	focus_delta_of(rel)->tuple_insert_speculative(rel, slot, cid, options, bistate,
											spec_token);
}

static void
focus_tuple_complete_speculative(Relation rel, TupleTableSlot *slot,
								 uint32 spec_token, bool succeeded)
{
	focus_delta_of(rel)->tuple_complete_speculative(rel, slot, spec_token, succeeded);
}

/*
 * Storage
 */

static void
focus_relation_set_new_filelocator(Relation rel,
								   const RelFileLocator *new_locator,
								   char persistence,
								   TransactionId *freeze_xid,
								   MultiXactId *min_multi)
{
	focus_delta_of(rel)->relation_set_new_filelocator(rel, new_locator, persistence,
												freeze_xid, min_multi);
}

/*
 * The server builds the indexes anew before it truncates the TOAST relation,
 * so we do that first: they must not get entries of groups, whose numbers will
 * be used again.
 */
static void
focus_relation_nontransactional_truncate(Relation rel)
{
	if (OidIsValid(rel->rd_rel->reltoastrelid))
	{
		Relation	toast = table_open(rel->rd_rel->reltoastrelid, AccessExclusiveLock);

		heap_truncate_one_rel(toast);
		table_close(toast, NoLock);
	}
	focus_delta_of(rel)->relation_nontransactional_truncate(rel);
}

static void
focus_relation_copy_data(Relation rel, const RelFileLocator *new_locator)
{
	focus_delta_of(rel)->relation_copy_data(rel, new_locator);
}

/*
 * Size and TOAST
 */

static uint64
focus_relation_size(Relation rel, ForkNumber fork_number)
{
	return focus_delta_of(rel)->relation_size(rel, fork_number);
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
	const TableAmRoutine *delta = focus_delta_of(rel);

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
	focus_delta_of(toastrel)->relation_fetch_toast_slice(toastrel, valueid, attrsize,
												   sliceoffset, slicelength,
												   result);
}

/*
 * In the order of TableAmRoutine.
 *
 * There are no bitmap scans: up to 17 the server's node reads ahead the blocks
 * of TIDs, and rows of groups have none.  There are no scans of ranges of TIDs
 * either; such conditions are filters of a sequential scan.
 */
static const TableAmRoutine focus_am_methods = {
	.type = T_TableAmRoutine,

	.slot_callbacks = focus_slot_callbacks,

	.scan_begin = focus_scan_begin,
	.scan_end = focus_scan_end,
	.scan_rescan = focus_scan_rescan,
	.scan_getnextslot = focus_scan_getnextslot,

	.scan_set_tidrange = NULL,
	.scan_getnextslot_tidrange = NULL,

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
	.scan_bitmap_next_block = NULL,
#endif
	.scan_bitmap_next_tuple = NULL,
	.scan_sample_next_block = focus_scan_sample_next_block,
	.scan_sample_next_tuple = focus_scan_sample_next_tuple,
};

/* A callback that a release adds must not stay NULL unnoticed. */
StaticAssertDecl(sizeof(TableAmRoutine) ==
				 offsetof(TableAmRoutine, slot_callbacks) +
				 (PG18_GE ? 44 : 45) * sizeof(void (*) (void)),
				 "TableAmRoutine has another number of callbacks");
