# The order of rows, the order of columns, and how a delivery is cut into files
# do not matter: table, quarantine and totals come out the same.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use List::Util qw(shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{FOCUS_SEED} // 20250101;
note("FOCUS_SEED=$seed");
srand($seed);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

my $dir = PostgreSQL::Test::Utils::tempdir();
my @columns = qw(ProviderName BillingAccountId BillingPeriodStart BillingCurrency BilledCost EffectiveCost
  ServiceName Tags x_Note Region);

sub pick { return $_[ int rand @_ ]; }

# A cost of any sign, size and form; now and then one that cannot be read.
sub cost
{
	return pick('', 'NULL', '-0.00', '1,000', '1e-7', '12345678901234567890.123456789') if rand() < 0.1;
	return sprintf('%s%d.%0*d', pick('', '-'), rand(1000), 1 + int rand 10, rand 1000);
}

my @rows = map {
	{
		ProviderName => pick('AWS', 'Microsoft'),
		BillingAccountId => pick('A1', 'A2', 'A3'),
		BillingPeriodStart => rand() < 0.02 ? pick('', 'soon') : pick('2025-01-01T00:00:00Z', '2025-02-01', '2025-02-01 00:00:00'),
		BillingCurrency => rand() < 0.02 ? 'dollars' : pick('USD', 'EUR', ''),
		BilledCost => cost(),
		EffectiveCost => cost(),
		ServiceName => pick('Compute', "line\nfeed", 'quote " here', "Gr\xc3\xb6\xc3\x9fe"),
		Tags => pick('', '{"a": "b"}', '{"a": {"b": 1}}', '{"b": 1, "a": true}'),
		x_Note => pick('', 'note ' . int rand 100),
		Region => pick('', 'eu', 'us'),
	}
} 1 .. 3000;

sub cell
{
	my ($text) = @_;

	return $text =~ /[",\n]/ || rand() < 0.2 ? '"' . ($text =~ s/"/""/gr) . '"' : $text;
}

# Writes the rows to that many files below a new directory; returns it.
sub write_files
{
	my ($trial, $nfiles, @rows) = @_;
	my $folder = "$dir/trial$trial";
	my @parts;

	push @{ $parts[ int rand $nfiles ] }, $_ for @rows;
	for my $i (0 .. $nfiles - 1)
	{
		my @order = $trial == 0 ? @columns : shuffle @columns;
		my $path = "$folder/" . pick('', 'a/', 'b/c/') . "part$i.csv";
		my $end = pick("\n", "\r\n");

		make_path($path =~ s{/[^/]+$}{}r);
		open my $out, '>:raw', $path or die "$path: $!";
		print $out "\xef\xbb\xbf" if rand() < 0.3;
		print $out join(',', @order), $end;
		for my $row (@{ $parts[$i] // [] })
		{
			print $out join(',', map { cell($row->{$_}) } @order), $end;
		}
		close $out or die "$path: $!";
		system_or_bail('gzip', $path) if rand() < 0.3;
	}
	return $folder;
}

# All that a load leaves but its numbers and places.
sub outcome
{
	return $node->safe_psql(
		'postgres', q{
		SELECT count(*), md5(string_agg(r, E'\n' ORDER BY r COLLATE "C")) FROM
			(SELECT (to_jsonb(c) - 'x_loadid')::text || l.source || coalesce(l.billingperiodstart::text, '') AS r
			FROM focus_cost_and_usage c JOIN focus_loads l ON l.loadid = c.x_loadid) rows;
		SELECT count(*), md5(string_agg(r, E'\n' ORDER BY r COLLATE "C")) FROM
			(SELECT record::text AS r FROM focus_rejected_rows) rejected;
		SELECT source, billingperiodstart, state, rows_stored, rows_rejected, totals FROM focus_loads
		ORDER BY source COLLATE "C" NULLS FIRST, billingperiodstart NULLS FIRST;
		SELECT columnname, finding, occurrences FROM focus_load_findings ORDER BY 1, 2});
}

sub empty
{
	$node->safe_psql('postgres', q{TRUNCATE focus_cost_and_usage, focus_loads, focus_rejected_rows, focus_load_findings,
		focus_dataset_instances, focus_time_sectors});
}

for my $source ('', q{, source => 'all'})
{
	my $expected;

	for my $trial (0 .. 7)
	{
		my $nfiles = $trial == 0 ? 1 : 1 + int rand 12;
		my $folder = write_files($trial, $nfiles, $trial == 0 ? @rows : shuffle @rows);

		$node->safe_psql('postgres', "SELECT * FROM focus_load('$folder'$source)");
		if ($trial == 0)
		{
			$expected = outcome();
			like($expected, qr/^2\d\d\d\|/, 'most rows are stored');
		}
		else
		{
			is(outcome(), $expected, "trial $trial" . ($source ? ', named source' : '') . ": $nfiles files");
		}
		empty();
		remove_tree($folder);
	}
}

$node->stop;
done_testing();
