# Anthropic direct: token usage in the shape of FOCUS 1.3, input, output, cache
# reads and cache writes in rows of their own, and the two contract commitments
# that these charges count toward.
#
# The files go back to the start of the contract: what is left of a commitment
# depends on all that was consumed.
package Demo::Anthropic;

use strict;
use warnings FATAL => 'all';
use integer;

use Demo::Export;

use constant CONTRACT => 'ANT-2291';
use constant SPEND => 'ANT-2291-SPEND';
use constant TOKENS => 'ANT-2291-HAIKU-TOKENS';
use constant TERM_DAYS => 365;
use constant DAYS_LEFT => 90;

my @columns = qw(
  BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd BillingPeriodStart
  ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart
  ConsumedQuantity ConsumedUnit ContractApplied ContractedCost ContractedUnitPrice EffectiveCost
  HostProviderName InvoiceIssuerName ListCost ListUnitPrice PricingCategory PricingQuantity PricingUnit
  ServiceCategory ServiceName ServiceProviderName ServiceSubcategory SkuId SkuMeter SkuPriceDetails
  SkuPriceId SubAccountId SubAccountName SubAccountType Tags);

# model, list prices of a million input, output, cache read and cache write
# tokens, millions of input tokens a day in one workspace
my @models = (
	[ 'claude-opus-4-1', [ 15_000, 3 ], [ 75_000, 3 ], [ 1_500, 3 ], [ 18_750, 3 ], 45 ],
	[ 'claude-sonnet-4-5', [ 3_000, 3 ], [ 15_000, 3 ], [ 300, 3 ], [ 3_750, 3 ], 240 ],
	[ 'claude-haiku-4-5', [ 1_000, 3 ], [ 5_000, 3 ], [ 100, 3 ], [ 1_250, 3 ], 150 ]);

# meter, token direction, cache action, tokens for 100 input tokens
my @meters = (
	[ 'Input Tokens', 'Input', 'Uncached', 100 ],
	[ 'Output Tokens', 'Output', '', 22 ],
	[ 'Cache Read Input Tokens', 'Input', 'Read', 310 ],
	[ 'Cache Write Input Tokens', 'Input', 'Write', 18 ]);

# workspace, cost centre, does the contract cover it, share of the volume
my @workspaces = (
	[ 'support-assistant', 'cc-3110', 1, 100 ],
	[ 'coding-agents', 'cc-2087', 1, 85 ],
	[ 'research-sandbox', 'cc-4400', 0, 12 ]);

sub contract_start
{
	my ($today) = @_;
	return add_days($today, DAYS_LEFT - TERM_DAYS);
}

# What of a charge counts toward the contract: the discounted cost toward the
# spend commitment, and the tokens of the small model toward its own as well.
sub contract_applied
{
	my ($model, $cost, $tokens) = @_;
	my @elements = sprintf '{"ContractId":"%s","ContractCommitmentId":"%s","ContractCommitmentAppliedCost":%s,'
	  . '"ContractCommitmentAppliedQuantity":null,"ContractCommitmentAppliedUnit":null}',
	  CONTRACT, SPEND, Demo::Export::decimal_text($cost);
	push @elements, sprintf '{"ContractId":"%s","ContractCommitmentId":"%s","ContractCommitmentAppliedCost":null,'
	  . '"ContractCommitmentAppliedQuantity":%s,"ContractCommitmentAppliedUnit":"Tokens"}',
	  CONTRACT, TOKENS, $tokens
	  if $model =~ /haiku/;
	return '{"Elements":[' . join(',', @elements) . ']}';
}

# Token volumes grow by a third of a per cent a day.
sub tokens_on
{
	my ($day, $first_day, $millions, $share, $ratio) = @_;
	my $growth = 1000 + 10 * (day_of($day) - day_of($first_day)) / 3;
	return $millions * $share * $ratio * $growth / 1000 * (80 + random_below(41));
}

