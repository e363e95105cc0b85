/*-------------------------------------------------------------------------
 *
 * body.h
 *	  The body of a row group: up to 65,536 rows, compressed by column.
 *
 * Pure C: neither this header nor body_*.c need a server.  The format is
 * described in docs/internals/format.md.
 *
 * A column is written from, and may be read as, codes: one per row, 0 for
 * NULL, and c for entry c - 1 of the column's dictionary, whose entries all
 * differ.  A column of numbers may also be read as numbers, one per row, for
 * which the reader decides by the form that the writer chose.
 *
 * Memory comes from the caller and is never given back: an arena.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_BODY_H
#define FOCUS_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of a group, so that a row number fits into 16 bits */
#define FOCUS_BODY_ROWS_MAX		65536
/* Rows of a vector, the unit of decoding and of skipping */
#define FOCUS_BODY_VECTOR_ROWS	1024
/* Entries of a dictionary: with NULL, as many codes as 16 bits have */
#define FOCUS_BODY_ENTRIES_MAX	65535
#define FOCUS_BODY_COLUMNS_MAX	1600

/* What the values of a column are.  The numbers are stored on disk. */
typedef enum FocusBodyKind
{
	FOCUS_BODY_INT = 1,			/* int64 */
	FOCUS_BODY_DECIMAL = 2,		/* int64 over a power of ten, shown with a
								 * number of decimals of its own */
	FOCUS_BODY_BYTES = 3		/* bytes of any length */
} FocusBodyKind;

typedef enum FocusBodyStatus
{
	FOCUS_BODY_OK = 0,
	FOCUS_BODY_DAMAGED,			/* not what a writer has written */
	FOCUS_BODY_UNKNOWN_VERSION
} FocusBodyStatus;

/* Returns memory aligned for any type, never NULL: it may not return at all. */
typedef struct FocusBodyMemory
{
	void	   *(*allocate) (void *context, size_t size);
	void	   *context;
} FocusBodyMemory;

/*
 * Writing
 */

/* One column.  The writer reads the arrays only. */
typedef struct FocusBodyInput
{
	FocusBodyKind kind;
	uint32_t	entries;		/* at most FOCUS_BODY_ENTRIES_MAX */
	const uint16_t *codes;		/* one per row; NULL: each row is NULL */
	const int64_t *numbers;		/* INT: the entries.  DECIMAL: entry i is
								 * numbers[i] / 10^scales[i] */
	const uint8_t *scales;		/* DECIMAL: decimals shown, at most 63 */
	const uint32_t *offsets;	/* BYTES: entry i is bytes[offsets[i]] up to
								 * bytes[offsets[i + 1]] */
	const char *bytes;
} FocusBodyInput;

/* Flags of focus_body_write() */
#define FOCUS_BODY_SORT			0x01	/* rows in the order that packs best */
#define FOCUS_BODY_COMPRESS		0x02	/* dictionaries by zstd, where it pays */

/*
 * Can the entries be written as DECIMAL, that is, do all of them fit into 64
 * bits at the largest of their scales?
 */
extern bool focus_body_decimal_fits(const int64_t *numbers, const uint8_t *scales,
									uint32_t entries);

/*
 * Writes a body behind reserved bytes that are left to the caller, and
 * returns the whole, whose size is *size.  Unless order is NULL, row i of the
 * body is row order[i] of the input.
 */
extern uint8_t *focus_body_write(const FocusBodyInput *columns, int ncolumns,
								 uint32_t rows, int flags, size_t reserved,
								 const FocusBodyMemory *memory,
								 uint16_t *order, size_t *size);

/*
 * Reading
 */

/* How a column is stored; for people who tune, and for statistics */
typedef enum FocusBodyEncoding
{
	FOCUS_BODY_CONSTANT = 1,	/* one value, or NULL, in all rows */
	FOCUS_BODY_DICTIONARY = 2,	/* codes and entries */
	FOCUS_BODY_DIRECT = 3,		/* numbers */
	FOCUS_BODY_SAME = 4,		/* the values of another column, exceptions
								 * listed */
	FOCUS_BODY_DEPENDENT = 5	/* a function of the codes of another column,
								 * exceptions listed */
} FocusBodyEncoding;

/* One more than the greatest */
#define FOCUS_BODY_ENCODINGS	6

/* Instead of a number of decimals shown: as few as show the value */
#define FOCUS_BODY_TRIMMED		64

