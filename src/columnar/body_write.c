/*-------------------------------------------------------------------------
 *
 * body_write.c
 *	  Writes bodies.
 *
 * A column is first brought to codes of which each occurs; then the rows get
 * their order; then each column gets the encoding that is the smallest, and
 * the segments are written one after the other.
 *
 *-------------------------------------------------------------------------
 */
#include "columnar/body_codec.h"

/* What dictionaries of bytes are thought to take, of their plain size, for
 * comparisons */
#define BYTES_SHARE(size)	((size) * 2 / 5)

bool
focus_body_decimal_fits(const int64_t *numbers, const uint8_t *scales, uint32_t entries)
{
	int			scale = 0;
	int64_t		scaled;

	for (uint32_t i = 0; i < entries; i++)
		scale = scales[i] > scale ? scales[i] : scale;
	if (scale > FOCUS_BODY_SCALE_MAX)
		return false;
	for (uint32_t i = 0; i < entries; i++)
		if (!focus_body_rescale(numbers[i], scale - scales[i], &scaled))
			return false;
	return true;
}

/*
 * Preparing
 */

/* Numbers, and what they are between */
static void
set_numbers(FocusBodyWriter *writer, FocusBodyPlan *plan)
{
	const FocusBodyInput *input = plan->input;

	plan->min = 1;
	plan->max = 0;
	if (plan->kind == FOCUS_BODY_BYTES || plan->entries == 0)
		return;
	plan->numbers = focus_body_allocate(writer->memory, sizeof(int64_t) * plan->entries);
	if (plan->kind == FOCUS_BODY_DECIMAL)
	{
		plan->shown = focus_body_allocate(writer->memory, plan->entries);
		for (uint32_t i = 0; i < plan->entries; i++)
		{
			plan->shown[i] = input->scales[plan->entry[i]];
			plan->scale = plan->shown[i] > plan->scale ? plan->shown[i] : plan->scale;
		}
	}
	for (uint32_t i = 0; i < plan->entries; i++)
	{
		int64_t		number = input->numbers[plan->entry[i]];

		if (plan->shown && plan->shown[i] != plan->scale)
			(void) focus_body_rescale(number, plan->scale - plan->shown[i], &number);
		plan->numbers[i] = number;
		plan->min = i == 0 || number < plan->min ? number : plan->min;
		plan->max = i == 0 || number > plan->max ? number : plan->max;
	}
}

static bool
all_equal(const uint16_t *codes, uint32_t rows)
{
	uint16_t	different = 0;

	for (uint32_t row = 0; row < rows; row++)
		different |= codes[row] ^ codes[0];
	return different == 0;
}

static uint32_t
count_nulls(const uint16_t *codes, uint32_t rows)
{
	uint32_t	nulls = 0;

	for (uint32_t row = 0; row < rows; row++)
		nulls += codes[row] == 0;
	return nulls;
}

/* Copies the codes, numbered anew so that each of them occurs. */
static void
set_codes(FocusBodyWriter *writer, FocusBodyPlan *plan)
{
	const FocusBodyInput *input = plan->input;
	uint32_t	rows = writer->rows;
	uint16_t   *map;

	if (all_equal(input->codes, rows))
	{
		plan->entry = focus_body_allocate(writer->memory, sizeof(uint16_t));
		plan->entry[0] = (uint16_t) (input->codes[0] - 1u);
		plan->entries = input->codes[0] > 0;
		plan->nulls = input->codes[0] > 0 ? 0 : rows;
		return;
	}
	map = focus_body_allocate(writer->memory, sizeof(uint16_t) * (input->entries + 1));
	memset(map, 0, sizeof(uint16_t) * (input->entries + 1));
	for (uint32_t row = 0; row < rows; row++)
		map[input->codes[row]] = 1;
	plan->nulls = count_nulls(input->codes, rows);
	plan->entry = focus_body_allocate(writer->memory, sizeof(uint16_t) * input->entries);
	map[0] = 0;
	for (uint32_t code = 1; code <= input->entries; code++)
	{
		if (!map[code])
			continue;
		plan->entry[plan->entries++] = (uint16_t) (code - 1);
		map[code] = (uint16_t) plan->entries;
	}
	plan->codes = focus_body_allocate(writer->memory, sizeof(uint16_t) * rows);
	if (plan->entries == input->entries)
		memcpy(plan->codes, input->codes, sizeof(uint16_t) * rows);
	else
		for (uint32_t row = 0; row < rows; row++)
			plan->codes[row] = map[input->codes[row]];
}

