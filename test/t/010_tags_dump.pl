# focus_tags columns survive dump and restore, byte for byte, with their
# indexes, defaults and constraints.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(source text_dump custom_dump);

$node->safe_psql(
	'source', q{
CREATE SCHEMA billing;
CREATE EXTENSION focus SCHEMA billing;
CREATE TABLE charges (
	id integer PRIMARY KEY,
	tags billing.focus_tags DEFAULT '{"source": "default", "n": 1.50}'
		CHECK (tags OPERATOR(billing.?) 'n' OR id > 0),
	cost_centre text GENERATED ALWAYS AS (tags['CostCentre']) STORED
);
CREATE INDEX charges_gin ON charges USING gin (tags);
CREATE INDEX charges_hash ON charges USING hash (tags);
CREATE INDEX charges_btree ON charges (tags);
CREATE INDEX charges_key ON charges ((tags['CostCentre']));
INSERT INTO charges (id) VALUES (-1);
INSERT INTO charges VALUES (1, NULL), (2, '{}'),
	(3, E'{"CostCentre": "CC-1", "1e400": 1e400, "true": true, "null": null, "": "", "\u00e9\\\\n\\\\"": "\u20ac\\\\t\\\\u0001"}');
INSERT INTO charges
SELECT n, billing.focus_tags(ARRAY['CostCentre', 'long'], ARRAY['CC-' || n % 7, repeat(md5(n::text), n)])
FROM generate_series(10, 300) AS n;
CREATE VIEW by_cost_centre AS SELECT tags['CostCentre'] AS cost_centre, count(*) FROM charges GROUP BY 1;
});

my $dump = $node->basedir . '/source';
$node->command_ok([ 'pg_dump', '-f', "$dump.sql", 'source' ], 'dump as SQL');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", 'source' ], 'dump as archive');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.sql", 'text_dump' ],
	'restore from SQL');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'custom_dump', "$dump.custom" ],
	'restore from an archive');

my $content = q{
SELECT id, encode(billing.focus_tags_send(tags), 'hex'), cost_centre FROM charges ORDER BY id;
SELECT * FROM by_cost_centre ORDER BY 1;
SELECT indexdef FROM pg_indexes WHERE tablename = 'charges' ORDER BY 1;
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'charges'::regclass ORDER BY adnum;
SET search_path = billing, public;
SET enable_seqscan = off;
SELECT count(*) FROM charges WHERE tags @> '{"CostCentre": "CC-3"}';
};
my $expected = $node->safe_psql('source', $content);
like($expected, qr/^42\z/m, 'the source has what it should');
is($node->safe_psql($_, $content), $expected, "$_ has the same content") for qw(text_dump custom_dump);

$node->stop;
done_testing();
