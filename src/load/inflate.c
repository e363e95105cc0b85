/*-------------------------------------------------------------------------
 *
 * inflate.c
 *	  Compressed bytes -> bytes, for gzip and zstd.
 *
 * A stream is told by its first bytes and may have several parts one after
 * another: members of gzip, frames of zstd, of which some may be skippable.
 * Behind a part there is nothing or another one.
 *
 * The memory of zlib comes from palloc.  zstd takes its own, window included,
 * which is at most 128 MB; a callback of the memory context gives it back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <zlib.h>
#include <zstd.h>

#include "utils/memutils.h"

#include "load/inflate.h"

struct FocusInflater
{
	bool		is_zstd;
	bool		in_part;		/* a part has begun and not ended */
	const char *damage;			/* NULL: none */
	z_stream	zlib;
	ZSTD_DStream *zstd;
};

static bool begins_gzip(const char *head, size_t len);
static bool begins_zstd(const char *head, size_t len);
static size_t inflate_gzip(FocusInflater *inflater, const char **bytes, size_t *len,
						   char *buffer, size_t size);
static size_t inflate_zstd(FocusInflater *inflater, const char **bytes, size_t *len,
						   char *buffer, size_t size);
static bool begin_member(FocusInflater *inflater);
static voidpf zlib_alloc(voidpf opaque, uInt items, uInt size);
static void zlib_free(voidpf opaque, voidpf address);
static void free_zstd(void *arg);

/*
 * An inflater for a stream with that head, in the current memory context; NULL
 * for a stream that is not compressed.  FOCUS_INFLATE_MAGIC bytes tell, if the
 * stream has as many.
 */
FocusInflater *
focus_inflater_create(const char *head, size_t len)
{
	FocusInflater *inflater;

	if (!begins_gzip(head, len) && !begins_zstd(head, len))
		return NULL;
	inflater = palloc0(sizeof(FocusInflater));
	inflater->is_zstd = begins_zstd(head, len);
	if (inflater->is_zstd)
	{
		MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

		callback->func = free_zstd;
		callback->arg = inflater;
		MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
		inflater->zstd = ZSTD_createDStream();
		if (inflater->zstd == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory")));
	}
	return inflater;
}

/*
 * Inflates from *bytes, of which there are *len, and advances both.  Returns
 * how many bytes there are in the buffer: 0 when more input is needed, or when
 * the stream is damaged.
 */
size_t
focus_inflate(FocusInflater *inflater, const char **bytes, size_t *len, char *buffer, size_t size)
{
	if (inflater->is_zstd)
		return inflate_zstd(inflater, bytes, len, buffer, size);
	return inflate_gzip(inflater, bytes, len, buffer, size);
}

/* May the stream end here? */
bool
focus_inflater_may_end(const FocusInflater *inflater)
{
	return !inflater->in_part;
}

/* What is wrong with the stream; NULL when nothing. */
const char *
focus_inflater_damage(const FocusInflater *inflater)
{
	return inflater->damage;
}

const char *
focus_inflater_format(const FocusInflater *inflater)
{
	return inflater->is_zstd ? "zstd" : "gzip";
}

static bool
begins_gzip(const char *head, size_t len)
{
	return len >= 2 && memcmp(head, "\x1f\x8b", 2) == 0;
}

/* A frame, or one that is skippable: some writers begin with such a one. */
static bool
begins_zstd(const char *head, size_t len)
{
	return len >= 4 && (memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0 ||
						(((unsigned char) head[0] & 0xf0) == 0x50 && memcmp(head + 1, "\x2a\x4d\x18", 3) == 0));
}

static size_t
inflate_gzip(FocusInflater *inflater, const char **bytes, size_t *len, char *buffer, size_t size)
{
	z_stream   *zlib = &inflater->zlib;

	while (*len > 0)
	{
		int			result;
		size_t		produced;

		if (!inflater->in_part && !begin_member(inflater))
			return 0;
		zlib->next_in = (Bytef *) *bytes;
		zlib->avail_in = *len;
		zlib->next_out = (Bytef *) buffer;
		zlib->avail_out = size;
		result = inflate(zlib, Z_NO_FLUSH);
		*bytes += *len - zlib->avail_in;
		*len = zlib->avail_in;
		produced = size - zlib->avail_out;

		if (result == Z_STREAM_END)
		{
			inflateEnd(zlib);
			inflater->in_part = false;
		}
		else if (result != Z_OK && result != Z_BUF_ERROR)
		{
			inflater->damage = zlib->msg != NULL ? zlib->msg : "inflate failed";
			return 0;
		}
		if (produced > 0)
			return produced;
	}
	return 0;
}

static size_t
inflate_zstd(FocusInflater *inflater, const char **bytes, size_t *len, char *buffer, size_t size)
{
	ZSTD_outBuffer out = {buffer, size, 0};
	ZSTD_inBuffer in = {*bytes, *len, 0};

	/* without input there may still be output of a block that was read */
	do
	{
		size_t		result;

		if (in.pos == in.size && !inflater->in_part)
			break;
		result = ZSTD_decompressStream(inflater->zstd, &out, &in);
		if (ZSTD_isError(result))
		{
			inflater->damage = ZSTD_getErrorName(result);
			return 0;
		}
		inflater->in_part = (result != 0);
	} while (out.pos == 0 && in.pos < in.size);
	*bytes += in.pos;
	*len -= in.pos;
	return out.pos;
}

/* False on damage. */
static bool
begin_member(FocusInflater *inflater)
{
	memset(&inflater->zlib, 0, sizeof(inflater->zlib));
	inflater->zlib.zalloc = zlib_alloc;
	inflater->zlib.zfree = zlib_free;
	/* 16: gzip header and checksum, no zlib header */
	if (inflateInit2(&inflater->zlib, 16 + MAX_WBITS) != Z_OK)
		inflater->damage = "inflate could not start";
	inflater->in_part = inflater->damage == NULL;
	return inflater->in_part;
}

static voidpf
zlib_alloc(voidpf opaque, uInt items, uInt size)
{
	return palloc(mul_size(items, size));
}

static void
zlib_free(voidpf opaque, voidpf address)
{
	pfree(address);
}

static void
free_zstd(void *arg)
{
	ZSTD_freeDStream(((FocusInflater *) arg)->zstd);
}