static void
prepare(FocusBodyWriter *writer, const FocusBodyInput *columns)
{
	size_t		size = sizeof(FocusBodyPlan) * (size_t) writer->ncolumns;

	writer->plans = focus_body_allocate(writer->memory, size);
	memset(writer->plans, 0, size);
	for (int i = 0; i < writer->ncolumns; i++)
	{
		FocusBodyPlan *plan = &writer->plans[i];

		plan->input = &columns[i];
		plan->kind = columns[i].kind;
		plan->parent = -1;
		if (columns[i].codes && writer->rows > 0)
			set_codes(writer, plan);
		else
			plan->nulls = writer->rows;
		set_numbers(writer, plan);
		if (focus_body_is_constant(plan))
			plan->encoding = FOCUS_BODY_CONSTANT;
	}
}

/*
 * Estimating
 */
static void
codes_to_numbers(const FocusBodyWriter *writer, const uint16_t *codes)
{
	for (uint32_t row = 0; row < writer->rows; row++)
		writer->scratch.numbers[row] = codes[row];
}

/* The number of each row; where it is NULL, that of the row before. */
static void
row_numbers(const FocusBodyWriter *writer, const FocusBodyPlan *plan, int64_t *numbers)
{
	int64_t		number = plan->numbers[0];

	for (uint32_t row = 0; row < writer->rows; row++)
	{
		if (plan->codes[row] > 0)
			number = plan->numbers[plan->codes[row] - 1];
		numbers[row] = number;
	}
}

/* About the size of the stream of codes */
static size_t
estimate_codes(const FocusBodyWriter *writer, const FocusBodyPlan *plan)
{
	const uint16_t *codes = plan->codes;
	uint32_t	rows = writer->rows;
	int			width = focus_body_bits(plan->entries);
	size_t		frames = 0;
	size_t		runs = 1;

	for (uint32_t first = 0; first < rows; first += FOCUS_BODY_VECTOR_ROWS)
	{
		uint32_t	count = rows - first < FOCUS_BODY_VECTOR_ROWS ? rows - first : FOCUS_BODY_VECTOR_ROWS;
		int16_t		min = INT16_MAX;
		int16_t		max = INT16_MIN;
		uint16_t	changes = 0;

		/* Signed, because that is what every processor compares many of */
		for (uint32_t i = 0; i < count; i++)
		{
			int16_t		code = (int16_t) (codes[first + i] ^ 0x8000);

			min = code < min ? code : min;
			max = code > max ? code : max;
		}
		for (uint32_t i = 1; i < count; i++)
			changes += codes[first + i] != codes[first + i - 1];
		runs += changes + (size_t) (first > 0 && codes[first] != codes[first - 1]);
		frames += focus_body_packed_size(count, focus_body_bits((uint64_t) (max - min)));
	}
	runs = runs * (size_t) (width + focus_body_bits(rows / runs) + 1) / 8;
	return 20 + (runs < frames ? runs : frames);
}

static void
estimate_entries(FocusBodyPlan *plan)
{
	size_t		size = 0;

	if (plan->kind != FOCUS_BODY_BYTES)
	{
		int			width = focus_body_bits((uint64_t) plan->max - (uint64_t) plan->min);

		plan->entries_size = (size_t) plan->entries * (size_t) width / 8;
		return;
	}
	for (uint32_t i = 0; i < plan->entries; i++)
	{
		const uint32_t *offset = plan->input->offsets + plan->entry[i];

		size += offset[1] - offset[0];
	}
	plan->entries_size = BYTES_SHARE(size);
}

