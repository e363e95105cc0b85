/*-------------------------------------------------------------------------
 *
 * sink.c
 *	  Rows -> a dataset's table.
 *
 * Rows are gathered in slots and stored in batches through the table access
 * method's multi_insert, as COPY does, with constraints checked, indexes
 * maintained and triggers fired.  Where a trigger comes before each row, every
 * batch has one row, because the trigger may look at the rows before it.
 * Statement triggers fire once per delivery.
 *
 * A row that such a trigger leaves out is an error: it would be neither stored
 * nor in quarantine.
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
#include "executor/nodeModifyTable.h"
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
	TransitionCaptureState *transition_capture;
	bool		row_by_row;		/* a trigger looks at each row before it is
								 * stored */
	bool		fires_after_row;
	FocusLines *lines;			/* where the row at work is in the file */
	TupleTableSlot *slots[BATCH_ROWS];
	int64		slot_lines[BATCH_ROWS];
	int			nslots;
	size_t		bytes;
};

static void store_slots(FocusSink *sink, int first, int count);
static void prepare_slot(FocusSink *sink, TupleTableSlot *slot);
static void finish_slot(FocusSink *sink, TupleTableSlot *slot);
static void set_lines(FocusSink *sink, int first, int last);

/*
 * Opens a table for loading.  rel is locked RowExclusiveLock by the caller,
 * who has checked its rights.  *lines will say which rows of the file are at
 * work, for error context.
 */
FocusSink *
focus_sink_open(Relation rel, FocusLines *lines)
{
	FocusSink  *sink = palloc0(sizeof(FocusSink));
	TriggerDesc *triggers = rel->trigdesc;

	sink->rel = rel;
	sink->estate = CreateExecutorState();
	focus_init_range_table(sink->estate, rel);
	sink->result_rel = makeNode(ResultRelInfo);
	InitResultRelInfo(sink->result_rel, rel, 1, NULL, 0);
	sink->estate->es_opened_result_relations =
		lappend(sink->estate->es_opened_result_relations, sink->result_rel);
	sink->estate->es_output_cid = GetCurrentCommandId(true);
	ExecOpenIndices(sink->result_rel, false);
	sink->row_by_row = triggers != NULL && triggers->trig_insert_before_row;
	sink->fires_after_row = triggers != NULL &&
		(triggers->trig_insert_after_row || triggers->trig_insert_new_table);
	sink->lines = lines;
	sink->bulk_state = GetBulkInsertState();

	AfterTriggerBeginQuery();
	sink->transition_capture = MakeTransitionCaptureState(triggers, RelationGetRelid(rel), CMD_INSERT);
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
 * Stores the row of the slot, perhaps later; line and bytes are its place and
 * size in the file.  Returns true when the batch has been stored and its memory
 * may go.
 */
bool
focus_sink_store(FocusSink *sink, TupleTableSlot *slot, int64 line, size_t bytes)
{
	Assert(slot == sink->slots[sink->nslots]);
	ExecStoreVirtualTuple(slot);
	sink->slot_lines[sink->nslots] = line;
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
	FocusLines	lines = *sink->lines;
	MemoryContext caller;

	if (sink->nslots == 0)
		return;

	caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(sink->estate));
	sink->estate->es_output_cid = GetCurrentCommandId(true);
	PushActiveSnapshot(GetTransactionSnapshot());
	if (sink->row_by_row)
	{
		for (int i = 0; i < sink->nslots; i++)
			store_slots(sink, i, 1);
	}
	else
		store_slots(sink, 0, sink->nslots);
	PopActiveSnapshot();

	for (int i = 0; i < sink->nslots; i++)
		ExecClearTuple(sink->slots[i]);
	sink->nslots = 0;
	sink->bytes = 0;
	*sink->lines = lines;
	MemoryContextSwitchTo(caller);
	ResetPerTupleExprContext(sink->estate);
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
	ExecASInsertTriggers(sink->estate, sink->result_rel, sink->transition_capture);
	AfterTriggerEndQuery(sink->estate);
	PopActiveSnapshot();

	for (int i = 0; i < BATCH_ROWS && sink->slots[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(sink->slots[i]);
	ExecCloseIndices(sink->result_rel);
	ExecResetTupleTable(sink->estate->es_tupleTable, false);	/* of triggers */
	FreeExecutorState(sink->estate);
}

static void
store_slots(FocusSink *sink, int first, int count)
{
	for (int i = first; i < first + count; i++)
	{
		set_lines(sink, i, i);
		prepare_slot(sink, sink->slots[i]);
	}
	set_lines(sink, first, first + count - 1);
	table_multi_insert(sink->rel, sink->slots + first, count,
					   sink->estate->es_output_cid, 0, sink->bulk_state);
	for (int i = first; i < first + count; i++)
	{
		set_lines(sink, i, i);
		ResetPerTupleExprContext(sink->estate);
		finish_slot(sink, sink->slots[i]);
	}
	ResetPerTupleExprContext(sink->estate);
}

/* What comes before the row is stored: triggers, generated columns, checks. */
static void
prepare_slot(FocusSink *sink, TupleTableSlot *slot)
{
	const TupleConstr *constraints = RelationGetDescr(sink->rel)->constr;

	slot->tts_tableOid = RelationGetRelid(sink->rel);
	if (sink->row_by_row && !ExecBRInsertTriggers(sink->estate, sink->result_rel, slot))
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("a trigger of table \"%s\" leaves out a row of the delivery", RelationGetRelationName(sink->rel)),
				 errhint("Make the trigger raise an error or keep the row; a row that is left out is lost cost.")));
	if (constraints != NULL && constraints->has_generated_stored)
		ExecComputeStoredGenerated(sink->result_rel, sink->estate, slot, CMD_INSERT);
	if (constraints != NULL)
		ExecConstraints(sink->result_rel, slot, sink->estate);
	if (sink->rel->rd_rel->relispartition)
		ExecPartitionCheck(sink->result_rel, slot, sink->estate, true);
}

/* What comes after: index entries and triggers. */
static void
finish_slot(FocusSink *sink, TupleTableSlot *slot)
{
	List	   *recheck = NIL;

	if (sink->result_rel->ri_NumIndices > 0)
		recheck = focus_insert_index_tuples(sink->result_rel, slot, sink->estate);
	if (sink->fires_after_row)
		ExecARInsertTriggers(sink->estate, sink->result_rel, slot, recheck, sink->transition_capture);
	list_free(recheck);
}

static void
set_lines(FocusSink *sink, int first, int last)
{
	sink->lines->first = sink->slot_lines[first];
	sink->lines->last = sink->slot_lines[last];
}
