/*-------------------------------------------------------------------------
 *
 * progress.c
 *	  How far a load is, for pg_stat_progress_copy and focus_load_progress.
 *
 * A load shows as the COPY that it is.  What pg_stat_progress_copy has no
 * column for is in parameters that COPY does not use, the last ones, so that
 * later majors may use more.  The server forgets them when the subtransaction
 * of a load is rolled back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/progress.h"
#include "utils/backend_progress.h"

#include "compat.h"
#include "load/progress.h"

/* view focus_load_progress reads these, which count from 1 there */
#define PROGRESS_ROWS_READ		15
#define PROGRESS_PHASE			16
#define PROGRESS_STARTED_AT		17
#define PROGRESS_FILES			18
#define PROGRESS_FILES_BEGUN	19

/*
 * The delivery shows from now on, as one that is stored in that table.  What has
 * been shown of it stays.
 */
void
focus_progress_start(FocusDelivery *delivery, Oid relid)
{
	static const int params[] = {PROGRESS_COPY_COMMAND, PROGRESS_COPY_TYPE, PROGRESS_COPY_BYTES_TOTAL,
	PROGRESS_STARTED_AT, PROGRESS_FILES};
	const int64 values[] = {PROGRESS_COPY_COMMAND_FROM,
		delivery->bytes_total > 0 ? PROGRESS_COPY_TYPE_FILE : PROGRESS_COPY_TYPE_PIPE,
	delivery->bytes_total, delivery->started_at, delivery->files};

	if (delivery->shows)
		return;
	delivery->shows = true;
	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, relid);
	pgstat_progress_update_multi_param(lengthof(params), params, values);
}

/* What is being done; storing until another phase begins. */
void
focus_progress_phase(FocusProgressPhase phase)
{
	pgstat_progress_update_param(PROGRESS_PHASE, phase);
}

/*
 * More bytes of the input have been read, or more rows of it stored.
 */
void
focus_progress_update(const FocusDelivery *delivery, const FocusInput *input)
{
	static const int params[] = {PROGRESS_COPY_BYTES_PROCESSED, PROGRESS_COPY_TUPLES_PROCESSED,
	PROGRESS_COPY_TUPLES_EXCLUDED, PROGRESS_FILES_BEGUN, PROGRESS_ROWS_READ};
	int64		values[lengthof(params)];
	int64		rows = 0;
	ListCell   *cell;

	foreach(cell, delivery->parts)
		rows += ((FocusLoadPart *) lfirst(cell))->rows_stored;
	values[0] = delivery->bytes + (input != NULL ? focus_input_bytes(input) : 0);
	values[1] = rows;
	values[2] = delivery->rows_rejected;
	values[3] = delivery->files_begun;
	values[4] = delivery->rows_staged > 0 ? delivery->rows_staged : rows + delivery->rows_rejected;
	pgstat_progress_update_multi_param(lengthof(params), params, values);
}

void
focus_progress_end(void)
{
	pgstat_progress_end_command();
}
