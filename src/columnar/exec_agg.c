/*-------------------------------------------------------------------------
 *
 * exec_agg.c
 *	  The node for partial aggregation.
 *
 * Reads rows as the scan node does, and aggregates them a vector at a time.
 * Rows of the delta are aggregated one by one, into the same groups.  When the
 * groups take more memory than they may, they are returned and begun anew: the
 * node above combines what belongs together.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "columnar/exec_agg.h"
#include "compat.h"

static Node *create_state(CustomScan *cscan);
static void begin(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec(CustomScanState *node);
static void end(CustomScanState *node);
static void rescan(CustomScanState *node);
static void explain(CustomScanState *node, List *ancestors, ExplainState *es);
static Node *to_columns(Node *node, void *tlist);
static void begin_key(FocusAggState *state, TargetEntry *entry, int output);
static void begin_aggregate(FocusAggState *state, Aggref *aggref, int output);
static bool consume(FocusAggState *state);
static bool too_large(FocusAggState *state);
static TupleTableSlot *next_group(FocusAggState *state);

const CustomScanMethods focus_agg_methods = {
	.CustomName = FOCUS_AGG_NAME,
	.CreateCustomScanState = create_state,
};

static const CustomExecMethods exec_methods = {
	.CustomName = FOCUS_AGG_NAME,
	.BeginCustomScan = begin,
	.ExecCustomScan = exec,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.EstimateDSMCustomScan = focus_scan_estimate_dsm,
	.InitializeDSMCustomScan = focus_scan_initialize_dsm,
	.ReInitializeDSMCustomScan = focus_scan_reinitialize_dsm,
	.InitializeWorkerCustomScan = focus_scan_initialize_worker,
	.ShutdownCustomScan = focus_scan_shutdown,
	.ExplainCustomScan = explain,
};

static Node *
create_state(CustomScan *cscan)
{
	FocusAggState *state = palloc0(sizeof(FocusAggState));

	NodeSetTag(state, T_CustomScanState);
	state->scan.css.methods = &exec_methods;
	return (Node *) state;
}

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	FocusAggState *state = (FocusAggState *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	int			noutputs = linitial_int(lsecond(plan->custom_private));
	List	   *quals = (List *) to_columns((Node *) plan->custom_exprs, plan->custom_scan_tlist);
	List	   *exprs = NIL;
	ListCell   *cell;

	state->scan.row_slot = ExecInitExtraTupleSlot(estate, RelationGetDescr(node->ss.ss_currentRelation),
												  &TTSOpsVirtual);
	state->scan.all_quals = ExecInitQual(quals, &node->ss.ps);
	state->groups_context = AllocSetContextCreate(estate->es_query_cxt, "focus aggregate groups",
												  ALLOCSET_DEFAULT_SIZES);
	state->fake = makeNode(AggState);
	state->fake->curaggcontext = CreateStandaloneExprContext();
	state->results = CreateStandaloneExprContext();
	state->keys = palloc0(mul_size(Max(noutputs, 1), sizeof(FocusAggKey)));
	state->aggs = palloc0(mul_size(Max(noutputs, 1), sizeof(FocusAggregate)));

	foreach(cell, plan->custom_scan_tlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);
		int			output = foreach_current_index(cell);

		if (output >= noutputs)
			break;
		exprs = lappend(exprs, entry->expr);
		if (IsA(entry->expr, Aggref))
			begin_aggregate(state, (Aggref *) entry->expr, output);
		else
			begin_key(state, entry, output);
	}
	focus_scan_begin_rows(&state->scan, exprs, quals, linitial(plan->custom_private));
	state->scan.rest_is_early = state->scan.rest != NULL;
	focus_agg_reset(state);
}

static TupleTableSlot *
exec(CustomScanState *node)
{
	FocusAggState *state = (FocusAggState *) node;
	TupleTableSlot *slot;

	ResetExprContext(node->ss.ps.ps_ExprContext);
	for (;;)
	{
		if (state->emitting)
		{
			slot = next_group(state);
			if (slot != NULL)
				break;
			if (state->finished)
				return ExecClearTuple(node->ss.ss_ScanTupleSlot);
			state->emitting = false;
			focus_agg_reset(state);
		}
		state->finished = consume(state);
		state->emitting = true;
		state->next = 0;
	}
	if (node->ss.ps.ps_ProjInfo == NULL)
		return slot;
	node->ss.ps.ps_ExprContext->ecxt_scantuple = slot;
	return ExecProject(node->ss.ps.ps_ProjInfo);
}

static void
end(CustomScanState *node)
{
	FocusAggState *state = (FocusAggState *) node;

	focus_scan_end_rows(&state->scan);
	FreeExprContext(state->fake->curaggcontext, true);
	FreeExprContext(state->results, true);
	MemoryContextDelete(state->groups_context);
}

static void
rescan(CustomScanState *node)
{
	FocusAggState *state = (FocusAggState *) node;
	int			i;

	for (i = 0; i < state->naggs; i++)
	{
		state->aggs[i].row_group = -1;
		if (state->aggs[i].filter != NULL)
			focus_constants_forget(state->aggs[i].filter);
	}
	focus_scan_rescan_rows(&state->scan);
	focus_agg_reset(state);
	state->finished = state->emitting = false;
}

static void
explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;

	if (plan->custom_exprs != NIL)
	{
		List	   *context = set_deparse_context_plan(es->deparse_cxt, (Plan *) plan, ancestors);

		ExplainPropertyText("Filter",
							deparse_expression((Node *) make_ands_explicit(plan->custom_exprs), context,
											   list_length(es->rtable) > 1 || es->verbose, false),
							es);
	}
	focus_scan_explain(node, ancestors, es);
}

/*
 * Puts the columns of the table back where the planner has put references to
 * the node's list of targets.
 */
