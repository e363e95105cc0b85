/*-------------------------------------------------------------------------
 *
 * compact.c
 *	  The procedure focus_compact.
 *
 * Packs rows of the delta, groups of few rows, and groups with many dead rows
 * into new groups, one after the other; then, in the same way, groups at the
 * end of the TOAST relation that fit before it.  A step holds a lock that
 * keeps out writers and those who lock rows, but not readers, and takes its
 * snapshot under that lock, so that no row can change while it is moved.
 * Called outside of a transaction block, each step is a transaction.
 *
 * Who sees an old row still sees it at its old place; who sees the new group
 * does not.  A transaction that has the TID of the old row and wants to change
 * it then learns that it has been moved, and fails.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/objectaddress.h"
#include "catalog/index.h"
#include "commands/tablecmds.h"
#include "commands/vacuum.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/predicate.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "port/pg_bitutils.h"
#include "utils/syscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/bulk.h"
#include "columnar/delta.h"
#include "columnar/group_builder.h"
#include "columnar/group_list.h"
#include "columnar/group_reader.h"
#include "columnar/maintain.h"
#include "columnar/stop_point.h"
#include "columnar/tid.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(focus_compact);

/* A group with fewer living rows is packed together with others. */
#define SMALL_ROWS		(FOCUS_BODY_ROWS_MAX / 2)
/* A group with more dead rows than this part of it is packed anew. */
#define DEAD_PART		10

typedef struct Compaction
{
	Relation	rel;
	Snapshot	snapshot;
	CommandId	cid;
	FocusStore	store;
	FocusGroupList *list;
	const Bitmapset *tail;		/* numbers of groups that have to move */
	FocusArenaPool *readers;
	FocusGroupBuilder *builder;
	uint16	   *order;			/* of the builder's rows in the group */
	ItemPointerData *tids;		/* delta rows that are in the builder */
	int			ntids;
	ResultRelInfo *indexes;
	EState	   *estate;
	TupleTableSlot *slot;
} Compaction;

/* Who we were before we acted as the table's owner */
typedef struct OwnerRole
{
	Oid			user;
	int			security;
	int			nest_level;
} OwnerRole;

static Relation open_table(Oid relid, LOCKMODE lockmode);
static void compact_all(Oid relid, const Bitmapset *tail, bool atomic);
static bool compact_step(Oid relid, const Bitmapset *tail);
static void begin_step(Compaction *compaction, Relation rel, const Bitmapset *tail);
static void end_step(Compaction *compaction);
static bool move_rows(Compaction *compaction);
static bool in_tail(Compaction *compaction, int index);
static bool wants_packing(Compaction *compaction, int index, uint32 *living);
static void move_group(Compaction *compaction, int index);
static bool move_delta(Compaction *compaction, bool *any);
static void write_group(Compaction *compaction);
static void index_rows(Compaction *compaction, uint32 number, uint32 rows);
static void delete_moved(Compaction *compaction);
static void index_row(Compaction *compaction, ItemPointer tid);
static void transfer_predicate_locks(Compaction *compaction);
static void act_as_owner(OwnerRole *role, Relation rel);
static void act_as_before(OwnerRole *role);
static Bitmapset *find_tail(Oid relid, MemoryContext context);
static void vacuum_step(Oid relid);
static void vacuum_one(Oid relid);

Datum
focus_compact(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	bool		atomic = !(fcinfo->context != NULL && IsA(fcinfo->context, CallContext)) ||
		castNode(CallContext, fcinfo->context)->atomic;
	Bitmapset  *tail;

	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s during recovery", "focus_compact()")));
	PreventCommandIfReadOnly("focus_compact()");
	PreventCommandIfParallelMode("focus_compact()");
	SPI_connect_ext(atomic ? 0 : SPI_OPT_NONATOMIC);
	if (!atomic)
	{
		/* What is dead already makes room for what is about to be written. */
		vacuum_step(relid);
		SPI_commit();
	}
	compact_all(relid, NULL, atomic);
	if (!atomic)
	{
		vacuum_step(relid);
		SPI_commit();
		tail = find_tail(relid, fcinfo->flinfo->fn_mcxt);
		SPI_commit();
		if (tail != NULL)
		{
			compact_all(relid, tail, atomic);
			vacuum_step(relid);
			SPI_commit();
		}
	}
	SPI_finish();
	PG_RETURN_VOID();
}

