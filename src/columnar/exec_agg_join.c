/*-------------------------------------------------------------------------
 *
 * exec_agg_join.c
 *	  Plans that aggregate a table before it is joined.
 *
 * Rows of a table that agree in all that joins, keys of groups and the rest of
 * the query see of them are joined to the same rows of other tables.  So they
 * can be aggregated first, into groups with states, which are joined in their
 * place; an Agg node above the joins puts states together.  A state that is
 * joined to several rows is counted several times, as its rows would be, and one
 * that is joined to none is not counted.
 *
 * The joins are core's.  While it searches for the best order, it tells us each
 * pair of relations that may be joined, and how.  The pairs with our table are
 * gone through a second time, with a copy of each relation that has the states
 * instead of the columns they are made of.
 *
 * What is done before a join is done for rows that the join might remove.  So
 * nothing is evaluated there that could fail because of a row.  An expression
 * that could is left to be evaluated above, and its columns are keys.
 *
 * The table has to be on a side of which a join keeps rows as they are: a row
 * of nulls that an outer join makes up has no state.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "columnar/exec_agg_path.h"
#include "columnar/exec_filter.h"
#include "compat.h"
#include "guc.h"

/* Work for a state that is returned, in units of cpu_tuple_cost */
#define STATE_COST		1.0

/* A way to make a join relation of two relations */
typedef struct Pair
{
	RelOptInfo *joinrel;
	RelOptInfo *outer;
	RelOptInfo *inner;
	JoinType	jointype;
	SpecialJoinInfo sjinfo;
	List	   *clauses;
} Pair;

/* Of the query that is being planned: its pairs, and its tables of ours */
static PlannerInfo *pairs_root = NULL;
static List *pairs = NIL;
static Bitmapset *candidates = NULL;

static set_join_pathlist_hook_type next_hook = NULL;

/* What is aggregated before the joins */
typedef struct Below
{
	FocusAggQuery query;		/* about the table alone */
	PathTarget *states;			/* its keys, and states */
	List	   *rels;			/* of the planner */
	List	   *copies;			/* of those, with states */
} Below;

static void note_pair(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
					  JoinType jointype, JoinPathExtraData *extra);
static void begin_query(PlannerInfo *root);
static void add_paths(FocusAggQuery *query, RelOptInfo *rel);
static const char *make_below(FocusAggQuery *query, Below *below);
static double estimate_groups(FocusAggQuery *query, Below *below);
static const char *add_aggregate(Below *below, Aggref *aggref);
static bool add_keys(Node *node, Below *below);
static List *keys_of(Below *below);
static bool function_may_fail(Oid function, void *context);
static bool keeps_rows(const Pair *pair, Index relid);
static RelOptInfo *copy_table(Below *below);
static Path *table_path(FocusAggQuery *query, RelOptInfo *copy, int workers);
static RelOptInfo *finished_copy(Below *below, RelOptInfo *rel);
static void join_copy(FocusAggQuery *query, Below *below, Pair *pair);
static RelOptInfo *copy_joinrel(FocusAggQuery *query, Below *below, RelOptInfo *joinrel);
static List *usable_paths(Below *below, List *paths);

void
focus_agg_join_init(void)
{
	next_hook = set_join_pathlist_hook;
	set_join_pathlist_hook = note_pair;
}

/*
 * Not where join relations come and go, which is what GEQO does.
 */
static void
note_pair(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
		  JoinType jointype, JoinPathExtraData *extra)
{
	Query	   *parse = root->parse;
	MemoryContext caller;
	Pair	   *pair;

	if (next_hook)
		next_hook(root, joinrel, outer, inner, jointype, extra);
	if (!focus_enable_aggregate_below_join || !focus_enable_aggregate || !focus_enable_scan ||
		(!parse->hasAggs && parse->groupClause == NIL && parse->distinctClause == NIL) ||
		root->join_search_private != NULL || root->hasLateralRTEs || root->placeholder_list != NIL)
		return;
	if (root != pairs_root)
		begin_query(root);

	/* Copies of ours are joined by the same functions. */
	if (!bms_overlap(joinrel->relids, candidates) || find_join_rel(root, joinrel->relids) != joinrel)
		return;

	caller = MemoryContextSwitchTo(root->planner_cxt);
	pair = palloc(sizeof(Pair));
	pair->joinrel = joinrel;
	pair->outer = outer;
	pair->inner = inner;
	pair->jointype = jointype;
	pair->sjinfo = *extra->sjinfo;	/* that of an inner join is on the stack */
	pair->clauses = extra->restrictlist;
	pairs = lappend(pairs, pair);
	MemoryContextSwitchTo(caller);
}

