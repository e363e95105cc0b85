/*-------------------------------------------------------------------------
 *
 * body_derive.c
 *	  Finds the columns that follow from other columns.
 *
 * SAME has the values of its parent, DEPENDENT a value for each of its
 * parent's; both list the rows in which that is not so.  A parent has no
 * parent itself.  All pairs that could pay are tried on a sample of the rows.
 * Then parents are chosen one after the other, always the one that saves most;
 * what was chosen is counted on all rows, and where that shows the sample to
 * be wrong, the choice is made again.
 *
 *-------------------------------------------------------------------------
 */
#include "columnar/body_codec.h"

/* Columns that are looked at: those that take most */
#define COLUMNS_TRIED	96
/* A column that takes no more than this is left alone. */
#define SIZE_MIN		48
/* Bytes that a segment takes besides what is counted */
#define OVERHEAD		40
/* Choices, the last of which counts as it is */
#define ROUNDS_MAX		4

typedef struct Link
{
	int			parent;
	int			child;
	FocusBodyEncoding encoding;
	uint32_t	common;			/* SAME by codes */
	uint16_t   *map;			/* DEPENDENT: once it is counted */
	size_t		size;
	bool		counted;		/* on all rows */
} Link;

typedef struct Derivation
{
	FocusBodyWriter *writer;
	int			columns[COLUMNS_TRIED];
	int			ncolumns;
	uint32_t	sampled;
	uint16_t   *sample[COLUMNS_TRIED];
	uint32_t   *votes;			/* by code */
	FocusBodyMarks marks;
	Link	   *links;
	int			nlinks;
} Derivation;

/*
 * Sampling
 */
static uint32_t
sampled_rows(uint32_t rows)
{
	uint32_t	max = FOCUS_BODY_SAMPLE_BLOCKS * FOCUS_BODY_SAMPLE_ROWS;

	return rows < max ? rows : max;
}

uint32_t
focus_body_sample(const FocusBodyWriter *writer, const FocusBodyPlan *plan, uint16_t **sample)
{
	uint32_t	count = sampled_rows(writer->rows);
	uint32_t	distance = writer->rows / FOCUS_BODY_SAMPLE_BLOCKS;

	*sample = focus_body_allocate(writer->memory, sizeof(uint16_t) * count);
	if (count < FOCUS_BODY_SAMPLE_BLOCKS * FOCUS_BODY_SAMPLE_ROWS)
		memcpy(*sample, plan->codes, sizeof(uint16_t) * count);
	else
		for (uint32_t block = 0; block < FOCUS_BODY_SAMPLE_BLOCKS; block++)
			memcpy(*sample + block * FOCUS_BODY_SAMPLE_ROWS, plan->codes + block * distance,
				   sizeof(uint16_t) * FOCUS_BODY_SAMPLE_ROWS);
	return count;
}

void
focus_body_marks_init(FocusBodyMarks *marks, uint32_t codes, const FocusBodyMemory *memory)
{
	size_t		size = sizeof(uint32_t) * codes;

	marks->codes = codes;
	marks->by_code = focus_body_allocate(memory, size);
	memset(marks->by_code, 0, size);
	marks->stamp = 0;
}

uint32_t
focus_body_sample_exceptions(FocusBodyMarks *marks, const uint16_t *parent, const uint16_t *child,
							 uint32_t count, uint32_t limit)
{
	uint32_t	exceptions = 0;
	uint32_t	stamp;

	if (++marks->stamp > UINT16_MAX)
	{
		memset(marks->by_code, 0, sizeof(uint32_t) * marks->codes);
		marks->stamp = 1;
	}
	stamp = marks->stamp << 16;
	for (uint32_t first = 0; first < count && exceptions <= limit; first += 64)
	{
		uint32_t	end = count - first < 64 ? count : first + 64;

		for (uint32_t i = first; i < end; i++)
		{
			uint32_t	mark = marks->by_code[parent[i]];
			uint32_t	value = stamp | child[i];

			exceptions += mark >= stamp && mark != value;
			marks->by_code[parent[i]] = value;
		}
	}
	return exceptions;
}