/*
 * Integers, instants among them, of few values are rather grouped by than
 * added up, and others may depend on them; so the dictionary is preferred.
 */
static bool
is_key(const FocusBodyWriter *writer, const FocusBodyPlan *plan)
{
	return plan->kind == FOCUS_BODY_INT && plan->entries < writer->rows / 16 &&
		plan->size <= plan->direct_size + plan->direct_size / 8;
}

/* Chooses between the encodings without a parent. */
static void
estimate(FocusBodyWriter *writer, FocusBodyPlan *plan)
{
	FocusBodyScratch *scratch = &writer->scratch;

	plan->encoding = FOCUS_BODY_DICTIONARY;
	estimate_entries(plan);
	if (plan->kind == FOCUS_BODY_BYTES || plan->entries < writer->rows / 4)
		focus_body_order_entries(writer, plan);
	if (plan->kind != FOCUS_BODY_BYTES && plan->entries >= writer->rows / 2)
		plan->codes_size = focus_body_packed_size(writer->rows, focus_body_bits(plan->entries));
	else
		plan->codes_size = estimate_codes(writer, plan);
	plan->size = plan->codes_size + plan->entries_size;
	if (plan->kind == FOCUS_BODY_BYTES)
		return;

	row_numbers(writer, plan, scratch->numbers);
	plan->direct_size = focus_body_stream_size(scratch, scratch->numbers, writer->rows, false) +
		(plan->nulls > 0 ? writer->rows / 64 : 0);
	if (plan->direct_size > plan->size + plan->size / 8 || is_key(writer, plan))
	{
		if (!plan->sorted)
			focus_body_order_entries(writer, plan);
		return;
	}
	plan->encoding = FOCUS_BODY_DIRECT;
	plan->size = plan->direct_size;
}

/*
 * Segments
 */
static void
write_numbers(FocusBodyWriter *writer, const int64_t *values, uint32_t count, bool whole)
{
	focus_body_stream_write(&writer->buffer, &writer->scratch, values, count, whole);
}

static void
write_codes(FocusBodyWriter *writer, const uint16_t *codes)
{
	codes_to_numbers(writer, codes);
	write_numbers(writer, writer->scratch.numbers, writer->rows, false);
}

static void
write_entries(FocusBodyWriter *writer, const FocusBodyPlan *plan, uint32_t first)
{
	if (plan->entries == first)
		return;
	if (plan->kind == FOCUS_BODY_BYTES)
		focus_body_write_bytes(writer, plan, first);
	else
		focus_body_write_numbers(writer, plan, first);
}

/* Rows that are an exception, and their values, from the scratch's arrays */
static void
write_exceptions(FocusBodyWriter *writer, uint32_t count)
{
	focus_body_append32(&writer->buffer, count);
	if (count == 0)
		return;
	write_numbers(writer, writer->scratch.rows, count, true);
	write_numbers(writer, writer->scratch.numbers, count, true);
}

/* What columns in the form of numbers have besides the numbers */
static void
write_nulls_and_shown(FocusBodyWriter *writer, const FocusBodyPlan *plan)
{
	int64_t    *values = writer->scratch.numbers;

	focus_body_append8(&writer->buffer, plan->nulls > 0);
	if (plan->nulls > 0)
	{
		for (uint32_t row = 0; row < writer->rows; row++)
			values[row] = plan->codes[row] == 0;
		write_numbers(writer, values, writer->rows, false);
	}
	if (plan->kind == FOCUS_BODY_DECIMAL)
	{
		focus_body_shown(plan, plan->codes, 0, writer->rows, values);
		write_numbers(writer, values, writer->rows, false);
	}
}

static void
write_same_numbers(FocusBodyWriter *writer, const FocusBodyPlan *plan, const FocusBodyPlan *parent)
{
	uint32_t	exceptions = 0;

	for (uint32_t row = 0; row < writer->rows; row++)
	{
		if (focus_body_same_number(parent, parent->codes[row], plan, plan->codes[row]))
			continue;
		writer->scratch.rows[exceptions] = row;
		writer->scratch.numbers[exceptions++] = plan->numbers[plan->codes[row] - 1];
	}
	write_exceptions(writer, exceptions);
	write_nulls_and_shown(writer, plan);
}

