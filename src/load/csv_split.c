/*-------------------------------------------------------------------------
 *
 * csv_split.c
 *	  CSV bytes -> rows of fields, for rows that are written regularly.
 *
 * A row is regular when each field is free of quotes and line ends, or is
 * in quotes as a whole with all quotes within doubled, and the row ends in LF
 * or CRLF.  On such rows all readers of CSV agree.  Any other row is left to
 * the caller, who has a parser for it, and so is one that does not end in the
 * buffer.
 *
 * Two passes.  The first one marks the bytes that matter, 64 at a time, from
 * bit masks of where a block has quotes and separators: all quotes, the
 * separators outside quotes, and the line feeds inside.  Whether a byte is in
 * quotes is the parity of the quotes in front of it, as a doubled quote does
 * not change it.  The second pass goes from mark to mark and is where rows are
 * found to be irregular; parity says nothing behind such a place, and nobody
 * asks for it.
 *
 * A row's fields stay in the buffer.  Only when the row is known to be regular,
 * it is written to: NUL bytes take the place of separators, and doubled quotes
 * become single ones.
 *
 * Pure C: no part of PostgreSQL is needed, so that a fuzzer can run it.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "load/csv_split.h"

/* Where a block of 64 bytes has what; bit i is byte i */
typedef struct Masks
{
	uint64_t	quotes;
	uint64_t	separators;		/* comma, LF, CR */
	bool		is_odd;			/* a NUL byte, or one beyond ASCII */
} Masks;

static void mark_bytes(FocusCsvSplitter *splitter);
static FocusCsvStatus find_quoted_end(FocusCsvSplitter *splitter, size_t *end);
static void finish_fields(FocusCsvSplitter *splitter, int nfields);
static size_t undouble_quotes(char *text, size_t len);

#ifdef __SSE2__

#define BLOCK_VECTORS	4

static inline Masks
block_masks(const char *block)
{
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i comma = _mm_set1_epi8(',');
	const __m128i lf = _mm_set1_epi8('\n');
	const __m128i cr = _mm_set1_epi8('\r');
	__m128i		odd = _mm_setzero_si128();
	Masks		masks = {0};

	for (int i = 0; i < BLOCK_VECTORS; i++)
	{
		__m128i		v = _mm_loadu_si128((const __m128i *) block + i);
		__m128i		separators = _mm_or_si128(_mm_cmpeq_epi8(v, comma),
											  _mm_or_si128(_mm_cmpeq_epi8(v, lf), _mm_cmpeq_epi8(v, cr)));

		masks.quotes |= (uint64_t) (uint32_t) _mm_movemask_epi8(_mm_cmpeq_epi8(v, quote)) << (16 * i);
		masks.separators |= (uint64_t) (uint32_t) _mm_movemask_epi8(separators) << (16 * i);
		odd = _mm_or_si128(odd, _mm_or_si128(v, _mm_cmpeq_epi8(v, _mm_setzero_si128())));
	}
	masks.is_odd = _mm_movemask_epi8(odd) != 0;
	return masks;
}

static inline uint64_t
line_feeds(const char *block)
{
	const __m128i lf = _mm_set1_epi8('\n');
	uint64_t	mask = 0;

	for (int i = 0; i < BLOCK_VECTORS; i++)
	{
		__m128i		v = _mm_loadu_si128((const __m128i *) block + i);

		mask |= (uint64_t) (uint32_t) _mm_movemask_epi8(_mm_cmpeq_epi8(v, lf)) << (16 * i);
	}
	return mask;
}

#else

static inline Masks
block_masks(const char *block)
{
	Masks		masks = {0};

	for (int i = 0; i < FOCUS_CSV_BLOCK; i++)
	{
		unsigned char c = (unsigned char) block[i];

		masks.quotes |= (uint64_t) (c == '"') << i;
		masks.separators |= (uint64_t) (c == ',' || c == '\n' || c == '\r') << i;
		masks.is_odd |= (c == 0 || c >= 0x80);
	}
	return masks;
}

static inline uint64_t
line_feeds(const char *block)
{
	uint64_t	mask = 0;

	for (int i = 0; i < FOCUS_CSV_BLOCK; i++)
		mask |= (uint64_t) (block[i] == '\n') << i;
	return mask;
}

#endif

/*
 * Takes a buffer, which begins with a row.  It is read up to
 * FOCUS_CSV_PADDING bytes behind its end, and written to.
 */
void
focus_csv_split_begin(FocusCsvSplitter *splitter, char *bytes, size_t len)
{
	splitter->bytes = bytes;
	splitter->len = len;
	splitter->at = 0;
	splitter->mark = 0;
	splitter->odd_block = 0;
	mark_bytes(splitter);
}

/*
 * The next row, which is at splitter->at until then and afterwards in front of
 * it; splitter->lines is how many line ends it has.  Its line is not set.  On
 * any other status the bytes from splitter->at on are as they were, and it is
 * the end.
 */
