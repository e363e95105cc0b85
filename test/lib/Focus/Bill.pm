# Small bills in FOCUS form and the ways to write them to files, for tests that
# know what a table has to hold after any of them was loaded.
#
# A bill is a hash of months, each a list of rows; a row is a hash of cells.
# Texts are bytes of UTF-8.  All is drawn from Perl's rand, so that a seed
# determines it.
package Focus::Bill;

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Exporter qw(import);
use File::Path qw(make_path);
use List::Util qw(shuffle);
use Math::BigInt;
use PostgreSQL::Test::Utils;

our @EXPORT_OK = qw(pick make_bill change_bill rows_of outcome_of cut write_files $outcome);

my @columns = qw(ProviderName BillingAccountId BillingPeriodStart BillingPeriodEnd ChargePeriodStart
  BillingCurrency BilledCost EffectiveCost ServiceName Tags x_Note ChargeDescription);
my %months = ('2025-01' => '2025-02', '2025-02' => '2025-03', '2025-03' => '2025-04');
my @accounts = ([ 'AWS', '111122223333' ], [ 'AWS', '444455556666' ], [ 'Microsoft', 'EA-7' ]);
my $serial = 0;

# Query for what outcome_of says of a bill, as one line: rows, their hash, sums,
# rows in quarantine and their hash.  Columns that no file has must be NULL.
our $outcome = q{
	SELECT (SELECT concat_ws('|', count(*), md5(coalesce(string_agg(r, E'\n' ORDER BY r COLLATE "C"), '')),
				trim_scale(coalesce(sum(billedcost), 0)), trim_scale(coalesce(sum(effectivecost), 0)))
		FROM (SELECT billedcost, effectivecost, concat_ws('|', providername, serviceprovidername, billingaccountid,
				to_char(billingperiodstart AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
				to_char(billingperiodend AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
				to_char(chargeperiodstart AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
				billingcurrency, billedcost, coalesce(effectivecost::text, ''), coalesce(servicename, ''), coalesce(tags::text, ''),
				coalesce(x_columns::text, ''), chargedescription,
				(SELECT string_agg(key, ' ') FROM jsonb_each(to_jsonb(c) - '{x_loadid,x_columns,providername,serviceprovidername,billingaccountid,
					billingperiodstart,billingperiodend,chargeperiodstart,billingcurrency,billedcost,effectivecost,servicename,tags,chargedescription}'::text[])
					WHERE value <> 'null')) AS r
			FROM focus_cost_and_usage c) rows)
		|| '|' || (SELECT concat_ws('|', count(*), md5(coalesce(string_agg(r, E'\n' ORDER BY r COLLATE "C"), '')))
		FROM (SELECT concat_ws('|', columnname, value, record->>'ChargeDescription') AS r
			FROM focus_rejected_rows JOIN focus_loads USING (loadid) WHERE state <> 'replaced') rejected)};

sub pick { return $_[ int rand @_ ]; }

# Costs of any sign and size; now and then one that cannot be read.
sub cost
{
	return pick('-', '') . (1 + int rand 10 ** 9) . '12345678901' . '.' . (1 + int rand 10 ** 9) if rand() < 0.05;
	return sprintf('%s%d.%0*d', pick('', '-'), rand(1000), 1 + int rand 10, 1 + rand 999);
}

sub make_row
{
	my ($month) = @_;
	my ($provider, $account) = @{ pick(@accounts) };

	return {
		ProviderName => $provider,
		BillingAccountId => $account,
		BillingPeriodStart => "$month-01T00:00:00Z",
		BillingPeriodEnd => "$months{$month}-01T00:00:00Z",
		ChargePeriodStart => sprintf('%s-%02dT%02d:00:00Z', $month, 1 + int rand 28, int rand 24),
		BillingCurrency => $provider eq 'AWS' ? 'USD' : 'EUR',
		BilledCost => rand() < 0.01 ? pick('1,000.00', '$5', 'NaN') : cost(),
		EffectiveCost => rand() < 0.1 ? '' : cost(),
		ServiceName => pick('', 'Compute', "line\nfeed", 'quote " here', "Gr\xc3\xb6\xc3\x9fe", 'comma, and \\'),
		Tags => pick('', '{}', map { qq({"team": "$_"}) } 'a', "\xc3\xa4", 'b, c'),
		x_Note => pick('', 'note ' . int rand 100),
		ChargeDescription => 'charge ' . ++$serial,
	};
}

sub make_bill
{
	my ($nrows) = @_;
	my %bill = map { $_ => [] } keys %months;

	foreach (1 .. $nrows)
	{
		my $month = pick(sort keys %months);

		push @{ $bill{$month} }, make_row($month);
	}
	return \%bill;
}

# What a provider sends later for some of the months: most rows as before, some
# gone, some new, some at another cost.
sub change_bill
{
	my ($bill, @months) = @_;
	my %changed;

	foreach my $month (@months)
	{
		my @rows = map { rand() < 0.2 ? { %$_, BilledCost => cost() } : $_ } grep { rand() < 0.95 } @{ $bill->{$month} };

		push @rows, map { make_row($month) } 1 .. 1 + rand(0.1 * @rows);
		$changed{$month} = \@rows;
	}
	return \%changed;
}

# All rows of a bill, in random order; in scalar context their number.
sub rows_of
{
	my ($bill) = @_;

	my @rows = shuffle map { @{ $bill->{$_} } } sort keys %$bill;

	return @rows;
}

sub is_rejected
{
	my ($row) = @_;

	return $row->{BilledCost} !~ /^-?\d+\.\d+$/;
}

# The sum of a column, exactly, without zeros at its end.
sub sum_of
{
	my ($column, @rows) = @_;
	my $sum = Math::BigInt->new(0);

	foreach my $text (grep { $_ ne '' } map { $_->{$column} } @rows)
	{
		my ($whole, $fraction) = split /\./, $text;

		$sum += Math::BigInt->new($whole . $fraction . '0' x (12 - length $fraction));
	}
	my $digits = sprintf('%013s', $sum->copy->babs);
	my $text = substr($digits, 0, -12) . '.' . substr($digits, -12);
	$text =~ s/\.?0+$//;
	return ($sum < 0 ? '-' : '') . $text;
}

# What the query of $outcome has to give when exactly these rows were loaded.
sub outcome_of
{
	my @rejected = grep { is_rejected($_) } @_;
	my @stored = grep { !is_rejected($_) } @_;
	my @texts = map {
		my $row = $_;
		join '|', @$row{qw(ProviderName ProviderName BillingAccountId BillingPeriodStart BillingPeriodEnd ChargePeriodStart
			  BillingCurrency BilledCost EffectiveCost ServiceName Tags)},
		  $row->{x_Note} eq '' ? '' : qq({"x_Note": "$row->{x_Note}"}), $row->{ChargeDescription}
	} @stored;

	return join '|', scalar(@stored), md5_hex(join "\n", sort @texts), sum_of('BilledCost', @stored), sum_of('EffectiveCost', @stored),
	  scalar(@rejected), md5_hex(join "\n", sort map { "BilledCost|$_->{BilledCost}|$_->{ChargeDescription}" } @rejected);
}

sub csv_of
{
	my @rows = @_;
	my @order = shuffle @columns;
	my $end = pick("\n", "\r\n");
	my $quote = rand() < 0.3;
	my $cell = sub { my ($text) = @_; return $quote || $text =~ /[",\n]/ ? '"' . ($text =~ s/"/""/gr) . '"' : $text; };

	return (rand() < 0.3 ? "\xef\xbb\xbf" : '')
	  . join('', map { join(',', @$_) . $end } \@order, map { my $row = $_; [ map { $cell->($row->{$_}) } @order ] } @rows);
}

sub json_string
{
	my ($text) = @_;

	$text =~ s/(["\\])/\\$1/g;
	$text =~ s/\n/\\n/g;
	return qq("$text");
}

# An object of a row: numbers as such or as strings, tags as an object or as a
# string, what is empty left out or null.  A cost is never left out: a file in
# which no object has it would lack the column, which others have.
sub json_of
{
	my ($row) = @_;
	my @members;

	foreach my $column (shuffle @columns)
	{
		my $text = $row->{$column};
		my $value = json_string($text);

		next if $text eq '' && $column !~ /Cost$/ && rand() < 0.5;
		if ($text eq '')
		{
			$value = 'null';
		}
		elsif ($column =~ /Cost$/ && $text =~ /^-?(?:0|[1-9]\d*)\.\d+$/ || $column eq 'Tags')
		{
			$value = $text if rand() < 0.5;
		}
		push @members, json_string($column) . ": $value";
	}
	return '{' . join(', ', @members) . '}';
}

# Cuts rows at random places into parts and writes each down; returns a list of
# [text, how names of such files end, rows].
sub cut
{
	my ($nparts, @rows) = @_;
	my @places = shuffle 1 .. $#rows;
	my @ends = sort { $a <=> $b } @places[ 0 .. $nparts - 2 ];
	my $begin = 0;
	my @parts;

	foreach my $end (@ends, scalar @rows)
	{
		my @part = @rows[ $begin .. $end - 1 ];
		my $kind = pick('csv', 'csv', 'jsonl', 'json');
		my $text = $kind eq 'csv' ? csv_of(@part)
		  : $kind eq 'jsonl' ? join('', map { json_of($_) . "\n" } @part)
		  : '[' . join(",\n", map { json_of($_) } @part) . "]\n";

		push @parts, [ $text, ".$kind", \@part ];
		$begin = $end;
	}
	return @parts;
}

# Writes parts below a new directory, in any order of their names, some of them
# compressed.
sub write_files
{
	my ($folder, @parts) = @_;
	my $number = 0;

	foreach my $part (shuffle @parts)
	{
		my ($text, $ending) = @$part;
		my $path = "$folder/" . pick('', 'a/', 'b/c/') . 'part' . ++$number . $ending;
		my $program = pick('', '', 'gzip', 'zstd');

		make_path($path =~ s{/[^/]+$}{}r);
		open my $out, '>:raw', $path or die "$path: $!";
		print $out $text;
		close $out or die "$path: $!";
		system_or_bail('gzip', $path) if $program eq 'gzip';
		system_or_bail('zstd', '-q', '--rm', $path) if $program eq 'zstd';
	}
	return $folder;
}

1;
