/*-------------------------------------------------------------------------
 *
 * exec_agg_path.c
 *	  Plans with the node for aggregation.
 *
 * In one process, the node returns complete groups, if it is expected that they
 * fit into memory.  Else it returns what core's Agg node returns when it
 * aggregates in part, groups with serialised states of aggregates, and an Agg
 * node above it finishes them.  The plans compete by cost with those that core
 * has made.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/prep.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/subselect.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "columnar/exec_agg.h"
#include "compat.h"
#include "guc.h"

/* Work for a row, in units of cpu_operator_cost: of a key, and of an aggregate */
#define KEY_COST			0.1
#define AGGREGATE_COST		0.1

static create_upper_paths_hook_type next_hook = NULL;

/* A query that the node could aggregate */
typedef struct Aggregation
{
	PlannerInfo *root;
	RelOptInfo *input_rel;		/* the table, or the join */
	RelOptInfo *rel;			/* the table */
	FocusSemijoin *semijoin;	/* NULL if there is no join */
	RelOptInfo *grouped_rel;
	List	   *clause;			/* of groups */
	List	   *having;
	PathTarget *target;			/* keys, and aggregates as they are in the query */
	FocusScanEstimate estimate;
	double		groups;
} Aggregation;

static void add_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
					  RelOptInfo *output_rel, void *extra);
static RelOptInfo *find_table(PlannerInfo *root, RelOptInfo *input_rel, FocusSemijoin *semijoin);
static const char *why_not(PlannerInfo *root, RelOptInfo *rel, const PathTarget *target);
static PathTarget *make_target(PlannerInfo *root, RelOptInfo *grouped_rel, List *having);
static bool is_known(PlannerInfo *root, Node *node, Index relid);
static bool has_system_columns(Node *node, Index relid);
static bool can_tell_apart(const PathTarget *target);
static bool add_complete_path(Aggregation *agg, bool can_be_partial);
static void add_semijoin(Aggregation *agg, CustomPath *path);
static void add_partial_paths(Aggregation *agg);
static double expected_memory(Aggregation *agg);
static Path *other_path(Aggregation *agg, bool can_be_partial);
static PathTarget *partial_target(PlannerInfo *root, PathTarget *whole);
static CustomPath *make_path(Aggregation *agg, RelOptInfo *parent, PathTarget *target, int workers);
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
add_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
		  RelOptInfo *grouped_rel, void *extra)
{
	GroupPathExtraData *grouping = extra;
	Aggregation agg = {root};
	FocusSemijoin semijoin;
	const char *reason;
	bool		can_be_partial;

	if (next_hook)
		next_hook(root, stage, input_rel, grouped_rel, extra);
#ifndef HAVE_INT128
	return;
#endif
	if (stage != UPPERREL_GROUP_AGG || !focus_enable_aggregate || !focus_enable_scan)
		return;
	agg.input_rel = input_rel;
	agg.rel = find_table(root, input_rel, &semijoin);
	if (agg.rel == NULL)
		return;
	agg.semijoin = agg.rel != input_rel ? &semijoin : NULL;
	if (agg.semijoin != NULL && !is_known(root, semijoin.outer, agg.rel->relid))
		return;
	agg.grouped_rel = grouped_rel;
	agg.clause = focus_group_clause(root);
	agg.having = (List *) grouping->havingQual;
	agg.target = make_target(root, grouped_rel, agg.having);
	reason = why_not(root, agg.rel, agg.target);
	if (reason != NULL)
	{
		focus_scan_explain_why(input_rel, reason);
		return;
	}

	agg.groups = 1;
	if (agg.clause != NIL)
		agg.groups = estimate_num_groups(root, get_sortgrouplist_exprs(agg.clause, grouping->targetList),
										 input_rel->rows, NULL, NULL);
	focus_scan_estimate(root, agg.rel, planner_rt_fetch(agg.rel->relid, root), agg.target->exprs,
						&agg.estimate);
	can_be_partial = agg.semijoin == NULL && (grouping->flags & GROUPING_CAN_PARTIAL_AGG) != 0 &&
		(agg.clause == NIL || (grouping_is_hashable(agg.clause) && enable_hashagg));
	if (!add_complete_path(&agg, can_be_partial) && !can_be_partial)
		focus_scan_explain_why(input_rel, "types without equality or order, several keys with equal values that look different, memory for the groups, or volatile conditions");
	if (can_be_partial)
		add_partial_paths(&agg);
}

