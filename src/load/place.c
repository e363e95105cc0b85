/*-------------------------------------------------------------------------
 *
 * place.c
 *	  Which load a row of a file belongs to.
 *
 * A load has the rows of one source and billing period.  The source is named,
 * or it is provider and billing account of the row.  The period is that of the
 * bill or, where a file says nothing of it, the month of the charge.
 *
 * The rows of a file have few different texts in the columns that tell, so the
 * last ones are remembered with their load.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "columnar/quick_hash.h"
#include "compat.h"
#include "load/place.h"

/* A row's text of some columns, remembered to recognise it in other rows. */
typedef struct RowKey
{
	char	   *text;
	size_t		len;
	size_t		size;
	FocusLoadPart *part;		/* NULL: not known */
} RowKey;

#define ROW_KEYS	16			/* a power of two */

/* Of which provider the rows of a file are */
typedef struct PlaceFile
{
	const char *name;			/* NULL: there have been no rows of it */
	bool		of_declared;	/* a row is, or may be, of the provider named */
	const char *other_provider; /* of a row that is not, or NULL */
} PlaceFile;

struct FocusPlace
{
	FocusDelivery *delivery;
	FocusCellReader *cells;
	MemoryContext context;		/* as long as the load */

	const FocusHeader *header;
	PlaceFile  *file;			/* being read */
	PlaceFile  *files;			/* with this header */
	int			max_files;

	/* dataset columns that tell; -1: not in the dataset */
	int			billing_period_start;
	int			charge_period_start;
	int			billing_account_id;
	int			provider_name;
	int			service_provider_name;
	int			invoice_issuer_name;

	RowKey		keys[ROW_KEYS];	/* by hash value */
};

static int	period_column(FocusPlace *place);
static RowKey *find_key(FocusPlace *place, const FocusField *const *keys, int nkeys);
static void compare_provider(FocusPlace *place, const char *provider_name, const char *service_provider_name);

/*
 * For rows of a delivery whose dataset is known.  Lives in the current memory
 * context.
 */
FocusPlace *
focus_place_create(FocusDelivery *delivery, FocusCellReader *cells)
{
	FocusPlace *place = palloc0(sizeof(FocusPlace));
	const FocusDataset *dataset = delivery->dataset;

	place->delivery = delivery;
	place->cells = cells;
	place->context = CurrentMemoryContext;
	place->files = palloc(sizeof(PlaceFile));
	place->max_files = 1;
	place->billing_period_start = focus_dataset_column(dataset, "BillingPeriodStart");
	place->charge_period_start = focus_dataset_column(dataset, "ChargePeriodStart");
	place->billing_account_id = focus_dataset_column(dataset, "BillingAccountId");
	place->provider_name = focus_dataset_column(dataset, "ProviderName");
	place->service_provider_name = focus_dataset_column(dataset, "ServiceProviderName");
	place->invoice_issuer_name = focus_dataset_column(dataset, "InvoiceIssuerName");
	return place;
}

/* The rows to come are of that file. */
void
focus_place_begin_file(FocusPlace *place, const FocusHeader *header, const char *file)
{
	place->header = header;
	memset(place->files, 0, place->max_files * sizeof(PlaceFile));
	focus_place_go_to_file(place, 1, file);
}

/*
 * The rows to come are of the file of that number, from 1, which has the same
 * header.  It may be one that there have been rows of.
 */
void
focus_place_go_to_file(FocusPlace *place, int number, const char *file)
{
	if (number > place->max_files)
	{
		int			room = number * 2;

		place->files = repalloc(place->files, room * sizeof(PlaceFile));
		memset(place->files + place->max_files, 0, (room - place->max_files) * sizeof(PlaceFile));
		place->max_files = room;
	}
	place->file = &place->files[number - 1];
	place->file->name = file;
	focus_place_forget(place);
}

/* The columns that tell the load of a row are others from now on. */
void
focus_place_forget(FocusPlace *place)
{
	for (int i = 0; i < ROW_KEYS; i++)
		place->keys[i].part = NULL;
}

/*
 * The load that the row belongs to, by source and billing period.  NULL when
 * the billing period cannot be read; *bad_field and *bad_cell then tell why.
 */
