# focus: FinOps FOCUS billing data inside PostgreSQL
#
#   make, make install   build and install with the pg_config in PATH
#   make demo            install what is missing, build, run the main job
#   make check-all       install what is missing, build, run every test suite
#   make fuzz            fuzz each parser for FUZZ_SECONDS; needs clang only
#   make check-ubsan     check-all with undefined behaviour trapped and our assertions on
#   make bench           query speed against heap; BENCH_ROWS and BENCH_ROUNDS
#   make bench-load      load speed against COPY; BENCH_ROWS and BENCH_ROUNDS
#   make bench-replace   replacing a provider's month; BENCH_ROWS and BENCH_ROUNDS
#   make bench-rows      single rows against heap; BENCH_ROUNDS
#   make bench-body      size and speed of row groups; BENCH_ROWS
#   make providers       load the public files and write docs/reference/providers.md
#   make coverage        check-all with line coverage counted; needs lcov
#   make check-twin      random workload on focus and heap for TWIN_SECONDS (3600)
#   make check-core      PostgreSQL's own suites with focus as the default table
#                        access method; PGSRC is PostgreSQL's source, unpacked;
#                        CORE_GROUPS=1 puts each row into a row group
#
# The check-* targets need no installed copy, no running server and no root.

EXTENSION    = focus
EXTVERSION   = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" focus.control)
MODULE_big   = focus
OBJS         = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
PG_CPPFLAGS  = -I$(srcdir)/src
PG_CFLAGS    = -std=gnu11 -Wextra -Wno-unused-parameter -Wno-sign-compare \
               -Wno-missing-field-initializers -MMD -MP $(EXTRA_CFLAGS)
SHLIB_LINK   = -lcsv -lz -lzstd $(EXTRA_LDFLAGS)
DATA         = $(wildcard src/sql/upgrade/focus--*.sql)
DATA_built   = focus--$(EXTVERSION).sql
REGRESS      = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=focus --encoding=UTF8 --no-locale
ISOLATION    = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=focus
TAP_TESTS    = 1
PROVE_TESTS  = test/t/*.pl
EXTRA_CLEAN  = $(OBJS:.o=.d) $(OBJS:.o=.gcda) $(OBJS:.o=.gcno) focus--$(EXTVERSION).sql build

# Unless PG_CONFIG is given: the pg_config in PATH or the newest of Debian's
# folders, whichever comes first with the server's build files.
pgxs_of      = $(wildcard $(shell $(1) --pgxs 2>/dev/null))
given_pg_config := $(PG_CONFIG)
ifeq ($(PG_CONFIG),)
override PG_CONFIG := $(firstword $(foreach candidate,pg_config $(shell ls -rv /usr/lib/postgresql/*/bin/pg_config 2>/dev/null), \
                        $(if $(call pgxs_of,$(candidate)),$(candidate))) pg_config)
endif
PGXS        := $(call pgxs_of,$(PG_CONFIG))

# What works before PostgreSQL's server headers are there: the two commands of
# the README, which install them first.
.PHONY: demo check-all
demo check-all:
	@PG_CONFIG='$(given_pg_config)' test/setup.sh $(if $(filter demo,$@),demo,tests)
	@PG_CONFIG='$(given_pg_config)' test/unprivileged.sh $(MAKE) --no-print-directory $(if $(filter demo,$@),-s) $(MAKEOVERRIDES) $@-built

# Makes its own server, so that no pg_config is looked for.
.PHONY: check-core
check-core:
	@test -n '$(PGSRC)' || { echo 'usage: make check-core PGSRC=/path/to/postgresql-15.x' >&2; exit 2; }
	@CORE_CACHE='$(abspath $(CORE_CACHE))' CORE_SETTINGS='$(CORE_SETTINGS)' CORE_GROUPS='$(CORE_GROUPS)' EXTRA_CFLAGS='$(EXTRA_CFLAGS)' \
	  test/unprivileged.sh test/core/run.sh '$(abspath $(PGSRC))'

