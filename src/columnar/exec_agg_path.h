/*-------------------------------------------------------------------------
 *
 * exec_agg_path.h
 *	  Plans with the node for aggregation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_EXEC_AGG_PATH_H
#define FOCUS_EXEC_AGG_PATH_H

#include "columnar/exec_agg.h"

/* A query, or its part for one table, that the node could aggregate */
typedef struct FocusAggQuery
{
	PlannerInfo *root;
	RelOptInfo *input_rel;		/* the table, or the join */
	RelOptInfo *rel;			/* the table */
	FocusSemijoin *semijoin;	/* NULL if there is no join */
	RelOptInfo *grouped_rel;
	List	   *clause;			/* of groups */
	List	   *pathkeys;		/* that sort by it */
	List	   *having;
	PathTarget *target;			/* keys, and aggregates as they are in the query */
	PathTarget *result;			/* what is made of them */
	bool		can_be_partial; /* states can be returned, and finished */
	FocusScanEstimate estimate;
	double		groups;
} FocusAggQuery;

/* exec_agg_path.c */
extern const char *focus_agg_why_not(const FocusAggQuery *query);
extern double focus_agg_groups(FocusAggQuery *query);
extern PathTarget *focus_agg_partial_target(PlannerInfo *root, PathTarget *whole);
extern Path *focus_agg_make_path(FocusAggQuery *query, RelOptInfo *parent, PathTarget *target,
								 int workers);
extern Path *focus_agg_gather(FocusAggQuery *query, Path *path);
extern Path *focus_agg_finish(FocusAggQuery *query, Path *path, PathTarget *target, List *having);

/* exec_agg_append.c */
extern bool focus_agg_has_children(PlannerInfo *root, RelOptInfo *rel);
extern void focus_agg_add_append_paths(FocusAggQuery *query);

/* exec_agg_join.c */
extern void focus_agg_join_init(void);
extern bool focus_agg_is_above_joins(PlannerInfo *root, RelOptInfo *input_rel);
extern void focus_agg_add_join_paths(FocusAggQuery *query);

#endif							/* FOCUS_EXEC_AGG_PATH_H */
