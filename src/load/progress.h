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

extern void focus_progress_start(const FocusDelivery *delivery, Oid relid);
extern void focus_progress_update(const FocusDelivery *delivery, const FocusInput *input);
extern void focus_progress_end(void);

#endif							/* FOCUS_PROGRESS_H */
