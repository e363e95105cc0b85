/*-------------------------------------------------------------------------
 *
 * exec_scan.c
 *	  The scan node.
 *
 * Rows of groups are looked at a vector at a time: those without a tombstone,
 * of these the ones that pass the filter, and of these the columns that the
 * query needs are returned as virtual tuples.  Rows of the delta come from
 * heap's scan, one by one.  The scan itself is the access method's, and it has
 * its snapshot and its lists.
 *
 * A query that asks for system columns other than the TID and the table gets
 * heap tuples, and so does a recheck after a concurrent update, which brings
 * tuples of its own.  The filter is applied to them row by row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "columnar/delta.h"
#include "columnar/exec_scan.h"
#include "columnar/tid.h"
#include "compat.h"

/*
 * Memory that readers of groups may take together which are kept for the next
 * time that a scan within a join begins anew
 */
#define KEPT_READERS_BYTES	((Size) 16 * 1024 * 1024)

static Node *create_state(CustomScan *cscan);
static void begin(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec(CustomScanState *node);
static void end(CustomScanState *node);
static void rescan(CustomScanState *node);

static void use_full_tuples(FocusScanState *state);
static bool wants_full_tuples(CustomScanState *node);
static Bitmapset *columns_of(CustomScanState *node, List *exprs);
static TupleTableSlot *next_row(ScanState *ss);
static bool recheck(ScanState *ss, TupleTableSlot *slot);
static bool next_grouped_row(FocusScanState *state, bool forward);
static bool next_group(FocusScanState *state, bool forward);
static bool enter_group(FocusScanState *state, int index);
static void leave_group(FocusScanState *state);
static void close_readers(FocusScanState *state);
static bool enter_vector(FocusScanState *state, int vector, bool forward);
static void apply_rest(FocusScanState *state);
static void store_row(FocusScanState *state, bool forward);

const CustomScanMethods focus_scan_methods = {
	.CustomName = FOCUS_SCAN_NAME,
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods exec_methods = {
	.CustomName = FOCUS_SCAN_NAME,
	.BeginCustomScan = begin,
	.ExecCustomScan = exec,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.EstimateDSMCustomScan = focus_scan_estimate_dsm,
	.InitializeDSMCustomScan = focus_scan_initialize_dsm,
	.ReInitializeDSMCustomScan = focus_scan_reinitialize_dsm,
	.InitializeWorkerCustomScan = focus_scan_initialize_worker,
	.ShutdownCustomScan = focus_scan_shutdown,
	.ExplainCustomScan = focus_scan_explain,
};

static Node *
create_state(CustomScan *cscan)
{
	FocusScanState *state = palloc0(sizeof(FocusScanState));

	NodeSetTag(state, T_CustomScanState);
	state->css.methods = &exec_methods;
	return (Node *) state;
}

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	FocusScanState *state = (FocusScanState *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;

	state->full_tuples = estate->es_epq_active != NULL || wants_full_tuples(node);
	if (state->full_tuples)
		use_full_tuples(state);
	state->row_slot = node->ss.ss_ScanTupleSlot;

	/*
	 * Rows are filtered here, not by ExecScan(), except in a recheck, which
	 * brings rows past next_row().
	 */
	if (estate->es_epq_active == NULL)
	{
		state->all_quals = node->ss.ps.qual;
		node->ss.ps.qual = NULL;
	}
	focus_scan_begin_rows(state, plan->scan.plan.targetlist, plan->scan.plan.qual,
						  linitial(plan->custom_private));
}

void
focus_scan_begin_rows(FocusScanState *state, List *exprs, List *quals, List *levels)
{
	ScanState  *ss = &state->css.ss;
	EState	   *estate = ss->ps.state;
	Relation	rel = ss->ss_currentRelation;
	List	   *rest = quals;
	Bitmapset  *columns;

	if (!state->full_tuples)
	{
		memset(state->row_slot->tts_isnull, true, RelationGetDescr(rel)->natts * sizeof(bool));
		state->filter = focus_filter_create(ss, quals, levels, &rest);
	}
	if (rest != NIL)
	{
		state->rest = state->filter == NULL ? state->all_quals : ExecInitQual(rest, &ss->ps);

		/* Later ones of a vector's rows may never be asked for. */
		state->rest_is_early = !state->full_tuples &&
			!contain_volatile_functions((Node *) rest) && !contain_subplans((Node *) rest);
	}

	columns = columns_of(&state->css, list_concat_copy(exprs, rest));
	focus_outputs_init(state, columns, columns_of(&state->css, rest));
	columns = bms_union(columns, columns_of(&state->css, quals));
	state->delta_natts = bms_is_empty(columns) ? 0 : bms_prev_member(columns, -1) + 1;
	state->delta_slot = ExecInitExtraTupleSlot(estate, RelationGetDescr(rel), table_slot_callbacks(rel));
	state->reader_pool = focus_arena_pool_take(estate->es_query_cxt);
}

static TupleTableSlot *
exec(CustomScanState *node)
{
	return ExecScan(&node->ss, next_row, recheck);
}

static void
end(CustomScanState *node)
{
	focus_scan_end_rows((FocusScanState *) node);
}

void
focus_scan_end_rows(FocusScanState *state)
{
	focus_scan_shutdown(&state->css);
	focus_scan_forget_dsm(state);
	close_readers(state);
	ExecClearTuple(state->delta_slot);
	if (state->scan != NULL)
		table_endscan(&state->scan->base);
	state->scan = NULL;
}

static void
rescan(CustomScanState *node)
{
	ExecScanReScan(&node->ss);
	focus_scan_rescan_rows((FocusScanState *) node);
}

/*
 * The list of groups stays: it is that of the same snapshot.
 */
void
focus_scan_rescan_rows(FocusScanState *state)
{
	if (state->filter != NULL)
		focus_constants_forget(state->filter);
	if (state->scan == NULL)
		return;
	state->rescanned = true;
	leave_group(state);
	state->phase = FOCUS_SCAN_NOT_BEGUN;
	focus_delta_of(state->css.ss.ss_currentRelation)->scan_rescan(state->scan->delta, NULL, false, false,
																  false, false);
}

/*
 * Compiles anew for heap tuples what has been compiled for virtual ones.
 */
static void
use_full_tuples(FocusScanState *state)
{
	ScanState  *ss = &state->css.ss;
	Plan	   *plan = ss->ps.plan;

	ExecInitScanTupleSlot(ss->ps.state, ss, RelationGetDescr(ss->ss_currentRelation),
						  table_slot_callbacks(ss->ss_currentRelation));
	ss->ps.ps_ProjInfo = NULL;
	ss->ps.resultopsset = false;
	ExecInitResultTupleSlotTL(&ss->ps, &TTSOpsVirtual);
	ExecAssignScanProjectionInfoWithVarno(ss, ((Scan *) plan)->scanrelid);
	ss->ps.qual = ExecInitQual(plan->qual, &ss->ps);
}

/*
 * The attributes that a list of expressions refers to, as pull_varattnos()
 * numbers them
 */
static Bitmapset *
attnos_of(CustomScanState *node, List *exprs)
{
	Bitmapset  *attnos = NULL;

	pull_varattnos((Node *) exprs, ((Scan *) node->ss.ps.plan)->scanrelid, &attnos);
	return attnos;
}

/*
 * System columns other than a row's TID and table
 */
static bool
wants_full_tuples(CustomScanState *node)
{
	Plan	   *plan = node->ss.ps.plan;
	Bitmapset  *attnos = attnos_of(node, list_concat_copy(plan->targetlist, plan->qual));
	int			member = -1;

	while ((member = bms_next_member(attnos, member)) >= 0)
	{
		int			attno = member + FirstLowInvalidHeapAttributeNumber;

		if (attno < 0 && attno != SelfItemPointerAttributeNumber && attno != TableOidAttributeNumber)
			return true;
	}
	return false;
}

/*
 * Columns, numbered from 0, that are in a list of expressions; all of them if
 * it has whole rows
 */
static Bitmapset *
columns_of(CustomScanState *node, List *exprs)
{
	TupleDesc	desc = RelationGetDescr(node->ss.ss_currentRelation);
	Bitmapset  *attnos = attnos_of(node, exprs);
	Bitmapset  *columns = NULL;
	bool		all = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, attnos);
	int			i;

	for (i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped &&
			(all || bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, attnos)))
			columns = bms_add_member(columns, i);
	return columns;
}

