/*-------------------------------------------------------------------------
 *
 * group_delete.c
 *	  Deleting and moving whole row groups: the functions
 *	  focus_delete_groups and focus_internal.move_groups.
 *
 * DELETE writes a tombstone for each row.  Rows that were loaded together are
 * in groups of their own, and are replaced together: such a group is removed
 * as one.  What is not in such groups is left to DELETE.
 *
 * To move a group is to write its body to another table of the same columns,
 * byte by byte, and to remove it here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/predicate.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "columnar/bulk.h"
#include "columnar/delta.h"
#include "columnar/dml.h"
#include "columnar/group_reader.h"
#include "columnar/row_lock.h"
#include "columnar/stop_point.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(focus_delete_groups);
PG_FUNCTION_INFO_V1(focus_move_groups);

static int64 remove_groups(Relation rel, const char *column_name, ArrayType *array, Relation target);
static bool may_delete_groups(Relation rel);
static bool may_move_groups(Relation rel, Relation target);
static bool has_insert_triggers(Relation rel);
static bool same_columns(TupleDesc a, TupleDesc b);
static bool all_rows_match(FocusStore *store, const FocusGroup *group, int column,
						   const int64 *values, int nvalues, FocusArenaPool *readers);
static bool entries_match(const FocusBodyColumn *column, const int64 *values, int nvalues);
static bool contains(const int64 *values, int nvalues, int64 value);
static int64 delete_group(FocusStore *store, uint32 number, Relation target, CommandId cid);

/*
 * focus_delete_groups(relation, column, values): deletes the groups in all of
 * whose rows the column, a bigint, is one of the values, and returns the number
 * of their rows.  Nothing is done where DELETE would do more than
 * delete, as with triggers or row-level security.
 */
Datum
focus_delete_groups(PG_FUNCTION_ARGS)
{
	Relation	rel = table_open(PG_GETARG_OID(0), RowExclusiveLock);
	int64		rows;

	PreventCommandIfReadOnly("focus_delete_groups()");
	rows = remove_groups(rel, NameStr(*PG_GETARG_NAME(1)), PG_GETARG_ARRAYTYPE_P(2), NULL);
	table_close(rel, NoLock);
	PG_RETURN_INT64(rows);
}

/*
 * focus_internal.move_groups(relation, target, column, values): the same, but
 * the groups are in the other table afterwards.  Those with deleted rows stay,
 * and all do where INSERT into the target would do more than insert.
 */
Datum
focus_move_groups(PG_FUNCTION_ARGS)
{
	Relation	rel = table_open(PG_GETARG_OID(0), RowExclusiveLock);
	Relation	target = table_open(PG_GETARG_OID(1), RowExclusiveLock);
	int64		rows = 0;

	PreventCommandIfReadOnly("move_groups()");
	if (may_move_groups(rel, target))
		rows = remove_groups(rel, NameStr(*PG_GETARG_NAME(2)), PG_GETARG_ARRAYTYPE_P(3), target);
	table_close(target, NoLock);
	table_close(rel, NoLock);
	PG_RETURN_INT64(rows);
}

/*
 * Deletes the groups, or moves them to the target if there is one; returns the
 * number of rows.
 */
