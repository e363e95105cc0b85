# Google Cloud, the published BigQuery view in the shape of FOCUS 1.0, exported
# to CSV: enumerations in lower case, tags as an array, numbers with an
# exponent, billing periods cut at midnight in Los Angeles with an inclusive
# end.  Corrections come as a second file that adds to the month.
package Demo::Google;

use strict;
use warnings FATAL => 'all';
use integer;

use Demo::Export;

# service, category, sku, unit, unit price, daily quantity of one resource,
# how many resources, credit in per cent
my @services = (
	[ 'Compute Engine', 'Compute', 'N2 Instance Core running in Belgium', 'hour', [ 34_773, 6 ], [ 768_000, 3 ], 12, 20 ],
	[ 'Compute Engine', 'Compute', 'N2 Instance Ram running in Belgium', 'gibibyte hour', [ 4_661, 6 ], [ 3_072_000, 3 ], 12, 20 ],
	[ 'Cloud SQL', 'Databases', 'Cloud SQL for PostgreSQL: Zonal - vCPU in Belgium', 'hour', [ 45_400, 6 ], [ 192_000, 3 ], 4, 0 ],
	[ 'BigQuery', 'Analytics', 'Analysis (europe-west1)', 'tebibyte', [ 6_250_000, 6 ], [ 3_400, 3 ], 6, 0 ],
	[ 'Cloud Storage', 'Storage', 'Standard Storage Belgium', 'gibibyte month', [ 20_000, 6 ], [ 41_300, 3 ], 8, 0 ],
	[ 'Cloud Storage', 'Storage', 'Regional Standard Class B Operations', 'count', [ 4, 7 ], [ 26_000, 3 ], 8, 0 ],
	[ 'Networking', 'Networking', 'Network Internet Egress from Belgium to Europe', 'gibibyte', [ 85_000, 6 ], [ 52_700, 3 ], 6, 0 ]);

# model, sku, price of a token, thousands of tokens a day
my @models = (
	[ 'Gemini 2.5 Pro', 'Text Input - Predictions', [ 125, 8 ], 260_000 ],
	[ 'Gemini 2.5 Pro', 'Text Output - Predictions', [ 1_000, 8 ], 47_000 ],
	[ 'Gemini 2.5 Flash', 'Text Input - Predictions', [ 30, 8 ], 710_000 ],
	[ 'Gemini 2.5 Flash', 'Text Output - Predictions', [ 250, 8 ], 128_000 ]);

# Midnight in Los Angeles, as a time in UTC.  The first day of a month is on
# summer time from April to November, the last one from March to October.
sub los_angeles
{
	my ($date, $first_summer_month, $last_summer_month) = @_;
	my $month = substr $date, 5, 2;
	return $date . ($month >= $first_summer_month && $month <= $last_summer_month ? ' 07:00:00+00:00' : ' 08:00:00+00:00');
}

sub tags_text
{
	my @pairs = @_;
	my @tags;
	while (my ($key, $value) = splice @pairs, 0, 2)
	{
		push @tags, qq({"key":"$key","value":"$value","x_type":"label","x_inherited":false,"x_namespace":""});
	}
	return '[' . join(',', @tags) . ']';
}

my @labels = (
	tags_text(CostCentre => 'cc-2087', team => 'data-platform'),
	tags_text(CostCentre => 'cc-4400', team => 'ml'),
	tags_text(CostCentre => 'cc-1042'),
	tags_text());

sub day_cells
{
	my ($month, $day) = @_;
	return (
		BillingAccountId => '01A7F2-5C90BE-D4413E', BillingAccountName => 'Northwind',
		SubAccountId => 'northwind-analytics', SubAccountName => 'Northwind Analytics',
		BillingCurrency => 'USD',
		BillingPeriodStart => los_angeles($month->{start}, 4, 11),
		BillingPeriodEnd => los_angeles($month->{last}, 3, 10),
		ChargePeriodStart => "$day 00:00:00+00:00",
		ChargePeriodEnd => add_days($day, 1) . ' 00:00:00+00:00',
		ChargeCategory => 'usage', ChargeFrequency => 'usage-based', PricingCategory => 'standard',
		InvoiceIssuerName => 'Google Cloud', ProviderName => 'Google Cloud', PublisherName => 'Google Cloud',
		RegionId => 'europe-west1', RegionName => 'europe-west1',
		x_Credits => '[]', x_CostType => 'regular', x_CurrencyConversionRate => [ 1, 0 ],
		x_ExportTime => add_days($day, 1) . ' 09:41:' . (10 + random_below(50)) . '.' . (100000 + random_below(900000)) . '+00:00',
		x_Location => '{"location":"europe-west1","country":"BE"}',
		x_Project => '{"id":"northwind-analytics","number":"604417882310"}');
}

