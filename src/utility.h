/*-------------------------------------------------------------------------
 *
 * utility.h
 *	  Utility statements that the extension has a say in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_UTILITY_H
#define FOCUS_UTILITY_H

extern void focus_utility_init(void);

#endif							/* FOCUS_UTILITY_H */
