/*-------------------------------------------------------------------------
 *
 * split.h
 *	  Splits a whole number by weights; the parts add up exactly.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_SPLIT_H
#define FOCUS_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limbs.h"

/* Most decimal digits of the amount, and of one weight; the same in limbs */
#define FOCUS_SPLIT_DIGITS_MAX	1000
#define FOCUS_SPLIT_LIMBS_MAX	FOCUS_LIMBS_FOR_DIGITS(FOCUS_SPLIT_DIGITS_MAX)

typedef enum FocusSplitResult
{
	FOCUS_SPLIT_OK,
	FOCUS_SPLIT_TOO_MANY_ROWS,	/* more than UINT32_MAX */
	FOCUS_SPLIT_TOO_WIDE,		/* amount or weight above
								 * FOCUS_SPLIT_LIMBS_MAX */
	FOCUS_SPLIT_OUT_OF_RANGE,	/* the arrays would not fit the address space */
} FocusSplitResult;

/*
 * One amount and the rows it is for.  Numbers are limbs as limbs.c has them,
 * each of a fixed count, so that row i's weight starts at
 * weights[i * weight_limbs] and its part at parts[i * amount_limbs].
 *
 * The amount is a magnitude: the parts of a negative amount are those of the
 * positive one with the sign put back.
 */
typedef struct FocusSplit
{
	size_t		row_count;
	int			amount_limbs;	/* at least 1 */
	int			weight_limbs;	/* at least 1 */
	const uint32_t *amount;
	const uint32_t *weights;	/* of one scale; 0 is a weight */
	uint32_t   *parts;			/* result */
	void	   *workspace;		/* focus_split_workspace_size() bytes, aligned
								 * for uint32_t */
	void		(*interrupt) (void);	/* called often, may leave by longjmp;
										 * or NULL */
	bool		always_wide;	/* never use 128-bit arithmetic (for tests) */
} FocusSplit;

extern FocusSplitResult focus_split_workspace_size(const FocusSplit *split,
												   size_t *size_bytes);
extern void focus_split(const FocusSplit *split);
extern bool focus_split_adds_up(const FocusSplit *split);

#endif							/* FOCUS_SPLIT_H */
