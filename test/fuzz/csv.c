/*-------------------------------------------------------------------------
 *
 * csv.c
 *	  Fuzz harness of the CSV reader.
 *
 * The reader of csv_reader.c, which splits most rows by itself, must see the
 * same rows on the same lines, and end with the same error, as libcsv alone
 * that gets all bytes at once.  The first byte of the input says in how many
 * pieces the reader gets the others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <csv.h>

#include "load/csv_reader.h"

#include "reader_server.h"

static Output seen;
static Output expected;

/*
 * The reader under test
 */

static void
on_bytes(const char *data, size_t len, void *arg)
{
	(void) data;
	*(size_t *) arg += len;
}

static void
on_row(const FocusRow *row, void *arg)
{
	bool		ascii = true;

	(void) arg;
	append_number(&seen, row->line);
	append_number(&seen, row->nfields);
	for (int i = 0; i < row->nfields; i++)
	{
		const FocusField *field = &row->fields[i];

		require(field->data[field->len] == '\0');
		append_number(&seen, (int64_t) field->len);
		append(&seen, field->data, field->len);
		for (size_t k = 0; k < field->len; k++)
			ascii &= field->data[k] > 0;
	}
	require(ascii || !row->ascii);
}

/*
 * libcsv alone
 */

typedef struct Row
{
	int64_t		line;
	int64_t		row_line;
	bool		after_cr;
	int			nfields;
	size_t		len;			/* with a byte between fields */
	size_t		first_len;
	int			line_feeds;
	Output		fields;
} Row;

static void
libcsv_field(void *text, size_t len, void *arg)
{
	Row		   *row = arg;

	if (row->nfields == MAX_FIELDS)
		ereport(ERROR, errmsg("row at line %ld of \"%s\" has more than %d fields", row->row_line, FILE_NAME, MAX_FIELDS));
	if (row->len + len > MAX_ROW_BYTES)
		ereport(ERROR, errmsg("row at line %ld of \"%s\" is longer than %zu bytes", row->row_line, FILE_NAME, MAX_ROW_BYTES));
	if (row->nfields++ == 0)
		row->first_len = len;
	row->len += len + 1;
	append_number(&row->fields, (int64_t) len);
	append(&row->fields, text, len);
	for (size_t i = 0; i < len; i++)
		row->line_feeds += ((char *) text)[i] == '\n';
}

static void
libcsv_row(int terminator, void *arg)
{
	Row		   *row = arg;

	if (row->nfields > 1 || (row->nfields == 1 && row->first_len > 0))
	{
		append_number(&expected, row->row_line);
		append_number(&expected, row->nfields);
		append(&expected, row->fields.text, row->fields.len);
		row->line += row->line_feeds;
	}
	if (!(terminator == '\n' && row->after_cr && row->nfields == 0))
		row->line++;
	row->after_cr = (terminator == '\r');
	row->row_line = row->line;
	row->nfields = 0;
	row->len = 0;
	row->line_feeds = 0;
	row->fields.len = 0;
}

static int
libcsv_blank(unsigned char c)
{
	(void) c;
	return 0;
}

static void *
libcsv_realloc(void *pointer, size_t size)
{
	return size > MAX_ROW_BYTES ? NULL : repalloc(pointer, size);
}

static void
libcsv_failed(struct csv_parser *parser, Row *row)
{
	if (csv_error(parser) == CSV_EPARSE)
		ereport(ERROR,
				(errmsg("\"%s\" is not well-formed CSV at line %ld", FILE_NAME, row->row_line),
				 errdetail("Field %d of the row has a quote that is not closed, not doubled, or not next to a comma.",
						   row->nfields + 1)));
	ereport(ERROR,
			(errmsg("field %d of the row at line %ld of \"%s\" is longer than %zu bytes",
					row->nfields + 1, row->row_line, FILE_NAME, MAX_ROW_BYTES),
			 errhint("A quote that is never closed makes the rest of the file one field.")));
}

static void
read_by_libcsv(const char *data, size_t size)
{
	static Row	row;
	struct csv_parser parser;
	const unsigned char *c = (const unsigned char *) data;

	memset(&row, 0, offsetof(Row, fields));
	row.fields.len = 0;
	row.line = row.row_line = 1;
	csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
	csv_set_realloc_func(&parser, libcsv_realloc);
	csv_set_free_func(&parser, pfree);
	csv_set_blk_size(&parser, LIBCSV_STEP);
	csv_set_space_func(&parser, libcsv_blank);

	if (size >= 2 && ((c[0] == 0xff && c[1] == 0xfe) || (c[0] == 0xfe && c[1] == 0xff)))
		ereport(ERROR,
				(errmsg("\"%s\" is encoded in UTF-16", FILE_NAME),
				 errhint("Convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8.")));
	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
	{
		data += 3;
		size -= 3;
	}
	if (csv_parse(&parser, data, size, libcsv_field, libcsv_row, &row) != size ||
		csv_fini(&parser, libcsv_field, libcsv_row, &row) != 0)
		libcsv_failed(&parser, &row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FocusInput	input = {.data = (const char *) data + 1, .size = size - 1, .piece = size > 0 ? data[0] + 1 : 1};
	size_t		bytes = 0;
	char		expected_error[sizeof(fuzz_error)];

	if (size == 0 || size > OUTPUT_SIZE / 100)
		return 0;
	seen.len = expected.len = 0;
	fuzz_error[0] = '\0';
	if (setjmp(fuzz_handler) == 0)
		read_by_libcsv(input.data, input.size);
	memcpy(expected_error, fuzz_error, sizeof(fuzz_error));
	free_all();

	fuzz_error[0] = '\0';
	if (setjmp(fuzz_handler) == 0)
	{
		focus_csv_read(&input, on_bytes, on_row, &bytes);
		require(bytes == size - 1);
	}
	free_all();
	require(strcmp(fuzz_error, expected_error) == 0);
	require(seen.len == expected.len && memcmp(seen.text, expected.text, seen.len) == 0);
	return 0;
}
