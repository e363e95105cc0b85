# Which rules of FOCUS 1.3 rows of a public file break: the FinOps Foundation's
# sample of FOCUS 1.0, 1,000 rows of several providers.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $shared = $ENV{FOCUS_SHARED} // '';
my $file = "$shared/data/multi_provider/focus_1_0_sample_1000.csv";

plan skip_all => 'FOCUS_SHARED has no public data' unless -e $file;

# rules of 1.3 that a file of 1.0 cannot keep are among them: it lacks the column
my $expected = <<'END';
CAU-BillingAccountName-C-003-C 7
CAU-ChargeFrequency-C-003-M 7
CAU-ConsumedQuantity-C-004-C 2
CAU-ConsumedQuantity-C-009-C 7
CAU-ConsumedUnit-C-003-O 10
CAU-ContractedCost-C-003-M 7
CAU-ContractedCost-C-011-C 38
CAU-ContractedUnitPrice-C-006-C 5
CAU-ContractedUnitPrice-C-009-M 1
CAU-ContractedUnitPrice-C-013-C 38
CAU-ContractedUnitPrice-C-014-C 1
CAU-EffectiveCost-C-010-M 1
CAU-EffectiveCost-C-012-C 2
CAU-HostProviderName-C-006-M 998
CAU-ListCost-C-011-C 490
CAU-ListUnitPrice-C-012-C 7
CAU-ListUnitPrice-C-014-C 490
CAU-PricingCategory-C-004-C 5
CAU-PricingCategory-C-012-C 1
CAU-PricingQuantity-C-011-C 8
CAU-PricingQuantity-C-013-C 503
CAU-PricingUnit-C-003-O 10
CAU-RegionName-C-004-C 7
CAU-RegionName-C-005-C 2
CAU-ResourceType-C-004-C 36
CAU-ResourceType-C-005-C 752
CAU-ServiceName-C-005-C 1
CAU-ServiceName-C-008-C 33
CAU-ServiceSubcategory-C-002-M 1000
CAU-SkuPriceId-C-005-C 5
END

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');
is($node->safe_psql('postgres', "SELECT rows_stored, rows_rejected FROM focus_load('$file', source => 'sample')"), '1000|0', 'the sample loads');

my $fired = q{
	SELECT string_agg(rule_id || ' ' || violations || E'\n', '' ORDER BY rule_id COLLATE "C")
	FROM focus_validate('focus_cost_and_usage') WHERE state = 'failed'};
is($node->safe_psql('postgres', $fired), $expected, 'the rules that fire, and how many rows break each');

# Said by plain queries over the file's rows: prices that do not make the cost, and cells that are missing or should be.
is($node->safe_psql('postgres', q{
	SELECT count(*) FILTER (WHERE listcost <> listunitprice * pricingquantity), count(*) FILTER (WHERE servicesubcategory IS NULL),
		count(*) FILTER (WHERE resourceid IS NULL AND resourcetype IS NOT NULL)
	FROM focus_cost_and_usage}), '490|1000|36', 'as plain queries say');

# Rows that are mended keep the rule.
$node->safe_psql('postgres', q{UPDATE focus_cost_and_usage SET resourcetype = NULL WHERE resourceid IS NULL});
is($node->safe_psql('postgres', q{SELECT state FROM focus_validate('focus_cost_and_usage') WHERE rule_id = 'CAU-ResourceType-C-004-C'}), 'passed', 'mended rows break it no more');

$node->stop;
done_testing();
