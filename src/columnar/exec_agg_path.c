/*-------------------------------------------------------------------------
 *
 * exec_agg_path.c
 *	  Plans with the node for partial aggregation.
 *
 * The node returns what core's Agg node returns when it aggregates in part:
 * groups with serialised states of aggregates.  An Agg node above it finishes
 * them, and with it come HAVING, DISTINCT and all the rest.  The plans compete
 * by cost with those that core has made.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/selfuncs.h"

#include "columnar/exec_agg.h"
#include "compat.h"
#include "guc.h"

/* Work for a row, in units of cpu_operator_cost: of a key, and of an aggregate */
#define KEY_COST			0.1
#define AGGREGATE_COST		0.1

static create_upper_paths_hook_type next_hook = NULL;

static void add_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
					  RelOptInfo *output_rel, void *extra);
static PathTarget *partial_target(PlannerInfo *root, RelOptInfo *grouped_rel, Node *having);
static bool can_aggregate(RelOptInfo *rel, PathTarget *target);
static bool is_simple(Node *node, Index relid, bool tree);
static Path *make_path(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *partial_rel, PathTarget *target,
					   const FocusScanEstimate *estimate, double groups, int workers);
static Plan *plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
					   List *clauses, List *custom_plans);

static const CustomPathMethods path_methods = {
	.CustomName = FOCUS_AGG_NAME,
	.PlanCustomPath = plan_path,
};

/*
 * To be called once per backend, when the library is loaded.
 */
void
focus_exec_agg_init(void)
{
	RegisterCustomScanMethods(&focus_agg_methods);
	next_hook = create_upper_paths_hook;
	create_upper_paths_hook = add_paths;
}

static void
finish_path(PlannerInfo *root, RelOptInfo *grouped_rel, Path *path, Node *having, double groups)
{
	AggClauseCosts costs = {0};
	List	   *clause = focus_group_clause(root);

	get_agg_clause_costs(root, AGGSPLIT_FINAL_DESERIAL, &costs);
	add_path(grouped_rel, (Path *)
			 create_agg_path(root, grouped_rel, path, grouped_rel->reltarget,
							 clause != NIL ? AGG_HASHED : AGG_PLAIN, AGGSPLIT_FINAL_DESERIAL,
							 clause, (List *) having, &costs, groups));
}

static void
add_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
		  RelOptInfo *grouped_rel, void *extra)
{
	GroupPathExtraData *grouping = extra;
	Query	   *parse = root->parse;
	List	   *clause;
	RelOptInfo *rel;
	RelOptInfo *partial_rel;
	PathTarget *target;
	FocusScanEstimate estimate;
	double		groups = 1;
	int			workers;

	if (next_hook)
		next_hook(root, stage, input_rel, grouped_rel, extra);
#ifndef HAVE_INT128
	return;
#endif
	if (stage != UPPERREL_GROUP_AGG || !focus_enable_aggregate || !focus_enable_scan ||
		input_rel->reloptkind != RELOPT_BASEREL || !parse->hasAggs || parse->groupingSets != NIL ||
		parse->hasTargetSRFs || root->hasPseudoConstantQuals ||
		(grouping->flags & GROUPING_CAN_PARTIAL_AGG) == 0)
		return;
	rel = find_base_rel(root, input_rel->relid);
	if (!focus_scan_is_candidate(rel, planner_rt_fetch(rel->relid, root)) || rel->lateral_relids != NULL)
		return;
	clause = focus_group_clause(root);
	if (clause != NIL && (!grouping_is_hashable(clause) || !enable_hashagg))
		return;
	target = partial_target(root, grouped_rel, grouping->havingQual);
	if (target == NULL || !can_aggregate(rel, target))
		return;

	if (clause != NIL)
		groups = estimate_num_groups(root, get_sortgrouplist_exprs(clause, grouping->targetList),
									 rel->rows, NULL, NULL);
	focus_scan_estimate(root, rel, planner_rt_fetch(rel->relid, root), target->exprs, &estimate);
	partial_rel = fetch_upper_rel(root, UPPERREL_PARTIAL_GROUP_AGG, grouped_rel->relids);
	finish_path(root, grouped_rel,
				make_path(root, rel, partial_rel, target, &estimate, groups, 0),
				grouping->havingQual, groups);

	workers = grouped_rel->consider_parallel && rel->consider_parallel ? focus_scan_workers(rel) : 0;
	if (workers > 0)
	{
		Path	   *path = make_path(root, rel, partial_rel, target, &estimate, groups, workers);
		double		rows = path->rows * (workers + 1);

		path = (Path *) create_gather_path(root, partial_rel, path, target, NULL, &rows);
		finish_path(root, grouped_rel, path, grouping->havingQual, groups);
	}
}

