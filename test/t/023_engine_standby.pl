# A standby follows a focus table through ten cycles of changes, compaction and
# upkeep, with every page of the log checked, and is equal after each; then it
# is promoted, with a transaction prepared on the old primary.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Focus::Session;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', <<'CONF');
autovacuum = off
wal_consistency_checking = 'all'
wal_keep_size = '2GB'
max_prepared_transactions = 4
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');
my $can_compact = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_compact'});
my $can_check = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_check'});
my $force = $node->safe_psql('postgres', q{LOAD 'focus'; SELECT count(*) FROM pg_settings WHERE name = 'focus.debug_force_groups'})
  ? 'SET focus.debug_force_groups = on;' : '';
my $digest = 'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM';
my $values = q{i, i % 9, CASE i % 50 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' ELSE (i % 1000)::numeric / 8 END, repeat(md5((i % 50)::text), i % 4)};

my $standby;

# Runs statements on the focus table t, and on the heap table h in its place.
sub on_both
{
	my ($statement) = @_;

	$node->safe_psql('postgres', "$force $statement");
	$node->safe_psql('postgres', $statement =~ s/\bt\b/h/gr);
	return;
}

sub compact
{
	$node->safe_psql('postgres', "CALL focus_compact('t')") if $can_compact;
	return;
}

sub is_equal
{
	my ($server, $name) = @_;
	my $expected = $server->safe_psql('postgres', "$digest h t");

	is($server->safe_psql('postgres', "$digest t"), $expected, "$name: equal");
	is($server->safe_psql('postgres', "SET enable_seqscan = off; SET enable_bitmapscan = off; $digest (SELECT * FROM t WHERE id > -1000000) t"),
		$expected, "$name: equal by index");
	is($server->safe_psql('postgres',
			"SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; $digest t"), $expected,
		"$name: equal in parallel");
	return;
}

# The nodes of focus run on the standby as on the primary, and answer as heap.
sub plans_are_equal
{
	my ($name) = @_;

	foreach my $query (
		'SELECT kind, count(*), sum(cost), max(note) FROM t GROUP BY kind ORDER BY kind',
		'SELECT count(DISTINCT note), avg(cost) FROM t WHERE kind IN (1, 2, 3)',
		'SELECT count(*) FROM t',
		'SELECT sum(hashtextextended(t::text, 0)::numeric) FROM t WHERE cost > 100')
	{
		foreach my $workers (0, 2)
		{
			my $settings = "SET max_parallel_workers_per_gather = $workers; SET parallel_setup_cost = 0;"
			  . ' SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
			my $plan = $node->safe_psql('postgres', "$settings EXPLAIN (COSTS OFF) $query");

			like($plan, qr/Custom Scan \(Focus/, "$name, $workers workers: a node of focus");
			is($standby->safe_psql('postgres', "$settings EXPLAIN (COSTS OFF) $query"), $plan, "$name, $workers workers: plan of the standby");
			is($standby->safe_psql('postgres', "BEGIN; $settings $query; SELECT pg_current_xact_id_if_assigned() IS NULL; COMMIT"),
				$node->safe_psql('postgres', $query =~ s/\bt\b/h/gr =~ s/h::text/t::text/r =~ s/FROM h WHERE cost/FROM h t WHERE cost/r) . "\nt",
				"$name, $workers workers: answer of the standby, which takes no transaction id");
		}
	}
	return;
}

$node->safe_psql('postgres', q{
	CREATE TABLE t (id integer PRIMARY KEY, kind integer, cost numeric, note text) USING focus
	WITH (vacuum_truncate = off, toast.vacuum_truncate = off);
	CREATE TABLE h (LIKE t INCLUDING ALL) USING heap WITH (vacuum_truncate = off)});
$node->backup('base');
$standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nwal_receiver_status_interval = 1\n");
$standby->start;
my $reader = Focus::Session->new($standby, 'postgres');

my @cycles = (
	sub { on_both("INSERT INTO t SELECT $values FROM generate_series(1, 3000) i") },
	sub { compact(); on_both('UPDATE t SET cost = cost + 1 WHERE id % 3 = 0') },
	sub { on_both('DELETE FROM t WHERE id BETWEEN 100 AND 1200'); $node->safe_psql('postgres', 'VACUUM t, h'); },
	sub { on_both("INSERT INTO t SELECT $values FROM generate_series(10001, 40000) i"); compact() },
	sub { on_both('UPDATE t SET id = -id WHERE kind = 4'); compact(); $node->safe_psql('postgres', 'VACUUM (FREEZE) t') },
	sub { on_both('ALTER TABLE t ADD added integer DEFAULT 7'); on_both('UPDATE t SET added = NULL WHERE kind = 1'); compact() },
	sub { on_both('DELETE FROM t WHERE id > 20000'); compact(); $node->safe_psql('postgres', 'VACUUM FULL t') },
	sub { on_both("BEGIN; TRUNCATE t; INSERT INTO t (id) VALUES (1); ROLLBACK"); on_both('CREATE INDEX ON t (kind)'); on_both('UPDATE t SET kind = 8 WHERE kind = 7') },
	sub { on_both("BEGIN; SAVEPOINT s; INSERT INTO t SELECT $values FROM generate_series(50001, 53000) i; ROLLBACK TO s; INSERT INTO t SELECT $values FROM generate_series(60001, 63000) i; COMMIT"); compact() },
	sub { on_both('DELETE FROM t WHERE id % 2 = 0'); compact(); $node->safe_psql('postgres', 'VACUUM t; VACUUM t') });

my $number = 0;
foreach my $cycle (@cycles)
{
	$number++;
	# A transaction on the standby goes on seeing what it saw.  Some cycles
	# would have to wait for it, and so would VACUUM, were it to truncate.
	my $reads = $number !~ /^[5-8]$/;
	my $seen;
	if ($reads)
	{
		$reader->run('BEGIN ISOLATION LEVEL REPEATABLE READ;');
		$seen = $reader->run("$digest t;");
		# its snapshot is to be known to the primary before anything is removed
		$node->poll_query_until('postgres', 'SELECT backend_xmin IS NOT NULL FROM pg_stat_replication') or die;
	}
	$cycle->();
	if ($number == 5)
	{
		$reader->quit;
		$standby->stop('immediate');
		$standby->start;
		$reader = Focus::Session->new($standby, 'postgres');
	}
	$node->wait_for_catchup($standby);
	is($reader->run("$digest t;\nCOMMIT;") =~ s/COMMIT\n//r, $seen, "cycle $number: an old snapshot on the standby") if $reads;
	is_equal($node, "cycle $number, primary");
	is_equal($standby, "cycle $number, standby");
}
$node->safe_psql('postgres', 'ANALYZE t');
$node->wait_for_catchup($standby);
plans_are_equal('after the cycles');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM focus_check('t')}), 0, 'focus_check on the standby') if $can_check;

