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
 * above it, and by its last part alone in the manifest's folder.
 *
 * Each run of an export may have a folder and a manifest of its own.  Of those
 * of one billing period only the newest counts: each run has all of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "compat.h"
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
	const char *series;			/* equal for runs of one billing period */
	const char *run;			/* greater for newer runs; empty: not told */
	bool		superseded;
};

static void manifest_error_context(void *path);
static JsonbContainer *read_json(const char *path);
static const char *list_key(JsonbContainer *root);
static void require_array(JsonbContainer *root, const char *key, const char *path);
static char *read_whole(const char *path);
static List *list_names(JsonbContainer *root, const char *key);
static List *list_blobs(JsonbContainer *root, const char *path);
static void tell_run(FocusManifest *manifest, JsonbContainer *root);
static void supersede(List *manifests);
static void find_listed(FocusManifest *manifest);
static char *find_file(const FocusManifest *manifest, const char *name);
static void require_listed(const FocusManifest *manifest, const Listed *listed);
static List *list_beside(List *found, List *files);
static void refuse_extra(List *found, List *manifests);
static bool is_listed(List *manifests, const char *path, bool superseded);
static bool is_folder_of(List *manifests, const char *folder, bool superseded);
static char *folder_of(const char *path);
static const char *name_of(const char *path);
static JsonbValue *member(JsonbContainer *object, const char *name, enum jbvType type);
static JsonbContainer *member_container(JsonbContainer *object, const char *name, bool is_array);
static int64 member_count(JsonbContainer *object, const char *name);
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
		manifest->listed = manifest->is_azure ? list_blobs(root, path) : list_names(root, key);
		tell_run(manifest, root);
	}
	error_context_stack = context.previous;
	return key != NULL ? manifest : NULL;
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

		find_listed(manifest);
		if (manifest->superseded)
			continue;
		foreach(file, manifest->listed)
		{
			Listed	   *listed = lfirst(file);

			require_listed(manifest, listed);
			files = lappend(files, focus_input_file(listed->path, listed->rows));
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

/* AWS: an array of names */
static List *
list_names(JsonbContainer *root, const char *key)
{
	JsonbContainer *array = member_container(root, key, true);
	List	   *listed = NIL;

	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(array, i);

		if (name->type == jbvString)
			listed = lappend(listed, make_listed(pnstrdup(name->val.string.val, name->val.string.len), -1, -1));
	}
	return listed;
}

/* Azure: an array of objects, and how many there are */
static List *
list_blobs(JsonbContainer *root, const char *path)
{
	JsonbContainer *array = member_container(root, "blobs", true);
	int64		count = member_count(root, "blobCount");
	List	   *listed = NIL;

	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbValue *blob = getIthJsonbValueFromContainer(array, i);
		char	   *name = blob->type == jbvBinary ? member_text(blob->val.binary.data, "blobName") : NULL;

		if (name != NULL)
			listed = lappend(listed, make_listed(name, member_count(blob->val.binary.data, "byteCount"),
												 member_count(blob->val.binary.data, "dataRowCount")));
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
 * the time.
 */
static void
tell_run(FocusManifest *manifest, JsonbContainer *root)
{
	JsonbContainer *info = member_container(root, "runInfo", false);
	char	   *id = info != NULL ? member_text(info, "runId") : NULL;
	char	   *time = info != NULL ? member_text(info, "submittedTime") : NULL;
	char	   *series = pstrdup(manifest->folder);

	manifest->run = time != NULL ? time : "";
	if (id != NULL && pg_strcasecmp(name_of(manifest->folder), id) == 0)
		series = folder_of(manifest->folder);
	for (char *p = series; *p != '\0'; p++)
	{
		char	   *end = p[0] == '/' && pg_strncasecmp(p, "/billing_period=", 16) == 0 ? strchr(p + 1, '/') : NULL;

		if (end != NULL)
		{
			*end = '\0';
			manifest->run = end + 1;
		}
	}
	manifest->series = psprintf("%s/%s", series, name_of(manifest->path));
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

			if (manifest == other || strcmp(manifest->series, other->series) != 0)
				continue;
			if (manifest->run[0] == '\0' || strcmp(manifest->run, other->run) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
						 errmsg("cannot tell which of the manifests \"%s\" and \"%s\" is newer", manifest->path, other->path),
						 errhint("Pass the path of the one that counts.")));
			manifest->superseded |= strcmp(manifest->run, other->run) < 0;
		}
	}
}

static void
find_listed(FocusManifest *manifest)
{
	ListCell   *cell;

	foreach(cell, manifest->listed)
	{
		Listed	   *listed = lfirst(cell);

		listed->path = find_file(manifest, listed->name);
	}
}

/*
 * Path of the file of that name, by the longest end of the name that there is;
 * NULL when there is none.
 */
static char *
find_file(const FocusManifest *manifest, const char *name)
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

			if (*end != '\0' && stat(path, &st) == 0 && S_ISREG(st.st_mode))
				return path;
			if (folder[0] == '\0')
				break;
			folder = folder_of(folder);
		}
		end = is_last ? NULL : strchr(end, '/') + 1;
	}
	return NULL;
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
member_count(JsonbContainer *object, const char *name)
{
	JsonbValue *value = member(object, name, jbvNumeric);

	return value == NULL ? -1 :
		DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
}

static char *
member_text(JsonbContainer *object, const char *name)
{
	JsonbValue *value = member(object, name, jbvString);

	return value == NULL ? NULL : pnstrdup(value->val.string.val, value->val.string.len);
}
