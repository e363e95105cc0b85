/*-------------------------------------------------------------------------
 *
 * tags_map.c
 *	  Stored form of a flat map, search in it, and its JSON text.
 *
 * Layout of the body (what follows the varlena header), integers in the
 * machine's byte order like everything PostgreSQL stores:
 *
 *		uint32	count
 *		count times
 *			uint32	end of the key
 *			uint32	end of the value in bits 0-29, its kind in bits 30-31
 *		bytes	key 0, value 0, key 1, value 1, ...
 *
 * Ends count from the first of the bytes; each text begins where the one
 * before it ends.  Keys are in strictly ascending byte order, so a key is
 * found by binary search, and a map has exactly one stored form: equal maps
 * are equal bytes.  A null has no bytes, a boolean has "true" or "false", a
 * number has its text as it was sent, a string has its characters.
 *
 * The body need not be aligned (a short varlena header is one byte), so
 * integers are read by memcpy().  Nothing read from a body is trusted: every
 * offset is checked against the body's size when it is used, and the functions
 * report damage instead of reading on.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "types/tags_map.h"

#define COUNT_SIZE	sizeof(uint32_t)
#define ENTRY_SIZE	(2 * sizeof(uint32_t))

#define END_BITS	30
#define END_MASK	(((uint32_t) 1 << END_BITS) - 1)

static size_t escaped_size(const char *text, uint32_t length);
static char *print_escaped(const char *text, uint32_t length, char *out);
static bool value_fits_kind(const FocusTagsPair *pair);

static inline uint32_t
read_uint32(const char *at)
{
	uint32_t	value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline char *
write_uint32(char *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

/*
 * Bytes that focus_tags_body_write() will write.  A result above
 * FOCUS_TAGS_SIZE_MAX cannot be stored.
 */
uint64_t
focus_tags_body_size(const FocusTagsPair *pairs, uint32_t count)
{
	uint64_t	size = COUNT_SIZE + (uint64_t) count * ENTRY_SIZE;
	uint32_t	i;

	for (i = 0; i < count; i++)
		size += (uint64_t) pairs[i].key_length + pairs[i].value_length;
	return size;
}

/*
 * Writes the stored form of pairs that are in key order without duplicates.
 * The space is the caller's, focus_tags_body_size() bytes.
 */
void
focus_tags_body_write(const FocusTagsPair *pairs, uint32_t count, char *body)
{
	char	   *entry = write_uint32(body, count);
	char	   *bytes = entry + (size_t) count * ENTRY_SIZE;
	char	   *out = bytes;
	uint32_t	i;

	for (i = 0; i < count; i++)
	{
		const FocusTagsPair *pair = &pairs[i];

		memcpy(out, pair->key, pair->key_length);
		out += pair->key_length;
		entry = write_uint32(entry, (uint32_t) (out - bytes));
		memcpy(out, pair->value, pair->value_length);
		out += pair->value_length;
		entry = write_uint32(entry, (uint32_t) (out - bytes) |
							 ((uint32_t) pair->kind << END_BITS));
	}
}

/* Makes a view of a stored form, or returns false when it is damaged. */
bool
focus_tags_map_open(FocusTagsMap *map, const char *body, size_t size)
{
	size_t		index_size;
	uint32_t	last_end = 0;

	if (size < COUNT_SIZE || size > FOCUS_TAGS_SIZE_MAX)
		return false;
	map->count = read_uint32(body);
	map->entries = body + COUNT_SIZE;
	if (map->count > (size - COUNT_SIZE) / ENTRY_SIZE)
		return false;
	index_size = map->count * ENTRY_SIZE;
	map->bytes = map->entries + index_size;
	map->bytes_size = (uint32_t) (size - COUNT_SIZE - index_size);
	if (map->count > 0)
		last_end = read_uint32(map->bytes - sizeof(uint32_t)) & END_MASK;
	return last_end == map->bytes_size;
}

/*
 * The pair at a place in key order; index < map->count.  Returns false when
 * the stored form is damaged there.  The pair points into the body.
 */
bool
focus_tags_map_pair(const FocusTagsMap *map, uint32_t index, FocusTagsPair *pair)
{
	const char *entry = map->entries + (size_t) index * ENTRY_SIZE;
	uint32_t	start = index == 0 ? 0 : read_uint32(entry - sizeof(uint32_t)) & END_MASK;
	uint32_t	key_end = read_uint32(entry);
	uint32_t	packed = read_uint32(entry + sizeof(uint32_t));
	uint32_t	value_end = packed & END_MASK;

	if (start > key_end || key_end > value_end || value_end > map->bytes_size)
		return false;
	pair->key = map->bytes + start;
	pair->key_length = key_end - start;
	pair->value = map->bytes + key_end;
	pair->value_length = value_end - key_end;
	pair->offset = start;
	pair->kind = (FocusTagsKind) (packed >> END_BITS);
	return true;
}

