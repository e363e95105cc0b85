# The public FOCUS query library runs against focus_data_table.
#
# The texts are not ours; they are read in place from $FOCUS_SHARED/usecases and
# the test is skipped where they are absent.  Those that are not PostgreSQL, or
# are wrong in themselves, are listed with the reason; all others must run.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = ($ENV{FOCUS_SHARED} // '') . '/usecases';
plan skip_all => "no query library in $folder" unless -d $folder;

my $not_sql = qr/syntax error/;
my %refused = (
	'spec_cost-comparison.sql' => $not_sql,
	'spec_marketplace-purchases-example-sql-query-on-a-csp-marketplace-focus-dataset.sql' => qr/column "provider" does not exist/,
	'spec_marketplace-purchases-example-sql-query-on-a-provider-focus-dataset.sql' => qr/column "invoiceissuer" does not exist/,
	'spec_provider-services.sql' => qr/column "monthlycost" does not exist/,
	'spec_verify-compare-track-unit-prices.sql' => qr/column "billingperiodid" does not exist/,
	'v1.0_allocate-application-multi-currency.sql' => qr/column "ApplicationId" does not exist/,
	'v1.0_application-cost.sql' => qr/column "Application" does not exist/,
	'v1.0_costs-service-name.sql' => qr/column "monthlycost" does not exist/,
	'v1.0_daily-anomaly-region.sql' => $not_sql,
	'v1.0_daily-anomaly-subaccount.sql' => $not_sql,
	'v1.0_forecast-cashflow.sql' => $not_sql,
	'v1.0_report-service-costs-by-providers-subaccount.sql' => qr/must appear in the GROUP BY clause/,
	'v1.0_update-application-budgets.sql' => $not_sql,
	'v1.2_determine-contracted-savings-by-virtual-currency.sql' => $not_sql,
	'v1.2_verify-accuracy-of-provider-invoices-aka-invoice-reconciliation.sql' => qr/column "invoiceissuer" does not exist/,
	'v1.3_allocate-multi-currency-charges-per-application.sql' => qr/column "ApplicationId" does not exist/,
	'v1.3_identify-anomalous-daily-spending-by-subaccount-and-region.sql' => $not_sql,
	'v1.3_identify-anomalous-daily-spending-by-subaccount.sql' => $not_sql,
	'v1.3_report-service-costs-by-providers-subaccount.sql' => qr/must appear in the GROUP BY clause/,
	'v1.3_update-budgets-for-each-application.sql' => qr/column "Application" does not exist/,
	'v1.4_identify-eligible-capacity-reservation-spend.sql' => qr/commitmentprogrameligibilitydetails does not exist/,
	'v1.4_identify-eligible-uncovered-spend-by-program-type.sql' => qr/commitmentprogrameligibilitydetails does not exist/,
	'v1.4_reconcile-cost-and-usage-to-invoice-detail-by-invoice-id.sql' => qr/relation "invoicedetail" does not exist/,
	'v1.4_reconcile-multi-currency-settlement-using-lineage-ids.sql' => qr/relation "invoicedetail" does not exist/,
	'v1.4_validate-tax-variance.sql' => qr/relation "invoicedetail" does not exist/);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

foreach my $file (sort glob("$folder/*.sql"))
{
	my ($name) = $file =~ m{([^/]+)$};
	my $query = slurp_file($file);
	my $n = 0;

	# placeholders outside quotes and comments; NULL fits every type
	$query =~ s/^--.*$//mg;
	$query =~ s/;\s*$//;
	$query =~ s/('[^']*')|\?/defined $1 ? $1 : '$' . ++$n/ge;
	my $arguments = $n ? '(' . join(', ', ('NULL') x $n) . ')' : '';
	my ($status, $stdout, $stderr) = $node->psql('postgres',
		"SET search_path = public, focus_compat; PREPARE q AS $query; EXECUTE q$arguments;");

	if (exists $refused{$name})
	{
		like($stderr, $refused{$name}, "$name is refused for the known reason");
	}
	else
	{
		is($stderr, '', "$name runs");
	}
}
$node->stop;
done_testing();
