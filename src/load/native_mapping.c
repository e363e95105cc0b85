/*-------------------------------------------------------------------------
 *
 * native_mapping.c
 *	  Mappings: which file each is for, and the query that it amounts to.
 *
 * A mapping is rows of focus_mappings and focus_mapping_columns.  It becomes
 * one query over raw, the relation of the rows as they were read (native.c):
 *
 *	SELECT r.file, r.line, r.record, leave_out, reject, expression, ...
 *	FROM (records) AS r (file, line, record, cells)
 *
 * Names of a file are compared folded, as lower case letters and digits:
 * lineItem/UnblendedCost and line_item_unblended_cost are one name.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "compat.h"
#include "load/native_mapping.h"

static bool is_focus(const FocusRow *names);
static List *fitting_mappings(const FocusDelivery *delivery, const FocusRow *names, const FocusRow *first);
static char *setting(int column);
static void read_targets(const FocusDelivery *delivery, FocusMapping *mapping, StringInfo query);
static void require_targets(const FocusMapping *mapping);
static bool has_target(const FocusMapping *mapping, const char *name);
static ArrayBuildState *add_names(ArrayBuildState *names, const FocusRow *row);
static ArrayBuildState *add_names_inside(ArrayBuildState *names, const char *text, size_t len);

/*
 * The mapping of that name, in the current memory context.  An error when there
 * is none, or when it could not fill a row.
 */
FocusMapping *
focus_mapping_read(const FocusDelivery *delivery, const char *name)
{
	FocusMapping *mapping = palloc0(sizeof(FocusMapping));
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(name)};
	StringInfoData query;
	char	   *records;
	char	   *leave_out;
	char	   *reject;

	focus_delivery_spi(psprintf("SELECT provider, records, leave_out, reject, detect FROM %s WHERE mapping = $1",
								quote_qualified_identifier(delivery->schema, "focus_mappings")),
					   1, types, values, NULL, SPI_OK_SELECT);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized mapping \"%s\"", name),
				 errhint("See focus_mappings for those that there are.")));
	mapping->name = pstrdup(name);
	mapping->provider = setting(1);
	records = setting(2);
	leave_out = setting(3);
	reject = setting(4);
	mapping->takes_all = (setting(5) == NULL);

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT r.file, r.line, r.record, (%s\n)::text, (%s\n)::text",
					 leave_out ? leave_out : "NULL", reject ? reject : "NULL");
	read_targets(delivery, mapping, &query);
	appendStringInfo(&query, "\nFROM (%s\n) AS r (file, line, record, cells)",
					 records ? records : "SELECT file, line, record, cells FROM raw");
	mapping->query = query.data;
	require_targets(mapping);
	return mapping;
}

/*
 * The mapping that a file with these columns is to be read by; NULL where that
 * is none, since it is a FOCUS file or none that is known.  first is the first
 * row of a JSON file, or NULL.
 */
char *
focus_mapping_recognise(const FocusDelivery *delivery, const FocusRow *names, const FocusRow *first, const char *file)
{
	const char *wanted = delivery->options.mapping;
	List	   *fitting;
	ListCell   *cell;

	if (wanted == NULL && is_focus(names))
		return NULL;
	fitting = fitting_mappings(delivery, names, first);
	foreach(cell, fitting)
	{
		if (wanted != NULL && strcmp(lfirst(cell), wanted) == 0)
			return lfirst(cell);
	}
	if (wanted != NULL)
	{
		if (focus_mapping_read(delivery, wanted)->takes_all)
			return pstrdup(wanted);
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" does not have the columns that mapping \"%s\" needs", file, wanted),
				 fitting != NIL
				 ? errhint("It fits mapping \"%s\".", (char *) linitial(fitting))
				 : errhint("Column detect of focus_mappings tells what each mapping needs.")));
	}
	if (fitting == NIL)
		return NULL;
	if (list_length(fitting) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" fits more than one mapping", file),
				 errdetail("They are \"%s\" and \"%s\".", (char *) linitial(fitting), (char *) lsecond(fitting)),
				 errhint("Name the one that is meant, for example mapping => '%s'.", (char *) linitial(fitting))));
	return linitial(fitting);
}

/*
 * Names of the mappings that a file with these columns fits, those that ask for
 * nothing left out.  first is the first row of a JSON file: names inside its
 * values count as well.
 */
