/*-------------------------------------------------------------------------
 *
 * body_unstream.c
 *	  Reads streams; what they are is said in body_stream.c.
 *
 * A stream is opened before it is read.  Opening checks all that a later read
 * relies on, and unpacks runs and differences; so reading cannot fail.
 *
 *-------------------------------------------------------------------------
 */
#include "columnar/body_codec.h"

static bool open_stream(FocusBodyCursor *cursor, uint32_t count, const FocusBodyMemory *memory,
						FocusBodyStream *stream, int depth);

/*
 * Cursors
 */
bool
focus_body_cursor_bytes(FocusBodyCursor *cursor, size_t size, const uint8_t **bytes)
{
	if ((size_t) (cursor->end - cursor->at) < size)
		return false;
	*bytes = cursor->at;
	cursor->at += size;
	return true;
}

bool
focus_body_cursor8(FocusBodyCursor *cursor, uint8_t *value)
{
	const uint8_t *bytes;

	if (!focus_body_cursor_bytes(cursor, 1, &bytes))
		return false;
	*value = *bytes;
	return true;
}

bool
focus_body_cursor32(FocusBodyCursor *cursor, uint32_t *value)
{
	const uint8_t *bytes;

	if (!focus_body_cursor_bytes(cursor, 4, &bytes))
		return false;
	*value = focus_body_get32(bytes);
	return true;
}

bool
focus_body_cursor64(FocusBodyCursor *cursor, uint64_t *value)
{
	const uint8_t *bytes;

	if (!focus_body_cursor_bytes(cursor, 8, &bytes))
		return false;
	*value = focus_body_get64(bytes);
	return true;
}

/*
 * Opening
 */

/* Can base + factor * bits exceed 16 bits, where there are width bits? */
static bool
is_small(uint64_t base, uint64_t factor, int width)
{
	return width <= 16 && base <= UINT16_MAX && factor <= UINT16_MAX &&
		base + factor * focus_body_mask(width) <= UINT16_MAX;
}

static bool
open_packed(FocusBodyCursor *cursor, FocusBodyStream *stream)
{
	if (!focus_body_cursor8(cursor, &stream->width) || stream->width > 64 ||
		!focus_body_cursor64(cursor, &stream->base) ||
		!focus_body_cursor64(cursor, &stream->factor))
		return false;
	stream->small = is_small(stream->base, stream->factor, stream->width);
	return focus_body_cursor_bytes(cursor, focus_body_packed_size(stream->count, stream->width),
								   &stream->bits);
}

static bool
open_frames(FocusBodyCursor *cursor, const FocusBodyMemory *memory, FocusBodyStream *stream)
{
	uint32_t	vectors = (stream->count + FOCUS_BODY_VECTOR_ROWS - 1) / FOCUS_BODY_VECTOR_ROWS;
	uint8_t		base_width;
	const uint8_t *packed;
	size_t		size = 0;

	if (!focus_body_cursor8(cursor, &base_width) || base_width > 64 ||
		!focus_body_cursor64(cursor, &stream->base) ||
		!focus_body_cursor64(cursor, &stream->factor) ||
		!focus_body_cursor_bytes(cursor, focus_body_packed_size(vectors, base_width), &packed) ||
		!focus_body_cursor_bytes(cursor, vectors, &stream->widths))
		return false;
	stream->bases = focus_body_allocate(memory, sizeof(uint64_t) * vectors);
	stream->starts = focus_body_allocate(memory, sizeof(uint32_t) * vectors);
	focus_body_unpack(packed, cursor->end, base_width, 0, vectors, stream->base, stream->factor,
					  (int64_t *) stream->bases);
	stream->small = true;
	for (uint32_t v = 0; v < vectors; v++)
	{
		uint32_t	rows = stream->count - v * FOCUS_BODY_VECTOR_ROWS;

		if (stream->widths[v] > 64)
			return false;
		stream->starts[v] = (uint32_t) size;
		size += focus_body_packed_size(rows < FOCUS_BODY_VECTOR_ROWS ? rows : FOCUS_BODY_VECTOR_ROWS,
									   stream->widths[v]);
		stream->small = stream->small &&
			is_small(stream->bases[v], stream->factor, stream->widths[v]);
	}
	return focus_body_cursor_bytes(cursor, size, &stream->bits);
}

static bool
open_runs(FocusBodyCursor *cursor, const FocusBodyMemory *memory, FocusBodyStream *stream,
		  int depth)
{
	FocusBodyStream lengths;
	FocusBodyStream values;
	uint64_t	end = 0;

	if (depth == FOCUS_STREAM_DEPTH_MAX || !focus_body_cursor32(cursor, &stream->runs) ||
		stream->runs == 0 || stream->runs > stream->count ||
		!open_stream(cursor, stream->runs, memory, &lengths, depth + 1) ||
		!open_stream(cursor, stream->runs, memory, &values, depth + 1))
		return false;
	stream->run_ends = focus_body_allocate(memory, sizeof(uint32_t) * stream->runs);
	stream->values = focus_body_allocate(memory, sizeof(int64_t) * stream->runs);
	focus_body_stream_numbers(&lengths, 0, stream->runs, stream->values);
	for (uint32_t i = 0; i < stream->runs; i++)
	{
		if (stream->values[i] <= 0 || stream->values[i] > stream->count)
			return false;
		end += (uint64_t) stream->values[i];
		if (end > stream->count)
			return false;
		stream->run_ends[i] = (uint32_t) end;
	}
	focus_body_stream_numbers(&values, 0, stream->runs, stream->values);
	return end == stream->count;
}

