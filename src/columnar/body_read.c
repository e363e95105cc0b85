/*-------------------------------------------------------------------------
 *
 * body_read.c
 *	  Reads columns of a body.
 *
 * Opening a column checks its segment: all that is read later lies within it,
 * lists are in order and maps lead to entries.  Only codes are checked when
 * they are read, because that costs nothing then.  What is unpacked when a
 * column is opened: entries, maps, exceptions, and runs.
 *
 *-------------------------------------------------------------------------
 */
#include "columnar/body_codec.h"

/* Rows that are read at a time where they take a detour */
#define PART_ROWS	256

struct FocusBodyCodec
{
	FocusBodyEncoding encoding;
	const FocusBodyColumn *parent;
	int64_t		min;			/* of the header */
	int64_t		max;
	FocusBodyStream rows;		/* DICTIONARY: codes.  DIRECT: numbers */
	/* Form NUMBERS */
	bool		has_nulls;
	FocusBodyStream nulls;		/* 1 for NULL */
	FocusBodyStream shown;
	int			digits;			/* SAME: to be multiplied by ten to this */
	/* Form CODES: by code, 0 included */
	int64_t    *number_of_code;
	uint8_t    *scale_of_code;
	uint16_t   *map;			/* DEPENDENT, by code of the parent */
	/* SAME and DEPENDENT: rows with a value or a code of their own */
	uint32_t	exceptions;
	uint16_t   *exception_rows;
	uint16_t   *exception_codes;
	int64_t    *exception_numbers;
};

/* Opening */
typedef struct Opening
{
	FocusBodyCursor cursor;
	const FocusBodyColumnInfo *info;
	const FocusBodyMemory *memory;
	FocusBodyColumn *column;
	struct FocusBodyCodec *codec;
} Opening;

/* Space for so many entries of numbers, and one for NULL */
static void
make_tables(Opening *o, size_t entries)
{
	struct FocusBodyCodec *codec = o->codec;

	codec->number_of_code = focus_body_allocate(o->memory, sizeof(int64_t) * (entries + 1));
	codec->number_of_code[0] = 0;
	o->column->numbers = codec->number_of_code + 1;
	if (o->info->kind != FOCUS_BODY_DECIMAL)
		return;
	codec->scale_of_code = focus_body_allocate(o->memory, entries + 1);
	codec->scale_of_code[0] = 0;
	o->column->scales = codec->scale_of_code + 1;
}

/* The dictionary of a column that has one of its own */
static bool
open_entries(Opening *o)
{
	uint32_t	entries = o->info->entries;
	FocusBodyStrings strings;

	o->column->entries = entries;
	if (entries == 0)
		return false;
	if (o->info->kind == FOCUS_BODY_BYTES)
	{
		if (!focus_body_read_bytes(&o->cursor, entries, o->memory, &strings))
			return false;
		o->column->offsets = strings.offsets;
		o->column->bytes = strings.bytes;
		return true;
	}
	make_tables(o, entries);
	return focus_body_read_numbers(&o->cursor, o->info->kind, o->info->scale, entries, o->memory,
								   o->codec->number_of_code + 1,
								   o->codec->scale_of_code ? o->codec->scale_of_code + 1 : NULL);
}

static bool
open_exceptions(Opening *o)
{
	struct FocusBodyCodec *codec = o->codec;
	uint32_t	count;
	FocusBodyStream stream;

	if (!focus_body_cursor32(&o->cursor, &count) || count > o->column->rows)
		return false;
	codec->exceptions = count;
	if (count == 0)
		return true;
	codec->exception_rows = focus_body_allocate(o->memory, sizeof(uint16_t) * count);
	if (!focus_body_stream_open(&o->cursor, count, o->memory, &stream) ||
		!focus_body_stream_codes(&stream, 0, count, o->column->rows - 1, codec->exception_rows))
		return false;
	for (uint32_t i = 1; i < count; i++)
		if (codec->exception_rows[i] <= codec->exception_rows[i - 1])
			return false;
	if (!focus_body_stream_open(&o->cursor, count, o->memory, &stream))
		return false;
	if (o->column->form == FOCUS_BODY_NUMBERS)
	{
		codec->exception_numbers = focus_body_allocate(o->memory, sizeof(int64_t) * count);
		focus_body_stream_numbers(&stream, 0, count, codec->exception_numbers);
		return true;
	}
	codec->exception_codes = focus_body_allocate(o->memory, sizeof(uint16_t) * count);
	return focus_body_stream_codes(&stream, 0, count, o->column->entries, codec->exception_codes);
}

