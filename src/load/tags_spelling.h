/*-------------------------------------------------------------------------
 *
 * tags_spelling.h
 *	  Tags that are not written as a JSON object -> JSON, without PostgreSQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_TAGS_SPELLING_H
#define FOCUS_TAGS_SPELLING_H

#include <stdbool.h>
#include <stddef.h>

typedef enum FocusTagsSpelling
{
	FOCUS_TAGS_AS_WRITTEN,		/* JSON, or nothing that is known */
	FOCUS_TAGS_WITHOUT_BRACES,	/* "k": "v","k2": "v2" */
	FOCUS_TAGS_PYTHON,			/* {'k': 'v', 'k2': None}, [{'key': 'k'}] */
	FOCUS_TAGS_PAIRS			/* k:v|k2:v2 */
} FocusTagsSpelling;

/* Bytes that the JSON of a text may take, with a NUL byte */
#define FOCUS_TAGS_SPELLING_ROOM(len)	(4 * (len) + 8)

extern FocusTagsSpelling focus_tags_respell(const char *text, size_t len,
											char *json, size_t *json_len);

#endif							/* FOCUS_TAGS_SPELLING_H */
