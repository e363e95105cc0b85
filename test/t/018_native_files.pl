# Files that are not FOCUS, as deliveries: several files, compressed, with a
# manifest, bigger than work_mem, in another encoding, and mixed up.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "lc_messages = 'C'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $names = 'bill/PayerAccountId,bill/BillingPeriodStartDate,bill/BillingPeriodEndDate,lineItem/UsageAccountId,lineItem/LineItemType,'
  . 'lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/UsageType,lineItem/ResourceId,lineItem/CurrencyCode,lineItem/UnblendedCost';
my $split = ',splitLineItem/ParentResourceId,splitLineItem/SplitCost';

# A line of a report; more are cells behind the cost.
sub line
{
	my ($usage_type, $resource, $cost, @more) = @_;
	return join(',', 1, '2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z', 2, 'Usage', '2026-10-01T00:00:00Z', '2026-10-01T01:00:00Z',
		$usage_type, $resource, 'USD', $cost, @more) . "\n";
}

sub write_file
{
	my ($path, $text) = @_;
	open(my $fh, '>:raw', $path) or die "could not write $path: $!";
	print $fh $text;
	close $fh;
	return;
}

# An instance in one file, its pods in another, both compressed, and a manifest
my $report = "$folder/20261001-20261101";
mkdir $report;
write_file("$report/cur-1.csv", "$names$split\n" . line('BoxUsage:m5.large', 'i-1', '1.0', '', ''));
write_file("$report/cur-2.csv", "$names$split\n" . line('EKS-EC2-vCPU-Hours', 'pod-a', 0, 'i-1', '0.25') . line('EKS-EC2-GB-Hours', 'pod-a', 0, 'i-1', '0.125'));
system_or_bail('gzip', "$report/cur-1.csv", "$report/cur-2.csv");
write_file("$report/cur-Manifest.json", '{"reportKeys": ["p/20261001-20261101/cur-1.csv.gz", "p/20261001-20261101/cur-2.csv.gz"]}');
is($node->safe_psql('postgres', "SELECT rows_stored, rows_rejected, totals FROM focus_load('$report', source => 'cur')"),
	'3|0|{"USD": {"rows": 3, "billedcost": 1.000, "effectivecost": 1.000}}', 'parts and their instance in two files');
is($node->safe_psql('postgres', 'SELECT allocatedresourceid, effectivecost FROM focus_cost_and_usage ORDER BY 2'),
	"pod-a|0.125\npod-a|0.25\n|0.625", 'the parts, and what is unused');
is($node->safe_psql('postgres', "SELECT files, mapping FROM focus_loads"), '2|aws-cur', 'the files are counted');

