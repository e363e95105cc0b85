/*-------------------------------------------------------------------------
 *
 * json_split.h
 *	  The text of a JSON object -> its keys and values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_JSON_SPLIT_H
#define FOCUS_JSON_SPLIT_H

#include "load/csv_split.h"

typedef struct FocusJsonMember
{
	FocusField	key;
	FocusField	value;			/* no length: null, or an empty string */
} FocusJsonMember;

typedef struct FocusJsonSplitter
{
	/* the caller's memory */
	FocusJsonMember *members;
	int			max_members;
	char	   *space;			/* as many bytes as the text has */

	int			nmembers;
	const char *why;			/* the text is not such an object */
} FocusJsonSplitter;

/* Where a byte stream is inside a JSON value; zero at its first byte */
typedef struct FocusJsonScanner
{
	int			depth;
	bool		in_string;
	bool		after_backslash;
} FocusJsonScanner;

#define FOCUS_JSON_MAX_DEPTH	64

extern bool focus_json_split(FocusJsonSplitter *splitter, const char *text, size_t len);
extern size_t focus_json_scan(FocusJsonScanner *scanner, const char *bytes, size_t len);

#endif							/* FOCUS_JSON_SPLIT_H */
