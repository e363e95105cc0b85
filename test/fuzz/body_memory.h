/*-------------------------------------------------------------------------
 *
 * body_memory.h
 *	  Memory for the codec of group bodies in the fuzz harnesses: blocks of
 *	  their own, so that the sanitizer sees where each one ends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_FUZZ_BODY_MEMORY_H
#define FOCUS_FUZZ_BODY_MEMORY_H

#include <stdlib.h>

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

typedef struct Block
{
	struct Block *next;
	void	   *unused;			/* keeps what follows aligned */
} Block;

static Block *blocks;
static size_t allocated;		/* bytes, in all */

static void *
allocate(void *context, size_t size)
{
	Block	   *block;

	(void) context;
	allocated += size;
	CHECK(size < (size_t) 1 << 30);
	block = malloc(sizeof(Block) + size);
	CHECK(block != NULL);
	block->next = blocks;
	blocks = block;
	return block + 1;
}

static void
free_blocks(void)
{
	while (blocks)
	{
		Block	   *next = blocks->next;

		free(blocks);
		blocks = next;
	}
	allocated = 0;
}

#endif							/* FOCUS_FUZZ_BODY_MEMORY_H */
