/*-------------------------------------------------------------------------
 *
 * exec_agg.c
 *	  The node for aggregation.
 *
 * Reads rows as the scan node does, and aggregates them a vector at a time.
 * Rows of the delta are aggregated one by one, into the same groups.
 *
 * The node returns either states, as core's Agg node does when it aggregates in
 * part, or results.  When the groups take more memory than they may, states are
 * returned and groups begun anew: the node above combines what belongs
 * together.  Results cannot be returned so: what has been done is thrown away,
 * and another plan is asked instead, which returns states or sorts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "columnar/exec_agg.h"
#include "compat.h"

static Node *create_state(CustomScan *cscan);
static void begin(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec(CustomScanState *node);
static void end(CustomScanState *node);
static void rescan(CustomScanState *node);
static void explain(CustomScanState *node, List *ancestors, ExplainState *es);
static Node *to_columns(Node *node, void *tlist);
static bool consume(FocusAggState *state);
static bool only_counts_rows(FocusAggState *state);
static bool too_large(FocusAggState *state);
static TupleTableSlot *next_group(FocusAggState *state);
static TupleTableSlot *next_other(FocusAggState *state);

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
	List	   *quals = (List *) to_columns(linitial(plan->custom_exprs), plan->custom_scan_tlist);
	List	   *exprs = NIL;
	ListCell   *cell;

	state->complete = lsecond_int(lsecond(plan->custom_private)) != 0;
	state->having = ExecInitQual(lsecond(plan->custom_exprs), &node->ss.ps);
	if (plan->custom_plans != NIL)
		state->other = ExecInitNode(linitial(plan->custom_plans), estate, eflags);
	if (list_length(plan->custom_plans) > 1)
	{
		Expr	   *outer = linitial((List *) to_columns(lthird(plan->custom_exprs), plan->custom_scan_tlist));
		List	   *oids = lthird(plan->custom_private);

		state->param = linitial_int(lfourth(plan->custom_private));
		state->position = lsecond_int(lfourth(plan->custom_private));
		state->value_type = lthird_oid(oids);
		state->inner = ExecInitNode(lsecond(plan->custom_plans), estate, eflags);
		state->inner_context = AllocSetContextCreate(estate->es_query_cxt, "focus aggregate filter",
													 ALLOCSET_DEFAULT_SIZES);
		node->custom_ps = list_make1(state->inner); /* for EXPLAIN */
		quals = lappend(quals, focus_semijoin_condition(outer, oids, state->param));
	}
	state->scan.row_slot = ExecInitExtraTupleSlot(estate, RelationGetDescr(node->ss.ss_currentRelation),
												  &TTSOpsVirtual);
	state->value_slot = ExecInitExtraTupleSlot(estate, RelationGetDescr(node->ss.ss_currentRelation),
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
			focus_agg_begin_aggregate(state, (Aggref *) entry->expr, output);
		else
			focus_agg_begin_key(state, &state->keys[state->nkeys++], entry->expr, output);
	}
	focus_scan_begin_rows(&state->scan, exprs, quals, linitial(plan->custom_private));
	state->scan.rest_is_early = state->scan.rest != NULL;
	focus_agg_reset(state);
}

static TupleTableSlot *
exec(CustomScanState *node)
{
	FocusAggState *state = (FocusAggState *) node;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;

	for (;;)
	{
		TupleTableSlot *slot;

		ResetExprContext(econtext);
		if (!state->emitting && !state->use_other)
		{
			state->finished = consume(state);
			state->use_other = state->complete && !state->finished;
			state->emitting = !state->use_other;
			state->next = 0;
			if (state->use_other)
			{
				node->custom_ps = list_append_unique_ptr(node->custom_ps, state->other);
				focus_agg_reset(state);
			}
		}
		slot = state->use_other ? next_other(state) : next_group(state);
		if (slot == NULL && (state->finished || state->use_other))
			return ExecClearTuple(node->ss.ss_ScanTupleSlot);
		if (slot == NULL)
		{
			state->emitting = false;
			focus_agg_reset(state);
			continue;
		}

		econtext->ecxt_scantuple = slot;
		if (state->having != NULL && !ExecQual(state->having, econtext))
			continue;
		return node->ss.ps.ps_ProjInfo == NULL ? slot : ExecProject(node->ss.ps.ps_ProjInfo);
	}
}

static void
end(CustomScanState *node)
{
	FocusAggState *state = (FocusAggState *) node;

	if (state->other != NULL)
		ExecEndNode(state->other);
	if (state->inner != NULL)
		ExecEndNode(state->inner);
	focus_scan_end_rows(&state->scan);
	FreeExprContext(state->fake->curaggcontext, true);
	FreeExprContext(state->results, true);
	MemoryContextDelete(state->groups_context);
}

static void
forget_condition(FocusAggCondition *condition)
{
	if (condition == NULL)
		return;
	condition->row_group = -1;
	focus_constants_forget(condition->filter);
}

