#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs a command in the root folder: in-root.sh [--] COMMAND [ARGUMENT...]
#
# The tree is at /accel and the cache at /cache; the current folder is kept
# when it is in one of them. All mounts are made in a mount namespace of the
# command's own, so nothing stays mounted on the host, whatever happens. A
# caller who is not root gets a user namespace in which they look like root;
# the files made are theirs.

accel_topic=in-root
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ "${1:-}" != -- ] || shift
[ $# -gt 0 ] || die "usage: in-root.sh [--] COMMAND [ARGUMENT...]"
make_cache

# ACCEL_ROOT: the folder to use while it is not complete yet.
if [ -n "${ACCEL_ROOT:-}" ]; then
	root=$ACCEL_ROOT
else
	version=$(kernel_version) || die "there is no root folder yet: run scripts/setup.sh root"
	root=$(root_dir "$version")
	[ -d "$root" ] || die "there is no root folder yet: run scripts/setup.sh root"
fi

here=$(pwd -P)
case $here/ in
"$accel_tree"/*) dir=/accel${here#"$accel_tree"} ;;
"$accel_cache"/*) dir=/cache${here#"$accel_cache"} ;;
*) dir=/accel ;;
esac

# A clean environment, except for what reaches the network or steers Cargo.
environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	HOME=/tmp LANG=C.UTF-8 "TERM=${TERM:-dumb}" CARGO_HOME=/cache/cargo)
while IFS='=' read -r name value; do
	case $name in
	CARGO_HOME | CARGO_TARGET_DIR) ;;
	CARGO_* | *_proxy | *_PROXY | CI | NO_COLOR | SOURCE_DATE_EPOCH | \
		DEBIAN_FRONTEND | KBUILD_BUILD_TIMESTAMP | ACCEL_IN_*)
		environment+=("$name=$value")
		;;
	esac
done < <(env)

# Where the host keeps the certificates it trusts; a network whose proxy has
# one of its own works in the root folder as it does outside.
certificates=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
cargo_config=${CARGO_HOME:-${HOME:-/root}/.cargo}/config.toml

unshare=(unshare --mount)
[ "$(id -u)" -eq 0 ] || unshare+=(--map-root-user)
"${unshare[@]}" true 2>/dev/null ||
	die "cannot make a mount namespace: run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)"

# shellcheck disable=SC2016 # expanded by the inner shell
exec "${unshare[@]}" bash -euc '
	root=$1 tree=$2 cache=$3 certificates=$4 cargo_config=$5
	shift 5
	# Before the others, which are in the cache, too.
	mount --rbind "$cache" "$root/cache"
	mount --rbind "$tree" "$root/accel"
	mount --rbind /proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount --rbind /sys "$root/sys"
	mount -o remount,bind,ro,nosuid,nodev,noexec "$root/sys" 2>/dev/null || true
	mount -t tmpfs tmpfs "$root/tmp"
	mount -t tmpfs tmpfs "$root/run"
	bind_file() {
		if [ -f "$1" ] && [ -f "$2" ]; then
			mount --bind "$1" "$2"
			mount -o remount,bind,ro "$2" 2>/dev/null || true
		fi
	}
	bind_file /etc/resolv.conf "$root/etc/resolv.conf"
	bind_file /etc/hosts "$root/etc/hosts"
	bind_file "$certificates" "$root/etc/ssl/certs/ca-certificates.crt"
	bind_file "$cargo_config" "$root/.cargo/config.toml"
	exec chroot "$root" env -i "$@"
' in-root "$root" "$accel_tree" "$accel_cache" "$certificates" "$cargo_config" \
	-C "$dir" "${environment[@]}" "$@"
