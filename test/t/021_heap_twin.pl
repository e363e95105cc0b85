# A random workload on a focus table and on a heap table, which have to be
# equal after each step.
#
#   FOCUS_SEED      the seeds, divided by spaces; random when the next is given
#   FOCUS_SECONDS   how long to go on, with new seeds, instead of FOCUS_STEPS
#   FOCUS_STEPS     steps for each seed
#
# The tables are in databases of their own, and everything runs in a session in
# each of them: the workload, and now and then a reader with an old snapshot.
# What the sessions print, command tags and SQLSTATEs included, has to be the
# same, and so have the tables, which are compared by count and a hash of the
# text of all rows.  At a difference the test ends: it prints the seed, the
# step, the last steps and what differs.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Focus::Session;
use Focus::Workload;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $steps_of_epoch = 80;
my $seconds = $ENV{FOCUS_SECONDS};
my $steps_of_seed = $ENV{FOCUS_STEPS} || ($seconds ? 2000 : 700);
my @seeds = split(' ', $ENV{FOCUS_SEED} // ($seconds ? '' : '1 2 3'));
my $end = $seconds ? time + $seconds : undef;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', <<'CONF');
autovacuum = off
jit = off
lock_timeout = '300ms'
max_parallel_workers_per_gather = 2
shared_buffers = '128MB'
CONF
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir();

my %twins;
my ($can_compact, $can_force);
my $total = 0;
my %outcomes;

foreach my $method ('focus', 'heap')
{
	$node->safe_psql('postgres', "CREATE DATABASE of_$method");
	$node->safe_psql("of_$method", 'CREATE EXTENSION focus');
	$node->safe_psql("of_$method", "ALTER DATABASE of_$method SET default_table_access_method = $method");
	$node->safe_psql("of_$method", $Focus::Workload::setup);
}
$can_compact = $node->safe_psql('of_focus', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_compact'});
$can_force = $node->safe_psql('of_focus', q{LOAD 'focus'; SELECT count(*) FROM pg_settings WHERE name = 'focus.debug_force_groups'});
note("focus_compact: $can_compact, focus.debug_force_groups: $can_force");

for (my $n = 0;; $n++)
{
	last if $end ? time > $end : $n >= @seeds;
	my $seed = $seeds[$n] // int(time * 1000) % 1_000_000_000;

	note("seed $seed");
	last if !run_seed($seed);
}
note("$total steps, in which statements failed with SQLSTATE: "
	  . join(', ', map { "$_ ($outcomes{$_})" } sort keys %outcomes));
cmp_ok($total, '>', 0, 'there were steps');
ok(!$outcomes{'42601'}, 'and no mistakes of syntax in them');
$node->stop('fast', fail_ok => 1);
done_testing();

# Connects to a database, for the workload or as reader.
sub connect_to
{
	my ($method, $role) = @_;
	my $session = Focus::Session->new($node, "of_$method", name => "$role of_$method");

	$session->run("\\set method $method\n\\set gid $method\n\\set file $dir/$method.copy\n"
		  . "SET timezone = 'UTC';\nSET datestyle = ISO;\nLOAD 'focus';");
	return $session;
}

# Runs a workload; tells whether the tables were equal.
sub run_seed
{
	my ($seed) = @_;
	my $workload = Focus::Workload->new($seed);
	my @history;
	my $start = time;

	$workload->{can_compact} = $can_compact;
	$workload->{can_force} = $can_force;
	$twins{$_} = { workload => connect_to($_, 'workload'), reader => connect_to($_, 'reader') } foreach 'focus', 'heap';
	foreach my $number (1 .. $steps_of_seed)
	{
		last if $end && time > $end;
		my $new_epoch = $number % $steps_of_epoch == 1;

		if ($new_epoch)
		{
			@history = ();
			$twins{$_}{reader}->run('ROLLBACK;') foreach 'focus', 'heap';
		}
		my $step = $new_epoch ? $workload->epoch : $workload->next_step;
		push @history, "-- step $number: $step->{name}\n$step->{sql}\n";
		my $before = time;
		my ($difference, $failed, $rows) = eval { compare_step($workload, $step, $number) };
		$difference = "died: $@" if $@;
		$total++;
		note(sprintf('seed %d, step %d took %.1f s: %s', $seed, $number, time - $before, substr($step->{sql}, 0, 500))) if time - $before > 3;
		if ($difference)
		{
			fail("seed $seed, step $number ($step->{name}): equal");
			diag(report($seed, $number, \@history, $difference));
			$_->quit foreach map { values %$_ } values %twins;
			return 0;
		}
		$workload->ended($step, $failed, $rows);
	}
	ok(1, "seed $seed: equal after each step");
	note(sprintf('seed %d: %.1f s', $seed, time - $start));
	$_->quit foreach map { values %$_ } values %twins;
	return 1;
}

# Runs a step on both tables.  Returns the difference, whether the step has
# failed, and how many rows there are.
sub compare_step
{
	my ($workload, $step, $number) = @_;
	my $role = $step->{reader} ? 'reader' : 'workload';
	my $digest = $workload->digest($number % 10 == 0);
	my (%output, %state);

	foreach my $method ('focus', 'heap')
	{
		my $sql = $method eq 'heap' && $step->{only} ? '' : $step->{sql};

		$twins{$method}{$role}->send($sql);
	}
	$output{$_} = $twins{$_}{$role}->receive foreach 'focus', 'heap';
	my $failed = $output{focus} =~ /^ERROR:/m;

	$outcomes{$_}++ foreach $output{heap} =~ /^ERROR:  (\w+)/mg;

	return difference_of("what $step->{name} printed", \%output, $step)
	  if $step->{only} ? $failed : in_order($output{focus}, $step) ne in_order($output{heap}, $step);
	if ($workload->in_transaction && $failed || $workload->{failed})
	{
		return (undef, $failed, undef);
	}
	$twins{$_}{workload}->send($digest) foreach 'focus', 'heap';
	$state{$_} = $twins{$_}{workload}->receive foreach 'focus', 'heap';
	return difference_of('the tables', \%state, {}) . rows_that_differ() if $state{focus} ne $state{heap};
	return (undef, $failed, $state{focus} =~ /^(\d+)\|/ ? $1 : undef);
}

# Which of several rows violates its constraint first is not defined.
sub in_order
{
	my ($output, $step) = @_;

	$output =~ s/^(ERROR:  23).*/$1/mg;
	return $step->{unordered} ? join("\n", sort(split /\n/, $output)) : $output;
}

sub difference_of
{
	my ($what, $output, $step) = @_;
	my %lines = map { $_ => [ split /\n/, in_order($output->{$_}, $step) ] } 'focus', 'heap';
	my $line = 0;

	$line++ while ($lines{focus}[$line] // "\0") eq ($lines{heap}[$line] // "\0") && $line < @{ $lines{focus} };
	return "$what, line " . ($line + 1) . ' of ' . @{ $lines{focus} } . ' and ' . @{ $lines{heap} } . ":\n"
	  . join('', map { "  $_: " . substr($lines{$_}[$line] // '(none)', 0, 500) . "\n" } 'focus', 'heap');
}

# The first rows that are in one table only
sub rows_that_differ
{
	my (%count, @found);

	foreach my $method ('focus', 'heap')
	{
		$count{$_} += $method eq 'focus' ? 1 : -1 foreach split /\n/, $twins{$method}{workload}->run('SELECT t::text FROM t;');
	}
	foreach my $row (sort grep { $count{$_} } keys %count)
	{
		push @found, sprintf("  %s has %d more: %s\n", $count{$row} > 0 ? 'focus' : 'heap', abs($count{$row}), substr($row, 0, 300));
	}
	return scalar(@found) . " rows differ, such as\n" . join('', grep { defined } @found[ 0 .. 9 ]);
}

# Says how it happened, and leaves all statements since the table was made in
# a file.
sub report
{
	my ($seed, $number, $history, $difference) = @_;
	my $file = "$PostgreSQL::Test::Utils::log_path/heap_twin_$seed.sql";
	my $first = @$history > 15 ? @$history - 15 : 0;

	open(my $out, '>', $file) or die "$file: $!";
	print $out @$history;
	close $out or die "$file: $!";
	return "FOCUS_SEED=$seed, step $number: $difference\nAll statements are in $file, the last ones are:\n"
	  . substr(join('', @$history[ $first .. $#$history ]), -6000);
}
