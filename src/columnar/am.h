/*-------------------------------------------------------------------------
 *
 * am.h
 *	  The table access method "focus".
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_AM_H
#define FOCUS_AM_H

extern void focus_am_init(void);

#endif							/* FOCUS_AM_H */