/*
 * Begins the scan, when the first row is asked for.
 */
void
focus_scan_start(FocusScanState *state)
{
	ScanState  *ss = &state->css.ss;
	MemoryContext caller = MemoryContextSwitchTo(ss->ps.state->es_query_cxt);

	if (state->pscan != NULL)
		state->scan = (FocusScan *) table_beginscan_parallel(ss->ss_currentRelation, state->pscan);
	else
		state->scan = (FocusScan *) table_beginscan(ss->ss_currentRelation, ss->ps.state->es_snapshot, 0, NULL);
	(void) focus_scan_list(state->scan);
	state->readers = palloc0(mul_size(Max(state->scan->list->count, 1), sizeof(FocusGroupReader *)));
	MemoryContextSwitchTo(caller);
}

/*
 * The next row that passes the filter, in the scan tuple slot; for ExecScan().
 * As with heap, a scan that has come to an end can be continued in the other
 * direction.
 */
static TupleTableSlot *
next_row(ScanState *ss)
{
	FocusScanState *state = (FocusScanState *) ss;
	ScanDirection direction = ss->ps.state->es_direction;
	bool		forward = !ScanDirectionIsBackward(direction);

	if (state->scan == NULL)
		focus_scan_start(state);
	if (state->phase == FOCUS_SCAN_NOT_BEGUN)
	{
		state->phase = forward ? FOCUS_SCAN_GROUPS : FOCUS_SCAN_DELTA;
		state->scan->group = -1;
	}

	if (state->phase == FOCUS_SCAN_DELTA)
	{
		if (focus_scan_next_delta_row(state, direction))
			return ss->ss_ScanTupleSlot;
		if (forward)
			return NULL;
		state->phase = FOCUS_SCAN_GROUPS;
		state->scan->group = state->scan->list->count;
	}

	if (next_grouped_row(state, forward))
	{
		pgstat_count_heap_getnext(ss->ss_currentRelation);
		return ss->ss_ScanTupleSlot;
	}
	if (!forward)
		return NULL;
	state->phase = FOCUS_SCAN_DELTA;
	return focus_scan_next_delta_row(state, direction) ? ss->ss_ScanTupleSlot : NULL;
}

