#!/usr/bin/perl
# Writes the SQL and C tables that follow from the specification's CSV files.
#
#   generate.pl            write them
#   generate.pl --check    exit 1 when a committed file differs
#
# Perl's core modules only; the output depends on nothing but the CSV files.
use strict;
use warnings;
use File::Basename qw(dirname);

my $spec = dirname(__FILE__);
my $src = "$spec/..";
my $check = @ARGV && $ARGV[0] eq '--check';

my @cost_and_usage = read_csv("$spec/cost_and_usage_columns.csv");
my @contract_commitment =
  grep { $_->{introduced_version} eq '1.3' } read_csv("$spec/contract_commitment_columns.csv");
my @vocabulary = grep { $_->{allowed_values} ne '' } @cost_and_usage, @contract_commitment;
my @service = read_csv("$spec/service_categories.csv");
my @rules = read_csv("$spec/conformance_rules.csv");
my @currency = sort { $a->{code} cmp $b->{code} } read_csv("$spec/currency_codes.csv");

my %output = (
	"$src/sql/30_datasets.sql" => datasets_sql(),
	"$src/../docs/reference/datasets.md" => datasets_md(),
	"$src/sql/13_vocabulary.sql" => vocabulary_sql(),
	"$src/sql/62_conformance_rules.sql" => conformance_rules_sql(),
	"$src/types/currency_table.h" => currency_table_h(),
	"$src/load/dataset_columns.h" => dataset_columns_h());

my $stale = 0;
foreach my $file (sort keys %output)
{
	my $old = -e $file ? slurp($file) : '';
	next if $old eq $output{$file};
	$stale = 1;
	if ($check)
	{
		print STDERR "$file differs from what generate.pl makes of src/spec\n";
		next;
	}
	open(my $fh, '>', $file) or die "could not write $file: $!";
	print $fh $output{$file};
	close $fh;
}
exit($check && $stale ? 1 : 0);

# ---- datasets ----

# Our column type: the key-value columns are focus_tags, all else as the CSV says.
sub column_type
{
	my ($column) = @_;

	return 'focus_tags' if $column->{value_format} eq 'Key-Value Format';
	return $column->{pg_type};
}

sub dataset_sql
{
	my ($table, $method, $comment, @columns) = @_;
	my $sql = "CREATE TABLE $table\n(\n";

	$sql .= sprintf("\t%-36s %s,\n", lc $_->{column_id}, column_type($_)) foreach @columns;
	$sql .= sprintf("\t%-36s %s,\n", 'x_columns', 'jsonb');
	$sql .= sprintf("\t%-36s %s\n) USING %s;\n", 'x_loadid', 'bigint', $method);
	$sql .= "COMMENT ON TABLE $table IS\n" . quote($comment) . ";\n";
	foreach my $column (@columns)
	{
		$sql .= "COMMENT ON COLUMN $table." . lc($column->{column_id}) . " IS\n"
		  . quote("$column->{column_id}: $column->{summary} $column->{feature_level}, "
			  . "$column->{focus_data_type}; $column->{nullability_rules}.") . ";\n";
	}
	$sql .= "COMMENT ON COLUMN $table.x_columns IS\n"
	  . quote('Columns of the file that FOCUS 1.3 does not define, and cells that do not fit '
		  . "their column's type: a JSON object of header name and text as sent.") . ";\n";
	$sql .= "COMMENT ON COLUMN $table.x_loadid IS\n"
	  . quote('Load that brought the row: focus_loads.loadid. NULL for rows written by hand.') . ";\n";
	$sql .= "SELECT pg_catalog.pg_extension_config_dump('$table', '');\n\n";
	return $sql;
}

sub datasets_sql
{
	my $sql = generated('--') . "\n";

	$sql .= dataset_sql('focus_cost_and_usage', 'focus',
		'FOCUS 1.3 dataset Cost and Usage: one row per charge, as the provider sent it.',
		@cost_and_usage);
	$sql .= dataset_sql('focus_contract_commitment', 'heap',
		'FOCUS 1.3 dataset Contract Commitment: one row per promised term of a contract.',
		@contract_commitment);
	$sql .= "CREATE VIEW focus_data_table WITH (security_invoker = true) AS\nSELECT\n";
	$sql .= join(",\n", map { "\t" . lc $_->{column_id} } @cost_and_usage);
	$sql .= ",\n\tx_columns,\n\tx_loadid\nFROM focus_cost_and_usage;\n";
	$sql .= "COMMENT ON VIEW focus_data_table IS\n"
	  . quote('Cost and Usage under the table name that the public FOCUS query library uses.') . ";\n";
	return $sql;
}