static bool
open_nulls_and_shown(Opening *o)
{
	struct FocusBodyCodec *codec = o->codec;
	uint8_t		has_nulls;

	if (!focus_body_cursor8(&o->cursor, &has_nulls) || has_nulls > 1)
		return false;
	codec->has_nulls = has_nulls;
	if (has_nulls && !focus_body_stream_open(&o->cursor, o->column->rows, o->memory, &codec->nulls))
		return false;
	if (o->info->kind != FOCUS_BODY_DECIMAL)
		return true;
	return focus_body_stream_open(&o->cursor, o->column->rows, o->memory, &codec->shown);
}

static bool
open_sorted(Opening *o)
{
	uint8_t		sorted;

	if (!focus_body_cursor8(&o->cursor, &sorted) || sorted > 1)
		return false;
	o->column->sorted = sorted;
	return true;
}

/*
 * Encodings
 */
static bool
open_constant(Opening *o)
{
	FocusBodyColumn *column = o->column;
	uint32_t   *offsets;

	column->form = FOCUS_BODY_CODES;
	column->sorted = true;
	if (o->info->nulls == column->rows)
		return true;
	if (o->info->kind == FOCUS_BODY_BYTES && o->info->length > 0)
		return o->info->entries == 1 && open_entries(o);
	column->entries = 1;
	if (o->info->kind == FOCUS_BODY_BYTES)
	{
		if (o->info->inlined[0] >= FOCUS_BODY_INLINED)
			return false;
		offsets = focus_body_allocate(o->memory, sizeof(uint32_t) * 2);
		offsets[0] = 0;
		offsets[1] = o->info->inlined[0];
		column->offsets = offsets;
		column->bytes = (const char *) o->info->inlined + 1;
		return true;
	}
	make_tables(o, 1);
	o->codec->number_of_code[1] = o->info->min;
	if (o->codec->scale_of_code)
		o->codec->scale_of_code[1] = (uint8_t) o->info->scale;
	return true;
}

static bool
open_dictionary(Opening *o)
{
	o->column->form = FOCUS_BODY_CODES;
	return open_sorted(o) && open_entries(o) &&
		focus_body_stream_open(&o->cursor, o->column->rows, o->memory, &o->codec->rows);
}

static bool
open_direct(Opening *o)
{
	o->column->form = FOCUS_BODY_NUMBERS;
	return o->info->kind != FOCUS_BODY_BYTES &&
		focus_body_stream_open(&o->cursor, o->column->rows, o->memory, &o->codec->rows) &&
		open_nulls_and_shown(o);
}

static bool
open_same_numbers(Opening *o)
{
	o->column->form = FOCUS_BODY_NUMBERS;
	o->codec->digits = o->column->scale - o->codec->parent->scale;
	return o->info->kind != FOCUS_BODY_BYTES && open_exceptions(o) && open_nulls_and_shown(o);
}

