/*-------------------------------------------------------------------------
 *
 * rows_store.c
 *	  A row of a file -> a row of a dataset's table.
 *
 * Where the table takes row groups the cells are coded as they are read
 * (group_sink.c); else they become the values of a slot (sink.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "load/rows_state.h"
#include "types/tags.h"

static bool read_cells(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
					   TupleTableSlot *slot);
static void fill_provider(FocusRows *rows, const FocusField *fields, TupleTableSlot *slot);
static bool code_cells(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
					   FocusTotalsCost *costs, bool *has_others);
static void code_provider(FocusRows *rows, const FocusField *fields);
static void fill_period(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
						TupleTableSlot *slot);
static void set_value(FocusRows *rows, TupleTableSlot *slot, AttrNumber attnum, Datum value);
static void fill_tags(FocusRows *rows, const FocusField *fields, TupleTableSlot *slot);
static bool has_tag(const FocusRows *rows, const char *key, int nfields);
static void add_slot_totals(FocusRows *rows, FocusLoadPart *part, TupleTableSlot *slot);

/*
 * Stores the row in values, or rejects it.
 */
void
focus_rows_store_in_slot(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields)
{
	TupleTableSlot *slot = focus_sink_next_slot(rows->sink);
	bool		isnull;

	if (!read_cells(rows, part, row, fields, slot))
		return;
	fill_provider(rows, fields, slot);
	focus_rows_note_others(rows, fields);
	fill_tags(rows, fields, slot);
	if (focus_rows_reject_noted(rows, part, row))
		return;
	fill_period(rows, part, row, fields, slot);
	slot->tts_values[rows->x_columns - 1] = focus_rows_x_columns(rows, fields, &isnull);
	slot->tts_isnull[rows->x_columns - 1] = isnull;
	slot->tts_values[rows->x_loadid - 1] = Int64GetDatum(part->loadid);
	slot->tts_isnull[rows->x_loadid - 1] = false;
	focus_rows_write_findings(rows, row, fields);
	add_slot_totals(rows, part, slot);
	part->rows_stored++;
	if (focus_sink_store(rows->sink, slot, row->line, row->len))
		focus_rows_reset_batch(rows);
}

/*
 * Fills the slot's columns from the cells, and notes what else is to be said
 * of them.  False when a cell could not be read and the row has been rejected.
 */
static bool
read_cells(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
		   TupleTableSlot *slot)
{
	FocusDelivery *delivery = rows->delivery;
	const FocusHeader *header = rows->header;

	focus_rows_forget_notes(rows);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	for (int i = 0; i < header->nfields; i++)
	{
		int			column = header->columns[i];
		AttrNumber	attnum;
		FocusCell	cell;
		FocusCellStatus status;

		if (column < 0)
			continue;
		rows->column = header->names[i];
		status = focus_cell_read(rows->cells, &delivery->dataset->columns[column], &fields[i], &cell);
		if (status == FOCUS_CELL_BAD)
		{
			focus_delivery_reject(delivery, part, header, rows->file, row, i, cell.sqlerrcode, cell.why);
			return false;
		}
		if (status == FOCUS_CELL_MISFIT || cell.keep_text || cell.finding != NULL)
			focus_rows_note_cell(rows, i, status, &cell);
		attnum = rows->attnums[column];
		slot->tts_values[attnum - 1] = cell.value;
		slot->tts_isnull[attnum - 1] = cell.isnull;
	}
	rows->column = NULL;
	return true;
}

/*
 * ServiceProviderName of rows that have no column for it: what an older column
 * says, or whoever knows.
 */
static void
fill_provider(FocusRows *rows, const FocusField *fields, TupleTableSlot *slot)
{
	const char *named = focus_delivery_provider(rows->delivery);
	AttrNumber	to;
	AttrNumber	from;

	if (rows->service_provider_name < 0 || !focus_header_lacks(rows->header, fields, rows->service_provider_name))
		return;
	to = rows->attnums[rows->service_provider_name];
	from = rows->attnums[rows->provider_name];
	if (!slot->tts_isnull[from - 1])
	{
		slot->tts_values[to - 1] = slot->tts_values[from - 1];
		slot->tts_isnull[to - 1] = false;
	}
	else if (named != NULL)
	{
		slot->tts_values[to - 1] = CStringGetTextDatum(named);
		slot->tts_isnull[to - 1] = false;
	}
}

/*
 * The same as focus_rows_store_in_slot(), but in codes.
 */
