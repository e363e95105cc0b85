# AWS Data Exports, table FOCUS 1.2: gzip CSV, quoted empty texts, decimals
# padded with zeros, milliseconds, tags as JSON.
package Demo::AWS;

use strict;
use warnings FATAL => 'all';
use integer;

use Demo::Export;

use constant CLUSTER => 'production-eks-eu-west-1';
use constant NODES => 12;
use constant COVERED_NODES => 9;
use constant SAVINGS_PLAN => 'arn:aws:savingsplans::210944301872:savingsplan/6f0c1f7e-2b1d-4a55-9d0e-0f6a1c5b7e42';

# A node is one m6i.16xlarge: list price and the savings plan's price an hour.
my $node_price = [ 3_424_000, 6 ];
my $node_committed_price = percent($node_price, 60);

# service, category, subcategory, resource type, meter, unit, unit price,
# daily quantity of one resource, how many resources, discounted by contract
my @services = (
	[ 'AmazonEC2', 'Compute', 'Virtual Machines', 'Instance', 'EUW1-BoxUsage:m6i.2xlarge', 'Hours', [ 428_000, 6 ], [ 24, 0 ], 14, 1 ],
	[ 'AmazonEC2', 'Compute', 'Virtual Machines', 'Instance', 'EUW1-BoxUsage:c6i.4xlarge', 'Hours', [ 776_000, 6 ], [ 24, 0 ], 8, 1 ],
	[ 'AmazonECS', 'Compute', 'Containers', 'Task', 'EUW1-Fargate-vCPU-Hours:perCPU', 'vCPU-Hours', [ 40_480, 6 ], [ 3_840_000, 4 ], 3, 0 ],
	[ 'AWSLambda', 'Compute', 'Serverless Compute', 'Function', 'EUW1-Lambda-GB-Second', 'Lambda-GB-Second', [ 166_667, 10 ], [ 1_750_000, 0 ], 4, 0 ],
	[ 'AmazonRDS', 'Databases', 'Relational Databases', 'DB Instance', 'EUW1-InstanceUsage:db.r6g.2xl', 'Hours', [ 963_000, 6 ], [ 24, 0 ], 5, 1 ],
	[ 'AmazonS3', 'Storage', 'Object Storage', 'Bucket', 'EUW1-TimedStorage-ByteHrs', 'GB-Mo', [ 23_000, 6 ], [ 16_480_000, 4 ], 4, 1 ],
	[ 'AmazonS3', 'Storage', 'Object Storage', 'Bucket', 'EUW1-Requests-Tier2', 'Requests', [ 4, 7 ], [ 2_150_000, 0 ], 4, 0 ],
	[ 'AWSDataTransfer', 'Networking', 'Network Infrastructure', 'Transfer', 'EUW1-DataTransfer-Out-Bytes', 'GB', [ 90_000, 6 ], [ 4_260_000, 4 ], 4, 0 ],
	[ 'AmazonCloudWatch', 'Management and Governance', 'Observability', 'Log Group', 'EUW1-DataProcessing-Bytes', 'GB', [ 570_000, 6 ], [ 310_000, 4 ], 3, 0 ]);

# model, price of 1K input tokens, of 1K output tokens, thousands a day
my @models = (
	[ 'anthropic.claude-sonnet-4', [ 3_000, 6 ], [ 15_000, 6 ], 94_000, 21_000 ],
	[ 'amazon.nova-pro', [ 800, 6 ], [ 3_200, 6 ], 240_000, 48_000 ],
	[ 'meta.llama3-3-70b-instruct', [ 720, 6 ], [ 720, 6 ], 61_000, 17_000 ]);

# cost centre and environment; the last pair is a resource without tags
my @owners = (
	[ 'cc-1042', 'prod' ], [ 'cc-2087', 'prod' ], [ 'cc-3110', 'prod' ], [ 'cc-3110', 'staging' ], [ 'cc-4400', 'prod' ], []);

sub columns
{
	my ($spec) = @_;
	return (spec_columns($spec, '1.2'), qw(x_Discounts x_Operation x_ServiceCode));
}

# What the rows of a day have in common.
sub day_cells
{
	my ($month, $day) = @_;
	return (
		BillingAccountId => '210944301872',
		BillingAccountName => 'Northwind Payer',
		BillingAccountType => 'AWS Organization',
		SubAccountId => '318820017465',
		SubAccountName => 'platform-production',
		SubAccountType => 'AWS Account',
		BillingCurrency => 'USD',
		PricingCurrency => 'USD',
		BillingPeriodStart => "$month->{start}T00:00:00.000Z",
		BillingPeriodEnd => "$month->{end}T00:00:00.000Z",
		ChargePeriodStart => "${day}T00:00:00.000Z",
		ChargePeriodEnd => add_days($day, 1) . 'T00:00:00.000Z',
		ChargeCategory => 'Usage',
		ChargeFrequency => 'Usage-Based',
		InvoiceId => "EUINIE$month->{name}" =~ s/-//r,
		InvoiceIssuerName => 'Amazon Web Services EMEA SARL',
		ProviderName => 'AWS',
		PublisherName => 'AWS',
		RegionId => 'eu-west-1',
		RegionName => 'EU (Ireland)',
		Tags => '{}',
		x_Discounts => '{}');
}

