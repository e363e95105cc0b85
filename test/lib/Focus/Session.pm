# A psql that stays, for tests that run thousands of statements: what it prints
# comes back as one text, errors as their SQLSTATE, in order.
package Focus::Session;

use strict;
use warnings;

use IO::Select;
use IPC::Open2;
use Time::HiRes qw(time);

# Starts psql on a database; statements that take longer than the time limit,
# in seconds, make the test die.
sub new
{
	my ($class, $node, $database, %param) = @_;
	my $self = bless { name => $param{name} // $database, time_limit => $param{time_limit} // 180, marks => 0 }, $class;

	# 2>&1: psql flushes what it prints before it reads the next line, so that
	# errors are where they belong
	$self->{pid} = open2($self->{from}, $self->{to}, 'sh', '-c', 'exec "$@" 2>&1', 'sh', $node->installed_command('psql'),
		'-X', '-A', '-t', '-d', $node->connstr($database));
	$self->{select} = IO::Select->new($self->{from});
	$self->{to}->autoflush(1);
	$self->run("\\set VERBOSITY sqlstate\nSET client_min_messages = error;");
	return $self;
}

# Starts statements, each line of which must not be a part of a string that
# looks like our mark, and does not wait for them.
sub send
{
	my ($self, $statements) = @_;

	$self->{mark} = '--- ' . ++$self->{marks} . ' done ---';
	local $SIG{PIPE} = 'IGNORE';
	print { $self->{to} } "$statements\n\\echo $self->{mark}\n";
	return;
}

# What the statements sent last have printed.
sub receive
{
	my ($self) = @_;
	my $limit = time + $self->{time_limit};
	my $output = '';

	until ($output =~ s/^\Q$self->{mark}\E\n\z//m)
	{
		my $rest = $limit - time;

		die "$self->{name}: no end after $self->{time_limit} s, so far: $output\n" if $rest <= 0;
		$self->{select}->can_read($rest) or next;    # a signal, or the time is up
		sysread($self->{from}, $output, 65536, length $output)
		  or die "$self->{name}: psql ended after: " . substr($output, -2000) . "\n";
	}
	return $output;
}

sub run
{
	my ($self, $statements) = @_;

	$self->send($statements);
	return $self->receive;
}

sub quit
{
	my ($self) = @_;
	local $SIG{PIPE} = 'IGNORE';

	close $self->{to};
	waitpid $self->{pid}, 0;
	return;
}

1;
