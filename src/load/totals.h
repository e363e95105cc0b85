/*-------------------------------------------------------------------------
 *
 * totals.h
 *	  Exact sums of a load's costs by currency.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_TOTALS_H
#define FOCUS_TOTALS_H

#include "utils/jsonb.h"

typedef struct FocusTotals FocusTotals;

extern FocusTotals *focus_totals_create(void);
extern void focus_totals_add(FocusTotals *totals, const text *currency,
							 const Datum *costs, const bool *nulls);
extern void focus_totals_merge(FocusTotals *totals, const FocusTotals *other);
extern Jsonb *focus_totals_jsonb(const FocusTotals *totals);

/* order of costs[] in focus_totals_add() */
#define FOCUS_TOTALS_BILLED		0
#define FOCUS_TOTALS_EFFECTIVE	1
#define FOCUS_TOTALS_COSTS		2

#endif							/* FOCUS_TOTALS_H */
