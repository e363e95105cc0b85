/*-------------------------------------------------------------------------
 *
 * content.h
 *	  What a delivery's content is recognised by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_CONTENT_H
#define FOCUS_CONTENT_H

#include "common/cryptohash.h"
#include "nodes/pg_list.h"

extern pg_cryptohash_ctx *focus_content_start(void);
extern void focus_content_add(pg_cryptohash_ctx *hash, const char *data, size_t len);
extern char *focus_content_finish(pg_cryptohash_ctx *hash);
extern char *focus_content_digest(const List *digests);
extern char *focus_content_digest_of_files(const List *files);

#endif							/* FOCUS_CONTENT_H */
