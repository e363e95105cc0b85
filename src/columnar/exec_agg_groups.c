/*-------------------------------------------------------------------------
 *
 * exec_agg_groups.c
 *	  Which group a row belongs to.
 *
 * Each value of a key has an id, which is found once for each code of a row
 * group.  Where the node returns states, values are told apart by their bytes:
 * that may be finer than the query's equality, but the node above puts together
 * what is equal.  Where it returns results, equal values have one id: by the
 * type's equality, or by bytes if that is the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "columnar/exec_agg.h"
#include "columnar/quick_hash.h"
#include "compat.h"

#define NOT_KNOWN			PG_UINT32_MAX
#define FIRST_SPACE			64

static uint32 group_of_start(FocusAggState *state, uint16 row);
static const FocusBodyColumn *coded_column(FocusAggState *state, FocusAggKey *key);
static void reset_key(FocusAggState *state, FocusAggKey *key);
static void ids_by_codes(FocusAggState *state, FocusAggKey *key, const FocusBodyColumn *body,
						 const uint16 *rows, int count);
static inline bool by_their_bytes(const FocusAggKey *key, const FocusBodyColumn *body);
static void ids_of_bytes(FocusAggState *state, FocusAggKey *key, const FocusBodyColumn *body,
						 const uint16 *codes, const uint16 *rows, int count);
static void ids_by_numbers(FocusAggState *state, FocusAggKey *key, const uint16 *rows, int count);
static uint32 id_of_row(FocusAggState *state, FocusAggKey *key, uint16 row);
static inline uint32 hash_bytes_of(const char *bytes, Size size);
static uint32 id_of_bytes(FocusAggState *state, FocusAggKey *key, const char *bytes, Size size,
						  uint32 hash);
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
	focus_arena_init(&state->key_bytes, focus_arena_pool_create(state->groups_context));
	ReScanExprContext(state->fake->curaggcontext);
	state->ngroups = state->groups_space = 0;
	state->nslots = 0;
	state->slots = NULL;
	for (i = 0; i < state->nkeys; i++)
		reset_key(state, &state->keys[i]);
	for (i = 0; i < state->naggs; i++)
	{
		if (state->aggs[i].distinct != NULL)
			reset_key(state, state->aggs[i].distinct);
		if (state->aggs[i].label != NULL)
			reset_key(state, state->aggs[i].label);
		memset(&state->aggs[i].pairs, 0, sizeof(FocusAggPairs));
		memset(&state->aggs[i].parts, 0, sizeof(FocusAggParts));
	}
	make_space(state, 1);
	if (state->nkeys == 0)
	{
		state->ngroups = 1;
		state->used[0] = true;
	}
}

static void
reset_key(FocusAggState *state, FocusAggKey *key)
{
	key->nvalues = 1;
	key->space = FIRST_SPACE;
	key->values = MemoryContextAllocZero(state->groups_context, FIRST_SPACE * sizeof(Datum));
	key->nslots = FIRST_SPACE * 2;
	key->slots = MemoryContextAllocZero(state->groups_context, key->nslots * sizeof(FocusAggSlot));
	key->row_group = -1;
}

/*
 * Sets state->groups for the current rows of the vector, and the runs of rows
 * in the same group.  Keys are looked at where some key has changed.
 */
