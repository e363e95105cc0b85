/*-------------------------------------------------------------------------
 *
 * body_sort.c
 *	  An order of the rows in which most columns become runs.
 *
 * The first key is the column that decides most of the others: in billing
 * data the resource, whose account, region, service and tags follow.  Further
 * keys are the columns that change within its values, those that change least
 * first.  Values of a key stay in the order in which they came, because that
 * is seldom without reason; so the sort is one of small integers, and stable.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "columnar/body_codec.h"

#define KEYS_MAX	8

/* Bits that a run takes besides its value, about */
#define RUN_BITS	10

typedef struct SortSpace
{
	uint16_t   *rows;			/* body row i is input row rows[i] */
	uint16_t   *other;
	uint32_t   *starts;
	uint32_t   *marks;			/* by code */
} SortSpace;

/* A column and how many pairs it makes with the first key */
typedef struct Candidate
{
	int			column;
	uint32_t	pairs;
} Candidate;

static int
code_width(const FocusBodyPlan *plan)
{
	return focus_body_bits(plan->entries);
}

/* The columns that may be keys, those of most values first, and samples */
typedef struct KeySearch
{
	const FocusBodyWriter *writer;
	int		   *columns;
	uint16_t  **samples;
	int			ncolumns;
	uint32_t	sampled;
	FocusBodyMarks marks;
} KeySearch;

/* Bits that a column takes less if it follows from the key, about */
static int64_t
saved_by_key(const KeySearch *search, const FocusBodyPlan *key, int i)
{
	const FocusBodyPlan *plan = &search->writer->plans[search->columns[i]];
	int			width = plan == key ? 0 : code_width(plan);
	int64_t		saved = (int64_t) search->writer->rows * code_width(plan) -
		(int64_t) key->entries * (width + RUN_BITS);

	return saved > 0 ? saved : 0;
}

/*
 * Bits that sorting by this column first saves, about; counting ends where
 * they cannot be more than best.
 */
static int64_t
benefit(KeySearch *search, int key, int64_t best)
{
	const FocusBodyPlan *plan = &search->writer->plans[search->columns[key]];
	uint32_t	limit = search->sampled / 20;
	int64_t		total = 0;

	for (int i = 0; i < search->ncolumns; i++)
		total += saved_by_key(search, plan, i);
	for (int i = 0; i < search->ncolumns && total > best; i++)
	{
		int64_t		saved = saved_by_key(search, plan, i);

		if (i != key && saved > 0 &&
			focus_body_sample_exceptions(&search->marks, search->samples[key], search->samples[i],
										 search->sampled, limit) > limit)
			total -= saved;
	}
	return total;
}

static void
start_search(KeySearch *search, const FocusBodyWriter *writer)
{
	const FocusBodyMemory *memory = writer->memory;

	search->writer = writer;
	search->columns = focus_body_allocate(memory, sizeof(int) * (size_t) writer->ncolumns);
	search->samples = focus_body_allocate(memory, sizeof(uint16_t *) * (size_t) writer->ncolumns);
	search->ncolumns = 0;
	focus_body_marks_init(&search->marks, writer->codes, memory);
	for (int i = 0; i < writer->ncolumns; i++)
	{
		int			at = search->ncolumns;

		if (focus_body_is_constant(&writer->plans[i]))
			continue;
		for (; at > 0 && writer->plans[search->columns[at - 1]].entries < writer->plans[i].entries; at--)
			search->columns[at] = search->columns[at - 1];
		search->columns[at] = i;
		search->ncolumns++;
	}
	for (int i = 0; i < search->ncolumns; i++)
		search->sampled = focus_body_sample(writer, &writer->plans[search->columns[i]],
											&search->samples[i]);
}

/* The first key, or -1 where there is no column to sort by */
static int
choose_first(const FocusBodyWriter *writer)
{
	KeySearch	search;
	int			best = -1;
	int64_t		best_benefit = 0;

	start_search(&search, writer);
	for (int i = 0; i < search.ncolumns; i++)
	{
		int64_t		value;

		if (writer->plans[search.columns[i]].entries > writer->rows / 4)
			continue;
		value = benefit(&search, i, best_benefit);
		if (value > best_benefit)
		{
			best = search.columns[i];
			best_benefit = value;
		}
	}
	return best;
}

