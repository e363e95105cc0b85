/*-------------------------------------------------------------------------
 *
 * inflate.h
 *	  Compressed bytes -> bytes, for gzip and zstd.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_INFLATE_H
#define FOCUS_INFLATE_H

typedef struct FocusInflater FocusInflater;

/* Bytes at the head of a stream that tell its compression */
#define FOCUS_INFLATE_MAGIC		4

extern FocusInflater *focus_inflater_create(const char *head, size_t len);
extern size_t focus_inflate(FocusInflater *inflater, const char **bytes, size_t *len,
							char *buffer, size_t size);
extern bool focus_inflater_may_end(const FocusInflater *inflater);
extern const char *focus_inflater_damage(const FocusInflater *inflater);
extern const char *focus_inflater_format(const FocusInflater *inflater);

#endif							/* FOCUS_INFLATE_H */
