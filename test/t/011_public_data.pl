# Every public FOCUS file of the shared folder is loaded, or refused for the
# reason that Focus::PublicData has.  A reader of our own, which knows nothing
# of the loader, counts the rows of each file and adds up its costs: stored and
# quarantined rows have to come to the same, exactly.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Focus::PublicData qw($folder %no_focus %focus_refused %focus_rejected rows_of scaled);
use Math::BigInt;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'FOCUS_SHARED/data is not there' unless -d $folder;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

# Number of rows, and the sum of each cost over all rows, of a file.
sub read_independently
{
	my ($path) = @_;
	my ($header, @rows) = rows_of(slurp_file($path));
	my %sums;

	for my $column ('billedcost', 'effectivecost')
	{
		my $name = $column eq 'effectivecost' ? qr/^\s*(effectivecost|amortizedcost)\s*$/i : qr/^\s*$column\s*$/i;
		my ($at) = grep { $header->[$_] =~ $name } 0 .. $#$header;

		$sums{$column} = Math::BigInt->new(0);
		next unless defined $at;
		for my $row (@rows)
		{
			my $value = scaled($row->[$at] // '');

			$sums{$column} += $value if defined $value;
		}
	}
	return (scalar(@rows), \%sums);
}

# The sum of stored and of readable quarantined rows, times 10 ** 40.
sub loaded_sum
{
	my ($source, $column) = @_;
	my %names = (billedcost => 'BilledCost', effectivecost => 'EffectiveCost');

	return Math::BigInt->new($node->safe_psql('postgres', qq{
		SELECT trunc((coalesce((SELECT sum($column) FROM focus_cost_and_usage JOIN focus_loads ON loadid = x_loadid WHERE source = '$source'), 0)
			+ coalesce((SELECT sum(e.value::numeric) FROM focus_rejected_rows JOIN focus_loads USING (loadid), jsonb_each_text(record) e
				WHERE source = '$source' AND lower(e.key) = '$column' AND e.value ~ '^ *-?[0-9.]+([eE][-+]?[0-9]+)? *\$'), 0)) * 1e40)}));
}

my @files = split /\n/, `cd '$folder' && find . -name '*.csv' -type f | sed 's,^./,,' | LC_ALL=C sort`;
cmp_ok(scalar(@files), '>', 60, 'the folder has its files');

my %used;
for my $file (@files)
{
	my ($why) = grep { "/$file" =~ $_ } keys %no_focus;

	if (defined $why)
	{
		$used{$why}++;
		next;
	}
	my ($rc, $out, $err) = $node->psql('postgres',
		"SELECT rows_stored, rows_rejected FROM focus_load('$folder/$file', source => '$file')");
	if (exists $focus_refused{$file})
	{
		like($err, qr/ERROR: .*$focus_refused{$file}/, "$file is refused");
		is($node->safe_psql('postgres', "SELECT count(*) FROM focus_loads WHERE source = '$file'"), 0, "$file leaves nothing");
		next;
	}
	is($rc, 0, "$file loads") or diag($err);
	next if $rc != 0;

	my ($rows, $sums) = read_independently("$folder/$file");
	my ($stored, $bad) = split /\|/, $out;
	is($node->safe_psql('postgres', "SELECT line, columnname, value FROM focus_rejected_rows JOIN focus_loads USING (loadid) WHERE source = '$file' ORDER BY line"),
		$focus_rejected{$file} // '', "$file: rows in quarantine");
	is($stored + $bad, $rows, "$file: each row is stored or in quarantine");
	my $cost_and_usage = $node->safe_psql('postgres', "SELECT min(dataset) FROM focus_loads WHERE source = '$file'") eq 'CostAndUsage';
	for my $column ($cost_and_usage ? sort keys %$sums : ())
	{
		is(loaded_sum($file, $column), $sums->{$column}, "$file: sum of $column");
	}
	is($node->safe_psql('postgres', qq{
		SELECT bool_and(coalesce((SELECT sum((t.value->>'billedcost')::numeric) FROM jsonb_each(totals) t), 0) =
			coalesce((SELECT sum(billedcost) FROM focus_cost_and_usage WHERE x_loadid = loadid), 0)) FROM focus_loads WHERE source = '$file'}),
		't', "$file: totals of the load are those of its rows");

	# once more: nothing changes; then make room, as many examples are of one account and month
	is($node->safe_psql('postgres', "SET client_min_messages = error; SELECT rows_stored + rows_rejected + rows_replaced FROM focus_load('$folder/$file', source => '$file')"),
		0, "$file again changes nothing");
	is($node->safe_psql('postgres', "SELECT focus_unload(deliveryid) FROM focus_loads WHERE source = '$file' AND state <> 'removed' LIMIT 1"),
		$stored, "$file is taken back");
}
# JSON Lines: what the objects say, sum by sum, and the months of their charges.
my $vercel = "$folder/saas/vercel_billing_charges_cli_mock.jsonl";
SKIP:
{
	skip 'no JSON Lines of Vercel', 3 unless -e $vercel;
	is($node->safe_psql('postgres', "SELECT rows_stored, rows_rejected, totals FROM focus_load('$vercel', source => 'vercel')"),
		'3|0|{"USD": {"rows": 3, "billedcost": 35, "effectivecost": 28}}', 'JSON Lines of Vercel: rows and sums');
	is($node->safe_psql('postgres', q{SELECT billingperiodstart AT TIME ZONE 'UTC', serviceprovidername, tags, sum(consumedquantity), count(x_columns)
		FROM focus_cost_and_usage WHERE serviceprovidername = 'Vercel' GROUP BY 1, 2, 3}),
		'2025-12-01 00:00:00|Vercel|{}|3000000|0', 'JSON Lines of Vercel: content');
	is($node->safe_psql('postgres', q{SELECT columnname, finding, occurrences FROM focus_load_findings JOIN focus_loads USING (deliveryid) WHERE source = 'vercel'}),
		'BillingPeriodStart|month of ChargePeriodStart taken for the billing period|3', 'JSON Lines of Vercel: the period is reported');
}

is(scalar(keys %used), scalar(keys %no_focus), 'each reason to leave files out is used');
is(join(' ', grep { !-e "$folder/$_" } keys %focus_refused, keys %focus_rejected), '', 'each exception is a file');

$node->stop;
done_testing();
