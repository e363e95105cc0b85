/*-------------------------------------------------------------------------
 *
 * columnar.c
 *	  Functions for test/unit/columnar.sql: value.c and group_builder.c.
 *
 * A library of its own, linked with the files it tests, so that the extension
 * has no functions for tests only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "columnar/group_builder.h"
#include "columnar/value.h"
#include "compat.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(unit_to_decimal);
PG_FUNCTION_INFO_V1(unit_from_decimal);
PG_FUNCTION_INFO_V1(unit_build);

/*
 * unit_to_decimal(numeric) returns text: "number/scale", or NULL where it is
 * none.  The numeric that is put back must have the same bytes.
 */
Datum
unit_to_decimal(PG_FUNCTION_ARGS)
{
	Numeric		value = PG_GETARG_NUMERIC(0);
	int32		again[FOCUS_VALUE_DECIMAL_SIZE / sizeof(int32)];
	int64		number;
	uint8		scale;
	Size		size;

	if (!focus_value_to_decimal(value, &number, &scale))
		PG_RETURN_NULL();
	size = focus_value_from_decimal(number, scale, scale, (char *) again);
	if (size != VARSIZE(value) || memcmp(again, value, size) != 0)
		elog(ERROR, "other bytes come back");
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(INT64_FORMAT "/%d", number, scale)));
}

/* unit_from_decimal(number bigint, scale int, shown int) returns numeric */
Datum
unit_from_decimal(PG_FUNCTION_ARGS)
{
	char	   *result = palloc(FOCUS_VALUE_DECIMAL_SIZE);

	focus_value_from_decimal(PG_GETARG_INT64(0), PG_GETARG_INT32(1), PG_GETARG_INT32(2), result);
	PG_RETURN_POINTER(result);
}

static void *
allocate(void *context, size_t size)
{
	return MemoryContextAllocHuge(context, size);
}

static Datum
flat(Form_pg_attribute att, Datum value)
{
	return att->attlen == -1 ? PointerGetDatum(pg_detoast_datum((struct varlena *) DatumGetPointer(value))) : value;
}

static void
compare(TupleDesc desc, TupleTableSlot *a, Datum *values, bool *nulls, uint32 row, const char *what)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (a->tts_isnull[i] != nulls[i] ||
			(!nulls[i] && !datumIsEqual(flat(att, a->tts_values[i]), flat(att, values[i]),
										att->attbyval, att->attlen)))
			elog(ERROR, "row %u, column %d: %s gives back another value", row, i + 1, what);
	}
}

/* The values of all rows of a column of a body, as datums */
static void
read_column(const FocusBodyColumn *column, Form_pg_attribute att, Datum *values, bool *nulls)
{
	if (column->form == FOCUS_BODY_NUMBERS)
	{
		int64	   *numbers = palloc((column->rows + 1) * sizeof(int64));
		uint8	   *scales = palloc(column->rows + 1);

		if (focus_body_numbers(column, 0, column->rows, numbers, nulls, scales) != FOCUS_BODY_OK)
			elog(ERROR, "numbers of column \"%s\" are damaged", NameStr(att->attname));
		for (uint32 i = 0; i < column->rows; i++)
		{
			if (nulls[i])
				continue;
			if (column->kind == FOCUS_BODY_INT)
				values[i] = focus_value_from_int(numbers[i], att->attlen);
			else
			{
				values[i] = PointerGetDatum(palloc(FOCUS_VALUE_DECIMAL_SIZE));
				focus_value_from_decimal(numbers[i], column->scale, scales[i], DatumGetPointer(values[i]));
			}
		}
	}
	else
	{
		uint16	   *codes = palloc((column->rows + 1) * sizeof(uint16));

		if (focus_body_codes(column, 0, column->rows, codes) != FOCUS_BODY_OK)
			elog(ERROR, "codes of column \"%s\" are damaged", NameStr(att->attname));
		for (uint32 i = 0; i < column->rows; i++)
		{
			uint32		entry = codes[i] - 1;

			nulls[i] = (codes[i] == 0);
			if (nulls[i])
				continue;
			if (column->kind == FOCUS_BODY_INT)
				values[i] = focus_value_from_int(column->numbers[entry], att->attlen);
			else if (column->kind == FOCUS_BODY_DECIMAL)
			{
				values[i] = PointerGetDatum(palloc(FOCUS_VALUE_DECIMAL_SIZE));
				focus_value_from_decimal(column->numbers[entry], column->scale, column->scales[entry],
										 DatumGetPointer(values[i]));
			}
			else
			{
				Size		length = column->offsets[entry + 1] - column->offsets[entry];

				values[i] = focus_value_from_bytes(att, column->bytes + column->offsets[entry], length,
												   MemoryContextAllocHuge(CurrentMemoryContext, focus_value_bytes_size(att, length)));
			}
		}
	}
}