# Promotion with two transactions prepared, one of which is to be undone
compact();
foreach my $table ('t', 'h')
{
	$node->safe_psql('postgres', ($table eq 't' ? $force : '') . qq{
		BEGIN; DELETE FROM $table WHERE id % 5 = 0; INSERT INTO $table SELECT $values FROM generate_series(70001, 70500) i; PREPARE TRANSACTION 'kept_$table'});
	$node->safe_psql('postgres', qq{
		BEGIN; UPDATE $table SET note = 'undone' WHERE id % 5 = 1; PREPARE TRANSACTION 'undone_$table'});
}
is_equal($node, 'prepared');
$node->wait_for_catchup($standby);
$reader->quit;
$node->stop('immediate');
$standby->promote;
is_equal($standby, 'promoted');
$standby->safe_psql('postgres', "COMMIT PREPARED 'kept_$_'") foreach 't', 'h';
is_equal($standby, 'promoted, one committed');
$standby->safe_psql('postgres', "ROLLBACK PREPARED 'undone_$_'") foreach 't', 'h';
is_equal($standby, 'promoted, one rolled back');
$standby->safe_psql('postgres', "CALL focus_compact('t')") if $can_compact;
$standby->safe_psql('postgres', "INSERT INTO $_ SELECT $values FROM generate_series(80001, 82000) i; DELETE FROM $_ WHERE id % 7 = 0") foreach 't', 'h';
is_equal($standby, 'the promoted standby takes changes');

# wal_consistency_checking raises FATAL errors on the standby.
unlike(slurp_file($standby->logfile), qr/inconsistent page|FATAL:.*redo/, 'all pages were equal');
$standby->stop;
done_testing();
