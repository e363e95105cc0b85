/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  Settings of the extension, in alphabetical order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "guc.h"

bool		focus_debug_force_groups = false;
bool		focus_enable_scan = true;

void
focus_guc_init(void)
{
	DefineCustomBoolVariable("focus.debug_force_groups",
							 "Puts all rows that are inserted into row groups.",
							 "For tests. Rows go to groups however few they are, and in the order in which they come. Off by default.",
							 &focus_debug_force_groups, false,
							 PGC_SUSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
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
