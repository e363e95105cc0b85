# Alibaba Cloud, FOCUS 1.0-preview: plain CSV in yuan with several columns that
# are always empty.
package Demo::Alibaba;

use strict;
use warnings FATAL => 'all';
use integer;

use Demo::Export;

# service, category, type, unit, unit price, daily quantity, how many resources
my @services = (
	[ 'Elastic Compute Service', 'Compute', 'instance', 'Hour', [ 1_920_000, 6 ], [ 24_00, 2 ], 14 ],
	[ 'ApsaraDB RDS', 'Databases', 'dbinstance', 'Hour', [ 3_450_000, 6 ], [ 24_00, 2 ], 6 ],
	[ 'Object Storage Service', 'Storage', 'bucket', 'GB', [ 4_100, 6 ], [ 9_800_00, 2 ], 8 ],
	[ 'Content Delivery Network', 'Networking', 'domain', 'GB', [ 240_000, 6 ], [ 610_00, 2 ], 8 ]);

# The preview's columns as this provider spells them.
sub columns
{
	my ($spec) = @_;
	my %renamed = (
		ProviderName => 'Provider', PublisherName => 'Publisher', InvoiceIssuerName => 'InvoiceIssuer', RegionId => 'Region');
	return (
		(map { $renamed{$_} // $_ } grep { !/^(ChargeClass|RegionName|CommitmentDiscountStatus)$/ } spec_columns($spec, '1.0')),
		'ChargeSubcategory');
}

# A complete month has a row without a cost that can be read.
sub write_month
{
	my ($root, $spec, $month) = @_;
	my $path = 'alibaba/' . ($month->{name} =~ s/-//r) . '_focus_bill.csv';
	my $export = new_export(
		path => "$root/$path", columns => [ columns($spec) ], source => 'alibaba', month => $month, currency => 'CNY');

	seed_random("alibaba $month->{name}");
	foreach my $day (@{ $month->{days} })
	{
		foreach my $service (@services)
		{
			my ($name, $category, $type, $unit, $price, $base, $count) = @$service;
			foreach my $number (1 .. $count)
			{
				my $quantity = $unit eq 'Hour' ? $base : [ $base->[0] * (70 + random_below(61)) / 100, 2 ];
				my $list = times($price, $quantity);
				my $cost = percent($list, 85);
				my $broken = $number == $count && $category eq 'Networking' && $day eq $month->{last};
				write_row($export,
					BillingAccountId => '1487205530196624', BillingAccountName => 'northwind-cn', SubAccountId => '1487205530196624',
					BillingCurrency => 'CNY',
					BillingPeriodStart => "$month->{start}T00:00:00Z", BillingPeriodEnd => "$month->{end}T00:00:00Z",
					ChargePeriodStart => "${day}T00:00:00Z", ChargePeriodEnd => add_days($day, 1) . 'T00:00:00Z',
					ChargeCategory => 'Usage', ChargeSubcategory => 'On-Demand', ChargeFrequency => 'Usage-Based', PricingCategory => 'On-Demand',
					BilledCost => $cost, EffectiveCost => $cost, ListCost => $list, ListUnitPrice => $number % 3 ? $price : undef,
					PricingQuantity => $quantity, PricingUnit => $unit,
					Provider => 'Alibaba Cloud', Publisher => 'Alibaba Cloud', InvoiceIssuer => 'Alibaba Cloud',
					Region => 'cn-shanghai', AvailabilityZone => 'cn-shanghai-g',
					ServiceName => $name, ServiceCategory => $category, ResourceType => $type,
					ResourceId => "$type-" . (7000 + $number), ResourceName => "$type-$number",
					Tags => $number % 4 ? json(CostCentre => 'cc-3110', country => 'cn') : '',
					$broken ? (unreadable => { BilledCost => 'n/a' }) : ());
			}
		}
	}
	close_export($export);
	return [ 'alibaba', $path, $month->{start}, '' ];
}

1;
