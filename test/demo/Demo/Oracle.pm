# Oracle Cloud FOCUS reports: the preview's column names, oci_ columns, gzip
# CSV, times without seconds, empty names, one file a day.  The files of a month
# are its increments and are loaded together.
package Demo::Oracle;

use strict;
use warnings FATAL => 'all';
use integer;

use Demo::Export;

my @columns = qw(
  AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
  BillingPeriodStart ChargeCategory ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart
  ChargeSubCategory CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName
  CommitmentDiscountType EffectiveCost InvoiceIssuer ListCost ListUnitPrice PricingCategory PricingQuantity
  PricingUnit Provider Publisher Region ResourceId ResourceName ResourceType ServiceCategory ServiceName
  SkuId SkuPriceId SubAccountId SubAccountName Tags UsageQuantity UsageUnit oci_ReferenceNumber
  oci_CompartmentId oci_CompartmentName oci_OverageFlag oci_UnitPriceOverage oci_BilledQuantityOverage
  oci_CostOverage oci_AttributedUsage oci_AttributedCost oci_BackReferenceNumber);

# service, category, sku, description, unit, unit price, quantity in an hour,
# resource type; the network row is billed but leaves EffectiveCost at zero
my @services = (
	[ 'COMPUTE', 'Compute', 'B92306', 'Standard - E3 - OCPU', 'OCPU Hours', [ 25_000, 6 ], [ 16_0, 1 ], 'instance' ],
	[ 'COMPUTE', 'Compute', 'B92307', 'Standard - E3 - Memory', 'GB Hours', [ 1_500, 6 ], [ 256_0, 1 ], 'instance' ],
	[ 'DATABASE', 'Databases', 'B95702', 'Autonomous Transaction Processing - ECPU', 'ECPU Hours', [ 336_000, 6 ], [ 8_0, 1 ], 'autonomousdatabase' ],
	[ 'NETWORK', 'Networking', 'B88327', 'Outbound Data Transfer Zone 1', 'GB Months', [ 8_500, 6 ], [ 12_4, 1 ], 'vnic' ]);

my @tags = (
	json(CostCentre => 'cc-1042', environment => 'prod'),
	json(CostCentre => 'cc-4400', environment => 'dev'),
	'{}');

sub write_hour
{
	my ($export, $day, $hour, $reference) = @_;
	my $month = $export->{month};
	my $start = sprintf '%sT%02d:00Z', $day, $hour;
	my $end = $hour == 23 ? add_days($day, 1) . 'T00:00Z' : sprintf '%sT%02d:00Z', $day, $hour + 1;

	foreach my $number (0 .. $#services)
	{
		my ($name, $category, $sku, $description, $unit, $price, $base, $type) = @{ $services[$number] };
		my $quantity = $name eq 'NETWORK' ? [ 10 + random_below(220), 1 ] : $base;
		my $cost = times($price, $quantity);
		write_row($export,
			AvailabilityZone => 'kWVD:EU-FRANKFURT-1-AD-1', Region => 'eu-frankfurt-1',
			BillingAccountId => '60771329', SubAccountId => 'ocid1.tenancy.oc1..northwind', SubAccountName => 'northwind',
			BillingCurrency => 'USD', BillingPeriodStart => "$month->{start}T00:00Z", BillingPeriodEnd => "$month->{end}T00:00Z",
			ChargeCategory => 'Usage', ChargeSubCategory => 'On-Demand', ChargeFrequency => 'Usage-based',
			ChargeDescription => $description, ChargePeriodStart => $start, ChargePeriodEnd => $end,
			InvoiceIssuer => 'Oracle', Provider => 'Oracle', Publisher => 'Oracle',
			BilledCost => $cost, EffectiveCost => $name eq 'NETWORK' ? money(0, 0) : $cost, ListCost => $cost,
			ListUnitPrice => $price, PricingQuantity => $quantity, PricingUnit => $unit, UsageQuantity => $quantity, UsageUnit => $unit,
			ServiceName => $name, ServiceCategory => $category, SkuId => $sku,
			ResourceId => "ocid1.$type.oc1.eu-frankfurt-1.$number", ResourceType => $type, Tags => $tags[ $number % @tags ],
			oci_ReferenceNumber => sprintf('%s-%02d-%d', $reference, $hour, $number), oci_OverageFlag => 'false',
			oci_CompartmentId => 'ocid1.compartment.oc1..platform', oci_CompartmentName => 'platform');
	}
	return;
}

sub write_month
{
	my ($root, $month) = @_;
	my $base = 'oci/FOCUS Reports/' . ($month->{name} =~ s{-}{/}r);

	seed_random("oci $month->{name}");
	foreach my $day (@{ $month->{days} })
	{
		my $folder = substr $day, 8;
		my $reference = '7d1' . random_below(1_000_000_000);
		my $export = new_export(
			path => "$root/$base/$folder/0000$reference-00001.csv.gz", columns => \@columns,
			source => 'oci', month => $month, currency => 'USD', gzip => 1);
		write_hour($export, $day, $_, $reference) foreach 0 .. 23;
		close_export($export);
	}
	return [ 'oci', "$base/*/*.csv.gz", $month->{start}, '' ];
}

1;
