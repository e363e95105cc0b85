/*-------------------------------------------------------------------------
 *
 * body_codec.h
 *	  What the files of the body codec share; nobody else includes it.
 *
 *	- body_bits.c: checksums, and integers of 1 to 64 bits
 *	- body_stream.c: writes sequences of integers, "streams"
 *	- body_unstream.c: reads them
 *	- body_dictionary.c: entries of dictionaries
 *	- body_header.c: header and descriptors
 *	- body_sort.c: an order of the rows that packs well
 *	- body_derive.c: columns that follow from other columns
 *	- body_write.c, body_read.c: bodies as a whole
 *
 * Integers are stored with their lowest byte first, at any address.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_BODY_CODEC_H
#define FOCUS_BODY_CODEC_H

#include <string.h>

#include "columnar/body.h"

#define FOCUS_BODY_MAGIC		0xFB
#define FOCUS_BODY_VERSION		1
#define FOCUS_BODY_DESCRIPTOR	64
#define FOCUS_BODY_INLINED		20
#define FOCUS_BODY_NO_PARENT	0xFFFF
#define FOCUS_BODY_VECTORS_MAX	(FOCUS_BODY_ROWS_MAX / FOCUS_BODY_VECTOR_ROWS)

/* Decimals shown: a number of them, or FOCUS_BODY_TRIMMED */
#define FOCUS_BODY_SCALE_MAX	63

/* What a dictionary of bytes may grow to when it is unpacked */
#define FOCUS_BODY_EXPANSION_MAX	256

/*
 * Integers at any address
 */
static inline uint16_t
focus_body_get16(const uint8_t *p)
{
	return (uint16_t) (p[0] | p[1] << 8);
}

static inline uint32_t
focus_body_get32(const uint8_t *p)
{
	return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static inline uint64_t
focus_body_get64(const uint8_t *p)
{
	uint64_t	value;

	memcpy(&value, p, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap64(value);
#endif
	return value;
}

static inline void
focus_body_set16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t) value;
	p[1] = (uint8_t) (value >> 8);
}

static inline void
focus_body_set32(uint8_t *p, uint32_t value)
{
	focus_body_set16(p, (uint16_t) value);
	focus_body_set16(p + 2, (uint16_t) (value >> 16));
}

static inline void
focus_body_set64(uint8_t *p, uint64_t value)
{
	focus_body_set32(p, (uint32_t) value);
	focus_body_set32(p + 4, (uint32_t) (value >> 32));
}

/* Bits that value needs: 0 for 0 */
static inline int
focus_body_bits(uint64_t value)
{
	return value ? 64 - __builtin_clzll(value) : 0;
}

