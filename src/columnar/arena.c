/*-------------------------------------------------------------------------
 *
 * arena.c
 *	  Memory that is given back all at once, and used again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "columnar/arena.h"

/* Blocks double in size from the first to the last of these. */
#define BLOCK_MIN		((Size) 16 * 1024)
#define BLOCK_MAX		((Size) 1024 * 1024)

struct FocusArenaBlock
{
	FocusArenaBlock *link;
	Size		size;			/* of what follows the head */
};

/* As malloc() does, for any type of C */
#define ALIGNMENT		16

/* Memory that a session keeps for its next scan */
#define SPARE_BYTES		((Size) 16 * 1024 * 1024)

static FocusArenaPool *spare = NULL;

static FocusArenaBlock *take_block(FocusArenaPool *pool, Size size);

FocusArenaPool *
focus_arena_pool_create(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "focus arena", ALLOCSET_SMALL_SIZES);
	FocusArenaPool *pool = MemoryContextAllocZero(context, sizeof(FocusArenaPool));

	pool->context = context;
	return pool;
}

void
focus_arena_pool_delete(FocusArenaPool *pool)
{
	MemoryContextDelete(pool->context);
}

FocusArenaPool *
focus_arena_pool_take(MemoryContext parent)
{
	FocusArenaPool *pool = spare;

	if (pool == NULL)
		return focus_arena_pool_create(parent);
	spare = NULL;
	MemoryContextSetParent(pool->context, parent);
	return pool;
}

void
focus_arena_pool_give_back(FocusArenaPool *pool)
{
	if (spare != NULL || pool->used_bytes > 0 ||
		MemoryContextMemAllocated(pool->context, false) > SPARE_BYTES)
	{
		focus_arena_pool_delete(pool);
		return;
	}
	MemoryContextSetParent(pool->context, TopMemoryContext);
	spare = pool;
}

void
focus_arena_init(FocusArena *arena, FocusArenaPool *pool)
{
	memset(arena, 0, sizeof(*arena));
	arena->pool = pool;
}

/*
 * What is large gets a block of its own, so that the rest of the last one can
 * still be used.
 */
void *
focus_arena_alloc(FocusArena *arena, Size size)
{
	FocusArenaBlock *block;
	char	   *memory;

	size = TYPEALIGN(ALIGNMENT, Max(size, 1));
	if (likely(size <= (Size) (arena->end - arena->next)))
	{
		memory = arena->next;
		arena->next += size;
		return memory;
	}

	block = take_block(arena->pool, Max(size, Min(Max(arena->bytes, BLOCK_MIN), BLOCK_MAX)));
	block->link = arena->blocks;
	arena->blocks = block;
	arena->bytes += block->size;
	memory = (char *) TYPEALIGN(ALIGNMENT, block + 1);
	if (block->size - size > (Size) (arena->end - arena->next))
	{
		arena->next = memory + size;
		arena->end = memory + block->size;
	}
	return memory;
}

void *
focus_arena_alloc0(FocusArena *arena, Size size)
{
	return memset(focus_arena_alloc(arena, size), 0, size);
}

void
focus_arena_release(FocusArena *arena)
{
	FocusArenaPool *pool = arena->pool;
	FocusArenaBlock *block = arena->blocks;

	pool->used_bytes -= arena->bytes;
	while (block != NULL)
	{
		FocusArenaBlock *link = block->link;

		block->link = pool->unused;
		pool->unused = block;
		block = link;
	}
}

/*
 * The smallest unused block that is large enough, or a new one of a power of
 * two
 */
static FocusArenaBlock *
take_block(FocusArenaPool *pool, Size size)
{
	FocusArenaBlock **best = NULL;
	FocusArenaBlock **at;
	FocusArenaBlock *block;

	for (at = &pool->unused; *at != NULL; at = &(*at)->link)
		if ((*at)->size >= size && (best == NULL || (*at)->size < (*best)->size))
			best = at;
	if (best != NULL)
	{
		block = *best;
		*best = block->link;
	}
	else
	{
		size = (Size) pg_nextpower2_64(size);
		block = MemoryContextAllocHuge(pool->context,
									   add_size(sizeof(FocusArenaBlock) + ALIGNMENT, size));
		block->size = size;
	}
	pool->used_bytes += block->size;
	return block;
}
