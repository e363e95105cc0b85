/*-------------------------------------------------------------------------
 *
 * quick_hash.h
 *	  Hash values and equality of short byte strings, inline.
 *
 * Multiplies to 128 bits and folds, as wyhash and its kin do.  The values are
 * for tables in memory: they differ between machines.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_QUICK_HASH_H
#define FOCUS_QUICK_HASH_H

#define FOCUS_HASH_SEED		UINT64CONST(0x9e3779b97f4a7c15)
#define FOCUS_HASH_STEP		UINT64CONST(0xd6e8feb86659fd93)

static inline uint64
focus_hash_fold(uint64 a, uint64 b)
{
#ifdef HAVE_INT128
	uint128		product = (uint128) a * b;

	return (uint64) product ^ (uint64) (product >> 64);
#else
	a = (a ^ (a >> 32)) * (b | 1);
	return a ^ (a >> 29);
#endif
}

static inline uint64
focus_load_8(const char *bytes)
{
	uint64		word;

	memcpy(&word, bytes, 8);
	return word;
}

static inline uint64
focus_load_4(const char *bytes)
{
	uint32		word;

	memcpy(&word, bytes, 4);
	return word;
}

static inline uint64
focus_hash_quickly(const char *bytes, Size length)
{
	uint64		hash = FOCUS_HASH_SEED ^ length;

	for (; length > 16; length -= 16, bytes += 16)
		hash = focus_hash_fold(hash ^ focus_load_8(bytes), FOCUS_HASH_STEP ^ focus_load_8(bytes + 8));
	if (length >= 8)
		hash = focus_hash_fold(hash ^ focus_load_8(bytes), FOCUS_HASH_STEP ^ focus_load_8(bytes + length - 8));
	else if (length >= 4)
		hash = focus_hash_fold(hash ^ focus_load_4(bytes), FOCUS_HASH_STEP ^ focus_load_4(bytes + length - 4));
	else if (length > 0)
		hash = focus_hash_fold(hash ^ (uint8) bytes[0],
							   FOCUS_HASH_STEP ^ ((uint8) bytes[length / 2] | (uint64) (uint8) bytes[length - 1] << 8));
	return focus_hash_fold(hash, FOCUS_HASH_STEP);
}

static inline bool
focus_equal_quickly(const char *a, const char *b, Size length)
{
	if (length > 16)
		return memcmp(a, b, length) == 0;
	if (length >= 8)
		return ((focus_load_8(a) ^ focus_load_8(b)) |
				(focus_load_8(a + length - 8) ^ focus_load_8(b + length - 8))) == 0;
	if (length >= 4)
		return ((focus_load_4(a) ^ focus_load_4(b)) |
				(focus_load_4(a + length - 4) ^ focus_load_4(b + length - 4))) == 0;
	for (Size i = 0; i < length; i++)
	{
		if (a[i] != b[i])
			return false;
	}
	return true;
}

#endif							/* FOCUS_QUICK_HASH_H */
