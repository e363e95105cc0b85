# What the tests know of the public files in the shared folder: which are bills,
# what is refused and what is rejected, and a reader of our own, which knows
# nothing of the loader.
package Focus::PublicData;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use Math::BigInt;

our @EXPORT_OK = qw($folder %no_focus %focus_refused %focus_rejected @native %native_refused rows_of scaled);

#  As the server writes paths: without ".." and links.
our $folder = abs_path(($ENV{FOCUS_SHARED} // '') . '/data') // '';

# What is not FOCUS, and why.
our %no_focus = (
	qr{/native_} => 'a format of the provider from before FOCUS, see @native',
	qr{/opendata_} => 'maps of units, regions and services',
	qr{/dcgm_} => 'selections of GPU metrics',
	qr{/opencost_} => 'prices and exports of OpenCost',
	qr{/koku_} => 'OpenShift usage',
	qr{validator_currency_codes} => 'a list of currencies',
	qr{azure_openai_batch_token_generation_log} => 'a log of tokens');

# What is refused, and why.  Any other file has to load.
my $no_period = qr/has no column "BillingPeriodStart"/;
our %focus_refused = (
	'azure/focus_openai_spruce.csv' => $no_period,
	'azure/supplemental_invoice_detail_v1_4.csv' => qr/is of dataset InvoiceDetail, which cannot be loaded/,
	'multi_provider/validator_multiple_failure_examples.csv' => $no_period,
	'spec_examples/toolkit_scenarios_correction_set.csv' => $no_period,
	'spec_examples/toolkit_scenarios_sca_equal.csv' => $no_period,
	'spec_examples/toolkit_scenarios_sca_weighted.csv' => $no_period);

# Cells that send rows to quarantine; all other rows of all files are stored.
our %focus_rejected = (
	'spec_examples/v1_2/commitment_discount_purchase_scenario_2.csv' => '4|ChargePeriodEnd|2023-02-01T30:00:00Z',
	'spec_examples/v1_2/simple_saas_agreements_a1.csv' => '2|BilledCost|$10,000.00 ',
	'spec_examples/v1_2/simple_saas_agreements_a2.csv' => '2|BilledCost|$50,000.00 ',
	'spec_examples/v1_2/simple_saas_agreements_a3.csv' => '2|BilledCost|$1,000.00 ',
	'spec_examples/v1_2/simple_saas_agreements_b.csv' => '2|BilledCost|$50,000.00 ');

# What a mapping makes of each file that is not FOCUS: the mapping, the file's
# own cost column, what is stored and rejected, findings, and queries.
my $us_date = 'ChargePeriodStart: date read as month/day/year';
my $no_braces = 'Tags: tags read from pairs without braces';
our @native = (
	[ 'aws/native_cur_sample_anonymous.csv', mapping => 'aws-cur', cost => 'lineItem/UnblendedCost',
		stored => 1281, rejected => 0,
		totals => '{"USD": {"rows": 1281, "billedcost": 1.68230869740, "effectivecost": 1.68230869740}}',
		queries => {
			'SELECT chargecategory, count(*), sum(listcost) FROM f GROUP BY 1 ORDER BY 1' => "Tax|12|0.08\nUsage|1269|3.35617269490",
			'SELECT servicename, count(*) FROM f GROUP BY 1 ORDER BY 2 DESC LIMIT 2' => "Amazon Simple Storage Service|799\nAWS Glue|99" } ],
	[ 'aws/native_koku_cur_2023-06-01.csv', mapping => 'aws-cur', cost => 'lineItem/UnblendedCost',
		stored => 3, rejected => 0, findings => [ map { "$_: time without a zone read as UTC: 3" } qw(ChargePeriodEnd ChargePeriodStart) ],
		totals => '{"NOK": {"rows": 3, "billedcost": 30, "effectivecost": 0.3}}' ],
	# rows have a field less than the header
	[ 'aws/native_koku_test_cur.csv', mapping => 'aws-cur', cost => 'lineItem/UnblendedCost',
		stored => 0, rejected => 19, totals => '{}', message => 'row has 130 fields, the header has 131' ],

	# Azure
	[ 'azure/native_EA_ActualCost_Small.csv', mapping => 'azure-cost', cost => 'Cost',
		stored => 11, rejected => 0, findings => [ "$us_date: 11", "$no_braces: 9" ],
		totals => '{"USD": {"rows": 11, "billedcost": 8.5450077867419368, "effectivecost": 5.2950077867419368}}',
		queries => { "SELECT chargecategory, sum(billedcost), sum(effectivecost) FROM f WHERE commitmentdiscountid IS NOT NULL GROUP BY 1" => 'Purchase|3.25|0' } ],
	[ 'azure/native_EA_NoRows.csv', mapping => 'azure-cost', cost => 'Cost', stored => 0, rejected => 0, totals => '{}' ],
	[ 'azure/native_ea_sample_anonymous.csv', mapping => 'azure-cost', cost => 'CostInBillingCurrency',
		stored => 27, rejected => 0, findings => [ "$us_date: 27", "$no_braces: 27" ],
		totals => '{"CAD": {"rows": 27, "billedcost": 1.26136926505726, "effectivecost": 1.26136926505726}}' ],
	[ 'azure/native_headerset_BOM.csv', mapping => 'azure-cost', cost => 'PreTaxCost',
		stored => 0, rejected => 1, totals => '{}', message => 'row has no cost' ],
	[ 'azure/native_headerset_Enterprise.csv', mapping => 'azure-cost', cost => 'CostInBillingCurrency',
		stored => 1, rejected => 0, findings => [ "$us_date: 1", "$no_braces: 1" ],
		totals => '{"CAD": {"rows": 1, "billedcost": 0, "effectivecost": 0}}' ],
	[ 'azure/native_headerset_EnterpriseCamel.csv', mapping => 'azure-cost', cost => 'costInBillingCurrency',
		stored => 1, rejected => 0, findings => [ "$us_date: 1" ],
		totals => '{"USD": {"rows": 1, "billedcost": 0.012, "effectivecost": 0.012}}' ],
	[ 'azure/native_headerset_PayAsYouGo.csv', mapping => 'azure-cost', cost => 'PreTaxCost',
		stored => 1, rejected => 0, findings => [ 'ChargePeriodStart: date without a time read as midnight UTC: 1' ],
		totals => '{"USD": {"rows": 1, "billedcost": 0.075, "effectivecost": 0.075}}' ],
	# MC is no currency
	[ 'azure/native_koku_azure_version_2.csv', mapping => 'azure-cost', cost => 'CostInBillingCurrency',
		stored => 0, rejected => 5, totals => '{}', message => 'not a currency code of three letters' ],
	[ 'azure/native_koku_costreport_v1.csv', mapping => 'azure-cost', cost => 'PreTaxCost',
		stored => 3, rejected => 0, findings => [ 'ChargePeriodStart: time without a zone read as UTC: 3' ],
		totals => '{"USD": {"rows": 3, "billedcost": 0.00011016, "effectivecost": 0.00011016}}' ],
	# it names no currency
	[ 'azure/native_spruce_iso-dates.csv', mapping => 'azure-cost', cost => 'CostInBillingCurrency',
		stored => 2, rejected => 0, findings => [ 'ChargePeriodStart: date without a time read as midnight UTC: 2', "$no_braces: 1" ],
		totals => '{"XXX": {"rows": 2, "billedcost": 2.258747, "effectivecost": 2.258747}}' ],
	# rows have a field less than the header
	[ 'azure/native_values_Template.csv', mapping => 'azure-cost', cost => 'costinbillingcurrency',
		stored => 0, rejected => 87, totals => '{}', message => 'row has 10 fields, the header has 11' ],

	# Google Cloud, Oracle
	[ 'gcp/native_koku_2022-08-01_5.csv', mapping => 'gcp-billing', cost => 'cost', column => 'contractedcost',
		stored => 9, rejected => 0,
		findings => [ map { "$_: date and time not written as YYYY-MM-DDThh:mm:ssZ: 9" } qw(ChargePeriodEnd ChargePeriodStart) ],
		totals => '{"USD": {"rows": 9, "billedcost": 0.000012, "effectivecost": 0.000012}}',
		queries => { q{SELECT billingperiodstart AT TIME ZONE 'UTC', sum(pricingquantity) FROM f GROUP BY 1} => '2022-08-01 00:00:00|0.000302815' } ],
	[ 'oci/native_reports_cost-csv_0000000030000269.csv', mapping => 'oci-cost', cost => 'cost/myCost',
		stored => 506, rejected => 0, findings => [ 'ChargePeriodStart: date and time not written as YYYY-MM-DDThh:mm:ssZ: 506' ],
		totals => '{"USD": {"rows": 506, "billedcost": 2.523589325400648027, "effectivecost": 2.523589325400648027}}',
		queries => { q{SELECT count(*) FILTER (WHERE tags['Valtest.Cat'] = 'boots'), count(*) FILTER (WHERE tags['DevRel\redbull-analytics-hol-4cb4.release'] = '1.0'), count(DISTINCT subaccountname) FROM f} => '74|6|2' } ],

	# AI providers and gateways
	[ 'ai/openai_organization_costs_example.json', mapping => 'openai-cost', stored => 1, rejected => 0,
		totals => '{"USD": {"rows": 1, "billedcost": 0.06, "effectivecost": 0.06}}',
		queries => { q{SELECT chargeperiodstart AT TIME ZONE 'UTC', chargeperiodend AT TIME ZONE 'UTC' FROM f} => '2024-11-01 00:00:00|2024-11-02 00:00:00' } ],
	# 123.78912 cents
	[ 'ai/anthropic_cost_report_example.json', mapping => 'anthropic-cost', stored => 1, rejected => 0,
		totals => '{"USD": {"rows": 1, "billedcost": 1.2378912, "effectivecost": 1.2378912}}',
		queries => { q{SELECT skumeter, skupricedetails['ModelId'], subaccountid FROM f} => 'Input Tokens|claude-opus-5|wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ' } ],
	[ 'ai/anthropic_usage_report_messages_example.json', mapping => 'anthropic-usage', stored => 6, rejected => 0,
		totals => '{"XXX": {"rows": 6, "billedcost": 0, "effectivecost": 0}}',
		queries => { q{SELECT skumeter, sum(consumedquantity) FROM f GROUP BY 1 ORDER BY skumeter COLLATE "C"} =>
			"Cache Read Input Tokens|200\nCache Write Input Tokens|1500\nInput Tokens|1500\nOutput Tokens|500\nWeb Searches|10" } ],
	[ 'ai/litellm_spend_logs_payload.json', mapping => 'litellm', stored => 2, rejected => 0,
		totals => '{"USD": {"rows": 2, "billedcost": 0.00022500000000000002, "effectivecost": 0.00022500000000000002}}',
		queries => { q{SELECT skumeter, consumedquantity, billedcost FROM f ORDER BY 1} => "Input Tokens|10|0.000025\nOutput Tokens|20|0.00020000000000000002" } ],

	# Kubernetes; a row of pod usage is one of CPU and one of memory
	[ 'kubernetes/opencost_csv_export_basic.csv', mapping => 'opencost-csv', cost => 'TotalCost', column => 'effectivecost',
		stored => 1, rejected => 0, findings => [ 'ChargePeriodStart: date without a time read as midnight UTC: 1' ],
		totals => '{"XXX": {"rows": 1, "billedcost": 0, "effectivecost": 4.6000000000000005}}' ],
	[ 'kubernetes/kubecost_allocation_flexera_exporter.json', mapping => 'opencost', stored => 1, rejected => 0,
		totals => '{"XXX": {"rows": 1, "billedcost": 0, "effectivecost": 0.0246}}',
		queries => { q{SELECT resourceid, resourcename, tags['crosscharge_aks'], chargeperiodend AT TIME ZONE 'UTC' FROM f} =>
			'nonprod-cluster/fish/fleet-agent-7bccbd54bc-zn8b8/fleet-agent|fleet-agent|crosscharge|2023-10-16 00:00:00' } ],
	[ 'kubernetes/koku_ocp_pod_usage_february-2019.csv', mapping => 'openshift-usage', stored => 960, rejected => 0,
		findings => [ (map { "$_: date and time not written as YYYY-MM-DDThh:mm:ssZ: 960" } qw(BillingPeriodEnd BillingPeriodStart ChargePeriodEnd ChargePeriodStart)),
			'Tags: tags read from k:v pairs: 960' ],
		totals => '{"XXX": {"rows": 960, "billedcost": 0, "effectivecost": 0}}' ]);

# What no mapping is for is refused, with a hint.
my $no_focus = qr/ERROR: .*is not a FOCUS file.*HINT: .*focus_mappings/s;
my $no_period_or_mapping = qr/ERROR: .*has no column "BillingPeriodStart".*HINT: .*focus_mappings/s;
our %native_refused = (
	'ai/azure_openai_batch_token_generation_log.csv' => $no_focus,
	'kubernetes/dcgm_dcp-metrics-included.csv' => $no_focus,
	'kubernetes/dcgm_default-counters.csv' => $no_focus,
	'kubernetes/koku_ocp_manifest.json' => qr/ERROR: .*is not a manifest that is known/,
	'kubernetes/opencost_pricing_schema.csv' => $no_period_or_mapping,
	'kubernetes/opencost_pricing_schema_case.csv' => $no_period_or_mapping,
	'kubernetes/opencost_pricing_schema_pv.csv' => $no_period_or_mapping,
	'kubernetes/opencost_pricing_schema_region.csv' => $no_period_or_mapping);

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

1;
