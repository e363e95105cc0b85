/*-------------------------------------------------------------------------
 *
 * body.c
 *	  Fuzz harness for the writer of group bodies.
 *
 * The bytes say how columns are made: their kinds, their entries, and how
 * their rows follow from rows before, from other columns or from nothing.
 * What is written reads the same, in the order that the writer tells; a part
 * of a column reads like the whole; and bounds are kept.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "columnar/body.h"
#include "body_memory.h"

#define COLUMNS_MAX	8
#define ROWS_MAX	5000
#define ENTRIES_MAX	5000
#define BYTES_MAX	(ENTRIES_MAX * 64)

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Source
{
	const uint8_t *data;
	size_t		size;
	uint64_t	random;
} Source;

typedef struct Column
{
	FocusBodyInput input;
	uint16_t	codes[ROWS_MAX];
	int64_t		numbers[ENTRIES_MAX];
	uint8_t		scales[ENTRIES_MAX];
	uint32_t	offsets[ENTRIES_MAX + 1];
	char		bytes[BYTES_MAX];
} Column;

static Column columns[COLUMNS_MAX];

static uint8_t
take(Source *source)
{
	if (source->size == 0)
		return 0;
	source->size--;
	return *source->data++;
}

static uint64_t
take64(Source *source)
{
	uint64_t	result = 0;

	for (int i = 0; i < 8; i++)
		result = result << 8 | take(source);
	return result;
}

static uint32_t
roll(Source *source, uint32_t below)
{
	source->random = source->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return below ? (uint32_t) (source->random >> 33) % below : 0;
}

/*
 * Making columns
 */
static bool
number_is_new(const Column *column, uint32_t count, int64_t number, uint8_t scale)
{
	for (uint32_t i = 0; i < count; i++)
		if (column->numbers[i] == number && column->scales[i] == scale)
			return false;
	return true;
}

static void
make_numbers(Source *source, Column *column, uint32_t wanted)
{
	uint8_t		how = take(source);
	uint64_t	base = how & 1 ? take64(source) : 0;
	uint64_t	step = how & 2 ? take64(source) : (how >> 4) + 1u;
	uint8_t		scale = take(source) % 20;
	uint32_t	n = 0;

	for (uint32_t i = 0; i < wanted; i++)
	{
		uint64_t	factor = how & 4 ? i : roll(source, 1 << (how >> 3 & 15));
		int64_t		number = (int64_t) (base + step * factor);
		uint8_t		shown = column->input.kind == FOCUS_BODY_DECIMAL ? scale : 0;

		if (shown && how & 128)
			shown = (uint8_t) roll(source, scale + 1u);
		if (wanted > 300 ? how & 4 || number_is_new(column, n < 300 ? n : 300, number, shown)
			: number_is_new(column, n, number, shown))
		{
			column->numbers[n] = number;
			column->scales[n++] = shown;
		}
		if (n > 300 && !(how & 4))
			break;
	}
	column->input.entries = n;
	if (column->input.kind == FOCUS_BODY_DECIMAL &&
		!focus_body_decimal_fits(column->numbers, column->scales, n))
		column->input.kind = FOCUS_BODY_INT;
}

static void
make_bytes(Source *source, Column *column, uint32_t wanted)
{
	uint8_t		how = take(source);
	uint8_t		prefix = take(source) % 32;
	uint32_t	at = 0;

	/* A counter makes them differ; without it there is but one. */
	if (!(how & 1))
		wanted = wanted > 0;
	for (uint32_t i = 0; i < wanted; i++)
	{
		column->offsets[i] = at;
		for (int k = 0; k < prefix; k++)
			column->bytes[at++] = (char) (how & 2 ? 'a' : roll(source, 256));
		if (how & 1)
		{
			memcpy(column->bytes + at, &i, 2);
			at += 2;
			if (how & 4)
				column->bytes[at++] = 0;
		}
		column->offsets[i + 1] = at;
	}
	column->input.entries = wanted;

	/*
	 * Random bytes of different lengths could repeat, but not behind a
	 * counter in front; so all have the same length.
	 */
}

