/*-------------------------------------------------------------------------
 *
 * json_split.c
 *	  The text of a JSON object -> its keys and values.
 *
 * The grammar is that of RFC 8259, without additions.  Strings are decoded to
 * UTF-8, numbers and words stay as they are written, null is a value without
 * length, and an object or array inside is checked and kept as its text.
 *
 * What strings hold besides escapes is copied, be it UTF-8 or not.  \u0000 and
 * halves of surrogate pairs are refused: no text could hold them.
 *
 * Pure C: no part of PostgreSQL is needed, so that a fuzzer can run it.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "load/json_split.h"

typedef struct Cursor
{
	const char *p;
	const char *end;
	char	   *out;			/* where decoded text goes */
	const char *why;
} Cursor;

static bool split_member(Cursor *cursor, FocusJsonMember *member);
static bool pass_value(Cursor *cursor);
static bool pass_nested(Cursor *cursor);
static bool pass_key(Cursor *cursor);
static bool pass_scalar(Cursor *cursor);
static bool pass_string(Cursor *cursor, char **out);
static bool pass_escape(Cursor *cursor, char **out);
static bool pass_code_point(Cursor *cursor, uint32_t *code_point);
static bool pass_number(Cursor *cursor);
static bool pass_digits(Cursor *cursor);
static bool pass_word(Cursor *cursor, const char *word);
static void pass_blanks(Cursor *cursor);
static bool pass_char(Cursor *cursor, char c, const char *why);
static bool fail(Cursor *cursor, const char *why);
static char *put_utf8(char *out, uint32_t code_point);

static inline bool
next_is(const Cursor *cursor, char c)
{
	return cursor->p < cursor->end && *cursor->p == c;
}

/*
 * Splits a text that is one object, with blanks around it perhaps.  Keys and
 * values are in the splitter's space; a NUL byte follows each.  False when the
 * text is none; why tells.
 */
bool
focus_json_split(FocusJsonSplitter *splitter, const char *text, size_t len)
{
	Cursor		cursor = {text, text + len, splitter->space, NULL};
	bool		more;

	splitter->nmembers = 0;
	splitter->why = NULL;
	pass_blanks(&cursor);
	if (pass_char(&cursor, '{', "not a JSON object"))
	{
		pass_blanks(&cursor);
		more = !next_is(&cursor, '}');
		while (more)
		{
			if (splitter->nmembers == splitter->max_members)
			{
				fail(&cursor, "JSON object has too many keys");
				break;
			}
			if (!split_member(&cursor, &splitter->members[splitter->nmembers]))
				break;
			splitter->nmembers++;
			more = next_is(&cursor, ',');
			if (more)
				cursor.p++;
		}
		if (pass_char(&cursor, '}', "JSON object is not closed, or lacks a comma"))
			pass_blanks(&cursor);
		if (cursor.why == NULL && cursor.p != cursor.end)
			fail(&cursor, "something follows the JSON object");
	}
	splitter->why = cursor.why;
	return cursor.why == NULL;
}

/*
 * Passes bytes of a value that is an object or array, up to its end.  Returns
 * how many they are; scanner->depth is 0 when it has ended.  Whether the value
 * is well-formed inside is not looked at.
 */
size_t
focus_json_scan(FocusJsonScanner *scanner, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		char		c = bytes[i];

		if (scanner->in_string)
		{
			if (scanner->after_backslash)
				scanner->after_backslash = false;
			else if (c == '\\')
				scanner->after_backslash = true;
			else if (c == '"')
				scanner->in_string = false;
		}
		else if (c == '"')
			scanner->in_string = true;
		else if (c == '{' || c == '[')
			scanner->depth++;
		else if ((c == '}' || c == ']') && --scanner->depth == 0)
			return i + 1;
	}
	return len;
}