static void
forget_query(void *root)
{
	if (root != pairs_root)
		return;
	pairs_root = NULL;
	pairs = NIL;
	candidates = NULL;
}

/*
 * Subqueries have been planned by the time that relations are joined.
 */
static void
begin_query(PlannerInfo *root)
{
	MemoryContext caller = MemoryContextSwitchTo(root->planner_cxt);
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	int			relid;

	callback->func = forget_query;
	callback->arg = root;
	MemoryContextRegisterResetCallback(root->planner_cxt, callback);

	pairs_root = root;
	pairs = NIL;
	candidates = NULL;
	for (relid = 1; relid < root->simple_rel_array_size; relid++)
	{
		RelOptInfo *rel = root->simple_rel_array[relid];

		if (rel != NULL && rel->reloptkind == RELOPT_BASEREL &&
			focus_scan_is_candidate(rel, planner_rt_fetch(relid, root)))
			candidates = bms_add_member(candidates, relid);
	}
	MemoryContextSwitchTo(caller);
}

bool
focus_agg_is_above_joins(PlannerInfo *root, RelOptInfo *input_rel)
{
	return input_rel->reloptkind == RELOPT_JOINREL && root == pairs_root &&
		bms_overlap(input_rel->relids, candidates);
}

/*
 * Is there a join that keeps the table's rows?
 */
static bool
is_kept(Index relid)
{
	ListCell   *cell;

	foreach(cell, pairs)
		if (keeps_rows(lfirst(cell), relid))
			return true;
	return false;
}

/*
 * Each table of ours might be the one.
 */
void
focus_agg_add_join_paths(FocusAggQuery *query)
{
	int			relid = -1;

	while ((relid = bms_next_member(candidates, relid)) >= 0)
		if (bms_is_member(relid, query->input_rel->relids) && is_kept(relid))
			add_paths(query, find_base_rel(query->root, relid));
}

static void
add_paths(FocusAggQuery *query, RelOptInfo *rel)
{
	PlannerInfo *root = query->root;
	Below		below = {*query};
	RelOptInfo *top;
	const char *reason;
	ListCell   *cell;

	below.query.input_rel = below.query.rel = rel;
	below.query.semijoin = NULL;
	below.query.target = create_empty_pathtarget();
	reason = make_below(query, &below);
	if (reason != NULL)
	{
		focus_scan_explain_why(rel, reason);
		return;
	}
	focus_scan_estimate(root, rel, planner_rt_fetch(rel->relid, root), below.query.target->exprs, &below.query.estimate);
	below.rels = list_make1(rel);
	below.copies = list_make1(copy_table(&below));
	foreach(cell, pairs)
		join_copy(query, &below, lfirst(cell));

	top = finished_copy(&below, query->input_rel);
	if (top == NULL || PATH_REQ_OUTER(top->cheapest_total_path) != NULL)
		return;
	add_path(query->grouped_rel, focus_agg_finish(query, top->cheapest_total_path, query->result, query->having));
	if (query->grouped_rel->consider_parallel && top->partial_pathlist != NIL)
		add_path(query->grouped_rel, focus_agg_finish(query, focus_agg_gather(query, linitial(top->partial_pathlist)),
													  query->result, query->having));
}

/*
 * Finds keys and aggregates; tells why that cannot be.
 */
