/*-------------------------------------------------------------------------
 *
 * stop_point.c
 *	  Places in the code where a test can make a backend die, fail or wait.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>
#include <unistd.h>

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "columnar/stop_point.h"

void
focus_stop_point(const char *name)
{
	if (strcmp(name, focus_debug_stop_at) != 0)
		return;
	switch ((FocusStopBy) focus_debug_stop_by)
	{
		case FOCUS_STOP_BY_ERROR:
			ereport(ERROR,
					(errcode(ERRCODE_QUERY_CANCELED),
					 errmsg("stopped at \"%s\"", name),
					 errhint("Reset focus.debug_stop_at.")));
			break;
		case FOCUS_STOP_BY_KILL:
			elog(LOG, "killed at \"%s\"", name);
			(void) kill(getpid(), SIGKILL);
			for (;;)
				(void) pause();
			break;
		case FOCUS_STOP_BY_WAIT:
			DirectFunctionCall1(pg_advisory_lock_int8, Int64GetDatum(FOCUS_STOP_LOCK));
			DirectFunctionCall1(pg_advisory_unlock_int8, Int64GetDatum(FOCUS_STOP_LOCK));
			break;
	}
}
