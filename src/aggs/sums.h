/*-------------------------------------------------------------------------
 *
 * sums.h
 *	  Aggregates over money.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_SUMS_H
#define FOCUS_SUMS_H

extern void focus_sums_init(void);

#endif							/* FOCUS_SUMS_H */
