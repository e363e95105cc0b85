# Focus tables whose rows are partly in row groups and their neighbours: dump
# and restore, logical replication in both roles, decoding, and a full disk.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical', extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\nmax_prepared_transactions = 4\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');
my $can_compact = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_compact'});
my $digest = 'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM';
my $values = q{i, i % 9, CASE i % 50 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' ELSE (i % 1000)::numeric / 8 END, repeat(md5((i % 50)::text), i % 4), '{"env": "prod"}'};
my $columns = 'id integer PRIMARY KEY, kind integer, cost numeric, note text, tags focus_tags';
my $dir = PostgreSQL::Test::Utils::tempdir();

sub compact
{
	my ($server, $table, $database) = @_;

	$server->safe_psql($database // 'postgres', "CALL focus_compact('$table')") if $can_compact;
	return;
}

sub digest_of
{
	my ($server, $table, $database) = @_;

	return $server->safe_psql($database // 'postgres', "$digest $table t");
}

# A table with rows in groups, in the delta, changed and deleted ones
sub fill
{
	my ($table) = @_;

	$node->safe_psql('postgres', "CREATE TABLE $table ($columns) USING focus; INSERT INTO $table SELECT $values FROM generate_series(1, 5000) i");
	compact($node, $table);
	$node->safe_psql('postgres', "INSERT INTO $table SELECT $values FROM generate_series(5001, 5500) i; DELETE FROM $table WHERE id % 11 = 0; UPDATE $table SET cost = 1 WHERE id % 13 = 0");
	return;
}

dump_and_restore();
publisher();
subscriber();
decoding();
full_disk();
$node->stop;
done_testing();

sub dump_and_restore
{
	fill('dumped');
	$node->safe_psql('postgres', 'ALTER TABLE dumped DROP kind; ALTER TABLE dumped ADD added integer DEFAULT 3');
	my $expected = digest_of($node, 'dumped');

	foreach my $format ('plain', 'directory')
	{
		$node->safe_psql('postgres', "CREATE DATABASE $format");
		$node->command_ok([ 'pg_dump', '--format', $format, '--file', "$dir/$format", '--table', 'dumped', $node->connstr('postgres') ], "$format: dump");
		$node->safe_psql($format, 'CREATE EXTENSION focus');
		$node->command_ok($format eq 'plain'
			? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/$format", $node->connstr($format) ]
			: [ 'pg_restore', '--jobs', '2', '--dbname', $node->connstr($format), "$dir/$format" ], "$format: restore");
		is(digest_of($node, 'dumped', $format), $expected, "$format: equal");
		is($node->safe_psql($format, q{SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE relname = 'dumped'}), 'focus', "$format: a focus table");
	}
	return;
}

# A focus table is published, inserts only: compaction is no change.
sub publisher
{
	my $other = PostgreSQL::Test::Cluster->new('subscriber');

	$other->init(allows_streaming => 'logical', extra => [ '--encoding=UTF8', '--no-locale' ]);
	$other->start;
	$other->safe_psql('postgres', "CREATE EXTENSION focus; CREATE TABLE published ($columns) USING focus");
	fill('published');
	$node->safe_psql('postgres', "CREATE PUBLICATION inserts FOR TABLE published WITH (publish = 'insert')");
	my $connection = $node->connstr . ' dbname=postgres';
	$other->safe_psql('postgres', "CREATE SUBSCRIPTION inserts CONNECTION '$connection' PUBLICATION inserts");
	$other->wait_for_subscription_sync if $other->can('wait_for_subscription_sync');
	$other->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_subscription_rel WHERE srsubstate = 'r'}) or die;
	is(digest_of($other, 'published'), digest_of($node, 'published'), 'publisher: the first copy');

	$node->safe_psql('postgres', "INSERT INTO published SELECT $values FROM generate_series(10001, 12500) i");
	$node->safe_psql('postgres', "COPY (SELECT $values FROM generate_series(20001, 22500) i) TO '$dir/rows'; COPY published FROM '$dir/rows'");
	$node->safe_psql('postgres', "INSERT INTO published VALUES (30000, 1, NULL, repeat('x', 100000), '{}')");
	$node->wait_for_catchup('inserts');
	is(digest_of($other, 'published'), digest_of($node, 'published'), 'publisher: inserts arrive');
	my $before = digest_of($other, 'published');
	compact($node, 'published');
	$node->safe_psql('postgres', 'VACUUM published');
	$node->wait_for_catchup('inserts');
	is(digest_of($other, 'published'), $before, 'publisher: compaction does not');
	compact($other, 'published');
	$node->safe_psql('postgres', "INSERT INTO published SELECT $values FROM generate_series(40001, 40100) i");
	$node->wait_for_catchup('inserts');
	is(digest_of($other, 'published'), digest_of($node, 'published'), 'publisher: inserts go on');
	$other->safe_psql('postgres', 'DROP SUBSCRIPTION inserts');
	$node->safe_psql('postgres', 'DROP PUBLICATION inserts');
	$other->stop;
	return;
}

# A focus table that receives the changes of a heap table
sub subscriber
{
	my $other = PostgreSQL::Test::Cluster->new('source');

	$other->init(allows_streaming => 'logical', extra => [ '--encoding=UTF8', '--no-locale' ]);
	$other->start;
	$other->safe_psql('postgres', "CREATE EXTENSION focus; CREATE TABLE received ($columns) USING heap; INSERT INTO received SELECT $values FROM generate_series(1, 3000) i; CREATE PUBLICATION every FOR TABLE received");
	$node->safe_psql('postgres', "CREATE TABLE received ($columns) USING focus");
	my $connection = $other->connstr . ' dbname=postgres';
	$node->safe_psql('postgres', "CREATE SUBSCRIPTION every CONNECTION '$connection' PUBLICATION every");
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_subscription_rel WHERE srsubstate = 'r'}) or die;
	is(digest_of($node, 'received'), digest_of($other, 'received'), 'subscriber: the first copy');
	foreach my $round (1 .. 3)
	{
		compact($node, 'received');
		$other->safe_psql('postgres', "UPDATE received SET cost = coalesce(cost, 0) + 1 WHERE id % 5 = $round");
		$other->safe_psql('postgres', "UPDATE received SET id = id + 100000 WHERE id % 17 = $round");
		$other->safe_psql('postgres', "DELETE FROM received WHERE id % 7 = $round");
		$other->safe_psql('postgres', "INSERT INTO received SELECT $values FROM generate_series(${round}0001, ${round}1500) i");
		$other->wait_for_catchup('every');
		is(digest_of($node, 'received'), digest_of($other, 'received'), "subscriber: round $round");
	}
	$other->safe_psql('postgres', 'TRUNCATE received; INSERT INTO received (id) VALUES (1)');
	$other->wait_for_catchup('every');
	is(digest_of($node, 'received'), digest_of($other, 'received'), 'subscriber: truncated');
	$node->safe_psql('postgres', 'DROP SUBSCRIPTION every');
	$other->stop;
	return;
}