static int64
remove_groups(Relation rel, const char *column_name, ArrayType *array, Relation target)
{
	AttrNumber	attno = get_attnum(RelationGetRelid(rel), column_name);
	int64	   *values = (int64 *) ARR_DATA_PTR(array);
	int			nvalues = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	FocusStore	store;
	FocusGroup *groups;
	int			count;
	int			i;
	int64		rows = 0;

	if (attno <= 0 || get_atttype(RelationGetRelid(rel), attno) != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\" of type bigint",
						RelationGetRelationName(rel), column_name)));
	if (ARR_ELEMTYPE(array) != INT8OID || ARR_HASNULL(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array of values must not contain nulls")));
	if (may_delete_groups(rel))
	{
		CommandId	cid = GetCurrentCommandId(true);
		FocusArenaPool *readers = focus_arena_pool_create(CurrentMemoryContext);

		focus_bulk_flush(rel);
		focus_store_open(&store, rel, RowExclusiveLock);
		groups = focus_store_groups(&store, GetActiveSnapshot(), &count);
		for (i = 0; i < count; i++)
		{
			if (all_rows_match(&store, &groups[i], attno - 1, values, nvalues, readers))
				rows += delete_group(&store, groups[i].number, target, cid);
			CHECK_FOR_INTERRUPTS();
		}
		focus_store_close(&store);
		focus_arena_pool_delete(readers);
	}
	return rows;
}

static bool
may_delete_groups(Relation rel)
{
	TriggerDesc *triggers = rel->trigdesc;

	if (!focus_is_ours(rel) || IsolationUsesXactSnapshot() ||
		check_enable_rls(RelationGetRelid(rel), InvalidOid, true) != RLS_NONE ||
		pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_DELETE) != ACLCHECK_OK ||
		pg_class_aclcheck(RelationGetRelid(rel), GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return false;
	if (triggers != NULL &&
		(triggers->trig_delete_before_row || triggers->trig_delete_after_row ||
		 triggers->trig_delete_before_statement || triggers->trig_delete_after_statement ||
		 triggers->trig_delete_old_table))
		return false;
	return rel->rd_rel->relkind == RELKIND_RELATION && rel->rd_rules == NULL &&
		!focus_deletes_are_published(rel);
}

/*
 * Does a group of the one table, as it is, say the same in the other, and is
 * that all that INSERT would do?
 */
static bool
may_move_groups(Relation rel, Relation target)
{
	const TupleConstr *constraints = RelationGetDescr(target)->constr;

	return focus_is_ours(target) && same_columns(RelationGetDescr(rel), RelationGetDescr(target)) &&
		check_enable_rls(RelationGetRelid(target), InvalidOid, true) == RLS_NONE &&
		pg_class_aclcheck(RelationGetRelid(target), GetUserId(), ACL_INSERT) == ACLCHECK_OK &&
		target->rd_rel->relkind == RELKIND_RELATION && target->rd_rules == NULL &&
		!target->rd_rel->relhasindex && !target->rd_rel->relispartition && constraints == NULL &&
		!has_insert_triggers(target) && !RelationIsLogicallyLogged(target) &&
		focus_store_can_add_groups(target);
}

static bool
has_insert_triggers(Relation rel)
{
	const TriggerDesc *triggers = rel->trigdesc;

	return triggers != NULL &&
		(triggers->trig_insert_before_row || triggers->trig_insert_after_row ||
		 triggers->trig_insert_before_statement || triggers->trig_insert_after_statement ||
		 triggers->trig_insert_new_table);
}

static bool
same_columns(TupleDesc a, TupleDesc b)
{
	int			i;

	if (a->natts != b->natts)
		return false;
	for (i = 0; i < a->natts; i++)
	{
		Form_pg_attribute x = TupleDescAttr(a, i);
		Form_pg_attribute y = TupleDescAttr(b, i);

		if (x->attisdropped || y->attisdropped || x->atthasmissing || y->atthasmissing ||
			x->atttypid != y->atttypid || x->atttypmod != y->atttypmod ||
			strcmp(NameStr(x->attname), NameStr(y->attname)) != 0)
			return false;
	}
	return true;
}

/*
 * Is each value of the column in the group among the given ones?  The bounds
 * in the header rule out most groups.
 */
static bool
all_rows_match(FocusStore *store, const FocusGroup *group, int column, const int64 *values,
			   int nvalues, FocusArenaPool *readers)
{
	FocusGroupReader *reader = focus_group_reader_create(store, group, readers);
	const FocusBodyHeader *header = focus_group_reader_header(reader);
	bool		result = false;

	if (column < header->ncolumns)
	{
		const FocusBodyColumnInfo *info = &header->columns[column];

		if (info->kind == FOCUS_BODY_INT && info->nulls == 0 &&
			contains(values, nvalues, info->min) && contains(values, nvalues, info->max))
			result = info->min == info->max ||
				entries_match(focus_group_reader_column(reader, store, column), values, nvalues);
	}
	focus_group_reader_free(reader);
	return result;
}

/*
 * A column of many different numbers has no dictionary; it does not match.
 */
static bool
entries_match(const FocusBodyColumn *column, const int64 *values, int nvalues)
{
	uint32		i;

	if (column->form != FOCUS_BODY_CODES)
		return false;
	for (i = 0; i < column->entries; i++)
		if (!contains(values, nvalues, column->numbers[i]))
			return false;
	return true;
}

static bool
contains(const int64 *values, int nvalues, int64 value)
{
	int			i;

	for (i = 0; i < nvalues; i++)
		if (values[i] == value)
			return true;
	return false;
}

/*
 * Waits for those who have locked rows of the group.  A row that another
 * transaction is about to delete leaves the group to DELETE, which waits.
 */
static int64
delete_group(FocusStore *store, uint32 number, Relation target, CommandId cid)
{
	SnapshotData dirty;
	FocusGroup	group;
	int64		dead;

	InitDirtySnapshot(dirty);
	focus_lock_group(store->rel, number);
	if (!focus_store_find_group(store, number, &dirty, &group) ||
		TransactionIdIsValid(dirty.xmin) || TransactionIdIsValid(dirty.xmax))
		return 0;
	dead = focus_store_tombstones(store, number, number, SnapshotSelf, NULL, NULL);
	if (focus_store_tombstones(store, number, number, &dirty, NULL, NULL) != dead ||
		(dead > 0 && target != NULL))
		return 0;
	CheckForSerializableConflictIn(store->rel, NULL, InvalidBlockNumber);
	if (target != NULL)
	{
		struct varlena *body = focus_store_read_body(store, &group);

		focus_store_add_group(target, body, group.rows, cid, false);
		pfree(body);
	}
	focus_store_remove_group(store, &group, false, cid);
	FOCUS_STOP_POINT("remove: group removed");
	if (dead > 0)
		focus_store_remove_tombstones(store, number);
	return group.rows - dead;
}
