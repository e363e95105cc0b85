# COPY in FOCUS format as the protocol allows it, which psql never does:
# messages of one byte, failure told by the client, flushes, junk, a client
# that goes away.  The session goes on, and nothing is half loaded.

use strict;
use warnings;

use IO::Socket::UNIX;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'needs Unix sockets' unless $use_unix_sockets;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "session_preload_libraries = 'focus'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');
my $user = $node->safe_psql('postgres', 'SELECT current_user');

# A message of a type and a body, as the protocol wants it.
sub message
{
	my ($type, $body) = @_;

	return $type . pack('N', length($body) + 4) . $body;
}

# Reads messages to one of the given types; returns all of them.
sub read_until
{
	my ($socket, $types) = @_;
	my $all = '';

	for (;;)
	{
		my ($head, $body) = ('', '');

		while (length($head) < 5)
		{
			sysread($socket, $head, 5 - length($head), length($head)) or return "$all(closed)";
		}
		my ($type, $len) = unpack('a N', $head);

		while (length($body) < $len - 4)
		{
			sysread($socket, $body, $len - 4 - length($body), length($body)) or return "$all(closed)";
		}
		$all .= "$type:" . ($body =~ s/\0/ /gr) . "\n";
		return $all if index($types, $type) >= 0;
	}
}

sub connect_raw
{
	my $socket = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "could not connect: $!";
	my $parameters = "user\0$user\0database\0postgres\0\0";

	$socket->autoflush(1);
	print $socket pack('N N', length($parameters) + 8, 196608) . $parameters;
	read_until($socket, 'ZE');
	return $socket;
}

# Begins a COPY; returns the socket in COPY mode.
sub begin_copy
{
	my ($source, $socket) = @_;

	$socket //= connect_raw();
	print $socket message('Q', "COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source '$source')\0");
	like(read_until($socket, 'GE'), qr/^G:/m, "$source: the server asks for data");
	return $socket;
}

sub still_answers
{
	my ($what, $socket) = @_;

	print $socket message('Q', "SELECT 'alive'\0");
	like(read_until($socket, 'Z'), qr/alive/, "$what: the session goes on");
}

sub loads_of
{
	my ($source) = @_;

	return $node->safe_psql('postgres', "SELECT rows_stored, rows_rejected FROM focus_loads WHERE source = '$source'");
}

my $header = "BilledCost,BillingPeriodStart,ServiceName\r\n";
my $row = "1,2025-01-01T00:00:00Z,\"Gr\xc3\xb6\xc3\x9fe \"\"x\"\"\"\r\n";

# one byte at a time, a byte order mark in front
my $content = "\xef\xbb\xbf$header$row" . $row x 20 . "x,,\r\n";
my $socket = begin_copy('bytes');
print $socket message('d', ''), map({ message('d', $_), message('H', '') } split //, $content), message('c', '');
like(read_until($socket, 'Z'), qr/^C:COPY 21/m, 'bytes: rows stored');
is(loads_of('bytes'), "21|0\n0|1", 'bytes: all there');
still_answers('bytes', $socket);

# compressed, in pieces of three bytes
my $dir = PostgreSQL::Test::Utils::tempdir();
for my $format ([ 'gzip', '.gz' ], [ 'zstd', '.zst' ])
{
	my ($program, $suffix) = @$format;

	open my $out, '>:raw', "$dir/a.csv" or die;
	print $out $content . "2,2025-01-01T00:00:00Z,last of $program\n";
	close $out;
	system_or_bail($program, '-q', "$dir/a.csv");
	open my $in, '<:raw', "$dir/a.csv$suffix" or die;
	my $bytes = do { local $/; <$in> };
	begin_copy($program, $socket);
	print $socket map({ message('d', $_) } unpack('(a3)*', $bytes)), message('c', '');
	like(read_until($socket, 'Z'), qr/^C:COPY 22/m, "$program: rows stored");
	begin_copy("$program cut", $socket);
	print $socket message('d', substr($bytes, 0, 40)), message('c', '');
	like(read_until($socket, 'Z'), qr/$program stream in "STDIN" is truncated/, "$program cut: error");
	still_answers("$program cut", $socket);
	unlink "$dir/a.csv";
}

# the client tells that it failed
begin_copy('fails', $socket);
print $socket message('d', $header . $row x 2000), message('f', "disk on fire\0");
like(read_until($socket, 'Z'), qr/57014.*COPY from stdin failed: disk on fire/s, 'fails: error');
still_answers('fails', $socket);
is(loads_of('fails'), '', 'fails: nothing is left');

# an error in the middle: what the client still sends is passed over
begin_copy('broken', $socket);
print $socket message('d', "$header$row\"x\"y"), map({ message('d', $row x 100) } 1 .. 100), message('c', '');
like(read_until($socket, 'Z'), qr/22P04.*is not well-formed CSV at line 3/s, 'broken: error');
still_answers('broken', $socket);

# no data at all
begin_copy('nothing', $socket);
print $socket message('c', '');
like(read_until($socket, 'Z'), qr/22P04.*"STDIN" is empty/s, 'nothing: error');
still_answers('nothing', $socket);

# the extended protocol
print $socket message('P', "\0COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'extended')\0" . pack('n', 0)),
  message('B', "\0\0" . pack('n n n', 0, 0, 0)), message('E', "\0" . pack('N', 0)), message('S', '');
like(read_until($socket, 'GE'), qr/^G:/m, 'extended: the server asks for data');
print $socket message('d', "$header$row"), message('c', ''), message('S', '');
like(read_until($socket, 'Z'), qr/^C:COPY 1/m, 'extended: row stored');
still_answers('extended', $socket);

# a message that has no place in a copy
begin_copy('junk', $socket);
print $socket message('d', "$header$row"), message('Q', "SELECT 1\0");
like(read_until($socket, 'ZE'), qr/08P01.*unexpected message type 0x51/s, 'junk: error');
close $socket;
is(loads_of('junk'), '', 'junk: nothing is left');

# the client goes away
$socket = begin_copy('gone');
print $socket message('d', $header . $row x 5000);
close $socket;
$node->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%''gone''%' AND pid <> pg_backend_pid())})
  or die 'the backend does not end';
is(loads_of('gone'), '', 'gone: nothing is left');
is($node->safe_psql('postgres', 'SELECT count(*) FROM focus_cost_and_usage'), 21 + 2 * 22 + 1, 'only what was told to be stored is');
unlike(slurp_file($node->logfile), qr/TRAP|PANIC|terminated by signal|reference leak/, 'the log is clean');

$node->stop;
done_testing();
