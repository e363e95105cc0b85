/*-------------------------------------------------------------------------
 *
 * native_stage.c
 *	  Rows of files that are not FOCUS, until the mapping's query reads them.
 *
 * They wait in a tuplestore, in memory or in temporary files, which the query
 * sees as relation staged:
 *
 *	file	integer		number of the file, from 1
 *	line	bigint		line on which the row begins
 *	sent	focus_internal.staged_row
 *
 * A row of a file is no larger there than in the file: names are kept once, and
 * the row is
 *
 *	number of fields, and for each of them
 *		2 * length + (1: container of jsonb, 0: text), and as many bytes
 *
 * where numbers take seven bits a byte, the lowest first, and all bytes of a
 * number but the last have the eighth.  Text that is a JSON object or array is
 * parsed here, once.  A record of a query is kept as jsonb.  native_record.c
 * makes of either what mappings see.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "load/native_mapping.h"
#include "load/native_stage.h"
#include "load/rows.h"

static void forget(void *arg);
static Oid	row_type(void);
static FocusStageNames *names_of(FocusStage *stage, const FocusRow *names);
static bool same_names(const FocusStageNames *names, const FocusRow *row);
static void add_names(FocusStage *stage, FocusStageNames *names, const FocusRow *row);
static const FocusField *check_row(FocusStage *stage, const FocusRow *row);
static const char *convert_fields(const FocusRow *row, FocusField *fields, int nfields, int *bad_field, int *sqlerrcode);
static struct varlena *pack(FocusStage *stage, const FocusField *fields, int nfields, size_t len);
static void put(FocusStage *stage, int64 line, struct varlena *sent);

/*
 * For rows of a delivery.  Lives in the current memory context.
 */
FocusStage *
focus_stage_create(FocusDelivery *delivery)
{
	FocusStage *stage = palloc0(sizeof(FocusStage));

	stage->delivery = delivery;
	stage->context = CurrentMemoryContext;
	stage->forget.func = forget;
	stage->forget.arg = stage;
	MemoryContextRegisterResetCallback(stage->context, &stage->forget);
	stage->scratch = AllocSetContextCreate(stage->context, "focus native row", ALLOCSET_DEFAULT_SIZES);
	stage->cells = focus_cell_reader_create(stage->scratch);
	stage->store = tuplestore_begin_heap(false, false, work_mem);
	stage->desc = CreateTemplateTupleDesc(3);
	TupleDescInitEntry(stage->desc, 1, "file", INT4OID, -1, 0);
	TupleDescInitEntry(stage->desc, 2, "line", INT8OID, -1, 0);
	TupleDescInitEntry(stage->desc, 3, "sent", row_type(), -1, 0);
	return stage;
}

/*
 * The rows to come are of that file, or records of a query where names is NULL.
 */
void
focus_stage_begin_file(FocusStage *stage, const char *file, bool from_client, const FocusRow *names)
{
	MemoryContext caller = MemoryContextSwitchTo(stage->context);
	FocusStageFile *entry = palloc0(sizeof(FocusStageFile));

	entry->name = pstrdup(file);
	entry->from_client = from_client;
	stage->files = lappend(stage->files, entry);
	stage->delivery->file_number = list_length(stage->files);
	stage->count = 0;
	if (names != NULL)
		entry->names = names_of(stage, names);
	MemoryContextSwitchTo(caller);
}

/*
 * Takes the names of a JSON file's columns, which are those that it had before
 * and more behind them.
 */
void
focus_stage_name(FocusStage *stage, const FocusRow *names)
{
	MemoryContext caller = MemoryContextSwitchTo(stage->context);
	FocusStageFile *file = llast(stage->files);

	/* another file may have these names, and no more */
	if (list_length(stage->files) > 1 &&
		((FocusStageFile *) list_nth(stage->files, list_length(stage->files) - 2))->names == file->names)
		file->names = palloc0(sizeof(FocusStageNames));
	add_names(stage, file->names, names);
	MemoryContextSwitchTo(caller);
}

/*
 * Takes the next row of the file.
 */
void
focus_stage_add(FocusStage *stage, const FocusRow *row)
{
	const FocusStageFile *file = llast(stage->files);
	MemoryContext caller;
	const FocusField *fields;

	/* psql sends the line that ends in-line data along with it */
	if (file->from_client && row->nfields == 1 && strcmp(row->fields[0].data, "\\.") == 0)
		return;
	caller = MemoryContextSwitchTo(stage->scratch);
	stage->count++;
	stage->delivery->rows_staged++;
	fields = check_row(stage, row);
	MemoryContextSwitchTo(stage->scratch);
	if (fields != NULL)
		put(stage, row->line, pack(stage, fields, file->names->header.nfields, row->len));
	focus_cell_reader_forget(stage->cells);
	MemoryContextReset(stage->scratch);
	MemoryContextSwitchTo(caller);
}

/*
 * Takes the next record of a query, an object.
 */
