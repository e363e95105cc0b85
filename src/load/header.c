/*-------------------------------------------------------------------------
 *
 * header.c
 *	  The header line of a file: which field goes to which column.
 *
 * Columns are matched by name, never by position, whatever their case.  Names
 * of FOCUS 0.5 and 1.0-preview stand for the columns that replaced them,
 * unless the file has both.  Where there is no column for the tags, columns that
 * are named for one tag each stand for it.  All other names go to x_columns.
 *
 * Files do not say which FOCUS version or provider they are of; both are read
 * from the column names.
 *
 * The header of a JSON file grows while it is read: objects may bring new keys.
 * What stands for what must not hang on the order of the objects, so there each
 * row tells for itself which of two names it goes by.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "load/cell.h"
#include "load/header.h"

typedef struct NamePair
{
	const char *name;
	const char *means;
} NamePair;

/* Renamed columns. */
static const NamePair old_names[] = {
	{"AmortizedCost", "EffectiveCost"},
	{"ChargeType", "ChargeCategory"},
	{"InvoiceIssuer", "InvoiceIssuerName"},
	{"Provider", "ProviderName"},
	{"Publisher", "PublisherName"},
	{"Region", "RegionId"},
	{"UsageQuantity", "ConsumedQuantity"},
	{"UsageUnit", "ConsumedUnit"}
};

StaticAssertDecl(lengthof(old_names) <= FOCUS_HEADER_PAIRS, "each old name may make a pair");

/*
 * What names of columns begin with that are a tag each: in reports of AWS, where
 * tags of users are marked as such, of Oracle, and of OpenCost.
 */
static const char *const tag_prefixes[] = {"resourceTags/user:", "resourceTags/", "tags/", "Label_"};

/* Names that first appear, or last appear, in a version; the newest decides. */
static const NamePair version_marks[] = {
	{"ServiceProviderName", "1.3"},
	{"HostProviderName", "1.3"},
	{"ContractApplied", "1.3"},
	{"AllocatedMethodId", "1.3"},
	{"ContractCommitmentId", "1.3"},
	{"InvoiceId", "1.2"},
	{"PricingCurrency", "1.2"},
	{"PricingCurrencyEffectiveCost", "1.2"},
	{"CapacityReservationId", "1.1"},
	{"CommitmentDiscountQuantity", "1.1"},
	{"ServiceSubcategory", "1.1"},
	{"SkuMeter", "1.1"},
	{"SkuPriceDetails", "1.1"},
	{"RegionId", "1.0"},
	{"ConsumedQuantity", "1.0"},
	{"ChargeClass", "1.0"},
	{"ContractedCost", "1.0"},
	{"ChargeSubcategory", "1.0-preview"},
	{"UsageQuantity", "1.0-preview"},
	{"UsageUnit", "1.0-preview"},
	{"ListCost", "1.0-preview"},
	{"EffectiveCost", "1.0-preview"},
	{"AmortizedCost", "0.5"},
	{"ChargeType", "0.5"}
};

/* Columns of their own by which providers can be told. */
static const NamePair provider_marks[] = {
	{"x_ServiceCode", "AWS"},
	{"x_Operation", "AWS"},
	{"x_Discounts", "AWS"},
	{"x_BillingProfileId", "Microsoft"},
	{"x_InvoiceSectionId", "Microsoft"},
	{"x_Credits", "Google Cloud"},
	{"x_Project", "Google Cloud"},
	{"x_ExportTime", "Google Cloud"},
	{"oci_ReferenceNumber", "Oracle"},
	{"oci_CompartmentId", "Oracle"}
};

/*
 * Other spellings of a provider's name.  Versions of one export differ in it:
 * ProviderName of 1.2 may be "AWS" where ServiceProviderName of 1.3 is "Amazon
 * Web Services".
 */
static const NamePair provider_spellings[] = {
	{"Amazon Web Services", "AWS"},
	{"Amazon Web Services, Inc.", "AWS"},
	{"Azure", "Microsoft"},
	{"Microsoft Azure", "Microsoft"},
	{"Microsoft Corporation", "Microsoft"},
	{"GCP", "Google Cloud"},
	{"Google", "Google Cloud"},
	{"Google Cloud Platform", "Google Cloud"},
	{"OCI", "Oracle"},
	{"Oracle Cloud", "Oracle"},
	{"Oracle Cloud Infrastructure", "Oracle"},
	{"Alibaba", "Alibaba Cloud"},
	{"Aliyun", "Alibaba Cloud"}
};

