/*-------------------------------------------------------------------------
 *
 * focus.c
 *	  Module entry point of the focus extension.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "aggs/sums.h"
#include "columnar/am.h"
#include "columnar/exec_agg.h"
#include "columnar/exec_scan.h"
#include "compat.h"
#include "guc.h"
#include "utility.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	focus_am_init();
	focus_guc_init();
	focus_exec_scan_init();
	focus_exec_agg_init();
	focus_sums_init();
	focus_utility_init();
}
