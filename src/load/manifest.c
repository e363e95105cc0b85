/*-------------------------------------------------------------------------
 *
 * manifest.c
 *	  Manifests of exports: which files count.
 *
 * What a manifest lists (manifest_read.c) has to be there and no more than that.
 *
 * Names in a manifest begin at the bucket or container, and nobody knows how
 * much of that was kept when the files were fetched.  So a file is looked for
 * by the longest end of its name that is below the manifest's folder or one
 * above it, and by its last part alone in the manifest's folder.  What is found
 * must be this manifest's: see is_of_another().
 *
 * Each run of an export may have a folder and a manifest of its own.  Of those
 * of one billing period only the newest counts: each run has all of it.  Whether
 * two manifests are of one period is told by their folders and by the names that
 * they list; where neither tells, both would count, so that is an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "utils/builtins.h"

#include "compat.h"
#include "load/input.h"
#include "load/manifest_entry.h"

#define LEVELS_UP			4	/* from the manifest's folder */

static void supersede(List *manifests);
static bool are_apart(const FocusManifest *a, const FocusManifest *b);
static bool are_comparable(const FocusManifest *a, const FocusManifest *b);
static void find_listed(FocusManifest *manifest, List *manifests);
static char *find_file(const FocusManifest *manifest, List *manifests, const char *name);
static bool is_of_another(const FocusManifest *manifest, List *manifests, const char *path);
static bool leaves_out_folder(const char *folder, const char *name, const char *end, size_t above_len);
static bool is_below(const char *path, const char *folder);
static void require_once(List *files, const FocusManifest *manifest, const FocusListed *listed);
static void require_listed(const FocusManifest *manifest, const FocusListed *listed);
static List *list_beside(List *found, List *files);
static void refuse_extra(List *found, List *manifests);
static bool is_listed(List *manifests, const char *path, bool superseded);
static bool is_folder_of(List *manifests, const char *folder, bool superseded);

/* Paths of the manifests but those of runs that others supersede. */
List *
focus_manifest_newest(List *manifests)
{
	List	   *paths = NIL;
	ListCell   *cell;

	supersede(manifests);
	foreach(cell, manifests)
	{
		const FocusManifest *manifest = lfirst(cell);

		if (!manifest->superseded)
			paths = lappend(paths, unconstify(char *, manifest->path));
	}
	return paths;
}

/*
 * The files that count by the manifests, as FocusInputFile.  found has the paths
 * of the data files that are there.
 */
List *
focus_manifest_files(List *manifests, List *found)
{
	List	   *files = NIL;
	ListCell   *cell;

	supersede(manifests);
	foreach(cell, manifests)
	{
		FocusManifest *manifest = lfirst(cell);
		ListCell   *file;

		find_listed(manifest, manifests);
		if (manifest->superseded)
			continue;
		foreach(file, manifest->listed)
		{
			FocusListed	   *listed = lfirst(file);

			require_listed(manifest, listed);
			require_once(files, manifest, listed);
			files = lappend(files, focus_input_file(listed->path, listed->rows, manifest->run_at));
		}
	}
	if (files == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("manifest \"%s\" lists no file", ((FocusManifest *) linitial(manifests))->path)));
	refuse_extra(list_beside(found, files), manifests);
	return files;
}

/* Of each series all but the newest run do not count. */
static void
supersede(List *manifests)
{
	ListCell   *cell;
	ListCell   *other_cell;

	foreach(cell, manifests)
	{
		FocusManifest *manifest = lfirst(cell);

		foreach(other_cell, manifests)
		{
			FocusManifest *other = lfirst(other_cell);

			manifest->superseded |= other->is_newest && !are_apart(manifest, other) && are_comparable(manifest, other);
		}
	}
	foreach(cell, manifests)
	{
		FocusManifest *manifest = lfirst(cell);

		foreach(other_cell, manifests)
		{
			FocusManifest *other = lfirst(other_cell);

			if (manifest == other || manifest->superseded || other->superseded || are_apart(manifest, other))
				continue;
			if (!are_comparable(manifest, other))
				ereport(ERROR,
						(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
						 errmsg("cannot tell which of the manifests \"%s\" and \"%s\" is newer", manifest->path, other->path),
						 errdetail("If both are of one export and billing period, the files of one of them must not count."),
						 errhint("Pass the path of the one that counts, or of each in a call of its own if both do.")));
			manifest->superseded |= strcmp(manifest->run, other->run) < 0;
		}
	}
}