static void
make_rows(Source *source, int which, uint32_t rows)
{
	Column	   *column = &columns[which];
	uint8_t		how = take(source);
	uint32_t	noise = take(source);
	const Column *other = &columns[which > 0 ? roll(source, (uint32_t) which) : 0];
	uint32_t	values = column->input.entries + 1;
	uint16_t	code = 0;

	for (uint32_t row = 0; row < rows; row++)
	{
		switch (how & 3)
		{
			case 0:
				code = (uint16_t) roll(source, values);
				break;
			case 1:
				if (roll(source, 20) == 0)
					code = (uint16_t) roll(source, values);
				break;
			case 2:
				code = (uint16_t) ((which > 0 ? other->codes[row] : row) * (1u + (how >> 6)) % values);
				break;
			case 3:
				code = (uint16_t) (row % values);
				break;
		}
		column->codes[row] = code;
		if (noise > 0 && roll(source, 256) < noise / 8)
			column->codes[row] = (uint16_t) roll(source, values);
		if (how & 4 && column->codes[row] == 0)
			column->codes[row] = values > 1 ? 1 : 0;
	}
}

static void
make_column(Source *source, int which, uint32_t rows)
{
	Column	   *column = &columns[which];
	uint8_t		how = take(source);
	uint32_t	wanted = how & 4 ? rows : take(source);

	memset(&column->input, 0, sizeof(column->input));
	column->offsets[0] = 0;
	column->input.kind = (FocusBodyKind) (1 + (how & 3) % 3);
	if (wanted > ENTRIES_MAX)
		wanted = ENTRIES_MAX;
	if (which > 0 && how & 8)
	{
		/* The entries of the column before, so that columns are alike */
		memcpy(column->numbers, column[-1].numbers, sizeof(column->numbers));
		memcpy(column->scales, column[-1].scales, sizeof(column->scales));
		memcpy(column->offsets, column[-1].offsets, sizeof(column->offsets));
		memcpy(column->bytes, column[-1].bytes, sizeof(column->bytes));
		column->input.kind = column[-1].input.kind;
		column->input.entries = column[-1].input.entries;
	}
	else if (column->input.kind == FOCUS_BODY_BYTES)
		make_bytes(source, column, wanted);
	else
		make_numbers(source, column, wanted);
	column->input.codes = column->codes;
	column->input.numbers = column->numbers;
	column->input.scales = column->scales;
	column->input.offsets = column->offsets;
	column->input.bytes = column->bytes;
	make_rows(source, which, rows);
	if (how & 16 && take(source) == 0)
	{
		column->input.codes = NULL;
		memset(column->codes, 0, sizeof(column->codes));
	}
}

/*
 * Comparing
 */
static void
check_entry(const Column *column, uint16_t code, const FocusBodyColumn *read, uint16_t read_code)
{
	uint32_t	entry = code - 1u;
	uint32_t	length;

	CHECK((code == 0) == (read_code == 0));
	CHECK(read_code <= read->entries);
	if (code == 0 || column->input.kind != FOCUS_BODY_BYTES)
		return;
	length = column->offsets[entry + 1] - column->offsets[entry];
	CHECK(read->offsets[read_code] - read->offsets[read_code - 1] == length);
	CHECK(length == 0 || memcmp(read->bytes + read->offsets[read_code - 1],
								column->bytes + column->offsets[entry], length) == 0);
}

static int64_t
number_at(int64_t number, int digits)
{
	uint64_t	result = (uint64_t) number;

	while (digits-- > 0)
		result *= 10;
	return (int64_t) result;
}

static void
check_numbers(const Column *column, const FocusBodyColumn *read, const FocusBodyColumnInfo *info,
			  uint32_t rows, const uint16_t *order)
{
	static int64_t numbers[ROWS_MAX];
	static bool nulls[ROWS_MAX];
	static uint8_t scales[ROWS_MAX];
	bool		is_decimal = read->kind == FOCUS_BODY_DECIMAL;
	int64_t		low = INT64_MAX;
	int64_t		high = INT64_MIN;

	CHECK(focus_body_numbers(read, 0, rows, numbers, nulls, scales) == FOCUS_BODY_OK);
	for (uint32_t row = 0; row < rows; row++)
	{
		uint16_t	code = column->codes[order[row]];
		int64_t		min;
		int64_t		max;

		CHECK(nulls[row] == (code == 0));
		if (code == 0)
			continue;
		if (is_decimal)
			CHECK(scales[row] == column->scales[code - 1]);
		CHECK(numbers[row] == number_at(column->numbers[code - 1], is_decimal ? read->scale - scales[row] : 0));
		low = numbers[row] < low ? numbers[row] : low;
		high = numbers[row] > high ? numbers[row] : high;
		CHECK(focus_body_vector_bounds(read, row / FOCUS_BODY_VECTOR_ROWS, &min, &max));
		CHECK(numbers[row] >= min && numbers[row] <= max);
	}
	CHECK(low > high ? info->min > info->max : info->min == low && info->max == high);
}

