/*-------------------------------------------------------------------------
 *
 * manifest.c
 *	  Manifests of exports: which files count.
 *
 * AWS Data Exports list files in "dataFiles" (reports of before in
 * "reportKeys"), Azure in "blobs", with their sizes and numbers of rows.  What
 * is listed has to be there and no more than that.
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

#include <ctype.h>
#include <sys/stat.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "compat.h"
#include "load/cell.h"
#include "load/cell_format.h"
#include "load/input.h"
#include "load/manifest.h"

#define MANIFEST_BYTES_MAX	(16 * 1024 * 1024)
#define LEVELS_UP			4	/* from the manifest's folder */

typedef struct Listed
{
	const char *name;			/* as in the manifest */
	int64		bytes;			/* -1: not told */
	int64		rows;			/* -1: not told */
	const char *path;			/* NULL: not found */
} Listed;

struct FocusManifest
{
	const char *path;
	const char *folder;
	bool		is_azure;
	List	   *listed;			/* Listed * */
	const char *start;			/* of the billing period; NULL: not told */
	const char *folder_series;	/* equal for runs of one billing period */
	const char *names_series;	/* the same, by the names; both NULL: not told */
	const char *run;			/* greater for newer runs; empty: not told */
	TimestampTz run_at;			/* DT_NOBEGIN: not told */
	bool		is_newest;		/* whatever the runs */
	bool		superseded;
};

static void manifest_error_context(void *path);
static JsonbContainer *read_json(const char *path);
static const char *list_key(JsonbContainer *root);
static void require_array(JsonbContainer *root, const char *key, const char *path);
static char *read_whole(const char *path);
pg_noreturn static void refuse_element(const char *path, const char *key, uint32 index);
static List *list_names(JsonbContainer *root, const char *key, const char *path);
static List *list_blobs(JsonbContainer *root, const char *path);
static void tell_run(FocusManifest *manifest, JsonbContainer *root);
static bool tell_time(FocusManifest *manifest, const char *text);
static const char *series_of_names(List *listed, bool is_azure, const char *id);
static bool series_len(const char *path, bool is_azure, const char *id, size_t *len);
static bool is_month_span(const char *path, size_t len);
static void supersede(List *manifests);
static bool are_apart(const FocusManifest *a, const FocusManifest *b);
static bool are_comparable(const FocusManifest *a, const FocusManifest *b);
static void find_listed(FocusManifest *manifest, List *manifests);
static char *find_file(const FocusManifest *manifest, List *manifests, const char *name);
static bool is_of_another(const FocusManifest *manifest, List *manifests, const char *path);
static bool leaves_out_folder(const char *folder, const char *name, const char *end, size_t above_len);
static bool is_below(const char *path, const char *folder);
static void require_once(List *files, const FocusManifest *manifest, const Listed *listed);
static void require_listed(const FocusManifest *manifest, const Listed *listed);
static List *list_beside(List *found, List *files);
static void refuse_extra(List *found, List *manifests);
static bool is_listed(List *manifests, const char *path, bool superseded);
static bool is_folder_of(List *manifests, const char *folder, bool superseded);
static char *folder_of(const char *path);
static const char *name_of(const char *path);
static JsonbValue *member(JsonbContainer *object, const char *name, enum jbvType type);
static JsonbContainer *member_container(JsonbContainer *object, const char *name, bool is_array);
static int64 member_count(JsonbContainer *object, const char *name, const char *path);
static char *member_text(JsonbContainer *object, const char *name);

/*
 * Reads a manifest; NULL for one that is none of those known.  A file that is no
 * manifest at all is an error: it may be one that was damaged on its way.
 */
FocusManifest *
focus_manifest_read(const char *path)
{
	ErrorContextCallback context = {error_context_stack, manifest_error_context, unconstify(char *, path)};
	FocusManifest *manifest = palloc0(sizeof(FocusManifest));
	JsonbContainer *root;
	const char *key;

	error_context_stack = &context;
	root = read_json(path);
	key = list_key(root);
	manifest->path = pstrdup(path);
	manifest->folder = folder_of(path);
	if (key != NULL)
	{
		require_array(root, key, path);
		manifest->is_azure = strcmp(key, "blobs") == 0;
		manifest->listed = manifest->is_azure ? list_blobs(root, path) : list_names(root, key, path);
		tell_run(manifest, root);
	}
	error_context_stack = context.previous;
	return key != NULL ? manifest : NULL;
}

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
			Listed	   *listed = lfirst(file);

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

/* Names the manifest in errors of functions that know nothing of it. */
static void
manifest_error_context(void *path)
{
	errcontext("manifest \"%s\"", (char *) path);
}

/* The object that the manifest is. */
static JsonbContainer *
read_json(const char *path)
{
	char	   *text = read_whole(path);
	JsonSemAction actions = {0};
	bool		is_json;
	Jsonb	   *json = NULL;

	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	is_json = pg_verify_mbstr(PG_UTF8, text, strlen(text), true);
	if (is_json)
	{
		text = pg_any_to_server(text, strlen(text), PG_UTF8);
		is_json = pg_parse_json(focus_json_lexer(text, strlen(text)), &actions) == JSON_SUCCESS;
	}
	if (is_json)
		json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	if (!is_json || !JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("manifest \"%s\" is not a well-formed JSON object", path),
				 errhint("Fetch the manifest again, or name the files that count by a glob.")));
	return &json->root;
}

