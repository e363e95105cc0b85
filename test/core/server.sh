#!/bin/sh
# Builds and installs a PostgreSQL with assertions from its source, unless that
# is done already.
#
#   server.sh PGSRC DIR
#
# PGSRC, an unpacked release of PostgreSQL, is only read.  Objects, which the
# test suites need too, go to DIR/obj, the installation to DIR/install.  What
# was built, and how, is noted in DIR/built; while that note fits, nothing is
# done.  Use the tarball of postgresql.org, or the .orig.tar that Debian made
# of it, never a tree with Debian's patches: those make "make install" write
# to the packaged server's folders, whatever the prefix.
set -eu

pgsrc=$1
dir=$2
options="--enable-cassert --enable-debug --without-readline --without-icu"
cflags="-O1 -g"

version=$(sed -n "s/^PACKAGE_VERSION='\(.*\)'/\1/p" "$pgsrc/configure")
wanted="$version $dir $options $cflags"
[ "$(cat "$dir/built" 2>/dev/null)" != "$wanted" ] || exit 0
if [ -e "$pgsrc/debian" ]; then
	echo "server.sh: $pgsrc has Debian's patches; unpack the .orig.tar instead" >&2
	exit 1
fi
if [ -e "$pgsrc/src/include/pg_config.h" ]; then
	echo "server.sh: $pgsrc is configured; run \"make distclean\" there" >&2
	exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
	echo "server.sh: run this as an ordinary user" >&2
	exit 1
fi

echo "Building PostgreSQL $version, which is done once"
rm -rf "$dir"
mkdir -p "$dir/obj"
cd "$dir/obj"
{
	"$pgsrc/configure" -q --prefix="$dir/install" $options CFLAGS="$cflags" &&
		make -s -j "$(getconf _NPROCESSORS_ONLN)" &&
		make -s install &&
		make -s -C src/test/isolation install
} >"$dir/build.log" 2>&1 || {
	tail -n 40 "$dir/build.log"
	exit 1
}
echo "$wanted" >"$dir/built"
