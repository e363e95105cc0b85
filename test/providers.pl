#!/usr/bin/perl
# Loads each public file of FOCUS_SHARED/data and prints what became of it, as
# docs/reference/providers.md; "make providers" calls it with a server.
#
#   FOCUS_SHARED=FOLDER providers.pl >docs/reference/providers.md

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Focus::PublicData qw($folder);
use IPC::Open2;

my %providers = (ai => 'AI', aws => 'AWS', azure => 'Microsoft', gcp => 'Google Cloud', kubernetes => 'Kubernetes',
	multi_provider => 'several', oci => 'Oracle', saas => 'SaaS', spec_examples => 'FOCUS, examples');

# What accompanies bills
my $no_bill = qr{/(?:metadata_|schema_|opendata_|toolkit_numeric_format|validator_currency)|_table_def|manifest};

# Loads a file, takes it back, and says what it was: form, rows, findings, cost;
# or the error.  Sums are the numbers of focus_load.
my $setup = <<'SQL';
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS focus;
CREATE FUNCTION pg_temp.provider_line(folder text, file text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	loaded record;
	line text;
BEGIN
	SELECT * INTO loaded FROM focus_load(folder || '/' || file, source => file);
	SELECT concat_ws(' | ', (SELECT min(coalesce(mapping, concat_ws(' ', 'FOCUS', nullif(replace(dataset, 'CostAndUsage', ''), ''), focus_version)))
			FROM focus_loads WHERE deliveryid = loaded.loadid),
		loaded.rows_stored, loaded.rows_rejected,
		(SELECT coalesce(sum(occurrences), 0) FROM focus_load_findings WHERE deliveryid = loaded.loadid),
		(SELECT coalesce(string_agg((t.value->>'billedcost') || ' ' || CASE t.key WHEN 'XXX' THEN '(no currency)' ELSE t.key END,
				', ' ORDER BY t.key COLLATE "C"), '')
			FROM jsonb_each(loaded.totals) t))
	INTO line;
	PERFORM focus_unload(loaded.loadid) WHERE loaded.rows_stored + loaded.rows_rejected > 0;
	RETURN line;
EXCEPTION WHEN OTHERS THEN
	RETURN 'ERROR ' || replace(sqlerrm, folder || '/', '');
END $$;
SQL

die "providers.pl: FOCUS_SHARED/data is not there\n" unless -d $folder;
my @files = grep { "/$_" !~ $no_bill }
  split /\n/, `cd '$folder' && find . -name '*.csv' -o -name '*.json' -o -name '*.jsonl' | sed 's,^./,,' | LC_ALL=C sort`;
my ($origin_of, @origins) = read_sources("$folder/SOURCES.md", @files);
my %lines = load_files(@files);
my @refused = grep { $lines{$_} =~ /^ERROR / } @files;

print <<'PAGE';
# Provider files

What `focus_load` makes of public bills and examples, file by file. `make providers`
loads each of them into an empty server and writes this page;
`test/t/019_providers.pl` checks that it does so still. The files
themselves are not part of focus; where they are from is [below](#sources).
Schemas, metadata, maps of units and regions, and manifests are left out.

*Form* is the version of FOCUS that the columns tell, or the
[mapping](mappings.md) that reads the file. *Findings* are cells that were read
though they are not FOCUS to the letter. Rows in quarantine and findings are
explained in [Loading](loading.md#focus_rejected_rows). BilledCost is the exact
sum of the stored rows, empty where there is none; `test/t/011_public_data.pl` and
`test/t/017_native_formats.pl` compare the sums of stored rows and quarantine with
those that a reader of their own finds in the files.

| provider | file | form | stored | rejected | findings | BilledCost | source |
|---|---|---|--:|--:|--:|---|--:|
PAGE
foreach my $file (grep { $lines{$_} !~ /^ERROR / } @files)
{
	print '| ' . join(' | ', provider_of($file), $file, $lines{$file}, $origin_of->{$file} // die "$file is not in SOURCES.md\n") . " |\n";
}
print <<'PAGE';

## Refused

Files that say too little to be loaded as bills, and what `focus_load` says of
them.

| provider | file | error | source |
|---|---|---|--:|
PAGE
print '| ' . join(' | ', provider_of($_), $_, substr($lines{$_}, length 'ERROR '), $origin_of->{$_} // die "$_ is not in SOURCES.md\n") . " |\n" foreach @refused;
print <<'PAGE';

## Sources

Where the files were published, in which version, and their licence as far as it
is known. Two differ from what was published: e-mail addresses in the file of Oracle
were replaced, and Vercel's objects were put into a line each.

PAGE
print join('', map { ($_ + 1) . ". $origins[$_]\n" } 0 .. $#origins);

sub provider_of
{
	my ($file) = @_;

	return $providers{ $file =~ s{/.*}{}r } // die "no provider for $file\n";
}

# Runs everything in one session of psql; returns file => line.
sub load_files
{
	my @files = @_;
	my %lines;
	my $pid = open2(my $from, my $to, 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1');

	local $SIG{PIPE} = 'IGNORE';
	print $to $setup;
	$to->flush;
	foreach my $file (@files)
	{
		print $to "SELECT pg_temp.provider_line('$folder', '$file');\n";
		$to->flush;
		$lines{$file} = <$from> // die "providers.pl: psql ended at $file\n";
		chomp $lines{$file};
	}
	close $to;
	waitpid $pid, 0;
	return %lines;
}

# Where files are from: file => number, and the list of sources.
sub read_sources
{
	my ($path, @files) = @_;
	my %wanted = map { $_ => 1 } @files;
	my (%number_of, @origins, $name, $origin, $licence);

	open my $in, '<', $path or die "$path: $!\n";
	while (<$in>)
	{
		$name = $1 if /^## (.*?)(?: \(.*\))?$/;
		if (defined $name && /Version: (.*?)\. Licence: (.*?)\.?$/)
		{
			my $version = $1 eq 'index copy' ? '' : ", $1";

			$licence = $2 =~ s/^UNKNOWN.*/not known/r if $2 ne 'as above';
			$origin = ($name =~ m{^[\w.-]+/[\w.-]+$} ? "[$name](https://github.com/$name)" : $name) . "$version; licence: $licence";
		}
		if (/^\| (\S+\/\S+) \|/ && $wanted{$1})
		{
			my $file = $1;

			push @origins, $origin if !@origins || $origins[-1] ne $origin;
			$number_of{$file} = @origins;
		}
	}
	return (\%number_of, @origins);
}
