/*-------------------------------------------------------------------------
 *
 * check.c
 *	  The function focus_check: is a table's storage sound?
 *
 * It looks at the directory and the tombstones (here), at all columns of all
 * groups (check_body.c), and at the indexes' entries of groups
 * (check_index.c).  The delta is a heap, and the structure of indexes that of
 * any table; there are tools of PostgreSQL for both.
 *
 * Everything is judged by one snapshot, taken for the call, and under a lock
 * that hinders nobody: groups never change, so that what writers do meanwhile
 * is either unseen or a tombstone that is unseen.
 *
 * Damage does not end the check.  What can run into it runs in a
 * subtransaction, group by group.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "columnar/check.h"
#include "columnar/inspect.h"
#include "columnar/store_item.h"
#include "columnar/tid.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(focus_check);

#define CHECK_COLUMNS	5

static void check_may_check(Oid relid);
static void check_table(Relation rel, FunctionCallInfo fcinfo);
static void check_directory(FocusCheck *check, void *arg);
static void check_item(const FocusStoreItem *item, void *arg);
static void check_group_entry(FocusCheck *check, const FocusStoreItem *item);
static void check_tombstone(FocusCheck *check, const FocusStoreItem *item);
static void check_values(FocusCheck *check);
static int	compare_values(const void *a, const void *b);
static void check_toast_index(FocusCheck *check, void *arg);
static void check_group(FocusCheck *check, void *arg);
static bool is_damage(int sqlerrcode);

Datum
focus_check(PG_FUNCTION_ARGS)
{
	/* No rows would say that nothing is wrong. */
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments of focus_check cannot be null")));
	focus_inspect(fcinfo, PG_GETARG_OID(0), check_may_check, check_table);
	return (Datum) 0;
}

static void
check_may_check(Oid relid)
{
	if (!focus_owns_relation(relid))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
}

