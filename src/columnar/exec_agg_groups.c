/*-------------------------------------------------------------------------
 *
 * exec_agg_groups.c
 *	  Which group a row belongs to.
 *
 * Each value of a key has an id, which is found once for each code of a row
 * group.  Values are told apart by their bytes: that may be finer than the
 * query's equality, but the node above puts together what is equal.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "columnar/exec_agg.h"
#include "columnar/value.h"
#include "compat.h"

#define NOT_KNOWN			PG_UINT32_MAX
#define FIRST_SPACE			64

static void key_ids(FocusAggState *state, FocusAggKey *key);
static void ids_by_codes(FocusAggState *state, FocusAggKey *key, const FocusBodyColumn *body);
static void ids_by_numbers(FocusAggState *state, FocusAggKey *key, const FocusBodyColumn *body);
static uint32 id_of_column_value(FocusAggState *state, FocusAggKey *key, Datum value, bool isnull);
static uint32 id_of_value(FocusAggState *state, FocusAggKey *key, Datum value, bool isnull);
static uint32 find_group(FocusAggState *state, const uint32 *ids);
static void make_space(FocusAggState *state, uint32 groups);

/*
 * Forgets all groups.  Without keys there is one, rows or not.
 */
void
focus_agg_reset(FocusAggState *state)
{
	int			i;

	MemoryContextReset(state->groups_context);
	ReScanExprContext(state->fake->curaggcontext);
	state->ngroups = state->groups_space = 0;
	state->nslots = 0;
	state->slots = NULL;
	for (i = 0; i < state->nkeys; i++)
	{
		FocusAggKey *key = &state->keys[i];

		key->nvalues = 1;
		key->space = FIRST_SPACE;
		key->values = MemoryContextAllocZero(state->groups_context, FIRST_SPACE * sizeof(Datum));
		key->hashes = MemoryContextAllocZero(state->groups_context, FIRST_SPACE * sizeof(uint32));
		key->nslots = FIRST_SPACE * 2;
		key->slots = MemoryContextAllocZero(state->groups_context, key->nslots * sizeof(uint32));
		key->row_group = -1;
		key->ids_of_codes = NULL;
	}
	make_space(state, 1);
	if (state->nkeys == 0)
	{
		state->ngroups = 1;
		state->used[0] = true;
	}
}

/*
 * Sets state->groups for the current rows of the vector.
 */
void
focus_agg_group_vector(FocusAggState *state)
{
	const uint16 *rows = state->scan.rows;
	int			count = state->scan.nrows;
	uint32		ids[FOCUS_BODY_COLUMNS_MAX];
	int			last = -1;
	int			i;
	int			k;

	for (k = 0; k < state->nkeys; k++)
		key_ids(state, &state->keys[k]);

	if (state->nkeys == 0)
	{
		for (i = 0; i < count; i++)
			state->groups[rows[i]] = 0;
		return;
	}
	if (state->nkeys == 1)
	{
		const uint32 *key_ids = state->keys[0].ids;

		make_space(state, state->keys[0].nvalues);
		for (i = 0; i < count; i++)
		{
			uint32		id = key_ids[rows[i]];

			state->groups[rows[i]] = id;
			state->used[id] = true;
		}
		return;
	}

	/* Neighbours often belong to the same group. */
	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];
		bool		same = last >= 0;

		for (k = 0; k < state->nkeys; k++)
		{
			ids[k] = state->keys[k].ids[row];
			same = same && ids[k] == state->keys[k].ids[last];
		}
		state->groups[row] = same ? state->groups[last] : find_group(state, ids);
		last = row;
	}
}

/*
 * The group of the row in the row slot.
 */
uint32
focus_agg_group_row(FocusAggState *state)
{
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;
	uint32		ids[FOCUS_BODY_COLUMNS_MAX];
	int			k;

	econtext->ecxt_scantuple = state->scan.row_slot;
	for (k = 0; k < state->nkeys; k++)
	{
		bool		isnull;
		Datum		value = ExecEvalExprSwitchContext(state->keys[k].state, econtext, &isnull);

		ids[k] = id_of_value(state, &state->keys[k], value, isnull);
	}
	if (state->nkeys == 0)
		return 0;
	if (state->nkeys > 1)
		return find_group(state, ids);
	make_space(state, state->keys[0].nvalues);
	state->used[ids[0]] = true;
	return ids[0];
}

