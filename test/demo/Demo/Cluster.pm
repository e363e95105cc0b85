# What the namespaces of the AWS cluster used, day by day: core-hours and
# memory, and the cluster's capacity, of which a part stays idle.
package Demo::Cluster;

use strict;
use warnings FATAL => 'all';
use integer;

use Demo::AWS;
use Demo::Export;

# namespace, team, share of the cores in use in thousandths
my @namespaces = (
	[ 'payments-api', 'payments', 290 ],
	[ 'data-pipeline', 'data', 215 ],
	[ 'customer-portal', 'portal', 150 ],
	[ 'ml-inference', 'ml', 175 ]);

use constant CORES => 64;
use constant MEMORY_GIB => 256;

sub write_metrics
{
	my ($root, @months) = @_;
	my $path = "$root/cluster_metrics.csv";

	open my $file, '>', $path or die "could not write $path: $!\n";
	print $file "cluster,namespace,workload,period_start,period_end,metric,quantity,unit,labels\n";
	foreach my $month (@months)
	{
		seed_random("cluster $month->{name}");
		foreach my $day (@{ $month->{days} })
		{
			my $hours = 24 * Demo::AWS::nodes_on($day);
			my $print = sub {
				my ($namespace, $metric, $quantity, $unit, $labels) = @_;
				print $file join(',', Demo::AWS::CLUSTER, $namespace, '', "$day 00:00:00+00", add_days($day, 1) . ' 00:00:00+00',
					$metric, Demo::Export::decimal_text($quantity), $unit, $labels =~ /"/ ? '"' . $labels =~ s/"/""/gr . '"' : $labels), "\n";
				return;
			};
			foreach my $namespace (@namespaces)
			{
				my ($name, $team, $share) = @$namespace;
				my $labels = json(team => $team, namespace => $name);
				my $thousandths = $share - 30 + random_below(61);
				$print->($name, 'cpu_core_hours', [ $hours * CORES * $thousandths, 3 ], 'Core-Hours', $labels);
				$print->($name, 'memory_gib_hours', [ $hours * MEMORY_GIB * ($thousandths - 20), 3 ], 'GiB-Hours', $labels);
			}
			$print->('', 'cpu_core_hours', [ $hours * CORES, 0 ], 'Core-Hours', '');
			$print->('', 'memory_gib_hours', [ $hours * MEMORY_GIB, 0 ], 'GiB-Hours', '');
		}
	}
	close $file or die "could not write $path: $!\n";
	return;
}

1;