void
focus_agg_group_vector(FocusAggState *state)
{
	const uint16 *rows = state->scan.rows;
	int			count = state->scan.nrows;
	bool		differs[FOCUS_BODY_VECTOR_ROWS];
	uint16		starts[FOCUS_BODY_VECTOR_ROWS];
	int			nstarts = 0;
	int			i;
	int			k;

	memset(differs, false, count * sizeof(bool));
	for (k = 0; k < state->nkeys; k++)
		(void) focus_agg_key_changes(state, &state->keys[k], rows, count, differs);
	differs[0] = true;
	for (i = 0; i < count; i++)
	{
		starts[nstarts] = rows[i];
		state->run_ends[nstarts] = i;
		nstarts += differs[i];
	}
	for (k = 0; k < state->nkeys; k++)
		if (coded_column(state, &state->keys[k]) != NULL)
			focus_agg_key_ids(state, &state->keys[k], starts, nstarts);
	if (state->nkeys == 1)
		make_space(state, state->keys[0].nvalues);

	/* Up to now, run_ends are the beginnings. */
	state->nruns = nstarts;
	for (i = 0; i < nstarts; i++)
	{
		int			first = state->run_ends[i];
		int			end = i + 1 < nstarts ? state->run_ends[i + 1] : count;
		uint32		group = group_of_start(state, starts[i]);

		for (int at = first; at < end; at++)
			state->groups[rows[at]] = group;
	}
	for (i = 0; i < nstarts; i++)
		state->run_ends[i] = i + 1 < nstarts ? state->run_ends[i + 1] : count;
}

/*
 * The group of a row whose ids are known
 */
static uint32
group_of_start(FocusAggState *state, uint16 row)
{
	uint32		ids[FOCUS_BODY_COLUMNS_MAX];
	uint32		id;
	int			k;

	if (state->nkeys == 0)
		return 0;
	if (state->nkeys == 1)
	{
		id = state->keys[0].ids[row];
		state->used[id] = true;
		return id;
	}
	for (k = 0; k < state->nkeys; k++)
		ids[k] = state->keys[k].ids[row];
	return find_group(state, ids);
}

/*
 * The group of the row in the row slot.
 */
uint32
focus_agg_group_row(FocusAggState *state)
{
	uint32		ids[FOCUS_BODY_COLUMNS_MAX];
	int			k;

	for (k = 0; k < state->nkeys; k++)
		ids[k] = focus_agg_key_id(state, &state->keys[k]);
	if (state->nkeys == 0)
		return 0;
	if (state->nkeys > 1)
		return find_group(state, ids);
	make_space(state, state->keys[0].nvalues);
	state->used[ids[0]] = true;
	return ids[0];
}

/*
 * The id of the value for the row in the row slot.
 */
uint32
focus_agg_key_id(FocusAggState *state, FocusAggKey *key)
{
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;
	MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	Datum		value;
	bool		isnull;
	uint32		result;

	econtext->ecxt_scantuple = state->scan.row_slot;
	value = ExecEvalExpr(key->expr.state, econtext, &isnull);
	result = id_of_value(state, key, value, isnull);
	MemoryContextSwitchTo(caller);
	return result;
}

/*
 * The column that an expression is over, if the current row group has it in the
 * form of codes
 */
static const FocusBodyColumn *
coded_column(FocusAggState *state, FocusAggKey *key)
{
	FocusScanState *scan = &state->scan;
	const FocusBodyColumn *body;

	if (key->expr.ncolumns != 1 ||
		key->expr.columns[0] >= focus_group_reader_header(scan->reader)->ncolumns)
		return NULL;
	body = focus_group_reader_column(scan->reader, &scan->scan->store, key->expr.columns[0]);
	return body->form == FOCUS_BODY_CODES ? body : NULL;
}

/*
 * Marks rows of the current vector whose value may differ from that of the row
 * before them.  True if their ids are set, too, which codes make unnecessary.
 */
bool
focus_agg_key_changes(FocusAggState *state, FocusAggKey *key, const uint16 *rows, int count,
					  bool *differs)
{
	FocusScanState *scan = &state->scan;
	int			i;

	if (coded_column(state, key) != NULL)
	{
		const uint16 *codes = focus_group_reader_codes(scan->reader, &scan->scan->store,
													   key->expr.columns[0], scan->vector);

		for (i = 1; i < count; i++)
			differs[i] |= codes[rows[i]] != codes[rows[i - 1]];
		return false;
	}
	focus_agg_key_ids(state, key, rows, count);
	for (i = 1; i < count; i++)
		differs[i] |= key->ids[rows[i]] != key->ids[rows[i - 1]];
	return true;
}

