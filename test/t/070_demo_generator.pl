# The generator of the demonstration: its files have the shape of the
# providers' exports, the same date gives the same files, and its totals are
# those of the files, read again by COPY into columns of text.

use strict;
use warnings;

use Digest::SHA;
use File::Find;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $today = '2026-03-17';

# Runs the generator for a date and returns the folder.
sub generate
{
	my ($date) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir_short() . '/exports';
	my ($stdout, $stderr) = run_command([ $^X, 'test/demo/generate.pl', $folder, $date ]);
	is($stdout . $stderr, '', "the generator runs for $date");
	return $folder;
}

# The digest of all files below a folder.
sub digest_of
{
	my ($folder) = @_;
	my %digests;
	find({
			no_chdir => 1,
			wanted => sub {
				$digests{ substr $_, length $folder } = Digest::SHA->new(256)->addfile($_, 'b')->hexdigest if -f;
			}
		},
		$folder);
	return join "\n", map { "$_ $digests{$_}" } sort keys %digests;
}

# The rows of a CSV file without quoted commas, the header left out.
sub plain_csv
{
	my ($path) = @_;
	my (undef, @lines) = split /\n/, slurp_file($path);
	return map { [ split /,/, $_, -1 ] } @lines;
}

sub read_command
{
	my ($file) = @_;
	return ($file =~ /\.gz$/ ? 'gunzip -c' : 'cat') . " '$file'";
}

sub header_of
{
	my ($file) = @_;
	my ($header) = run_command([ 'sh', '-c', read_command($file) . ' | head -n 1' ]);
	$header =~ s/^\xEF\xBB\xBF|[\r"]//g;
	return split /,/, $header;
}

my $folder = generate($today);
is(digest_of(generate($today)), digest_of($folder), 'the same date gives the same files');
isnt(digest_of(generate('2026-03-18')), digest_of($folder), 'another date gives others');

# Months of all lengths, the turn of the year, the first and the last day.
foreach my $date ('2024-02-29', '2025-12-31', '2026-01-01')
{
	my $other = generate($date);
	my ($commitment) = plain_csv("$other/contract_commitments.csv");
	my ($last) = (plain_csv("$other/deliveries.csv"))[-1];
	is($last->[2], substr($date, 0, 7) . '-01', "the last delivery of $date is of its month");
	cmp_ok(scalar(plain_csv("$other/totals.csv")), '>', 100, "there are totals for $date");
	is(substr($commitment->[8], 10), 'T00:00:00Z', "the commitment made on $date ends at midnight");
}

# ---- shapes ----------------------------------------------------------------

my @deliveries = plain_csv("$folder/deliveries.csv");

# The files of a delivery, which is a file, a folder or a pattern.
sub files_of
{
	my ($path) = @_;
	my $pattern = "$folder/$path" . (-d "$folder/$path" ? '/*' : '');
	my @files = sort glob($pattern =~ s/ /\\ /gr);
	return @files;
}

my %columns = (aws => 60, azure => 106, gcp => 50, oci => 49, alibaba => 41, anthropic => 37);
foreach my $delivery (@deliveries)
{
	my ($source, $path) = @$delivery;
	my @files = files_of($path);
	cmp_ok(scalar @files, '>', 0, "$path has files");
	my %widths = map { scalar(header_of($_)) => 1 } @files;
	is(join(',', keys %widths), $columns{$source}, "columns of $path");
}
is(scalar(files_of($deliveries[0][1])), 2, 'a complete month of AWS has two files');

my ($azure) = grep { $_->[0] eq 'azure' } @deliveries;
my $text = slurp_file((files_of($azure->[1]))[0]);
like($text, qr/^\xEF\xBB\xBF/, 'Microsoft starts with a byte order mark');
unlike($text, qr/[^\r]\n/, 'Microsoft ends lines with CRLF');
like($text, qr/""org"":""data"","" org""/, 'tag keys differ in a leading space');

SKIP:
{
	my $metadata = "$ENV{FOCUS_SHARED}/data/azure/metadata_FocusCost_1.2-preview.json";
	skip 'no published column list of Microsoft at hand', 1 unless -r $metadata;
	my @published = slurp_file($metadata) =~ /"ColumnName"\s*:\s*"(\w+)"/g;
	is(join(',', sort(header_of((files_of($azure->[1]))[0]))), join(',', sort @published), 'columns as Microsoft publishes them');
}

# ---- totals ----------------------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('demo');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$node->safe_psql('postgres', q{
	CREATE TABLE cells (superseded boolean, source text, row jsonb);
	CREATE TABLE expected (kind text, source text, billing_period date, currency text, item text, value numeric)});
