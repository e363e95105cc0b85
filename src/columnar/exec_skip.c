/*-------------------------------------------------------------------------
 *
 * exec_skip.c
 *	  Row groups and vectors in which no row passes a filter.
 *
 * A group is skipped by its zone map, the bounds and counts of NULLs in its
 * header, or by a dictionary none of whose entries passes.  A vector is
 * skipped by its bounds.  All of that is about rows with tombstones, too, and
 * about rows that other quals would remove; so only leaves are asked that may
 * be told of such rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "columnar/exec_filter.h"

static bool skips_by_zone(FocusFilter *filter, FocusQual *qual);
static bool leaf_skips_by_zone(FocusFilter *filter, FocusQual *leaf);
static bool skips_by_dictionary(FocusFilter *filter, FocusQual *qual);
static bool leaf_skips_by_dictionary(FocusFilter *filter, FocusQual *leaf);
static bool skips_vector(FocusFilter *filter, FocusQual *qual, uint32 vector);
static bool leaf_skips_vector(FocusFilter *filter, FocusQual *leaf, uint32 vector);

bool
focus_filter_skips_by_zone(FocusFilter *filter)
{
	int			i;

	for (i = 0; i < filter->nquals; i++)
		if (skips_by_zone(filter, filter->quals[i]))
			return true;
	return false;
}

bool
focus_filter_skips_by_dictionary(FocusFilter *filter)
{
	int			i;

	for (i = 0; i < filter->nquals; i++)
		if (skips_by_dictionary(filter, filter->quals[i]))
			return true;
	return false;
}

bool
focus_filter_skips_vector(FocusFilter *filter, uint32 vector)
{
	int			i;

	for (i = 0; i < filter->nquals; i++)
		if (skips_vector(filter, filter->quals[i], vector))
			return true;
	return false;
}

static bool
skips_by_zone(FocusFilter *filter, FocusQual *qual)
{
	int			i;

	if (qual->kind == FOCUS_QUAL_LEAF)
		return leaf_skips_by_zone(filter, qual);
	for (i = 0; i < qual->nparts; i++)
		if (skips_by_zone(filter, qual->parts[i]) != (qual->kind == FOCUS_QUAL_OR))
			return qual->kind == FOCUS_QUAL_AND;
	return qual->kind == FOCUS_QUAL_OR;
}

static bool
leaf_skips_by_zone(FocusFilter *filter, FocusQual *leaf)
{
	const FocusBodyHeader *header = focus_group_reader_header(filter->reader);
	const FocusBodyColumnInfo *info;
	FocusRange	range;
	MemoryContext caller;
	bool		some;

	if (leaf->test == FOCUS_TEST_NONE || !leaf->may_skip || leaf->column >= header->ncolumns)
		return false;
	info = &header->columns[leaf->column];
	if (leaf->test == FOCUS_TEST_NULL)
		return info->nulls == 0;
	if (info->nulls == header->rows)
		return true;
	if (leaf->test == FOCUS_TEST_NOT_NULL)
		return false;

	if (!focus_constant_ready(filter, leaf) || !leaf->constant.usable)
		return false;
	if (leaf->constant.nvalues == 0)
		return true;
	if (leaf->test != FOCUS_TEST_NUMBERS || info->kind == FOCUS_BODY_BYTES)
		return false;
	caller = MemoryContextSwitchTo(filter->group);
	some = focus_range_of(leaf, info->kind == FOCUS_BODY_DECIMAL ? info->scale : 0, &range);
	MemoryContextSwitchTo(caller);
	return !some || !focus_range_meets(&range, info->min, info->max);
}

static bool
skips_by_dictionary(FocusFilter *filter, FocusQual *qual)
{
	int			i;

	if (qual->kind == FOCUS_QUAL_LEAF)
		return leaf_skips_by_dictionary(filter, qual);
	for (i = 0; i < qual->nparts; i++)
		if (skips_by_dictionary(filter, qual->parts[i]) != (qual->kind == FOCUS_QUAL_OR))
			return qual->kind == FOCUS_QUAL_AND;
	return qual->kind == FOCUS_QUAL_OR;
}

/*
 * Opens a column only if it looks as if it had a dictionary.
 */
static bool
leaf_skips_by_dictionary(FocusFilter *filter, FocusQual *leaf)
{
	const FocusBodyHeader *header = focus_group_reader_header(filter->reader);
	uint32		i;

	/* Of an OR, some parts may be excluded this way and some that way. */
	if (leaf_skips_by_zone(filter, leaf))
		return true;
	if (!leaf->may_skip || leaf->column < 0 || leaf->column >= header->ncolumns ||
		header->columns[leaf->column].encoding == FOCUS_BODY_DIRECT)
		return false;
	if (leaf->mode == FOCUS_LEAF_UNKNOWN)
	{
		if (leaf->test == FOCUS_TEST_NUMBERS || leaf->test == FOCUS_TEST_BYTES)
		{
			if (!focus_constant_ready(filter, leaf))
				return false;
		}
		else if (leaf->test != FOCUS_TEST_NONE || !leaf->safe)
			return false;
		focus_leaf_prepare(filter, leaf);
	}

	if (leaf->mode == FOCUS_LEAF_SAME)
		return leaf->verdicts[0] == FOCUS_FAILS;
	if (leaf->mode != FOCUS_LEAF_CODES || !leaf->decided)
		return false;
	for (i = header->columns[leaf->column].nulls > 0 ? 0 : 1; i <= leaf->body->entries; i++)
		if (leaf->verdicts[i] == FOCUS_PASSES)
			return false;
	return true;
}

static bool
skips_vector(FocusFilter *filter, FocusQual *qual, uint32 vector)
{
	int			i;

	if (qual->kind == FOCUS_QUAL_LEAF)
		return leaf_skips_vector(filter, qual, vector);
	for (i = 0; i < qual->nparts; i++)
		if (skips_vector(filter, qual->parts[i], vector) != (qual->kind == FOCUS_QUAL_OR))
			return qual->kind == FOCUS_QUAL_AND;
	return qual->kind == FOCUS_QUAL_OR;
}

static bool
leaf_skips_vector(FocusFilter *filter, FocusQual *leaf, uint32 vector)
{
	int64		min;
	int64		max;

	if (leaf->test != FOCUS_TEST_NUMBERS || !leaf->may_skip)
		return false;
	if (leaf->mode == FOCUS_LEAF_UNKNOWN)
	{
		if (!focus_constant_ready(filter, leaf))
			return false;
		focus_leaf_prepare(filter, leaf);
	}
	if (leaf->mode == FOCUS_LEAF_SAME)
		return leaf->verdicts[0] == FOCUS_FAILS;
	if (leaf->mode != FOCUS_LEAF_RANGE && !(leaf->mode == FOCUS_LEAF_CODES && leaf->has_range))
		return false;
	return focus_body_vector_bounds(leaf->body, vector, &min, &max) &&
		!focus_range_meets(&leaf->range, min, max);
}
