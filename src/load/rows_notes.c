/*-------------------------------------------------------------------------
 *
 * rows_notes.c
 *	  What is to be said of the cells of a row.
 *
 * What the provider sent is stored as sent.  Cells that FOCUS has no column
 * for, and cells that do not fit their column's type, go to x_columns as text.
 * Whatever was read that is not FOCUS to the letter is noted and becomes a
 * finding or, if the delivery is strict, rejects the row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "load/rows_state.h"

const char	focus_rows_month_taken[] = "month of ChargePeriodStart taken for the billing period";
const char	focus_rows_own_column[] = "tag read from a column of its own";

static const char kept_as_text[] = "kept as text in x_columns";

static void push_record(JsonbParseState **state, Jsonb *record);

/* Words for null in cells that have no column. */
void
focus_rows_note_others(FocusRows *rows, const FocusField *fields)
{
	const FocusHeader *header = rows->header;

	for (int i = 0; i < header->nfields; i++)
	{
		bool		spelled;

		if (header->columns[i] < 0 && focus_cell_is_null(fields[i].data, fields[i].len, &spelled) && spelled)
		{
			rows->findings[i] = focus_cell_null_as_word;
			rows->noted = true;
		}
	}
}

/* Nothing has been said of the row to come. */
void
focus_rows_forget_notes(FocusRows *rows)
{
	if (!rows->noted)
		return;
	memset(rows->findings, 0, rows->header->nfields * sizeof(char *));
	memset(rows->keep, 0, rows->header->nfields * sizeof(bool));
	rows->noted = false;
}

/*
 * Rejects a row of which something was noted, if the delivery is strict, or that
 * does not tell its billing period.
 */
bool
focus_rows_reject_noted(FocusRows *rows, FocusLoadPart *part, const FocusRow *row)
{
	if (!rows->delivery->options.strict)
		return false;
	if (rows->header->lacks_period)
	{
		focus_delivery_reject(rows->delivery, part, rows->header, rows->file, row,
							  rows->header->fields[rows->charge_period_start], ERRCODE_DATA_EXCEPTION,
							  psprintf("strict: %s", focus_rows_month_taken));
		return true;
	}
	if (!rows->noted)
		return false;
	for (int i = 0; i < rows->header->nfields; i++)
	{
		const char *finding = rows->findings[i];

		if (finding == NULL)
			continue;
		focus_delivery_reject(rows->delivery, part, rows->header, rows->file, row, i, ERRCODE_DATA_EXCEPTION,
							  psprintf("strict: %s", finding == kept_as_text ? "does not fit the column's type" : finding));
		return true;
	}
	return false;
}

/* Notes what is to be said of the cell of a field. */
void
focus_rows_note_cell(FocusRows *rows, int field, FocusCellStatus status, const FocusCell *cell)
{
	rows->keep[field] = status == FOCUS_CELL_MISFIT || cell->keep_text;
	rows->findings[field] = status == FOCUS_CELL_MISFIT ? kept_as_text : cell->finding;
	rows->noted = true;
}

void
focus_rows_write_findings(FocusRows *rows, const FocusRow *row, const FocusField *fields)
{
	const FocusHeader *header = rows->header;

	if (row->nfields > header->nfields)
		focus_delivery_find(rows->delivery, rows->beyond, focus_rows_beyond,
							rows->file, row->line, &row->fields[header->nfields]);
	for (int i = 0; i < header->nfields && rows->noted; i++)
	{
		if (rows->findings[i] != NULL)
			focus_delivery_find(rows->delivery, header->names[i], rows->findings[i], rows->file, row->line, &fields[i]);
	}
}

/*
 * The cells that have no column, or whose text is kept, as a JSON object, with
 * all that a row was read from which is not FOCUS.
 */
Datum
focus_rows_x_columns(FocusRows *rows, const FocusField *fields, bool *isnull)
{
	const FocusHeader *header = rows->header;
	Jsonb	   *record = rows->delivery->record;
	JsonbParseState *state = NULL;
	JsonbValue	value;

	for (int i = 0; i < header->nfields; i++)
	{
		bool		spelled;

		if ((header->columns[i] >= 0 && !rows->keep[i]) ||
			(rows->has_tags && rows->findings[i] == focus_rows_own_column) ||
			focus_cell_is_null(fields[i].data, fields[i].len, &spelled))
			continue;
		if (state == NULL && record != NULL)
			push_record(&state, record);
		else if (state == NULL)
			pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		value.type = jbvString;
		value.val.string.val = header->names[i];
		value.val.string.len = strlen(header->names[i]);
		pushJsonbValue(&state, WJB_KEY, &value);
		value.val.string.val = (char *) fields[i].data;
		value.val.string.len = fields[i].len;
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	*isnull = (state == NULL && record == NULL);
	if (state == NULL)
		return PointerGetDatum(record);
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* Opens an object with the members of the record. */
static void
push_record(JsonbParseState **state, Jsonb *record)
{
	JsonbIterator *iterator = JsonbIteratorInit(&record->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_END_OBJECT)
		pushJsonbValue(state, token, token == WJB_BEGIN_OBJECT ? NULL : &value);
}
