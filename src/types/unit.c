/*-------------------------------------------------------------------------
 *
 * unit.c
 *	  Parser for the FOCUS unit format: "GB-Hours", "1M Tokens",
 *	  "Units/3 Months".
 *
 *		unit     = [ "per" ] side [ ( "/" | "per" ) side ]
 *		side     = [ quantity ] { scale } product  |  quantity { scale }
 *		quantity = decimal [ "K" | "k" | "M" | "B" | "T" ]
 *		scale    = "Thousand" | "Million" | "Billion" | "Trillion"
 *		product  = phrase { "-" phrase }
 *		phrase   = word { " " word }
 *
 * Everything after the slash divides: GB/Second-Month is GB per
 * (Second-Month).  A quantity alone counts Units ("10K", "1/Hour"), but only
 * above the slash.
 *
 * A word is one of
 *	- a data size: b, B, Kb .. Eb, KB .. EB, Kib .. Eib, KiB .. EiB.  Case
 *	  tells bits from bytes, so a size in another case ("gb") is an error.
 *	  K is 1000 and Ki is 1024.  The size written out ("Gigabytes"), a plural
 *	  ("GBs") and a rate per second ("Mbps") are understood.
 *	- a time: Millisecond .. Week are multiples of the second; Month and Year
 *	  are calendar units, of which a year has twelve months and no month has a
 *	  fixed number of days.
 *	- anything else: a count noun.  The vocabulary of nouns is open.
 * A phrase of sizes and times only is a product ("GB Hours" is GB-Hours); any
 * other phrase is one count noun of several words ("Normalized Hour").
 *
 * A unit is worth an exact fraction of its dimension, which is a product of
 * powers of the base units B, Second, Month and the singular of each count
 * noun.  Equal units have the same dimension text and the same fraction.
 * Numerator and denominator stay below 2^120, which leaves room to multiply by
 * ten in 128 bits; whatever needs more is refused.
 *
 * The canonical text keeps words and their order as written; it normalises
 * quantities (1K is 1000, a quantity of 1 is left out), the spelling of sizes
 * and times, blanks, and the case of words written in lower case.  Parsing the
 * canonical text gives the same unit and the same text.
 *
 * Words may hold any byte above 127: the parser does not decode them, and the
 * caller has checked the encoding.  Letter case is that of ASCII only.
 *
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <string.h>

#include "types/unit.h"

#define INTEGER_MAX		((((FocusUnitInteger) 1) << 120) - 1)
#define WORD_MAX		64		/* longest word that any table here can hold */

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

/* a stretch of the text */
typedef struct Span
{
	const char *start;
	size_t		length;
} Span;

/* a base unit or count noun and the power it has in the dimension */
typedef struct Term
{
	size_t		name_offset;	/* in Parser.names */
	size_t		name_length;
	int			exponent;
} Term;

typedef struct Parser
{
	const char *text;
	const char *position;
	const char *end;
	int			side;			/* 1 above the slash, -1 below */
	FocusUnit  *unit;
	FocusUnitError *error;
	int			words_measured; /* terms met so far */
	int			terms_used;
	Term		terms[2 * FOCUS_UNIT_TERMS_MAX];
	size_t		names_used;
	char		names[FOCUS_UNIT_DIMENSION_MAX];
} Parser;

typedef enum WordKind
{
	WORD_SIZE,					/* data size, or data size per second */
	WORD_TIME,
	WORD_NOUN
} WordKind;

/* what is known about a word */
typedef struct Word
{
	WordKind	kind;
	FocusUnitInteger numerator; /* worth in base units, sizes and times only */
	FocusUnitInteger denominator;
	bool		per_second;
	const char *base;			/* name of the base unit */
	char		text[WORD_MAX]; /* canonical text of a size or time */
} Word;

typedef struct TimeUnit
{
	const char *name;
	const char *base;
	FocusUnitInteger numerator;
	FocusUnitInteger denominator;
} TimeUnit;

