/*-------------------------------------------------------------------------
 *
 * exec_agg_parts.c
 *	  Aggregates over sums of numerics, which are not core's.
 *
 * Whoever registers an aggregate states that its transition function may be
 * given the sum of several values, instead of each of them, as long as the
 * label that it is given with them is the same.  So values are added up by
 * group and label, and a group's sums are given to the function when it is
 * returned, in the order in which they were begun.  What is no decimal of 64
 * bits is given to it at once, after the sums.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "columnar/exec_agg.h"
#include "columnar/quick_hash.h"

#define REGISTERED_MAX	8
#define FIRST_PARTS		64

static const FocusAggSums *registered[REGISTERED_MAX];
static int	nregistered = 0;

static void add_values(FocusAggState *state, int agg, int argument, const uint16 *rows, int count);
static void add_entry(FocusAggState *state, int agg, uint32 group, int argument, uint32 label,
					  const FocusAggEntry *entry);
static FocusAggPart *find_part(FocusAggState *state, int agg, uint32 group, uint32 id);
static void enlarge(FocusAggState *state, FocusAggParts *parts);
static void flush(FocusAggState *state, int agg, uint32 group);
static void flush_part(FocusAggState *state, int agg, FocusAggPart *part);
static void transit(FocusAggState *state, int agg, uint32 group, int argument, uint32 label,
					Datum value);

/*
 * What is registered lives for ever.
 */
void
focus_agg_register_sums(const FocusAggSums *sums)
{
	if (nregistered == REGISTERED_MAX)
		elog(ERROR, "too many aggregates");
	registered[nregistered++] = sums;
}

/*
 * What has been registered for an aggregate, or NULL.
 */
const FocusAggSums *
focus_agg_sums_of(Oid aggregate)
{
	HeapTuple	tuple;
	FmgrInfo	transfn;
	int			i;

	if (aggregate < FirstNormalObjectId)
		return NULL;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggregate);
	fmgr_info(((Form_pg_aggregate) GETSTRUCT(tuple))->aggtransfn, &transfn);
	ReleaseSysCache(tuple);
	for (i = 0; i < nregistered; i++)
		if (registered[i]->transfn == transfn.fn_addr)
			return registered[i];
	return NULL;
}

void
focus_agg_parts_vector(FocusAggState *state, int agg, const uint16 *rows, int count)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	int			i;

	if (aggregate->label != NULL)
		focus_agg_key_ids(state, aggregate->label, rows, count);
	for (i = 0; i < aggregate->sums->nsums; i++)
		add_values(state, agg, i, rows, count);
}

/*
 * Adds the row in the row slot, which is in the group.
 */
void
focus_agg_parts_row(FocusAggState *state, int agg, uint32 group)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	uint32		label = aggregate->label != NULL ? focus_agg_key_id(state, aggregate->label) : 0;
	FocusAggEntry entry;
	int			i;

	for (i = 0; i < aggregate->sums->nsums; i++)
	{
		focus_agg_value_row(state, &aggregate->branches[i].value, &entry);
		add_entry(state, agg, group, i, label, &entry);
	}
}

/*
 * The state, or the result; NULL of a group without values.
 */
Datum
focus_agg_parts_result(FocusAggState *state, int agg, uint32 group, bool *isnull)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	FocusAccumulator *acc = focus_accumulator(state, agg, group);
	LOCAL_FCINFO(fcinfo, 1);
	Datum		result;

	flush(state, agg, group);
	*isnull = acc->state == NULL;
	if (acc->state == NULL)
		return (Datum) 0;
	InitFunctionCallInfoData(*fcinfo, state->complete ? &aggregate->finalfn : &aggregate->serialfn, 1,
							 InvalidOid, (Node *) state->fake, NULL);
	fcinfo->args[0].value = PointerGetDatum(acc->state);
	fcinfo->args[0].isnull = false;
	result = FunctionCallInvoke(fcinfo);
	*isnull = fcinfo->isnull;
	return result;
}

static void
add_values(FocusAggState *state, int agg, int argument, const uint16 *rows, int count)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	bool		labelled = argument == aggregate->sums->label_of;
	FocusAggVector vector;
	FocusAggEntry entry = {FOCUS_ENTRY_NUMBER};
	FocusAggPart *part = NULL;
	int			i;

	focus_agg_value_vector(state, &aggregate->branches[argument].value, rows, count, &vector);
	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];
		uint32		group = state->groups[row];
		uint32		label = labelled ? aggregate->label->ids[row] : 0;
		uint32		id = labelled ? aggregate->sums->nsums + label : argument;
		uint32		at = vector.codes == NULL ? row : vector.codes[row] - 1;

		if (vector.entries != NULL)
		{
			add_entry(state, agg, group, argument, label, &vector.entries[vector.codes[row]]);
			continue;
		}
		if (vector.codes != NULL ? vector.codes[row] == 0 : vector.nulls[row])
			continue;
		if (part == NULL || part->group != group || part->id != id)
			part = find_part(state, agg, group, id);
		entry.number = vector.numbers[at];
		entry.scale = vector.scale;
		if (!focus_agg_sum_try(&part->sum, entry.number, entry.scale, vector.scales[at]))
		{
			flush(state, agg, group);
			(void) focus_agg_sum_try(&part->sum, entry.number, entry.scale, vector.scales[at]);
		}
	}
}

