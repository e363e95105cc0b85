/*-------------------------------------------------------------------------
 *
 * exec_agg_append.c
 *	  Plans that aggregate several tables: partitions, tables with children, and
 *	  the parts of UNION ALL.
 *
 * Each table, or leaf, is aggregated in part: one of ours by the node, if it
 * can; all others by core's Agg node over the cheapest scan.  An Append node
 * collects groups with states, and an Agg node above it finishes them.  Core
 * makes plans of this shape for partitions where
 * enable_partitionwise_aggregate is on.
 *
 * Expressions are translated for each leaf, where columns may have other
 * numbers, or be expressions.  The paths belong to the leaves, and that of the
 * Append node to the parent, so that core can prune partitions when the plan is
 * run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/prep.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "port/pg_bitutils.h"

#include "columnar/exec_agg_path.h"
#include "compat.h"

typedef struct Leaf
{
	FocusAggQuery query;		/* as translated */
	PathTarget *partial;		/* with states */
	bool		by_node;
} Leaf;

static List *find_leaves(FocusAggQuery *query);
static Leaf *make_leaf(FocusAggQuery *query, RelOptInfo *rel);
static const char *why_not(const FocusAggQuery *query);
static PathTarget *translate(FocusAggQuery *query, RelOptInfo *rel, PathTarget *target);
static Path *whole_path(FocusAggQuery *query, Leaf *leaf);
static Path *parallel_path(FocusAggQuery *query, Leaf *leaf);
static Path *aggregate_by_core(FocusAggQuery *query, Leaf *leaf, Path *path);
static void add_serial_path(FocusAggQuery *query, List *leaves);
static void add_parallel_path(FocusAggQuery *query, List *leaves);
static void add_finished(FocusAggQuery *query, AppendPath *append);

/*
 * Does a base relation stand for several tables?
 */
bool
focus_agg_has_children(PlannerInfo *root, RelOptInfo *rel)
{
	return rel->reloptkind == RELOPT_BASEREL && planner_rt_fetch(rel->relid, root)->inh && !IS_DUMMY_REL(rel);
}

/*
 * query->rel has children.
 */
void
focus_agg_add_append_paths(FocusAggQuery *query)
{
	List	   *leaves = find_leaves(query);
	bool		by_node = false;
	ListCell   *cell;

	foreach(cell, leaves)
		by_node = by_node || ((Leaf *) lfirst(cell))->by_node;
	if (!by_node)
		return;
	add_serial_path(query, leaves);
	if (query->grouped_rel->consider_parallel && query->rel->consider_parallel &&
		max_parallel_workers_per_gather > 0)
		add_parallel_path(query, leaves);
}

/*
 * Of a table that has been excluded, what is below it has no paths.
 */
static List *
find_leaves(FocusAggQuery *query)
{
	PlannerInfo *root = query->root;
	List	   *result = NIL;
	int			relid;

	for (relid = 1; relid < root->simple_rel_array_size; relid++)
	{
		RelOptInfo *rel = root->simple_rel_array[relid];

		if (rel != NULL && rel->reloptkind == RELOPT_OTHER_MEMBER_REL && !planner_rt_fetch(relid, root)->inh &&
			bms_equal(rel->top_parent_relids, query->rel->relids) &&
			rel->cheapest_total_path != NULL && !IS_DUMMY_REL(rel))
			result = lappend(result, make_leaf(query, rel));
	}
	return result;
}

static Leaf *
make_leaf(FocusAggQuery *query, RelOptInfo *rel)
{
	Leaf	   *leaf = palloc0(sizeof(Leaf));
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, query->root);

	leaf->query = *query;
	leaf->query.input_rel = leaf->query.rel = rel;
	leaf->query.target = translate(query, rel, query->target);
	leaf->query.groups = focus_agg_groups(&leaf->query);
	leaf->partial = focus_agg_partial_target(query->root, leaf->query.target);
	if (focus_scan_is_candidate(rel, rte))
	{
		const char *reason = why_not(&leaf->query);

		leaf->by_node = reason == NULL;
		if (leaf->by_node)
			focus_scan_estimate(query->root, rel, rte, leaf->query.target->exprs, &leaf->query.estimate);
		else
			focus_scan_explain_why(rel, reason);
	}
	return leaf;
}

