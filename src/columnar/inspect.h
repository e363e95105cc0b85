/*-------------------------------------------------------------------------
 *
 * inspect.h
 *	  What the functions that look into tables have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_INSPECT_H
#define FOCUS_INSPECT_H

#include "fmgr.h"
#include "utils/rel.h"

/* Raises an error unless the user may inspect the table; not asked for partitions. */
typedef void (*FocusInspectRight) (Oid relid);

/* Inspects one table, and adds rows to the result of the function. */
typedef void (*FocusInspectTable) (Relation rel, FunctionCallInfo fcinfo);

/*
 * Inspects a table that has our access method or, of a partitioned table, each
 * partition that has.  The function returns a set of rows.
 */
extern void focus_inspect(FunctionCallInfo fcinfo, Oid relid, FocusInspectRight right,
						  FocusInspectTable inspect);

/* Adds a row to the result of the function. */
extern void focus_inspect_add(FunctionCallInfo fcinfo, Datum *values, bool *isnull);

#endif							/* FOCUS_INSPECT_H */
