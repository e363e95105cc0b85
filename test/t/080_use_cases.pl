# The public FOCUS query library against focus_data_table, filled with the public
# bills: each query runs, and gives the rows that it gives on a heap table.
#
# The texts are not ours; they are read in place from $FOCUS_SHARED/usecases and
# the test is skipped where they are absent.  Those that are not PostgreSQL, or
# are wrong in themselves, are listed with the reason; all others must run.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Focus::PublicData ();
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
	'v1.0_effective-savings-rate.sql' => qr/division by zero/,
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

my %variants = (
	heap => '',
	aggregate => '',
	scan => 'SET focus.enable_aggregate = off;',
	plain => 'SET focus.enable_scan = off;',
	'parallel aggregate' => '',
	'parallel scan' => 'SET focus.enable_aggregate = off;');
my $parallel = join(' ', map { "SET $_ = 0;" } 'parallel_setup_cost', 'parallel_tuple_cost', 'min_parallel_table_scan_size')
  . ' SET max_parallel_workers_per_gather = 2;';
my @compared = grep { $_ ne 'heap' } sort keys %variants;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
fill_tables();

my %queries;
foreach my $file (sort glob("$folder/*.sql"))
{
	my ($name) = $file =~ m{([^/]+)$};

	$queries{$name} = with_arguments(slurp_file($file));
}

my $answered = 0;
my $answers = answers('heap');
foreach my $name (sort keys %queries)
{
	my ($rows, $errors) = @{ $answers->{$name} };

	if (exists $refused{$name})
	{
		like($errors, $refused{$name}, "$name is refused for the known reason");
		delete $queries{$name};
		next;
	}
	is($errors, '', "$name runs");
	$answered++ if $rows ne '';
}
cmp_ok($answered, '>=', 50, 'most queries have an answer');

foreach my $state ('delta and groups', 'compacted')
{
	$node->safe_psql('postgres', "CALL focus_compact('focus_cost_and_usage')") if $state eq 'compacted';
	foreach my $variant (@compared)
	{
		my $found = answers($variant);
		my @different = grep { "@{ $found->{$_} }" ne "@{ $answers->{$_} }" } sort keys %queries;

		is("@different", '', "$state, $variant: as heap");
		diag("$_, heap:\n$answers->{$_}[0]\n$variant:\n$found->{$_}[0]\n$found->{$_}[1]") foreach grep { defined } $different[0];
	}
}
$node->stop;
done_testing();

# All public bills, once more a year later, some rows changed; and heap.bill
# with the same rows behind a focus_data_table of its own.
sub fill_tables
{
	my @files = grep { !m{/native_} } split /\n/, `find '$Focus::PublicData::folder' -name '*.csv' | LC_ALL=C sort`;

	$node->safe_psql('postgres', 'CREATE EXTENSION focus');
	$node->psql('postgres', join("\n", map { "SELECT FROM focus_load('$_', source => '$_');" } @files), on_error_stop => 0);
	$node->safe_psql('postgres', q{
		CREATE TEMP TABLE later AS TABLE focus_cost_and_usage;
		UPDATE later SET chargeperiodstart = chargeperiodstart + interval '1 year', chargeperiodend = chargeperiodend + interval '1 year',
			billingperiodstart = billingperiodstart + interval '1 year', billingperiodend = billingperiodend + interval '1 year',
			billedcost = billedcost * 1.1, effectivecost = effectivecost / 3, x_loadid = NULL;
		INSERT INTO focus_cost_and_usage SELECT * FROM later;
		CALL focus_compact('focus_cost_and_usage');
		DELETE FROM focus_cost_and_usage WHERE hashtext(chargedescription) % 11 = 0;
		UPDATE focus_cost_and_usage SET effectivecost = effectivecost + 0.01 WHERE hashtext(resourceid) % 7 = 0;
		INSERT INTO focus_cost_and_usage SELECT * FROM later LIMIT 300;
		ANALYZE focus_cost_and_usage;
		CREATE SCHEMA heap;
		CREATE TABLE heap.bill USING heap AS TABLE focus_cost_and_usage;
		ANALYZE heap.bill;
		DO $$ BEGIN
			EXECUTE 'CREATE VIEW heap.focus_data_table AS '
				|| replace(pg_get_viewdef('focus_data_table'::regclass), 'FROM focus_cost_and_usage', 'FROM heap.bill focus_cost_and_usage');
		END $$});
}

# A query with an argument for each placeholder outside quotes and comments: an
# end of the column's range, or its most frequent value; NULL where no column is
# compared.  Which of several equal rows a final LIMIT keeps is not said.
sub with_arguments
{
	my ($query) = @_;
	my @arguments;

	$query =~ s/^--.*$//mg;
	$query =~ s/(\bLIMIT\s+\d+\s*)?;?\s*$//i;
	$query =~ s{('[^']*')|(?:\b(\w+)\s*(>=|<=|<|=)\s*)?\?}{
		defined $1 ? $1 : do {
			push @arguments, argument($2, $3);
			(defined $2 ? "$2 $3 " : '') . '$' . @arguments;
		}}ge;
	return "PREPARE q AS $query;\nEXECUTE q" . (@arguments ? '(' . join(', ', @arguments) . ')' : '') . ";\nDEALLOCATE q;";
}

sub argument
{
	my ($column, $operator) = @_;
	my $value = !defined $column ? 'NULL' : $operator eq '=' ? "mode() WITHIN GROUP (ORDER BY $column)" : $operator =~ /</ ? "max($column)" : "min($column)";
	my ($status, $quoted) = $node->psql('postgres', "SELECT quote_nullable($value) FROM heap.bill");

	return $status == 0 ? $quoted : 'NULL';
}

# Runs all queries in one session; returns name => [rows, errors].
sub answers
{
	my ($variant) = @_;
	my $schema = $variant eq 'heap' ? 'heap, ' : '';
	my $script = "SET search_path = ${schema}public, focus_compat; $variants{$variant}"
	  . ($variant =~ /parallel/ ? $parallel : 'SET max_parallel_workers_per_gather = 0;');
	my %found;

	$script .= "\n\\echo ### $_\n\\warn ### $_\n$queries{$_}" foreach sort keys %queries;
	my ($status, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0);
	my (undef, %rows) = split /^### (.*)\n?/m, $out;
	my (undef, %errors) = split /^### (.*)\n?/m, $err;

	$found{$_} = [ join("\n", sort split /\n/, $rows{$_}), $errors{$_} =~ s/^psql:<stdin>:\d+: //mgr ] foreach keys %queries;
	return \%found;
}
