/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  Settings of the extension, in alphabetical order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "columnar/stop_point.h"
#include "guc.h"

bool		focus_debug_force_groups = false;
char	   *focus_debug_stop_at = "";
int			focus_debug_stop_by = FOCUS_STOP_BY_ERROR;
bool		focus_enable_aggregate = true;
bool		focus_enable_aggregate_below_join = true;
bool		focus_enable_scan = true;

static const struct config_enum_entry stop_by_options[] = {
	{"error", FOCUS_STOP_BY_ERROR, false},
	{"kill", FOCUS_STOP_BY_KILL, false},
	{"wait", FOCUS_STOP_BY_WAIT, false},
	{NULL, 0, false}
};

void
focus_guc_init(void)
{
	DefineCustomBoolVariable("focus.debug_force_groups",
							 "Puts all rows that are inserted into row groups.",
							 "For tests. Rows go to groups however few they are, and in the order in which they come. Off by default.",
							 &focus_debug_force_groups, false,
							 PGC_SUSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomStringVariable("focus.debug_stop_at",
							   "Name of the place in the code where the backend stops.",
							   "For tests. Nowhere if empty, which is the default.",
							   &focus_debug_stop_at, "",
							   PGC_SUSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomEnumVariable("focus.debug_stop_by",
							 "What happens where focus.debug_stop_at says.",
							 "For tests. An error, the death of the backend, or a wait for an advisory lock.",
							 &focus_debug_stop_by, FOCUS_STOP_BY_ERROR, stop_by_options,
							 PGC_SUSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomBoolVariable("focus.enable_aggregate",
							 "Lets the planner use aggregation of row groups by vectors.",
							 "For queries over one table with access method focus. On by default.",
							 &focus_enable_aggregate, true,
							 PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);
	DefineCustomBoolVariable("focus.enable_aggregate_below_join",
							 "Lets the planner aggregate a table with access method focus before it is joined.",
							 "The groups of rows are joined instead of rows. On by default.",
							 &focus_enable_aggregate_below_join, true,
							 PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);
	DefineCustomBoolVariable("focus.enable_scan",
							 "Lets the planner use scans of tables with access method focus that read only the columns a query needs.",
							 "Such scans skip row groups and vectors in which no row can pass the filter, and filter by dictionaries. On by default.",
							 &focus_enable_scan, true,
							 PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);
	MarkGUCPrefixReserved("focus");
}

/*
 * Makes queries of our own mean the same in every session: nothing of the
 * caller's search_path is found, and row-level security raises an error rather
 * than hide rows.  AtEOXact_GUC(false, result) or an error ends it.
 */
int
focus_guc_pin(void)
{
	int			nest_level = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("row_security", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	return nest_level;
}