static const char *
make_below(FocusAggQuery *query, Below *below)
{
	FocusAggQuery *part = &below->query;
	const char *reason;
	ListCell   *cell;
	ListCell   *clause;

	if (!query->can_be_partial)
		return "DISTINCT in an aggregate, or keys that are not hashed, above a join";
	foreach(cell, pairs)
	{
		Pair	   *pair = lfirst(cell);

		if (!keeps_rows(pair, part->rel->relid))
			continue;
		foreach(clause, pair->clauses)
		{
			Node	   *node = (Node *) lfirst_node(RestrictInfo, clause)->clause;

			if (contain_volatile_functions(node) || contain_subplans(node))
				return "condition of a join";
			(void) add_keys(node, below);
		}
	}
	foreach(cell, query->target->exprs)
	{
		Node	   *node = lfirst(cell);

		if (IsA(node, Aggref))
			continue;
		if (contain_volatile_functions(node) || contain_subplans(node))
			return "group key";
		(void) add_keys(node, below);
	}
	foreach(cell, query->target->exprs)
	{
		reason = IsA(lfirst(cell), Aggref) ? add_aggregate(below, lfirst(cell)) : NULL;
		if (reason != NULL)
			return reason;
	}
	if (keys_of(below) == NIL)
	{
		/* Without keys there would be a state even if there were no rows. */
		foreach(cell, part->rel->baserestrictinfo)
			(void) add_keys((Node *) lfirst_node(RestrictInfo, cell)->clause, below);
		if (keys_of(below) == NIL)
			return "a join without conditions";
	}
	part->groups = estimate_groups(query, below);
	return focus_agg_why_not(part);
}

/*
 * The server does not expect that several keys make nearly as many groups as
 * there are rows.  But the groups that are left above are no more than those
 * below, each as often as a join multiplies its rows.
 */
static double
estimate_groups(FocusAggQuery *query, Below *below)
{
	double		rows = below->query.rel->rows;
	double		groups = estimate_num_groups(query->root, keys_of(below), rows, NULL, NULL);

	groups = Max(groups, query->groups * rows / Max(query->input_rel->rows, 1));
	return clamp_row_est(Min(groups, rows));
}

/*
 * Adding up does not fail either, but where a label may be wrong, or where
 * there are several and one is asked for.  Rows with one label each do not mix.
 */
static const char *
add_aggregate(Below *below, Aggref *aggref)
{
	const FocusAggSums *sums = focus_agg_sums_of(aggref->aggfnoid);

	if (focus_expr_may_fail((Node *) aggref->args, function_may_fail) ||
		focus_expr_may_fail((Node *) aggref->aggfilter, function_may_fail) ||
		(sums != NULL && sums->label_of >= 0 && !sums->one_label))
		return psprintf("what could fail in aggregate %s, above a join", get_func_name(aggref->aggfnoid));
	if (sums != NULL && sums->label_of >= 0)
		(void) add_keys(list_nth(aggref->args, sums->nsums), below);
	add_new_column_to_pathtarget(below->query.target, (Expr *) aggref);
	return NULL;
}

/*
 * Expressions over the table that cannot fail, as large as they can be, and the
 * columns of the others.  A part of CASE may refer to a value that only the
 * whole of it knows.
 */
static bool
add_keys(Node *node, Below *below)
{
	FocusAggQuery *query = &below->query;

	if (node == NULL || IsA(node, Aggref))
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
			if (((Var *) node)->varno == query->rel->relid)
				add_new_column_to_pathtarget(query->target, (Expr *) node);
			return false;
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_CoalesceExpr:
		case T_CaseExpr:
		case T_SubscriptingRef:
			if (bms_equal(pull_varnos(query->root, node), query->rel->relids) &&
				!focus_expr_may_fail(node, function_may_fail))
			{
				add_new_column_to_pathtarget(query->target, (Expr *) node);
				return false;
			}
			break;
		default:
			break;
	}
	return expression_tree_walker(node, add_keys, below);
}

static List *
keys_of(Below *below)
{
	List	   *keys = NIL;
	ListCell   *cell;

	foreach(cell, below->query.target->exprs)
		if (!IsA(lfirst(cell), Aggref))
			keys = lappend(keys, lfirst(cell));
	return keys;
}

/*
 * Those listed fail for no value that could be a cost, a date, or text in a bill, if
 * at all: a numeric overflows behind its 131072nd digit.
 */
