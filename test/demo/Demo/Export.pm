# The tools that the providers' generators share: dates, a random number
# generator of our own, exact decimals, CSV files in each provider's dialect,
# and the totals.
#
# A number is a reference to [INTEGER, SCALE], meaning INTEGER / 10**SCALE.
# All arithmetic is on 64-bit integers, so nothing is rounded.  Amounts of
# money have the scale MONEY; that leaves room for 900 million in a total.
package Demo::Export;

use strict;
use warnings FATAL => 'all';
use integer;

use Exporter 'import';
use IO::Compress::Gzip qw($GzipError);

our @EXPORT = qw(MONEY money times percent add spec_columns json
  day_of day_text add_days month_of months_between
  seed_random random_below pick
  new_totals expect write_totals new_export write_row close_export);

use constant MONEY => 10;

# ---- decimals -------------------------------------------------------------

# An amount of money from an integer and its scale.
sub money
{
	my ($value, $scale) = @_;
	die "money has at most @{[MONEY]} decimals\n" if $scale > MONEY;
	return [ $value * 10**(MONEY - $scale), MONEY ];
}

# The product of a unit price and a quantity, as money.
sub times
{
	my ($price, $quantity) = @_;
	my $scale = $price->[1] + $quantity->[1];
	my $shift = 10**(MONEY - $scale);
	die "a product has at most @{[MONEY]} decimals\n" if $scale > MONEY;
	die "a product is too large\n"
	  if $price->[0] != 0
	  && abs($quantity->[0]) > 9_000_000_000_000_000_000 / abs($price->[0]) / $shift;
	return [ $price->[0] * $quantity->[0] * $shift, MONEY ];
}

# So many percent of a number.  The percentage must come out exactly.
sub percent
{
	my ($number, $percent) = @_;
	die "percent: $number->[0] x $percent % is not exact\n"
	  if $number->[0] * $percent % 100 != 0;
	return [ $number->[0] * $percent / 100, $number->[1] ];
}

# The sum of amounts of money.
sub add
{
	my $sum = 0;
	$sum += $_->[0] foreach @_;
	return [ $sum, MONEY ];
}

# Decimal text with exactly $places decimals (at least the scale's own when
# the number needs them), or, without $places, with none to spare.
sub decimal_text
{
	my ($number, $places) = @_;
	my ($value, $scale) = @$number;
	my $sign = $value < 0 ? '-' : '';
	my $digits = abs($value);
	$digits = '0' x ($scale + 1 - length $digits) . $digits if length $digits <= $scale;
	my $whole = substr($digits, 0, length($digits) - $scale);
	my $fraction = $scale ? substr($digits, -$scale) : '';
	$fraction =~ s/0+$//;
	$fraction .= '0' x ($places - length $fraction) if defined $places && length $fraction < $places;
	return $sign . $whole . ($fraction ne '' ? ".$fraction" : '');
}

# Text with an exponent for numbers below one thousandth, as languages with
# binary floating point print it.
sub scientific_text
{
	my ($number) = @_;
	my $text = decimal_text($number);
	return $text unless $text =~ /^(-?)0\.(000+)([1-9])(\d*)$/;
	return sprintf '%s%s%se-%02d', $1, $3, $4 ne '' ? ".$4" : '', length($2) + 1;
}

# ---- dates: a day is its number since 1970-01-01 --------------------------

sub day_of
{
	my ($year, $month, $day) = $_[0] =~ /^(\d{4})-(\d\d)-(\d\d)$/
	  or die "$_[0] is not a date such as 2026-01-31\n";
	$year-- if $month <= 2;
	my $era = $year / 400;
	my $year_of_era = $year - $era * 400;
	my $day_of_year = (153 * ($month + ($month > 2 ? -3 : 9)) + 2) / 5 + $day - 1;
	return $era * 146097 + $year_of_era * 365 + $year_of_era / 4 - $year_of_era / 100 + $day_of_year - 719468;
}

sub day_text
{
	my ($number) = @_;
	my ($day, $month, $year) = (gmtime($number * 86400))[ 3, 4, 5 ];
	return sprintf '%04d-%02d-%02d', $year + 1900, $month + 1, $day;
}

sub add_days
{
	my ($date, $days) = @_;
	return day_text(day_of($date) + $days);
}

# The calendar month of a date: its name, first day, last day, the first day
# after it, and all its days.
sub month_of
{
	my ($date) = @_;
	my ($year, $month) = $date =~ /^(\d{4})-(\d\d)/;
	my $start = sprintf '%04d-%02d-01', $year, $month;
	my $end = $month == 12 ? sprintf('%04d-01-01', $year + 1) : sprintf('%04d-%02d-01', $year, $month + 1);
	return {
		name => substr($start, 0, 7),
		start => $start,
		end => $end,
		last => add_days($end, -1),
		days => [ map { day_text($_) } day_of($start) .. day_of($end) - 1 ] };
}

# The months that hold the days from $first to $last; the first and the last
# month have only those of their days.
sub months_between
{
	my ($first, $last) = @_;
	my @months;
	for (my $date = month_of($first)->{start}; $date le $last; $date = month_of($date)->{end})
	{
		my $month = month_of($date);
		$month->{days} = [ grep { $_ ge $first && $_ le $last } @{ $month->{days} } ];
		push @months, $month;
	}
	return @months;
}

# ---- random numbers -------------------------------------------------------

my $random_state;

# Starts a stream of random numbers of that name; each provider and month has
# its own, so that a change in one leaves the others as they are.
sub seed_random
{
	my ($name) = @_;
	$random_state = 1;
	$random_state = $random_state * 31 + ord foreach split //, $name;
	random_below(2) foreach 1 .. 8;
	return;
}