static List *
fitting_mappings(const FocusDelivery *delivery, const FocusRow *names, const FocusRow *first)
{
	Oid			types[1] = {TEXTARRAYOID};
	ArrayBuildState *folded = add_names(NULL, names);
	Datum		values[1];
	List	   *fitting = NIL;

	for (int i = 0; first != NULL && first->broken == NULL && i < first->nfields; i++)
		folded = add_names_inside(folded, first->fields[i].data, first->fields[i].len);
	values[0] = makeArrayResult(folded, CurrentMemoryContext);
	focus_delivery_spi(psprintf("SELECT mapping FROM %s WHERE EXISTS (SELECT FROM unnest(detect) AS d "
								"WHERE $1 @> string_to_array(d, ' ')) ORDER BY mapping COLLATE \"C\"",
								quote_qualified_identifier(delivery->schema, "focus_mappings")),
					   1, types, values, NULL, SPI_OK_SELECT);
	for (uint64 i = 0; i < SPI_processed; i++)
		fitting = lappend(fitting, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	return fitting;
}

/*
 * The name's ASCII letters, in lower case, and digits.
 */
char *
focus_mapping_fold(const char *name, size_t len)
{
	char	   *folded = palloc(len + 1);
	size_t		n = 0;

	for (size_t i = 0; i < len; i++)
	{
		char		c = name[i];

		if (c >= 'A' && c <= 'Z')
			folded[n++] = c - 'A' + 'a';
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			folded[n++] = c;
	}
	folded[n] = '\0';
	return folded;
}

/* Names of costs, by which FOCUS files are told. */
static bool
is_focus(const FocusRow *names)
{
	static const char *const costs[] = {"BilledCost", "EffectiveCost", "AmortizedCost", "ListCost", "ContractedCost"};

	for (int i = 0; i < names->nfields; i++)
	{
		for (int k = 0; k < lengthof(costs); k++)
		{
			if (names->fields[i].len == strlen(costs[k]) &&
				pg_strncasecmp(names->fields[i].data, costs[k], strlen(costs[k])) == 0)
				return true;
		}
	}
	return false;
}

/* A column of the mapping that was read; NULL where it is null or blank. */
static char *
setting(int column)
{
	char	   *text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);

	return text != NULL && text[strspn(text, " \t\r\n")] != '\0' ? text : NULL;
}

/* Appends the expressions to the query. */
static void
read_targets(const FocusDelivery *delivery, FocusMapping *mapping, StringInfo query)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(mapping->name)};

	focus_delivery_spi(psprintf("SELECT columnname, expression FROM %s WHERE mapping = $1 ORDER BY columnname COLLATE \"C\"",
								quote_qualified_identifier(delivery->schema, "focus_mapping_columns")),
					   1, types, values, NULL, SPI_OK_SELECT);
	mapping->ntargets = SPI_processed;
	mapping->targets = palloc(Max(mapping->ntargets, 1) * sizeof(FocusField));
	for (int i = 0; i < mapping->ntargets; i++)
	{
		char	   *name = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);

		if (focus_dataset_column(&focus_cost_and_usage, name) < 0 && pg_strncasecmp(name, "x_", 2) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("mapping \"%s\" fills column \"%s\", which FOCUS does not have", mapping->name, name),
					 errhint("Names of other columns begin with x_.")));
		mapping->targets[i].data = name;
		mapping->targets[i].len = strlen(name);
		appendStringInfo(query, ",\n\t(%s\n)", SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2));
	}
}

/* A row without these would be refused in words about a file. */
static void
require_targets(const FocusMapping *mapping)
{
	if ((!has_target(mapping, "BillingPeriodStart") && !has_target(mapping, "ChargePeriodStart")) ||
		(!has_target(mapping, "BilledCost") && !has_target(mapping, "EffectiveCost") &&
		 !has_target(mapping, "ListCost") && !has_target(mapping, "ContractedCost")))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("mapping \"%s\" fills no period or no cost", mapping->name),
				 errhint("It needs BillingPeriodStart or ChargePeriodStart, and a cost, in focus_mapping_columns.")));
}

static bool
has_target(const FocusMapping *mapping, const char *name)
{
	for (int i = 0; i < mapping->ntargets; i++)
	{
		if (pg_strcasecmp(mapping->targets[i].data, name) == 0)
			return true;
	}
	return false;
}

static ArrayBuildState *
add_name(ArrayBuildState *names, const char *name, size_t len)
{
	return accumArrayResult(names, CStringGetTextDatum(focus_mapping_fold(name, len)), false, TEXTOID, CurrentMemoryContext);
}

static ArrayBuildState *
add_names(ArrayBuildState *names, const FocusRow *row)
{
	for (int i = 0; i < row->nfields; i++)
		names = add_name(names, row->fields[i].data, row->fields[i].len);
	return names;
}

/* Keys of the objects in a JSON text, which is one that has been split. */
static ArrayBuildState *
add_names_inside(ArrayBuildState *names, const char *text, size_t len)
{
	size_t		at = 0;

	if (len == 0 || (text[0] != '{' && text[0] != '['))
		return names;
	while (at < len)
	{
		size_t		start;
		size_t		end;

		if (text[at++] != '"')
			continue;
		start = at;
		while (at < len && text[at] != '"')
			at += (text[at] == '\\') ? 2 : 1;
		end = Min(at, len);
		at++;
		while (at < len && strchr(" \t\r\n", text[at]) != NULL)
			at++;
		if (at < len && text[at] == ':')
			names = add_name(names, text + start, end - start);
	}
	return names;
}
