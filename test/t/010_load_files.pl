# Files of every kind that a loader meets, most of them bad: each is loaded
# right or refused with an error that names file, line, column and value; the
# session goes on, and nothing is half loaded.

use strict;
use warnings;

use File::Path qw(make_path);
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

my $dir = PostgreSQL::Test::Utils::tempdir();
my $header = "BilledCost,BillingPeriodStart,ChargeDescription\n";
my $period = '2025-01-01T00:00:00Z';
my $nfiles = 0;

# Writes a file of the given bytes; returns its path.
sub file
{
	my ($content, $name) = @_;
	my $path = "$dir/" . ($name // ('f' . ++$nfiles . '.csv'));

	open my $out, '>:raw', $path or die "$path: $!";
	print $out $content;
	close $out or die "$path: $!";
	return $path;
}

sub gzip
{
	my ($content, $name) = @_;
	my $path = file($content, $name);

	system_or_bail('gzip', '-n', $path);
	return "$path.gz";
}

# A frame of zstd with a checksum, by the library's own program.
sub zstd
{
	my ($content, $name) = @_;
	my $path = file($content, $name);

	system_or_bail('zstd', '-q', '--rm', $path);
	return "$path.zst";
}

sub slurp_bytes
{
	my ($path) = @_;

	open my $in, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar <$in>;
}

# Everything that a load could leave behind.
sub state_of
{
	my ($db) = @_;

	return $node->safe_psql(
		$db // 'postgres', q{
		SELECT (SELECT count(*) FROM focus_cost_and_usage), (SELECT sum(billedcost) FROM focus_cost_and_usage),
			(SELECT count(*) FROM focus_contract_commitment), (SELECT count(*) FROM focus_loads),
			(SELECT count(*) FROM focus_rejected_rows), (SELECT count(*) FROM focus_load_findings),
			(SELECT count(*) FROM focus_dataset_instances), (SELECT count(*) FROM focus_time_sectors)});
}