static inline uint64_t
focus_body_mask(int width)
{
	return width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

static inline size_t
focus_body_packed_size(uint32_t count, int width)
{
	return ((size_t) count * (size_t) width + 7) / 8;
}

static inline void *
focus_body_allocate(const FocusBodyMemory *memory, size_t size)
{
	return memory->allocate(memory->context, size ? size : 1);
}

/*
 * body_bits.c
 */
extern uint32_t focus_body_crc32c(uint32_t crc, const uint8_t *bytes, size_t size);
extern void focus_body_pack(uint8_t *dest, const uint64_t *values, uint32_t count, int width);

/*
 * Values first up to first + count of width bits each.  Nothing from end on is
 * read; the caller has checked that the values lie before it.  A value is
 * base + factor * bits, modulo 2^64.
 */
extern void focus_body_unpack(const uint8_t *bits, const uint8_t *end, int width,
							  uint32_t first, uint32_t count, uint64_t base,
							  uint64_t factor, int64_t *values);

/* The same for width <= 16 and values that are below 2^16 */
extern void focus_body_unpack16(const uint8_t *bits, const uint8_t *end, int width,
								uint32_t first, uint32_t count, uint16_t base,
								uint16_t factor, uint16_t *values);

/*
 * Output
 */
typedef struct FocusBodyBuffer
{
	uint8_t    *data;
	size_t		size;
	size_t		space;
	const FocusBodyMemory *memory;
} FocusBodyBuffer;

/* Appends size bytes of no certain content and returns where they are. */
extern uint8_t *focus_body_append(FocusBodyBuffer *buffer, size_t size);

static inline void
focus_body_append8(FocusBodyBuffer *buffer, uint8_t value)
{
	*focus_body_append(buffer, 1) = value;
}

static inline void
focus_body_append32(FocusBodyBuffer *buffer, uint32_t value)
{
	focus_body_set32(focus_body_append(buffer, 4), value);
}

static inline void
focus_body_append64(FocusBodyBuffer *buffer, uint64_t value)
{
	focus_body_set64(focus_body_append(buffer, 8), value);
}

/*
 * body_stream.c
 */

/* The numbers are stored on disk. */
typedef enum FocusBodyStreamKind
{
	FOCUS_STREAM_CONSTANT = 1,
	FOCUS_STREAM_SEQUENCE = 2,
	FOCUS_STREAM_PACKED = 3,
	FOCUS_STREAM_FRAMES = 4,
	FOCUS_STREAM_RUNS = 5,
	FOCUS_STREAM_DELTAS = 6
} FocusBodyStreamKind;

#define FOCUS_STREAM_DEPTH_MAX	2

/* Space to work in, for streams of so many values */
typedef struct FocusBodyScratch
{
	int64_t    *lengths[FOCUS_STREAM_DEPTH_MAX];
	int64_t    *values[FOCUS_STREAM_DEPTH_MAX];
	uint64_t   *bits;
	int64_t    *numbers;		/* for callers of the stream functions */
	int64_t    *rows;
} FocusBodyScratch;

extern void focus_body_scratch_init(FocusBodyScratch *scratch, uint32_t count,
									const FocusBodyMemory *memory);

/*
 * Size of a stream, and its writing.  whole: readers always read it from the
 * first value to the last, as they open it.
 */
extern size_t focus_body_stream_size(FocusBodyScratch *scratch, const int64_t *values,
									 uint32_t count, bool whole);
extern void focus_body_stream_write(FocusBodyBuffer *buffer, FocusBodyScratch *scratch,
									const int64_t *values, uint32_t count, bool whole);

/*
 * body_unstream.c
 */
typedef struct FocusBodyStream
{
	uint32_t	count;
	uint8_t		kind;
	uint8_t		width;			/* PACKED */
	bool		small;			/* PACKED, FRAMES: all values below 2^16 */
	uint64_t	base;			/* CONSTANT: the value */
	uint64_t	factor;			/* SEQUENCE: the step */
	const uint8_t *bits;
	const uint8_t *end;			/* of what may be read */
	/* FRAMES: by vector */
	const uint8_t *widths;
	uint64_t   *bases;
	uint32_t   *starts;			/* in bits */
	/* RUNS */
	uint32_t	runs;
	uint32_t   *run_ends;
	int64_t    *values;			/* of the runs; DELTAS: of all */
} FocusBodyStream;

/* A part of a segment that is being read */
typedef struct FocusBodyCursor
{
	const uint8_t *at;
	const uint8_t *end;
} FocusBodyCursor;

extern bool focus_body_cursor_bytes(FocusBodyCursor *cursor, size_t size, const uint8_t **bytes);
extern bool focus_body_cursor8(FocusBodyCursor *cursor, uint8_t *value);
extern bool focus_body_cursor32(FocusBodyCursor *cursor, uint32_t *value);
extern bool focus_body_cursor64(FocusBodyCursor *cursor, uint64_t *value);

/* False where it is damaged.  The stream points into the cursor's bytes. */
extern bool focus_body_stream_open(FocusBodyCursor *cursor, uint32_t count,
								   const FocusBodyMemory *memory, FocusBodyStream *stream);
extern void focus_body_stream_numbers(const FocusBodyStream *stream, uint32_t first,
									  uint32_t count, int64_t *numbers);

/* False where a value is not in 0..limit. */
extern bool focus_body_stream_codes(const FocusBodyStream *stream, uint32_t first,
									uint32_t count, uint32_t limit, uint16_t *codes);

/* Bounds of the values in one vector, as far as they are at hand */
extern bool focus_body_stream_bounds(const FocusBodyStream *stream, uint32_t vector,
									 int64_t *min, int64_t *max);

/*
 * Columns while they are written
 */
typedef struct FocusBodyPlan
{
	const FocusBodyInput *input;
	FocusBodyKind kind;
	FocusBodyEncoding encoding;
	int			parent;
	uint32_t	entries;		/* that occur in a row */
	uint32_t	nulls;
	uint16_t   *codes;			/* one per row, in the order of the body */
	uint16_t   *entry;			/* entry c - 1 of code c is this one of the
								 * input */
	bool		sorted;
	/* INT and DECIMAL */
	int			scale;
	int64_t    *numbers;		/* entries, at scale, in the order of entry */
	uint8_t    *shown;			/* DECIMAL: their decimals shown */
	int64_t		min;
	int64_t		max;
	/* bytes that the parts take, as far as they were estimated */
	size_t		codes_size;
	size_t		entries_size;
	size_t		direct_size;
	size_t		size;			/* by the chosen encoding */
	/* where a parent was chosen */
	uint32_t	common;			/* SAME by codes: entries of the parent */
	uint16_t   *map;			/* DEPENDENT: the own code for each of the
								 * parent's */
} FocusBodyPlan;

typedef struct FocusBodyWriter
{
	const FocusBodyMemory *memory;
	FocusBodyPlan *plans;
	int			ncolumns;
	uint32_t	rows;
	uint32_t	codes;			/* of a column, at most, 0 included */
	int			flags;
	FocusBodyScratch scratch;
	FocusBodyBuffer buffer;
} FocusBodyWriter;

static inline bool
focus_body_is_constant(const FocusBodyPlan *plan)
{
	return plan->entries + (plan->nulls > 0) <= 1;
}

/* body_sort.c: permutes the codes of all columns, and order with them. */
extern void focus_body_sort(FocusBodyWriter *writer, uint16_t *order);

/*
 * body_derive.c
 *
 * Before all rows are looked at, a sample of them is: blocks spread over the
 * group, of so many neighbours that values recur.
 */
#define FOCUS_BODY_SAMPLE_BLOCKS	16
#define FOCUS_BODY_SAMPLE_ROWS		128

typedef struct FocusBodyMarks
{
	uint32_t   *by_code;
	uint32_t	codes;
	uint32_t	stamp;
} FocusBodyMarks;

/* Sets the codes of the sample, and returns how many they are. */
extern uint32_t focus_body_sample(const FocusBodyWriter *writer, const FocusBodyPlan *plan,
								  uint16_t **sample);
extern void focus_body_marks_init(FocusBodyMarks *marks, uint32_t codes,
								  const FocusBodyMemory *memory);

/*
 * In how many rows of the sample does child not have the code that it had the
 * last time that parent had this one?  No need to count far beyond limit.
 */
extern uint32_t focus_body_sample_exceptions(FocusBodyMarks *marks, const uint16_t *parent,
											 const uint16_t *child, uint32_t count, uint32_t limit);
extern void focus_body_derive(FocusBodyWriter *writer);

/*
 * The code that each code of child has in a dictionary of parent's entries and
 * those of child's that are not among them, and the number of those that are.
 * The entries of both are sorted.
 */
extern uint32_t focus_body_merge(const FocusBodyPlan *parent, const FocusBodyPlan *child,
								 uint32_t *target);

/* Does the child, unless it is NULL, have the number that its parent has? */
extern bool focus_body_same_number(const FocusBodyPlan *parent, uint16_t from,
								   const FocusBodyPlan *child, uint16_t to);

/* number times ten to the power of digits, or divided by it; false where that
 * is not exact. */
extern bool focus_body_rescale(int64_t number, int digits, int64_t *result);

/*
 * body_dictionary.c
 */

/* Brings the entries into their final order, and numbers the codes anew. */
extern void focus_body_order_entries(FocusBodyWriter *writer, FocusBodyPlan *plan);
extern void focus_body_write_numbers(FocusBodyWriter *writer, const FocusBodyPlan *plan,
									 uint32_t first);
extern void focus_body_write_bytes(FocusBodyWriter *writer, const FocusBodyPlan *plan,
								   uint32_t first);

/*
 * Decimals to show, so that they make long runs: of the rows with these codes,
 * or if codes is NULL, of the entries from first on.
 */
extern void focus_body_shown(const FocusBodyPlan *plan, const uint16_t *codes, uint32_t first,
							 uint32_t count, int64_t *result);

/* Entries into a column that has space for them from entry first on */
extern bool focus_body_read_numbers(FocusBodyCursor *cursor, FocusBodyKind kind, int scale,
									uint32_t count, const FocusBodyMemory *memory,
									int64_t *numbers, uint8_t *scales);

typedef struct FocusBodyStrings
{
	uint32_t   *offsets;		/* count + 1, from 0 */
	const char *bytes;
} FocusBodyStrings;

extern bool focus_body_read_bytes(FocusBodyCursor *cursor, uint32_t count,
								  const FocusBodyMemory *memory, FocusBodyStrings *strings);

/*
 * body_header.c
 */
extern void focus_body_write_header(uint8_t *dest, size_t size, uint32_t rows, int ncolumns);
extern void focus_body_write_descriptor(uint8_t *dest, const FocusBodyColumnInfo *info);

#endif							/* FOCUS_BODY_CODEC_H */
