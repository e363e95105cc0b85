# Microsoft Cost Management export, FocusCost 1.2-preview: byte order mark,
# CRLF, empty texts for nulls, lower-case resource ids, tag keys that differ in
# a leading space, quantities with the marks of binary floating point.  Billed
# in euros, priced in dollars.
package Demo::Microsoft;

use strict;
use warnings FATAL => 'all';
use integer;

use Demo::Export;

# Cents of a euro for a dollar.
use constant EUROS_PERCENT => 92;

my @columns = qw(
  BilledCost BillingAccountId BillingAccountName BillingAccountType BillingCurrency BillingPeriodEnd
  BillingPeriodStart CapacityReservationId CapacityReservationStatus ChargeCategory ChargeClass
  ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart CommitmentDiscountCategory
  CommitmentDiscountId CommitmentDiscountName CommitmentDiscountQuantity CommitmentDiscountStatus
  CommitmentDiscountType CommitmentDiscountUnit ConsumedQuantity ConsumedUnit ContractedCost
  ContractedUnitPrice EffectiveCost InvoiceId InvoiceIssuerName ListCost ListUnitPrice PricingCategory
  PricingCurrency PricingQuantity PricingUnit ProviderName PublisherName RegionId RegionName ResourceId
  ResourceName ResourceType ServiceCategory ServiceName ServiceSubcategory SkuId SkuMeter SkuPriceDetails
  SkuPriceId SubAccountId SubAccountName SubAccountType Tags x_AccountId x_AccountName x_AccountOwnerId
  x_AmortizationClass x_BilledCostInUsd x_BilledUnitPrice x_BillingAccountId x_BillingAccountName
  x_BillingExchangeRate x_BillingExchangeRateDate x_BillingProfileId x_BillingProfileName
  x_ContractedCostInUsd x_CostAllocationRuleName x_CostCenter x_CustomerId x_CustomerName
  x_EffectiveCostInUsd x_EffectiveUnitPrice x_InvoiceIssuerId x_InvoiceSectionId x_InvoiceSectionName
  x_ListCostInUsd x_PartnerCreditApplied x_PartnerCreditRate x_PricingBlockSize x_PricingSubcategory
  x_PricingUnitDescription x_PublisherCategory x_PublisherId x_ResellerId x_ResellerName
  x_ResourceGroupName x_ResourceType x_ServiceModel x_ServicePeriodEnd x_ServicePeriodStart
  x_SkuDescription x_SkuDetails x_SkuIsCreditEligible x_SkuMeterCategory x_SkuMeterId x_SkuMeterName
  x_SkuMeterSubcategory x_SkuOfferId x_SkuOrderId x_SkuOrderName x_SkuPartNumber x_SkuPlanName
  x_SkuRegion x_SkuServiceFamily x_SkuTerm x_SkuTier);

# service, category, subcategory, resource provider, meter, unit, block, price
# of a block in dollars, daily quantity of one resource, how many resources
my @services = (
	[ 'Virtual Machines', 'Compute', 'Virtual Machines', 'microsoft.compute/virtualmachines', 'D8s v5', 'Hours', 1, [ 460_000, 6 ], 24, 16 ],
	[ 'Azure Kubernetes Service', 'Compute', 'Containers', 'microsoft.compute/virtualmachinescalesets', 'D16s v5', 'Hours', 1, [ 920_000, 6 ], 24, 5 ],
	[ 'Azure App Service', 'Compute', 'Serverless Compute', 'microsoft.web/serverfarms', 'P1 v3 App', 'Hours', 1, [ 170_000, 6 ], 48, 4 ],
	[ 'SQL Database', 'Databases', 'Relational Databases', 'microsoft.sql/servers', 'vCore', 'Hours', 1, [ 252_200, 6 ], 192, 4 ],
	[ 'Storage Accounts', 'Storage', 'Object Storage', 'microsoft.storage/storageaccounts', 'LRS Write Operations', '10K', 10_000, [ 55_000, 6 ], 640_000, 8 ],
	[ 'Bandwidth', 'Networking', 'Network Infrastructure', 'microsoft.network/loadbalancers', 'Standard Data Transfer Out', 'GB', 1, [ 80_000, 6 ], 310, 4 ],
	[ 'Azure Monitor', 'Management and Governance', 'Observability', 'microsoft.operationalinsights/workspaces', 'Analytics Logs Data Ingestion', 'GB', 1, [ 2_300_000, 6 ], 18, 3 ]);

# model, words of the meter, dollars for a million tokens, thousands a day
my @meters = (
	[ 'gpt-5', 'GPT 5 Inp Glbl', [ 1_250, 3 ], 310_000 ],
	[ 'gpt-5', 'GPT 5 cached Inp Glbl', [ 125, 3 ], 520_000 ],
	[ 'gpt-5', 'GPT 5 outpt Glbl', [ 10_000, 3 ], 58_000 ],
	[ 'gpt-5-mini', 'GPT 5 mini Inp Glbl', [ 250, 3 ], 830_000 ],
	[ 'gpt-5-mini', 'GPT 5 mini outpt Glbl', [ 2_000, 3 ], 145_000 ]);