static Node *
to_columns(Node *node, void *tlist)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varno == INDEX_VAR)
		return copyObject((Node *) list_nth_node(TargetEntry, tlist, ((Var *) node)->varattno - 1)->expr);
	return expression_tree_mutator(node, to_columns, tlist);
}

static int
column_of(FocusAggState *state, Expr *expr)
{
	List	   *vars = pull_var_clause((Node *) expr, 0);

	return linitial_node(Var, vars)->varattno - 1;
}

static void
begin_key(FocusAggState *state, TargetEntry *entry, int output)
{
	FocusAggKey *key = &state->keys[state->nkeys++];

	key->output = output;
	key->column = column_of(state, entry->expr);
	key->is_column = IsA(entry->expr, Var);
	key->state = ExecInitExpr(entry->expr, &state->scan.css.ss.ps);
	get_typlenbyval(exprType((Node *) entry->expr), &key->typlen, &key->typbyval);
}

static void
begin_aggregate(FocusAggState *state, Aggref *aggref, int output)
{
	FocusAggregate *agg = &state->aggs[state->naggs++];
	ScanState  *ss = &state->scan.css.ss;

	agg->output = output;
	agg->row_group = -1;
	agg->column = -1;
	if (aggref->args != NIL)
		agg->column = column_of(state, linitial_node(TargetEntry, aggref->args)->expr);
	if (aggref->aggfilter != NULL)
	{
		List	   *quals = make_ands_implicit(aggref->aggfilter);
		List	   *levels = NIL;
		List	   *rest;

		/* What it is applied to has passed all quals. */
		for (int i = 0; i < list_length(quals); i++)
			levels = lappend_int(levels, 0);
		agg->filter_state = ExecInitQual(quals, &ss->ps);
		agg->filter = focus_filter_create(ss, quals, levels, &rest);
		if (rest != NIL)
			elog(ERROR, "filter of an aggregate cannot be applied to vectors");
	}

	agg->kind = FOCUS_AGG_COUNT;
	if (aggref->aggfnoid == F_SUM_NUMERIC || aggref->aggfnoid == F_AVG_NUMERIC)
	{
		HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
		Form_pg_aggregate form;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
		form = (Form_pg_aggregate) GETSTRUCT(tuple);
		fmgr_info(form->aggtransfn, &agg->transfn);
		fmgr_info(form->aggcombinefn, &agg->combinefn);
		fmgr_info(form->aggserialfn, &agg->serialfn);
		fmgr_info(form->aggdeserialfn, &agg->deserialfn);
		ReleaseSysCache(tuple);
		agg->kind = FOCUS_AGG_NUMERIC;
	}
}

/*
 * Reads on until all rows have been read, which is the result, or groups have
 * to be returned.
 */
static bool
consume(FocusAggState *state)
{
	FocusScanState *scan = &state->scan;
	int			i;

	if (scan->scan == NULL)
		focus_scan_start(scan);
	if (scan->phase == FOCUS_SCAN_NOT_BEGUN)
	{
		scan->phase = FOCUS_SCAN_GROUPS;
		scan->scan->group = -1;
	}
	while (scan->phase == FOCUS_SCAN_GROUPS)
	{
		if (!focus_scan_next_vector(scan, true))
		{
			scan->phase = FOCUS_SCAN_DELTA;
			break;
		}
		focus_agg_group_vector(state);
		for (i = 0; i < state->naggs; i++)
			focus_agg_add_vector(state, i);
		if (too_large(state))
			return false;
	}
	while (focus_scan_next_delta_row(scan, ForwardScanDirection))
	{
		uint32		group = focus_agg_group_row(state);

		for (i = 0; i < state->naggs; i++)
			focus_agg_add_row(state, i, group);
		ResetExprContext(scan->css.ss.ps.ps_ExprContext);
		if (too_large(state))
			return false;
	}
	return true;
}

static bool
too_large(FocusAggState *state)
{
	return state->nkeys > 0 && state->ngroups > 1024 &&
		MemoryContextMemAllocated(state->groups_context, false) +
		MemoryContextMemAllocated(state->fake->curaggcontext->ecxt_per_tuple_memory, true) >
		get_hash_memory_limit();
}

static TupleTableSlot *
next_group(FocusAggState *state)
{
	TupleTableSlot *slot = state->scan.css.ss.ss_ScanTupleSlot;
	ExprContext *aggregates = state->fake->curaggcontext;
	MemoryContext caller;
	uint32		group;
	int			i;

	while (state->next < state->ngroups && !state->used[state->next])
		state->next++;
	if (state->next >= state->ngroups)
		return NULL;
	group = state->next++;

	CHECK_FOR_INTERRUPTS();
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	for (i = 0; i < state->nkeys; i++)
	{
		uint32		id = state->group_keys[group * state->nkeys + i];

		slot->tts_values[state->keys[i].output] = state->keys[i].values[id];
		slot->tts_isnull[state->keys[i].output] = id == 0;
	}

	/* What is made for this group only is to be freed before the next one. */
	ResetExprContext(state->results);
	state->fake->curaggcontext = state->results;
	caller = MemoryContextSwitchTo(state->results->ecxt_per_tuple_memory);
	for (i = 0; i < state->naggs; i++)
		slot->tts_values[state->aggs[i].output] =
			focus_agg_result(state, i, group, &slot->tts_isnull[state->aggs[i].output]);
	MemoryContextSwitchTo(caller);
	state->fake->curaggcontext = aggregates;
	return ExecStoreVirtualTuple(slot);
}
