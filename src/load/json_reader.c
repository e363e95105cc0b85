/*-------------------------------------------------------------------------
 *
 * json_reader.c
 *	  JSON Lines, JSON objects, or an array of them -> rows of fields.
 *
 * The rows are those of a CSV file that has a column for each key.  Keys
 * become columns as they are met: before the first row, and before each row
 * that brings new keys, on_names gets the names of all columns so far, which
 * keep their places.  A row has a field for each of them; those that its object
 * lacks are empty.
 *
 * Where the first line ends inside an object, objects take several lines and
 * follow each other.
 *
 * A line that is not an object becomes a row with one field, the line, and the
 * reason in row->broken.  So does an object of an array that is not well-formed
 * inside; where an array itself is broken nobody knows where the next object
 * begins, and that is an error.
 *
 * One line or object is in memory at a time, MAX_ROW_BYTES at most.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "load/json_reader.h"
#include "load/json_split.h"

/* The fuzzer has limits of its own. */
#ifndef CHUNK_SIZE
#define CHUNK_SIZE		(256 * 1024)
#define MAX_ROW_BYTES	((size_t) 64 * 1024 * 1024)
#define MAX_COLUMNS		2000
#endif

typedef struct Reader
{
	FocusInput *input;
	FocusBytesCallback on_bytes;
	FocusRowCallback on_names;
	FocusRowCallback on_row;
	void	   *arg;
	int64		line;			/* of the first unused byte, from 1 */
	bool		is_spread;		/* objects take several lines */

	/* bytes that have been read; those up to at are used */
	char	   *bytes;
	size_t		size;
	size_t		len;
	size_t		at;

	FocusJsonSplitter splitter;
	size_t		space_size;

	/* columns so far */
	FocusField *names;
	FocusField *fields;			/* of the row at work */
	int64	   *last_rows;		/* number of the last row that had the key */
	int			ncolumns;
	int64		nrows;
} Reader;

static void read_lines(Reader *reader);
static void take_line(Reader *reader, const char *text, size_t len);
static void read_array(Reader *reader);
static bool take_element(Reader *reader);
static bool is_spread(Reader *reader);
static void read_objects(Reader *reader);
static void require_end(Reader *reader);
static void take_object(Reader *reader, const char *text, size_t len);
static bool place_members(Reader *reader);
static int	column_of(Reader *reader, const FocusField *key, int guess);
static int	add_column(Reader *reader, const FocusField *key);
static void hand_on(Reader *reader, FocusRowCallback callback, const FocusField *fields, int nfields, const char *broken,
					size_t len);
static void break_row(Reader *reader, const char *text, size_t len, const char *why);
static char peek(Reader *reader);
static bool fill(Reader *reader);
static void check_length(Reader *reader, size_t len);
static bool is_end_of_copy(Reader *reader, const char *text, size_t len);
pg_noreturn static void array_failed(Reader *reader, const char *why);

/*
 * Reads the input to its end.  on_bytes sees every byte before the rows that
 * they complete; the other callbacks may throw.
 */
