/*-------------------------------------------------------------------------
 *
 * exec_agg_path.c
 *	  Plans with the node for aggregation.
 *
 * In one process, the node returns complete groups, if it is expected that they
 * fit into memory.  Else it returns what core's Agg node returns when it
 * aggregates in part, groups with serialised states of aggregates, and an Agg
 * node above it finishes them.  That is also done where there are several tables
 * (exec_agg_append.c), and below joins (exec_agg_join.c).  The plans compete by
 * cost with those that core has made.
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

#include "columnar/exec_agg_path.h"
#include "compat.h"
#include "guc.h"

/* Work for a row, in units of cpu_operator_cost: of a key, and of an aggregate */
#define KEY_COST			0.1
#define AGGREGATE_COST		0.1

static create_upper_paths_hook_type next_hook = NULL;

static void add_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
					  RelOptInfo *output_rel, void *extra);
static RelOptInfo *find_table(PlannerInfo *root, RelOptInfo *input_rel, FocusSemijoin *semijoin);
static void ask_for_groups(FocusAggQuery *query, GroupPathExtraData *extra);
static void ask_for_distinct(FocusAggQuery *query);
static void add_table_paths(FocusAggQuery *query);
static PathTarget *make_target(PlannerInfo *root, RelOptInfo *grouped_rel, List *having);
static bool is_known(PlannerInfo *root, Node *node, Index relid);
static bool has_system_columns(Node *node, Index relid);
static bool can_tell_apart(const PathTarget *target);
static bool add_complete_path(FocusAggQuery *query);
static void add_semijoin(FocusAggQuery *query, CustomPath *path);
static void add_partial_paths(FocusAggQuery *query);
static bool only_counts_rows(FocusAggQuery *query);
static double expected_memory(FocusAggQuery *query);
static Path *other_path(FocusAggQuery *query);
static Node *choose_subplans(Node *node, void *executions);
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
	focus_agg_join_init();
}

static void
add_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
		  RelOptInfo *grouped_rel, void *extra)
{
	FocusAggQuery query = {root, input_rel};
	FocusSemijoin semijoin;
	bool		has_children;
	bool		above_joins;

	if (next_hook)
		next_hook(root, stage, input_rel, grouped_rel, extra);
#ifndef HAVE_INT128
	return;
#endif
	if ((stage != UPPERREL_GROUP_AGG && stage != UPPERREL_DISTINCT) || !focus_enable_aggregate || !focus_enable_scan)
		return;
	has_children = focus_agg_has_children(root, input_rel);
	above_joins = focus_agg_is_above_joins(root, input_rel);
	query.rel = has_children ? input_rel : find_table(root, input_rel, &semijoin);
	if (query.rel == NULL && !above_joins)
		return;
	query.grouped_rel = grouped_rel;
	if (stage == UPPERREL_GROUP_AGG)
		ask_for_groups(&query, extra);
	else
		ask_for_distinct(&query);
	query.can_be_partial = query.can_be_partial &&
		(query.clause == NIL || (grouping_is_hashable(query.clause) && enable_hashagg));
	query.groups = focus_agg_groups(&query);
	if (above_joins)
		focus_agg_add_join_paths(&query);
	if (has_children)
		focus_agg_add_append_paths(&query);
	else if (query.rel == input_rel)
		add_table_paths(&query);
	else if (query.rel != NULL && is_known(root, semijoin.outer, query.rel->relid))
	{
		query.semijoin = &semijoin;
		query.can_be_partial = false;
		add_table_paths(&query);
	}
}

/*
 * What is GROUP BY, or are aggregates, about?
 */
static void
ask_for_groups(FocusAggQuery *query, GroupPathExtraData *extra)
{
	query->clause = focus_group_clause(query->root);
	query->pathkeys = query->root->group_pathkeys;
	query->having = (List *) extra->havingQual;
	query->target = make_target(query->root, query->grouped_rel, query->having);
	query->result = query->grouped_rel->reltarget;
	query->can_be_partial = (extra->flags & GROUPING_CAN_PARTIAL_AGG) != 0;
}