static void
compact_all(Oid relid, const Bitmapset *tail, bool atomic)
{
	bool		more;

	do
	{
		more = compact_step(relid, tail);
		if (atomic)
			CommandCounterIncrement();
		else
			SPI_commit();
		CHECK_FOR_INTERRUPTS();
	} while (more);
}

/*
 * Opens a table that the caller may compact.
 */
static Relation
open_table(Oid relid, LOCKMODE lockmode)
{
	Relation	rel;

	/* Looked at before the lock is asked for, and dropped maybe */
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)) && !focus_owns_relation(relid))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
	rel = try_table_open(relid, lockmode);
	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	focus_check_is_ours(rel);
	if (RELATION_IS_OTHER_TEMP(rel))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot compact temporary tables of other sessions")));
	return rel;
}

/*
 * Makes one group, as a rule, and tells whether there is more to do.
 */
static bool
compact_step(Oid relid, const Bitmapset *tail)
{
	Compaction	compaction;
	MemoryContext context;
	MemoryContext caller;
	OwnerRole	role;
	Relation	rel;
	bool		more;

	rel = open_table(relid, ExclusiveLock);
	if (!OidIsValid(rel->rd_rel->reltoastrelid))
	{
		ereport(WARNING,
				(errmsg("table \"%s\" has no TOAST table, so it cannot have row groups",
						RelationGetRelationName(rel))));
		table_close(rel, NoLock);
		return false;
	}
	if (!focus_store_can_add_groups(rel))
	{
		ereport(WARNING,
				(errmsg("table \"%s\" cannot be compacted in this transaction", RelationGetRelationName(rel)),
				 errdetail("Its TOAST table or the index of that has been built anew by the transaction.")));
		table_close(rel, NoLock);
		return false;
	}
	CheckTableNotInUse(rel, "focus_compact");
	focus_bulk_flush(rel);

	context = AllocSetContextCreate(CurrentMemoryContext, "focus compaction",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	FOCUS_STOP_POINT("compact: locked");
	act_as_owner(&role, rel);
	begin_step(&compaction, rel, tail);
	more = move_rows(&compaction);
	if (!more)
		focus_store_forget_numbers(&compaction.store);
	end_step(&compaction);
	act_as_before(&role);
	table_close(rel, NoLock);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return more;
}

static void
begin_step(Compaction *compaction, Relation rel, const Bitmapset *tail)
{
	memset(compaction, 0, sizeof(*compaction));
	compaction->rel = rel;
	compaction->tail = tail;

	/* Under the lock: what it does not see cannot come any more. */
	compaction->snapshot = RegisterSnapshot(GetLatestSnapshot());
	PushActiveSnapshot(compaction->snapshot);
	compaction->cid = GetCurrentCommandId(true);
	focus_store_open(&compaction->store, rel, RowExclusiveLock);
	compaction->list = focus_group_list_create(&compaction->store, compaction->snapshot);
	compaction->readers = focus_arena_pool_create(CurrentMemoryContext);
	compaction->builder = focus_group_builder_create(RelationGetDescr(rel), CurrentMemoryContext);
	compaction->order = palloc(FOCUS_BODY_ROWS_MAX * sizeof(uint16));
	compaction->tids = palloc(FOCUS_BODY_ROWS_MAX * sizeof(ItemPointerData));
	compaction->slot = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsVirtual);
	compaction->estate = CreateExecutorState();
	GetPerTupleExprContext(compaction->estate)->ecxt_scantuple = compaction->slot;
	compaction->indexes = makeNode(ResultRelInfo);
	InitResultRelInfo(compaction->indexes, rel, 0, NULL, 0);
	ExecOpenIndices(compaction->indexes, false);
}

