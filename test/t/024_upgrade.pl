# pg_upgrade from an older major version takes focus tables along, rows in row
# groups included, by copying files and by linking them.
#
#   FOCUS_OLD_PG_CONFIG   pg_config of the older server, for which the source
#                         tree is built and into which it is installed
#
# Without it there is nothing to upgrade from, and the test is skipped; so it is
# where focus is not installed in the newer server, because pg_upgrade looks for
# libraries there only.

use strict;
use warnings;

use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old_pg_config = $ENV{FOCUS_OLD_PG_CONFIG};

plan skip_all => 'FOCUS_OLD_PG_CONFIG names no older server to upgrade from' if !$old_pg_config;

plan skip_all => 'focus is not installed in the newer server' if !-e (`pg_config --pkglibdir` =~ s/\n//r) . '/focus.so';

my $old_bindir = `$old_pg_config --bindir` =~ s/\n//r;
my $dir = PostgreSQL::Test::Utils::tempdir();
my $digest = 'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM';

# A copy of the tree, because its objects are for the newer server
make_path("$dir/build");
system_or_bail('sh', '-c', "tar --exclude=./build --exclude=./.git --exclude=./tmp_check --exclude='*.o' --exclude='*.d' --exclude='*.bc' --exclude='*.so' -cf - . | tar -C '$dir/build' -xf -");
system_or_bail('sh', '-c', "cd '$dir/build' && env -u MAKEFLAGS -u MAKELEVEL make -s with_llvm=no PG_CONFIG='$old_pg_config' install >'$dir/build.log' 2>&1 || { cat '$dir/build.log'; exit 1; }");

foreach my $mode ('copy', 'link')
{
	my $old = PostgreSQL::Test::Cluster->new("old_$mode", install_path => $old_bindir =~ s{/bin$}{}r);
	my $new = PostgreSQL::Test::Cluster->new("new_$mode");
	# from 18 on, checksums are the default, and both have to agree
	my @no_checksums = `$ENV{PG_REGRESS} --version` =~ / (?:1[89]|2\d)/ ? ('--no-data-checksums') : ();

	{
		# settings of the newer server's tests, such as where its library is
		local $ENV{TEMP_CONFIG};
		delete $ENV{TEMP_CONFIG};
		$old->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	}
	$old->append_conf('postgresql.conf', "autovacuum = off\n");
	$old->start;
	$old->safe_psql('postgres', q{
		CREATE EXTENSION focus;
		CREATE TABLE t (id integer PRIMARY KEY, kind integer, cost numeric, note text, tags focus_tags, gone integer) USING focus;
		INSERT INTO t SELECT i, i % 9, (i % 1000)::numeric / 8, repeat(md5((i % 50)::text), i % 4), '{"env": "prod"}', i FROM generate_series(1, 20000) i;
		CREATE TABLE small (LIKE t) USING focus;
		INSERT INTO small SELECT * FROM t WHERE id < 10});
	if ($old->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_compact'}))
	{
		$old->safe_psql('postgres', "CALL focus_compact('t')");
		$old->safe_psql('postgres', "CALL focus_compact('small')");
	}
	$old->safe_psql('postgres', q{
		DELETE FROM t WHERE id % 10 = 0;
		UPDATE t SET note = 'updated' WHERE id % 10 = 1;
		ALTER TABLE t DROP gone;
		ALTER TABLE t ADD added integer DEFAULT 7;
		INSERT INTO t (id) SELECT generate_series(30001, 30100)});
	my %expected = map { $_ => $old->safe_psql('postgres', "$digest $_ t") } 't', 'small';
	$old->stop;
	$new->init(extra => [ '--encoding=UTF8', '--no-locale', @no_checksums ]);

	chdir $dir or die;
	$new->command_ok([ 'pg_upgrade', '--no-sync', '-b', $old_bindir, '-B', $new->config_data('--bindir'), '-d', $old->data_dir, '-D', $new->data_dir,
			'-p', $old->port, '-P', $new->port, '-s', $new->host, "--$mode" ] , "$mode: pg_upgrade")
	  if $mode eq 'link' || `pg_upgrade --help` =~ /--copy\b/;
	$new->command_ok([ 'pg_upgrade', '-b', $old_bindir, '-B', $new->config_data('--bindir'), '-d', $old->data_dir, '-D', $new->data_dir,
			'-p', $old->port, '-P', $new->port, '-s', $new->host ], "$mode: pg_upgrade")
	  if $mode eq 'copy' && `pg_upgrade --help` !~ /--copy\b/;

	$new->start;
	foreach my $table ('t', 'small')
	{
		is($new->safe_psql('postgres', "$digest $table t"), $expected{$table}, "$mode: $table is equal");
	}
	is($new->safe_psql('postgres', "SET enable_seqscan = off; SELECT note FROM t WHERE id = 10001"), 'updated', "$mode: found by index");
	$new->safe_psql('postgres', "DELETE FROM t WHERE id % 10 = 2; INSERT INTO t (id) VALUES (-1)");
	$new->safe_psql('postgres', "CALL focus_compact('t')") if $new->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_compact'});
	is($new->safe_psql('postgres', 'SELECT count(*) FROM t'), 18000 + 100 - 2010 + 1, "$mode: takes changes");
	$new->safe_psql('postgres', 'VACUUM FULL t');
	is($new->safe_psql('postgres', 'SELECT count(*), count(note) FROM t'), '16091|16000', "$mode: and VACUUM FULL");
	$new->stop;
	chdir $ENV{PWD} if $ENV{PWD};
}
done_testing();