# ---- docs/reference/datasets.md ----

sub columns_md
{
	my (@columns) = @_;
	my $md = "| column | type | level | meaning | NULL |\n|---|---|---|---|---|\n";

	foreach my $column (@columns)
	{
		my $null = $column->{nullability_rules} eq '' ? '' : "$column->{nullability_rules}";

		$md .= "| $column->{column_id} | " . column_type($column)
		  . " | $column->{feature_level} | $column->{summary} | $null |\n";
	}
	$md .= "| x_columns | jsonb | ours | columns of the file that FOCUS 1.3 does not define, and cells that do "
	  . "not fit their column's type, as sent | when there are none |\n";
	$md .= "| x_loadid | bigint | ours | load that brought the row, focus_loads.loadid | for rows written by hand |\n";
	return $md;
}

sub datasets_md
{
	my $md = "<!-- " . generated('') . " -->\n\n# Datasets\n\n";

	$md .= <<'TEXT';
Tables with the columns of FOCUS 1.3, in the specification's order. Column
names are folded to lower case, so that the specification's spelling works
unquoted. What the provider sent is stored as sent; the tables have no
constraints, and the column NULL says when the specification allows a null.
Costs, quantities and prices are numeric of any scale. Instants are UTC and
periods are half-open: an end is the first instant after the period. Costs are
in BillingCurrency.

A user may make tables `LIKE` these, partitioned ones too, and may add indexes,
constraints, triggers and columns to the tables themselves; `focus_load` stores
NULL in columns that it does not know. Row-level security is respected by
refusing to load.

## focus_cost_and_usage

One row per charge. View `focus_data_table` shows the same columns under the
name that the public FOCUS query library uses, with the privileges of the
caller.

TEXT
	$md .= columns_md(@cost_and_usage);
	$md .= "\n## focus_contract_commitment\n\nOne row per promised term of a contract.\n\n";
	$md .= columns_md(@contract_commitment);
	return $md;
}

# ---- the loader's column tables ----

# A cell of a strict column that cannot be read sends its row to quarantine;
# elsewhere it is kept as text in x_columns.
sub is_strict
{
	my ($column) = @_;

	return $column->{focus_data_type} =~ /^(Decimal|DateTime)$/ || $column->{column_id} eq 'BillingCurrency';
}

sub dataset_columns_h
{
	my %kind = (
		text => 'FOCUS_TEXT', numeric => 'FOCUS_NUMERIC', timestamptz => 'FOCUS_TIME',
		focus_tags => 'FOCUS_TAGS', jsonb => 'FOCUS_JSON');
	my $c = <<"HEADER";
/*-------------------------------------------------------------------------
 *
 * dataset_columns.h
 *	  The columns of the FOCUS 1.3 datasets, in table order.
 *
 * @{[generated('')]}
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_DATASET_COLUMNS_H
#define FOCUS_DATASET_COLUMNS_H

#include "load/dataset.h"

HEADER

	foreach my $dataset (['cost_and_usage', @cost_and_usage], ['contract_commitment', @contract_commitment])
	{
		my ($name, @columns) = @$dataset;

		$c .= "static const FocusColumn ${name}_columns[] = {\n";
		$c .= join(",\n", map {
				sprintf("\t{\"%s\", %s, %s}", $_->{column_id}, $kind{column_type($_)}, is_strict($_) ? 'true' : 'false')
			} @columns);
		$c .= "\n};\n\n";
	}
	return $c . "#endif\t\t\t\t\t\t\t/* FOCUS_DATASET_COLUMNS_H */\n";
}

# ---- vocabularies ----

sub vocabulary_sql
{
	my $sql = generated('--') . "\n";

	$sql .= "-- One domain and one sort order for each column with a closed list of values.\n";
	$sql .= domain_sql($_) foreach @vocabulary;
	$sql .= "-- The same lists, and the currencies, to be read.\n";
	$sql .= view_sql('focus_vocabulary', 'column_id, position, value',
		'Allowed values of FOCUS 1.3, by column and in the order of the specification.',
		map { vocabulary_rows($_) } @vocabulary);
	$sql .= view_sql('focus_service_subcategories', 'service_category, service_subcategory, position',
		'Pairs of ServiceCategory and ServiceSubcategory that FOCUS 1.3 allows, in its order.',
		service_rows());
	$sql .= view_sql('focus_currencies',
		'code, numeric_code, name, minor_units, kind, is_active, withdrawn',
		'Currencies of ISO 4217 that focus_currency accepts; withdrawn is a year or month.',
		map { currency_row($_) } @currency);
	$sql .= <<'FUNCTION';
CREATE FUNCTION focus_is_service_pair(service_category text, service_subcategory text)
RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT EXISTS (
		SELECT FROM focus_service_subcategories AS allowed
		WHERE allowed.service_category = focus_is_service_pair.service_category
			AND allowed.service_subcategory = focus_is_service_pair.service_subcategory);
END;
COMMENT ON FUNCTION focus_is_service_pair(text, text) IS
'whether FOCUS 1.3 allows the service subcategory in the service category';
FUNCTION
	return $sql;
}