/* Descriptor of one column */
typedef struct FocusBodyColumnInfo
{
	FocusBodyKind kind;
	FocusBodyEncoding encoding;
	uint32_t	offset;			/* of the segment in the body */
	uint32_t	length;			/* of the segment, 0 for some constants */
	int			parent;			/* column that it is derived from, or -1;
								 * that column has no parent itself */
	uint32_t	entries;		/* distinct values; an upper bound where they
								 * were not counted */
	uint32_t	nulls;			/* rows */
	int			scale;			/* DECIMAL: of min, max and numbers */
	int64_t		min;			/* INT and DECIMAL: exact, over the rows that */
	int64_t		max;			/* are not NULL; min > max where all are */
	uint32_t	checksum;		/* CRC-32C of the segment */
	const uint8_t *inlined;		/* rest of the descriptor, for the codec */
} FocusBodyColumnInfo;

typedef struct FocusBodyHeader
{
	uint32_t	rows;
	int			ncolumns;
	size_t		body_size;
	FocusBodyColumnInfo *columns;
} FocusBodyHeader;

/* Bytes that focus_body_header_size() has to see */
#define FOCUS_BODY_PREFIX		16

/*
 * Size of the header of a body of which the first FOCUS_BODY_PREFIX bytes are
 * given; 0 where they are damaged.  It never exceeds body_size.
 */
extern size_t focus_body_header_size(const uint8_t *prefix, size_t body_size);
extern FocusBodyStatus focus_body_read_header(const uint8_t *bytes, size_t size,
											  size_t body_size,
											  const FocusBodyMemory *memory,
											  FocusBodyHeader *header);

/* The form in which a column's rows are to be had without further ado */
typedef enum FocusBodyForm
{
	FOCUS_BODY_CODES = 1,		/* by focus_body_codes() */
	FOCUS_BODY_NUMBERS = 2		/* by focus_body_numbers() */
} FocusBodyForm;

/* An open column.  It points into the segment, and to the parent. */
typedef struct FocusBodyColumn
{
	FocusBodyKind kind;
	FocusBodyForm form;
	uint32_t	rows;
	uint32_t	nulls;
	int			scale;			/* DECIMAL: of numbers */

	/* CODES: the dictionary, entry c - 1 for code c */
	uint32_t	entries;
	bool		sorted;			/* entries ascend: numbers by value, bytes as
								 * memcmp() does, the shorter one first */
	const int64_t *numbers;		/* INT and DECIMAL, the latter at scale */
	const uint8_t *scales;		/* DECIMAL: decimals shown */
	const uint32_t *offsets;	/* BYTES, entries + 1 of them */
	const char *bytes;

	struct FocusBodyCodec *codec;	/* the rest is the codec's own business */
} FocusBodyColumn;

/*
 * Opens a column from its segment, info.length bytes that must outlive the
 * column.  Verifies checksum and structure.  The parent, if there is one, has
 * been opened; the column points to it.
 */
extern FocusBodyStatus focus_body_open(const FocusBodyHeader *header, int column,
									   const uint8_t *segment,
									   const FocusBodyColumn *parent,
									   const FocusBodyMemory *memory,
									   FocusBodyColumn *result);

/*
 * Rows first up to first + count of a column in the form CODES.  All codes are
 * valid: 0, or an entry of the dictionary.
 */
extern FocusBodyStatus focus_body_codes(const FocusBodyColumn *column, uint32_t first,
										uint32_t count, uint16_t *codes);

/*
 * Rows first up to first + count of a column of numbers, in either form.  The
 * number of a row that is NULL is undefined.  nulls and scales (DECIMAL:
 * decimals shown) may be NULL pointers.
 */
extern FocusBodyStatus focus_body_numbers(const FocusBodyColumn *column, uint32_t first,
										  uint32_t count, int64_t *numbers,
										  bool *nulls, uint8_t *scales);

/*
 * Rows of a DECIMAL in the form NUMBERS: the decimals that they show, or
 * FOCUS_BODY_TRIMMED
 */
extern FocusBodyStatus focus_body_decimals(const FocusBodyColumn *column, uint32_t first,
										   uint32_t count, uint8_t *shown);

/* Fewest decimals that show number / 10^scale */
extern int	focus_body_trimmed(int64_t number, int scale);

/*
 * Bounds of the numbers in one vector, for skipping: each row of the vector
 * that is not NULL lies between them, but they need not be reached.  False
 * where nothing is known.
 */
extern bool focus_body_vector_bounds(const FocusBodyColumn *column, uint32_t vector,
									 int64_t *min, int64_t *max);

/* A word for each encoding, for people */
extern const char *focus_body_encoding_name(FocusBodyEncoding encoding);

#endif							/* FOCUS_BODY_H */