static bool
function_may_fail(Oid function, void *context)
{
	switch (function)
	{
		case F_ABS_NUMERIC:
		case F_BTRIM_TEXT:
		case F_DATE_TIMESTAMP:
		case F_DATE_TIMESTAMPTZ:
		case F_DATE_TRUNC_TEXT_TIMESTAMP:
		case F_DATE_TRUNC_TEXT_TIMESTAMPTZ:
		case F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT:
		case F_JSONB_CONTAINS:
		case F_JSONB_EXISTS:
		case F_JSONB_OBJECT_FIELD:
		case F_JSONB_OBJECT_FIELD_TEXT:
		case F_LOWER_TEXT:
		case F_NUMERIC_ADD:
		case F_NUMERIC_EQ:
		case F_NUMERIC_GE:
		case F_NUMERIC_GT:
		case F_NUMERIC_INT2:
		case F_NUMERIC_INT4:
		case F_NUMERIC_INT8:
		case F_NUMERIC_LE:
		case F_NUMERIC_LT:
		case F_NUMERIC_MUL:
		case F_NUMERIC_NE:
		case F_NUMERIC_SUB:
		case F_NUMERIC_UMINUS:
		case F_TEXTCAT:
		case F_TEXTLIKE:
		case F_TEXTNLIKE:
		case F_UPPER_TEXT:
			return false;
		default:
			return !get_func_leakproof(function);
	}
}

/*
 * Is the table on a side of which the join keeps rows, or leaves some out, as
 * their keys want it?
 */
static bool
keeps_rows(const Pair *pair, Index relid)
{
	bool		is_outer = bms_is_member(relid, pair->outer->relids);

	if (!is_outer && !bms_is_member(relid, pair->inner->relids))
		return false;
	switch (pair->jointype)
	{
		case JOIN_INNER:
			return true;
		case JOIN_LEFT:
		case JOIN_SEMI:
		case JOIN_ANTI:
		case JOIN_UNIQUE_INNER:
			return is_outer;
		case JOIN_RIGHT:
		case JOIN_UNIQUE_OUTER:
#if PG16_GE
		case JOIN_RIGHT_ANTI:
#endif
#if PG18_GE
		case JOIN_RIGHT_SEMI:
#endif
			return !is_outer;
		default:
			return false;
	}
}

static RelOptInfo *
copy_rel(RelOptInfo *rel)
{
	RelOptInfo *copy = makeNode(RelOptInfo);

	*copy = *rel;
	copy->pathlist = NIL;
	copy->ppilist = NIL;
	copy->partial_pathlist = NIL;
	copy->cheapest_startup_path = NULL;
	copy->cheapest_total_path = NULL;
	copy->cheapest_unique_path = NULL;
	copy->cheapest_parameterized_paths = NIL;
	copy->unique_for_rels = NIL;
	copy->non_unique_for_rels = NIL;
	return copy;
}

/*
 * Paths of the node, in one process and in several.
 */
static RelOptInfo *
copy_table(Below *below)
{
	FocusAggQuery *query = &below->query;
	RelOptInfo *copy = copy_rel(query->rel);
	int			workers = 0;

	below->states = focus_agg_partial_target(query->root, query->target);
	copy->reltarget = below->states;
	copy->rows = clamp_row_est(query->groups);
	copy->indexlist = NIL;		/* which tell what is unique */
	copy->consider_parallel = copy->consider_parallel && query->grouped_rel->consider_parallel;
	add_path(copy, table_path(query, copy, 0));
	if (copy->consider_parallel)
		workers = focus_scan_workers(query->rel);
	if (workers > 0)
		add_partial_path(copy, table_path(query, copy, workers));
	return copy;
}

/*
 * States have to be made, and read again.
 */
static Path *
table_path(FocusAggQuery *query, RelOptInfo *copy, int workers)
{
	Path	   *path = focus_agg_make_path(query, copy, copy->reltarget, workers);

	path->total_cost += STATE_COST * cpu_tuple_cost * path->rows;
	return path;
}