# focus_charge_category for ChargeCategory
sub domain_name
{
	my ($column) = @_;
	my $name = $column->{column_id};

	$name =~ s/(?<!^)(?=[A-Z])/_/g;
	return 'focus_' . lc $name;
}

sub values_of
{
	my ($column) = @_;

	return split(/\|/, $column->{allowed_values});
}

sub domain_sql
{
	my ($column) = @_;
	my $name = domain_name($column);
	my $values = join(",\n", map { "\t" . quote($_) } values_of($column));

	return "CREATE DOMAIN $name AS text CHECK (VALUE IN (\n$values));\n"
	  . "COMMENT ON DOMAIN $name IS\n"
	  . quote("Allowed values of $column->{column_id} in FOCUS 1.3. $column->{summary}") . ";\n"
	  . "CREATE FUNCTION ${name}_order(value text) RETURNS integer\n"
	  . "LANGUAGE sql IMMUTABLE PARALLEL SAFE\n"
	  . "RETURN pg_catalog.array_position(ARRAY[\n$values], value);\n"
	  . "COMMENT ON FUNCTION ${name}_order(text) IS\n"
	  . quote("place of a value of $column->{column_id} in the order of FOCUS, NULL where it has none")
	  . ";\n\n";
}

sub vocabulary_rows
{
	my ($column) = @_;
	my $position = 0;

	return map { sprintf('(%s, %d, %s)', quote($column->{column_id}), ++$position, quote($_)) }
	  values_of($column);
}

sub service_rows
{
	my ($subcategories) = grep { $_->{column_id} eq 'ServiceSubcategory' } @vocabulary;
	my $position = 0;
	my %position = map { $_ => ++$position } values_of($subcategories);
	my %category = map { $_->{service_subcategory} => $_->{service_category} } @service;

	die "service_categories.csv and ServiceSubcategory differ\n"
	  if join('|', sort keys %position) ne join('|', sort keys %category) || @service != keys %category;
	return map { sprintf('(%s, %s, %d)', quote($category{$_}), quote($_), $position{$_}) }
	  sort { $position{$a} <=> $position{$b} } keys %position;
}