/* Sorts the rows by a column, keeping the order of those that are equal. */
static void
sort_by(const FocusBodyPlan *plan, uint32_t rows, SortSpace *space)
{
	uint32_t   *starts = space->starts;
	uint16_t   *swap = space->rows;
	uint32_t	at = 0;

	memset(starts, 0, sizeof(uint32_t) * (plan->entries + 1));
	for (uint32_t i = 0; i < rows; i++)
		starts[plan->codes[i]]++;
	for (uint32_t code = 0; code <= plan->entries; code++)
	{
		uint32_t	count = starts[code];

		starts[code] = at;
		at += count;
	}
	for (uint32_t i = 0; i < rows; i++)
		space->other[starts[plan->codes[space->rows[i]]]++] = space->rows[i];
	space->rows = space->other;
	space->other = swap;
}

/* Different pairs of values of both columns; the rows are sorted by first. */
static uint32_t
count_pairs(const FocusBodyPlan *first, const FocusBodyPlan *plan, uint32_t rows, SortSpace *space)
{
	uint32_t	pairs = 0;

	memset(space->marks, 0xFF, sizeof(uint32_t) * (plan->entries + 1));
	for (uint32_t i = 0; i < rows; i++)
	{
		uint16_t	row = space->rows[i];

		pairs += space->marks[plan->codes[row]] != first->codes[row];
		space->marks[plan->codes[row]] = first->codes[row];
	}
	return pairs;
}

static int
compare_candidates(const void *left, const void *right)
{
	const Candidate *a = left;
	const Candidate *b = right;

	if (a->pairs != b->pairs)
		return a->pairs < b->pairs ? -1 : 1;
	return a->column - b->column;
}

/* The further keys, most significant first; the rows are sorted by first. */
static int
choose_further(const FocusBodyWriter *writer, int first, SortSpace *space, int *keys)
{
	const FocusBodyPlan *plan = &writer->plans[first];
	uint32_t	groups = plan->entries + (plan->nulls > 0);
	Candidate  *candidates;
	int			ncandidates = 0;
	int			nkeys = 0;

	candidates = focus_body_allocate(writer->memory, sizeof(Candidate) * (size_t) writer->ncolumns);
	for (int i = 0; i < writer->ncolumns; i++)
	{
		Candidate  *candidate = &candidates[ncandidates];

		if (i == first || focus_body_is_constant(&writer->plans[i]) ||
			writer->plans[i].entries > writer->rows / 2)
			continue;
		candidate->column = i;
		candidate->pairs = count_pairs(plan, &writer->plans[i], writer->rows, space);
		if (candidate->pairs > groups && candidate->pairs < writer->rows - writer->rows / 8)
			ncandidates++;
	}
	qsort(candidates, (size_t) ncandidates, sizeof(Candidate), compare_candidates);
	for (int i = 0; i < ncandidates && nkeys < KEYS_MAX; i++)
		if (i == 0 || candidates[i].pairs != candidates[i - 1].pairs)
			keys[nkeys++] = candidates[i].column;
	return nkeys;
}

void
focus_body_sort(FocusBodyWriter *writer, uint16_t *order)
{
	uint32_t	rows = writer->rows;
	SortSpace	space;
	int			keys[KEYS_MAX];
	int			nkeys;
	int			first;

	space.rows = focus_body_allocate(writer->memory, sizeof(uint16_t) * rows);
	space.other = focus_body_allocate(writer->memory, sizeof(uint16_t) * rows);
	space.starts = focus_body_allocate(writer->memory, sizeof(uint32_t) * writer->codes);
	space.marks = focus_body_allocate(writer->memory, sizeof(uint32_t) * writer->codes);
	for (uint32_t i = 0; i < rows; i++)
		space.rows[i] = (uint16_t) i;

	first = choose_first(writer);
	if (first >= 0)
	{
		sort_by(&writer->plans[first], rows, &space);
		nkeys = choose_further(writer, first, &space, keys);
		while (nkeys > 0)
			sort_by(&writer->plans[keys[--nkeys]], rows, &space);
		sort_by(&writer->plans[first], rows, &space);
	}
	for (int i = 0; i < writer->ncolumns; i++)
	{
		FocusBodyPlan *plan = &writer->plans[i];

		if (focus_body_is_constant(plan))
			continue;
		for (uint32_t row = 0; row < rows; row++)
			space.other[row] = plan->codes[space.rows[row]];
		memcpy(plan->codes, space.other, sizeof(uint16_t) * rows);
	}
	if (order)
		memcpy(order, space.rows, sizeof(uint16_t) * rows);
}