static void
choose_columns(Derivation *d)
{
	FocusBodyWriter *writer = d->writer;

	for (int i = 0; i < writer->ncolumns; i++)
	{
		size_t		size = writer->plans[i].size;
		int			at;

		if (writer->plans[i].encoding == FOCUS_BODY_CONSTANT)
			continue;
		if (d->ncolumns == COLUMNS_TRIED &&
			writer->plans[d->columns[COLUMNS_TRIED - 1]].size >= size)
			continue;
		at = d->ncolumns < COLUMNS_TRIED ? d->ncolumns++ : COLUMNS_TRIED - 1;
		for (; at > 0 && writer->plans[d->columns[at - 1]].size < size; at--)
			d->columns[at] = d->columns[at - 1];
		d->columns[at] = i;
	}
}

/*
 * Sizes
 */
static size_t
exceptions_size(const FocusBodyWriter *writer, uint32_t exceptions, int width)
{
	int			gap;

	if (exceptions == 0)
		return 18;
	gap = focus_body_bits(writer->rows / exceptions) + 1;
	return 36 + (size_t) exceptions * (size_t) (gap + width) / 8;
}

static int
number_width(const FocusBodyPlan *plan)
{
	return focus_body_bits((uint64_t) plan->max - (uint64_t) plan->min);
}

/* Notes a pair, of which so many rows of the sample are exceptions. */
static void
add_link(Derivation *d, int p, int c, FocusBodyEncoding encoding, size_t size)
{
	Link	   *link = &d->links[d->nlinks];

	link->parent = d->columns[p];
	link->child = d->columns[c];
	link->encoding = encoding;
	link->common = 0;
	link->map = NULL;
	link->size = size;
	link->counted = false;
	if (size + size / 8 < d->writer->plans[link->child].size)
		d->nlinks++;
}

/* So many exceptions in the sample leave nothing of what may be saved. */
static uint32_t
sample_limit(const Derivation *d, size_t saved, int width)
{
	uint64_t	rows = saved * 8 / (size_t) (width + 2);

	return rows < d->writer->rows ? (uint32_t) (rows * d->sampled / d->writer->rows) : d->sampled;
}

static uint32_t
scaled_exceptions(const Derivation *d, uint32_t exceptions)
{
	return (uint32_t) ((uint64_t) exceptions * d->writer->rows / d->sampled);
}

/*
 * DEPENDENT
 */
static uint32_t
map_exceptions(const FocusBodyWriter *writer, const FocusBodyPlan *parent,
			   const FocusBodyPlan *child, const uint16_t *map)
{
	uint32_t	exceptions = 0;

	for (uint32_t row = 0; row < writer->rows; row++)
		exceptions += map[parent->codes[row]] != child->codes[row];
	return exceptions;
}

/*
 * The commonest code of child for each code of parent, as far as there is one,
 * into map, and the number of rows that have another.
 */
static uint32_t
make_map(const FocusBodyWriter *writer, const FocusBodyPlan *parent,
		 const FocusBodyPlan *child, uint16_t *map, uint32_t *votes)
{
	uint32_t	exceptions;

	memset(map, 0, sizeof(uint16_t) * (parent->entries + 1));
	for (uint32_t row = 0; row < writer->rows; row++)
		map[parent->codes[row]] = child->codes[row];
	exceptions = map_exceptions(writer, parent, child, map);
	if (exceptions == 0)
		return 0;

	/* The majority, where there is one, remains after all others cancel. */
	memset(votes, 0, sizeof(uint32_t) * (parent->entries + 1));
	for (uint32_t row = 0; row < writer->rows; row++)
	{
		uint16_t	from = parent->codes[row];
		uint16_t	to = child->codes[row];

		if (votes[from] == 0)
			map[from] = to;
		votes[from] += map[from] == to ? 1 : UINT32_MAX;
	}
	return map_exceptions(writer, parent, child, map);
}

/* Size without exceptions */
static size_t
dependent_size(const FocusBodyPlan *parent, const FocusBodyPlan *child)
{
	return OVERHEAD + child->entries_size +
		(size_t) (parent->entries + 1) * (size_t) focus_body_bits(child->entries) / 8;
}

