# Files of the shared folder that are not FOCUS are loaded by their mappings.
# What is stored, rejected and read leniently of each is written here; a reader
# of our own, which knows nothing of the loader, adds up the file's own cost
# column, and the sums have to be equal.

use strict;
use warnings;

use Math::BigInt;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = ($ENV{FOCUS_SHARED} // '') . '/data';
plan skip_all => 'FOCUS_SHARED/data is not there' unless -d $folder;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

# Rows of a CSV text as lists of cells.
sub rows_of
{
	my ($text) = @_;
	my @rows = ([]);
	my ($cell, $quoted, $i) = ('', 0, 0);

	$text =~ s/^\xef\xbb\xbf//;
	while ($i < length $text)
	{
		my $c = substr($text, $i++, 1);

		if ($quoted)
		{
			if ($c ne '"') { $cell .= $c; }
			elsif (substr($text, $i, 1) eq '"') { $cell .= '"'; $i++; }
			else { $quoted = 0; }
		}
		elsif ($c eq '"') { $quoted = 1; }
		elsif ($c eq ',') { push @{ $rows[-1] }, $cell; $cell = ''; }
		elsif ($c eq "\n" || $c eq "\r")
		{
			push @{ $rows[-1] }, $cell;
			push @rows, [];
			$cell = '';
		}
		else { $cell .= $c; }
	}
	push @{ $rows[-1] }, $cell;
	return grep { @$_ > 1 || $_->[0] ne '' } @rows;
}

# A number as an integer of 10 ** -40; undef for what is none.
sub scaled
{
	my ($text) = @_;

	return undef unless $text =~ /^\s*(-?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?\s*$/ && "$2$3" ne '';
	my $zeros = 40 - length($3) + ($4 // 0);
	die "number \"$text\" is too fine for this test" if $zeros < 0;
	return Math::BigInt->new("$1$2$3" . '0' x $zeros);
}

# Number of rows, and the sum of a column over them, of a CSV file.
sub read_independently
{
	my ($path, $column) = @_;
	my ($header, @rows) = rows_of(slurp_file($path));
	my ($at) = grep { $header->[$_] eq $column } 0 .. $#$header;
	my $sum = Math::BigInt->new(0);

	die "no column $column in $path" unless defined $at;
	for my $row (@rows)
	{
		$sum += scaled($row->[$at] // '') // 0;
	}
	return (scalar(@rows), $sum);
}

# Loads a file and says what is in the row of the list below.
sub check_file
{
	my ($file, %expected) = @_;
	my $path = "$folder/$file";

  SKIP:
	{
		skip "$file is not there", 1 unless -e $path;
		my ($rc, $out, $err) = $node->psql('postgres',
			"SELECT rows_stored, rows_rejected, totals FROM focus_load('$path', source => '$file')");

		is($rc, 0, "$file loads") or diag($err);
		is($out, join('|', @expected{qw(stored rejected totals)}), "$file: rows stored and rejected, totals");
		is($node->safe_psql('postgres', "SELECT DISTINCT mapping FROM focus_loads WHERE source = '$file'"),
			$expected{mapping}, "$file: is recognised");
		is($node->safe_psql('postgres', qq{
			SELECT string_agg(columnname || ': ' || finding || ': ' || occurrences, E'\n' ORDER BY columnname COLLATE "C", finding)
			FROM focus_load_findings WHERE deliveryid IN (SELECT deliveryid FROM focus_loads WHERE source = '$file')}),
			join("\n", @{ $expected{findings} // [] }), "$file: what was read leniently or left out");
		is($node->safe_psql('postgres', qq{
			SELECT DISTINCT message FROM focus_rejected_rows JOIN focus_loads USING (loadid) WHERE source = '$file'}),
			$expected{message} // '', "$file: why rows are rejected");
		if (defined $expected{cost})
		{
			my ($rows, $sum) = read_independently($path, $expected{cost});

			is($expected{stored} + $expected{rejected} + ($expected{left_out} // 0), $rows, "$file: each row is accounted for");
			is($node->safe_psql('postgres', qq{
				SELECT trunc(coalesce(sum(@{[$expected{column} // 'billedcost']}), 0) * 1e40) FROM focus_cost_and_usage
				JOIN focus_loads ON loadid = x_loadid WHERE source = '$file'}), $sum, "$file: the sum of $expected{cost}")
				unless $expected{rejected} > 0;
		}
		foreach my $query (sort keys %{ $expected{queries} // {} })
		{
			is($node->safe_psql('postgres', "WITH f AS (SELECT c.* FROM focus_cost_and_usage c JOIN focus_loads ON loadid = x_loadid WHERE source = '$file') $query"),
				$expected{queries}{$query}, "$file: $query");
		}
		is($node->safe_psql('postgres', "SET client_min_messages = error; SELECT rows_stored + rows_rejected FROM focus_load('$path', source => '$file')"),
			0, "$file again changes nothing");
		$node->safe_psql('postgres', "SELECT focus_unload(deliveryid) FROM focus_loads WHERE source = '$file' LIMIT 1");
	}
	return;
}

check_file('aws/native_cur_sample_anonymous.csv', mapping => 'aws-cur', cost => 'lineItem/UnblendedCost',
	stored => 1281, rejected => 0,
	totals => '{"USD": {"rows": 1281, "billedcost": 1.68230869740, "effectivecost": 1.68230869740}}',
	queries => {
		'SELECT chargecategory, count(*), sum(listcost) FROM f GROUP BY 1 ORDER BY 1' => "Tax|12|0.08\nUsage|1269|3.35617269490",
		'SELECT servicename, count(*) FROM f GROUP BY 1 ORDER BY 2 DESC LIMIT 2' => "Amazon Simple Storage Service|799\nAWS Glue|99" });
check_file('aws/native_koku_cur_2023-06-01.csv', mapping => 'aws-cur', cost => 'lineItem/UnblendedCost',
	stored => 3, rejected => 0, findings => [ map { "$_: time without a zone read as UTC: 3" } qw(ChargePeriodEnd ChargePeriodStart) ],
	totals => '{"NOK": {"rows": 3, "billedcost": 30, "effectivecost": 0.3}}');
# rows have a field less than the header
check_file('aws/native_koku_test_cur.csv', mapping => 'aws-cur', cost => 'lineItem/UnblendedCost',
	stored => 0, rejected => 19, totals => '{}', message => 'row has 130 fields, the header has 131');

# Azure
my $us_date = 'ChargePeriodStart: date read as month/day/year';
my $no_braces = 'Tags: tags read from pairs without braces';
check_file('azure/native_EA_ActualCost_Small.csv', mapping => 'azure-cost', cost => 'Cost',
	stored => 11, rejected => 0, findings => [ "$us_date: 11", "$no_braces: 9" ],
	totals => '{"USD": {"rows": 11, "billedcost": 8.5450077867419368, "effectivecost": 5.2950077867419368}}',
	queries => { "SELECT chargecategory, sum(billedcost), sum(effectivecost) FROM f WHERE commitmentdiscountid IS NOT NULL GROUP BY 1" => 'Purchase|3.25|0' });
check_file('azure/native_EA_NoRows.csv', mapping => 'azure-cost', cost => 'Cost', stored => 0, rejected => 0, totals => '{}');
check_file('azure/native_ea_sample_anonymous.csv', mapping => 'azure-cost', cost => 'CostInBillingCurrency',
	stored => 27, rejected => 0, findings => [ "$us_date: 27", "$no_braces: 27" ],
	totals => '{"CAD": {"rows": 27, "billedcost": 1.26136926505726, "effectivecost": 1.26136926505726}}');
check_file('azure/native_headerset_BOM.csv', mapping => 'azure-cost', cost => 'PreTaxCost',
	stored => 0, rejected => 1, totals => '{}', message => 'row has no cost');
check_file('azure/native_headerset_Enterprise.csv', mapping => 'azure-cost', cost => 'CostInBillingCurrency',
	stored => 1, rejected => 0, findings => [ "$us_date: 1", "$no_braces: 1" ],
	totals => '{"CAD": {"rows": 1, "billedcost": 0, "effectivecost": 0}}');
check_file('azure/native_headerset_EnterpriseCamel.csv', mapping => 'azure-cost', cost => 'costInBillingCurrency',
	stored => 1, rejected => 0, findings => [ "$us_date: 1" ],
	totals => '{"USD": {"rows": 1, "billedcost": 0.012, "effectivecost": 0.012}}');
check_file('azure/native_headerset_PayAsYouGo.csv', mapping => 'azure-cost', cost => 'PreTaxCost',
	stored => 1, rejected => 0, findings => [ 'ChargePeriodStart: date without a time read as midnight UTC: 1' ],
	totals => '{"USD": {"rows": 1, "billedcost": 0.075, "effectivecost": 0.075}}');
# MC is no currency
check_file('azure/native_koku_azure_version_2.csv', mapping => 'azure-cost', cost => 'CostInBillingCurrency',
	stored => 0, rejected => 5, totals => '{}', message => 'not a currency code of three letters');
check_file('azure/native_koku_costreport_v1.csv', mapping => 'azure-cost', cost => 'PreTaxCost',
	stored => 3, rejected => 0, findings => [ 'ChargePeriodStart: time without a zone read as UTC: 3' ],
	totals => '{"USD": {"rows": 3, "billedcost": 0.00011016, "effectivecost": 0.00011016}}');
# it names no currency
check_file('azure/native_spruce_iso-dates.csv', mapping => 'azure-cost', cost => 'CostInBillingCurrency',
	stored => 2, rejected => 0, findings => [ 'ChargePeriodStart: date without a time read as midnight UTC: 2', "$no_braces: 1" ],
	totals => '{"XXX": {"rows": 2, "billedcost": 2.258747, "effectivecost": 2.258747}}');
# rows have a field less than the header
check_file('azure/native_values_Template.csv', mapping => 'azure-cost', cost => 'costinbillingcurrency',
	stored => 0, rejected => 87, totals => '{}', message => 'row has 10 fields, the header has 11');

# Google Cloud, Oracle
check_file('gcp/native_koku_2022-08-01_5.csv', mapping => 'gcp-billing', cost => 'cost', column => 'contractedcost',
	stored => 9, rejected => 0,
	findings => [ map { "$_: date and time not written as YYYY-MM-DDThh:mm:ssZ: 9" } qw(ChargePeriodEnd ChargePeriodStart) ],
	totals => '{"USD": {"rows": 9, "billedcost": 0.000012, "effectivecost": 0.000012}}',
	queries => { q{SELECT billingperiodstart AT TIME ZONE 'UTC', sum(pricingquantity) FROM f GROUP BY 1} => '2022-08-01 00:00:00|0.000302815' });
check_file('oci/native_reports_cost-csv_0000000030000269.csv', mapping => 'oci-cost', cost => 'cost/myCost',
	stored => 506, rejected => 0, findings => [ 'ChargePeriodStart: date and time not written as YYYY-MM-DDThh:mm:ssZ: 506' ],
	totals => '{"USD": {"rows": 506, "billedcost": 2.523589325400648027, "effectivecost": 2.523589325400648027}}',
	queries => { q{SELECT count(*) FILTER (WHERE tags['Valtest.Cat'] = 'boots'), count(*) FILTER (WHERE tags['DevRel\redbull-analytics-hol-4cb4.release'] = '1.0'), count(DISTINCT subaccountname) FROM f} => '74|6|2' });

# AI providers and gateways
check_file('ai/openai_organization_costs_example.json', mapping => 'openai-cost', stored => 1, rejected => 0,
	totals => '{"USD": {"rows": 1, "billedcost": 0.06, "effectivecost": 0.06}}',
	queries => { q{SELECT chargeperiodstart AT TIME ZONE 'UTC', chargeperiodend AT TIME ZONE 'UTC' FROM f} => '2024-11-01 00:00:00|2024-11-02 00:00:00' });
# 123.78912 cents
check_file('ai/anthropic_cost_report_example.json', mapping => 'anthropic-cost', stored => 1, rejected => 0,
	totals => '{"USD": {"rows": 1, "billedcost": 1.2378912, "effectivecost": 1.2378912}}',
	queries => { q{SELECT skumeter, skupricedetails['ModelId'], subaccountid FROM f} => 'Input Tokens|claude-opus-5|wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ' });
check_file('ai/anthropic_usage_report_messages_example.json', mapping => 'anthropic-usage', stored => 6, rejected => 0,
	totals => '{"XXX": {"rows": 6, "billedcost": 0, "effectivecost": 0}}',
	queries => { q{SELECT skumeter, sum(consumedquantity) FROM f GROUP BY 1 ORDER BY skumeter COLLATE "C"} =>
		"Cache Read Input Tokens|200\nCache Write Input Tokens|1500\nInput Tokens|1500\nOutput Tokens|500\nWeb Searches|10" });
check_file('ai/litellm_spend_logs_payload.json', mapping => 'litellm', stored => 2, rejected => 0,
	totals => '{"USD": {"rows": 2, "billedcost": 0.00022500000000000002, "effectivecost": 0.00022500000000000002}}',
	queries => { q{SELECT skumeter, consumedquantity, billedcost FROM f ORDER BY 1} => "Input Tokens|10|0.000025\nOutput Tokens|20|0.00020000000000000002" });

# Kubernetes; a row of pod usage is one of CPU and one of memory
check_file('kubernetes/opencost_csv_export_basic.csv', mapping => 'opencost-csv', cost => 'TotalCost', column => 'effectivecost',
	stored => 1, rejected => 0, findings => [ 'ChargePeriodStart: date without a time read as midnight UTC: 1' ],
	totals => '{"XXX": {"rows": 1, "billedcost": 0, "effectivecost": 4.6000000000000005}}');
check_file('kubernetes/kubecost_allocation_flexera_exporter.json', mapping => 'opencost', stored => 1, rejected => 0,
	totals => '{"XXX": {"rows": 1, "billedcost": 0, "effectivecost": 0.0246}}',
	queries => { q{SELECT resourceid, resourcename, tags['crosscharge_aks'], chargeperiodend AT TIME ZONE 'UTC' FROM f} =>
		'nonprod-cluster/fish/fleet-agent-7bccbd54bc-zn8b8/fleet-agent|fleet-agent|crosscharge|2023-10-16 00:00:00' });
check_file('kubernetes/koku_ocp_pod_usage_february-2019.csv', mapping => 'openshift-usage', stored => 960, rejected => 0,
	findings => [ (map { "$_: date and time not written as YYYY-MM-DDThh:mm:ssZ: 960" } qw(BillingPeriodEnd BillingPeriodStart ChargePeriodEnd ChargePeriodStart)),
		'Tags: tags read from k:v pairs: 960' ],
	totals => '{"XXX": {"rows": 960, "billedcost": 0, "effectivecost": 0}}');
SKIP:
{
	my $file = 'kubernetes/koku_ocp_pod_usage_february-2019.csv';
	skip "$file is not there", 2 unless -e "$folder/$file";
	$node->safe_psql('postgres', "SELECT rows_stored FROM focus_load('$folder/$file', source => 'ocp')");
	foreach my $pair ([ 'CPU', 'pod_usage_cpu_core_seconds' ], [ 'Memory', 'pod_usage_memory_byte_seconds' ])
	{
		my ($meter, $column) = @$pair;
		my ($rows, $sum) = read_independently("$folder/$file", $column);
		is($node->safe_psql('postgres', qq{
			SELECT count(*), trunc(sum(consumedquantity) * 1e40) FROM focus_cost_and_usage WHERE skumeter = '$meter'}),
			"$rows|$sum", "$file: the sum of $column");
	}
}

# What no mapping is for is refused, with a hint.
my $no_focus = qr/ERROR: .*is not a FOCUS file.*HINT: .*focus_mappings/s;
my $no_period = qr/ERROR: .*has no column "BillingPeriodStart".*HINT: .*focus_mappings/s;
my %refused = (
	'ai/azure_openai_batch_token_generation_log.csv' => $no_focus,
	'kubernetes/dcgm_dcp-metrics-included.csv' => $no_focus,
	'kubernetes/dcgm_default-counters.csv' => $no_focus,
	'kubernetes/koku_ocp_manifest.json' => qr/ERROR: .*is not a manifest that is known/,
	'kubernetes/opencost_pricing_schema.csv' => $no_period,
	'kubernetes/opencost_pricing_schema_case.csv' => $no_period,
	'kubernetes/opencost_pricing_schema_pv.csv' => $no_period,
	'kubernetes/opencost_pricing_schema_region.csv' => $no_period);
foreach my $file (sort keys %refused)
{
  SKIP:
	{
		skip "$file is not there", 2 unless -e "$folder/$file";
		my ($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load('$folder/$file', source => '$file')");
		like($err, $refused{$file}, "$file is refused");
		is($node->safe_psql('postgres', "SELECT count(*) FROM focus_loads WHERE source = '$file'"), 0, "$file leaves nothing");
	}
}

$node->stop;
done_testing();
