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
# Loads by a mapping die while rows are made of what has been read: a row waits
# for a lock.
$node->safe_psql('postgres', q{
	CREATE FUNCTION hold() RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(17); RETURN NULL; END';
	INSERT INTO focus_mappings (mapping, provider, detect, description) VALUES ('slow', 'Provider', '{month price}', 'One that waits.');
	INSERT INTO focus_mapping_columns VALUES ('slow', 'BilledCost', $$cells ->> 'price'$$), ('slow', 'BillingPeriodStart', $$cells ->> 'month'$$),
		('slow', 'x_wait', $$CASE WHEN cells ->> 'price' = '7' THEN public.hold() END$$);
	CREATE TABLE "LiteLLM_SpendLogs" AS SELECT 'r' || i AS request_id, 0.5::float8 AS spend, 1 AS prompt_tokens, 0 AS completion_tokens,
		timestamp '2025-01-02' AS "startTime", timestamp '2025-01-02' AS "endTime", 'm' AS model FROM generate_series(1, 20000) AS i});
append_to_file("$dir/native.csv", "Month,Price\n" . "2025-01-01,0.25\n" x 20_000 . "2025-01-01,7\n");
my %loads = (
	focus_load => "SELECT focus_load('$dir/native.csv', source => 's', mode => 'replace')",
	focus_load_records => q{SELECT focus_load_records('SELECT jsonb_build_object(''Month'', ''2025-01-01'', ''Price'', CASE i WHEN 20000 THEN 7 ELSE 1 END) FROM generate_series(1, 20000) AS i',
		'slow', source => 's', mode => 'replace')},
	focus_load_litellm => q{SELECT focus_load_litellm('"LiteLLM_SpendLogs"')});
foreach my $function (sort keys %loads)
{
	foreach my $how ('terminate', 'kill', 'stop')
	{
		my ($output, $error) = ('', '');
		my $holder = $node->background_psql('postgres');
		# LiteLLM's mapping waits for nothing, so its load is held where it writes what it has done
		$holder->query_safe($_) foreach 'BEGIN', 'SELECT pg_advisory_xact_lock(17)', 'SELECT pg_advisory_xact_lock(1718575987, 0)';
		my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $loads{$function} ], '<', \'', '>', \$output, '2>', \$error);

		ok($node->poll_query_until('postgres', q{SELECT rows_stored >= 19900 FROM focus_load_progress}, 't'), "$function, $how: rows have been stored");
		my $pid = $node->safe_psql('postgres', 'SELECT pid FROM focus_load_progress');
		my $offset = -s $node->logfile;
		$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 60000)") if $how eq 'terminate';
		kill 'KILL', $pid if $how eq 'kill';
		$node->stop('immediate') if $how eq 'stop';
		$psql->finish;
		$holder->quit;
		$node->start if $how eq 'stop';
		if ($how eq 'kill')
		{
			for (1 .. 600)
			{
				last if slurp_file($node->logfile, $offset) =~ /reinitializing.*ready to accept connections/s;
				select undef, undef, undef, 0.1;
			}
		}
		is(state_of(), $state, "$function, $how: the former delivery is as it was");
	}
}
is($node->safe_psql('postgres', q{SELECT rows_stored FROM focus_load_litellm('"LiteLLM_SpendLogs"')}), '20000', 'and what died runs again');
is($node->safe_psql('postgres', q{SELECT focus_unload(max(deliveryid)) FROM focus_loads}), '20000', 'and is taken back');
is($node->safe_psql('postgres', 'SELECT count(*) FROM focus_cost_and_usage'), '5000', 'which leaves the former delivery');

like(slurp_file($node->logfile), qr/redo done at/, 'the server has recovered');
like(slurp_file($node->logfile), qr/was terminated by signal 9/, 'a backend was killed');

is($node->safe_psql('postgres', "SELECT rows_stored, rows_replaced FROM focus_load('$later', source => 's', mode => 'replace')"),
	'60000|5000', 'the load runs again');
is(state_of(), '60000|30000.00|replaced5000 removed20000 current60000|0', 'and has replaced the former one');

$node->stop;
done_testing();