my @tags = (
	json(CostCentre => 'cc-1042', env => 'prod', org => 'payments'),
	json(CostCentre => 'cc-2087', env => 'prod', org => 'data', ' org' => 'data'),
	json(costcentre => 'cc-3110', env => 'dev'),
	json(CostCentre => 'cc-3110', env => 'prod', reviewed => undef),
	json('aks-managed-poolName' => 'user', CostCentre => 'cc-1000'),
	'');

sub day_cells
{
	my ($month, $day) = @_;
	return (
		BillingAccountId => '/providers/Microsoft.Billing/billingAccounts/7341905',
		BillingAccountName => 'Northwind Europe', BillingAccountType => 'Billing Account',
		SubAccountId => '/subscriptions/5b0f3c52-6a1e-4e0e-9f67-2c1d84b7a911',
		SubAccountName => 'Northwind Shared Platform', SubAccountType => 'Subscription',
		BillingCurrency => 'EUR', PricingCurrency => 'USD', x_BillingExchangeRate => [ EUROS_PERCENT, 2 ],
		BillingPeriodStart => "$month->{start}T00:00:00Z",
		BillingPeriodEnd => "$month->{end}T00:00:00Z",
		ChargePeriodStart => "${day}T00:00:00Z",
		ChargePeriodEnd => add_days($day, 1) . 'T00:00:00Z',
		ChargeCategory => 'Usage', ChargeFrequency => 'Usage-Based', PricingCategory => 'Standard',
		InvoiceIssuerName => 'Microsoft', ProviderName => 'Microsoft', PublisherName => 'Microsoft',
		RegionId => 'swedencentral', RegionName => 'Sweden Central',
		x_BillingAccountId => '7341905', x_InvoiceSectionId => 'EU-PLATFORM', x_PublisherCategory => 'Cloud Provider',
		x_SkuOfferId => 'MS-AZR-0017P');
}

# The cells of a charge for so many blocks at a price in dollars.
sub metered_cells
{
	my ($price, $blocks) = @_;
	my $cost_usd = times($price, $blocks);
	my $euro_price = percent($price, EUROS_PERCENT);
	my $cost = times($euro_price, $blocks);
	return (
		BilledCost => $cost, EffectiveCost => $cost, ListCost => $cost, ContractedCost => $cost,
		ListUnitPrice => $euro_price, ContractedUnitPrice => $euro_price, x_EffectiveUnitPrice => $euro_price,
		x_BilledCostInUsd => $cost_usd, x_EffectiveCostInUsd => $cost_usd, x_ListCostInUsd => $cost_usd,
		PricingQuantity => $blocks);
}

# A quantity the way a program prints a binary fraction next to a decimal one.
sub float_text
{
	my ($number) = @_;
	my $text = Demo::Export::decimal_text($number);
	return $text =~ /\.\d$/ ? $text . '00000000000005' : $text;
}

sub write_services
{
	my ($export, $day) = @_;
	my %day = day_cells($export->{month}, $day);

	foreach my $service (@services)
	{
		my ($name, $category, $subcategory, $type, $meter, $unit, $block, $price, $quantity, $count) = @$service;
		foreach my $number (1 .. $count)
		{
			my $used = [ $quantity * ($unit eq 'Hours' ? 1000 : 700 + random_below(61) * 10), 3 ];
			my $id = lc "$meter-$number" =~ s/ /-/gr;
			write_row($export, %day,
				metered_cells($price, [ $used->[0] / $block, 3 ]),
				ConsumedQuantity => float_text($used), ConsumedUnit => $unit eq '10K' ? 'Units' : $unit,
				PricingUnit => $unit eq '10K' ? 'Units' : $unit, x_PricingBlockSize => [ $block, 0 ], x_PricingUnitDescription => $unit,
				ServiceName => $name, ServiceCategory => $category, ServiceSubcategory => $subcategory,
				ChargeDescription => "$name - $meter",
				ResourceId => "$day{SubAccountId}/resourcegroups/rg-platform/providers/$type/$id", ResourceName => $id, ResourceType => $type,
				x_ResourceGroupName => 'rg-platform', x_ResourceType => $type,
				SkuId => "DZH318Z0-$block-" . length $meter, SkuMeter => $meter, SkuPriceId => "DZH318Z0_$unit",
				x_SkuMeterCategory => $name, x_SkuMeterName => $meter,
				Tags => $name =~ /Kubernetes/ ? $tags[4] : $tags[ ($number + length $meter) % @tags ]);
		}
	}
	return;
}

