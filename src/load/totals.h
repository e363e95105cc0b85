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
#include "utils/numeric.h"

#include "load/cell_format.h"

typedef struct FocusTotals FocusTotals;

/* A cost of a row: NULL, a numeric, or mantissa / 10^scale */
typedef struct FocusTotalsCost
{
	bool		isnull;
	bool		is_decimal;
	FocusCellNumber decimal;
	Numeric		value;
} FocusTotalsCost;

extern FocusTotals *focus_totals_create(void);
extern void focus_totals_add(FocusTotals *totals, const char *currency, size_t len,
							 const FocusTotalsCost *costs);
extern void focus_totals_merge(FocusTotals *totals, FocusTotals *other);
extern Jsonb *focus_totals_jsonb(FocusTotals *totals);

/* order of costs[] in focus_totals_add() */
#define FOCUS_TOTALS_BILLED		0
#define FOCUS_TOTALS_EFFECTIVE	1
#define FOCUS_TOTALS_COSTS		2

#endif							/* FOCUS_TOTALS_H */
