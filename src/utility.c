/*-------------------------------------------------------------------------
 *
 * utility.c
 *	  Utility statements that the extension has a say in.
 *
 * COPY in FOCUS format is run by the loader, and COPY of a table of ours by the
 * scan node.  DROP EXTENSION focus is refused while its tables hold rows,
 * because PostgreSQL would drop the bills of years without a word; CASCADE says
 * that this is meant.  All of it works in sessions that have loaded the library
 * only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "tcop/cmdtag.h"
#include "tcop/utility.h"
#include "utils/guc.h"

#include "columnar/copy_out.h"
#include "guc.h"
#include "load/load.h"
#include "utility.h"

static ProcessUtility_hook_type next_hook = NULL;

static void run_utility(PlannedStmt *pstmt, const char *query, bool read_only_tree,
						ProcessUtilityContext context, ParamListInfo params,
						QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion);
static bool drops_us(const DropStmt *stmt);
static void refuse_to_drop_data(void);

void
focus_utility_init(void)
{
	next_hook = ProcessUtility_hook;
	ProcessUtility_hook = run_utility;
}

static void
run_utility(PlannedStmt *pstmt, const char *query, bool read_only_tree,
			ProcessUtilityContext context, ParamListInfo params,
			QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	Node	   *stmt = pstmt->utilityStmt;
	CopyStmt   *by_query = NULL;

	if (IsA(stmt, CopyStmt) && focus_copy_is_ours((CopyStmt *) stmt))
	{
		ParseState *pstate = make_parsestate(NULL);
		uint64		rows;

		pstate->p_sourcetext = query;
		rows = focus_copy_from(pstate, (CopyStmt *) stmt);
		if (completion != NULL)
			SetQueryCompletion(completion, CMDTAG_COPY, rows);
		free_parsestate(pstate);
		return;
	}

	if (IsA(stmt, CopyStmt))
		by_query = focus_copy_out_by_query((CopyStmt *) stmt);
	if (by_query != NULL)
	{
		PlannedStmt *changed = makeNode(PlannedStmt);

		*changed = *pstmt;
		changed->utilityStmt = (Node *) by_query;
		pstmt = changed;
	}

	if (IsA(stmt, DropStmt) && drops_us((DropStmt *) stmt))
		refuse_to_drop_data();

	if (next_hook)
		next_hook(pstmt, query, read_only_tree, context, params, environment, dest, completion);
	else
		standard_ProcessUtility(pstmt, query, read_only_tree, context, params, environment, dest, completion);
}

static bool
drops_us(const DropStmt *stmt)
{
	ListCell   *cell;

	if (stmt->removeType != OBJECT_EXTENSION || stmt->behavior == DROP_CASCADE)
		return false;
	foreach(cell, stmt->objects)
	{
		if (strcmp(strVal(lfirst(cell)), "focus") == 0)
			return true;
	}
	return false;
}

/*
 * Throws if a table that pg_dump takes the rows of has such rows; rows that
 * the extension itself brought do not count.
 */
static void
refuse_to_drop_data(void)
{
	SPITupleTable *tables;
	uint64		ntables;
	int			settings = focus_guc_pin();

	SPI_connect();
	if (SPI_execute("SELECT c.oid::pg_catalog.regclass::pg_catalog.text, t.condition "
					"FROM pg_catalog.pg_extension e, "
					"ROWS FROM (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition)) AS t(oid, condition), "
					"pg_catalog.pg_class c "
					"WHERE e.extname = 'focus' AND c.oid = t.oid AND c.relkind = 'r' ORDER BY 1", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not list the tables of extension focus");
	tables = SPI_tuptable;
	ntables = SPI_processed;

	for (uint64 i = 0; i < ntables; i++)
	{
		char	   *table = SPI_getvalue(tables->vals[i], tables->tupdesc, 1);
		char	   *condition = SPI_getvalue(tables->vals[i], tables->tupdesc, 2);

		if (SPI_execute(psprintf("SELECT 1 FROM %s %s LIMIT 1", table, condition ? condition : ""), true, 1) != SPI_OK_SELECT)
			elog(ERROR, "could not read table %s", table);
		if (SPI_processed > 0)
			ereport(ERROR,
					(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
					 errmsg("cannot drop extension focus because its tables hold data"),
					 errdetail("Table %s has rows.", table),
					 errhint("Use DROP EXTENSION focus CASCADE to drop the extension and all of its data.")));
	}
	SPI_finish();
	AtEOXact_GUC(false, settings);
}
