#!/usr/bin/perl
# Judges a run of one of PostgreSQL's own test suites.
#
#   compare.pl SUITE SCHEDULE OUTPUTDIR [ALLOWED DIFFS]
#
# SUITE is "regress" or "isolation", SCHEDULE the schedule that pg_regress or
# pg_isolation_regress ran, OUTPUTDIR its --outputdir, with what it printed in
# regression.log (its own copy goes away when all tests pass).  ALLOWED lists
# the tests that may differ, one a line: "SUITE/TEST", a tab, the reason.  How a
# listed test differs is part of the review, so DIFFS/SUITE/TEST.diff holds the
# lines that it may add and remove; without that file the order of its lines may
# differ, and no more.  A listed test that differs otherwise is as wrong as one
# that is not listed, and so is a listed test that passes.
#
# The differences found are left in OUTPUTDIR/found/SUITE, in the form of DIFFS.
# The exit status is 0 if all is as it should be, otherwise the differences
# nobody reviewed are printed and it is 1.
use strict;
use warnings;
use File::Basename qw(basename);
use File::Path qw(make_path remove_tree);

die "usage: compare.pl SUITE SCHEDULE OUTPUTDIR [ALLOWED DIFFS]\n" if @ARGV != 3 && @ARGV != 5;
my ($suite, $schedule, $outputdir, $allowed_file, $diffs) = @ARGV;
my @problems;

my %scheduled = read_schedule();
my %allowed = $allowed_file ? read_allowed() : ();
my %outcome = read_outcomes();
my %difference = read_differences();

foreach my $test (sort keys %scheduled)
{
	judge($test, $outcome{$test} // 'missing');
}
foreach my $test (sort keys %outcome)
{
	push @problems, "$suite/$test ran but is not in the schedule\n" if !$scheduled{$test};
}
foreach my $test (sort keys %allowed)
{
	push @problems, "$suite/$test is listed but there is no such test\n" if !$scheduled{$test};
}
foreach my $file (defined $diffs ? glob("$diffs/$suite/*.diff") : ())
{
	my $test = basename($file, '.diff');

	push @problems, "$suite/$test has a reviewed difference but is not listed\n" if !$allowed{$test};
}
push @problems, "the schedule names no test\n" if !%scheduled;
push @problems, read_log();
save_differences();

printf "%s: %d tests, %d differ, %d of them as listed\n", $suite, scalar(keys %outcome),
  scalar(grep { $_ eq 'failed' } values %outcome), scalar(grep { is_as_listed($_) } keys %allowed);
print "\n", @problems if @problems;
exit(@problems ? 1 : 0);

# Adds what is wrong with the outcome of a test to @problems.
sub judge
{
	my ($test, $outcome) = @_;

	if ($outcome eq 'missing')
	{
		push @problems, "$suite/$test did not run\n";
	}
	elsif ($outcome eq 'ok')
	{
		push @problems, "$suite/$test is listed but passes\n" if $allowed{$test};
	}
	elsif ($outcome eq 'failed' && !is_as_listed($test))
	{
		push @problems, "$suite/$test ", $allowed{$test} ? 'differs otherwise than listed' : 'differs', "\n",
		  $difference{$test}{full} // "(no difference in its output: see the log)\n";
	}
	return;
}

# Tells whether a test is listed and differs in just the lines that are allowed.
sub is_as_listed
{
	my ($test) = @_;
	my $file = defined $diffs ? "$diffs/$suite/$test.diff" : '';

	return 0 if !$allowed{$test} || !$difference{$test};
	return -e $file ? slurp($file) eq $difference{$test}{lines} : is_order_only($difference{$test}{lines});
}

# Tells whether the lines added are those removed.
sub is_order_only
{
	my ($lines) = @_;
	my %lines = (q{-} => [], q{+} => []);

	push @{ $lines{$1} }, $2 while $lines =~ /^([-+])(.*)$/mg;
	return join("\n", sort @{ $lines{q{-}} }) eq join("\n", sort @{ $lines{q{+}} });
}

# The names of the tests in the schedule.
sub read_schedule
{
	my %names;

	foreach my $line (split /\n/, slurp($schedule))
	{
		$names{$_} = 1 foreach $line =~ /^test:(.*)/ ? split(' ', $1) : ();
	}
	return %names;
}

# The tests of this suite in the list, with their reasons.
sub read_allowed
{
	my %reasons;

	foreach my $line (split /\n/, slurp($allowed_file))
	{
		next if $line =~ /^(?:#.*)?$/;
		my ($of_suite, $test, $reason) = $line =~ m{^(regress|isolation)/(\S+)\t(\S.*)$}
		  or die "$allowed_file: not \"SUITE/TEST<tab>REASON\": $line\n";
		$reasons{$test} = $reason if $of_suite eq $suite;
	}
	return %reasons;
}

# The outcome of each test that ran: ok, failed or ignored.  PostgreSQL 16
# changed the output from "test NAME ... ok" to TAP.
sub read_outcomes
{
	my %outcomes;

	foreach my $line (split /\n/, slurp("$outputdir/regression.log"))
	{
		if ($line =~ /^(?:test|\s{3,})\s*(?<name>\S+)\s+\.\.\. (?<word>ok|FAILED|failed \(ignored\))(?<rest>.*)/
			|| $line =~ /^(?<word>not ok|ok)\s+\d+\s+[-+] (?<name>\S+)(?<rest>.*)/)
		{
			my ($name, $word, $rest) = @+{qw(name word rest)};

			$outcomes{$name} =
			    $word eq 'failed (ignored)' ? 'ignored'
			  : $word eq 'ok' && $rest !~ /test process/ ? 'ok'
			  : 'failed';
		}
	}
	return %outcomes;
}

# For each test in regression.diffs the difference as printed, and its added
# and removed lines alone, which do not depend on folders, line numbers and,
# in the names of TOAST tables, OIDs.
sub read_differences
{
	my $file = "$outputdir/regression.diffs";
	my %differences;

	foreach my $full (-e $file ? split(/^(?=diff )/m, slurp($file)) : ())
	{
		my ($command, $old, $new, @lines) = split /^/m, $full;
		my ($test) = $command =~ m{/results/([^/\s]+)\.out\s*$} or die "$file: unknown form: $command";
		my @changed = grep { /^[-+]/ } @lines;
		my $locks = qr/^[-+].*\| SIReadLock$/;

		# Rows of pg_locks come in no order.
		my $changed = join('', (grep { !/$locks/ } @changed), sort grep { /$locks/ } @changed);

		$changed =~ s/pg_toast_\d+/pg_toast_OID/g;
		$differences{$test} = { full => $full, lines => $changed };
	}
	return %differences;
}

# Crashes in the server's log that no test need have noticed.
sub read_log
{
	my @crashes = grep { /TRAP:|PANIC: |was terminated by signal/ } split /^/m, slurp("$outputdir/log/postmaster.log");

	return map { "the server's log: $_" } @crashes;
}

sub save_differences
{
	remove_tree("$outputdir/found/$suite");
	make_path("$outputdir/found/$suite");
	foreach my $test (sort keys %difference)
	{
		open(my $handle, '>', "$outputdir/found/$suite/$test.diff") or die "could not write $test.diff: $!\n";
		print $handle $difference{$test}{lines};
		close($handle) or die "could not write $test.diff: $!\n";
	}
	return;
}

sub slurp
{
	my ($file) = @_;

	open(my $handle, '<', $file) or die "could not read $file: $!\n";
	local $/;
	my $text = <$handle>;
	close($handle);
	return $text // '';
}