/* Are they known to be of two exports or billing periods? */
static bool
are_apart(const FocusManifest *a, const FocusManifest *b)
{
	if (a->is_azure != b->is_azure)
		return true;
	if (a->start != NULL && b->start != NULL && strcmp(a->start, b->start) != 0)
		return true;
	if (a->names_series != NULL && b->names_series != NULL)
		return strcmp(a->names_series, b->names_series) != 0;
	return a->folder_series != NULL && b->folder_series != NULL && strcmp(a->folder_series, b->folder_series) != 0;
}

/* Are they known to be of one series, and which one is newer? */
static bool
are_comparable(const FocusManifest *a, const FocusManifest *b)
{
	if (a->folder_series == NULL || b->folder_series == NULL || strcmp(a->folder_series, b->folder_series) != 0)
		return false;
	if (a->is_newest || b->is_newest)
		return a->is_newest != b->is_newest;
	return a->run[0] != '\0' && b->run[0] != '\0' && strcmp(a->run, b->run) != 0;
}

static void
find_listed(FocusManifest *manifest, List *manifests)
{
	ListCell   *cell;

	foreach(cell, manifest->listed)
	{
		FocusListed	   *listed = lfirst(cell);

		listed->path = find_file(manifest, manifests, listed->name);
	}
}

/*
 * Path of the file of that name, by the longest end of the name that there is;
 * NULL when there is none.
 */
static char *
find_file(const FocusManifest *manifest, List *manifests, const char *name)
{
	const char *end = name;

	if (strstr(name, "../") != NULL)
		return NULL;
	while (end != NULL)
	{
		char	   *folder = pstrdup(manifest->folder);
		bool		is_last = strchr(end, '/') == NULL;

		for (int level = 0; level <= (is_last ? 0 : LEVELS_UP); level++)
		{
			char	   *path = psprintf("%s/%s", folder, end);
			struct stat st;

			if (*end != '\0' && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
				!leaves_out_folder(manifest->folder, name, end, strlen(folder)) &&
				!is_of_another(manifest, manifests, path))
				return path;
			if (folder[0] == '\0')
				break;
			folder = focus_manifest_folder_of(folder);
		}
		end = is_last ? NULL : strchr(end, '/') + 1;
	}
	return NULL;
}

/*
 * Does the name have, in front of the end that was looked for above the
 * manifest's folder, the very folder that leads to the manifest?  Then the file
 * belongs below that, and what was found is of the same name elsewhere.
 */
static bool
leaves_out_folder(const char *folder, const char *name, const char *end, size_t above_len)
{
	const char *part = end - 1;
	const char *below = folder + above_len + 1;
	size_t		len;

	if (end == name || folder[above_len] == '\0')
		return false;
	while (part > name && part[-1] != '/')
		part--;
	len = end - 1 - part;
	return len > 0 && strlen(below) >= len && strncmp(part, below, len) == 0 &&
		(below[len] == '\0' || below[len] == '/');
}

/*
 * Is the path below the folder of another manifest, and not below that of this
 * one?
 */