static void
rescan_child(CustomScanState *node, PlanState *child)
{
	if (child == NULL)
		return;
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(child, node->ss.ps.chgParam);
	if (child->chgParam == NULL)
		ExecReScan(child);
}

static void
rescan(CustomScanState *node)
{
	FocusAggState *state = (FocusAggState *) node;
	int			i;
	int			j;

	for (i = 0; i < state->naggs; i++)
	{
		FocusAggregate *agg = &state->aggs[i];

		forget_condition(agg->filter);
		for (j = 0; j < agg->nbranches; j++)
		{
			forget_condition(agg->branches[j].condition);
			agg->branches[j].value.row_group = -1;
		}
	}
	rescan_child(node, state->other);
	rescan_child(node, state->inner);
	state->inner_is_done = false;
	focus_scan_rescan_rows(&state->scan);
	focus_agg_reset(state);
	state->finished = state->emitting = state->use_other = false;
}

static void
explain_quals(const char *label, List *quals, List *context, ExplainState *es)
{
	if (quals != NIL)
		ExplainPropertyText(label,
							deparse_expression((Node *) make_ands_explicit(quals), context,
											   focus_explain_relations(es) > 1 || es->verbose, false),
							es);
}

static void
explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	FocusAggState *state = (FocusAggState *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	List	   *context = set_deparse_context_plan(es->deparse_cxt, (Plan *) plan, ancestors);
	List	   *keys = NIL;
	int			i;

	for (i = 0; i < state->nkeys; i++)
	{
		TargetEntry *entry = list_nth_node(TargetEntry, plan->custom_scan_tlist, state->keys[i].output);
		Var		   *var = makeVarFromTargetEntry(INDEX_VAR, entry);

		keys = lappend(keys, deparse_expression((Node *) var, context,
												focus_explain_relations(es) > 1 || es->verbose, true));
	}
	if (keys != NIL)
		ExplainPropertyList("Group Key", keys, es);
	explain_quals("Having", lsecond(plan->custom_exprs), context, es);
	explain_quals("Filter", linitial(plan->custom_exprs), context, es);
	explain_quals("Semi Join Key", lthird(plan->custom_exprs), context, es);
	focus_scan_explain(node, ancestors, es);
	if (es->analyze && state->use_other)
		ExplainPropertyBool(state->inner != NULL && !state->inner_is_done ? "Values Exceeded" : "Memory Exceeded",
							true, es);
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

/*
 * Reads on until all rows have been read, which is the result, or groups have
 * to be returned, or another plan has to be asked.
 */
static bool
consume(FocusAggState *state)
{
	FocusScanState *scan = &state->scan;
	int			i;

	if (state->inner != NULL && !state->inner_is_done && !focus_semijoin_run(state))
		return false;
	if (scan->scan == NULL)
		focus_scan_start(scan);
	if (scan->phase == FOCUS_SCAN_NOT_BEGUN)
	{
		scan->phase = FOCUS_SCAN_GROUPS;
		scan->scan->group = -1;
	}
	if (scan->phase == FOCUS_SCAN_GROUPS && only_counts_rows(state))
	{
		focus_accumulator(state, 0, 0)->count += focus_scan_count_rows(scan);
		for (i = 1; i < state->naggs; i++)
			focus_accumulator(state, i, 0)->count = focus_accumulator(state, 0, 0)->count;
		scan->phase = FOCUS_SCAN_DELTA;
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

/*
 * Is nothing wanted but the number of all rows?
 */
static bool
only_counts_rows(FocusAggState *state)
{
	int			i;

	if (state->nkeys > 0 || state->naggs == 0 || state->scan.all_quals != NULL)
		return false;
	for (i = 0; i < state->naggs; i++)
		if (state->aggs[i].kind != FOCUS_AGG_COUNT || state->aggs[i].nbranches > 0 ||
			state->aggs[i].filter != NULL)
			return false;
	return true;
}

static bool
too_large(FocusAggState *state)
{
	return (state->complete ? state->other != NULL : state->nkeys > 0 && state->ngroups > 1024) &&
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
		uint32		id = state->group_keys[(Size) group * state->nkeys + i];

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

/*
 * A row of the other plan, whose targets are the node's.
 */
static TupleTableSlot *
next_other(FocusAggState *state)
{
	TupleTableSlot *slot = state->scan.css.ss.ss_ScanTupleSlot;
	TupleTableSlot *other = ExecProcNode(state->other);

	if (TupIsNull(other))
		return NULL;
	slot_getallattrs(other);
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	memcpy(slot->tts_values, other->tts_values, other->tts_tupleDescriptor->natts * sizeof(Datum));
	memcpy(slot->tts_isnull, other->tts_isnull, other->tts_tupleDescriptor->natts * sizeof(bool));
	return ExecStoreVirtualTuple(slot);
}
