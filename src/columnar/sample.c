/*-------------------------------------------------------------------------
 *
 * sample.c
 *	  Samples of a table, for ANALYZE and TABLESAMPLE.
 *
 * The server samples blocks.  ANALYZE gets with each block of the delta the
 * share of the rows in groups that falls to it, so that what it extrapolates
 * from the blocks it has seen holds for the table.  That is why a table with
 * groups has at least one block; see focus_keep_first_page().
 *
 * TABLESAMPLE gets the blocks of the delta, and then, under numbers that
 * follow, 256 rows of a group for each further one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
#include "access/tsmapi.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "pgstat.h"
#include "storage/bufmgr.h"

#include "columnar/delta.h"
#include "columnar/scan.h"
#include "columnar/tid.h"

/*
 * Rows that ANALYZE looks at; of a larger table it gets every n-th.  Twice
 * what it wants to have at the default statistics target.
 */
#define ANALYZE_ROWS	60000

static void begin_block(FocusScan *scan, BlockNumber block);
static bool next_delta_row(FocusScan *scan, TransactionId oldest_xmin, double *liverows,
						   double *deadrows, TupleTableSlot *slot);
static void seek_row(FocusScan *scan, int64 row);
static BlockNumber choose_block(struct SampleScanState *scanstate, BlockNumber nblocks);
static bool delta_block(FocusScan *scan, struct SampleScanState *scanstate, BlockNumber block);
static bool logical_block(FocusScan *scan, BlockNumber block);
static BlockNumber logical_blocks(FocusScan *scan);

/* The block that heap is made to sample */
static BlockNumber chosen_block;

#if PG17_GE
bool
focus_scan_analyze_next_block(TableScanDesc base, struct ReadStream *stream)
{
	FocusScan  *scan = (FocusScan *) base;

	if (!focus_delta_of(base->rs_rd)->scan_analyze_next_block(scan->delta, stream))
		return false;
	begin_block(scan, ((HeapScanDesc) scan->delta)->rs_cblock);
	return true;
}
#else
bool
focus_scan_analyze_next_block(TableScanDesc base, BlockNumber blockno,
							  BufferAccessStrategy bstrategy)
{
	FocusScan  *scan = (FocusScan *) base;

	if (!focus_delta_of(base->rs_rd)->scan_analyze_next_block(scan->delta, blockno, bstrategy))
		return false;
	begin_block(scan, blockno);
	return true;
}
#endif

bool
focus_scan_analyze_next_tuple(TableScanDesc base, TransactionId oldest_xmin, double *liverows,
							  double *deadrows, TupleTableSlot *slot)
{
	FocusScan  *scan = (FocusScan *) base;
	FocusSample *sample = &scan->sample;

	if (sample->delta_rows >= 0 && next_delta_row(scan, oldest_xmin, liverows, deadrows, slot))
		return true;
	while (sample->next < sample->end)
	{
		int64		row = sample->next;
		int64		stands_for = Min(sample->step, sample->end - row);

		sample->next += sample->step;
		seek_row(scan, row);
		if (focus_group_list_is_dead(scan->list, scan->group, (uint32) scan->row))
		{
			*deadrows += stands_for;
			continue;
		}
		*liverows += stands_for;
		focus_slot_store_row(slot, scan->reader, &scan->store, (uint32) scan->row);
		return true;
	}
	return false;
}

bool
focus_scan_sample_next_block(TableScanDesc base, struct SampleScanState *scanstate)
{
	FocusScan  *scan = (FocusScan *) base;
	FocusSample *sample = &scan->sample;
	const TsmRoutine *tsm = scanstate->tsmroutine;
	BlockNumber nblocks;

	if (scan->phase == FOCUS_SCAN_NOT_BEGUN)
	{
		(void) focus_scan_list(scan);
		scan->phase = FOCUS_SCAN_DELTA;
		sample->delta_blocks = ((HeapScanDesc) scan->delta)->rs_nblocks;
		sample->block = InvalidBlockNumber;
	}
	nblocks = sample->delta_blocks + logical_blocks(scan);
	if (nblocks == 0)
		return false;

	if (tsm->NextSampleBlock != NULL)
		sample->block = tsm->NextSampleBlock(scanstate, nblocks);
	else if (sample->block == InvalidBlockNumber)
		sample->block = 0;
	else
		sample->block++;
	if (!BlockNumberIsValid(sample->block) || sample->block >= nblocks)
	{
		sample->block = InvalidBlockNumber;
		(void) delta_block(scan, scanstate, InvalidBlockNumber);
		return false;
	}
	if (sample->block < sample->delta_blocks)
		return delta_block(scan, scanstate, sample->block);
	return logical_block(scan, sample->block);
}

