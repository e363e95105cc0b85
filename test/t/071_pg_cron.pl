# The chargeback job and a job that loads what has landed under the real pg_cron:
# one run that pg_cron starts by itself, and the schedule that goes away again.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('cron');
$node->init;

# Where pg_cron's library is not installed the server would not start.
my $pkglibdir = $node->config_data('--pkglibdir');
plan skip_all => 'pg_cron is not installed' unless -e "$pkglibdir/pg_cron.so";

$node->append_conf(
	'postgresql.conf', qq(
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
max_worker_processes = 20
));
$node->start;
$node->safe_psql('postgres', 'CREATE SCHEMA "Finance"; CREATE EXTENSION focus SCHEMA "Finance"');

# Before CREATE EXTENSION pg_cron the message says what is missing.
my ($ret, $stdout, $stderr) =
  $node->psql('postgres', 'SELECT "Finance".focus_schedule_chargeback()');
isnt($ret, 0, 'no schedule without the extension');
like($stderr, qr/extension "pg_cron" is not installed in database "postgres"/, 'the error says so');
like($stderr, qr/DETAIL:.*has it, but/, 'the detail tells a missing package from a missing extension');
like($stderr, qr/HINT:.*shared_preload_libraries = 'pg_cron'.*cron\.database_name = 'postgres'.*CREATE EXTENSION pg_cron/,
	'the hint says what to do');

$node->safe_psql(
	'postgres', q{
CREATE EXTENSION pg_cron;
SET search_path = "Finance";
INSERT INTO focus_clusters VALUES ('c');
INSERT INTO focus_cluster_pools (cluster, pool, method_id, receiver) VALUES ('c', 'fee', 'PLATFORM_FLAT_FEE', 'platform');
INSERT INTO focus_cluster_charges (cluster, pool, service_name) VALUES ('c', 'fee', 'EKS');
INSERT INTO focus_cost_and_usage (billedcost, effectivecost, billingcurrency, chargeperiodstart, chargeperiodend, servicename)
SELECT 10, 10, 'USD', m, m + interval '1 hour', 'EKS'
FROM (VALUES (date_trunc('month', now(), 'UTC')),
			 ((date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month') AT TIME ZONE 'UTC')) AS v(m);
});

is($node->safe_psql('postgres', 'SELECT "Finance".focus_schedule_chargeback() > 0'), 't', 'scheduled');
is( $node->safe_psql('postgres', 'SELECT "Finance".focus_schedule_chargeback($$* * * * *$$) > 0'),
	't', 'scheduled again');
is( $node->safe_psql('postgres', 'SELECT jobname, schedule, command, database, username FROM cron.job'),
	'focus_chargeback|* * * * *|CALL "Finance".focus_run_chargeback(months => 2, commit_each => true)|postgres|'
	  . $node->safe_psql('postgres', 'SELECT current_user'),
	'the later schedule replaced the first');

my $landing = PostgreSQL::Test::Utils::tempdir();
append_to_file("$landing/2020-01.csv", "BillingPeriodStart,BilledCost\n2020-01-01T00:00:00Z,1.25\n2020-01-01T00:00:00Z,x\n");
chmod 0755, $landing;
$node->safe_psql('postgres', qq{
INSERT INTO "Finance".focus_sources (source, mode, path) VALUES ('vendor', 'replace', '$landing');
SELECT cron.schedule('load vendor', '* * * * *', \$\$SELECT "Finance".focus_load_pending('vendor', quiet => '0')\$\$)});

# pg_cron starts jobs at the full minute.
ok( $node->poll_query_until(
		'postgres', q{SELECT count(*) >= 2 FROM "Finance".focus_job_runs WHERE state = 'succeeded'}),
	'pg_cron ran the chargeback of both months');
is( $node->safe_psql('postgres', q{
SELECT count(*), sum(effective_cost) FROM "Finance".focus_namespace_chargeback WHERE namespace = 'platform'}),
	'2|20', 'the charges are allocated');
ok( $node->poll_query_until(
		'postgres', q{SELECT count(*) > 0 FROM cron.job_run_details WHERE status = 'succeeded'}),
	'pg_cron saw it succeed');

ok( $node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM "Finance".focus_arrivals}), 'pg_cron ran the load');
is( $node->safe_psql('postgres', q{
SELECT outcome, rows_stored, rows_rejected, (SELECT sum(billedcost) FROM "Finance".focus_cost_and_usage WHERE x_loadid IS NOT NULL)
FROM "Finance".focus_arrivals}), 'loaded|1|1|1.25', 'what has landed is loaded');
append_to_file("$landing/2020-02.csv", "BillingPeriodStart,BilledCost\n2020-02-01T00:00:00Z,2\n");
ok( $node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM "Finance".focus_loads}), 'and what lands later by the next run');
is( $node->safe_psql('postgres', q{SELECT count(*) FROM "Finance".focus_cost_and_usage WHERE x_loadid IS NOT NULL}), '2', 'once');
$node->safe_psql('postgres', q{SELECT cron.unschedule('load vendor')});

is($node->safe_psql('postgres', 'SELECT "Finance".focus_unschedule_chargeback()'), 't', 'unscheduled');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), '0', 'pg_cron has no job left');
is($node->safe_psql('postgres', 'SELECT "Finance".focus_unschedule_chargeback()'), 'f', 'nothing left to unschedule');

$node->stop;
done_testing();
