# The judge of "make check-core" passes what is as it should be, and nothing
# else: in PostgreSQL 15's form of output and in that of 16 and later.
use strict;
use warnings;
use File::Path qw(make_path);
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();
my %output = (
	'15' => { plain => <<'END', bad => "     beta                         ... FAILED       12 ms\n", crash => <<'END2' },
test alpha                        ... ok           12 ms
parallel group (2 tests):  beta gamma
END
     beta                         ... ok (test process exited with exit code 2)       12 ms
END2
	'16' => { plain => <<'END', bad => "not ok 2    + beta      12 ms\n", crash => <<'END2' });
# parallel group (2 tests):  beta gamma
ok 1        - alpha     12 ms
END
# (test process exited with exit code 2)
not ok 2    + beta      12 ms
END2
my %good = (
	'15' => { beta => "     beta                         ... ok           12 ms\n", gamma => "     gamma                        ... ok            3 ms\n" },
	'16' => { beta => "ok 2        + beta      12 ms\n", gamma => "ok 3        + gamma      3 ms\n" });
my $diff = <<'END';
diff -U3 /a/expected/beta.out /b/results/beta.out
--- /a/expected/beta.out	2026-01-01
+++ /b/results/beta.out	2026-01-01
@@ -1,3 +1,3 @@
 SELECT 1;
-one
+two pg_toast_16384
 diff is a word
END

# Writes the files of a run and returns the exit status and output of the judge.
sub judge
{
	my (%run) = @_;
	my ($stdout, $stderr);

	make_path("$dir/log", "$dir/diffs/regress");
	write_file('schedule', "# comment\ntest: alpha\ntest: beta gamma\n");
	write_file('regression.log', $run{out});
	write_file('log/postmaster.log', $run{log} // "LOG:  all is well\n");
	write_file('allowed.txt', "# comment\nisolation/beta\tanother suite\n" . ($run{allowed} // ''));
	unlink "$dir/regression.diffs", "$dir/diffs/regress/beta.diff";
	write_file('regression.diffs', $run{diff}) if $run{diff};
	write_file('diffs/regress/beta.diff', $run{reviewed}) if $run{reviewed};
	IPC::Run::run(
		[ $^X, 'test/core/compare.pl', 'regress', "$dir/schedule", $dir, "$dir/allowed.txt", "$dir/diffs" ],
		'>', \$stdout, '2>', \$stderr);
	return ($? >> 8) . ": $stdout$stderr";
}

sub write_file
{
	my ($name, $text) = @_;

	open(my $handle, '>', "$dir/$name") or die "could not write $name: $!";
	print $handle $text;
	close($handle);
	return;
}

foreach my $form (sort keys %output)
{
	my $passes = $output{$form}{plain} . $good{$form}{beta} . $good{$form}{gamma};
	my $fails = $output{$form}{plain} . $output{$form}{bad} . $good{$form}{gamma};
	my $crashes = $output{$form}{plain} . $output{$form}{crash} . $good{$form}{gamma};
	my $listed = "regress/beta\tprints the name\n";
	my $reviewed = "-one\n+two pg_toast_OID\n";

	like(judge(out => $passes), qr/^0: regress: 3 tests, 0 differ, 0 of them as listed$/, "$form: all pass");
	like(judge(out => $fails, diff => $diff, allowed => $listed, reviewed => $reviewed),
		qr/^0: regress: 3 tests, 1 differ, 1 of them as listed$/, "$form: a listed difference");
	is(slurp_file("$dir/found/regress/beta.diff"), $reviewed, "$form: the difference is left for review");
	like(judge(out => $fails, diff => $diff), qr{^1: .*regress/beta differs\ndiff -U3}s, "$form: a difference that is not listed");
	like(judge(out => $fails, diff => $diff, allowed => $listed, reviewed => "-one\n+three\n"),
		qr{^1: .*regress/beta differs otherwise than listed\n.*\+two}s, "$form: another difference than the listed one");
	like(judge(out => $fails, diff => $diff, allowed => $listed),
		qr{^1: .*regress/beta differs otherwise than listed\n}s, "$form: a listed difference that nobody reviewed");
	like(judge(out => $fails, diff => $diff =~ s/^\+two.*$/+one/mr, allowed => $listed),
		qr/^0: regress: 3 tests, 1 differ, 1 of them as listed$/, "$form: another order of lines in a listed test");
	like(judge(out => $fails, diff => $diff =~ s/^\+two.*$/+ page | SIReadLock\n+ other\n+ file | SIReadLock/mr, allowed => $listed,
			reviewed => "-one\n+ other\n+ file | SIReadLock\n+ page | SIReadLock\n"),
		qr/^0: regress: 3 tests, 1 differ, 1 of them as listed$/, "$form: another order of predicate locks");
	like(judge(out => $passes, allowed => $listed, reviewed => $reviewed),
		qr{^1: .*regress/beta is listed but passes\n}s, "$form: a listed test passes");
	like(judge(out => $passes, allowed => "regress/delta\twho knows\n"),
		qr{^1: .*regress/delta is listed but there is no such test\n}s, "$form: an unknown test is listed");
	like(judge(out => $passes, reviewed => $reviewed),
		qr{^1: .*regress/beta has a reviewed difference but is not listed\n}s, "$form: a difference without a reason");
	like(judge(out => $output{$form}{plain} . $good{$form}{beta}), qr{^1: .*regress/gamma did not run\n}s, "$form: a test is missing");
	like(judge(out => $crashes), qr{^1: .*regress/beta differs\n\(no difference}s, "$form: psql fails after the right output");
	like(judge(out => $passes, log => "TRAP: FailedAssertion\n"), qr{^1: .*the server's log: TRAP}s, "$form: an assertion fails");
	unlike(judge(out => $passes, allowed => "regress/beta no tab\n"), qr{^0}, "$form: a list without reasons");
}

done_testing();
