/*-------------------------------------------------------------------------
 *
 * scan.h
 *	  Scans of a table: its row groups, then its delta.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_SCAN_H
#define FOCUS_SCAN_H

#include "access/relscan.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "port/atomics.h"

#include "columnar/group_list.h"
#include "columnar/group_reader.h"
#include "compat.h"

/* Where a scan is */
typedef enum FocusScanPhase
{
	FOCUS_SCAN_NOT_BEGUN,
	FOCUS_SCAN_GROUPS,
	FOCUS_SCAN_DELTA
} FocusScanPhase;

/* A sample of the rows in groups, for ANALYZE or TABLESAMPLE */
typedef struct FocusSample
{
	BlockNumber delta_blocks;	/* of the table */
	BlockNumber block;			/* that is being sampled */
	int64		next;			/* row in groups, counted over all of them */
	int64		end;			/* of the rows that belong to the block */
	int64		step;			/* rows of which one is looked at */
	int64		delta_rows;		/* of this block's page seen so far */
	BlockNumber first_logical;	/* TABLESAMPLE: the group's first block */
} FocusSample;

typedef struct FocusScan
{
	TableScanDescData base;
	TableScanDesc delta;		/* heap's */
	MemoryContext context;		/* of what follows */
	FocusStore	store;
	bool		store_open;
	FocusGroupList *list;		/* NULL until a row is asked for */
	FocusArenaPool *readers;	/* memory of readers, once there is a list */
	FocusScanPhase phase;
	int			group;			/* index into the list */
	FocusGroupReader *reader;	/* of that group, or NULL */
	int64		row;			/* of that group, the last one returned */
	FocusSample sample;
} FocusScan;

/* Shared by the processes of a parallel scan */
typedef struct FocusParallelScan
{
	ParallelBlockTableScanDescData delta;
	pg_atomic_uint32 next_group;	/* index into the list of groups, which is
									 * the same in all processes */
} FocusParallelScan;

extern TableScanDesc focus_scan_begin(Relation rel, Snapshot snapshot, int nkeys,
									  struct ScanKeyData *key, ParallelTableScanDesc pscan,
									  uint32 flags);
extern void focus_scan_end(TableScanDesc scan);
extern void focus_scan_rescan(TableScanDesc scan, struct ScanKeyData *key, bool set_params,
							  bool allow_strat, bool allow_sync, bool allow_pagemode);
extern bool focus_scan_getnextslot(TableScanDesc scan, ScanDirection direction,
								   TupleTableSlot *slot);

extern Size focus_parallelscan_estimate(Relation rel);
extern Size focus_parallelscan_initialize(Relation rel, ParallelTableScanDesc pscan);
extern void focus_parallelscan_reinitialize(Relation rel, ParallelTableScanDesc pscan);

/* For those who walk the groups themselves */
extern FocusGroupList *focus_scan_list(FocusScan *scan);
extern FocusGroupReader *focus_scan_open_group(FocusScan *scan, int index);
extern int	focus_scan_claim_group(FocusScan *scan);

/* sample.c */
#if PG17_GE
struct ReadStream;
extern bool focus_scan_analyze_next_block(TableScanDesc scan, struct ReadStream *stream);
#else
extern bool focus_scan_analyze_next_block(TableScanDesc scan, BlockNumber blockno,
										  BufferAccessStrategy bstrategy);
#endif
extern bool focus_scan_analyze_next_tuple(TableScanDesc scan, TransactionId oldest_xmin,
										  double *liverows, double *deadrows,
										  TupleTableSlot *slot);
extern bool focus_scan_sample_next_block(TableScanDesc scan, struct SampleScanState *scanstate);
extern bool focus_scan_sample_next_tuple(TableScanDesc scan, struct SampleScanState *scanstate,
										 TupleTableSlot *slot);

/* Stores a row of a group in a slot of heap's kind. */
extern void focus_slot_store_row(TupleTableSlot *slot, FocusGroupReader *reader,
								 FocusStore *store, uint32 row);

#endif							/* FOCUS_SCAN_H */