static void
try_dependent(Derivation *d, int p, int c)
{
	const FocusBodyPlan *parent = &d->writer->plans[d->columns[p]];
	const FocusBodyPlan *child = &d->writer->plans[d->columns[c]];
	size_t		size = dependent_size(parent, child);
	int			width = focus_body_bits(child->entries);
	uint32_t	limit;
	uint32_t	exceptions;

	if (parent->encoding != FOCUS_BODY_DICTIONARY || size + size / 8 >= child->size)
		return;
	limit = sample_limit(d, child->size - size, width);
	exceptions = focus_body_sample_exceptions(&d->marks, d->sample[p], d->sample[c], d->sampled,
											  limit);
	if (exceptions > limit)
		return;
	add_link(d, p, c, FOCUS_BODY_DEPENDENT,
			 size + exceptions_size(d->writer, scaled_exceptions(d, exceptions), width));
}

static size_t
count_dependent(Derivation *d, const FocusBodyPlan *parent, const FocusBodyPlan *child, Link *link)
{
	size_t		count = parent->entries + (size_t) 1;
	uint32_t	exceptions;

	link->map = focus_body_allocate(d->writer->memory, sizeof(uint16_t) * count);
	exceptions = make_map(d->writer, parent, child, link->map, d->votes);
	return dependent_size(parent, child) +
		exceptions_size(d->writer, exceptions, focus_body_bits(child->entries));
}

/*
 * SAME
 */
bool
focus_body_rescale(int64_t number, int digits, int64_t *result)
{
	for (; digits > 0; digits--)
		if (__builtin_mul_overflow(number, INT64_C(10), &number))
			return false;
	for (; digits < 0; digits++)
	{
		if (number % 10 != 0)
			return false;
		number /= 10;
	}
	*result = number;
	return true;
}

bool
focus_body_same_number(const FocusBodyPlan *parent, uint16_t from, const FocusBodyPlan *child, uint16_t to)
{
	int64_t		number;

	if (to == 0)
		return true;
	if (from == 0)
		return false;
	if (parent->scale == child->scale)
		return parent->numbers[from - 1] == child->numbers[to - 1];
	return focus_body_rescale(parent->numbers[from - 1], child->scale - parent->scale, &number) &&
		number == child->numbers[to - 1];
}

static void
try_same_numbers(Derivation *d, int p, int c)
{
	const FocusBodyPlan *parent = &d->writer->plans[d->columns[p]];
	const FocusBodyPlan *child = &d->writer->plans[d->columns[c]];
	uint32_t	limit = sample_limit(d, child->size, number_width(child));
	uint32_t	exceptions = 0;

	if (parent->encoding != FOCUS_BODY_DIRECT)
		return;
	for (uint32_t i = 0; i < d->sampled && exceptions <= limit; i++)
		exceptions += !focus_body_same_number(parent, d->sample[p][i], child, d->sample[c][i]);
	if (exceptions > limit)
		return;
	add_link(d, p, c, FOCUS_BODY_SAME,
			 OVERHEAD + exceptions_size(d->writer, scaled_exceptions(d, exceptions),
										number_width(child)));
}

static size_t
count_same_numbers(Derivation *d, const FocusBodyPlan *parent, const FocusBodyPlan *child)
{
	uint32_t	exceptions = 0;

	for (uint32_t row = 0; row < d->writer->rows; row++)
		exceptions += !focus_body_same_number(parent, parent->codes[row], child, child->codes[row]);
	return OVERHEAD + exceptions_size(d->writer, exceptions, number_width(child));
}

/* Order of entries, as focus_body_order_entries() has made it */
static int
compare_entries(const FocusBodyPlan *left, uint32_t l, const FocusBodyPlan *right, uint32_t r)
{
	const uint32_t *a;
	const uint32_t *b;
	uint32_t	a_length;
	uint32_t	b_length;
	int			result;

	if (left->kind != FOCUS_BODY_BYTES)
	{
		if (left->numbers[l] != right->numbers[r])
			return left->numbers[l] < right->numbers[r] ? -1 : 1;
		return left->shown ? (int) left->shown[l] - (int) right->shown[r] : 0;
	}
	a = left->input->offsets + left->entry[l];
	b = right->input->offsets + right->entry[r];
	a_length = a[1] - a[0];
	b_length = b[1] - b[0];
	result = memcmp(left->input->bytes + a[0], right->input->bytes + b[0],
					a_length < b_length ? a_length : b_length);
	if (result != 0)
		return result;
	return a_length < b_length ? -1 : a_length > b_length;
}

/*
 * The code that each code of child has in a dictionary of parent's entries and
 * those of child's that are not among them, and the number of those that are.
 */
