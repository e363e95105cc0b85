/*-------------------------------------------------------------------------
 *
 * cell_format.h
 *	  Text of a cell -> number or instant, without PostgreSQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_CELL_FORMAT_H
#define FOCUS_CELL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum FocusDecimalClass
{
	FOCUS_DECIMAL_BAD,			/* not a number */
	FOCUS_DECIMAL_SMALL,		/* mantissa and scale are set */
	FOCUS_DECIMAL_LARGE,		/* a number, but too long for the mantissa */
	FOCUS_DECIMAL_EXCESSIVE		/* a number beyond any reasonable size */
} FocusDecimalClass;

/* value = mantissa / 10^scale; scale is the number of decimals as written */
typedef struct FocusCellNumber
{
	int64_t		mantissa;
	int			scale;
	bool		is_lenient;		/* blanks around it, or a plus sign in its
								 * exponent, which FOCUS does not allow */
} FocusCellNumber;

#define FOCUS_DECIMAL_MAX_DIGITS	18
#define FOCUS_DECIMAL_MAX_SCALE		18

/* How an instant was written; each is legible, none but ISO is conformant. */
typedef enum FocusTimeForm
{
	FOCUS_TIME_BAD,
	FOCUS_TIME_ISO,				/* YYYY-MM-DDThh:mm:ssZ */
	FOCUS_TIME_LENIENT,			/* blank for T, no seconds, offset, hour 24 */
	FOCUS_TIME_CUT,				/* more digits than those of a microsecond */
	FOCUS_TIME_NO_ZONE,
	FOCUS_TIME_DATE_ONLY,		/* YYYY-MM-DD */
	FOCUS_TIME_US_DATE			/* M/D/YY or M/D/YYYY, perhaps with a time */
} FocusTimeForm;

extern FocusDecimalClass focus_cell_decimal(const char *text, size_t len,
											FocusCellNumber *decimal);
extern FocusTimeForm focus_cell_time(const char *text, size_t len,
									 int64_t *unix_us);
extern bool focus_cell_is_null(const char *text, size_t len, bool *spelled);

#endif							/* FOCUS_CELL_FORMAT_H */