/*
 * The table whose rows are aggregated, or NULL if it is none of ours.
 */
static RelOptInfo *
find_table(PlannerInfo *root, RelOptInfo *input_rel, FocusSemijoin *semijoin)
{
	int			relid = -1;

	if (input_rel->reloptkind == RELOPT_BASEREL)
	{
		RelOptInfo *rel = find_base_rel(root, input_rel->relid);

		return focus_scan_is_candidate(rel, planner_rt_fetch(rel->relid, root)) ? rel : NULL;
	}
	if (input_rel->reloptkind != RELOPT_JOINREL || bms_num_members(input_rel->relids) != 2)
		return NULL;
	while ((relid = bms_next_member(input_rel->relids, relid)) >= 0)
	{
		RelOptInfo *rel = root->simple_rel_array[relid];

		if (rel != NULL && rel->reloptkind == RELOPT_BASEREL &&
			focus_scan_is_candidate(rel, planner_rt_fetch(relid, root)) &&
			focus_semijoin_find(root, input_rel, rel, semijoin))
			return rel;
	}
	return NULL;
}

/*
 * Why the node cannot make the target, of rows that the filter lets pass; NULL
 * if it can.
 */
static const char *
why_not(PlannerInfo *root, RelOptInfo *rel, const PathTarget *target)
{
	Query	   *parse = root->parse;
	int			nkeys = 0;
	ListCell   *cell;

	if (parse->groupingSets != NIL)
		return "grouping sets";
	if (parse->hasTargetSRFs)
		return "set-returning functions";
	if (root->hasPseudoConstantQuals || rel->lateral_relids != NULL)
		return "conditions that are not about the table";
	if (!parse->hasAggs && focus_group_clause(root) == NIL)
		return "no aggregates";

	foreach(cell, rel->baserestrictinfo)
	{
		if (has_system_columns((Node *) lfirst_node(RestrictInfo, cell)->clause, rel->relid))
			return "system columns";
	}
	foreach(cell, target->exprs)
	{
		Node	   *expr = lfirst(cell);
		Aggref	   *aggref = (Aggref *) expr;
		FocusAggKind kind;
		int			ref = get_pathtarget_sortgroupref(target, foreach_current_index(cell));

		if (IsA(expr, Aggref))
		{
			if (aggref->aggorder != NIL || (aggref->aggdistinct != NIL && !focus_agg_kind(aggref, &kind)))
				return psprintf("%s in aggregate %s", aggref->aggorder != NIL ? "ORDER BY" : "DISTINCT",
								get_func_name(aggref->aggfnoid));
			if (!focus_agg_kind(aggref, &kind))
				return psprintf("aggregate %s", get_func_name(aggref->aggfnoid));
			if (!is_known(root, (Node *) aggref->args, rel->relid) ||
				!is_known(root, (Node *) aggref->aggfilter, rel->relid))
				return psprintf("argument or filter of aggregate %s", get_func_name(aggref->aggfnoid));
		}
		else if ((ref == 0 && !IsA(expr, Var)) || !is_known(root, expr, rel->relid) ||
				 get_typlen(exprType(expr)) < -1)
			return "group key";
		else if (++nkeys > FOCUS_BODY_COLUMNS_MAX)
			return "number of group keys";
	}
	return NULL;
}

/*
 * Puts something without columns where an expression, but for arguments of
 * aggregates, is one of the keys.
 */
static Node *
without_keys(Node *node, void *keys)
{
	if (node == NULL || IsA(node, Aggref))
		return node;
	if (list_member((List *) keys, node))
		return (Node *) makeBoolConst(false, true);
	return expression_tree_mutator(node, without_keys, keys);
}

/*
 * Keys and aggregates.  A column that is neither grouped by nor aggregated
 * depends on the keys, by a primary key, so it can be one more key.
 */
static PathTarget *
make_target(PlannerInfo *root, RelOptInfo *grouped_rel, List *having)
{
	PathTarget *whole = grouped_rel->reltarget;
	PathTarget *target = create_empty_pathtarget();
	List	   *clause = root->parse->groupClause;
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
	if (having != NIL)
		others = lappend(others, having);
	others = (List *) without_keys((Node *) others, target->exprs);
	others = pull_var_clause((Node *) others, PVC_INCLUDE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS |
							 PVC_INCLUDE_PLACEHOLDERS);
	add_new_columns_to_pathtarget(target, others);
	return set_pathtarget_cost_width(root, target);
}