sub write_day
{
	my ($export, $day, $first_day) = @_;
	my $month = $export->{month};

	foreach my $workspace (@workspaces)
	{
		my ($workspace_name, $cost_centre, $covered, $share) = @$workspace;
		foreach my $model (@models)
		{
			my ($name, @prices) = @$model;
			my $millions = pop @prices;
			foreach my $number (0 .. $#meters)
			{
				my ($meter, $direction, $cache, $ratio) = @{ $meters[$number] };
				my $tokens = tokens_on($day, $first_day, $millions, $share, $ratio);
				my $price = percent($prices[$number], $covered ? 80 : 100);
				my $list = times($prices[$number], [ $tokens, 6 ]);
				my $cost = times($price, [ $tokens, 6 ]);
				my @details = (ModelDeveloper => 'Anthropic', ModelId => $name, TokenDirection => $direction);
				push @details, TokenCacheAction => $cache if $cache ne '';

				expect('tokens', 'anthropic', $month->{start}, 'USD', $name, [ $tokens, 0 ]);
				expect('tokencost', 'anthropic', $month->{start}, 'USD', $name, $cost);
				if ($covered)
				{
					expect('contract', 'anthropic', '', 'USD', SPEND, $cost);
					expect('contract', 'anthropic', '', '', TOKENS, [ $tokens, 0 ]) if $name =~ /haiku/;
				}
				write_row($export,
					BillingAccountId => 'org-northwind', BillingAccountName => 'Northwind', BillingCurrency => 'USD',
					BillingPeriodStart => "$month->{start}T00:00:00Z", BillingPeriodEnd => "$month->{end}T00:00:00Z",
					ChargePeriodStart => "${day}T00:00:00Z", ChargePeriodEnd => add_days($day, 1) . 'T00:00:00Z',
					ChargeCategory => 'Usage', ChargeFrequency => 'Usage-Based', PricingCategory => 'Standard',
					ChargeDescription => "$meter for $name",
					BilledCost => $cost, EffectiveCost => $cost, ContractedCost => $cost, ListCost => $list,
					ListUnitPrice => $prices[$number], ContractedUnitPrice => $price,
					PricingQuantity => [ $tokens, 6 ], PricingUnit => '1M Tokens', ConsumedQuantity => [ $tokens, 0 ], ConsumedUnit => 'Tokens',
					ContractApplied => $covered ? contract_applied($name, $cost, $tokens) : undef,
					HostProviderName => 'Anthropic', InvoiceIssuerName => 'Anthropic', ServiceProviderName => 'Anthropic',
					ServiceCategory => 'AI and Machine Learning', ServiceSubcategory => 'Generative AI', ServiceName => 'Claude API',
					SkuId => "$name-" . lc $meter =~ s/ /-/gr, SkuMeter => $meter, SkuPriceId => "$name-" . lc $meter =~ s/ /-/gr,
					SkuPriceDetails => json(@details),
					SubAccountId => "wrkspc_$workspace_name", SubAccountName => $workspace_name, SubAccountType => 'Workspace',
					Tags => json(CostCentre => $cost_centre));
			}
		}
	}
	return;
}

sub write_months
{
	my ($root, $today) = @_;
	my $first_day = contract_start($today);
	my @deliveries;

	foreach my $month (months_between($first_day, $today))
	{
		my $path = "anthropic/focus-$month->{name}.csv";
		my $export = new_export(
			path => "$root/$path", columns => \@columns, source => 'anthropic', month => $month, currency => 'USD');
		seed_random("anthropic $month->{name}");
		write_day($export, $_, $first_day) foreach @{ $month->{days} };
		close_export($export);
		push @deliveries, [ 'anthropic', $path, $month->{start}, '' ];
	}
	return @deliveries;
}

# The contract: 4.2 million dollars of spend and a number of tokens, in a year
# that has DAYS_LEFT days to go.
sub write_commitments
{
	my ($root, $today) = @_;
	my $start = contract_start($today) . 'T00:00:00Z';
	my $end = add_days($today, DAYS_LEFT) . 'T00:00:00Z';
	my @terms = ("$start", "$end", CONTRACT, "$start", "$end", 'USD');
	my $path = "$root/contract_commitments.csv";

	open my $file, '>', $path or die "could not write $path: $!\n";
	print $file "ContractCommitmentId,ContractCommitmentType,ContractCommitmentCategory,ContractCommitmentCost,"
	  . "ContractCommitmentQuantity,ContractCommitmentUnit,ContractCommitmentDescription,ContractCommitmentPeriodStart,"
	  . "ContractCommitmentPeriodEnd,ContractId,ContractPeriodStart,ContractPeriodEnd,BillingCurrency\n";
	print $file join(',', SPEND, 'Spend Agreement', 'Spend', '4200000.00', '', '', 'Annual spend', @terms), "\n";
	print $file join(',', TOKENS, 'Volume Agreement', 'Usage', '', '650000000000', 'Tokens', 'Annual token volume of the small model', @terms), "\n";
	close $file or die "could not write $path: $!\n";
	return;
}

1;
