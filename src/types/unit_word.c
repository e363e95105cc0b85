/*-------------------------------------------------------------------------
 *
 * unit_word.c
 *	  Single words of a unit: data sizes, times, and the singular of nouns.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "types/unit_word.h"

typedef struct TimeUnit
{
	const char *name;			/* singular, lower case */
	const char *base;
	FocusUnitInteger numerator;
	FocusUnitInteger denominator;
} TimeUnit;

static const TimeUnit time_units[] = {
	{"millisecond", "Second", 1, 1000},
	{"second", "Second", 1, 1},
	{"minute", "Second", 60, 1},
	{"hour", "Second", 3600, 1},
	{"day", "Second", 86400, 1},
	{"week", "Second", 604800, 1},
	{"month", "Month", 1, 1},
	{"year", "Month", 12, 1}
};

static const char *const size_letters = "KMGTPE";
static const char *const decimal_prefixes[] = {"kilo", "mega", "giga", "tera", "peta", "exa"};
static const char *const binary_prefixes[] = {"kibi", "mebi", "gibi", "tebi", "pebi", "exbi"};

/* plurals and words in s that the rules below would get wrong */
static const char *const irregulars[][2] = {
	{"analyses", "analysis"},
	{"buses", "bus"},
	{"caches", "cache"},
	{"cookies", "cookie"},
	{"dns", "dns"},
	{"fps", "fps"},
	{"gas", "gas"},
	{"indices", "index"},
	{"iops", "iops"},
	{"movies", "movie"},
	{"qps", "qps"},
	{"rps", "rps"},
	{"series", "series"},
	{"sms", "sms"},
	{"statuses", "status"},
	{"tps", "tps"},
	{"viruses", "virus"}
};

static bool classify_time(UnitSpan span, UnitWord *word);
static bool classify_written_size(UnitSpan span, UnitWord *word);
static void set_size(UnitWord *word, unsigned prefix, bool binary, bool bits);
static size_t size_length(UnitSpan span, unsigned *prefix, bool *binary);
static bool span_ends_in(UnitSpan span, const char *lower);

/*
 * Fills *word and returns NULL.  For a word that looks like a data size but is
 * none it returns the reason instead, a full sentence.
 */
const char *
focus_unit_classify_word(UnitSpan span, UnitWord *word)
{
	unsigned	prefix;
	bool		binary;
	size_t		length = size_length(span, &prefix, &binary);
	UnitSpan	rest = {span.start + length, span.length - length};
	bool		plural;
	bool		per_second;
	size_t		i;

	word->kind = WORD_NOUN;
	if (classify_time(span, word) || classify_written_size(span, word))
		return NULL;
	plural = prefix > 0 && rest.length == 1 && *rest.start == 's';
	per_second = focus_unit_span_is(rest, "ps");
	if (length == 0 || !(rest.length == 0 || plural || per_second))
		return NULL;
	set_size(word, prefix, binary, span.start[length - 1] == 'b');
	for (i = 0; i < length; i++)
		if (span.start[i] != word->text[i] && !(span.start[i] == 'k' && !binary))
			return "A data size is case sensitive: Kb .. Eb and Kib .. Eib for bits, "
				"KB .. EB and KiB .. EiB for bytes.";
	if (plural && span.start[length - 1] == 'b')
		return "A size in bits takes no \"s\"; a rate is written Mb/Second.";
	if (per_second && memcmp(rest.start, "ps", 2) != 0)
		return "A rate per second ends in \"ps\".";
	if (per_second)
	{
		word->per_second = true;
		strcat(word->text, "ps");
	}
	return NULL;
}

/*
 * Turns a lower-case English noun into its singular, in place, and returns the
 * new length.  The singular is never longer than the plural.
 */