bool
focus_scan_sample_next_tuple(TableScanDesc base, struct SampleScanState *scanstate,
							 TupleTableSlot *slot)
{
	FocusScan  *scan = (FocusScan *) base;
	FocusSample *sample = &scan->sample;
	uint32		first;
	OffsetNumber rows;

	if (sample->block < sample->delta_blocks)
		return focus_delta_of(base->rs_rd)->scan_sample_next_tuple(scan->delta, scanstate, slot);

	first = (sample->block - sample->first_logical) * FOCUS_TID_BLOCK_ROWS;
	rows = (OffsetNumber) Min(FOCUS_TID_BLOCK_ROWS,
							  scan->list->groups[scan->group].rows - first);
	for (;;)
	{
		OffsetNumber offset = scanstate->tsmroutine->NextSampleTuple(scanstate, sample->block, rows);

		if (!OffsetNumberIsValid(offset))
		{
			ExecClearTuple(slot);
			return false;
		}
		if (focus_group_list_is_dead(scan->list, scan->group, first + offset - 1))
			continue;
		focus_slot_store_row(slot, scan->reader, &scan->store, first + offset - 1);
		pgstat_count_heap_getnext(base->rs_rd);
		return true;
	}
}

/*
 * The share of a block in the rows of groups
 */
static void
begin_block(FocusScan *scan, BlockNumber block)
{
	FocusSample *sample = &scan->sample;
	FocusGroupList *list = focus_scan_list(scan);
	double		share;

	if (scan->phase == FOCUS_SCAN_NOT_BEGUN)
	{
		scan->phase = FOCUS_SCAN_GROUPS;
		scan->group = -1;
		sample->delta_blocks = RelationGetNumberOfBlocks(scan->base.rs_rd);
		sample->step = Max(1, list->rows / ANALYZE_ROWS);
	}
	share = (double) list->rows / sample->delta_blocks;
	sample->block = block;
	sample->delta_rows = 0;
	sample->next = (int64) (block * share);
	sample->end = block + 1 >= sample->delta_blocks ? list->rows : (int64) ((block + 1) * share);
}

/*
 * Heap counts the rows of the delta; all but every n-th are left out, as those
 * of groups are.
 */
static bool
next_delta_row(FocusScan *scan, TransactionId oldest_xmin, double *liverows, double *deadrows,
			   TupleTableSlot *slot)
{
	const TableAmRoutine *delta = focus_delta_of(scan->base.rs_rd);

	while (delta->scan_analyze_next_tuple(scan->delta, oldest_xmin, liverows, deadrows, slot))
	{
		if (scan->sample.delta_rows++ % scan->sample.step == 0)
			return true;
	}
	scan->sample.delta_rows = -1;
	return false;
}

/*
 * Makes a row, counted over all groups, the current one.  Rows ascend within
 * a block, and blocks nearly always do.
 */
static void
seek_row(FocusScan *scan, int64 row)
{
	FocusGroupList *list = scan->list;
	int			group = 0;

	while (row >= list->groups[group].rows)
		row -= list->groups[group++].rows;
	(void) focus_scan_open_group(scan, group);
	scan->row = row;
}

/*
 * Stands in for the method's NextSampleBlock.
 */
static BlockNumber
choose_block(struct SampleScanState *scanstate, BlockNumber nblocks)
{
	return chosen_block;
}

/*
 * Has heap sample one of its blocks, or end.
 */
static bool
delta_block(FocusScan *scan, struct SampleScanState *scanstate, BlockNumber block)
{
	TsmRoutine *method = scanstate->tsmroutine;
	TsmRoutine	stand_in = *method;
	bool		result = false;

	stand_in.NextSampleBlock = choose_block;
	chosen_block = block;
	scanstate->tsmroutine = &stand_in;
	PG_TRY();
	{
		result = focus_delta_of(scan->base.rs_rd)->scan_sample_next_block(scan->delta, scanstate);
	}
	PG_FINALLY();
	{
		scanstate->tsmroutine = method;
	}
	PG_END_TRY();
	return result;
}

static bool
logical_block(FocusScan *scan, BlockNumber block)
{
	FocusSample *sample = &scan->sample;
	BlockNumber first = sample->delta_blocks;
	int			group = 0;

	for (;;)
	{
		BlockNumber blocks = (scan->list->groups[group].rows + FOCUS_TID_BLOCK_ROWS - 1) /
			FOCUS_TID_BLOCK_ROWS;

		if (block < first + blocks)
			break;
		first += blocks;
		group++;
	}
	sample->first_logical = first;
	(void) focus_scan_open_group(scan, group);
	return true;
}

static BlockNumber
logical_blocks(FocusScan *scan)
{
	BlockNumber blocks = 0;
	int			i;

	for (i = 0; i < scan->list->count; i++)
		blocks += (scan->list->groups[i].rows + FOCUS_TID_BLOCK_ROWS - 1) / FOCUS_TID_BLOCK_ROWS;
	return blocks;
}
