/*-------------------------------------------------------------------------
 *
 * limbs.h
 *	  Whole numbers of any size, as arrays of 32-bit limbs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_LIMBS_H
#define FOCUS_LIMBS_H

#include <stdint.h>

/* A number of this many decimal digits fits */
#define FOCUS_LIMBS_FOR_DIGITS(digits) ((digits) / 9 + 1)

extern int	focus_limbs_length(const uint32_t *a, int na);
extern int	focus_limbs_bits(const uint32_t *a, int na);
extern int	focus_limbs_compare(const uint32_t *a, const uint32_t *b, int n);

extern uint32_t focus_limbs_add(uint32_t *a, int na, const uint32_t *b, int nb);
extern uint32_t focus_limbs_subtract(uint32_t *a, int na, const uint32_t *b, int nb);
extern uint32_t focus_limbs_multiply_small(uint32_t *a, int na, uint32_t factor,
										   uint32_t addend);
extern uint32_t focus_limbs_divide_small(uint32_t *a, int na, uint32_t divisor);

extern void focus_limbs_multiply(uint32_t *product, const uint32_t *a, int na,
								 const uint32_t *b, int nb);
extern void focus_limbs_divide(uint32_t *quotient, uint32_t *a, int na,
							   const uint32_t *b, int nb, uint32_t *scratch);

#endif							/* FOCUS_LIMBS_H */