void
focus_json_read(FocusInput *input, FocusBytesCallback on_bytes,
				FocusRowCallback on_names, FocusRowCallback on_row, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "focus json reader", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Reader		reader = {.input = input, .on_bytes = on_bytes, .on_names = on_names, .on_row = on_row, .arg = arg, .line = 1};

	reader.size = 2 * CHUNK_SIZE;
	reader.bytes = palloc(reader.size);
	reader.splitter.max_members = MAX_COLUMNS;
	reader.splitter.members = palloc(MAX_COLUMNS * sizeof(FocusJsonMember));
	reader.names = palloc(MAX_COLUMNS * sizeof(FocusField));
	reader.fields = palloc(MAX_COLUMNS * sizeof(FocusField));
	reader.last_rows = palloc0(MAX_COLUMNS * sizeof(int64));

	/* a byte order mark; a client may send it in pieces */
	while (reader.len < 3 && fill(&reader))
		;
	if (reader.len >= 3 && memcmp(reader.bytes, "\xef\xbb\xbf", 3) == 0)
		reader.at = 3;
	if (peek(&reader) == '[')
		read_array(&reader);
	else if (is_spread(&reader))
		read_objects(&reader);
	else
		read_lines(&reader);

	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/*
 * Each line is an object; blank ones are skipped.
 */
static void
read_lines(Reader *reader)
{
	size_t		searched = 0;	/* behind reader->at, no line feed is there */

	for (;;)
	{
		const char *text = reader->bytes + reader->at;
		size_t		len = reader->len - reader->at;
		const char *line_feed = memchr(text + searched, '\n', len - searched);

		if (line_feed == NULL)
		{
			searched = len;
			if (fill(reader))
				continue;
			take_line(reader, reader->bytes + reader->at, len);
			return;
		}
		check_length(reader, line_feed - text);
		take_line(reader, text, line_feed - text);
		reader->at += line_feed - text + 1;
		reader->line++;
		searched = 0;
	}
}

static void
take_line(Reader *reader, const char *text, size_t len)
{
	while (len > 0 && (*text == ' ' || *text == '\t' || *text == '\r'))
	{
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
		len--;
	if (len > 0 && !is_end_of_copy(reader, text, len))
		take_object(reader, text, len);
}

/*
 * [object, object, ...] and nothing behind it.
 */
static void
read_array(Reader *reader)
{
	bool		more;

	reader->at++;
	more = peek(reader) != ']';
	while (more)
	{
		char		c;

		if (!take_element(reader))
			array_failed(reader, "It has something that is not an object.");
		c = peek(reader);
		more = (c == ',');
		if (more)
		{
			reader->at++;
			(void) peek(reader);
		}
		else if (c != ']')
			array_failed(reader, c == '\0' || (c == '\\' && focus_input_is_client(reader->input)) ?
						 "It ends before the array does." : "It lacks a comma between two objects.");
	}
	reader->at++;
	require_end(reader);
}

/* Does the first line end inside the object that begins there? */
static bool
is_spread(Reader *reader)
{
	FocusJsonScanner scanner = {0};
	size_t		len = 0;

	if (peek(reader) != '{')
		return false;
	for (;;)
	{
		const char *text = reader->bytes + reader->at + len;
		const char *line_feed = memchr(text, '\n', reader->len - reader->at - len);
		size_t		step = (line_feed != NULL ? line_feed : reader->bytes + reader->len) - text;

		len += focus_json_scan(&scanner, text, step);
		if (scanner.depth == 0)
			return false;
		if (line_feed != NULL)
			return !scanner.in_string;
		if (!fill(reader))
			return false;
	}
}

/*
 * Objects that take several lines, one behind the other.
 */
static void
read_objects(Reader *reader)
{
	reader->is_spread = true;
	while (take_element(reader))
		;
	require_end(reader);
}

/* The next element of the array; false when it is not an object. */
static bool
take_element(Reader *reader)
{
	FocusJsonScanner scanner = {0};
	size_t		len = 0;
	const char *text;

	if (peek(reader) != '{')
		return false;
	do
	{
		if (reader->at + len == reader->len && !fill(reader))
			array_failed(reader, "It ends before the object does.");
		len += focus_json_scan(&scanner, reader->bytes + reader->at + len, reader->len - reader->at - len);
	} while (scanner.depth > 0);

	text = reader->bytes + reader->at;
	check_length(reader, len);
	take_object(reader, text, len);
	for (const char *p = text; (p = memchr(p, '\n', text + len - p)) != NULL; p++)
		reader->line++;
	reader->at += len;
	return true;
}

static void
require_end(Reader *reader)
{
	if (peek(reader) == '\0' && reader->at == reader->len)
		return;
	while (fill(reader))
		;
	for (const char *end = reader->bytes + reader->len; end > reader->bytes + reader->at; end--)
	{
		if (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r' || end[-1] == '\n')
			continue;
		if (is_end_of_copy(reader, reader->bytes + reader->at, end - reader->bytes - reader->at))
			return;
		break;
	}
	array_failed(reader, reader->is_spread ? "Something that is not an object follows one." : "Something follows the array.");
}

static void
take_object(Reader *reader, const char *text, size_t len)
{
	FocusJsonSplitter *splitter = &reader->splitter;

	if (len > reader->space_size)
	{
		if (splitter->space != NULL)
			pfree(splitter->space);
		reader->space_size = Max(len, CHUNK_SIZE);
		splitter->space = palloc(reader->space_size);
	}
	reader->nrows++;
	if (!focus_json_split(splitter, text, len))
		break_row(reader, text, len, splitter->why);
	else if (splitter->nmembers == 0)
		break_row(reader, text, len, "JSON object has no key");
	else if (!place_members(reader))
		break_row(reader, text, len, "JSON object has a key twice");
	else
		hand_on(reader, reader->on_row, reader->fields, reader->ncolumns, NULL, len);
}

/*
 * Puts the values into the fields of the row, and tells of new columns.  False
 * when the object has a key twice.
 */
static bool
place_members(Reader *reader)
{
	const FocusJsonSplitter *splitter = &reader->splitter;
	static const FocusField none = {"", 0};
	int			nknown = reader->ncolumns;

	for (int i = 0; i < reader->ncolumns; i++)
		reader->fields[i] = none;
	for (int i = 0; i < splitter->nmembers; i++)
	{
		int			column = column_of(reader, &splitter->members[i].key, i);

		if (reader->last_rows[column] == reader->nrows)
		{
			while (reader->ncolumns > nknown)
				pfree((char *) reader->names[--reader->ncolumns].data);
			return false;
		}
		reader->last_rows[column] = reader->nrows;
		reader->fields[column] = splitter->members[i].value;
	}
	if (reader->ncolumns > nknown)
		hand_on(reader, reader->on_names, reader->names, reader->ncolumns, NULL, 0);
	return true;
}

/* The column of a key, which may be a new one; guess is likely to be it. */
static int
column_of(Reader *reader, const FocusField *key, int guess)
{
	for (int i = 0; i < reader->ncolumns; i++)
	{
		int			column = guess + i < reader->ncolumns ? guess + i : i - Max(reader->ncolumns - guess, 0);
		const FocusField *name = &reader->names[column];

		if (name->len == key->len && memcmp(name->data, key->data, key->len) == 0)
			return column;
	}
	return add_column(reader, key);
}

static int
add_column(Reader *reader, const FocusField *key)
{
	char	   *name;

	if (reader->ncolumns == MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("objects of \"%s\" have more than %d different keys up to line " INT64_FORMAT,
						focus_input_name(reader->input), MAX_COLUMNS, reader->line)));
	name = palloc(key->len + 1);
	memcpy(name, key->data, key->len + 1);
	reader->names[reader->ncolumns].data = name;
	reader->names[reader->ncolumns].len = key->len;
	reader->last_rows[reader->ncolumns] = 0;
	return reader->ncolumns++;
}

static void
hand_on(Reader *reader, FocusRowCallback callback, const FocusField *fields, int nfields, const char *broken, size_t len)
{
	FocusRow	row;

	row.line = reader->line;
	row.nfields = nfields;
	row.ascii = false;
	row.broken = broken;
	row.fields = fields;
	row.len = len;
	callback(&row, reader->arg);
}

/* What the columns are has to be known before a row can be put aside. */
static void
break_row(Reader *reader, const char *text, size_t len, const char *why)
{
	FocusField	field = {text, len};

	if (reader->ncolumns == 0)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is not a file of JSON objects: line " INT64_FORMAT " is none",
						focus_input_name(reader->input), reader->line),
				 errdetail("Reason: %s.", why),
				 errhint("Write one object a line, or one array of objects; the first object tells what the columns are.")));
	hand_on(reader, reader->on_row, &field, 1, why, len);
}

