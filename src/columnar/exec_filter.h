/*-------------------------------------------------------------------------
 *
 * exec_filter.h
 *	  Filters on the rows of groups, a vector at a time.
 *
 * A filter is a list of quals, all of which a row has to pass.  A qual is a
 * tree of AND and OR over leaves; a leaf is an expression over one column, or
 * over none.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_EXEC_FILTER_H
#define FOCUS_EXEC_FILTER_H

#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"

#include "columnar/group_reader.h"

typedef enum FocusQualKind
{
	FOCUS_QUAL_AND,
	FOCUS_QUAL_OR,
	FOCUS_QUAL_LEAF
} FocusQualKind;

/* How a leaf is tested, other than by evaluating it */
typedef enum FocusTest
{
	FOCUS_TEST_NONE,
	FOCUS_TEST_NULL,
	FOCUS_TEST_NOT_NULL,
	FOCUS_TEST_NUMBERS,			/* compared with one, or one of a list */
	FOCUS_TEST_BYTES			/* equal to some, or to one of a list */
} FocusTest;

typedef enum FocusComparison
{
	FOCUS_LESS,
	FOCUS_LESS_EQUAL,
	FOCUS_EQUAL,
	FOCUS_GREATER_EQUAL,
	FOCUS_GREATER,
	FOCUS_NOT_EQUAL
} FocusComparison;

/* number / 10^scale */
typedef struct FocusNumber
{
	int64		number;
	int			scale;
} FocusNumber;

typedef struct FocusBytes
{
	const char *data;
	Size		size;
} FocusBytes;

/* What numbers pass: those from low to high, or all others; or those listed */
typedef struct FocusRange
{
	int64		low;
	int64		high;
	bool		inverted;
	int64	   *list;			/* ascending; NULL if there is none */
	int			nlist;
} FocusRange;

/* The other side of a test */
typedef struct FocusConstant
{
	ExprState  *state;			/* a value, or an array of them */
	Oid			type;			/* of the values */
	bool		is_list;
	bool		harmless;		/* can be evaluated although no row needs it */
	List	   *params;			/* numbers of executor parameters in it */

	bool		known;			/* what follows has been evaluated */
	bool		usable;			/* else the leaf has to be evaluated */
	int			nvalues;		/* without NULLs; with none, no row passes */
	FocusNumber *numbers;		/* or */
	FocusBytes *bytes;
} FocusConstant;

/* How a leaf is tested in the current group */
typedef enum FocusLeafMode
{
	FOCUS_LEAF_UNKNOWN,
	FOCUS_LEAF_SAME,			/* for all rows the same, in verdicts[0] */
	FOCUS_LEAF_CODES,			/* by verdicts */
	FOCUS_LEAF_RANGE,
	FOCUS_LEAF_NULLS,
	FOCUS_LEAF_ROWS				/* by evaluating it for each row */
} FocusLeafMode;

typedef enum FocusVerdict
{
	FOCUS_UNDECIDED = 0,
	FOCUS_FAILS,
	FOCUS_PASSES
} FocusVerdict;

typedef struct FocusQual
{
	FocusQualKind kind;
	int			nparts;
	struct FocusQual **parts;

	/* Leaves only */
	int			column;			/* attribute number - 1; or -1 */
	ExprState  *state;
	FocusTest	test;
	FocusComparison comparison;
	FocusConstant constant;		/* of NUMBERS and BYTES */
	bool		may_skip;		/* may be told about rows nobody sees */
	bool		safe;			/* neither fails nor leaks, for any row */
	bool		first;			/* is evaluated for each row that is looked at */

	/* In the current group */
	FocusLeafMode mode;
	const FocusBodyColumn *body;
	uint8	   *verdicts;		/* by code; FocusVerdict */
	bool		decided;		/* all of them */
	bool		all_pass;		/* each row of the group does */
	bool		has_range;		/* what numbers pass */
	FocusRange	range;
} FocusQual;

typedef struct FocusFilter
{
	PlanState  *ps;
	ExprContext *econtext;
	TupleDesc	desc;
	TupleTableSlot *slot;		/* with the one column of a leaf */
	int			nquals;
	FocusQual **quals;
	Bitmapset  *columns;		/* in the quals, numbered from 0 */
	MemoryContext constants;	/* reset when parameters change */
	MemoryContext group;		/* reset for each group */

	/* The current group */
	FocusGroupReader *reader;
	FocusStore *store;
	bool		has_rows;		/* at least one without a tombstone */
} FocusFilter;

/* exec_qual.c */

/*
 * Could the evaluation of an expression fail because of a row?  A function that
 * does not leak its arguments does not fail because of them; a caller that knows
 * more functions brings its own test.
 */
extern bool focus_expr_may_fail(Node *node, check_function_callback function_may_fail);

/*
 * Makes a filter of the first of the quals that can be applied to vectors, and
 * of others that can be applied before them without anybody noticing.  *rest is
 * a list of all others, in order.
 */
extern FocusFilter *focus_filter_create(ScanState *ss, List *quals, List *security_levels,
										List **rest);

/* exec_constant.c */
extern bool focus_constant_ready(FocusFilter *filter, FocusQual *leaf);
extern void focus_constant_evaluate(FocusFilter *filter, FocusQual *leaf);
extern void focus_constants_forget(FocusFilter *filter);
extern bool focus_range_of(const FocusQual *leaf, int scale, FocusRange *range);
extern bool focus_range_meets(const FocusRange *range, int64 min, int64 max);

static inline bool
focus_range_contains(const FocusRange *range, int64 number)
{
	if (range->list != NULL)
	{
		int			low = 0;
		int			high = range->nlist;

		while (low < high)
		{
			int			middle = (low + high) / 2;

			if (range->list[middle] < number)
				low = middle + 1;
			else
				high = middle;
		}
		return low < range->nlist && range->list[low] == number;
	}
	return (number >= range->low && number <= range->high) != range->inverted;
}

/* exec_skip.c */
extern bool focus_filter_skips_by_zone(FocusFilter *filter);
extern bool focus_filter_skips_by_dictionary(FocusFilter *filter);
extern bool focus_filter_skips_vector(FocusFilter *filter, uint32 vector);

/* exec_filter.c */
extern void focus_filter_begin_group(FocusFilter *filter, FocusGroupReader *reader,
									 FocusStore *store, bool has_rows);
extern void focus_leaf_prepare(FocusFilter *filter, FocusQual *leaf);

/* Leaves of count rows of the vector those that pass, and returns their number. */
extern int	focus_filter_apply(FocusFilter *filter, uint32 vector, uint16 *rows, int count);

#endif							/* FOCUS_EXEC_FILTER_H */
