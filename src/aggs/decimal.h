/*-------------------------------------------------------------------------
 *
 * decimal.h
 *	  Between numeric and whole numbers of a stated scale.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_DECIMAL_H
#define FOCUS_DECIMAL_H

#include "utils/numeric.h"

#include "limbs.h"

/* Decimal digits in one digit of a numeric */
#define FOCUS_DECIMAL_GROUP		4

/*
 * A numeric taken apart: the sum of digit[i] * 10000^(weight - i), where
 * neither the first nor the last digit is zero.  Zero has no digits.
 */
typedef struct FocusDecimal
{
	bool		finite;			/* neither NaN nor an infinity */
	bool		negative;
	int			scale;			/* digits shown after the point */
	int			count;
	int			weight;			/* exponent of the first digit */
	const unsigned char *digits;	/* two bytes each, high byte first */
} FocusDecimal;

extern FocusDecimal focus_decimal_open(Numeric value);
extern int	focus_decimal_lowest(const FocusDecimal *decimal);
extern int	focus_decimal_min_scale(const FocusDecimal *decimal);
extern int	focus_decimal_digits(const FocusDecimal *decimal, int scale);
extern void focus_decimal_to_limbs(const FocusDecimal *decimal, int scale,
								   uint32_t *limbs, int count);
extern Numeric focus_decimal_from_limbs(const uint32_t *limbs, int count,
										bool negative, int scale);

#endif							/* FOCUS_DECIMAL_H */
