/*-------------------------------------------------------------------------
 *
 * place.h
 *	  Which load a row of a file belongs to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_PLACE_H
#define FOCUS_PLACE_H

#include "load/cell.h"
#include "load/delivery.h"

typedef struct FocusPlace FocusPlace;

extern FocusPlace *focus_place_create(FocusDelivery *delivery, FocusCellReader *cells);
extern void focus_place_begin_file(FocusPlace *place, const FocusHeader *header, const char *file);
extern void focus_place_go_to_file(FocusPlace *place, int number, const char *file);
extern void focus_place_forget(FocusPlace *place);
extern FocusLoadPart *focus_place_find(FocusPlace *place, const FocusRow *row, const FocusField *fields,
									   int *bad_field, FocusCell *bad_cell);
extern void focus_place_end_file(FocusPlace *place);
extern TimestampTz focus_place_month(TimestampTz instant, int later);

#endif							/* FOCUS_PLACE_H */
