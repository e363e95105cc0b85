/*-------------------------------------------------------------------------
 *
 * tags_map.h
 *	  Flat maps from text to a scalar: JSON parser, stored form, printer.
 *
 * Pure C: neither this header nor tags_parse.c and tags_map.c need a server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_TAGS_MAP_H
#define FOCUS_TAGS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a value is.  The numbers are stored on disk and give the sort order. */
typedef enum FocusTagsKind
{
	FOCUS_TAGS_NULL = 0,		/* text is empty */
	FOCUS_TAGS_BOOLEAN = 1,		/* text is "true" or "false" */
	FOCUS_TAGS_NUMBER = 2,		/* text is a JSON number as it was sent */
	FOCUS_TAGS_STRING = 3		/* text is the string, escapes resolved */
} FocusTagsKind;

/* One key with its value; it owns neither of the two texts. */
typedef struct FocusTagsPair
{
	const char *key;
	const char *value;
	uint32_t	key_length;
	uint32_t	value_length;
	uint32_t	offset;			/* of the key in the parsed source */
	FocusTagsKind kind;
} FocusTagsPair;

typedef enum FocusTagsStatus
{
	FOCUS_TAGS_OK = 0,
	FOCUS_TAGS_NOT_OBJECT,		/* "{" expected */
	FOCUS_TAGS_EXPECTED_KEY,
	FOCUS_TAGS_EXPECTED_COLON,
	FOCUS_TAGS_EXPECTED_VALUE,
	FOCUS_TAGS_EXPECTED_COMMA,	/* "," or "}" expected */
	FOCUS_TAGS_TRAILING_TEXT,
	FOCUS_TAGS_UNTERMINATED_STRING,
	FOCUS_TAGS_CONTROL_CHARACTER,
	FOCUS_TAGS_BAD_ESCAPE,
	FOCUS_TAGS_BAD_UNICODE_ESCAPE,
	FOCUS_TAGS_NUL_ESCAPE,		/* \u0000 */
	FOCUS_TAGS_BAD_SURROGATE,	/* one half of a pair without the other */
	FOCUS_TAGS_UNTRANSLATABLE,	/* escape not in the caller's encoding */
	FOCUS_TAGS_BAD_NUMBER,
	FOCUS_TAGS_NUMBER_TOO_LONG,
	FOCUS_TAGS_NESTED_ARRAY,
	FOCUS_TAGS_NESTED_OBJECT,
	FOCUS_TAGS_DUPLICATE_KEY,
	FOCUS_TAGS_TOO_MANY_KEYS,
	FOCUS_TAGS_TOO_LARGE,		/* source longer than FOCUS_TAGS_SIZE_MAX */
	FOCUS_TAGS_NO_MEMORY
} FocusTagsStatus;

/* One run of the parser.  Zero the structure, then fill the first part. */
typedef struct FocusTagsParse
{
	const char *source;			/* must outlive the pairs */
	size_t		length;

	/*
	 * Like realloc(); NULL makes the parser stop with FOCUS_TAGS_NO_MEMORY.
	 * It is asked for the array of pairs and, when a string has an escape,
	 * for one buffer of decoded text.  The caller frees both.
	 */
	void	   *(*resize) (void *context, void *pointer, size_t size);

	/*
	 * Writes the character in the caller's encoding, at most four bytes, and
	 * returns their number; 0 when the encoding does not have it.  NULL means
	 * UTF-8.  Never called for ASCII.
	 */
	int			(*encode) (void *context, uint32_t code_point, char *out);

	/* May be NULL; called now and then, may leave by longjmp(). */
	void		(*progress) (void *context);
	void	   *context;

	/* Results: pairs in key order. */
	FocusTagsPair *pairs;
	uint32_t	count;
	char	   *decoded;		/* NULL when no string had an escape */

	/* When it failed: where, and at which key when one had been read. */
	size_t		error_offset;
	const char *error_key;
	uint32_t	error_key_length;

	/* Private to the parser. */
	uint32_t	pairs_room;
	char	   *decoded_end;
} FocusTagsParse;

/* A readable view of the stored form. */
typedef struct FocusTagsMap
{
	const char *entries;
	const char *bytes;
	uint32_t	bytes_size;
	uint32_t	count;
} FocusTagsMap;

typedef enum FocusTagsSearch
{
	FOCUS_TAGS_FOUND,
	FOCUS_TAGS_ABSENT,
	FOCUS_TAGS_DAMAGED
} FocusTagsSearch;

/* Keys in one map. */
#define FOCUS_TAGS_KEYS_MAX		1000000

/* The longest text of a finite numeric: sign, 131072 digits, point, 16383. */
#define FOCUS_TAGS_NUMBER_MAX	(1 + 131072 + 1 + 16383)

/* Bytes of a source text and of a stored form: what a varlena can hold. */
#define FOCUS_TAGS_SIZE_MAX		((uint64_t) 0x3fffffff - 4)

/* tags_parse.c */
extern FocusTagsStatus focus_tags_parse(FocusTagsParse *parse);
extern int	focus_tags_compare_keys(const char *left, uint32_t left_length,
									const char *right, uint32_t right_length);
extern bool focus_tags_number_valid(const char *text, size_t length);

/* tags_map.c */
extern uint64_t focus_tags_body_size(const FocusTagsPair *pairs, uint32_t count);
extern void focus_tags_body_write(const FocusTagsPair *pairs, uint32_t count, char *body);
extern bool focus_tags_map_open(FocusTagsMap *map, const char *body, size_t size);
extern bool focus_tags_map_pair(const FocusTagsMap *map, uint32_t index, FocusTagsPair *pair);
extern FocusTagsSearch focus_tags_map_find(const FocusTagsMap *map, const char *key,
										   uint32_t key_length, FocusTagsPair *pair);
extern bool focus_tags_map_check(const FocusTagsMap *map);
extern bool focus_tags_map_text_size(const FocusTagsMap *map, uint64_t *size);
extern char *focus_tags_map_print(const FocusTagsMap *map, char *out);

#endif							/* FOCUS_TAGS_MAP_H */
