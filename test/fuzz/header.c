/*-------------------------------------------------------------------------
 *
 * header.c
 *	  Fuzz harness of the header map.
 *
 * A header is refused with words, or each field goes to at most one column and
 * each column comes from at most one field.  The order of the fields does not
 * matter: backwards, the same names go to the same columns.  A JSON file's header
 * that grows is what it would have been with all names at once, and rows choose
 * between old and new names without breaking that.
 *
 * The first byte of the input tells whether it is JSON, how many names come at
 * first, and in which cells there are values; the others are the names, a line
 * each.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <strings.h>

#include "load/cell.h"
#include "load/header.h"

#include "reader_server.h"

#define NAMES_MAX		100
#define SIZE_MAX_INPUT	4000

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char text[SIZE_MAX_INPUT + 1];
static FocusField names[NAMES_MAX];
static FocusField backwards[NAMES_MAX];
static FocusField cells[NAMES_MAX];
static int	nnames;

bool
pg_verify_mbstr(int encoding, const char *bytes, int len, bool no_error)
{
	(void) encoding;
	(void) no_error;
	for (int i = 0; i < len; i++)
	{
		if (bytes[i] == '\0' || (unsigned char) bytes[i] == 0xff)
			return false;
	}
	return true;
}

int
pg_strncasecmp(const char *a, const char *b, size_t n)
{
	return strncasecmp(a, b, n);
}

int
pg_strcasecmp(const char *a, const char *b)
{
	return strcasecmp(a, b);
}

char *
pnstrdup(const char *bytes, size_t len)
{
	char	   *copy = palloc(len + 1);

	memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

bool
focus_cell_is_null_of(const FocusColumn *column, const FocusField *field, bool *spelled)
{
	require(column != NULL);
	*spelled = false;
	return field->len == 0;
}

static void
split_names(const uint8_t *data, size_t size)
{
	char	   *at = text;

	memcpy(text, data, size);
	text[size] = '\0';
	for (nnames = 0; nnames < NAMES_MAX && at <= text + size; nnames++)
	{
		char	   *end = memchr(at, '\n', text + size - at);

		if (end == NULL)
			end = text + size;
		*end = '\0';
		names[nnames].data = at;
		names[nnames].len = end - at;
		at = end + 1;
	}
	for (int i = 0; i < nnames; i++)
		backwards[i] = names[nnames - 1 - i];
}

/* The header of the names, the first of them first; NULL: refused. */
static FocusHeader *
parse(const FocusField *fields, int first, bool is_json)
{
	static FocusHeader *volatile header;
	FocusRow	row = {.line = 1,.nfields = first,.fields = fields};

	header = NULL;
	fuzz_error[0] = '\0';
	if (setjmp(fuzz_handler) == 0)
	{
		FocusHeader *parsed = focus_header_parse(&row, FILE_NAME, is_json);

		row.nfields = nnames;
		if (first < nnames)
			focus_header_extend(parsed, &row, FILE_NAME);
		focus_header_require(parsed, FILE_NAME, false);
		header = parsed;
	}
	else
		require(fuzz_error[0] != '\0');
	return header;
}

/* Each to one, and back. */
static void
check(const FocusHeader *header)
{
	require(header->nfields == nnames && header->nfields <= header->max_fields);
	require(header->npairs >= 0 && header->npairs <= FOCUS_HEADER_PAIRS);
	for (int i = 0; i < header->nfields; i++)
	{
		require(header->columns[i] >= -1 && header->columns[i] < header->dataset->ncolumns);
		require(header->columns[i] < 0 || header->fields[header->columns[i]] == i);
		require(header->columns[i] < 0 || header->tag_keys[i] == NULL);
	}
	for (int i = 0; i < header->dataset->ncolumns; i++)
		require(header->fields[i] < 0 || header->columns[header->fields[i]] == i);
}

static void
check_same(const FocusHeader *a, const FocusHeader *b, bool reversed)
{
	require((a == NULL) == (b == NULL));
	if (a == NULL)
		return;
	require(a->dataset == b->dataset && a->lacks_period == b->lacks_period && a->npairs == b->npairs);
	require(a->has_tag_keys == b->has_tag_keys && a->has_equal_tag_keys == b->has_equal_tag_keys);
	require(a->focus_version == b->focus_version && a->provider == b->provider);
	for (int i = 0; i < nnames; i++)
		require(a->columns[i] == b->columns[reversed ? nnames - 1 - i : i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool		is_json;
	FocusHeader *header;

	if (size < 2 || size - 1 > SIZE_MAX_INPUT)
		return 0;
	is_json = data[0] & 1;
	split_names(data + 1, size - 1);
	header = parse(names, nnames, is_json);
	if (header != NULL)
		check(header);
	check_same(header, parse(backwards, nnames, is_json), true);
	/* of which dataset it is the first names say, and may be refused for them */
	if (is_json && nnames > 1)
	{
		FocusHeader *grown = parse(names, 1 + data[0] % (nnames - 1), true);

		if (grown != NULL && header != NULL && grown->dataset == header->dataset)
			check_same(header, grown, false);
	}
	if (header != NULL)
	{
		for (int i = 0; i < nnames; i++)
		{
			cells[i].data = "value";
			cells[i].len = (data[0] >> (i % 8)) & 1 ? 5 : 0;
		}
		focus_header_choose(header, cells);
		check(header);
		for (int i = 0; i < header->dataset->ncolumns; i++)
			(void) focus_header_lacks(header, cells, i);
	}
	free_all();
	return 0;
}
