/*-------------------------------------------------------------------------
 *
 * exec_agg_distinct.c
 *	  Counts different values.
 *
 * Each value has an id, so what is counted are different pairs of a group and
 * an id.  Most values are in one group, or in several one after the other:
 * then a look at the group that the value was last seen with is enough.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "columnar/exec_agg.h"
#include "columnar/quick_hash.h"

#define FIRST_SLOTS		1024

static void add_pair(FocusAggState *state, int agg, uint32 group, uint32 id);
static void enlarge_last(FocusAggState *state, FocusAggregate *agg);
static void enlarge_slots(FocusAggState *state, FocusAggPairs *pairs);

void
focus_agg_distinct_vector(FocusAggState *state, int agg, const uint16 *rows, int count)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	const uint32 *ids = aggregate->distinct->ids;
	bool		differs[FOCUS_BODY_VECTOR_ROWS];
	uint16		some[FOCUS_BODY_VECTOR_ROWS];
	int			nsome = 0;
	bool		has_ids;
	int			i;

	/* Rows with the value and the group of the row before them add nothing. */
	differs[0] = true;
	for (i = 1; i < count; i++)
		differs[i] = state->groups[rows[i]] != state->groups[rows[i - 1]];
	has_ids = focus_agg_key_changes(state, aggregate->distinct, rows, count, differs);
	for (i = 0; i < count; i++)
	{
		some[nsome] = rows[i];
		nsome += differs[i];
	}
	if (!has_ids)
		focus_agg_key_ids(state, aggregate->distinct, some, nsome);
	enlarge_last(state, aggregate);
	for (i = 0; i < nsome; i++)
	{
		uint32		id = ids[some[i]];
		uint32		group = state->groups[some[i]];

		if (id != 0 && aggregate->pairs.last[id] != group + 1)
			add_pair(state, agg, group, id);
	}
}

/*
 * Adds the row in the row slot, which is in the group.
 */
void
focus_agg_distinct_row(FocusAggState *state, int agg, uint32 group)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	uint32		id = focus_agg_key_id(state, aggregate->distinct);

	enlarge_last(state, aggregate);
	if (id != 0)
		add_pair(state, agg, group, id);
}

static inline uint64
slot_of(uint64 pair, uint64 nslots)
{
	return focus_hash_fold(pair, FOCUS_HASH_SEED) & (nslots - 1);
}

static void
add_pair(FocusAggState *state, int agg, uint32 group, uint32 id)
{
	FocusAggPairs *pairs = &state->aggs[agg].pairs;
	uint64		pair = (uint64) group << 32 | id;
	uint64		at;

	pairs->last[id] = group + 1;
	if (pairs->npairs * 2 >= pairs->nslots)
		enlarge_slots(state, pairs);
	for (at = slot_of(pair, pairs->nslots); pairs->slots[at] != 0; at = (at + 1) & (pairs->nslots - 1))
		if (pairs->slots[at] == pair)
			return;
	pairs->slots[at] = pair;
	pairs->npairs++;
	focus_accumulator(state, agg, group)->count++;
}

/*
 * Makes space for all ids that there are.
 */
static void
enlarge_last(FocusAggState *state, FocusAggregate *agg)
{
	FocusAggPairs *pairs = &agg->pairs;
	uint32		count = agg->distinct->space;
	uint32	   *last;

	if (count <= pairs->nlast)
		return;
	last = MemoryContextAllocHuge(state->groups_context, mul_size(count, sizeof(uint32)));
	if (pairs->nlast > 0)
	{
		memcpy(last, pairs->last, pairs->nlast * sizeof(uint32));
		pfree(pairs->last);
	}
	memset(last + pairs->nlast, 0, (count - pairs->nlast) * sizeof(uint32));
	pairs->last = last;
	pairs->nlast = count;
}

static void
enlarge_slots(FocusAggState *state, FocusAggPairs *pairs)
{
	uint64		count = pairs->nslots == 0 ? FIRST_SLOTS : pairs->nslots * 2;
	uint64	   *slots = MemoryContextAllocHuge(state->groups_context, mul_size(count, sizeof(uint64)));
	uint64		i;

	memset(slots, 0, count * sizeof(uint64));
	for (i = 0; i < pairs->nslots; i++)
	{
		uint64		at;

		if (pairs->slots[i] == 0)
			continue;
		for (at = slot_of(pairs->slots[i], count); slots[at] != 0;)
			at = (at + 1) & (count - 1);
		slots[at] = pairs->slots[i];
	}
	if (pairs->slots != NULL)
		pfree(pairs->slots);
	pairs->slots = slots;
	pairs->nslots = count;
}
