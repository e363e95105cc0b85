/*-------------------------------------------------------------------------
 *
 * manifest_entry.h
 *	  A manifest as it was read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_MANIFEST_ENTRY_H
#define FOCUS_MANIFEST_ENTRY_H

#include "datatype/timestamp.h"
#include "load/manifest.h"

/* A file that a manifest lists */
typedef struct FocusListed
{
	const char *name;			/* as in the manifest */
	int64		bytes;			/* -1: not told */
	int64		rows;			/* -1: not told */
	const char *path;			/* NULL: not found */
} FocusListed;

/* The manifest */
struct FocusManifest
{
	const char *path;
	const char *folder;
	bool		is_azure;
	List	   *listed;			/* FocusListed * */
	const char *start;			/* of the billing period; NULL: not told */
	const char *folder_series;	/* equal for runs of one billing period */
	const char *names_series;	/* the same, by the names; both NULL: not told */
	const char *run;			/* greater for newer runs; empty: not told */
	TimestampTz run_at;			/* DT_NOBEGIN: not told */
	bool		is_newest;		/* whatever the runs */
	bool		superseded;
};

extern char *focus_manifest_folder_of(const char *path);
extern const char *focus_manifest_name_of(const char *path);

#endif							/* FOCUS_MANIFEST_ENTRY_H */
