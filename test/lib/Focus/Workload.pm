# A random workload on one table, for a test that runs it on two tables of
# different access methods and compares what comes out.
#
# The table is named t.  A seed determines the workload, as far as statements
# end alike: what the workload knows about the table follows from which of its
# steps have failed.
#
# The order of rows in a table is no business of the workload's.  A statement
# that prints rows in no order says so; none may depend on the order otherwise,
# as UPDATE t SET id = id + 1 would with a unique index.
package Focus::Workload;

use strict;
use warnings;

use Storable qw(dclone);

# Types of columns, with an expression for values that are made of h, which is
# 0 .. 2^63 - 1.  The first three are always there.
my %types = (
	id => [ 'bigint', undef ],
	kind => [ 'integer', '(CASE WHEN $h % 19 = 0 THEN NULL ELSE $h % 7 END)::integer' ],
	cost => [ 'numeric', 'some_numeric($h)' ],
	money => [ 'numeric(18,4)', '(CASE WHEN $h % 3 = 0 THEN 0 ELSE ($h % 50000)::numeric / 100 END)' ],
	wide => [ 'numeric(38,10)', '(CASE $h % 5 WHEN 0 THEN NULL WHEN 1 THEN -9999999999999999999999999999.9999999999 ELSE $h::numeric / 1000 END)' ],
	note => [ 'text', 'some_text($h)' ],
	word => [ 'varchar(40)', q{(CASE $h % 6 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'word ' || $h % 50 END)} ],
	large => [ 'text', 'some_large($h)' ],
	tags => [ 'focus_tags', 'some_tags($h)' ],
	doc => [ 'jsonb', q{(CASE $h % 4 WHEN 0 THEN NULL WHEN 1 THEN '[]' ELSE jsonb_build_object('a', $h % 100, 'b', ARRAY[$h % 3, NULL]) END)} ],
	day => [ 'date', q{(CASE $h % 29 WHEN 0 THEN 'infinity' WHEN 1 THEN NULL ELSE date '2026-01-01' + ($h % 365)::integer END)} ],
	at => [ 'timestamptz', q{(timestamptz '2026-01-01 UTC' + ($h % 8760) * interval '1 hour')} ],
	flag => [ 'boolean', '(CASE $h % 3 WHEN 0 THEN NULL WHEN 1 THEN true ELSE false END)' ],
	list => [ 'integer[]', q{(CASE $h % 4 WHEN 0 THEN NULL WHEN 1 THEN '{}' ELSE ARRAY[$h % 10, NULL, $h % 3]::integer[] END)} ],
	real8 => [ 'float8', q{(CASE $h % 9 WHEN 0 THEN 'NaN' WHEN 1 THEN '-0' WHEN 2 THEN NULL WHEN 3 THEN '-Infinity' ELSE $h::float8 / 7 END)} ],
	real4 => [ 'real', '($h % 1000)::real / 7' ],
	small => [ 'smallint', '($h % 65536 - 32768)::smallint' ],
	fixed => [ 'char(7)', q{(CASE $h % 5 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'f' || $h % 1000 END)} ],
	bytes => [ 'bytea', q{(CASE $h % 5 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE decode(md5(($h % 400)::text), 'hex') END)} ],
	uuid => [ 'uuid', 'md5($h::text)::uuid' ],
	lapse => [ 'interval', q{(CASE $h % 5 WHEN 0 THEN NULL ELSE ($h % 40) * interval '1 month 1 minute' END)} ],
	range => [ 'int4range', 'int4range(($h % 100)::integer, ($h % 100 + $h % 13)::integer)' ],
	name => [ 'name', q{('n' || $h % 30)::name} ],
	letter => [ '"char"', q{chr(65 + ($h % 26)::integer)::"char"} ],
	pair => [ 'pair', q{ROW($h % 5, NULL)::pair} ],
	code => [ 'code', q{(CASE WHEN $h % 4 = 0 THEN NULL ELSE 'C' || $h % 12 END)::code} ],
	net => [ 'inet', q{(inet '10.0.0.0' + $h % 100000)} ]);