static bool
open_deltas(FocusBodyCursor *cursor, const FocusBodyMemory *memory, FocusBodyStream *stream,
			int depth)
{
	FocusBodyStream deltas;
	uint64_t	value;

	if (depth == FOCUS_STREAM_DEPTH_MAX || stream->count == 0 ||
		!focus_body_cursor64(cursor, &value) ||
		!open_stream(cursor, stream->count - 1, memory, &deltas, depth + 1))
		return false;
	stream->values = focus_body_allocate(memory, sizeof(int64_t) * stream->count);
	focus_body_stream_numbers(&deltas, 0, stream->count - 1, stream->values + 1);
	stream->values[0] = (int64_t) value;
	for (uint32_t i = 1; i < stream->count; i++)
	{
		value += (uint64_t) stream->values[i];
		stream->values[i] = (int64_t) value;
	}
	return true;
}

static bool
open_stream(FocusBodyCursor *cursor, uint32_t count, const FocusBodyMemory *memory,
			FocusBodyStream *stream, int depth)
{
	memset(stream, 0, sizeof(*stream));
	stream->count = count;
	stream->end = cursor->end;
	if (count > FOCUS_BODY_ROWS_MAX || !focus_body_cursor8(cursor, &stream->kind))
		return false;
	switch (stream->kind)
	{
		case FOCUS_STREAM_CONSTANT:
			return focus_body_cursor64(cursor, &stream->base);
		case FOCUS_STREAM_SEQUENCE:
			return focus_body_cursor64(cursor, &stream->base) &&
				focus_body_cursor64(cursor, &stream->factor);
		case FOCUS_STREAM_PACKED:
			return open_packed(cursor, stream);
		case FOCUS_STREAM_FRAMES:
			return open_frames(cursor, memory, stream);
		case FOCUS_STREAM_RUNS:
			return open_runs(cursor, memory, stream, depth);
		case FOCUS_STREAM_DELTAS:
			return open_deltas(cursor, memory, stream, depth);
	}
	return false;
}

bool
focus_body_stream_open(FocusBodyCursor *cursor, uint32_t count, const FocusBodyMemory *memory,
					   FocusBodyStream *stream)
{
	return open_stream(cursor, count, memory, stream, 0);
}

/*
 * Reading
 */