# The cells of a charge: its cost, and what a credit leaves of it.
sub metered_cells
{
	my ($price, $quantity, $unit, $sku, $credit) = @_;
	my $cost = times($price, $quantity);
	my $net = percent($cost, 100 - $credit);
	return (
		BilledCost => $net, EffectiveCost => $net, ListCost => $cost, ContractedCost => $cost,
		ListUnitPrice => $price, ContractedUnitPrice => $price,
		PricingQuantity => $quantity, PricingUnit => $unit, ConsumedQuantity => $quantity, ConsumedUnit => $unit,
		ChargeDescription => $sku, SkuId => sprintf('%04X-%04X', length($sku) * 977, $price->[0] % 65536),
		SkuPriceId => "Billing Account ID:01A7F2-5C90BE-D4413E, SKU ID: $sku, Price Tier Start Amount: 0",
		x_Credits => $credit ? qq([{"name":"Committed use","type":"COMMITTED_USAGE_DISCOUNT","percent":$credit}]) : '[]');
}

sub write_day
{
	my ($export, $day) = @_;
	my $month = $export->{month};

	foreach my $service (@services)
	{
		my ($name, $category, $sku, $unit, $price, $quantity, $count, $credit) = @$service;
		foreach my $number (1 .. $count)
		{
			write_row($export, day_cells($month, $day),
				metered_cells($price, [ $quantity->[0] * (75 + random_below(51)) / 100, 3 ], $unit, $sku, $credit),
				ServiceName => $name, ServiceCategory => $category, x_ServiceId => '6F81-5844-456A',
				ResourceId => '//' . lc "$name-$number" =~ s/ //gr, ResourceName => lc "$name-$number" =~ s/ //gr,
				ResourceType => 'resource', Tags => $labels[ $number % @labels ]);
		}
	}
	foreach my $model (@models)
	{
		my ($name, $sku, $price, $thousands) = @$model;
		my $tokens = [ $thousands * (600 + random_below(801)), 0 ];
		my %metered = metered_cells($price, $tokens, 'tokens', "$name $sku", 0);
		expect('tokens', 'gcp', $month->{start}, 'USD', $name, $tokens);
		expect('tokencost', 'gcp', $month->{start}, 'USD', $name, $metered{EffectiveCost});
		write_row($export, day_cells($month, $day), %metered,
			ServiceName => 'Vertex AI', ServiceCategory => 'AI and Machine Learning', x_ServiceId => 'C7E2-9256-1C43',
			ResourceId => '//aiplatform', ResourceName => 'aiplatform', ResourceType => 'model', Tags => $labels[1]);
	}
	return;
}

# Takes back a part of the month's first network charges.
sub write_corrections
{
	my ($export) = @_;
	my $month = $export->{month};

	foreach my $day (@{ $month->{days} }[ 0 .. 4 ])
	{
		my $sku = 'Network Internet Egress from Belgium to Europe';
		write_row($export, day_cells($month, $day),
			metered_cells([ 85_000, 6 ], [ -4_000 - random_below(3_000), 3 ], 'gibibyte', $sku, 0),
			ChargeClass => 'correction', x_CostType => 'adjustment',
			ServiceName => 'Networking', ServiceCategory => 'Networking', x_ServiceId => '6F81-5844-456A',
			ResourceId => '//networking-1', ResourceName => 'networking-1', ResourceType => 'resource', Tags => $labels[1]);
	}
	return;
}

sub write_month
{
	my ($root, $spec, $month) = @_;
	my $name = $month->{name} =~ s/-//r;
	my @columns = (spec_columns($spec, '1.0'), qw(x_CostType x_Credits x_CurrencyConversionRate x_ExportTime x_Location x_Project x_ServiceId));
	my %options = (
		columns => \@columns, source => 'gcp', month => $month, currency => 'USD',
		number => \&Demo::Export::scientific_text);
	my $export = new_export(%options, path => "$root/gcp/focus_${name}_000000000000.csv");
	my @deliveries = [ 'gcp', "gcp/focus_${name}_000000000000.csv", $month->{start}, '' ];

	seed_random("gcp $month->{name}");
	write_day($export, $_) foreach @{ $month->{days} };
	close_export($export);
	if ($month->{days}[-1] eq $month->{last})
	{
		$export = new_export(%options, path => "$root/gcp/focus_${name}_late_000000000000.csv");
		write_corrections($export);
		close_export($export);
		push @deliveries, [ 'gcp', "gcp/focus_${name}_late_000000000000.csv", $month->{start}, 'append' ];
	}
	return @deliveries;
}

1;