/*
 * The target of partial aggregation: what core's planner would make, or else
 * NULL.  A column that is neither grouped by nor aggregated depends on the keys;
 * to the node it is one more key.
 */
static PathTarget *
partial_target(PlannerInfo *root, RelOptInfo *grouped_rel, Node *having)
{
	PathTarget *whole = grouped_rel->reltarget;
	PathTarget *target = create_empty_pathtarget();
	List	   *clause = focus_group_clause(root);
	List	   *others = NIL;
	ListCell   *cell;
	int			i = 0;

	foreach(cell, whole->exprs)
	{
		Index		ref = get_pathtarget_sortgroupref(whole, i++);

		if (ref != 0 && clause != NIL && get_sortgroupref_clause_noerr(ref, clause) != NULL)
			add_column_to_pathtarget(target, lfirst(cell), ref);
		else
			others = lappend(others, lfirst(cell));
	}
	if (having != NULL)
		others = lappend(others, having);
	others = pull_var_clause((Node *) others, PVC_INCLUDE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS |
							 PVC_INCLUDE_PLACEHOLDERS);
	add_new_columns_to_pathtarget(target, others);

	i = 0;
	foreach(cell, target->exprs)
	{
		Index		ref = get_pathtarget_sortgroupref(target, i++);

		if (IsA(lfirst(cell), Aggref))
		{
			Aggref	   *aggref = makeNode(Aggref);

			memcpy(aggref, lfirst(cell), sizeof(Aggref));
			mark_partial_aggref(aggref, AGGSPLIT_INITIAL_SERIAL);
			lfirst(cell) = aggref;
		}
		else if (ref == 0 && !IsA(lfirst(cell), Var))
			return NULL;
	}
	return set_pathtarget_cost_width(root, target);
}

/*
 * Columns that virtual tuples do not have
 */
static bool
has_system_columns(Node *node, Index relid)
{
	Bitmapset  *attnos = NULL;
	int			member = -1;

	pull_varattnos(node, relid, &attnos);
	while ((member = bms_next_member(attnos, member)) >= 0)
	{
		int			attno = member + FirstLowInvalidHeapAttributeNumber;

		if (attno < 0 && attno != SelfItemPointerAttributeNumber && attno != TableOidAttributeNumber)
			return true;
	}
	return false;
}

/*
 * Does the node know how to make all of the target, of rows that the filter
 * lets pass?
 */
static bool
can_aggregate(RelOptInfo *rel, PathTarget *target)
{
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
	{
		if (has_system_columns((Node *) lfirst_node(RestrictInfo, cell)->clause, rel->relid))
			return false;
	}

	foreach(cell, target->exprs)
	{
		Node	   *expr = lfirst(cell);
		Aggref	   *aggref = (Aggref *) expr;
		Node	   *argument;

		if (!IsA(expr, Aggref))
		{
			if (!is_simple(expr, rel->relid, false))
				return false;
			continue;
		}
		if (aggref->aggfilter != NULL && !is_simple((Node *) aggref->aggfilter, rel->relid, true))
			return false;
		if (aggref->aggfnoid == F_COUNT_)
			continue;
		if (aggref->aggfnoid != F_COUNT_ANY && aggref->aggfnoid != F_SUM_NUMERIC &&
			aggref->aggfnoid != F_AVG_NUMERIC)
			return false;
		argument = (Node *) linitial_node(TargetEntry, aggref->args)->expr;
		if (!IsA(argument, Var) || ((Var *) argument)->varno != rel->relid ||
			((Var *) argument)->varattno <= 0)
			return false;
	}
	return true;
}

