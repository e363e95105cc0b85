/*-------------------------------------------------------------------------
 *
 * earlier.h
 *	  Earlier loads of a source and billing period.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_EARLIER_H
#define FOCUS_EARLIER_H

#include "utils/array.h"

#include "load/delivery.h"

extern void focus_earlier_meet(FocusDelivery *delivery, FocusLoadPart *part);
extern void focus_earlier_decide(FocusDelivery *delivery, FocusLoadPart *part);
extern ArrayBuildState *focus_earlier_replace(FocusDelivery *delivery, FocusLoadPart *part,
											  ArrayBuildState *replaced);
extern void focus_earlier_delete(FocusDelivery *delivery, ArrayBuildState *replaced);

#endif							/* FOCUS_EARLIER_H */
