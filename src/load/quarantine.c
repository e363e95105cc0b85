/*-------------------------------------------------------------------------
 *
 * quarantine.c
 *	  Rejected rows and findings of a delivery.
 *
 * A rejected row is written at once, with all that is needed to mend it.  Its
 * text may be what was wrong with it: bytes that are not UTF-8 or are NUL
 * become \xNN, so that the row can be stored and still be recognised.
 *
 * Findings are counted in memory, one per column and kind, and written when
 * the delivery ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "guc.h"
#include "load/delivery.h"

#define EXAMPLE_BYTES	200

typedef struct FindingKey
{
	const char *column;			/* pointers into the header and into our code */
	const char *finding;
} FindingKey;

typedef struct Finding
{
	FindingKey	key;
	int64		occurrences;
	int			file_number;
	const char *file;
	int64		line;
	char	   *example;
} Finding;

static void write_rejected(FocusDelivery *delivery, Datum *values, const char *nulls);
static void begin_finding(FocusDelivery *delivery, Finding *entry);
static void set_example(FocusDelivery *delivery, Finding *entry, const char *file, int64 line, const FocusField *example);
static char *printable(const char *data, size_t len);
static Jsonb *record_jsonb(const FocusHeader *header, const FocusRow *row);
static void check_reject_limit(FocusDelivery *delivery, const FocusHeader *header, const char *file,
							   const FocusRow *row, int field, const char *why);

/*
 * Puts a row into quarantine.  field is the index of the cell at fault, or -1
 * for the row as a whole.  Throws when the reject limit is passed.
 */
void
focus_delivery_reject(FocusDelivery *delivery, FocusLoadPart *part,
					  const FocusHeader *header, const char *file, const FocusRow *row,
					  int field, int sqlerrcode, const char *why)
{
	Datum		values[8];
	char		nulls[9] = "        ";
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "focus rejected row", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);

	part->rows_rejected++;
	delivery->rows_rejected++;
	check_reject_limit(delivery, header, file, row, field, why);

	values[0] = Int64GetDatum(part->loadid);
	values[1] = CStringGetTextDatum(file);
	values[2] = Int64GetDatum(row->line);
	if (field >= 0)
	{
		values[3] = CStringGetTextDatum(header->names[field]);
		values[4] = CStringGetTextDatum(printable(row->fields[field].data, row->fields[field].len));
	}
	else
	{
		values[3] = values[4] = (Datum) 0;
		nulls[3] = nulls[4] = 'n';
	}
	values[5] = CStringGetTextDatum(unpack_sql_state(sqlerrcode));
	values[6] = CStringGetTextDatum(why);
	values[7] = JsonbPGetDatum(delivery->record != NULL ? delivery->record : record_jsonb(header, row));
	if (!delivery->refused)
		write_rejected(delivery, values, nulls);

	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

/*
 * Inserts a row of focus_rejected_rows.  All rows of a file may be bad, so the plan
 * is made once; it lives as long as the load's connection to SPI.
 */
static void
write_rejected(FocusDelivery *delivery, Datum *values, const char *nulls)
{
	Oid			types[8] = {INT8OID, TEXTOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID};
	int			settings = focus_guc_pin();
	int			result;

	if (delivery->reject_plan == NULL)
		delivery->reject_plan = SPI_prepare(psprintf("INSERT INTO %s (loadid, file, line, columnname, value, sqlstate, message, record) "
													 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
													 quote_qualified_identifier(delivery->schema, "focus_rejected_rows")), 8, types);
	if (delivery->reject_plan == NULL)
		elog(ERROR, "could not plan: %s", SPI_result_code_string(SPI_result));
	result = SPI_execute_plan(delivery->reject_plan, values, nulls, false, 0);
	if (result != SPI_OK_INSERT)
		elog(ERROR, "unexpected SPI result %d for a rejected row", result);
	AtEOXact_GUC(false, settings);
}

/*
 * Counts a cell that was read leniently.  column and finding must stay where
 * they are until the delivery ends.
 */
