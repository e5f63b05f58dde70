# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What all scripts share: messages, places in the cache, locks, privileges.
# Sourced, never run.

set -euo pipefail

# The tree this file belongs to.
accel_tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
accel_cache=${ACCEL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/accel}
# It is the same from whatever folder another script looks for it.
case $accel_cache in
/*) ;;
*) accel_cache=$PWD/$accel_cache ;;
esac
export ACCEL_CACHE=$accel_cache

# The release that the root folder is.
debian_suite=trixie
# The source packages whose newer versions are taken from its backports: the kernel, with
# the libelf that its headers ask for, and QEMU with its firmware. With the suite's QEMU
# 10.0 on a busy host, one of two processors now and then gets no more interrupts from its
# timer, after devices came, went or slept, and the guest waits forever.
debian_backports=(linux elfutils qemu seabios)

# The part of a message that says who speaks; scripts set it.
accel_topic=${accel_topic:-accel}

say() {
	printf '[%s] %s\n' "$accel_topic" "$*" >&2
}

# One line: what is wrong, and what to do about it.
die() {
	printf '[%s] error: %s\n' "$accel_topic" "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "this step needs root: run it as root, or install sudo"
	fi
}

make_cache() {
	mkdir -p "$accel_cache"/{locks,logs,cargo,modules,runs} ||
		die "cannot write to $accel_cache: set ACCEL_CACHE to a folder of yours"
	accel_cache=$(cd "$accel_cache" && pwd -P)
}

# Turns text into remarks, which the counting of results passes over.
remark() {
	sed 's/^/# /'
}

# Runs a command while holding the lock NAME, so that two runs at once do the
# work only once. The lock is released with the process, however it ends.
with_lock() {
	local name=$1 fd
	shift
	exec {fd}>"$accel_cache/locks/$name"
	if ! flock --nonblock "$fd"; then
		say "$name: waiting for another run that is at it"
		flock "$fd"
	fi
	"$@"
	exec {fd}>&-
}

# Waits for another run of NAME in this tree: what it writes is named after the tree.
only_one() {
	local fd
	exec {fd}>"$accel_cache/locks/run-$1-$(tree_key)"
	if ! flock --nonblock "$fd"; then
		say "$1: waiting for another run in this tree"
		flock "$fd"
	fi
}

# Runs a command with its output in logs/NAME.log and shows the end of it when
# the command fails.
logged() {
	local name=$1 log
	shift
	log=$accel_cache/logs/$name.log
	if ! "$@" >"$log" 2>&1 </dev/null; then
		grep -nE '(^|[^a-z])(error|Error|E)(\[|:)|\*\*\*' "$log" | tail -n 5 >&2 || true
		tail -n 15 "$log" >&2
		say "the whole log: $log"
		return 1
	fi
}

# Fails unless the file system of the cache has that many GiB left.
need_space() {
	local gib=$1 what=$2 free
	free=$(df --output=avail -k "$accel_cache" | tail -n 1)
	[ $((free / 1048576)) -ge "$gib" ] ||
		die "$what needs $gib GB in $accel_cache, which has $((free / 1048576)) GB: free some, or set ACCEL_CACHE"
}

hash_of() {
	sha256sum | cut -c1-12
}

# The packages of the root folder, one a line, without those of the kernel.
root_packages() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$accel_tree/scripts/packages"
}

# The kernel that the root folder is for; fails if it is not known yet.
kernel_version() {
	local version=${KERNEL_VERSION:-}
	if [ -n "$version" ]; then
		echo "${version%-amd64}-amd64"
	elif [ -s "$accel_cache/kernel-version" ]; then
		cat "$accel_cache/kernel-version"
	else
		return 1
	fi
}

root_key() {
	{ root_packages && echo "$debian_suite" "${debian_backports[@]}"; } | hash_of
}

root_dir() {
	echo "$accel_cache/root-$(root_key)-$1"
}

# Where the files of this tree that a kernel's build produces are kept: a
# folder per tree, so that several work trees can share a cache.
tree_key() {
	echo "$accel_tree" | hash_of
}

source_dir() {
	echo "$accel_cache/src-${1%-amd64}"
}

# Prints the folder of a kernel's build: the name changes with all that
# the result depends on.
kernel_dir() {
	local flavour=$1 version=$2 root
	root=$(root_dir "$version")
	case $flavour in
	stock) echo "$accel_cache/stock-$version-$(hash_of <"$root/toolchain")" ;;
	uml | debug | bench)
		echo "$accel_cache/$flavour-${version%-amd64}-$(cat "$root/toolchain" \
			"$accel_tree/scripts/kernels/$flavour.config" | hash_of)"
		;;
	*) die "no such kernel: $flavour (there are stock, uml, debug, bench)" ;;
	esac
}

# The place of a file of the cache as seen from inside the root folder.
in_cache() {
	echo "/cache${1#"$accel_cache"}"
}

# How Kbuild is called for a kernel, one argument a line.
kbuild_arguments() {
	case $1 in
	stock)
		printf '%s\n' CC=x86_64-linux-gnu-gcc-14 LD=x86_64-linux-gnu-ld "KERNELRELEASE=$2"
		;;
	uml) printf '%s\n' ARCH=um LLVM=-19 ;;
	debug | bench) printf '%s\n' LLVM=-19 ;;
	esac
	# Modules and kernels alike: the same build gives the same bytes.
	printf '%s\n' KBUILD_BUILD_USER=accel KBUILD_BUILD_HOST=accel
}

# The files of the tree, without what builds leave in it. Not by git, which
# need not be there.
tree_files() {
	(cd "$accel_tree" && find . -name .git -prune -o -path ./tools/accel/target -prune -o \
		-type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' ! -name '*.cmd' \
		! -name '*.rmeta' ! -name '*.d' ! -name '*.pyc' ! -name 'Module.symvers' \
		! -name 'modules.order' ! -name '*_generated.h' ! -name 'rust-project.json' -print) |
		sed 's|^\./||' | LC_ALL=C sort
}