/* The dictionary is the parent's, and the entries that the parent does not have. */
static void
write_same_codes(FocusBodyWriter *writer, const FocusBodyPlan *plan, const FocusBodyPlan *parent)
{
	const FocusBodyMemory *memory = writer->memory;
	uint32_t   *target = focus_body_allocate(memory, sizeof(uint32_t) * (plan->entries + 1));
	uint32_t	common = focus_body_merge(parent, plan, target);
	uint32_t	own = plan->entries - common;
	FocusBodyPlan rest = *plan;
	uint32_t	exceptions = 0;

	rest.entries = own;
	rest.entry = focus_body_allocate(memory, sizeof(uint16_t) * own);
	rest.numbers = focus_body_allocate(memory, sizeof(int64_t) * own);
	rest.shown = plan->shown ? focus_body_allocate(memory, own) : NULL;
	for (uint32_t i = 0; i < plan->entries; i++)
	{
		uint32_t	to = target[i + 1];

		if (to <= parent->entries)
			continue;
		to -= parent->entries + 1;
		rest.entry[to] = plan->entry[i];
		if (plan->numbers)
			rest.numbers[to] = plan->numbers[i];
		if (plan->shown)
			rest.shown[to] = plan->shown[i];
	}
	focus_body_append32(&writer->buffer, own);
	write_entries(writer, &rest, 0);
	for (uint32_t row = 0; row < writer->rows; row++)
	{
		if (target[plan->codes[row]] == parent->codes[row])
			continue;
		writer->scratch.rows[exceptions] = row;
		writer->scratch.numbers[exceptions++] = target[plan->codes[row]];
	}
	write_exceptions(writer, exceptions);
}

static void
write_dependent(FocusBodyWriter *writer, const FocusBodyPlan *plan, const FocusBodyPlan *parent)
{
	size_t		count = parent->entries + (size_t) 1;
	const uint16_t *map = plan->map;
	int64_t    *values = writer->scratch.numbers;
	uint32_t	exceptions = 0;

	focus_body_append8(&writer->buffer, plan->sorted);
	write_entries(writer, plan, 0);
	for (size_t i = 0; i < count; i++)
		values[i] = map[i];
	write_numbers(writer, values, (uint32_t) count, true);
	for (uint32_t row = 0; row < writer->rows; row++)
	{
		if (map[parent->codes[row]] == plan->codes[row])
			continue;
		writer->scratch.rows[exceptions] = row;
		values[exceptions++] = plan->codes[row];
	}
	write_exceptions(writer, exceptions);
}

/* Writes the segment, unless the descriptor says all. */
static void
write_constant(FocusBodyWriter *writer, const FocusBodyPlan *plan, uint8_t *inlined)
{
	const FocusBodyInput *input = plan->input;
	uint32_t	size;

	if (plan->kind != FOCUS_BODY_BYTES || plan->entries == 0)
		return;
	size = input->offsets[plan->entry[0] + 1] - input->offsets[plan->entry[0]];
	if (size >= FOCUS_BODY_INLINED)
	{
		write_entries(writer, plan, 0);
		return;
	}
	inlined[0] = (uint8_t) size;
	if (size > 0)
		memcpy(inlined + 1, input->bytes + input->offsets[plan->entry[0]], size);
}

static void
write_segment(FocusBodyWriter *writer, const FocusBodyPlan *plan, uint8_t *inlined)
{
	const FocusBodyPlan *parent = plan->parent < 0 ? NULL : &writer->plans[plan->parent];

	switch (plan->encoding)
	{
		case FOCUS_BODY_CONSTANT:
			write_constant(writer, plan, inlined);
			break;
		case FOCUS_BODY_DICTIONARY:
			focus_body_append8(&writer->buffer, plan->sorted);
			write_entries(writer, plan, 0);
			write_codes(writer, plan->codes);
			break;
		case FOCUS_BODY_DIRECT:
			row_numbers(writer, plan, writer->scratch.numbers);
			write_numbers(writer, writer->scratch.numbers, writer->rows, false);
			write_nulls_and_shown(writer, plan);
			break;
		case FOCUS_BODY_SAME:
			if (parent->encoding == FOCUS_BODY_DIRECT)
				write_same_numbers(writer, plan, parent);
			else
				write_same_codes(writer, plan, parent);
			break;
		case FOCUS_BODY_DEPENDENT:
			write_dependent(writer, plan, parent);
			break;
	}
}

