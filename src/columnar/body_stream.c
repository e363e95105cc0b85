/*-------------------------------------------------------------------------
 *
 * body_stream.c
 *	  Writes streams: sequences of 64-bit integers, in the form that takes
 *	  the fewest bytes.
 *
 *	- CONSTANT: value
 *	- SEQUENCE: base, step
 *	- PACKED: base, factor, width; one number of width bits per value
 *	- FRAMES: base, factor; a base and a width for each vector
 *	- RUNS: streams of lengths and of values
 *	- DELTAS: first value, stream of differences; read as a whole only
 *
 * How many values there are, the reader knows.  All arithmetic is modulo
 * 2^64, so that differences of any two values have their place.
 *
 *-------------------------------------------------------------------------
 */
#include "columnar/body_codec.h"

/* What one look at the values tells */
typedef struct Shape
{
	uint64_t	min;			/* of all; what follows are distances from it */
	uint64_t	max;
	uint64_t	factor;			/* divides all distances */
	uint64_t	inverse;		/* of factor's odd part */
	int			shift;			/* factor's even part is 2^shift */
	uint32_t	vectors;
	uint64_t	vector_min[FOCUS_BODY_VECTORS_MAX];
	uint64_t	vector_max[FOCUS_BODY_VECTORS_MAX];
	uint32_t	runs;
	bool		sequence;
	bool		ascending;
} Shape;

typedef struct Plan
{
	FocusBodyStreamKind kind;
	size_t		size;
	Shape		shape;
} Plan;

#define CONSTANT_SIZE	9
#define SEQUENCE_SIZE	17
#define PACKED_SIZE		18
#define FRAMES_SIZE		18
#define RUNS_SIZE		5
#define DELTAS_SIZE		9

static void choose(FocusBodyScratch *scratch, const int64_t *values, uint32_t count, bool whole,
				   int depth, Plan *plan);
static void write_stream(FocusBodyBuffer *buffer, FocusBodyScratch *scratch,
						 const int64_t *values, uint32_t count, bool whole, int depth);

void
focus_body_scratch_init(FocusBodyScratch *scratch, uint32_t count, const FocusBodyMemory *memory)
{
	size_t		size = sizeof(int64_t) * count;

	for (int i = 0; i < FOCUS_STREAM_DEPTH_MAX; i++)
	{
		scratch->lengths[i] = focus_body_allocate(memory, size);
		scratch->values[i] = focus_body_allocate(memory, size);
	}
	scratch->bits = focus_body_allocate(memory, size);
	scratch->numbers = focus_body_allocate(memory, size);
	scratch->rows = focus_body_allocate(memory, size);
}

size_t
focus_body_stream_size(FocusBodyScratch *scratch, const int64_t *values, uint32_t count, bool whole)
{
	Plan		plan;

	choose(scratch, values, count, whole, 0, &plan);
	return plan.size;
}

void
focus_body_stream_write(FocusBodyBuffer *buffer, FocusBodyScratch *scratch,
						const int64_t *values, uint32_t count, bool whole)
{
	write_stream(buffer, scratch, values, count, whole, 0);
}

/*
 * Looking
 */