/*
 * Sets key->ids for some rows of the current vector; count is not 0.
 */
void
focus_agg_key_ids(FocusAggState *state, FocusAggKey *key, const uint16 *rows, int count)
{
	FocusScanState *scan = &state->scan;
	const FocusAggExpr *expr = &key->expr;
	const FocusBodyColumn *body = coded_column(state, key);
	uint32		id;
	int			i;

	if (body != NULL)
		ids_by_codes(state, key, body, rows, count);
	else if (expr->ncolumns == 1 && expr->columns[0] < focus_group_reader_header(scan->reader)->ncolumns)
		ids_by_numbers(state, key, rows, count);
	else if (expr->ncolumns > 1)
	{
		for (i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			key->ids[rows[i]] = id_of_row(state, key, rows[i]);
		}
	}
	else
	{
		id = id_of_row(state, key, rows[0]);
		for (i = 0; i < count; i++)
			key->ids[rows[i]] = id;
	}
}

static void
ids_by_codes(FocusAggState *state, FocusAggKey *key, const FocusBodyColumn *body,
			 const uint16 *rows, int count)
{
	FocusScanState *scan = &state->scan;
	const uint16 *codes = focus_group_reader_codes(scan->reader, &scan->scan->store,
												   key->expr.columns[0], scan->vector);
	uint32	   *ids;
	int			i;

	if (key->row_group != scan->scan->group)
	{
		if (key->ids_of_codes == NULL)
			key->ids_of_codes = MemoryContextAlloc(MemoryContextGetParent(state->groups_context),
												   (FOCUS_BODY_ENTRIES_MAX + 1) * sizeof(uint32));
		memset(key->ids_of_codes, 0xFF, (body->entries + 1) * sizeof(uint32));
		key->row_group = scan->scan->group;
	}
	ids = key->ids_of_codes;
	if (by_their_bytes(key, body))
		ids_of_bytes(state, key, body, codes, rows, count);
	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];
		uint32		code = codes[row];

		if (ids[code] == NOT_KNOWN)
		{
			CHECK_FOR_INTERRUPTS();
			ids[code] = id_of_row(state, key, row);
		}
		key->ids[row] = ids[code];
	}
}

/*
 * No datum is made of bytes that are to be told apart as such.
 */
static inline bool
by_their_bytes(const FocusAggKey *key, const FocusBodyColumn *body)
{
	return key->expr.is_column && key->by_bytes && body->kind == FOCUS_BODY_BYTES;
}

/*
 * The ids of codes that are bytes.  A table of many values is not in the
 * processor's caches, so what all codes need of it is asked for before the first
 * is looked up.
 */
static void
ids_of_bytes(FocusAggState *state, FocusAggKey *key, const FocusBodyColumn *body,
			 const uint16 *codes, const uint16 *rows, int count)
{
	uint32	   *ids = key->ids_of_codes;
	uint16		unknown[FOCUS_BODY_VECTOR_ROWS];
	uint32		hashes[FOCUS_BODY_VECTOR_ROWS];
	int			nunknown = 0;
	int			i;

	ids[0] = 0;
	for (i = 0; i < count; i++)
	{
		uint16		code = codes[rows[i]];

		if (ids[code] != NOT_KNOWN)
			continue;
		ids[code] = 0;			/* so that it comes once */
		unknown[nunknown] = code;
		hashes[nunknown] = hash_bytes_of(body->bytes + body->offsets[code - 1],
										 body->offsets[code] - body->offsets[code - 1]);
		__builtin_prefetch(&key->slots[hashes[nunknown++] & (key->nslots - 1)]);
	}
	for (i = 0; i < nunknown; i++)
	{
		FocusAggSlot *slot = &key->slots[hashes[i] & (key->nslots - 1)];

		if (slot->hash == hashes[i])
			__builtin_prefetch(&key->values[slot->id]);
	}
	for (i = 0; i < nunknown; i++)
	{
		FocusAggSlot *slot = &key->slots[hashes[i] & (key->nslots - 1)];

		if (slot->id != 0 && slot->hash == hashes[i])
			__builtin_prefetch(DatumGetPointer(key->values[slot->id]));
	}
	for (i = 0; i < nunknown; i++)
		ids[unknown[i]] = id_of_bytes(state, key, body->bytes + body->offsets[unknown[i] - 1],
									  body->offsets[unknown[i]] - body->offsets[unknown[i] - 1], hashes[i]);
}