static void
end_step(Compaction *compaction)
{
	ExecCloseIndices(compaction->indexes);
	ExecDropSingleTupleTableSlot(compaction->slot);
	FreeExecutorState(compaction->estate);
	focus_group_builder_free(compaction->builder);
	focus_store_close(&compaction->store);
	PopActiveSnapshot();
	UnregisterSnapshot(compaction->snapshot);
}

/*
 * A single group of few rows stays as it is, unless rows of the delta can be
 * added to it.
 */
static bool
move_rows(Compaction *compaction)
{
	FocusGroupList *list = compaction->list;
	int			alone = -1;		/* a small group that may stay */
	int			moved = 0;
	bool		any_delta = false;
	bool		more;
	int			i;

	for (i = 0; i < list->count; i++)
	{
		uint32		living;

		if (!wants_packing(compaction, i, &living))
			continue;
		if (focus_group_builder_rows(compaction->builder) + living > FOCUS_BODY_ROWS_MAX)
		{
			write_group(compaction);
			return true;
		}
		if (moved++ == 0 && list->dead[i] == NULL && !in_tail(compaction, i))
		{
			alone = i;
			continue;
		}
		if (alone >= 0)
			move_group(compaction, alone);
		alone = -1;
		move_group(compaction, i);
	}

	if (alone >= 0)
	{
		/* Is there any row in the delta? */
		more = move_delta(compaction, &any_delta);
		if (!any_delta)
			return false;
		if (focus_group_builder_rows(compaction->builder) + list->groups[alone].rows <=
			FOCUS_BODY_ROWS_MAX && !focus_group_builder_full(compaction->builder))
			move_group(compaction, alone);
	}
	else
		more = move_delta(compaction, &any_delta);
	write_group(compaction);
	return more;
}

static bool
in_tail(Compaction *compaction, int index)
{
	return bms_is_member((int) compaction->list->groups[index].number, compaction->tail);
}

static bool
wants_packing(Compaction *compaction, int index, uint32 *living)
{
	FocusGroupList *list = compaction->list;
	uint32		rows = list->groups[index].rows;
	uint32		dead = 0;
	int			i;

	if (list->dead[index] != NULL)
		for (i = 0; i < FOCUS_BODY_ROWS_MAX / 64; i++)
			dead += pg_popcount64(list->dead[index][i]);
	*living = rows - dead;
	return *living < SMALL_ROWS || dead > rows / DEAD_PART || in_tail(compaction, index);
}

/*
 * Moves all living rows of a group, and removes it.
 */
static void
move_group(Compaction *compaction, int index)
{
	FocusGroup *group = &compaction->list->groups[index];
	FocusGroupReader *reader = focus_group_reader_create(&compaction->store, group,
														 compaction->readers);
	TupleTableSlot *slot = compaction->slot;
	uint32		row;

	focus_group_reader_load(reader, &compaction->store);
	for (row = 0; row < group->rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		if (focus_group_list_is_dead(compaction->list, index, row))
			continue;
		if (focus_group_builder_full(compaction->builder))
			write_group(compaction);
		ExecClearTuple(slot);
		focus_group_reader_row(reader, &compaction->store, slot->tts_tupleDescriptor, row, slot->tts_values,
							   slot->tts_isnull);
		ExecStoreVirtualTuple(slot);
		focus_group_builder_add_slot(compaction->builder, slot);
	}
	focus_group_reader_free(reader);
	focus_store_remove_group(&compaction->store, group, true, compaction->cid);
	FOCUS_STOP_POINT("compact: group removed");
	focus_store_remove_tombstones(&compaction->store, group->number);
}

/*
 * Adds rows of the delta until the builder is full; true: there are more.
 */