/* The key that the files are under; NULL in manifests that are not known. */
static const char *
list_key(JsonbContainer *root)
{
	static const char *const keys[] = {"blobs", "dataFiles", "reportKeys"};

	for (int i = 0; i < lengthof(keys); i++)
	{
		if (getKeyJsonValueFromContainer(root, keys[i], strlen(keys[i]), NULL) != NULL)
			return keys[i];
	}
	return NULL;
}

static void
require_array(JsonbContainer *root, const char *key, const char *path)
{
	if (member_container(root, key, true) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" of manifest \"%s\" is not an array", key, path),
				 errhint("Fetch the manifest again, or name the files that count by a glob.")));
}

static char *
read_whole(const char *path)
{
	FILE	   *file = AllocateFile(path, PG_BINARY_R);
	StringInfoData text;
	size_t		n;

	if (file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\" for reading: %m", path)));
	initStringInfo(&text);
	do
	{
		enlargeStringInfo(&text, 8192);
		n = fread(text.data + text.len, 1, 8192, file);
		text.len += n;
		if (text.len > MANIFEST_BYTES_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("manifest \"%s\" is larger than %d bytes", path, MANIFEST_BYTES_MAX)));
	} while (n > 0);
	if (ferror(file))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", path)));
	FreeFile(file);
	text.data[text.len] = '\0';
	return text.data;
}

static Listed *
make_listed(char *name, int64 bytes, int64 rows)
{
	Listed	   *listed = palloc0(sizeof(Listed));

	listed->name = name;
	listed->bytes = bytes;
	listed->rows = rows;
	return listed;
}

/* What is listed in a way that is not known would be left out. */
static void
refuse_element(const char *path, const char *key, uint32 index)
{
	ereport(ERROR,
			(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
			 errmsg("element %u of \"%s\" in manifest \"%s\" names no file", index + 1, key, path),
			 errhint("Fetch the manifest again, or name the files that count by a glob.")));
}

/* AWS: an array of names */
static List *
list_names(JsonbContainer *root, const char *key, const char *path)
{
	JsonbContainer *array = member_container(root, key, true);
	List	   *listed = NIL;

	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(array, i);

		if (name->type != jbvString)
			refuse_element(path, key, i);
		listed = lappend(listed, make_listed(pnstrdup(name->val.string.val, name->val.string.len), -1, -1));
	}
	return listed;
}

/* Azure: an array of objects, and how many there are */
static List *
list_blobs(JsonbContainer *root, const char *path)
{
	JsonbContainer *array = member_container(root, "blobs", true);
	int64		count = member_count(root, "blobCount", path);
	List	   *listed = NIL;

	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbValue *blob = getIthJsonbValueFromContainer(array, i);
		char	   *name = blob->type == jbvBinary ? member_text(blob->val.binary.data, "blobName") : NULL;

		if (name == NULL)
			refuse_element(path, "blobs", i);
		listed = lappend(listed, make_listed(name, member_count(blob->val.binary.data, "byteCount", path),
											 member_count(blob->val.binary.data, "dataRowCount", path)));
	}
	if (count >= 0 && count != list_length(listed))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("manifest \"%s\" is of " INT64_FORMAT " files and lists %d", path, count, list_length(listed)),
				 errhint("Fetch the manifest again.")));
	return listed;
}

/*
 * Where runs have folders of their own, AWS names them by time, below a folder
 * for the billing period; Azure names them by an id that the manifest has, with
 * the time.  Reports of before have such folders too, named by no time, but the
 * manifest of the newest is in the folder of the period as well.
 */
static void
tell_run(FocusManifest *manifest, JsonbContainer *root)
{
	JsonbContainer *info = member_container(root, manifest->is_azure ? "runInfo" : "billingPeriod", false);
	char	   *id = NULL;
	char	   *time = NULL;
	size_t		len;

	manifest->run = "";
	if (info != NULL)
	{
		manifest->start = member_text(info, manifest->is_azure ? "startDate" : "start");
		id = member_text(info, "runId");
		time = member_text(info, "submittedTime");
	}
	manifest->names_series = series_of_names(manifest->listed, manifest->is_azure, id);
	if (series_len(manifest->folder, manifest->is_azure, id, &len))
	{
		const char *rest = manifest->folder + len;

		manifest->folder_series = psprintf("%.*s/%s", (int) len, manifest->folder, name_of(manifest->path));
		if (is_month_span(manifest->folder, len))
			manifest->is_newest = (*rest == '\0');
		else if (!manifest->is_azure && *rest == '/')
			manifest->run = rest + 1;
	}
	if (manifest->is_azure && tell_time(manifest, time))
		manifest->run = psprintf("%020lld", (long long) manifest->run_at);
	else if (!manifest->is_azure)
		(void) tell_time(manifest, pnstrdup(manifest->run, strcspn(manifest->run, "Z") + 1));
}