FocusLoadPart *
focus_place_find(FocusPlace *place, const FocusRow *row, const FocusField *fields, int *bad_field, FocusCell *bad_cell)
{
	FocusDelivery *delivery = place->delivery;
	static const FocusField none = {"", 0};
	const FocusField *keys[6];
	RowKey	   *key;
	const char *names[3];
	const char *provider = delivery->options.provider;
	const char *account = NULL;
	const char *source = delivery->options.source;
	TimestampTz period = 0;
	bool		spelled;

	keys[0] = focus_header_field(place->header, fields, place->provider_name);
	keys[1] = focus_header_field(place->header, fields, place->service_provider_name);
	keys[2] = focus_header_field(place->header, fields, place->invoice_issuer_name);
	keys[3] = focus_header_field(place->header, fields, place->billing_account_id);
	keys[4] = focus_header_field(place->header, fields, period_column(place));
	keys[5] = place->header->lacks_period ? keys[4] : &none;	/* by which column */
	key = find_key(place, keys, lengthof(keys));
	if (key->part != NULL)
		return key->part;

	for (int i = 0; i < lengthof(names); i++)
		names[i] = focus_cell_is_null(keys[i]->data, keys[i]->len, &spelled) ? NULL : keys[i]->data;
	compare_provider(place, names[0], names[1]);
	if (delivery->dataset->has_period)
	{
		const FocusColumn *column = &delivery->dataset->columns[period_column(place)];
		FocusCellStatus status = focus_cell_read(place->cells, column, keys[4], bad_cell);

		if (status != FOCUS_CELL_OK || bad_cell->isnull)
		{
			*bad_field = place->header->fields[period_column(place)];
			if (status == FOCUS_CELL_OK)
			{
				bad_cell->sqlerrcode = ERRCODE_NULL_VALUE_NOT_ALLOWED;
				bad_cell->why = "billing period is missing";
			}
			return NULL;
		}
		period = DatumGetTimestampTz(bad_cell->value);
		if (place->header->lacks_period)
			period = focus_place_month(period, 0);
	}

	for (int i = 0; i < lengthof(names) && provider == NULL; i++)
		provider = names[i];
	if (provider == NULL)
		provider = delivery->source_provider;
	if (provider == NULL)
		provider = place->header->provider;
	if (!focus_cell_is_null(keys[3]->data, keys[3]->len, &spelled))
		account = keys[3]->data;
	if (provider != NULL && account != NULL)
		account = psprintf("%s/%s", focus_header_provider(provider), account);
	else
		account = NULL;

	if (source == NULL && account == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot tell the source of the delivery"),
				 errdetail("No source was named, and the row at line " INT64_FORMAT " of \"%s\" lacks a provider name or a billing account.",
						   row->line, place->file->name),
				 errhint("Name the source, for example source => 'my-provider'.")));
	if (source == NULL)
		source = account;
	key->part = focus_delivery_part(delivery, source, delivery->dataset->has_period, period, account);
	return key->part;
}

/*
 * The files with this header have ended.  If rows of one name providers, and
 * none the one that was named for the delivery, it is another's file.
 */
void
focus_place_end_file(FocusPlace *place)
{
	FocusDelivery *delivery = place->delivery;

	for (int i = 0; i < place->max_files; i++)
	{
		const PlaceFile *file = &place->files[i];

		if (file->name != NULL && file->other_provider != NULL && !file->of_declared)
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("\"%s\" is of provider \"%s\", not of \"%s\"",
							file->name, file->other_provider, focus_delivery_provider(delivery)),
					 delivery->options.provider != NULL
					 ? errhint("Pass another provider or none, or another file.")
					 : errhint("Name the source that delivers it, or change the provider in focus_sources.")));
	}
}

/* The first instant of an instant's month, or of one later, in UTC. */
TimestampTz
focus_place_month(TimestampTz instant, int later)
{
	struct pg_tm tm;
	fsec_t		fsec;
	TimestampTz start;

	if (timestamp2tm(instant, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "instant is out of range");
	tm.tm_year += (tm.tm_mon + later > 12);
	tm.tm_mon = (tm.tm_mon + later > 12) ? 1 : tm.tm_mon + later;
	tm.tm_mday = 1;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	if (tm2timestamp(&tm, 0, NULL, &start) != 0)
		elog(ERROR, "month is out of range");
	return start;
}

/* The column that the billing period is told by. */
static int
period_column(FocusPlace *place)
{
	return place->header->lacks_period ? place->charge_period_start : place->billing_period_start;
}

/*
 * What is known of a row with these texts; part is NULL where that is nothing,
 * and the texts are remembered.
 */
static RowKey *
find_key(FocusPlace *place, const FocusField *const *keys, int nkeys)
{
	uint64		hash = 0;
	RowKey	   *key;
	size_t		len = 0;
	char	   *p;
	bool		same;

	for (int i = 0; i < nkeys; i++)
	{
		len += keys[i]->len + 1;
		hash = hash * 31 + focus_hash_quickly(keys[i]->data, keys[i]->len);
	}
	key = &place->keys[hash & (ROW_KEYS - 1)];
	same = key->part != NULL && len == key->len;
	p = key->text;
	for (int i = 0; i < nkeys && same; i++)
	{
		same = memcmp(p, keys[i]->data, keys[i]->len) == 0 && p[keys[i]->len] == '\0';
		p += keys[i]->len + 1;
	}
	if (same)
		return key;

	key->part = NULL;
	if (len > key->size)
	{
		key->size = len * 2;
		key->text = MemoryContextAlloc(place->context, key->size);
	}
	p = key->text;
	for (int i = 0; i < nkeys; i++)
	{
		memcpy(p, keys[i]->data, keys[i]->len);
		p[keys[i]->len] = '\0';
		p += keys[i]->len + 1;
	}
	key->len = len;
	return key;
}

/*
 * Is the row of the provider that was named for the delivery?  A row that names
 * none may be.
 */
static void
compare_provider(FocusPlace *place, const char *provider_name, const char *service_provider_name)
{
	const char *named = focus_delivery_provider(place->delivery);
	const char *names[2] = {service_provider_name, provider_name};

	if (named == NULL || place->file->of_declared)
		return;
	place->file->of_declared = (provider_name == NULL && service_provider_name == NULL);
	for (int i = 0; i < lengthof(names); i++)
	{
		if (names[i] == NULL)
			continue;
		if (pg_strcasecmp(focus_header_provider(names[i]), focus_header_provider(named)) == 0)
			place->file->of_declared = true;
		else if (place->file->other_provider == NULL)
			place->file->other_provider = MemoryContextStrdup(place->context, names[i]);
	}
}