/*
 * The filter applies to rows that a recheck brings, as it is left to ExecScan()
 * then.
 */
static bool
recheck(ScanState *ss, TupleTableSlot *slot)
{
	return true;
}

static bool
passes(FocusScanState *state, ExprState *qual)
{
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;

	if (qual == NULL)
		return true;
	econtext->ecxt_scantuple = state->row_slot;
	if (ExecQual(qual, econtext))
		return true;
	InstrCountFiltered1(&state->css, 1);
	ResetExprContext(econtext);
	return false;
}

bool
focus_scan_next_delta_row(FocusScanState *state, ScanDirection direction)
{
	ScanState  *ss = &state->css.ss;
	TupleTableSlot *slot = state->row_slot;
	TupleTableSlot *delta_slot = state->full_tuples ? slot : state->delta_slot;
	const TableAmRoutine *delta = focus_delta_of(ss->ss_currentRelation);

	while (delta->scan_getnextslot(state->scan->delta, direction, delta_slot))
	{
		CHECK_FOR_INTERRUPTS();
		state->counters[FOCUS_COUNT_DELTA_ROWS]++;
		if (!state->full_tuples)
		{
			slot_getsomeattrs(delta_slot, state->delta_natts);
			ExecClearTuple(slot);
			memcpy(slot->tts_values, delta_slot->tts_values, state->delta_natts * sizeof(Datum));
			memcpy(slot->tts_isnull, delta_slot->tts_isnull, state->delta_natts * sizeof(bool));
			slot->tts_tid = delta_slot->tts_tid;
			slot->tts_tableOid = delta_slot->tts_tableOid;
			ExecStoreVirtualTuple(slot);
		}
		if (passes(state, state->all_quals))
			return true;
	}
	ExecClearTuple(slot);
	return false;
}

static bool
next_grouped_row(FocusScanState *state, bool forward)
{
	ExprState  *rest = state->rest_is_early ? NULL : state->rest;

	for (;;)
	{
		if (state->in_vector)
		{
			state->at += forward ? 1 : -1;
			if (state->at >= 0 && state->at < state->nrows)
			{
				store_row(state, forward);
				if (passes(state, rest))
					return true;
				CHECK_FOR_INTERRUPTS();
				continue;
			}
		}
		if (!focus_scan_next_vector(state, forward))
		{
			ExecClearTuple(state->row_slot);
			return false;
		}
	}
}

