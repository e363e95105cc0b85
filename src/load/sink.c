/*-------------------------------------------------------------------------
 *
 * sink.c
 *	  Rows -> a dataset's table.
 *
 * Rows are gathered in slots and stored in batches through the table access
 * method's multi_insert, as COPY does, with constraints checked and indexes
 * maintained.  A table with row triggers takes the executor's way for single
 * rows instead, which fires them.  Statement triggers fire once per delivery.
 *
 * The values of a batch live in the batch's memory context, which the caller
 * resets after focus_sink_store() or focus_sink_flush() has told it that the
 * batch is stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "load/sink.h"

#define BATCH_ROWS		1000
#define BATCH_BYTES		(1024 * 1024)

struct FocusSink
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *result_rel;
	BulkInsertState bulk_state;
	bool		row_by_row;		/* triggers or generated columns need each row */
	TupleTableSlot *slots[BATCH_ROWS];
	int			nslots;
	size_t		bytes;
};

static bool has_row_triggers(const TriggerDesc *triggers);

/*
 * Opens a table for loading.  rel is locked RowExclusiveLock by the caller,
 * who has checked its rights.  Values will live in batch.
 */
FocusSink *
focus_sink_open(Relation rel, MemoryContext batch)
{
	FocusSink  *sink = palloc0(sizeof(FocusSink));

	sink->rel = rel;
	sink->estate = CreateExecutorState();
	focus_init_range_table(sink->estate, rel);
	sink->result_rel = makeNode(ResultRelInfo);
	InitResultRelInfo(sink->result_rel, rel, 1, NULL, 0);
	sink->estate->es_opened_result_relations =
		lappend(sink->estate->es_opened_result_relations, sink->result_rel);
	sink->estate->es_output_cid = GetCurrentCommandId(true);
	ExecOpenIndices(sink->result_rel, false);
	sink->row_by_row = has_row_triggers(rel->trigdesc) ||
		(rel->rd_att->constr != NULL && rel->rd_att->constr->has_generated_stored);
	sink->bulk_state = GetBulkInsertState();

	AfterTriggerBeginQuery();
	ExecBSInsertTriggers(sink->estate, sink->result_rel);
	return sink;
}

/*
 * An empty slot for the next row, to be filled and handed to
 * focus_sink_store(), or to be asked for again when the row is rejected.
 */
TupleTableSlot *
focus_sink_next_slot(FocusSink *sink)
{
	if (sink->slots[sink->nslots] == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(sink->estate->es_query_cxt);

		sink->slots[sink->nslots] = table_slot_create(sink->rel, NULL);
		MemoryContextSwitchTo(caller);
	}
	ExecClearTuple(sink->slots[sink->nslots]);
	return sink->slots[sink->nslots];
}

/*
 * Stores the row of the slot, perhaps later; bytes is its size in the file.
 * Returns true when the batch has been stored and its memory may go.
 */
bool
focus_sink_store(FocusSink *sink, TupleTableSlot *slot, size_t bytes)
{
	Assert(slot == sink->slots[sink->nslots]);
	ExecStoreVirtualTuple(slot);
	sink->nslots++;
	sink->bytes += bytes;
	if (sink->nslots < BATCH_ROWS && sink->bytes < BATCH_BYTES)
		return false;
	focus_sink_flush(sink);
	return true;
}

/*
 * Stores what has been gathered.
 */
void
focus_sink_flush(FocusSink *sink)
{
	EState	   *estate = sink->estate;
	ResultRelInfo *result_rel = sink->result_rel;
	MemoryContext caller;

	if (sink->nslots == 0)
		return;

	caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	estate->es_output_cid = GetCurrentCommandId(true);
	PushActiveSnapshot(GetTransactionSnapshot());

	if (sink->row_by_row)
	{
		for (int i = 0; i < sink->nslots; i++)
		{
			ExecSimpleRelationInsert(result_rel, estate, sink->slots[i]);
			ResetPerTupleExprContext(estate);
		}
	}
	else
	{
		for (int i = 0; i < sink->nslots; i++)
		{
			sink->slots[i]->tts_tableOid = RelationGetRelid(sink->rel);
			if (sink->rel->rd_att->constr != NULL)
				ExecConstraints(result_rel, sink->slots[i], estate);
			if (sink->rel->rd_rel->relispartition)
				ExecPartitionCheck(result_rel, sink->slots[i], estate, true);
		}
		table_multi_insert(sink->rel, sink->slots, sink->nslots,
						   estate->es_output_cid, 0, sink->bulk_state);
		for (int i = 0; i < sink->nslots && result_rel->ri_NumIndices > 0; i++)
		{
			list_free(focus_insert_index_tuples(result_rel, sink->slots[i], estate));
			ResetPerTupleExprContext(estate);
		}
	}

	PopActiveSnapshot();
	for (int i = 0; i < sink->nslots; i++)
		ExecClearTuple(sink->slots[i]);
	sink->nslots = 0;
	sink->bytes = 0;
	MemoryContextSwitchTo(caller);
	ResetPerTupleExprContext(estate);
}

/*
 * Stores the rest, fires what triggers are due, and closes the indexes; the
 * table stays open.
 */
void
focus_sink_close(FocusSink *sink)
{
	focus_sink_flush(sink);
	FreeBulkInsertState(sink->bulk_state);
	table_finish_bulk_insert(sink->rel, 0);

	PushActiveSnapshot(GetTransactionSnapshot());
	ExecASInsertTriggers(sink->estate, sink->result_rel, NULL);
	AfterTriggerEndQuery(sink->estate);
	PopActiveSnapshot();

	for (int i = 0; i < BATCH_ROWS && sink->slots[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(sink->slots[i]);
	ExecCloseIndices(sink->result_rel);
	FreeExecutorState(sink->estate);
}

static bool
has_row_triggers(const TriggerDesc *triggers)
{
	return triggers != NULL &&
		(triggers->trig_insert_before_row || triggers->trig_insert_after_row ||
		 triggers->trig_insert_instead_row || triggers->trig_insert_new_table);
}