# test/fuzz/NAME.c is linked with the files of fuzz_NAME, which are pure C or
# can do with the little that test/fuzz/server has of a server.  What the fuzzer
# finds goes to build/fuzz, never into the committed corpus.
FUZZ         = $(patsubst test/fuzz/%.c,%,$(sort $(wildcard test/fuzz/*.c)))
FUZZ_SECONDS ?= 60
FUZZ_CC     ?= clang
FUZZ_CFLAGS  = -std=gnu11 -g -O1 -Wall -Wextra -Isrc -fsanitize=fuzzer,address,undefined \
               -fno-sanitize-recover=undefined
body_files   = $(sort $(wildcard src/columnar/body_*.c))
fuzz_body    = $(body_files) -lzstd
fuzz_body_read = $(body_files) -lzstd
fuzz_cell_format = src/load/cell_format.c
fuzz_csv     = src/load/csv_reader.c src/load/csv_split.c -lcsv
fuzz_csv_flags = -Wno-unused-parameter -Itest/fuzz/server -DCHUNK_SIZE=300 -DLONG_ROW_BYTES=200 -DLIBCSV_STEP=64 \
               -DMAX_ROW_BYTES='((size_t) 700)' -DMAX_FIELDS=20 -DLIBCSV_BYTES=20
fuzz_header  = src/load/header.c src/load/dataset.c
fuzz_header_flags = -Wno-sign-compare -Wno-unused-function -Itest/fuzz/server
fuzz_json    = src/load/json_reader.c src/load/json_split.c
fuzz_json_flags = -Itest/fuzz/server -DCHUNK_SIZE='((size_t) 50)' -DMAX_ROW_BYTES='((size_t) 300)' -DMAX_COLUMNS=8
fuzz_split   = src/aggs/split.c src/aggs/limbs.c
fuzz_tags    = src/types/tags_parse.c src/types/tags_map.c
fuzz_tags_spelling = src/load/tags_spelling.c src/load/json_split.c
fuzz_unit    = src/types/unit.c src/types/unit_factor.c src/types/unit_word.c

.PHONY: fuzz $(FUZZ:%=fuzz-%)
fuzz: $(FUZZ:%=fuzz-%)
$(FUZZ:%=fuzz-%): fuzz-%:
	mkdir -p build/fuzz/$*.corpus
	$(FUZZ_CC) $(fuzz_$*_flags) $(FUZZ_CFLAGS) test/fuzz/$*.c $(fuzz_$*) -o build/fuzz/$*
	build/fuzz/$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
	  -artifact_prefix=build/fuzz/$*. $(patsubst %,-dict=%,$(wildcard test/fuzz/$*.dict)) \
	  build/fuzz/$*.corpus $(wildcard test/fuzz/corpus/$*)

BENCH_ROWS   ?= 1000000
.PHONY: bench-body
bench-body:
	mkdir -p build
	$(CC) -O2 -o build/focusgen test/bench/focusgen.c
	$(CC) -std=gnu11 -O3 -Wall -Wextra -Isrc -o build/body_size test/bench/body_size.c $(body_files) -lzstd
	build/focusgen $(BENCH_ROWS) build/bench.csv
	build/body_size test/bench/columns.txt build/bench.csv
	rm build/bench.csv

ifeq ($(PGXS),)
.DEFAULT_GOAL := missing
.PHONY: missing
missing:
	@echo "pg_config finds no PGXS; test/setup.sh lists or installs what is needed" >&2; exit 1
else
.DEFAULT_GOAL := all
include $(PGXS)

# Loops over whole columns are worth unrolling and vectorising.
$(body_files:.c=.o): CFLAGS += -O3

focus--$(EXTVERSION).sql: $(sort $(wildcard src/sql/*.sql))
	cat $^ > $@

-include $(OBJS:.o=.d)

STAGE   = $(CURDIR)/build/stage
PGTEST  = $(dir $(PGXS))../../src/test
TMPCONF = $(CURDIR)/build/temp.conf
export FOCUS_SHARED ?= $(abspath $(CURDIR)/../shared)

.PHONY: stage check-spec check-unit check-regress check-isolation check-tap check-pgtap check-all-built demo-built
stage: all
	$(MAKE) -s install DESTDIR=$(STAGE)
	cp test/temp.conf $(TMPCONF)
	echo "dynamic_library_path = '$(STAGE)$(pkglibdir):\$$libdir'" >> $(TMPCONF)
ifneq ($(filter 15 16 17,$(MAJORVERSION)),)
	echo "extension_destdir = '$(STAGE)'" >> $(TMPCONF)       # a Debian patch, up to 17
else
	echo "extension_control_path = '$(STAGE)$(datadir):\$$system'" >> $(TMPCONF)   # core, 18+
endif

# Generated files and their source agree.
check-spec:
	perl src/spec/generate.pl --check

# Parts of the server's side that SQL does not reach one by one, in a library of
# its own.
UNIT_OBJS = src/columnar/arena.o src/columnar/group_builder.o src/columnar/value.o \
            $(patsubst %.c,%.o,$(wildcard src/columnar/body_*.c))
check-unit: stage
	$(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_SL) -shared -o build/unit.so test/unit/columnar.c $(UNIT_OBJS) $(SHLIB_LINK)
	test/with_cluster.sh $(bindir) $(TMPCONF) pg_prove --set library=$(CURDIR)/build/unit.so test/unit/*.sql

check-regress: stage
	$(PGTEST)/regress/pg_regress --inputdir=. --outputdir=$(CURDIR)/build/regress --bindir=$(bindir) \
	  --temp-instance=$(CURDIR)/build/tmp_regress --temp-config=$(TMPCONF) $(REGRESS_OPTS) $(REGRESS) || \
	  { head -n 300 build/regress/regression.diffs; exit 1; }

check-isolation: stage
	$(PGTEST)/isolation/pg_isolation_regress --outputdir=$(CURDIR)/build/isolation --bindir=$(bindir) \
	  --temp-instance=$(CURDIR)/build/tmp_isolation --temp-config=$(TMPCONF) $(ISOLATION_OPTS) $(ISOLATION) || \
	  { head -n 300 build/isolation/regression.diffs; exit 1; }

# What heap does in the specs of focus tables: they say so of what they expect.
HEAP_SPECS = $(filter-out focus_compact,$(filter focus_%,$(ISOLATION)))
.PHONY: check-isolation-heap
check-isolation-heap: stage
	rm -rf build/isolation_heap
	mkdir -p build/isolation_heap/input/specs
	cp -r test/isolation/expected build/isolation_heap/input/
	for spec in $(HEAP_SPECS); do \
	  sed 's/USING focus/USING heap/g' test/isolation/specs/$$spec.spec >build/isolation_heap/input/specs/$$spec.spec; \
	done
	$(PGTEST)/isolation/pg_isolation_regress --inputdir=build/isolation_heap/input --outputdir=$(CURDIR)/build/isolation_heap \
	  --bindir=$(bindir) --temp-instance=$(CURDIR)/build/tmp_isolation --temp-config=$(TMPCONF) --load-extension=focus $(HEAP_SPECS)

check-tap: export TEMP_CONFIG = $(TMPCONF)
check-tap: stage
	$(prove_installcheck)

check-pgtap: stage
	test/with_cluster.sh $(bindir) $(TMPCONF) pg_prove test/pgtap/*.sql

# The demonstration; with KEEP=1 its server stays up.
demo-built: stage
	test/with_cluster.sh $(if $(KEEP),-k $(STAGE)) $(bindir) $(TMPCONF) test/demo/run.sh

check-all-built: check-spec check-unit check-regress check-isolation check-tap check-pgtap

# PGXS compiles with -fwrapv, which would hide signed overflow.
.PHONY: check-ubsan coverage coverage-built
check-ubsan:
	test/unprivileged.sh $(MAKE) --no-print-directory PG_CONFIG='$(PG_CONFIG)' with_llvm=no \
	  EXTRA_CFLAGS='-O1 -fsanitize=undefined -fno-wrapv -fno-sanitize-recover=undefined -DUSE_ASSERT_CHECKING' \
	  EXTRA_LDFLAGS=-fsanitize=undefined check-all-built

coverage:
	test/unprivileged.sh $(MAKE) --no-print-directory PG_CONFIG='$(PG_CONFIG)' with_llvm=no \
	  EXTRA_CFLAGS='-O0 --coverage' EXTRA_LDFLAGS=--coverage coverage-built
coverage-built: check-all-built
	lcov -q -c -d . -o build/coverage.info --no-external --base-directory $(CURDIR)
	lcov --list build/coverage.info

# The random workload of check-tap with other seeds, for an hour; FOCUS_SEED
# names one.
TWIN_SECONDS ?= 3600
.PHONY: check-twin
check-twin:
	FOCUS_SECONDS='$(TWIN_SECONDS)' test/unprivileged.sh $(MAKE) --no-print-directory PG_CONFIG='$(PG_CONFIG)' \
	  EXTRA_CFLAGS='$(EXTRA_CFLAGS)' PROVE_TESTS=test/t/021_heap_twin.pl PROVE_FLAGS=-v check-tap

# The page of public files, from those in FOCUS_SHARED.
.PHONY: providers providers-built
providers:
	@test/unprivileged.sh $(MAKE) -s --no-print-directory PG_CONFIG='$(PG_CONFIG)' $(MAKEOVERRIDES) providers-built >docs/reference/providers.md.new || { rm -f docs/reference/providers.md.new; exit 1; }
	@mv docs/reference/providers.md.new docs/reference/providers.md
providers-built: stage
	test/with_cluster.sh $(bindir) $(TMPCONF) test/providers.pl

BENCH_ROUNDS ?= 3
BENCH = bench bench-load bench-replace bench-rows
.PHONY: $(BENCH) $(BENCH:%=%-built)
$(BENCH):
	test/unprivileged.sh $(MAKE) -s --no-print-directory PG_CONFIG='$(PG_CONFIG)' $(MAKEOVERRIDES) $@-built
bench-built:         bench_program = query.pl
bench-load-built:    bench_program = load.sh
bench-replace-built: bench_program = replace.sh
bench-rows-built:    bench_program = rows.sh
$(BENCH:%=%-built): stage
	$(CC) -O2 -o build/focusgen test/bench/focusgen.c
	cat test/bench/bench.conf >> $(TMPCONF)
	test/with_cluster.sh $(bindir) $(TMPCONF) test/bench/$(bench_program) $(CURDIR)/build/focusgen $(BENCH_ROWS) $(BENCH_ROUNDS)
endif
