/*-------------------------------------------------------------------------
 *
 * arena.h
 *	  Memory that is given back all at once, and used again.
 *
 * A scan reads one row group after another, each of which takes some megabytes
 * and gives them back.  malloc() would return them to the kernel each time,
 * and to have a page of memory from there costs more than to decode what is
 * put into it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_ARENA_H
#define FOCUS_ARENA_H

typedef struct FocusArenaBlock FocusArenaBlock;

/* Blocks of arenas that come one after another */
typedef struct FocusArenaPool
{
	MemoryContext context;		/* of all blocks */
	FocusArenaBlock *unused;
	Size		used_bytes;		/* of blocks that arenas have */
} FocusArenaPool;

typedef struct FocusArena
{
	FocusArenaPool *pool;
	FocusArenaBlock *blocks;
	char	   *next;			/* free memory of one of the blocks */
	char	   *end;
	Size		bytes;			/* of all blocks */
} FocusArena;

/* Lives in a memory context of its own, a child of parent. */
extern FocusArenaPool *focus_arena_pool_create(MemoryContext parent);
extern void focus_arena_pool_delete(FocusArenaPool *pool);

/*
 * For scans, of which one follows the other: the memory of a pool that is given
 * back without arenas in use, if it is not much, is that of the next pool taken.
 */
extern FocusArenaPool *focus_arena_pool_take(MemoryContext parent);
extern void focus_arena_pool_give_back(FocusArenaPool *pool);

extern void focus_arena_init(FocusArena *arena, FocusArenaPool *pool);

/* Of any size, aligned for any type */
extern void *focus_arena_alloc(FocusArena *arena, Size size);
extern void *focus_arena_alloc0(FocusArena *arena, Size size);

/* Gives all memory back to the pool; the arena may itself lie in it. */
extern void focus_arena_release(FocusArena *arena);

#endif							/* FOCUS_ARENA_H */
