/*-------------------------------------------------------------------------
 *
 * exec_agg.h
 *	  The node for aggregation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_EXEC_AGG_H
#define FOCUS_EXEC_AGG_H

#include "nodes/primnodes.h"

#include "columnar/exec_scan.h"

#define FOCUS_AGG_NAME		"FocusAggregate"

typedef enum FocusAggKind
{
	FOCUS_AGG_COUNT,
	FOCUS_AGG_SUM,				/* and averages */
	FOCUS_AGG_EXTREME,			/* min and max */
	FOCUS_AGG_DISTINCT,			/* count(DISTINCT ...) */
	FOCUS_AGG_PARTS				/* what has been registered */
} FocusAggKind;

/* What core's state of a sum is, and what its result */
typedef enum FocusSumForm
{
	FOCUS_SUM_NUMERIC,			/* internal, fed with numerics */
	FOCUS_SUM_INT8,				/* internal, fed with int8 */
	FOCUS_SUM_INT4				/* int8, or for avg an array of count and sum */
} FocusSumForm;

/* An expression over columns of the table, which are numbered from 0 */
typedef struct FocusAggExpr
{
	ExprState  *state;
	int			ncolumns;
	int		   *columns;
	bool		is_column;		/* the expression is the column */
	int16		typlen;
	bool		typbyval;
} FocusAggExpr;

typedef struct FocusAggSlot
{
	uint32		hash;			/* of the value */
	uint32		id;				/* 0 for a free slot */
} FocusAggSlot;

/*
 * An expression whose values are told apart, because it is grouped by or
 * because they are counted.  Ids are of values; 0 is NULL.
 */
typedef struct FocusAggKey
{
	int			output;			/* in the scan tuple, from 0 */
	FocusAggExpr expr;
	bool		by_bytes;		/* values are told apart by their bytes */
	FmgrInfo	equal;			/* else by these */
	FmgrInfo	hash;
	Oid			collation;

	uint32		nvalues;		/* with that of NULL */
	uint32		space;
	Datum	   *values;
	uint32		nslots;			/* a power of two */
	FocusAggSlot *slots;

	/* In the current row group */
	int			row_group;		/* that ids_of_codes is about; -1 for none */
	uint32	   *ids_of_codes;	/* UINT32_MAX for not known yet; of a size that
								 * groups do not change, so not in their context */
	uint32		ids[FOCUS_BODY_VECTOR_ROWS];	/* by row of the vector */
} FocusAggKey;

/* A value that an aggregate takes */
typedef enum FocusEntryKind
{
	FOCUS_ENTRY_UNKNOWN = 0,
	FOCUS_ENTRY_NULL,
	FOCUS_ENTRY_NUMBER,			/* number / 10^scale, shown so */
	FOCUS_ENTRY_DATUM
} FocusEntryKind;

typedef struct FocusAggEntry
{
	uint8		kind;
	uint8		scale;
	bool		done;			/* looked at, by an aggregate that need not look
								 * again */
	int64		number;
	Datum		datum;
} FocusAggEntry;

/* In what form an aggregate takes values */
typedef enum FocusAggWant
{
	FOCUS_WANT_NOTHING,			/* but whether they are NULL */
	FOCUS_WANT_INTEGER,			/* numbers at scale 0 */
	FOCUS_WANT_DECIMAL,			/* numbers, and datums for other numerics */
	FOCUS_WANT_DATUM
} FocusAggWant;

typedef struct FocusAggValue
{
	FocusAggExpr expr;
	FocusAggWant want;
	bool		is_summed;		/* decimals shown are looked for when needed */
	MemoryContext context;		/* of entries' datums */
	int			row_group;		/* that entries are about, if by code */
	uint32		space;
	FocusAggEntry *entries;
} FocusAggValue;

/*
 * The values in a vector: entries by code or, if there are none, numbers; these
 * are by code - 1, if there are codes, 0 being NULL, or else by row.
 */
typedef struct FocusAggVector
{
	const uint16 *codes;
	FocusAggEntry *entries;
	const int64 *numbers;
	const bool *nulls;
	bool		has_nulls;		/* some of the row group's rows are NULL */
	const uint8 *scales;		/* decimals shown; NULL for none */
	bool		later;			/* scales are still to be asked for */
	int			column;
	int			scale;			/* of numbers */
} FocusAggVector;

typedef struct FocusAggCondition
{
	FocusFilter *filter;		/* the part that is applied to vectors */
	FocusAggExpr rest;			/* its state is NULL if nothing is left over */
	ExprState  *all;			/* for rows of the delta */
	int			row_group;		/* that the filter knows */
} FocusAggCondition;