/* Columns of datasets that repeat the costs of Cost and Usage, by invoice. */
static const NamePair other_datasets[] = {
	{"BillingPeriodCreated", "BillingPeriod"},
	{"BillingPeriodStatus", "BillingPeriod"},
	{"InvoiceDetailCreated", "InvoiceDetail"},
	{"InvoiceDetailGrain", "InvoiceDetail"},
	{"InvoiceIssueDate", "InvoiceDetail"}
};

static void read_names(FocusHeader *header, const FocusRow *row, const char *file);
static void copy_names(FocusHeader *header, const FocusRow *row, const char *file);
static void refuse_duplicates(const FocusHeader *header, const char *file);
static void refuse_other_datasets(const FocusHeader *header, const char *file);
static const FocusDataset *recognise_dataset(const FocusHeader *header, const char *file);
static void map_columns(FocusHeader *header);
static void map_tags(FocusHeader *header);
static const char *tag_key(const char *name);
static const char *meaning_of(const char *name);
static bool has_name(const FocusHeader *header, const char *name);
static const char *first_mark(const FocusHeader *header, const NamePair *marks, int nmarks);

/*
 * Reads a header row.  The result lives in the current memory context; a
 * header that is not of a FOCUS dataset is an error that says why.
 */
FocusHeader *
focus_header_parse(const FocusRow *row, const char *file, bool is_json)
{
	FocusHeader *header = palloc0(sizeof(FocusHeader));

	header->is_json = is_json;
	header->max_fields = Max(row->nfields, 64);
	header->names = palloc(header->max_fields * sizeof(char *));
	header->columns = palloc(header->max_fields * sizeof(int));
	header->tag_keys = palloc(header->max_fields * sizeof(char *));
	read_names(header, row, file);
	header->fields = palloc(header->dataset->ncolumns * sizeof(int));
	map_columns(header);
	return header;
}

/*
 * The header has grown: the row has names behind those that it had.  The dataset
 * stays what it was.  To be called in the memory context of the header.
 */
void
focus_header_extend(FocusHeader *header, const FocusRow *row, const char *file)
{
	if (row->nfields > header->max_fields)
	{
		header->max_fields = row->nfields * 2;
		header->names = repalloc(header->names, header->max_fields * sizeof(char *));
		header->columns = repalloc(header->columns, header->max_fields * sizeof(int));
		header->tag_keys = repalloc(header->tag_keys, header->max_fields * sizeof(char *));
	}
	read_names(header, row, file);
	map_columns(header);
}

/*
 * Maps the columns that a JSON file has two names for, by the values of a row: an
 * old name stands for its column where the row has nothing under the new one.  So
 * does the month of the charge where it tells no billing period.
 */
void
focus_header_choose(FocusHeader *header, const FocusField *fields)
{
	for (int i = 0; i < header->npairs; i++)
	{
		const FocusHeaderPair *pair = &header->pairs[i];
		const FocusColumn *column = &header->dataset->columns[pair->column];
		const FocusField *field = &fields[pair->field];
		const FocusField *old_field = &fields[pair->old_field];
		bool		spelled;
		bool		is_old = focus_cell_is_null_of(column, field, &spelled) && !focus_cell_is_null_of(column, old_field, &spelled);

		header->columns[pair->field] = is_old ? -1 : pair->column;
		header->columns[pair->old_field] = is_old ? pair->column : -1;
		header->fields[pair->column] = is_old ? pair->old_field : pair->field;
	}
	if (header->is_json && header->dataset->has_period)
		header->lacks_period = header->fields[header->billing_period_start] < 0 ||
			(focus_header_lacks(header, fields, header->billing_period_start) &&
			 !focus_header_lacks(header, fields, header->charge_period_start));
}

/*
 * May other columns stand for this one?  In a CSV file that is so where it is
 * absent, in a JSON file where the row has nothing in it.
 */
bool
focus_header_lacks(const FocusHeader *header, const FocusField *fields, int column)
{
	bool		spelled;

	return header->fields[column] < 0 ||
		(header->is_json &&
		 focus_cell_is_null_of(&header->dataset->columns[column], &fields[header->fields[column]], &spelled));
}

/*
 * A delivery belongs to a billing period and is about cost: without either
 * the file cannot be put in its place.  The period of the charge will do, unless
 * strict.
 */
