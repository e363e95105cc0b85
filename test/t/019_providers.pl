# The committed docs/reference/providers.md is what "make providers" writes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Focus::PublicData qw($folder);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'FOCUS_SHARED/data is not there' unless -d $folder;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;

local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'postgres');
my ($page, $errors) = run_command([ $^X, "$FindBin::RealBin/../providers.pl" ]);

is($errors, '', 'the command reports nothing');
is($page, slurp_file("$FindBin::RealBin/../../docs/reference/providers.md") =~ s/\n\z//r, 'the page is what the command writes');
cmp_ok(scalar(() = $page =~ /^\| /mg), '>', 80, 'and has the files');

$node->stop;
done_testing();