/* An argument is that of the first branch whose condition is true. */
typedef struct FocusAggBranch
{
	FocusAggCondition *condition;	/* NULL for none */
	FocusAggValue value;
} FocusAggBranch;

/* Pairs of a group and the id of a value */
typedef struct FocusAggPairs
{
	uint64		npairs;
	uint64		nslots;			/* a power of two */
	uint64	   *slots;			/* 0 for a free slot */
	uint32		nlast;
	uint32	   *last;			/* by id: group + 1 it was last seen with */
} FocusAggPairs;

/* One aggregate of one group of rows */
typedef struct FocusAccumulator
{
	int64		count;			/* of values that are not NULL; of an extreme
								 * one, whether there is one */
	int			scale;			/* of the number; -1 for a datum */
	int			shown;			/* decimals: the most of all values, or those of
								 * the extreme one */
	union
	{
#ifdef HAVE_INT128
		int128		sum;
#endif
		struct
		{
			int64		number;
			Datum		datum;
		}			extreme;
		struct
		{
			uint32		first;	/* index + 1; 0 for none */
			uint32		last;
		}			parts;
	}			u;
	void	   *state;			/* core's, of what is not in the above; NULL if
								 * nothing is */
} FocusAccumulator;

/*
 * An aggregate whose transition function adds up its first arguments, which are
 * numerics, and may be given a sum instead of several values.  The argument
 * behind them, if there is one, is the label of one of them: only values with
 * the same label may be added before.
 */
typedef struct FocusAggSums
{
	PGFunction	transfn;
	int			nsums;			/* one or two */
	int			label_of;		/* of which argument, from 0; -1 for no label */
	bool		one_label;		/* another one is an error, and nothing else is */
} FocusAggSums;

/* The sum of the values of a group with the same label */
typedef struct FocusAggPart
{
	FocusAccumulator sum;
	uint32		group;
	uint32		id;				/* argument, or nsums + id of the label */
	uint32		next;			/* of the group: index + 1 */
} FocusAggPart;

typedef struct FocusAggParts
{
	uint32		nparts;
	uint32		space;
	FocusAggPart *parts;
	uint32		nslots;			/* a power of two */
	uint32	   *slots;			/* index of a part + 1 */
} FocusAggParts;

typedef struct FocusAggregate
{
	int			output;
	FocusAggKind kind;
	FocusAggCondition *filter;	/* NULL for none */
	int			nbranches;		/* 0 for count(*) */
	FocusAggBranch *branches;

	/* SUM */
	FocusSumForm form;
	bool		is_average;
	FmgrInfo	transfn;
	FmgrInfo	combinefn;
	FmgrInfo	serialfn;
	FmgrInfo	deserialfn;
	FmgrInfo	finalfn;

	/* EXTREME */
	bool		is_max;
	bool		keeps_first;	/* of equal values; else the last */
	FmgrInfo	compare;
	Oid			collation;

	/* DISTINCT */
	FocusAggKey *distinct;
	FocusAggPairs pairs;

	/* PARTS: each branch is an argument */
	const FocusAggSums *sums;
	FocusAggKey *label;			/* or NULL */
	FocusAggParts parts;
} FocusAggregate;

typedef struct FocusAggState
{
	FocusScanState scan;
	bool		complete;		/* results are returned, not states */
	ExprState  *having;
	PlanState  *other;			/* does the same when the node cannot; or NULL */
	bool		use_other;

	/* A plan whose values rows have to have; or NULL */
	PlanState  *inner;
	bool		inner_is_done;
	MemoryContext inner_context;	/* of the values */
	int			param;			/* of the executor, for an array of the values */
	int			position;		/* of the values in the inner plan's rows, from 0 */
	Oid			value_type;

	AggState   *fake;			/* what core's aggregate functions want to see */
	ExprContext *results;		/* that they use while a group is returned */
	TupleTableSlot *value_slot; /* with columns of one row */
	MemoryContext groups_context;	/* keys, groups, accumulators */
	FocusArena	key_bytes;		/* values of keys by reference, in there */
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
	int			nruns;			/* of the vector's rows, each in one group */
	uint16		run_ends[FOCUS_BODY_VECTOR_ROWS];	/* indexes into the rows */
	bool		finished;		/* all rows have been read */
	bool		emitting;
	uint32		next;			/* group to return */
} FocusAggState;

