/*-------------------------------------------------------------------------
 *
 * landing.c
 *	  What lies in the place where a source lands its deliveries.
 *
 * Each file, manifest or directory there is a delivery of its own; of runs that
 * manifests tell to be of one billing period the newest.  What is no data, hidden,
 * or named as writers name what they have not finished is passed over.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <glob.h>
#include <sys/stat.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "load/input.h"
#include "load/load.h"
#include "load/manifest.h"

typedef struct Landed
{
	int64		bytes;
	time_t		modified;		/* the latest of its files */
} Landed;

PG_FUNCTION_INFO_V1(focus_landed);

static List *list_landed(const char *path);
static List *list_entries(List *landed, const char *directory);
static List *list_matches(const char *pattern);
static List *newest_runs(List *landed);
static bool add_files(Landed *landed, const char *path);

/*
 * focus_internal.landed(path): path, bytes and time of the last change of each
 * delivery.
 */
Datum
focus_landed(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	focus_load_check_file_rights();
	foreach(cell, newest_runs(list_landed(path)))
	{
		Landed		landed = {0};
		Datum		values[3];
		bool		nulls[3] = {0};

		if (!add_files(&landed, lfirst(cell)))
			continue;
		values[0] = CStringGetTextDatum(lfirst(cell));
		values[1] = Int64GetDatum(landed.bytes);
		values[2] = TimestampTzGetDatum(time_t_to_timestamptz(landed.modified));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* Paths: of the entries of a directory, a file, or what a glob matches. */
static List *
list_landed(const char *path)
{
	struct stat st;

	if (!is_absolute_path(path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("relative path \"%s\" is not allowed", path),
				 errhint("Set an absolute path on the server in focus_sources.path.")));
	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? list_entries(NIL, path) : list_make1(pstrdup(path));
	if (strpbrk(path, "*?[") != NULL)
		return list_matches(path);
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not stat \"%s\": %m", path)));
}

static List *
list_entries(List *landed, const char *directory)
{
	DIR		   *dir = AllocateDir(directory);
	struct dirent *entry;

	while ((entry = ReadDir(dir, directory)) != NULL)
	{
		char	   *path = psprintf("%s/%s", directory, entry->d_name);
		struct stat st;

		CHECK_FOR_INTERRUPTS();
		if (entry->d_name[0] == '.' || entry->d_name[0] == '_' || stat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode) || focus_input_is_data(entry->d_name) || focus_input_is_manifest(entry->d_name))
			landed = lappend(landed, path);
	}
	FreeDir(dir);
	return landed;
}

static List *
list_matches(const char *pattern)
{
	List	   *volatile landed = NIL;
	glob_t		matches;
	int			result;

	errno = 0;
	result = glob(pattern, GLOB_ERR, NULL, &matches);
	if (result == GLOB_NOMATCH)
		return NIL;
	if (result != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not look for files that match \"%s\": %m", pattern)));
	PG_TRY();
	{
		for (size_t i = 0; i < matches.gl_pathc; i++)
			landed = lappend(landed, pstrdup(matches.gl_pathv[i]));
	}
	PG_FINALLY();
	{
		globfree(&matches);
	}
	PG_END_TRY();
	return landed;
}

/* Leaves out manifests of runs that others supersede. */
static List *
newest_runs(List *landed)
{
	List	   *result = NIL;
	List	   *manifests = NIL;
	ListCell   *cell;

	foreach(cell, landed)
	{
		FocusManifest *manifest = focus_input_is_manifest(lfirst(cell)) ? focus_manifest_read(lfirst(cell)) : NULL;

		if (manifest != NULL)
			manifests = lappend(manifests, manifest);
		else
			result = lappend(result, lfirst(cell));
	}
	return list_concat(result, focus_manifest_newest(manifests));
}

/* Adds the sizes of a file or of all files below a directory; false if it is gone. */
static bool
add_files(Landed *landed, const char *path)
{
	struct stat st;
	DIR		   *dir;
	struct dirent *entry;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (stat(path, &st) != 0)
		return false;
	if (!S_ISDIR(st.st_mode))
	{
		landed->bytes += st.st_size;
		landed->modified = Max(landed->modified, st.st_mtime);
		return true;
	}
	dir = AllocateDir(path);
	while ((entry = ReadDir(dir, path)) != NULL)
	{
		if (entry->d_name[0] != '.' && entry->d_name[0] != '_')
			(void) add_files(landed, psprintf("%s/%s", path, entry->d_name));
	}
	FreeDir(dir);
	return landed->bytes > 0;
}