void
focus_stage_add_record(FocusStage *stage, Jsonb *record)
{
	stage->count++;
	stage->delivery->rows_staged++;
	put(stage, stage->count, (struct varlena *) record);
}

/*
 * Makes the rows relation staged of the queries to come.
 */
void
focus_stage_register(FocusStage *stage)
{
	EphemeralNamedRelation staged = MemoryContextAllocZero(stage->context, sizeof(EphemeralNamedRelationData));
	int			result;

	staged->md.name = "staged";
	staged->md.reliddesc = InvalidOid;
	staged->md.tupdesc = stage->desc;
	staged->md.enrtype = ENR_NAMED_TUPLESTORE;
	staged->md.enrtuples = stage->nrows;
	staged->reldata = stage->store;
	result = SPI_register_relation(staged);
	if (result != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register relation staged: %s", SPI_result_code_string(result));
}

/* No query reads the rows any more. */
void
focus_stage_end(FocusStage *stage)
{
	SPI_unregister_relation("staged");
	tuplestore_end(stage->store);
}

/* A file by its number, from 1. */
const FocusStageFile *
focus_stage_file(const FocusStage *stage, int number)
{
	return list_nth(stage->files, number - 1);
}

static inline uint32
unpack_number(const char **at)
{
	uint32		number = 0;
	int			shift = 0;
	unsigned char c;

	do
	{
		c = *(*at)++;
		number |= (uint32) (c & 0x7f) << shift;
		shift += 7;
	} while (c & 0x80);
	return number;
}

/*
 * The cells of a row, of which there are no more than the file has names.
 * Returns their number.  They point into the row.
 */
int
focus_stage_unpack(const struct varlena *packed, FocusStageCell *cells)
{
	const char *at = VARDATA_ANY(packed);
	int			nfields = unpack_number(&at);

	for (int i = 0; i < nfields; i++)
	{
		uint32		size = unpack_number(&at);

		cells[i].field.data = at;
		cells[i].field.len = size >> 1;
		cells[i].is_json = size & 1;
		at += size >> 1;
	}
	Assert(at == VARDATA_ANY(packed) + VARSIZE_ANY_EXHDR(packed));
	return nfields;
}

/* An error may have ended the query that reads the rows. */
static void
forget(void *arg)
{
	FocusStage *other = focus_stage_set_at_work(NULL);

	if (other != arg)
		focus_stage_set_at_work(other);
}

static Oid
row_type(void)
{
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("staged_row"),
									   ObjectIdGetDatum(get_namespace_oid("focus_internal", false)));

	if (!OidIsValid(type))
		elog(ERROR, "type focus_internal.staged_row does not exist");
	return type;
}

/* The names of the file, which may be those of the file before it. */
static FocusStageNames *
names_of(FocusStage *stage, const FocusRow *row)
{
	FocusStageNames *names;

	if (list_length(stage->files) > 1)
	{
		names = ((FocusStageFile *) list_nth(stage->files, list_length(stage->files) - 2))->names;
		if (same_names(names, row))
			return names;
	}
	names = palloc0(sizeof(FocusStageNames));
	add_names(stage, names, row);
	return names;
}

static bool
same_names(const FocusStageNames *names, const FocusRow *row)
{
	if (names->header.nfields != row->nfields)
		return false;
	for (int i = 0; i < row->nfields; i++)
	{
		if (names->sent[i].len != row->fields[i].len ||
			memcmp(names->sent[i].data, row->fields[i].data, row->fields[i].len) != 0)
			return false;
	}
	return true;
}

/* Appends the names that are new. */
static void
add_names(FocusStage *stage, FocusStageNames *names, const FocusRow *row)
{
	FocusHeader *header = &names->header;

	if (row->nfields > header->max_fields)
	{
		int			room = row->nfields * 2;

		header->names = header->names == NULL ? palloc(room * sizeof(char *)) :
			repalloc(header->names, room * sizeof(char *));
		names->sent = names->sent == NULL ? palloc(room * sizeof(FocusField)) :
			repalloc(names->sent, room * sizeof(FocusField));
		names->folded = names->folded == NULL ? palloc(room * sizeof(FocusField)) :
			repalloc(names->folded, room * sizeof(FocusField));
		header->max_fields = room;
	}
	for (int i = header->nfields; i < row->nfields; i++)
	{
		FocusField	name = row->fields[i];

		if (memchr(name.data, '\0', name.len) != NULL || !pg_verify_mbstr(PG_UTF8, name.data, name.len, true) ||
			!focus_field_to_server(&row->fields[i], &name))
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("name of column %d of \"%s\" is not UTF-8 text that the database can hold",
							i + 1, ((FocusStageFile *) llast(stage->files))->name)));
		header->names[i] = pnstrdup(name.data, name.len);
		names->sent[i].data = header->names[i];
		names->sent[i].len = name.len;
		names->folded[i].data = focus_mapping_fold(name.data, name.len);
		names->folded[i].len = strlen(names->folded[i].data);
		if (names->folded[i].len == 0)
			names->folded[i] = names->sent[i];
	}
	header->nfields = row->nfields;
}

