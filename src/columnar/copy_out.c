/*-------------------------------------------------------------------------
 *
 * copy_out.c
 *	  COPY table TO.
 *
 * COPY scans a table without a plan, and so without the scan node, which need
 * not put together heap tuples for it to take apart.  Therefore it is given
 * the query that core gives it itself where a table has row-level security.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "columnar/copy_out.h"
#include "columnar/delta.h"
#include "guc.h"

static List *columns_to_copy(Relation rel, const List *names);
static bool is_member(const List *names, const char *name);
static ResTarget *column_target(const char *name);

/*
 * What is wrong with the statement is left to COPY to find.
 */
CopyStmt *
focus_copy_out_by_query(const CopyStmt *stmt)
{
	CopyStmt   *result = NULL;
	Relation	rel;
	List	   *targets;

	if (stmt->is_from || stmt->relation == NULL || !focus_enable_scan)
		return NULL;
	rel = table_openrv_extended(stmt->relation, AccessShareLock, true);
	if (rel == NULL)
		return NULL;
	if (focus_is_ours(rel) && rel->rd_rel->relkind == RELKIND_RELATION &&
		(targets = columns_to_copy(rel, stmt->attlist)) != NIL)
	{
		RangeVar   *table = makeRangeVar(get_namespace_name(RelationGetNamespace(rel)),
										 pstrdup(RelationGetRelationName(rel)), -1);
		SelectStmt *query = makeNode(SelectStmt);

		table->inh = false;
		query->targetList = targets;
		query->fromClause = list_make1(table);
		result = (CopyStmt *) copyObjectImpl(stmt);
		result->relation = NULL;
		result->attlist = NIL;
		result->query = (Node *) query;
	}
	table_close(rel, NoLock);
	return result;
}

/*
 * A target for each of the names, or for all columns that COPY takes if there
 * are none.  NIL where a name is of no such column, or comes twice.
 */
static List *
columns_to_copy(Relation rel, const List *names)
{
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *columns = NIL;
	List	   *named = NIL;
	ListCell   *cell;
	int			i;

	foreach(cell, names)
		named = lappend(named, column_target(strVal(lfirst(cell))));
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && !att->attgenerated &&
			(names == NIL || is_member(names, NameStr(att->attname))))
			columns = lappend(columns, column_target(NameStr(att->attname)));
	}
	if (names == NIL)
		return columns;
	return list_length(columns) == list_length(named) ? named : NIL;
}

static bool
is_member(const List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(strVal(lfirst(cell)), name) == 0)
			return true;
	return false;
}

static ResTarget *
column_target(const char *name)
{
	ColumnRef  *column = makeNode(ColumnRef);
	ResTarget  *target = makeNode(ResTarget);

	column->fields = list_make1(makeString(pstrdup(name)));
	column->location = -1;
	target->val = (Node *) column;
	target->location = -1;
	return target;
}