size_t
focus_unit_make_singular(char *word, size_t length)
{
	unsigned	prefix;
	bool		binary;
	UnitSpan	plural = {word, length};
	UnitSpan	stem = {word, length - 1};
	size_t		i;

	if (length < 3 || word[length - 1] != 's')
		return length;
	for (i = 0; i < lengthof(irregulars); i++)
	{
		if (!focus_unit_span_is(plural, irregulars[i][0]))
			continue;
		length = strlen(irregulars[i][1]);
		memcpy(word, irregulars[i][1], length);
		return length;
	}
	if (span_ends_in(plural, "ss") || span_ends_in(plural, "us") || span_ends_in(plural, "is"))
		return length;
	/* "ebs" is a noun, not several "eb", which would look like a data size */
	if (size_length(stem, &prefix, &binary) == stem.length)
		return length;
	if (length > 4 && span_ends_in(plural, "ies"))
	{
		word[length - 3] = 'y';
		return length - 2;
	}
	if (span_ends_in(plural, "sses") || span_ends_in(plural, "shes") ||
		span_ends_in(plural, "ches") || span_ends_in(plural, "xes"))
		return length - 2;
	return length - 1;
}

/* Whether the span is the lower-case text, in any case. */
bool
focus_unit_span_is(UnitSpan span, const char *lower)
{
	size_t		i;

	if (span.length != strlen(lower))
		return false;
	for (i = 0; i < span.length; i++)
		if (to_lower(span.start[i]) != lower[i])
			return false;
	return true;
}

static bool
classify_time(UnitSpan span, UnitWord *word)
{
	size_t		i;

	for (i = 0; i < lengthof(time_units); i++)
	{
		const TimeUnit *unit = &time_units[i];
		size_t		length = strlen(unit->name);
		UnitSpan	singular = {span.start, length};

		if (span.length != length &&
			!(span.length == length + 1 && to_lower(span.start[length]) == 's'))
			continue;
		if (!focus_unit_span_is(singular, unit->name))
			continue;
		word->kind = WORD_TIME;
		word->numerator = unit->numerator;
		word->denominator = unit->denominator;
		word->per_second = false;
		word->base = unit->base;
		memcpy(word->text, unit->name, length + 1);
		word->text[0] = to_upper(word->text[0]);
		if (span.length > length)
			strcat(word->text, "s");
		return true;
	}
	return false;
}

/* "Gigabytes", in any case, singular or plural */
static bool
classify_written_size(UnitSpan span, UnitWord *word)
{
	bool		bits;
	unsigned	i;

	if (span_ends_in(span, "s"))
		span.length--;
	if (span_ends_in(span, "byte"))
		bits = false;
	else if (span_ends_in(span, "bit"))
		bits = true;
	else
		return false;
	span.length -= bits ? 3 : 4;
	if (span.length == 0)
	{
		set_size(word, 0, false, bits);
		return true;
	}
	for (i = 0; i < lengthof(decimal_prefixes); i++)
	{
		bool		binary = focus_unit_span_is(span, binary_prefixes[i]);

		if (!binary && !focus_unit_span_is(span, decimal_prefixes[i]))
			continue;
		set_size(word, i + 1, binary, bits);
		return true;
	}
	return false;
}

/* prefix: 0 for none, 1 for kilo .. 6 for exa */
static void
set_size(UnitWord *word, unsigned prefix, bool binary, bool bits)
{
	char	   *p = word->text;
	unsigned	i;

	word->kind = WORD_SIZE;
	word->numerator = 1;
	word->denominator = bits ? 8 : 1;
	word->per_second = false;
	word->base = "B";
	for (i = 0; i < prefix; i++)
		word->numerator *= binary ? 1024 : 1000;
	if (prefix > 0)
		*p++ = size_letters[prefix - 1];
	if (prefix > 0 && binary)
		*p++ = 'i';
	*p++ = bits ? 'b' : 'B';
	*p = '\0';
}

/*
 * Length of the data size that the word starts with, in any case, 0 if it
 * starts with none.
 */
static size_t
size_length(UnitSpan span, unsigned *prefix, bool *binary)
{
	const char *letter;
	size_t		length = 0;

	*prefix = 0;
	*binary = false;
	if (span.length > 1 && (letter = strchr(size_letters, to_upper(span.start[0]))) != NULL)
	{
		*prefix = letter - size_letters + 1;
		length = 1;
		*binary = to_lower(span.start[1]) == 'i';
		length += *binary;
	}
	if (length < span.length && to_lower(span.start[length]) == 'b')
		return length + 1;
	return 0;
}

static bool
span_ends_in(UnitSpan span, const char *lower)
{
	size_t		length = strlen(lower);

	if (span.length < length)
		return false;
	span.start += span.length - length;
	span.length = length;
	return focus_unit_span_is(span, lower);
}