static RelOptInfo *
find_copy(Below *below, RelOptInfo *rel)
{
	ListCell   *cell;

	foreach(cell, below->rels)
		if (lfirst(cell) == rel)
			return list_nth(below->copies, foreach_current_index(cell));
	return NULL;
}

/*
 * A relation with states, ready to be used; NULL if there is none.
 */
static RelOptInfo *
finished_copy(Below *below, RelOptInfo *rel)
{
	RelOptInfo *copy = find_copy(below, rel);

	if (copy == NULL || copy->pathlist == NIL)
		return NULL;
	if (copy->cheapest_total_path == NULL)
		set_cheapest(copy);
	return copy;
}

/*
 * Pairs come in the order in which core makes relations of them.
 */
static void
join_copy(FocusAggQuery *query, Below *below, Pair *pair)
{
	Index		relid = below->query.rel->relid;
	bool		is_outer = bms_is_member(relid, pair->outer->relids);
	RelOptInfo *mine;
	RelOptInfo *other = is_outer ? pair->inner : pair->outer;
	RelOptInfo *joinrel;
	List	   *paths = other->pathlist;
	List	   *parameterized = other->cheapest_parameterized_paths;

	if (!keeps_rows(pair, relid))
		return;
	mine = finished_copy(below, is_outer ? pair->outer : pair->inner);
	if (mine == NULL)
		return;
	joinrel = find_copy(below, pair->joinrel);
	if (joinrel == NULL)
		joinrel = copy_joinrel(query, below, pair->joinrel);
	other->pathlist = usable_paths(below, paths);
	other->cheapest_parameterized_paths = usable_paths(below, parameterized);
	add_paths_to_joinrel(query->root, joinrel, is_outer ? mine : other, is_outer ? other : mine,
						 pair->jointype, &pair->sjinfo, pair->clauses);
	other->pathlist = paths;
	other->cheapest_parameterized_paths = parameterized;
}

/*
 * The last join returns what is grouped by, and states.  Others return what
 * core wants of other tables.
 */
static RelOptInfo *
copy_joinrel(FocusAggQuery *query, Below *below, RelOptInfo *joinrel)
{
	PlannerInfo *root = query->root;
	RelOptInfo *table = below->query.rel;
	RelOptInfo *copy = copy_rel(joinrel);
	ListCell   *cell;

	copy->rows = clamp_row_est(joinrel->rows * below->query.groups / Max(table->rows, 1));
	copy->consider_parallel = copy->consider_parallel && query->grouped_rel->consider_parallel;
	if (joinrel == query->input_rel)
		copy->reltarget = focus_agg_partial_target(root, query->target);
	else
	{
		copy->reltarget = copy_pathtarget(below->states);
		foreach(cell, joinrel->reltarget->exprs)
			if (!bms_is_member(table->relid, pull_varnos(root, lfirst(cell))))
				add_new_column_to_pathtarget(copy->reltarget, lfirst(cell));
		set_pathtarget_cost_width(root, copy->reltarget);
	}
	below->rels = lappend(below->rels, joinrel);
	below->copies = lappend(below->copies, copy);
	return copy;
}

/*
 * Does a path, of an index for example, need columns of the table that are only
 * within the keys?
 */
static bool
needs_columns(Below *below, Path *path)
{
	Index		relid = below->query.rel->relid;
	ListCell   *cell;
	ListCell   *var;

	if (!bms_is_member(relid, PATH_REQ_OUTER(path)))
		return false;
	if (path->parent->reloptkind != RELOPT_BASEREL)
		return true;
	foreach(cell, path->param_info->ppi_clauses)
	{
		foreach(var, pull_var_clause((Node *) lfirst_node(RestrictInfo, cell)->clause, PVC_RECURSE_PLACEHOLDERS))
			if (lfirst_node(Var, var)->varno == relid && !list_member(below->query.target->exprs, lfirst(var)))
				return true;
	}
	return false;
}

static List *
usable_paths(Below *below, List *paths)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, paths)
		if (!needs_columns(below, lfirst(cell)))
			result = lappend(result, lfirst(cell));
	return result;
}
