/*-------------------------------------------------------------------------
 *
 * tags_spelling.c
 *	  Tags that are not written as a JSON object -> JSON, without PostgreSQL.
 *
 * Azure's own exports leave out the braces, Python prints its literals, and
 * OpenShift joins k:v by bars.  The text is respelled and no more: whether what
 * comes out is a map is for the caller to find out, who keeps the text when it
 * is none.
 *
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <string.h>

#include "load/tags_spelling.h"

typedef struct Text
{
	const char *p;
	const char *end;
	char	   *out;
} Text;

static bool python(Text *text);
static bool python_string(Text *text);
static bool python_escape(Text *text);
static bool python_word(Text *text);
static bool pairs(Text *text);
static bool pair_key(Text *text);
static bool pair_value(Text *text);
static bool put_byte(Text *text, char c);
static void put(Text *text, const char *bytes);

static inline bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Writes the text as JSON, for which there are FOCUS_TAGS_SPELLING_ROOM bytes,
 * and a NUL byte behind it.  Nothing useful is written for FOCUS_TAGS_AS_WRITTEN.
 */
FocusTagsSpelling
focus_tags_respell(const char *text, size_t len, char *json, size_t *json_len)
{
	Text		t = {text, text + len, json};
	FocusTagsSpelling spelling = FOCUS_TAGS_AS_WRITTEN;

	if (len == 0)
		return spelling;
	if (*text == '"')
	{
		*t.out++ = '{';
		memcpy(t.out, text, len);
		t.out += len;
		*t.out++ = '}';
		spelling = FOCUS_TAGS_WITHOUT_BRACES;
	}
	else if (*text == '{' || *text == '[')
		spelling = python(&t) ? FOCUS_TAGS_PYTHON : FOCUS_TAGS_AS_WRITTEN;
	else
		spelling = pairs(&t) ? FOCUS_TAGS_PAIRS : FOCUS_TAGS_AS_WRITTEN;
	*t.out = '\0';
	*json_len = t.out - json;
	return spelling;
}

/* Strings and words are respelled, all else is as in JSON. */
static bool
python(Text *text)
{
	while (text->p < text->end)
	{
		char		c = *text->p;

		if (c == '\'' || c == '"')
		{
			if (!python_string(text))
				return false;
		}
		else if (is_letter(c))
		{
			if (!python_word(text))
				return false;
		}
		else
			*text->out++ = *text->p++;
	}
	return true;
}

/* Python quotes by ' or, where the string has such a one itself, by ". */
static bool
python_string(Text *text)
{
	char		quote = *text->p++;

	*text->out++ = '"';
	while (text->p < text->end && *text->p != quote)
	{
		if (*text->p == '\\')
		{
			if (!python_escape(text))
				return false;
		}
		else if (!put_byte(text, *text->p++))
			return false;
	}
	if (text->p == text->end)
		return false;
	text->p++;
	*text->out++ = '"';
	return true;
}

/* \' and \xNN are not JSON's; the others that Python prints are. */
static bool
python_escape(Text *text)
{
	text->p++;
	if (text->p == text->end)
		return false;
	if (*text->p == '\'' || *text->p == '"')
		return put_byte(text, *text->p++);
	if (*text->p == 'x')
	{
		text->p++;
		put(text, "\\u00");
		return true;
	}
	if (strchr("\\nrtu", *text->p) == NULL)
		return false;
	*text->out++ = '\\';
	*text->out++ = *text->p++;
	return true;
}

static bool
python_word(Text *text)
{
	static const char *const words[][2] = {
		{"None", "null"}, {"True", "true"}, {"False", "false"},
		{"null", "null"}, {"true", "true"}, {"false", "false"},
		{"e", "e"}, {"E", "E"}	/* of a number */
	};
	const char *first = text->p;
	size_t		len;

	while (text->p < text->end && is_letter(*text->p))
		text->p++;
	len = text->p - first;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		if (strlen(words[i][0]) == len && memcmp(words[i][0], first, len) == 0)
		{
			put(text, words[i][1]);
			return true;
		}
	}
	return false;
}

/*
 * k:v|k:v, with keys as Kubernetes has them.  One pair alone may as well be a
 * time, a path or a name with colons in it, so there must be two.
 */
static bool
pairs(Text *text)
{
	bool		several = false;

	*text->out++ = '{';
	for (;;)
	{
		if (!pair_key(text) || !pair_value(text))
			return false;
		if (text->p == text->end)
			break;
		several = true;
		text->p++;
		*text->out++ = ',';
	}
	*text->out++ = '}';
	return several;
}

static bool
pair_key(Text *text)
{
	const char *first = text->p;

	*text->out++ = '"';
	while (text->p < text->end &&
		   (is_letter(*text->p) || is_digit(*text->p) || strchr("_-./", *text->p) != NULL) && *text->p != '\0')
		*text->out++ = *text->p++;
	if (text->p == first || text->p == text->end || *text->p != ':')
		return false;
	text->p++;
	put(text, "\":");
	return true;
}

/* Up to a bar or the end.  What begins with // belongs to an address. */
static bool
pair_value(Text *text)
{
	if (text->end - text->p >= 2 && memcmp(text->p, "//", 2) == 0)
		return false;
	*text->out++ = '"';
	while (text->p < text->end && *text->p != '|')
	{
		if (!put_byte(text, *text->p++))
			return false;
	}
	*text->out++ = '"';
	return true;
}

/* A byte inside a JSON string; false for control characters. */
static bool
put_byte(Text *text, char c)
{
	if ((unsigned char) c < 0x20)
		return false;
	if (c == '"' || c == '\\')
		*text->out++ = '\\';
	*text->out++ = c;
	return true;
}

static void
put(Text *text, const char *bytes)
{
	size_t		len = strlen(bytes);

	memcpy(text->out, bytes, len);
	text->out += len;
}
