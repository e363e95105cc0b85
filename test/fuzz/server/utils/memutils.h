typedef int MemoryContext;
#define CurrentMemoryContext	0
#define AllocSetContextCreate(parent, name, sizes)	0
#define MemoryContextSwitchTo(context)	((void) (context), 0)
#define MemoryContextDelete(context)	((void) (context))
