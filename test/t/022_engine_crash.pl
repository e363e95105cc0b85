# Backends and servers that die in the middle of writing to a focus table, and
# errors there: what had been committed is there, nothing else is, and what was
# interrupted can be done again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Focus::Session;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $seed = $ENV{FOCUS_SEED} // 1;
my $rounds = $ENV{FOCUS_ROUNDS} // 6;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', <<'CONF');
restart_after_crash = on
autovacuum = off
max_wal_size = '1GB'
log_min_messages = log
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus; CREATE EXTENSION amcheck');
my $can_compact = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_compact'});
my $can_check = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_check'});
my $digest = 'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM';
my $compact = $can_compact ? "CALL focus_compact('t');" : '';
my $force = $node->safe_psql('postgres', q{LOAD 'focus'; SELECT count(*) FROM pg_settings WHERE name = 'focus.debug_force_groups'})
  ? 'SET focus.debug_force_groups = on;' : '';

srand($seed);
note("seed $seed");
random_deaths();
stop_points();
$node->stop;
done_testing();

# A session goes through random transactions, each of which writes down what the
# table is like at its end; it, or the server, is killed after a random time.
sub random_deaths
{
	my @ways = ('backend', 'immediate', 'postmaster');
	my $salt = 0;

	$node->safe_psql('postgres', q{
		CREATE TABLE t (id integer PRIMARY KEY, kind integer, cost numeric, note text) USING focus;
		CREATE TABLE ledger (number serial, rows bigint, hash numeric) USING heap;
		INSERT INTO ledger (rows, hash) VALUES (0, 0)});
	foreach my $round (1 .. $rounds)
	{
		my $way = $ways[ ($round - 1) % @ways ];
		my $session = Focus::Session->new($node, 'postgres');
		my $pid = $session->run('SELECT pg_backend_pid();') =~ /(\d+)/ && $1;
		my $statements = "$force\n" . join("\n", map { transaction(++$salt) } 1 .. 300);
		my $offset = -s $node->logfile;
		my ($before) = $node->safe_psql('postgres', 'SELECT count(*) FROM ledger');

		# The session reads as fast as it works, so this takes as long.
		my $child = fork() // die;
		if (!$child)
		{
			local $SIG{PIPE} = 'IGNORE';
			eval { $session->send($statements); $session->receive };
			POSIX::_exit(0);
		}
		usleep(400_000 + rand(1_500_000));
		if ($way eq 'backend')
		{
			kill 'KILL', $pid;
		}
		elsif ($way eq 'immediate')
		{
			$node->stop('immediate');
		}
		else
		{
			$node->kill9;
		}
		waitpid $child, 0;
		$session->quit;
		start_again($way);
		like(slurp_file($node->logfile, $offset), qr/redo (?:starts|done|is not required)/, "round $round, $way: the server recovered");
		my ($after) = $node->safe_psql('postgres', 'SELECT count(*) FROM ledger');
		cmp_ok($after, '>', $before, "round $round: " . ($after - $before) . ' transactions were committed');
		is($node->safe_psql('postgres', "$digest t"), $node->safe_psql('postgres', 'SELECT rows, hash FROM ledger ORDER BY number DESC LIMIT 1'),
			"round $round: the table is as the last of them left it");
		is_sound("round $round");
	}
	$node->safe_psql('postgres', 'VACUUM t');
	$node->safe_psql('postgres', $compact) if $compact;
	is($node->safe_psql('postgres', "$digest t"), $node->safe_psql('postgres', 'SELECT rows, hash FROM ledger ORDER BY number DESC LIMIT 1'),
		'and so it stays');
	$node->safe_psql('postgres', 'DROP TABLE t');
	return;
}

# A random transaction, with what it leaves behind in the ledger
sub transaction
{
	my ($salt) = @_;
	my $first = $salt * 100_000;
	my $values = "i, i % 9, (i % 1000)::numeric / 8, repeat(md5((i % 50)::text), i % 4) FROM generate_series($first, $first + " . int(rand(4000)) . ') i';
	my $id = int(rand($first));
	my @changes = (
		"INSERT INTO t SELECT $values;", "INSERT INTO t SELECT $values;",
		"COPY (SELECT $values) TO '/dev/null'; INSERT INTO t VALUES ($first, 1, NULL, 'one');",
		"DELETE FROM t WHERE id BETWEEN $id AND $id + 60000;",
		'DELETE FROM t WHERE id % 7 = ' . $salt % 7 . ';',
		'UPDATE t SET cost = cost + 1 WHERE kind = ' . $salt % 9 . ';',
		"UPDATE t SET id = -id WHERE id BETWEEN $id AND $id + 20000;",
		"SAVEPOINT s; INSERT INTO t SELECT $values; ROLLBACK TO s; UPDATE t SET note = 'again' WHERE kind = 3;");
	my $change = $changes[ int(rand(@changes)) ];

	$change .= ' DELETE FROM t WHERE id % 3 = 0;' if rand() < 0.2;
	return "BEGIN; $change INSERT INTO ledger (rows, hash) $digest t; " . (rand() < 0.8 ? 'COMMIT;' : 'ROLLBACK;')
	  . (rand() < 0.3 ? $compact : '') . (rand() < 0.1 ? 'VACUUM t;' : '') . (rand() < 0.03 ? 'VACUUM FULL t;' : '') . (rand() < 0.05 ? 'CHECKPOINT;' : '');
}