/* The next byte that is not blank, which stays; NUL at the end. */
static char
peek(Reader *reader)
{
	for (;;)
	{
		for (; reader->at < reader->len; reader->at++)
		{
			char		c = reader->bytes[reader->at];

			if (c == '\n')
				reader->line++;
			else if (c != ' ' && c != '\t' && c != '\r')
				return c;
		}
		if (!fill(reader))
			return '\0';
	}
}

/*
 * Reads more behind the bytes that are not used; false at the end.
 */
static bool
fill(Reader *reader)
{
	size_t		unused = reader->len - reader->at;
	size_t		n;

	check_length(reader, unused);
	memmove(reader->bytes, reader->bytes + reader->at, unused);
	reader->at = 0;
	reader->len = unused;
	if (reader->size - unused < CHUNK_SIZE)
	{
		reader->size = Max(reader->size * 2, unused + CHUNK_SIZE);
		reader->bytes = repalloc(reader->bytes, reader->size);
	}
	n = focus_input_read(reader->input, reader->bytes + unused, CHUNK_SIZE);
	CHECK_FOR_INTERRUPTS();
	if (n > 0)
		reader->on_bytes(reader->bytes + unused, n, reader->arg);
	reader->len += n;
	return n > 0;
}

static void
check_length(Reader *reader, size_t len)
{
	if (len > MAX_ROW_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row at line " INT64_FORMAT " of \"%s\" is longer than %zu bytes",
						reader->line, focus_input_name(reader->input), MAX_ROW_BYTES)));
}

/* psql sends the line that ends in-line data along with it. */
static bool
is_end_of_copy(Reader *reader, const char *text, size_t len)
{
	return len == 2 && memcmp(text, "\\.", 2) == 0 && focus_input_is_client(reader->input);
}

static void
array_failed(Reader *reader, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
			 reader->is_spread
			 ? errmsg("\"%s\" is not made of well-formed JSON objects at line " INT64_FORMAT,
					  focus_input_name(reader->input), reader->line)
			 : errmsg("\"%s\" is not a well-formed array of JSON objects at line " INT64_FORMAT,
					  focus_input_name(reader->input), reader->line),
			 errdetail_internal("%s", why)));
}