# The cells of a metered charge at a list price, less 5 % where the contract
# has a discount.
sub metered_cells
{
	my ($price, $quantity, $unit, $discounted) = @_;
	my $contracted = $discounted ? percent($price, 95) : $price;
	my $cost = times($contracted, $quantity);
	return (
		BilledCost => $cost,
		EffectiveCost => $cost,
		ContractedCost => $cost,
		ListCost => times($price, $quantity),
		ListUnitPrice => $price,
		ContractedUnitPrice => $contracted,
		PricingCurrencyListUnitPrice => $price,
		PricingCurrencyContractedUnitPrice => $contracted,
		PricingCurrencyEffectiveCost => $cost,
		PricingCategory => 'Standard',
		PricingQuantity => $quantity,
		PricingUnit => $unit,
		ConsumedQuantity => $quantity,
		ConsumedUnit => $unit,
		x_Discounts => $discounted ? '{"EdpDiscount":-0.05}' : '{}');
}

sub owner_tags
{
	my ($owner) = @_;
	return @$owner ? json(CostCentre => $owner->[0], Environment => $owner->[1]) : '{}';
}

sub cluster_tags
{
	return json(
		'aws:eks:cluster-name' => CLUSTER,
		'aws:autoscaling:groupName' => 'eks-general-purpose',
		'eks:nodegroup-name' => 'general-purpose',
		'kubernetes.io/cluster/' . CLUSTER, 'owned',
		CostCentre => 'cc-1000');
}

# Writes a row of the cluster and adds it to what the cluster costs.
sub write_cluster_row
{
	my ($export, %row) = @_;
	expect('cluster', 'aws', $export->{month}{start}, 'USD', lc $_, $row{$_}) foreach qw(BilledCost EffectiveCost ListCost ContractedCost);
	write_row($export, %row, Tags => cluster_tags());
	return;
}

# How many of the cluster's nodes run on a day: two rest at the weekend.
sub nodes_on
{
	my ($day) = @_;
	my $weekday = (day_of($day) + 4) % 7;
	return $weekday == 0 || $weekday == 6 ? NODES - 4 : NODES;
}

# The nodes, most of them covered by a savings plan, its purchase and what of
# it nobody used: for each day used and unused add up to the purchase.
sub write_nodes
{
	my ($export, $day) = @_;
	my %day = day_cells($export->{month}, $day);
	my $hours = [ 24, 0 ];
	my $used = money(0, 0);
	my $commitment = times([ $node_committed_price->[0] * COVERED_NODES, 6 ], $hours);
	my %plan = (
		CommitmentDiscountId => SAVINGS_PLAN,
		CommitmentDiscountName => 'Compute Savings Plan 3yr No Upfront',
		CommitmentDiscountCategory => 'Spend',
		CommitmentDiscountType => 'ComputeSavingsPlans',
		CommitmentDiscountUnit => 'USD');

	foreach my $node (1 .. nodes_on($day))
	{
		my $id = sprintf 'i-0a4f%02x7be91c30d5%02x', $node * 7, $node;
		my %row = (
			%day,
			metered_cells($node_price, $hours, 'Hours', 1),
			ServiceName => 'AmazonEC2', ServiceCategory => 'Compute', ServiceSubcategory => 'Virtual Machines',
			ChargeDescription => 'm6i.16xlarge Linux/UNIX instance hour',
			ResourceId => "arn:aws:ec2:eu-west-1:318820017465:instance/$id", ResourceName => "eks-node-$node", ResourceType => 'Instance',
			AvailabilityZone => 'eu-west-1' . (qw(a b c))[ $node % 3 ],
			SkuId => 'M6I16XLEUW1', SkuMeter => 'EUW1-BoxUsage:m6i.16xlarge', SkuPriceId => 'M6I16XLEUW1.JRTCKXETXF',
			SkuPriceDetails => json(InstanceType => 'm6i.16xlarge', CoreCount => [ 64, 0 ], MemorySize => [ 256, 0 ], OperatingSystem => 'Linux'),
			x_ServiceCode => 'AmazonEC2', x_Operation => 'RunInstances');
		if ($node <= COVERED_NODES)
		{
			my $share = times($node_committed_price, $hours);
			$used = add($used, $share);
			%row = (
				%row, %plan,
				BilledCost => money(0, 0),
				EffectiveCost => $share,
				PricingCurrencyEffectiveCost => $share,
				PricingCategory => 'Committed',
				CommitmentDiscountStatus => 'Used',
				CommitmentDiscountQuantity => $share);
		}
		write_cluster_row($export, %row);
	}

	my %leftover = (
		%day, %plan,
		ServiceName => 'ComputeSavingsPlans', ServiceCategory => 'Compute', ServiceSubcategory => 'Virtual Machines',
		ResourceId => SAVINGS_PLAN, ResourceType => 'Savings Plan',
		x_ServiceCode => 'ComputeSavingsPlans', x_Operation => 'None',
		SkuId => 'CSP3YNU', SkuPriceId => 'CSP3YNU.1');
	write_row($export, %leftover,
		ChargeCategory => 'Purchase', ChargeFrequency => 'Recurring', ChargeDescription => '3 year No Upfront Compute Savings Plan',
		PricingCategory => 'Standard',
		BilledCost => $commitment, EffectiveCost => money(0, 0), ListCost => $commitment, ContractedCost => $commitment,
		CommitmentDiscountQuantity => $commitment);
	expect('commitment', 'aws', $export->{month}{start}, 'USD', 'purchased', $commitment);
	expect('commitment', 'aws', $export->{month}{start}, 'USD', 'used and unused', $commitment);

	my $unused = [ $commitment->[0] - $used->[0], MONEY ];
	return if $unused->[0] == 0;
	write_row($export, %leftover,
		ChargeDescription => 'Unused Compute Savings Plan commitment',
		PricingCategory => 'Committed', CommitmentDiscountStatus => 'Unused',
		BilledCost => money(0, 0), EffectiveCost => $unused, ListCost => money(0, 0), ContractedCost => money(0, 0),
		CommitmentDiscountQuantity => $unused);
	return;
}