static void
key_ids(FocusAggState *state, FocusAggKey *key)
{
	FocusScanState *scan = &state->scan;
	TupleDesc	desc = RelationGetDescr(scan->css.ss.ss_currentRelation);
	const FocusBodyColumn *body;

	if (key->column >= focus_group_reader_header(scan->reader)->ncolumns)
	{
		bool		isnull;
		Datum		value = getmissingattr(desc, key->column + 1, &isnull);
		uint32		id = id_of_column_value(state, key, value, isnull);
		int			i;

		for (i = 0; i < scan->nrows; i++)
			key->ids[scan->rows[i]] = id;
		return;
	}
	body = focus_group_reader_column(scan->reader, &scan->scan->store, key->column);
	if (body->form == FOCUS_BODY_CODES)
		ids_by_codes(state, key, body);
	else
		ids_by_numbers(state, key, body);
}

static void
ids_by_codes(FocusAggState *state, FocusAggKey *key, const FocusBodyColumn *body)
{
	FocusScanState *scan = &state->scan;
	FocusStore *store = &scan->scan->store;
	TupleDesc	desc = RelationGetDescr(scan->css.ss.ss_currentRelation);
	const uint16 *codes = focus_group_reader_codes(scan->reader, store, key->column, scan->vector);
	int			i;

	if (key->row_group != scan->scan->group)
	{
		if (key->ids_of_codes == NULL)
			key->ids_of_codes = MemoryContextAlloc(state->groups_context,
												   (FOCUS_BODY_ENTRIES_MAX + 1) * sizeof(uint32));
		memset(key->ids_of_codes, 0xFF, (body->entries + 1) * sizeof(uint32));
		key->row_group = scan->scan->group;
	}
	for (i = 0; i < scan->nrows; i++)
	{
		uint16		row = scan->rows[i];
		uint32		code = codes[row];

		if (key->ids_of_codes[code] == NOT_KNOWN)
		{
			Datum		value = code == 0 ? (Datum) 0 :
				focus_group_reader_entry(scan->reader, store, desc, key->column, code - 1);

			CHECK_FOR_INTERRUPTS();
			key->ids_of_codes[code] = id_of_column_value(state, key, value, code == 0);
		}
		key->ids[row] = key->ids_of_codes[code];
	}
}

static void
ids_by_numbers(FocusAggState *state, FocusAggKey *key, const FocusBodyColumn *body)
{
	FocusScanState *scan = &state->scan;
	TupleDesc	desc = RelationGetDescr(scan->css.ss.ss_currentRelation);
	const bool *nulls;
	const uint8 *scales;
	const int64 *numbers = focus_group_reader_numbers(scan->reader, &scan->scan->store, key->column,
													  scan->vector, &nulls, &scales);
	union
	{
		int32		align;
		char		bytes[FOCUS_VALUE_DECIMAL_SIZE];
	}			decimal;
	int			last = -1;
	int			i;

	for (i = 0; i < scan->nrows; i++)
	{
		uint16		row = scan->rows[i];

		if (last >= 0 && nulls[row] == nulls[last] &&
			(nulls[row] || (numbers[row] == numbers[last] && scales[row] == scales[last])))
			key->ids[row] = key->ids[last];
		else
		{
			Datum		value = (Datum) 0;

			if (!nulls[row] && body->kind == FOCUS_BODY_INT)
				value = focus_value_from_int(numbers[row], TupleDescAttr(desc, key->column)->attlen);
			else if (!nulls[row])
			{
				(void) focus_value_from_decimal(numbers[row], body->scale, scales[row], decimal.bytes);
				value = PointerGetDatum(decimal.bytes);
			}
			key->ids[row] = id_of_column_value(state, key, value, nulls[row]);
		}
		last = row;
	}
}

/*
 * The id that a row has where the key's column has the value.
 */
static uint32
id_of_column_value(FocusAggState *state, FocusAggKey *key, Datum value, bool isnull)
{
	TupleTableSlot *slot = state->scan.filter->slot;
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;
	uint32		result;

	if (key->is_column)
		return id_of_value(state, key, value, isnull);
	ExecClearTuple(slot);
	slot->tts_values[key->column] = value;
	slot->tts_isnull[key->column] = isnull;
	ExecStoreVirtualTuple(slot);
	econtext->ecxt_scantuple = slot;
	value = ExecEvalExprSwitchContext(key->state, econtext, &isnull);
	slot->tts_isnull[key->column] = true;
	result = id_of_value(state, key, value, isnull);
	ResetExprContext(econtext);
	return result;
}

/*
 * Doubles the space for values, and the slots with it.
 */
static void
enlarge_key(FocusAggKey *key)
{
	uint32		mask = key->nslots * 2 - 1;
	uint32		id;

	key->space *= 2;
	key->values = repalloc_huge(key->values, mul_size(key->space, sizeof(Datum)));
	key->hashes = repalloc_huge(key->hashes, mul_size(key->space, sizeof(uint32)));
	key->nslots *= 2;
	key->slots = repalloc_huge(key->slots, mul_size(key->nslots, sizeof(uint32)));
	memset(key->slots, 0, key->nslots * sizeof(uint32));
	for (id = 1; id < key->nvalues; id++)
	{
		uint32		at = key->hashes[id] & mask;

		while (key->slots[at] != 0)
			at = (at + 1) & mask;
		key->slots[at] = id;
	}
}

