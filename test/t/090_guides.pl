# Every SQL block of the guides runs, in a new database for each guide, and
# prints what the guide says it prints.
#
# A block that begins with ```sql is run; a ```text block behind it is its
# output.  FOCUS_GUIDES_UPDATE=1 writes the outputs into the guides instead.
use strict;
use warnings;
use Cwd ();
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $update = $ENV{FOCUS_GUIDES_UPDATE};
my $folder = Cwd::abs_path('docs/guide');
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "lc_messages = 'C'");
$node->start;

my @guides = sort glob('docs/guide/*.md');
foreach my $guide (@guides)
{
	my ($name) = $guide =~ m{([^/]+)\.md$};
	my $text = slurp_file($guide);
	my @parts = split(/^(```(?:sql|text)\n.*?^```\n)/ms, $text);
	my ($n, $sql, $script) = (0, '', '');
	my (@outputs, @positions);

	# one session for all blocks; a marker after each tells them apart
	foreach my $i (0 .. $#parts)
	{
		next unless $parts[$i] =~ /^```sql\n(.*)^```\n/ms;
		$script .= "$1\\echo -- end of block $n\n";
		$positions[$n++] = $i;
	}
	$node->safe_psql('postgres', qq{CREATE DATABASE "$name"});
	my ($stdout, $stderr) = ('', '');
	IPC::Run::run(
		[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', "tour=$folder/tour", '-d', $node->connstr($name), '-f', '-' ],
		'<', \$script, '>', \$stdout, '2>', \$stderr);
	@outputs = split(/^-- end of block \d+\n/m, $stdout, -1);
	unlike($stderr, qr/ERROR/, "$name: no error") or diag($stderr);
	is(scalar(@outputs), $n + 1, "$name: all $n blocks ran");

	foreach my $block (0 .. $n - 1)
	{
		my $i = $positions[$block];
		next unless defined $parts[ $i + 2 ] && $parts[ $i + 1 ] =~ /^\s*$/ && $parts[ $i + 2 ] =~ /^```text\n(.*)^```\n/ms;
		my ($expected, $got) = ($1, $outputs[$block] // '');

		# blanks at line ends do not show in a document
		$got =~ s/[ \t]+$//mg;
		$got =~ s/\n+\z/\n/;
		$parts[ $i + 2 ] = "```text\n$got```\n";
		is($got, $expected, "$name: output of block $block") unless $update;
	}
	if ($update)
	{
		open(my $fh, '>', $guide) or die "could not write $guide: $!";
		print $fh @parts;
		close $fh;
	}
}
ok(@guides > 0, 'there are guides');
$node->stop;
done_testing();