$node->safe_psql('postgres', "COPY expected FROM '$folder/totals.csv' WITH (FORMAT csv, HEADER)");

foreach my $number (0 .. $#deliveries)
{
	my ($source, $path, $period) = @{ $deliveries[$number] };
	my $superseded = grep { $_->[0] eq $source && $_->[2] eq $period && $_->[3] eq 'replace' }
	  @deliveries[ $number + 1 .. $#deliveries ];
	my @files = files_of($path);
	my $columns = join ', ', map { qq("$_" text) } header_of($files[0]);
	my $copies = join "\n", map { "COPY f FROM PROGRAM " . quoted(read_command($_)) . " WITH (FORMAT csv, HEADER);" } @files;
	$node->safe_psql('postgres', qq{
		CREATE TEMP TABLE f ($columns);
		$copies
		INSERT INTO cells SELECT $superseded > 0, '$source', to_jsonb(f) FROM f});
}

sub quoted
{
	my ($string) = @_;
	return q(') . $string =~ s/'/''/gr . q(');
}

# A row goes to quarantine when a cost or a period cannot be read.
$node->safe_psql('postgres', q{
	CREATE FUNCTION readable(value text) RETURNS boolean IMMUTABLE
	RETURN value ~ '^-?[0-9]+(\.[0-9]+)?(e-[0-9]+)?$';
	CREATE VIEW charges AS
	SELECT concat_ws(' ', CASE WHEN superseded THEN 'superseded' END,
			CASE WHEN readable(row->>'BilledCost') AND readable(row->>'EffectiveCost') AND row->>'ChargePeriodStart' ~ '^[0-9]'
				THEN 'stored' ELSE 'rejected' END) AS kind,
		source, (row->>'BillingPeriodStart')::timestamptz::date AS billing_period, row->>'BillingCurrency' AS currency,
		CASE WHEN readable(row->>'BilledCost') THEN (row->>'BilledCost')::numeric END AS billedcost,
		CASE WHEN readable(row->>'EffectiveCost') THEN (row->>'EffectiveCost')::numeric END AS effectivecost,
		row
	FROM cells;
	CREATE VIEW found AS
	SELECT kind, source, billing_period, currency, item, value
	FROM (
		SELECT kind, source, billing_period, currency, count(*) AS rows, sum(billedcost) AS billedcost, sum(effectivecost) AS effectivecost
		FROM charges GROUP BY 1, 2, 3, 4) AS s,
		LATERAL (VALUES ('rows', rows), ('billedcost', billedcost), ('effectivecost', effectivecost)) AS v(item, value)
	WHERE value IS NOT NULL
	UNION ALL
	SELECT v.kind, source, billing_period, currency, model, v.value
	FROM (
		SELECT source, billing_period, currency,
			coalesce(row->>'x_SkuMeterSubcategory', (row->>'SkuPriceDetails')::jsonb->>'x_Model',
				(row->>'SkuPriceDetails')::jsonb->>'ModelId', regexp_replace(row->>'ChargeDescription', ' Text .*', '')) AS model,
			sum((row->>'ConsumedQuantity')::numeric * CASE row->>'ConsumedUnit' WHEN '1K tokens' THEN 1000 ELSE 1 END) AS tokens,
			sum(effectivecost) AS cost
		FROM charges
		WHERE kind = 'stored' AND row->>'ServiceCategory' = 'AI and Machine Learning'
		GROUP BY 1, 2, 3, 4) AS s,
		LATERAL (VALUES ('tokens', tokens), ('tokencost', cost)) AS v(kind, value)
	UNION ALL
	SELECT 'cluster', source, billing_period, currency, v.item, sum(v.value)
	FROM charges, LATERAL (VALUES ('billedcost', billedcost), ('effectivecost', effectivecost),
		('listcost', (row->>'ListCost')::numeric), ('contractedcost', (row->>'ContractedCost')::numeric)) AS v(item, value)
	WHERE source = 'aws' AND (row->>'Tags')::jsonb->>'aws:eks:cluster-name' = 'production-eks-eu-west-1'
	GROUP BY 1, 2, 3, 4, 5
	UNION ALL
	SELECT 'commitment', source, billing_period, currency, 'purchased', sum(billedcost)
	FROM charges WHERE row->>'ChargeCategory' = 'Purchase' AND row->>'CommitmentDiscountId' <> '' GROUP BY 1, 2, 3, 4, 5
	UNION ALL
	SELECT 'commitment', source, billing_period, currency, 'used and unused', sum(effectivecost)
	FROM charges WHERE row->>'CommitmentDiscountStatus' IN ('Used', 'Unused') GROUP BY 1, 2, 3, 4, 5
	UNION ALL
	SELECT 'contract', source, NULL::date, CASE WHEN element->>'ContractCommitmentAppliedCost' IS NOT NULL THEN currency END,
		element->>'ContractCommitmentId',
		sum((coalesce(element->>'ContractCommitmentAppliedCost', element->>'ContractCommitmentAppliedQuantity'))::numeric)
	FROM charges, jsonb_array_elements((row->>'ContractApplied')::jsonb->'Elements') AS element
	WHERE row->>'ContractApplied' IS NOT NULL
	GROUP BY 1, 2, 3, 4, 5});

is($node->safe_psql('postgres', 'SELECT * FROM expected EXCEPT ALL SELECT * FROM found ORDER BY 1, 2, 3, 4, 5'),
	'', 'each total is that of the files');
is($node->safe_psql('postgres', 'SELECT * FROM found EXCEPT ALL SELECT * FROM expected ORDER BY 1, 2, 3, 4, 5'),
	'', 'and the files have no other');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM expected'), '>', 100, 'there are totals to compare');
is($node->safe_psql('postgres', q{
		SELECT DISTINCT source FROM expected WHERE kind = 'rejected' ORDER BY 1}),
	"alibaba\naws\nazure", 'rows to be refused come from three providers');
is($node->safe_psql('postgres', q{
		SELECT count(*) FROM (SELECT billing_period FROM expected WHERE kind = 'commitment'
		GROUP BY billing_period HAVING min(value) <> max(value) OR count(*) <> 2) AS s}),
	'0', 'a savings plan is used or unused, to the last digit');

# What the namespaces used stays below the capacity of the cluster.
$node->safe_psql('postgres', qq{
	CREATE TABLE metrics (cluster text, namespace text, workload text, period_start timestamptz,
		period_end timestamptz, metric text, quantity numeric, unit text, labels text);
	COPY metrics FROM '$folder/cluster_metrics.csv' WITH (FORMAT csv, HEADER)});
is($node->safe_psql('postgres', q{
		SELECT count(*) > 50, bool_and(used < capacity) FROM (
			SELECT sum(quantity) FILTER (WHERE namespace IS NOT NULL) AS used, sum(quantity) FILTER (WHERE namespace IS NULL) AS capacity
			FROM metrics GROUP BY period_start, metric) AS s}),
	't|t', 'the cluster has idle capacity on each day');
is($node->safe_psql('postgres', qq{
		CREATE TABLE commitments (id text, type text, category text, cost numeric, quantity numeric, unit text, description text,
			period_start timestamptz, period_end timestamptz, contract text, contract_start timestamptz, contract_end timestamptz, currency text);
		COPY commitments FROM '$folder/contract_commitments.csv' WITH (FORMAT csv, HEADER);
		SELECT cost, period_end - '$today 00:00+00' FROM commitments WHERE category = 'Spend'}),
	'4200000.00|90 days', 'the spend commitment has 90 days to go');
$node->stop;

done_testing();