/* Binary search; sets the pair when the key is there. */
FocusTagsSearch
focus_tags_map_find(const FocusTagsMap *map, const char *key, uint32_t key_length,
					FocusTagsPair *pair)
{
	uint32_t	low = 0;
	uint32_t	high = map->count;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;
		int			order;

		if (!focus_tags_map_pair(map, middle, pair))
			return FOCUS_TAGS_DAMAGED;
		order = focus_tags_compare_keys(key, key_length, pair->key, pair->key_length);
		if (order == 0)
			return FOCUS_TAGS_FOUND;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return FOCUS_TAGS_ABSENT;
}

/* Whether every invariant of the stored form holds. */
bool
focus_tags_map_check(const FocusTagsMap *map)
{
	FocusTagsPair previous = {0};
	FocusTagsPair pair;
	uint32_t	i;

	for (i = 0; i < map->count; i++)
	{
		if (!focus_tags_map_pair(map, i, &pair) || !value_fits_kind(&pair) ||
			memchr(pair.key, '\0', pair.key_length) != NULL)
			return false;
		if (i > 0 && focus_tags_compare_keys(previous.key, previous.key_length,
											 pair.key, pair.key_length) >= 0)
			return false;
		previous = pair;
	}
	return true;
}

static bool
value_fits_kind(const FocusTagsPair *pair)
{
	switch (pair->kind)
	{
		case FOCUS_TAGS_NULL:
			return pair->value_length == 0;
		case FOCUS_TAGS_BOOLEAN:
			return (pair->value_length == 4 && memcmp(pair->value, "true", 4) == 0) ||
				(pair->value_length == 5 && memcmp(pair->value, "false", 5) == 0);
		case FOCUS_TAGS_NUMBER:
			return focus_tags_number_valid(pair->value, pair->value_length);
		case FOCUS_TAGS_STRING:
			return memchr(pair->value, '\0', pair->value_length) == NULL;
	}
	return false;
}

/*
 * Length of the JSON text, without a NUL.  It can be more than a varlena
 * holds.  Returns false when the stored form is damaged.
 */
bool
focus_tags_map_text_size(const FocusTagsMap *map, uint64_t *size)
{
	FocusTagsPair pair;
	uint32_t	i;

	*size = 2;					/* braces */
	for (i = 0; i < map->count; i++)
	{
		if (!focus_tags_map_pair(map, i, &pair))
			return false;
		/* ", " before all but the first, and ": " */
		*size += (i > 0 ? 2 : 0) + escaped_size(pair.key, pair.key_length) + 2;
		if (pair.kind == FOCUS_TAGS_NULL)
			*size += 4;
		else if (pair.kind == FOCUS_TAGS_STRING)
			*size += escaped_size(pair.value, pair.value_length);
		else
			*size += pair.value_length;
	}
	return true;
}

/*
 * Writes the canonical JSON text and returns its end.  Only after
 * focus_tags_map_text_size() has passed the map and told the space.
 */
char *
focus_tags_map_print(const FocusTagsMap *map, char *out)
{
	FocusTagsPair pair;
	uint32_t	i;

	*out++ = '{';
	for (i = 0; i < map->count && focus_tags_map_pair(map, i, &pair); i++)
	{
		if (i > 0)
		{
			*out++ = ',';
			*out++ = ' ';
		}
		out = print_escaped(pair.key, pair.key_length, out);
		*out++ = ':';
		*out++ = ' ';
		if (pair.kind == FOCUS_TAGS_NULL)
		{
			memcpy(out, "null", 4);
			out += 4;
		}
		else if (pair.kind == FOCUS_TAGS_STRING)
			out = print_escaped(pair.value, pair.value_length, out);
		else
		{
			memcpy(out, pair.value, pair.value_length);
			out += pair.value_length;
		}
	}
	*out++ = '}';
	return out;
}

/* The letter of a two-byte escape, or 0. */
static inline char
short_escape(unsigned char byte)
{
	switch (byte)
	{
		case '"':
		case '\\':
			return (char) byte;
		case '\b':
			return 'b';
		case '\f':
			return 'f';
		case '\n':
			return 'n';
		case '\r':
			return 'r';
		case '\t':
			return 't';
		default:
			return 0;
	}
}

/* Size of a text as a JSON string, with its quotes. */
static size_t
escaped_size(const char *text, uint32_t length)
{
	size_t		size = (size_t) length + 2;
	uint32_t	i;

	for (i = 0; i < length; i++)
	{
		unsigned char byte = (unsigned char) text[i];

		if (short_escape(byte) != 0)
			size += 1;
		else if (byte < 0x20)
			size += 5;
	}
	return size;
}

static char *
print_escaped(const char *text, uint32_t length, char *out)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t	i;

	*out++ = '"';
	for (i = 0; i < length; i++)
	{
		unsigned char byte = (unsigned char) text[i];
		char		letter = short_escape(byte);

		if (letter != 0)
		{
			*out++ = '\\';
			*out++ = letter;
		}
		else if (byte < 0x20)
		{
			memcpy(out, "\\u00", 4);
			out[4] = hex[byte >> 4];
			out[5] = hex[byte & 0x0F];
			out += 6;
		}
		else
			*out++ = text[i];
	}
	*out++ = '"';
	return out;
}
