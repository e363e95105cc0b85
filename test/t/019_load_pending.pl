# Deliveries that have landed and are not loaded yet: each by itself, once.
use strict;
use warnings;
use File::Basename;
use File::Path;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');
my $dir = $node->basedir . '/landing';

# Writes a file that was finished that many minutes ago.
sub file
{
	my ($name, $minutes, $contents) = @_;
	my $path = "$dir/$name";
	my $time = time - 60 * $minutes;

	File::Path::make_path(dirname($path));
	unlink $path;
	append_to_file($path, $contents);
	utime $time, $time, $path or die;
	return $path;
}

sub charges
{
	my ($name, $minutes, $month, @costs) = @_;

	return file($name, $minutes, join('', "BillingPeriodStart,BillingAccountId,BilledCost\n", map { "$month-01,1,$_\n" } @costs));
}

# What a call does, one line a delivery.
sub pending
{
	my ($source, $options) = @_;

	return $node->safe_psql('postgres', "SELECT replace(path, '$dir/', ''), outcome, rows_stored, rows_replaced, sqlstate, split_part(message, E'\\n', 1)
		FROM focus_load_pending('$source'" . ($options // '') . ')') =~ s/\Q$dir\E\///gr;
}
my $held = 'SELECT sum(billedcost), count(*) FROM focus_cost_and_usage WHERE x_loadid IN (SELECT loadid FROM focus_loads WHERE source = ';

# Files of one directory, in the order of their times
$node->safe_psql('postgres', "INSERT INTO focus_sources (source, mode, path) VALUES ('v', 'replace', '$dir/v')");
charges('v/january.csv', 50, '2026-01', 1, 2);
my $restated = charges('v/a-restated.csv', 40, '2026-01', 3, 3);
charges('v/february.csv', 30, '2026-02', 5);
my $broken = charges('v/broken.csv', 45, '2026-03');
append_to_file($broken, "\"x");
utime time - 2700, time - 2700, $broken;
charges('v/.hidden.csv', 20, '2026-01', 9);
charges('v/_part.csv', 20, '2026-01', 9);
file('v/notes.md', 20, 'no data');
charges('v/march.csv', 0, '2026-03', 7);
my $first = pending('v');
is($first =~ s/(22P04)\|.*/$1/r, "v/january.csv|loaded|2|0||\nv/broken.csv|failed|||22P04\nv/a-restated.csv|loaded|2|2||\nv/february.csv|loaded|1|0||\nv/march.csv|waiting||||",
	'oldest first; one that fails stops no other; one that may not be complete waits');
is($node->safe_psql('postgres', "$held 'v')"), '11|3', 'what is loaded');
like(pending('v'), qr/^v\/broken\.csv\|failed\|\|\|22P04\|.*\nv\/march\.csv\|waiting\|\|\|\|$/, 'once more: nothing but those');
is(pending('v', ", quiet => '0'") =~ s/(22P04)\|.*/$1/r, "v/broken.csv|failed|||22P04\nv/march.csv|loaded|1|0||", 'without waiting');
charges('v/broken.csv', 10, '2026-04', 11);
is(pending('v'), 'v/broken.csv|loaded|1|0||', 'a file that was mended');
is(pending('v'), '', 'nothing is left to do');

# A load that was taken back does not come again by itself.
$node->safe_psql('postgres', "SELECT focus_unload(deliveryid) FROM focus_arrivals WHERE path LIKE '%/february.csv'");
is(pending('v'), '', 'taken back');
$node->safe_psql('postgres', "DELETE FROM focus_arrivals WHERE path LIKE '%/february.csv' OR path LIKE '%/march.csv'");
is(pending('v', ", quiet => '0'"), "v/february.csv|loaded|1|0||\nv/march.csv|known|0|0||", 'unless it is forgotten; what is there is known');

# Errors that others can mend: tried again when asked to
$node->safe_psql('postgres', "SELECT focus_close_period('v', '2026-04-01')");
charges('v/april.csv', 5, '2026-04', 12);
is(pending('v'), 'v/april.csv|failed|||55000|billing period 2026-04 of source "v" is closed', 'a closed period');
is($node->safe_psql('postgres', q{SELECT message FROM focus_arrivals WHERE outcome = 'failed'}) =~ s/.*reopen the period by focus_reopen_period\.$/hint/sr, 'hint', 'the log says what to do');
$node->safe_psql('postgres', "SELECT focus_reopen_period('v', '2026-04-01', 'late')");
is(pending('v', ', retry => true'), 'v/april.csv|loaded|1|1||', 'and after it has been reopened');

# Manifests: the newest run of each month; a file that is missing may come later.
$node->safe_psql('postgres', "INSERT INTO focus_sources (source, mode, path) VALUES ('aws', 'replace', '$dir/aws/metadata/*/*/*Manifest.json')");
for my $run ([ '2026-01', '2026-02-01T00:00:00.000Z-a', 1 ], [ '2026-01', '2026-02-02T00:00:00.000Z-b', 2 ], [ '2026-02', '2026-02-02T00:00:00.000Z-c', 4 ])
{
	my ($month, $name, $cost) = @$run;

	charges("aws/data/BILLING_PERIOD=$month/$name/e-1.csv", 90, $month, $cost);
	file("aws/metadata/BILLING_PERIOD=$month/$name/e-Manifest.json", 80, qq({"dataFiles": ["s3://b/aws/data/BILLING_PERIOD=$month/$name/e-1.csv"]}));
}
my $away = "$dir/aws/data/BILLING_PERIOD=2026-02/2026-02-02T00:00:00.000Z-c/e-1.csv";
rename $away, "$dir/away" or die;
is(join("\n", map { join '|', (split /\|/)[0 .. 4] } split /\n/, pending('aws')),
	"aws/metadata/BILLING_PERIOD=2026-01/2026-02-02T00:00:00.000Z-b/e-Manifest.json|loaded|1|0|\naws/metadata/BILLING_PERIOD=2026-02/2026-02-02T00:00:00.000Z-c/e-Manifest.json|failed|||58P01",
	'manifests of the newest runs');
rename "$dir/away", $away or die;
is(pending('aws'), 'aws/metadata/BILLING_PERIOD=2026-02/2026-02-02T00:00:00.000Z-c/e-Manifest.json|loaded|1|0||', 'a file that came late');

# Directories are deliveries; names may have characters of globs.
$node->safe_psql('postgres', "INSERT INTO focus_sources (source, mode, path) VALUES ('d', 'append', '$dir/d[1]*')");
charges('d[1]*/2026-01/part-1.csv', 9, '2026-05', 1);
charges('d[1]*/2026-01/part-2.csv', 8, '2026-05', 2);
charges('d[1]*/2026-02/part-1.csv', 7, '2026-06', 4);
is(pending('d'), "d[1]*/2026-01|loaded|2|0||\nd[1]*/2026-02|loaded|1|0||", 'directories');
charges('d[1]*/2026-02/part-2.csv', 6, '2026-06', 8);
is(pending('d'), 'd[1]*/2026-02|failed|||55000|"d[1]*/2026-02" has changed since it was loaded', 'one with another file would count the first twice');
is($node->safe_psql('postgres', "$held 'd')"), '7|3', 'and is not added');
is(pending('d'), 'd[1]*/2026-02|failed|||55000|"d[1]*/2026-02" has changed since it was loaded', 'nor later');
charges('d[1]*/2026-02/part-3.csv', 0, '2026-06', 16);
is(pending('d'), 'd[1]*/2026-02|waiting||||', 'it changes again');
is(pending('d', ", quiet => '0'"), 'd[1]*/2026-02|failed|||55000|"d[1]*/2026-02" has changed since it was loaded', 'and has not been forgotten');
$node->safe_psql('postgres', q{SELECT focus_unload(max(deliveryid)) FROM focus_loads WHERE source = 'd'});
is(pending('d', ", quiet => '0', retry => true"), 'd[1]*/2026-02|loaded|3|0||', 'unless what it was is taken back');
is($node->safe_psql('postgres', "$held 'd')"), '31|5', 'each file once');

# No place, no right, no file
my ($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load_pending('nobody')");
like($err, qr/ERROR:  source "nobody" has no landing place/, 'no landing place');
$node->safe_psql('postgres', "INSERT INTO focus_sources (source, path) VALUES ('none', '$dir/none/*.csv'), ('gone', '$dir/gone'), ('relative', 'x')");
File::Path::make_path("$dir/none");
is(pending('none'), '', 'a glob without match');
($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load_pending('gone')");
like($err, qr/ERROR:  could not stat ".*gone": No such file/, 'no such directory');
($rc, $out, $err) = $node->psql('postgres', "SELECT focus_load_pending('relative')");
like($err, qr/ERROR:  relative path "x" is not allowed/, 'a relative path');
$node->safe_psql('postgres', 'CREATE ROLE loader; GRANT SELECT ON focus_sources, focus_arrivals TO loader');
($rc, $out, $err) = $node->psql('postgres', "SET ROLE loader; SELECT focus_load_pending('none')");
like($err, qr/ERROR:  must be superuser or have privileges of the pg_read_server_files role/, 'only who may read files of the server');

# Two sessions: the second leaves it to the first.
my $other = $node->background_psql('postgres');
$other->query_safe('BEGIN');
$other->query_safe("SELECT count(*) FROM focus_load_pending('v')");
($rc, $out, $err) = $node->psql('postgres', "SELECT count(*) FROM focus_load_pending('v')");
like($err, qr/NOTICE:  another session is loading what source "v" has delivered/, 'two sessions');
$other->quit;

unlike(slurp_file($node->logfile), qr/TRAP|PANIC|terminated by signal|reference leak/, 'the log is clean');
$node->stop;
done_testing();
