/*-------------------------------------------------------------------------
 *
 * copy.c
 *	  COPY focus_cost_and_usage FROM ... WITH (FORMAT focus).
 *
 * The command's own form for the loader: STDIN, and so psql's \copy from any
 * client, a server file, or a program.  Core's COPY does not know the format;
 * utility.c brings the statement here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "load/load.h"

static const FocusDataset *dataset_of(Oid relid);
static void read_options(ParseState *pstate, const CopyStmt *stmt, FocusDeliveryOptions *options);
static FocusInput *open_frontend(void *arg);
static FocusInput *open_program(void *arg);

/*
 * Is it COPY in FOCUS format?
 */
bool
focus_copy_is_ours(const CopyStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "format") == 0)
			return option->arg != NULL && strcmp(defGetString(option), "focus") == 0;
	}
	return false;
}

/*
 * Runs the statement; returns the number of rows stored.
 */
uint64
focus_copy_from(ParseState *pstate, const CopyStmt *stmt)
{
	FocusDeliveryOptions options = {.reject_limit = -1};
	FocusLoadResult result;
	const FocusDataset *dataset;
	FocusOpenStream open_stream = NULL;
	const char *path = stmt->filename;
	Oid			relid;

	if (!stmt->is_from)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY TO is not supported in FOCUS format"),
				 errhint("Use FORMAT csv with HEADER.")));
	if (stmt->attlist != NIL || stmt->whereClause != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY in FOCUS format takes no column list and no WHERE"),
				 errdetail("The file's header says what its columns are.")));
	read_options(pstate, stmt, &options);
	focus_load_check_options(&options);

	relid = RangeVarGetRelid(stmt->relation, NoLock, false);
	dataset = dataset_of(relid);
	if (dataset == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a FOCUS dataset", stmt->relation->relname),
				 errhint("FORMAT focus loads into %s and %s.",
						 focus_cost_and_usage.table, focus_contract_commitment.table)));

	if (stmt->is_program)
	{
		if (!has_privs_of_role(GetUserId(), ROLE_PG_EXECUTE_SERVER_PROGRAM))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("must be superuser or have privileges of the pg_execute_server_program role to COPY from an external program"),
					 errhint("Anyone can load a client's file by psql's \\copy with FORMAT focus.")));
		open_stream = open_program;
	}
	else if (stmt->filename != NULL)
		focus_load_check_file_rights();
	else
	{
		open_stream = open_frontend;
		path = "STDIN";
	}

	focus_load_run(get_namespace_name(get_rel_namespace(relid)), path, open_stream, (void *) stmt,
				   dataset, &options, &result);
	return (uint64) result.rows_stored;
}

/* The dataset that the extension keeps in the table, or NULL. */
static const FocusDataset *
dataset_of(Oid relid)
{
	char	   *name = get_rel_name(relid);
	Oid			extension = get_extension_oid("focus", true);

	if (!OidIsValid(extension) || getExtensionOfObject(RelationRelationId, relid) != extension)
		return NULL;
	if (strcmp(name, focus_cost_and_usage.table) == 0)
		return &focus_cost_and_usage;
	if (strcmp(name, focus_contract_commitment.table) == 0)
		return &focus_contract_commitment;
	return NULL;
}

static void
read_options(ParseState *pstate, const CopyStmt *stmt, FocusDeliveryOptions *options)
{
	static const char *const names[] = {
		"format", "source", "mode", "provider", "focus_version", "reject_limit", "strict", "force", "mapping"
	};
	bool		seen[lengthof(names)] = {0};
	ListCell   *cell;

	foreach(cell, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);
		int			which = 0;

		while (which < lengthof(names) && strcmp(option->defname, names[which]) != 0)
			which++;
		if (which == lengthof(names))
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("COPY option \"%s\" is not valid in FOCUS format", option->defname),
					 errhint("Valid options are source, mode, provider, focus_version, reject_limit, strict, force and mapping."),
					 parser_errposition(pstate, option->location)));
		if (seen[which])
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("conflicting or redundant options"),
					 parser_errposition(pstate, option->location)));
		seen[which] = true;

		switch (which)
		{
			case 0:
				break;
			case 1:
				options->source = defGetString(option);
				break;
			case 2:
				options->mode = defGetString(option);
				break;
			case 3:
				options->provider = defGetString(option);
				break;
			case 4:
				options->focus_version = defGetString(option);
				break;
			case 6:
				options->strict = defGetBoolean(option);
				break;
			case 7:
				options->force = defGetBoolean(option);
				break;
			case 8:
				options->mapping = defGetString(option);
				break;
			default:
				options->reject_limit = defGetInt64(option);
				if (options->reject_limit < 0)
					ereport(ERROR,
							(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							 errmsg("reject_limit must not be negative"),
							 parser_errposition(pstate, option->location)));
				break;
		}
	}
}

static FocusInput *
open_frontend(void *arg)
{
	return focus_input_open_frontend(1);
}

static FocusInput *
open_program(void *arg)
{
	return focus_input_open_program(((const CopyStmt *) arg)->filename);
}
