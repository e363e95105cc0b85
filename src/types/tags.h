/*-------------------------------------------------------------------------
 *
 * tags.h
 *	  The data type focus_tags, for C callers inside the server.
 *
 * Include after postgres.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_TAGS_H
#define FOCUS_TAGS_H

#include "fmgr.h"

#include "types/tags_map.h"

/* Why a text is not a focus_tags; the texts are palloc'd. */
typedef struct FocusTagsError
{
	int			sqlerrcode;
	char	   *message;
	char	   *detail;			/* may be NULL */
} FocusTagsError;

#define PG_GETARG_TAGS_P(n)		PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n))

/* tags_io.c */
extern struct varlena *focus_tags_from_bytes(const char *data, size_t length,
											 FocusTagsError *error);
extern struct varlena *focus_tags_from_pairs(const FocusTagsPair *pairs, uint32 count);
extern void focus_tags_sort_pairs(FocusTagsPair *pairs, uint32 count);
extern void focus_tags_open(FocusTagsMap *map, const struct varlena *tags);
extern void focus_tags_pair(const FocusTagsMap *map, uint32 index, FocusTagsPair *pair);
extern bool focus_tags_find(const FocusTagsMap *map, const char *key, size_t key_length,
							FocusTagsPair *pair);
extern text *focus_tags_value_text(const FocusTagsPair *pair);
extern char *focus_tags_show_key(const char *key, uint32 length);

/* tags_op.c */
extern struct varlena *focus_tags_merge(const FocusTagsMap *left, const FocusTagsMap *right);

#endif							/* FOCUS_TAGS_H */