# Restated, with an instance whose pods are gone; refused, then replaced
write_file("$folder/restated.csv", "$names\n" . line('BoxUsage:m5.large', 'i-1', '1.5'));
my ($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load('$folder/restated.csv', source => 'cur')");
like($err, qr/billing period 2026-10 of source "cur" is already loaded/, 'a month that is there is refused');
is($node->safe_psql('postgres', "SELECT rows_stored, rows_replaced FROM focus_load('$folder/restated.csv', source => 'cur', mode => 'replace', force => true, mapping => 'aws-cur')"),
	'1|3', 'and replaced when asked to');

# A row too many that cannot be read leaves the former delivery
write_file("$folder/bad.csv", "$names\n" . line('BoxUsage:m5.large', 'i-1', '1.5') . line('BoxUsage:m5.large', 'i-2', 'dear'));
($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load('$folder/bad.csv', source => 'cur', mode => 'replace', reject_limit => 0)");
like($err, qr/more than 0 rows were rejected.*line 3 of ".*bad.csv", column "BilledCost"/s, 'reject_limit holds');
is($node->safe_psql('postgres', 'SELECT sum(billedcost), count(*) FROM focus_cost_and_usage'), '1.5|1', 'and what was there stays');

# Formats that are mixed up
mkdir "$folder/mixed";
write_file("$folder/mixed/a.csv", "$names\n" . line('BoxUsage:m5.large', 'i-1', '1.5'));
write_file("$folder/mixed/b.csv", "BillingPeriodStart,BilledCost\n2026-10-01T00:00:00Z,1\n");
($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load('$folder/mixed', source => 'mixed')");
like($err, qr{ERROR:  ".*/mixed/b.csv" is not in the format of the delivery's other files\nDETAIL:  It is read as FOCUS, they are read by mapping "aws-cur"}, 'a FOCUS file among others');
unlink "$folder/mixed/a.csv";
write_file("$folder/mixed/c.csv", "$names\n" . line('BoxUsage:m5.large', 'i-1', '1.5'));
($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load('$folder/mixed', source => 'mixed')");
like($err, qr{ERROR:  ".*/mixed/c.csv" is not in the format of the delivery's other files\nDETAIL:  It is read by mapping "aws-cur", they are read as FOCUS}, 'another one among FOCUS files');
write_file("$folder/empty.csv", '');
($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load('$folder/empty.csv', source => 'mixed', mapping => 'aws-cur')");
like($err, qr/"\S*empty.csv" is empty/, 'an empty file');
is($node->safe_psql('postgres', "SELECT count(*) FROM focus_loads WHERE source = 'mixed'"), 0, 'nothing of them stays');

# More than work_mem holds: the same sums, from temporary files
write_file("$folder/big.csv", "$names$split\n" . join('', map { line('BoxUsage:m5.large', "i-$_", "0.$_", '', '') . line('EKS-EC2-vCPU-Hours', "pod-$_", 0, "i-$_", '0.05') } 100 .. 3099));
my $expected = $node->safe_psql('postgres', "SELECT sum(('0.' || n)::numeric) FROM generate_series(100, 3099) AS n");
is($node->safe_psql('postgres', "SET work_mem = '64kB'; SELECT rows_stored, rows_rejected FROM focus_load('$folder/big.csv', source => 'big', mode => 'append')"),
	'6000|0', 'more than work_mem holds');
is($node->safe_psql('postgres', "SELECT sum(billedcost) = $expected, sum(effectivecost) = $expected, count(*) FILTER (WHERE allocatedresourceid IS NULL)
	FROM focus_cost_and_usage JOIN focus_loads ON loadid = x_loadid WHERE source = 'big'"), 't|t|3000', 'the same sums');

# Another schema of the extension
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE SCHEMA "Billing Data"; CREATE EXTENSION focus SCHEMA "Billing Data"');
is($node->safe_psql('other', qq{SELECT rows_stored, rows_rejected FROM "Billing Data".focus_load('$report', source => 'cur')}), '3|0', 'another schema');
$node->safe_psql('other', q{CREATE TABLE logs AS SELECT 'r1' AS request_id, 0.5::float8 AS spend, 3 AS prompt_tokens, 0 AS completion_tokens,
	timestamp '2026-10-01' AS "startTime", timestamp '2026-10-01' AS "endTime", 'm' AS model});
is($node->safe_psql('other', q{SELECT rows_stored, totals FROM "Billing Data".focus_load_litellm('logs')}),
	'1|{"USD": {"rows": 1, "billedcost": 0.5, "effectivecost": 0.5}}', 'another schema: LiteLLM');

# Another encoding of the database
$node->safe_psql('postgres', "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
$node->safe_psql('latin', 'CREATE EXTENSION focus');
write_file("$folder/latin.csv", "$names,resourceTags/user:caf\xc3\xa9\n" . line('BoxUsage', 'i-1', '1', "\xc3\xa9t\xc3\xa9") . line('BoxUsage', 'i-2', '1', "\xe2\x82\xac") . line('BoxUsage', 'i-3', '1', "\xff"));
is($node->safe_psql('latin', "SELECT rows_stored, rows_rejected FROM focus_load('$folder/latin.csv', source => 'latin')"), '1|2', 'LATIN1: rows');
is($node->safe_psql('latin', "SELECT encode(convert_to(tags::text, 'UTF8'), 'hex') FROM focus_cost_and_usage"),
	unpack('H*', "{\"caf\xc3\xa9\": \"\xc3\xa9t\xc3\xa9\"}"), 'LATIN1: tags');
is($node->safe_psql('latin', 'SELECT line, sqlstate FROM focus_rejected_rows ORDER BY line'), "3|22P05\n4|22021", 'LATIN1: quarantine');

$node->stop;
done_testing();