static bool
is_of_another(const FocusManifest *manifest, List *manifests, const char *path)
{
	ListCell   *cell;

	if (is_below(path, manifest->folder))
		return false;
	foreach(cell, manifests)
	{
		const FocusManifest *other = lfirst(cell);

		if (is_below(path, other->folder) && !is_below(manifest->path, other->folder))
			return true;
	}
	return false;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t		len = strlen(folder);

	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* A file that counts is there, is whole, and can be read. */
static void
require_listed(const FocusManifest *manifest, const FocusListed *listed)
{
	struct stat st;

	if (!focus_input_is_data(focus_manifest_name_of(listed->name)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("manifest \"%s\" lists \"%s\", which is neither CSV nor JSON", manifest->path, listed->name),
				 errhint("Load Parquet by COPY ... FROM PROGRAM with a program that converts it.")));
	if (listed->path == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("manifest \"%s\" lists \"%s\", which is not there", manifest->path, listed->name),
				 errhint("Fetch the file. If it is not to count, name the others by a glob.")));
	if (stat(listed->path, &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat \"%s\": %m", listed->path)));
	if (listed->bytes >= 0 && listed->bytes != st.st_size)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" has %lld bytes, its manifest says " INT64_FORMAT,
						listed->path, (long long) st.st_size, listed->bytes),
				 errdetail("The manifest is \"%s\".", manifest->path),
				 errhint("Fetch the file again.")));
}

/* Its rows would count twice. */
static void
require_once(List *files, const FocusManifest *manifest, const FocusListed *listed)
{
	ListCell   *cell;

	foreach(cell, files)
	{
		const FocusInputFile *file = lfirst(cell);

		if (strcmp(file->path, listed->path) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("\"%s\" is listed a second time, as \"%s\" in manifest \"%s\"",
							listed->path, listed->name, manifest->path),
					 errhint("If names that differ are of two files, fetch them into the folders that their names have.")));
	}
}

/* What was found, and what else is in the folders of the files that count. */
static List *
list_beside(List *found, List *files)
{
	List	   *all = list_copy(found);
	char	   *last = NULL;
	ListCell   *cell;

	foreach(cell, files)
	{
		char	   *folder = focus_manifest_folder_of(((FocusInputFile *) lfirst(cell))->path);
		DIR		   *dir;
		struct dirent *entry;

		if (last != NULL && strcmp(last, folder) == 0)
			continue;
		last = folder;
		dir = AllocateDir(folder);
		while ((entry = ReadDir(dir, folder)) != NULL)
		{
			if (focus_input_is_data(entry->d_name))
				all = lappend(all, psprintf("%s/%s", folder, entry->d_name));
		}
		FreeDir(dir);
	}
	return all;
}

/*
 * A file that no manifest lists may be a rest of an earlier run, which would
 * count twice, or of a run that is still going on.  Those beside files of a run
 * that is superseded do not count anyway.
 */
static void
refuse_extra(List *found, List *manifests)
{
	ListCell   *cell;

	foreach(cell, found)
	{
		const char *path = lfirst(cell);
		char	   *folder = focus_manifest_folder_of(path);

		if (is_listed(manifests, path, false) || is_listed(manifests, path, true) ||
			(is_folder_of(manifests, folder, true) && !is_folder_of(manifests, folder, false)))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is in no manifest", path),
				 errdetail("It may be left of an earlier run, or its run may not have ended."),
				 errhint("Move it away, wait for its manifest, or name the files that count by a glob.")));
	}
}

/* Is the path in a manifest of a run that is, or is not, superseded? */
static bool
is_listed(List *manifests, const char *path, bool superseded)
{
	ListCell   *cell;

	foreach(cell, manifests)
	{
		const FocusManifest *manifest = lfirst(cell);
		ListCell   *file;

		foreach(file, manifest->superseded == superseded ? manifest->listed : NIL)
		{
			const FocusListed *listed = lfirst(file);

			if (listed->path != NULL && strcmp(listed->path, path) == 0)
				return true;
		}
	}
	return false;
}

/* Has such a run files in the folder, or its manifest? */
static bool
is_folder_of(List *manifests, const char *folder, bool superseded)
{
	ListCell   *cell;

	foreach(cell, manifests)
	{
		const FocusManifest *manifest = lfirst(cell);
		ListCell   *file;

		if (manifest->superseded != superseded)
			continue;
		if (strcmp(manifest->folder, folder) == 0)
			return true;
		foreach(file, manifest->listed)
		{
			const FocusListed *listed = lfirst(file);

			if (listed->path != NULL && strcmp(focus_manifest_folder_of(listed->path), folder) == 0)
				return true;
		}
	}
	return false;
}
