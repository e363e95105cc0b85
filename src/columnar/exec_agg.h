/*-------------------------------------------------------------------------
 *
 * exec_agg.h
 *	  The node for partial aggregation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_EXEC_AGG_H
#define FOCUS_EXEC_AGG_H

#include "columnar/exec_scan.h"

#define FOCUS_AGG_NAME		"FocusAggregate"

typedef enum FocusAggKind
{
	FOCUS_AGG_COUNT,
	FOCUS_AGG_NUMERIC			/* sum and avg of numeric */
} FocusAggKind;

/* One aggregate of one group of rows */
typedef struct FocusAccumulator
{
	int64		count;			/* of values that are not NULL */
	int			scale;			/* of sum */
	int			shown;			/* decimals, the most of all values */
#ifdef HAVE_INT128
	int128		sum;
#endif
	void	   *state;			/* core's, of what is not in the above; NULL if
								 * nothing is */
} FocusAccumulator;

/* An expression that is grouped by.  Ids are of values; 0 is NULL. */
typedef struct FocusAggKey
{
	int			output;			/* in the scan tuple, from 0 */
	int			column;			/* of the table, from 0 */
	ExprState  *state;
	bool		is_column;		/* the expression is the column */
	int16		typlen;
	bool		typbyval;

	uint32		nvalues;		/* with that of NULL */
	uint32		space;
	Datum	   *values;
	uint32	   *hashes;
	uint32		nslots;			/* a power of two */
	uint32	   *slots;			/* id, or 0 for a free slot */

	/* In the current row group */
	int			row_group;		/* that ids_of_codes is about; -1 for none */
	uint32	   *ids_of_codes;	/* UINT32_MAX for not known yet */
	uint32		ids[FOCUS_BODY_VECTOR_ROWS];	/* by row of the vector */
} FocusAggKey;

typedef struct FocusAggregate
{
	int			output;
	FocusAggKind kind;
	int			column;			/* of the argument; -1 for count(*) */
	ExprState  *filter_state;	/* for rows of the delta; NULL for none */
	FocusFilter *filter;		/* the same for vectors */
	int			row_group;		/* that the filter knows */
	FmgrInfo	transfn;
	FmgrInfo	combinefn;
	FmgrInfo	serialfn;
	FmgrInfo	deserialfn;
} FocusAggregate;

typedef struct FocusAggState
{
	FocusScanState scan;
	AggState   *fake;			/* what core's aggregate functions want to see */
	ExprContext *results;		/* that they use while a group is returned */
	MemoryContext groups_context;	/* keys, groups, accumulators */
	int			nkeys;
	FocusAggKey *keys;
	int			naggs;
	FocusAggregate *aggs;

	/* Groups of rows; with one key, a group's number is the id of the key */
	uint32		ngroups;
	uint32		groups_space;
	uint32	   *group_keys;		/* nkeys for each */
	bool	   *used;
	FocusAccumulator *accumulators; /* naggs for each */
	uint32		nslots;
	uint32	   *slots;			/* number of a group + 1 */

	uint32		groups[FOCUS_BODY_VECTOR_ROWS]; /* by row of the vector */
	bool		finished;		/* all rows have been read */
	bool		emitting;
	uint32		next;			/* group to return */
} FocusAggState;

/* exec_agg_path.c */
extern void focus_exec_agg_init(void);

/* exec_agg.c */
extern const CustomScanMethods focus_agg_methods;

/* exec_agg_groups.c */
extern void focus_agg_reset(FocusAggState *state);
extern void focus_agg_group_vector(FocusAggState *state);
extern uint32 focus_agg_group_row(FocusAggState *state);

/* exec_agg_sum.c */
extern void focus_agg_add_vector(FocusAggState *state, int agg);
extern void focus_agg_add_row(FocusAggState *state, int agg, uint32 group);
extern Datum focus_agg_result(FocusAggState *state, int agg, uint32 group, bool *isnull);

#endif							/* FOCUS_EXEC_AGG_H */
