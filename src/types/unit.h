/*-------------------------------------------------------------------------
 *
 * unit.h
 *	  Units in the FOCUS unit format, parsed without a server.
 *
 * Pure C: this header and unit.c never include postgres.h, so that the fuzz
 * harness and other pure-C files can use them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_UNIT_H
#define FOCUS_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#ifndef __SIZEOF_INT128__
#error "focus needs a compiler with 128-bit integers"
#endif

#define FOCUS_UNIT_TEXT_MAX			1000	/* bytes, as written and canonical */
#define FOCUS_UNIT_DIMENSION_MAX	1500	/* bytes */
#define FOCUS_UNIT_TERMS_MAX		32	/* units joined in one text */
#define FOCUS_UNIT_DECIMAL_SIZE		192 /* bytes of a factor in digits, with
										 * NUL */

/* numerators and denominators of factors; always below 2^120 */
typedef unsigned __int128 FocusUnitInteger;

/*
 * What a unit is worth: numerator / denominator (in lowest terms) of the unit
 * that its dimension names.  Text and dimension are NUL-terminated.
 */
typedef struct FocusUnit
{
	FocusUnitInteger numerator;
	FocusUnitInteger denominator;
	size_t		text_length;
	size_t		dimension_length;
	char		text[FOCUS_UNIT_TEXT_MAX + 1];
	char		dimension[FOCUS_UNIT_DIMENSION_MAX + 1];
} FocusUnit;

/* why a text is no unit: a full sentence, and the byte (from 0) it is about */
typedef struct FocusUnitError
{
	size_t		offset;
	const char *reason;
} FocusUnitError;

extern bool focus_unit_parse(const char *text, size_t length, FocusUnit *unit,
							 FocusUnitError *error);
extern bool focus_unit_token_factor(const char *text, size_t length, char *factor,
									FocusUnitError *error);
extern bool focus_unit_decimal(FocusUnitInteger numerator, FocusUnitInteger denominator,
							   char *digits);
extern int	focus_unit_compare_factors(FocusUnitInteger numerator1, FocusUnitInteger denominator1,
									   FocusUnitInteger numerator2, FocusUnitInteger denominator2);
extern FocusUnitInteger focus_unit_common_divisor(FocusUnitInteger a, FocusUnitInteger b);

#endif							/* FOCUS_UNIT_H */