sub view_sql
{
	my ($name, $columns, $comment, @rows) = @_;

	my %meaning = (
		column_id => 'FOCUS name of the column.',
		dataset => 'FOCUS dataset: CostAndUsage or ContractCommitment.',
		data_type => 'Type of the column in our tables.',
		feature_level => 'Mandatory, Conditional or Recommended.',
		introduced_version => 'FOCUS version that the column is of.',
		position => 'Place in the order of FOCUS, from 1.',
		value => 'The allowed value.',
		service_category => 'ServiceCategory.',
		service_subcategory => 'ServiceSubcategory, which belongs to one category only.',
		code => 'ISO 4217 code.',
		numeric_code => 'ISO 4217 numeric code.',
		name => 'English name.',
		minor_units => 'Decimals of an amount; NULL where there is no minor unit.',
		kind => 'national, metal, supranational, fund, test or none.',
		is_active => 'false when the code has been withdrawn.',
		withdrawn => 'When it was withdrawn: a year or a month.');

	return "CREATE VIEW $name ($columns) AS\nVALUES\n"
	  . join(",\n", map { "\t$_" } @rows) . ";\n"
	  . "COMMENT ON VIEW $name IS\n" . quote($comment) . ";\n"
	  . join('', map { "COMMENT ON COLUMN $name.$_ IS\n" . quote($meaning{$_} // die "column $_ of $name has no comment\n") . ";\n" }
		  split(/, /, $columns))
	  . "GRANT SELECT ON $name TO PUBLIC;\n\n";
}

# ---- conformance ----

sub conformance_rules_sql
{
	my %dataset = (CostAndUsage => \@cost_and_usage, ContractCommitment => \@contract_commitment);
	my $number = 0;
	my @column_rows;

	foreach my $name (qw(CostAndUsage ContractCommitment))
	{
		my $position = 0;

		push @column_rows, map {
			sprintf('(%s, %s, %d, %s, %s, %s)', quote($name), quote($_->{column_id}), ++$position,
				quote(column_type($_)), quote($_->{feature_level}), quote($_->{introduced_version}))
		} @{ $dataset{$name} };
	}
	return generated('--') . "\n"
	  . view_sql('focus_columns', 'dataset, column_id, position, data_type, feature_level, introduced_version',
		'Columns of the FOCUS 1.3 datasets, in the order of the specification.', @column_rows)
	  . rules_table_sql()
	  . "INSERT INTO focus_conformance_rules VALUES\n"
	  . join(",\n", map { rule_row($_, ++$number, @{ $dataset{$_->{dataset}} }) } @rules) . ";\n";
}

sub rules_table_sql
{
	my @columns = (
		[qw(rule_number integer), 'Place in the list, by dataset and column.'],
		[qw(rule_id text), "The specification's id of the requirement; ids that begin with DERIVED are ours."],
		[qw(dataset text), 'FOCUS dataset: CostAndUsage or ContractCommitment.'],
		[qw(column_id text), 'FOCUS column that the rule is about; NULL where it is about the dataset.'],
		[qw(keyword text), 'MUST, MUST NOT, SHOULD, SHOULD NOT or RECOMMENDED.'],
		[qw(severity text), 'error for MUST; warning for SHOULD, and for MUST that data alone cannot settle; info for hints.'],
		[qw(kind text), 'What it asks for: presence, type, format, null, allowed_value, cross_column, arithmetic or uniqueness.'],
		[qw(scope text), 'What it is decided by: row, table (rows taken together) or schema (the columns alone).'],
		[qw(requirement text), 'The rule in words.'],
		[qw(applies text), 'SQL: the rows that the rule is about; NULL means all.'],
		[qw(holds text), 'SQL of scope row and schema: true where the rule is kept; anything else breaks it.'],
		[qw(breaches text), 'SQL of scope table: a query with one row per breach.'],
		['columns', 'text[]', 'Columns that the SQL reads.'],
		['capabilities', 'text[]', 'Capabilities that a provider must have for the rule to apply; empty means none.'],
		[qw(focus_version text), 'First FOCUS version that the rule applies to.'],
		[qw(status text), 'active, or deprecated when the column is.'],
		[qw(source text), 'model: the check of the FOCUS requirements model. model-corrected: that check, brought in line with the text. words: stated in words only. derived: implied.']);

	return "CREATE TABLE focus_conformance_rules\n(\n"
	  . join(",\n", map { sprintf("\t%-15s %s%s", @$_[0, 1],
				$_->[0] eq 'rule_id' ? ' PRIMARY KEY' :
				$_->[0] =~ /^(column_id|applies|holds|breaches)$/ ? '' : ' NOT NULL') } @columns)
	  . "\n);\nCOMMENT ON TABLE focus_conformance_rules IS\n"
	  . quote('Rules of FOCUS that data can be checked for; focus_validate runs them.') . ";\n"
	  . join('', map { "COMMENT ON COLUMN focus_conformance_rules.$_->[0] IS\n" . quote($_->[2]) . ";\n" } @columns)
	  . "GRANT SELECT ON focus_conformance_rules TO PUBLIC;\n\n";
}

sub rule_row
{
	my ($rule, $number, @columns) = @_;
	my %introduced = map { lc $_->{column_id} => $_->{introduced_version} } @columns;
	my $sql = "$rule->{condition} $rule->{check}";
	my $scope = $rule->{check} =~ /^pg_typeof/ ? 'schema' : $rule->{scope};
	my ($holds, $breaches) = $scope eq 'table' ? ('', breaches($rule->{check})) : (holds($rule), '');

	$sql =~ s/'(?:[^']|'')*'//g;
	my %used = map { $_ => 1 } grep { $introduced{$_} } $sql =~ /\b[a-z]+\b/g;
	my @used = sort keys %used;

	return '(' . join(', ', $number,
		(map { $_ eq '' ? 'NULL' : quote($_) } $rule->{rule_id}, $rule->{dataset}, $rule->{column_id},
		  $rule->{keyword}, $rule->{severity}, $rule->{kind}, $scope, $rule->{note},
		  $scope eq 'table' ? '' : $rule->{condition}, $holds, $breaches),
		quote('{' . join(',', @used) . '}'),
		quote('{' . join(',', split(/;/, $rule->{applicability})) . '}'),
		quote(first_version($rule, map { $introduced{$_} } lc $rule->{column_id},
				grep { $scope ne 'table' || $_ ne 'serviceprovidername' } @used)),
		quote($rule->{status}), quote($rule->{source})) . ')';
}