void
focus_delivery_find(FocusDelivery *delivery, const char *column, const char *finding,
					const char *file, int64 line, const FocusField *example)
{
	FindingKey	key = {column, finding};
	Finding    *entry;
	bool		found;

	if (delivery->findings == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(FindingKey);
		control.entrysize = sizeof(Finding);
		control.hcxt = delivery->context;
		delivery->findings = hash_create("focus load findings", 64, &control,
										 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(delivery->findings, &key, HASH_ENTER, &found);
	if (!found)
		begin_finding(delivery, entry);
	/* a mapping's results come in any order */
	if (delivery->file_number < entry->file_number ||
		(delivery->file_number == entry->file_number && line < entry->line))
		set_example(delivery, entry, file, line, example);
	entry->occurrences++;
}

/* Nothing has been found yet. */
static void
begin_finding(FocusDelivery *delivery, Finding *entry)
{
	MemoryContext caller = MemoryContextSwitchTo(delivery->context);

	entry->occurrences = 0;
	entry->file_number = INT_MAX;
	entry->file = entry->example = NULL;
	delivery->findings_in_order = lappend(delivery->findings_in_order, entry);
	MemoryContextSwitchTo(caller);
}

/* The first place where it was found. */
static void
set_example(FocusDelivery *delivery, Finding *entry, const char *file, int64 line, const FocusField *example)
{
	MemoryContext caller = MemoryContextSwitchTo(delivery->context);
	size_t		len = pg_mbcliplen(example->data, Min(example->len, INT_MAX), EXAMPLE_BYTES);

	if (entry->example != NULL)
		pfree(entry->example);
	if (entry->file == NULL || strcmp(entry->file, file) != 0)
		entry->file = pstrdup(file);
	entry->file_number = delivery->file_number;
	entry->line = line;
	entry->example = pnstrdup(example->data, len);
	MemoryContextSwitchTo(caller);
}

/*
 * The text, in memory that stays until the delivery ends; equal ones are the
 * same pointer, as findings need it.
 */
const char *
focus_delivery_word(FocusDelivery *delivery, const char *text)
{
	MemoryContext caller;
	ListCell   *cell;

	foreach(cell, delivery->words)
	{
		if (strcmp(lfirst(cell), text) == 0)
			return lfirst(cell);
	}
	caller = MemoryContextSwitchTo(delivery->context);
	delivery->words = lappend(delivery->words, pstrdup(text));
	MemoryContextSwitchTo(caller);
	return llast(delivery->words);
}

/*
 * Writes the findings, the first of each kind first.  Files of one delivery may
 * name a column alike, hence the ON CONFLICT.
 */
void
focus_delivery_write_findings(FocusDelivery *delivery)
{
	Oid			types[7] = {INT8OID, TEXTOID, TEXTOID, INT8OID, TEXTOID, INT8OID, TEXTOID};
	Datum		values[7];
	ListCell   *cell;

	foreach(cell, delivery->findings_in_order)
	{
		const Finding *entry = lfirst(cell);

		values[0] = Int64GetDatum(delivery->deliveryid);
		values[1] = CStringGetTextDatum(entry->key.column);
		values[2] = CStringGetTextDatum(entry->key.finding);
		values[3] = Int64GetDatum(entry->occurrences);
		values[4] = CStringGetTextDatum(entry->file);
		values[5] = Int64GetDatum(entry->line);
		values[6] = CStringGetTextDatum(entry->example);
		focus_delivery_spi(psprintf("INSERT INTO %s AS f (deliveryid, columnname, finding, occurrences, first_file, first_line, example) "
									"VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (deliveryid, columnname, finding) "
									"DO UPDATE SET occurrences = f.occurrences + excluded.occurrences",
									quote_qualified_identifier(delivery->schema, "focus_load_findings")),
						   7, types, values, NULL, SPI_OK_INSERT);
	}
}

/*
 * The bytes as text of the server's encoding.
 */
static char *
printable(const char *data, size_t len)
{
	StringInfoData text;
	size_t		i = 0;

	initStringInfo(&text);
	while (i < len)
	{
		int			n = pg_utf_mblen((const unsigned char *) data + i);

		if (data[i] != '\0' && i + n <= len && pg_utf8_islegal((const unsigned char *) data + i, n) &&
			(n == 1 || GetDatabaseEncoding() == PG_UTF8))
		{
			appendBinaryStringInfo(&text, data + i, n);
			i += n;
		}
		else
		{
			appendStringInfo(&text, "\\x%02x", (unsigned char) data[i]);
			i++;
		}
	}
	return text.data;
}

static void
push_string(JsonbParseState **state, JsonbIteratorToken token, char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = text;
	value.val.string.len = strlen(text);
	pushJsonbValue(state, token, &value);
}

static Jsonb *
record_jsonb(const FocusHeader *header, const FocusRow *row)
{
	JsonbParseState *state = NULL;
	JsonbValue *result;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < row->nfields; i++)
	{
		push_string(&state, WJB_KEY, i < header->nfields && row->broken == NULL ? header->names[i] : psprintf("#%d", i + 1));
		push_string(&state, WJB_VALUE, printable(row->fields[i].data, row->fields[i].len));
	}
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(result);
}

static void
check_reject_limit(FocusDelivery *delivery, const FocusHeader *header, const char *file,
				   const FocusRow *row, int field, const char *why)
{
	int64		limit = delivery->options.reject_limit;

	if (limit < 0 || delivery->rows_rejected <= limit)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
			 errmsg_plural("more than %lld row was rejected", "more than %lld rows were rejected",
						   limit, (long long) limit),
			 field >= 0
			 ? errdetail("The last one is at line " INT64_FORMAT " of \"%s\", column \"%s\", value \"%.200s\": %s.",
						 row->line, file, header->names[field],
						 printable(row->fields[field].data, Min(row->fields[field].len, EXAMPLE_BYTES)), why)
			 : errdetail("The last one is at line " INT64_FORMAT " of \"%s\": %s.", row->line, file, why),
			 errhint("Nothing has been loaded. Mend the file, or raise reject_limit.")));
}
