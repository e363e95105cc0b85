/*-------------------------------------------------------------------------
 *
 * body_derive.c
 *	  Finds the columns that follow from other columns.
 *
 * SAME has the values of its parent, DEPENDENT a value for each of its
 * parent's; both list the rows in which that is not so.  A parent has no
 * parent itself.  All pairs that could pay are tried on a sample first, the
 * promising ones on all rows.  Then parents are chosen one after the other,
 * always the one that saves most.
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

typedef struct Link
{
	int			parent;
	int			child;
	FocusBodyEncoding encoding;
	uint32_t	exceptions;
	uint32_t	common;
	size_t		size;
} Link;

typedef struct Derivation
{
	FocusBodyWriter *writer;
	int			columns[COLUMNS_TRIED];
	int			ncolumns;
	uint32_t	sampled;
	uint16_t   *sample[COLUMNS_TRIED];
	uint16_t   *map;			/* by code of the parent */
	uint32_t   *votes;
	uint32_t   *marks;
	uint32_t	stamp;
	Link	   *links;
	int			nlinks;
} Derivation;

/*
 * Sampling
 */
uint32_t
focus_body_sampled(uint32_t rows)
{
	uint32_t	max = FOCUS_BODY_SAMPLE_BLOCKS * FOCUS_BODY_SAMPLE_ROWS;

	return rows < max ? rows : max;
}

