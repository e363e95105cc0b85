# A table that has row groups only is loaded by codes, and one that has a say in
# each row is not.  Table, quarantine, findings and totals are the same, for
# more rows than a group has and cells of all kinds.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{FOCUS_SEED} // 20250103;
note("FOCUS_SEED=$seed");
srand($seed);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

my $dir = PostgreSQL::Test::Utils::tempdir();

sub pick { return $_[ int rand @_ ]; }
sub rarely { return rand() < 0.003; }

sub cost
{
	return pick('', 'NULL', '-0.00', '1,000', '1e-7', ' 5 ', '12345678901234567890.123456789', '1e30', 'NaN', '0.1234567890123456789')
	  if rand() < 0.01;
	return sprintf('%s%d.%0*d', pick('', '-'), rand(100000), 1 + int rand 10, rand 1000);
}

sub instant
{
	return pick('2025-01-05', '1/2/25', '2025-01-05 10:00:00', '2025-01-05T10:00:00+02:00', 'null', 'soon', '') if rand() < 0.01;
	return sprintf('2025-01-%02dT%02d:00:00Z', 1 + rand 28, rand 24);
}

sub json
{
	return pick('{"a": {"b": 1}}', '[{"key": "k", "value": "v"}]', '[1, 2]', 'no JSON', '{"a": 1e400}', '(null)') if rand() < 0.02;
	return pick('', '{}', sprintf('{"a": %d, "b": "%s"}', rand(300), 'x' x rand 30));
}

my %make = (
	BilledCost => \&cost,
	EffectiveCost => \&cost,
	ListUnitPrice => \&cost,
	BillingAccountId => sub { pick('A1', 'A2', 'A3') },
	BillingCurrency => sub { rarely() ? pick('dollars', 'NULL') : pick('USD', 'USD', 'EUR', '') },
	BillingPeriodStart => sub { rarely() ? pick('', 'soon') : pick('2025-01-01T00:00:00Z', '2025-02-01') },
	ChargePeriodStart => \&instant,
	ChargePeriodEnd => \&instant,
	ContractApplied => \&json,
	Tags => \&json,
	SkuPriceDetails => \&json,
	ProviderName => sub { pick('AWS', 'AWS', 'Microsoft', 'NULL') },
	ResourceId => sub { 'resource ' . int rand 1e9 },
	ServiceName => sub { pick('Compute', "line\nfeed", 'quote " here', "Gr\xc3\xb6\xc3\x9fe", 'NULL', 'null', '') },
	ChargeDescription => sub { rarely() ? pick("\xff", "a\x00b") : 'word ' x rand 8 },
	x_Note => sub { rand() < 0.1 ? 'note ' . int rand 100 : '' },
	x_Other => sub { rarely() ? 'other' : '' });
my @columns = sort keys %make;

sub cell
{
	my ($text) = @_;

	return $text =~ /[",\n]/ || rand() < 0.1 ? '"' . ($text =~ s/"/""/gr) . '"' : $text;
}

sub write_file
{
	my ($name, $rows, $line_end, @columns) = @_;

	open my $file, '>:raw', "$dir/$name" or die $!;
	print $file join(',', @columns), $line_end;
	for (1 .. $rows)
	{
		my @cells = map { cell($make{$_}->()) } @columns;
		pop @cells if rarely();
		push @cells, pick('', 'too many') if rarely();
		print $file join(',', @cells), $line_end;
	}
	close $file or die $!;
}

mkdir "$dir/months" or die $!;
write_file('months/1.csv', 70000, "\n", @columns);
write_file('months/2.csv', 5000, "\r\n", reverse(@columns));
write_file('months/3.csv', 500, "\r", grep { $_ ne 'ProviderName' } @columns);

# What there is after a load, with load ids counted from the delivery's.
my @tables = (
	'(SELECT t.*, x_loadid - (SELECT min(loadid) FROM focus_loads) AS load FROM focus_cost_and_usage AS t)',
	'(SELECT file, line, columnname, value, sqlstate, message, record FROM focus_rejected_rows)',
	'(SELECT columnname, finding, occurrences, first_file, first_line, example FROM focus_load_findings)',
	'(SELECT loadid - deliveryid, source, billingperiodstart, rows_stored, rows_rejected, totals FROM focus_loads)');

sub load
{
	my ($prefix) = @_;
	my $script = "SET client_min_messages = error; SELECT focus_load('$dir/months/*.csv', source => 'one', provider => 'Mine');\n";

	for my $i (0 .. $#tables)
	{
		$script .= "CREATE TABLE ${prefix}_$i AS SELECT * FROM $tables[$i] AS t;\n";
	}
	$script .= "ALTER TABLE ${prefix}_0 DROP x_loadid;\n";
	$script .= 'DELETE FROM focus_cost_and_usage; DELETE FROM focus_load_findings; DELETE FROM focus_rejected_rows; DELETE FROM focus_loads;';
	$node->safe_psql('postgres', $script);
}

load('groups');
$node->safe_psql('postgres', 'ALTER TABLE focus_cost_and_usage ADD CHECK (true)');
load('slots');

for my $i (0 .. $#tables)
{
	is($node->safe_psql('postgres', "SELECT count(*) FROM ((TABLE groups_$i EXCEPT ALL TABLE slots_$i) UNION ALL (TABLE slots_$i EXCEPT ALL TABLE groups_$i)) AS d"),
		'0', "the same in both: $tables[$i]");
	cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM groups_$i"), '>', 0, 'and not nothing');
}
my $shown = 'SELECT resourceid, billedcost::text, effectivecost::text, listunitprice::text FROM';
is($node->safe_psql('postgres', "SELECT count(*) FROM ($shown groups_0 EXCEPT ALL $shown slots_0) AS d"),
	'0', 'numbers show the same decimals');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM groups_0'), '>', 65536, 'more rows than a group has');

done_testing();
