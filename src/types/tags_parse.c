/*-------------------------------------------------------------------------
 *
 * tags_parse.c
 *	  Parser for the FOCUS Key-Value Format: one flat JSON object.
 *
 * The grammar is RFC 8259, restricted to an object whose values are strings,
 * numbers, true, false or null.  An array or object as a value is refused at
 * its first byte, so that depth costs nothing.  Numbers are checked and kept
 * as written.  Strings without an escape are not copied: pairs point into the
 * source.  A string with an escape goes to one buffer, allocated at the first
 * such string with the size of the rest of the source; a decoded escape is
 * never longer than its spelling (six bytes give at most four), so that the
 * buffer never has to grow and pointers into it stay good.
 *
 * Bytes from 0x80 up are passed through.  The caller vouches that the source
 * is valid in its encoding, and that ASCII bytes are characters of their own
 * in it, as is true of every server encoding of PostgreSQL.
 *
 * Pairs come out ordered by key: bytes as unsigned numbers, a prefix before
 * what it begins.  That order does not depend on any locale.
 *
 * Pure C, no global state, no recursion.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "types/tags_map.h"

/* Members between two calls of the progress callback. */
#define PROGRESS_INTERVAL	4096

/* Length of "\uXXXX". */
#define UNICODE_ESCAPE_LENGTH	6

typedef struct TagsCursor
{
	const char *at;
	const char *end;
} TagsCursor;

static FocusTagsStatus parse_members(FocusTagsParse *parse, TagsCursor *cursor);
static FocusTagsStatus parse_member(FocusTagsParse *parse, TagsCursor *cursor);
static FocusTagsStatus parse_value(FocusTagsParse *parse, TagsCursor *cursor, FocusTagsPair *pair);
static FocusTagsStatus parse_string(FocusTagsParse *parse, TagsCursor *cursor,
									const char **text, uint32_t *length);
static FocusTagsStatus parse_escaped(FocusTagsParse *parse, TagsCursor *cursor, const char *start,
									 const char **text, uint32_t *length);
static FocusTagsStatus parse_escape(FocusTagsParse *parse, TagsCursor *cursor, char **out);
static FocusTagsStatus parse_unicode_escape(FocusTagsParse *parse, TagsCursor *cursor, char **out);
static bool read_hex4(const TagsCursor *cursor, uint32_t *value);
static int	write_utf8(uint32_t code_point, char *out);
static FocusTagsStatus parse_number(FocusTagsParse *parse, TagsCursor *cursor, FocusTagsPair *pair);
static bool parse_word(TagsCursor *cursor, const char *word, size_t length);
static bool make_room(FocusTagsParse *parse);
static FocusTagsStatus order_pairs(FocusTagsParse *parse);
static int	compare_pairs(const void *left, const void *right);
static FocusTagsStatus fail(FocusTagsParse *parse, FocusTagsStatus status, const char *at);

static inline void
skip_space(TagsCursor *cursor)
{
	while (cursor->at < cursor->end &&
		   (*cursor->at == ' ' || *cursor->at == '\t' ||
			*cursor->at == '\n' || *cursor->at == '\r'))
		cursor->at++;
}

/* Steps over one given byte, if it is next. */
static inline bool
accept(TagsCursor *cursor, char byte)
{
	if (cursor->at >= cursor->end || *cursor->at != byte)
		return false;
	cursor->at++;
	return true;
}

