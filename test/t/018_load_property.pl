# However a bill is cut into files, in whatever order, form and number of times
# these come, and wherever a load dies: the table holds what was sent, once.
#
#   FOCUS_SEED   the seeds, divided by spaces
#   FOCUS_STEPS  steps for each seed
#
# A seed draws a source that replaces, whose deliveries are all or some months
# in many files, and then one that appends, whose deliveries are the parts of a
# bill.  After each step the table is compared with the rows that the test has
# written: by number, sums, and a hash of the text of all rows.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use File::Path qw(remove_tree);
use Focus::Bill qw(pick make_bill change_bill rows_of outcome_of cut write_files $outcome);
use Focus::Session;
use List::Util qw(shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my @seeds = split(' ', $ENV{FOCUS_SEED} // '1 2');
my $steps = $ENV{FOCUS_STEPS} || 16;
my $stop_lock = 20260101;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

my $dir = PostgreSQL::Test::Utils::tempdir();
my $session = connect_to_node();
my ($seed, $step, $method, $source, $seconds, %deaths);

foreach (@seeds)
{
	$seed = $_;
	$step = 0;
	srand($seed);
	note("seed $seed");
	replacing(int $steps / 2);
	appending($steps - int $steps / 2);
}
note('deaths: ' . join(', ', map { "$_ ($deaths{$_})" } sort keys %deaths));
ok(scalar(grep { /former/ } keys %deaths), 'there were loads that died');
$session->quit;
$node->stop;
done_testing();

sub connect_to_node
{
	my $new = Focus::Session->new($node, 'postgres');

	$new->run('\set VERBOSITY terse');
	return $new;
}

sub begin
{
	my ($mode) = @_;

	$method = pick('focus', 'focus', 'heap');
	$source = pick('', q{, source => 'all'});
	$seconds = 0.3;
	$session->run(qq{
		TRUNCATE focus_cost_and_usage, focus_loads, focus_rejected_rows, focus_load_findings, focus_dataset_instances, focus_time_sectors;
		ALTER TABLE focus_cost_and_usage SET ACCESS METHOD $method;});
	note("seed $seed: $mode, " . ($source || 'sources by account') . ", $method");
	return;
}

sub load_call
{
	my ($folder, $mode, $more) = @_;

	return "SELECT rows_stored + rows_rejected FROM focus_load('$folder'$source, mode => '$mode'" . ($more // '') . ')';
}

# Loads parts; returns how many rows that were, or the error.
sub load
{
	my ($mode, $parts, $more) = @_;
	my $folder = write_files("$dir/load", @$parts);
	my $start = time;
	my $output = $session->run(load_call($folder, $mode, $more) . ';');

	$seconds = time - $start;
	remove_tree($folder);
	return $output =~ s/\n\z//r;
}

# Compares the table, and what focus_loads says of it, with rows.
sub check_table
{
	my ($what, @rows) = @_;
	my $name = sprintf('seed %d, step %d, %s', $seed, $step, $what);

	is($session->run("$outcome;"), outcome_of(@rows) . "\n", $name);
	is($session->run(q{
		SELECT (SELECT coalesce(sum(rows_stored), 0) FROM focus_loads WHERE state = 'current') = (SELECT count(*) FROM focus_cost_and_usage),
			coalesce((SELECT sum((t.value->>'billedcost')::numeric) FROM focus_loads, jsonb_each(totals) t WHERE state = 'current'), 0)
			= coalesce((SELECT sum(billedcost) FROM focus_cost_and_usage), 0),
			(SELECT count(*) FROM focus_cost_and_usage WHERE x_loadid NOT IN (SELECT loadid FROM focus_loads WHERE state = 'current'));}),
		"t|t|0\n", "$name: focus_loads agrees");
	return;
}

# Runs a load and lets it die at a random moment in a random way; tells whether
# it had come to its end.
sub interrupt
{
	my ($mode, $parts) = @_;
	my $folder = write_files("$dir/load", @$parts);
	my $former = $session->run('SELECT coalesce(max(loadid), 0) FROM focus_loads;') + 0;
	my $moment = pick('time', 'time', 'lock', 'lock', 'place');
	my $way = pick('terminate', 'terminate', 'kill', 'stop');
	my $victim = Focus::Session->new($node, 'postgres');
	my $pid = $victim->run('SELECT pg_backend_pid();') =~ /(\d+)/ && $1;
	my $offset = -s $node->logfile;
	my $holder;

	if ($moment ne 'time')
	{
		$holder = Focus::Session->new($node, 'postgres');
		$holder->run("BEGIN; " . ($moment eq 'place' ? "SELECT pg_advisory_xact_lock($stop_lock);"
			: 'LOCK TABLE ' . pick(qw(focus_cost_and_usage focus_loads focus_load_findings focus_rejected_rows focus_dataset_instances focus_time_sectors))
			  . ' IN ' . pick('ACCESS EXCLUSIVE', 'EXCLUSIVE') . ' MODE;'));
	}
	$victim->run("LOAD 'focus'; SET focus.debug_force_groups = on; SET focus.debug_stop_by = wait; SET focus.debug_stop_at = '"
		  . pick('flush: number taken', 'flush: body written', 'flush: entry written', 'remove: group removed') . "';")
	  if $moment eq 'place';
	$victim->send(load_call($folder, $mode) . ';');
	if ($moment eq 'time')
	{
		usleep(rand(1.5 * $seconds * 1e6));
	}
	else
	{
		$node->poll_query_until('postgres', qq{SELECT query ~ 'focus_load' AND (state <> 'active' OR wait_event_type = 'Lock')
			FROM pg_stat_activity WHERE pid = $pid}) or die 'the load neither waits nor ends';
	}
	if ($way eq 'terminate')
	{
		$session->run("SELECT pg_terminate_backend($pid, 60000);");
	}
	elsif ($way eq 'kill')
	{
		kill 'KILL', $pid or die "kill: $!";
		wait_for_restart($offset);
	}
	else
	{
		$node->stop('immediate');
		$node->start;
	}
	$_->quit foreach grep { defined } $victim, $holder;
	if ($way ne 'terminate')
	{
		$session->quit;
		$session = connect_to_node();
	}
	remove_tree($folder);
	my $ended = $session->run("SELECT EXISTS (SELECT FROM focus_loads WHERE loadid > $former);") eq "t\n";
	$deaths{"$moment, $way, " . ($ended ? 'new' : 'former')}++;
	return $ended;
}

# The server has seen that a backend was killed, and is up again.
sub wait_for_restart
{
	my ($offset) = @_;

	foreach (1 .. 1800)
	{
		return if slurp_file($node->logfile, $offset) =~ /reinitializing.*ready to accept connections/s;
		usleep(100_000);
	}
	die 'the server does not come back';
}

# A source that replaces: all of it, some months, again, cut in another way, an
# old delivery, a delivery that dies.
sub replacing
{
	my ($number) = @_;
	my $bill = make_bill(300 + int rand 900);
	my $parts = [ cut(1 + int rand 9, rows_of($bill)) ];
	my %deliveries;    # month => those that it came in, the last one last

	begin('replace');
	is(load('replace', $parts), scalar(rows_of($bill)), "seed $seed: the first delivery");
	check_table('first', rows_of($bill));
	push @{ $deliveries{$_} }, { parts => $parts, bill => $bill } foreach keys %$bill;
	foreach (1 .. $number)
	{
		my @months = rand() < 0.5 ? sort keys %$bill : (shuffle sort keys %$bill)[ 0 .. int rand 2 ];
		my $what = pick('again', 'split', 'change', 'change', 'old', 'death', 'death', 'death');
		my $sent = { bill => $what eq 'split' ? { map { $_ => $bill->{$_} } @months } : change_bill($bill, @months) };
		my $new = { %$bill, %{ $sent->{bill} } };

		$step++;
		$sent->{parts} = [ cut(1 + int rand 9, rows_of($sent->{bill})) ];
		$session->run(q{CALL focus_compact('focus_cost_and_usage');}) if rand() < 0.2 && $method eq 'focus';
		if ($what eq 'again')
		{
			is(load(pick('replace', 'append'), $parts), 0, "seed $seed, step $step: the same files change nothing");
			check_table($what, rows_of($bill));
			next;
		}
		if ($what eq 'old')
		{
			my ($old) = grep { is_replaced($_, \%deliveries) } map { @$_ } @deliveries{ sort keys %deliveries };

			next if !$old;
			like(load('replace', $old->{parts}), qr/ERROR: .* is older than what is loaded/, "seed $seed, step $step: old content is refused");
			check_table('refused', rows_of($bill));
			is(load('replace', $old->{parts}, ', force => true'), scalar(rows_of($old->{bill})), "seed $seed, step $step: and loaded when forced");
			($sent, $new) = ($old, { %$bill, %{ $old->{bill} } });
		}
		elsif ($what ne 'death' || !interrupt('replace', $sent->{parts}))
		{
			check_table('died', rows_of($bill)) if $what eq 'death';
			is(load('replace', $sent->{parts}), scalar(rows_of($sent->{bill})), "seed $seed, step $step: $what loads");
		}
		($bill, $parts) = ($new, $sent->{parts});
		push @{ $deliveries{$_} }, $sent foreach keys %{ $sent->{bill} };
		check_table("$what of @{[scalar keys %{$sent->{bill}}]} months in @{[scalar @$parts]} files", rows_of($bill));
	}
	return;
}

# Whether other deliveries have come for all months of this one.
sub is_replaced
{
	my ($delivery, $deliveries) = @_;

	return !grep { $deliveries->{$_}[-1] == $delivery } keys %{ $delivery->{bill} };
}

# A source that appends: parts in any order, some of them again and again.
sub appending
{
	my ($number) = @_;
	my @parts = cut(int($number * 0.6) + 1, rows_of(make_bill(300 + int rand 900)));
	my @order = shuffle 0 .. $#parts, map { int rand @parts } 1 .. $number - @parts;
	my (%done, @rows);

	begin('append');
	foreach my $i (@order)
	{
		my $part = $parts[$i];
		my $nrows = $done{$i} ? 0 : @{ $part->[2] };

		$step++;
		my $dies = rand() < 0.25;

		if (!$dies || !interrupt('append', [$part]))
		{
			check_table("part $i died", @rows) if $dies;
			is(load('append', [$part]), $nrows, "seed $seed, step $step: part $i " . ($done{$i} ? 'again' : 'loads'));
		}
		push @rows, @{ $part->[2] } if !$done{$i}++;
		check_table("part $i", @rows);
	}
	return;
}
