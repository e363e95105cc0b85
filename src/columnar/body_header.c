/*-------------------------------------------------------------------------
 *
 * body_header.c
 *	  Header of a body, and the descriptors of its columns.
 *
 *-------------------------------------------------------------------------
 */
#include "columnar/body_codec.h"

/* Places in the prefix */
#define HEADER_MAGIC	0
#define HEADER_VERSION	1
#define HEADER_COLUMNS	2
#define HEADER_ROWS		4
#define HEADER_SIZE		8
#define HEADER_CHECKSUM	12

/* Places in a descriptor */
#define COLUMN_KIND		0
#define COLUMN_ENCODING	1
#define COLUMN_PARENT	2
#define COLUMN_OFFSET	4
#define COLUMN_LENGTH	8
#define COLUMN_ENTRIES	12
#define COLUMN_NULLS	16
#define COLUMN_CHECKSUM	20
#define COLUMN_MIN		24
#define COLUMN_MAX		32
#define COLUMN_SCALE	40
#define COLUMN_INLINED	44

static uint32_t
header_checksum(const uint8_t *bytes, size_t size)
{
	uint32_t	crc = focus_body_crc32c(0, bytes, HEADER_CHECKSUM);

	return focus_body_crc32c(crc, bytes + FOCUS_BODY_PREFIX, size - FOCUS_BODY_PREFIX);
}

/*
 * Writing
 */

/* The descriptors have been written behind the prefix. */
void
focus_body_write_header(uint8_t *dest, size_t size, uint32_t rows, int ncolumns)
{
	dest[HEADER_MAGIC] = FOCUS_BODY_MAGIC;
	dest[HEADER_VERSION] = FOCUS_BODY_VERSION;
	focus_body_set16(dest + HEADER_COLUMNS, (uint16_t) ncolumns);
	focus_body_set32(dest + HEADER_ROWS, rows);
	focus_body_set32(dest + HEADER_SIZE, (uint32_t) size);
	focus_body_set32(dest + HEADER_CHECKSUM, header_checksum(dest, size));
}

void
focus_body_write_descriptor(uint8_t *dest, const FocusBodyColumnInfo *info)
{
	memset(dest, 0, FOCUS_BODY_DESCRIPTOR);
	dest[COLUMN_KIND] = (uint8_t) info->kind;
	dest[COLUMN_ENCODING] = (uint8_t) info->encoding;
	focus_body_set16(dest + COLUMN_PARENT,
					 info->parent < 0 ? FOCUS_BODY_NO_PARENT : (uint16_t) info->parent);
	focus_body_set32(dest + COLUMN_OFFSET, info->offset);
	focus_body_set32(dest + COLUMN_LENGTH, info->length);
	focus_body_set32(dest + COLUMN_ENTRIES, info->entries);
	focus_body_set32(dest + COLUMN_NULLS, info->nulls);
	focus_body_set32(dest + COLUMN_CHECKSUM, info->checksum);
	focus_body_set64(dest + COLUMN_MIN, (uint64_t) info->min);
	focus_body_set64(dest + COLUMN_MAX, (uint64_t) info->max);
	dest[COLUMN_SCALE] = (uint8_t) info->scale;
	if (info->inlined)
		memcpy(dest + COLUMN_INLINED, info->inlined, FOCUS_BODY_INLINED);
}

/*
 * Reading
 */
size_t
focus_body_header_size(const uint8_t *prefix, size_t body_size)
{
	size_t		size = focus_body_get32(prefix + HEADER_SIZE);

	if (body_size < FOCUS_BODY_PREFIX || prefix[HEADER_MAGIC] != FOCUS_BODY_MAGIC)
		return 0;
	if (size < FOCUS_BODY_PREFIX || size > body_size)
		return 0;
	return size;
}

static void
read_descriptor(const uint8_t *bytes, FocusBodyColumnInfo *info)
{
	uint16_t	parent = focus_body_get16(bytes + COLUMN_PARENT);

	info->kind = bytes[COLUMN_KIND];
	info->encoding = bytes[COLUMN_ENCODING];
	info->parent = parent == FOCUS_BODY_NO_PARENT ? -1 : parent;
	info->offset = focus_body_get32(bytes + COLUMN_OFFSET);
	info->length = focus_body_get32(bytes + COLUMN_LENGTH);
	info->entries = focus_body_get32(bytes + COLUMN_ENTRIES);
	info->nulls = focus_body_get32(bytes + COLUMN_NULLS);
	info->checksum = focus_body_get32(bytes + COLUMN_CHECKSUM);
	info->min = (int64_t) focus_body_get64(bytes + COLUMN_MIN);
	info->max = (int64_t) focus_body_get64(bytes + COLUMN_MAX);
	info->scale = bytes[COLUMN_SCALE];
	info->inlined = bytes + COLUMN_INLINED;
}