/* Entries of the parent and then own ones */
static bool
join_bytes(Opening *o, uint32_t own)
{
	const FocusBodyColumn *parent = o->codec->parent;
	size_t		before = parent->entries > 0 ? parent->offsets[parent->entries] : 0;
	uint32_t   *offsets;
	char	   *bytes;
	FocusBodyStrings strings;

	if (own == 0)
	{
		o->column->offsets = parent->offsets;
		o->column->bytes = parent->bytes;
		return parent->entries > 0;
	}
	if (!focus_body_read_bytes(&o->cursor, own, o->memory, &strings) ||
		before + strings.offsets[own] > UINT32_MAX)
		return false;
	offsets = focus_body_allocate(o->memory, sizeof(uint32_t) * (o->column->entries + (size_t) 1));
	bytes = focus_body_allocate(o->memory, before + strings.offsets[own]);
	if (parent->entries > 0)
		memcpy(offsets, parent->offsets, sizeof(uint32_t) * parent->entries);
	if (before > 0)
		memcpy(bytes, parent->bytes, before);
	for (uint32_t i = 0; i <= own; i++)
		offsets[parent->entries + i] = (uint32_t) before + strings.offsets[i];
	if (strings.offsets[own] > 0)
		memcpy(bytes + before, strings.bytes, strings.offsets[own]);
	o->column->offsets = offsets;
	o->column->bytes = bytes;
	return true;
}

static bool
join_numbers(Opening *o, uint32_t own)
{
	const FocusBodyColumn *parent = o->codec->parent;
	struct FocusBodyCodec *codec = o->codec;
	uint32_t	inherited = parent->entries;

	make_tables(o, o->column->entries);
	if (inherited > 0)
		memcpy(codec->number_of_code + 1, parent->numbers, sizeof(int64_t) * inherited);
	if (inherited > 0 && codec->scale_of_code)
		memcpy(codec->scale_of_code + 1, parent->scales, inherited);
	return own == 0 ||
		focus_body_read_numbers(&o->cursor, o->info->kind, o->info->scale, own, o->memory,
								codec->number_of_code + 1 + inherited,
								codec->scale_of_code ? codec->scale_of_code + 1 + inherited : NULL);
}

static bool
open_same_codes(Opening *o)
{
	const FocusBodyColumn *parent = o->codec->parent;
	uint32_t	own;

	o->column->form = FOCUS_BODY_CODES;
	if (!focus_body_cursor32(&o->cursor, &own) || own > FOCUS_BODY_ENTRIES_MAX - parent->entries ||
		parent->kind != o->info->kind || parent->scale != o->info->scale)
		return false;
	o->column->entries = parent->entries + own;
	o->column->sorted = own == 0 && parent->sorted;
	if (o->column->entries != o->info->entries)
		return false;
	if (o->info->kind == FOCUS_BODY_BYTES ? !join_bytes(o, own) : !join_numbers(o, own))
		return false;
	return open_exceptions(o);
}

static bool
open_dependent(Opening *o)
{
	struct FocusBodyCodec *codec = o->codec;
	uint32_t	count = codec->parent->entries + 1;
	FocusBodyStream stream;

	o->column->form = FOCUS_BODY_CODES;
	if (codec->parent->form != FOCUS_BODY_CODES || !open_sorted(o) || !open_entries(o) ||
		!focus_body_stream_open(&o->cursor, count, o->memory, &stream))
		return false;
	codec->map = focus_body_allocate(o->memory, sizeof(uint16_t) * count);
	return focus_body_stream_codes(&stream, 0, count, o->column->entries, codec->map) &&
		open_exceptions(o);
}

static bool
open_encoding(Opening *o)
{
	switch (o->info->encoding)
	{
		case FOCUS_BODY_CONSTANT:
			return open_constant(o);
		case FOCUS_BODY_DICTIONARY:
			return open_dictionary(o);
		case FOCUS_BODY_DIRECT:
			return open_direct(o);
		case FOCUS_BODY_SAME:
			return o->codec->parent->form == FOCUS_BODY_NUMBERS
				? open_same_numbers(o) : open_same_codes(o);
		case FOCUS_BODY_DEPENDENT:
			return open_dependent(o);
	}
	return false;
}

