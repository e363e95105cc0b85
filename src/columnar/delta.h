/*-------------------------------------------------------------------------
 *
 * delta.h
 *	  The delta of a table: heap's callbacks, called with our relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_DELTA_H
#define FOCUS_DELTA_H

#include "access/tableam.h"
#include "utils/rel.h"

/* A relation in disguise; lives on the stack of the callback. */
typedef struct FocusDisguise
{
	Relation	rel;
	struct FocusDisguise *outer;	/* put on before this one, or NULL */
} FocusDisguise;

extern void focus_delta_init(const TableAmRoutine *am);
extern bool focus_is_ours(Relation rel);
extern void focus_check_is_ours(Relation rel);
extern const TableAmRoutine *focus_delta_of(Relation rel);
extern const TableAmRoutine *focus_put_on_disguise(FocusDisguise *disguise, Relation rel);
extern void focus_take_off_disguise(FocusDisguise *disguise);

#endif							/* FOCUS_DELTA_H */
