/*-------------------------------------------------------------------------
 *
 * content.c
 *	  What a delivery's content is recognised by.
 *
 * The digest of a file is the SHA-256 of its inflated bytes, in hexadecimal.
 * That of a delivery is the digest of its one file, or of the sorted digests
 * of several, so that names and order of the files do not matter.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/sha2.h"
#include "miscadmin.h"

#include "load/content.h"
#include "load/input.h"

#define CHUNK_SIZE		(256 * 1024)

static int	compare_digests(const ListCell *a, const ListCell *b);

/*
 * Begins a file's digest.  It goes with the current resource owner, or by
 * focus_content_finish().
 */
pg_cryptohash_ctx *
focus_content_start(void)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);

	if (hash == NULL || pg_cryptohash_init(hash) < 0)
		elog(ERROR, "could not start SHA-256");
	return hash;
}

void
focus_content_add(pg_cryptohash_ctx *hash, const char *data, size_t len)
{
	if (pg_cryptohash_update(hash, (const uint8 *) data, len) < 0)
		elog(ERROR, "could not update SHA-256");
}

/*
 * The digest, palloc'd; frees the context.
 */
char *
focus_content_finish(pg_cryptohash_ctx *hash)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char	   *text = palloc(PG_SHA256_DIGEST_STRING_LENGTH);

	if (pg_cryptohash_final(hash, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not finish SHA-256");
	pg_cryptohash_free(hash);
	for (int i = 0; i < PG_SHA256_DIGEST_LENGTH; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
	return text;
}

/*
 * The delivery's digest, from those of its files.
 */
char *
focus_content_digest(const List *digests)
{
	List	   *sorted = list_copy(digests);
	pg_cryptohash_ctx *hash;
	ListCell   *cell;

	if (list_length(sorted) == 1)
		return linitial(sorted);
	list_sort(sorted, compare_digests);
	hash = focus_content_start();
	foreach(cell, sorted)
		focus_content_add(hash, lfirst(cell), strlen(lfirst(cell)));
	return focus_content_finish(hash);
}

/*
 * The digest that a delivery of these files, FocusInputFile, will have.
 */
char *
focus_content_digest_of_files(const List *files)
{
	char	   *buffer = palloc(CHUNK_SIZE);
	List	   *digests = NIL;
	ListCell   *cell;

	foreach(cell, files)
	{
		FocusInput *input = focus_input_open_file(((FocusInputFile *) lfirst(cell))->path);
		pg_cryptohash_ctx *hash = focus_content_start();
		size_t		len;

		while ((len = focus_input_read(input, buffer, CHUNK_SIZE)) > 0)
		{
			CHECK_FOR_INTERRUPTS();
			focus_content_add(hash, buffer, len);
		}
		focus_input_close(input);
		digests = lappend(digests, focus_content_finish(hash));
	}
	pfree(buffer);
	return focus_content_digest(digests);
}

static int
compare_digests(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}