static const TimeUnit time_units[] = {
	{"Millisecond", "Second", 1, 1000},
	{"Second", "Second", 1, 1},
	{"Minute", "Second", 60, 1},
	{"Hour", "Second", 3600, 1},
	{"Day", "Second", 86400, 1},
	{"Week", "Second", 604800, 1},
	{"Month", "Month", 1, 1},
	{"Year", "Month", 12, 1}
};

static const char *const size_letters = "KMGTPE";
static const char *const decimal_prefixes[] = {"kilo", "mega", "giga", "tera", "peta", "exa"};
static const char *const binary_prefixes[] = {"kibi", "mebi", "gibi", "tebi", "pebi", "exbi"};

static const struct
{
	const char *name;
	unsigned	exponent;
}			scales[] = {
	{"thousand", 3}, {"million", 6}, {"billion", 9}, {"trillion", 12}
};

/* plurals and words in s that the rules of singular_length() would get wrong */
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

static bool parse_side(Parser *parser);
static bool parse_quantity(Parser *parser, FocusUnitInteger *mantissa, unsigned *decimals,
						   bool *found);
static bool parse_phrase(Parser *parser);
static bool parse_word(Parser *parser, Span *span);
static bool add_measured(Parser *parser, const Word *word);
static bool add_noun(Parser *parser, const Span *words, int word_count);
static bool classify(Parser *parser, Span span, Word *word);
static bool classify_size(Parser *parser, Span span, Word *word);
static bool finish_dimension(Parser *parser);
static bool append_text(Parser *parser, const char *text, size_t length);

static bool
fail(Parser *parser, const char *position, const char *reason)
{
	parser->error->offset = position - parser->text;
	parser->error->reason = reason;
	return false;
}

/* ---- characters; never those of the locale ---- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static char
to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static char
to_upper(char c)
{
	return is_lower(c) ? c - ('a' - 'A') : c;
}

static bool
is_word_start(char c)
{
	return is_lower(to_lower(c)) || c == '_' || (unsigned char) c >= 0x80;
}

static bool
is_word_part(char c)
{
	return is_word_start(c) || is_digit(c) || c == '.';
}

static bool
span_is(Span span, const char *lower)
{
	size_t		i;

	if (span.length != strlen(lower))
		return false;
	for (i = 0; i < span.length; i++)
		if (to_lower(span.start[i]) != lower[i])
			return false;
	return true;
}

/* ---- exact fractions ---- */

