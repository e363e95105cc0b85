# The case of docs/guide/chargeback.md: its allocated charges keep the rules of
# the specification. Then the database is dumped and restored: the allocation is
# all there, and the allocated view still recognises the charges that were split.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Cwd;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('allocation');
$node->init;
$node->start;

my $sql = join '', slurp_file('docs/guide/chargeback.md') =~ /^```sql\n(.*?)^```/gms;
$node->safe_psql('postgres', $sql);

# The allocated charges keep the specification's rules on the Allocated columns.
my $rules = Cwd::abs_path('src/spec/conformance_rules.csv');
my $columns = slurp_file($rules);
$columns =~ s/\n.*//s;
my $definition = join ', ', map { qq("$_" text) } split /,/, $columns;
is( $node->safe_psql(
		'postgres', qq{
CREATE TEMP TABLE rules ($definition);
COPY rules FROM '$rules' (FORMAT csv, HEADER);
CREATE TEMP TABLE charges AS
	SELECT allocatedmethodid, allocatedmethoddetails, allocatedresourceid, allocatedresourcename,
		allocatedtags::jsonb, tags::jsonb, contractapplied, chargeperiodstart, resourceid
	FROM focus_allocated_cost_and_usage;
CREATE FUNCTION pg_temp.broken() RETURNS TABLE (checked bigint, broken text) LANGUAGE plpgsql AS \$\$
DECLARE
	rule record;
	hits bigint;
BEGIN
	checked := 0;
	FOR rule IN SELECT * FROM rules WHERE scope = 'row' AND column_id LIKE 'Allocated%' LOOP
		EXECUTE format('SELECT count(*) FROM charges WHERE (%s) AND (%s) IS NOT TRUE',
			coalesce(nullif(rule.condition, ''), 'true'), rule."check") INTO hits;
		checked := checked + 1;
		broken := CASE WHEN hits > 0 THEN concat_ws(' ', broken, rule.rule_id) ELSE broken END;
	END LOOP;
	RETURN NEXT;
END
\$\$;
SELECT checked > 20, broken FROM pg_temp.broken()}),
	't|', 'the allocated charges conform to FOCUS');

# A method of one's own must come back, the built-in ones must not come twice.
$node->safe_psql('postgres', q{
INSERT INTO focus_allocation_methods (method_id, version, kind, driver_metrics, driver_weights, description)
VALUES ('GPU', 1, 'proportional', '{gpu_hours}', '{1}', 'By GPU')});

my $probe = q{
SELECT (SELECT count(*) FROM focus_allocation_methods), (SELECT count(*) FROM focus_cluster_metrics),
	(SELECT count(*) FROM focus_allocated_charges), (SELECT count(*) FROM focus_job_steps),
	(SELECT count(*) FROM focus_allocated_cost_and_usage), (SELECT sum(effectivecost) FROM focus_allocated_cost_and_usage),
	(SELECT count(*) FROM focus_allocation_reconciliation WHERE difference <> 0),
	(SELECT count(*) FROM focus_namespace_chargeback)};
is($node->safe_psql('postgres', $probe), '7|5|6|1|6|30500|0|6', 'before the dump');
my $dump = $node->basedir . '/dump.sql';
command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'restore');
is($node->safe_psql('restored', $probe), '7|5|6|1|6|30500|0|6', 'after the restore');
$node->safe_psql('restored', "CALL focus_run_chargeback('2026-01-01')");
is($node->safe_psql('restored', $probe), '7|5|6|2|6|30500|0|6', 'and a new run replaces the restored one');

$node->stop;
done_testing();
