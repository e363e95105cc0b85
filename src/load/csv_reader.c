/*-------------------------------------------------------------------------
 *
 * csv_reader.c
 *	  CSV bytes -> rows of fields, by libcsv.
 *
 * libcsv splits and unquotes; we set it to strict quoting and to keep blanks,
 * gather the fields of a row in one buffer, and count lines, which libcsv
 * does not.  Lines end in LF, CRLF or CR; blank lines are skipped; a UTF-8
 * byte order mark in front of the file is dropped.
 *
 * All of libcsv's memory is palloc'd in a context of our own, so that an
 * error thrown from the row callback leaves nothing behind, and a single
 * field cannot take more than MAX_ROW_BYTES.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <csv.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "load/csv_reader.h"

#define CHUNK_SIZE		(256 * 1024)
#define BUFFER_STEP		(64 * 1024)
#define MAX_ROW_BYTES	((size_t) 64 * 1024 * 1024)
#define MAX_FIELDS		20000

typedef struct Reader
{
	FocusInput *input;
	FocusRowCallback on_row;
	void	   *arg;

	int64		line;			/* line now being read, from 1 */
	int64		row_line;		/* line where the current row began */
	bool		after_cr;		/* the last line ended in CR */

	StringInfoData data;
	size_t	   *ends;			/* offset of each field's NUL byte */
	FocusField *fields;
	int			nfields;
	int			max_fields;
} Reader;

static void on_field(void *text, size_t len, void *arg);
static void on_row_end(int terminator, void *arg);
static void count_line(Reader *reader, int terminator);
static size_t skip_byte_order_mark(Reader *reader, const char *chunk, size_t len);
pg_noreturn static void parse_failed(Reader *reader, struct csv_parser *parser);
static int	never_blank(unsigned char c);
static void *bounded_realloc(void *pointer, size_t size);

/*
 * Reads the input to its end.  on_bytes sees every byte before the rows that
 * they complete; on_row may throw.
 */
void
focus_csv_read(FocusInput *input, FocusBytesCallback on_bytes,
			   FocusRowCallback on_row, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "focus csv reader", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	struct csv_parser parser;
	Reader		reader = {0};
	char	   *chunk = palloc(CHUNK_SIZE);
	size_t		len;
	bool		first = true;

	reader.input = input;
	reader.on_row = on_row;
	reader.arg = arg;
	reader.line = reader.row_line = 1;
	initStringInfo(&reader.data);
	reader.max_fields = 128;
	reader.ends = palloc(reader.max_fields * sizeof(size_t));
	reader.fields = palloc(reader.max_fields * sizeof(FocusField));

	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
		elog(ERROR, "could not initialize libcsv");
	csv_set_realloc_func(&parser, bounded_realloc);
	csv_set_free_func(&parser, pfree);
	csv_set_blk_size(&parser, BUFFER_STEP);
	csv_set_space_func(&parser, never_blank);

	while ((len = focus_input_read(input, chunk, CHUNK_SIZE)) > 0)
	{
		size_t		skip = 0;
		size_t		more;

		/* a client may send a byte order mark in pieces */
		while (first && len < 3 && (more = focus_input_read(input, chunk + len, CHUNK_SIZE - len)) > 0)
			len += more;
		CHECK_FOR_INTERRUPTS();
		on_bytes(chunk, len, arg);
		if (first)
			skip = skip_byte_order_mark(&reader, chunk, len);
		first = false;
		if (csv_parse(&parser, chunk + skip, len - skip, on_field, on_row_end, &reader) != len - skip)
			parse_failed(&reader, &parser);
	}
	if (csv_fini(&parser, on_field, on_row_end, &reader) != 0)
		parse_failed(&reader, &parser);

	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

static void
on_field(void *text, size_t len, void *arg)
{
	Reader	   *reader = arg;

	if (reader->nfields == MAX_FIELDS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row at line " INT64_FORMAT " of \"%s\" has more than %d fields",
						reader->row_line, focus_input_name(reader->input), MAX_FIELDS)));
	if (reader->nfields == reader->max_fields)
	{
		reader->max_fields *= 2;
		reader->ends = repalloc(reader->ends, reader->max_fields * sizeof(size_t));
		reader->fields = repalloc(reader->fields, reader->max_fields * sizeof(FocusField));
	}
	if (reader->data.len + len > MAX_ROW_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row at line " INT64_FORMAT " of \"%s\" is longer than %zu bytes",
						reader->row_line, focus_input_name(reader->input), MAX_ROW_BYTES)));

	enlargeStringInfo(&reader->data, len + 1);
	memcpy(reader->data.data + reader->data.len, text, len);
	reader->data.len += len;
	reader->ends[reader->nfields++] = reader->data.len;
	reader->data.data[reader->data.len++] = '\0';
}

static void
on_row_end(int terminator, void *arg)
{
	Reader	   *reader = arg;
	FocusRow	row;
	size_t		at = 0;

	/* libcsv reports a blank line as a row without fields, or with one */
	if (reader->nfields > 1 || (reader->nfields == 1 && reader->ends[0] > 0))
	{
		for (int i = 0; i < reader->nfields; i++)
		{
			reader->fields[i].data = reader->data.data + at;
			reader->fields[i].len = reader->ends[i] - at;
			at = reader->ends[i] + 1;
		}
		row.line = reader->row_line;
		row.nfields = reader->nfields;
		row.fields = reader->fields;
		row.data = reader->data.data;
		row.len = reader->data.len;

		/* line feeds inside quotes count for the next row's line */
		for (const char *p = row.data; (p = memchr(p, '\n', row.data + row.len - p)) != NULL; p++)
			reader->line++;
		reader->on_row(&row, reader->arg);
	}
	count_line(reader, terminator);
	reader->row_line = reader->line;
	reader->nfields = 0;
	resetStringInfo(&reader->data);
}

/* Counts a line end; CRLF arrives as CR and then LF behind an empty row. */
static void
count_line(Reader *reader, int terminator)
{
	if (!(terminator == '\n' && reader->after_cr && reader->nfields == 0))
		reader->line++;
	reader->after_cr = (terminator == '\r');
}

static size_t
skip_byte_order_mark(Reader *reader, const char *chunk, size_t len)
{
	const unsigned char *c = (const unsigned char *) chunk;

	if (len >= 2 && ((c[0] == 0xff && c[1] == 0xfe) || (c[0] == 0xfe && c[1] == 0xff)))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is encoded in UTF-16", focus_input_name(reader->input)),
				 errhint("Convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8.")));
	return (len >= 3 && c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf) ? 3 : 0;
}

static void
parse_failed(Reader *reader, struct csv_parser *parser)
{
	if (csv_error(parser) == CSV_EPARSE)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is not well-formed CSV at line " INT64_FORMAT,
						focus_input_name(reader->input), reader->row_line),
				 errdetail("Field %d of the row has a quote that is not closed, not doubled, or not next to a comma.",
						   reader->nfields + 1)));
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("field %d of the row at line " INT64_FORMAT " of \"%s\" is longer than %zu bytes",
					reader->nfields + 1, reader->row_line, focus_input_name(reader->input), MAX_ROW_BYTES),
			 errhint("A quote that is never closed makes the rest of the file one field.")));
}

/* Blanks belong to the value, in and out of quotes. */
static int
never_blank(unsigned char c)
{
	return 0;
}

/* libcsv takes NULL for out of memory and gives up. */
static void *
bounded_realloc(void *pointer, size_t size)
{
	if (size > MAX_ROW_BYTES)
		return NULL;
	return pointer == NULL ? palloc(size) : repalloc(pointer, size);
}