static void
check_table(Relation rel, FunctionCallInfo fcinfo)
{
	FocusCheck	check = {fcinfo, rel};
	MemoryContext caller;
	bool		listed;
	int			i;

	check_may_check(RelationGetRelid(rel));
	check.context = AllocSetContextCreate(CurrentMemoryContext, "focus check",
										  ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(check.context);
	check.snapshot = RegisterSnapshot(GetLatestSnapshot());
	PushActiveSnapshot(check.snapshot);
	focus_store_open(&check.store, rel, AccessShareLock);
	listed = check.store.toast != NULL && focus_check_try(&check, 0, check_directory, NULL);
	if (listed)
	{
		check_values(&check);
		(void) focus_check_try(&check, 0, check_toast_index, NULL);
	}
	for (i = 0; i < check.ngroups; i++)
	{
		if (check.groups[i].sound)
			check.groups[i].damaged |= !focus_check_try(&check, check.groups[i].group.number,
														check_group, &check.groups[i]);
	}
	if (listed && PG_GETARG_BOOL(1))
		focus_check_indexes(&check);
	focus_store_close(&check.store);
	PopActiveSnapshot();
	UnregisterSnapshot(check.snapshot);
	if (check.debris > 0)
		ereport(NOTICE,
				(errmsg("table \"%s\" has " INT64_FORMAT " deletions of rows in row groups that are gone",
						RelationGetRelationName(rel), check.debris),
				 errdetail("They do no harm.")));
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(check.context);
}

void
focus_check_report(FocusCheck *check, uint32 group, const char *column,
				   const ItemPointerData *tid, const char *format,...)
{
	Datum		values[CHECK_COLUMNS];
	bool		isnull[CHECK_COLUMNS] = {false};
	MemoryContext caller = MemoryContextSwitchTo(check->context);
	ItemPointerData copy;
	NameData	name;
	StringInfoData text;

	initStringInfo(&text);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&text, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	values[0] = ObjectIdGetDatum(RelationGetRelid(check->rel));
	values[1] = Int32GetDatum(group);
	isnull[1] = group == 0;
	if (column != NULL)
		namestrcpy(&name, column);
	values[2] = NameGetDatum(&name);
	isnull[2] = column == NULL;
	if (tid != NULL)
		copy = *tid;
	values[3] = PointerGetDatum(&copy);
	isnull[3] = tid == NULL;
	values[4] = CStringGetTextDatum(text.data);
	focus_inspect_add(check->fcinfo, values, isnull);
	pfree(text.data);
	MemoryContextSwitchTo(caller);
}

bool
focus_check_try(FocusCheck *check, uint32 group, FocusCheckStep step, void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool result = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		step(check, arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (!is_damage(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		focus_check_report(check, group, NULL, NULL, "%s", error->message);
		FreeErrorData(error);
		result = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return result;
}

FocusCheckGroup *
focus_check_find_group(FocusCheck *check, uint32 number)
{
	int			low = 0;
	int			high = check->ngroups;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (check->groups[middle].group.number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < check->ngroups && check->groups[low].group.number == number ?
		&check->groups[low] : NULL;
}

/*
 * Errors that damaged files give rise to: those of ours, those of the server
 * for pages, indexes and values, and what the server takes for impossible.
 */
static bool
is_damage(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_DATA_CORRUPTED || sqlerrcode == ERRCODE_INDEX_CORRUPTED ||
		sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED || sqlerrcode == ERRCODE_INTERNAL_ERROR ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_SYSTEM_ERROR;
}

/*
 * Directory and tombstones
 */

static void
check_directory(FocusCheck *check, void *arg)
{
	check->last_row = -1;
	focus_store_walk(&check->store, check->snapshot, check_item, check);
}

static void
check_item(const FocusStoreItem *item, void *arg)
{
	FocusCheck *check = arg;

	/* A new counter is there for all snapshots at once. */
	if (item->kind != FOCUS_ITEM_COUNTER)
		check->items++;
	switch (item->kind)
	{
		case FOCUS_ITEM_GROUP:
			check_group_entry(check, item);
			break;
		case FOCUS_ITEM_COUNTER:
		case FOCUS_ITEM_REMOVED:
			check->last_number = Max(check->last_number, item->number);
			break;
		case FOCUS_ITEM_TOMBSTONE:
			check_tombstone(check, item);
			break;
		case FOCUS_ITEM_STRANGE:
			focus_check_report(check, 0, NULL, NULL,
							   "TOAST table has an entry of unknown kind, chunk_id %u, at (%u,%u)",
							   item->id, ItemPointerGetBlockNumber(&item->entry),
							   ItemPointerGetOffsetNumber(&item->entry));
			break;
	}
}

/*
 * Numbers ascend, because the index orders them.
 */
static void
check_group_entry(FocusCheck *check, const FocusStoreItem *item)
{
	FocusCheckGroup *group;

	if (item->number < FOCUS_GROUP_FIRST || item->number > FOCUS_GROUP_LAST)
	{
		focus_check_report(check, item->number, NULL, NULL, "directory entry has an impossible number");
		return;
	}
	if (check->ngroups > 0 && check->groups[check->ngroups - 1].group.number >= item->number)
	{
		focus_check_report(check, item->number, NULL, NULL, "there are two directory entries");
		return;
	}
	if (check->ngroups == check->groups_size)
	{
		Size		size;

		check->groups_size = Max(check->groups_size * 2, 16);
		size = mul_size(check->groups_size, sizeof(FocusCheckGroup));
		check->groups = check->groups == NULL ? MemoryContextAlloc(check->context, size) :
			repalloc_huge(check->groups, size);
	}
	group = &check->groups[check->ngroups++];
	memset(group, 0, sizeof(*group));
	group->group = item->group;
	group->group.number = item->number;
	group->sound = item->state == FOCUS_ITEM_SOUND;
	if (item->state == FOCUS_ITEM_UNKNOWN_VERSION)
		focus_check_report(check, item->number, NULL, NULL,
						   "directory entry has format version %d, which this version of focus does not know",
						   item->version);
	else if (item->state == FOCUS_ITEM_DAMAGED)
		focus_check_report(check, item->number, NULL, NULL, "directory entry is damaged");
	else if (item->group.value_id < FirstNormalObjectId)
		focus_check_report(check, item->number, NULL, NULL,
						   "body has value ID %u, which no value has", item->group.value_id);
}

/*
 * Where a row was updated to, there may be anything or nothing by now, but it
 * can only be in the delta.
 */
static void
check_tombstone(FocusCheck *check, const FocusStoreItem *item)
{
	FocusCheckGroup *group = focus_check_find_group(check, item->number);
	const ItemPointerData *forward = &item->tombstone.forward;
	ItemPointerData tid;

	if (item->number < FOCUS_GROUP_FIRST || item->number > check->last_number)
	{
		focus_check_report(check, item->number, NULL, NULL,
						   "row %u of a row group that never was is deleted", item->row);
		return;
	}
	focus_tid_set(&tid, item->number, item->row);
	if (item->state == FOCUS_ITEM_UNKNOWN_VERSION)
		focus_check_report(check, item->number, NULL, &tid,
						   "deletion has format version %d, which this version of focus does not know",
						   item->version);
	else if (item->state == FOCUS_ITEM_DAMAGED)
		focus_check_report(check, item->number, NULL, &tid, "deletion is damaged");
	else if (focus_tombstone_has_forward(&item->tombstone) &&
			 (focus_tid_is_grouped(forward) ||
			  ItemPointerGetOffsetNumberNoCheck(forward) < FirstOffsetNumber ||
			  ItemPointerGetOffsetNumberNoCheck(forward) > MaxHeapTuplesPerPage))
		focus_check_report(check, item->number, NULL, &tid,
						   "row is updated to (%u,%u), where no row can be",
						   ItemPointerGetBlockNumberNoCheck(forward),
						   ItemPointerGetOffsetNumberNoCheck(forward));
	if (check->last_group == item->number && check->last_row == item->row)
		focus_check_report(check, item->number, NULL, &tid, "row is deleted twice");
	check->last_group = item->number;
	check->last_row = item->row;

	if (group == NULL)
	{
		check->debris++;
		return;
	}
	if (!group->sound)
		return;
	if (item->row >= group->group.rows)
	{
		focus_check_report(check, item->number, NULL, &tid,
						   "row is deleted, but the row group has %u rows only", group->group.rows);
		return;
	}
	if (group->dead == NULL)
		group->dead = MemoryContextAllocZero(check->context, FOCUS_BODY_ROWS_MAX / 8);
	group->dead[item->row / 64] |= UINT64CONST(1) << (item->row % 64);
}

/*
 * No two groups share a body, and no group has a number that may be given to
 * another.
 */
static void
check_values(FocusCheck *check)
{
	FocusGroup *groups = palloc(mul_size(Max(check->ngroups, 1), sizeof(FocusGroup)));
	int			count = 0;
	int			i;

	for (i = 0; i < check->ngroups; i++)
	{
		if (check->groups[i].sound)
			groups[count++] = check->groups[i].group;
		if (check->groups[i].group.number > check->last_number)
			focus_check_report(check, check->groups[i].group.number, NULL, NULL,
							   "number has not been given away, and could be used again");
	}
	qsort(groups, count, sizeof(FocusGroup), compare_values);
	for (i = 1; i < count; i++)
	{
		if (groups[i].value_id == groups[i - 1].value_id)
			focus_check_report(check, groups[i].number, NULL, NULL,
							   "row group %u has the same body", groups[i - 1].number);
	}
	pfree(groups);
}

static int
compare_values(const void *a, const void *b)
{
	const FocusGroup *ga = a;
	const FocusGroup *gb = b;

	if (ga->value_id != gb->value_id)
		return ga->value_id < gb->value_id ? -1 : 1;
	return ga->number < gb->number ? -1 : 1;
}

/*
 * An entry that the index does not lead to is one of a row group that is
 * missing, or of a deleted row that is back.
 */
static void
check_toast_index(FocusCheck *check, void *arg)
{
	Relation	toast = check->store.toast;
	TableScanDesc scan = table_beginscan(toast, check->snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(toast, NULL);
	int64		items = 0;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		Datum		id = slot_getattr(slot, 1, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (isnull || (DatumGetObjectId(id) < FirstNormalObjectId &&
					   DatumGetObjectId(id) != FOCUS_COUNTER_ID))
			items++;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	if (items != check->items)
		focus_check_report(check, 0, NULL, NULL,
						   "TOAST table has " INT64_FORMAT " entries of row groups and deletions, its index leads to " INT64_FORMAT,
						   items, check->items);
}

static void
check_group(FocusCheck *check, void *arg)
{
	MemoryContext context = AllocSetContextCreate(check->context, "focus check of a group",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	CHECK_FOR_INTERRUPTS();
	focus_check_body(check, arg);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}
