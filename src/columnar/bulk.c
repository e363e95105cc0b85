/*-------------------------------------------------------------------------
 *
 * bulk.c
 *	  Inserts: single rows into the delta, many rows into groups.
 *
 * The first rows of a command go to the delta.  Further ones are collected in
 * memory, coded by column, until they make a group, if nobody can ask for
 * their TIDs meanwhile: the table has no index and no trigger that is fired
 * for rows afterwards, the command does not return rows, and changes of the
 * table are not decoded logically.  What is left at the end becomes a group,
 * or goes to the delta where it is little.
 *
 * Rows are written before anyone in this backend looks at the table, and at
 * the end of the statement that inserted them at the latest; with the
 * command id they came with, so that they are visible to whom they should be.
 *
 * A subtransaction may have to write rows of its parent, in its own name.
 * Then a copy is kept until it has ended, and is put back if it aborts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "catalog/catalog.h"
#include "executor/executor.h"
#include "pgstat.h"
#include "storage/predicate.h"
#include "tcop/utility.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/bulk.h"
#include "columnar/delta.h"
#include "columnar/maintain.h"
#include "columnar/store.h"
#include "columnar/tid.h"
#include "compat.h"
#include "guc.h"

/* Rows of a command that go to the delta before any are collected */
#define DELTA_ROWS_FIRST	1000
/* Memory for the rows of all tables */
#define BUFFERS_BYTES_MAX	((Size) 64 * 1024 * 1024)
/* Rows between two looks at the memory */
#define ROWS_PER_LOOK		1024
/* Rows given to heap at a time */
#define DELTA_BATCH			500

/* The rows of one table that one command inserts */
typedef struct RowBuffer
{
	struct RowBuffer *next;
	Oid			relid;
	RelFileLocator locator;
	CommandId	cid;
	SubTransactionId subid;		/* that the rows belong to */
	int			level;			/* of executor_level at the insert */
	int			options;
	int64		delta_rows;		/* of the command, not collected */
	FocusGroupBuilder *builder; /* NULL: none collected yet */
	SubTransactionId writer;	/* builder's rows have been written by this
								 * subtransaction of subid; 0: not written */
} RowBuffer;

static RowBuffer *buffers = NULL;	/* in TopTransactionContext */
static int	executor_level = 0; /* of executor runs and utility statements */
static bool executor_returns = false;	/* rows, as they are inserted */

static ExecutorRun_hook_type next_executor_run = NULL;
static ExecutorFinish_hook_type next_executor_finish = NULL;
static ExecutorEnd_hook_type next_executor_end = NULL;
static ProcessUtility_hook_type next_utility = NULL;

static bool can_collect(Relation rel);
static RowBuffer *buffer_for(Relation rel, CommandId cid, int options);
static void collect(Relation rel, RowBuffer *buffer, TupleTableSlot *slot);
static void write_buffer(Relation rel, RowBuffer *buffer);
static void write_closed_buffer(RowBuffer *buffer);
static bool makes_group(Relation rel, FocusGroupBuilder *builder);
static void write_builder(Relation rel, FocusGroupBuilder *builder, CommandId cid, int options);
static void write_to_delta(Relation rel, FocusGroupBuilder *builder, CommandId cid, int options);
static uint32 write_group(Relation rel, FocusGroupBuilder *builder, CommandId cid, int options);
static void write_single(Relation rel, TupleTableSlot *slot, CommandId cid, int options);
static void write_all(int above_level);
static void remove_buffer(RowBuffer *buffer);
static void forget_written(Relation rel);
static void limit_memory(void);
static void end_transaction(XactEvent event, void *arg);
static void end_subtransaction(SubXactEvent event, SubTransactionId mine,
							   SubTransactionId parent, void *arg);
static void run_executor(FOCUS_EXECUTOR_RUN_ARGS);
static void finish_executor(QueryDesc *query);
static void end_executor(QueryDesc *query);
static void run_utility(PlannedStmt *pstmt, const char *query, bool read_only_tree,
						ProcessUtilityContext context, ParamListInfo params,
						QueryEnvironment *environment, DestReceiver *dest,
						QueryCompletion *completion);

/*
 * To be called once per backend, when the library is loaded.
 */
void
focus_bulk_init(void)
{
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
	next_executor_run = ExecutorRun_hook;
	ExecutorRun_hook = run_executor;
	next_executor_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = finish_executor;
	next_executor_end = ExecutorEnd_hook;
	ExecutorEnd_hook = end_executor;
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = run_utility;
}

void
focus_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
				   struct BulkInsertStateData *bistate)
{
	const TableAmRoutine *delta = focus_delta_of(rel);

