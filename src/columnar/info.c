/*-------------------------------------------------------------------------
 *
 * info.c
 *	  The functions focus_columnar_info and focus_columnar_columns.
 *
 * Both tell what the caller's snapshot sees.  Sizes are those of the files, of
 * which no snapshot knows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "catalog/pg_authid_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/bulk.h"
#include "columnar/delta.h"
#include "columnar/group_list.h"
#include "columnar/group_reader.h"
#include "columnar/inspect.h"
#include "columnar/store.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(focus_columnar_info);
PG_FUNCTION_INFO_V1(focus_columnar_columns);

/* One column of a table in one encoding, over all groups */
typedef struct ColumnInfo
{
	int64		groups;
	int64		rows;
	int64		bytes;
	int64		entries;
	int64		nulls;
} ColumnInfo;

#define INFO_COLUMNS	9
#define COLUMNS_COLUMNS	8

static void check_may_see(Oid relid);
static void table_info(Relation rel, FunctionCallInfo fcinfo);
static void columns_info(Relation rel, FunctionCallInfo fcinfo);
static int64 count_delta(Relation rel, Snapshot snapshot);
static void add_group(ColumnInfo (*columns)[FOCUS_BODY_ENCODINGS], FocusStore *store,
					  const FocusGroup *group, int natts, FocusArenaPool *readers);

/*
 * One row per table
 */
Datum
focus_columnar_info(PG_FUNCTION_ARGS)
{
	focus_inspect(fcinfo, PG_GETARG_OID(0), check_may_see, table_info);
	return (Datum) 0;
}

/*
 * One row per column and encoding
 */
Datum
focus_columnar_columns(PG_FUNCTION_ARGS)
{
	focus_inspect(fcinfo, PG_GETARG_OID(0), check_may_see, columns_info);
	return (Datum) 0;
}

void
focus_inspect(FunctionCallInfo fcinfo, Oid relid, FocusInspectRight right,
			  FocusInspectTable inspect)
{
	Relation	rel = table_open(relid, AccessShareLock);
	List	   *partitions;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	right(relid);
	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
	{
		focus_check_is_ours(rel);
		if (RELATION_IS_OTHER_TEMP(rel))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot access temporary tables of other sessions")));
		focus_bulk_flush(rel);
		inspect(rel, fcinfo);
		table_close(rel, AccessShareLock);
		return;
	}

	partitions = find_all_inheritors(relid, AccessShareLock, NULL);
	foreach(cell, partitions)
	{
		Relation	partition = relation_open(lfirst_oid(cell), NoLock);

		if (focus_is_ours(partition) && !RELATION_IS_OTHER_TEMP(partition))
		{
			focus_bulk_flush(partition);
			inspect(partition, fcinfo);
		}
		relation_close(partition, NoLock);
	}
	table_close(rel, NoLock);
}

void
focus_inspect_add(FunctionCallInfo fcinfo, Datum *values, bool *isnull)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
}

/*
 * Counts of rows and of values say something of what is in the table.
 */
static void
check_may_see(Oid relid)
{
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		!has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS))
		aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
}

static void
table_info(Relation rel, FunctionCallInfo fcinfo)
{
	Snapshot	snapshot = GetActiveSnapshot();
	FocusStore	store;
	FocusGroupList *list;
	Datum		values[INFO_COLUMNS];
	bool		isnull[INFO_COLUMNS] = {false};
	int64		group_bytes = 0;
	int64		toast_bytes = 0;
	int64		delta_rows = count_delta(rel, snapshot);
	int64		delta_bytes = RelationGetNumberOfBlocks(rel) * (int64) BLCKSZ;
	int64		rows;
	int			i;

	focus_store_open(&store, rel, AccessShareLock);
	list = focus_group_list_create(&store, snapshot);
	for (i = 0; i < list->count; i++)
		group_bytes += list->groups[i].body_size;
	if (store.toast != NULL)
		toast_bytes = DatumGetInt64(DirectFunctionCall1(pg_total_relation_size,
														ObjectIdGetDatum(RelationGetRelid(store.toast))));
	focus_store_close(&store);

	rows = list->rows - list->tombstones + delta_rows;
	i = 0;
	values[i++] = ObjectIdGetDatum(RelationGetRelid(rel));
	values[i++] = Int64GetDatum(list->count);
	values[i++] = Int64GetDatum(list->rows);
	values[i++] = Int64GetDatum(list->tombstones);
	values[i++] = Int64GetDatum(delta_rows);
	values[i++] = Int64GetDatum(group_bytes);
	values[i++] = Int64GetDatum(delta_bytes);
	values[i++] = Int64GetDatum(toast_bytes);
	isnull[i] = rows == 0;
	values[i++] = rows == 0 ? (Datum) 0 :
		DirectFunctionCall2(numeric_round,
							DirectFunctionCall2(numeric_div,
												NumericGetDatum(int64_to_numeric(delta_bytes + toast_bytes)),
												NumericGetDatum(int64_to_numeric(rows))),
							Int32GetDatum(1));
	Assert(i == INFO_COLUMNS);
	focus_inspect_add(fcinfo, values, isnull);
}

