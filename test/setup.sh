#!/bin/sh
# Installs what is missing to build focus and to run its demonstration or its
# tests.
#
#   setup.sh demo | tests
#
# PG_CONFIG may name the pg_config of the PostgreSQL to use.  On Debian and its
# relatives the missing packages, and only these, are installed: as root, or
# by sudo.  Elsewhere, and where neither is possible, what is missing is listed
# and the exit status is 1.  Where nothing is missing, nothing is printed and
# the network is not used.
set -eu

purpose=${1:-tests}
case $purpose in
	demo | tests) ;;
	*) echo "usage: setup.sh demo | tests" >&2; exit 2 ;;
esac

# Prints the pg_config to build with: the given one, else the one in PATH or
# the newest of Debian's folders that comes with the server's build files.
find_pg_config()
{
	if [ -n "${PG_CONFIG:-}" ]; then
		echo "$PG_CONFIG"
		return
	fi
	for candidate in pg_config $(ls -rv /usr/lib/postgresql/*/bin/pg_config 2>/dev/null); do
		pgxs=$("$candidate" --pgxs 2>/dev/null) && [ -e "$pgxs" ] || continue
		echo "$candidate"
		return
	done
}

# Prints the major version whose packages are wanted, or nothing when the
# server is not one of Debian's packages.  PG_CONFIG may name a version that is
# still to be installed, so its path counts, not only its answer.
wanted_major()
{
	bindir=$("$pg_config" --bindir 2>/dev/null) || bindir=$(dirname "$pg_config")
	case $bindir in
		/usr/lib/postgresql/*/bin) bindir=${bindir#/usr/lib/postgresql/}; echo "${bindir%/bin}" ;;
	esac
}

# Prints the major version that the distribution's own "postgresql" stands for.
default_major()
{
	apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1
}

# Prints the packages for major version $1, which is empty for a server that
# did not come as a package.
wanted_packages()
{
	echo gcc libc6-dev make perl libcsv-dev zlib1g-dev libzstd-dev
	[ -z "$1" ] || echo "postgresql-$1 postgresql-server-dev-$1"
	[ "$purpose" = tests ] || return 0
	echo libipc-run-perl libtap-parser-sourcehandler-pgtap-perl zstd
	[ -z "$1" ] || echo "postgresql-$1-pgtap postgresql-$1-cron"
}

# Prints those of the packages $* that are not installed.
missing_packages()
{
	for package; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
	done
}

# Runs a script of sh as root, its arguments being the words $2...
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		sh -c "$@"
	elif [ -t 0 ]; then
		sudo sh -c "$@"
	else
		sudo -n sh -c "$@"
	fi
}

can_be_root()
{
	[ "$(id -u)" -eq 0 ] && return 0
	command -v sudo >/dev/null || return 1
	[ -t 0 ] || sudo -n true 2>/dev/null
}

# Installs the packages "$@".  Debian's server package would make and start a
# server of its own, which nobody here asked for; the setting that prevents it
# is there for as long as this takes.
install='
	set -eu
	for package; do
		case $package in
			postgresql-[0-9] | postgresql-[0-9][0-9])
				conf=/etc/postgresql-common/createcluster.d/focus-setup.conf
				mkdir -p "${conf%/*}"
				trap "rm -f $conf" EXIT
				trap "exit 130" INT TERM HUP
				echo "create_main_cluster = false" >"$conf"
				;;
		esac
	done
	DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
'

refuse()
{
	echo "setup.sh: missing:" "$@" >&2
	echo "setup.sh: install that, then try again" >&2
	exit 1
}

setup_debian()
{
	pg_config=$(find_pg_config)
	major=
	if [ -n "$pg_config" ]; then
		major=$(wanted_major)
	elif ! can_be_root; then
		major=$(default_major)
		refuse "packages" $(missing_packages $(wanted_packages "${major:-15}"))
	else
		as_root 'apt-get -q update' focus >&2
		major=$(default_major)
		updated=yes
		[ -n "$major" ] || refuse "a package postgresql in the package index"
	fi

	missing=$(missing_packages $(wanted_packages "$major"))
	[ -n "$missing" ] || return 0
	can_be_root || refuse "packages" $missing
	echo "Installing" $missing >&2
	[ -n "${updated:-}" ] || as_root 'apt-get -q update' focus >&2

	as_root "$install" focus $missing >&2
	missing=$(missing_packages $missing)
	[ -z "$missing" ] || refuse "packages" $missing
}

# Prints what is missing on a system without Debian's packages, one a line.
missing_things()
{
	for command in make cc perl; do
		command -v $command >/dev/null || echo "the command $command"
	done
	for header in csv.h zlib.h zstd.h; do
		echo "#include <$header>" | cc -E - >/dev/null 2>&1 || echo "the C header $header (libcsv, zlib, zstd)"
	done
	pg_config=$(find_pg_config)
	pgxs=$("${pg_config:-pg_config}" --pgxs 2>/dev/null) && [ -e "$pgxs" ] ||
		echo "PostgreSQL 15 or later with its server headers and a pg_config in PATH"
	[ "$purpose" = tests ] || return 0
	for command in prove pg_prove zstd; do
		command -v $command >/dev/null || echo "the command $command"
	done
	perl -MIPC::Run -e 1 2>/dev/null || echo "the Perl module IPC::Run"
	sharedir=$("${pg_config:-pg_config}" --sharedir 2>/dev/null) || return 0
	for extension in pgtap pg_cron; do
		[ -e "$sharedir/extension/$extension.control" ] || echo "the PostgreSQL extension $extension"
	done
}

setup_elsewhere()
{
	missing=$(missing_things)
	[ -n "$missing" ] || return 0
	echo "setup.sh: missing:" >&2
	echo "$missing" | sed 's/^/  /' >&2
	echo "setup.sh: packages are only installed where there is apt-get; install these, then try again" >&2
	exit 1
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
	setup_debian
else
	setup_elsewhere
fi
