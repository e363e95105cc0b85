# Damaged bytes of row groups in the files of the server: whoever reads them
# gets an error that says so (SQLSTATE XX001), or the right answer, never
# another one; and the session lives on.
#
# Each of many equal tables is damaged at another place.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Focus::Session;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{FOCUS_SEED} // 1;
my $ntables = $ENV{FOCUS_TABLES} // 60;
my $page_size = 8192;

my $node = PostgreSQL::Test::Cluster->new('main');
# Checksums of pages, the default of 18, would find the damage before us.
$node->init(extra => [ '--encoding=UTF8', '--no-locale', `$ENV{PG_REGRESS} --version` =~ / (?:18|19)/ ? '--no-data-checksums' : () ]);
$node->append_conf('postgresql.conf', "autovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');
if (!$node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_compact'}))
{
	plan skip_all => 'there are no row groups';
}
my $has_check = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_check'});
my $has_info = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname = 'focus_columnar_info'});

srand($seed);
note("seed $seed");

# The chunks of each table, kinds being those of store.c
my %chunks;
foreach my $n (1 .. $ntables)
{
	$node->safe_psql('postgres', qq{
		CREATE TABLE t$n (id integer PRIMARY KEY, kind integer, cost numeric, note text, at timestamptz, tags focus_tags, large text) USING focus;
		INSERT INTO t$n SELECT i, i % 7, (hashint4(i) % 10000)::numeric / 100, CASE WHEN i % 9 > 0 THEN md5((i % 700)::text) END,
			timestamptz '2026-01-01 UTC' + i % 720 * interval '1 hour', ('{"env": "' || i % 5 || '"}')::focus_tags, repeat(md5(i::text), 1 + i % 3)
		FROM generate_series(1, 1500) i});
	$node->safe_psql('postgres', "CALL focus_compact('t$n')");
	$node->safe_psql('postgres', "DELETE FROM t$n WHERE id % 50 = 1; UPDATE t$n SET kind = 100 WHERE id % 50 = 2; INSERT INTO t$n (id, kind) SELECT i, 8 FROM generate_series(2001, 2010) i");
	my $toast = $node->safe_psql('postgres', "SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 't$n'");
	my $file = $node->safe_psql('postgres', "SELECT pg_relation_filepath('$toast')");
	$chunks{$n} = { file => $file, tuples => [] };
	foreach my $line (split /\n/, $node->safe_psql('postgres', "SELECT ctid, chunk_id, length(chunk_data) FROM $toast"))
	{
		my ($block, $item, $id, $length) = $line =~ /\((\d+),(\d+)\)\|(\d+)\|(\d+)/ or die $line;

		push @{ $chunks{$n}{tuples} }, { block => $block, item => $item, kind => $id == 1 ? 'directory' : $id < 4096 ? 'counter' : $id < 16384 ? 'tombstone' : 'body', length => $length };
	}
}
my $digest = 'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM';
my $expected = $node->safe_psql('postgres', "$digest t1 t");
my $counted = $node->safe_psql('postgres', 'SELECT count(*) FROM t1');
my $summed = $node->safe_psql('postgres', 'SELECT kind, sum(cost) FROM t1 GROUP BY kind ORDER BY kind');
my $found = $node->safe_psql('postgres', 'SELECT * FROM t1 WHERE id = 777');

# Damage: the first half of the tables in bodies, then in other entries
$node->stop;
my %damage;
foreach my $n (1 .. $ntables)
{
	my $kind = $n % 6 == 0 ? 'tombstone' : $n % 3 == 0 ? 'directory' : 'body';
	my @tuples = grep { $_->{kind} eq $kind } @{ $chunks{$n}{tuples} };

	die "no $kind in t$n" if !@tuples;
	$damage{$n} = damage($node->data_dir . "/$chunks{$n}{file}", $tuples[ int(rand(@tuples)) ], $kind);
}
$node->start;

