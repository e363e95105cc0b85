/*-------------------------------------------------------------------------
 *
 * split.c
 *	  Fuzz harness of the exact splitter.
 *
 * The input is a count of rows, the limbs of the amount and of a weight, and
 * the bytes of both; missing bytes are zero.  Each split is made twice, once
 * without 128-bit arithmetic, and must
 *
 * - be the same both times;
 * - add up to the amount;
 * - lie less than one unit from the exact quotient in every part, and give
 *	 an all-zero set of weights the even split;
 * - give a larger weight no less than a smaller one, and of equal weights the
 *	 earlier row no less than the later one.
 *
 * The quotients are checked by multiplication only, so that the division
 * under test takes no part in it.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "aggs/split.h"

#define ROWS_MAX		80
#define LIMBS_MAX		9

static void
require(bool condition)
{
	if (!condition)
		abort();
}

/* Takes limbs from the input; returns how many bytes it used. */
static size_t
take(uint32_t *limbs, size_t count, const uint8_t *data, size_t size)
{
	size_t		used = count * sizeof(uint32_t);

	if (used > size)
		used = size;
	memset(limbs, 0, count * sizeof(uint32_t));
	if (used > 0)
		memcpy(limbs, data, used);
	return used;
}

static uint32_t *
split_once(FocusSplit *split, bool always_wide)
{
	size_t		part_bytes = split->row_count * split->amount_limbs * sizeof(uint32_t);
	size_t		size;

	require(focus_split_workspace_size(split, &size) == FOCUS_SPLIT_OK);
	split->always_wide = always_wide;
	split->workspace = malloc(size);
	split->parts = malloc(part_bytes + 1);
	memset(split->workspace, 0xa5, size);
	memset(split->parts, 0xa5, part_bytes + 1);
	focus_split(split);
	if (split->row_count > 0)
		require(focus_split_adds_up(split));
	free(split->workspace);
	return split->parts;
}

/* |part * total - amount * weight| < total */
static void
require_close(const FocusSplit *split, const uint32_t *part, const uint32_t *weight,
			  const uint32_t *total, int total_limbs)
{
	uint32_t	got[2 * LIMBS_MAX + 2] = {0};
	uint32_t	exact[2 * LIMBS_MAX + 2] = {0};
	uint32_t	limit[2 * LIMBS_MAX + 2] = {0};
	int			n = 2 * LIMBS_MAX + 2;

	memcpy(limit, total, total_limbs * sizeof(uint32_t));
	focus_limbs_multiply(got, part, split->amount_limbs, total, total_limbs);
	focus_limbs_multiply(exact, split->amount, split->amount_limbs,
						 weight, split->weight_limbs);
	if (focus_limbs_compare(got, exact, n) >= 0)
	{
		focus_limbs_subtract(got, n, exact, n);
		require(focus_limbs_compare(got, limit, n) < 0);
	}
	else
	{
		focus_limbs_subtract(exact, n, got, n);
		require(focus_limbs_compare(exact, limit, n) < 0);
	}
}

static void
check_parts(const FocusSplit *split)
{
	uint32_t	total[LIMBS_MAX + 1] = {0};
	const uint32_t one[LIMBS_MAX] = {1};
	bool		even;
	size_t		i;
	size_t		j;

	for (i = 0; i < split->row_count; i++)
		focus_limbs_add(total, split->weight_limbs + 1,
						split->weights + i * split->weight_limbs, split->weight_limbs);
	even = focus_limbs_length(total, split->weight_limbs + 1) == 0;
	if (even)
		total[0] = (uint32_t) split->row_count;

	for (i = 0; i < split->row_count; i++)
	{
		const uint32_t *weight = even ? one : split->weights + i * split->weight_limbs;
		const uint32_t *part = split->parts + i * split->amount_limbs;

		require_close(split, part, weight, total, split->weight_limbs + 1);
		for (j = i + 1; j < split->row_count; j++)
		{
			const uint32_t *other_weight = even ? one : split->weights + j * split->weight_limbs;
			const uint32_t *other_part = split->parts + j * split->amount_limbs;
			int			by_weight = focus_limbs_compare(weight, other_weight, split->weight_limbs);
			int			by_part = focus_limbs_compare(part, other_part, split->amount_limbs);

			require(by_weight < 0 || by_part >= 0);
			require(by_weight >= 0 || by_part <= 0);
		}
	}
}

/* Counts beyond the limits are refused before any array is looked at. */
static void
check_limits(void)
{
	FocusSplit	split = {0};
	size_t		size;

	split.row_count = 1;
	split.amount_limbs = FOCUS_SPLIT_LIMBS_MAX;
	split.weight_limbs = FOCUS_SPLIT_LIMBS_MAX;
	require(focus_split_workspace_size(&split, &size) == FOCUS_SPLIT_OK);
	split.weight_limbs++;
	require(focus_split_workspace_size(&split, &size) == FOCUS_SPLIT_TOO_WIDE);
	split.weight_limbs--;
	split.amount_limbs++;
	require(focus_split_workspace_size(&split, &size) == FOCUS_SPLIT_TOO_WIDE);
	split.amount_limbs--;
	split.row_count = UINT32_MAX;
	require(focus_split_workspace_size(&split, &size) ==
			(sizeof(size_t) > 4 ? FOCUS_SPLIT_OK : FOCUS_SPLIT_OUT_OF_RANGE));
#if SIZE_MAX > UINT32_MAX
	split.row_count++;
	require(focus_split_workspace_size(&split, &size) == FOCUS_SPLIT_TOO_MANY_ROWS);
#endif
}

static int	interrupts;

static void
count_interrupt(void)
{
	interrupts++;
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t	amount[LIMBS_MAX];
	uint32_t	weights[ROWS_MAX * LIMBS_MAX];
	FocusSplit	split = {0};
	FocusSplit	wide;
	size_t		used;

	check_limits();
	if (size < 3)
		return 0;
	split.row_count = data[0] % (ROWS_MAX + 1);
	split.amount_limbs = data[1] % LIMBS_MAX + 1;
	split.weight_limbs = data[2] % LIMBS_MAX + 1;
	data += 3;
	size -= 3;

	used = take(amount, split.amount_limbs, data, size);
	take(weights, split.row_count * split.weight_limbs, data + used, size - used);
	split.amount = amount;
	split.weights = weights;
	split.interrupt = count_interrupt;
	interrupts = 0;
	wide = split;

	split_once(&split, false);
	split_once(&wide, true);
	require(memcmp(split.parts, wide.parts,
				   split.row_count * split.amount_limbs * sizeof(uint32_t)) == 0);
	require(split.row_count == 0 || interrupts > 0);
	check_parts(&split);
	free(split.parts);
	free(wide.parts);
	return 0;
}
