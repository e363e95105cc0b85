/*-------------------------------------------------------------------------
 *
 * body_dictionary.c
 *	  Entries of dictionaries: their order, their writing and their reading.
 *
 * Numbers are a stream; for DECIMAL one of decimals shown follows.
 *
 * Bytes are a byte of flags, the size of all entries, and the stored size of
 * the text; then a stream of lengths, with FRONT_CODED one of the number of
 * bytes that each entry has in common with the one before it, which are left
 * out of the text; then the text, with COMPRESSED as one frame of zstd, behind
 * its size before that.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <zstd.h>

#include "columnar/body_codec.h"

#define FRONT_CODED		0x01
#define COMPRESSED		0x02

/* Below this size zstd's own overhead is too much. */
#define COMPRESS_MIN	64
#define COMPRESS_LEVEL	1

/* More entries than these keep the order of the rows, if all differ. */
#define UNSORTED_MIN	256

/*
 * Order
 */

/* What is sorted: bytes by their first eight as a number, then by the rest */
typedef struct SortItem
{
	uint64_t	key;
	const char *bytes;
	uint32_t	length;
	uint16_t	index;
} SortItem;

static int
compare_items(const void *left, const void *right)
{
	const SortItem *a = left;
	const SortItem *b = right;
	uint32_t	common;
	int			result;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->bytes)
	{
		common = a->length < b->length ? a->length : b->length;
		result = common > 8 ? memcmp(a->bytes + 8, b->bytes + 8, common - 8) : 0;
		if (result != 0)
			return result;
	}
	return a->length < b->length ? -1 : a->length > b->length;
}

static void
set_bytes_item(SortItem *item, const FocusBodyInput *input, uint16_t entry)
{
	item->bytes = input->bytes + input->offsets[entry];
	item->length = input->offsets[entry + 1] - input->offsets[entry];
	item->key = 0;
	for (uint32_t i = 0; i < 8; i++)
		item->key = item->key << 8 | (i < item->length ? (uint8_t) item->bytes[i] : 0);
}

static void
set_number_item(SortItem *item, const FocusBodyPlan *plan, uint32_t index)
{
	item->bytes = NULL;
	item->key = (uint64_t) plan->numbers[index] ^ UINT64_C(1) << 63;
	item->length = plan->shown ? plan->shown[index] : 0;
}

/* Code i + 1 becomes place[i] + 1. */
static void
renumber(FocusBodyWriter *writer, FocusBodyPlan *plan, const SortItem *items)
{
	uint32_t	n = plan->entries;
	uint16_t   *codes = focus_body_allocate(writer->memory, sizeof(uint16_t) * (n + 1));
	uint16_t   *entry = focus_body_allocate(writer->memory, sizeof(uint16_t) * n);
	int64_t    *numbers = NULL;
	uint8_t    *shown = NULL;

	if (plan->numbers)
		numbers = focus_body_allocate(writer->memory, sizeof(int64_t) * n);
	if (plan->shown)
		shown = focus_body_allocate(writer->memory, n);
	codes[0] = 0;
	for (uint32_t i = 0; i < n; i++)
	{
		uint16_t	from = items[i].index;

		codes[from + 1] = (uint16_t) (i + 1);
		entry[i] = plan->entry[from];
		if (numbers)
			numbers[i] = plan->numbers[from];
		if (shown)
			shown[i] = plan->shown[from];
	}
	for (uint32_t row = 0; row < writer->rows; row++)
		plan->codes[row] = codes[plan->codes[row]];
	plan->entry = entry;
	plan->numbers = numbers;
	plan->shown = shown;
}

/* Gives the entries the order in which they occur. */
static void
set_items_by_rows(FocusBodyWriter *writer, const FocusBodyPlan *plan, SortItem *items)
{
	uint8_t    *seen = focus_body_allocate(writer->memory, plan->entries + 1);
	uint32_t	n = 0;

	memset(seen, 0, plan->entries + 1);
	seen[0] = 1;
	for (uint32_t row = 0; row < writer->rows; row++)
	{
		uint16_t	code = plan->codes[row];

		if (!seen[code])
			items[n++].index = (uint16_t) (code - 1);
		seen[code] = 1;
	}
}

