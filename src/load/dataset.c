/*-------------------------------------------------------------------------
 *
 * dataset.c
 *	  The FOCUS datasets that can be loaded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "load/dataset.h"
#include "load/dataset_columns.h"

const FocusDataset focus_cost_and_usage = {
	"CostAndUsage", "focus_cost_and_usage",
	cost_and_usage_columns, lengthof(cost_and_usage_columns), true
};

const FocusDataset focus_contract_commitment = {
	"ContractCommitment", "focus_contract_commitment",
	contract_commitment_columns, lengthof(contract_commitment_columns), false
};

/*
 * Index of the column of that name, whatever its case, or -1.
 */
int
focus_dataset_column(const FocusDataset *dataset, const char *name)
{
	for (int i = 0; i < dataset->ncolumns; i++)
	{
		if (pg_strcasecmp(dataset->columns[i].name, name) == 0)
			return i;
	}
	return -1;
}
