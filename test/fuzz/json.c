/*-------------------------------------------------------------------------
 *
 * json.c
 *	  Fuzz harness of the JSON reader.
 *
 * However the input is cut into pieces, the reader sees the same rows on the
 * same lines and ends with the same error.  Written anew as JSON, one object a
 * line or as one array, the rows are read as the same ones.
 *
 * By itself the splitter reads and writes within memory of exactly the size it
 * asks for, and what it takes for an object ends where the scanner says.
 *
 * The first byte of the input says in how many pieces the reader gets the
 * others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "load/json_reader.h"
#include "load/json_split.h"

#include "reader_server.h"

#define MEMBERS_MAX		8

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the reader handed on */
typedef struct Seen
{
	Output		rows;			/* with their lines */
	Output		lines;			/* the same rows as JSON Lines */
	Output		array;			/* and as an array */
	Output		values;			/* what has to be read from these again */
	size_t		bytes;
	int			ncolumns;
	Output		names;			/* each with a NUL byte */
} Seen;

static Seen whole;
static Seen pieces;
static Seen again;

bool
focus_input_is_client(const FocusInput *input)
{
	(void) input;
	return false;
}

static void
on_bytes(const char *data, size_t len, void *arg)
{
	(void) data;
	((Seen *) arg)->bytes += len;
}

static void
on_names(const FocusRow *row, void *arg)
{
	Seen	   *seen = arg;

	require(row->nfields > seen->ncolumns && row->nfields <= MAX_COLUMNS);
	seen->ncolumns = row->nfields;
	seen->names.len = 0;
	for (int i = 0; i < row->nfields; i++)
		append(&seen->names, row->fields[i].data, row->fields[i].len + 1);
}

static void
append_string(Output *output, const char *text, size_t len)
{
	append(output, "\"", 1);
	for (size_t i = 0; i < len; i++)
	{
		char		escape[8];

		snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char) text[i]);
		if ((unsigned char) text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
			append(output, escape, 6);
		else
			append(output, text + i, 1);
	}
	append(output, "\"", 1);
}

static void
append_member(Output *output, const char *key, const FocusField *value)
{
	append_string(output, key, strlen(key));
	append(output, ":", 1);
	append_string(output, value->data, value->len);
}

static void
on_row(const FocusRow *row, void *arg)
{
	Seen	   *seen = arg;
	const char *name = seen->names.text;

	append_number(&seen->rows, row->line);
	append_number(&seen->rows, row->nfields);
	for (int i = 0; i < row->nfields; i++)
		append(&seen->rows, row->fields[i].data, row->fields[i].len);
	if (row->broken != NULL)
	{
		require(row->nfields == 1);
		append(&seen->rows, row->broken, strlen(row->broken));
		return;
	}
	require(row->nfields == seen->ncolumns);
	append(&seen->array, seen->array.len == 0 ? "[{" : ",\n{", seen->array.len == 0 ? 2 : 3);
	append(&seen->lines, "{", 1);
	for (int i = 0; i < row->nfields; i++, name += strlen(name) + 1)
	{
		require(row->fields[i].data[row->fields[i].len] == '\0' && strlen(row->fields[i].data) == row->fields[i].len);
		append(&seen->values, name, strlen(name) + 1);
		append(&seen->values, row->fields[i].data, row->fields[i].len + 1);
		if (i > 0)
		{
			append(&seen->lines, ",", 1);
			append(&seen->array, ",", 1);
		}
		append_member(&seen->lines, name, &row->fields[i]);
		append_member(&seen->array, name, &row->fields[i]);
	}
	append(&seen->lines, "}\n", 2);
	append(&seen->array, "}", 1);
}

static bool
read_all(Seen *seen, const char *data, size_t size, size_t piece)
{
	FocusInput	input = {data, size, piece};

	memset(&seen->bytes, 0, sizeof(seen->bytes));
	seen->rows.len = seen->lines.len = seen->array.len = seen->values.len = seen->names.len = 0;
	seen->ncolumns = 0;
	fuzz_error[0] = '\0';
	if (setjmp(fuzz_handler) == 0)
	{
		focus_json_read(&input, on_bytes, on_names, on_row, seen);
		require(seen->bytes == size);
	}
	free_all();
	return fuzz_error[0] == '\0';
}

static bool
equal(const Output *a, const Output *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* Rows of fewer columns than the last one come again with all of them. */
static void
check_again(const Output *text)
{
	require(read_all(&again, text->text, text->len, 7));
	require(equal(&again.values, &whole.values));
}

static void
check_splitter(const char *data, size_t size)
{
	FocusJsonMember members[MEMBERS_MAX];
	FocusJsonSplitter splitter = {.members = members, .max_members = MEMBERS_MAX};
	FocusJsonScanner scanner = {0};
	char	   *text = malloc(size > 0 ? size : 1);

	memcpy(text, data, size);
	splitter.space = malloc(size > 0 ? size : 1);
	if (focus_json_split(&splitter, text, size))
	{
		size_t		first = 0;
		size_t		last = size;

		while (text[first] != '{')
			first++;
		while (text[last - 1] != '}')
			last--;
		require(focus_json_scan(&scanner, text + first, size - first) == last - first && scanner.depth == 0);
	}
	else
		require(splitter.why != NULL);
	free(splitter.space);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data + 1;
	static char error[sizeof(fuzz_error)];
	bool		read;

	if (size == 0 || size > OUTPUT_SIZE / 250)
		return 0;
	check_splitter(text, size - 1);
	read = read_all(&whole, text, size - 1, size);
	memcpy(error, fuzz_error, sizeof(error));
	read_all(&pieces, text, size - 1, data[0] + 1);
	require(strcmp(error, fuzz_error) == 0);
	require(equal(&whole.rows, &pieces.rows) && equal(&whole.values, &pieces.values));
	if (read && whole.lines.len > 0 && whole.lines.len <= MAX_ROW_BYTES)
	{
		append(&whole.array, "]", 1);
		check_again(&whole.lines);
		check_again(&whole.array);
	}
	return 0;
}