my $session = Focus::Session->new($node, 'postgres');
my %noticed;
foreach my $n (1 .. $ntables)
{
	my $label = "t$n ($damage{$n})";
	my ($kind) = $damage{$n} =~ /^(\w+)/;
	my @statements = (
		[ "$digest t$n t;", $expected ], [ "SELECT count(*) FROM t$n;", $counted ], [ "SELECT kind, sum(cost) FROM t$n GROUP BY kind ORDER BY kind;", $summed ],
		[ "SET enable_seqscan = off;\nSELECT * FROM t$n WHERE id = 777;\nRESET enable_seqscan;", "SET\n$found\nRESET" ],
		$has_check ? [ "SELECT count(*) >= 0 FROM focus_check('t$n');", 't' ] : (),
		$has_info ? [ "SELECT count(*) > 0 FROM focus_columnar_info('t$n');", 't' ] : (),
		[ "BEGIN;\nUPDATE t$n SET kind = kind + 1 WHERE id = 778;\nDELETE FROM t$n WHERE id = 779;\nROLLBACK;", "BEGIN\nUPDATE 1\nDELETE 1\nROLLBACK" ],
		[ "VACUUM t$n;", 'VACUUM' ], [ "ANALYZE t$n;", 'ANALYZE' ], [ "CALL focus_compact('t$n');", 'CALL' ], [ "$digest t$n t;", $expected ]);

	foreach my $statement (@statements)
	{
		my ($sql, $right) = @$statement;
		my $output = eval { $session->run($sql) };
		if (!defined $output)
		{
			fail("$label: $sql: the session dies: " . substr($@, 0, 300));
			$node->poll_query_until('postgres', 'SELECT 1', '1');
			$session = Focus::Session->new($node, 'postgres');
			next;
		}
		my @states = grep { $_ ne '25P02' } $output =~ /^ERROR:  (\w+)/mg;
		$output =~ s/\n\z//;
		# What is found may be reported as a row, too.
		$noticed{$kind}++ if @states;
		if (@states ? grep({ !/^(?:XX001|0A000)$/ } @states) : $output ne $right)
		{
			fail("$label: $sql");
			diag('got ' . substr($output, 0, 300));
		}
	}
	is($session->run('SELECT 1;'), "1\n", "$label: the session lives");
}
foreach my $kind ('body', 'directory')
{
	cmp_ok($noticed{$kind} // 0, '>', 0, "damage of kind $kind was noticed");
}
$session->quit;
my $log = slurp_file($node->logfile);
unlike($log, qr/was terminated by signal|TRAP:|PANIC:/, 'no backend died');
$node->stop;
done_testing();

# Changes one to four bytes of a tuple's chunk_data; says what it did.
sub damage
{
	my ($path, $tuple, $kind) = @_;
	my ($page, $header);

	open(my $file, '+<:raw', $path) or die "$path: $!";
	seek($file, $tuple->{block} * $page_size, 0) && sysseek($file, $tuple->{block} * $page_size, 0) or die;
	sysread($file, $page, $page_size) == $page_size or die "$path: short";
	# the line pointer: 15 bits of offset, 2 of flags, 15 of length
	my $pointer = unpack('L', substr($page, 24 + 4 * ($tuple->{item} - 1), 4));
	my $offset = $pointer & 0x7FFF;
	# behind the tuple's header: chunk_id, chunk_seq, and the length word, long or short
	my $data = $offset + ord(substr($page, $offset + 22, 1)) + 8;
	$data += ord(substr($page, $data, 1)) & 1 ? 1 : 4;
	my $at = int(rand($tuple->{length}));
	my $count = 1 + int(rand(4));
	$count = $tuple->{length} - $at if $at + $count > $tuple->{length};
	my $change = join('', map { chr(1 + int(rand(255))) } 1 .. $count);
	my $bytes = substr($page, $data + $at, $count) ^ $change;
	sysseek($file, $tuple->{block} * $page_size + $data + $at, 0);
	syswrite($file, $bytes) == $count or die;
	close $file;
	return "$kind, $count bytes at $at of $tuple->{length}";
}