/*
 * DISTINCT groups by all that it returns.
 */
static void
ask_for_distinct(FocusAggQuery *query)
{
	query->clause = query->root->parse->distinctClause;
	query->pathkeys = query->root->distinct_pathkeys;
	query->target = query->result = query->input_rel->reltarget;
	query->can_be_partial = true;
}

static void
add_table_paths(FocusAggQuery *query)
{
	const char *reason = focus_agg_why_not(query);

	if (reason != NULL)
	{
		focus_scan_explain_why(query->input_rel, reason);
		return;
	}
	focus_scan_estimate(query->root, query->rel, planner_rt_fetch(query->rel->relid, query->root),
						query->target->exprs, &query->estimate);
	if (!add_complete_path(query) && !query->can_be_partial)
		focus_scan_explain_why(query->input_rel, "types without equality or order, several keys with equal values that look different, memory for the groups, or volatile conditions");
	if (query->can_be_partial)
		add_partial_paths(query);
}

/*
 * How many groups will there be of the rows of query->input_rel?
 */
double
focus_agg_groups(FocusAggQuery *query)
{
	List	   *keys = NIL;
	ListCell   *cell;

	foreach(cell, query->target->exprs)
	{
		if (get_pathtarget_sortgroupref(query->target, foreach_current_index(cell)) != 0)
			keys = lappend(keys, lfirst(cell));
	}
	return keys == NIL ? 1 : estimate_num_groups(query->root, keys, query->input_rel->rows, NULL, NULL);
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
const char *
focus_agg_why_not(const FocusAggQuery *query)
{
	PlannerInfo *root = query->root;
	RelOptInfo *rel = query->rel;
	const PathTarget *target = query->target;
	Query	   *parse = root->parse;
	int			nkeys = 0;
	ListCell   *cell;

	if (parse->groupingSets != NIL)
		return "grouping sets";
	if (parse->hasTargetSRFs)
		return "set-returning functions";
	if (root->hasPseudoConstantQuals || rel->lateral_relids != NULL)
		return "conditions that are not about the table";
	if (!parse->hasAggs && query->clause == NIL)
		return "no aggregates";
	if (parse->hasDistinctOn && query->clause == parse->distinctClause)
		return "DISTINCT ON";

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
		else if (IsA(expr, PlaceHolderVar) || !is_known(root, expr, rel->relid) ||
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
add_complete_path(FocusAggQuery *query)
{
	PlannerInfo *root = query->root;
	CustomPath *path;
	Path	   *other;
	QualCost	having;

	/* What is done twice must not be noticed. */
	if (contain_volatile_functions((Node *) extract_actual_clauses(query->rel->baserestrictinfo, false)))
		return false;
	if (query->semijoin != NULL && contain_volatile_functions((Node *) root->parse))
		return false;
	if (!can_tell_apart(query->target))
		return false;
	if (expected_memory(query) > (double) get_hash_memory_limit())
		return false;
	other = other_path(query);
	if (other == NULL)
		return false;

	path = (CustomPath *) focus_agg_make_path(query, query->grouped_rel, query->result, 0);
	path->path.parallel_safe = query->grouped_rel->consider_parallel && other->parallel_safe;
	cost_qual_eval(&having, query->having, root);
	path->path.startup_cost += having.startup;
	path->path.total_cost += having.startup + having.per_tuple * path->path.rows;
	if (query->having != NIL)
		path->path.rows = clamp_row_est(path->path.rows * clauselist_selectivity(root, query->having, 0, JOIN_INNER, NULL));
	path->custom_paths = lappend(path->custom_paths, other);
	if (query->semijoin != NULL)
		add_semijoin(query, path);
	add_path(query->grouped_rel, &path->path);
	return true;
}

/*
 * Puts the other side of a join below the node.
 */
static void
add_semijoin(FocusAggQuery *query, CustomPath *path)
{
	FocusSemijoin *semijoin = query->semijoin;
	Param	   *param = SS_make_initplan_output_param(query->root, get_array_type(semijoin->type), -1,
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
add_partial_paths(FocusAggQuery *query)
{
	RelOptInfo *grouped_rel = query->grouped_rel;
	RelOptInfo *partial_rel = fetch_upper_rel(query->root, UPPERREL_PARTIAL_GROUP_AGG, grouped_rel->relids);
	PathTarget *target = focus_agg_partial_target(query->root, query->target);
	Path	   *path = focus_agg_make_path(query, partial_rel, target, 0);
	int			workers = 0;

	add_path(grouped_rel, focus_agg_finish(query, path, query->result, query->having));

	if (grouped_rel->consider_parallel && query->rel->consider_parallel)
		workers = focus_scan_workers(query->rel);
	if (workers > 0)
	{
		path = focus_agg_gather(query, focus_agg_make_path(query, partial_rel, target, workers));
		add_path(grouped_rel, focus_agg_finish(query, path, query->result, query->having));
	}
}

/*
 * Collects what path returns in each process.
 */
Path *
focus_agg_gather(FocusAggQuery *query, Path *path)
{
	RelOptInfo *partial_rel = fetch_upper_rel(query->root, UPPERREL_PARTIAL_GROUP_AGG, query->grouped_rel->relids);
	double		rows = path->rows * (path->parallel_workers + 1);

	return (Path *) create_gather_path(query->root, partial_rel, path, path->pathtarget, NULL, &rows);
}

/*
 * Core's Agg node over states
 */
Path *
focus_agg_finish(FocusAggQuery *query, Path *path, PathTarget *target, List *having)
{
	AggClauseCosts costs = {0};

	get_agg_clause_costs(query->root, AGGSPLIT_FINAL_DESERIAL, &costs);
	return (Path *) create_agg_path(query->root, query->grouped_rel, path, target,
									query->clause != NIL ? AGG_HASHED : AGG_PLAIN, AGGSPLIT_FINAL_DESERIAL,
									query->clause, having, &costs, query->groups);
}

/*
 * Bytes that the groups will take: keys, accumulators, different values.
 */
static double
expected_memory(FocusAggQuery *query)
{
	PlannerInfo *root = query->root;
	List	   *keys = NIL;
	double		bytes = query->groups * 32;
	ListCell   *cell;

	foreach(cell, query->target->exprs)
	{
		if (!IsA(lfirst(cell), Aggref))
			keys = lappend(keys, lfirst(cell));
	}
	foreach(cell, query->target->exprs)
	{
		Node	   *expr = lfirst(cell);
		double		values = query->groups;

		if (IsA(expr, Aggref))
		{
			bytes += query->groups * sizeof(FocusAccumulator);
			if (((Aggref *) expr)->aggdistinct == NIL)
				continue;
			expr = (Node *) linitial_node(TargetEntry, ((Aggref *) expr)->args)->expr;
			values = estimate_num_groups(root, list_make1(expr), query->input_rel->rows, NULL, NULL);
			bytes += 4 * sizeof(uint64) *
				estimate_num_groups(root, lappend(list_copy(keys), expr), query->input_rel->rows, NULL, NULL);
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
other_path(FocusAggQuery *query)
{
	PlannerInfo *root = query->root;
	RelOptInfo *rel = query->grouped_rel;
	AggClauseCosts costs = {0};
	Path	   *path;

	if (query->can_be_partial)
	{
		path = focus_agg_make_path(query, fetch_upper_rel(root, UPPERREL_PARTIAL_GROUP_AGG, rel->relids),
								   focus_agg_partial_target(root, query->target), 0);
		return focus_agg_finish(query, path, query->target, NIL);
	}

	if (!grouping_is_sortable(query->clause))
		return NULL;
	get_agg_clause_costs(root, AGGSPLIT_SIMPLE, &costs);
	path = query->input_rel->cheapest_total_path;
	if (query->pathkeys != NIL)
		path = (Path *) create_sort_path(root, rel, path, query->pathkeys, -1);
	return (Path *) create_agg_path(root, rel, path, query->target, query->clause != NIL ? AGG_SORTED : AGG_PLAIN,
									AGGSPLIT_SIMPLE, query->clause, NIL, &costs, query->groups);
}

PathTarget *
focus_agg_partial_target(PlannerInfo *root, PathTarget *whole)
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
 * Row groups are not looked at where only the number of their rows is wanted.
 */
static bool
only_counts_rows(FocusAggQuery *query)
{
	ListCell   *cell;

	if (query->rel->baserestrictinfo != NIL || query->semijoin != NULL)
		return false;
	foreach(cell, query->target->exprs)
	{
		if (!IsA(lfirst(cell), Aggref) || !lfirst_node(Aggref, cell)->aggstar ||
			lfirst_node(Aggref, cell)->aggfilter != NULL)
			return false;
	}
	return true;
}

/*
 * The node reads as the scan node does, so its cost is that of the scan without
 * rows being returned.  target is what the path returns: the query's, of
 * complete groups, or that of partial aggregation.
 */
Path *
focus_agg_make_path(FocusAggQuery *query, RelOptInfo *parent, PathTarget *target, int workers)
{
	FocusScanEstimate none = query->estimate;
	bool		complete = parent == query->grouped_rel;
	CustomPath *scan;
	CustomPath *path = makeNode(CustomPath);
	double		rows;

	none.outputs = 0;
	scan = focus_scan_make_path(query->root, query->rel, create_empty_pathtarget(), &none, workers);
	rows = scan->path.rows;

	path->path.pathtype = T_CustomScan;
	path->path.parent = parent;
	path->path.pathtarget = target;
	path->path.parallel_aware = workers > 0;
	path->path.parallel_safe = query->rel->consider_parallel;
	path->path.parallel_workers = workers;
	path->path.rows = clamp_row_est(Min(query->groups, rows));
	path->path.total_cost = scan->path.total_cost - rows * cpu_tuple_cost + path->path.rows * cpu_tuple_cost;
	if (!only_counts_rows(query))
		path->path.total_cost += rows * cpu_operator_cost * (AGGREGATE_COST + KEY_COST) *
			list_length(query->target->exprs);
	path->path.startup_cost = path->path.total_cost - path->path.rows * cpu_tuple_cost;
#if PG18_GE
	path->path.disabled_nodes = scan->path.disabled_nodes;
#endif
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(scan);
	path->custom_private = list_make3(makeInteger((int) query->rel->relid),
									  complete ? query->target->exprs : NIL, complete ? query->having : NIL);
	path->methods = &path_methods;
	return &path->path;
}

/*
 * Leaves the cheapest of the plans that there are for a subquery in the filter.
 * The server would choose for the groups that the node returns, while a filter
 * is applied to rows.
 */
static Node *
choose_subplans(Node *node, void *executions)
{
	AlternativeSubPlan *alternatives = (AlternativeSubPlan *) node;
	AlternativeSubPlan *result;
	SubPlan    *best = NULL;
	ListCell   *cell;

	if (node == NULL || !IsA(node, AlternativeSubPlan))
		return node == NULL ? NULL : expression_tree_mutator(node, choose_subplans, executions);
	foreach(cell, alternatives->subplans)
	{
		SubPlan    *subplan = lfirst_node(SubPlan, cell);

		if (best == NULL || subplan->startup_cost + *(double *) executions * subplan->per_call_cost <=
			best->startup_cost + *(double *) executions * best->per_call_cost)
			best = subplan;
	}
	result = makeNode(AlternativeSubPlan);
	result->subplans = list_make1(best);
	return (Node *) result;
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
	double		executions = scan->scan.plan.plan_rows * 2; /* as the server has it for scans */
	List	   *quals = (List *) choose_subplans((Node *) scan->scan.plan.qual, &executions);
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
	foreach(cell, pull_var_clause((Node *) list_make2(quals, outer), PVC_RECURSE_PLACEHOLDERS))
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
