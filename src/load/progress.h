/*-------------------------------------------------------------------------
 *
 * progress.h
 *	  How far a load is, for pg_stat_progress_copy and focus_load_progress.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_PROGRESS_H
#define FOCUS_PROGRESS_H

#include "load/delivery.h"
#include "load/input.h"

/* view focus_load_progress has words for these */
typedef enum FocusProgressPhase
{
	FOCUS_PROGRESS_STORING,		/* rows are stored as they are read */
	FOCUS_PROGRESS_READING,		/* rows wait for a mapping until all are read */
	FOCUS_PROGRESS_MAPPING,		/* which has begun */
	FOCUS_PROGRESS_FINISHING	/* the delivery meets earlier ones */
} FocusProgressPhase;

extern void focus_progress_start(FocusDelivery *delivery, Oid relid);
extern void focus_progress_phase(FocusProgressPhase phase);
extern void focus_progress_update(const FocusDelivery *delivery, const FocusInput *input);
extern void focus_progress_end(void);

#endif							/* FOCUS_PROGRESS_H */
