/*-------------------------------------------------------------------------
 *
 * body_bits.c
 *	  Checksums, and integers of 1 to 64 bits packed without gaps.
 *
 * Bit 0 of value 0 is the lowest bit of the first byte.  Eight values of
 * width w take w bytes, so that each eighth value starts with a byte; the
 * loops below are made for each width, where shifts and masks are constants.
 *
 *-------------------------------------------------------------------------
 */
#include "columnar/body_codec.h"

/* So that a width that is a constant for the caller is one inside */
#define ALWAYS_INLINE		__attribute__((always_inline))

#define CRC32C_POLYNOMIAL	UINT32_C(0x82F63B78)

/*
 * CRC-32C
 */

/* Tables for eight bytes at a time; made at first use.  Two threads that make
 * them write the same values. */
static uint32_t crc_table[8][256];
static volatile bool crc_table_made = false;

static void
make_crc_table(void)
{
	for (uint32_t i = 0; i < 256; i++)
	{
		uint32_t	crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ CRC32C_POLYNOMIAL : crc >> 1;
		crc_table[0][i] = crc;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++)
			crc_table[t][i] = crc_table[t - 1][i] >> 8 ^ crc_table[0][crc_table[t - 1][i] & 0xFF];
	crc_table_made = true;
}

static uint32_t
crc_by_table(uint32_t crc, const uint8_t *bytes, size_t size)
{
	if (!crc_table_made)
		make_crc_table();
	for (; size >= 8; size -= 8, bytes += 8)
	{
		uint64_t	word = focus_body_get64(bytes) ^ crc;

		crc = 0;
		for (int i = 0; i < 8; i++)
			crc ^= crc_table[7 - i][word >> 8 * i & 0xFF];
	}
	for (; size > 0; size--, bytes++)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *bytes) & 0xFF];
	return crc;
}

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("sse4.2")))
static uint32_t
crc_by_sse42(uint32_t crc, const uint8_t *bytes, size_t size)
{
	uint64_t	wide = crc;

	for (; size >= 8; size -= 8, bytes += 8)
		wide = __builtin_ia32_crc32di(wide, focus_body_get64(bytes));
	crc = (uint32_t) wide;
	for (; size > 0; size--, bytes++)
		crc = __builtin_ia32_crc32qi(crc, *bytes);
	return crc;
}

