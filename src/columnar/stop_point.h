/*-------------------------------------------------------------------------
 *
 * stop_point.h
 *	  Places in the code where a test can make a backend die, fail or wait.
 *
 * FOCUS_STOP_POINT("flush: body written") does nothing unless the setting
 * focus.debug_stop_at is that name.  Then focus.debug_stop_by says what
 * happens: the backend is killed by SIGKILL, so that the server recovers from
 * a crash; an error is raised; or the backend waits for an advisory lock, which
 * another session holds meanwhile.  So a point must be where errors can be
 * raised: not in a critical section, not where a spinlock or a lock on a buffer
 * is held.
 *
 * The tests find the names in the source, and run each of them: the part
 * before the colon says which statements come there (see
 * test/t/022_engine_crash.pl).
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_STOP_POINT_H
#define FOCUS_STOP_POINT_H

/* Key of the advisory lock */
#define FOCUS_STOP_LOCK		20260101

typedef enum FocusStopBy
{
	FOCUS_STOP_BY_ERROR,
	FOCUS_STOP_BY_KILL,
	FOCUS_STOP_BY_WAIT
} FocusStopBy;

/* Settings, see guc.c */
extern char *focus_debug_stop_at;
extern int	focus_debug_stop_by;

extern void focus_stop_point(const char *name);

#define FOCUS_STOP_POINT(name) \
	do { \
		if (unlikely(focus_debug_stop_at[0] != '\0')) \
			focus_stop_point(name); \
	} while (0)

#endif							/* FOCUS_STOP_POINT_H */