/* The run that row lies in */
static uint32_t
find_run(const FocusBodyStream *stream, uint32_t row)
{
	uint32_t	low = 0;
	uint32_t	high = stream->runs - 1;

	while (low < high)
	{
		uint32_t	middle = (low + high) / 2;

		if (stream->run_ends[middle] > row)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
read_runs(const FocusBodyStream *stream, uint32_t first, uint32_t count, int64_t *numbers)
{
	uint32_t	run = find_run(stream, first);
	uint32_t	i = 0;

	while (i < count)
	{
		uint32_t	end = stream->run_ends[run] - first;
		int64_t		value = stream->values[run++];

		for (end = end < count ? end : count; i < end; i++)
			numbers[i] = value;
	}
}

static void
read_frames(const FocusBodyStream *stream, uint32_t first, uint32_t count, int64_t *numbers)
{
	while (count > 0)
	{
		uint32_t	vector = first / FOCUS_BODY_VECTOR_ROWS;
		uint32_t	within = first % FOCUS_BODY_VECTOR_ROWS;
		uint32_t	part = FOCUS_BODY_VECTOR_ROWS - within;

		part = part < count ? part : count;
		focus_body_unpack(stream->bits + stream->starts[vector], stream->end,
						  stream->widths[vector], within, part, stream->bases[vector],
						  stream->factor, numbers);
		first += part;
		count -= part;
		numbers += part;
	}
}

void
focus_body_stream_numbers(const FocusBodyStream *stream, uint32_t first, uint32_t count,
						  int64_t *numbers)
{
	if (count == 0)
		return;
	switch (stream->kind)
	{
		case FOCUS_STREAM_CONSTANT:
			for (uint32_t i = 0; i < count; i++)
				numbers[i] = (int64_t) stream->base;
			break;
		case FOCUS_STREAM_SEQUENCE:
			for (uint32_t i = 0; i < count; i++)
				numbers[i] = (int64_t) (stream->base + stream->factor * (first + i));
			break;
		case FOCUS_STREAM_PACKED:
			focus_body_unpack(stream->bits, stream->end, stream->width, first, count, stream->base,
							  stream->factor, numbers);
			break;
		case FOCUS_STREAM_FRAMES:
			read_frames(stream, first, count, numbers);
			break;
		case FOCUS_STREAM_RUNS:
			read_runs(stream, first, count, numbers);
			break;
		case FOCUS_STREAM_DELTAS:
			memcpy(numbers, stream->values + first, sizeof(int64_t) * count);
			break;
	}
}

static bool
read_runs16(const FocusBodyStream *stream, uint32_t first, uint32_t count, uint32_t limit,
			uint16_t *codes)
{
	uint32_t	run = find_run(stream, first);
	uint32_t	i = 0;

	while (i < count)
	{
		uint32_t	end = stream->run_ends[run] - first;
		int64_t		value = stream->values[run++];

		if (value < 0 || value > limit)
			return false;
		for (end = end < count ? end : count; i < end; i++)
			codes[i] = (uint16_t) value;
	}
	return true;
}

static void
read_frames16(const FocusBodyStream *stream, uint32_t first, uint32_t count, uint16_t *codes)
{
	while (count > 0)
	{
		uint32_t	vector = first / FOCUS_BODY_VECTOR_ROWS;
		uint32_t	within = first % FOCUS_BODY_VECTOR_ROWS;
		uint32_t	part = FOCUS_BODY_VECTOR_ROWS - within;

		part = part < count ? part : count;
		focus_body_unpack16(stream->bits + stream->starts[vector], stream->end,
							stream->widths[vector], within, part,
							(uint16_t) stream->bases[vector], (uint16_t) stream->factor, codes);
		first += part;
		count -= part;
		codes += part;
	}
}

static bool
all_within(const uint16_t *codes, uint32_t count, uint32_t limit)
{
	uint16_t	max = 0;

	for (uint32_t i = 0; i < count; i++)
		max = codes[i] > max ? codes[i] : max;
	return max <= limit;
}

/* The way of numbers, for streams that are not made for codes */
static bool
read_wide(const FocusBodyStream *stream, uint32_t first, uint32_t count, uint32_t limit,
		  uint16_t *codes)
{
	int64_t		numbers[256];

	while (count > 0)
	{
		uint32_t	part = count < 256 ? count : 256;

		focus_body_stream_numbers(stream, first, part, numbers);
		for (uint32_t i = 0; i < part; i++)
		{
			if (numbers[i] < 0 || numbers[i] > limit)
				return false;
			codes[i] = (uint16_t) numbers[i];
		}
		first += part;
		count -= part;
		codes += part;
	}
	return true;
}

bool
focus_body_stream_codes(const FocusBodyStream *stream, uint32_t first, uint32_t count,
						uint32_t limit, uint16_t *codes)
{
	if (count == 0)
		return true;
	if (stream->kind == FOCUS_STREAM_RUNS)
		return read_runs16(stream, first, count, limit, codes);
	if (!stream->small)
		return read_wide(stream, first, count, limit, codes);
	if (stream->kind == FOCUS_STREAM_PACKED)
		focus_body_unpack16(stream->bits, stream->end, stream->width, first, count,
							(uint16_t) stream->base, (uint16_t) stream->factor, codes);
	else
		read_frames16(stream, first, count, codes);
	return all_within(codes, count, limit);
}

/* base up to base + factor * (2^width - 1), where that does not wrap around */
static bool
packed_bounds(uint64_t base, uint64_t factor, int width, int64_t *min, int64_t *max)
{
	uint64_t	room = (uint64_t) INT64_MAX - base;
	uint64_t	span;

	if (__builtin_mul_overflow(factor, focus_body_mask(width), &span) || span > room)
		return false;
	*min = (int64_t) base;
	*max = (int64_t) (base + span);
	return true;
}

static void
run_bounds(const FocusBodyStream *stream, uint32_t first, uint32_t end, int64_t *min, int64_t *max)
{
	uint32_t	run = find_run(stream, first);

	*min = *max = stream->values[run];
	while (stream->run_ends[run] < end)
	{
		run++;
		*min = stream->values[run] < *min ? stream->values[run] : *min;
		*max = stream->values[run] > *max ? stream->values[run] : *max;
	}
}

bool
focus_body_stream_bounds(const FocusBodyStream *stream, uint32_t vector, int64_t *min, int64_t *max)
{
	uint32_t	first = vector * FOCUS_BODY_VECTOR_ROWS;
	uint32_t	end = first + FOCUS_BODY_VECTOR_ROWS;

	if (first >= stream->count)
		return false;
	end = end < stream->count ? end : stream->count;
	switch (stream->kind)
	{
		case FOCUS_STREAM_CONSTANT:
			*min = *max = (int64_t) stream->base;
			return true;
		case FOCUS_STREAM_FRAMES:
			return packed_bounds(stream->bases[vector], stream->factor, stream->widths[vector],
								 min, max);
		case FOCUS_STREAM_PACKED:
			return packed_bounds(stream->base, stream->factor, stream->width, min, max);
		case FOCUS_STREAM_RUNS:
			run_bounds(stream, first, end, min, max);
			return true;
	}
	return false;
}