void
focus_rows_store_in_group(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields)
{
	FocusTotalsCost costs[FOCUS_TOTALS_COSTS];
	const FocusField *currency = focus_header_field(rows->header, fields, rows->billing_currency);
	bool		has_others;
	bool		spelled;

	/*
	 * Values of rejected rows count as well, so this comes first.  Files come
	 * by provider or month as a rule, so where a load begins a group ends, if
	 * there are rows enough: loads that are replaced together then have groups
	 * of their own, which can be deleted as such.
	 */
	if (focus_group_sink_is_full(rows->groups) ||
		(part->rows_stored == 0 && focus_group_sink_is_worth_a_group(rows->groups)))
	{
		FocusLines	lines = rows->lines;

		rows->lines.first = rows->lines.last = 0;
		focus_group_sink_flush(rows->groups);
		rows->lines = lines;
	}

	focus_group_sink_begin_row(rows->groups);
	if (!code_cells(rows, part, row, fields, costs, &has_others))
		return;
	code_provider(rows, fields);
	if (has_others)
	{
		focus_rows_note_others(rows, fields);
		fill_tags(rows, fields, NULL);
	}
	if (focus_rows_reject_noted(rows, part, row))
		return;
	fill_period(rows, part, row, fields, NULL);
	if (has_others)
	{
		bool		isnull;
		Datum		others = focus_rows_x_columns(rows, fields, &isnull);

		if (!isnull)
			focus_group_sink_datum(rows->groups, rows->x_columns, others);
		focus_rows_write_findings(rows, row, fields);
	}
	focus_group_sink_datum(rows->groups, rows->x_loadid, Int64GetDatum(part->loadid));
	if (focus_cell_is_null_of(&rows->delivery->dataset->columns[rows->billing_currency], currency, &spelled))
		focus_totals_add(part->totals, NULL, 0, costs);
	else
		focus_totals_add(part->totals, currency->data, currency->len, costs);
	part->rows_stored++;
	focus_group_sink_end_row(rows->groups);
}

/*
 * Codes the cells.  *has_others: some cells have no column, or something is to
 * be said of them.  False when a cell could not be read and the row has been
 * rejected.
 */
static bool
code_cells(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields,
		   FocusTotalsCost *costs, bool *has_others)
{
	const FocusHeader *header = rows->header;

	*has_others = row->nfields > header->nfields || rows->delivery->record != NULL;
	focus_rows_forget_notes(rows);
	for (int k = 0; k < FOCUS_TOTALS_COSTS; k++)
		costs[k].isnull = true;
	for (int i = 0; i < header->nfields; i++)
	{
		int			column = header->columns[i];
		FocusCell	cell;
		FocusCellStatus status;

		if (fields[i].len == 0)
			continue;
		if (column < 0)
		{
			*has_others = true;
			continue;
		}
		rows->column = header->names[i];
		status = focus_group_sink_cell(rows->groups, column, &fields[i], &cell);
		if (status == FOCUS_CELL_BAD)
		{
			focus_delivery_reject(rows->delivery, part, header, rows->file, row, i, cell.sqlerrcode, cell.why);
			return false;
		}
		if (status == FOCUS_CELL_MISFIT || cell.keep_text || cell.finding != NULL)
		{
			focus_rows_note_cell(rows, i, status, &cell);
			*has_others = true;
		}
		for (int k = 0; k < FOCUS_TOTALS_COSTS; k++)
		{
			if (column == rows->costs[k])
			{
				costs[k].isnull = cell.isnull;
				costs[k].is_decimal = cell.is_decimal;
				costs[k].decimal = cell.decimal;
				costs[k].value = cell.is_decimal || cell.isnull ? NULL : DatumGetNumeric(cell.value);
			}
		}
	}
	rows->column = NULL;
	return true;
}

/* The same as fill_provider(), but in codes. */
static void
code_provider(FocusRows *rows, const FocusField *fields)
{
	const char *named = focus_delivery_provider(rows->delivery);
	const FocusField *field;
	AttrNumber	to;
	bool		spelled;

	if (rows->service_provider_name < 0 || !focus_header_lacks(rows->header, fields, rows->service_provider_name))
		return;
	to = rows->attnums[rows->service_provider_name];
	field = focus_header_field(rows->header, fields, rows->provider_name);
	if (!focus_cell_is_null(field->data, field->len, &spelled))
		focus_group_sink_text(rows->groups, to, field->data, field->len);
	else if (named != NULL)
		focus_group_sink_text(rows->groups, to, named, strlen(named));
}