void
focus_body_order_entries(FocusBodyWriter *writer, FocusBodyPlan *plan)
{
	SortItem   *items;
	bool		by_number = plan->kind != FOCUS_BODY_BYTES;

	plan->sorted = true;
	if (plan->entries < 2)
		return;
	items = focus_body_allocate(writer->memory, sizeof(SortItem) * plan->entries);
	if (!by_number && plan->entries >= UNSORTED_MIN && plan->entries + plan->nulls == writer->rows)
	{
		plan->sorted = false;
		set_items_by_rows(writer, plan, items);
	}
	else
	{
		for (uint32_t i = 0; i < plan->entries; i++)
		{
			items[i].index = (uint16_t) i;
			if (by_number)
				set_number_item(&items[i], plan, i);
			else
				set_bytes_item(&items[i], plan->input, plan->entry[i]);
		}
		qsort(items, plan->entries, sizeof(SortItem), compare_items);
	}
	renumber(writer, plan, items);
}

/*
 * Numbers
 */
int
focus_body_trimmed(int64_t number, int scale)
{
	int			zeros;

	if (number == 0)
		return 0;

	/* No more decimal zeros at the end than binary ones; most numbers have none. */
	zeros = __builtin_ctzll((uint64_t) number);
	while (scale > 0 && zeros > 0 && number % 10 == 0)
	{
		number /= 10;
		scale--;
		zeros--;
	}
	return scale;
}

/* Does the entry show no more decimals than it needs? */
static bool
is_trimmed(const FocusBodyPlan *plan, uint32_t i)
{
	return plan->shown[i] == 0 || plan->input->numbers[plan->entry[i]] % 10 != 0;
}

void
focus_body_shown(const FocusBodyPlan *plan, const uint16_t *codes, uint32_t first, uint32_t count,
				 int64_t *result)
{
	int64_t		mode = plan->entries > 0 ? plan->shown[0] : 0;

	for (uint32_t i = 0; i < count; i++)
	{
		uint32_t	entry = codes ? codes[i] - 1u : first + i;

		/*
		 * Where a value can be said both ways, it is said like the one
		 * before.
		 */
		if (entry != UINT32_MAX &&
			mode != plan->shown[entry] && (mode != FOCUS_BODY_TRIMMED || !is_trimmed(plan, entry)))
			mode = is_trimmed(plan, entry) ? FOCUS_BODY_TRIMMED : plan->shown[entry];
		result[i] = mode;
	}
}

void
focus_body_write_numbers(FocusBodyWriter *writer, const FocusBodyPlan *plan, uint32_t first)
{
	uint32_t	count = plan->entries - first;

	focus_body_stream_write(&writer->buffer, &writer->scratch, plan->numbers + first, count, true);
	if (plan->kind != FOCUS_BODY_DECIMAL)
		return;
	focus_body_shown(plan, NULL, first, count, writer->scratch.numbers);
	focus_body_stream_write(&writer->buffer, &writer->scratch, writer->scratch.numbers, count, true);
}

bool
focus_body_read_numbers(FocusBodyCursor *cursor, FocusBodyKind kind, int scale, uint32_t count,
						const FocusBodyMemory *memory, int64_t *numbers, uint8_t *scales)
{
	FocusBodyStream stream;
	uint16_t	shown[256];

	if (!focus_body_stream_open(cursor, count, memory, &stream))
		return false;
	focus_body_stream_numbers(&stream, 0, count, numbers);
	if (kind != FOCUS_BODY_DECIMAL)
		return true;
	if (!focus_body_stream_open(cursor, count, memory, &stream))
		return false;
	for (uint32_t first = 0; first < count; first += 256)
	{
		uint32_t	part = count - first < 256 ? count - first : 256;

		if (!focus_body_stream_codes(&stream, first, part, FOCUS_BODY_TRIMMED, shown))
			return false;
		for (uint32_t i = 0; i < part; i++)
			scales[first + i] = shown[i] == FOCUS_BODY_TRIMMED
				? (uint8_t) focus_body_trimmed(numbers[first + i], scale) : (uint8_t) shown[i];
	}
	return true;
}

/*
 * Bytes
 */
static uint32_t
entry_length(const FocusBodyPlan *plan, uint32_t i)
{
	const uint32_t *offset = plan->input->offsets + plan->entry[i];

	return offset[1] - offset[0];
}

static const char *
entry_bytes(const FocusBodyPlan *plan, uint32_t i)
{
	return plan->input->bytes + plan->input->offsets[plan->entry[i]];
}

