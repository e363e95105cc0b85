/*-------------------------------------------------------------------------
 *
 * paths.c
 *	  The files that make up a delivery.
 *
 * A path is a file, a directory or a glob.  A directory stands for all data
 * files below it, at any depth, in name order, or for those that the manifests
 * there say count.  So does a manifest itself.  What else lies there is passed
 * over only if it cannot be billing data: hidden files, checksums, and what a
 * writer keeps to itself, by names that begin with "_".  Any other
 * file is an error, because leaving it out would leave out cost.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <glob.h>
#include <sys/stat.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "load/input.h"
#include "load/manifest.h"

/* What is there */
typedef struct Found
{
	List	   *files;			/* char * */
	List	   *manifests;		/* FocusManifest * */
} Found;

static void find_in_directory(Found *found, const char *directory);
static void find_by_glob(Found *found, const char *pattern);
static void add_named(Found *found, const char *path);
static bool has_suffix(const char *name, const char *suffix);
static bool is_beside_the_data(const char *name);
static void refuse_same_stem(List *files);
static size_t stem_len(const char *path);
static int	compare_files(const ListCell *a, const ListCell *b);

/*
 * List of FocusInputFile.  Never empty: nothing to load is an error.
 */
List *
focus_input_list_files(const char *path)
{
	Found		found = {NIL, NIL};
	List	   *files = NIL;
	ListCell   *cell;
	struct stat st;

	if (!is_absolute_path(path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("relative path \"%s\" is not allowed", path),
				 errhint("Pass an absolute path on the server; a client's file goes through \\copy.")));

	if (stat(path, &st) == 0)
	{
		char	   *name = pstrdup(path);

		canonicalize_path(name);
		if (S_ISDIR(st.st_mode))
			find_in_directory(&found, name);
		else
			add_named(&found, name);
		if (found.files == NIL && found.manifests == NIL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FILE),
					 errmsg("directory \"%s\" holds no data file", path)));
	}
	else if (errno != ENOENT)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat \"%s\": %m", path)));
	else if (strpbrk(path, "*?[") != NULL)
		find_by_glob(&found, path);
	else
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\" for reading: %m", path)));

	if (found.manifests != NIL)
		files = focus_manifest_files(found.manifests, found.files);
	else
	{
		foreach(cell, found.files)
			files = lappend(files, focus_input_file(lfirst(cell), -1, DT_NOBEGIN));
	}
	list_sort(files, compare_files);
	refuse_same_stem(files);
	return files;
}

FocusInputFile *
focus_input_file(const char *path, int64 rows, TimestampTz run_at)
{
	FocusInputFile *file = palloc(sizeof(FocusInputFile));

	file->path = pstrdup(path);
	file->rows = rows;
	file->run_at = run_at;
	return file;
}

/* Is a file of that name, without folders, one of those that are loaded? */
bool
focus_input_is_data(const char *name)
{
	return name[0] != '.' && !focus_input_is_manifest(name) && !is_beside_the_data(name) && stem_len(name) < strlen(name);
}

static void
find_in_directory(Found *found, const char *directory)
{
	DIR		   *dir;
	struct dirent *entry;

	check_stack_depth();
	dir = AllocateDir(directory);
	while ((entry = ReadDir(dir, directory)) != NULL)
	{
		char	   *path = psprintf("%s/%s", directory, entry->d_name);
		struct stat st;

		CHECK_FOR_INTERRUPTS();
		if (entry->d_name[0] == '.')
			continue;
		if (stat(path, &st) != 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not stat \"%s\": %m", path)));
		if (S_ISDIR(st.st_mode))
		{
			if (entry->d_name[0] != '_')
				find_in_directory(found, path);
		}
		else if (focus_input_is_manifest(entry->d_name))
		{
			FocusManifest *manifest = focus_manifest_read(path);

			if (manifest != NULL)
				found->manifests = lappend(found->manifests, manifest);
		}
		else if (focus_input_is_data(entry->d_name))
			found->files = lappend(found->files, path);
		else if (!is_beside_the_data(entry->d_name))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("directory \"%s\" holds \"%s\", which is not a data file", directory, entry->d_name),
					 has_suffix(entry->d_name, ".parquet")
					 ? errhint("Load Parquet by COPY ... FROM PROGRAM with a program that converts it.")
					 : errhint("Move the file away, or name the files to load by a glob such as \"%s/*.csv.gz\".", directory)));
	}
	FreeDir(dir);
}