uint32_t
focus_body_merge(const FocusBodyPlan *parent, const FocusBodyPlan *child, uint32_t *target)
{
	uint32_t	common = 0;
	uint32_t	p = 0;

	target[0] = 0;
	for (uint32_t c = 0; c < child->entries; c++)
	{
		int			order = 1;

		while (p < parent->entries && (order = compare_entries(parent, p, child, c)) < 0)
			p++;
		if (p < parent->entries && order == 0)
		{
			target[c + 1] = p + 1;
			common++;
		}
		else
			target[c + 1] = parent->entries + 1 + c - common;
	}
	return common;
}

static bool
same_entry(const FocusBodyPlan *parent, uint16_t from, const FocusBodyPlan *child, uint16_t to)
{
	if (from == 0 || to == 0)
		return from == to;
	return compare_entries(parent, from - 1u, child, to - 1u) == 0;
}

static void
try_same_codes(Derivation *d, int p, int c)
{
	const FocusBodyPlan *parent = &d->writer->plans[d->columns[p]];
	const FocusBodyPlan *child = &d->writer->plans[d->columns[c]];
	uint32_t	different = 0;
	uint32_t	equal = 0;

	if (parent->encoding != FOCUS_BODY_DICTIONARY || child->encoding != FOCUS_BODY_DICTIONARY ||
		parent->kind != child->kind || parent->scale != child->scale ||
		!parent->sorted || !child->sorted)
		return;
	for (uint32_t i = 0; i < d->sampled && different < 32; i += 61)
	{
		if (same_entry(parent, d->sample[p][i], child, d->sample[c][i]))
			equal++;
		else
			different++;
	}
	if (different > equal / 4)
		return;
	add_link(d, p, c, FOCUS_BODY_SAME,
			 OVERHEAD + exceptions_size(d->writer, scaled_exceptions(d, different * 61),
										focus_body_bits(child->entries)));
}

static size_t
count_same_codes(Derivation *d, const FocusBodyPlan *parent, const FocusBodyPlan *child, Link *link)
{
	uint32_t	exceptions = 0;

	link->common = focus_body_merge(parent, child, d->votes);
	if (parent->entries + (child->entries - link->common) > FOCUS_BODY_ENTRIES_MAX)
		return SIZE_MAX / 2;
	for (uint32_t row = 0; row < d->writer->rows; row++)
		exceptions += d->votes[child->codes[row]] != parent->codes[row];
	return OVERHEAD + exceptions_size(d->writer, exceptions, focus_body_bits(child->entries)) +
		child->entries_size * (child->entries - link->common) / child->entries;
}

/*
 * Choosing
 */
static void
find_links(Derivation *d)
{
	FocusBodyWriter *writer = d->writer;

	for (int c = 0; c < d->ncolumns; c++)
	{
		const FocusBodyPlan *child = &writer->plans[d->columns[c]];

		if (child->size < SIZE_MIN)
			continue;
		for (int p = 0; p < d->ncolumns; p++)
		{
			if (p == c)
				continue;
			try_dependent(d, p, c);
			if (child->kind != FOCUS_BODY_BYTES && writer->plans[d->columns[p]].kind == child->kind)
				try_same_numbers(d, p, c);
			try_same_codes(d, p, c);
		}
	}
}

/* Bytes saved if this column became a parent, beyond what is saved so far */
static int64_t
gain_of_parent(const Derivation *d, int parent, const int *chosen)
{
	const FocusBodyPlan *plans = d->writer->plans;
	int64_t		best[COLUMNS_TRIED];
	int64_t		gain = 0;

	for (int i = 0; i < d->ncolumns; i++)
		best[i] = 0;
	for (int i = 0; i < d->nlinks; i++)
	{
		const Link *link = &d->links[i];
		int64_t		saved = (int64_t) plans[link->child].size - (int64_t) link->size;
		int			before = chosen[link->child];

		if (link->parent != parent || before == -2)
			continue;
		if (before >= 0)
			saved -= (int64_t) (plans[link->child].size - d->links[before].size);
		for (int c = 0; c < d->ncolumns; c++)
			if (d->columns[c] == link->child && saved > best[c])
				best[c] = saved;
	}
	for (int i = 0; i < d->ncolumns; i++)
		gain += best[i];
	if (chosen[parent] >= 0)
		gain -= (int64_t) (plans[parent].size - d->links[chosen[parent]].size);
	return gain;
}