# What the cluster needs beside its nodes.
sub write_cluster_parts
{
	my ($export, $day) = @_;
	my %day = day_cells($export->{month}, $day);
	my $arn = 'arn:aws:eks:eu-west-1:318820017465:cluster/' . CLUSTER;

	write_cluster_row($export, %day,
		metered_cells([ 100_000, 6 ], [ 24, 0 ], 'Hours', 0),
		ServiceName => 'AmazonEKS', ServiceCategory => 'Compute', ServiceSubcategory => 'Containers',
		ChargeDescription => 'Amazon EKS cluster usage in EU (Ireland)',
		ResourceId => $arn, ResourceName => CLUSTER, ResourceType => 'Cluster',
		SkuId => 'EKSCLUSTER', SkuMeter => 'EUW1-AmazonEKS-Hours:perCluster', SkuPriceId => 'EKSCLUSTER.1',
		x_ServiceCode => 'AmazonEKS', x_Operation => 'CreateOperation');
	write_cluster_row($export, %day,
		metered_cells([ 48_000, 6 ], [ 11_000_000 + random_below(2_000_000), 4 ], 'GB', 0),
		ServiceName => 'AmazonVPC', ServiceCategory => 'Networking', ServiceSubcategory => 'Network Infrastructure',
		ChargeDescription => '$0.048 per GB data processed by NAT gateways',
		ResourceId => 'arn:aws:ec2:eu-west-1:318820017465:natgateway/nat-0c41d7', ResourceName => 'eks-nat', ResourceType => 'NAT Gateway',
		SkuId => 'NATGWBYTES', SkuMeter => 'EUW1-NatGateway-Bytes', SkuPriceId => 'NATGWBYTES.1',
		x_ServiceCode => 'AmazonEC2', x_Operation => 'NatGateway');
	return;
}

sub write_services
{
	my ($export, $day) = @_;
	my %day = day_cells($export->{month}, $day);

	foreach my $service (@services)
	{
		my ($name, $category, $subcategory, $type, $meter, $unit, $price, $quantity, $count, $discounted) = @$service;
		foreach my $number (1 .. $count)
		{
			my $jitter = $unit eq 'Hours' ? 100 : 80 + random_below(41);
			my $id = lc "$name-$type-" =~ s/ //gr;
			write_row($export, %day,
				metered_cells($price, [ $quantity->[0] * $jitter / 100, $quantity->[1] ], $unit, $discounted),
				ServiceName => $name, ServiceCategory => $category, ServiceSubcategory => $subcategory,
				ChargeDescription => "$meter in EU (Ireland)",
				ResourceId => "arn:aws:$id$number", ResourceName => "$id$number", ResourceType => $type,
				SkuId => uc "$meter" =~ s/\W//gr, SkuMeter => $meter, SkuPriceId => "$meter.1",
				Tags => owner_tags($owners[ ($number + length $meter) % @owners ]),
				x_ServiceCode => $name, x_Operation => 'None');
		}
	}
	return;
}