/*
 * Neighbours are often equal.
 */
static void
ids_by_numbers(FocusAggState *state, FocusAggKey *key, const uint16 *rows, int count)
{
	FocusScanState *scan = &state->scan;
	const bool *nulls;
	const uint8 *scales;
	const int64 *numbers = focus_group_reader_numbers(scan->reader, &scan->scan->store,
													  key->expr.columns[0], scan->vector, &nulls, &scales);
	int			last = -1;
	int			i;

	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];

		if (last >= 0 && nulls[row] == nulls[last] &&
			(nulls[row] || (numbers[row] == numbers[last] && scales[row] == scales[last])))
			key->ids[row] = key->ids[last];
		else
			key->ids[row] = id_of_row(state, key, row);
		last = row;
	}
}

/*
 * The id of the value for a row of the current vector.
 */
static uint32
id_of_row(FocusAggState *state, FocusAggKey *key, uint16 row)
{
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;
	MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	TupleTableSlot *slot = state->value_slot;
	Datum		value;
	bool		isnull;
	uint32		result;

	focus_agg_load_row(state, &key->expr, row);
	if (key->expr.is_column)
	{
		value = slot->tts_values[key->expr.columns[0]];
		isnull = slot->tts_isnull[key->expr.columns[0]];
	}
	else
		value = ExecEvalExpr(key->expr.state, econtext, &isnull);
	result = id_of_value(state, key, value, isnull);
	MemoryContextSwitchTo(caller);
	ResetExprContext(econtext);
	return result;
}

/*
 * Doubles the space for values, and the slots with it.
 */
