# A focus table and a heap twin through crashes, on a standby, decoded, dumped
# and restored, and in prepared transactions.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "fsync = on\nautovacuum = off\nwal_keep_size = '1GB'\nwal_consistency_checking = 'heap,btree'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

# Runs a statement on both tables, whose name it gives as TABLE.
sub on_both
{
	my ($statement) = @_;

	foreach my $table ('of_focus', 'of_heap')
	{
		$node->safe_psql('postgres', $statement =~ s/\bTABLE\b/$table/gr);
	}
	return;
}

sub is_equal
{
	my ($server, $rows, $name) = @_;

	is($server->safe_psql('postgres', q{
		SELECT (SELECT count(*) FROM of_focus), count(*) FROM (
			(SELECT * FROM of_focus EXCEPT ALL SELECT * FROM of_heap) UNION ALL
			(SELECT * FROM of_heap EXCEPT ALL SELECT * FROM of_focus)) d}), "$rows|0", $name);
	return;
}

$node->safe_psql('postgres', q{
	CREATE TABLE of_focus (id integer PRIMARY KEY, note text, cost numeric) USING focus;
	CREATE TABLE of_heap (LIKE of_focus INCLUDING ALL) USING heap});
is($node->safe_psql('postgres', q{SELECT string_agg(amname, ' ' ORDER BY relname) FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE relname IN ('of_focus', 'of_heap')}),
	'focus heap', 'the tables have different access methods');

# A standby follows; each cycle ends with a crash of the primary.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
my $rows = 0;
foreach my $cycle (1 .. 3)
{
	on_both(qq{INSERT INTO TABLE SELECT $cycle * 10000 + i, repeat(md5(i::text), 1 + i % 200), i * 0.01 FROM generate_series(1, 1000) i});
	on_both(qq{UPDATE TABLE SET cost = cost + $cycle WHERE id % 3 = 0});
	on_both(qq{DELETE FROM TABLE WHERE id BETWEEN $cycle * 10000 + 1 AND $cycle * 10000 + 100});
	on_both($cycle == 2 ? 'VACUUM FULL TABLE' : 'VACUUM TABLE');
	$rows += 900;
	$node->wait_for_catchup($standby);
	is_equal($standby, $rows, "cycle $cycle: equal on the standby");
	my $offset = -s $node->logfile;
	$node->stop('immediate');
	$node->start;
	like(slurp_file($node->logfile, $offset), qr/redo done/, "cycle $cycle: the server recovered");
	is_equal($node, $rows, "cycle $cycle: equal after a crash");
}

# Prepared transactions outlive a crash.
$node->safe_psql('postgres', qq{
	BEGIN; INSERT INTO $_ SELECT i, 'prepared' FROM generate_series(1, 50) i; PREPARE TRANSACTION 'kept_$_';
	BEGIN; DELETE FROM $_ WHERE id > 20000; PREPARE TRANSACTION 'undone_$_'}) foreach 'of_focus', 'of_heap';
$node->stop('immediate');
$node->start;
$node->safe_psql('postgres', "COMMIT PREPARED 'kept_$_'") foreach 'of_focus', 'of_heap';
$node->safe_psql('postgres', "ROLLBACK PREPARED 'undone_$_'") foreach 'of_focus', 'of_heap';
$rows += 50;
is_equal($node, $rows, 'equal after two-phase commit');

# Decoding reports the same changes of both tables, with values out of line.
$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('slot', 'test_decoding')});
on_both(q{INSERT INTO TABLE SELECT 100, string_agg(md5(i::text), ''), 1 FROM generate_series(1, 500) i});
on_both(q{UPDATE TABLE SET cost = 2 WHERE id = 100});
on_both(q{UPDATE TABLE SET id = 101 WHERE id = 100});
on_both(q{DELETE FROM TABLE WHERE id = 101});
my @changes = split /\n/, $node->safe_psql('postgres',
	q{SELECT data FROM pg_logical_slot_get_changes('slot', NULL, NULL, 'include-xids', '0') WHERE data LIKE 'table %'});
my @of_focus = map { s/of_focus/name/r } grep { /of_focus/ } @changes;
my @of_heap = map { s/of_heap/name/r } grep { /of_heap/ } @changes;
is(scalar @of_focus, 4, 'each change is decoded');
like($of_focus[0], qr/INSERT.*[0-9a-f]{16000}/, 'with its value out of line');
is_deeply(\@of_focus, \@of_heap, 'as for heap');

# A standby that is promoted, dump and restore.
$node->wait_for_catchup($standby);
$standby->promote;
is_equal($standby, $rows, 'equal on the promoted standby');
$standby->safe_psql('postgres', "INSERT INTO of_focus VALUES (1000000); INSERT INTO of_heap VALUES (1000000)");
is_equal($standby, $rows + 1, 'which takes rows');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '--file', $dump, $node->connstr('postgres') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'restore');
is($node->safe_psql('restored', q{
	SELECT amname, (SELECT count(*) FROM of_focus), (SELECT count(*) FROM (TABLE of_focus EXCEPT ALL TABLE of_heap) d)
	FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE relname = 'of_focus'}), "focus|$rows|0", 'restored as it was');

$standby->stop;
$node->stop;
done_testing();
