/*-------------------------------------------------------------------------
 *
 * exec_scan.h
 *	  The scan node.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_EXEC_SCAN_H
#define FOCUS_EXEC_SCAN_H

#include "nodes/execnodes.h"
#include "nodes/extensible.h"
#include "nodes/pathnodes.h"

#include "columnar/exec_filter.h"
#include "columnar/group_reader.h"
#include "columnar/scan.h"

#define FOCUS_SCAN_NAME		"FocusScan"

/* Rows of a vector whose datums are made at a time */
#define FOCUS_OUTPUT_ROWS	128

/* What EXPLAIN tells; summed over the processes of a parallel scan */
typedef enum FocusScanCounter
{
	FOCUS_COUNT_GROUPS,
	FOCUS_COUNT_GROUPS_BY_ZONE,	/* skipped */
	FOCUS_COUNT_GROUPS_BY_DICTIONARY,	/* skipped */
	FOCUS_COUNT_VECTORS,
	FOCUS_COUNT_VECTORS_SKIPPED,
	FOCUS_COUNT_DELTA_ROWS,
	FOCUS_COUNT_TOMBSTONES,
	FOCUS_COUNTERS				/* how many there are */
} FocusScanCounter;

typedef struct FocusScanShared
{
	pg_atomic_uint64 counters[FOCUS_COUNTERS];	/* of the workers */
} FocusScanShared;

/* A column that rows are returned with */
typedef struct FocusOutput
{
	int			column;
	Datum	   *values;			/* of FOCUS_OUTPUT_ROWS rows */
	bool	   *isnull;
	char	   *decimals;		/* for numerics that are in no dictionary */
} FocusOutput;

typedef struct FocusScanState
{
	CustomScanState css;
	FocusScan  *scan;			/* NULL until a row is asked for */
	bool		full_tuples;	/* rows are to be heap tuples */
	int			noutputs;
	FocusOutput *outputs;
	int			delta_natts;	/* attributes of the delta to be deformed */
	TupleTableSlot *delta_slot;
	TupleTableSlot *row_slot;	/* the current row: columns of the table */

	/* The filter.  Rows of the delta pass all of it. */
	ExprState  *all_quals;
	FocusFilter *filter;		/* the part that is applied to vectors */
	ExprState  *rest;			/* of the filter, NULL if nothing */
	bool		rest_is_early;	/* it is applied to vectors, too */
	int			nrest_outputs;	/* the first ones of outputs: those it needs */

	/* Position */
	FocusScanPhase phase;
	FocusArenaPool *reader_pool;
	FocusGroupReader **readers; /* by index of the group; NULL if not open */
	bool		rescanned;
	FocusGroupReader *reader;	/* of the current group, NULL outside of one */
	int			vector;
	bool		in_vector;
	int			nrows;			/* of the vector that pass the filter */
	int			at;				/* index into rows */
	uint16		rows[FOCUS_BODY_VECTOR_ROWS];	/* offsets into the vector */
	int			chunk;			/* index into rows of the outputs' first row */
	int			chunk_rows;

	uint64		counters[FOCUS_COUNTERS];	/* of this process */
	uint64		worker_counters[FOCUS_COUNTERS];	/* of workers that ended */
	FocusScanShared *shared;	/* NULL if not parallel */
	ParallelTableScanDesc pscan;
	struct dsm_segment *segment;	/* leader only */
} FocusScanState;

/* What is known of a table when its scans are planned */
typedef struct FocusScanEstimate
{
	double		pages;			/* that are read */
	int			outputs;		/* columns that are returned */
} FocusScanEstimate;

/* exec_scan_path.c */
extern void focus_exec_scan_init(void);
extern bool focus_scan_is_candidate(RelOptInfo *rel, RangeTblEntry *rte);
extern void focus_scan_estimate(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte,
								List *exprs, FocusScanEstimate *result);
extern CustomPath *focus_scan_make_path(PlannerInfo *root, RelOptInfo *rel, PathTarget *target,
										const FocusScanEstimate *estimate, int workers);
extern int	focus_scan_workers(RelOptInfo *rel);
extern void focus_scan_explain_why(RelOptInfo *rel, const char *reason);

/* exec_scan.c */
extern const CustomScanMethods focus_scan_methods;

/*
 * For nodes that make something else of the rows.  The filter consists of
 * quals, with their security levels; exprs are what the node wants of a row
 * otherwise, except for wants that are met by codes.
 */
extern void focus_scan_begin_rows(FocusScanState *state, List *exprs, List *quals, List *levels);
extern void focus_scan_start(FocusScanState *state);
extern void focus_scan_end_rows(FocusScanState *state);
extern void focus_scan_rescan_rows(FocusScanState *state);

/* The next vector with rows that pass: state->rows of state->vector */
extern bool focus_scan_next_vector(FocusScanState *state, bool forward);

/* Instead, without a filter: the number of rows in all groups still to come */
extern int64 focus_scan_count_rows(FocusScanState *state);

/* The next row of the delta that passes, in state->row_slot */
extern bool focus_scan_next_delta_row(FocusScanState *state, ScanDirection direction);

/* exec_output.c */
extern void focus_outputs_init(FocusScanState *state, Bitmapset *columns, Bitmapset *rest_columns);
extern void focus_outputs_fill(FocusScanState *state, int noutputs, int first, int count);

/* exec_explain.c */
extern void focus_scan_explain(CustomScanState *node, List *ancestors, struct ExplainState *es);
extern Size focus_scan_estimate_dsm(CustomScanState *node, struct ParallelContext *pcxt);
extern void focus_scan_initialize_dsm(CustomScanState *node, struct ParallelContext *pcxt,
									  void *coordinate);
extern void focus_scan_reinitialize_dsm(CustomScanState *node, struct ParallelContext *pcxt,
										void *coordinate);
extern void focus_scan_initialize_worker(CustomScanState *node, struct shm_toc *toc,
										 void *coordinate);
extern void focus_scan_shutdown(CustomScanState *node);
extern void focus_scan_forget_dsm(FocusScanState *state);

#endif							/* FOCUS_EXEC_SCAN_H */