/*
 * Goes to the next vector in which some row passes the filter.
 */
bool
focus_scan_next_vector(FocusScanState *state, bool forward)
{
	FocusScan  *scan = state->scan;

	for (;;)
	{
		if (state->reader != NULL)
		{
			int			vectors = (scan->list->groups[scan->group].rows + FOCUS_BODY_VECTOR_ROWS - 1) /
				FOCUS_BODY_VECTOR_ROWS;

			for (state->vector += forward ? 1 : -1; state->vector >= 0 && state->vector < vectors;
				 state->vector += forward ? 1 : -1)
			{
				CHECK_FOR_INTERRUPTS();
				if (enter_vector(state, state->vector, forward))
					return true;
			}
			leave_group(state);
		}
		if (!next_group(state, forward))
			return false;
		state->vector = forward ? -1 :
			(int) ((scan->list->groups[scan->group].rows + FOCUS_BODY_VECTOR_ROWS - 1) / FOCUS_BODY_VECTOR_ROWS);
	}
}

/*
 * Goes to the next group that is not skipped.  Before the first one is index
 * -1, behind the last one list->count.
 */
static bool
next_group(FocusScanState *state, bool forward)
{
	FocusScan  *scan = state->scan;

	for (;;)
	{
		int			next = forward ? focus_scan_claim_group(scan) : scan->group - 1;

		CHECK_FOR_INTERRUPTS();
		if (next < 0 || next >= scan->list->count)
		{
			scan->group = next < 0 ? -1 : scan->list->count;
			return false;
		}
		scan->group = next;
		if (enter_group(state, next))
			return true;
	}
}

/*
 * What is counted is in the directory and among the tombstones.
 */
int64
focus_scan_count_rows(FocusScanState *state)
{
	FocusScan  *scan = state->scan;
	FocusGroupList *list = scan->list;
	int64		result = 0;

	while ((scan->group = focus_scan_claim_group(scan)) < list->count)
	{
		int			dead = 0;

		if (list->dead[scan->group] != NULL)
			dead = (int) pg_popcount((char *) list->dead[scan->group], FOCUS_BODY_ROWS_MAX / 8);
		state->counters[FOCUS_COUNT_GROUPS]++;
		state->counters[FOCUS_COUNT_TOMBSTONES] += dead;
		result += list->groups[scan->group].rows - dead;
	}
	return result;
}

static bool
all_dead(const FocusGroupList *list, int index)
{
	uint32		row;

	if (list->dead[index] == NULL)
		return false;
	for (row = 0; row < list->groups[index].rows; row++)
		if (!focus_group_list_is_dead(list, index, row))
			return false;
	return true;
}

static bool
enter_group(FocusScanState *state, int index)
{
	FocusScan  *scan = state->scan;
	FocusFilter *filter = state->filter;

	state->counters[FOCUS_COUNT_GROUPS]++;
	if (state->readers[index] == NULL)
		state->readers[index] = focus_group_reader_create(&scan->store, &scan->list->groups[index],
														  state->reader_pool);
	state->reader = state->readers[index];
	state->in_vector = false;
	if (state->full_tuples)
		focus_group_reader_load(state->reader, &scan->store);
	if (filter == NULL || filter->nquals == 0)
		return true;

	focus_filter_begin_group(filter, state->reader, &scan->store, !all_dead(scan->list, index));
	if (focus_filter_skips_by_zone(filter))
		state->counters[FOCUS_COUNT_GROUPS_BY_ZONE]++;
	else if (focus_filter_skips_by_dictionary(filter))
		state->counters[FOCUS_COUNT_GROUPS_BY_DICTIONARY]++;
	else
		return true;
	leave_group(state);
	return false;
}

static void
leave_group(FocusScanState *state)
{
	if (state->reader != NULL &&
		!(state->rescanned && state->reader_pool->used_bytes <= KEPT_READERS_BYTES))
	{
		focus_group_reader_free(state->reader);
		state->readers[state->scan->group] = NULL;
	}
	state->reader = NULL;
	state->in_vector = false;
}