# Who decodes by a slot sees the inserts, and no deletions by compaction.
sub decoding
{
	$node->safe_psql('postgres', "CREATE TABLE decoded ($columns) USING focus");
	$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('slot', 'test_decoding')});
	$node->safe_psql('postgres', "INSERT INTO decoded SELECT $values FROM generate_series(1, 3000) i");
	compact($node, 'decoded');
	$node->safe_psql('postgres', "INSERT INTO decoded SELECT $values FROM generate_series(3001, 3010) i");
	compact($node, 'decoded');
	$node->safe_psql('postgres', 'VACUUM FULL decoded');
	my $changes = $node->safe_psql('postgres', q{SELECT data FROM pg_logical_slot_get_changes('slot', NULL, NULL, 'include-xids', '0') WHERE data LIKE 'table public.decoded%'});
	my @inserts = $changes =~ /: INSERT: id\[integer\]:(\d+)/g;
	is(scalar(@inserts), 3010, 'decoding: each insert');
	is_deeply([ sort { $a <=> $b } @inserts ], [ 1 .. 3010 ], 'decoding: once');
	unlike($changes, qr/: (?:UPDATE|DELETE): id/, 'decoding: and nothing else');
	$node->safe_psql('postgres', q{SELECT pg_drop_replication_slot('slot')});
	return;
}

# No file may grow beyond a limit, which stands for a full disk.
sub full_disk
{
	SKIP:
	{
		my $pid = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];

		skip 'no prlimit, by which a full disk is simulated', 1 if system('prlimit --version >/dev/null 2>&1') != 0;
		fill('growing');
		my $before = digest_of($node, 'growing');
		my $large = "INSERT INTO growing SELECT i, 1, i, (SELECT string_agg(md5((i * 100 + x)::text), '') FROM generate_series(1, 16) x) FROM generate_series(100001, 200000) i";

		system_or_bail('prlimit', '--pid', $pid, '--fsize=' . (20 * 1024 * 1024) . ':');
		foreach my $force ('off', 'on')
		{
			my ($status, $output, $error) = $node->psql('postgres', "LOAD 'focus';\nSET focus.debug_force_groups = $force;\n$large;\nSELECT 'alive';", on_error_stop => 0);

			like($error, qr/ERROR: .*(?:File too large|No space left)/, "full disk, $force: an error");
			like($output, qr/^alive$/m, "full disk, $force: the session lives");
			is(digest_of($node, 'growing'), $before, "full disk, $force: the table is as before");
		}
		if ($can_compact)
		{
			# rows in many small files of the delta would fit, the groups do not
			$node->psql('postgres', "CALL focus_compact('growing')");
			is(digest_of($node, 'growing'), $before, 'full disk: compaction loses nothing');
		}
		system_or_bail('prlimit', '--pid', $pid, '--fsize=unlimited:');
		$node->safe_psql('postgres', "VACUUM growing");
		$node->safe_psql('postgres', $large =~ s/200000/110000/r);
		compact($node, 'growing');
		is($node->safe_psql('postgres', 'SELECT count(*) FROM growing WHERE id > 100000'), 10000, 'full disk: later there is room');
	}
	return;
}