# Each stop point of the source, by the death of the backend and by an error
sub stop_points
{
	my %scenarios = (
		flush => "INSERT INTO t SELECT i, i % 5, i, 'new' FROM generate_series(10001, 14000) i",
		compact => $can_compact ? "CALL focus_compact('t')" : '',
		delete => 'DELETE FROM t WHERE id % 3 = 0',
		update => "UPDATE t SET note = 'updated', id = id + 100000 WHERE id % 4 = 0",
		lock => 'SELECT count(*) FROM (SELECT FROM t WHERE id % 4 = 0 FOR UPDATE) l',
		remove => "SELECT focus_delete_groups('t', 'batch', '{1}')",
		vacuum => 'VACUUM t',
		rewrite => 'VACUUM FULL t',
		copy => "COPY t (id) FROM PROGRAM 'seq 20001 20300'");
	my %points;

	foreach my $file (glob('src/*.c'), glob('src/*/*.c'))
	{
		$points{$_} = 1 foreach slurp_file($file) =~ /FOCUS_STOP_POINT\("([^"]+)"\)/g;
	}
	note('no stop points in the source') if !%points;
	foreach my $point (sort keys %points)
	{
		my ($prefix) = $point =~ /^(\w+)/;
		my @order = grep { $scenarios{$_} } ($prefix, grep { $_ ne $prefix } sort keys %scenarios);

		foreach my $by ('kill', 'error')
		{
			my $reached;

			foreach my $scenario (@order)
			{
				last if $reached = stop_at($point, $by, $scenario, $scenarios{$scenario});
			}
			ok($reached, "$point, $by: was reached" . ($reached ? " by $reached" : ''));
		}
	}
	return;
}

# Makes the table anew, partly in groups, and a heap twin; runs a statement that
# stops.  Returns the scenario's name, if it did, else nothing.
sub stop_at
{
	my ($point, $by, $scenario, $statement) = @_;
	my $values = q{i, i % 9, (i % 1000)::numeric / 8, repeat(md5((i % 50)::text), i % 4)};

	$node->safe_psql('postgres', qq{
		DROP TABLE IF EXISTS t, h;
		CREATE TABLE t (id integer PRIMARY KEY, kind integer, cost numeric, note text, batch bigint DEFAULT 1) USING focus;
		CREATE TABLE h (LIKE t INCLUDING DEFAULTS) USING heap;
		INSERT INTO t SELECT $values, 1 FROM generate_series(1, 3000) i});
	$node->safe_psql('postgres', $compact) if $compact;
	$node->safe_psql('postgres', "ALTER TABLE t ALTER batch SET DEFAULT 2; ALTER TABLE h ALTER batch SET DEFAULT 2; INSERT INTO t SELECT $values FROM generate_series(3001, 3500) i; DELETE FROM t WHERE id % 8 = 1; INSERT INTO h TABLE t");
	my $before = $node->safe_psql('postgres', "$digest t");
	my ($status, $output, $error) = $node->psql('postgres',
		"$force\nSET focus.debug_stop_by = $by;\nSET focus.debug_stop_at = '$point';\n$statement", on_error_stop => 1);

	if ($by eq 'kill')
	{
		return if $status != 2;
		start_again('backend');
	}
	else
	{
		return if $error !~ /stopped at "\Q$point\E"/;
	}
	my $label = "$point, $by, $scenario";
	is($node->safe_psql('postgres', "$digest t"), $before, "$label: as before");
	is_sound($label);
	$node->safe_psql('postgres', $statement);
	$node->safe_psql('postgres', $scenario eq 'remove' ? 'DELETE FROM h WHERE batch = 1' : $statement =~ s/\bt\b/h/r) if $scenario !~ /^(?:compact|vacuum|rewrite|lock)$/;
	is($node->safe_psql('postgres', "$digest t"), $node->safe_psql('postgres', "$digest h t"), "$label: and it can be done again");
	is_sound("$label, done");
	return $scenario;
}

# Indexes, the TOAST relation and groups agree with the table.
sub is_sound
{
	my ($label) = @_;

	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM verify_heapam((SELECT reltoastrelid FROM pg_class WHERE oid = 't'::regclass))}), 0, "$label: the TOAST relation is sound");
	is($node->safe_psql('postgres', q{
		SELECT bt_index_check(indexrelid, true) FROM pg_index
		WHERE indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = 't'::regclass)}), '', "$label: and so is its index");
	my $all = $node->safe_psql('postgres', "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off; $digest t");
	is($node->safe_psql('postgres', "SET enable_seqscan = off; $digest (SELECT * FROM t ORDER BY id) t"), $all, "$label: the index finds all rows");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM focus_check('t')}), 0, "$label: focus_check finds nothing") if $can_check;
	return;
}

# Waits for a server that restarts by itself, or starts one.
sub start_again
{
	my ($way) = @_;

	if ($way eq 'backend')
	{
		$node->poll_query_until('postgres', 'SELECT 1', '1') or die 'the server did not come back';
		return;
	}
	foreach (1 .. 100)
	{
		last if $node->start(fail_ok => 1);
		usleep(200_000);
		$node->stop('fast', fail_ok => 1);
	}
	return;
}
