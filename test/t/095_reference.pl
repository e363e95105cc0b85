# Every object of the extension has a comment and a place in docs/reference,
# and functions say what PostgreSQL needs to know of them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION focus');

my $reference = join('', map { slurp_file($_) } glob('docs/reference/*.md'));
my $members = q{
	SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, d.objsubid) AS what
	FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.deptype = 'e' AND extname = 'focus'};

# Array and row types, TOAST tables and the like follow from what has a comment.
is($node->safe_psql('postgres', qq{
	SELECT what FROM ($members) m
	WHERE coalesce(obj_description(objid, classid::regclass::name), '') = ''
	  AND NOT (classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t WHERE t.oid = objid AND (t.typelem <> 0 AND t.typcategory = 'A' OR t.typrelid <> 0)))
	  AND NOT (classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_depend i WHERE i.classid = m.classid AND i.objid = m.objid AND i.deptype = 'i'))
	ORDER BY 1}), '', 'every object has a comment');
is($node->safe_psql('postgres', qq{
	SELECT attrelid::regclass, attname FROM pg_attribute JOIN ($members) m ON m.objid = attrelid AND m.classid = 'pg_class'::regclass
	JOIN pg_class c ON c.oid = attrelid AND relkind IN ('r', 'v')
	WHERE attnum > 0 AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL
	  AND relname NOT IN ('charges', 'focus_data_table', 'focus_export_1_3', 'focus_allocated_cost_and_usage', 'focus_allocated_charges')
	ORDER BY 1, 2}), '', 'so does every column of tables and views, but those that repeat a dataset');

my @names = split /\n/, $node->safe_psql('postgres', qq{
	SELECT DISTINCT coalesce(p.proname, c.relname, t.typname)
	FROM ($members) m
	LEFT JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	LEFT JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind IN ('r', 'v')
	LEFT JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid AND t.typelem = 0 AND t.typrelid = 0
	WHERE coalesce(p.pronamespace, c.relnamespace, t.typnamespace) <> 'focus_internal'::regnamespace
	  AND coalesce(p.prorettype, 0) NOT IN ('internal'::regtype, 'trigger'::regtype)
	  AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid)
	  AND NOT EXISTS (SELECT FROM pg_amproc a WHERE a.amproc = p.oid)
	  AND NOT EXISTS (SELECT FROM pg_cast k WHERE k.castfunc = p.oid)
	  AND NOT EXISTS (SELECT FROM pg_type io WHERE p.oid IN (io.typinput, io.typoutput, io.typreceive, io.typsend, io.typsubscript))
	ORDER BY 1});
ok(@names > 60, 'the extension has objects to describe');
foreach my $name (@names)
{
	ok($reference =~ /\b\Q$name\E\b/, "$name is in docs/reference");
}

is($node->safe_psql('postgres', qq{
	SELECT what FROM ($members) m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	JOIN pg_language l ON l.oid = p.prolang
	WHERE l.lanname IN ('sql', 'plpgsql') AND p.prosqlbody IS NULL
	  AND p.oid <> 'focus_run_chargeback'::regproc -- commits, which SET would forbid
	  AND NOT coalesce(array_to_string(p.proconfig, ' '), '') ~ 'search_path=.*pg_temp'}),
	'', 'functions in SQL bind at creation or pin search_path, pg_temp last');
is($node->safe_psql('postgres', qq{
	SELECT what FROM ($members) m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid WHERE p.prosecdef}),
	'', 'nothing runs with the rights of its owner');

$node->stop;
done_testing();
