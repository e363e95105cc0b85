# Files of the shared folder that are not FOCUS are loaded by their mappings.
# What is stored, rejected and read leniently of each is in Focus::PublicData; a reader
# of our own, which knows nothing of the loader, adds up the file's own cost
# column, and the sums have to be equal.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Focus::PublicData qw($folder @native %native_refused rows_of scaled);
use Math::BigInt;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'FOCUS_SHARED/data is not there' unless -d $folder;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

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

# Loads a file and checks what the list says of it.
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

check_file(@$_) foreach @native;

# Kubernetes: a row of pod usage is one of CPU and one of memory.
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
foreach my $file (sort keys %native_refused)
{
  SKIP:
	{
		skip "$file is not there", 2 unless -e "$folder/$file";
		my ($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load('$folder/$file', source => '$file')");
		like($err, $native_refused{$file}, "$file is refused");
		is($node->safe_psql('postgres', "SELECT count(*) FROM focus_loads WHERE source = '$file'"), 0, "$file leaves nothing");
	}
}

$node->stop;
done_testing();
