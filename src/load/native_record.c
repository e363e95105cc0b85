/*-------------------------------------------------------------------------
 *
 * native_record.c
 *	  Staged rows -> the jsonb that mappings see.
 *
 *	record	name as sent -> the cell
 *	cells	folded name -> the cell
 *
 * with the cells that are not empty; of equal names the first of them counts.
 * A query may scan the rows several times and with them make the jsonb again.
 * That is cheaper than to keep it, which takes several times the room of the
 * row: the names of a file are sorted once as jsonb sorts keys, so that a row
 * is copied cell by cell.  The layout is that of utils/jsonb.h; a container in
 * a cell is copied as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "compat.h"
#include "load/native_mapping.h"
#include "load/native_stage.h"

PG_FUNCTION_INFO_V1(focus_staged_row_in);
PG_FUNCTION_INFO_V1(focus_staged_row_out);
PG_FUNCTION_INFO_V1(focus_staged_record);
PG_FUNCTION_INFO_V1(focus_staged_cells);

/* Whose rows are being read, if any are */
static FocusStage *at_work = NULL;

/* A member of the object to be written */
typedef struct Member
{
	const FocusField *key;
	const FocusStageCell *value;
} Member;

static FocusStageNames *note_row(FunctionCallInfo fcinfo);
static Jsonb *row_jsonb(FocusStageNames *names, const FocusField *keys, FocusStageOrder *order, const struct varlena *sent);
static void sort_names(FocusStageNames *names, const FocusField *keys, FocusStageOrder *order);
static int	compare_fields(const void *a, const void *b, void *arg);
static int	compare_keys(const FocusField *a, const FocusField *b);
static Jsonb *write_object(const Member *members, int n);
static Jsonb *record_jsonb(Jsonb *record, bool folded);

/*
 * focus_internal.staged_row_in(cstring): nobody but the loader makes such rows,
 * so they need not be checked.
 */
Datum
focus_staged_row_in(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot accept a value of type %s", "staged_row")));
}

/*
 * focus_internal.staged_row_out(focus_internal.staged_row)
 */
Datum
focus_staged_row_out(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot display a value of type %s", "staged_row")));
}

/*
 * focus_internal.staged_record(file integer, line bigint, sent focus_internal.staged_row) returns jsonb
 */
Datum
focus_staged_record(PG_FUNCTION_ARGS)
{
	FocusStageNames *names = note_row(fcinfo);

	if (names == NULL)
		PG_RETURN_JSONB_P(record_jsonb(PG_GETARG_JSONB_P(2), false));
	PG_RETURN_JSONB_P(row_jsonb(names, names->sent, &names->by_sent, PG_GETARG_VARLENA_PP(2)));
}

/*
 * focus_internal.staged_cells(file integer, line bigint, sent focus_internal.staged_row) returns jsonb
 */
Datum
focus_staged_cells(PG_FUNCTION_ARGS)
{
	FocusStageNames *names = note_row(fcinfo);

	if (names == NULL)
		PG_RETURN_JSONB_P(record_jsonb(PG_GETARG_JSONB_P(2), true));
	PG_RETURN_JSONB_P(row_jsonb(names, names->folded, &names->by_folded, PG_GETARG_VARLENA_PP(2)));
}

/*
 * The rows that are being read are of that stage.  Returns the one before, which
 * the caller puts back.
 */
FocusStage *
focus_stage_set_at_work(FocusStage *stage)
{
	FocusStage *before = at_work;

	at_work = stage;
	return before;
}

/* The names of the row's file; the stage knows from now on that it has been read. */
static FocusStageNames *
note_row(FunctionCallInfo fcinfo)
{
	int			file = PG_GETARG_INT32(0);

	if (at_work == NULL || file < 1 || file > list_length(at_work->files))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no row of a file is being mapped")));
	at_work->file_at = file;
	at_work->line_at = PG_GETARG_INT64(1);
	return focus_stage_file(at_work, file)->names;
}