/*
 * Is it an expression over columns of the table that can be evaluated as often
 * as the node likes?
 */
static bool
is_known(PlannerInfo *root, Node *node, Index relid)
{
	Bitmapset  *attnos = NULL;
	int			member = -1;

	pull_varattnos(node, relid, &attnos);
	while ((member = bms_next_member(attnos, member)) >= 0)
		if (member + FirstLowInvalidHeapAttributeNumber <= 0)
			return false;
	return bms_is_subset(pull_varnos(root, node), bms_make_singleton(relid)) &&
		!contain_volatile_functions(node) && !contain_subplans(node);
}

/*
 * Can keys, and values that are counted, be told apart where results are
 * returned?  A key has one value for all groups, so among several keys, one
 * whose equal values may look different would show that of another group.
 */
static bool
can_tell_apart(const PathTarget *target)
{
	int			nkeys = 0;
	bool		all_by_bytes = true;
	ListCell   *cell;

	foreach(cell, target->exprs)
	{
		Node	   *expr = lfirst(cell);
		bool		is_key = !IsA(expr, Aggref);
		Oid			equal;
		Oid			hash;
		bool		by_bytes;

		if (!is_key)
		{
			if (((Aggref *) expr)->aggdistinct == NIL)
				continue;
			expr = (Node *) linitial_node(TargetEntry, ((Aggref *) expr)->args)->expr;
		}
		if (get_typlen(exprType(expr)) < -1 ||
			!focus_agg_key_functions(exprType(expr), exprCollation(expr), &equal, &hash, &by_bytes))
			return false;
		if (is_key)
		{
			nkeys++;
			all_by_bytes = all_by_bytes && by_bytes;
		}
	}
	return nkeys < 2 || all_by_bytes;
}

/*
 * Groups with results, if memory is expected to suffice for them; else false.
 */
static bool
add_complete_path(Aggregation *agg, bool can_be_partial)
{
	PlannerInfo *root = agg->root;
	CustomPath *path;
	Path	   *other;
	QualCost	having;

	/* What is done twice must not be noticed. */
	if (contain_volatile_functions((Node *) extract_actual_clauses(agg->rel->baserestrictinfo, false)))
		return false;
	if (agg->semijoin != NULL && contain_volatile_functions((Node *) root->parse))
		return false;
	if (!can_tell_apart(agg->target))
		return false;
	if (expected_memory(agg) > (double) get_hash_memory_limit())
		return false;
	other = other_path(agg, can_be_partial);
	if (other == NULL)
		return false;

	path = make_path(agg, agg->grouped_rel, agg->grouped_rel->reltarget, 0);
	path->path.parallel_safe = agg->grouped_rel->consider_parallel && other->parallel_safe;
	cost_qual_eval(&having, agg->having, root);
	path->path.startup_cost += having.startup;
	path->path.total_cost += having.startup + having.per_tuple * path->path.rows;
	if (agg->having != NIL)
		path->path.rows = clamp_row_est(path->path.rows * clauselist_selectivity(root, agg->having, 0, JOIN_INNER, NULL));
	path->custom_paths = lappend(path->custom_paths, other);
	if (agg->semijoin != NULL)
		add_semijoin(agg, path);
	add_path(agg->grouped_rel, &path->path);
	return true;
}

/*
 * Puts the other side of a join below the node.
 */
static void
add_semijoin(Aggregation *agg, CustomPath *path)
{
	FocusSemijoin *semijoin = agg->semijoin;
	Param	   *param = SS_make_initplan_output_param(agg->root, get_array_type(semijoin->type), -1,
													  semijoin->collation);

	path->path.parallel_safe = false;
	path->path.startup_cost += semijoin->inner->total_cost;
	path->path.total_cost += semijoin->inner->total_cost;
	path->custom_paths = lappend(path->custom_paths, semijoin->inner);
	path->custom_private = lappend(path->custom_private,
								   list_make4(semijoin->outer,
											  list_make3_oid(semijoin->opno, semijoin->collation, semijoin->type),
											  list_make2_int(param->paramid, semijoin->position),
											  makeInteger((int) semijoin->level)));
}

/*
 * Groups with states, which an Agg node finishes.
 */