/*
 * The billing period of rows that tell none: the month that the charge began
 * in.  In codes where slot is NULL.
 */
static void
fill_period(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields, TupleTableSlot *slot)
{
	if (!rows->header->lacks_period)
		return;
	set_value(rows, slot, rows->attnums[rows->billing_period_start], TimestampTzGetDatum(part->period));
	if (focus_header_lacks(rows->header, fields, rows->billing_period_end))
		set_value(rows, slot, rows->attnums[rows->billing_period_end],
				  TimestampTzGetDatum(focus_place_month(part->period, 1)));
	focus_delivery_find(rows->delivery, "BillingPeriodStart", focus_rows_month_taken,
						rows->file, row->line, focus_header_field(rows->header, fields, rows->charge_period_start));
}

/* Sets a column of the row, which is NULL so far, in codes where slot is NULL. */
static void
set_value(FocusRows *rows, TupleTableSlot *slot, AttrNumber attnum, Datum value)
{
	if (slot == NULL)
		focus_group_sink_datum(rows->groups, attnum, value);
	else
	{
		slot->tts_values[attnum - 1] = value;
		slot->tts_isnull[attnum - 1] = false;
	}
}

/*
 * The tags of a row that has a column for each.  Where they make no map, which
 * is when one is too long, they stay in x_columns.  In codes where slot is NULL.
 */
static void
fill_tags(FocusRows *rows, const FocusField *fields, TupleTableSlot *slot)
{
	const FocusHeader *header = rows->header;
	FocusTagsError error;
	struct varlena *tags;
	StringInfoData json;
	bool		spelled;

	rows->has_tags = false;
	if (!header->has_tag_keys || !focus_header_lacks(header, fields, rows->tags))
		return;
	initStringInfo(&json);
	for (int i = 0; i < header->nfields; i++)
	{
		if (header->tag_keys[i] == NULL || focus_cell_is_null(fields[i].data, fields[i].len, &spelled) ||
			has_tag(rows, header->tag_keys[i], i))
			continue;
		appendStringInfoChar(&json, json.len == 0 ? '{' : ',');
		escape_json(&json, header->tag_keys[i]);
		appendStringInfoChar(&json, ':');
		escape_json(&json, fields[i].data);
		rows->findings[i] = focus_rows_own_column;
		rows->noted = true;
	}
	if (json.len == 0)
		return;
	appendStringInfoChar(&json, '}');
	tags = focus_tags_from_bytes(json.data, json.len, &error);
	rows->has_tags = (tags != NULL);
	if (tags != NULL)
		set_value(rows, slot, rows->attnums[rows->tags], PointerGetDatum(tags));
	for (int i = 0; i < header->nfields && tags == NULL; i++)
	{
		if (header->tag_keys[i] != NULL)
			rows->findings[i] = NULL;
	}
}

/* Has the row that tag by one of its first nfields fields? */
static bool
has_tag(const FocusRows *rows, const char *key, int nfields)
{
	const FocusHeader *header = rows->header;

	for (int i = 0; i < nfields && header->has_equal_tag_keys; i++)
	{
		if (header->tag_keys[i] != NULL && rows->findings[i] == focus_rows_own_column && strcmp(header->tag_keys[i], key) == 0)
			return true;
	}
	return false;
}

static void
add_slot_totals(FocusRows *rows, FocusLoadPart *part, TupleTableSlot *slot)
{
	FocusTotalsCost costs[FOCUS_TOTALS_COSTS];
	AttrNumber	attnum = rows->attnums[rows->billing_currency];
	const text *currency = slot->tts_isnull[attnum - 1] ? NULL : DatumGetTextPP(slot->tts_values[attnum - 1]);

	for (int i = 0; i < FOCUS_TOTALS_COSTS; i++)
	{
		attnum = rows->costs[i] >= 0 ? rows->attnums[rows->costs[i]] : InvalidAttrNumber;
		costs[i].is_decimal = false;
		costs[i].isnull = !AttributeNumberIsValid(attnum) || slot->tts_isnull[attnum - 1];
		if (!costs[i].isnull)
			costs[i].value = DatumGetNumeric(slot->tts_values[attnum - 1]);
	}
	if (currency != NULL)
		focus_totals_add(part->totals, VARDATA_ANY(currency), VARSIZE_ANY_EXHDR(currency), costs);
	else
		focus_totals_add(part->totals, NULL, 0, costs);
}
