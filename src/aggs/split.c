/*-------------------------------------------------------------------------
 *
 * split.c
 *	  Splits a whole number by weights; the parts add up exactly.
 *
 * The method is that of the largest remainder (Hamilton's): with W the sum
 * of the weights, row i first gets floor(amount * weight_i / W).  What is
 * left is less than one unit for each row with a remainder, and goes out one
 * unit each to the rows with the largest remainders; rows with the same
 * remainder are served in their order.  It follows that
 *
 * - the parts add up to the amount;
 * - no part is a whole unit or more away from the exact quotient, and a part
 *	 whose quotient is whole is that quotient;
 * - a row of weight zero gets zero, unless all weights are zero;
 * - a larger weight never gets less than a smaller one.
 *
 * When all weights are zero the amount is split evenly, as though all were
 * one: money is never lost.
 *
 * Time is O(n log n) for the sort of the remainders; memory is the caller's,
 * so that an interrupt may leave at any time without a leak.  Division takes
 * a short way through 128-bit integers when amount * W fits; the results are
 * the same, which test/fuzz/split.c checks.
 *
 * Pure C: no part of PostgreSQL is needed.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "split.h"

/* Rows between two calls of the interrupt function */
#define INTERRUPT_ROWS		1024

#ifdef __SIZEOF_INT128__
#define HAVE_UINT128		1
typedef unsigned __int128 uint128;
#endif

/* The workspace, cut into its arrays */
typedef struct SplitSpace
{
	int			total_limbs;	/* also of each remainder */
	uint32_t   *total;			/* sum of the weights */
	uint32_t   *left;			/* units not given out yet */
	uint32_t   *product;		/* amount * weight, then remainder */
	uint32_t   *quotient;
	uint32_t   *scratch;		/* of the division */
	uint32_t   *remainders;		/* row_count * total_limbs */
	uint32_t   *order;			/* rows, to be sorted */
	uint32_t   *order_spare;	/* for the merge sort */
} SplitSpace;

static SplitSpace cut_workspace(const FocusSplit *split);
static void split_evenly(const FocusSplit *split, SplitSpace *space);
static void divide_rows(const FocusSplit *split, SplitSpace *space);
static void give_out_rest(const FocusSplit *split, SplitSpace *space);
static uint32_t *sort_by_remainder(const FocusSplit *split, SplitSpace *space,
								   size_t count);

/*
 * Limbs of a sum of at most UINT32_MAX weights
 */
static int
total_limbs(const FocusSplit *split)
{
	return split->weight_limbs + 1;
}

/*
 * Sets the bytes of workspace that this split needs, or says why it cannot
 * be made.  Reads the counts of the split only, not its arrays.
 */
FocusSplitResult
focus_split_workspace_size(const FocusSplit *split, size_t *size_bytes)
{
	size_t		product_limbs = (size_t) split->amount_limbs + split->weight_limbs;
	size_t		fixed_limbs;
	size_t		row_limbs;

	if (split->amount_limbs > FOCUS_SPLIT_LIMBS_MAX ||
		split->weight_limbs > FOCUS_SPLIT_LIMBS_MAX)
		return FOCUS_SPLIT_TOO_WIDE;
	if (split->row_count > UINT32_MAX)
		return FOCUS_SPLIT_TOO_MANY_ROWS;

	/* total, left, product, quotient, scratch of the division */
	fixed_limbs = total_limbs(split) + split->amount_limbs + 2 * product_limbs +
		(product_limbs + 1 + total_limbs(split));
	/* remainder and two places in the sort */
	row_limbs = total_limbs(split) + 2;

	if (split->row_count > (SIZE_MAX / 2 / sizeof(uint32_t) - fixed_limbs) / row_limbs)
		return FOCUS_SPLIT_OUT_OF_RANGE;
	*size_bytes = (fixed_limbs + split->row_count * row_limbs) * sizeof(uint32_t);
	return FOCUS_SPLIT_OK;
}

/*
 * Fills split->parts.  focus_split_workspace_size() has said FOCUS_SPLIT_OK.
 */