static void
add_partial_paths(Aggregation *agg)
{
	PlannerInfo *root = agg->root;
	RelOptInfo *partial_rel = fetch_upper_rel(root, UPPERREL_PARTIAL_GROUP_AGG, agg->grouped_rel->relids);
	PathTarget *target = partial_target(root, agg->target);
	AggClauseCosts costs = {0};
	AggStrategy strategy = agg->clause != NIL ? AGG_HASHED : AGG_PLAIN;
	Path	   *path = &make_path(agg, partial_rel, target, 0)->path;
	int			workers = 0;

	get_agg_clause_costs(root, AGGSPLIT_FINAL_DESERIAL, &costs);
	add_path(agg->grouped_rel, (Path *)
			 create_agg_path(root, agg->grouped_rel, path, agg->grouped_rel->reltarget, strategy,
							 AGGSPLIT_FINAL_DESERIAL, agg->clause, agg->having, &costs, agg->groups));

	if (agg->grouped_rel->consider_parallel && agg->rel->consider_parallel)
		workers = focus_scan_workers(agg->rel);
	if (workers > 0)
	{
		double		rows;

		path = &make_path(agg, partial_rel, target, workers)->path;
		rows = path->rows * (workers + 1);
		path = (Path *) create_gather_path(root, partial_rel, path, target, NULL, &rows);
		add_path(agg->grouped_rel, (Path *)
				 create_agg_path(root, agg->grouped_rel, path, agg->grouped_rel->reltarget, strategy,
								 AGGSPLIT_FINAL_DESERIAL, agg->clause, agg->having, &costs, agg->groups));
	}
}

/*
 * Bytes that the groups will take: keys, accumulators, different values.
 */
static double
expected_memory(Aggregation *agg)
{
	PlannerInfo *root = agg->root;
	List	   *keys = NIL;
	double		bytes = agg->groups * 32;
	ListCell   *cell;

	foreach(cell, agg->target->exprs)
	{
		if (!IsA(lfirst(cell), Aggref))
			keys = lappend(keys, lfirst(cell));
	}
	foreach(cell, agg->target->exprs)
	{
		Node	   *expr = lfirst(cell);
		double		values = agg->groups;

		if (IsA(expr, Aggref))
		{
			bytes += agg->groups * sizeof(FocusAccumulator);
			if (((Aggref *) expr)->aggdistinct == NIL)
				continue;
			expr = (Node *) linitial_node(TargetEntry, ((Aggref *) expr)->args)->expr;
			values = estimate_num_groups(root, list_make1(expr), agg->input_rel->rows, NULL, NULL);
			bytes += 4 * sizeof(uint64) *
				estimate_num_groups(root, lappend(list_copy(keys), expr), agg->input_rel->rows, NULL, NULL);
		}
		bytes += values * (get_typavgwidth(exprType(expr), exprTypmod(expr)) + 48);
	}
	return bytes;
}

/*
 * What is done instead when more memory would be needed than was expected.  It
 * makes the node's target, without HAVING.  The path is not given to add_path(),
 * which might free it.
 */
static Path *
other_path(Aggregation *agg, bool can_be_partial)
{
	PlannerInfo *root = agg->root;
	RelOptInfo *rel = agg->grouped_rel;
	AggClauseCosts costs = {0};
	Path	   *path;

	if (can_be_partial)
	{
		get_agg_clause_costs(root, AGGSPLIT_FINAL_DESERIAL, &costs);
		path = &make_path(agg, fetch_upper_rel(root, UPPERREL_PARTIAL_GROUP_AGG, rel->relids),
						  partial_target(root, agg->target), 0)->path;
		return (Path *) create_agg_path(root, rel, path, agg->target, agg->clause != NIL ? AGG_HASHED : AGG_PLAIN,
										AGGSPLIT_FINAL_DESERIAL, agg->clause, NIL, &costs, agg->groups);
	}

	if (!grouping_is_sortable(agg->clause))
		return NULL;
	get_agg_clause_costs(root, AGGSPLIT_SIMPLE, &costs);
	path = agg->input_rel->cheapest_total_path;
	if (root->group_pathkeys != NIL)
		path = (Path *) create_sort_path(root, rel, path, root->group_pathkeys, -1);
	return (Path *) create_agg_path(root, rel, path, agg->target, agg->clause != NIL ? AGG_SORTED : AGG_PLAIN,
									AGGSPLIT_SIMPLE, agg->clause, NIL, &costs, agg->groups);
}