/* "key": value and the blanks around both, into the cursor's space. */
static bool
split_member(Cursor *cursor, FocusJsonMember *member)
{
	const char *first;

	pass_blanks(cursor);
	member->key.data = cursor->out;
	if (!next_is(cursor, '"'))
		return fail(cursor, "JSON object lacks a key in quotes");
	if (!pass_string(cursor, &cursor->out))
		return false;
	member->key.len = cursor->out - member->key.data;
	*cursor->out++ = '\0';
	pass_blanks(cursor);
	if (!pass_char(cursor, ':', "JSON object lacks a colon behind a key"))
		return false;
	pass_blanks(cursor);

	member->value.data = cursor->out;
	first = cursor->p;
	if (next_is(cursor, '"'))
	{
		if (!pass_string(cursor, &cursor->out))
			return false;
	}
	else
	{
		if (!pass_value(cursor))
			return false;
		if (*first != 'n')
		{
			memcpy(cursor->out, first, cursor->p - first);
			cursor->out += cursor->p - first;
		}
	}
	member->value.len = cursor->out - member->value.data;
	/* in the text there is a comma or brace here, or it is refused */
	if (cursor->p == cursor->end)
		return fail(cursor, "JSON object is not closed, or lacks a comma");
	*cursor->out++ = '\0';
	pass_blanks(cursor);
	return true;
}

static bool
pass_value(Cursor *cursor)
{
	if (next_is(cursor, '{') || next_is(cursor, '['))
		return pass_nested(cursor);
	return pass_scalar(cursor);
}

/*
 * Passes an object or array.  Bit i of objects says that the one at depth i is
 * an object.
 */
static bool
pass_nested(Cursor *cursor)
{
	uint64_t	objects = 0;
	int			depth = 0;

	do
	{
		bool		opens = next_is(cursor, '{') || next_is(cursor, '[');

		if (opens)
		{
			if (depth == FOCUS_JSON_MAX_DEPTH)
				return fail(cursor, "JSON is nested too deep");
			objects = (objects << 1) | next_is(cursor, '{');
			depth++;
			cursor->p++;
			pass_blanks(cursor);
		}
		else if (!pass_scalar(cursor))
			return false;
		/* an empty one may end at once; a value must end, or a comma follow */
		while (depth > 0)
		{
			pass_blanks(cursor);
			if (!next_is(cursor, (objects & 1) != 0 ? '}' : ']'))
				break;
			cursor->p++;
			objects >>= 1;
			depth--;
			opens = false;
		}
		if (depth == 0)
			break;
		if (!opens && !pass_char(cursor, ',', "JSON inside is not closed, or lacks a comma"))
			return false;
		pass_blanks(cursor);
		if ((objects & 1) != 0 && !pass_key(cursor))
			return false;
	} while (true);
	return true;
}

static bool
pass_key(Cursor *cursor)
{
	if (!next_is(cursor, '"'))
		return fail(cursor, "JSON object lacks a key in quotes");
	if (!pass_string(cursor, NULL))
		return false;
	pass_blanks(cursor);
	if (!pass_char(cursor, ':', "JSON object lacks a colon behind a key"))
		return false;
	pass_blanks(cursor);
	return true;
}

static bool
pass_scalar(Cursor *cursor)
{
	if (cursor->p == cursor->end)
		return fail(cursor, "JSON ends before a value");
	switch (*cursor->p)
	{
		case '"':
			return pass_string(cursor, NULL);
		case 't':
			return pass_word(cursor, "true");
		case 'f':
			return pass_word(cursor, "false");
		case 'n':
			return pass_word(cursor, "null");
		default:
			return pass_number(cursor);
	}
}

/*
 * Passes a string from its opening quote.  What it says is appended to *out,
 * unless that is NULL; it is shorter than the string by two bytes at least.
 */
static bool
pass_string(Cursor *cursor, char **out)
{
	cursor->p++;
	while (cursor->p < cursor->end)
	{
		unsigned char c = (unsigned char) *cursor->p;

		if (c == '"')
		{
			cursor->p++;
			return true;
		}
		if (c < 0x20)
			return fail(cursor, "JSON string has a control character");
		if (c == '\\')
		{
			if (!pass_escape(cursor, out))
				return false;
			continue;
		}
		if (out != NULL)
			*(*out)++ = *cursor->p;
		cursor->p++;
	}
	return fail(cursor, "JSON string is not closed");
}

static bool
pass_escape(Cursor *cursor, char **out)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *name;
	uint32_t	code_point;

	cursor->p++;
	if (cursor->p == cursor->end)
		return fail(cursor, "JSON string is not closed");
	if (*cursor->p == 'u')
	{
		if (!pass_code_point(cursor, &code_point))
			return false;
		if (out != NULL)
			*out = put_utf8(*out, code_point);
		return true;
	}
	name = memchr(names, *cursor->p, sizeof(names) - 1);
	if (name == NULL)
		return fail(cursor, "JSON string has an unknown escape");
	if (out != NULL)
		*(*out)++ = meanings[name - names];
	cursor->p++;
	return true;
}