static void
close_readers(FocusScanState *state)
{
	if (state->reader_pool != NULL)
		focus_arena_pool_give_back(state->reader_pool);
	state->reader_pool = NULL;
	state->reader = NULL;
	state->readers = NULL;
}

/*
 * Applies the filter to a vector; true if some row passes.
 */
static bool
enter_vector(FocusScanState *state, int vector, bool forward)
{
	FocusScan  *scan = state->scan;
	FocusGroupList *list = scan->list;
	uint32		first = (uint32) vector * FOCUS_BODY_VECTOR_ROWS;
	int			count = Min(FOCUS_BODY_VECTOR_ROWS, list->groups[scan->group].rows - first);
	int			living = 0;
	int			i;

	state->in_vector = false;
	if (state->filter != NULL && state->filter->nquals > 0 &&
		focus_filter_skips_vector(state->filter, vector))
	{
		state->counters[FOCUS_COUNT_VECTORS_SKIPPED]++;
		return false;
	}

	if (list->dead[scan->group] == NULL)
		for (; living < count; living++)
			state->rows[living] = living;
	else
		for (i = 0; i < count; i++)
		{
			state->rows[living] = i;
			living += !focus_group_list_is_dead(list, scan->group, first + i);
		}
	state->counters[FOCUS_COUNT_TOMBSTONES] += count - living;
	state->counters[FOCUS_COUNT_VECTORS]++;

	state->nrows = living;
	state->chunk = state->chunk_rows = 0;
	if (state->filter != NULL)
		state->nrows = focus_filter_apply(state->filter, vector, state->rows, living);
	if (state->rest_is_early && state->nrows > 0)
		apply_rest(state);
	InstrCountFiltered1(&state->css, living - state->nrows);
	state->at = forward ? -1 : state->nrows;
	state->in_vector = state->nrows > 0;
	return state->in_vector;
}

/*
 * Sets the current row in the slot, from the outputs.
 */
static inline void
store_output_row(FocusScanState *state, int noutputs, int index)
{
	TupleTableSlot *slot = state->row_slot;
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < noutputs; i++)
	{
		FocusOutput *output = &state->outputs[i];

		slot->tts_values[output->column] = output->values[index];
		slot->tts_isnull[output->column] = output->isnull[index];
	}
	focus_tid_set(&slot->tts_tid, state->scan->list->groups[state->scan->group].number,
				  state->vector * FOCUS_BODY_VECTOR_ROWS + state->rows[state->chunk + index]);
	slot->tts_tableOid = RelationGetRelid(state->css.ss.ss_currentRelation);
	ExecStoreVirtualTuple(slot);
}

/*
 * Applies the part of the filter that is evaluated row by row.
 */
static void
apply_rest(FocusScanState *state)
{
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	int			result = 0;
	int			i;

	for (state->chunk = 0; state->chunk < state->nrows; state->chunk += FOCUS_OUTPUT_ROWS)
	{
		int			count = Min(FOCUS_OUTPUT_ROWS, state->nrows - state->chunk);

		CHECK_FOR_INTERRUPTS();
		focus_outputs_fill(state, state->nrest_outputs, state->chunk, count);
		for (i = 0; i < count; i++)
		{
			store_output_row(state, state->nrest_outputs, i);
			econtext->ecxt_scantuple = state->row_slot;
			if (ExecQual(state->rest, econtext))
				state->rows[result++] = state->rows[state->chunk + i];
			ResetExprContext(econtext);
		}
	}
	state->nrows = result;
	state->chunk = state->chunk_rows = 0;
}

static void
store_row(FocusScanState *state, bool forward)
{
	if (state->full_tuples)
	{
		focus_slot_store_row(state->row_slot, state->reader, &state->scan->store,
							 state->vector * FOCUS_BODY_VECTOR_ROWS + state->rows[state->at]);
		return;
	}
	if (state->at < state->chunk || state->at >= state->chunk + state->chunk_rows)
	{
		state->chunk = forward ? state->at : Max(0, state->at + 1 - FOCUS_OUTPUT_ROWS);
		state->chunk_rows = Min(FOCUS_OUTPUT_ROWS, state->nrows - state->chunk);
		focus_outputs_fill(state, state->noutputs, state->chunk, state->chunk_rows);
	}
	store_output_row(state, state->noutputs, state->at - state->chunk);
}
