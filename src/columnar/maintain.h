/*-------------------------------------------------------------------------
 *
 * maintain.h
 *	  Size, rewriting and vacuuming of tables, and their indexes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_MAINTAIN_H
#define FOCUS_MAINTAIN_H

#include "access/tableam.h"
#include "nodes/bitmapset.h"

#include "compat.h"

/* maintain.c */
extern void focus_keep_first_page(Relation rel);
extern void focus_relation_vacuum(Relation rel, struct VacuumParams *params,
								  BufferAccessStrategy bstrategy);
extern void focus_relation_estimate_size(Relation rel, int32 *attr_widths,
										 BlockNumber *pages, double *tuples,
										 double *allvisfrac);

/* compact_tail.c */
extern Bitmapset *focus_tail_groups(Relation rel, Snapshot snapshot);

/* index_clean.c */
extern void focus_clean_indexes(Relation rel);

/* rewrite.c */
extern void focus_relation_copy_for_cluster(Relation old_table, Relation new_table,
											Relation old_index, bool use_sort,
											TransactionId oldest_xmin,
											TransactionId *xid_cutoff,
											MultiXactId *multi_cutoff,
											double *num_tuples, double *tups_vacuumed,
											double *tups_recently_dead);

/* index_build.c */
extern double focus_index_build_range_scan(Relation table_rel, Relation index_rel,
										   struct IndexInfo *index_info, bool allow_sync,
										   bool anyvisible, bool progress,
										   BlockNumber start_blockno, BlockNumber numblocks,
										   IndexBuildCallback callback,
										   void *callback_state, TableScanDesc scan);
extern void focus_index_validate_scan(Relation table_rel, Relation index_rel,
									  struct IndexInfo *index_info, Snapshot snapshot,
									  struct ValidateIndexState *state);

#endif							/* FOCUS_MAINTAIN_H */