/* Four hexadecimal digits behind \u; -1 when they are not there. */
static int32_t
hexadecimal(const Cursor *cursor)
{
	int32_t		value = 0;

	if (cursor->end - cursor->p < 5)
		return -1;
	for (int i = 1; i <= 4; i++)
	{
		char		c = cursor->p[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

/* From the u of an escape on; a character beyond 0xFFFF takes two escapes. */
static bool
pass_code_point(Cursor *cursor, uint32_t *code_point)
{
	int32_t		high = hexadecimal(cursor);
	int32_t		low;

	if (high < 0)
		return fail(cursor, "JSON string has an unknown escape");
	if (high == 0)
		return fail(cursor, "JSON string has \\u0000, which no text can hold");
	cursor->p += 5;
	*code_point = (uint32_t) high;
	if (high < 0xd800 || high > 0xdfff)
		return true;

	if (high > 0xdbff || !next_is(cursor, '\\') || cursor->end - cursor->p < 2 || cursor->p[1] != 'u')
		return fail(cursor, "JSON string has half a surrogate pair");
	cursor->p++;
	low = hexadecimal(cursor);
	if (low < 0xdc00 || low > 0xdfff)
		return fail(cursor, "JSON string has half a surrogate pair");
	cursor->p += 5;
	*code_point = 0x10000 + (((uint32_t) high & 0x3ff) << 10) + ((uint32_t) low & 0x3ff);
	return true;
}

static bool
pass_number(Cursor *cursor)
{
	if (next_is(cursor, '-'))
		cursor->p++;
	if (next_is(cursor, '0'))
		cursor->p++;
	else if (!pass_digits(cursor))
		return fail(cursor, "JSON has something that is no value");
	if (next_is(cursor, '.'))
	{
		cursor->p++;
		if (!pass_digits(cursor))
			return fail(cursor, "JSON number lacks digits");
	}
	if (next_is(cursor, 'e') || next_is(cursor, 'E'))
	{
		cursor->p++;
		if (next_is(cursor, '+') || next_is(cursor, '-'))
			cursor->p++;
		if (!pass_digits(cursor))
			return fail(cursor, "JSON number lacks digits");
	}
	return true;
}

static bool
pass_digits(Cursor *cursor)
{
	const char *first = cursor->p;

	while (cursor->p < cursor->end && *cursor->p >= '0' && *cursor->p <= '9')
		cursor->p++;
	return cursor->p > first;
}

static bool
pass_word(Cursor *cursor, const char *word)
{
	size_t		len = strlen(word);

	if ((size_t) (cursor->end - cursor->p) < len || memcmp(cursor->p, word, len) != 0)
		return fail(cursor, "JSON has something that is no value");
	cursor->p += len;
	return true;
}

static void
pass_blanks(Cursor *cursor)
{
	while (cursor->p < cursor->end &&
		   (*cursor->p == ' ' || *cursor->p == '\t' || *cursor->p == '\n' || *cursor->p == '\r'))
		cursor->p++;
}

/* False also when something has failed before. */
static bool
pass_char(Cursor *cursor, char c, const char *why)
{
	if (cursor->why != NULL)
		return false;
	if (!next_is(cursor, c))
		return fail(cursor, why);
	cursor->p++;
	return true;
}

static bool
fail(Cursor *cursor, const char *why)
{
	cursor->why = why;
	return false;
}

static char *
put_utf8(char *out, uint32_t code_point)
{
	if (code_point < 0x80)
		*out++ = (char) code_point;
	else if (code_point < 0x800)
	{
		*out++ = (char) (0xc0 | (code_point >> 6));
		*out++ = (char) (0x80 | (code_point & 0x3f));
	}
	else if (code_point < 0x10000)
	{
		*out++ = (char) (0xe0 | (code_point >> 12));
		*out++ = (char) (0x80 | ((code_point >> 6) & 0x3f));
		*out++ = (char) (0x80 | (code_point & 0x3f));
	}
	else
	{
		*out++ = (char) (0xf0 | (code_point >> 18));
		*out++ = (char) (0x80 | ((code_point >> 12) & 0x3f));
		*out++ = (char) (0x80 | ((code_point >> 6) & 0x3f));
		*out++ = (char) (0x80 | (code_point & 0x3f));
	}
	return out;
}
