/*-------------------------------------------------------------------------
 *
 * unit_word.h
 *	  What the unit parser knows of single words.  Pure C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_UNIT_WORD_H
#define FOCUS_UNIT_WORD_H

#include "types/unit.h"

#define UNIT_WORD_SIZE		16	/* bytes of the text of a size or time, with
								 * NUL */

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

/* a stretch of text */
typedef struct UnitSpan
{
	const char *start;
	size_t		length;
} UnitSpan;

typedef enum UnitWordKind
{
	WORD_SIZE,					/* data size, or data size per second */
	WORD_TIME,
	WORD_NOUN
} UnitWordKind;

/* what is known about a word */
typedef struct UnitWord
{
	UnitWordKind kind;
	FocusUnitInteger numerator; /* worth in base units, sizes and times only */
	FocusUnitInteger denominator;
	bool		per_second;
	const char *base;			/* name of the base unit */
	char		text[UNIT_WORD_SIZE];	/* canonical text of a size or time */
} UnitWord;

extern const char *focus_unit_classify_word(UnitSpan span, UnitWord *word);
extern size_t focus_unit_make_singular(char *word, size_t length);
extern bool focus_unit_span_is(UnitSpan span, const char *lower);

/* letter case and digits of ASCII, never those of the locale */

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline char
to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static inline char
to_upper(char c)
{
	return is_lower(c) ? c - ('a' - 'A') : c;
}

static inline bool
is_word_start(char c)
{
	return is_lower(to_lower(c)) || c == '_' || (unsigned char) c >= 0x80;
}

static inline bool
is_word_part(char c)
{
	return is_word_start(c) || is_digit(c) || c == '.';
}

#endif							/* FOCUS_UNIT_WORD_H */
