/*-------------------------------------------------------------------------
 *
 * load.h
 *	  Loading a delivery into a dataset.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_LOAD_H
#define FOCUS_LOAD_H

#include "nodes/parsenodes.h"
#include "utils/jsonb.h"

#include "load/delivery.h"
#include "load/input.h"

typedef struct FocusLoadResult
{
	int64		loadid;
	int64		rows_stored;
	int64		rows_rejected;
	int64		rows_replaced;
	Jsonb	   *totals;
	int64		elapsed_us;
} FocusLoadResult;

/* Opens the one stream of a delivery that is not made of files. */
typedef FocusInput *(*FocusOpenStream) (void *arg);

extern void focus_load_check_options(const FocusDeliveryOptions *options);
extern void focus_load_check_file_rights(void);
extern void focus_load_run(const char *schema, const char *path,
						   FocusOpenStream open_stream, void *arg,
						   const FocusDataset *expected,
						   const FocusDeliveryOptions *options, FocusLoadResult *result);

extern bool focus_copy_is_ours(const CopyStmt *stmt);
extern uint64 focus_copy_from(ParseState *pstate, const CopyStmt *stmt);

#endif							/* FOCUS_LOAD_H */