void
focus_split(const FocusSplit *split)
{
	SplitSpace	space = cut_workspace(split);
	size_t		row;

	if (split->row_count == 0)
		return;

	for (row = 0; row < split->row_count; row++)
	{
		if (split->interrupt != NULL && row % INTERRUPT_ROWS == 0)
			split->interrupt();
		focus_limbs_add(space.total, space.total_limbs,
						split->weights + row * split->weight_limbs, split->weight_limbs);
	}
	/* Short totals make short remainders. */
	space.total_limbs = focus_limbs_length(space.total, space.total_limbs);

	if (space.total_limbs == 0)
		split_evenly(split, &space);
	else
	{
		divide_rows(split, &space);
		give_out_rest(split, &space);
	}
}

/*
 * Whether the parts add up to the amount.  Uses the start of the workspace.
 */
bool
focus_split_adds_up(const FocusSplit *split)
{
	uint32_t   *left = split->workspace;
	size_t		row;

	memcpy(left, split->amount, sizeof(uint32_t) * (size_t) split->amount_limbs);
	for (row = 0; row < split->row_count; row++)
	{
		if (focus_limbs_subtract(left, split->amount_limbs,
								 split->parts + row * split->amount_limbs,
								 split->amount_limbs) != 0)
			return false;
	}
	return focus_limbs_length(left, split->amount_limbs) == 0;
}

/*
 * Cuts the workspace into arrays, with total zero and all of the amount left.
 */
static SplitSpace
cut_workspace(const FocusSplit *split)
{
	size_t		product_limbs = (size_t) split->amount_limbs + split->weight_limbs;
	SplitSpace	space;

	space.total_limbs = total_limbs(split);
	space.total = split->workspace;
	space.left = space.total + space.total_limbs;
	space.product = space.left + split->amount_limbs;
	space.quotient = space.product + product_limbs;
	space.scratch = space.quotient + product_limbs;
	space.remainders = space.scratch + product_limbs + 1 + space.total_limbs;
	space.order = space.remainders + split->row_count * space.total_limbs;
	space.order_spare = space.order + split->row_count;

	memset(space.total, 0, sizeof(uint32_t) * (size_t) space.total_limbs);
	memcpy(space.left, split->amount, sizeof(uint32_t) * (size_t) split->amount_limbs);
	return space;
}

/*
 * The split when all weights are zero: every row the same, the first rows one
 * unit more.
 */
static void
split_evenly(const FocusSplit *split, SplitSpace *space)
{
	const uint32_t one = 1;
	uint32_t	rest = focus_limbs_divide_small(space->left, split->amount_limbs,
												(uint32_t) split->row_count);
	size_t		row;

	for (row = 0; row < split->row_count; row++)
	{
		uint32_t   *part = split->parts + row * split->amount_limbs;

		if (split->interrupt != NULL && row % INTERRUPT_ROWS == 0)
			split->interrupt();
		memcpy(part, space->left, sizeof(uint32_t) * (size_t) split->amount_limbs);
		if (row < rest)
			focus_limbs_add(part, split->amount_limbs, &one, 1);
	}
}

#ifdef HAVE_UINT128
/* The number in at most four limbs */
static uint128
load_uint128(const uint32_t *a, int na)
{
	uint128		value = 0;

	while (na-- > 0)
		value = (value << 32) | a[na];
	return value;
}

static void
store_uint128(uint32_t *a, int na, uint128 value)
{
	int			i;

	for (i = 0; i < na; i++)
	{
		a[i] = (uint32_t) value;
		value >>= 32;
	}
}
#endif

/*
 * Gives each row the floor of its quotient and keeps its remainder.
 * Leaves in space->left what has not been given out.
 */
