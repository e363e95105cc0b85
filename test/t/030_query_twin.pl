# Random queries on a focus table and on a heap table with the same rows.
#
#   FOCUS_SEED      the seeds, divided by spaces
#   FOCUS_QUERIES   queries for each seed
#   FOCUS_JOINS     1: ask about joins to small tables, too, which takes longer
#
# A seed is a script that is run in the schema of each table: it fills the
# table, and then asks questions and changes rows.  A question is run once on
# heap, and on focus with the nodes for scans and for aggregation and without, in
# one process and in several, before and after compaction, and on partitions some
# of which are focus tables.  Answers are compared
# as sets of rows, and so are classes of SQLSTATEs: which of several errors comes
# first is not said.

use strict;
use warnings;

use List::Util qw(min);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @seeds = split(' ', $ENV{FOCUS_SEED} // '1 2');
my $queries = $ENV{FOCUS_QUERIES} || 150;

my %variants = (
	heap => 'SET max_parallel_workers_per_gather = 0;',
	aggregate => 'SET max_parallel_workers_per_gather = 0;',
	compacted => 'SET max_parallel_workers_per_gather = 0;',
	scan => 'SET focus.enable_aggregate = off; SET max_parallel_workers_per_gather = 0;',
	plain => 'SET focus.enable_scan = off; SET max_parallel_workers_per_gather = 0;',
	parallel => join(' ', 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0;',
		'SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET work_mem = 64;'),
	partitions => 'SET max_parallel_workers_per_gather = 0;');
$variants{'parallel partitions'} = $variants{parallel};
my @compared = ('aggregate', 'compacted', 'scan', 'plain', 'parallel', 'partitions', 'parallel partitions');

my $setup = <<'SQL';
CREATE FUNCTION strict_positive(x int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
	$$ BEGIN IF x < 0 THEN RAISE 'negative' USING ERRCODE = '22003'; END IF; RETURN x > 0; END $$;
CREATE TABLE m (mkey text, team text, weight int) USING heap;
INSERT INTO m SELECT 'name ' || i % 20, CASE WHEN i % 6 <> 0 THEN 'team ' || i % 4 END, i % 7 FROM generate_series(1, 30) i;
INSERT INTO m VALUES (NULL, 'team 9', 3), ('name 1', NULL, NULL);
CREATE TABLE n (ncode varchar(5), nv text, ndt date);
INSERT INTO n SELECT 'c' || i, 'v' || i % 12, date '2026-01-01' + i % 4 FROM generate_series(3, 16) i;
ANALYZE m, n;
CREATE TABLE t (
	id int, gone text, small smallint, big bigint, name text, res text, label varchar(30), cost numeric,
	qty numeric(12,3), ts timestamptz, dt date, stamp timestamp, tod time, flag bool, js jsonb, u uuid,
	f8 float8, code char(3), o oid, bytes bytea, signed int, tags focus_tags, ci text COLLATE no_case);
SQL

# Partitions: one with another order of columns, one of heap
my $partitions = <<'SQL';
CREATE TABLE t1 USING focus AS SELECT ci, flag, tags, id, bytes, gone, signed, small, o, big, code, name, f8, res, u, label, js, cost,
	tod, qty, stamp, ts, dt FROM t WITH NO DATA;
ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (true);
CREATE TABLE t2 PARTITION OF t FOR VALUES IN (false) USING heap;
CREATE TABLE t3 PARTITION OF t DEFAULT USING focus;
SQL

# A group of rows, made from their numbers so that both tables get the same ones
sub fill
{
	my ($first, $last) = @_;

	return <<SQL;
INSERT INTO t (id, small, big, name, res, label, cost, qty, ts, dt, stamp, tod, flag, js, u, f8, code, o, bytes, signed,
	tags, ci)
SELECT i, h % 9, CASE WHEN h % 13 <> 0 THEN h::bigint * 1000003 END,
	CASE WHEN h % 5 <> 0 THEN 'name ' || h % 23 END, 'res-' || h % 5003,
	CASE h % 4 WHEN 0 THEN '' WHEN 1 THEN NULL ELSE 'L' || i / 300 END,
	CASE h % 6 WHEN 0 THEN NULL WHEN 1 THEN 0 ELSE (h % 100000 - 20000) / 1000.0 END,
	CASE h % 101 WHEN 0 THEN 'NaN' ELSE (h % 777) / 8.0 END,
	timestamptz '2026-01-01 00:00+00' + i / 40 * interval '1 hour', date '2026-01-01' + i / 1000,
	CASE WHEN h % 3 <> 0 THEN timestamp '2026-03-01' + h % 40 * interval '1 day' END,
	time '00:00' + h % 1440 * interval '1 minute', CASE h % 3 WHEN 0 THEN NULL WHEN 1 THEN true ELSE false END,
	CASE WHEN h % 7 <> 0 THEN jsonb_build_object('k', 'v' || h % 11, 'n', CASE h % 4 WHEN 3 THEN 1.0 ELSE h % 4 END) END,
	md5((h % 99)::text)::uuid, CASE h % 50 WHEN 0 THEN 'NaN' ELSE h % 1000 / 7.0 END,
	'c' || h % 10, (4294967295 - h % 20)::oid, decode(md5((h % 17)::text), 'hex'), h % 15 - 7,
	CASE WHEN h % 8 <> 0 THEN format('{"k":"v%s","n":%s}', h % 12, h % 3)::focus_tags END,
	CASE h % 6 WHEN 0 THEN 'Word ' || h % 5 WHEN 1 THEN NULL ELSE 'wORD ' || h % 7 END
FROM (SELECT i, abs(hashint4(i)) AS h FROM generate_series($first, $last) i) s;
SQL
}

# Random numbers that do not depend on perl's
my $state;
sub pick { $state = ($state * 1103515245 + 12345) % 2147483648; return int($state / 65536) % $_[0]; }
sub one_of { return $_[ pick(scalar @_) ]; }

sub number { return one_of(pick(10), pick(100), -pick(30), pick(5000), pick(100) . '.' . pick(1000), '0.0', '1e3'); }
sub instant { return sprintf("'2026-%02d-%02d %02d:00+00'", 1 + pick(12), 1 + pick(28), pick(24)); }
sub comparison { return one_of('=', '<', '<=', '>', '>=', '<>'); }
sub list { my ($f) = @_; return join(', ', map { $f->() } 0 .. pick(5)); }

sub leaf
{
	my $name = sub { "'name " . pick(30) . "'" };

	return one_of(
		sub { 'id ' . comparison() . ' ' . pick(9000) },
		sub { 'id BETWEEN ' . pick(4000) . ' AND ' . pick(9000) },
		sub { 'small ' . comparison() . ' ' . pick(10) },
		sub { pick(10) . ' ' . comparison() . ' small' },
		sub { 'small = ANY (ARRAY[' . list(sub { one_of(pick(10), 'NULL') }) . ']::int[])' },
		sub { 'big ' . comparison() . ' ' . pick(3000) . '000000000' },
		sub { 'name ' . comparison() . ' ' . $name->() },
		sub { 'name IN (' . list($name) . ')' },
		sub { 'name NOT IN (' . list($name) . ')' },
		sub { 'name LIKE ' . one_of("'%1%'", "'name 2_'", "'%'", "'x%'") },
		sub { "upper(name) = 'NAME " . pick(25) . "'" },
		sub { one_of('name', 'cost', 'label', 'flag', 'big', 'js', 'added', 'ts', 'qty') . one_of(' IS NULL', ' IS NOT NULL') },
		sub { "res = 'res-" . pick(6000) . "'" },
		sub { "res < 'res-" . pick(60) . "'" },
		sub { 'label = ' . one_of("''", "'L" . pick(20) . "'") },
		sub { "coalesce(label, 'x') > 'L1'" },
		sub { 'cost ' . comparison() . ' ' . number() },
		sub { 'cost IN (' . list(\&number) . ')' },
		sub { 'cost * 2 > ' . number() },
		sub { 'qty ' . comparison() . ' ' . one_of(number(), "'NaN'::numeric") },
		sub { 'ts ' . comparison() . ' ' . instant() },
		sub { "date_trunc('month', ts) = " . "'2026-0" . (1 + pick(8)) . "-01 00:00+00'" },
		sub { 'ts >= date_trunc(\'month\', timestamptz ' . instant() . ') ' },
		sub { 'dt ' . comparison() . " date '2026-01-01' + " . pick(10) },
		sub { 'dt < ' . instant() . '::timestamptz' },
		sub { 'stamp ' . comparison() . " '2026-03-" . (1 + pick(30)) . "'" },
		sub { 'tod ' . comparison() . " '" . pick(24) . ":30'" },
		sub { one_of('flag', 'NOT flag', 'flag IS TRUE', 'flag IS NOT FALSE', 'flag IS UNKNOWN', 'flag = true') },
		sub { "js ->> 'k' = 'v" . pick(12) . "'" },
		sub { "js \@> '{\"n\": " . pick(5) . "}'" },
		sub { "u = md5('" . pick(120) . "')::uuid" },
		sub { 'f8 ' . comparison() . ' ' . one_of(pick(150), "'NaN'") },
		sub { "code = 'c" . pick(12) . "'" },
		sub { 'o ' . comparison() . ' ' . (4294967295 - pick(20)) },
		sub { "bytes = decode(md5('" . pick(20) . "'), 'hex')" },
		sub { 'signed ' . comparison() . ' small' },
		sub { 'id % ' . (2 + pick(5)) . ' = 0' },
		sub { 'added ' . comparison() . ' ' . pick(5) },
		sub { '(signed < 0 OR 10 / (signed + 1) > 2)' },
		sub { 'signed <> 0 AND 10 / signed < 3' },
		sub { 'signed >= 0 AND strict_positive(signed)' },
		sub { 'id IN (SELECT b.small FROM t b WHERE b.id < 50)' },
		sub { 'EXISTS (SELECT 1 FROM t b WHERE b.id = t.small AND b.id < 9)' },
		sub { 'name IN (SELECT b.name FROM t b GROUP BY b.name ORDER BY sum(b.cost) DESC NULLS LAST, b.name LIMIT ' . pick(7) . ')' },
		sub { my $column = one_of('small', 'cost', 'ci', 'res', 'dt', 'code', 'u', 'qty'); "$column IN (SELECT b.$column FROM t b WHERE b.id < 60)" },
		sub { 'small IN (SELECT b.signed FROM t b WHERE b.id BETWEEN ' . pick(90) . ' AND 95)' },
		sub { 'id > (SELECT min(b.id) + ' . pick(3000) . ' FROM t b)' },
		sub { one_of("xmin::text <> '0'", 'cmax IS NULL', 'ctid IS NOT NULL', "tableoid::regclass::text ~ '^t'") },
		sub { one_of('true', 'NULL', '(SELECT true)') })->();
}

sub condition
{
	my ($depth) = @_;

	return leaf() if $depth == 0 || pick(3) == 0;
	return 'NOT (' . condition($depth - 1) . ')' if pick(8) == 0;
	return '(' . join(one_of(' AND ', ' AND ', ' OR '), map { condition($depth - 1) } 0 .. 1 + pick(2)) . ')';
}

my @columns = qw(id small big name res label cost qty ts dt stamp tod flag js u f8 code o bytes signed added tags ci);

# What is grouped by, and what is shown of it: of equal values that are not
# identical, any may be
my %keys = (
	(map { $_ => $_ } qw(name flag label small big ts dt stamp added u f8 code o bytes tags qty res), "date_trunc('month', ts)",
		"date_trunc('day', stamp)", 'extract(dow FROM ts)', 'upper(name)', "js ->> 'k'", "tags['k']", "coalesce(label, name, '')",
		"coalesce(tags['k'], 'none')", 'id / 1000', 'signed < 0', 'name IS NULL', 'small + signed', "name || code", "lower(res)"),
	cost => 'trim_scale(cost)', ci => 'lower(ci)', js => "js ->> 'k', (js ->> 'n')::float8");

sub argument_of_sum
{
	my $then = one_of('cost', 'cost', 'qty', '0', '1.50', '-cost', 'NULL::numeric');
	my $else = one_of('ELSE 0 ', 'ELSE 0 ', '', 'ELSE 0.00 ', 'ELSE qty ', 'ELSE NULL ');

	return one_of(
		'cost', 'cost', 'qty', 'small', 'big', 'id', 'signed', 'added', 'abs(cost)', 'coalesce(cost, 0)', 'cost * 2', 'cost + qty',
		'coalesce(cost, qty, 1)', 'id % 10', 'small + signed', 'length(name)', "(tags['n'])::int", 'big * 1.5', '1', '2.50',
		'CASE WHEN ' . leaf() . " THEN cost ELSE 0 END",
		'CASE WHEN ' . condition(1) . " THEN $then " . $else . 'END',
		'CASE WHEN ' . condition(1) . " THEN $then WHEN " . leaf() . ' THEN ' . one_of('cost', 'qty', '1') . " $else" . 'END',
		"CASE name WHEN 'name 1' THEN cost WHEN 'name 2' THEN qty $else" . 'END',
		'CASE WHEN flag THEN small ELSE signed END');
}

sub aggregate
{
	my $column = one_of(@columns);
	my $filter = pick(4) == 0 ? ' FILTER (WHERE ' . condition(1) . ')' : '';

	return one_of(
		sub { "count(*)$filter" },
		sub { "count($column)$filter" },
		sub { 'count(' . one_of("nullif(name, 'name 3')", "js ->> 'k'", "tags['k']", 'CASE WHEN flag THEN 1 END', '1', 'cost + qty') . ")$filter" },
		sub { one_of('sum', 'sum', 'avg') . '(' . argument_of_sum() . ")$filter" },
		sub { one_of('sum', 'avg') . '(' . one_of('cost', 'qty') . ")$filter" },
		sub { one_of('min', 'max') . '(' . one_of(qw(id small big name res label qty ts dt stamp tod f8 code o added signed), 'lower(name)',
			"tags['k']", 'ts::date', 'small + 1', 'name COLLATE "POSIX"', "(js ->> 'k')", 'id + small') . ")$filter" },
		sub { 'trim_scale(' . one_of('min', 'max') . '(' . one_of('cost', 'coalesce(cost, 0)') . ")$filter)" },
		sub { 'lower(' . one_of('min', 'max') . "(ci)$filter)" },
		sub { 'count(DISTINCT ' . one_of(@columns, 'lower(ci)', "tags['k']", "date_trunc('month', ts)", 'name || code') . ")$filter" },
		sub { one_of('focus_sum(cost, name)', "focus_sum(cost, 'EUR')", "focus_sum(cost, coalesce(label, ''))", 'focus_sum(qty, flag::text)')
			  . $filter },
		sub { 'focus_cost_per(' . one_of('cost, qty', 'cost, small', 'qty, cost') . ")$filter" },
		sub { "focus_cost_per_token(cost, qty, " . one_of("'Tokens'", "'1K Tokens'", "CASE WHEN flag THEN '1K Tokens' ELSE 'Tokens' END", 'name')
			  . ")$filter" },
		sub { one_of('bool_and(flag)', 'min(ts) - max(ts)', 'sum(cost) / count(*)', 'array_agg(DISTINCT small)', 'count(DISTINCT (name, flag))',
			"string_agg(name, ',' ORDER BY name)", 'sum(DISTINCT small)', 'max(u::text)', 'avg(ts - stamp)') })->();
}

# Of one table, grouped or not
sub aggregation
{
	my ($where) = @_;
	my @names = sort keys %keys;
	my @grouped = map { one_of(@names) } 1 .. pick(4);
	my @aggregates = map { aggregate() } 0 .. pick(5);
	my $having = pick(4) == 0 ? ' HAVING ' . one_of('count(*) > 3', 'sum(cost) > 10', 'max(ts) > min(stamp)', 'count(DISTINCT name) = 1') : '';
	my $group = @grouped ? ' GROUP BY ' . join(', ', @grouped) : '';
	my $shown = join(', ', (map { $keys{$_} } @grouped), pick(8) == 0 && @grouped ? () : @aggregates);

	return 'SELECT DISTINCT ' . join(', ', map { $keys{$_} } @grouped) . " FROM t $where" if @grouped && pick(10) == 0;
	return "SELECT $shown FROM t $where$group$having";
}

# Of a table that is joined to small ones
sub joined
{
	my ($where) = @_;
	my $one = one_of('', '', 'LEFT ', 'LEFT ', 'RIGHT ', 'FULL ') . 'JOIN m ON '
	  . one_of('mkey = name', 'mkey = name', 'weight = small', 'upper(mkey) = upper(name)', 'mkey = name AND weight = small',
		'mkey = coalesce(name, label)');
	my $other = one_of('', '', one_of('', 'LEFT ') . 'JOIN n ON '
		  . one_of('ncode = code', "nv = tags['k']", "nv = js ->> 'k'", "nv = tags ->> 'k' AND weight > small", 'ndt = dt AND flag', 'ndt = ts::date'));
	my @names = (one_of('team', 'team', 'weight', 'lower(team)', 'coalesce(team, name)', 'weight + small', $other ? 'nv' : 'mkey'),
		map { one_of('team', 'name', 'flag', 'label', "js ->> 'k'", 'upper(name)', "date_trunc('month', ts)", 'code', 'u') } 1 .. pick(3));
	my @aggregates = map { one_of('sum(cost)', 'count(*)', 'avg(qty)', 'max(ts)', 'sum(cost) FILTER (WHERE flag)', 'min(name)', 'sum(big)',
		'avg(small)', 'sum(CASE WHEN small > 3 THEN cost ELSE 0 END)', "focus_sum(cost, 'EUR')", 'focus_cost_per(cost, qty)', 'count(label)',
		'sum(cost * 2)', 'max(code)', 'min(tod)', 'sum(cost) / count(*)') } 0 .. pick(4);
	my $semi = one_of('', '', '', ' AND ' . one_of('', 'NOT ') . 'EXISTS (SELECT 1 FROM ' . one_of('n x WHERE x.ncode = t.code)', 'm x WHERE x.mkey = t.name AND x.weight > t.small)'));

	push @aggregates, one_of('focus_sum(cost, name)', 'sum(cost * weight)', 'count(team)', aggregate()) if pick(4) == 0;
	$where = "WHERE true$semi" if pick(3) == 0 || $where =~ /xmin|cmax|ctid|tableoid/;
	return 'SELECT ' . join(', ', @aggregates) . " FROM t $one $other $where" if pick(6) == 0;
	return 'SELECT DISTINCT ' . join(', ', @names) . " FROM t $one $other $where" if pick(8) == 0;
	return 'SELECT ' . join(', ', @names, @aggregates) . " FROM t $one $other $where GROUP BY " . join(', ', @names)
	  . one_of('', '', ' HAVING count(*) > 4');
}

# Over and over, each time with other parameters
sub repeated
{
	my ($where) = @_;
	my $condition = one_of('name = a.name', 'small < a.small', 'cost > a.cost', "upper(name) = upper(a.name)", 'id < a.id AND flag',
		'name IN (a.name, \'name 7\')');

	return 'SELECT a.id, s.* FROM t a, LATERAL (SELECT ' . join(', ', map { one_of("count(*) FILTER (WHERE $condition)",
		"sum(cost) FILTER (WHERE $condition)", "sum(CASE WHEN $condition THEN cost ELSE 0 END)", 'max(id)', 'count(DISTINCT name)',
		'sum(small + a.small)') } 0 .. pick(3)) . " FROM t $where" . one_of('', ' AND id < a.id', " AND $condition")
	  . one_of('', ' GROUP BY flag', ' GROUP BY small, name') . ') s WHERE a.id % 1501 = 7';
}

sub question
{
	my $where = 'WHERE ' . condition(pick(3));

	return aggregation(one_of('', 'WHERE ' . leaf(), $where)) if pick(2) == 0;
	return repeated($where) if pick(10) == 0;
	return joined($where) if $ENV{FOCUS_JOINS} && pick(3) == 0;
	my @keys = map { one_of('name', 'flag', 'label', 'small', 'ts', 'added', "date_trunc('month', ts)", 'upper(name)', "js ->> 'k'",
		'qty', 'coalesce(label, name, \'\')', 'u', 'f8') } 0 .. pick(3);
	my @some = map { one_of(@columns) } 0 .. pick(4);

	return one_of(
		sub { "SELECT count(*) FROM t $where" },
		sub { 'SELECT ' . join(', ', @some) . " FROM t $where" },
		sub { "SELECT * FROM t $where AND id % 7 = 1" },
		sub { "SELECT t FROM t $where" },
		sub { "SELECT left(tableoid::regclass::text, 1), ctid IS NULL, name FROM t $where" },
		sub { "SELECT xmin::text <> '0', id FROM t $where" },
		sub { "SELECT name, sum(cost), count(qty), min(ts), max(dt) FROM t $where GROUP BY name" },
		sub { 'SELECT ' . join(', ', @keys) . ", sum(cost), avg(qty), count(*), count(cost), sum(qty) FILTER (WHERE " . condition(1)
			  . ") FROM t $where GROUP BY " . join(', ', @keys) . one_of('', ' HAVING sum(cost) > 10', ' HAVING count(*) > 5') },
		sub { "SELECT sum(cost), avg(cost), count(res), sum(cost) FILTER (WHERE " . condition(1) . ") FROM t $where" },
		sub { "SELECT res, sum(cost) AS cost FROM t $where GROUP BY res ORDER BY cost DESC NULLS LAST, res LIMIT 10" },
		sub { "SELECT sum(cost) FILTER (WHERE flag), avg(small), count(DISTINCT res) FROM t $where" },
		sub { "SELECT id, cost FROM t $where ORDER BY cost, id LIMIT " . (1 + pick(30)) },
		sub { "SELECT a.id, s.n FROM t a, LATERAL (SELECT count(*) AS n FROM t WHERE small = a.small AND (" . condition(1)
			  . ')) s WHERE a.id % 997 = 0' },
		sub { 'SELECT id, (SELECT max(cost) FROM t b WHERE b.name = t.name AND b.id < t.id + 100) FROM t WHERE id % 1501 = 2' },
		sub { "SELECT a.id FROM t a JOIN t b ON a.id = b.small WHERE b.id < 2000 AND a.id IN (SELECT id FROM t $where)" },
		sub { "SELECT id FROM (SELECT id, name FROM t $where OFFSET 0) s WHERE name LIKE '%1%'" })->();
}

# A prepared statement whose plan knows no parameter
sub prepared
{
	my $values = join(', ', pick(9), pick(9000), "'name " . pick(25) . "'", number(), instant());

	return 'PREPARE p(int, int, text, numeric, timestamptz) AS SELECT '
	  . one_of('id, cost', 'count(*), sum(cost) FILTER (WHERE name = $3)', 'sum(CASE WHEN cost > $4 THEN cost ELSE $4 END), max(id + $1)')
	  . ' FROM t WHERE '
	  . join(one_of(' AND ', ' OR '), one_of('small = $1', 'small < $1'), one_of('id < $2', 'id <> $2'),
		one_of('name = $3', '(name = $3) IS NOT TRUE', 'name LIKE $3'), one_of('cost < $4', 'cost = ANY (ARRAY[$4, 0])'),
		one_of('ts > $5', "ts >= date_trunc('month', \$5)"))
	  . ";\nEXECUTE p($values)";
}

sub change
{
	return one_of(
		sub { 'DELETE FROM t WHERE id % 50 = ' . pick(50) . ' AND (' . condition(1) . ')' },
		sub { 'UPDATE t SET cost = cost + 1, small = 3 WHERE id % 40 = ' . pick(40) . ' AND (' . condition(1) . ')' },
		sub { "UPDATE t SET name = b.name FROM t b WHERE b.id = t.id + 1 AND t.id % 60 = " . pick(60) },
		sub { 'WITH d AS (DELETE FROM t WHERE id % 90 = ' . pick(90) . ' RETURNING *) SELECT id, cost FROM d' },
		sub { fill(20000 + pick(10000), 30100) })->();
}

# The script of a seed; each answer begins with a line "@ number".
sub script
{
	my ($seed, $variant) = @_;
	my $n = 0;
	my @texts;
	my $sql = "SET search_path = " . ($variant eq 'heap' ? 'heap' : 'focus') . ", public;\n"
	  . "SET timezone = 'UTC'; SET plan_cache_mode = force_generic_plan;\n$variants{$variant}\n\\set VERBOSITY sqlstate\n";

	$state = $seed * 7919;
	foreach my $query (1 .. $queries)
	{
		my $text = pick(12) == 0 ? change() : pick(8) == 0 ? prepared() : question();

		push @texts, $text;
		$n++;
		if ($text =~ /^(PREPARE.*);\n(EXECUTE.*)$/s)
		{
			$sql .= "\\echo '@ $n'\nDEALLOCATE ALL;\n$1;\n$2;\n\\echo :SQLSTATE\n";
		}
		else
		{
			$sql .= "\\echo '@ $n'\nBEGIN;\n$text;\n\\echo :SQLSTATE\n" . ($text =~ /^SELECT/ ? 'ROLLBACK' : 'COMMIT') . ";\n";
		}
	}
	return ($sql, \@texts);
}

# Rows of an answer in a certain order
sub answers
{
	my ($output) = @_;
	my @parts = split(/^\@ \d+\n/m, $output);

	shift @parts;
	return map { join("\n", sort map { s/^(22)\w{3}$/$1/r } split(/\n/, $_)) } @parts;
}

# Some rows that are in the first answer only
sub only
{
	my ($answer, $other) = @_;
	my %count;

	$count{$_}++ foreach split(/\n/, $other);
	return substr(join("\n", grep { $count{$_}-- <= 0 } map { $count{$_} //= 0; $_ } split(/\n/, $answer)), 0, 500);
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\nmax_parallel_workers = 4\n");
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION focus;
	CREATE COLLATION no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)});

foreach my $seed (@seeds)
{
	my %answers;
	my $texts;

	foreach my $variant ('heap', @compared)
	{
		my $method = $variant eq 'heap' ? 'heap' : 'focus';
		my $changed = "SET search_path = $method, public;\nSET timezone = 'UTC';\n";
		my $tables = $setup;
		my ($sql, $out, $err);

		$tables =~ s/\);\n\z/) PARTITION BY LIST (flag);\n$partitions/ if $variant =~ /partitions/;
		# Groups of all sizes, columns dropped and added, a delta
		$sql = "DROP SCHEMA IF EXISTS $method CASCADE; CREATE SCHEMA $method; SET search_path = $method, public;\n"
		  . "SET timezone = 'UTC'; SET default_table_access_method = $method;\n"
		  . "DROP FUNCTION IF EXISTS public.strict_positive; $tables SET focus.debug_force_groups = on;\n"
		  . fill(1, 3000) . fill(3001, 3001) . fill(3002, 4200)
		  . "ALTER TABLE t DROP COLUMN gone; ALTER TABLE t ADD COLUMN added int DEFAULT 3;\n"
		  . fill(4201, 6000) . 'SET focus.debug_force_groups = off;' . fill(6001, 6100)
		  . "UPDATE t SET added = id % 5 WHERE id % 6 = 0; DELETE FROM t WHERE id % 31 = 0; DELETE FROM t WHERE id = 3001; ANALYZE t;\n";
		$sql .= 'SET ROLE NONE;';
		$node->safe_psql('postgres', $sql);
		$node->safe_psql('postgres', "CALL focus_compact('$method.t')") if $variant =~ /compacted|plain/;
		($sql, $texts) = script($seed, $variant);
		$node->psql('postgres', $sql, stdout => \$out, stderr => \$err, on_error_stop => 0, on_error_die => 0,
			extra_params => ['-A', '-t']);
		$answers{$variant} = [ answers("$out\n") ];
		is(scalar @{ $answers{$variant} }, $queries, "seed $seed, $variant: everything was answered")
		  or diag(substr($err, 0, 2000));
		next if $variant ne 'heap';
		my @states = map { /^(\d\w{4}|22)$/m ? $1 : '' } @{ $answers{heap} };
		my @wrong = grep { $states[$_] =~ /^(42|0A|$)/ } 0 .. $#states;
		is(scalar @wrong, 0, "seed $seed: no mistakes in the questions")
		  or diag(join("\n", map { "$states[$_]: $texts->[$_]" } @wrong[0 .. min(2, $#wrong)]));
		note(scalar(grep { $_ ne '00000' } @states) . ' questions fail, ' . scalar(grep { !/\n/ } @{ $answers{heap} }) . ' have no rows');
	}
	foreach my $variant (@compared)
	{
		my $bad = 0;

		foreach my $n (0 .. $queries - 1)
		{
			my ($expected, $got) = ($answers{heap}[$n] // '', $answers{$variant}[$n] // '');

			next if $expected eq $got;
			diag("seed $seed, question " . ($n + 1) . ", $variant:\n$texts->[$n]\nonly heap:\n" . only($expected, $got)
				  . "\nonly focus:\n" . only($got, $expected)) if $bad++ < 3;
		}
		is($bad, 0, "seed $seed, $variant: answers as from heap");
	}
}
$node->stop('fast', fail_ok => 1);
done_testing();