/* Entries of the dictionary that readers get to see */
static uint32_t
stored_entries(const FocusBodyWriter *writer, const FocusBodyPlan *plan)
{
	const FocusBodyPlan *parent = plan->parent < 0 ? NULL : &writer->plans[plan->parent];

	if (plan->encoding == FOCUS_BODY_SAME && parent->encoding != FOCUS_BODY_DIRECT)
		return parent->entries + plan->entries - plan->common;
	return plan->entries;
}

static void
write_column(FocusBodyWriter *writer, int column, size_t reserved)
{
	FocusBodyPlan *plan = &writer->plans[column];
	FocusBodyBuffer *buffer = &writer->buffer;
	size_t		start = buffer->size;
	uint8_t		inlined[FOCUS_BODY_INLINED] = {0};
	FocusBodyColumnInfo info;

	if (plan->encoding != FOCUS_BODY_DIRECT && !plan->sorted &&
		!(plan->encoding == FOCUS_BODY_SAME && writer->plans[plan->parent].encoding == FOCUS_BODY_DIRECT))
		focus_body_order_entries(writer, plan);
	write_segment(writer, plan, inlined);
	info.kind = plan->kind;
	info.encoding = plan->encoding;
	info.parent = plan->parent;
	info.length = (uint32_t) (buffer->size - start);
	info.offset = info.length > 0 ? (uint32_t) (start - reserved) : 0;
	info.entries = stored_entries(writer, plan);
	info.nulls = plan->nulls;
	info.scale = plan->scale;
	info.min = plan->min;
	info.max = plan->max;
	info.checksum = info.length > 0 ? focus_body_crc32c(0, buffer->data + start, info.length) : 0;
	info.inlined = inlined;
	focus_body_write_descriptor(buffer->data + reserved + FOCUS_BODY_PREFIX +
								(size_t) column * FOCUS_BODY_DESCRIPTOR, &info);
}

uint8_t *
focus_body_write(const FocusBodyInput *columns, int ncolumns, uint32_t rows, int flags,
				 size_t reserved, const FocusBodyMemory *memory, uint16_t *order, size_t *size)
{
	FocusBodyWriter *writer = focus_body_allocate(memory, sizeof(FocusBodyWriter));
	size_t		header_size = FOCUS_BODY_PREFIX + (size_t) ncolumns * FOCUS_BODY_DESCRIPTOR;

	memset(writer, 0, sizeof(*writer));
	writer->memory = memory;
	writer->buffer.memory = memory;
	writer->ncolumns = ncolumns;
	writer->rows = rows;
	writer->codes = rows + 1;
	writer->flags = flags;
	focus_body_scratch_init(&writer->scratch, writer->codes, memory);
	prepare(writer, columns);
	if (flags & FOCUS_BODY_SORT)
		focus_body_sort(writer, order);
	else if (order)
		for (uint32_t i = 0; i < rows; i++)
			order[i] = (uint16_t) i;
	for (int i = 0; i < ncolumns; i++)
		if (writer->plans[i].encoding != FOCUS_BODY_CONSTANT)
			estimate(writer, &writer->plans[i]);
	focus_body_derive(writer);

	focus_body_append(&writer->buffer, reserved + header_size);
	for (int i = 0; i < ncolumns; i++)
		write_column(writer, i, reserved);
	focus_body_write_header(writer->buffer.data + reserved, header_size, rows, ncolumns);
	*size = writer->buffer.size;
	return writer->buffer.data;
}
