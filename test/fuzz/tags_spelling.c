/*-------------------------------------------------------------------------
 *
 * tags_spelling.c
 *	  Fuzz harness for tags that are not written as a JSON object.
 *
 * Any bytes are respelled within the memory that is said to be enough.  An
 * object of JSON is, as a literal of Python, the same object; and pairs become
 * an object, always.
 *
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "load/json_split.h"
#include "load/tags_spelling.h"

#define MEMBERS_MAX		64

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Object
{
	FocusJsonMember members[MEMBERS_MAX];
	FocusJsonSplitter splitter;
} Object;

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static bool
split(Object *object, const char *text, size_t len)
{
	object->splitter.members = object->members;
	object->splitter.max_members = MEMBERS_MAX;
	object->splitter.space = malloc(len > 0 ? len : 1);
	return focus_json_split(&object->splitter, text, len);
}

static bool
equal(const FocusField *a, const FocusField *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Are the members that hold no others the same? */
static void
require_same(const Object *a, const Object *b)
{
	require(a->splitter.nmembers == b->splitter.nmembers);
	for (int i = 0; i < a->splitter.nmembers; i++)
	{
		const FocusJsonMember *member = &a->members[i];

		require(equal(&member->key, &b->members[i].key));
		if (member->value.len > 0 && member->value.data[0] != '{' && member->value.data[0] != '[')
			require(equal(&member->value, &b->members[i].value));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size > 0 ? size : 1);
	char	   *json = malloc(FOCUS_TAGS_SPELLING_ROOM(size));
	size_t		len = 0;
	Object		before;
	Object		after;
	FocusTagsSpelling spelling;

	memcpy(text, data, size);
	spelling = focus_tags_respell(text, size, json, &len);
	require(len < FOCUS_TAGS_SPELLING_ROOM(size));
	if (split(&before, text, size) && spelling == FOCUS_TAGS_PYTHON)
	{
		require(split(&after, json, len));
		require_same(&before, &after);
		free(after.splitter.space);
	}
	if (spelling == FOCUS_TAGS_PAIRS)
	{
		require(split(&after, json, len) || strcmp(after.splitter.why, "JSON object has too many keys") == 0);
		free(after.splitter.space);
	}
	free(before.splitter.space);
	free(json);
	free(text);
	return 0;
}