sub write_models
{
	my ($export, $day) = @_;
	my %day = day_cells($export->{month}, $day);

	foreach my $model (@models)
	{
		my ($name, $input_price, $output_price, $input, $output) = @$model;
		foreach my $direction ([ 'input', $input_price, $input ], [ 'output', $output_price, $output ])
		{
			my ($word, $price, $thousands) = @$direction;
			my $tokens = $thousands * (600 + random_below(801));
			my %metered = metered_cells($price, [ $tokens, 3 ], '1K tokens', 0);
			expect('tokens', 'aws', $export->{month}{start}, 'USD', $name, [ $tokens, 0 ]);
			expect('tokencost', 'aws', $export->{month}{start}, 'USD', $name, $metered{EffectiveCost});
			write_row($export, %day, %metered,
				ServiceName => 'AmazonBedrock', ServiceCategory => 'AI and Machine Learning', ServiceSubcategory => 'Generative AI',
				ChargeDescription => "$name $word tokens",
				ResourceType => 'Model', ResourceId => "arn:aws:bedrock:eu-west-1::foundation-model/$name", ResourceName => $name,
				SkuId => uc "$name$word" =~ s/\W//gr, SkuMeter => "EUW1-$name-$word-tokens", SkuPriceId => "$name-$word.1",
				SkuPriceDetails => json(x_Model => $name, x_InferenceType => ucfirst "$word tokens"),
				Tags => owner_tags($owners[ random_below(5) ]),
				x_ServiceCode => 'AmazonBedrock', x_Operation => 'InvokeModelInference');
		}
	}
	return;
}

# Charges that come once a month.
sub write_monthly
{
	my ($export) = @_;
	my $month = $export->{month};
	my %whole_month = (day_cells($month, $month->{start}), ChargePeriodEnd => "$month->{end}T00:00:00.000Z");
	my $support = money(8_450_00, 2);
	my $tax = percent($support, 23);
	my $credit = money(-1_250_00, 2);

	write_row($export, %whole_month,
		ChargeCategory => 'Purchase', ChargeFrequency => 'Recurring', ChargeDescription => 'AWS Support (Enterprise)',
		ServiceName => 'AWSSupportEnterprise', ServiceCategory => 'Management and Governance', ServiceSubcategory => 'Support',
		PricingCategory => 'Standard',
		BilledCost => $support, EffectiveCost => $support, ListCost => $support, ContractedCost => $support);
	write_row($export, %whole_month,
		SubAccountId => undef, SubAccountName => undef, SubAccountType => undef,
		ChargeCategory => 'Tax', ChargeDescription => 'Tax of type VAT',
		ServiceName => 'AWSSupportEnterprise', ServiceCategory => 'Management and Governance', ServiceSubcategory => 'Support',
		BilledCost => $tax, EffectiveCost => $tax, ListCost => $tax, ContractedCost => $tax);
	write_row($export, %whole_month,
		ChargeCategory => 'Credit', ChargeFrequency => 'One-Time', ChargeDescription => 'Migration acceleration credit',
		ServiceName => 'AmazonEC2', ServiceCategory => 'Compute', ServiceSubcategory => 'Virtual Machines',
		BilledCost => $credit, EffectiveCost => $credit, ListCost => $credit, ContractedCost => $credit);
	return;
}

# One month: two files when it is complete, one otherwise.  A complete month
# has a row whose cost somebody's spreadsheet has rewritten.
sub write_month
{
	my ($root, $spec, $month) = @_;
	my $complete = $month->{days}[-1] eq $month->{last};
	my $folder = "aws/focus-daily/data/BILLING_PERIOD=$month->{name}";
	my @files = map {
		new_export(
			path => "$root/$folder/focus-daily-0000$_.csv.gz", columns => [ columns($spec) ],
			source => 'aws', month => $month, currency => 'USD', gzip => 1, quote_all => 1,
			number => sub { Demo::Export::decimal_text($_[0], 11) })
	} 1 .. ($complete ? 2 : 1);

	seed_random("aws $month->{name}");
	foreach my $day (@{ $month->{days} })
	{
		my $file = $files[ $complete && $day gt "$month->{name}-15" ? 1 : 0 ];
		write_nodes($file, $day);
		write_cluster_parts($file, $day);
		write_services($file, $day);
		write_models($file, $day);
	}
	write_monthly($files[0]);
	write_row($files[1], day_cells($month, $month->{last}),
		metered_cells([ 640_000, 6 ], [ 1_929, 0 ], 'GB', 0),
		ServiceName => 'AWSDataTransfer', ServiceCategory => 'Networking', ServiceSubcategory => 'Network Infrastructure',
		ChargeDescription => 'edited by hand',
		unreadable => { BilledCost => '1,234.56' })
	  if $complete;
	close_export($_) foreach @files;
	return [ 'aws', $folder, $month->{start}, '' ];
}

1;