FocusBodyStatus
focus_body_open(const FocusBodyHeader *header, int column, const uint8_t *segment,
				const FocusBodyColumn *parent, const FocusBodyMemory *memory,
				FocusBodyColumn *result)
{
	const FocusBodyColumnInfo *info = &header->columns[column];
	Opening		o;

	if (info->length > 0 && focus_body_crc32c(0, segment, info->length) != info->checksum)
		return FOCUS_BODY_DAMAGED;
	if ((info->parent >= 0) != (parent != NULL) || (parent && parent->rows != header->rows))
		return FOCUS_BODY_DAMAGED;
	memset(result, 0, sizeof(*result));
	result->kind = info->kind;
	result->rows = header->rows;
	result->nulls = info->nulls;
	result->scale = info->scale;
	result->codec = focus_body_allocate(memory, sizeof(struct FocusBodyCodec));
	memset(result->codec, 0, sizeof(struct FocusBodyCodec));
	result->codec->encoding = info->encoding;
	result->codec->parent = parent;
	result->codec->min = info->min;
	result->codec->max = info->max;

	o.cursor.at = segment;
	o.cursor.end = info->length > 0 ? segment + info->length : segment;
	o.info = info;
	o.memory = memory;
	o.column = result;
	o.codec = result->codec;
	if (!open_encoding(&o) || o.cursor.at != o.cursor.end)
		return FOCUS_BODY_DAMAGED;
	return FOCUS_BODY_OK;
}

/*
 * Codes
 */