/* chosen: by column its link, -1 for none, -2 for a parent */
static void
take_parent(Derivation *d, int parent, int *chosen)
{
	chosen[parent] = -2;
	for (int i = 0; i < d->nlinks; i++)
	{
		const Link *link = &d->links[i];
		int			before = chosen[link->child];

		if (link->parent == parent && before != -2 &&
			(before == -1 || d->links[before].size > link->size))
			chosen[link->child] = i;
	}
}

/* Sets chosen by the sizes of the links. */
static void
choose_links(Derivation *d, int *chosen)
{
	for (int i = 0; i < d->writer->ncolumns; i++)
		chosen[i] = -1;
	for (;;)
	{
		int64_t		best_gain = SIZE_MIN;
		int			best = -1;

		for (int i = 0; i < d->ncolumns; i++)
		{
			int64_t		gain = chosen[d->columns[i]] == -2 ? 0 : gain_of_parent(d, d->columns[i], chosen);

			if (gain > best_gain)
			{
				best_gain = gain;
				best = d->columns[i];
			}
		}
		if (best < 0)
			break;
		take_parent(d, best, chosen);
	}
}

/* Counts the chosen links; true if one is much larger than it was thought. */
static bool
count_links(Derivation *d, const int *chosen)
{
	FocusBodyPlan *plans = d->writer->plans;
	bool		surprise = false;

	for (int i = 0; i < d->writer->ncolumns; i++)
	{
		Link	   *link = &d->links[chosen[i] >= 0 ? chosen[i] : 0];
		const FocusBodyPlan *parent;
		size_t		size;

		if (chosen[i] < 0 || link->counted)
			continue;
		parent = &plans[link->parent];
		if (link->encoding == FOCUS_BODY_DEPENDENT)
			size = count_dependent(d, parent, &plans[i], link);
		else if (parent->encoding == FOCUS_BODY_DIRECT)
			size = count_same_numbers(d, parent, &plans[i]);
		else
			size = count_same_codes(d, parent, &plans[i], link);
		surprise = surprise || size > link->size + link->size / 4 + SIZE_MIN;
		link->size = size;
		link->counted = true;
	}
	return surprise;
}

static void
take_links(Derivation *d, const int *chosen)
{
	for (int i = 0; i < d->writer->ncolumns; i++)
	{
		FocusBodyPlan *plan = &d->writer->plans[i];
		const Link *link = &d->links[chosen[i] >= 0 ? chosen[i] : 0];

		if (chosen[i] < 0 || link->size >= plan->size)
			continue;
		plan->encoding = link->encoding;
		plan->parent = link->parent;
		plan->common = link->common;
		plan->map = link->map;
		if (link->encoding == FOCUS_BODY_DEPENDENT && !plan->sorted)
		{
			/* Numbers that were to be written as such have no order so far. */
			focus_body_order_entries(d->writer, plan);
			make_map(d->writer, &d->writer->plans[link->parent], plan, plan->map, d->votes);
		}
		plan->size = link->size;
	}
}

void
focus_body_derive(FocusBodyWriter *writer)
{
	const FocusBodyMemory *memory = writer->memory;
	Derivation *d = focus_body_allocate(memory, sizeof(Derivation));
	int		   *chosen;

	memset(d, 0, sizeof(*d));
	d->writer = writer;
	choose_columns(d);
	for (int i = 0; i < d->ncolumns; i++)
		d->sampled = focus_body_sample(writer, &writer->plans[d->columns[i]], &d->sample[i]);
	focus_body_marks_init(&d->marks, writer->codes, memory);
	d->votes = focus_body_allocate(memory, sizeof(uint32_t) * writer->codes);
	d->links = focus_body_allocate(memory, sizeof(Link) * (3 * (size_t) (d->ncolumns * d->ncolumns) + 1));
	find_links(d);
	if (d->nlinks == 0)
		return;
	chosen = focus_body_allocate(memory, sizeof(int) * (size_t) writer->ncolumns);
	for (int round = 0; round < ROUNDS_MAX; round++)
	{
		choose_links(d, chosen);
		if (!count_links(d, chosen))
			break;
	}
	take_links(d, chosen);
}
