# Manifests decide which files of an export count, and what is in them.

use strict;
use warnings;

use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

my $dir = PostgreSQL::Test::Utils::tempdir();

sub file
{
	my ($name, $content) = @_;
	my $path = "$dir/$name";

	make_path($path =~ s{/[^/]*$}{}r);
	open my $out, '>:raw', $path or die "$path: $!";
	print $out $content;
	close $out or die "$path: $!";
	return $path;
}

# A file of charges of a month; their costs are told.
sub charges
{
	my ($name, $month, @costs) = @_;

	return file($name, join '', "ProviderName,BillingAccountId,BillingPeriodStart,BilledCost\n",
		map { "AWS,1,$month-01T00:00:00Z,$_\n" } @costs);
}

# Loads a path; returns stored rows and the sum of their costs.
sub loads
{
	my ($what, $path) = @_;
	my ($rc, $out, $err) = $node->psql('postgres',
		"SELECT rows_stored, totals->'XXX'->>'billedcost' FROM focus_load('$path', source => 'exports', mode => 'replace', force => true)");

	is($rc, 0, "$what: loads") or diag($err);
	return $out;
}

sub fails
{
	my ($what, $path, $sqlstate, $pattern) = @_;
	my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM focus_loads');
	my ($rc, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nSELECT * FROM focus_load('$path', source => 'bad');");

	like($err =~ s/\n/ /gr, qr/ERROR:  $sqlstate: .*$pattern/, "$what: error");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM focus_loads'), $before, "$what: nothing is left");
}

# AWS Data Exports: manifests in a folder beside that of the data
my $e = 'aws/exports/focus';
sub aws_manifest
{
	my ($name, @files) = @_;

	return file($name, '{"executionId": "x", "dataFiles": [' . join(', ', map { qq("s3://bucket/billing/exports/focus/$_") } @files) . '], "columns": []}');
}
charges("$e/data/BILLING_PERIOD=2025-01/focus-00001.csv", '2025-01', 1, 2);
charges("$e/data/BILLING_PERIOD=2025-01/focus-00002.csv", '2025-01', 4);
charges("$e/data/BILLING_PERIOD=2025-02/focus-00001.csv", '2025-02', 8);
my $january = aws_manifest("$e/metadata/BILLING_PERIOD=2025-01/focus-Manifest.json",
	'data/BILLING_PERIOD=2025-01/focus-00001.csv', 'data/BILLING_PERIOD=2025-01/focus-00002.csv');
my $february = aws_manifest("$e/metadata/BILLING_PERIOD=2025-02/focus-Manifest.json", 'data/BILLING_PERIOD=2025-02/focus-00001.csv');
is(loads('AWS', "$dir/aws/"), '4|15', 'AWS: all months of an export');
is(loads('AWS, a manifest', $january), '3|7', 'AWS, a manifest: its files');

my $left = charges("$e/data/BILLING_PERIOD=2025-01/focus-00003.csv", '2025-01', 16);
fails('AWS, a file left over', "$dir/aws", '22P04', qr/"\Q$left\E" is in no manifest.*Move it away/);
fails('AWS, a file left over, by manifest', $january, '22P04', qr/"\Q$left\E" is in no manifest/);
is(loads('AWS, another month', $february), '1|8', 'AWS: another month may be loaded');
is(loads('AWS, by glob', "$dir/$e/data/*/*.csv"), '5|31', 'AWS, by glob: manifests do not count');
unlink $left or die;
rename "$dir/$e/data/BILLING_PERIOD=2025-01/focus-00002.csv", "$dir/away" or die;
fails('AWS, a file missing', "$dir/aws", '58P01',
	qr/manifest "\Q$january\E" lists "s3:\/\/bucket\/billing\/exports\/focus\/data\/BILLING_PERIOD=2025-01\/focus-00002\.csv", which is not there.*Fetch the file/);
rename "$dir/away", "$dir/$e/data/BILLING_PERIOD=2025-01/focus-00002.csv" or die;

# CREATE_NEW_REPORT: a folder for each run; the newest counts
for my $run ([ '2025-03-02T01:00:00.000Z-b', 3 ], [ '2025-03-01T01:00:00.000Z-z', 1, 1 ], [ '2025-03-03T01:00:00.000Z-a', 5, 2 ])
{
	my ($name, @costs) = @$run;
	my $month = 'BILLING_PERIOD=2025-03';

	charges("runs/data/$month/$name/runs-00001.csv", '2025-03', @costs);
	file("runs/metadata/$month/$name/runs-Manifest.json", qq({"dataFiles": ["s3://b/p/runs/data/$month/$name/runs-00001.csv"]}));
}
is(loads('AWS, runs', "$dir/runs"), '2|7', 'AWS, runs: the newest');
is(loads('AWS, an older run', "$dir/runs/metadata/BILLING_PERIOD=2025-03/2025-03-02T01:00:00.000Z-b/runs-Manifest.json"), '1|3',
	'AWS, an older run: by its manifest');
my $unfinished = charges('runs/data/BILLING_PERIOD=2025-03/2025-03-04T01:00:00.000Z-c/runs-00001.csv', '2025-03', 9);
fails('AWS, a run without a manifest', "$dir/runs", '22P04', qr/"\Q$unfinished\E" is in no manifest.*its run may not have ended/);

# Fetched into one folder, and reports of before
charges('flat/focus-00001.csv', '2025-04', 1);
file('flat/focus-Manifest.json', '{"reportKeys": ["billing/20250401-20250501/id/focus-00001.csv"]}');
is(loads('AWS, flat', "$dir/flat"), '1|1', 'AWS, flat: the last part of the name is enough');

# Azure: a folder for each run, named by its id; sizes and rows are told
sub azure_run
{
	my ($run, $submitted, %param) = @_;
	my @costs = @{ $param{costs} };
	my $folder = "azure/export/20250501-20250531/$run";
	my @files = map { charges("$folder/part_${_}_0001.csv", '2025-05', $costs[$_]) } 0 .. $#costs;
	my @blobs = map { sprintf '{"blobName": "container/azure/export/20250501-20250531/%s/part_%d_0001.csv", "byteCount": %d, "dataRowCount": %d}',
		$run, $_, (-s $files[$_]) + ($param{bytes} // 0), 1 + ($param{rows} // 0) } 0 .. $#costs;
	my $time = defined $submitted ? qq(, "submittedTime": "$submitted") : '';

	return file("$folder/manifest.json", "\xef\xbb\xbf" . '{"manifestVersion": "2024-04-01", "blobCount": ' . ($param{count} // @blobs) .
		qq(, "runInfo": {"runId": "$run"$time}, "blobs": [) . join(', ', @blobs) . ']}');
}
azure_run('b-1', '2025-05-02T10:00:00.0Z', costs => [ 1, 2 ]);
my $newest = azure_run('a-2', '2025-05-03T10:00:00.0Z', costs => [ 10, 20 ]);
azure_run('c-3', '2025-05-01T10:00:00.0Z', costs => [ 100 ]);
is(loads('Azure', "$dir/azure"), '2|30', 'Azure: the newest run of the month');
is(loads('Azure, by glob of manifests', "$dir/azure/*/*/b-*/manifest.json"), '2|3', 'Azure: manifests by glob');
my $stray = charges('azure/export/20250501-20250531/a-2/part_9_0001.csv', '2025-05', 7);
fails('Azure, a file too many', "$dir/azure", '22P04', qr/"\Q$stray\E" is in no manifest/);
unlink $stray or die;
# Runs of a month arrive in any order: the newest stays.
my $older = "$dir/azure/export/20250501-20250531/b-1/manifest.json";
sub arrives
{
	my ($path, $options) = @_;
	my ($rc, $out, $err) = $node->psql('postgres',
		"SELECT rows_stored FROM focus_load('$path', source => 'exports', mode => 'replace'$options)");

	return $rc == 0 ? $out : $err =~ s/\n/ /gr;
}
$node->safe_psql('postgres', q{SELECT focus_unload(deliveryid) FROM (SELECT DISTINCT deliveryid FROM focus_loads WHERE state = 'current') l});
is(arrives($newest, ''), '2', 'order: a run');
like(arrives($older, ''), qr/ERROR:  "\Q$older\E" is older than what is loaded of billing period 2025-05 of source "exports" .*run at 2025-05-02 10:00:00 UTC, load \d+ of one at 2025-05-03 10:00:00 UTC.*force => true/,
	'order: one before is refused');
is(arrives($older, ', force => true'), '2', 'order: unless it is forced');
is(arrives($newest, ', force => true'), '2', 'order: the newest again');
like(arrives("$dir/runs/metadata/BILLING_PERIOD=2025-03/2025-03-03T01:00:00.000Z-a/runs-Manifest.json", ''), qr/^2$/, 'order: AWS');
like(arrives("$dir/runs/metadata/BILLING_PERIOD=2025-03/2025-03-01T01:00:00.000Z-z/runs-Manifest.json", ''),
	qr/is older than what is loaded of billing period 2025-03.*run at 2025-03-01 01:00:00 UTC/, 'order: AWS, one before');
is($node->safe_psql('postgres', q{SELECT DISTINCT run_at AT TIME ZONE 'UTC' FROM focus_loads WHERE state <> 'removed' AND run_at < '2025-05-04' AND billingperiodstart > '2025-02-02' ORDER BY 1}),
	"2025-03-03 01:00:00\n2025-05-02 10:00:00\n2025-05-03 10:00:00", 'order: the log has the time of each run');

# The time of a run is an instant, however it is written.
azure_run('b-1', '2025-05-03T12:30:00.0+02:00', costs => [ 1, 3 ]);
is(loads('Azure, a zone', "$dir/azure"), '2|4', 'Azure: half past ten is after ten');
azure_run('b-1', '2025-05-03T09:59:59.9999999', costs => [ 1, 2 ]);
is(loads('Azure, no zone', "$dir/azure"), '2|30', 'Azure: without a zone it is UTC');
azure_run('b-1', 'yesterday', costs => [ 1, 2 ]);
fails('Azure, no instant', "$dir/azure", '22P04', qr/cannot tell which of the manifests/);
azure_run('b-1', '2025-05-02T10:00:00.0Z', costs => [ 1, 2 ]);
my $untimed = azure_run('d-4', undef, costs => [ 5 ]);
fails('Azure, no time', "$dir/azure", '22P04', qr/cannot tell which of the manifests "[^"]*" and "[^"]*" is newer.*Pass the path/);
is(loads('Azure, no time, by manifest', $untimed), '1|5', 'Azure: a manifest alone needs no time');
unlink $untimed, $untimed =~ s/manifest\.json/part_0_0001.csv/r;
azure_run('a-2', '2025-05-03T10:00:00.0Z', costs => [ 10, 20 ], bytes => 1);
fails('Azure, cut', $newest, '22P04', qr/"[^"]*part_0_0001\.csv" has \d+ bytes, its manifest says \d+.*The manifest is "\Q$newest\E".*Fetch the file again/);
azure_run('a-2', '2025-05-03T10:00:00.0Z', costs => [ 10, 20 ], rows => 1);
fails('Azure, rows missing', $newest, '22P04', qr/"[^"]*part_0_0001\.csv" has 1 rows, its manifest says 2.*Fetch the file/);
azure_run('a-2', '2025-05-03T10:00:00.0Z', costs => [ 10, 20 ], count => 3);
fails('Azure, blobs missing', $newest, '22P04', qr/manifest "\Q$newest\E" is of 3 files and lists 2/);
azure_run('a-2', '2025-05-03T10:00:00.0Z', costs => [ 10, 21 ]);
unlink $newest =~ s/manifest\.json/part_1_0001.csv/r;
fails('Azure, a file missing', $newest, '58P01', qr/lists "container\/azure\/export\/20250501-20250531\/a-2\/part_1_0001\.csv", which is not there/);

# Runs whose folders are not named as the export named them
my $two_runs = qr/cannot tell which of the manifests "[^"]*" and "[^"]*" is newer.*of each in a call of its own/;
sub run_in
{
	my ($folder, $month, $cost, $manifest) = @_;

	charges("$folder/part_0.csv", $month, $cost);
	return file("$folder/manifest.json", $manifest);
}
run_in("renamed/azure/run$_", '2025-08', $_,
	qq({"runInfo": {"runId": "guid-$_", "submittedTime": "2025-08-0${_}T00:00:00Z"}, "blobs": [{"blobName": "c/part_0.csv"}]})) for 1, 2;
fails('Azure, folders renamed', "$dir/renamed/azure", '22P04', $two_runs);
is(loads('Azure, folders renamed, by manifest', "$dir/renamed/azure/run2/manifest.json"), '1|2', 'Azure, folders renamed: a manifest alone');
run_in("renamed/names/run$_", '2025-08', $_,
	qq({"runInfo": {"runId": "guid-$_", "submittedTime": "2025-08-0${_}T00:00:00Z"}, "blobs": [{"blobName": "c/export/guid-$_/part_0.csv"}]})) for 1, 2;
fails('Azure, folders renamed, names tell', "$dir/renamed/names", '22P04', $two_runs);
run_in("renamed/months/run$_", "2025-0$_", 10 + $_,
	qq({"runInfo": {"runId": "guid-$_", "startDate": "2025-0$_-01T00:00:00Z"}, "blobs": [{"blobName": "c/part_0.csv"}]})) for 8, 9;
is(loads('Azure, months', "$dir/renamed/months"), '2|37', 'Azure, folders renamed: two months');
run_in("renamed/aws/run$_", '2025-08', 20 + $_, '{"dataFiles": ["s3://b/e/data/part_0.csv"]}') for 1, 2;
fails('AWS, folders renamed', "$dir/renamed/aws", '22P04', $two_runs);
run_in("renamed/overwritten/run$_", '2025-08', 30 + $_, '{"dataFiles": ["s3://b/e/data/BILLING_PERIOD=2025-08/part_0.csv"]}') for 1, 2;
fails('AWS, overwritten', "$dir/renamed/overwritten", '22P04', $two_runs);
run_in("renamed/periods/run$_", "2025-0$_", 40 + $_, qq({"dataFiles": ["s3://b/e/data/BILLING_PERIOD=2025-0$_/part_0.csv"]})) for 8, 9;
is(loads('AWS, months', "$dir/renamed/periods"), '2|97', 'AWS, folders renamed: two months');

# Reports of before: folders of runs, and the newest manifest beside them
sub report
{
	my ($assembly, $cost) = @_;

	return run_in("report/20250801-20250901/$assembly", '2025-08', $cost,
		qq({"assemblyId": "$assembly", "billingPeriod": {"start": "20250801T000000.000Z"}, "reportKeys": ["p/report/20250801-20250901/$assembly/part_0.csv"]}));
}
report('asm1', 50);
my $current = report('asm2', 51);
fails('report', "$dir/report", '22P04', $two_runs);
file('report/20250801-20250901/manifest.json', slurp_file($current));
is(loads('report', "$dir/report"), '1|51', 'report: the manifest of the period tells which run counts');
file('report/20250801-20250901/manifest.json', slurp_file($current) =~ s/asm2/asm1/gr);
is(loads('report, other', "$dir/report"), '1|50', 'report: whichever it is');

# A file of the same name that is another's does not stand for one that is missing.
charges('names/data/e-1.csv', '2025-09', 60);
my $missing = file('names/feb/manifest.json', '{"dataFiles": ["s3://b/feb/data/e-1.csv"]}');
fails('another file of the name', $missing, '58P01', qr/lists "s3:\/\/b\/feb\/data\/e-1\.csv", which is not there/);
my $owner = file('names/data/manifest.json', '{"dataFiles": ["s3://b/BILLING_PERIOD=2025-08/e-1.csv"]}');
file('names/feb/manifest.json', '{"dataFiles": ["s3://b/BILLING_PERIOD=2025-09/data/e-1.csv"]}');
fails('a file of another manifest', "$dir/names", '58P01', qr/lists "s3:\/\/b\/BILLING_PERIOD=2025-09\/data\/e-1\.csv", which is not there/);
is(loads('its owner', $owner), '1|60', 'a file belongs to the manifest beside it');
my $twice = charges('twice/e-1.csv', '2025-09', 61);
fails('listed twice', file('twice/manifest.json', '{"dataFiles": ["a/e-1.csv", "b/e-1.csv"]}'), '22P04',
	qr/"\Q$twice\E" is listed a second time, as "b\/e-1\.csv" in manifest/);

# Rejected rows are rows of the file.
my $bad = file('bad/part.csv', "BillingPeriodStart,BilledCost\n2025-06-01T00:00:00Z,1\n2025-06-01T00:00:00Z,x\n");
my $manifest = file('bad/manifest.json', sprintf '{"blobs": [{"blobName": "c/part.csv", "byteCount": %d, "dataRowCount": 2}]}', -s $bad);
is(loads('rejected rows', $manifest), '1|1', 'rejected rows count');

# Elements that name nothing, and counts that are none
for my $text ('{"dataFiles": ["part.csv", 1]}', '{"blobs": [{"blobName": "part.csv"}, {"name": "b.csv"}]}', '{"blobs": [{"blobName": "part.csv"}, "b.csv"]}')
{
	fails($text, file('bad/manifest.json', $text), '22P04', qr/element 2 of "\w+" in manifest "\Q$dir\E\/bad\/manifest\.json" names no file/);
}
for my $count ('-1', '1.5', '1e30', '"x"', '""', '[]')
{
	fails("count $count", file('bad/manifest.json', qq({"blobs": [{"blobName": "part.csv", "byteCount": $count}]})), '22P04',
		qr/"byteCount" in manifest "\Q$dir\E\/bad\/manifest\.json" is not a count/);
}
fails('count as text', file('bad/manifest.json', '{"blobs": [{"blobName": "part.csv", "byteCount": "1"}]}'), '22P04', qr/its manifest says 1/);

# Parquet, nothing, and what is no manifest
fails('Parquet', file('parquet/manifest.json', '{"blobs": [{"blobName": "c/a.snappy.parquet", "byteCount": 1, "dataRowCount": 1}]}'),
	'0A000', qr/lists "c\/a\.snappy\.parquet", which is neither CSV nor JSON.*COPY \.\.\. FROM PROGRAM/);
fails('no files', file('none/manifest.json', '{"dataFiles": []}'), '58P01', qr/manifest "[^"]*" lists no file/);
fails('leaves the folder', file('up/manifest.json', '{"dataFiles": ["../bad/part.csv"]}'), '58P01', qr/which is not there/);
fails('unknown', file('unknown/manifest.json', '{"files": []}'), '22P04', qr/is not a manifest that is known.*Name the data files/);
charges('damaged/a.csv', '2025-07', 1);
for my $text ('[]', '{"blobs"', "{\"blobs\": \"\xff\"}", '')
{
	my $damaged = file('damaged/manifest.json', $text);

	fails("\"$text\"", $damaged, '22P04', qr/manifest "\Q$damaged\E" is not a well-formed JSON object.*Fetch the manifest again/);
	fails("\"$text\" in a directory", "$dir/damaged", '22P04', qr/manifest "\Q$damaged\E" is not a well-formed JSON object/);
}
for my $key ('blobs', 'dataFiles', 'reportKeys')
{
	my $damaged = file('damaged/manifest.json', qq({"$key": "a.csv"}));

	fails("no array $key", "$dir/damaged", '22P04', qr/"$key" of manifest "\Q$damaged\E" is not an array.*Fetch the manifest again/);
}
fails('a number that is none', file('damaged/manifest.json', '{"dataFiles": [], "n": 1e999999}'), '22003', qr/CONTEXT: .*manifest "\Q$dir\E\/damaged/);
charges('unknown/a.csv', '2025-07', 1);
is(loads('unknown in a directory', "$dir/unknown"), '1|1', 'a manifest that is not known does not count');

# What a writer keeps to itself is no part of a delivery.
charges('writer/a.csv', '2025-07', 8);
charges('writer/_temporary/b.csv', '2025-07', 2);
charges('writer/month/_delta_log/c.csv', '2025-07', 4);
file('writer/_old/manifest.json', '{"dataFiles": ["b/c.csv"]}');
is(loads('directories named by _', "$dir/writer"), '1|8', 'directories whose names begin with _ are passed over');
is(loads('one of them', "$dir/writer/_temporary"), '1|2', 'one that is named counts');

# One file in two formats
my $csv = charges('formats/a.csv', '2025-07', 70);
my $json = file('formats/a.json', '{"ProviderName": "AWS", "BillingAccountId": "1", "BillingPeriodStart": "2025-07-01T00:00:00Z", "BilledCost": 70}');
charges('formats/a.b.csv', '2025-07', 71);
fails('two formats', "$dir/formats", '22P04', qr/files "\Q$csv\E" and "\Q$json\E" seem to be one in two formats.*by a glob/);
is(loads('two formats, by glob', "$dir/formats/*.csv"), '2|141', 'one of the formats may be loaded');

# A cost that a JSON file has under another name
charges('costs/a.csv', '2025-07', 80);
my $other = file('costs/b.json', '{"ProviderName": "AWS", "BillingAccountId": "1", "BillingPeriodStart": "2025-07-01T00:00:00Z", "Cost": 81, "ListCost": 1}');
fails('a cost renamed in JSON', "$dir/costs", '22P04', qr/"\Q$other\E" has no column "BilledCost", which "[^"]*a\.csv" of the same delivery has/);
file('costs/b.json', qq({"ProviderName": "AWS", "BillingAccountId": "1", "BillingPeriodStart": "2025-07-01T00:00:00Z"}\n) .
	'{"ProviderName": "AWS", "BillingAccountId": "1", "BillingPeriodStart": "2025-07-01T00:00:00Z", "BilledCost": 82}');
is(loads('costs in JSON', "$dir/costs"), '3|162', 'a cost may come late in JSON');

# The provider's own example names a Parquet file.
my $example = ($ENV{FOCUS_SHARED} // '') . '/data/azure/export_manifest_1.0r2_sanitised.json';
SKIP:
{
	skip 'no example of Azure', 2 unless -e $example;
	fails('example of Azure', file('example/manifest.json', slurp_file($example)), '0A000', qr/focus_real_sanitised\.snappy\.parquet", which is neither/);
}

unlike(slurp_file($node->logfile), qr/TRAP|PANIC|terminated by signal|reference leak/, 'the log is clean');
$node->stop;
done_testing();