static int64
count_delta(Relation rel, Snapshot snapshot)
{
	const TableAmRoutine *delta = focus_delta_of(rel);
	TableScanDesc scan = delta->scan_begin(rel, snapshot, 0, NULL, NULL,
										   SO_TYPE_SEQSCAN | SO_ALLOW_STRAT | SO_ALLOW_SYNC |
										   SO_ALLOW_PAGEMODE);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(rel),
													delta->slot_callbacks(rel));
	int64		rows = 0;

	while (delta->scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		rows++;
		CHECK_FOR_INTERRUPTS();
	}
	ExecDropSingleTupleTableSlot(slot);
	delta->scan_end(scan);
	return rows;
}

/*
 * Reads the headers of all groups, not their columns.
 */
static void
columns_info(Relation rel, FunctionCallInfo fcinfo)
{
	TupleDesc	desc = RelationGetDescr(rel);
	ColumnInfo	(*columns)[FOCUS_BODY_ENCODINGS] =
		palloc0(mul_size(Max(desc->natts, 1), sizeof(ColumnInfo) * FOCUS_BODY_ENCODINGS));
	FocusArenaPool *readers = focus_arena_pool_create(CurrentMemoryContext);
	FocusStore	store;
	FocusGroup *groups;
	int			count;
	int			column;
	int			i;

	focus_store_open(&store, rel, AccessShareLock);
	groups = focus_store_groups(&store, GetActiveSnapshot(), &count);
	for (i = 0; i < count; i++)
		add_group(columns, &store, &groups[i], desc->natts, readers);
	focus_store_close(&store);
	focus_arena_pool_delete(readers);

	for (column = 0; column < desc->natts; column++)
	{
		int			encoding;

		for (encoding = FOCUS_BODY_CONSTANT; encoding < FOCUS_BODY_ENCODINGS; encoding++)
		{
			ColumnInfo *info = &columns[column][encoding];
			Datum		values[COLUMNS_COLUMNS];
			bool		isnull[COLUMNS_COLUMNS] = {false};

			if (info->groups == 0)
				continue;
			i = 0;
			values[i++] = ObjectIdGetDatum(RelationGetRelid(rel));
			values[i++] = NameGetDatum(&TupleDescAttr(desc, column)->attname);
			values[i++] = CStringGetTextDatum(focus_body_encoding_name(encoding));
			values[i++] = Int64GetDatum(info->groups);
			values[i++] = Int64GetDatum(info->rows);
			values[i++] = Int64GetDatum(info->nulls);
			values[i++] = Int64GetDatum(info->entries);
			values[i++] = Int64GetDatum(info->bytes);
			Assert(i == COLUMNS_COLUMNS);
			focus_inspect_add(fcinfo, values, isnull);
		}
	}
}

static void
add_group(ColumnInfo (*columns)[FOCUS_BODY_ENCODINGS], FocusStore *store, const FocusGroup *group,
		  int natts, FocusArenaPool *readers)
{
	FocusGroupReader *reader = focus_group_reader_create(store, group, readers);
	const FocusBodyHeader *header = focus_group_reader_header(reader);
	int			column;

	CHECK_FOR_INTERRUPTS();
	for (column = 0; column < Min(header->ncolumns, natts); column++)
	{
		const FocusBodyColumnInfo *stored = &header->columns[column];
		ColumnInfo *info = &columns[column][stored->encoding];

		info->groups++;
		info->rows += header->rows;
		info->nulls += stored->nulls;
		info->entries += stored->entries;
		info->bytes += stored->length;
	}
	focus_group_reader_free(reader);
}