/* Sets when the run was, in UTC if the text names no zone; false if it tells no time. */
static bool
tell_time(FocusManifest *manifest, const char *text)
{
	int64		unix_us;

	manifest->run_at = DT_NOBEGIN;
	if (text == NULL || focus_cell_time(text, strlen(text), &unix_us) == FOCUS_TIME_BAD)
		return false;
	manifest->run_at = unix_us - FOCUS_UNIX_TO_POSTGRES_US;
	return true;
}

/*
 * What all of the names have in front of the run, if they tell; else NULL.
 */
static const char *
series_of_names(List *listed, bool is_azure, const char *id)
{
	const char *series = NULL;
	ListCell   *cell;

	foreach(cell, listed)
	{
		const char *name = ((Listed *) lfirst(cell))->name;
		size_t		len;

		if (!series_len(name, is_azure, id, &len))
			return NULL;
		if (series == NULL)
			series = pnstrdup(name, len);
		else if (strlen(series) != len || strncmp(series, name, len) != 0)
			return NULL;
	}
	return series;
}

/*
 * Finds the part of a path that is the same for all runs of an export and
 * billing period: for Azure what is in front of the folder named by the run's
 * id, for AWS the folder of the billing period and what is in front of it.
 */
static bool
series_len(const char *path, bool is_azure, const char *id, size_t *len)
{
	const char *end;

	for (const char *part = path; part != NULL; part = *end == '/' ? end + 1 : NULL)
	{
		end = part + strcspn(part, "/");
		*len = end - path;
		if (!is_azure && (pg_strncasecmp(part, "billing_period=", 15) == 0 || is_month_span(path, *len)))
			return true;
		if (is_azure && id != NULL && strlen(id) == (size_t) (end - part) && pg_strncasecmp(part, id, end - part) == 0)
		{
			*len = part > path ? part - path - 1 : 0;
			return true;
		}
	}
	return false;
}

/* Is the last part of the path a folder of reports of before, 20250101-20250201? */
static bool
is_month_span(const char *path, size_t len)
{
	static const char form[] = "dddddddd-dddddddd";
	const char *part = path + len - (sizeof(form) - 1);

	if (len < sizeof(form) - 1 || (part > path && part[-1] != '/'))
		return false;
	for (int i = 0; form[i] != '\0'; i++)
	{
		if (form[i] == 'd' ? !isdigit((unsigned char) part[i]) : part[i] != form[i])
			return false;
	}
	return true;
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
		Listed	   *listed = lfirst(cell);

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
			folder = folder_of(folder);
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
require_listed(const FocusManifest *manifest, const Listed *listed)
{
	struct stat st;

	if (!focus_input_is_data(name_of(listed->name)))
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
require_once(List *files, const FocusManifest *manifest, const Listed *listed)
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
		char	   *folder = folder_of(((FocusInputFile *) lfirst(cell))->path);
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
		char	   *folder = folder_of(path);

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
			const Listed *listed = lfirst(file);

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
			const Listed *listed = lfirst(file);

			if (listed->path != NULL && strcmp(folder_of(listed->path), folder) == 0)
				return true;
		}
	}
	return false;
}

/* What is in front of the last slash */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? pnstrdup(path, slash - path) : pstrdup("");
}

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* A member of an object, if it is of that type; else NULL. */
static JsonbValue *
member(JsonbContainer *object, const char *name, enum jbvType type)
{
	JsonbValue *value = JsonContainerIsObject(object) ?
		getKeyJsonValueFromContainer(object, name, strlen(name), NULL) : NULL;

	return value != NULL && value->type == type ? value : NULL;
}

static JsonbContainer *
member_container(JsonbContainer *object, const char *name, bool is_array)
{
	JsonbValue *value = member(object, name, jbvBinary);

	if (value == NULL || !(is_array ? JsonContainerIsArray(value->val.binary.data) :
						   JsonContainerIsObject(value->val.binary.data)))
		return NULL;
	return value->val.binary.data;
}

/* A number that counts something; -1 when it is not there. */
static int64
member_count(JsonbContainer *object, const char *name, const char *path)
{
	JsonbValue *value = JsonContainerIsObject(object) ?
		getKeyJsonValueFromContainer(object, name, strlen(name), NULL) : NULL;
	char	   *text = NULL;

	if (value == NULL || value->type == jbvNull)
		return -1;
	if (value->type == jbvNumeric)
		text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	else if (value->type == jbvString)
		text = pnstrdup(value->val.string.val, value->val.string.len);
	if (text == NULL || text[0] == '\0' || strlen(text) > 18 || strspn(text, "0123456789") != strlen(text))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" in manifest \"%s\" is not a count", name, path),
				 errhint("Fetch the manifest again.")));
	return pg_strtoint64(text);
}

static char *
member_text(JsonbContainer *object, const char *name)
{
	JsonbValue *value = member(object, name, jbvString);

	return value == NULL ? NULL : pnstrdup(value->val.string.val, value->val.string.len);
}
