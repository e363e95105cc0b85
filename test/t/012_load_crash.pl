# A load that dies in the middle, with its backend or with the server, leaves
# the former delivery as it was, and can simply be run again.

use strict;
use warnings;

use IPC::Run ();
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nfsync = on\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

my $dir = PostgreSQL::Test::Utils::tempdir();
my $header = "BilledCost,BillingPeriodStart,ChargeDescription\n";
my $former = "$dir/former.csv";
my $later = "$dir/later.csv";
my $pipe = "$dir/pipe.csv";

sub write_rows
{
	my ($path, $count, $cost) = @_;

	open my $out, '>', $path or die "$path: $!";
	print $out $header, map { "$cost,2025-01-01T00:00:00Z,row $_\n" } 1 .. $count;
	close $out or die;
}

sub state_of
{
	return $node->safe_psql('postgres', q{
		SELECT (SELECT count(*) FROM focus_cost_and_usage), (SELECT sum(billedcost) FROM focus_cost_and_usage),
			(SELECT string_agg(state || rows_stored, ' ' ORDER BY loadid) FROM focus_loads),
			(SELECT count(*) FROM focus_rejected_rows)});
}

write_rows($former, 5000, '1.25');
write_rows($later, 60_000, '0.50');
$node->safe_psql('postgres', "SELECT * FROM focus_load('$former', source => 's')");
my $state = '5000|6250.00|current5000|0';
is(state_of(), $state, 'the former delivery');
POSIX::mkfifo($pipe, 0600) or die "$pipe: $!";

# Starts a replacing load of a pipe and feeds it until rows have been stored.
sub start_load
{
	my ($output, $error) = ('', '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'SELECT pg_backend_pid()',
			'-c', "SELECT * FROM focus_load('$pipe', source => 's', mode => 'replace')" ],
		'<', \'', '>', \$output, '2>', \$error);

	$psql->pump until $output =~ /^(\d+)\n/;
	my $pid = $1;
	open my $out, '>', $pipe or die "$pipe: $!";
	$out->autoflush(1);
	print $out $header;
	print $out "0.50,2025-01-01T00:00:00Z,row $_\n" for 1 .. 60_000;
	# more than the pipe and the reader's buffer hold went through: rows are in the table's pages
	return ($pid, $psql, $out);
}

local $SIG{PIPE} = 'IGNORE';
for my $how ('terminate', 'kill', 'stop')
{
	my ($pid, $psql, $out) = start_load();

	if ($how eq 'terminate')
	{
		# reading a pipe ends with the next bytes only, as with COPY
		$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
		print $out "0.50,2025-01-01T00:00:00Z,more $_\n" for 1 .. 20_000;
	}
	elsif ($how eq 'kill')
	{
		kill 'KILL', $pid;
	}
	else
	{
		$node->stop('immediate');
	}
	close $out;
	$psql->finish;
	$node->start if $how eq 'stop';
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server does not come back';
	is(state_of(), $state, "$how: the former delivery is as it was");
}
like(slurp_file($node->logfile), qr/redo done at/, 'the server has recovered');
like(slurp_file($node->logfile), qr/was terminated by signal 9/, 'a backend was killed');

is($node->safe_psql('postgres', "SELECT rows_stored, rows_replaced FROM focus_load('$later', source => 's', mode => 'replace')"),
	'60000|5000', 'the load runs again');
is(state_of(), '60000|30000.00|replaced5000 current60000|0', 'and has replaced the former one');

$node->stop;
done_testing();