static void
check_column(const Column *column, const FocusBodyColumn *read, const FocusBodyColumnInfo *info,
			 uint32_t rows, const uint16_t *order, Source *source)
{
	static uint16_t codes[ROWS_MAX];
	static uint16_t part[ROWS_MAX];
	static int64_t numbers[ROWS_MAX];
	static int64_t part_numbers[ROWS_MAX];
	uint32_t	first = roll(source, rows);
	uint32_t	count = roll(source, rows - first + 1);
	uint32_t	nulls = 0;

	for (uint32_t row = 0; row < rows; row++)
		nulls += column->codes[row] == 0;
	CHECK(read->nulls == nulls && info->nulls == nulls);
	if (read->kind != FOCUS_BODY_BYTES)
	{
		check_numbers(column, read, info, rows, order);
		CHECK(focus_body_numbers(read, 0, rows, numbers, NULL, NULL) == FOCUS_BODY_OK);
		CHECK(focus_body_numbers(read, first, count, part_numbers, NULL, NULL) == FOCUS_BODY_OK);
		CHECK(memcmp(numbers + first, part_numbers, sizeof(int64_t) * count) == 0);
	}
	if (read->form != FOCUS_BODY_CODES)
		return;
	CHECK(focus_body_codes(read, 0, rows, codes) == FOCUS_BODY_OK);
	CHECK(focus_body_codes(read, first, count, part) == FOCUS_BODY_OK);
	CHECK(memcmp(codes + first, part, sizeof(uint16_t) * count) == 0);
	for (uint32_t row = 0; row < rows; row++)
		check_entry(column, column->codes[order[row]], read, codes[row]);
	for (uint32_t i = 1; read->sorted && read->kind != FOCUS_BODY_BYTES && i < read->entries; i++)
		CHECK(read->numbers[i] >= read->numbers[i - 1]);
}

static void
check_order(const uint16_t *order, uint32_t rows, bool sorted)
{
	static bool seen[ROWS_MAX];

	memset(seen, 0, sizeof(seen));
	for (uint32_t row = 0; row < rows; row++)
	{
		CHECK(order[row] < rows && !seen[order[row]]);
		CHECK(sorted || order[row] == row);
		seen[order[row]] = true;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Source		source = {data, size, 0};
	FocusBodyMemory memory = {allocate, NULL};
	int			flags = take(&source) & (FOCUS_BODY_SORT | FOCUS_BODY_COMPRESS);
	uint32_t	rows = (take(&source) | (uint32_t) take(&source) << 8) % ROWS_MAX;
	int			ncolumns = 1 + take(&source) % COLUMNS_MAX;
	FocusBodyInput inputs[COLUMNS_MAX];
	FocusBodyColumn opened[COLUMNS_MAX];
	static uint16_t order[ROWS_MAX];
	FocusBodyHeader header;
	uint8_t    *whole;
	uint8_t    *body;
	size_t		body_size;

	source.random = take(&source);
	for (int i = 0; i < ncolumns; i++)
	{
		make_column(&source, i, rows);
		inputs[i] = columns[i].input;
	}
	whole = focus_body_write(inputs, ncolumns, rows, flags, 4, &memory, order, &body_size);
	body_size -= 4;
	body = allocate(NULL, body_size);
	memcpy(body, whole + 4, body_size);
	check_order(order, rows, flags & FOCUS_BODY_SORT);

	CHECK(focus_body_read_header(body, body_size, body_size, &memory, &header) == FOCUS_BODY_OK);
	CHECK(header.rows == rows && header.ncolumns == ncolumns && header.body_size == body_size);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < ncolumns; i++)
		{
			const FocusBodyColumnInfo *info = &header.columns[i];

			if ((info->parent >= 0) != (pass == 1))
				continue;
			CHECK(focus_body_open(&header, i, body + info->offset,
								  info->parent < 0 ? NULL : &opened[info->parent], &memory,
								  &opened[i]) == FOCUS_BODY_OK);
		}
	for (int i = 0; i < ncolumns; i++)
		check_column(&columns[i], &opened[i], &header.columns[i], rows, order, &source);
	free_blocks();
	return 0;
}