static Jsonb *
row_jsonb(FocusStageNames *names, const FocusField *keys, FocusStageOrder *order, const struct varlena *sent)
{
	FocusStageCell *cells = palloc(Max(names->header.nfields, 1) * sizeof(FocusStageCell));
	Member	   *members = palloc(Max(names->header.nfields, 1) * sizeof(Member));
	int			nfields = focus_stage_unpack(sent, cells);
	int			n = 0;
	Jsonb	   *result;

	if (order->nfields < names->header.nfields)
		sort_names(names, keys, order);
	for (int i = 0; i < order->nfields; i++)
	{
		int			field = order->fields[i];

		/* a JSON file may have got more names behind the row */
		if (field >= nfields || cells[field].field.len == 0 ||
			(n > 0 && compare_keys(members[n - 1].key, &keys[field]) == 0))
			continue;
		members[n].key = &keys[field];
		members[n++].value = &cells[field];
	}
	result = write_object(members, n);
	pfree(members);
	pfree(cells);
	return result;
}

/* Sorts the fields as jsonb sorts keys. */
static void
sort_names(FocusStageNames *names, const FocusField *keys, FocusStageOrder *order)
{
	int			n = names->header.nfields;

	if (order->fields != NULL)
		pfree(order->fields);
	order->fields = MemoryContextAlloc(GetMemoryChunkContext(names), n * sizeof(int));
	for (int i = 0; i < n; i++)
		order->fields[i] = i;
	qsort_arg(order->fields, n, sizeof(int), compare_fields, unconstify(FocusField *, keys));
	order->nfields = n;
}

static int
compare_fields(const void *a, const void *b, void *arg)
{
	const FocusField *keys = arg;
	int			left = *(const int *) a;
	int			right = *(const int *) b;
	int			result = compare_keys(&keys[left], &keys[right]);

	return result != 0 ? result : left - right;
}

/* Shorter ones come first. */
static int
compare_keys(const FocusField *a, const FocusField *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->data, b->data, a->len);
}

/* Writes the entry of a key or value, which ends at that offset. */
static inline void
write_entry(JEntry *entries, int i, JEntry type, size_t len, size_t end)
{
	entries[i] = type | (i % JB_OFFSET_STRIDE == 0 ? JENTRY_HAS_OFF | (JEntry) end : (JEntry) len);
}

/*
 * An object of members that are sorted.
 */
static Jsonb *
write_object(const Member *members, int n)
{
	size_t		size = offsetof(Jsonb, root) + sizeof(uint32) + 2 * n * sizeof(JEntry);
	size_t		end = 0;
	Jsonb	   *result;
	JEntry	   *entries;
	char	   *data;

	for (int i = 0; i < n; i++)
		end += members[i].key->len + members[i].value->field.len + (members[i].value->is_json ? sizeof(uint32) : 0);
	if (end > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row is too large to be mapped"),
				 errdetail("Its cells and the names of their columns have %zu bytes.", end)));
	result = palloc(size + end);
	result->root.header = n | JB_FOBJECT;
	entries = result->root.children;
	data = (char *) (entries + 2 * n);
	end = 0;
	for (int i = 0; i < n; i++)
	{
		const FocusField *key = members[i].key;

		memcpy(data + end, key->data, key->len);
		end += key->len;
		write_entry(entries, i, JENTRY_ISSTRING, key->len, end);
	}
	for (int i = 0; i < n; i++)
	{
		const FocusStageCell *value = members[i].value;
		size_t		start = end;

		/* what a container is aligned by counts as part of it */
		while (value->is_json && end % sizeof(uint32) != 0)
			data[end++] = '\0';
		memcpy(data + end, value->field.data, value->field.len);
		end += value->field.len;
		write_entry(entries, n + i, value->is_json ? JENTRY_ISCONTAINER : JENTRY_ISSTRING, end - start, end);
	}
	SET_VARSIZE(result, size + end);
	return result;
}

/* The members of a query's record that are not null, by name as it is or folded. */
static Jsonb *
record_jsonb(Jsonb *record, bool folded)
{
	JsonbParseState *state = NULL;
	JsonbIterator *iterator = JsonbIteratorInit(&record->root);
	JsonbValue	key;
	JsonbValue	value;

	(void) JsonbIteratorNext(&iterator, &key, true);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		char	   *name = focus_mapping_fold(key.val.string.val, key.val.string.len);

		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type == jbvNull)
			continue;
		if (folded && name[0] != '\0')
		{
			key.val.string.val = name;
			key.val.string.len = strlen(name);
		}
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
