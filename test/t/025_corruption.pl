# Damage at chosen places of row groups: whoever meets it gets an error that
# says what it is and names table and row group, in a session that lives on;
# and focus_check reports it, and nothing else.
#
# 026_engine_damage.pl does the same at random places.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Focus::Session;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $page_size = 8192;
my $rows = 1500;
my $tombstone_id = 4096;

# What is damaged, how, and what has to come of it.  A damage gets the table's
# name and the bytes of the TOAST relation, with which it may do what it
# wants.  error: SQLSTATE and message of a sequential scan; none: it works.
# check: lines of focus_check.
my @cases = (
	{
		name => 'body_magic',
		damage => sub { flip($_[0], body(1), 0) },
		error => qr/XX001: header of row group 1 of table "body_magic" is damaged/,
		check => [qr/^1\|\|\|header of the body is damaged$/],
	},
	{
		name => 'body_descriptor',
		damage => sub { flip($_[0], body(1), 16 + 64 + 13) },
		error => qr/XX001: header of row group 1 of table "body_descriptor" is damaged/,
		check => [qr/^1\|\|\|header of the body is damaged$/],
	},
	{
		name => 'body_header_size',
		damage => sub { flip($_[0], body(1), 8) },
		error => qr/XX001: header of row group 1 of table "body_header_size" is damaged/,
		check => [qr/^1\|\|\|header of the body is damaged$/],
	},
	{
		name => 'body_version',
		damage => sub {
			my ($toast) = @_;
			my $header = bytes($toast, body(1), 0, 16 + 3 * 64);

			substr($header, 1, 1) = chr(2);
			substr($header, 12, 4) = pack('V', crc32c(substr($header, 0, 12) . substr($header, 16)));
			set($toast, body(1), 0, $header);
		},
		error => qr/0A000: row group 1 of table "body_version" has a format version that this version of focus does not know/,
		check => [qr/^1\|\|\|body has a format version that this version of focus does not know$/],
	},
	{
		# what the header says of a column: for skipping, so that reading all rows does not notice
		name => 'body_bounds',
		damage => sub {
			my ($toast) = @_;
			my $header = bytes($toast, body(1), 0, 16 + 3 * 64);

			substr($header, 16 + 32, 8) = pack('q<', 1400);
			substr($header, 12, 4) = pack('V', crc32c(substr($header, 0, 12) . substr($header, 16)));
			set($toast, body(1), 0, $header);
		},
		check => [qr/^1\|id\|\|column has values out of the bounds that the header gives$/],
	},
	{
		name => 'body_nulls',
		damage => sub {
			my ($toast) = @_;
			my $header = bytes($toast, body(1), 0, 16 + 3 * 64);

			substr($header, 16 + 64 + 16, 4) = pack('V', 3);
			substr($header, 12, 4) = pack('V', crc32c(substr($header, 0, 12) . substr($header, 16)));
			set($toast, body(1), 0, $header);
		},
		check => [qr/^1\|cost\|\|column has 0 nulls, the header says 3$/],
	},
	{
		name => 'body_segment',
		damage => sub { flip($_[0], body(1), 16 + 3 * 64 + 5) },
		error => qr/XX001: column 1 of row group 1 of table "body_segment" is damaged/,
		check => [qr/^1\|id\|\|column is damaged$/],
	},
	{
		name => 'body_last_chunk',
		damage => sub {
			my ($toast) = @_;
			my $last = body(1);

			$last = { %$last, chunk_seq => $last->{chunk_seq} + 1 } while $toast->{tuples}{"$toast->{value}[1]/" . ($last->{chunk_seq} + 1)};
			flip($toast, $last, 3);
		},
		error => qr/XX001: column 3 of row group 1 of table "body_last_chunk" is damaged/,
		check => [qr/^1\|note\|\|column is damaged$/],
	},
	{
		name => 'both_groups',
		damage => sub { flip($_[0], body(1), 16 + 3 * 64 + 5); flip($_[0], body(2), 0) },
		error => qr/XX001: column 1 of row group 1 of table "both_groups" is damaged/,
		check => [ qr/^1\|id\|\|column is damaged$/, qr/^2\|\|\|header of the body is damaged$/ ],
	},
	{
		name => 'chunk_missing',
		damage => sub { remove($_[0], { %{ body(1) }, chunk_seq => 1 }) },
		error => qr/XX001: .*chunk.*CONTEXT:  while reading row group 1 of table "chunk_missing"/s,
		check => [qr/^1\|\|\|.*chunk/],
	},
	{
		name => 'chunk_length',
		damage => sub { length_word($_[0], { %{ body(1) }, chunk_seq => 1 }, 1000) },
		error => qr/XX001: .*chunk.*CONTEXT:  while reading row group 1 of table "chunk_length"/s,
		check => [qr/^1\|\|\|.*chunk/],
	},
	{
		name => 'body_missing',
		damage => sub {
			my ($toast) = @_;

			remove($toast, { %{ body(1) }, chunk_seq => $_ }) foreach grep { $toast->{tuples}{"$toast->{value}[1]/$_"} } 0 .. 100;
		},
		error => qr/XX001: .*chunk.*CONTEXT:  while reading row group 1 of table "body_missing"/s,
		check => [qr/^1\|\|\|.*chunk/],
	},
	{
		name => 'entry_version',
		damage => sub { set($_[0], entry(1), 0, chr(2)) },
		error => qr/0A000: row group 1 of table "entry_version" has format version 2, which this version of focus does not know/,
		check => [qr/^1\|\|\|directory entry has format version 2, which this version of focus does not know$/],
	},
	{
		name => 'entry_version_zero',
		damage => sub { set($_[0], entry(1), 0, chr(0)) },
		error => qr/XX001: directory entry of row group 1 of table "entry_version_zero" is damaged/,
		check => [qr/^1\|\|\|directory entry is damaged$/],
	},
	(
		map {
			my ($field, $at) = @$_;

			{
				name => "entry_$field",
				damage => sub { flip($_[0], entry(1), $at) },
				error => qr/XX001: directory entry of row group 1 of table "entry_$field" is damaged.*DETAIL:  The entry is at \(\d+,\d+\) in the TOAST table/s,
				check => [qr/^1\|\|\|directory entry is damaged$/],
			}
		} [ rows => 4 ], [ value => 8 ], [ body_size => 12 ], [ header_size => 16 ], [ checksum => 20 ], [ stamp => 30 ]
	),
	{
		name => 'entry_length',
		damage => sub { length_word($_[0], entry(1), 24) },
		error => qr/XX001: directory entry of row group 1 of table "entry_length" is damaged/,
		check => [qr/^1\|\|\|directory entry is damaged$/],
	},
	{
		name => 'entry_length_huge',
		damage => sub { length_word($_[0], entry(1), 0x3FFFFFFF) },
		error => qr/XX001: directory entry of row group 1 of table "entry_length_huge" is damaged/,
		check => [qr/^1\|\|\|directory entry is damaged$/],
	},
	{
		# what one would get from a page of another time
		name => 'entry_other_rows',
		damage => sub { forge_entry($_[0], 1, 4, pack('L', $rows - 1)) },
		error => qr/XX001: header of row group 1 of table "entry_other_rows" is damaged/,
		check => [
			qr/^1\|\|\|body has 1500 rows, the directory entry says 1499$/,
			qr/^1\|\|\(2147483909,220\)\|index "entry_other_rows_pkey" has 1 entries of rows that the row group does not have$/
		],
	},
	{
		name => 'entry_same_body',
		damage => sub { forge_entry($_[0], 1, 8, pack('L', $_[0]{value}[2])) },
		check => [ qr/^2\|\|\|row group 1 has the same body$/, qr/^1\|\|\|index "entry_same_body_pkey" has other keys or more entries than the rows$/ ],
	},
	{
		name => 'deletion_kind',
		damage => sub { flip($_[0], tombstone(1, 10), 1) },
		error => qr/XX001: deletion of row 10 of row group 1 of table "deletion_kind" is damaged/,
		check => [qr/^1\|\|\(2147483904,11\)\|deletion is damaged$/],
	},
	{
		name => 'deletion_forward',
		damage => sub { flip($_[0], tombstone(1, 20), 6) },
		error => qr/XX001: deletion of row 20 of row group 1 of table "deletion_forward" is damaged/,
		check => [qr/^1\|\|\(2147483904,21\)\|deletion is damaged$/],
	},
	{
		name => 'deletion_version',
		damage => sub { set($_[0], tombstone(1, 10), 0, chr(9)) },
		error => qr/0A000: row group 1 of table "deletion_version" has format version 9, which this version of focus does not know/,
		check => [qr/^1\|\|\(2147483904,11\)\|deletion has format version 9, which this version of focus does not know$/],
	},
	{
		name => 'deletion_length',
		damage => sub { length_word($_[0], tombstone(1, 10), 8) },
		error => qr/XX001: deletion of row 10 of row group 1 of table "deletion_length" is damaged/,
		check => [qr/^1\|\|\(2147483904,11\)\|deletion is damaged$/],
	},
	{
		name => 'deletion_place',
		damage => sub { place($_[0], tombstone(1, 10), $tombstone_id, (1 << 19) | (11 << 3)) },
		error => qr/XX001: deletion of row 11 of row group 1 of table "deletion_place" is damaged/,
		check => [qr/^1\|\|\(2147483904,12\)\|deletion is damaged$/],
	},
	{
		name => 'deletion_bits',
		damage => sub { place($_[0], tombstone(1, 10), $tombstone_id, (1 << 19) | (10 << 3) | 1) },
		error => qr/XX001: deletion of row 10 of row group 1 of table "deletion_bits" is damaged/,
		check => [qr/^1\|\|\(2147483904,11\)\|deletion is damaged$/],
	},
	{
		name => 'deletion_beyond',
		damage => sub { forge_tombstone($_[0], 1, 10, [ 1, 5000 ], '') },
		answer => 'deletion',
		check => [qr/^1\|\|\(2147483923,137\)\|row is deleted, but the row group has 1500 rows only$/],
	},
	{
		name => 'deletion_twice',
		damage => sub { forge_tombstone($_[0], 1, 10, [ 1, 20 ], '') },
		answer => 'deletion',
		check => [qr/^1\|\|\(2147483904,21\)\|row is deleted twice$/],
	},
	{
		name => 'deletion_never',
		damage => sub { forge_tombstone($_[0], 1, 10, [ 77, 5 ], '') },
		answer => 'deletion',
		check => [qr/^77\|\|\|row 5 of a row group that never was is deleted$/],
	},
	{
		name => 'deletion_update',
		damage => sub { forge_tombstone($_[0], 1, 20, [ 1, 20 ], pack('SSS', 0x8000, 0x0100, 1)) },
		check => [qr/^1\|\|\(2147483904,21\)\|row is updated to \(2147483904,1\), where no row can be$/],
	},
	{
		name => 'strange_entry',
		damage => sub { place($_[0], { chunk_id => 2, chunk_seq => 1 }, 77, 1) },
		check => [qr/^\|\|\|TOAST table has an entry of unknown kind, chunk_id 77, at \(\d+,\d+\)$/],
	},
	{
		name => 'counter_missing',
		damage => sub { remove($_[0], { chunk_id => 2, chunk_seq => 2 }) },
		check => [qr/^2\|\|\|number has not been given away, and could be used again$/],
	},
	{
		# the leaf page that the entries are in
		name => 'toast_index',
		file => 'toast_index',
		damage => sub { $_[0]{data} =~ s/^(.{$page_size}).{$page_size}/$1 . "\0" x $page_size/se },
		error => qr/XX002: index "pg_toast_\d+_index" contains unexpected zero page/,
		check => [qr/^\|\|\|index "pg_toast_\d+_index" contains unexpected zero page/],
	},
	{
		# an entry of the index that is marked as dead, as readers do who find a tuple dead
		name => 'toast_index_entry',
		file => 'toast_index',
		damage => sub {
			my ($index) = @_;
			my ($block, $item) = @{ $index->{tuples}{'1/1'} };
			my $at = index($index->{data}, pack('SSSSLL', 0, $block, $item, 16, 1, 1));
			my $page = int($at / $page_size) * $page_size;
			my $pointer = index($index->{data}, pack('L', ($at - $page) | 1 << 15 | 16 << 17), $page);

			die 'no entry' if $at < 0 || $pointer < 0;
			substr($index->{data}, $pointer, 4) = pack('L', ($at - $page) | 3 << 15 | 16 << 17);
		},
		answer => 'group missing',
		check => [qr/^\|\|\|TOAST table has 4 entries of row groups and deletions, its index leads to 3$/],
	},
	{
		name => 'index_page',
		file => 'index',
		damage => sub { $_[0]{data} =~ s/^(.{$page_size}).{$page_size}/$1 . "\0" x $page_size/se },
		check => [qr/^\|\|\|index "index_page_pkey" contains unexpected zero page/],
	},
	{
		# row 7 becomes one that the group does not have
		name => 'index_beyond',
		file => 'index',
		damage => sub { replace($_[0], pack('SSS', 0x8000, 0x0100, 8), pack('SSS', 0x8000, 0x0105, 255)) },
		check => [
			qr/^1\|\|\(2147483909,255\)\|index "index_beyond_pkey" has 1 entries of rows that the row group does not have$/,
			qr/^1\|\|\(2147483904,8\)\|index "index_beyond_pkey" has no entry of 1 rows$/
		],
	},
	{
		name => 'index_moved',
		file => 'index',
		damage => sub { replace($_[0], pack('SSS', 0x8000, 0x0100, 8), pack('SSS', 0x8000, 0x0100, 9)) },
		check => [qr/^1\|\|\(2147483904,8\)\|index "index_moved_pkey" has no entry of 1 rows$/],
	},
	{
		# the key of row 7
		name => 'index_key',
		file => 'index',
		damage => sub { replace($_[0], pack('SSSSL', 0x8000, 0x0100, 8, 16, 8), pack('SSSSL', 0x8000, 0x0100, 8, 16, 7)) },
		check => [qr/^1\|\|\|index "index_key_pkey" has other keys or more entries than the rows$/],
	});