/*
 * The fields in the server's encoding, if the row is well-formed text with the
 * header's number of fields; if not, the row has been rejected, and the result
 * is NULL.
 */
static const FocusField *
check_row(FocusStage *stage, const FocusRow *row)
{
	FocusDelivery *delivery = stage->delivery;
	const FocusStageFile *file = llast(stage->files);
	const FocusHeader *header = &file->names->header;
	FocusField *fields;
	const char *why = row->broken;
	int			sqlerrcode = ERRCODE_INVALID_JSON_TEXT;
	int			bad_field = -1;
	int			extra = 0;

	for (int i = header->nfields; i < row->nfields; i++)
	{
		if (row->fields[i].len > 0)
			extra++;
	}
	if (why == NULL && (row->nfields < header->nfields || extra > 0 ||
						(row->nfields > header->nfields && delivery->options.strict)))
	{
		sqlerrcode = ERRCODE_BAD_COPY_FILE_FORMAT;
		why = psprintf("row has %d fields, the header has %d", row->nfields, header->nfields);
	}
	if (why == NULL && row->nfields > header->nfields)
		focus_delivery_find(delivery, focus_delivery_word(delivery, psprintf("#%d", header->nfields + 1)), focus_rows_beyond,
							file->name, row->line, &row->fields[header->nfields]);
	if (why == NULL && row->ascii)
		return row->fields;
	fields = palloc(Max(header->nfields, 1) * sizeof(FocusField));
	if (why == NULL)
		why = convert_fields(row, fields, header->nfields, &bad_field, &sqlerrcode);
	if (why == NULL)
		return fields;
	focus_delivery_reject(delivery, focus_delivery_part(delivery, delivery->options.source, false, 0, NULL),
						  header, file->name, row, bad_field, sqlerrcode, why);
	return NULL;
}

/* Why they are no text that the database can hold, or NULL. */
static const char *
convert_fields(const FocusRow *row, FocusField *fields, int nfields, int *bad_field, int *sqlerrcode)
{
	for (int i = 0; i < nfields; i++)
	{
		const FocusField *field = &row->fields[i];

		fields[i] = *field;
		*bad_field = i;
		if (field->len == 0)
			continue;
		if (!pg_verify_mbstr(PG_UTF8, field->data, field->len, true))
		{
			*sqlerrcode = ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;
			return "not UTF-8 text";
		}
		if (!focus_field_to_server(field, &fields[i]))
		{
			*sqlerrcode = ERRCODE_UNTRANSLATABLE_CHARACTER;
			return "has characters that the database's encoding lacks";
		}
	}
	return NULL;
}

static inline void
pack_number(StringInfo packed, uint32 number)
{
	while (number >= 0x80)
	{
		appendStringInfoCharMacro(packed, (char) (number | 0x80));
		number >>= 7;
	}
	appendStringInfoCharMacro(packed, (char) number);
}

/*
 * The row as it is stored, in the current memory context.  len is about that of
 * the fields together.
 */
static struct varlena *
pack(FocusStage *stage, const FocusField *fields, int nfields, size_t len)
{
	static const FocusColumn json = {"", FOCUS_JSON, false};
	StringInfoData packed;

	initStringInfo(&packed);
	enlargeStringInfo(&packed, len + 2 * nfields + VARHDRSZ);
	packed.len = VARHDRSZ;
	pack_number(&packed, nfields);
	for (int i = 0; i < nfields; i++)
	{
		const FocusField *field = &fields[i];
		FocusCell	cell;

		if (field->len > 0 && (field->data[0] == '{' || field->data[0] == '[') &&
			focus_cell_read(stage->cells, &json, field, &cell) == FOCUS_CELL_OK && !cell.isnull)
		{
			Jsonb	   *inside = DatumGetJsonbP(cell.value);

			pack_number(&packed, 2 * (VARSIZE(inside) - VARHDRSZ) + 1);
			appendBinaryStringInfo(&packed, (char *) &inside->root, VARSIZE(inside) - VARHDRSZ);
		}
		else
		{
			pack_number(&packed, 2 * field->len);
			appendBinaryStringInfo(&packed, field->data, field->len);
		}
	}
	SET_VARSIZE(packed.data, packed.len);
	return (struct varlena *) packed.data;
}

static void
put(FocusStage *stage, int64 line, struct varlena *sent)
{
	Datum		values[3];
	bool		nulls[3] = {0};

	values[0] = Int32GetDatum(list_length(stage->files));
	values[1] = Int64GetDatum(line);
	values[2] = PointerGetDatum(sent);
	tuplestore_putvalues(stage->store, stage->desc, values, nulls);
	stage->nrows++;
	stage->bytes += VARSIZE(sent);
}