# For both databases, before anything else
our $setup = q{
	SET check_function_bodies = off;
	CREATE TYPE pair AS (a bigint, b text);
	CREATE DOMAIN code AS text CHECK (value <> 'bad');
	CREATE FUNCTION some_numeric(h bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
		SELECT CASE h % 23 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN 12345678901234567890123456789012345678
			WHEN 3 THEN -0.00000000000000000000000000000000000001 WHEN 4 THEN 0.00 WHEN 5 THEN 0 WHEN 6 THEN 'Infinity'
			WHEN 7 THEN -99999999999999999999.999999999999999999 WHEN 8 THEN 1e20 WHEN 9 THEN 1000.000
			ELSE round((h / 23 % 2000000 - 1000000)::numeric / 1000, (h / 31 % 9)::integer) END $$;
	CREATE FUNCTION some_text(h bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
		SELECT CASE h % 11 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'Compute' WHEN 3 THEN 'Storage' WHEN 4 THEN ' '
			WHEN 5 THEN md5(h::text) WHEN 6 THEN repeat('ä', (h / 11 % 60)::integer) ELSE 'text ' || h / 11 % 40 END $$;
	CREATE FUNCTION some_large(h bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
		SELECT CASE h % 150 WHEN 0 THEN repeat(md5(h::text), 300)
			WHEN 1 THEN (SELECT string_agg(md5((h / 2 + x)::text), '') FROM generate_series(1, 300) x)
			WHEN 2 THEN (SELECT string_agg(md5((h / 2 + x)::text), '') FROM generate_series(1, 70) x)
			WHEN 3 THEN '' WHEN 4 THEN 'l' || h % 7 END $$;
	CREATE FUNCTION some_tags(h bigint) RETURNS focus_tags LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
		SELECT (CASE h % 6 WHEN 0 THEN NULL WHEN 1 THEN '{}'
			ELSE '{"env": "' || (ARRAY['prod', 'test', 'dev'])[h / 6 % 3 + 1] || '", "n": ' || h / 18 % 20 || '}' END)::focus_tags $$;
	CREATE FUNCTION note_row() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO log VALUES (TG_NAME, TG_OP, CASE WHEN TG_OP <> 'INSERT' THEN OLD::text END, CASE WHEN TG_OP <> 'DELETE' THEN NEW::text END);
		RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
	END $$;
	CREATE FUNCTION change_row() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF TG_OP = 'DELETE' THEN
			RETURN CASE WHEN OLD.id % 10 = 3 THEN NULL ELSE OLD END;
		ELSIF NEW.id % 10 = 3 THEN
			RETURN NULL;
		END IF;
		NEW.kind := coalesce(NEW.kind, 0) + 1;
		RETURN NEW;
	END $$;
	CREATE FUNCTION note_added() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO log SELECT TG_NAME, TG_OP, count(*)::text, sum(hashtextextended(n::text, 0)::numeric)::text FROM new_rows n;
		RETURN NULL;
	END $$;
	CREATE FUNCTION note_removed() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO log SELECT TG_NAME, TG_OP, count(*)::text, sum(hashtextextended(o::text, 0)::numeric)::text FROM old_rows o;
		RETURN NULL;
	END $$;
	CREATE FUNCTION found_by_ctid() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		place tid;
		line text;
		again text;
		rows bigint := 0;
		lost bigint := 0;
	BEGIN
		FOR place, line IN SELECT ctid, t::text FROM t LOOP
			SELECT t::text INTO again FROM t WHERE ctid = place;
			rows := rows + 1;
			lost := lost + (again IS DISTINCT FROM line)::integer;
		END LOOP;
		RETURN rows || ' rows, ' || lost || ' lost';
	END $$;
	CREATE FUNCTION in_subtransactions(first bigint, last bigint) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		kept bigint := 0;
		failed bigint := 0;
	BEGIN
		FOR i IN first .. last LOOP
			BEGIN
				INSERT INTO t (id, kind) VALUES (i, i % 5);
				UPDATE t SET kind = kind + 1 WHERE id = i - 1 AND kind = (i - 1) % 5;
				IF i % 3 = 0 THEN
					RAISE division_by_zero;
				END IF;
				kept := kept + 1;
			EXCEPTION WHEN OTHERS THEN
				failed := failed + 1;
			END;
		END LOOP;
		RETURN kept || ' kept, ' || failed || ' failed';
	END $$;
	CREATE FUNCTION rows_of_t() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT count(*) FROM t';
	CREATE TABLE log (name text, op text, old text, new text);
};


# steps => weight
my %steps = (
	insert_one => 8, insert_some => 8, insert_many => 5, insert_huge => 1, insert_default => 1, insert_returning => 3, insert_self => 2, insert_watching => 2, insert_place => 3,
	copy_in => 5, copy_file => 3, copy_round => 2,
	update_one => 8, update_some => 6, update_all => 1, update_key => 4, update_from => 3, update_returning => 3, update_twice => 2,
	delete_one => 6, delete_some => 5, delete_range => 4, delete_all => 1, delete_returning => 3, delete_using => 2, move_rows => 2,
	upsert => 6, do_nothing => 4, merge => 5, merge_delete => 2,
	lock_rows => 5, truncate => 1, subtransactions => 2,
	add_column => 3, drop_column => 2, alter_type => 3, set_method => 2, constraint => 3, storage => 2, not_null => 1, rename => 1,
	create_index => 6, drop_index => 3, reindex => 2, cluster => 2, unique => 3, index_concurrently => 1,
	vacuum => 5, vacuum_full => 2, analyze => 3, compact => 10, force_groups => 4,
	begin => 10, savepoint => 8, cursor => 4, hold_cursor => 2, cursor_change => 3, fetch => 8, positioned => 3,
	prepare => 3, execute => 8, trigger => 3, child => 3, child_rows => 4, reader => 4, reader_again => 4,
	check_index => 5, check_groups => 5, check_sample => 2, check_ctid => 3, check_parallel => 2, check_join => 2, check_system => 2);

# Steps that fail for a lock that they do not get while a reader is there
my $waits_for_readers = qr/^(?:truncate|add_column|drop_column|alter_type|set_method|constraint|storage|not_null|rename|unique|
	reindex|drop_index|cluster|vacuum_full|trigger|child|copy_round)$/x;

sub new
{
	my ($class, $seed) = @_;
	my $self = bless { seed => $seed, steps => [], objects => 0 }, $class;

	srand($seed);
	foreach my $step (sort keys %steps)
	{
		push @{ $self->{steps} }, ($step) x $steps{$step};
	}
	return $self;
}

# Uniformly 0 .. n - 1
sub any
{
	my ($n) = @_;

	return int(rand($n));
}

sub one_of
{
	return $_[ any(scalar @_) ];
}

# Statements that make the tables anew, in a form chosen at random.
sub epoch
{
	my ($self) = @_;
	my @optional = sort grep { !/^(?:id|kind|cost)$/ } keys %types;
	my @columns = ('id', 'kind', 'cost');
	my $form = one_of('', '', '', '', 'UNLOGGED', 'TEMP', 'partitioned');
	my $options = one_of('', '', 'WITH (fillfactor = 60)', 'WITH (toast_tuple_target = 256)');

	push @columns, splice(@optional, any(scalar @optional), 1) foreach 1 .. one_of(1, 2, 4, 4, 6, 9);
	$self->{table} = { form => $form, columns => [ map { { name => $_, type => $_ } } @columns ], indexes => {},
		unique => '', deferrable => '', child => '', triggers => {}, constraints => {}, rows => 0, next_id => 1 };
	$self->{depth} = $self->{failed} = 0;
	$self->{saved} = [];
	$self->{cursors} = {};
	$self->{held} = {};
	$self->{prepared} = {};
	$self->{reader} = 0;

	my $definition = join(', ', map { "$_ $types{$_}[0]" } @columns);
	my $create = $form eq 'partitioned'
	  ? "CREATE TABLE t ($definition) PARTITION BY LIST (kind);\n"
	  . "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (0, 1, 2);\n"
	  . "CREATE TABLE t2 PARTITION OF t FOR VALUES IN (3, 4);\n"
	  . 'CREATE TABLE t3 PARTITION OF t DEFAULT;'
	  : "CREATE $form TABLE t ($definition) $options;";
	if (any(2))
	{
		$create .= "\nALTER TABLE t ADD CONSTRAINT u UNIQUE " . ($form eq 'partitioned' ? '(id, kind);' : '(id);');
		$self->{table}{unique} = 'u';
	}
	return { name => 'epoch', sql => "ROLLBACK;\nDEALLOCATE ALL;\nCLOSE ALL;\nDROP TABLE IF EXISTS child, t CASCADE;\nTRUNCATE log;\n$create" };
}

# The next step: its name and statements, whether the order of what they print
# means nothing (unordered), whether they are for the first table only (only).
sub next_step
{
	my ($self) = @_;

	return $self->end_transaction if $self->{failed};
	return $self->end_transaction if $self->{depth} && any(9) == 0;
	for (;;)
	{
		my $name = one_of(@{ $self->{steps} });

		next if $self->{table}{rows} > 6000 && $name =~ /^(?:insert|copy|merge$)/ && any(4);
		next if $self->{table}{rows} > 30000 && $name =~ /^(?:insert|copy)/;
		next if $self->{reader} && $name =~ /$waits_for_readers/ && any(8);
		my $step = $self->$name() or next;

		$step = { sql => $step } if !ref $step;
		$step->{name} = $name;
		return $step;
	}
}

# Takes note of how a step ended: failed, and how many rows t has now.
sub ended
{
	my ($self, $step, $failed, $rows) = @_;

	$self->{failed} = 1 if $failed && $self->{depth};
	$step->{failure}->() if $failed && $step->{failure};
	$step->{success}->($self->{table}) if !$failed && $step->{success};
	$self->{table}{rows} = $rows if defined $rows;
	return;
}

sub in_transaction
{
	my ($self) = @_;

	return $self->{depth};
}

# A query for the state of all tables, one line each
sub digest
{
	my ($self, $with_log) = @_;

	return join("\n", map { digest_of($_) } 't', $self->{table}{child} ? 'child' : (), $with_log ? 'log' : ());
}

# A query for the rows of a FROM item in one line: their number, and a hash
# that does not depend on their order
sub digest_of
{
	my ($source) = @_;

	return "SELECT count(*), coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) FROM $source r;";
}

# The parts of statements

# Columns that can be given values
sub columns
{
	my ($self) = @_;

	return grep { !$_->{generated} } @{ $self->{table}{columns} };
}

sub has
{
	my ($self, $type) = @_;
	my ($column) = grep { $_->{type} eq $type } $self->columns;

	return $column && $column->{name};
}

# An expression for a value of a column, from a number h that is an expression
sub value
{
	my ($column, $h) = @_;
	my $expression = $types{ $column->{type} }[1];

	return $expression =~ s/\$h/$h/gr;
}

# Rows with the ids first .. last, step apart
sub rows_of
{
	my ($self, $first, $last, $step) = @_;
	my $salt = any(1_000_000);
	my $few = one_of(0, 0, 0, 20, 1000);
	my $h = "hashint8extended(i, $salt) & 9223372036854775807";
	my @columns = $self->columns;
	my @values;
	my $n = 0;

	$h = "($h) % $few * 1000003" if $few;
	$step //= 1;
	foreach my $column (@columns)
	{
		$n++;
		push @values, $column->{type} eq 'id' ? 'i' : value($column, $few ? "(h + $n)" : '(h / ' . (2 * $n * $n - 1) . ')');
	}
	return (join(', ', map { $_->{name} } @columns),
		'SELECT ' . join(', ', @values) . " FROM (SELECT i, $h AS h FROM generate_series($first, $last, $step) i OFFSET 0) s");
}

# New ids, count of them: the first and the last
sub new_ids
{
	my ($self, $count) = @_;
	my $first = $self->{table}{next_id};

	$self->{table}{next_id} += $count;
	return ($first, $first + $count - 1);
}

# An id that may be there
sub some_id
{
	my ($self) = @_;

	return 1 + any($self->{table}{next_id} + 2);
}

# A condition on rows
sub condition
{
	my ($self) = @_;
	my $id = $self->some_id;
	my @conditions = (
		"id = $id", "id BETWEEN $id AND " . ($id + any(300)), 'id % ' . (3 + any(40)) . ' = 1',
		'kind = ' . any(7), 'kind IS NULL', 'cost > ' . any(900), "cost = 'NaN'", 'cost IS NULL AND kind < 4',
		"id IN ($id, " . ($id + 3) . ', ' . $self->some_id . ')', "kind = 2 OR id > $id", "id >= $id");

	my %name = map { $_ => $self->has($_) } 'note', 'tags', 'day', 'flag', 'large';
	push @conditions, "$name{note} = 'Compute'", "$name{note} LIKE 'text 1%'", "$name{note} = ''" if $name{note};
	push @conditions, "$name{tags}\['env'] = 'prod'" if $name{tags};
	push @conditions, "$name{day} >= '2026-0" . (1 + any(9)) . "-01'" if $name{day};
	push @conditions, $name{flag}, "$name{flag} IS NOT TRUE" if $name{flag};
	push @conditions, "length($name{large}) > 100" if $name{large};
	return one_of(@conditions);
}

# SET clauses of an UPDATE
sub assignments
{
	my ($self) = @_;
	my @columns = grep { $_->{type} ne 'id' } $self->columns;
	my $salt = any(1_000_000);
	my %chosen;

	@columns = grep { $_->{type} ne 'kind' } @columns if $self->{table}{form} eq 'partitioned' && any(3);
	foreach (1 .. one_of(1, 1, 2, 3))
	{
		my $column = one_of(@columns);

		$chosen{ $column->{name} } = one_of(value($column, "(hashint8extended(t.id, $salt) & 9223372036854775807)"),
			value($column, "(t.id + $salt)"), $column->{name});
	}
	return join(', ', map { "$_ = $chosen{$_}" } sort keys %chosen);
}

sub few
{
	return one_of(2, 3, 10, 50, 200);
}

# Rows

sub insert_one
{
	my ($self) = @_;
	my ($columns, $query) = $self->rows_of($self->new_ids(1));

	return "INSERT INTO t ($columns) $query;";
}

sub insert_some
{
	my ($self) = @_;
	my $first = any(2) ? $self->some_id : ($self->new_ids(5))[0];

	return 'INSERT INTO t (id, kind, cost) VALUES '
	  . join(', ', map { '(' . ($first + $_) . ', ' . one_of('NULL', any(9)) . ', ' . one_of('NULL', "'NaN'", '1.50', '0', '-7.000') . ')' } 0 .. any(5)) . ';';
}

sub insert_many
{
	my ($self) = @_;
	my ($columns, $query) = $self->rows_of($self->new_ids(one_of(20, 100, 100, 500, 1024, 1500)));

	return "INSERT INTO t ($columns) $query;";
}

sub insert_huge
{
	my ($self) = @_;

	return if any(3);
	my ($columns, $query) = $self->rows_of($self->new_ids(one_of(3000, 8192, 10000, 20000)));

	return "INSERT INTO t ($columns) $query;";
}

sub insert_default
{
	return 'INSERT INTO t DEFAULT VALUES;';
}

sub insert_returning
{
	my ($self) = @_;
	my ($columns, $query) = $self->rows_of($self->new_ids(few()));

	return { unordered => 1, sql => "INSERT INTO t ($columns) $query RETURNING t.*, tableoid = 't'::regclass, ctid IS NULL;" };
}

# Reads what it writes to
sub insert_self
{
	my ($self) = @_;

	return if $self->{table}{rows} > 3000;
	my $shift = $self->{table}{next_id};
	my $columns = join(', ', map { $_->{name} } $self->columns);
	my $source = join(', ', map { $_->{type} eq 'id' ? "id + $shift" : $_->{name} } $self->columns);

	return if $shift > 100_000;
	$self->new_ids($shift);
	return "INSERT INTO t ($columns) SELECT $source FROM t WHERE " . $self->condition . ';';
}

# Looks at the table while it is written to
sub insert_watching
{
	my ($self) = @_;
	my ($first, $last) = $self->new_ids(one_of(10, 300, 1500));

	return if $self->{table}{rows} > 4000;
	return "INSERT INTO t (id, kind, cost) SELECT i, i % 3, CASE WHEN i % 100 = 0 THEN rows_of_t() END FROM generate_series($first, $last) i;";
}

# Finds a row again by the place that RETURNING has given
sub insert_place
{
	my ($self) = @_;
	my ($id) = $self->new_ids(1);

	return if $self->{table}{form} eq 'partitioned';
	return "\\set place '(0,0)'\nINSERT INTO t (id, kind) VALUES ($id, 5) RETURNING ctid AS place \\gset\n"
	  . "SELECT id FROM t WHERE ctid = :'place';\n"
	  . one_of('', "UPDATE t SET kind = 6 WHERE ctid = :'place' RETURNING ctid AS place \\gset\nSELECT id, kind FROM t WHERE ctid = :'place';");
}

sub copy_in
{
	my ($self) = @_;
	my ($first, $last) = $self->new_ids(one_of(1, 5, 50, 300));

	return "COPY t (id, kind, cost) FROM STDIN;\n"
	  . join('', map { join("\t", $_, one_of('\N', any(9)), one_of('\N', '0.00', 'NaN', $_ / 8, '1e10')) . "\n" } $first .. $last) . '\.';
}

sub copy_file
{
	my ($self) = @_;
	my ($columns, $query) = $self->rows_of($self->new_ids(one_of(100, 1000, 1100, 5000)));
	my $format = one_of('text', 'csv', 'binary');

	return "COPY ($query) TO :'file' (FORMAT $format);\nCOPY t ($columns) FROM :'file' (FORMAT $format);";
}

# What is read is written again; a unique index refuses it
sub copy_round
{
	my ($self) = @_;

	return if $self->{table}{rows} > 2000;
	my $columns = join(', ', map { $_->{name} } $self->columns);
	my $back = one_of('DELETE FROM t;', '', 'TRUNCATE t;');

	return "COPY (SELECT $columns FROM t) TO :'file' (FORMAT binary);\n$back\nCOPY t ($columns) FROM :'file' (FORMAT binary);";
}

sub update_one
{
	my ($self) = @_;

	return 'UPDATE t SET ' . $self->assignments . ' WHERE id = ' . $self->some_id . ';';
}

sub update_some
{
	my ($self) = @_;

	return 'UPDATE t SET ' . $self->assignments . ' WHERE ' . $self->condition . ';';
}

sub update_all
{
	my ($self) = @_;

	return if $self->{table}{rows} > 4000;
	return 'UPDATE t SET ' . $self->assignments . ';';
}

# To ids beyond the old ones, so that only rows that stay can be in the way
sub update_key
{
	my ($self) = @_;
	my $id = $self->some_id;
	my $count = one_of(1, 5, 100);

	return "UPDATE t SET id = id + $count WHERE id BETWEEN $id AND $id + $count - 1;";
}

sub update_from
{
	my ($self) = @_;
	my $id = $self->some_id;

	return "UPDATE t SET kind = s.n % 7, cost = coalesce(cost, 0) + 1 FROM generate_series($id, $id + " . few() . ', '
	  . (1 + any(3)) . ') s(n) WHERE t.id = s.n;';
}

sub update_returning
{
	my ($self) = @_;

	return { unordered => 1, sql => 'UPDATE t SET ' . $self->assignments . " WHERE id % " . (5 + any(200)) . " = 0 RETURNING t.*;" };
}

# Two statements on the same rows in one transaction
sub update_twice
{
	my ($self) = @_;
	my $condition = $self->condition;

	return if $self->{depth};
	return "BEGIN;\nUPDATE t SET cost = cost + 1 WHERE $condition;\nUPDATE t SET " . $self->assignments . " WHERE $condition;\n"
	  . one_of('', "DELETE FROM t WHERE $condition;\n") . one_of('COMMIT;', 'COMMIT;', 'ROLLBACK;');
}

sub delete_one
{
	my ($self) = @_;

	return 'DELETE FROM t WHERE id = ' . $self->some_id . ';';
}

sub delete_some
{
	my ($self) = @_;

	return 'DELETE FROM t WHERE ' . $self->condition . ';';
}

sub delete_range
{
	my ($self) = @_;
	my $id = $self->some_id;

	return "DELETE FROM t WHERE id BETWEEN $id AND $id + " . one_of(10, 100, 1000, 5000) . ';';
}

sub delete_all
{
	my ($self) = @_;

	return if $self->{table}{rows} < 5000 && any(2);
	return one_of('DELETE FROM t;', 'DELETE FROM t WHERE id >= 0;');
}

sub delete_returning
{
	my ($self) = @_;

	return { unordered => 1, sql => 'DELETE FROM t WHERE id % ' . (10 + any(200)) . ' = 0 RETURNING *;' };
}

sub delete_using
{
	my ($self) = @_;
	my $id = $self->some_id;

	return "DELETE FROM t USING generate_series($id, $id + " . few() . ", 2) s(n) WHERE t.id = s.n AND t.kind < 5;";
}

# Away and back in one statement
sub move_rows
{
	my ($self) = @_;
	my $columns = join(', ', map { $_->{name} } $self->columns);
	my $shift = $self->{table}{next_id};
	my $source = join(', ', map { $_->{type} eq 'id' ? "id + $shift" : $_->{name} } $self->columns);
	my $id = $self->some_id;

	return if $shift > 100_000;
	$self->new_ids($shift);
	return "WITH gone AS (DELETE FROM t WHERE id BETWEEN $id AND $id + 50 RETURNING *) INSERT INTO t ($columns) SELECT $source FROM gone;";
}

sub upsert
{
	my ($self) = @_;
	my $id = $self->some_id;
	my $key = $self->{table}{form} eq 'partitioned' ? '(id, kind)' : '(id)';

	return if (!$self->{table}{unique} || $self->{table}{deferrable}) && any(10);
	my ($columns, $query) = $self->rows_of($id, $id + few());
	return "INSERT INTO t ($columns) $query ON CONFLICT $key DO UPDATE SET cost = coalesce(t.cost, 0) + coalesce(excluded.cost, 0)"
	  . one_of('', ' WHERE t.kind > 2') . ';';
}

sub do_nothing
{
	my ($self) = @_;
	my $id = $self->some_id;
	my ($columns, $query) = $self->rows_of($id, $id + few() * 2);

	return "INSERT INTO t ($columns) $query ON CONFLICT DO NOTHING" . one_of(';', ' RETURNING 1;');
}

sub merge
{
	my ($self) = @_;
	my $id = $self->some_id;

	return "MERGE INTO t USING generate_series($id, $id + " . few() . ") s(n) ON t.id = s.n\n"
	  . "WHEN MATCHED AND t.kind = 1 THEN DELETE\nWHEN MATCHED AND t.kind = 2 THEN DO NOTHING\n"
	  . 'WHEN MATCHED THEN UPDATE SET ' . $self->assignments . "\nWHEN NOT MATCHED THEN INSERT (id, kind, cost) VALUES (s.n, s.n % 5, 2.50);";
}

sub merge_delete
{
	my ($self) = @_;
	my $id = $self->some_id;

	return "MERGE INTO t USING (SELECT n FROM generate_series($id, $id + " . few() . ") n) s ON t.id = s.n WHEN MATCHED THEN DELETE;";
}

sub lock_rows
{
	my ($self) = @_;
	my $strength = one_of('FOR UPDATE', 'FOR NO KEY UPDATE', 'FOR SHARE', 'FOR KEY SHARE');
	my $condition = $self->condition;

	return if $self->{table}{rows} > 8000;
	return digest_of("(SELECT t.* FROM t WHERE $condition $strength" . one_of('', '', ' NOWAIT', ' SKIP LOCKED') . ')')
	  . one_of('', "\nUPDATE t SET cost = 1 WHERE $condition;", "\nDELETE FROM t WHERE $condition;");
}

sub truncate
{
	my ($self) = @_;

	return if any(2);
	return $self->{depth} ? "TRUNCATE t;\nINSERT INTO t (id) VALUES (1), (2);" : 'TRUNCATE t' . one_of('', ' CASCADE') . ';';
}

sub subtransactions
{
	my ($self) = @_;
	my ($first, $last) = $self->new_ids(one_of(5, 60));

	return "SELECT in_subtransactions($first - 2, $last);";
}

# Definitions

sub add_column
{
	my ($self) = @_;
	my $type = one_of(sort grep { !/^(?:id)$/ } keys %types);
	my $name = 'c' . ++$self->{objects};
	my $column = { name => $name, type => $type };
	my $definition = $types{$type}[0];

	return if @{ $self->{table}{columns} } > 20;
	my $how = any(4);
	if ($how == 1)
	{
		$definition .= ' DEFAULT ' . value($column, any(1000) . '::bigint');
		$definition = $types{$type}[0] if $type =~ /^(?:large)$/;
	}
	elsif ($how == 2)
	{
		($type, $definition) = ('flag', 'boolean DEFAULT (clock_timestamp() IS NOT NULL)');
	}
	elsif ($how == 3)
	{
		$column->{generated} = 1;
		$definition = 'bigint GENERATED ALWAYS AS (id * 2 + coalesce(length(cost::text), 0)) STORED';
	}
	$column->{type} = $type;
	return { sql => "ALTER TABLE t ADD $name $definition;", success => sub { push @{ $_[0]{columns} }, $column } };
}

sub drop_column
{
	my ($self) = @_;
	my @columns = grep { $_->{type} !~ /^(?:id|kind|cost)$/ || $_->{name} !~ /^(?:id|kind|cost)$/ } @{ $self->{table}{columns} };

	return if @columns < 2;
	my $name = one_of(@columns)->{name};
	return {
		sql => "ALTER TABLE t DROP $name CASCADE;",
		success => sub { $_[0]{columns} = [ grep { $_->{name} ne $name } @{ $_[0]{columns} } ] } };
}

sub alter_type
{
	my ($self) = @_;
	my ($column, $type) = @{ one_of([ 'kind', 'bigint' ], [ 'kind', 'integer' ], [ 'kind', 'smallint' ], [ 'cost', 'numeric' ], [ 'cost', 'numeric(60,20)' ],
		[ 'cost', 'numeric' ], [ 'note', 'varchar(100)' ], [ 'note', 'text' ], [ 'word', 'text' ], [ 'word', 'varchar(200)' ],
		[ 'day', 'timestamp' ], [ 'day', 'date' ], [ 'at', 'timestamp' ], [ 'doc', 'json' ], [ 'doc', 'jsonb' ], [ 'fixed', 'text' ], [ 'small', 'bigint' ]) };

	return if !grep { $_->{name} eq $column } @{ $self->{table}{columns} };
	return "ALTER TABLE t ALTER $column TYPE $type;";
}

sub set_method
{
	my ($self) = @_;

	return if $self->{table}{form} eq 'partitioned';
	return "ALTER TABLE t SET ACCESS METHOD heap;\n" . $self->digest . "\n"
	  . one_of('', "UPDATE t SET cost = 1 WHERE id % 7 = 1;\n") . "ALTER TABLE t SET ACCESS METHOD :method;";
}

sub constraint
{
	my ($self) = @_;
	my $constraints = $self->{table}{constraints};

	if (%$constraints && any(2))
	{
		my $name = one_of(sort keys %$constraints);

		return "ALTER TABLE t VALIDATE CONSTRAINT $name;" if any(2);
		return { sql => "ALTER TABLE t DROP CONSTRAINT $name;", success => sub { delete $_[0]{constraints}{$name} } };
	}
	my $name = 'k' . ++$self->{objects};
	return {
		sql => "ALTER TABLE t ADD CONSTRAINT $name CHECK (" . one_of('kind < 12', 'id > 0', 'cost IS NOT NULL', "cost <> 'NaN'") . ')'
		  . one_of('', ' NOT VALID') . ';',
		success => sub { $_[0]{constraints}{$name} = 1 } };
}

sub storage
{
	my ($self) = @_;
	my $large = $self->has('large');

	return one_of('ALTER TABLE t SET (fillfactor = 70);', 'ALTER TABLE t RESET (fillfactor);', 'ALTER TABLE t ALTER kind SET STATISTICS 50;')
	  if !$large;
	return "ALTER TABLE t ALTER $large SET STORAGE " . one_of('EXTERNAL', 'EXTENDED', 'MAIN') . ';';
}

sub not_null
{
	return one_of('ALTER TABLE t ALTER kind SET NOT NULL;', 'ALTER TABLE t ALTER kind DROP NOT NULL;', "ALTER TABLE t ALTER cost SET DEFAULT 2.5;",
		'ALTER TABLE t ALTER cost DROP DEFAULT;');
}

sub rename
{
	return "ALTER TABLE t RENAME TO renamed;\nALTER TABLE renamed RENAME TO t;";
}

sub create_index
{
	my ($self, $concurrently) = @_;
	my $name = 'i' . ++$self->{objects};
	my @keys = ('(id)', '(kind, id)', '(cost)', 'USING hash (kind)', 'USING hash (id)', '(id) WHERE kind = 3', '(cost DESC NULLS LAST) WHERE cost > 5',
		'((id % 10))', '(id) INCLUDE (cost)', '(coalesce(kind, -1), id)');

	return if keys %{ $self->{table}{indexes} } > 5;
	my %name = map { $_ => $self->has($_) } 'note', 'tags', 'day', 'range', 'word';
	push @keys, "(lower($name{note}))", "($name{note}, kind)", "USING hash ($name{note})" if $name{note};
	push @keys, "($name{tags})" if $name{tags};
	push @keys, "($name{day})" if $name{day};
	push @keys, "USING gist ($name{range})", "($name{range})" if $name{range};
	push @keys, "USING spgist ($name{word})" if $name{word};
	my $key = one_of(@keys);
	# Only id changes in a way that makes no row collide with one of before.
	my $unique = $key =~ /^\(id\)(?: INCLUDE|$)/ && any(3) == 0 ? 'UNIQUE ' : '';
	return { sql => "CREATE ${unique}INDEX" . ($concurrently // '') . " $name ON t $key;", success => sub { $_[0]{indexes}{$name} = 1 } };
}

sub index_concurrently
{
	my ($self) = @_;

	return if $self->{depth} || $self->{reader} || $self->{table}{form} eq 'partitioned';
	my $step = $self->create_index(' CONCURRENTLY') or return;
	return any(3) ? $step : 'REINDEX TABLE CONCURRENTLY t;';
}

sub drop_index
{
	my ($self) = @_;
	my @names = sort keys %{ $self->{table}{indexes} };

	return if !@names;
	my $name = one_of(@names);
	return { sql => "DROP INDEX IF EXISTS $name;", success => sub { delete $_[0]{indexes}{$name} } };
}

sub unique
{
	my ($self) = @_;

	if (my $name = $self->{table}{unique})
	{
		return if any(3);
		return { sql => "ALTER TABLE t DROP CONSTRAINT $name CASCADE;", success => sub { $_[0]{unique} = '' } };
	}
	my $name = 'u' . ++$self->{objects};
	my $key = $self->{table}{form} eq 'partitioned' ? '(id, kind)' : '(id)';
	my $deferrable = one_of('', '', ' DEFERRABLE', ' DEFERRABLE INITIALLY DEFERRED');

	# only one row of each id may stay; which one must not depend on their order
	return {
		sql => "WITH twice AS (SELECT id FROM t GROUP BY id HAVING count(*) > 1) DELETE FROM t USING twice WHERE t.id = twice.id;\n"
		  . one_of('', "DELETE FROM t WHERE id IS NULL;\n")
		  . "ALTER TABLE t ADD CONSTRAINT $name " . one_of('UNIQUE', 'UNIQUE', 'PRIMARY KEY') . " $key$deferrable;",
		success => sub { @{ $_[0] }{ 'unique', 'deferrable' } = ($name, $deferrable) } };
}

# A cursor on a focus table reads the TOAST index, too.
sub reindex
{
	my ($self) = @_;

	# A cursor WITH HOLD reads the table until the transaction ends.
	return if keys %{ $self->{cursors} } || ($self->{depth} && keys %{ $self->{held} });
	return 'REINDEX TABLE t;';
}

sub cluster
{
	my ($self) = @_;
	my @names = sort keys %{ $self->{table}{indexes} };

	return if !@names || $self->{table}{form} eq 'partitioned';
	return one_of('SET enable_sort = off; ', '') . 'CLUSTER t USING ' . one_of(@names) . '; RESET enable_sort;';
}

# Upkeep

sub vacuum
{
	my ($self) = @_;

	return if $self->{depth};
	# else it waits five seconds for the lock to truncate
	return one_of('VACUUM (TRUNCATE off) t;', 'VACUUM (FREEZE, TRUNCATE off) t;') if $self->{reader};
	return 'VACUUM ' . one_of('', '', '(FREEZE) ', '(ANALYZE) ', '(DISABLE_PAGE_SKIPPING) ', '(INDEX_CLEANUP on) ', '(TRUNCATE off) ') . 't;';
}

sub vacuum_full
{
	my ($self) = @_;

	return if $self->{depth};
	return 'VACUUM FULL t;';
}

sub analyze
{
	return one_of('ANALYZE t;', 'ANALYZE t (kind, cost);');
}

sub compact
{
	my ($self) = @_;

	return if !$self->{can_compact} || $self->{depth};
	return { only => 1, sql => join("\n", map { "CALL focus_compact('$_');" } $self->{table}{form} eq 'partitioned' ? ('t1', 't2', 't3') : ('t')) };
}

sub force_groups
{
	my ($self) = @_;

	return if !$self->{can_force};
	return { only => 1, sql => 'SET focus.debug_force_groups = ' . one_of('on', 'off') . ';' };
}

# Transactions

sub begin
{
	my ($self) = @_;

	return if $self->{depth};
	return {
		sql => 'BEGIN' . one_of('', '', ' ISOLATION LEVEL REPEATABLE READ', ' ISOLATION LEVEL SERIALIZABLE') . ';',
		success => sub { $self->{depth} = 1; $self->save } };
}

# Remembers what of the model a rollback undoes.
sub save
{
	my ($self) = @_;

	push @{ $self->{saved} }, dclone({ table => $self->{table}, held => $self->{held}, cursors => $self->{cursors} });
	return;
}

# Ids once used stay used.
sub restore
{
	my ($self) = @_;
	my $saved = pop @{ $self->{saved} };

	$saved->{table}{next_id} = $self->{table}{next_id};
	$self->{$_} = $saved->{$_} foreach keys %$saved;
	$self->{failed} = 0;
	$self->{depth}--;
	return;
}

sub savepoint
{
	my ($self) = @_;

	return if !$self->{depth};
	my $how = any(4);
	if ($how < 2 && $self->{depth} < 6)
	{
		return {
			sql => "SAVEPOINT s$self->{depth};",
			success => sub { $self->save; $self->{depth}++ } };
	}
	return if $self->{depth} < 2;
	return $how == 2 ? $self->release : $self->rollback_to;
}

sub release
{
	my ($self) = @_;

	return {
		sql => 'RELEASE s' . ($self->{depth} - 1) . ';',
		success => sub { pop @{ $self->{saved} }; $self->{depth}-- } };
}

# Cursors that were opened since are gone, too, so we do without any.
sub rollback_to
{
	my ($self) = @_;

	return {
		name => 'rollback_to',
		sql => 'ROLLBACK TO s' . ($self->{depth} - 1) . ";\nRELEASE s" . ($self->{depth} - 1) . ";\nCLOSE ALL;",
		success => sub { $self->restore; $self->{cursors} = {}; $self->{held} = {} } };
}

sub end_transaction
{
	my ($self) = @_;

	return $self->rollback_to if $self->{depth} > 1 && any(2);
	my $how = $self->{failed} ? 0 : any(5);
	my $undo = sub { splice(@{ $self->{saved} }, 1); $self->{depth} = 1; $self->restore };

	return { name => 'rollback', sql => 'ROLLBACK;', success => $undo } if $how <= 1;
	# It fails here when a constraint was deferred to the end.
	return {
		name => 'commit',
		sql => $how == 2 && $self->{table}{form} ne 'TEMP' && !%{ $self->{held} }
		? "PREPARE TRANSACTION :'gid';\nCOMMIT PREPARED :'gid';"
		: 'COMMIT;',
		failure => $undo,
		success => sub { $self->{depth} = 0; $self->{cursors} = {}; $self->{saved} = [] } };
}

# Cursors

sub cursor
{
	my ($self) = @_;

	return if !$self->{depth} || keys %{ $self->{cursors} } > 2;
	my $name = 'cur' . ++$self->{objects};
	my $ordered = any(2);
	my $query = $ordered ? 'SELECT id, kind, cost, t::text FROM t ORDER BY id, t::text' : 'SELECT t::text FROM t';

	return {
		sql => one_of("DECLARE $name SCROLL CURSOR FOR $query;", "DECLARE $name SCROLL CURSOR FOR $query;\nMOVE " . few() . " $name;"),
		success => sub { $self->{cursors}{$name} = $ordered } };
}

sub hold_cursor
{
	my ($self) = @_;

	return if !$self->{depth} || keys %{ $self->{held} } > 1;
	my $name = 'held' . ++$self->{objects};

	return {
		sql => "DECLARE $name SCROLL CURSOR WITH HOLD FOR SELECT t::text FROM t ORDER BY 1;",
		success => sub { $self->{held}{$name} = 1 } };
}

# A change right after a cursor was opened, which must not show it
sub cursor_change
{
	my ($self) = @_;

	return if $self->{depth} || $self->{table}{rows} > 4000;
	my $change = one_of('DELETE FROM t WHERE ' . $self->condition, 'UPDATE t SET ' . $self->assignments . ' WHERE ' . $self->condition,
		'INSERT INTO t (id) VALUES (' . $self->some_id . ')');

	return {
		unordered => 1,
		sql => "BEGIN;\nDECLARE seen SCROLL CURSOR FOR SELECT t::text FROM t;\nMOVE 5 seen;\n$change;\nMOVE ABSOLUTE 0 seen;\nFETCH ALL seen;\n"
		  . "MOVE BACKWARD ALL seen;\nMOVE 3 seen;\nMOVE BACKWARD 2 seen;\nMOVE ALL seen;\n" . one_of('COMMIT;', 'ROLLBACK;') };
}

sub fetch
{
	my ($self) = @_;
	my @names = (sort(keys %{ $self->{cursors} }), sort(keys %{ $self->{held} }));

	return if !@names;
	my $name = one_of(@names);
	return "FETCH " . one_of('NEXT', 'PRIOR', 'FIRST', 'LAST', 'ABSOLUTE 3', 'RELATIVE -2', '5', 'BACKWARD 4') . " FROM $name;"
	  if $self->{held}{$name} || $self->{cursors}{$name};
	return {
		unordered => 1,
		sql => one_of("MOVE ABSOLUTE 0 $name;\nFETCH ALL $name;", "MOVE ALL $name;\nFETCH BACKWARD ALL $name;",
			"MOVE 10 $name;\nMOVE BACKWARD 3 $name;\nMOVE ABSOLUTE 0 $name;\nFETCH ALL $name;\nFETCH NEXT $name;") };
}

# WHERE CURRENT OF
sub positioned
{
	my ($self) = @_;

	return if $self->{depth} || $self->{table}{rows} > 4000 || $self->{table}{form} eq 'partitioned';
	my $change = one_of('DELETE FROM t WHERE CURRENT OF here;', 'UPDATE t SET ' . $self->assignments . ' WHERE CURRENT OF here;',
		"UPDATE t SET kind = 5 WHERE CURRENT OF here;\nUPDATE t SET kind = 6 WHERE CURRENT OF here;");

	# one row, or rows in a known order
	my @rows = (' ORDER BY id, t::text FOR UPDATE;', $self->{table}{unique} ? ' WHERE id = ' . $self->some_id . ';' : ());

	return "BEGIN;\nDECLARE here CURSOR FOR SELECT * FROM t" . one_of(@rows)
	  . "\nFETCH here;\n$change\n" . one_of('COMMIT;', 'COMMIT;', 'ROLLBACK;');
}

sub prepare
{
	my ($self) = @_;

	return if keys %{ $self->{prepared} } > 6;
	my $name = 'p' . ++$self->{objects};
	my ($statement, $unordered) = @{ one_of(
			[ "($name)", 0 ], [ 'SELECT count(*), trim_scale(sum(cost)) FROM t WHERE id >= $1', 0 ], [ 'SELECT * FROM t WHERE id = $1', 1 ],
			[ 'UPDATE t SET cost = cost + 1 WHERE id % 50 = $1 % 50', 0 ], [ 'DELETE FROM t WHERE id = $1', 0 ],
			[ 'INSERT INTO t (id, kind) VALUES ($1, 3)', 0 ], [ 'SELECT id FROM t WHERE id = $1 FOR UPDATE', 1 ]) };

	$statement = 'SELECT max(id) FROM t WHERE kind = $1 % 7' if $statement =~ /^\(/;
	return { sql => "PREPARE $name (bigint) AS $statement;", success => sub { $self->{prepared}{$name} = $unordered ? 2 : 1 } };
}

sub execute
{
	my ($self) = @_;
	my @names = sort keys %{ $self->{prepared} };

	return if !@names;
	my $name = one_of(@names);
	return {
		unordered => $self->{prepared}{$name} == 2,
		sql => join("\n", map { "EXECUTE $name(" . $self->some_id . ');' } 0 .. any(7)) };
}

# Triggers and foreign keys

sub trigger
{
	my ($self) = @_;
	my $triggers = $self->{table}{triggers};

	if (%$triggers)
	{
		my $name = one_of(sort keys %$triggers);

		return one_of("ALTER TABLE t DISABLE TRIGGER $name;", "ALTER TABLE t ENABLE TRIGGER $name;") if any(3) == 0;
		return { sql => "DROP TRIGGER $name ON t;", success => sub { delete $_[0]{triggers}{$name} } };
	}
	my $name = 'tr' . ++$self->{objects};
	my $what = one_of('BEFORE INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION change_row()',
		'AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION note_row()',
		'AFTER INSERT ON t REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_added()',
		'AFTER UPDATE ON t REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_added()',
		'AFTER DELETE ON t REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_removed()');

	return { sql => "CREATE TRIGGER $name $what;", success => sub { $_[0]{triggers}{$name} = 1 } };
}

sub child
{
	my ($self) = @_;

	return { sql => 'DROP TABLE child;', success => sub { $_[0]{child} = '' } } if $self->{table}{child};
	return if !$self->{table}{unique} || $self->{table}{form} eq 'partitioned' || $self->{table}{deferrable} && any(10);
	my $form = one_of('', $self->{table}{form});

	return {
		sql => "CREATE $form TABLE child (id bigint, parent bigint REFERENCES t (id) ON DELETE " . one_of('CASCADE', 'SET NULL', 'RESTRICT', 'NO ACTION')
		  . ' ON UPDATE ' . one_of('CASCADE', 'NO ACTION', 'SET NULL') . one_of('', ' DEFERRABLE INITIALLY DEFERRED') . ');',
		success => sub { $_[0]{child} = 1 } };
}

sub child_rows
{
	my ($self) = @_;

	return if !$self->{table}{child};
	my $id = $self->some_id;

	return one_of("INSERT INTO child SELECT id, id FROM t WHERE id BETWEEN $id AND $id + 40;", "INSERT INTO child VALUES ($id, $id);",
		"DELETE FROM child WHERE parent < $id;", "UPDATE child SET parent = $id WHERE id = (SELECT max(id) FROM child);");
}

# Another session, which goes on seeing what it saw first

sub reader
{
	my ($self) = @_;

	return if $self->{table}{form} eq 'TEMP' || $self->{depth};
	$self->{reader} = !$self->{reader};
	return {
		reader => 1,
		sql => $self->{reader}
		? "BEGIN ISOLATION LEVEL REPEATABLE READ;\n" . digest_of('t')
		: digest_of('t') . "\nCOMMIT;" };
}

sub reader_again
{
	my ($self) = @_;

	return if !$self->{reader};
	my $id = $self->some_id;
	return {
		reader => 1,
		sql => digest_of('t') . "\nSELECT count(*), max(id) FROM t WHERE id > $id;\nSET enable_seqscan = off;\n"
		  . "SELECT count(*), max(id) FROM t WHERE id > $id;\nRESET enable_seqscan;" };
}

# Ways to read

sub check_index
{
	my ($self) = @_;
	my $condition = $self->condition;
	my $digest = digest_of("(SELECT * FROM t WHERE $condition)");

	return "SET enable_seqscan = off;\n" . one_of("SET enable_bitmapscan = off;\n", '') . one_of("SET enable_indexonlyscan = off;\n", '')
	  . "$digest\nSELECT id FROM t WHERE $condition ORDER BY id LIMIT 100;\nSELECT id FROM t WHERE id > " . $self->some_id . " ORDER BY id LIMIT 5;\n"
	  . "SELECT id FROM t WHERE id < " . $self->some_id . " ORDER BY id DESC LIMIT 5;\n"
	  . "SELECT count(*) FROM t WHERE kind = 3;\nRESET enable_seqscan;\nRESET enable_bitmapscan;\nRESET enable_indexonlyscan;\n$digest";
}

sub check_groups
{
	my ($self) = @_;
	my @queries = (
		'SELECT count(*), count(cost), trim_scale(sum(cost)), trim_scale(min(cost)), trim_scale(max(cost)), trim_scale(avg(cost)), sum(kind), avg(kind) FROM t'
		  . one_of('', ' WHERE ' . $self->condition) . ';',
		'SELECT kind, count(*), sum(cost), max(id) FROM t' . one_of('', ' WHERE ' . $self->condition) . ' GROUP BY kind ORDER BY kind;',
		'SELECT kind, id % 3, count(*) FILTER (WHERE cost > 1), sum(CASE WHEN id % 2 = 0 THEN cost END) FROM t GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2;',
		'SELECT count(DISTINCT kind), count(DISTINCT cost), sum(id) FROM t;',
		'SELECT count(*) FROM t;');

	my %name = map { $_ => $self->has($_) } 'note', 'tags', 'day', 'money', 'large';
	push @queries, "SELECT $name{note}, count(*), sum(cost) FROM t GROUP BY 1 ORDER BY 1 LIMIT 30;" if $name{note};
	push @queries, "SELECT $name{tags}\['env'], sum(cost), count(*) FROM t GROUP BY 1 ORDER BY 1;" if $name{tags};
	push @queries, "SELECT date_trunc('month', $name{day}::timestamp), count(*), sum(cost) FROM t WHERE $name{day} >= '2026-04-01' GROUP BY 1 ORDER BY 1;"
	  if $name{day};
	push @queries, "SELECT sum($name{money}), avg($name{money}), max($name{money}), min($name{money}) FROM t;" if $name{money};
	push @queries, "SELECT count(*) FROM t WHERE length($name{large}) > 1000;" if $name{large};
	return join("\n", one_of(@queries), one_of(@queries), one_of(@queries));
}

sub check_sample
{
	my ($self) = @_;

	return join("\n", map { "SELECT count(*), sum(hashtextextended(r::text, 0)::numeric) FROM t r TABLESAMPLE $_ (100);" } 'BERNOULLI', 'SYSTEM')
	  . "\nSELECT count(*) FROM t TABLESAMPLE SYSTEM (0);";
}

sub check_ctid
{
	my ($self) = @_;

	return if $self->{table}{rows} > 6000 || $self->{table}{form} eq 'partitioned';
	my $id = $self->some_id;
	return "SELECT found_by_ctid();\nSELECT count(*) = count(DISTINCT ctid) FROM t;\n"
	  . "SELECT id FROM t WHERE ctid = ANY (ARRAY(SELECT ctid FROM t WHERE id BETWEEN $id AND $id + 10)) ORDER BY 1;\n"
	  . one_of('', "DELETE FROM t WHERE ctid IN (SELECT ctid FROM t WHERE id BETWEEN $id AND $id + 3);\n",
		"UPDATE t SET cost = 3 WHERE ctid IN (SELECT ctid FROM t WHERE id = $id);");
}

sub check_parallel
{
	my ($self) = @_;
	my $digest = digest_of('t');

	return "SET parallel_setup_cost = 0;\nSET parallel_tuple_cost = 0;\nSET min_parallel_table_scan_size = 0;\nSET min_parallel_index_scan_size = 0;\n$digest\n"
	  . "SELECT kind, count(*), sum(cost) FROM t GROUP BY kind ORDER BY kind;\nSET enable_seqscan = off;\n"
	  . 'SELECT count(*), sum(id) FROM t WHERE id > ' . $self->some_id . ";\nRESET enable_seqscan;\nRESET parallel_setup_cost;\nRESET parallel_tuple_cost;\n"
	  . "RESET min_parallel_table_scan_size;\nRESET min_parallel_index_scan_size;";
}

sub check_join
{
	my ($self) = @_;

	return if $self->{table}{rows} > 6000;
	return 'SET enable_' . one_of('hashjoin', 'mergejoin', 'material') . " = off;\n"
	  . 'SELECT count(*), sum(a.kind + b.kind) FROM t a JOIN t b ON a.id = b.id WHERE ' . ($self->condition =~ s/\b(id|kind|cost|note|tags|day|flag|large)\b/a.$1/gr)
	  . ";\nSELECT count(*) FROM t a WHERE NOT EXISTS (SELECT FROM t b WHERE b.id = a.id + 1);\nRESET enable_hashjoin;\nRESET enable_mergejoin;\nRESET enable_material;";
}

sub check_system
{
	return "SELECT count(*), count(xmin), count(cmin), count(xmax), count(cmax), count(ctid), count(DISTINCT tableoid) <= 3 FROM t;\n"
	  . "SELECT count(*) FROM t WHERE xmin::text::bigint > 2 AND pg_xact_status(xmin::text::xid8) = 'aborted';";
}

1;
