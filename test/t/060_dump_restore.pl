# A dump holds all data of the extension's tables and nothing twice; a schema
# other than public works the same.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my $csv = $node->basedir . '/charges.csv';
append_to_file($csv, <<'CSV');
BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ProviderName,BillingAccountId,BillingCurrency,BilledCost,EffectiveCost,Tags,x_Extra
2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-01T00:00:00Z,2026-10-02T00:00:00Z,AWS,123,USD,1.10,0.90,"{""CostCentre"": ""a""}",q
2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-02T00:00:00Z,2026-10-03T00:00:00Z,AWS,123,USD,-0.000000000001,0,"{""CostCentre"": true}",
2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-03T00:00:00Z,2026-10-04T00:00:00Z,AWS,123,USD,free,0,,
CSV

# Rows of every table that the extension asks pg_dump to take, as one text.
sub contents
{
	my ($database) = @_;

	my $tables = $node->safe_psql($database, q{
		SELECT string_agg(format('SELECT %L, t::text FROM %s AS t', relname, oid::regclass), ' UNION ALL ')
		FROM pg_class
		WHERE oid IN (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'focus') AND relkind = 'r'});
	return $node->safe_psql($database, "$tables ORDER BY 1, 2");
}

# What the extension consists of, without names of its schema.
sub objects
{
	my ($database) = @_;

	return $node->safe_psql($database, q{
		SELECT replace(pg_describe_object(classid, objid, objsubid), extnamespace::regnamespace || '.', '')
		FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.deptype = 'e' AND extname = 'focus'
		ORDER BY 1});
}

foreach my $schema ('public', 'Billing Data')
{
	my $name = $schema eq 'public' ? 'plain' : 'other';
	my $quoted = qq{"$schema"};

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql('postgres', "CREATE DATABASE ${name}_restored");
	$node->safe_psql($name, "CREATE SCHEMA IF NOT EXISTS $quoted");
	$node->safe_psql($name, "CREATE EXTENSION focus SCHEMA $quoted");
	$node->psql($name, "SELECT $quoted.focus_load('$csv')");
	is($node->safe_psql($name, "SELECT count(*), sum(billedcost) FROM $quoted.focus_cost_and_usage"),
		'2|1.099999999999', "$schema: the file is loaded");
	is($node->safe_psql($name, "SELECT rows_stored FROM $quoted.focus_load('$csv')"), '0',
		"$schema: once");
	$node->safe_psql($name, qq{INSERT INTO $quoted.focus_mappings (mapping, description) VALUES ('mine', 'a mapping');
		INSERT INTO $quoted.focus_mapping_columns VALUES ('mine', 'BilledCost', '1')});

	my $dump = $node->basedir . "/$name.sql";
	$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr($name) ], "$schema: dump");
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr("${name}_restored") ],
		"$schema: restore");
	is(contents("${name}_restored"), contents($name), "$schema: the same rows in every table");
	is($node->safe_psql("${name}_restored", "SELECT nextval('$quoted.focus_loadid_seq') > max(loadid) FROM $quoted.focus_loads"),
		't', "$schema: load numbers go on where they were");
	is($node->safe_psql("${name}_restored", "SELECT rows_stored FROM $quoted.focus_load('$csv')"), '0',
		"$schema: the restored database still knows the file");
}
is(objects('other'), objects('plain'), 'the same objects in any schema');

$node->stop;
done_testing();