static uint64_t
greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b)
	{
		uint64_t	rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Sets the factor, and what divides by it without a division. */
static void
set_factor(Shape *shape, uint64_t factor)
{
	uint64_t	odd;
	uint64_t	inverse;

	shape->factor = factor;
	shape->shift = factor ? __builtin_ctzll(factor) : 0;
	odd = factor >> shape->shift;
	inverse = odd * 3 ^ 2;		/* right in 5 bits; each step doubles them */
	for (int i = 0; i < 4; i++)
		inverse *= 2 - odd * inverse;
	shape->inverse = inverse;
}

/* Where factor divides distance, the quotient; else too large a number. */
static inline uint64_t
quotient(const Shape *shape, uint64_t distance)
{
	uint64_t	rotated = shape->shift
		? distance >> shape->shift | distance << (64 - shape->shift) : distance;

	return rotated * shape->inverse;
}

static void
find_factor(Shape *shape, const int64_t *values, uint32_t count)
{
	uint64_t	limit;

	set_factor(shape, shape->max);
	for (uint32_t i = 0; i < count; i += count / 16 + 1)
		set_factor(shape, greatest_common_divisor(shape->factor, (uint64_t) values[i] - shape->min));
	if (shape->factor <= 1)
		return;
	limit = shape->max / shape->factor;
	for (uint32_t i = 0; i < count; i++)
	{
		uint64_t	distance = (uint64_t) values[i] - shape->min;

		/* Distances that factor does not divide give more than any quotient. */
		if (quotient(shape, distance) * shape->factor != distance || quotient(shape, distance) > limit)
		{
			set_factor(shape, greatest_common_divisor(shape->factor, distance));
			if (shape->factor == 1)
				return;
			limit = shape->max / shape->factor;
		}
	}
}

static void
look(const int64_t *values, uint32_t count, Shape *shape)
{
	int64_t		min = INT64_MAX;
	int64_t		max = INT64_MIN;
	uint32_t	changes = 0;
	bool		ascending = true;
	uint64_t	step = count > 1 ? (uint64_t) values[1] - (uint64_t) values[0] : 0;

	shape->vectors = 0;
	for (uint32_t first = 0; first < count; first += FOCUS_BODY_VECTOR_ROWS)
	{
		uint32_t	end = count - first > FOCUS_BODY_VECTOR_ROWS ? first + FOCUS_BODY_VECTOR_ROWS : count;
		int64_t		low = values[first];
		int64_t		high = values[first];

		for (uint32_t i = first; i < end; i++)
		{
			low = values[i] < low ? values[i] : low;
			high = values[i] > high ? values[i] : high;
		}
		min = low < min ? low : min;
		max = high > max ? high : max;
		shape->vector_min[shape->vectors] = (uint64_t) low;
		shape->vector_max[shape->vectors++] = (uint64_t) high;
	}
	for (uint32_t i = 1; i < count; i++)
		changes += values[i] != values[i - 1];
	for (uint32_t i = 1; i < count && ascending; i++)
		ascending = values[i] >= values[i - 1];
	shape->sequence = true;
	for (uint32_t i = 2; i < count && shape->sequence; i++)
		shape->sequence = (uint64_t) values[i] - (uint64_t) values[i - 1] == step;

	shape->min = (uint64_t) min;
	shape->max = (uint64_t) max - (uint64_t) min;
	shape->runs = changes + 1;
	shape->ascending = ascending;
	for (uint32_t v = 0; v < shape->vectors; v++)
	{
		shape->vector_min[v] -= shape->min;
		shape->vector_max[v] -= shape->min;
	}
}

/*
 * Choosing
 */
static int
frame_width(const Shape *shape, uint32_t vector)
{
	return focus_body_bits((shape->vector_max[vector] - shape->vector_min[vector]) / shape->factor);
}

static int
frame_base_width(const Shape *shape)
{
	uint64_t	max = 0;

	for (uint32_t v = 0; v < shape->vectors; v++)
		max = shape->vector_min[v] > max ? shape->vector_min[v] : max;
	return focus_body_bits(max / shape->factor);
}

static uint32_t
frame_rows(uint32_t count, uint32_t vector)
{
	uint32_t	first = vector * FOCUS_BODY_VECTOR_ROWS;

	return count - first < FOCUS_BODY_VECTOR_ROWS ? count - first : FOCUS_BODY_VECTOR_ROWS;
}

static size_t
frames_size(const Shape *shape, uint32_t count)
{
	size_t		size = FRAMES_SIZE + shape->vectors +
		focus_body_packed_size(shape->vectors, frame_base_width(shape));

	for (uint32_t v = 0; v < shape->vectors; v++)
		size += focus_body_packed_size(frame_rows(count, v), frame_width(shape, v));
	return size;
}

/* Splits the values into runs; the arrays are the scratch's of this depth. */
static void
split_runs(FocusBodyScratch *scratch, int depth, const int64_t *values, uint32_t count)
{
	int64_t    *lengths = scratch->lengths[depth];
	int64_t    *run_values = scratch->values[depth];
	uint32_t	run = 0;
	uint32_t	start = 0;

	for (uint32_t i = 1; i <= count; i++)
	{
		if (i < count && values[i] == values[i - 1])
			continue;
		lengths[run] = i - start;
		run_values[run++] = values[start];
		start = i;
	}
}

static void
split_deltas(FocusBodyScratch *scratch, int depth, const int64_t *values, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		scratch->values[depth][i - 1] = (int64_t) ((uint64_t) values[i] - (uint64_t) values[i - 1]);
}

static void
consider(Plan *plan, FocusBodyStreamKind kind, size_t size)
{
	if (size >= plan->size)
		return;
	plan->kind = kind;
	plan->size = size;
}

static void
choose(FocusBodyScratch *scratch, const int64_t *values, uint32_t count, bool whole, int depth,
	   Plan *plan)
{
	Shape	   *shape = &plan->shape;
	Plan		part;
	size_t		size;

	if (count == 0)
	{
		plan->kind = FOCUS_STREAM_CONSTANT;
		plan->size = CONSTANT_SIZE;
		shape->min = 0;
		return;
	}
	look(values, count, shape);
	plan->kind = shape->max == 0 ? FOCUS_STREAM_CONSTANT : FOCUS_STREAM_SEQUENCE;
	plan->size = shape->max == 0 ? CONSTANT_SIZE : SEQUENCE_SIZE;
	if (shape->max == 0 || shape->sequence)
		return;

	find_factor(shape, values, count);
	plan->kind = FOCUS_STREAM_PACKED;
	plan->size = PACKED_SIZE + focus_body_packed_size(count, focus_body_bits(shape->max / shape->factor));
	if (shape->vectors > 1)
		consider(plan, FOCUS_STREAM_FRAMES, frames_size(shape, count));
	if (depth == FOCUS_STREAM_DEPTH_MAX)
		return;
	if (shape->runs <= count / 2)
	{
		split_runs(scratch, depth, values, count);
		choose(scratch, scratch->lengths[depth], shape->runs, true, depth + 1, &part);
		size = RUNS_SIZE + part.size;
		choose(scratch, scratch->values[depth], shape->runs, true, depth + 1, &part);
		consider(plan, FOCUS_STREAM_RUNS, size + part.size);
	}
	if (whole && shape->ascending && count > 2)
	{
		split_deltas(scratch, depth, values, count);
		choose(scratch, scratch->values[depth], count - 1, true, depth + 1, &part);
		consider(plan, FOCUS_STREAM_DELTAS, DELTAS_SIZE + part.size);
	}
}

/*
 * Writing
 */
static void
write_packed(FocusBodyBuffer *buffer, FocusBodyScratch *scratch, const Shape *shape,
			 const int64_t *values, uint32_t count, uint64_t base, int width)
{
	base += shape->min;
	for (uint32_t i = 0; i < count; i++)
		scratch->bits[i] = quotient(shape, (uint64_t) values[i] - base);
	focus_body_pack(focus_body_append(buffer, focus_body_packed_size(count, width)), scratch->bits,
					count, width);
}

static void
write_frames(FocusBodyBuffer *buffer, FocusBodyScratch *scratch, const Shape *shape,
			 const int64_t *values, uint32_t count)
{
	int			base_width = frame_base_width(shape);
	uint64_t	bases[FOCUS_BODY_VECTORS_MAX];

	focus_body_append8(buffer, (uint8_t) base_width);
	focus_body_append64(buffer, shape->min);
	focus_body_append64(buffer, shape->factor);
	for (uint32_t v = 0; v < shape->vectors; v++)
		bases[v] = shape->vector_min[v] / shape->factor;
	focus_body_pack(focus_body_append(buffer, focus_body_packed_size(shape->vectors, base_width)),
					bases, shape->vectors, base_width);
	for (uint32_t v = 0; v < shape->vectors; v++)
		focus_body_append8(buffer, (uint8_t) frame_width(shape, v));
	for (uint32_t v = 0; v < shape->vectors; v++)
		write_packed(buffer, scratch, shape, values + v * FOCUS_BODY_VECTOR_ROWS,
					 frame_rows(count, v), shape->vector_min[v], frame_width(shape, v));
}

static void
write_stream(FocusBodyBuffer *buffer, FocusBodyScratch *scratch, const int64_t *values,
			 uint32_t count, bool whole, int depth)
{
	Plan		plan;
	int			width;

	choose(scratch, values, count, whole, depth, &plan);
	focus_body_append8(buffer, (uint8_t) plan.kind);
	switch (plan.kind)
	{
		case FOCUS_STREAM_CONSTANT:
			focus_body_append64(buffer, plan.shape.min);
			break;
		case FOCUS_STREAM_SEQUENCE:
			focus_body_append64(buffer, (uint64_t) values[0]);
			focus_body_append64(buffer, (uint64_t) values[1] - (uint64_t) values[0]);
			break;
		case FOCUS_STREAM_PACKED:
			width = focus_body_bits(plan.shape.max / plan.shape.factor);
			focus_body_append8(buffer, (uint8_t) width);
			focus_body_append64(buffer, plan.shape.min);
			focus_body_append64(buffer, plan.shape.factor);
			write_packed(buffer, scratch, &plan.shape, values, count, 0, width);
			break;
		case FOCUS_STREAM_FRAMES:
			write_frames(buffer, scratch, &plan.shape, values, count);
			break;
		case FOCUS_STREAM_RUNS:
			focus_body_append32(buffer, plan.shape.runs);
			split_runs(scratch, depth, values, count);
			write_stream(buffer, scratch, scratch->lengths[depth], plan.shape.runs, true, depth + 1);
			write_stream(buffer, scratch, scratch->values[depth], plan.shape.runs, true, depth + 1);
			break;
		case FOCUS_STREAM_DELTAS:
			focus_body_append64(buffer, (uint64_t) values[0]);
			split_deltas(scratch, depth, values, count);
			write_stream(buffer, scratch, scratch->values[depth], count - 1, true, depth + 1);
			break;
	}
}