# The load fails as expected, leaves nothing, and the session goes on.
sub fails
{
	my ($what, $path, $sqlstate, $pattern, %param) = @_;
	my $before = state_of($param{db});
	my $options = $param{options} // q{, source => 'bad'};
	my ($rc, $out, $err) = $node->psql(
		$param{db} // 'postgres',
		($param{first} // '') . "\n\\set VERBOSITY verbose\nSELECT * FROM focus_load('$path'$options);\nSELECT 'alive';",
		on_error_stop => 0);

	like($err =~ s/\n/ /gr, qr/ERROR:  $sqlstate: .*$pattern/, "$what: error");
	like($out, qr/^alive$/m, "$what: the session goes on");
	is(state_of($param{db}), $before, "$what: nothing is left");
	return $err;
}

# The load succeeds; returns stored|rejected|replaced and what it says.
sub loads
{
	my ($what, $path, %param) = @_;
	my $options = $param{options} // sprintf(q{, source => '%s'}, $what =~ s/'/''/gr);
	my ($rc, $out, $err) = $node->psql($param{db} // 'postgres',
		"SELECT rows_stored, rows_rejected, rows_replaced FROM focus_load('$path'$options)");

	is($rc, 0, "$what: loads") or diag($err);
	return wantarray ? ($out, $err) : $out;
}

sub rows_of
{
	my ($source, $db) = @_;

	return $node->safe_psql($db // 'postgres',
		"SELECT billedcost, chargedescription FROM focus_cost_and_usage WHERE x_loadid IN "
		  . "(SELECT loadid FROM focus_loads WHERE source = '$source') ORDER BY billedcost");
}

sub rejected_of
{
	my ($source, $db) = @_;

	return $node->safe_psql($db // 'postgres',
		"SELECT line, columnname, value, sqlstate, message FROM focus_rejected_rows JOIN focus_loads USING (loadid) "
		  . "WHERE source = '$source' ORDER BY line");
}

# Something to be left alone.
is(loads('first', file("${header}1,$period,first\n")), '1|0|0', 'first: one row');

# Paths
fails('missing file', "$dir/none.csv", '58P01', qr/could not open file "\Q$dir\E\/none\.csv" for reading: No such file/);
fails('relative path', 'f1.csv', '42602', qr/relative path "f1\.csv" is not allowed/);
mkdir "$dir/empty";
fails('empty directory', "$dir/empty", '58P01', qr/directory "\Q$dir\E\/empty" holds no data file/);
fails('glob without a match', "$dir/empty/*.csv", '58P01', qr/no file matches "\Q$dir\E\/empty\/\*\.csv"/);
mkdir "$dir/stray";
file("${header}1,$period,a\n", 'stray/a.csv');
file('PAR1', 'stray/b.parquet');
fails('stray file', "$dir/stray", '0A000', qr/directory "\Q$dir\E\/stray" holds "b\.parquet", which is not a data file/);
is(loads('stray by glob', "$dir/stray/*.csv"), '1|0|0', 'a glob leaves the stray file out');
my $unreadable = file("${header}1,$period,a\n");
chmod 0000, $unreadable;
fails('unreadable file', $unreadable, '42501', qr/could not open file "\Q$unreadable\E" for reading: Permission denied/);
mkdir "$dir/locked";
file("${header}1,$period,locked\n", 'locked/a.csv');
chmod 0000, "$dir/locked";
fails('unreadable directory', "$dir/locked", '42501', qr/could not open directory "\Q$dir\E\/locked": Permission denied/);
fails('glob through an unreadable directory', "$dir/lo*/*.csv", '42501', qr/could not look for files that match .*Permission denied/);
chmod 0700, "$dir/locked";

$node->safe_psql('postgres', 'CREATE ROLE reader LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO reader');
fails('role without pg_read_server_files', "$dir/f1.csv", '42501',
	qr/must be superuser or have privileges of the pg_read_server_files role/, first => 'SET ROLE reader;');

# AWS's layout: two months, manifests beside the data
make_path("$dir/aws/data/BILLING_PERIOD=2025-01", "$dir/aws/data/BILLING_PERIOD=2025-02",
	"$dir/aws/metadata/BILLING_PERIOD=2025-01", "$dir/aws/.hidden");
my $aws = "ProviderName,BillingAccountId,BillingPeriodStart,BilledCost\n";
gzip("${aws}AWS,1,2025-01-01T00:00:00.000Z,1.25\n", 'aws/data/BILLING_PERIOD=2025-01/e-00001.csv');
gzip("${aws}AWS,1,2025-01-01T00:00:00.000Z,2.50\n", 'aws/data/BILLING_PERIOD=2025-01/e-00002.csv');
gzip("${aws}AWS,1,2025-02-01T00:00:00.000Z,4\n", 'aws/data/BILLING_PERIOD=2025-02/e-00001.csv');
file('{}', 'aws/metadata/BILLING_PERIOD=2025-01/e-Manifest.json');
file('x', 'aws/.hidden/secret.bin');
file('x', 'aws/_SUCCESS');
is(loads('aws', "$dir/aws", options => ''), '3|0|0', 'a directory tree is one delivery');
is($node->safe_psql('postgres', q{SELECT source, billingperiodstart AT TIME ZONE 'UTC', files, rows_stored, totals->'XXX'->>'billedcost'
	FROM focus_loads WHERE source = 'AWS/1' ORDER BY 2}),
	"AWS/1|2025-01-01 00:00:00|3|2|3.75\nAWS/1|2025-02-01 00:00:00|3|1|4", 'one load for each month');
my ($out, $err) = loads('aws again', "$dir/aws/data/*/*.csv.gz", options => '');
is($out, '0|0|0', 'aws again: nothing');
like($err, qr/NOTICE:.* has been loaded already, nothing has changed/, 'aws again: a notice says so');
file("${aws}AWS,1,2025-01-01T00:00:00.000Z,1.25\n", 'aws/data/BILLING_PERIOD=2025-01/e-00003.csv');
fails('two copies in one directory', "$dir/aws", '22P04',
	qr/files "\Q$dir\E\/aws\/data\/BILLING_PERIOD=2025-01\/e-00001\.csv\.gz" and "\Q$dir\E\/aws\/data\/BILLING_PERIOD=2025-01\/e-00003\.csv" have the same content/,
	options => '');
make_path("$dir/mixed");
file("${aws}AWS,9,2025-01-01T00:00:00.000Z,1\n", 'mixed/a.csv');
file("ContractId,ContractCommitmentId\n1,2\n", 'mixed/b.csv');
fails('two datasets in one directory', "$dir/mixed", '22P04', qr/is of dataset ContractCommitment, other files of the delivery are of CostAndUsage/);
# the other file of a delivery is named, not the one before it
file("${header}1,$period,a\n" . "2,$period,b\n" x 3, 'mixed/a.csv');
file("${header}1,$period,a\n\n7,$period,\"x", 'mixed/b.csv');
fails('second file broken', "$dir/mixed", '22P04', qr/"\Q$dir\E\/mixed\/b\.csv" is not well-formed CSV at line 4/);

# Another provider than the one named: no row of the file is of it
{
	my $columns = "ProviderName,ServiceProviderName,BillingPeriodStart,BilledCost\n";
	my $azure = file("${columns}Microsoft,Microsoft,2025-01-01T00:00:00Z,1\n,Azure,2025-01-01T00:00:00Z,2\n");

	fails('another provider', $azure, '22P04', qr/"\Q$azure\E" is of provider "Microsoft", not of "AWS".*Pass another provider or none/,
		options => q{, source => 'bad', provider => 'AWS'});
	$node->safe_psql('postgres', q{INSERT INTO focus_sources VALUES ('ours', NULL, 'Amazon Web Services')});
	fails('another provider than the source', $azure, '22P04', qr/"\Q$azure\E" is of provider "Microsoft", not of "Amazon Web Services".*focus_sources/,
		options => q{, source => 'ours'});
	is(loads('provider by another spelling', $azure, options => q{, source => 'a', provider => 'microsoft corporation'}), '2|0|0', 'the same provider, spelled differently');
	is(loads('a reseller', file("${columns}AWS,Vendor,2025-01-01T00:00:00Z,1\n"), options => q{, source => 'b', provider => 'AWS'}), '1|0|0', 'either name will do');
	is(loads('some rows', file("${columns}Vendor,,2025-01-01T00:00:00Z,1\n,,2025-01-01T00:00:00Z,2\n"), options => q{, source => 'c', provider => 'AWS'}), '2|0|0', 'and one row');
	make_path("$dir/providers");
	file("${columns}AWS,,2025-01-01T00:00:00Z,1\n", 'providers/a.csv');
	file("${columns}Microsoft,,2025-01-01T00:00:00Z,1\n", 'providers/b.csv');
	fails('another provider in a directory', "$dir/providers", '22P04', qr/"\Q$dir\E\/providers\/b\.csv" is of provider "Microsoft"/,
		options => q{, source => 'bad', provider => 'AWS'});
}

# strict by the function, NULL being false
{
	my $content = "${header}1,$period,fine\n2 ,$period,blank\n";

	is(loads('strict', file($content), options => q{, source => 'strict', strict => true}), '1|1|0', 'strict: a repair rejects its row');
	is(rejected_of('strict'), '3|BilledCost|2 |22000|strict: number with blanks around it or a plus sign in its exponent', 'strict: quarantine');
	is(loads('not strict', file($content =~ s/fine/fine too/r), options => q{, source => 'not strict', strict => NULL}), '2|0|0', 'strict => NULL');
}

# One row of a hundred broken, and all of them
{
	my $header = "BillingPeriodStart,BilledCost\n";
	my ($out, $err) = loads('1 % broken', file($header . join('', map { '2025-01-01T00:00:00Z,' . ($_ % 100 ? '0.25' : 'dear') . "\n" } 1 .. 10_000)));

	is($out, '9900|100|0', '1 % broken: the others are stored');
	like($err, qr/WARNING:  100 rows of "[^"]*" were rejected.*HINT:  See focus_rejected_rows; delivery \d+/s, '1 % broken: a warning');
	is($node->safe_psql('postgres', q{
		SELECT count(*), min(line), max(line), min(value), (SELECT sum(billedcost) FROM focus_cost_and_usage c WHERE c.x_loadid = l.loadid)
		FROM focus_rejected_rows r JOIN focus_loads l USING (loadid) WHERE source = '1 % broken' GROUP BY l.loadid}),
		'100|101|10001|dear|2475.00', '1 % broken: quarantine and sum');
	my $all = file($header . "2025-01-01T00:00:00Z,dear\n" x 10_000);
	is(loads('all broken', $all, options => q{, source => '1 % broken', mode => 'replace'}), '0|10000|0', 'all broken: nothing is replaced');
	is($node->safe_psql('postgres', q{SELECT string_agg(state || rows_stored, ' ' ORDER BY loadid) FROM focus_loads WHERE source = '1 % broken'}),
		'current9900 rejected0', 'all broken: the former delivery stays');
	$all = file($header . "2025-01-01T00:00:00Z,dearer\n" x 10_000);
	fails('too many broken', $all, '22P04', qr/more than 9999 rows were rejected.*line 10001 of "\Q$all\E", column "BilledCost", value "dearer": not a number.*raise reject_limit/,
		options => q{, source => 'limit', reject_limit => 9999});
}

# A cost that one file has and another does not
{
	make_path("$dir/renamed");
	file("BillingPeriodStart,BilledCost,EffectiveCost\n$period,1,2\n", 'renamed/a.csv');
	file("BillingPeriodStart,BilledCost,Effective_Cost\n$period,1,2\n", 'renamed/b.csv');
	fails('a cost renamed', "$dir/renamed", '22P04',
		qr/"\Q$dir\E\/renamed\/b\.csv" has no column "EffectiveCost", which "\Q$dir\E\/renamed\/a\.csv" of the same delivery has.*Rename the column/);
	file("BillingPeriodStart,BilledCost,ListCost,EffectiveCost,x_Other\n$period,1,,2,3\n", 'renamed/b.csv');
	fails('a cost more', "$dir/renamed", '22P04', qr/a\.csv" has no column "ListCost", which "[^"]*b\.csv" of the same delivery has/);
	file("x_Other,effectivecost,BillingPeriodStart,BilledCost\n3,2,$period,1\n", 'renamed/b.csv');
	is(loads('other columns', "$dir/renamed"), '2|0|0', 'columns that are no costs may differ');
}

# Same content under another name, plain and inflated
my $same = "${header}11,$period,same\n";
loads('same', file($same, 'same.csv'));
for my $again ([ 'another name', file($same, 'renamed.csv') ], [ 'gzip', gzip($same, 'same2.csv') ],
	[ 'zstd', zstd($same, 'same3.csv') ])
{
	my ($out, $err) = loads("same content by $again->[0]", $again->[1]);

	is($out, '0|0|0', "same content by $again->[0]: nothing stored");
	like($err, qr/NOTICE:  "\Q$again->[1]\E" has been loaded already/, "same content by $again->[0]: notice");
}

# Files that are no FOCUS files
fails('empty file', file(''), '22P04', qr/"\Q$dir\E\/f\d+\.csv" is empty/);
fails('blank lines only', file("\n\r\n\n"), '22P04', qr/ is empty/);
fails('no header', file("1,$period,x\n2,$period,y\n"), '22P04', qr/is not a FOCUS file: its first line names no FOCUS column.*DETAIL:  The line has 3 fields, the first is "1"/);
fails('binary junk', file(join '', map { chr(($_ * 167 + 13) % 256) } 1 .. 5000), '22P04', qr/"\Q$dir\E\/f\d+\.csv" is not /);
fails('JSON of something else', file('{"a": 1}'), '22P04', qr/is not a FOCUS file/);
fails('JSON without a period', file('{"BilledCost": 1}'), '22P04', qr/has no column "BillingPeriodStart"/);
fails('UTF-16 with mark', file("\xff\xfe" . join '', map { "$_\0" } split //, $header), '22P04', qr/is encoded in UTF-16/);
fails('UTF-16 without mark', file(join '', map { "$_\0" } split //, $header), '22P04', qr/its first line is not UTF-8 text/);
fails('header not UTF-8', file("BilledCost,BillingPeriodStart,x_Stra\xdfe\n1,$period,\n"), '22P04', qr/its first line is not UTF-8 text/);
fails('duplicate header', file("BilledCost,BillingPeriodStart,Tags,tags\n1,$period,,\n"), '22P04', qr/has column "tags" more than once/i);
fails('no provider', file("${header}1,$period,x\n"), '22023', qr/cannot tell the source of the delivery.*row at line 2/, options => '');
is(loads('header only', file($header)), '0|0|0', 'header only: no row');

# Broken CSV
fails('unterminated quote', file("${header}1,$period,a\n2,$period,\"never closed\n3,$period,c\n"), '22P04', qr/is not well-formed CSV at line 3.*Field 3 of the row has a quote/);
fails('quote inside a field', file("${header}1,$period,a\n2,$period,a\"b\"\n"), '22P04', qr/is not well-formed CSV at line 3/);
{
	my $path = "$dir/huge_field.csv";

	open my $out, '>:raw', $path or die;
	print $out $header, "1,$period,a\n2,$period,\"";
	print $out 'x' x 1_000_000 for 1 .. 200;
	print $out "\"\n3,$period,c\n";
	close $out or die;
	fails('200 MB field', $path, '54000', qr/field 3 of the row at line 3 of "\Q$path\E" is longer than 67108864 bytes/);
	unlink $path;
	open $out, '>:raw', $path or die;
	print $out $header, "1,$period,a\n2";
	print $out ',' . 'x' x 1_000_000 for 1 .. 100;
	close $out or die;
	fails('100 MB row', $path, '54000', qr/row at line 3 of "\Q$path\E" is longer than 67108864 bytes/);
	unlink $path;
}
fails('too many fields', file("${header}1" . ',' x 30_000 . "\n"), '54000', qr/row at line 2 of "\Q$dir\E\/f\d+\.csv" has more than 20000 fields/);
{
	my $text = 'w' x 8_000_000;

	is(loads('8 MB field', file("${header}1,$period,$text\n")), '1|0|0', '8 MB field: one row');
	is($node->safe_psql('postgres', 'SELECT max(length(chargedescription)) FROM focus_cost_and_usage'), 8_000_000, '8 MB field: all of it');
}

# Gzip
my $lines = $header . join '', map { sprintf "%d.%02d,$period,%s\n", $_, $_ % 100, 'text ' . $_ * 7919 % 10007 } 1 .. 3000;
my $sum = $node->safe_psql('postgres', 'SELECT sum(i + (i % 100) / 100.0) FROM generate_series(1, 3000) i');
my $gz = slurp_bytes(gzip($lines, 'whole.csv'));
for my $cut (3, 11, 500, length($gz) - 9, length($gz) - 1)
{
	fails("gzip cut at $cut", file(substr($gz, 0, $cut), "cut$cut.csv.gz"), '22P04', qr/gzip stream in "\Q$dir\E\/cut$cut\.csv\.gz" is truncated/);
}
{
	my $damaged = $gz;

	substr($damaged, 5000, 4) = "\xff\xff\xff\xff";
	fails('gzip damaged', file($damaged, 'damaged.csv.gz'), '22P04', qr/gzip stream in "\Q$dir\E\/damaged\.csv\.gz" is damaged near byte \d+/);
	$damaged = $gz;
	substr($damaged, -6, 1) = chr(ord(substr($damaged, -6, 1)) ^ 1);
	fails('gzip with a wrong checksum', file($damaged, 'checksum.csv.gz'), '22P04', qr/is damaged/);
	fails('gzip and junk', file($gz . 'junk', 'junk.csv.gz'), '22P04', qr/is damaged/);
}
is(loads('gzip', "$dir/whole.csv.gz"), '3000|0|0', 'gzip: all rows');
is($node->safe_psql('postgres', qq{SELECT (totals->'XXX'->>'billedcost')::numeric = $sum FROM focus_loads WHERE source = 'gzip'}), 't', 'gzip: the sum');
{
	# several members, one of them empty, under a name that does not say gzip
	my @parts = (substr($lines, 0, 1001), '', substr($lines, 1001));
	my $members = join '', map { slurp_bytes(gzip($parts[$_], "member$_.csv")) } 0 .. $#parts;

	my ($out, $err) = loads('gzip of members', file($members, 'members.csv'));
	is($out, '0|0|0', 'gzip of members: the same content');
	like($err, qr/NOTICE/, 'gzip of members: notice');
}

# Zstd
$lines =~ s/text/word/g;
my $zst = slurp_bytes(zstd($lines, 'whole.csv'));
for my $cut (4, 11, 500, length($zst) - 5, length($zst) - 1)
{
	fails("zstd cut at $cut", file(substr($zst, 0, $cut), "cut$cut.csv.zst"), '22P04', qr/zstd stream in "\Q$dir\E\/cut$cut\.csv\.zst" is truncated/);
}
{
	my $damaged = $zst;

	substr($damaged, 5000, 4) = "\xff\xff\xff\xff";
	fails('zstd damaged', file($damaged, 'damaged.csv.zst'), '22P04', qr/zstd stream in "\Q$dir\E\/damaged\.csv\.zst" is damaged near byte \d+/);
	$damaged = $zst;
	substr($damaged, -2, 1) = chr(ord(substr($damaged, -2, 1)) ^ 1);
	fails('zstd with a wrong checksum', file($damaged, 'checksum.csv.zst'), '22P04', qr/is damaged near byte .*checksum/);
	fails('zstd and junk', file($zst . 'junk', 'junk.csv.zst'), '22P04', qr/is damaged/);
}
is(loads('zstd', "$dir/whole.csv.zst"), '3000|0|0', 'zstd: all rows');
is($node->safe_psql('postgres', qq{SELECT (totals->'XXX'->>'billedcost')::numeric = $sum FROM focus_loads WHERE source = 'zstd'}), 't', 'zstd: the sum');
{
	# several frames, one of them empty and one to be skipped, under a name that does not say zstd
	my @parts = (substr($lines, 0, 1001), '', substr($lines, 1001));
	my $frames = join "\x5a\x2a\x4d\x18\x03\x00\x00\x00abc", '', map { slurp_bytes(zstd($parts[$_], "frame$_.csv")) } 0 .. $#parts;

	my ($out, $err) = loads('zstd of frames', file($frames, 'frames.csv'));
	is($out, '0|0|0', 'zstd of frames: the same content');
	like($err, qr/NOTICE/, 'zstd of frames: notice');
}
# JSON
{
	my @objects = map { qq({"BilledCost": $_.50, "BillingPeriodStart": "$period", "ChargeDescription": "text $_"}) } 1 .. 3000;
	my $jsonl = join '', map { "$_\n" } @objects;
	my %forms = (
		'JSON Lines' => file($jsonl, 'lines.jsonl'),
		'JSON Lines, CRLF, mark, no end' => file("\xef\xbb\xbf\r\n" . join("\r\n\r\n", @objects), 'crlf.txt'),
		'JSON Lines, gzip' => gzip(join("\n", @objects), 'lines2.ndjson'),
		'JSON array' => file('[' . join(",\n", @objects) . ']', 'array.json'),
		'JSON array, zstd' => zstd(" [\n" . join(' ,', @objects) . "\n]\n\n", 'array2.json'));

	for my $form (sort keys %forms)
	{
		is(loads($form, $forms{$form}), '3000|0|0', "$form: all rows");
		is($node->safe_psql('postgres', qq{SELECT totals->'XXX'->>'billedcost' FROM focus_loads WHERE source = '$form'}), '4503000.00', "$form: the sum");
	}
	is(loads('JSON 1 % broken', file(join('', map { $_ % 100 ? "$objects[$_]\n" : substr($objects[$_], 0, 40) . "\n" } 1 .. 2999))), '2970|29|0', 'JSON 1 % broken: the others');
	fails('JSON 100 % broken', file(join('', map { substr($_, 0, 40) . "\n" } @objects)), '22P04', qr/"\Q$dir\E\/f\d+\.csv" is not a file of JSON objects: line 1 is none/);
	fails('JSON array cut', file('[' . join(',', @objects[0 .. 1500])), '22P04', qr/"\Q$dir\E\/f\d+\.csv" is not a well-formed array of JSON objects at line 1.*It ends before the array does/);
	fails('JSON with too many keys', file(join '', map { qq({"BilledCost": 1, "x_$_": 1}\n) } 1 .. 2000), '54000', qr/objects of "\Q$dir\E\/f\d+\.csv" have more than 2000 different keys up to line 2000/);
	is(loads('JSON bytes', file(qq({"BilledCost": 1, "BillingPeriodStart": "$period", "ChargeDescription": "caf\xe9"}\n{"BilledCost": 2, "BillingPeriodStart": "$period"}\n))), '1|1|0', 'JSON bytes: rows');
	is(rejected_of('JSON bytes'), "1|ChargeDescription|caf\\xe9|22021|not UTF-8 text", 'JSON bytes: quarantine');
	fails('JSON key that is not UTF-8', file(qq({"BilledCost": 1, "x_\xe9": 1}\n)), '22P04', qr/its first line is not UTF-8 text/);

	my $path = "$dir/huge.jsonl";
	open my $out, '>:raw', $path or die;
	print $out qq({"BilledCost": 1, "BillingPeriodStart": "$period"}\n{"BilledCost": 2, "ChargeDescription": ");
	print $out 'x' x 1_000_000 for 1 .. 100;
	print $out qq("}\n);
	close $out or die;
	fails('100 MB object', $path, '54000', qr/row at line 2 of "\Q$path\E" is longer than 67108864 bytes/);
	unlink $path;
}

# Parquet, by any program that converts it: here one that takes the place of
# such a program, as the loader sees nothing but what it prints.
{
	my $converter = file(<<'EOS', 'parquet-to-csv');
#!/bin/sh
# Prints files of "PAR1", then CSV, as one CSV file.
header=
for file; do
	{ read -r magic && [ "$magic" = PAR1 ]; } <"$file" || { echo "$file: no Parquet" >&2; exit 3; }
	sed "1d${header:+;2d}" "$file"
	header=done
done
EOS
	my $columns = "BillingPeriodStart,BilledCost,Tags\n";
	chmod 0755, $converter;
	mkdir "$dir/parquet";
	file("PAR1\n${columns}$period,31.000000000000000001,\"{\"\"a\"\": \"\"b\"\"}\"\n", 'parquet/a.snappy.parquet');
	file("PAR1\n${columns}$period,32,\n$period,33,\n", 'parquet/b.snappy.parquet');

	my $copy = sub {
		my ($arguments, $source) = @_;

		return $node->psql('postgres', "LOAD 'focus'; COPY focus_cost_and_usage FROM PROGRAM '$converter $arguments' WITH (FORMAT focus, source '$source')");
	};
	is(($copy->("$dir/parquet/*.snappy.parquet", 'parquet'))[0], 0, 'Parquet by a program: loads');
	is($node->safe_psql('postgres', q{SELECT rows_stored, totals->'XXX'->>'billedcost' FROM focus_loads WHERE source = 'parquet'}),
		'3|96.000000000000000001', 'Parquet by a program: rows and sum');
	fails('Parquet in a directory', "$dir/parquet", '0A000', qr/holds "[ab]\.snappy\.parquet", which is not a data file/);
	my $before = state_of();
	file('PAR2', 'parquet/c.snappy.parquet');
	my ($rc, $out, $err) = $copy->("$dir/parquet/*.snappy.parquet", 'parquet cut');
	like($err, qr/ERROR:  program "\Q$converter\E .*" failed.*DETAIL:  child process exited with exit code 3/s, 'Parquet by a program that fails: error');
	is(state_of(), $before, 'Parquet by a program that fails: nothing is left');
}

is(loads('directory', do { mkdir "$dir/parts"; zstd("${header}21,$period,a\n", 'parts/a.csv'); gzip("${header}22,$period,b\n", 'parts/b.csv');
	file("${header}23,$period,c\n", 'parts/c.CSV'); zstd(qq({"BilledCost": 24, "BillingPeriodStart": "$period"}\n), 'parts/d.jsonl');
	file(qq([{"BilledCost": 25, "BillingPeriodStart": "$period"}]), 'parts/e.json'); file('{"other": 1}', 'parts/x_manifest.json');
	gzip(qq({"BilledCost": 26, "BillingPeriodStart": "$period"}\n), 'parts/f.ndjson'); "$dir/parts" }), '6|0|0', 'files of each kind in a directory');

# Lines
my %forms = (
	'CRLF' => "${header}1,$period,a\n2,$period,b\n" =~ s/\n/\r\n/gr,
	'CR' => "${header}1,$period,a\n2,$period,b\n" =~ s/\n/\r/gr,
	'mark' => "\xef\xbb\xbf${header}1,$period,a\n2,$period,b\n",
	'mark and quotes' => "\xef\xbb\xbf\"BilledCost\",\"BillingPeriodStart\",ChargeDescription\r\n1,$period,a\r\n2,$period,b\r\n",
	'no final newline' => "${header}1,$period,a\n2,$period,b",
	'blank lines' => "\n\n${header}\n1,$period,a\n\r\n\n2,$period,b\n\n\n",
	'mixed line ends' => $header =~ s/\n/\r\n/r . "1,$period,a\r2,$period,b\n");
for my $form (sort keys %forms)
{
	is(loads($form, file($forms{$form})), '2|0|0', "$form: rows");
	is(rows_of($form), "1|a\n2|b", "$form: content");
	# the line of a bad row behind it all
	my $end = $form eq 'no final newline' ? "\n" : '';
	my @ends = ($forms{$form} . $end) =~ /\r\n|\r|\n/g;
	my $expected = 1 + @ends;
	is(loads("$form, bad", file("$forms{$form}${end}x,$period,last")), '2|1|0', "$form: and a bad row");
	is(rejected_of("$form, bad"), "$expected|BilledCost|x|22P02|not a number", "$form: its line");
}
is(loads('ragged', file("${header}1,$period,a\n2,$period\n3,$period,c,d\n4,$period,e,,\n5\n")), '2|3|0', 'ragged: rows');
is(rejected_of('ragged'), join("\n", '3|||22P04|row has 2 fields, the header has 3',
		'4|||22P04|row has 4 fields, the header has 3', '6|||22P04|row has 1 fields, the header has 3'), 'ragged: quarantine');
is(loads('quoted lines', file("${header}1,$period,\"a\nb\r\nc\"\nx,$period,d\n")), '1|1|0', 'line feeds in quotes: rows');
is(rejected_of('quoted lines'), '5|BilledCost|x|22P02|not a number', 'line feeds in quotes: line');

# Bytes
is(loads('bytes', file("${header}1,$period,caf\xc3\xa9 \xe2\x82\xac\n2,$period,caf\xe9\n3,$period,nul\0nul\n4,$period,\xed\xa0\x80\n5,$period,\xf0\x9f\x98\x80\n\xc3,$period,cut\n")), '2|4|0', 'bytes: rows');
is(rejected_of('bytes'), join("\n", '3|ChargeDescription|caf\xe9|22021|not UTF-8 text', '4|ChargeDescription|nul\x00nul|22021|not UTF-8 text',
		'5|ChargeDescription|\xed\xa0\x80|22021|not UTF-8 text', '7|BilledCost|\xc3|22021|not UTF-8 text'), 'bytes: quarantine');
is(rows_of('bytes'), "1|caf\xc3\xa9 \xe2\x82\xac\n5|\xf0\x9f\x98\x80", 'bytes: content');

# Width
{
	my $names = join ',', 'BilledCost', 'BillingPeriodStart', map { "x_column_$_" } 1 .. 1998;

	is(loads('2,000 columns', file("$names\n1,$period," . join(',', 1 .. 1998) . "\n")), '1|0|0', '2,000 columns: row');
	is($node->safe_psql('postgres', q{SELECT x_columns->>'x_column_1998', (SELECT count(*) FROM jsonb_object_keys(x_columns))
		FROM focus_cost_and_usage WHERE x_columns ? 'x_column_1998'}), '1998|1998', '2,000 columns: all kept');
}

# All rows broken
{
	my ($out, $err) = loads('all broken', file($header . join '', map { "x$_,$period,row $_\n" } 1 .. 2000));

	is($out, '0|2000|0', 'all broken: all in quarantine');
	like($err, qr/WARNING:  2000 rows of "\Q$dir\E\/f\d+\.csv" were rejected/, 'all broken: warning');
	is($node->safe_psql('postgres', q{SELECT count(*), min(line), max(line), count(DISTINCT record->>'ChargeDescription'), min(state)
		FROM focus_rejected_rows JOIN focus_loads USING (loadid) WHERE source = 'all broken'}), '2000|2|2001|2000|rejected', 'all broken: each of them');
	fails('all broken, with a limit', file($header . join '', map { "y$_,$period,row $_\n" } 1 .. 2000), '22P04',
		qr/more than 100 rows were rejected.*The last one is at line 102 of "\Q$dir\E\/f\d+\.csv", column "BilledCost", value "y101": not a number/,
		options => q{, source => 'bad', reject_limit => 100});
}

# Other encodings of the database
for my $encoding ('LATIN1', 'SQL_ASCII')
{
	my $db = lc $encoding;
	my $e = $encoding eq 'LATIN1' ? "\xe9" : "\xc3\xa9";

	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($db, 'CREATE EXTENSION focus');
	my $content = "BilledCost,BillingPeriodStart,ChargeDescription,Tags,x_\xc3\xa9\n"
	  . "1,$period,caf\xc3\xa9,\"{\"\"k\xc3\xa9\"\": \"\"\xc3\xa9\"\"}\",\xc3\xa9\n2,$period,\xe2\x82\xac,,\n3,$period,\xe9,,\nx,$period,\xc3\xa9,,\n";
	is(loads("encoding $encoding", file($content), db => $db), $encoding eq 'LATIN1' ? '1|3|0' : '2|2|0', "$encoding: rows");
	is($node->safe_psql($db, q{SELECT encode(convert_to(chargedescription, getdatabaseencoding()::text)::bytea, 'hex'), x_columns::text, tags::text
		FROM focus_cost_and_usage ORDER BY billedcost LIMIT 1}),
		unpack('H*', "caf$e") . "|{\"x_$e\": \"$e\"}|{\"k$e\": \"$e\"}", "$encoding: content") if $encoding eq 'LATIN1';
	is($node->safe_psql($db, q{SELECT line, columnname, sqlstate, message FROM focus_rejected_rows ORDER BY line}),
		join("\n", $encoding eq 'LATIN1' ? '3|ChargeDescription|22P05|has characters that the database\'s encoding lacks' : (),
			'4|ChargeDescription|22021|not UTF-8 text', '5|BilledCost|22P02|not a number'), "$encoding: quarantine");
	fails("header in $encoding", file("BilledCost,BillingPeriodStart,x_\xe2\x82\xac\n1,$period,\n"), '22P05', qr/has no equivalent in encoding "LATIN1".*file "\Q$dir\E\/f\d+\.csv", line 1/s,
		db => $db) if $encoding eq 'LATIN1';

	# an escape that the encoding has no character for must not stop the load
	is(loads("escape in $encoding", file("BilledCost,BillingPeriodStart,ContractApplied\n9,$period,\"{\"\"a\"\": \"\"\\u20ac\"\"}\"\n"), db => $db),
		'1|0|0', "$encoding: escape in JSON");
	is($node->safe_psql($db, q{SELECT contractapplied IS NULL, x_columns->>'ContractApplied' FROM focus_cost_and_usage WHERE billedcost = 9}),
		't|{"a": "\\u20ac"}', "$encoding: kept as text");
}

# Time and memory
my $row = join(',', '0.%07d', $period, 'a description of some length, in quotes') =~ s/(a desc.*)/"$1"/r;
sub big_file
{
	my ($name, $megabytes) = @_;
	my $path = "$dir/$name";
	my $block = join '', map { sprintf("$row\n", $_) } 1 .. 10_000;
	my $bad = "bad,$period,row\n" x 20;

	open my $out, '>:raw', $path or die;
	print $out $header;
	print $out $block, $bad for 1 .. $megabytes * 1_000_000 / length($block);
	close $out or die;
	return $path;
}
sub big_json_file
{
	my ($name, $megabytes, $begin, $separator, $end) = @_;
	my $path = "$dir/$name";
	my $object = qq({"BilledCost": 0.25, "BillingPeriodStart": "$period", "ChargeDescription": "a description"}$separator);
	my $block = $object x 10_000;

	open my $out, '>:raw', $path or die;
	print $out $begin;
	print $out $block for 1 .. $megabytes * 1_000_000 / length($block);
	print $out qq({"BilledCost": "bad", "BillingPeriodStart": "$period"}$end);
	close $out or die;
	return $path;
}
my $small = big_file('small.csv', 20);
my $large = big_file('large.csv', 200);
fails('cancelled', $large, '57014', qr/canceling statement due to statement timeout/, first => q{SET statement_timeout = '700ms';});

# Largest private memory of the backend while it loads, in kB.
sub memory_of_load
{
	my ($path, $source) = @_;
	my $peak = 0;
	my $output = '';
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'SELECT pg_backend_pid()',
			'-c', "SELECT rows_stored > 0 AND rows_rejected > 0 FROM focus_load('$path', source => '$source')" ],
		'<', \'', '>', \$output, '2>', '/dev/null');

	$psql->pump until $output =~ /^(\d+)\n/;
	my $pid = $1;
	while ($psql->pumpable)
	{
		if (open my $status, '<', "/proc/$pid/status")
		{
			my ($kb) = map { /^RssAnon:\s+(\d+)/ ? $1 : () } <$status>;

			$peak = $kb if defined $kb && $kb > $peak;
		}
		usleep(20_000);
		$psql->pump_nb;
	}
	$psql->finish;
	like($output, qr/\nt\n/, "$source: loaded");
	return $peak;
}
SKIP:
{
	skip 'no /proc', 9 unless -r '/proc/self/status';
	my $of_small = memory_of_load($small, 'memory 20 MB');
	my $of_large = memory_of_load($large, 'memory 200 MB');

	cmp_ok($of_large, '<', $of_small + 8192, "memory does not grow with the file: $of_small kB, $of_large kB");
	for my $form ([ 'lines', '', "\n", "\n" ], [ 'array', '[', ',', ']' ])
	{
		my ($name, @marks) = @$form;
		my $of_few = memory_of_load(big_json_file('few', 10, @marks), "memory of few $name");
		my $of_many = memory_of_load(big_json_file('many', 60, @marks), "memory of many $name");

		cmp_ok($of_many, '<', $of_few + 8192, "memory does not grow with JSON $name: $of_few kB, $of_many kB");
	}
}

# The server has been through all this without a crash, and all totals agree.
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM (SELECT 1 FROM focus_loads l LEFT JOIN focus_cost_and_usage c ON c.x_loadid = l.loadid GROUP BY l.loadid
	HAVING count(c.x_loadid) <> l.rows_stored OR coalesce(sum(c.billedcost), 0) <>
		coalesce((SELECT sum((t.value->>'billedcost')::numeric) FROM jsonb_each(l.totals) t), 0)) d}), 0, 'loads and table agree');
unlike(slurp_file($node->logfile), qr/TRAP|PANIC|terminated by signal|reference leak/, 'the log is clean');

$node->stop;
done_testing();