static uint32
id_of_value(FocusAggState *state, FocusAggKey *key, Datum value, bool isnull)
{
	MemoryContext caller;
	uint32		hash;
	uint32		at;

	if (isnull)
		return 0;
	hash = key->typbyval ? murmurhash32((uint32) value ^ (uint32) ((uint64) value >> 32)) :
		datum_image_hash(value, key->typbyval, key->typlen);
	for (at = hash & (key->nslots - 1); key->slots[at] != 0; at = (at + 1) & (key->nslots - 1))
	{
		uint32		id = key->slots[at];

		if (key->hashes[id] == hash &&
			datum_image_eq(key->values[id], value, key->typbyval, key->typlen))
			return id;
	}

	if (key->nvalues == key->space)
	{
		enlarge_key(key);
		for (at = hash & (key->nslots - 1); key->slots[at] != 0;)
			at = (at + 1) & (key->nslots - 1);
	}
	caller = MemoryContextSwitchTo(state->groups_context);
	key->values[key->nvalues] = datumCopy(value, key->typbyval, key->typlen);
	MemoryContextSwitchTo(caller);
	key->hashes[key->nvalues] = hash;
	key->slots[at] = key->nvalues;
	return key->nvalues++;
}

static uint32
hash_ids(const uint32 *ids, int count)
{
	uint32		hash = 0;
	int			i;

	for (i = 0; i < count; i++)
		hash = murmurhash32(hash * 31 + ids[i]);
	return hash;
}

/*
 * The group with the ids, of more than one key; a new one if there is none.
 */
static uint32
find_group(FocusAggState *state, const uint32 *ids)
{
	Size		size = state->nkeys * sizeof(uint32);
	uint32		at;

	if (state->ngroups * 2 >= state->nslots)
	{
		uint32		group;

		state->nslots = state->nslots == 0 ? FIRST_SPACE * 2 : state->nslots * 2;
		if (state->slots != NULL)
			pfree(state->slots);
		state->slots = MemoryContextAllocHuge(state->groups_context,
											  mul_size(state->nslots, sizeof(uint32)));
		memset(state->slots, 0, state->nslots * sizeof(uint32));
		for (group = 0; group < state->ngroups; group++)
		{
			at = hash_ids(state->group_keys + (Size) group * state->nkeys, state->nkeys) &
				(state->nslots - 1);
			while (state->slots[at] != 0)
				at = (at + 1) & (state->nslots - 1);
			state->slots[at] = group + 1;
		}
	}

	for (at = hash_ids(ids, state->nkeys) & (state->nslots - 1); state->slots[at] != 0;
		 at = (at + 1) & (state->nslots - 1))
	{
		uint32		group = state->slots[at] - 1;

		if (memcmp(state->group_keys + (Size) group * state->nkeys, ids, size) == 0)
			return group;
	}
	make_space(state, state->ngroups + 1);
	memcpy(state->group_keys + (Size) state->ngroups * state->nkeys, ids, size);
	state->used[state->ngroups] = true;
	state->slots[at] = state->ngroups + 1;
	return state->ngroups++;
}

static void *
enlarge(FocusAggState *state, void *old, Size old_count, Size count, Size size)
{
	char	   *result = MemoryContextAllocHuge(state->groups_context, mul_size(Max(count, 1), size));

	if (old_count > 0)
	{
		memcpy(result, old, old_count * size);
		pfree(old);
	}
	memset(result + old_count * size, 0, (count - old_count) * size);
	return result;
}

/*
 * Makes space for so many groups.  With one key they are there at once.
 */
static void
make_space(FocusAggState *state, uint32 groups)
{
	uint32		old = state->groups_space;
	uint32		space = old;
	uint32		group;

	if (groups > old)
	{
		space = Max(Max(old * 2, groups), FIRST_SPACE);
		if (state->nkeys > 0)
			state->group_keys = enlarge(state, state->group_keys, (Size) old * state->nkeys,
										(Size) space * state->nkeys, sizeof(uint32));
		state->used = enlarge(state, state->used, old, space, sizeof(bool));
		if (state->naggs > 0)
			state->accumulators = enlarge(state, state->accumulators, (Size) old * state->naggs,
										  (Size) space * state->naggs, sizeof(FocusAccumulator));
		state->groups_space = space;
	}
	if (state->nkeys == 1 && groups > state->ngroups)
	{
		for (group = state->ngroups; group < groups; group++)
			state->group_keys[group] = group;
		state->ngroups = groups;
	}
}
