#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes the root folder; called by setup.sh, which holds the lock.
#
# It is made under a name ending in .partial, step by step, each of which can
# be repeated, and renamed when it is complete.

accel_topic=setup
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
make_cache

# The series whose newest kernel is taken from the archive.
kernel_series=7.3
request=${KERNEL_VERSION:-newest}
partial=$accel_cache/root-$(root_key)-${request%-amd64}.partial
log=$accel_cache/logs/root.log

step() {
	say "root folder: $1/5 $2 ... (log: $log)"
}

# Runs a command in the unfinished folder, as root, since it installs files.
in_partial() {
	as_root env ACCEL_ROOT="$partial" ACCEL_CACHE="$accel_cache" \
		DEBIAN_FRONTEND=noninteractive "$accel_tree/scripts/in-root.sh" -- "$@"
}

run() {
	local status=0
	"$@" >>"$log" 2>&1 </dev/null || status=$?
	if [ "$status" -ne 0 ]; then
		tail -n 12 "$log" >&2
	fi
	return "$status"
}

# The mirror that the host's own apt uses; both formats of its sources.
host_mirror() {
	local codename
	# shellcheck disable=SC1091 # of the host
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -v own="$codename" \
			'$1 ~ "^(" own "|oldstable|stable|testing|unstable|sid)$" && $2 ~ "^(http|https|file):" { print $2; exit }'
}

check_host() {
	local id
	[ "$(uname -m)" = x86_64 ] || die "only x86_64 machines are supported (this is $(uname -m))"
	id=$(. /etc/os-release 2>/dev/null && echo "${ID:-}") || true
	[ "$id" = debian ] ||
		die "this set-up needs Debian 12 or 13 (this is ${id:-unknown}); with a kernel tree of your own use: make KDIR=/path/to/built/kernel"
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
		die "installing the root folder needs root once: run as root, or install sudo"
	[ -d "$partial" ] || need_space 8 "the root folder"
	if ! command -v debootstrap >/dev/null; then
		say "installing on this machine with apt-get: debootstrap"
		as_root apt-get install --yes --no-install-recommends debootstrap >>"$log" 2>&1 ||
			{ as_root apt-get update >>"$log" 2>&1 &&
				as_root apt-get install --yes --no-install-recommends debootstrap >>"$log" 2>&1; } ||
			die "cannot install debootstrap: see $log; install it yourself, then repeat"
	fi
}

bootstrap() {
	local mirror=$1
	[ -f "$partial/bootstrapped" ] && return
	step 1 "Debian $debian_suite from $mirror"
	as_root rm -rf --one-file-system "$partial"
	run as_root debootstrap --variant=minbase --include=ca-certificates \
		"$debian_suite" "$partial" "$mirror" ||
		die "debootstrap failed: check the network, or name a mirror with ACCEL_MIRROR (log: $log)"
	as_root touch "$partial/bootstrapped"
}

# Writes a file of the root folder from standard input.
put() {
	as_root mkdir -p "$(dirname "$partial/$1")"
	as_root tee "$partial/$1" >/dev/null
}

configure_apt() {
	local mirror=$1 suite
	step 2 "package lists"
	for suite in "$debian_suite" "$debian_suite-updates" "$debian_suite-backports"; do
		echo "deb $mirror $suite main"
	done | put etc/apt/sources.list
	put etc/apt/preferences.d/accel <<-END
		Package: ${debian_backports[*]/#/src:}
		Pin: release n=$debian_suite-backports
		Pin-Priority: 600
	END
	apt-config dump 2>/dev/null | grep -iE '^Acquire::(http|https|ftp)::(.*::)?(Proxy|Timeout|Verify-)' |
		put etc/apt/apt.conf.d/80host || true
	put etc/apt/apt.conf.d/90accel <<-END
		Acquire::Retries "5";
		APT::Install-Recommends "false";
	END
	# Nothing reads these here, and writing them takes longer than all else.
	put etc/dpkg/dpkg.cfg.d/accel <<-END
		force-unsafe-io
		path-exclude=/usr/share/doc/*
		path-exclude=/usr/share/man/*
		path-exclude=/usr/share/locale/*
	END
	printf '#!/bin/sh\nexit 101\n' | put usr/sbin/policy-rc.d
	as_root chmod 755 "$partial/usr/sbin/policy-rc.d"
	as_root mkdir -p "$partial"/{accel,cache,.cargo,modules,out}
	as_root rm -f "$partial/etc/resolv.conf"
	as_root touch "$partial"/etc/{resolv.conf,hosts} "$partial/.cargo/config.toml"
	run in_partial apt-get update ||
		die "cannot read the package lists: check the network, or name a mirror with ACCEL_MIRROR (log: $log)"
}

# The newest kernel of the series for ordinary machines: no cloud, no rt.
resolve_version() {
	local version
	version=$(kernel_version) && [ -n "${KERNEL_VERSION:-}" ] && echo "$version" && return
	version=$(in_partial apt-cache pkgnames "linux-headers-$kernel_series." |
		sed -nE "s/^linux-headers-($kernel_series\.[0-9]+[^-]*-amd64)$/\1/p" | sort -V | tail -n 1)
	[ -n "$version" ] || die "the archive has no Linux $kernel_series for amd64: name a kernel with KERNEL_VERSION"
	echo "$version"
}

# Everything in one transaction: source, headers and image have to be of the
# same build, and the rest must not pull in another one.
install_packages() {
	local version=$1 build name series packages=()
	series=$(cut -d. -f1,2 <<<"$version")
	build=$(in_partial apt-cache show --no-all-versions "linux-headers-$version" 2>/dev/null |
		sed -n 's/^Version: //p' | head -n 1)
	[ -n "$build" ] || die "the archive has no linux-headers-$version: choose another KERNEL_VERSION, or unset it"
	step 4 "packages: Linux $version ($build), compilers, QEMU"
	for name in "linux-source-$series" linux-{headers,modules,binary-unsigned}-"$version"; do
		packages+=("$name=$build")
	done
	mapfile -t -O "${#packages[@]}" packages < <(root_packages)
	run in_partial dpkg --configure -a || true
	run in_partial apt-get install --yes --no-install-recommends "${packages[@]}" ||
		die "installing packages failed: repeat to go on, or see $log"
	run in_partial apt-get clean
}

finish() {
	local version=$1 root
	step 5 "finishing"
	[ -s "$partial/usr/lib/modules/$version/vmlinuz.unsigned" ] ||
		die "the kernel's package has no image at usr/lib/modules/$version/vmlinuz.unsigned"
	# The package that would do so is the one with the boot loader's hooks.
	run in_partial depmod "$version"
	# What the keys of all that is built here depend on.
	# shellcheck disable=SC2016 # dpkg-query's own variables
	in_partial dpkg-query -W -f '${Package} ${Version}\n' rustc rust-src bindgen clang-19 lld-19 \
		gcc-14 pahole "linux-headers-$version" | put toolchain
	as_root touch "$partial/ready"
	root=$(root_dir "$version")
	as_root rm -rf --one-file-system "$root"
	as_root mv "$partial" "$root"
	[ -n "${KERNEL_VERSION:-}" ] || echo "$version" >"$accel_cache/kernel-version"
	say "root folder: done"
}

: >>"$log"
check_host
mirror=${ACCEL_MIRROR:-$(host_mirror)}
[ -n "$mirror" ] || die "apt's configuration names no Debian mirror: name one with ACCEL_MIRROR"
bootstrap "${mirror%/}"
configure_apt "${mirror%/}"
step 3 "which kernel"
version=$(resolve_version)
install_packages "$version"
finish "$version"