static const char *
why_not(const FocusAggQuery *query)
{
	const char *reason = focus_agg_why_not(query);

	if (reason == NULL && !query->can_be_partial)
		reason = "DISTINCT in an aggregate, or keys that are not hashed, over several tables";
	return reason;
}

static PathTarget *
translate(FocusAggQuery *query, RelOptInfo *rel, PathTarget *target)
{
	PathTarget *result = copy_pathtarget(target);

	result->exprs = (List *)
		focus_adjust_appendrel_attrs_multilevel(query->root, (Node *) target->exprs, rel, query->rel);
	return result;
}

static Path *
whole_path(FocusAggQuery *query, Leaf *leaf)
{
	if (leaf->by_node)
		return focus_agg_make_path(&leaf->query, leaf->query.rel, leaf->partial, 0);
	return aggregate_by_core(query, leaf, leaf->query.rel->cheapest_total_path);
}

/*
 * What several processes can do together; NULL if they cannot.
 */
static Path *
parallel_path(FocusAggQuery *query, Leaf *leaf)
{
	RelOptInfo *rel = leaf->query.rel;
	int			workers;

	if (!rel->consider_parallel)
		return NULL;
	if (!leaf->by_node)
		return rel->partial_pathlist == NIL ? NULL : aggregate_by_core(query, leaf, linitial(rel->partial_pathlist));
	workers = focus_scan_workers(rel);
	return workers == 0 ? NULL : focus_agg_make_path(&leaf->query, rel, leaf->partial, workers);
}

/*
 * Paths of a leaf may, or may not, have the input of the aggregation as their
 * target already.
 */
static Path *
aggregate_by_core(FocusAggQuery *query, Leaf *leaf, Path *path)
{
	PlannerInfo *root = query->root;
	RelOptInfo *rel = leaf->query.rel;
	AggClauseCosts costs = {0};

	path = (Path *) create_projection_path(root, rel, path, translate(query, rel, query->rel->reltarget));
	get_agg_clause_costs(root, AGGSPLIT_INITIAL_SERIAL, &costs);
	return (Path *) create_agg_path(root, rel, path, leaf->partial, query->clause != NIL ? AGG_HASHED : AGG_PLAIN,
									AGGSPLIT_INITIAL_SERIAL, query->clause, NIL, &costs, leaf->query.groups);
}

static void
add_serial_path(FocusAggQuery *query, List *leaves)
{
	List	   *paths = NIL;
	ListCell   *cell;

	foreach(cell, leaves)
		paths = lappend(paths, whole_path(query, lfirst(cell)));
	add_finished(query, create_append_path(query->root, query->rel, paths, NIL, NIL, NULL, 0, false, -1));
}

/*
 * A leaf that several processes cannot read together is read by one of them,
 * while others read others.
 */
static void
add_parallel_path(FocusAggQuery *query, List *leaves)
{
	List	   *wholes = NIL;
	List	   *parallels = NIL;
	int			workers = enable_parallel_append ? pg_leftmost_one_pos32(list_length(leaves)) + 1 : 0;
	ListCell   *cell;

	foreach(cell, leaves)
	{
		Path	   *path = parallel_path(query, lfirst(cell));

		if (path != NULL)
		{
			parallels = lappend(parallels, path);
			workers = Max(workers, path->parallel_workers);
			continue;
		}
		path = whole_path(query, lfirst(cell));
		if (!enable_parallel_append || !path->parallel_safe)
			return;
		wholes = lappend(wholes, path);
	}
	workers = Min(workers, max_parallel_workers_per_gather);
	add_finished(query, create_append_path(query->root, query->rel, wholes, parallels, NIL, NULL, workers,
										   enable_parallel_append, -1));
}

static void
add_finished(FocusAggQuery *query, AppendPath *append)
{
	Path	   *path = &append->path;

	path->pathtarget = focus_agg_partial_target(query->root, query->target);
	if (path->parallel_workers > 0)
		path = focus_agg_gather(query, path);
	add_path(query->grouped_rel, focus_agg_finish(query, path, query->result, query->having));
}
