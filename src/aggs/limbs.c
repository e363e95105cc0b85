/*-------------------------------------------------------------------------
 *
 * limbs.c
 *	  Whole numbers of any size, as arrays of 32-bit limbs.
 *
 * A number is an array of limbs, the lowest first, and a count; limbs above
 * the highest bit are zero and may be there or not.  Numbers are not
 * negative.  Nothing here allocates memory or fails: whoever calls supplies
 * arrays that are large enough, and a carry that does not fit is returned.
 *
 * Pure C: no part of PostgreSQL is needed, so that a fuzzer can run it.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "limbs.h"

/*
 * Count of limbs up to the highest one that is not zero; 0 for zero.
 */
int
focus_limbs_length(const uint32_t *a, int na)
{
	while (na > 0 && a[na - 1] == 0)
		na--;
	return na;
}

/*
 * Count of bits up to the highest one that is set; 0 for zero.
 */
int
focus_limbs_bits(const uint32_t *a, int na)
{
	int			length = focus_limbs_length(a, na);
	int			bits = length * 32;
	uint32_t	top;

	if (length == 0)
		return 0;
	for (top = a[length - 1]; (top & 0x80000000U) == 0; top <<= 1)
		bits--;
	return bits;
}

/*
 * Less than, equal to or greater than zero as a is less than, equal to or
 * greater than b, both of n limbs.
 */
int
focus_limbs_compare(const uint32_t *a, const uint32_t *b, int n)
{
	while (n-- > 0)
	{
		if (a[n] != b[n])
			return a[n] < b[n] ? -1 : 1;
	}
	return 0;
}

/*
 * a += b, with na >= nb.  Returns the carry out of a.
 */
uint32_t
focus_limbs_add(uint32_t *a, int na, const uint32_t *b, int nb)
{
	uint64_t	carry = 0;
	int			i;

	for (i = 0; i < na && (i < nb || carry != 0); i++)
	{
		carry += (uint64_t) a[i] + (i < nb ? b[i] : 0);
		a[i] = (uint32_t) carry;
		carry >>= 32;
	}
	return (uint32_t) carry;
}

/*
 * a -= b, with na >= nb.  Returns the borrow out of a: 0 when a >= b.
 */
uint32_t
focus_limbs_subtract(uint32_t *a, int na, const uint32_t *b, int nb)
{
	uint32_t	borrow = 0;
	int			i;

	for (i = 0; i < na && (i < nb || borrow != 0); i++)
	{
		uint64_t	subtrahend = (uint64_t) (i < nb ? b[i] : 0) + borrow;

		borrow = a[i] < subtrahend;
		a[i] = (uint32_t) (((uint64_t) borrow << 32) + a[i] - subtrahend);
	}
	return borrow;
}

/*
 * a = a * factor + addend.  Returns the carry out of a.
 */
uint32_t
focus_limbs_multiply_small(uint32_t *a, int na, uint32_t factor, uint32_t addend)
{
	uint64_t	carry = addend;
	int			i;

	for (i = 0; i < na; i++)
	{
		carry += (uint64_t) a[i] * factor;
		a[i] = (uint32_t) carry;
		carry >>= 32;
	}
	return (uint32_t) carry;
}

/*
 * a = a / divisor.  Returns the remainder.
 */
uint32_t
focus_limbs_divide_small(uint32_t *a, int na, uint32_t divisor)
{
	uint64_t	remainder = 0;
	int			i;

	for (i = na - 1; i >= 0; i--)
	{
		remainder = (remainder << 32) | a[i];
		a[i] = (uint32_t) (remainder / divisor);
		remainder %= divisor;
	}
	return (uint32_t) remainder;
}

/*
 * product = a * b; product has na + nb limbs and overlaps neither.
 */
