#!/usr/bin/perl
# Writes what six providers deliver in two months: the month of a date up to
# that date, and the month before it.
#
#   generate.pl FOLDER [DATE]
#
# DATE is today (UTC) unless given.  The same date gives the same files.  Beside the
# providers' folders FOLDER gets:
#
#   deliveries.csv           what to load, in this order: source, path (a file,
#                            a folder or a pattern), billing period, mode
#   contract_commitments.csv FOCUS 1.3 contract commitments
#   cluster_metrics.csv      what the namespaces of a cluster used
#   totals.csv               what the database must show after loading
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::Bin;

use Demo::Export;
use Demo::AWS;
use Demo::Microsoft;
use Demo::Google;
use Demo::Oracle;
use Demo::Alibaba;
use Demo::Anthropic;
use Demo::Cluster;

@ARGV == 1 || @ARGV == 2 or die "usage: generate.pl FOLDER [DATE]\n";
my ($root, $today) = @ARGV;
$today //= day_text(int(time / 86400));
day_of($today);
my $spec = "$FindBin::Bin/../../src/spec/cost_and_usage_columns.csv";

new_totals();
my $this_month = month_of($today);
my $previous_month = month_of(add_days($this_month->{start}, -1));
my @months = months_between($previous_month->{start}, $today);

my @deliveries;
foreach my $month (@months)
{
	push @deliveries,
	  Demo::AWS::write_month($root, $spec, $month),
	  Demo::Microsoft::write_month($root, $month),
	  Demo::Google::write_month($root, $spec, $month),
	  Demo::Oracle::write_month($root, $month),
	  Demo::Alibaba::write_month($root, $spec, $month);
}
push @deliveries, Demo::Anthropic::write_months($root, $today);
Demo::Anthropic::write_commitments($root, $today);
Demo::Cluster::write_metrics($root, @months);

open my $file, '>', "$root/deliveries.csv" or die "could not write $root/deliveries.csv: $!\n";
print $file "source,path,billing_period,mode\n";
print $file join(',', @$_), "\n" foreach @deliveries;
close $file or die "could not write $root/deliveries.csv: $!\n";
write_totals("$root/totals.csv");
