/*-------------------------------------------------------------------------
 *
 * unit_factor.c
 *	  Exact arithmetic on the factors of units.
 *
 * Numerators and denominators are below 2^120: times ten they fit 128 bits,
 * and the product of two is computed in two halves.
 *
 *-------------------------------------------------------------------------
 */
#include <stdint.h>

#include "types/unit.h"

/* Greatest common divisor; of 0 and b it is b. */
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