static bool
have_sse42(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#else
#define have_sse42()	false
#define crc_by_sse42	crc_by_table
#endif

/* The first call has crc 0, further ones the result so far. */
uint32_t
focus_body_crc32c(uint32_t crc, const uint8_t *bytes, size_t size)
{
	return ~(have_sse42() ? crc_by_sse42(~crc, bytes, size) : crc_by_table(~crc, bytes, size));
}

/*
 * Packing
 */
void
focus_body_pack(uint8_t *dest, const uint64_t *values, uint32_t count, int width)
{
	uint64_t	word = 0;
	int			used = 0;

	if (width == 0)
		return;
	for (uint32_t i = 0; i < count; i++)
	{
		uint64_t	value = values[i];

		word |= value << used;
		used += width;
		if (used >= 64)
		{
			focus_body_set64(dest, word);
			dest += 8;
			used -= 64;
			word = used ? value >> (width - used) : 0;
		}
	}
	for (; used > 0; used -= 8, word >>= 8)
		*dest++ = (uint8_t) word;
}

/*
 * Unpacking
 */

/* Value i, with no look beyond the bytes that it lies in */
static uint64_t
unpack_one(const uint8_t *bits, int width, uint32_t i)
{
	uint64_t	at = (uint64_t) i * (unsigned) width;
	const uint8_t *byte = bits + at / 8;
	int			have = 8 - (int) (at % 8);
	uint64_t	value = *byte++ >> (at % 8);

	while (have < width)
	{
		value |= (uint64_t) *byte++ << have;
		have += 8;
	}
	return value & focus_body_mask(width);
}

/* Value i of eight; width and i are constants where this is used. */
static inline uint64_t ALWAYS_INLINE
unpack_of_eight(const uint8_t *bits, int width, int i)
{
	int			shift = i * width % 8;
	const uint8_t *byte = bits + i * width / 8;
	uint64_t	value = focus_body_get64(byte) >> shift;

	if (shift + width > 64)
		value |= (uint64_t) byte[8] << (64 - shift);
	return value & focus_body_mask(width);
}

static inline void ALWAYS_INLINE
unpack_eights(const uint8_t *bits, int width, uint32_t eights, uint64_t base,
			  uint64_t factor, int64_t *values)
{
	for (uint32_t e = 0; e < eights; e++)
	{
		values[0] = (int64_t) (base + factor * unpack_of_eight(bits, width, 0));
		values[1] = (int64_t) (base + factor * unpack_of_eight(bits, width, 1));
		values[2] = (int64_t) (base + factor * unpack_of_eight(bits, width, 2));
		values[3] = (int64_t) (base + factor * unpack_of_eight(bits, width, 3));
		values[4] = (int64_t) (base + factor * unpack_of_eight(bits, width, 4));
		values[5] = (int64_t) (base + factor * unpack_of_eight(bits, width, 5));
		values[6] = (int64_t) (base + factor * unpack_of_eight(bits, width, 6));
		values[7] = (int64_t) (base + factor * unpack_of_eight(bits, width, 7));
		bits += width;
		values += 8;
	}
}

static inline void ALWAYS_INLINE
unpack16_eights(const uint8_t *bits, int width, uint32_t eights, uint16_t base,
				uint16_t factor, uint16_t *values)
{
	for (uint32_t e = 0; e < eights; e++)
	{
		values[0] = (uint16_t) (base + (uint32_t) factor * unpack_of_eight(bits, width, 0));
		values[1] = (uint16_t) (base + (uint32_t) factor * unpack_of_eight(bits, width, 1));
		values[2] = (uint16_t) (base + (uint32_t) factor * unpack_of_eight(bits, width, 2));
		values[3] = (uint16_t) (base + (uint32_t) factor * unpack_of_eight(bits, width, 3));
		values[4] = (uint16_t) (base + (uint32_t) factor * unpack_of_eight(bits, width, 4));
		values[5] = (uint16_t) (base + (uint32_t) factor * unpack_of_eight(bits, width, 5));
		values[6] = (uint16_t) (base + (uint32_t) factor * unpack_of_eight(bits, width, 6));
		values[7] = (uint16_t) (base + (uint32_t) factor * unpack_of_eight(bits, width, 7));
		bits += width;
		values += 8;
	}
}

#define FOUR_CASES(CASE, w)		CASE(w) CASE((w) + 1) CASE((w) + 2) CASE((w) + 3)
#define SIXTEEN_CASES(CASE, w) \
	FOUR_CASES(CASE, w) FOUR_CASES(CASE, (w) + 4) FOUR_CASES(CASE, (w) + 8) FOUR_CASES(CASE, (w) + 12)

#define CASE64(w) case w: unpack_eights(bits, w, eights, base, factor, values); break;
#define CASE16(w) case w: unpack16_eights(bits, w, eights, base, factor, values); break;

static void
unpack_whole_eights(const uint8_t *bits, int width, uint32_t eights, uint64_t base,
					uint64_t factor, int64_t *values)
{
	switch (width)
	{
			SIXTEEN_CASES(CASE64, 1)
				SIXTEEN_CASES(CASE64, 17)
				SIXTEEN_CASES(CASE64, 33)
				SIXTEEN_CASES(CASE64, 49)
	}
}

static void
unpack16_whole_eights(const uint8_t *bits, int width, uint32_t eights, uint16_t base,
					  uint16_t factor, uint16_t *values)
{
	switch (width)
	{
			SIXTEEN_CASES(CASE16, 1)
	}
}

/*
 * Splits count values from first on into a head that does not start with a
 * byte, eights of which each can be read by words of 64 bits before end, and
 * the rest.
 */
static void
split_eights(const uint8_t *bits, const uint8_t *end, int width, uint32_t first,
			 uint32_t count, uint32_t *head, uint32_t *eights)
{
	size_t		available = (size_t) (end - bits);
	size_t		readable;

	*head = (8 - first % 8) % 8;
	if (*head > count)
		*head = count;
	*eights = (count - *head) / 8;
	readable = available < 16 ? 0 : (available - 16) / (size_t) width;
	if ((first + *head) / 8 + *eights > readable)
		*eights = readable > (first + *head) / 8 ? (uint32_t) (readable - (first + *head) / 8) : 0;
}

void
focus_body_unpack(const uint8_t *bits, const uint8_t *end, int width, uint32_t first,
				  uint32_t count, uint64_t base, uint64_t factor, int64_t *values)
{
	uint32_t	head;
	uint32_t	eights;
	uint32_t	i;

	if (width == 0)
	{
		for (i = 0; i < count; i++)
			values[i] = (int64_t) base;
		return;
	}
	split_eights(bits, end, width, first, count, &head, &eights);
	for (i = 0; i < head; i++)
		values[i] = (int64_t) (base + factor * unpack_one(bits, width, first + i));
	unpack_whole_eights(bits + (size_t) (first + head) / 8 * (size_t) width, width, eights, base,
						factor, values + head);
	for (i = head + 8 * eights; i < count; i++)
		values[i] = (int64_t) (base + factor * unpack_one(bits, width, first + i));
}

void
focus_body_unpack16(const uint8_t *bits, const uint8_t *end, int width, uint32_t first,
					uint32_t count, uint16_t base, uint16_t factor, uint16_t *values)
{
	uint32_t	head;
	uint32_t	eights;
	uint32_t	i;

	if (width == 0)
	{
		for (i = 0; i < count; i++)
			values[i] = base;
		return;
	}
	split_eights(bits, end, width, first, count, &head, &eights);
	for (i = 0; i < head; i++)
		values[i] = (uint16_t) (base + (uint32_t) factor * unpack_one(bits, width, first + i));
	unpack16_whole_eights(bits + (size_t) (first + head) / 8 * (size_t) width, width, eights, base,
						  factor, values + head);
	for (i = head + 8 * eights; i < count; i++)
		values[i] = (uint16_t) (base + (uint32_t) factor * unpack_one(bits, width, first + i));
}

/*
 * Output
 */
uint8_t *
focus_body_append(FocusBodyBuffer *buffer, size_t size)
{
	uint8_t    *place;

	if (buffer->space - buffer->size < size)
	{
		size_t		space = (buffer->size + size) * 2 + 1024;
		uint8_t    *data = focus_body_allocate(buffer->memory, space);

		if (buffer->size > 0)
			memcpy(data, buffer->data, buffer->size);
		buffer->data = data;
		buffer->space = space;
	}
	place = buffer->data + buffer->size;
	buffer->size += size;
	return place;
}