static bool
is_derived(const FocusBodyColumnInfo *info)
{
	return info->encoding == FOCUS_BODY_SAME || info->encoding == FOCUS_BODY_DEPENDENT;
}

static bool
check_descriptor(const FocusBodyHeader *header, size_t header_size, int column)
{
	const FocusBodyColumnInfo *info = &header->columns[column];
	const FocusBodyColumnInfo *parent;

	if (info->kind < FOCUS_BODY_INT || info->kind > FOCUS_BODY_BYTES ||
		info->encoding < FOCUS_BODY_CONSTANT || info->encoding > FOCUS_BODY_DEPENDENT)
		return false;
	if (info->length > 0 &&
		(info->offset < header_size || info->offset > header->body_size ||
		 info->length > header->body_size - info->offset))
		return false;
	if (info->entries > FOCUS_BODY_ENTRIES_MAX || info->nulls > header->rows ||
		info->scale > FOCUS_BODY_SCALE_MAX)
		return false;
	if (!is_derived(info))
		return info->parent == -1;
	if (info->parent < 0 || info->parent >= header->ncolumns)
		return false;
	parent = &header->columns[info->parent];
	return !is_derived(parent);
}

FocusBodyStatus
focus_body_read_header(const uint8_t *bytes, size_t size, size_t body_size,
					   const FocusBodyMemory *memory, FocusBodyHeader *header)
{
	size_t		header_size;
	uint32_t	ncolumns;
	uint8_t    *descriptors;

	if (size < FOCUS_BODY_PREFIX)
		return FOCUS_BODY_DAMAGED;
	header_size = focus_body_header_size(bytes, body_size);
	if (header_size == 0 || header_size > size)
		return FOCUS_BODY_DAMAGED;
	if (focus_body_get32(bytes + HEADER_CHECKSUM) != header_checksum(bytes, header_size))
		return FOCUS_BODY_DAMAGED;
	if (bytes[HEADER_VERSION] != FOCUS_BODY_VERSION)
		return FOCUS_BODY_UNKNOWN_VERSION;
	ncolumns = focus_body_get16(bytes + HEADER_COLUMNS);
	header->rows = focus_body_get32(bytes + HEADER_ROWS);
	header->ncolumns = (int) ncolumns;
	header->body_size = body_size;
	if (header->rows > FOCUS_BODY_ROWS_MAX || ncolumns > FOCUS_BODY_COLUMNS_MAX ||
		header_size != FOCUS_BODY_PREFIX + (size_t) ncolumns * FOCUS_BODY_DESCRIPTOR)
		return FOCUS_BODY_DAMAGED;

	/* The descriptors are kept, because infos point to them. */
	descriptors = focus_body_allocate(memory, header_size - FOCUS_BODY_PREFIX);
	memcpy(descriptors, bytes + FOCUS_BODY_PREFIX, header_size - FOCUS_BODY_PREFIX);
	header->columns = focus_body_allocate(memory, sizeof(FocusBodyColumnInfo) * ncolumns);
	for (uint32_t i = 0; i < ncolumns; i++)
		read_descriptor(descriptors + (size_t) i * FOCUS_BODY_DESCRIPTOR, &header->columns[i]);
	for (uint32_t i = 0; i < ncolumns; i++)
		if (!check_descriptor(header, header_size, (int) i))
			return FOCUS_BODY_DAMAGED;
	return FOCUS_BODY_OK;
}

const char *
focus_body_encoding_name(FocusBodyEncoding encoding)
{
	switch (encoding)
	{
		case FOCUS_BODY_CONSTANT:
			return "constant";
		case FOCUS_BODY_DICTIONARY:
			return "dictionary";
		case FOCUS_BODY_DIRECT:
			return "direct";
		case FOCUS_BODY_SAME:
			return "same";
		case FOCUS_BODY_DEPENDENT:
			return "dependent";
	}
	return "unknown";
}