/*
 * Is it an expression over one column, or, if that is asked for, a tree of AND
 * and OR over such?  See focus_filter_create().
 */
static bool
is_simple(Node *node, Index relid, bool tree)
{
	Bitmapset  *attnos = NULL;
	int			attno;

	if (tree && IsA(node, BoolExpr) && ((BoolExpr *) node)->boolop != NOT_EXPR)
	{
		ListCell   *cell;

		foreach(cell, ((BoolExpr *) node)->args)
		{
			if (!is_simple(lfirst(cell), relid, true))
				return false;
		}
		return true;
	}
	pull_varattnos(node, relid, &attnos);
	return bms_get_singleton_member(attnos, &attno) && attno + FirstLowInvalidHeapAttributeNumber > 0 &&
		!contain_volatile_functions(node) && !contain_subplans(node);
}

/*
 * The node reads as the scan node does, so its cost is that of the scan without
 * rows being returned.
 */
static Path *
make_path(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *partial_rel, PathTarget *target,
		  const FocusScanEstimate *estimate, double groups, int workers)
{
	FocusScanEstimate none = *estimate;
	CustomPath *scan;
	CustomPath *path = makeNode(CustomPath);
	double		rows;

	none.outputs = 0;
	scan = focus_scan_make_path(root, rel, create_empty_pathtarget(), &none, workers);
	rows = scan->path.rows;

	path->path.pathtype = T_CustomScan;
	path->path.parent = partial_rel;
	path->path.pathtarget = target;
	path->path.parallel_aware = workers > 0;
	path->path.parallel_safe = rel->consider_parallel;
	path->path.parallel_workers = workers;
	path->path.rows = clamp_row_est(Min(groups, rows));
	path->path.total_cost = scan->path.total_cost - rows * cpu_tuple_cost +
		rows * cpu_operator_cost * (AGGREGATE_COST + KEY_COST) * list_length(target->exprs) +
		path->path.rows * cpu_tuple_cost;
	path->path.startup_cost = path->path.total_cost - path->path.rows * cpu_tuple_cost;
#if PG18_GE
	path->path.disabled_nodes = scan->path.disabled_nodes;
#endif
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(scan);
	path->custom_private = list_make1_int((int) rel->relid);
	path->methods = &path_methods;
	return &path->path;
}

/*
 * The plan of the scan is there for its quals, which have been put in order.
 * The server looks for all that custom_exprs refer to in custom_scan_tlist.
 */
static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *custom_plans)
{
	CustomScan *plan = makeNode(CustomScan);
	CustomScan *scan = linitial_node(CustomScan, custom_plans);
	List	   *quals = scan->scan.plan.qual;
	List	   *columns = list_copy(tlist);
	ListCell   *cell;

	foreach(cell, pull_var_clause((Node *) quals, 0))
	{
		if (tlist_member(lfirst(cell), columns) == NULL)
			columns = lappend(columns, makeTargetEntry(lfirst(cell), list_length(columns) + 1, NULL, false));
	}
	plan->scan.scanrelid = linitial_int(path->custom_private);
	plan->scan.plan.targetlist = tlist;
	plan->flags = path->flags;
	plan->custom_scan_tlist = columns;
	plan->custom_exprs = quals;
	plan->custom_private = list_make2(linitial(scan->custom_private), list_make1_int(list_length(tlist)));
	plan->methods = &focus_agg_methods;
	return &plan->scan.plan;
}