	if (can_collect(rel))
	{
		RowBuffer  *buffer = buffer_for(rel, cid, options);

		/* Who brings a bulk insert state has many rows. */
		if (buffer->builder != NULL || bistate != NULL || focus_debug_force_groups ||
			buffer->delta_rows >= DELTA_ROWS_FIRST)
		{
			collect(rel, buffer, slot);
			return;
		}
		buffer->delta_rows++;
	}
	else if (focus_debug_force_groups && !RelationIsLogicallyLogged(rel) &&
			 focus_store_can_add_groups(rel))
	{
		write_single(rel, slot, cid, options);
		return;
	}
	delta->tuple_insert(rel, slot, cid, options, bistate);
}

void
focus_multi_insert(Relation rel, TupleTableSlot **slots, int nslots, CommandId cid,
				   int options, struct BulkInsertStateData *bistate)
{
	int			i;

	if (can_collect(rel))
	{
		for (i = 0; i < nslots; i++)
			collect(rel, buffer_for(rel, cid, options), slots[i]);
		return;
	}
	if (focus_debug_force_groups)
	{
		for (i = 0; i < nslots; i++)
			focus_tuple_insert(rel, slots[i], cid, options, bistate);
		return;
	}
	focus_delta_of(rel)->multi_insert(rel, slots, nslots, cid, options, bistate);
}

/*
 * Optional for the server; heap has nothing to finish up to 18.
 */
void
focus_finish_bulk_insert(Relation rel, int options)
{
	const TableAmRoutine *delta = focus_delta_of(rel);

	focus_bulk_flush(rel);
	forget_written(rel);
	if (delta->finish_bulk_insert != NULL)
		delta->finish_bulk_insert(rel, options);
}

void
focus_bulk_flush(Relation rel)
{
	RowBuffer  *buffer;

	for (buffer = buffers; buffer != NULL; buffer = buffer->next)
	{
		if (buffer->relid == RelationGetRelid(rel))
			write_buffer(rel, buffer);
	}
}

/*
 * The table may be about to be dropped, as that of a rewrite is.
 */
static void
forget_written(Relation rel)
{
	RowBuffer  *buffer = buffers;

	while (buffer != NULL)
	{
		RowBuffer  *next = buffer->next;

		if (buffer->relid == RelationGetRelid(rel) && buffer->writer == 0)
			remove_buffer(buffer);
		buffer = next;
	}
}

void
focus_bulk_add_group(Relation rel, FocusGroupBuilder *builder)
{
	write_builder(rel, builder, GetCurrentCommandId(true), 0);
}

/*
 * May rows be kept back?  Heap's rules for COPY are the model.
 */
static bool
can_collect(Relation rel)
{
	TriggerDesc *triggers = rel->trigdesc;

	return OidIsValid(rel->rd_rel->reltoastrelid) &&
		!rel->rd_rel->relhasindex &&
		!executor_returns &&
		!(triggers != NULL && (triggers->trig_insert_after_row ||
							   triggers->trig_update_after_row ||
							   triggers->trig_delete_after_row)) &&
		!RelationIsLogicallyLogged(rel);
}

/*
 * The buffer of a table.  Rows of another command, or for another state of
 * the table, are written first.
 */
static RowBuffer *
buffer_for(Relation rel, CommandId cid, int options)
{
	SubTransactionId subid = GetCurrentSubTransactionId();
	RowBuffer  *buffer;

	for (buffer = buffers; buffer != NULL; buffer = buffer->next)
	{
		if (buffer->relid != RelationGetRelid(rel) || buffer->writer != 0)
			continue;
		if (buffer->cid == cid && buffer->subid == subid && buffer->level == executor_level &&
			buffer->options == options &&
			RelFileLocatorEquals(buffer->locator, focus_rel_locator(rel)))
			return buffer;
		if (buffer->builder == NULL)
			break;
		write_buffer(rel, buffer);
		if (buffer->writer == 0)
			break;
	}
	if (buffer == NULL)
	{
		buffer = MemoryContextAllocZero(TopTransactionContext, sizeof(RowBuffer));
		buffer->next = buffers;
		buffers = buffer;
	}
	buffer->relid = RelationGetRelid(rel);
	buffer->locator = focus_rel_locator(rel);
	buffer->cid = cid;
	buffer->subid = subid;
	buffer->level = executor_level;
	buffer->options = options;
	buffer->delta_rows = 0;
	return buffer;
}

/*
 * The TID that the slot gets is none: nobody may ask for it.
 */
static void
collect(Relation rel, RowBuffer *buffer, TupleTableSlot *slot)
{
	if (buffer->builder != NULL && focus_group_builder_full(buffer->builder))
		write_buffer(rel, buffer);
	if (buffer->builder == NULL)
	{
		/* Assigns the transaction id, as the first row in heap would. */
		(void) GetCurrentTransactionId();
		buffer->builder = focus_group_builder_create(RelationGetDescr(rel), TopTransactionContext);
	}
	focus_group_builder_add_slot(buffer->builder, slot);
	slot->tts_tableOid = RelationGetRelid(rel);
	ItemPointerSetInvalid(&slot->tts_tid);
	if (focus_group_builder_rows(buffer->builder) % ROWS_PER_LOOK == 0)
		limit_memory();
}