static void
find_by_glob(Found *found, const char *pattern)
{
	glob_t		matches;
	int			result;

	/* a directory that cannot be read may hold cost */
	errno = 0;
	result = glob(pattern, GLOB_ERR, NULL, &matches);
	if (result == GLOB_NOMATCH)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("no file matches \"%s\"", pattern)));
	if (result != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not look for files that match \"%s\": %m", pattern)));

	PG_TRY();
	{
		for (size_t i = 0; i < matches.gl_pathc; i++)
		{
			struct stat st;

			if (stat(matches.gl_pathv[i], &st) != 0)
				ereport(ERROR,
						(errcode_for_file_access(),
						 errmsg("could not stat \"%s\": %m", matches.gl_pathv[i])));
			if (S_ISDIR(st.st_mode))
				find_in_directory(found, matches.gl_pathv[i]);
			else
				add_named(found, matches.gl_pathv[i]);
		}
	}
	PG_FINALLY();
	{
		globfree(&matches);
	}
	PG_END_TRY();

	if (found->files == NIL && found->manifests == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("no data file matches \"%s\"", pattern)));
}

/* A file that was named, so that it counts whatever its name. */
static void
add_named(Found *found, const char *path)
{
	if (focus_input_is_manifest(path))
	{
		FocusManifest *manifest = focus_manifest_read(path);

		if (manifest == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("\"%s\" is not a manifest that is known", path),
					 errdetail("Manifests of AWS have \"dataFiles\" or \"reportKeys\", those of Azure \"blobs\"."),
					 errhint("Name the data files instead.")));
		found->manifests = lappend(found->manifests, manifest);
	}
	else
		found->files = lappend(found->files, pstrdup(path));
}

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t		name_len = strlen(name);
	size_t		suffix_len = strlen(suffix);

	return name_len >= suffix_len && pg_strcasecmp(name + name_len - suffix_len, suffix) == 0;
}

bool
focus_input_is_manifest(const char *name)
{
	return has_suffix(name, "manifest.json");
}

static bool
is_beside_the_data(const char *name)
{
	return name[0] == '_' || has_suffix(name, ".md5") || has_suffix(name, ".sha256") || has_suffix(name, ".txt");
}

/*
 * Files that differ only in what their names end in are the same rows in two
 * formats, which would count twice.  The files are in order of their paths, and
 * those of one stem begin with the same bytes; others may lie between them.
 */
static void
refuse_same_stem(List *files)
{
	for (int i = 0; i < list_length(files); i++)
	{
		const char *path = ((FocusInputFile *) list_nth(files, i))->path;
		size_t		len = stem_len(path);

		for (int k = i + 1; k < list_length(files); k++)
		{
			const char *other = ((FocusInputFile *) list_nth(files, k))->path;

			if (strncmp(path, other, len) != 0)
				break;
			if (stem_len(other) == len && strcmp(path, other) != 0)
				ereport(ERROR,
						(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
						 errmsg("files \"%s\" and \"%s\" seem to be one in two formats", path, other),
						 errhint("Name the files to load by a glob that takes one of them, or load them in separate calls.")));
		}
	}
}

/* The path without what tells the format and compression; all of it if nothing does. */
static size_t
stem_len(const char *path)
{
	static const char *const formats[] = {".csv", ".json", ".jsonl", ".ndjson"};
	static const char *const compressions[] = {"", ".gz", ".zst"};

	for (int i = 0; i < lengthof(formats); i++)
	{
		for (int k = 0; k < lengthof(compressions); k++)
		{
			char		suffix[16];

			snprintf(suffix, sizeof(suffix), "%s%s", formats[i], compressions[k]);
			if (has_suffix(path, suffix))
				return strlen(path) - strlen(suffix);
		}
	}
	return strlen(path);
}

static int
compare_files(const ListCell *a, const ListCell *b)
{
	return strcmp(((FocusInputFile *) lfirst(a))->path, ((FocusInputFile *) lfirst(b))->path);
}