# A random integer of 0 .. $limit - 1 (Knuth's 64-bit linear congruential
# generator; the upper bits are the random ones).
sub random_below
{
	my ($limit) = @_;
	$random_state = $random_state * 6364136223846793005 + 1442695040888963407;
	return (($random_state >> 33) & 0x7fffffff) % $limit;
}

sub pick
{
	return $_[ random_below(scalar @_) ];
}

# ---- totals ---------------------------------------------------------------

# What a loaded database must show, as item -> value by source, billing period
# and currency, in the integers that the rows were made of.
my %totals;

sub new_totals
{
	%totals = ();
	return;
}

# Adds a number to a total.
sub expect
{
	my ($kind, $source, $period, $currency, $item, $number) = @_;
	my $key = join ',', $kind, $source, $period, $currency, $item;
	my $total = $totals{$key} //= [ 0, $number->[1] ];
	die "totals of $key have several scales\n" if $total->[1] != $number->[1];
	$total->[0] += $number->[0];
	die "the total of $key is too large\n" if abs($total->[0]) > 9_000_000_000_000_000_000;
	return;
}

sub write_totals
{
	my ($path) = @_;
	open my $file, '>', $path or die "could not write $path: $!\n";
	print $file "kind,source,billing_period,currency,item,value\n";
	print $file "$_,", decimal_text($totals{$_}), "\n" foreach sort keys %totals;
	close $file or die "could not write $path: $!\n";
	return;
}

# ---- files ----------------------------------------------------------------

# The columns that a version of FOCUS has, in alphabetical order, from the
# specification's table.
sub spec_columns
{
	my ($table, $version) = @_;
	my $rank = 0;
	my %rank = map { $_ => $rank++ } qw(0.5 1.0-preview 1.0 1.1 1.2 1.3);
	my @columns;
	open my $file, '<', $table or die "could not read $table: $!\n";
	while (<$file>)
	{
		my ($name) = /^(\w+),/;
		my ($introduced) = /,([\d.]+(?:-preview)?),(?:active|deprecated)/;
		push @columns, $name if defined $introduced && $rank{$introduced} <= $rank{$version};
	}
	close $file;
	return sort @columns;
}

# A flat JSON object with its keys in the order given; references to numbers
# are written as numbers, undef as true (a tag without value).
sub json
{
	my @members;
	while (my ($key, $value) = splice @_, 0, 2)
	{
		my $text = !defined $value ? 'true' : ref $value ? decimal_text($value) : qq("$value");
		push @members, qq("$key":$text);
	}
	return '{' . join(',', @members) . '}';
}

# Starts an export file.  Options:
#   path, columns, source, month, currency
#   gzip       compress
#   bom        start with a byte order mark
#   eol        line end, "\n" unless given
#   quote_all  quote each cell that is not a number, the empty ones too
#   superseded a later delivery replaces this one
#   number     function that writes a number, decimal_text unless given
sub new_export
{
	my (%export) = @_;
	$export{eol} //= "\n";
	$export{number} //= \&decimal_text;
	make_folder($export{path} =~ s{/[^/]*$}{}r);
	if ($export{gzip})
	{
		$export{file} = IO::Compress::Gzip->new($export{path}, -Time => 0, -Minimal => 1)
		  or die "could not write $export{path}: $GzipError\n";
	}
	else
	{
		open $export{file}, '>', $export{path} or die "could not write $export{path}: $!\n";
	}
	$export{rows} = 0;
	$export{file}->print("\xEF\xBB\xBF") if $export{bom};
	$export{file}->print(csv_line(\%export, @{ $export{columns} }));
	return \%export;
}

sub make_folder
{
	my ($folder) = @_;
	return if -d $folder;
	make_folder($folder =~ s{/[^/]*$}{}r) if $folder =~ m{/[^/]+/};
	mkdir $folder or die "could not make $folder: $!\n";
	return;
}

# Writes a row and counts it in the totals.  A row with cells in {unreadable}
# has these in place of its own and belongs in quarantine.
sub write_row
{
	my ($export, %row) = @_;
	my $unreadable = delete $row{unreadable};
	my %known = map { $_ => 1 } @{ $export->{columns} };
	$known{$_} or die "$export->{path} has no column $_\n" foreach keys %row;

	my @key = ($export->{source}, $export->{month}{start}, $export->{currency});
	my $kind = $unreadable ? 'rejected' : 'stored';
	$kind = "superseded $kind" if $export->{superseded};
	foreach my $column (qw(BilledCost EffectiveCost))
	{
		die "row without $column\n" unless ref $row{$column} && $row{$column}[1] == MONEY;
		next if $unreadable && exists $unreadable->{$column};
		expect($kind, @key, lc $column, $row{$column});
	}
	expect($kind, @key, 'rows', [ 1, 0 ]);
	$export->{rows}++;
	%row = (%row, %$unreadable) if $unreadable;
	$export->{file}->print(csv_line($export, map { $row{$_} } @{ $export->{columns} }));
	return;
}

sub csv_line
{
	my ($export, @cells) = @_;
	my @texts;
	foreach my $cell (@cells)
	{
		if (ref $cell)
		{
			push @texts, $export->{number}->($cell);
			next;
		}
		$cell //= '';
		$cell = '"' . $cell =~ s/"/""/gr . '"' if $export->{quote_all} || $cell =~ /[",\r\n]/;
		push @texts, $cell;
	}
	return join(',', @texts) . $export->{eol};
}

sub close_export
{
	my ($export) = @_;
	close $export->{file} or die "could not write $export->{path}: $!\n";
	return;
}

1;
