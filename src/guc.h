/*-------------------------------------------------------------------------
 *
 * guc.h
 *	  Settings of the extension.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_GUC_H
#define FOCUS_GUC_H

extern bool focus_debug_force_groups;
extern bool focus_enable_aggregate;
extern bool focus_enable_aggregate_below_join;
extern bool focus_enable_scan;

extern void focus_guc_init(void);
extern int	focus_guc_pin(void);

#endif							/* FOCUS_GUC_H */
