/*-------------------------------------------------------------------------
 *
 * paths.c
 *	  The files that make up a delivery.
 *
 * A path is a file, a directory or a glob.  A directory stands for all data
 * files below it, at any depth, in name order.  What else lies there is
 * passed over only if it cannot be billing data: hidden files, manifests and
 * checksums.  Any other file is an error, because leaving it out would leave
 * out cost.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <glob.h>
#include <sys/stat.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "load/input.h"

static List *list_directory(const char *directory, List *files);
static List *list_glob(const char *pattern);
static bool has_suffix(const char *name, const char *suffix);
static bool is_data(const char *name);
static bool is_beside_the_data(const char *name);
static int	compare_paths(const ListCell *a, const ListCell *b);

/*
 * List of palloc'd file names.  Never empty: nothing to load is an error.
 */
List *
focus_input_list_files(const char *path)
{
	List	   *files = NIL;
	struct stat st;

	if (!is_absolute_path(path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("relative path \"%s\" is not allowed", path),
				 errhint("Pass an absolute path on the server; a client's file goes through \\copy.")));

	if (stat(path, &st) == 0)
	{
		if (!S_ISDIR(st.st_mode))
			return list_make1(pstrdup(path));
		files = list_directory(path, NIL);
		if (files == NIL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FILE),
					 errmsg("directory \"%s\" holds no data file", path)));
	}
	else if (errno != ENOENT)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat \"%s\": %m", path)));
	else if (strpbrk(path, "*?[") != NULL)
		files = list_glob(path);
	else
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\" for reading: %m", path)));

	list_sort(files, compare_paths);
	return files;
}

static List *
list_directory(const char *directory, List *files)
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
			files = list_directory(path, files);
		else if (is_beside_the_data(entry->d_name))
			continue;
		else if (is_data(entry->d_name))
			files = lappend(files, path);
		else
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("directory \"%s\" holds \"%s\", which is not a data file", directory, entry->d_name),
					 errhint("Move the file away, or name the files to load by a glob such as \"%s/*.csv.gz\".", directory)));
	}
	FreeDir(dir);
	return files;
}

static List *
list_glob(const char *pattern)
{
	List	   *volatile files = NIL;
	glob_t		found;
	int			result;

	/* a directory that cannot be read may hold cost */
	errno = 0;
	result = glob(pattern, GLOB_ERR, NULL, &found);
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
		for (size_t i = 0; i < found.gl_pathc; i++)
		{
			struct stat st;

			if (stat(found.gl_pathv[i], &st) != 0)
				ereport(ERROR,
						(errcode_for_file_access(),
						 errmsg("could not stat \"%s\": %m", found.gl_pathv[i])));
			if (S_ISDIR(st.st_mode))
				files = list_directory(found.gl_pathv[i], files);
			else
				files = lappend(files, pstrdup(found.gl_pathv[i]));
		}
	}
	PG_FINALLY();
	{
		globfree(&found);
	}
	PG_END_TRY();

	if (files == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("no data file matches \"%s\"", pattern)));
	return files;
}

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t		name_len = strlen(name);
	size_t		suffix_len = strlen(suffix);

	return name_len >= suffix_len && pg_strcasecmp(name + name_len - suffix_len, suffix) == 0;
}

static bool
is_data(const char *name)
{
	static const char *const formats[] = {".csv", ".json", ".jsonl", ".ndjson"};
	static const char *const compressions[] = {"", ".gz", ".zst"};

	for (int i = 0; i < lengthof(formats); i++)
	{
		for (int k = 0; k < lengthof(compressions); k++)
		{
			char		suffix[16];

			snprintf(suffix, sizeof(suffix), "%s%s", formats[i], compressions[k]);
			if (has_suffix(name, suffix))
				return true;
		}
	}
	return false;
}

static bool
is_beside_the_data(const char *name)
{
	return name[0] == '_' || has_suffix(name, "manifest.json") || has_suffix(name, ".md5") ||
		has_suffix(name, ".sha256") || has_suffix(name, ".txt");
}

static int
compare_paths(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}
