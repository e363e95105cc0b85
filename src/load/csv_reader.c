/*-------------------------------------------------------------------------
 *
 * csv_reader.c
 *	  CSV bytes -> rows of fields.
 *
 * csv_split.c splits what is written regularly, and libcsv the rest, which is
 * to say that libcsv decides what CSV is: it gets each row that csv_split.c
 * does not take, and gives the rows back to it after the next row that ends
 * in LF.  It is set to strict quoting and to keep blanks.
 *
 * Lines end in LF, CRLF or CR; blank lines are skipped; a UTF-8 byte order
 * mark in front of the file is dropped.
 *
 * The buffer holds a chunk, behind the part of a row that was left of the one
 * before.  A row that is longer than LONG_ROW_BYTES is libcsv's as well; its
 * fields are gathered in a buffer of their own.
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

/* The fuzzer has limits of its own. */
#ifndef CHUNK_SIZE
#define CHUNK_SIZE		(256 * 1024)
#define LONG_ROW_BYTES	(256 * 1024)
#define LIBCSV_STEP		(64 * 1024)
#define MAX_ROW_BYTES	((size_t) 64 * 1024 * 1024)
#define MAX_FIELDS		20000

/*
 * Bytes that libcsv gets at least when it gets any.  Marking starts anew behind
 * them, which should not happen row by row.
 */
#define LIBCSV_BYTES	(16 * 1024)
#endif

#define BUFFER_SIZE		(CHUNK_SIZE + LONG_ROW_BYTES)

typedef struct Reader
{
	FocusInput *input;
	FocusRowCallback on_row;
	void	   *arg;

	int64		line;			/* line now being read, from 1 */
	int64		row_line;		/* line where the current row began */

	FocusCsvSplitter splitter;

	/* libcsv's rows */
	struct csv_parser parser;
	bool		in_libcsv;		/* the next byte is libcsv's */
	bool		after_row;		/* the last byte ended a row */
	bool		after_cr;		/* the last line ended in CR */
	StringInfoData data;
	size_t	   *ends;			/* offset of each field's NUL byte */
	FocusField *fields;
	int			nfields;
	int			max_fields;
} Reader;

static void open_reader(Reader *reader);
static size_t read_chunk(Reader *reader, char *chunk, bool first, FocusBytesCallback on_bytes);
static size_t split_bytes(Reader *reader, char *bytes, size_t len);
static size_t split_regular_rows(Reader *reader, char *bytes, size_t len);
static size_t parse_by_libcsv(Reader *reader, const char *bytes, size_t len);
static void parse(Reader *reader, const char *bytes, size_t len);
static void on_field(void *text, size_t len, void *arg);
static void on_row_end(int terminator, void *arg);
static void count_line(Reader *reader, int terminator);
static size_t skip_byte_order_mark(Reader *reader, const char *chunk, size_t len);
pg_noreturn static void parse_failed(Reader *reader);
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
	Reader		reader = {.input = input, .on_row = on_row, .arg = arg, .line = 1, .row_line = 1};
	char	   *buffer = palloc0(BUFFER_SIZE + FOCUS_CSV_PADDING);
	size_t		left = 0;
	size_t		len;
	bool		first = true;

	open_reader(&reader);
	while ((len = read_chunk(&reader, buffer + left, first, on_bytes)) > 0)
	{
		size_t		skip = first ? skip_byte_order_mark(&reader, buffer, len) : 0;
		size_t		used;

		len += left;
		used = skip + split_bytes(&reader, buffer + skip, len - skip);
		left = len - used;
		memmove(buffer, buffer + used, left);
		first = false;
	}
	parse(&reader, buffer, left);
	if (csv_fini(&reader.parser, on_field, on_row_end, &reader) != 0)
		parse_failed(&reader);

	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

