/*-------------------------------------------------------------------------
 *
 * manifest_read.c
 *	  The text of a manifest -> which files it lists, and of which run it is.
 *
 * AWS Data Exports list files in "dataFiles" (reports of before in
 * "reportKeys"), Azure in "blobs", with their sizes and numbers of rows.
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
#include "load/manifest_entry.h"

#define MANIFEST_BYTES_MAX	(16 * 1024 * 1024)

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
	manifest->folder = focus_manifest_folder_of(path);
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

/* What is in front of the last slash */
char *
focus_manifest_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? pnstrdup(path, slash - path) : pstrdup("");
}

/* What is behind it */
const char *
focus_manifest_name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
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

static FocusListed *
make_listed(char *name, int64 bytes, int64 rows)
{
	FocusListed	   *listed = palloc0(sizeof(FocusListed));

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

		manifest->folder_series = psprintf("%.*s/%s", (int) len, manifest->folder, focus_manifest_name_of(manifest->path));
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
		const char *name = ((FocusListed *) lfirst(cell))->name;
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