# The requirements model begins with 1.2.  What it says of columns that are
# older is taken to hold since 1.0.
sub first_version
{
	my ($rule, @introduced) = @_;
	my ($last) = sort { $b cmp $a } map { /^(0|1\.0)/ ? '1.0' : $_ } grep { defined } @introduced;

	$last //= '1.0';
	return $rule->{introduced_version} gt '1.2' ? '1.3' : $last;
}

# The same conditions, in a form that costs little, and with the tolerance that
# the caller gives between a cost and price x quantity.
sub holds
{
	my ($rule) = @_;
	my $holds = $rule->{check};

	$holds =~ s/(\w+)::text NOT IN \('NaN', 'Infinity', '-Infinity'\)/$1 > '-Infinity' AND $1 < 'Infinity'/g;
	$holds =~ s/btrim\((\w+)::text\)/btrim($1 #>> '{}')/;
	$holds =~ s/([a-z]+(?: \* [a-z]+)?) = ([a-z]+)/abs($1 - $2) <= {tolerance}/g if $rule->{kind} eq 'arithmetic';
	return $holds;
}

# NOT EXISTS (SELECT 1 FROM ...) as a query for what exists.
sub breaches
{
	my ($check) = @_;
	my ($from) = $check =~ /^NOT EXISTS \(SELECT 1 (FROM .*)\)$/ or die "not a rule of a table: $check\n";
	my $commitment = q{coalesce(v->'ContractCommitmentId', v->'ContractCommitmentID') #>> '{}'};
	my $keys = $from =~ / GROUP BY (.*) HAVING / ? $1 : "DISTINCT $commitment AS contractcommitmentid";

	$keys = "p AS serviceprovidername, a #>> '{}' AS contractcommitmentid" if $keys eq 'p, a';
	$from =~ s/\{rel\}(?! AS)/{rel} AS t/g;
	return "SELECT $keys $from";
}

# ---- currencies ----

# The name in ASCII, for databases of any encoding.
sub currency_name
{
	my ($currency) = @_;
	my $name = $currency->{name};
	my %ascii = ("\xe2\x80\x99" => "'", "\xc3\xad" => 'i');

	$name =~ s/([\x80-\xff]+)/$ascii{$1} || die "no ASCII for $1 in $name\n"/ge;
	return $name;
}

sub currency_row
{
	my ($currency) = @_;

	return sprintf('(%s::focus_currency, %d, %s, %s, %s, %s, %s)',
		quote($currency->{code}), $currency->{numeric_code}, quote(currency_name($currency)),
		$currency->{minor_units} eq '' ? 'NULL' : $currency->{minor_units}, quote($currency->{kind}),
		$currency->{status} eq 'active' ? 'true' : 'false',
		$currency->{withdrawn} eq '' ? 'NULL' : quote($currency->{withdrawn}));
}

sub currency_table_h
{
	my $c = <<"HEADER";
/*-------------------------------------------------------------------------
 *
 * currency_table.h
 *	  The currencies of ISO 4217, in code order.
 *
 * @{[generated('')]}
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_CURRENCY_TABLE_H
#define FOCUS_CURRENCY_TABLE_H

#include "types/currency.h"

static const FocusCurrency currencies[] = {
HEADER

	$c .= join(",\n", map {
			sprintf("\t{\"%s\", %d, %d, %s, \"%s\"}", $_->{code}, $_->{numeric_code},
				$_->{minor_units} eq '' ? -1 : $_->{minor_units},
				$_->{status} eq 'active' ? 'true' : 'false', currency_name($_))
		} @currency);
	return $c . "\n};\n\n#endif\t\t\t\t\t\t\t/* FOCUS_CURRENCY_TABLE_H */\n";
}

# ---- helpers ----

sub generated
{
	my ($comment) = @_;

	my $text = 'Generated by src/spec/generate.pl from the CSV files there; edit those.';
	return $comment eq '' ? $text : "$comment $text\n";
}

sub quote
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return "'$text'";
}

sub slurp
{
	my ($file) = @_;

	open(my $fh, '<', $file) or die "could not read $file: $!";
	local $/;
	return <$fh>;
}

# Rows of a CSV file (RFC 4180, with header) as hashes.
sub read_csv
{
	my ($file) = @_;
	my $text = slurp($file);
	my (@rows, @row);

	while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|\z)/g)
	{
		my ($cell, $end) = (defined $1 ? $1 : $2, $3);

		$cell =~ s/""/"/g;
		push @row, $cell;
		next if $end eq ',';
		push @rows, [@row] unless @row == 1 && $row[0] eq '';
		@row = ();
		last if $end eq '';
	}

	my $header = shift @rows;
	return map { my %r; @r{@$header} = @$_; \%r } @rows;
}