static void
enlarge_key(FocusAggState *state, FocusAggKey *key)
{
	uint32		nslots = key->nslots * 2;
	FocusAggSlot *slots = MemoryContextAllocExtended(state->groups_context,
													 mul_size(nslots, sizeof(FocusAggSlot)),
													 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32		i;

	key->space *= 2;
	key->values = repalloc_huge(key->values, mul_size(key->space, sizeof(Datum)));
	for (i = 0; i < key->nslots; i++)
	{
		uint32		at = key->slots[i].hash & (nslots - 1);

		if (key->slots[i].id == 0)
			continue;
		while (slots[at].id != 0)
			at = (at + 1) & (nslots - 1);
		slots[at] = key->slots[i];
	}
	pfree(key->slots);
	key->slots = slots;
	key->nslots = nslots;
}

/*
 * Gives the value, which is not yet known, an id; hash is its hash value.
 */
static uint32
add_value(FocusAggState *state, FocusAggKey *key, Datum value, uint32 hash)
{
	uint32		at;

	if (key->nvalues == key->space)
		enlarge_key(state, key);
	for (at = hash & (key->nslots - 1); key->slots[at].id != 0;)
		at = (at + 1) & (key->nslots - 1);
	key->values[key->nvalues] = value;
	key->slots[at].hash = hash;
	key->slots[at].id = key->nvalues;
	return key->nvalues++;
}

static inline uint32
hash_bytes_of(const char *bytes, Size size)
{
	uint64		hash = focus_hash_quickly(bytes, size);

	return (uint32) (hash ^ (hash >> 32));
}

/*
 * The id of a value by reference, given by its bytes without a length word, and
 * their hash value.
 */
static uint32
id_of_bytes(FocusAggState *state, FocusAggKey *key, const char *bytes, Size size, uint32 hash)
{
	bool		is_varlena = key->expr.typlen < 0;
	uint32		at;
	char	   *copy;

	for (at = hash & (key->nslots - 1); key->slots[at].id != 0; at = (at + 1) & (key->nslots - 1))
	{
		char	   *other;

		if (key->slots[at].hash != hash)
			continue;
		other = DatumGetPointer(key->values[key->slots[at].id]);
		if (is_varlena ? VARSIZE(other) - VARHDRSZ == size &&
			focus_equal_quickly(VARDATA(other), bytes, size) : memcmp(other, bytes, size) == 0)
			return key->slots[at].id;
	}

	copy = focus_arena_alloc(&state->key_bytes, size + (is_varlena ? VARHDRSZ : 0));
	if (is_varlena)
		SET_VARSIZE(copy, size + VARHDRSZ);
	memcpy(is_varlena ? VARDATA(copy) : copy, bytes, size);
	return add_value(state, key, PointerGetDatum(copy), hash);
}

/*
 * The bytes of a value that is passed by value, as a number.  What else is in a
 * Datum depends on where it comes from.
 */
static inline uint64
bits_of(Datum value, int16 typlen)
{
	switch (typlen)
	{
		case 1:
			return (uint8) value;
		case 2:
			return (uint16) value;
		case 4:
			return (uint32) value;
		default:
			return (uint64) value;
	}
}

static inline bool
is_value(FocusAggKey *key, uint32 id, Datum value)
{
	if (key->by_bytes)
		return bits_of(key->values[id], key->expr.typlen) == bits_of(value, key->expr.typlen);
	return DatumGetBool(FunctionCall2Coll(&key->equal, key->collation, key->values[id], value));
}

/*
 * Memory of the current context is used.
 */
static uint32
id_of_value(FocusAggState *state, FocusAggKey *key, Datum value, bool isnull)
{
	MemoryContext caller;
	uint64		bits;
	uint32		hash;
	uint32		at;

	if (isnull)
		return 0;
	if (key->by_bytes && !key->expr.typbyval)
	{
		struct varlena *varlena;

		if (key->expr.typlen > 0)
			return id_of_bytes(state, key, DatumGetPointer(value), key->expr.typlen,
							   hash_bytes_of(DatumGetPointer(value), key->expr.typlen));
		varlena = PG_DETOAST_DATUM_PACKED(value);
		return id_of_bytes(state, key, VARDATA_ANY(varlena), VARSIZE_ANY_EXHDR(varlena),
						   hash_bytes_of(VARDATA_ANY(varlena), VARSIZE_ANY_EXHDR(varlena)));
	}

	bits = bits_of(value, key->expr.typlen);
	hash = key->by_bytes ? murmurhash32((uint32) (bits ^ bits >> 32)) :
		DatumGetUInt32(FunctionCall1Coll(&key->hash, key->collation, value));
	for (at = hash & (key->nslots - 1); key->slots[at].id != 0; at = (at + 1) & (key->nslots - 1))
		if (key->slots[at].hash == hash && is_value(key, key->slots[at].id, value))
			return key->slots[at].id;
	caller = MemoryContextSwitchTo(state->groups_context);
	value = datumCopy(value, key->expr.typbyval, key->expr.typlen);
	MemoryContextSwitchTo(caller);
	return add_value(state, key, value, hash);
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

static inline bool
same_ids(const uint32 *a, const uint32 *b, int count)
{
	int			i;

	for (i = 0; i < count; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/*
 * The group with the ids, of more than one key; a new one if there is none.
 */
static uint32
find_group(FocusAggState *state, const uint32 *ids)
{
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

		if (same_ids(state->group_keys + (Size) group * state->nkeys, ids, state->nkeys))
			return group;
	}
	make_space(state, state->ngroups + 1);
	memcpy(state->group_keys + (Size) state->ngroups * state->nkeys, ids, state->nkeys * sizeof(uint32));
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