static void
add_entry(FocusAggState *state, int agg, uint32 group, int argument, uint32 label,
		  const FocusAggEntry *entry)
{
	const FocusAggSums *sums = state->aggs[agg].sums;
	FocusAggPart *part;

	if (entry->kind == FOCUS_ENTRY_NULL)
		return;
	if (entry->kind == FOCUS_ENTRY_DATUM)
	{
		flush(state, agg, group);
		transit(state, agg, group, argument, label, entry->datum);
		return;
	}
	part = find_part(state, agg, group, argument == sums->label_of ? sums->nsums + label : argument);
	if (!focus_agg_sum_try(&part->sum, entry->number, entry->scale, entry->scale))
	{
		flush(state, agg, group);
		(void) focus_agg_sum_try(&part->sum, entry->number, entry->scale, entry->scale);
	}
}

static inline uint32
slot_of(uint32 group, uint32 id, uint32 nslots)
{
	return (uint32) focus_hash_fold((uint64) group << 32 | id, FOCUS_HASH_SEED) & (nslots - 1);
}

/*
 * The part of a group; a new one if there is none.  Valid until the next call.
 */
static FocusAggPart *
find_part(FocusAggState *state, int agg, uint32 group, uint32 id)
{
	FocusAggParts *parts = &state->aggs[agg].parts;
	FocusAccumulator *acc = focus_accumulator(state, agg, group);
	FocusAggPart *part;
	uint32		at;

	if (parts->nparts == parts->space)
		enlarge(state, parts);
	for (at = slot_of(group, id, parts->nslots); parts->slots[at] != 0; at = (at + 1) & (parts->nslots - 1))
	{
		part = &parts->parts[parts->slots[at] - 1];
		if (part->group == group && part->id == id)
			return part;
	}
	part = &parts->parts[parts->nparts++];
	memset(part, 0, sizeof(FocusAggPart));
	part->group = group;
	part->id = id;
	if (acc->u.parts.first == 0)
		acc->u.parts.first = parts->nparts;
	else
		parts->parts[acc->u.parts.last - 1].next = parts->nparts;
	acc->u.parts.last = parts->nparts;
	parts->slots[at] = parts->nparts;
	return part;
}

static void
enlarge(FocusAggState *state, FocusAggParts *parts)
{
	uint32		space = parts->space == 0 ? FIRST_PARTS : parts->space * 2;
	FocusAggPart *old = parts->parts;
	uint32		i;

	parts->parts = MemoryContextAllocHuge(state->groups_context, mul_size(space, sizeof(FocusAggPart)));
	if (old != NULL)
	{
		memcpy(parts->parts, old, parts->nparts * sizeof(FocusAggPart));
		pfree(old);
		pfree(parts->slots);
	}
	parts->space = space;
	parts->nslots = space * 2;
	parts->slots = MemoryContextAllocHuge(state->groups_context, mul_size(parts->nslots, sizeof(uint32)));
	memset(parts->slots, 0, parts->nslots * sizeof(uint32));
	for (i = 0; i < parts->nparts; i++)
	{
		uint32		at = slot_of(parts->parts[i].group, parts->parts[i].id, parts->nslots);

		while (parts->slots[at] != 0)
			at = (at + 1) & (parts->nslots - 1);
		parts->slots[at] = i + 1;
	}
}

/*
 * Gives the sums of a group to the transition function, in the order in which
 * their first values came: that function may name them in an error.
 */
static void
flush(FocusAggState *state, int agg, uint32 group)
{
	FocusAggPart *parts = state->aggs[agg].parts.parts;
	uint32		next;

	for (next = focus_accumulator(state, agg, group)->u.parts.first; next != 0; next = parts[next - 1].next)
		flush_part(state, agg, &parts[next - 1]);
}

static void
flush_part(FocusAggState *state, int agg, FocusAggPart *part)
{
	int			nsums = state->aggs[agg].sums->nsums;
	bool		labelled = part->id >= nsums;
	MemoryContext caller;
	Datum		sum;

	if (part->sum.count == 0)
		return;
	caller = MemoryContextSwitchTo(state->fake->curaggcontext->ecxt_per_tuple_memory);
	sum = focus_agg_sum_numeric(&part->sum);
	transit(state, agg, part->group, labelled ? state->aggs[agg].sums->label_of : part->id,
			labelled ? part->id - nsums : 0, sum);
	pfree(DatumGetPointer(sum));
	MemoryContextSwitchTo(caller);
	memset(&part->sum, 0, sizeof(FocusAccumulator));
}

/*
 * Calls the transition function with one sum, and the label if it has one.
 */
static void
transit(FocusAggState *state, int agg, uint32 group, int argument, uint32 label, Datum value)
{
	FocusAggregate *aggregate = &state->aggs[agg];
	FocusAccumulator *acc = focus_accumulator(state, agg, group);
	int			nsums = aggregate->sums->nsums;
	LOCAL_FCINFO(fcinfo, 4);
	int			i;

	Assert(nsums <= 2);
	InitFunctionCallInfoData(*fcinfo, &aggregate->transfn, 1 + nsums + (aggregate->label != NULL), InvalidOid,
							 (Node *) state->fake, NULL);
	fcinfo->args[0].value = PointerGetDatum(acc->state);
	fcinfo->args[0].isnull = acc->state == NULL;
	for (i = 1; i < fcinfo->nargs; i++)
	{
		fcinfo->args[i].value = (Datum) 0;
		fcinfo->args[i].isnull = true;
	}
	fcinfo->args[1 + argument].value = value;
	fcinfo->args[1 + argument].isnull = false;
	if (argument == aggregate->sums->label_of && label != 0)
	{
		fcinfo->args[1 + nsums].value = aggregate->label->values[label];
		fcinfo->args[1 + nsums].isnull = false;
	}
	acc->state = DatumGetPointer(FunctionCallInvoke(fcinfo));
}
