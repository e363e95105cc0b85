# What test/setup.sh installs, asks for and leaves alone.  All commands that it
# could do harm with are stand-ins that write down how they were called.

use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

my $bin = PostgreSQL::Test::Utils::tempdir_short();
my $log = "$bin/log";
my @build = qw(gcc libc6-dev libcsv-dev libzstd-dev make perl postgresql-15 postgresql-server-dev-15 zlib1g-dev);
my @tests = (@build, qw(libipc-run-perl libtap-parser-sourcehandler-pgtap-perl zstd postgresql-15-cron postgresql-15-pgtap));

foreach my $command (qw(sh sed grep head dirname ls cat true))
{
	my ($path) = grep { -x } map { "$_/$command" } split /:/, $ENV{PATH};
	symlink $path, "$bin/$command" or die "could not link $command: $!";
}

sub stand_in
{
	my ($command, $script) = @_;
	open my $file, '>', "$bin/$command" or die "could not write $bin/$command: $!";
	print $file "#!/bin/sh\n$script\n";
	close $file;
	chmod 0755, "$bin/$command";
	return;
}

# A machine: who we are, what is installed, whether sudo works.  Installing
# makes a package installed.
sub machine
{
	my (%machine) = @_;
	unlink glob("$bin/installed-*"), "$bin/sudo", $log;
	append_to_file("$bin/installed-$_", '') foreach @{ $machine{installed} };
	stand_in('id', "echo $machine{uid}");
	stand_in('dpkg-query', qq(while [ \$# -gt 1 ]; do shift; done; [ -e "$bin/installed-\$1" ] && echo installed));
	stand_in('apt-cache', 'echo "postgresql"; echo "  Depends: postgresql-15"');
	stand_in('apt-get', qq(echo "apt-get \$*" >>$log; for p; do : >"$bin/installed-\$p"; done));
	stand_in('sudo', qq(echo "sudo" >>$log; [ "\$1" = -n ] && shift; exec "\$@")) if $machine{sudo};
	return;
}

# Runs setup.sh; returns its exit status, what it printed and what it called.
sub setup
{
	my ($purpose, $pg_config) = @_;
	local $ENV{PATH} = $bin;
	local $ENV{PG_CONFIG} = $pg_config;
	my ($stdout, $stderr) = ('', '');
	IPC::Run::run([ 'sh', 'test/setup.sh', $purpose ], '<', \undef, '>', \$stdout, '2>', \$stderr);
	my $status = $? >> 8;
	return ($status, $stdout . $stderr, -e $log ? slurp_file($log) : '');
}

sub without
{
	my ($left_out, @packages) = @_;
	return [ grep { $_ ne $left_out } @packages ];
}

my $pg_config = '/usr/lib/postgresql/15/bin/pg_config';

machine(uid => 1000, installed => \@tests);
is_deeply([ setup('tests', $pg_config) ], [ 0, '', '' ], 'nothing missing: nothing said, nothing called');

machine(uid => 1000, installed => \@build);
is_deeply([ setup('demo', $pg_config) ], [ 0, '', '' ], 'the demonstration needs no test packages');
my ($status, $output, $calls) = setup('tests', $pg_config);
is($status, 1, 'an ordinary user without sudo is refused');
like($output, qr/missing: packages libipc-run-perl libtap-parser-sourcehandler-pgtap-perl zstd postgresql-15-pgtap postgresql-15-cron\n/,
	'and told what is missing');
is($calls, '', 'and nothing is called');

machine(uid => 0, installed => without('libcsv-dev', @tests));
($status, $output, $calls) = setup('tests', $pg_config);
is($status, 0, 'root installs');
is($calls, "apt-get -q update\napt-get -q install -y --no-install-recommends libcsv-dev\n", 'just what is missing');

machine(uid => 1000, sudo => 1, installed => without('zlib1g-dev', @tests));
($status, $output, $calls) = setup('demo', $pg_config);
is($status, 0, 'an ordinary user installs by sudo');
like($calls, qr/^(sudo\n)+apt-get -q update\nsudo\napt-get -q install -y --no-install-recommends zlib1g-dev\n$/, 'just what is missing');

machine(uid => 0, installed => without('gcc', @tests));
stand_in('apt-get', qq(echo "apt-get \$*" >>$log));
($status, $output, $calls) = setup('demo', $pg_config);
is($status, 1, 'an installation that did not help is an error');
like($output, qr/missing: packages gcc\n/, 'that names what is still missing');

machine(uid => 0, installed => \@tests);
stand_in('apt-get', qq(echo "apt-get \$*" >>$log; exit 100));
unlink "$bin/installed-libcsv-dev";
($status) = setup('demo', $pg_config);
is($status, 100, 'a failure of apt-get is passed on');

machine(uid => 1000, installed => \@tests);
($status, $output) = setup('tests', '/usr/lib/postgresql/17/bin/pg_config');
is($status, 1, 'the packages are those of the PostgreSQL asked for');
like($output, qr/packages postgresql-17 postgresql-server-dev-17 postgresql-17-pgtap postgresql-17-cron\n/, 'also when it is not there yet');

machine(uid => 1000, installed => without('postgresql-15', @tests));
($status, $output) = setup('demo', '/opt/pg/bin/pg_config');
is($status, 0, 'a server from elsewhere needs no server packages');

unlink "$bin/apt-get";
($status, $output) = setup('tests', '/nowhere/pg_config');
is($status, 1, 'without apt-get nothing is installed');
like($output, qr/the command cc\n.*the C header csv\.h.*PostgreSQL 15 or later.*the Perl module IPC::Run\n/s, 'but all that is missing is listed');

($status) = setup('nonsense', $pg_config);
is($status, 2, 'the purpose has to be known');

done_testing();