void
focus_header_require(const FocusHeader *header, const char *file, bool strict)
{
	static const char *const costs[] = {"BilledCost", "EffectiveCost", "ListCost", "ContractedCost"};
	const FocusDataset *dataset = header->dataset;
	bool		has_cost = false;

	if (!dataset->has_period)
		return;

	if (header->fields[focus_dataset_column(dataset, "BillingPeriodStart")] < 0 &&
		(strict || header->fields[focus_dataset_column(dataset, "ChargePeriodStart")] < 0))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" has no column \"BillingPeriodStart\"", file),
				 strict
				 ? errdetail("Without it a row belongs to no billing period, and a later delivery could not replace it.")
				 : errdetail("Without it, or \"ChargePeriodStart\" instead, a row belongs to no billing period, and a later delivery could not replace it."),
				 errhint("If the file is not FOCUS, name a mapping of focus_mappings.")));
	for (int i = 0; i < lengthof(costs); i++)
		has_cost |= header->fields[focus_dataset_column(dataset, costs[i])] >= 0;
	if (!has_cost)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" has none of the columns \"BilledCost\", \"EffectiveCost\", \"ListCost\" and \"ContractedCost\"", file),
				 errhint("If the file is not FOCUS, name a mapping of focus_mappings.")));
}

/* The cell of a dataset's column; an empty one if there is none. */
const FocusField *
focus_header_field(const FocusHeader *header, const FocusField *fields, int column)
{
	static const FocusField none = {"", 0};

	if (column < 0 || header->fields[column] < 0)
		return &none;
	return &fields[header->fields[column]];
}

/*
 * The name by which sources are told: that of the provider, whatever the file
 * calls it, or the name itself when it is not known.
 */
const char *
focus_header_provider(const char *name)
{
	for (int i = 0; i < lengthof(provider_spellings); i++)
	{
		if (pg_strcasecmp(provider_spellings[i].name, name) == 0 ||
			pg_strcasecmp(provider_spellings[i].means, name) == 0)
			return provider_spellings[i].means;
	}
	return name;
}

static void
read_names(FocusHeader *header, const FocusRow *row, const char *file)
{
	copy_names(header, row, file);
	refuse_duplicates(header, file);
	if (header->dataset == NULL)
		header->dataset = recognise_dataset(header, file);
	else
		refuse_other_datasets(header, file);
	header->focus_version = first_mark(header, version_marks, lengthof(version_marks));
	header->provider = first_mark(header, provider_marks, lengthof(provider_marks));
}

static void
copy_names(FocusHeader *header, const FocusRow *row, const char *file)
{
	int			first_new = header->nfields;

	header->nfields = row->nfields;
	for (int i = first_new; i < row->nfields; i++)
	{
		const char *name = row->fields[i].data;
		size_t		len = row->fields[i].len;

		if (memchr(name, '\0', len) != NULL || !pg_verify_mbstr(PG_UTF8, name, len, true))
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("\"%s\" is not a FOCUS file: its first line is not UTF-8 text", file)));
		while (len > 0 && (*name == ' ' || *name == '\t'))
		{
			name++;
			len--;
		}
		while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
			len--;
		header->names[i] = pg_any_to_server(pnstrdup(name, len), len, PG_UTF8);
	}
}

/* By name whatever its case; equal names next to each other. */
static int
compare_names(const void *a, const void *b)
{
	int			result = pg_strcasecmp(*(char *const *) a, *(char *const *) b);

	return result != 0 ? result : strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * Two fields of one name could not both be kept.  Names that differ in case
 * only are the same name if FOCUS defines it, or has defined it before.
 */
static void
refuse_duplicates(const FocusHeader *header, const char *file)
{
	char	  **sorted = palloc(header->nfields * sizeof(char *));

	memcpy(sorted, header->names, header->nfields * sizeof(char *));
	qsort(sorted, header->nfields, sizeof(char *), compare_names);
	for (int i = 1; i < header->nfields; i++)
	{
		if (pg_strcasecmp(sorted[i - 1], sorted[i]) != 0)
			continue;
		if (strcmp(sorted[i - 1], sorted[i]) == 0 || meaning_of(sorted[i]) != NULL ||
			focus_dataset_column(&focus_cost_and_usage, sorted[i]) >= 0 ||
			focus_dataset_column(&focus_contract_commitment, sorted[i]) >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("header of \"%s\" has column \"%s\" more than once", file, sorted[i]),
					 errhint("Remove or rename one of them; which one counts cannot be guessed.")));
	}
	pfree(sorted);
}