/* A join that only says which rows are wanted */
typedef struct FocusSemijoin
{
	Path	   *inner;
	int			position;		/* of the value in its targets, from 0 */
	Node	   *outer;			/* over the table */
	Oid			opno;			/* outer op value */
	Oid			collation;
	Oid			type;			/* of the value */
	Index		level;			/* of security */
} FocusSemijoin;

static inline FocusAccumulator *
focus_accumulator(FocusAggState *state, int agg, uint32 group)
{
	return &state->accumulators[(Size) group * state->naggs + agg];
}

/* exec_agg_path.c */
extern void focus_exec_agg_init(void);

/* exec_agg.c */
extern const CustomScanMethods focus_agg_methods;

/* exec_agg_kind.c */
extern bool focus_agg_kind(const Aggref *aggref, FocusAggKind *kind);
extern bool focus_agg_key_functions(Oid type, Oid collation, Oid *equal, Oid *hash, bool *by_bytes);
extern void focus_agg_begin_key(FocusAggState *state, FocusAggKey *key, Expr *expr, int output);
extern void focus_agg_begin_aggregate(FocusAggState *state, Aggref *aggref, int output);

/* exec_agg_semijoin.c */
extern bool focus_semijoin_find(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *rel,
								FocusSemijoin *semijoin);
extern Expr *focus_semijoin_condition(Expr *outer, List *oids, int paramid);
extern bool focus_semijoin_run(FocusAggState *state);

/* exec_agg_groups.c */
extern void focus_agg_reset(FocusAggState *state);
extern void focus_agg_group_vector(FocusAggState *state);
extern uint32 focus_agg_group_row(FocusAggState *state);
extern void focus_agg_key_ids(FocusAggState *state, FocusAggKey *key, const uint16 *rows, int count);
extern bool focus_agg_key_changes(FocusAggState *state, FocusAggKey *key, const uint16 *rows, int count,
								  bool *differs);
extern uint32 focus_agg_key_id(FocusAggState *state, FocusAggKey *key);

/* exec_agg_value.c */
extern void focus_agg_load_row(FocusAggState *state, const FocusAggExpr *expr, uint16 row);
extern void focus_agg_value_vector(FocusAggState *state, FocusAggValue *value, const uint16 *rows,
								   int count, FocusAggVector *result);
extern void focus_agg_value_row(FocusAggState *state, FocusAggValue *value, FocusAggEntry *entry);
extern int	focus_agg_condition_vector(FocusAggState *state, FocusAggCondition *condition,
									   uint16 *rows, int count);
extern bool focus_agg_condition_row(FocusAggState *state, FocusAggCondition *condition);

/* exec_agg_add.c */
extern void focus_agg_add_vector(FocusAggState *state, int agg);
extern void focus_agg_add_row(FocusAggState *state, int agg, uint32 group);
extern Datum focus_agg_result(FocusAggState *state, int agg, uint32 group, bool *isnull);

/* exec_agg_sum.c */
extern void focus_agg_sum_vector(FocusAggState *state, int agg, FocusAggVector *vector,
								 const uint16 *rows, int count);
extern void focus_agg_sum_entry(FocusAggState *state, int agg, uint32 group, const FocusAggEntry *entry);
extern Datum focus_agg_sum_result(FocusAggState *state, int agg, uint32 group, bool *isnull);
extern bool focus_agg_sum_try(FocusAccumulator *acc, int64 number, int scale, int shown);
extern Datum focus_agg_sum_numeric(const FocusAccumulator *acc);

/* exec_agg_extreme.c */
extern void focus_agg_extreme_vector(FocusAggState *state, int agg, const FocusAggVector *vector,
									 const uint16 *rows, int count);
extern void focus_agg_extreme_entry(FocusAggState *state, int agg, uint32 group, const FocusAggEntry *entry);
extern Datum focus_agg_extreme_result(FocusAggState *state, int agg, uint32 group, bool *isnull);

/* exec_agg_distinct.c */
extern void focus_agg_distinct_vector(FocusAggState *state, int agg, const uint16 *rows, int count);
extern void focus_agg_distinct_row(FocusAggState *state, int agg, uint32 group);

/* exec_agg_parts.c */
extern void focus_agg_register_sums(const FocusAggSums *sums);
extern const FocusAggSums *focus_agg_sums_of(Oid aggregate);
extern void focus_agg_parts_vector(FocusAggState *state, int agg, const uint16 *rows, int count);
extern void focus_agg_parts_row(FocusAggState *state, int agg, uint32 group);
extern Datum focus_agg_parts_result(FocusAggState *state, int agg, uint32 group, bool *isnull);

#endif							/* FOCUS_EXEC_AGG_H */