void
focus_limbs_multiply(uint32_t *product, const uint32_t *a, int na,
					 const uint32_t *b, int nb)
{
	int			i;

	memset(product, 0, sizeof(uint32_t) * ((size_t) na + (size_t) nb));
	for (i = 0; i < na; i++)
	{
		uint64_t	carry = 0;
		int			j;

		for (j = 0; j < nb; j++)
		{
			carry += (uint64_t) a[i] * b[j] + product[i + j];
			product[i + j] = (uint32_t) carry;
			carry >>= 32;
		}
		product[i + nb] = (uint32_t) carry;
	}
}

/*
 * to = from << bits with 0 <= bits < 32.  Returns what is shifted out.
 */
static uint32_t
shift_left(uint32_t *to, const uint32_t *from, int n, int bits)
{
	uint64_t	carry = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		carry |= (uint64_t) from[i] << bits;
		to[i] = (uint32_t) carry;
		carry >>= 32;
	}
	return (uint32_t) carry;
}

/*
 * a >>= bits with 0 <= bits < 32.
 */
static void
shift_right(uint32_t *a, int n, int bits)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		uint64_t	pair = a[i];

		if (i + 1 < n)
			pair |= (uint64_t) a[i + 1] << 32;
		a[i] = (uint32_t) (pair >> bits);
	}
}

/*
 * One digit of the quotient of a long division: the nb + 1 limbs at a by the
 * nb limbs at b, nb >= 2, where the highest bit of b is set and the quotient
 * fits one limb.  Leaves the remainder in a.  (Knuth, The Art of Computer
 * Programming, volume 2, section 4.3.1, algorithm D, steps D3 to D6.)
 */
static uint32_t
divide_step(uint32_t *a, const uint32_t *b, int nb)
{
	uint64_t	top = ((uint64_t) a[nb] << 32) | a[nb - 1];
	uint64_t	digit = top / b[nb - 1];
	uint64_t	rest = top % b[nb - 1];
	uint64_t	carry = 0;
	uint32_t	borrow = 0;
	int			i;

	/* The estimate is never too small, and at most two too large. */
	while (digit > UINT32_MAX ||
		   (rest <= UINT32_MAX && digit * b[nb - 2] > ((rest << 32) | a[nb - 2])))
	{
		digit--;
		rest += b[nb - 1];
	}

	for (i = 0; i <= nb; i++)
	{
		uint64_t	subtrahend;

		carry += i < nb ? digit * b[i] : 0;
		subtrahend = (carry & UINT32_MAX) + borrow;
		borrow = a[i] < subtrahend;
		a[i] = (uint32_t) (((uint64_t) borrow << 32) + a[i] - subtrahend);
		carry >>= 32;
	}
	if (borrow != 0)
	{
		digit--;
		focus_limbs_add(a, nb + 1, b, nb);
	}
	return (uint32_t) digit;
}

/*
 * quotient = a / b, a = a % b.  The quotient has na limbs; b is not zero; the
 * scratch space has na + 1 + nb limbs.
 */
void
focus_limbs_divide(uint32_t *quotient, uint32_t *a, int na,
				   const uint32_t *b, int nb, uint32_t *scratch)
{
	uint32_t   *dividend = scratch;
	uint32_t   *divisor = scratch + na + 1;
	int			bits;
	int			i;

	nb = focus_limbs_length(b, nb);
	if (nb == 1)
	{
		uint32_t	remainder = focus_limbs_divide_small(a, na, b[0]);

		memcpy(quotient, a, sizeof(uint32_t) * (size_t) na);
		memset(a, 0, sizeof(uint32_t) * (size_t) na);
		if (na > 0)
			a[0] = remainder;
		return;
	}

	memset(quotient, 0, sizeof(uint32_t) * (size_t) na);
	if (na < nb)
		return;

	/* Shift both so that the divisor's highest bit is set. */
	bits = nb * 32 - focus_limbs_bits(b, nb);
	shift_left(divisor, b, nb, bits);
	dividend[na] = shift_left(dividend, a, na, bits);

	for (i = na - nb; i >= 0; i--)
		quotient[i] = divide_step(dividend + i, divisor, nb);

	shift_right(dividend, na, bits);
	memcpy(a, dividend, sizeof(uint32_t) * (size_t) na);
}
