# How far a load is, and that one which is cancelled leaves nothing behind.
use strict;
use warnings;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

my $dir = $node->basedir;
my $header = "BillingPeriodStart,BillingAccountId,ResourceId,BilledCost\n";
append_to_file("$dir/a.csv", $header . "2026-01-01T00:00:00Z,1,r,1\n" x 10 . "2026-01-01T00:00:00Z,1,r,x\n" x 3);
append_to_file("$dir/b.csv", $header . "2026-01-01T00:00:00Z,2,r,1\n" x 20);
my $bytes = (-s "$dir/a.csv") + (-s "$dir/b.csv");


# Starts psql with that command, and tells what it says on its error output.
sub start_beside
{
	my ($sql) = @_;
	my ($in, $out, $err) = ('', '', '');

	return { err => \$err, run => IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $sql ],
		'<', \$in, '>', \$out, '2>', \$err) };
}

sub nothing_is_left
{
	my ($what) = @_;

	is($node->safe_psql('postgres', q{
		SELECT (SELECT count(*) FROM focus_cost_and_usage), (SELECT count(*) FROM focus_loads), (SELECT count(*) FROM focus_rejected_rows),
			(SELECT count(*) FROM focus_load_findings), (SELECT count(*) FROM focus_load_progress)}), '0|0|0|0|0', "$what: nothing is left");
}

# The lock keeps a load from finishing, so that it stands still.
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN');
$holder->query_safe('SELECT pg_advisory_xact_lock(1718575987, 0)');
my $load = start_beside("SELECT focus_load('$dir/[ab].csv', source => 's')");
ok($node->poll_query_until('postgres', "SELECT bytes_processed = $bytes FROM focus_load_progress", 't'), 'a load shows until it ends');
is($node->safe_psql('postgres', q{
	SELECT dataset, phase, files, file_number, bytes_total, rows_read, rows_stored, rows_rejected, expected_end BETWEEN started_at AND now() + interval '1 minute', datname
	FROM focus_load_progress}), "focus_cost_and_usage|finishing|2|2|$bytes|33|30|3|t|postgres", 'its files, bytes and rows');
is($node->safe_psql('postgres', q{
	SELECT command, type, relid::regclass, bytes_processed = bytes_total, tuples_processed, tuples_excluded FROM pg_stat_progress_copy}),
	'COPY FROM|FILE|focus_cost_and_usage|t|30|3', 'so does pg_stat_progress_copy');
$node->safe_psql('postgres', 'CREATE ROLE stranger');
is($node->safe_psql('postgres', 'SET ROLE stranger; SELECT count(*) FROM focus_load_progress'), '0', 'others do not see it');

$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM focus_load_progress');
$load->{run}->finish;
like(${ $load->{err} }, qr/ERROR:  canceling statement due to user request/, 'it can be cancelled');
nothing_is_left('cancelled while it waits');

# A stream tells no size.
$load = start_beside("LOAD 'focus'; COPY focus_cost_and_usage FROM PROGRAM 'cat $dir/b.csv' WITH (FORMAT focus, source 's')");
ok($node->poll_query_until('postgres', "SELECT rows_stored = 20 FROM focus_load_progress", 't'), 'a stream shows');
is($node->safe_psql('postgres', 'SELECT files, bytes_total, expected_end FROM focus_load_progress'), '1||', 'its size is not known');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM focus_load_progress');
$load->{run}->finish;
nothing_is_left('a stream, cancelled');
$holder->query_safe('ROLLBACK');
$holder->quit;

# Files that a mapping reads show while they are read, and while they are mapped.
POSIX::mkfifo("$dir/native.csv", 0600) or die "$dir/native.csv: $!";
$node->safe_psql('postgres', q{
	INSERT INTO focus_mappings (mapping, provider, detect, description) VALUES ('slow', 'Provider', '{month price}', 'One that waits.');
	INSERT INTO focus_mapping_columns VALUES ('slow', 'BilledCost', $$cells ->> 'price'$$), ('slow', 'ChargePeriodStart', $$cells ->> 'month'$$),
		('slow', 'x_wait', $$CASE WHEN cells ->> 'price' = '7' THEN public.hold() END$$);
	CREATE FUNCTION hold() RETURNS text LANGUAGE plpgsql STABLE AS
		'BEGIN PERFORM pg_advisory_xact_lock_shared(17); RETURN NULL; END'});
$holder = $node->background_psql('postgres');
$holder->query_safe('SELECT pg_advisory_lock(17)');
$load = start_beside("SELECT focus_load('$dir/native.csv', source => 'native')");
{
	my $rows = join '', map { "2026-01-01,$_\n" } 8 .. 30_007;

	open my $file, '>', "$dir/native.csv" or die;
	$file->autoflush(1);
	print $file "Month,Price\n$rows";
	ok($node->poll_query_until('postgres', q{
		SELECT phase = 'reading' AND rows_read > 100 AND bytes_processed > 100000 AND rows_stored = 0 AND dataset = 'focus_cost_and_usage'::regclass
		FROM focus_load_progress}, 't'), 'a native file shows while it is read');
	print $file "2026-01-01,7\nbroken\n";
	close $file;
}
ok($node->poll_query_until('postgres', q{SELECT phase = 'mapping' AND rows_read = 30002 AND rows_rejected = 1 AND rows_stored > 25000 FROM focus_load_progress}, 't'),
	'and while it is mapped') or diag $node->safe_psql('postgres', 'SELECT * FROM focus_load_progress');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM focus_load_progress');
$load->{run}->finish;
like(${ $load->{err} }, qr/ERROR:  canceling statement due to user request.*mapping "slow", row read last: line 30002/s, 'it can be cancelled');
nothing_is_left('cancelled while it is mapped');
$holder->quit;

# While rows are read: seconds of them.
{
	open my $file, '>', "$dir/large.csv" or die;
	print $file $header, map { "2026-01-01T00:00:00Z,1,r$_,$_.$_\n" } 1 .. 500_000;
	close $file;
}
my ($rc, $stdout, $stderr) = $node->psql('postgres', "SET statement_timeout = 100; SELECT focus_load('$dir/large.csv', source => 's')");
isnt($rc, 0, 'a load is cancelled while it reads');
like($stderr, qr/ERROR:  canceling statement due to statement timeout/, 'by statement_timeout');
nothing_is_left('cancelled while it reads');
($rc, $stdout, $stderr) = $node->psql('postgres', "BEGIN; SAVEPOINT s; SET LOCAL statement_timeout = 100; SELECT focus_load('$dir/large.csv', source => 's');
	ROLLBACK TO s; SET LOCAL statement_timeout = 0; SELECT rows_stored FROM focus_load('$dir/b.csv', source => 's'); COMMIT", on_error_stop => 0);
is($stdout, '20', 'the transaction can go on behind a savepoint');
is($node->safe_psql('postgres', 'SELECT count(*), (SELECT count(*) FROM focus_load_progress) FROM focus_cost_and_usage'), '20|0', 'with what it loads then');
is($node->safe_psql('postgres', "SELECT rows_stored FROM focus_load('$dir/large.csv', source => 'large', mode => 'append')"), '500000', 'and the file loads after all');

unlike(slurp_file($node->logfile), qr/TRAP|PANIC|terminated by signal|reference leak/, 'the log is clean');
$node->stop;
done_testing();
