/*-------------------------------------------------------------------------
 *
 * tags.c
 *	  Fuzz harness for the focus_tags parser and its stored form.
 *
 * Each input is taken twice: as JSON text and as the bytes of a stored form.
 *
 * Text: whatever the parser accepts is stored, passes the check of the stored
 * form, has every one of its keys found again, and its printed text parses to
 * the same bytes.  The source and every result lie in memory of exactly their
 * size, so that reading or writing beyond it is seen.
 *
 * Stored form: arbitrary bytes are never read beyond their end; what passes
 * the check prints to a text that parses to the same bytes.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types/tags_map.h"

/* Counts down to a failing allocation; negative means never. */
typedef struct Memory
{
	int			allocations_left;
} Memory;

typedef struct Body
{
	char	   *data;
	size_t		size;
} Body;

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "broken property: %s\n", what);
	abort();
}

static void *
resize_memory(void *context, void *pointer, size_t size)
{
	Memory	   *memory = context;

	if (memory->allocations_left == 0)
		return NULL;
	memory->allocations_left--;
	return realloc(pointer, size);
}

/* ISO 8859-1, as a database encoding that lacks most characters. */
static int
encode_latin1(void *context, uint32_t code_point, char *out)
{
	(void) context;
	require(code_point >= 0x80, "ASCII needs no encoding");
	if (code_point > 0xFF)
		return 0;
	out[0] = (char) code_point;
	return 1;
}

static char *
copy_exactly(const char *data, size_t size)
{
	char	   *copy = malloc(size > 0 ? size : 1);

	require(copy != NULL, "memory for the harness");
	memcpy(copy, data, size);
	return copy;
}

/* Parses and stores; body->data is NULL when the text is refused. */
static FocusTagsStatus
store(const char *text, size_t size, bool latin1, int allocations, Body *body)
{
	char	   *source = copy_exactly(text, size);
	Memory		memory = {allocations};
	FocusTagsParse parse = {0};
	FocusTagsStatus status;

	parse.source = source;
	parse.length = size;
	parse.resize = resize_memory;
	parse.encode = latin1 ? encode_latin1 : NULL;
	parse.context = &memory;
	status = focus_tags_parse(&parse);
	body->data = NULL;
	body->size = 0;
	if (status == FOCUS_TAGS_OK)
	{
		body->size = focus_tags_body_size(parse.pairs, parse.count);
		body->data = malloc(body->size);
		require(body->data != NULL, "memory for the harness");
		focus_tags_body_write(parse.pairs, parse.count, body->data);
	}
	else
		require(parse.error_offset <= size, "the error is inside the text");
	free(parse.pairs);
	free(parse.decoded);
	free(source);
	return status;
}

/* The printed text of a sound map parses to the same bytes. */
static void
require_round_trip(const FocusTagsMap *map, const Body *body, bool latin1)
{
	uint64_t	size;
	char	   *text;
	Body		again;

	require(focus_tags_map_text_size(map, &size), "a sound map has a text");
	text = malloc(size);
	require(text != NULL, "memory for the harness");
	require(focus_tags_map_print(map, text) == text + size, "the text has the size foretold");
	require(store(text, size, latin1, -1, &again) == FOCUS_TAGS_OK, "the text is accepted");
	require(again.size == body->size && memcmp(again.data, body->data, body->size) == 0,
			"parse, print, parse gives the same bytes");
	free(again.data);
	free(text);
}

static void
try_text(const char *data, size_t size, bool latin1)
{
	Body		body;
	FocusTagsMap map;
	uint32_t	i;

	if (store(data, size, latin1, -1, &body) != FOCUS_TAGS_OK)
		return;
	require(focus_tags_map_open(&map, body.data, body.size), "the stored form opens");
	require(focus_tags_map_check(&map), "the stored form is sound");
	for (i = 0; i < map.count; i++)
	{
		FocusTagsPair pair;
		FocusTagsPair found;

		require(focus_tags_map_pair(&map, i, &pair), "each pair can be read");
		require(focus_tags_map_find(&map, pair.key, pair.key_length, &found) == FOCUS_TAGS_FOUND &&
				found.key == pair.key && found.value == pair.value, "each key is found");
	}
	require_round_trip(&map, &body, latin1);
	free(body.data);
}

static void
try_body(const char *data, size_t size)
{
	Body		body = {copy_exactly(data, size), size};
	FocusTagsMap map;
	FocusTagsPair pair;
	uint64_t	text_size;

	if (focus_tags_map_open(&map, body.data, body.size))
	{
		(void) focus_tags_map_find(&map, "key", 3, &pair);
		(void) focus_tags_map_text_size(&map, &text_size);
		if (focus_tags_map_check(&map))
			require_round_trip(&map, &body, false);
	}
	free(body.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	Body		body;
	int			allocations;

	try_text(text, size, false);
	try_text(text, size, true);
	for (allocations = 0; allocations < 2; allocations++)
	{
		(void) store(text, size, false, allocations, &body);
		free(body.data);
	}
	try_body(text, size);
	return 0;
}