static void
open_reader(Reader *reader)
{
	FocusCsvSplitter *splitter = &reader->splitter;

	splitter->marks = palloc(BUFFER_SIZE * sizeof(uint32));
	splitter->odd_blocks = palloc(((BUFFER_SIZE + FOCUS_CSV_BLOCK - 1) / FOCUS_CSV_BLOCK + 1) * sizeof(uint32));
	splitter->max_fields = MAX_FIELDS;
	splitter->fields = palloc(MAX_FIELDS * sizeof(FocusField));
	splitter->doubled = palloc(MAX_FIELDS * sizeof(int));

	initStringInfo(&reader->data);
	reader->max_fields = 128;
	reader->ends = palloc(reader->max_fields * sizeof(size_t));
	reader->fields = palloc(reader->max_fields * sizeof(FocusField));
	if (csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
		elog(ERROR, "could not initialize libcsv");
	csv_set_realloc_func(&reader->parser, bounded_realloc);
	csv_set_free_func(&reader->parser, pfree);
	csv_set_blk_size(&reader->parser, LIBCSV_STEP);
	csv_set_space_func(&reader->parser, never_blank);
}

/* Up to CHUNK_SIZE bytes; 0 at the end. */
static size_t
read_chunk(Reader *reader, char *chunk, bool first, FocusBytesCallback on_bytes)
{
	size_t		len = focus_input_read(reader->input, chunk, CHUNK_SIZE);
	size_t		more;

	/* a client may send a byte order mark in pieces */
	while (first && len > 0 && len < 3 &&
		   (more = focus_input_read(reader->input, chunk + len, CHUNK_SIZE - len)) > 0)
		len += more;
	CHECK_FOR_INTERRUPTS();
	if (len > 0)
		on_bytes(chunk, len, reader->arg);
	return len;
}

/*
 * Takes the rows in a buffer.  Returns how many bytes are used; the others,
 * fewer than LONG_ROW_BYTES, are to come again with more behind them.
 */
static size_t
split_bytes(Reader *reader, char *bytes, size_t len)
{
	size_t		at = 0;

	while (at < len)
	{
		if (!reader->in_libcsv)
			at += split_regular_rows(reader, bytes + at, len - at);
		if (!reader->in_libcsv)
			break;
		at += parse_by_libcsv(reader, bytes + at, len - at);
	}
	return at;
}

/*
 * Takes rows up to one that is libcsv's or has not ended.
 */
static size_t
split_regular_rows(Reader *reader, char *bytes, size_t len)
{
	FocusCsvSplitter *splitter = &reader->splitter;
	FocusCsvStatus status;
	FocusRow	row;

	focus_csv_split_begin(splitter, bytes, len);
	while ((status = focus_csv_split_next(splitter, &row)) == FOCUS_CSV_ROW)
	{
		row.line = reader->line;
		reader->line += splitter->lines;
		if (row.nfields > 1 || row.fields[0].len > 0)
			reader->on_row(&row, reader->arg);
	}
	reader->row_line = reader->line;
	reader->in_libcsv = (status == FOCUS_CSV_IRREGULAR || len - splitter->at >= LONG_ROW_BYTES);
	return splitter->at;
}

/*
 * Takes rows up to the end of one that ends in LF, or all bytes.
 */
static size_t
parse_by_libcsv(Reader *reader, const char *bytes, size_t len)
{
	size_t		at = 0;

	while (at < len && reader->in_libcsv)
	{
		size_t		search = Min(at + LIBCSV_BYTES, len);
		const char *line_feed = memchr(bytes + search, '\n', len - search);
		size_t		next = line_feed != NULL ? line_feed - bytes : len;

		parse(reader, bytes + at, next - at);
		at = next;
		if (line_feed != NULL)
		{
			reader->after_row = false;
			parse(reader, line_feed, 1);
			at++;
			reader->in_libcsv = !reader->after_row;
		}
	}
	return at;
}

static void
parse(Reader *reader, const char *bytes, size_t len)
{
	if (csv_parse(&reader->parser, bytes, len, on_field, on_row_end, reader) != len)
		parse_failed(reader);
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
		row.ascii = false;
		row.broken = NULL;
		row.fields = reader->fields;
		row.len = reader->data.len;

		/* line feeds inside quotes count for the next row's line */
		for (const char *p = reader->data.data;
			 (p = memchr(p, '\n', reader->data.data + reader->data.len - p)) != NULL; p++)
			reader->line++;
		reader->on_row(&row, reader->arg);
	}
	count_line(reader, terminator);
	reader->row_line = reader->line;
	reader->after_row = true;
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
parse_failed(Reader *reader)
{
	if (csv_error(&reader->parser) == CSV_EPARSE)
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