/*
 * Writes what a buffer holds.  It is empty after that, or keeps a copy of the
 * rows until the subtransaction that has written them ends.
 */
static void
write_buffer(Relation rel, RowBuffer *buffer)
{
	if (buffer->builder == NULL || buffer->writer != 0 ||
		focus_group_builder_rows(buffer->builder) == 0)
		return;
	if (!RelFileLocatorEquals(buffer->locator, focus_rel_locator(rel)))
		elog(ERROR, "storage of table \"%s\" changed while rows were to be written",
			 RelationGetRelationName(rel));

	if (buffer->subid != GetCurrentSubTransactionId())
	{
		buffer->writer = GetCurrentSubTransactionId();
		if (makes_group(rel, buffer->builder))
			(void) write_group(rel, buffer->builder, buffer->cid, buffer->options);
		else
			write_to_delta(rel, buffer->builder, buffer->cid, buffer->options);
		return;
	}
	write_builder(rel, buffer->builder, buffer->cid, buffer->options);
}

static void
write_closed_buffer(RowBuffer *buffer)
{
	Relation	rel;

	if (buffer->builder == NULL || buffer->writer != 0 ||
		focus_group_builder_rows(buffer->builder) == 0)
		return;
	rel = table_open(buffer->relid, NoLock);	/* locked since the insert */
	write_buffer(rel, buffer);
	table_close(rel, NoLock);
}

static bool
makes_group(Relation rel, FocusGroupBuilder *builder)
{
	return (focus_group_builder_rows(builder) >= FOCUS_GROUP_ROWS_MIN ||
			focus_group_builder_full(builder) || focus_debug_force_groups) &&
		focus_store_can_add_groups(rel);
}

static void
write_builder(Relation rel, FocusGroupBuilder *builder, CommandId cid, int options)
{
	if (focus_group_builder_rows(builder) == 0)
		return;
	if (makes_group(rel, builder))
		(void) write_group(rel, builder, cid, options);
	else
		write_to_delta(rel, builder, cid, options);
	focus_group_builder_reset(builder);
}

static void
write_to_delta(Relation rel, FocusGroupBuilder *builder, CommandId cid, int options)
{
	uint32		rows = focus_group_builder_rows(builder);
	int			limit = (int) Min(rows, DELTA_BATCH);
	TupleTableSlot **slots = palloc(mul_size(limit, sizeof(TupleTableSlot *)));
	BulkInsertState bistate = GetBulkInsertState();
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext, "focus delta batch",
												ALLOCSET_DEFAULT_SIZES);
	uint32		row = 0;
	int			i;

	for (i = 0; i < limit; i++)
		slots[i] = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsHeapTuple);
	while (row < rows)
	{
		MemoryContext caller = MemoryContextSwitchTo(batch);
		int			count;

		for (count = 0; count < limit && row < rows; count++, row++)
			focus_group_builder_get(builder, row, slots[count]);
		focus_delta_of(rel)->multi_insert(rel, slots, count, cid, options, bistate);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(batch);
	}
	for (i = 0; i < limit; i++)
		ExecDropSingleTupleTableSlot(slots[i]);
	FreeBulkInsertState(bistate);
	MemoryContextDelete(batch);
	pfree(slots);
}

/*
 * Returns the group's number.
 */
static uint32
write_group(Relation rel, FocusGroupBuilder *builder, CommandId cid, int options)
{
	uint32		rows = focus_group_builder_rows(builder);
	struct varlena *body;
	uint32		number;

	/* As each insert into heap does, for serializable transactions */
	CheckForSerializableConflictIn(rel, NULL, InvalidBlockNumber);

	body = focus_group_builder_body(builder, !focus_debug_force_groups, NULL);
	number = focus_store_add_group(rel, body, rows, cid, (options & TABLE_INSERT_FROZEN) != 0);
	pfree(body);
	focus_keep_first_page(rel);
	pgstat_count_heap_insert(rel, rows);
	return number;
}

/*
 * A group of one row, whose TID is known at once; for tests.
 */
static void
write_single(Relation rel, TupleTableSlot *slot, CommandId cid, int options)
{
	FocusGroupBuilder *builder = focus_group_builder_create(RelationGetDescr(rel),
															CurrentMemoryContext);

	focus_group_builder_add_slot(builder, slot);
	slot->tts_tableOid = RelationGetRelid(rel);
	focus_tid_set(&slot->tts_tid, write_group(rel, builder, cid, options), 0);
	focus_group_builder_free(builder);
}