static inline bool
next_is_digit(const TagsCursor *cursor)
{
	return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

/*
 * Parses all of parse->source, which need not end in a NUL.  On success
 * pairs[0 .. count - 1] are in key order, without duplicates.  On failure the
 * error fields say where, and pairs and decoded may still need to be freed.
 */
FocusTagsStatus
focus_tags_parse(FocusTagsParse *parse)
{
	TagsCursor	cursor = {parse->source, parse->source + parse->length};
	FocusTagsStatus status;

	parse->pairs = NULL;
	parse->count = 0;
	parse->pairs_room = 0;
	parse->decoded = NULL;
	parse->decoded_end = NULL;
	parse->error_offset = 0;
	parse->error_key = NULL;
	parse->error_key_length = 0;

	if (parse->length > FOCUS_TAGS_SIZE_MAX)
		return fail(parse, FOCUS_TAGS_TOO_LARGE, cursor.at);
	skip_space(&cursor);
	if (!accept(&cursor, '{'))
		return fail(parse, FOCUS_TAGS_NOT_OBJECT, cursor.at);
	status = parse_members(parse, &cursor);
	if (status != FOCUS_TAGS_OK)
		return status;
	skip_space(&cursor);
	if (cursor.at < cursor.end)
	{
		parse->error_key = NULL;
		return fail(parse, FOCUS_TAGS_TRAILING_TEXT, cursor.at);
	}
	return order_pairs(parse);
}

/* The order of keys, everywhere: bytes, then a prefix first. */
int
focus_tags_compare_keys(const char *left, uint32_t left_length,
						const char *right, uint32_t right_length)
{
	uint32_t	shorter = left_length < right_length ? left_length : right_length;
	int			order = shorter > 0 ? memcmp(left, right, shorter) : 0;

	if (order != 0)
		return order;
	if (left_length == right_length)
		return 0;
	return left_length < right_length ? -1 : 1;
}

/* Whether a text is one JSON number, all of it. */
bool
focus_tags_number_valid(const char *text, size_t length)
{
	FocusTagsParse parse = {.source = text,.length = length};
	TagsCursor	cursor = {text, text + length};
	FocusTagsPair pair;

	return parse_number(&parse, &cursor, &pair) == FOCUS_TAGS_OK && cursor.at == cursor.end;
}

/* What follows the "{", up to and with the "}". */
static FocusTagsStatus
parse_members(FocusTagsParse *parse, TagsCursor *cursor)
{
	FocusTagsStatus status;

	skip_space(cursor);
	if (accept(cursor, '}'))
		return FOCUS_TAGS_OK;
	for (;;)
	{
		status = parse_member(parse, cursor);
		if (status != FOCUS_TAGS_OK)
			return status;
		skip_space(cursor);
		if (accept(cursor, '}'))
			return FOCUS_TAGS_OK;
		if (!accept(cursor, ','))
			return fail(parse, FOCUS_TAGS_EXPECTED_COMMA, cursor->at);
		skip_space(cursor);
		if (parse->progress != NULL && parse->count % PROGRESS_INTERVAL == 0)
			parse->progress(parse->context);
	}
}

/* "key" : value, added to the pairs. */
static FocusTagsStatus
parse_member(FocusTagsParse *parse, TagsCursor *cursor)
{
	FocusTagsPair *pair;
	FocusTagsStatus status;

	if (parse->count >= FOCUS_TAGS_KEYS_MAX)
		return fail(parse, FOCUS_TAGS_TOO_MANY_KEYS, cursor->at);
	if (!make_room(parse))
		return fail(parse, FOCUS_TAGS_NO_MEMORY, cursor->at);
	pair = &parse->pairs[parse->count];
	pair->offset = (uint32_t) (cursor->at - parse->source);
	if (cursor->at >= cursor->end || *cursor->at != '"')
		return fail(parse, FOCUS_TAGS_EXPECTED_KEY, cursor->at);
	parse->error_key = NULL;
	status = parse_string(parse, cursor, &pair->key, &pair->key_length);
	if (status != FOCUS_TAGS_OK)
		return status;
	parse->error_key = pair->key;
	parse->error_key_length = pair->key_length;
	skip_space(cursor);
	if (!accept(cursor, ':'))
		return fail(parse, FOCUS_TAGS_EXPECTED_COLON, cursor->at);
	skip_space(cursor);
	status = parse_value(parse, cursor, pair);
	if (status == FOCUS_TAGS_OK)
		parse->count++;
	return status;
}

static FocusTagsStatus
parse_value(FocusTagsParse *parse, TagsCursor *cursor, FocusTagsPair *pair)
{
	const char *start = cursor->at;

	if (start >= cursor->end)
		return fail(parse, FOCUS_TAGS_EXPECTED_VALUE, start);
	switch (*start)
	{
		case '"':
			pair->kind = FOCUS_TAGS_STRING;
			return parse_string(parse, cursor, &pair->value, &pair->value_length);
		case '[':
			return fail(parse, FOCUS_TAGS_NESTED_ARRAY, start);
		case '{':
			return fail(parse, FOCUS_TAGS_NESTED_OBJECT, start);
		case '-':
		case '0':
		case '1':
		case '2':
		case '3':
		case '4':
		case '5':
		case '6':
		case '7':
		case '8':
		case '9':
			return parse_number(parse, cursor, pair);
		default:
			break;
	}
	if (parse_word(cursor, "true", 4) || parse_word(cursor, "false", 5))
		pair->kind = FOCUS_TAGS_BOOLEAN;
	else if (parse_word(cursor, "null", 4))
		pair->kind = FOCUS_TAGS_NULL;
	else
		return fail(parse, FOCUS_TAGS_EXPECTED_VALUE, start);
	pair->value = start;
	pair->value_length = pair->kind == FOCUS_TAGS_NULL ? 0 : (uint32_t) (cursor->at - start);
	return FOCUS_TAGS_OK;
}

/* A string; the cursor is on its opening quote. */
static FocusTagsStatus
parse_string(FocusTagsParse *parse, TagsCursor *cursor, const char **text, uint32_t *length)
{
	const char *start = ++cursor->at;

	for (; cursor->at < cursor->end; cursor->at++)
	{
		unsigned char byte = (unsigned char) *cursor->at;

		if (byte == '"')
		{
			*text = start;
			*length = (uint32_t) (cursor->at - start);
			cursor->at++;
			return FOCUS_TAGS_OK;
		}
		if (byte == '\\')
			return parse_escaped(parse, cursor, start, text, length);
		if (byte < 0x20)
			return fail(parse, FOCUS_TAGS_CONTROL_CHARACTER, cursor->at);
	}
	return fail(parse, FOCUS_TAGS_UNTERMINATED_STRING, start - 1);
}

/* The rest of a string from its first escape on; start is its first byte. */
static FocusTagsStatus
parse_escaped(FocusTagsParse *parse, TagsCursor *cursor, const char *start,
			  const char **text, uint32_t *length)
{
	FocusTagsStatus status;
	char	   *out;

	if (parse->decoded == NULL)
	{
		parse->decoded = parse->resize(parse->context, NULL, (size_t) (cursor->end - start));
		if (parse->decoded == NULL)
			return fail(parse, FOCUS_TAGS_NO_MEMORY, cursor->at);
		parse->decoded_end = parse->decoded;
	}
	out = parse->decoded_end;
	*text = out;
	memcpy(out, start, (size_t) (cursor->at - start));
	out += cursor->at - start;
	while (cursor->at < cursor->end)
	{
		unsigned char byte = (unsigned char) *cursor->at;

		if (byte == '"')
		{
			*length = (uint32_t) (out - *text);
			parse->decoded_end = out;
			cursor->at++;
			return FOCUS_TAGS_OK;
		}
		if (byte == '\\')
		{
			status = parse_escape(parse, cursor, &out);
			if (status != FOCUS_TAGS_OK)
				return status;
			continue;
		}
		if (byte < 0x20)
			return fail(parse, FOCUS_TAGS_CONTROL_CHARACTER, cursor->at);
		*out++ = *cursor->at++;
	}
	return fail(parse, FOCUS_TAGS_UNTERMINATED_STRING, start - 1);
}

/* One escape; the cursor is on its backslash. */
static FocusTagsStatus
parse_escape(FocusTagsParse *parse, TagsCursor *cursor, char **out)
{
	static const char spelling[] = "\"\\/bfnrt";
	static const char meaning[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (cursor->end - cursor->at < 2)
		return fail(parse, FOCUS_TAGS_BAD_ESCAPE, cursor->at);
	if (cursor->at[1] == 'u')
		return parse_unicode_escape(parse, cursor, out);
	found = memchr(spelling, cursor->at[1], sizeof(spelling) - 1);
	if (found == NULL)
		return fail(parse, FOCUS_TAGS_BAD_ESCAPE, cursor->at);
	*(*out)++ = meaning[found - spelling];
	cursor->at += 2;
	return FOCUS_TAGS_OK;
}

/* \uXXXX or a surrogate pair of two such. */
static FocusTagsStatus
parse_unicode_escape(FocusTagsParse *parse, TagsCursor *cursor, char **out)
{
	const char *start = cursor->at;
	uint32_t	code_point;
	uint32_t	low;
	int			written;

	if (!read_hex4(cursor, &code_point))
		return fail(parse, FOCUS_TAGS_BAD_UNICODE_ESCAPE, start);
	cursor->at += UNICODE_ESCAPE_LENGTH;
	if (code_point == 0)
		return fail(parse, FOCUS_TAGS_NUL_ESCAPE, start);
	if (code_point >= 0xDC00 && code_point <= 0xDFFF)
		return fail(parse, FOCUS_TAGS_BAD_SURROGATE, start);
	if (code_point >= 0xD800 && code_point <= 0xDBFF)
	{
		if (!read_hex4(cursor, &low) || low < 0xDC00 || low > 0xDFFF)
			return fail(parse, FOCUS_TAGS_BAD_SURROGATE, start);
		cursor->at += UNICODE_ESCAPE_LENGTH;
		code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
	}
	if (code_point < 0x80 || parse->encode == NULL)
		written = write_utf8(code_point, *out);
	else
		written = parse->encode(parse->context, code_point, *out);
	if (written <= 0)
		return fail(parse, FOCUS_TAGS_UNTRANSLATABLE, start);
	*out += written;
	return FOCUS_TAGS_OK;
}

/* The four digits of a "\uXXXX" that begins at the cursor, which stays. */
static bool
read_hex4(const TagsCursor *cursor, uint32_t *value)
{
	int			i;

	if (cursor->end - cursor->at < UNICODE_ESCAPE_LENGTH ||
		cursor->at[0] != '\\' || cursor->at[1] != 'u')
		return false;
	*value = 0;
	for (i = 2; i < UNICODE_ESCAPE_LENGTH; i++)
	{
		char		digit = cursor->at[i];

		*value <<= 4;
		if (digit >= '0' && digit <= '9')
			*value |= (uint32_t) (digit - '0');
		else if (digit >= 'a' && digit <= 'f')
			*value |= (uint32_t) (digit - 'a' + 10);
		else if (digit >= 'A' && digit <= 'F')
			*value |= (uint32_t) (digit - 'A' + 10);
		else
			return false;
	}
	return true;
}

static int
write_utf8(uint32_t code_point, char *out)
{
	if (code_point < 0x80)
	{
		out[0] = (char) code_point;
		return 1;
	}
	if (code_point < 0x800)
	{
		out[0] = (char) (0xC0 | (code_point >> 6));
		out[1] = (char) (0x80 | (code_point & 0x3F));
		return 2;
	}
	if (code_point < 0x10000)
	{
		out[0] = (char) (0xE0 | (code_point >> 12));
		out[1] = (char) (0x80 | ((code_point >> 6) & 0x3F));
		out[2] = (char) (0x80 | (code_point & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | (code_point >> 18));
	out[1] = (char) (0x80 | ((code_point >> 12) & 0x3F));
	out[2] = (char) (0x80 | ((code_point >> 6) & 0x3F));
	out[3] = (char) (0x80 | (code_point & 0x3F));
	return 4;
}

/* A number by the grammar of RFC 8259, section 6. */
static FocusTagsStatus
parse_number(FocusTagsParse *parse, TagsCursor *cursor, FocusTagsPair *pair)
{
	const char *start = cursor->at;

	(void) accept(cursor, '-');
	if (!accept(cursor, '0'))
	{
		if (!next_is_digit(cursor))
			return fail(parse, FOCUS_TAGS_BAD_NUMBER, start);
		while (next_is_digit(cursor))
			cursor->at++;
	}
	if (accept(cursor, '.'))
	{
		if (!next_is_digit(cursor))
			return fail(parse, FOCUS_TAGS_BAD_NUMBER, start);
		while (next_is_digit(cursor))
			cursor->at++;
	}
	if (accept(cursor, 'e') || accept(cursor, 'E'))
	{
		if (!accept(cursor, '+'))
			(void) accept(cursor, '-');
		if (!next_is_digit(cursor))
			return fail(parse, FOCUS_TAGS_BAD_NUMBER, start);
		while (next_is_digit(cursor))
			cursor->at++;
	}
	if (cursor->at - start > FOCUS_TAGS_NUMBER_MAX)
		return fail(parse, FOCUS_TAGS_NUMBER_TOO_LONG, start);
	/* "01", "1x": say "number" rather than "comma expected" */
	if (next_is_digit(cursor))
		return fail(parse, FOCUS_TAGS_BAD_NUMBER, start);
	pair->kind = FOCUS_TAGS_NUMBER;
	pair->value = start;
	pair->value_length = (uint32_t) (cursor->at - start);
	return FOCUS_TAGS_OK;
}

static bool
parse_word(TagsCursor *cursor, const char *word, size_t length)
{
	if ((size_t) (cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0)
		return false;
	cursor->at += length;
	return true;
}

/* Makes sure that one more pair fits. */
static bool
make_room(FocusTagsParse *parse)
{
	uint32_t	room = parse->pairs_room == 0 ? 16 : parse->pairs_room * 2;
	FocusTagsPair *pairs;

	if (parse->count < parse->pairs_room)
		return true;
	pairs = parse->resize(parse->context, parse->pairs, room * sizeof(FocusTagsPair));
	if (pairs == NULL)
		return false;
	parse->pairs = pairs;
	parse->pairs_room = room;
	return true;
}

/* Sorts the pairs by key and refuses a key that comes twice. */
static FocusTagsStatus
order_pairs(FocusTagsParse *parse)
{
	uint32_t	i;
	bool		ordered = true;

	for (i = 1; i < parse->count && ordered; i++)
		ordered = compare_pairs(&parse->pairs[i - 1], &parse->pairs[i]) < 0;
	if (!ordered)
		qsort(parse->pairs, parse->count, sizeof(FocusTagsPair), compare_pairs);
	for (i = 1; i < parse->count; i++)
	{
		const FocusTagsPair *left = &parse->pairs[i - 1];
		const FocusTagsPair *right = &parse->pairs[i];

		if (focus_tags_compare_keys(left->key, left->key_length,
									right->key, right->key_length) == 0)
		{
			parse->error_key = right->key;
			parse->error_key_length = right->key_length;
			return fail(parse, FOCUS_TAGS_DUPLICATE_KEY, parse->source + right->offset);
		}
	}
	return FOCUS_TAGS_OK;
}

/* By key; of equal keys the one that stands first in the source. */
static int
compare_pairs(const void *left, const void *right)
{
	const FocusTagsPair *a = left;
	const FocusTagsPair *b = right;
	int			order = focus_tags_compare_keys(a->key, a->key_length, b->key, b->key_length);

	if (order != 0)
		return order;
	return (a->offset > b->offset) - (a->offset < b->offset);
}

static FocusTagsStatus
fail(FocusTagsParse *parse, FocusTagsStatus status, const char *at)
{
	parse->error_offset = (size_t) (at - parse->source);
	return status;
}