static bool
move_delta(Compaction *compaction, bool *any)
{
	const TableAmRoutine *delta = focus_delta_of(compaction->rel);
	TableScanDesc scan = delta->scan_begin(compaction->rel, compaction->snapshot, 0, NULL, NULL,
										   SO_TYPE_SEQSCAN | SO_ALLOW_STRAT | SO_ALLOW_PAGEMODE);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(compaction->rel),
													delta->slot_callbacks(compaction->rel));
	bool		more = false;

	while (!more && delta->scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (focus_group_builder_full(compaction->builder))
			more = true;
		else
		{
			focus_group_builder_add_slot(compaction->builder, slot);
			compaction->tids[compaction->ntids++] = slot->tts_tid;
			*any = true;
		}
	}
	ExecDropSingleTupleTableSlot(slot);
	delta->scan_end(scan);
	return more;
}

/*
 * Writes the builder's rows as a group, with index entries, and deletes those
 * that came from the delta there.
 */
static void
write_group(Compaction *compaction)
{
	Relation	rel = compaction->rel;
	uint32		rows = focus_group_builder_rows(compaction->builder);
	struct varlena *body;
	uint32		number;

	if (rows == 0)
		return;
	transfer_predicate_locks(compaction);
	body = focus_group_builder_body(compaction->builder, true, compaction->order);
	number = focus_store_add_group(rel, body, rows, compaction->cid, false);
	pfree(body);
	focus_keep_first_page(rel);
	FOCUS_STOP_POINT("compact: group written");
	index_rows(compaction, number, rows);
	FOCUS_STOP_POINT("compact: group indexed");
	delete_moved(compaction);
	FOCUS_STOP_POINT("compact: rows removed");
	focus_group_builder_reset(compaction->builder);
}

static void
index_rows(Compaction *compaction, uint32 number, uint32 rows)
{
	uint32		row;

	if (compaction->indexes->ri_NumIndices == 0)
		return;
	for (row = 0; row < rows; row++)
	{
		MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(compaction->estate));
		ItemPointerData tid;

		CHECK_FOR_INTERRUPTS();
		focus_tid_set(&tid, number, row);
		focus_group_builder_get(compaction->builder, compaction->order[row], compaction->slot);
		index_row(compaction, &tid);
		ExecClearTuple(compaction->slot);
		MemoryContextSwitchTo(caller);
		ResetPerTupleExprContext(compaction->estate);
	}
}

/*
 * These deletes are not to be decoded as such: without a replica identity
 * nothing is logged of a row that is deleted.
 */
static void
delete_moved(Compaction *compaction)
{
	Relation	rel = compaction->rel;
	char		identity = rel->rd_rel->relreplident;
	int			i;

	rel->rd_rel->relreplident = REPLICA_IDENTITY_NOTHING;
	PG_TRY();
	{
		for (i = 0; i < compaction->ntids; i++)
		{
			TM_FailureData tmfd;

			CHECK_FOR_INTERRUPTS();
			if (heap_delete(rel, &compaction->tids[i], compaction->cid, InvalidSnapshot, true,
							&tmfd, true) != TM_Ok)
				elog(ERROR, "row of table \"%s\" changed during compaction",
					 RelationGetRelationName(rel));
		}
	}
	PG_FINALLY();
	{
		rel->rd_rel->relreplident = identity;
	}
	PG_END_TRY();
	compaction->ntids = 0;
}

/*
 * The rows are in the indexes already, under their old TIDs, so that nothing
 * can be said about their being unique.
 */
static void
index_row(Compaction *compaction, ItemPointer tid)
{
	ResultRelInfo *info = compaction->indexes;
	ExprContext *econtext = GetPerTupleExprContext(compaction->estate);
	int			i;

	compaction->slot->tts_tid = *tid;
	compaction->slot->tts_tableOid = RelationGetRelid(compaction->rel);
	for (i = 0; i < info->ri_NumIndices; i++)
	{
		Relation	index = info->ri_IndexRelationDescs[i];
		IndexInfo  *index_info = info->ri_IndexRelationInfo[i];
		Datum		values[INDEX_MAX_KEYS];
		bool		isnull[INDEX_MAX_KEYS];

		if (!index_info->ii_ReadyForInserts)
			continue;
		if (index_info->ii_Predicate != NIL)
		{
			if (index_info->ii_PredicateState == NULL)
			{
				MemoryContext caller = MemoryContextSwitchTo(compaction->estate->es_query_cxt);

				index_info->ii_PredicateState = ExecPrepareQual(index_info->ii_Predicate,
																compaction->estate);
				MemoryContextSwitchTo(caller);
			}
			if (!ExecQual(index_info->ii_PredicateState, econtext))
				continue;
		}
		FormIndexDatum(index_info, compaction->slot, compaction->estate, values, isnull);
		index_insert(index, values, isnull, tid, compaction->rel, UNIQUE_CHECK_NO, false,
					 index_info);
	}
}