sub write_models
{
	my ($export, $day) = @_;
	my $month = $export->{month};

	foreach my $meter (@meters)
	{
		my ($model, $words, $price, $thousands) = @$meter;
		my $tokens = $thousands * (600 + random_below(801));
		my %metered = metered_cells($price, [ $tokens, 6 ]);
		if (!$export->{superseded})
		{
			expect('tokens', 'azure', $month->{start}, 'EUR', $model, [ $tokens, 0 ]);
			expect('tokencost', 'azure', $month->{start}, 'EUR', $model, $metered{EffectiveCost});
		}
		write_row($export, day_cells($month, $day), %metered,
			ConsumedQuantity => [ $tokens, 0 ], ConsumedUnit => 'Tokens',
			PricingUnit => 'Tokens', x_PricingBlockSize => [ 1_000_000, 0 ], x_PricingUnitDescription => '1M Tokens',
			ServiceName => 'Azure OpenAI', ServiceCategory => 'AI and Machine Learning', ServiceSubcategory => 'Generative AI',
			ChargeDescription => "Azure OpenAI - $words Tokens",
			ResourceId => '/subscriptions/5b0f3c52-6a1e-4e0e-9f67-2c1d84b7a911/resourcegroups/rg-ai/providers/microsoft.cognitiveservices/accounts/northwind-ai',
			ResourceName => 'northwind-ai', ResourceType => 'microsoft.cognitiveservices/accounts', x_ResourceGroupName => 'rg-ai',
			SkuId => 'AOAI-' . uc $words =~ s/\W//gr, SkuMeter => "$words 1M Tokens", SkuPriceId => 'AOAI_' . uc $words =~ s/\W//gr,
			x_SkuMeterCategory => 'Azure OpenAI', x_SkuMeterSubcategory => $model, x_SkuMeterName => "$words 1M Tokens",
			Tags => $tags[ random_below(4) ]);
	}
	return;
}

# One run of the export: a folder with the file and its manifest.  The first
# run of a complete month lacks the services of its last two days and is
# replaced by the second, which also has a row with a broken period.
sub write_run
{
	my ($root, $month, $superseded) = @_;
	my $run = $superseded ? '1d0c7a52-94e1-4f0b-8a36-50c2b7e9f311' : '8e42f6b0-3b7d-4c19-a5d8-7f61c09e2a44';
	my $folder = 'azure/exports/focus-cost/' . join('-', map { s/-//gr } $month->{start}, $month->{last}) . "/$run";
	my $complete = $month->{days}[-1] eq $month->{last};
	my $export = new_export(
		path => "$root/$folder/part_0_0001.csv", columns => \@columns,
		source => 'azure', month => $month, currency => 'EUR', bom => 1, eol => "\r\n", superseded => $superseded);

	seed_random("azure $month->{name}");
	foreach my $day (@{ $month->{days} })
	{
		write_models($export, $day);
		write_services($export, $day) unless $superseded && $day ge add_days($month->{last}, -1);
	}
	write_row($export, day_cells($month, $month->{last}),
		metered_cells([ 80_000, 6 ], [ 417_250, 3 ]),
		ServiceName => 'Bandwidth', ServiceCategory => 'Networking', ServiceSubcategory => 'Network Infrastructure',
		ChargeDescription => 'Bandwidth - Standard Data Transfer Out',
		unreadable => { ChargePeriodStart => 'last Tuesday' })
	  if $complete && !$superseded;
	close_export($export);
	write_manifest("$root/$folder", $month, $export);
	return $folder;
}

sub write_manifest
{
	my ($folder, $month, $export) = @_;
	my $bytes = -s $export->{path};
	my $blob = $export->{path} =~ s/.*?azure/azure/r;

	open my $file, '>', "$folder/manifest.json" or die "could not write $folder/manifest.json: $!\n";
	print $file <<"JSON";
{
  "manifestVersion": "2024-04-01",
  "byteCount": $bytes,
  "blobCount": 1,
  "dataRowCount": $export->{rows},
  "exportConfig": { "exportName": "focus-cost", "dataVersion": "1.2-preview", "type": "FocusCost", "timeFrame": "MonthToDate" },
  "runInfo": { "startDate": "$month->{start}T00:00:00", "endDate": "$month->{last}T00:00:00" },
  "blobs": [ { "blobName": "$blob", "byteCount": $bytes, "dataRowCount": $export->{rows} } ]
}
JSON
	close $file or die "could not write $folder/manifest.json: $!\n";
	return;
}

sub write_month
{
	my ($root, $month) = @_;
	my @deliveries;
	push @deliveries, [ 'azure', write_run($root, $month, 1) . '/part_*.csv', $month->{start}, '' ]
	  if $month->{days}[-1] eq $month->{last};
	push @deliveries, [ 'azure', write_run($root, $month, 0) . '/part_*.csv', $month->{start}, @deliveries ? 'replace' : '' ];
	return @deliveries;
}

1;