static uint32_t
common_prefix(const FocusBodyPlan *plan, uint32_t i)
{
	uint32_t	a = entry_length(plan, i - 1);
	uint32_t	b = entry_length(plan, i);
	uint32_t	max = a < b ? a : b;
	uint32_t	n = 0;

	while (n < max && entry_bytes(plan, i - 1)[n] == entry_bytes(plan, i)[n])
		n++;
	return n;
}

/* Copies the entries without their first prefix[i] bytes. */
static void
join_entries(const FocusBodyPlan *plan, uint32_t first, const int64_t *prefix, char *dest)
{
	for (uint32_t i = first; i < plan->entries; i++)
	{
		uint32_t	skipped = prefix ? (uint32_t) prefix[i - first] : 0;
		uint32_t	length = entry_length(plan, i) - skipped;

		if (length > 0)
			memcpy(dest, entry_bytes(plan, i) + skipped, length);
		dest += length;
	}
}

/*
 * Contexts of zstd are kept for good, because making one takes longer than
 * most dictionaries do.
 */
static ZSTD_CCtx *
compressor(void)
{
	static _Thread_local ZSTD_CCtx *context = NULL;

	if (!context)
		context = ZSTD_createCCtx();
	return context;
}

static ZSTD_DCtx *
decompressor(void)
{
	static _Thread_local ZSTD_DCtx *context = NULL;

	if (!context)
		context = ZSTD_createDCtx();
	return context;
}

/* Size of text when compressed, or 0 where that does not pay. */
static size_t
compress_text(FocusBodyWriter *writer, const char *text, size_t size, char **compressed)
{
	size_t		space = ZSTD_compressBound(size);
	size_t		result;

	if (!(writer->flags & FOCUS_BODY_COMPRESS) || size < COMPRESS_MIN || !compressor())
		return 0;
	*compressed = focus_body_allocate(writer->memory, space);
	result = ZSTD_compressCCtx(compressor(), *compressed, space, text, size, COMPRESS_LEVEL);
	if (ZSTD_isError(result) || result + result / 8 > size)
		return 0;
	return result;
}

/* A form of the text */
typedef struct TextForm
{
	char	   *text;
	size_t		size;
	char	   *stored;
	size_t		stored_size;
	uint8_t		flags;
} TextForm;

static void
make_form(FocusBodyWriter *writer, const FocusBodyPlan *plan, uint32_t first,
		  const int64_t *prefix, size_t size, TextForm *form)
{
	form->text = focus_body_allocate(writer->memory, size);
	form->size = size;
	form->flags = prefix ? FRONT_CODED : 0;
	join_entries(plan, first, prefix, form->text);
	form->stored_size = compress_text(writer, form->text, size, &form->stored);
	if (form->stored_size > 0)
		form->flags |= COMPRESSED;
	else
	{
		form->stored = form->text;
		form->stored_size = size;
	}
}

void
focus_body_write_bytes(FocusBodyWriter *writer, const FocusBodyPlan *plan, uint32_t first)
{
	FocusBodyBuffer *buffer = &writer->buffer;
	uint32_t	count = plan->entries - first;
	int64_t    *prefix = writer->scratch.rows;
	int64_t    *lengths = writer->scratch.numbers;
	size_t		size = 0;
	size_t		in_common = 0;
	size_t		prefix_size;
	TextForm	form;
	TextForm	coded;

	for (uint32_t i = 0; i < count; i++)
	{
		lengths[i] = entry_length(plan, first + i);
		prefix[i] = plan->sorted && i > 0 ? common_prefix(plan, first + i) : 0;
		size += (size_t) lengths[i];
		in_common += (size_t) prefix[i];
	}
	make_form(writer, plan, first, NULL, size, &form);
	prefix_size = focus_body_stream_size(&writer->scratch, prefix, count, true);
	if (in_common > prefix_size)
	{
		make_form(writer, plan, first, prefix, size - in_common, &coded);
		if (coded.stored_size + prefix_size < form.stored_size)
			form = coded;
	}
	/* Readers refuse to unpack what grows too much. */
	if (size > (form.stored_size + count) * FOCUS_BODY_EXPANSION_MAX)
	{
		form.stored = focus_body_allocate(writer->memory, size);
		join_entries(plan, first, NULL, form.stored);
		form.stored_size = size;
		form.flags = 0;
	}

	focus_body_append8(buffer, form.flags);
	focus_body_append32(buffer, (uint32_t) size);
	focus_body_append32(buffer, (uint32_t) form.stored_size);
	focus_body_stream_write(buffer, &writer->scratch, lengths, count, true);
	if (form.flags & FRONT_CODED)
		focus_body_stream_write(buffer, &writer->scratch, prefix, count, true);
	if (form.flags & COMPRESSED)
		focus_body_append32(buffer, (uint32_t) form.size);
	memcpy(focus_body_append(buffer, form.stored_size), form.stored, form.stored_size);
}

