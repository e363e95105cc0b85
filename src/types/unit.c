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
 * A text that says "no unit" (null, n/a, none ...) is none.
 *
 * The canonical text keeps words and their order as written; it normalises
 * quantities (1K is 1000, a quantity of 1 is left out), the spelling of sizes
 * and times, blanks, and the case of words written in lower case.  Parsing the
 * canonical text gives the same unit and the same text.
 *
 * unit_word.c knows the words, unit_factor.c the arithmetic.
 *
 * Words may hold any byte above 127: the parser does not decode them, and the
 * caller has checked the encoding.  Only the UTF-8 form of C1 controls and of
 * the no-break space, which would hide in a noun, is refused.  Letter case is
 * that of ASCII.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "types/unit_word.h"

#define INTEGER_MAX		((((FocusUnitInteger) 1) << 120) - 1)

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

static const struct
{
	const char *name;
	unsigned	exponent;
}			scales[] = {
	{"thousand", 3}, {"million", 6}, {"billion", 9}, {"trillion", 12}
};

/* how files say that there is no unit; "N/A" would read as N per A */
static const char *const absences[] = {"null", "none", "n/a", "na", "nan", "not applicable"};

static bool parse_side(Parser *parser);
static bool parse_quantity(Parser *parser, FocusUnitInteger *mantissa, unsigned *decimals,
						   bool *found);
static bool parse_phrase(Parser *parser);
static bool parse_word(Parser *parser, UnitSpan *span);
static bool add_measured(Parser *parser, const UnitWord *word);
static bool add_noun(Parser *parser, const UnitSpan *words, int word_count);
static bool classify(Parser *parser, UnitSpan span, UnitWord *word);
static bool finish_dimension(Parser *parser);
static bool append_text(Parser *parser, const char *text, size_t length);

static bool
fail(Parser *parser, const char *position, const char *reason)
{
	parser->error->offset = position - parser->text;
	parser->error->reason = reason;
	return false;
}

/* ---- exact fractions ---- */

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

/* ---- the grammar ---- */

static void
skip_blanks(Parser *parser)
{
	while (parser->position < parser->end && *parser->position == ' ')
		parser->position++;
}

/* The word at the parser's position, which may be empty. */
static UnitSpan
peek_word(const Parser *parser)
{
	UnitSpan	span = {parser->position, 0};

	while (span.start + span.length < parser->end && is_word_part(span.start[span.length]))
		span.length++;
	return span;
}

static bool
skip_word(Parser *parser, const char *lower)
{
	UnitSpan	span = peek_word(parser);

	if (!focus_unit_span_is(span, lower))
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
		if ((unsigned char) *p < 0x20 || *p == 0x7f ||
			(p[0] == '\xc2' && p + 1 < parser->end &&
			 (unsigned char) p[1] >= 0x80 && (unsigned char) p[1] <= 0xa0))
			return fail(parser, p, "A unit holds neither control characters nor no-break spaces.");
	return true;
}

/* Refuses a unit that says there is none, however it is spaced. */
static bool
check_presence(Parser *parser)
{
	UnitSpan	canonical = {parser->unit->text, parser->unit->text_length};
	size_t		i;

	for (i = 0; i < lengthof(absences); i++)
		if (focus_unit_span_is(canonical, absences[i]))
			return fail(parser, parser->text, "The text says that there is no unit.");
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
	return check_presence(parser) && finish_dimension(parser);
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
			 focus_unit_span_is(peek_word(parser), "per")))
		{
			UnitSpan	units = {"Units", 5};

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
		/* 10^36 is the largest power of ten below INTEGER_MAX */
		if (*mantissa > (INTEGER_MAX - (c - '0')) / 10 || (point && *decimals >= 36))
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
		UnitSpan	suffix;

		*found = true;
		if (!parse_digits(parser, mantissa, decimals))
			return false;
		suffix = peek_word(parser);
		if (focus_unit_span_is(suffix, "k"))
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
	UnitSpan	words[FOCUS_UNIT_TERMS_MAX];
	UnitWord	word;
	int			word_count = 0;
	bool		measured = true;
	int			i;

	while (parser->position < parser->end && *parser->position != '-' &&
		   *parser->position != '/' && !focus_unit_span_is(peek_word(parser), "per"))
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
parse_word(Parser *parser, UnitSpan *span)
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

static bool
classify(Parser *parser, UnitSpan span, UnitWord *word)
{
	const char *reason = focus_unit_classify_word(span, word);

	return reason == NULL || fail(parser, span.start, reason);
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
add_measured(Parser *parser, const UnitWord *word)
{
	return count_term(parser) &&
		scale_unit(parser, parser->position, word->numerator, word->denominator) &&
		add_term(parser, word->base, strlen(word->base), parser->side) &&
		(!word->per_second || add_term(parser, "Second", 6, -parser->side)) &&
		append_text(parser, word->text, strlen(word->text));
}

/*
 * Writes the word as it goes into the canonical text: a word in lower case
 * gets a capital first letter, any other stays as written.
 */
static bool
append_noun_word(Parser *parser, UnitSpan span)
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
add_noun(Parser *parser, const UnitSpan *words, int word_count)
{
	char		name[FOCUS_UNIT_TEXT_MAX + FOCUS_UNIT_TERMS_MAX];
	size_t		length = 0;
	int			i;

	for (i = 0; i < word_count; i++)
	{
		UnitWord	word;
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
			word_length = focus_unit_make_singular(name + length, word_length);
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