static void
divide_rows(const FocusSplit *split, SplitSpace *space)
{
	int			amount_length = focus_limbs_length(split->amount, split->amount_limbs);
	size_t		row;
#ifdef HAVE_UINT128
	bool		narrow = !split->always_wide &&
		focus_limbs_bits(split->amount, amount_length) +
		focus_limbs_bits(space->total, space->total_limbs) <= 128;
	uint128		amount = narrow ? load_uint128(split->amount, amount_length) : 0;
	uint128		total = narrow ? load_uint128(space->total, space->total_limbs) : 0;
#endif

	for (row = 0; row < split->row_count; row++)
	{
		const uint32_t *weight = split->weights + row * split->weight_limbs;
		int			weight_length = focus_limbs_length(weight, split->weight_limbs);
		uint32_t   *part = split->parts + row * split->amount_limbs;
		uint32_t   *remainder = space->remainders + row * space->total_limbs;

		if (split->interrupt != NULL && row % INTERRUPT_ROWS == 0)
			split->interrupt();

#ifdef HAVE_UINT128
		if (narrow)
		{
			uint128		product = amount * load_uint128(weight, weight_length);

			store_uint128(part, split->amount_limbs, product / total);
			store_uint128(remainder, space->total_limbs, product % total);
		}
		else
#endif
		{
			int			length = amount_length + weight_length;
			int			part_length;
			int			remainder_length;

			focus_limbs_multiply(space->product, split->amount, amount_length,
								 weight, weight_length);
			focus_limbs_divide(space->quotient, space->product, length,
							   space->total, space->total_limbs, space->scratch);

			/* A part is at most the amount, a remainder less than the total. */
			part_length = length < split->amount_limbs ? length : split->amount_limbs;
			remainder_length = length < space->total_limbs ? length : space->total_limbs;
			memset(part, 0, sizeof(uint32_t) * (size_t) split->amount_limbs);
			memcpy(part, space->quotient, sizeof(uint32_t) * (size_t) part_length);
			memset(remainder, 0, sizeof(uint32_t) * (size_t) space->total_limbs);
			memcpy(remainder, space->product, sizeof(uint32_t) * (size_t) remainder_length);
		}
		focus_limbs_subtract(space->left, split->amount_limbs, part, split->amount_limbs);
	}
}

/*
 * Gives the units that are left to the rows with the largest remainders.
 * There are fewer of them than rows with a remainder.
 */
static void
give_out_rest(const FocusSplit *split, SplitSpace *space)
{
	const uint32_t one = 1;
	uint32_t   *order;
	size_t		count = 0;
	size_t		row;
	size_t		i;

	if (focus_limbs_length(space->left, split->amount_limbs) == 0)
		return;

	for (row = 0; row < split->row_count; row++)
	{
		if (focus_limbs_length(space->remainders + row * space->total_limbs,
							   space->total_limbs) > 0)
			space->order[count++] = (uint32_t) row;
	}

	order = sort_by_remainder(split, space, count);
	for (i = 0; i < space->left[0]; i++)
		focus_limbs_add(split->parts + (size_t) order[i] * split->amount_limbs,
						split->amount_limbs, &one, 1);
}

/*
 * Merges the two sorted runs from[low .. middle) and from[middle .. high)
 * into the same places of to; of equal remainders the earlier row is first.
 */
static void
merge_runs(const SplitSpace *space, uint32_t *to, const uint32_t *from,
		   size_t low, size_t middle, size_t high)
{
	size_t		left = low;
	size_t		right = middle;
	size_t		i;

	for (i = low; i < high; i++)
	{
		bool		take_left;

		if (left == middle || right == high)
			take_left = left < middle;
		else
			take_left = focus_limbs_compare(space->remainders + (size_t) from[left] * space->total_limbs,
											space->remainders + (size_t) from[right] * space->total_limbs,
											space->total_limbs) >= 0;
		to[i] = from[take_left ? left++ : right++];
	}
}

/*
 * Sorts the first count entries of space->order, the largest remainder first,
 * by a stable merge sort.  Returns the array that holds the result.
 */
static uint32_t *
sort_by_remainder(const FocusSplit *split, SplitSpace *space, size_t count)
{
	uint32_t   *from = space->order;
	uint32_t   *to = space->order_spare;
	size_t		width;

	for (width = 1; width < count; width *= 2)
	{
		uint32_t   *swap = from;
		size_t		low;

		for (low = 0; low < count; low += 2 * width)
		{
			size_t		middle = low + width < count ? low + width : count;
			size_t		high = low + 2 * width < count ? low + 2 * width : count;

			if (split->interrupt != NULL &&
				(width >= INTERRUPT_ROWS || low % INTERRUPT_ROWS == 0))
				split->interrupt();
			merge_runs(space, to, from, low, middle, high);
		}
		from = to;
		to = swap;
	}
	return from;
}