/* The first exception in row or behind it */
static uint32_t
find_exception(const struct FocusBodyCodec *codec, uint32_t row)
{
	uint32_t	low = 0;
	uint32_t	high = codec->exceptions;

	while (low < high)
	{
		uint32_t	middle = (low + high) / 2;

		if (codec->exception_rows[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static FocusBodyStatus
derived_codes(const struct FocusBodyCodec *codec, uint32_t first, uint32_t count, uint16_t *codes)
{
	FocusBodyStatus status = focus_body_codes(codec->parent, first, count, codes);

	if (status != FOCUS_BODY_OK)
		return status;
	if (codec->map)
		for (uint32_t i = 0; i < count; i++)
			codes[i] = codec->map[codes[i]];
	for (uint32_t e = find_exception(codec, first);
		 e < codec->exceptions && codec->exception_rows[e] < first + count; e++)
		codes[codec->exception_rows[e] - first] = codec->exception_codes[e];
	return FOCUS_BODY_OK;
}

FocusBodyStatus
focus_body_codes(const FocusBodyColumn *column, uint32_t first, uint32_t count, uint16_t *codes)
{
	const struct FocusBodyCodec *codec = column->codec;

	if (first > column->rows || count > column->rows - first || column->form != FOCUS_BODY_CODES)
		return FOCUS_BODY_DAMAGED;
	if (codec->encoding == FOCUS_BODY_CONSTANT)
	{
		for (uint32_t i = 0; i < count; i++)
			codes[i] = (uint16_t) column->entries;
		return FOCUS_BODY_OK;
	}
	if (codec->encoding != FOCUS_BODY_DICTIONARY)
		return derived_codes(codec, first, count, codes);
	return focus_body_stream_codes(&codec->rows, first, count, column->entries, codes)
		? FOCUS_BODY_OK : FOCUS_BODY_DAMAGED;
}

/*
 * Numbers
 */
static FocusBodyStatus
numbers_by_codes(const FocusBodyColumn *column, uint32_t first, uint32_t count, int64_t *numbers,
				 bool *nulls, uint8_t *scales)
{
	const struct FocusBodyCodec *codec = column->codec;
	uint16_t	codes[PART_ROWS];

	while (count > 0)
	{
		uint32_t	part = count < PART_ROWS ? count : PART_ROWS;
		FocusBodyStatus status = focus_body_codes(column, first, part, codes);

		if (status != FOCUS_BODY_OK)
			return status;
		for (uint32_t i = 0; codec->number_of_code && i < part; i++)
			numbers[i] = codec->number_of_code[codes[i]];
		for (uint32_t i = 0; !codec->number_of_code && i < part; i++)
			numbers[i] = 0;
		for (uint32_t i = 0; nulls && i < part; i++)
			nulls[i] = codes[i] == 0;
		for (uint32_t i = 0; scales && i < part; i++)
			scales[i] = codec->scale_of_code ? codec->scale_of_code[codes[i]] : 0;
		first += part;
		count -= part;
		numbers += part;
		nulls = nulls ? nulls + part : NULL;
		scales = scales ? scales + part : NULL;
	}
	return FOCUS_BODY_OK;
}

/* Modulo 2^64; writers have made sure that the result is exact. */
static void
rescale(int64_t *numbers, uint32_t count, int digits)
{
	uint64_t	power = 1;
	int			n = digits < 0 ? -digits : digits;

	for (int i = 0; i < n && (digits > 0 || i < 19); i++)
		power *= 10;
	if (digits > 0)
		for (uint32_t i = 0; i < count; i++)
			numbers[i] = (int64_t) ((uint64_t) numbers[i] * power);
	else if (n >= 19)
		memset(numbers, 0, sizeof(int64_t) * count);
	else
		for (uint32_t i = 0; i < count; i++)
			numbers[i] /= (int64_t) power;
}

static FocusBodyStatus
same_numbers(const struct FocusBodyCodec *codec, uint32_t first, uint32_t count, int64_t *numbers)
{
	FocusBodyStatus status = focus_body_numbers(codec->parent, first, count, numbers, NULL, NULL);

	if (status != FOCUS_BODY_OK)
		return status;
	if (codec->digits != 0)
		rescale(numbers, count, codec->digits);
	for (uint32_t e = find_exception(codec, first);
		 e < codec->exceptions && codec->exception_rows[e] < first + count; e++)
		numbers[codec->exception_rows[e] - first] = codec->exception_numbers[e];
	return FOCUS_BODY_OK;
}

static FocusBodyStatus
read_nulls(const struct FocusBodyCodec *codec, uint32_t first, uint32_t count, bool *nulls)
{
	uint16_t	flags[PART_ROWS];

	if (!codec->has_nulls)
	{
		memset(nulls, 0, sizeof(bool) * count);
		return FOCUS_BODY_OK;
	}
	while (count > 0)
	{
		uint32_t	part = count < PART_ROWS ? count : PART_ROWS;

		if (!focus_body_stream_codes(&codec->nulls, first, part, 1, flags))
			return FOCUS_BODY_DAMAGED;
		for (uint32_t i = 0; i < part; i++)
			nulls[i] = flags[i] != 0;
		first += part;
		count -= part;
		nulls += part;
	}
	return FOCUS_BODY_OK;
}

FocusBodyStatus
focus_body_decimals(const FocusBodyColumn *column, uint32_t first, uint32_t count, uint8_t *shown)
{
	const FocusBodyStream *stream = &column->codec->shown;
	uint16_t	part_shown[PART_ROWS];

	if (first > column->rows || count > column->rows - first ||
		column->kind != FOCUS_BODY_DECIMAL || column->form != FOCUS_BODY_NUMBERS)
		return FOCUS_BODY_DAMAGED;
	if (stream->kind == FOCUS_STREAM_CONSTANT)
	{
		memset(shown, (int) stream->base, count);
		return stream->base <= FOCUS_BODY_TRIMMED ? FOCUS_BODY_OK : FOCUS_BODY_DAMAGED;
	}
	while (count > 0)
	{
		uint32_t	part = count < PART_ROWS ? count : PART_ROWS;

		if (!focus_body_stream_codes(stream, first, part, FOCUS_BODY_TRIMMED, part_shown))
			return FOCUS_BODY_DAMAGED;
		for (uint32_t i = 0; i < part; i++)
			shown[i] = (uint8_t) part_shown[i];
		first += part;
		count -= part;
		shown += part;
	}
	return FOCUS_BODY_OK;
}

static FocusBodyStatus
read_shown(const FocusBodyColumn *column, uint32_t first, uint32_t count, const int64_t *numbers,
		   uint8_t *scales)
{
	FocusBodyStatus status;

	if (column->kind != FOCUS_BODY_DECIMAL)
	{
		memset(scales, 0, count);
		return FOCUS_BODY_OK;
	}
	status = focus_body_decimals(column, first, count, scales);
	for (uint32_t i = 0; status == FOCUS_BODY_OK && i < count; i++)
		if (scales[i] == FOCUS_BODY_TRIMMED)
			scales[i] = (uint8_t) focus_body_trimmed(numbers[i], column->scale);
	return status;
}

FocusBodyStatus
focus_body_numbers(const FocusBodyColumn *column, uint32_t first, uint32_t count,
				   int64_t *numbers, bool *nulls, uint8_t *scales)
{
	const struct FocusBodyCodec *codec = column->codec;
	FocusBodyStatus status = FOCUS_BODY_OK;

	if (first > column->rows || count > column->rows - first || column->kind == FOCUS_BODY_BYTES)
		return FOCUS_BODY_DAMAGED;
	if (column->form == FOCUS_BODY_CODES)
		return numbers_by_codes(column, first, count, numbers, nulls, scales);
	if (codec->encoding == FOCUS_BODY_DIRECT)
		focus_body_stream_numbers(&codec->rows, first, count, numbers);
	else
		status = same_numbers(codec, first, count, numbers);
	if (status == FOCUS_BODY_OK && nulls)
		status = read_nulls(codec, first, count, nulls);
	if (status == FOCUS_BODY_OK && scales)
		status = read_shown(column, first, count, numbers, scales);
	return status;
}

/*
 * Bounds
 */
static bool
code_bounds(const FocusBodyColumn *column, uint32_t vector, int64_t *min, int64_t *max)
{
	int64_t		low;
	int64_t		high;

	if (!column->sorted || !focus_body_stream_bounds(&column->codec->rows, vector, &low, &high) ||
		low < 0 || high < 1)
		return false;
	if (high > column->entries)
		high = column->entries;
	if (low < 1)
		low = 1;
	if (low > high)
		return false;
	*min = column->numbers[low - 1];
	*max = column->numbers[high - 1];
	return true;
}

static bool
same_bounds(const FocusBodyColumn *column, uint32_t vector, int64_t *min, int64_t *max)
{
	const struct FocusBodyCodec *codec = column->codec;
	uint32_t	first = vector * FOCUS_BODY_VECTOR_ROWS;

	if (codec->digits != 0 || !focus_body_vector_bounds(codec->parent, vector, min, max))
		return false;
	for (uint32_t e = find_exception(codec, first);
		 e < codec->exceptions && codec->exception_rows[e] < first + FOCUS_BODY_VECTOR_ROWS; e++)
	{
		int64_t		number = codec->exception_numbers[e];

		*min = number < *min ? number : *min;
		*max = number > *max ? number : *max;
	}
	return true;
}

bool
focus_body_vector_bounds(const FocusBodyColumn *column, uint32_t vector, int64_t *min, int64_t *max)
{
	const struct FocusBodyCodec *codec = column->codec;
	bool		known = false;

	if (column->kind == FOCUS_BODY_BYTES ||
		vector >= (column->rows + FOCUS_BODY_VECTOR_ROWS - 1) / FOCUS_BODY_VECTOR_ROWS)
		return false;
	if (column->form == FOCUS_BODY_NUMBERS)
		known = codec->encoding == FOCUS_BODY_DIRECT
			? focus_body_stream_bounds(&codec->rows, vector, min, max)
			: same_bounds(column, vector, min, max);
	else if (codec->encoding == FOCUS_BODY_DICTIONARY)
		known = code_bounds(column, vector, min, max);
	if (!known || *min < codec->min)
		*min = codec->min;
	if (!known || *max > codec->max)
		*max = codec->max;
	return codec->min <= codec->max;
}