static void
refuse_other_datasets(const FocusHeader *header, const char *file)
{
	const char *other = first_mark(header, other_datasets, lengthof(other_datasets));

	if (other != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" is of dataset %s, which cannot be loaded", file, other),
				 errdetail("Datasets that can be loaded are %s and %s.", focus_cost_and_usage.id, focus_contract_commitment.id)));
}

static const FocusDataset *
recognise_dataset(const FocusHeader *header, const char *file)
{
	bool		known = false;

	refuse_other_datasets(header, file);
	if (has_name(header, "ContractCommitmentId") && has_name(header, "ContractId"))
		return &focus_contract_commitment;

	for (int i = 0; i < header->nfields && !known; i++)
		known = focus_dataset_column(&focus_cost_and_usage, header->names[i]) >= 0 || meaning_of(header->names[i]) != NULL;
	if (!known)
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is not a FOCUS file: its first line names no FOCUS column", file),
				 errdetail("The line has %d fields, the first is \"%.64s\".",
						   header->nfields, header->names[0]),
				 errhint("A FOCUS file is comma-separated and begins with a header line, or its first JSON object has the columns as keys. "
						 "Files of another format need a mapping; focus_mappings has those that there are.")));
	return &focus_cost_and_usage;
}

static void
map_columns(FocusHeader *header)
{
	const FocusDataset *dataset = header->dataset;

	for (int i = 0; i < dataset->ncolumns; i++)
		header->fields[i] = -1;
	header->npairs = 0;

	for (int i = 0; i < header->nfields; i++)
	{
		header->columns[i] = focus_dataset_column(dataset, header->names[i]);
		if (header->columns[i] >= 0)
			header->fields[header->columns[i]] = i;
	}
	for (int i = 0; i < header->nfields; i++)
	{
		const char *means = meaning_of(header->names[i]);
		int			column = means != NULL ? focus_dataset_column(dataset, means) : -1;

		if (column >= 0 && header->fields[column] < 0)
		{
			header->columns[i] = column;
			header->fields[column] = i;
		}
		else if (column >= 0 && header->is_json)
		{
			Assert(header->npairs < FOCUS_HEADER_PAIRS);
			header->pairs[header->npairs++] = (FocusHeaderPair) {column, header->fields[column], i};
		}
	}
	map_tags(header);
	header->billing_period_start = focus_dataset_column(dataset, "BillingPeriodStart");
	header->charge_period_start = focus_dataset_column(dataset, "ChargePeriodStart");
	header->lacks_period = dataset->has_period && header->fields[header->billing_period_start] < 0;
}

/*
 * Columns of one tag each.  Of two with the same key the first one that has a
 * value in a row is the tag.
 */
static void
map_tags(FocusHeader *header)
{
	int			tags = focus_dataset_column(header->dataset, "Tags");

	header->has_tag_keys = false;
	header->has_equal_tag_keys = false;
	for (int i = 0; i < header->nfields; i++)
	{
		header->tag_keys[i] = NULL;
		if (tags < 0 || (header->fields[tags] >= 0 && !header->is_json) || header->columns[i] >= 0)
			continue;
		header->tag_keys[i] = tag_key(header->names[i]);
		for (int k = 0; k < i && header->tag_keys[i] != NULL; k++)
			header->has_equal_tag_keys |= header->tag_keys[k] != NULL && strcmp(header->tag_keys[k], header->tag_keys[i]) == 0;
		header->has_tag_keys |= header->tag_keys[i] != NULL;
	}
}

/* The key of a column that is named for one tag; NULL for others. */
static const char *
tag_key(const char *name)
{
	for (int i = 0; i < lengthof(tag_prefixes); i++)
	{
		size_t		len = strlen(tag_prefixes[i]);

		if (pg_strncasecmp(name, tag_prefixes[i], len) == 0 && name[len] != '\0')
			return name + len;
	}
	return NULL;
}

/* The column that replaced the one of an old name, or NULL. */
static const char *
meaning_of(const char *name)
{
	for (int i = 0; i < lengthof(old_names); i++)
	{
		if (pg_strcasecmp(name, old_names[i].name) == 0)
			return old_names[i].means;
	}
	return NULL;
}

static bool
has_name(const FocusHeader *header, const char *name)
{
	for (int i = 0; i < header->nfields; i++)
	{
		if (pg_strcasecmp(header->names[i], name) == 0)
			return true;
	}
	return false;
}

static const char *
first_mark(const FocusHeader *header, const NamePair *marks, int nmarks)
{
	for (int i = 0; i < nmarks; i++)
	{
		if (has_name(header, marks[i].name))
			return marks[i].means;
	}
	return NULL;
}