FocusUnitInteger
focus_unit_common_divisor(FocusUnitInteger a, FocusUnitInteger b)
{
	while (b != 0)
	{
		FocusUnitInteger rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static bool
multiply(FocusUnitInteger *value, FocusUnitInteger by)
{
	if (by != 0 && *value > INTEGER_MAX / by)
		return false;
	*value *= by;
	return true;
}

/* The unit's factor times (or, below the slash, divided by) a fraction. */
static bool
scale_unit(Parser *parser, const char *position, FocusUnitInteger numerator,
		   FocusUnitInteger denominator)
{
	FocusUnitInteger up = parser->side > 0 ? numerator : denominator;
	FocusUnitInteger down = parser->side > 0 ? denominator : numerator;
	FocusUnitInteger divisor;

	divisor = focus_unit_common_divisor(up, down);
	up /= divisor;
	down /= divisor;
	divisor = focus_unit_common_divisor(parser->unit->numerator, down);
	parser->unit->numerator /= divisor;
	down /= divisor;
	divisor = focus_unit_common_divisor(parser->unit->denominator, up);
	parser->unit->denominator /= divisor;
	up /= divisor;
	if (!multiply(&parser->unit->numerator, up) || !multiply(&parser->unit->denominator, down))
		return fail(parser, position, "The factor of the unit is too large or too small.");
	return true;
}

static void
multiply_wide(FocusUnitInteger a, FocusUnitInteger b, FocusUnitInteger *high, FocusUnitInteger *low)
{
	FocusUnitInteger a_high = a >> 64,
				a_low = (uint64_t) a,
				b_high = b >> 64,
				b_low = (uint64_t) b;
	FocusUnitInteger middle = a_high * b_low + ((a_low * b_low) >> 64);
	FocusUnitInteger carry = (uint64_t) middle + a_low * b_high;

	*low = (carry << 64) | (uint64_t) (a_low * b_low);
	*high = a_high * b_high + (middle >> 64) + (carry >> 64);
}

/* -1, 0 or 1, as the first fraction is less than, equal to or above the second. */
int
focus_unit_compare_factors(FocusUnitInteger numerator1, FocusUnitInteger denominator1,
						   FocusUnitInteger numerator2, FocusUnitInteger denominator2)
{
	FocusUnitInteger high1,
				low1,
				high2,
				low2;

	multiply_wide(numerator1, denominator2, &high1, &low1);
	multiply_wide(numerator2, denominator1, &high2, &low2);
	if (high1 != high2)
		return high1 < high2 ? -1 : 1;
	if (low1 != low2)
		return low1 < low2 ? -1 : 1;
	return 0;
}

/* Digits of an integer, without NUL; returns how many (39 at most). */
static size_t
format_integer(FocusUnitInteger value, char *digits)
{
	char		reversed[40];
	size_t		length = 0;
	size_t		i;

	do
	{
		reversed[length++] = '0' + (int) (value % 10);
		value /= 10;
	} while (value != 0);
	for (i = 0; i < length; i++)
		digits[i] = reversed[length - 1 - i];
	return length;
}

/*
 * Writes a fraction as a decimal, exactly, into FOCUS_UNIT_DECIMAL_SIZE bytes.
 * Returns false, with the digits undefined, when no finite decimal is equal to
 * it.  Both arguments are below 2^120.
 */
bool
focus_unit_decimal(FocusUnitInteger numerator, FocusUnitInteger denominator, char *digits)
{
	size_t		length = format_integer(numerator / denominator, digits);
	FocusUnitInteger rest = numerator % denominator;

	if (rest != 0)
		digits[length++] = '.';
	while (rest != 0)
	{
		/* a denominator below 2^120 ends within 120 decimals or never */
		if (length >= FOCUS_UNIT_DECIMAL_SIZE - 1)
			return false;
		rest *= 10;
		digits[length++] = '0' + (int) (rest / denominator);
		rest %= denominator;
	}
	digits[length] = '\0';
	return true;
}

/* ---- the grammar ---- */

static void
skip_blanks(Parser *parser)
{
	while (parser->position < parser->end && *parser->position == ' ')
		parser->position++;
}

/* The word at the parser's position, which may be empty. */
static Span
peek_word(const Parser *parser)
{
	Span		span = {parser->position, 0};

	while (span.start + span.length < parser->end && is_word_part(span.start[span.length]))
		span.length++;
	return span;
}

static bool
skip_word(Parser *parser, const char *lower)
{
	Span		span = peek_word(parser);

	if (!span_is(span, lower))
		return false;
	parser->position += span.length;
	skip_blanks(parser);
	return true;
}

static bool
check_bytes(Parser *parser)
{
	const char *p;

	if (parser->end - parser->text > FOCUS_UNIT_TEXT_MAX)
		return fail(parser, parser->text + FOCUS_UNIT_TEXT_MAX,
					"A unit has at most 1000 bytes.");
	for (p = parser->text; p < parser->end; p++)
		if ((unsigned char) *p < 0x20 || *p == 0x7f)
			return fail(parser, p, "A unit holds no control characters.");
	return true;
}

static bool
parse_text(Parser *parser)
{
	if (!check_bytes(parser))
		return false;
	while (parser->end > parser->text && parser->end[-1] == ' ')
		parser->end--;
	skip_blanks(parser);
	if (parser->position == parser->end)
		return fail(parser, parser->text, "A unit is not empty.");
	skip_word(parser, "per");
	if (!parse_side(parser))
		return false;
	if (parser->position < parser->end)
	{
		parser->side = -1;
		if (*parser->position == '/')
		{
			parser->position++;
			skip_blanks(parser);
		}
		else
			skip_word(parser, "per");
		if (!append_text(parser, "/", 1) || !parse_side(parser))
			return false;
		if (parser->position < parser->end)
			return fail(parser, parser->position, "A unit divides at most once.");
	}
	return finish_dimension(parser);
}

/*
 * Parses a unit.  Returns false, with *error filled and *unit undefined, when
 * the text is none.  The text needs no NUL and may hold any bytes.
 */
bool
focus_unit_parse(const char *text, size_t length, FocusUnit *unit, FocusUnitError *error)
{
	Parser		parser;

	parser.text = text;
	parser.position = text;
	parser.end = text + length;
	parser.side = 1;
	parser.unit = unit;
	parser.error = error;
	parser.words_measured = 0;
	parser.terms_used = 0;
	parser.names_used = 0;
	unit->numerator = 1;
	unit->denominator = 1;
	unit->text_length = 0;
	unit->dimension_length = 0;
	return parse_text(&parser);
}

/*
 * How many tokens a unit is: 1000 for "1K Tokens".  Writes an exact decimal
 * with NUL into factor, which has FOCUS_UNIT_DECIMAL_SIZE bytes.  Returns
 * false, with *error filled, when the text is no unit or no plain multiple of
 * tokens ("Tokens/Second", "Input Tokens").
 */
bool
focus_unit_token_factor(const char *text, size_t length, char *factor, FocusUnitError *error)
{
	FocusUnit	unit;

	if (!focus_unit_parse(text, length, &unit, error))
		return false;
	error->offset = 0;
	error->reason = "The unit is not a plain multiple of tokens.";
	if (strcmp(unit.dimension, "Token") != 0)
		return false;
	return focus_unit_decimal(unit.numerator, unit.denominator, factor);
}

/* One side of the slash, up to the slash or the end. */
static bool
parse_side(Parser *parser)
{
	const char *start = parser->position;
	FocusUnitInteger mantissa = 1;
	unsigned	decimals = 0;
	bool		has_quantity;
	FocusUnitInteger denominator = 1;

	if (!parse_quantity(parser, &mantissa, &decimals, &has_quantity))
		return false;
	for (; decimals > 0; decimals--)
		denominator *= 10;
	if (has_quantity)
	{
		char		digits[FOCUS_UNIT_DECIMAL_SIZE];

		if (!scale_unit(parser, start, mantissa, denominator))
			return false;
		focus_unit_decimal(mantissa, denominator, digits);
		if (strcmp(digits, "1") != 0 &&
			(!append_text(parser, digits, strlen(digits)) || !append_text(parser, " ", 1)))
			return false;
		if (parser->side > 0 &&
			(parser->position == parser->end || *parser->position == '/' ||
			 span_is(peek_word(parser), "per")))
		{
			Span		units = {"Units", 5};

			return add_noun(parser, &units, 1);
		}
	}
	for (;;)
	{
		if (!parse_phrase(parser))
			return false;
		if (parser->position == parser->end || *parser->position != '-')
			return true;
		if (!append_text(parser, "-", 1))
			return false;
		parser->position++;
		skip_blanks(parser);
	}
}

/* Reads digits and at most one point; leading zeros do not count as digits. */
static bool
parse_digits(Parser *parser, FocusUnitInteger *mantissa, unsigned *decimals)
{
	const char *start = parser->position;
	bool		point = false;

	*mantissa = 0;
	*decimals = 0;
	for (; parser->position < parser->end; parser->position++)
	{
		char		c = *parser->position;

		if (c == '.' && !point)
		{
			point = true;
			continue;
		}
		if (!is_digit(c))
			break;
		/* INTEGER_MAX has 36 digits and a bit */
		if (*mantissa > INTEGER_MAX / 100 || (point && *decimals >= 34))
			return fail(parser, start, "The quantity has too many digits.");
		*mantissa = *mantissa * 10 + (c - '0');
		*decimals += point;
	}
	if (!is_digit(parser->position[-1]))
		return fail(parser, parser->position - 1, "A digit is missing after the decimal point.");
	if (*mantissa == 0)
		return fail(parser, start, "The quantity is not above zero.");
	return true;
}

/* Multiplies a quantity by a power of ten and drops needless decimals. */
static bool
shift_quantity(FocusUnitInteger *mantissa, unsigned *decimals, unsigned exponent)
{
	for (; exponent > 0; exponent--)
	{
		if (*decimals > 0)
			--*decimals;
		else if (!multiply(mantissa, 10))
			return false;
	}
	while (*decimals > 0 && *mantissa % 10 == 0)
	{
		*mantissa /= 10;
		--*decimals;
	}
	return true;
}

/*
 * Reads "1000 ", "1M ", "1.5 Million " with the blanks that follow.  The
 * quantity is mantissa / 10^decimals.  *found tells whether there was one.
 */
static bool
parse_quantity(Parser *parser, FocusUnitInteger *mantissa, unsigned *decimals, bool *found)
{
	const char *start = parser->position;
	unsigned	exponent = 0;
	size_t		i = 0;

	*found = false;
	if (parser->position < parser->end && is_digit(*parser->position))
	{
		Span		suffix;

		*found = true;
		if (!parse_digits(parser, mantissa, decimals))
			return false;
		suffix = peek_word(parser);
		if (span_is(suffix, "k"))
			exponent = 3;
		else if (suffix.length == 1 && *suffix.start == 'M')
			exponent = 6;
		else if (suffix.length == 1 && *suffix.start == 'B')
			exponent = 9;
		else if (suffix.length == 1 && *suffix.start == 'T')
			exponent = 12;
		else if (suffix.length > 0)
			return fail(parser, suffix.start,
						"A quantity is followed by a blank, or by K, M, B or T.");
		parser->position += suffix.length;
		skip_blanks(parser);
	}
	while (i < lengthof(scales))
	{
		/* after a scale word look for another one, from the start */
		if (skip_word(parser, scales[i].name))
		{
			*found = true;
			exponent += scales[i].exponent;
			i = 0;
		}
		else
			i++;
	}
	if (!shift_quantity(mantissa, decimals, exponent))
		return fail(parser, start, "The factor of the unit is too large or too small.");
	return true;
}

/* Words up to an operator or the end: a product of measures, or one noun. */
static bool
parse_phrase(Parser *parser)
{
	Span		words[FOCUS_UNIT_TERMS_MAX];
	Word		word;
	int			word_count = 0;
	bool		measured = true;
	int			i;

	while (parser->position < parser->end && *parser->position != '-' &&
		   *parser->position != '/' && !span_is(peek_word(parser), "per"))
	{
		if (word_count == FOCUS_UNIT_TERMS_MAX)
			return fail(parser, parser->position, "A unit joins at most 32 words.");
		if (!parse_word(parser, &words[word_count]) ||
			!classify(parser, words[word_count], &word))
			return false;
		measured = measured && word.kind != WORD_NOUN;
		word_count++;
	}
	if (word_count == 0)
		return fail(parser, parser->position, "A unit is missing here.");
	if (!measured)
		return add_noun(parser, words, word_count);
	for (i = 0; i < word_count; i++)
	{
		if (i > 0 && !append_text(parser, "-", 1))
			return false;
		if (!classify(parser, words[i], &word) || !add_measured(parser, &word))
			return false;
	}
	return true;
}

static bool
parse_word(Parser *parser, Span *span)
{
	const char *next;

	*span = peek_word(parser);
	if (span->length > 0 && is_digit(*span->start))
		return fail(parser, span->start, "A quantity stands only in front of a unit.");
	if (span->length == 0 || !is_word_start(*span->start))
		return fail(parser, span->start, "A unit consists of letters, digits, \"_\" and \".\".");
	next = span->start + span->length;
	if (next < parser->end && *next != ' ' && *next != '-' && *next != '/')
		return fail(parser, next, "A unit consists of letters, digits, \"_\" and \".\".");
	parser->position = next;
	skip_blanks(parser);
	return true;
}

/* ---- words ---- */

/* Fills *word; false only for a word that looks like a size but is none. */
static bool
classify(Parser *parser, Span span, Word *word)
{
	size_t		i;

	for (i = 0; i < lengthof(time_units); i++)
	{
		const TimeUnit *unit = &time_units[i];
		size_t		length = strlen(unit->name);
		Span		singular = {span.start, length};
		char		name[WORD_MAX];
		size_t		j;

		if (span.length != length &&
			!(span.length == length + 1 && to_lower(span.start[length]) == 's'))
			continue;
		for (j = 0; j <= length; j++)
			name[j] = to_lower(unit->name[j]);
		if (!span_is(singular, name))
			continue;
		word->kind = WORD_TIME;
		word->numerator = unit->numerator;
		word->denominator = unit->denominator;
		word->per_second = false;
		word->base = unit->base;
		strcpy(word->text, unit->name);
		if (span.length > length)
			strcat(word->text, "s");
		return true;
	}
	return classify_size(parser, span, word);
}

/* prefix: 0 for none, 1 for kilo .. 6 for exa */
static void
set_size(Word *word, unsigned prefix, bool binary, bool bits)
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

/* "Gigabytes", in any case, singular or plural */
static bool
written_size(Span span, Word *word)
{
	unsigned	prefix;

	if (span.length > 0 && to_lower(span.start[span.length - 1]) == 's')
		span.length--;
	for (prefix = 0; prefix <= 6; prefix++)
	{
		int			binary;
		int			bits;

		for (binary = 0; binary <= 1; binary++)
			for (bits = 0; bits <= 1; bits++)
			{
				char		name[WORD_MAX] = "";

				if (prefix > 0)
					strcpy(name, binary ? binary_prefixes[prefix - 1] : decimal_prefixes[prefix - 1]);
				strcat(name, bits ? "bit" : "byte");
				if (!span_is(span, name))
					continue;
				set_size(word, prefix, binary, bits);
				return true;
			}
	}
	return false;
}

/*
 * Length of the data size that the word starts with, in any case, 0 if it
 * starts with none.
 */
static size_t
size_length(Span span, unsigned *prefix, bool *binary)
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
classify_size(Parser *parser, Span span, Word *word)
{
	unsigned	prefix;
	bool		binary;
	size_t		length = size_length(span, &prefix, &binary);
	Span		rest = {span.start + length, span.length - length};
	bool		plural;
	bool		per_second;
	size_t		i;

	word->kind = WORD_NOUN;
	if (written_size(span, word))
		return true;
	plural = prefix > 0 && rest.length == 1 && *rest.start == 's';
	per_second = span_is(rest, "ps");
	if (length == 0 || !(rest.length == 0 || plural || per_second))
		return true;
	set_size(word, prefix, binary, span.start[length - 1] == 'b');
	for (i = 0; i < length; i++)
		if (span.start[i] != word->text[i] && !(span.start[i] == 'k' && !binary))
			return fail(parser, span.start,
						"A data size is case sensitive: Kb .. Eb and Kib .. Eib for bits, "
						"KB .. EB and KiB .. EiB for bytes.");
	if (plural && span.start[length - 1] == 'b')
		return fail(parser, span.start, "A size in bits takes no \"s\"; a rate is written Mb/Second.");
	if (per_second && memcmp(rest.start, "ps", 2) != 0)
		return fail(parser, rest.start, "A rate per second ends in \"ps\".");
	if (per_second)
	{
		word->per_second = true;
		strcat(word->text, "ps");
	}
	return true;
}

/* ---- what a word adds to the unit ---- */

static bool
append_text(Parser *parser, const char *text, size_t length)
{
	FocusUnit  *unit = parser->unit;

	if (length > FOCUS_UNIT_TEXT_MAX - unit->text_length)
		return fail(parser, parser->position, "A unit has at most 1000 bytes in canonical form.");
	memcpy(unit->text + unit->text_length, text, length);
	unit->text_length += length;
	unit->text[unit->text_length] = '\0';
	return true;
}

/* Raises the power of a base unit in the dimension, whose name is copied. */
static bool
add_term(Parser *parser, const char *name, size_t length, int exponent)
{
	Term	   *term;
	int			i;

	for (i = 0; i < parser->terms_used; i++)
	{
		term = &parser->terms[i];
		if (term->name_length == length &&
			memcmp(parser->names + term->name_offset, name, length) == 0)
		{
			term->exponent += exponent;
			return true;
		}
	}
	if (parser->terms_used == lengthof(parser->terms) ||
		length > sizeof(parser->names) - parser->names_used)
		return fail(parser, parser->position, "The dimension of the unit is too long.");
	term = &parser->terms[parser->terms_used++];
	term->name_offset = parser->names_used;
	term->name_length = length;
	term->exponent = exponent;
	memcpy(parser->names + parser->names_used, name, length);
	parser->names_used += length;
	return true;
}

static bool
count_term(Parser *parser)
{
	if (++parser->words_measured > FOCUS_UNIT_TERMS_MAX)
		return fail(parser, parser->position, "A unit joins at most 32 words.");
	return true;
}

static bool
add_measured(Parser *parser, const Word *word)
{
	return count_term(parser) &&
		scale_unit(parser, parser->position, word->numerator, word->denominator) &&
		add_term(parser, word->base, strlen(word->base), parser->side) &&
		(!word->per_second || add_term(parser, "Second", 6, -parser->side)) &&
		append_text(parser, word->text, strlen(word->text));
}

static bool
ends_in(const char *word, size_t length, const char *ending)
{
	size_t		ending_length = strlen(ending);

	return length > ending_length &&
		memcmp(word + length - ending_length, ending, ending_length) == 0;
}

/*
 * Turns a lower-case English noun into its singular, in place, and returns the
 * new length.  The singular is never longer than the plural.
 */
static size_t
make_singular(char *word, size_t length)
{
	unsigned	prefix;
	bool		binary;
	Span		stem = {word, length - 1};
	size_t		i;

	for (i = 0; i < lengthof(irregulars); i++)
	{
		if (length == strlen(irregulars[i][0]) && memcmp(word, irregulars[i][0], length) == 0)
		{
			memcpy(word, irregulars[i][1], strlen(irregulars[i][1]));
			return strlen(irregulars[i][1]);
		}
	}
	if (length < 3 || word[length - 1] != 's' || ends_in(word, length, "ss") ||
		ends_in(word, length, "us") || ends_in(word, length, "is"))
		return length;
	/* "ebs" is a noun, not several "eb", which would look like a data size */
	if (size_length(stem, &prefix, &binary) == stem.length)
		return length;
	if (length > 4 && ends_in(word, length, "ies"))
	{
		word[length - 3] = 'y';
		return length - 2;
	}
	if (ends_in(word, length, "sses") || ends_in(word, length, "shes") ||
		ends_in(word, length, "ches") || ends_in(word, length, "xes"))
		return length - 2;
	return length - 1;
}

/*
 * Writes the word as it goes into the canonical text: a word in lower case
 * gets a capital first letter, any other stays as written.
 */
static bool
append_noun_word(Parser *parser, Span span)
{
	bool		lower = true;
	char		first;
	size_t		i;

	for (i = 0; i < span.length; i++)
		lower = lower && span.start[i] == to_lower(span.start[i]);
	first = lower ? to_upper(*span.start) : *span.start;
	return append_text(parser, &first, 1) &&
		append_text(parser, span.start + 1, span.length - 1);
}

/* A count noun of one or several words, which is a dimension of its own. */
static bool
add_noun(Parser *parser, const Span *words, int word_count)
{
	char		name[FOCUS_UNIT_TEXT_MAX + FOCUS_UNIT_TERMS_MAX];
	size_t		length = 0;
	int			i;

	for (i = 0; i < word_count; i++)
	{
		Word		word;
		size_t		word_length;
		size_t		j;

		if (!classify(parser, words[i], &word) ||
			(i > 0 && !append_text(parser, " ", 1)))
			return false;
		if (i > 0)
			name[length++] = ' ';
		if (word.kind == WORD_SIZE)
		{
			/* case matters for sizes, inside a phrase too */
			word_length = strlen(word.text);
			memcpy(name + length, word.text, word_length);
			length += word_length;
			if (!append_text(parser, word.text, word_length))
				return false;
			continue;
		}
		for (j = 0; j < words[i].length; j++)
			name[length + j] = to_lower(words[i].start[j]);
		word_length = words[i].length;
		if (i == word_count - 1)
			word_length = make_singular(name + length, word_length);
		name[length] = to_upper(name[length]);
		length += word_length;
		if (!append_noun_word(parser, words[i]))
			return false;
	}
	return count_term(parser) && add_term(parser, name, length, parser->side);
}

/* ---- the dimension ---- */

static int
compare_terms(const Parser *parser, const Term *a, const Term *b)
{
	size_t		shorter = a->name_length < b->name_length ? a->name_length : b->name_length;
	int			order = memcmp(parser->names + a->name_offset, parser->names + b->name_offset, shorter);

	if (order != 0)
		return order;
	return (a->name_length > b->name_length) - (a->name_length < b->name_length);
}

static void
sort_terms(Parser *parser)
{
	int			i;

	for (i = 1; i < parser->terms_used; i++)
	{
		Term		term = parser->terms[i];
		int			j;

		for (j = i; j > 0 && compare_terms(parser, &parser->terms[j - 1], &term) > 0; j--)
			parser->terms[j] = parser->terms[j - 1];
		parser->terms[j] = term;
	}
}

static bool
append_dimension(Parser *parser, const char *text, size_t length)
{
	FocusUnit  *unit = parser->unit;

	if (length > FOCUS_UNIT_DIMENSION_MAX - unit->dimension_length)
		return fail(parser, parser->text, "The dimension of the unit is too long.");
	memcpy(unit->dimension + unit->dimension_length, text, length);
	unit->dimension_length += length;
	unit->dimension[unit->dimension_length] = '\0';
	return true;
}

/* Writes the terms whose exponent has the given sign, each as often as it counts. */
static bool
append_powers(Parser *parser, int sign, int *written)
{
	int			i;

	*written = 0;
	for (i = 0; i < parser->terms_used; i++)
	{
		const Term *term = &parser->terms[i];
		int			count;

		for (count = term->exponent * sign; count > 0; count--)
		{
			const char *joint = *written > 0 ? "-" : sign < 0 ? "/" : "";

			if (!append_dimension(parser, joint, strlen(joint)) ||
				!append_dimension(parser, parser->names + term->name_offset, term->name_length))
				return false;
			++*written;
		}
	}
	return true;
}

/* The dimension's text: terms in name order, "1" where nothing is above the slash. */
static bool
finish_dimension(Parser *parser)
{
	int			written;

	sort_terms(parser);
	if (!append_powers(parser, 1, &written) ||
		(written == 0 && !append_dimension(parser, "1", 1)))
		return false;
	return append_powers(parser, -1, &written);
}
