/*-------------------------------------------------------------------------
 *
 * exec_output.c
 *	  Datums of the rows that a scan returns.
 *
 * They are made column by column for some rows at a time, and live until the
 * next ones are made; those of dictionaries live as long as the group's
 * reader.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/rel.h"

#include "columnar/exec_scan.h"
#include "columnar/value.h"
#include "compat.h"

/* FOCUS_VALUE_DECIMAL_SIZE bytes keep what follows aligned. */
StaticAssertDecl(FOCUS_VALUE_DECIMAL_SIZE % MAXIMUM_ALIGNOF == 0,
				 "numerics would not be aligned");

static void fill_missing(FocusOutput *output, TupleDesc desc, int count);
static void fill_codes(FocusScanState *state, FocusOutput *output, const FocusBodyColumn *body,
					   const uint16 *rows, int count);
static void fill_numbers(FocusScanState *state, FocusOutput *output, const FocusBodyColumn *body,
						 const uint16 *rows, int count);

static void
add_output(FocusScanState *state, int column)
{
	FocusOutput *output = &state->outputs[state->noutputs++];

	output->column = column;
	output->values = palloc(FOCUS_OUTPUT_ROWS * sizeof(Datum));
	output->isnull = palloc(FOCUS_OUTPUT_ROWS * sizeof(bool));
}

/*
 * columns are numbered from 0; those in rest_columns come first.
 */
void
focus_outputs_init(FocusScanState *state, Bitmapset *columns, Bitmapset *rest_columns)
{
	int			column = -1;

	state->outputs = palloc0(mul_size(Max(bms_num_members(columns), 1), sizeof(FocusOutput)));
	while ((column = bms_next_member(rest_columns, column)) >= 0)
		add_output(state, column);
	state->nrest_outputs = state->noutputs;
	column = -1;
	while ((column = bms_next_member(columns, column)) >= 0)
		if (!bms_is_member(column, rest_columns))
			add_output(state, column);
}

/*
 * Makes the datums of the first noutputs columns for state->rows[first] and
 * those behind it.
 */
void
focus_outputs_fill(FocusScanState *state, int noutputs, int first, int count)
{
	TupleDesc	desc = RelationGetDescr(state->css.ss.ss_currentRelation);
	const FocusBodyHeader *header = focus_group_reader_header(state->reader);
	int			i;

	Assert(count <= FOCUS_OUTPUT_ROWS);
	for (i = 0; i < noutputs; i++)
	{
		FocusOutput *output = &state->outputs[i];
		const FocusBodyColumn *body;

		if (output->column >= header->ncolumns)
		{
			fill_missing(output, desc, count);
			continue;
		}
		body = focus_group_reader_column(state->reader, &state->scan->store, output->column);
		if (body->form == FOCUS_BODY_CODES)
			fill_codes(state, output, body, state->rows + first, count);
		else
			fill_numbers(state, output, body, state->rows + first, count);
	}
}

/*
 * A column that the group does not have was added to the table later.
 */
static void
fill_missing(FocusOutput *output, TupleDesc desc, int count)
{
	bool		isnull;
	Datum		value = getmissingattr(desc, output->column + 1, &isnull);
	int			i;

	for (i = 0; i < count; i++)
	{
		output->values[i] = value;
		output->isnull[i] = isnull;
	}
}

static void
fill_codes(FocusScanState *state, FocusOutput *output, const FocusBodyColumn *body,
		   const uint16 *rows, int count)
{
	FocusStore *store = &state->scan->store;
	TupleDesc	desc = RelationGetDescr(state->css.ss.ss_currentRelation);
	const uint16 *codes = focus_group_reader_codes(state->reader, store, output->column,
												   state->vector);
	Datum		value = (Datum) 0;
	int			last = -1;
	int			i;

	for (i = 0; i < count; i++)
	{
		int			code = codes[rows[i]];

		if (code != last && code > 0)
			value = focus_group_reader_entry(state->reader, store, desc, output->column, code - 1);
		last = code;
		output->values[i] = value;
		output->isnull[i] = code == 0;
	}
}

static void
fill_numbers(FocusScanState *state, FocusOutput *output, const FocusBodyColumn *body,
			 const uint16 *rows, int count)
{
	TupleDesc	desc = RelationGetDescr(state->css.ss.ss_currentRelation);
	const bool *nulls;
	const uint8 *scales;
	const int64 *numbers = focus_group_reader_numbers(state->reader, &state->scan->store, output->column,
													  state->vector, &nulls, &scales);
	int			attlen = TupleDescAttr(desc, output->column)->attlen;
	int			i;

	if (body->kind == FOCUS_BODY_INT)
	{
		for (i = 0; i < count; i++)
		{
			output->values[i] = focus_value_from_int(numbers[rows[i]], attlen);
			output->isnull[i] = nulls[rows[i]];
		}
		return;
	}

	if (output->decimals == NULL)
		output->decimals = MemoryContextAlloc(state->css.ss.ps.state->es_query_cxt,
											  FOCUS_OUTPUT_ROWS * FOCUS_VALUE_DECIMAL_SIZE);
	for (i = 0; i < count; i++)
	{
		uint16		row = rows[i];
		char	   *decimal = output->decimals + i * FOCUS_VALUE_DECIMAL_SIZE;

		output->isnull[i] = nulls[row];
		output->values[i] = PointerGetDatum(decimal);
		if (!nulls[row])
			(void) focus_value_from_decimal(numbers[row], body->scale, scales[row], decimal);
	}
}