FocusCsvStatus
focus_csv_split_next(FocusCsvSplitter *splitter, FocusRow *row)
{
	const char *bytes = splitter->bytes;
	size_t		start = splitter->at;
	size_t		end;
	int			nfields = 0;

	splitter->ndoubled = 0;
	splitter->lines = 1;
	for (;;)
	{
		FocusField *field = &splitter->fields[nfields];

		if (splitter->mark == splitter->nmarks)
			return FOCUS_CSV_END;
		if (nfields == splitter->max_fields)
			return FOCUS_CSV_IRREGULAR;
		end = splitter->marks[splitter->mark++];
		field->data = bytes + start;
		field->len = end - start;
		if (bytes[end] == '"')
		{
			FocusCsvStatus status;
			int			ndoubled = splitter->ndoubled;

			if (end != start)
				return FOCUS_CSV_IRREGULAR;
			status = find_quoted_end(splitter, &end);
			if (status != FOCUS_CSV_ROW)
				return status;
			field->data++;
			field->len = end - start - 2;
			if (splitter->ndoubled > ndoubled)
				splitter->doubled[ndoubled] = nfields;
		}
		nfields++;
		start = end + 1;
		if (bytes[end] == ',')
			continue;
		if (bytes[end] == '\n')
			break;
		/* CR: only in front of LF, which has the next mark then */
		if (start == splitter->len)
			return FOCUS_CSV_END;
		if (bytes[start] != '\n')
			return FOCUS_CSV_IRREGULAR;
		splitter->mark++;
		start++;
		break;
	}

	finish_fields(splitter, nfields);
	row->nfields = nfields;
	row->broken = NULL;
	row->fields = splitter->fields;
	row->len = start - splitter->at;
	while (splitter->odd_blocks[splitter->odd_block] < splitter->at / FOCUS_CSV_BLOCK)
		splitter->odd_block++;
	row->ascii = splitter->odd_blocks[splitter->odd_block] > (start - 1) / FOCUS_CSV_BLOCK;
	splitter->at = start;
	return FOCUS_CSV_ROW;
}

/*
 * First pass.  odd_blocks ends with a number that no block has.
 */
static void
mark_bytes(FocusCsvSplitter *splitter)
{
	uint32_t   *marks = splitter->marks;
	uint32_t   *odd = splitter->odd_blocks;
	uint64_t	in_quotes = 0;	/* all bits, or none */

	for (size_t at = 0; at < splitter->len; at += FOCUS_CSV_BLOCK)
	{
		const char *block = splitter->bytes + at;
		Masks		masks = block_masks(block);
		uint64_t	mask = masks.separators;
		uint64_t	valid = splitter->len - at >= FOCUS_CSV_BLOCK ?
			~UINT64_C(0) : (UINT64_C(1) << (splitter->len - at)) - 1;

		if (masks.is_odd)
			*odd++ = (uint32_t) (at / FOCUS_CSV_BLOCK);
		if ((masks.quotes | in_quotes) != 0)
		{
			uint64_t	quoted = masks.quotes;

			/* bit i: the parity of the quotes up to byte i */
			quoted ^= quoted << 1;
			quoted ^= quoted << 2;
			quoted ^= quoted << 4;
			quoted ^= quoted << 8;
			quoted ^= quoted << 16;
			quoted ^= quoted << 32;
			quoted ^= in_quotes;
			in_quotes = (uint64_t) ((int64_t) quoted >> 63);
			mask = (mask & ~quoted) | masks.quotes;
			if (quoted != 0)
				mask |= line_feeds(block) & quoted;
		}
		for (mask &= valid; mask != 0; mask &= mask - 1)
			*marks++ = (uint32_t) at + (uint32_t) __builtin_ctzll(mask);
	}
	*odd = UINT32_MAX;
	splitter->nmarks = marks - splitter->marks;
}

/*
 * The opening quote's mark has been passed.  Sets *end to the separator behind
 * the closing one and passes its mark.  One more of ndoubled, at most, says
 * that there are doubled quotes.
 */
static FocusCsvStatus
find_quoted_end(FocusCsvSplitter *splitter, size_t *end)
{
	bool		is_doubled = false;

	while (splitter->mark < splitter->nmarks)
	{
		size_t		at = splitter->marks[splitter->mark++];

		if (splitter->bytes[at] == '\n')
		{
			splitter->lines++;
			continue;
		}
		if (at + 1 == splitter->len)
			return FOCUS_CSV_END;
		if (splitter->mark == splitter->nmarks || splitter->marks[splitter->mark] != at + 1)
			return FOCUS_CSV_IRREGULAR;
		splitter->mark++;
		if (splitter->bytes[at + 1] != '"')
		{
			splitter->ndoubled += is_doubled;
			*end = at + 1;
			return FOCUS_CSV_ROW;
		}
		is_doubled = true;
	}
	return FOCUS_CSV_END;
}

static void
finish_fields(FocusCsvSplitter *splitter, int nfields)
{
	char	   *bytes = splitter->bytes;

	for (int i = 0; i < splitter->ndoubled; i++)
	{
		FocusField *field = &splitter->fields[splitter->doubled[i]];

		field->len = undouble_quotes(bytes + (field->data - bytes), field->len);
	}
	for (int i = 0; i < nfields; i++)
	{
		const FocusField *field = &splitter->fields[i];

		bytes[(field->data - bytes) + field->len] = '\0';
	}
}

/* Each quote is one of two.  Returns the length that is left. */
static size_t
undouble_quotes(char *text, size_t len)
{
	char	   *to = memchr(text, '"', len);
	const char *from = to;
	const char *end = text + len;

	while (from < end)
	{
		if (*from == '"')
			from++;
		*to++ = *from++;
	}
	return to - text;
}
