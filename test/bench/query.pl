#!/usr/bin/perl
# Query speed: the queries of queries.sql on a heap table and on the focus table
# with the same rows, in turns on one server, first without and then with two
# parallel workers.  Prints the medians, their ratio, and the nodes of focus in
# the plan; compares the answers.  Needs a server (test/with_cluster.sh).
#
#   query.pl GENERATOR ROWS ROUNDS

use strict;
use warnings;

use FindBin;

my ($generator, $rows, $rounds) = @ARGV;
my $dir = $ENV{PGHOST};
my %table = (heap => 'plain', focus => 'focus_cost_and_usage');
my $different = 0;

$ENV{PGTZ} = 'UTC';
load();
foreach my $workers (0, 2)
{
	my @ratios;

	printf "\n%s\n%-5s %12s %12s %8s  %s\n", $workers ? "up to $workers parallel workers" : 'serial',
	  'query', 'heap ms', 'focus ms', 'ratio', 'plan';
	foreach my $query (queries())
	{
		my $result = compare($workers, $query->{text}, $query->{name} eq 'Q9' ? 1 : $rounds);
		my $ratio = $result->{heap} / $result->{focus};

		printf "%-5s %12.1f %12.1f %8.2f  %s\n", $query->{name}, $result->{heap}, $result->{focus}, $ratio, $result->{plan};
		push @ratios, $ratio if $query->{name} !~ /^Q[59]$/;
	}
	printf "geometric mean of the ratios, without Q5 and Q9: %.2f\n", exp(sum(map { log } @ratios) / @ratios);
}
exit $different;

# Both tables, with statistics
sub load
{
	psql('CREATE EXTENSION focus');
	system($generator, $rows, "$dir/charges.csv", '--meta', "$dir/charges.meta") == 0 or die;
	psql("SELECT FROM focus_load('$dir/charges.csv')");
	unlink "$dir/charges.csv";
	psql('CREATE TABLE plain (LIKE focus_cost_and_usage) USING heap; INSERT INTO plain TABLE focus_cost_and_usage');
	psql("VACUUM ANALYZE $_") foreach values %table;
	psql('CHECKPOINT');
	printf "%s rows; bytes a row: heap %s, focus %s\n", psql('SELECT count(*) FROM plain'),
	  map { psql("SELECT round(pg_table_size('$_') / (SELECT count(*) FROM $_)::numeric, 1)") } @table{qw(heap focus)};
	return;
}

# The queries: name and text
sub queries
{
	my @queries;

	open my $file, '<', "$FindBin::RealBin/queries.sql" or die $!;
	while (<$file>)
	{
		push @queries, { name => $1 } if /^-- (Q\d+) /;
		$queries[-1]{text} = $_ if /^[A-Z]/;
	}
	return @queries;
}

# Runs a query in turns on both tables; the first round does not count.
sub compare
{
	my ($workers, $query, $count) = @_;
	my $script = "SET max_parallel_workers_per_gather = $workers;\n"
	  . "SELECT resourceid AS resource, subaccountid AS account FROM plain WHERE resourceid IS NOT NULL AND subaccountid IS NOT NULL"
	  . " ORDER BY 1 LIMIT 1 OFFSET 1000 \\gset\n\\timing on\n";
	my %result = (plan => '');

	if ($query !~ /^COPY/)
	{
		my $plan = psql("SET max_parallel_workers_per_gather = $workers; EXPLAIN (COSTS OFF) "
			  . ($query =~ s/:table/$table{focus}/gr =~ s/:'\w+'/'x'/gr));
		$result{plan} = join ' ', grep { $plan =~ /\b$_\b/ } qw(FocusAggregate FocusScan Gather);
	}
	foreach my $round (0 .. $count)
	{
		$script .= "\\set table $table{$_}\n\\o $dir/$_.out\n$query\\o\n" foreach sort keys %table;
	}
	my @times = psql($script) =~ /^Time: ([\d.]+) ms/mg;
	my @kinds = sort keys %table;
	foreach my $i (0 .. $#kinds)
	{
		my @own = @times[ map { $_ * @kinds + $i } 1 .. $count ];
		$result{ $kinds[$i] } = (sort { $a <=> $b } @own)[ $#own / 2 ];
	}
	if (answer('heap') ne answer('focus'))
	{
		$result{plan} .= ', DIFFERENT ANSWERS';
		$different = 1;
	}
	return \%result;
}

# The rows that a query returned last, sorted
sub answer
{
	my ($kind) = @_;

	open my $file, '<', "$dir/$kind.out" or die $!;
	return join '', sort <$file>;
}

sub psql
{
	my ($script) = @_;

	open my $file, '>', "$dir/script.sql" or die $!;
	print $file $script;
	close $file;
	my $output = qx(psql -X -q -A -t -v ON_ERROR_STOP=1 -f '$dir/script.sql');
	die "psql failed\n" if $?;
	chomp $output;
	return $output;
}

sub sum
{
	my $sum = 0;

	$sum += $_ foreach @_;
	return $sum;
}