/* Are the rows of the body those of the builder? */
static void
check_body(FocusGroupBuilder *builder, TupleDesc desc, bool sort, TupleTableSlot *slot, Size *bytes)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "unit body", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	uint32		rows = focus_group_builder_rows(builder);
	uint16	   *order = palloc((rows + 1) * sizeof(uint16));
	struct varlena *body = focus_group_builder_body(builder, sort, order);
	const uint8 *data = (const uint8 *) VARDATA(body);
	FocusBodyMemory memory = {allocate, scratch};
	FocusBodyHeader header;
	FocusBodyColumn *columns = palloc0(desc->natts * sizeof(FocusBodyColumn));
	Datum	  **values = palloc(desc->natts * sizeof(Datum *));
	bool	  **nulls = palloc(desc->natts * sizeof(bool *));
	Datum	   *row_values = palloc(desc->natts * sizeof(Datum));
	bool	   *row_nulls = palloc(desc->natts * sizeof(bool));

	*bytes += VARSIZE(body);
	if (focus_body_read_header(data, focus_body_header_size(data, VARSIZE(body) - VARHDRSZ),
							   VARSIZE(body) - VARHDRSZ, &memory, &header) != FOCUS_BODY_OK ||
		header.rows != rows || header.ncolumns != desc->natts)
		elog(ERROR, "header is wrong");
	for (int pass = 0; pass < 2; pass++)
	{
		for (int i = 0; i < desc->natts; i++)
		{
			const FocusBodyColumnInfo *info = &header.columns[i];

			if ((info->parent >= 0) != (pass == 1))
				continue;
			if (focus_body_open(&header, i, data + info->offset,
								info->parent >= 0 ? &columns[info->parent] : NULL,
								&memory, &columns[i]) != FOCUS_BODY_OK)
				elog(ERROR, "column %d cannot be opened", i + 1);
			values[i] = palloc0((rows + 1) * sizeof(Datum));
			nulls[i] = palloc0((rows + 1) * sizeof(bool));
			read_column(&columns[i], TupleDescAttr(desc, i), values[i], nulls[i]);
		}
	}
	for (uint32 row = 0; row < rows; row++)
	{
		if (!sort && order[row] != row)
			elog(ERROR, "order has changed");
		for (int i = 0; i < desc->natts; i++)
		{
			row_values[i] = values[i][row];
			row_nulls[i] = nulls[i][row];
		}
		focus_group_builder_get(builder, order[row], slot);
		compare(desc, slot, row_values, row_nulls, row, "body");
	}
	ExecClearTuple(slot);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

/*
 * unit_build(query text, sort bool, group_rows int, skip int) returns text: the
 * rows of the query through builders, which must give back the same rows, as
 * must their bodies.  Each skip'th row is left out after its codes were asked
 * for.  Returns rows, groups and the highest memory in MB.
 */
Datum
unit_build(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool		sort = PG_GETARG_BOOL(1);
	uint32		group_rows = PG_GETARG_INT32(2);
	uint64		skip = PG_GETARG_INT32(3);
	FocusGroupBuilder *builder;
	TupleDesc	desc;
	TupleTableSlot *slot;
	TupleTableSlot *back;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "unit row", ALLOCSET_DEFAULT_SIZES);
	uint64		rows = 0;
	uint64		kept = 0;
	int			groups = 0;
	Size		bytes = 0;
	Size		memory = 0;

	SPI_connect();
	if (SPI_execute(query, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query failed");
	desc = SPI_tuptable->tupdesc;
	builder = focus_group_builder_create(desc, CurrentMemoryContext);
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
	back = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	for (rows = 0; rows < SPI_processed; rows++)
	{
		ExecStoreHeapTuple(SPI_tuptable->vals[rows], slot, false);
		slot_getallattrs(slot);
		if (skip > 0 && rows % skip == 0)
		{
			for (int i = 0; i < desc->natts; i++)
			{
				if (!slot->tts_isnull[i])
					focus_group_builder_code(builder, i, slot->tts_values[i]);
			}
		}
		else
		{
			MemoryContext caller;

			focus_group_builder_add_slot(builder, slot);
			kept++;
			caller = MemoryContextSwitchTo(scratch);
			focus_group_builder_get(builder, focus_group_builder_rows(builder) - 1, back);
			compare(desc, back, slot->tts_values, slot->tts_isnull, rows, "builder");
			MemoryContextSwitchTo(caller);
			MemoryContextReset(scratch);
		}
		memory = Max(memory, focus_group_builder_memory(builder));
		if (focus_group_builder_full(builder) || rows + 1 == SPI_processed ||
			focus_group_builder_rows(builder) == group_rows)
		{
			check_body(builder, desc, sort, back, &bytes);
			focus_group_builder_reset(builder);
			groups++;
		}
	}
	elog(DEBUG1, "%zu bytes", bytes);
	focus_group_builder_free(builder);
	ExecDropSingleTupleTableSlot(slot);
	ExecDropSingleTupleTableSlot(back);
	SPI_finish();
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(UINT64_FORMAT " rows, %d groups, %zu MB", kept, groups,
											  memory / (1024 * 1024))));
}