uint32_t
focus_body_sample_row(uint32_t rows, uint32_t i)
{
	if (rows <= FOCUS_BODY_SAMPLE_BLOCKS * FOCUS_BODY_SAMPLE_ROWS)
		return i;
	return i / FOCUS_BODY_SAMPLE_ROWS * (rows / FOCUS_BODY_SAMPLE_BLOCKS) + i % FOCUS_BODY_SAMPLE_ROWS;
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

static void
take_samples(Derivation *d)
{
	d->sampled = focus_body_sampled(d->writer->rows);
	for (int i = 0; i < d->ncolumns; i++)
	{
		const uint16_t *codes = d->writer->plans[d->columns[i]].codes;

		d->sample[i] = focus_body_allocate(d->writer->memory, sizeof(uint16_t) * d->sampled);
		for (uint32_t j = 0; j < d->sampled; j++)
			d->sample[i][j] = codes[focus_body_sample_row(d->writer->rows, j)];
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

static void
add_link(Derivation *d, const Link *link)
{
	const FocusBodyPlan *child = &d->writer->plans[link->child];

	if (link->size + link->size / 8 < child->size)
		d->links[d->nlinks++] = *link;
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
sampled_map_exceptions(Derivation *d, int parent, int child)
{
	const uint16_t *from = d->sample[parent];
	const uint16_t *to = d->sample[child];
	uint32_t	exceptions = 0;

	if (++d->stamp > UINT16_MAX)
	{
		memset(d->marks, 0, sizeof(uint32_t) * (FOCUS_BODY_ENTRIES_MAX + 1));
		d->stamp = 1;
	}
	for (uint32_t i = 0; i < d->sampled; i++)
	{
		uint32_t	mark = d->marks[from[i]];
		uint32_t	value = d->stamp << 16 | to[i];

		exceptions += mark >> 16 == d->stamp && mark != value;
		d->marks[from[i]] = value;
	}
	return exceptions;
}

uint32_t
focus_body_map(const FocusBodyWriter *writer, const FocusBodyPlan *parent,
			   const FocusBodyPlan *child, uint16_t *map, uint32_t *votes)
{
	uint32_t	exceptions = 0;

	/* The majority, where there is one, remains after all others cancel. */
	memset(votes, 0, sizeof(uint32_t) * (parent->entries + 1));
	memset(map, 0, sizeof(uint16_t) * (parent->entries + 1));
	for (uint32_t row = 0; row < writer->rows; row++)
	{
		uint16_t	from = parent->codes[row];
		uint16_t	to = child->codes[row];

		if (votes[from] == 0)
			map[from] = to;
		votes[from] += map[from] == to ? 1 : UINT32_MAX;
	}
	for (uint32_t row = 0; row < writer->rows; row++)
		exceptions += map[parent->codes[row]] != child->codes[row];
	return exceptions;
}

static void
try_dependent(Derivation *d, int p, int c)
{
	const FocusBodyPlan *parent = &d->writer->plans[d->columns[p]];
	const FocusBodyPlan *child = &d->writer->plans[d->columns[c]];
	int			width = focus_body_bits(child->entries);
	size_t		size = OVERHEAD + child->entries_size + (size_t) (parent->entries + 1) * (size_t) width / 8;
	uint32_t	exceptions;
	Link		link;

	if (parent->encoding != FOCUS_BODY_DICTIONARY || size + size / 8 >= child->size)
		return;
	exceptions = scaled_exceptions(d, sampled_map_exceptions(d, p, c));
	if (size + exceptions_size(d->writer, exceptions, width) / 2 >= child->size)
		return;
	link.parent = d->columns[p];
	link.child = d->columns[c];
	link.encoding = FOCUS_BODY_DEPENDENT;
	link.exceptions = focus_body_map(d->writer, parent, child, d->map, d->votes);
	link.common = 0;
	link.size = size + exceptions_size(d->writer, link.exceptions, width);
	add_link(d, &link);
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
	int			width = number_width(child);
	uint32_t	exceptions = 0;
	Link		link;

	if (parent->encoding != FOCUS_BODY_DIRECT)
		return;
	for (uint32_t i = 0; i < d->sampled; i++)
		exceptions += !focus_body_same_number(parent, d->sample[p][i], child, d->sample[c][i]);
	exceptions = scaled_exceptions(d, exceptions);
	if (exceptions > d->writer->rows / 2 ||
		exceptions_size(d->writer, exceptions, width) / 2 >= child->size)
		return;
	link.parent = d->columns[p];
	link.child = d->columns[c];
	link.encoding = FOCUS_BODY_SAME;
	link.exceptions = 0;
	link.common = 0;
	for (uint32_t row = 0; row < d->writer->rows; row++)
		link.exceptions += !focus_body_same_number(parent, parent->codes[row], child, child->codes[row]);
	link.size = OVERHEAD + exceptions_size(d->writer, link.exceptions, width);
	add_link(d, &link);
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
	Link		link;

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
	link.parent = d->columns[p];
	link.child = d->columns[c];
	link.encoding = FOCUS_BODY_SAME;
	link.common = focus_body_merge(parent, child, d->votes);
	if (parent->entries + (child->entries - link.common) > FOCUS_BODY_ENTRIES_MAX)
		return;
	link.exceptions = 0;
	for (uint32_t row = 0; row < d->writer->rows; row++)
		link.exceptions += d->votes[child->codes[row]] != parent->codes[row];
	link.size = OVERHEAD + exceptions_size(d->writer, link.exceptions, focus_body_bits(child->entries)) +
		child->entries_size * (child->entries - link.common) / child->entries;
	add_link(d, &link);
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
		int64_t		saved = (int64_t) (plans[link->child].size - link->size);
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

static void
choose_links(Derivation *d)
{
	FocusBodyWriter *writer = d->writer;
	int		   *chosen = focus_body_allocate(writer->memory, sizeof(int) * (size_t) writer->ncolumns);

	for (int i = 0; i < writer->ncolumns; i++)
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
	for (int i = 0; i < writer->ncolumns; i++)
	{
		const Link *link = &d->links[chosen[i] >= 0 ? chosen[i] : 0];

		if (chosen[i] < 0)
			continue;
		writer->plans[i].encoding = link->encoding;
		writer->plans[i].parent = link->parent;
		writer->plans[i].exceptions = link->exceptions;
		writer->plans[i].common = link->common;
		writer->plans[i].size = link->size;
	}
}

void
focus_body_derive(FocusBodyWriter *writer)
{
	const FocusBodyMemory *memory = writer->memory;
	Derivation *d = focus_body_allocate(memory, sizeof(Derivation));

	memset(d, 0, sizeof(*d));
	d->writer = writer;
	choose_columns(d);
	take_samples(d);
	d->map = focus_body_allocate(memory, sizeof(uint16_t) * (FOCUS_BODY_ENTRIES_MAX + 1));
	d->votes = focus_body_allocate(memory, sizeof(uint32_t) * (FOCUS_BODY_ENTRIES_MAX + 1));
	d->marks = focus_body_allocate(memory, sizeof(uint32_t) * (FOCUS_BODY_ENTRIES_MAX + 1));
	memset(d->marks, 0, sizeof(uint32_t) * (FOCUS_BODY_ENTRIES_MAX + 1));
	d->links = focus_body_allocate(memory, sizeof(Link) * 3 * COLUMNS_TRIED * COLUMNS_TRIED);
	find_links(d);
	choose_links(d);
}