/*
 * What serializable transactions have read is about to have other TIDs, so
 * they shall have read all of the table.
 */
static void
transfer_predicate_locks(Compaction *compaction)
{
	int			i;

	TransferPredicateLocksToHeapRelation(compaction->rel);
	for (i = 0; i < compaction->indexes->ri_NumIndices; i++)
		TransferPredicateLocksToHeapRelation(compaction->indexes->ri_IndexRelationDescs[i]);
	TransferPredicateLocksToHeapRelation(compaction->store.toast);
	for (i = 0; i < compaction->store.nindexes; i++)
		TransferPredicateLocksToHeapRelation(compaction->store.indexes[i]);
}

/*
 * Functions in indexes are the table owner's choice, so they run with the
 * owner's rights, as for the server's maintenance commands.  An error ends it,
 * too.
 */
static void
act_as_owner(OwnerRole *role, Relation rel)
{
	GetUserIdAndSecContext(&role->user, &role->security);
	SetUserIdAndSecContext(rel->rd_rel->relowner, role->security | SECURITY_RESTRICTED_OPERATION);
	role->nest_level = NewGUCNestLevel();
}

static void
act_as_before(OwnerRole *role)
{
	AtEOXact_GUC(false, role->nest_level);
	SetUserIdAndSecContext(role->user, role->security);
}

/*
 * The groups that have to move for the TOAST relation to get shorter, in the
 * memory context given.
 */
static Bitmapset *
find_tail(Oid relid, MemoryContext context)
{
	Relation	rel = open_table(relid, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Bitmapset  *tail = focus_tail_groups(rel, snapshot);
	MemoryContext caller = MemoryContextSwitchTo(context);

	tail = bms_copy(tail);
	MemoryContextSwitchTo(caller);
	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	return tail;
}

/*
 * Gives the space of what has been moved back, as far as no snapshot needs it.
 */
static void
vacuum_step(Oid relid)
{
	Relation	rel = open_table(relid, ShareUpdateExclusiveLock);
	Oid			toast = rel->rd_rel->reltoastrelid;
	OwnerRole	role;

	act_as_owner(&role, rel);
	table_close(rel, NoLock);

	/* Access methods of indexes may want to have one. */
	PushActiveSnapshot(GetTransactionSnapshot());
	vacuum_one(relid);
	if (OidIsValid(toast))
		vacuum_one(toast);
	rel = table_open(relid, NoLock);
	focus_clean_indexes(rel);
	table_close(rel, NoLock);
	PopActiveSnapshot();
	act_as_before(&role);
}

static void
vacuum_one(Oid relid)
{
	VacuumParams params = {0};
	Relation	rel = table_open(relid, ShareUpdateExclusiveLock);

	params.options = VACOPT_VACUUM;
	params.freeze_min_age = -1;
	params.freeze_table_age = -1;
	params.multixact_freeze_min_age = -1;
	params.multixact_freeze_table_age = -1;
	params.log_min_duration = -1;
	params.index_cleanup = VACOPTVALUE_AUTO;
	params.truncate = focus_wants_truncate(rel) ? VACOPTVALUE_ENABLED : VACOPTVALUE_DISABLED;
	params.nworkers = -1;
	table_relation_vacuum(rel, &params, GetAccessStrategy(BAS_VACUUM));
	table_close(rel, NoLock);
}
