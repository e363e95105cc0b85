/*-------------------------------------------------------------------------
 *
 * body_read.c
 *	  Fuzz harness for the reader of group bodies.
 *
 * Any bytes, with checksums made right so that they get past the first gate,
 * are read within their bounds, and take no more memory than their size and
 * the number of rows allow.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "columnar/body_codec.h"
#include "body_memory.h"

#define COLUMNS_MAX	32

/* What a column may allocate for each row and for each byte of its segment */
#define MEMORY_PER_ROW		512
#define MEMORY_PER_BYTE		1024

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Makes the checksums right, where there are any. */
static void
mend(uint8_t *body, size_t size)
{
	size_t		header_size = focus_body_header_size(body, size);
	uint32_t	crc;

	if (header_size == 0)
		return;
	for (size_t at = FOCUS_BODY_PREFIX; at + FOCUS_BODY_DESCRIPTOR <= header_size;
		 at += FOCUS_BODY_DESCRIPTOR)
	{
		uint32_t	offset = focus_body_get32(body + at + 4);
		uint32_t	length = focus_body_get32(body + at + 8);

		if (offset >= header_size && offset <= size && length <= size - offset)
			focus_body_set32(body + at + 20, focus_body_crc32c(0, body + offset, length));
	}
	crc = focus_body_crc32c(0, body, 12);
	crc = focus_body_crc32c(crc, body + FOCUS_BODY_PREFIX, header_size - FOCUS_BODY_PREFIX);
	focus_body_set32(body + 12, crc);
}

static void
read_column(const FocusBodyColumn *column, uint32_t rows)
{
	static uint16_t codes[FOCUS_BODY_VECTOR_ROWS];
	static int64_t numbers[FOCUS_BODY_VECTOR_ROWS];
	static bool nulls[FOCUS_BODY_VECTOR_ROWS];
	static uint8_t scales[FOCUS_BODY_VECTOR_ROWS];
	volatile uint8_t sink = 0;
	int64_t		min;
	int64_t		max;

	for (uint32_t first = 0; first < rows; first += FOCUS_BODY_VECTOR_ROWS)
	{
		uint32_t	count = rows - first < FOCUS_BODY_VECTOR_ROWS ? rows - first : FOCUS_BODY_VECTOR_ROWS;

		focus_body_vector_bounds(column, first / FOCUS_BODY_VECTOR_ROWS, &min, &max);
		if (focus_body_codes(column, first, count, codes) == FOCUS_BODY_OK)
			for (uint32_t i = 0; i < count; i++)
				CHECK(codes[i] <= column->entries);
		focus_body_numbers(column, first, count, numbers, nulls, scales);
	}
	for (uint32_t i = 0; column->offsets && i < column->entries; i++)
	{
		CHECK(column->offsets[i] <= column->offsets[i + 1]);
		for (uint32_t k = column->offsets[i]; k < column->offsets[i + 1]; k++)
			sink ^= (uint8_t) column->bytes[k];
	}
	(void) sink;
}

static void
read_columns(const uint8_t *body, const FocusBodyHeader *header, const FocusBodyMemory *memory)
{
	static FocusBodyColumn opened[COLUMNS_MAX];
	bool		is_open[COLUMNS_MAX] = {false};
	int			ncolumns = header->ncolumns < COLUMNS_MAX ? header->ncolumns : COLUMNS_MAX;

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < ncolumns; i++)
		{
			const FocusBodyColumnInfo *info = &header->columns[i];
			const FocusBodyColumn *parent = NULL;
			uint8_t    *segment;
			size_t		parents = 0;

			if ((info->parent >= 0) != (pass == 1))
				continue;
			if (info->parent >= 0)
			{
				if (info->parent >= ncolumns || !is_open[info->parent])
					continue;
				parent = &opened[info->parent];
				parents = parent->offsets ? parent->offsets[parent->entries] : 0;
			}
			segment = allocate(NULL, info->length);
			memcpy(segment, body + info->offset, info->length);
			allocated = 0;
			is_open[i] = focus_body_open(header, i, segment, parent, memory, &opened[i]) == FOCUS_BODY_OK;
			CHECK(allocated <= MEMORY_PER_ROW * ((size_t) header->rows + 1024) +
				  MEMORY_PER_BYTE * ((size_t) info->length + 1024) + parents +
				  (size_t) info->entries * MEMORY_PER_BYTE);
			if (is_open[i])
				read_column(&opened[i], header->rows);
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FocusBodyMemory memory = {allocate, NULL};
	FocusBodyHeader header;
	uint8_t    *body;

	if (size < FOCUS_BODY_PREFIX)
		return 0;
	body = allocate(NULL, size);
	memcpy(body, data, size);
	mend(body, size);
	if (focus_body_read_header(body, size, size, &memory, &header) == FOCUS_BODY_OK)
		read_columns(body, &header, &memory);
	free_blocks();
	return 0;
}