my $node = PostgreSQL::Test::Cluster->new('main');
# Checksums of pages, the default of 18, would find the damage before us.
$node->init(extra => `$ENV{PG_REGRESS} --version` =~ / (?:18|19)/ ? ['--no-data-checksums'] : []);
$node->append_conf('postgresql.conf', "autovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

# Two groups each, in which a row is deleted and one is updated
my $session = Focus::Session->new($node, 'postgres');
foreach my $case (@cases, { name => 'sound' })
{
	my $name = $case->{name};

	$session->run(qq{
		CREATE TABLE $name (id integer, cost numeric, note text) USING focus;
		SET focus.debug_force_groups = on;
		INSERT INTO $name SELECT i + 1, (i * 37 % 1499) * 0.01, md5(i::text) FROM generate_series(0, $rows - 1) i;
		INSERT INTO $name SELECT i + 10001, (i * 41 % 1499) * 0.01, md5(i::text) FROM generate_series(0, $rows - 1) i;
		RESET focus.debug_force_groups;
		ALTER TABLE $name ADD PRIMARY KEY (id);
		DELETE FROM $name WHERE id = 11;
		UPDATE $name SET cost = cost + 0.5 WHERE id = 21;});
	next if !$case->{check};

	my $toast = $session->run("SELECT reltoastrelid::regclass FROM pg_class WHERE relname = '$name';");
	chomp $toast;
	$case->{values} = [ 0, split /\n/, $session->run("SELECT chunk_id FROM $toast WHERE chunk_id >= 16384 GROUP BY 1 ORDER BY min(ctid);") ];
	foreach my $line (split /\n/, $session->run("SELECT ctid, chunk_id, chunk_seq FROM $toast;"))
	{
		my ($block, $item, $id, $seq) = $line =~ /\((\d+),(\d+)\)\|(\d+)\|(\d+)/ or die $line;

		$case->{tuples}{"$id/$seq"} = [ $block, $item ];
	}
	foreach my $file ([ toast => $toast ], [ index => "${name}_pkey" ], [ toast_index => "${toast}_index" ])
	{
		($case->{files}{ $file->[0] }) = $session->run("SELECT pg_relation_filepath('$file->[1]');") =~ /(\S+)/;
	}
}
my $query = 'SELECT count(*), sum(cost), sum(hashtext(note)) FROM';
my $right = $session->run("$query sound;");
is($session->run("SELECT * FROM focus_check('sound');"), '', 'nothing is found where nothing is damaged');
$session->quit;
$node->stop;

foreach my $case (@cases)
{
	my $path = $node->data_dir . '/' . $case->{files}{ $case->{file} // 'toast' };
	my $relation = { data => slurp($path), tuples => $case->{tuples}, value => $case->{values} };

	our $toast = $relation;
	$case->{damage}->($relation);
	open(my $file, '>:raw', $path) or die "$path: $!";
	print $file $relation->{data};
	close $file;
}
$node->start;
$session = Focus::Session->new($node, 'postgres');
$session->run('\set VERBOSITY verbose');

foreach my $case (@cases)
{
	my $name = $case->{name};
	my $output = $session->run("$query $name;");

	if ($case->{error})
	{
		like($output, $case->{error}, "$name: a scan fails");
		my ($state) = $case->{error} =~ /([A-Z\d]{5}):/;

		# Others may not come by what is damaged.
		foreach my $statement (
			"SET enable_seqscan = off;\nSELECT * FROM $name WHERE id IN (7, 11, 21, 10007);\nRESET enable_seqscan;",
			"UPDATE $name SET cost = 1 WHERE id = 7;",
			"DELETE FROM $name WHERE note = md5('8');",
			"SELECT * FROM $name WHERE id = 7 FOR UPDATE;",
			"CREATE INDEX ON $name (note);",
			"ANALYZE $name;",
			"SELECT count(*) FROM $name TABLESAMPLE BERNOULLI (50);",
			"CREATE TABLE copy AS TABLE $name; DROP TABLE copy;",
			"CALL focus_compact('$name');",
			"SELECT row_groups FROM focus_columnar_info('$name');",
			"SELECT count(*) FROM focus_columnar_columns('$name');")
		{
			$output = $session->run("BEGIN;\n$statement\nROLLBACK;");
			unlike($output, qr/ERROR:  (?!$state|25P02|25001)/, "$name: no other error from: $statement");
			is($session->run('SELECT 1;'), "1\n", "$name: the session lives");
		}
	}
	elsif ($case->{answer})
	{
		unlike($output, qr/ERROR/, "$name: a scan works");
	}
	else
	{
		is($output, $right, "$name: a scan works") if $name ne 'entry_same_body';
	}

	$output = $session->run("SELECT row_group, column_name, tid, problem FROM focus_check('$name');");
	my @problems = split /\n/, $output;
	is(scalar(@problems), scalar(@{ $case->{check} }), "$name: focus_check finds it") or diag($output);
	foreach my $i (0 .. $#{ $case->{check} })
	{
		like($problems[$i] // '', $case->{check}[$i], "$name: and says what it is");
	}
	if ($name eq 'body_segment')
	{
		is($session->run("SELECT count(*) FROM $name WHERE ctid = ANY (ARRAY(SELECT format('(%s,%s)', 2147483648 + 256 * 2 + row / 256, row % 256 + 1)::tid FROM generate_series(0, 65535) row));"),
			"$rows\n", 'another row group can be read by TID');
	}
	$output = $session->run("VACUUM FULL $name;");
	unlike($output, qr/ERROR:  (?!XX001|XX002|0A000)/, "$name: no other error from VACUUM FULL");
	is($session->run('SELECT 1;'), "1\n", "$name: the session lives");
}
is($session->run("SELECT * FROM focus_check('sound');"), '', 'nothing else is damaged');
$session->quit;
unlike(slurp($node->logfile), qr/was terminated by signal|TRAP:|PANIC:/, 'no backend died');
$node->stop;
done_testing();

sub slurp
{
	my ($path) = @_;

	open(my $file, '<:raw', $path) or die "$path: $!";
	local $/;
	return <$file>;
}

# Names of tuples
our $toast;
sub body { return { chunk_id => $toast->{value}[ $_[0] ], chunk_seq => 0 } }
sub entry { return { chunk_id => 1, chunk_seq => $_[0] } }
sub tombstone { return { chunk_id => $tombstone_id, chunk_seq => ($_[0] << 19) | ($_[1] << 3) } }

# Where the tuple begins in the file, and its line pointer
sub find
{
	my ($relation, $tuple) = @_;
	my $at = $relation->{tuples}{"$tuple->{chunk_id}/$tuple->{chunk_seq}"} or die "no tuple $tuple->{chunk_id}/$tuple->{chunk_seq}";
	my $pointer = $at->[0] * $page_size + 24 + 4 * ($at->[1] - 1);

	return ($at->[0] * $page_size + (unpack('L', substr($relation->{data}, $pointer, 4)) & 0x7FFF), $pointer);
}

# Where chunk_data begins, behind header, chunk_id, chunk_seq and length word; a
# chunk goes on in the next one
sub position
{
	my ($relation, $tuple, $at) = @_;
	my ($start) = find($relation, { %$tuple, chunk_seq => $tuple->{chunk_seq} + ($tuple->{chunk_id} < 16384 ? 0 : int($at / 1996)) });

	return $start + 24 + 12 + ($tuple->{chunk_id} < 16384 ? $at : $at % 1996);
}

sub bytes
{
	my ($relation, $tuple, $at, $length) = @_;

	return substr($relation->{data}, position($relation, $tuple, $at), $length);
}

sub set
{
	my ($relation, $tuple, $at, $bytes) = @_;

	substr($relation->{data}, position($relation, $tuple, $at), length $bytes) = $bytes;
	return;
}

sub flip
{
	my ($relation, $tuple, $at) = @_;

	set($relation, $tuple, $at, bytes($relation, $tuple, $at, 1) ^ chr(0x55));
	return;
}

# The length word of chunk_data
sub length_word
{
	my ($relation, $tuple, $length) = @_;

	substr($relation->{data}, position($relation, $tuple, 0) - 4, 4) = pack('L', ($length + 4) << 2);
	return;
}

# chunk_id and chunk_seq
sub place
{
	my ($relation, $tuple, $id, $seq) = @_;
	my ($start) = find($relation, $tuple);

	substr($relation->{data}, $start + 24, 8) = pack('LL', $id, $seq);
	return;
}

# A line pointer that is dead, as after a crash of something
sub remove
{
	my ($relation, $tuple) = @_;
	my ($start, $pointer) = find($relation, $tuple);

	substr($relation->{data}, $pointer, 4) = pack('L', 3 << 15);
	return;
}

sub replace
{
	my ($relation, $old, $new) = @_;

	die 'not found once' if (() = $relation->{data} =~ /\Q$old\E/g) != 1;
	$relation->{data} =~ s/\Q$old\E/$new/;
	return;
}

# Other bytes of a directory entry, with the right checksum
sub forge_entry
{
	my ($relation, $number, $at, $bytes) = @_;
	my $entry = bytes($relation, entry($number), 0, 32);

	substr($entry, $at, length $bytes) = $bytes;
	substr($entry, 20, 4) = pack('L', 0);
	substr($entry, 20, 4) = pack('L', crc32c($entry . pack('LL', 1, $number)));
	set($relation, entry($number), 0, $entry);
	return;
}

# Another place, and TID of the new version, of a tombstone
sub forge_tombstone
{
	my ($relation, $number, $row, $place, $forward) = @_;
	my $entry = bytes($relation, tombstone($number, $row), 0, 12);
	my @place = ($tombstone_id, ($place->[0] << 19) | ($place->[1] << 3));

	substr($entry, 2, length $forward) = $forward;
	substr($entry, 8, 4) = pack('L', 0);
	substr($entry, 8, 4) = pack('L', crc32c($entry . pack('LL', @place)));
	set($relation, tombstone($number, $row), 0, $entry);
	place($relation, tombstone($number, $row), @place);
	return;
}

sub crc32c
{
	my ($bytes) = @_;
	my $crc = 0xFFFFFFFF;

	foreach my $byte (unpack('C*', $bytes))
	{
		$crc ^= $byte;
		$crc = $crc & 1 ? ($crc >> 1) ^ 0x82F63B78 : $crc >> 1 foreach 1 .. 8;
	}
	return $crc ^ 0xFFFFFFFF;
}