/*
 * Writes what has been inserted above a level of executor runs.
 */
static void
write_all(int above_level)
{
	RowBuffer  *buffer = buffers;

	while (buffer != NULL)
	{
		RowBuffer  *next = buffer->next;

		if (buffer->level > above_level)
		{
			write_closed_buffer(buffer);
			if (buffer->writer == 0)
				remove_buffer(buffer);
		}
		buffer = next;
	}
}

static void
remove_buffer(RowBuffer *buffer)
{
	RowBuffer **link;

	for (link = &buffers; *link != buffer; link = &(*link)->next)
		;
	*link = buffer->next;
	if (buffer->builder != NULL)
		focus_group_builder_free(buffer->builder);
	pfree(buffer);
}

/*
 * Writes the largest buffers until all take no more than they may.
 */
static void
limit_memory(void)
{
	for (;;)
	{
		Size		total = 0;
		Size		most = 0;
		RowBuffer  *largest = NULL;
		RowBuffer  *buffer;

		for (buffer = buffers; buffer != NULL; buffer = buffer->next)
		{
			Size		size;

			if (buffer->builder == NULL)
				continue;
			size = focus_group_builder_memory(buffer->builder);
			total += size;
			if (size > most && buffer->writer == 0 &&
				focus_group_builder_rows(buffer->builder) > 0)
			{
				most = size;
				largest = buffer;
			}
		}
		if (total <= BUFFERS_BYTES_MAX || largest == NULL)
			return;
		write_closed_buffer(largest);
		if (largest->writer == 0)
		{
			/* The memory of an empty builder would count again. */
			focus_group_builder_free(largest->builder);
			largest->builder = NULL;
			largest->delta_rows = DELTA_ROWS_FIRST;
		}
	}
}

static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (buffers != NULL)
			{
				bool		pushed = !ActiveSnapshotSet();

				if (pushed)
					PushActiveSnapshot(GetTransactionSnapshot());
				write_all(-1);
				if (pushed)
					PopActiveSnapshot();
			}
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			/* Their memory goes with the transaction's. */
			buffers = NULL;
			break;
		default:
			break;
	}
}

static void
end_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	RowBuffer  *buffer = buffers;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (buffer != NULL)
	{
		RowBuffer  *next = buffer->next;
		bool		commit = event == SUBXACT_EVENT_COMMIT_SUB;

		if (buffer->subid == mine)
		{
			if (commit)
				buffer->subid = parent;
			else
				remove_buffer(buffer);
		}
		else if (buffer->writer == mine)
		{
			if (!commit)
				buffer->writer = 0;
			else if (parent == buffer->subid)
				remove_buffer(buffer);
			else
				buffer->writer = parent;
		}
		buffer = next;
	}
}

/*
 * Hooks of the executor and of utility statements; they only keep count, and
 * write at the end.
 */

static void
run_executor(FOCUS_EXECUTOR_RUN_ARGS)
{
	bool		outer_returns = executor_returns;

	executor_level++;
	executor_returns = query->plannedstmt->hasReturning || query->plannedstmt->hasModifyingCTE;
	PG_TRY();
	{
		if (next_executor_run != NULL)
			next_executor_run(FOCUS_EXECUTOR_RUN_PASS);
		else
			standard_ExecutorRun(FOCUS_EXECUTOR_RUN_PASS);
	}
	PG_FINALLY();
	{
		executor_level--;
		executor_returns = outer_returns;
	}
	PG_END_TRY();
}

static void
finish_executor(QueryDesc *query)
{
	executor_level++;
	PG_TRY();
	{
		if (next_executor_finish != NULL)
			next_executor_finish(query);
		else
			standard_ExecutorFinish(query);
	}
	PG_FINALLY();
	{
		executor_level--;
	}
	PG_END_TRY();
}

static void
end_executor(QueryDesc *query)
{
	if (buffers != NULL)
		write_all(executor_level);
	if (next_executor_end != NULL)
		next_executor_end(query);
	else
		standard_ExecutorEnd(query);
}

/*
 * COPY row by row, as with triggers, does not say when it is finished, and the
 * next statement may be one that alters the table.
 */
static void
run_utility(PlannedStmt *pstmt, const char *query, bool read_only_tree,
			ProcessUtilityContext context, ParamListInfo params,
			QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	executor_level++;
	PG_TRY();
	{
		if (next_utility != NULL)
			next_utility(pstmt, query, read_only_tree, context, params, environment, dest,
						 completion);
		else
			standard_ProcessUtility(pstmt, query, read_only_tree, context, params, environment,
									dest, completion);
	}
	PG_FINALLY();
	{
		executor_level--;
	}
	PG_END_TRY();
	if (buffers != NULL)
		write_all(executor_level);
}