static PathTarget *
partial_target(PlannerInfo *root, PathTarget *whole)
{
	PathTarget *target = copy_pathtarget(whole);
	ListCell   *cell;

	foreach(cell, target->exprs)
	{
		if (IsA(lfirst(cell), Aggref))
		{
			Aggref	   *aggref = makeNode(Aggref);

			memcpy(aggref, lfirst(cell), sizeof(Aggref));
			mark_partial_aggref(aggref, AGGSPLIT_INITIAL_SERIAL);
			lfirst(cell) = aggref;
		}
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
 * The node reads as the scan node does, so its cost is that of the scan without
 * rows being returned.  target is what the path returns: the query's, of
 * complete groups, or that of partial aggregation.
 */
static CustomPath *
make_path(Aggregation *agg, RelOptInfo *parent, PathTarget *target, int workers)
{
	FocusScanEstimate none = agg->estimate;
	bool		complete = parent == agg->grouped_rel;
	CustomPath *scan;
	CustomPath *path = makeNode(CustomPath);
	double		rows;

	none.outputs = 0;
	scan = focus_scan_make_path(agg->root, agg->rel, create_empty_pathtarget(), &none, workers);
	rows = scan->path.rows;

	path->path.pathtype = T_CustomScan;
	path->path.parent = parent;
	path->path.pathtarget = target;
	path->path.parallel_aware = workers > 0;
	path->path.parallel_safe = agg->rel->consider_parallel;
	path->path.parallel_workers = workers;
	path->path.rows = clamp_row_est(Min(agg->groups, rows));
	path->path.total_cost = scan->path.total_cost - rows * cpu_tuple_cost +
		rows * cpu_operator_cost * (AGGREGATE_COST + KEY_COST) * list_length(agg->target->exprs) +
		path->path.rows * cpu_tuple_cost;
	path->path.startup_cost = path->path.total_cost - path->path.rows * cpu_tuple_cost;
#if PG18_GE
	path->path.disabled_nodes = scan->path.disabled_nodes;
#endif
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(scan);
	path->custom_private = list_make3(makeInteger((int) agg->rel->relid),
									  complete ? agg->target->exprs : NIL, complete ? agg->having : NIL);
	path->methods = &path_methods;
	return path;
}

/*
 * The plan of the scan is there for its quals, which have been put in order.
 * The server looks for all that targets and custom_exprs refer to in
 * custom_scan_tlist: what the node makes, and then the columns of the quals.
 */
static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *custom_plans)
{
	CustomScan *plan = makeNode(CustomScan);
	CustomScan *scan = linitial_node(CustomScan, custom_plans);
	List	   *quals = scan->scan.plan.qual;
	List	   *exprs = lsecond(path->custom_private);
	List	   *semijoin = list_length(path->custom_private) > 3 ? lfourth(path->custom_private) : NIL;
	List	   *levels = list_copy(linitial(scan->custom_private));
	List	   *columns = NIL;
	List	   *outer = NIL;
	int			noutputs;
	ListCell   *cell;

	foreach(cell, exprs)
		columns = lappend(columns, makeTargetEntry(lfirst(cell), list_length(columns) + 1, NULL, false));
	if (exprs == NIL)
		columns = list_copy(tlist);
	noutputs = list_length(columns);
	if (semijoin != NIL)
	{
		outer = list_make1(linitial(semijoin));
		levels = lappend_int(levels, intVal(lfourth(semijoin)));
	}
	foreach(cell, pull_var_clause((Node *) list_make2(quals, outer), 0))
	{
		if (tlist_member(lfirst(cell), columns) == NULL)
			columns = lappend(columns, makeTargetEntry(lfirst(cell), list_length(columns) + 1, NULL, false));
	}
	plan->scan.scanrelid = intVal(linitial(path->custom_private));
	plan->scan.plan.targetlist = tlist;
	plan->flags = path->flags;
	plan->custom_plans = list_copy_tail(custom_plans, 1);
	plan->custom_scan_tlist = columns;
	plan->custom_exprs = list_make3(quals, lthird(path->custom_private), outer);
	plan->custom_private = list_make2(levels, list_make2_int(noutputs, exprs != NIL));
	if (semijoin != NIL)
		plan->custom_private = lappend(lappend(plan->custom_private, lsecond(semijoin)), lthird(semijoin));
	plan->methods = &focus_agg_methods;
	return &plan->scan.plan;
}