/* Sets the offsets; false unless the lengths make up size. */
static bool
read_lengths(FocusBodyCursor *cursor, uint32_t count, size_t size, const FocusBodyMemory *memory,
			 uint32_t *offsets)
{
	FocusBodyStream stream;
	int64_t    *lengths;
	size_t		at = 0;

	if (!focus_body_stream_open(cursor, count, memory, &stream))
		return false;
	lengths = focus_body_allocate(memory, sizeof(int64_t) * count);
	focus_body_stream_numbers(&stream, 0, count, lengths);
	for (uint32_t i = 0; i < count; i++)
	{
		offsets[i] = (uint32_t) at;
		if (lengths[i] < 0 || (uint64_t) lengths[i] > size - at)
			return false;
		at += (size_t) lengths[i];
	}
	offsets[count] = (uint32_t) at;
	return at == size;
}

/* Puts the common prefixes back. */
static bool
decode_front(const uint8_t *rest, size_t rest_size, const int64_t *prefix, uint32_t count,
			 const uint32_t *offsets, char *bytes)
{
	size_t		before = 0;

	for (uint32_t i = 0; i < count; i++)
	{
		size_t		length = offsets[i + 1] - offsets[i];
		size_t		skipped = (size_t) prefix[i];

		if (prefix[i] < 0 || (uint64_t) prefix[i] > length || (uint64_t) prefix[i] > before ||
			length - skipped > rest_size)
			return false;
		if (skipped > 0)
			memcpy(bytes + offsets[i], bytes + offsets[i - 1], skipped);
		if (length > skipped)
			memcpy(bytes + offsets[i] + skipped, rest, length - skipped);
		rest += length - skipped;
		rest_size -= length - skipped;
		before = length;
	}
	return rest_size == 0;
}

bool
focus_body_read_bytes(FocusBodyCursor *cursor, uint32_t count, const FocusBodyMemory *memory,
					  FocusBodyStrings *strings)
{
	uint8_t		flags;
	uint32_t	size;
	uint32_t	stored_size;
	uint32_t	text_size;
	const uint8_t *text;
	FocusBodyStream stream;
	int64_t    *prefix = NULL;
	char	   *bytes;

	if (!focus_body_cursor8(cursor, &flags) || (flags & ~(FRONT_CODED | COMPRESSED)) != 0 ||
		!focus_body_cursor32(cursor, &size) || !focus_body_cursor32(cursor, &stored_size) ||
		stored_size > (size_t) (cursor->end - cursor->at) ||
		size > ((size_t) stored_size + count) * FOCUS_BODY_EXPANSION_MAX)
		return false;
	strings->offsets = focus_body_allocate(memory, sizeof(uint32_t) * ((size_t) count + 1));
	if (!read_lengths(cursor, count, size, memory, strings->offsets))
		return false;
	if (flags & FRONT_CODED)
	{
		if (!focus_body_stream_open(cursor, count, memory, &stream))
			return false;
		prefix = focus_body_allocate(memory, sizeof(int64_t) * count);
		focus_body_stream_numbers(&stream, 0, count, prefix);
	}
	text_size = stored_size;
	if (flags & COMPRESSED && (!focus_body_cursor32(cursor, &text_size) || text_size > size))
		return false;
	if (!focus_body_cursor_bytes(cursor, stored_size, &text))
		return false;
	if (flags & COMPRESSED)
	{
		bytes = focus_body_allocate(memory, text_size);
		if (!decompressor() ||
			ZSTD_decompressDCtx(decompressor(), bytes, text_size, text, stored_size) != text_size)
			return false;
		text = (const uint8_t *) bytes;
	}
	strings->bytes = (const char *) text;

	if (!prefix)
		return text_size == size;
	bytes = focus_body_allocate(memory, size);
	strings->bytes = bytes;
	return decode_front(text, text_size, prefix, count, strings->offsets, bytes);
}
