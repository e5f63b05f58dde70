#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boots QEMU, runs a command in it and gives back its output and exit status:
#
#   run.sh [OPTION...] COMMAND [ARGUMENT...]
#
#   --kernel stock|debug|bench  which kernel (stock)
#   --machine MACHINE      which machine, as for qemu -machine (q35; pc is the one with
#                          hot-unplug, microvm the one with virtio devices on the platform bus)
#   --device DEVICE        a device to add, as for qemu -device; repeatable
#   --global PROPERTY      a property of all devices of a kind, as for qemu -global; repeatable
#   --object OBJECT        what a device needs, as for qemu -object; repeatable
#   --chardev CHARDEV      what a device talks to, as for qemu -chardev; repeatable
#   --modules DIR          the folder shown as /modules (what build-guest.sh says, which is
#                          asked to build it now)
#   --memory SIZE          memory (1G)
#   --cpus N               processors (2)
#   --count                count instructions: the guest's clock shows one nanosecond for
#                          each that its only processor executes
#   --append WORDS         words to add to the kernel command line
#   --timeout SECONDS      when to give up (300)
#   --log FILE             where to put the kernel log
#   --out DIR              what the guest sees as /out, to bring files back
#   --interactive          the command gets this terminal
#   --alone FILE           a file for a guest that has nothing of the host's; repeatable
#
# The tree is at /accel, read-only, and the current folder. Exit status 124
# means that the time ran out.
#
# A guest that is alone has busybox, and those files in its current folder, so
# that all of its devices can sleep. When the machine does, it is woken.

accel_topic=guest
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
make_cache

kernel=stock machine=q35 memory=1G cpus=2 timeout=300 interactive=no count=no
modules='' log='' out='' append='' devices=() alone=()
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) kernel=$2 ;;
	--machine) machine=$2 ;;
	--device) devices+=(-device "$2") ;;
	--global) devices+=(-global "$2") ;;
	--object) devices+=(-object "$2") ;;
	--chardev) devices+=(-chardev "$2") ;;
	--modules) modules=$2 ;;
	--memory) memory=$2 ;;
	--cpus) cpus=$2 ;;
	--append) append=$2 ;;
	--timeout) timeout=$2 ;;
	--log) log=$2 ;;
	--out) out=$2 ;;
	--alone) alone+=("$2") ;;
	--interactive)
		interactive=yes
		shift
		continue
		;;
	--count)
		count=yes
		shift
		continue
		;;
	-*) die "no such option: $1" ;;
	*) break ;;
	esac
	shift 2
done
[ $# -gt 0 ] || die "usage: run.sh [OPTION...] COMMAND [ARGUMENT...]"

processor=(-accel tcg -smp "$cpus")
if [ "$count" = yes ]; then
	# The clock also goes on while nothing is left to do, without a real wait.
	# shellcheck disable=SC2054 # the commas are QEMU's
	processor=(-accel tcg,thread=single -icount shift=0,sleep=off -smp 1)
fi

modules=${modules:-$("$accel_tree/scripts/build-guest.sh" "$kernel")}
boot=$("$accel_tree/scripts/guest/boot-files.sh" "$kernel")
run=$(mktemp -d "$accel_cache/runs/XXXXXXXX")
waker=''
trap '[ -z "$waker" ] || kill "$waker" || true; rm -rf "$run"' EXIT
# QEMU ends in peace when it is interrupted; who has called us is not to go on.
trap 'trap - INT; kill -INT "$$"' INT
mkdir "$run/out"

[ -d "$modules/lib/modules" ] || die "$modules has no modules: build them with scripts/build-guest.sh $kernel"

{
	printf 'interactive=%s\n' "$interactive"
	printf 'command=(%s)\n' "$(printf '%q ' "$@")"
	if [ "$interactive" = yes ]; then
		read -r rows columns < <(stty size 2>/dev/null || echo 0 0)
		# A terminal that does not know its size says 0.
		[ "$columns" -gt 0 ] || rows=24 columns=80
		printf 'rows=%q columns=%q terminal=%q\n' "$rows" "$columns" "${TERM:-linux}"
	fi
} >"$run/out/command"

# A folder of the host that the guest can mount by its tag.
share() {
	printf '%s\n' -fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap$3" \
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
}

place=$(in_cache "$run")
mapfile -t shares < <(
	share root / ,readonly=on
	share tree /accel ,readonly=on
	share modules "$(in_cache "$modules")" ,readonly=on
	share out "$place/out" ''
)

initramfs=$(in_cache "$boot/initramfs")
# What the guest writes to the port "monitor" reaches QEMU's own monitor, see
# monitor.sh: the second chardev connects to the first.
# shellcheck disable=SC2054 # the commas are QEMU's
monitor=(-chardev "socket,id=monitor,path=$place/hmp"
	-device virtserialport,chardev=monitor,name=monitor)
if [ ${#alone[@]} -gt 0 ]; then
	mkdir -p "$run/files/alone"
	cp "${alone[@]}" "$run/files/alone/"
	printf '%q ' "$@" >"$run/files/alone/command"
	# The kernel unpacks one after the other.
	# shellcheck disable=SC2016 # expanded by the inner shell
	"$accel_tree/scripts/in-root.sh" -- sh -c 'cd "$1/files" && {
		cat "$2" && find . | cpio --quiet -o -H newc -R 0:0 | gzip -1
	} >"$1/initramfs"' sh "$place" "$initramfs"
	initramfs=$place/initramfs shares=() monitor=()
	# shellcheck disable=SC2016 # expanded by the inner shell
	"$accel_tree/scripts/in-root.sh" -- sh -c 'while sleep 0.3; do
		[ ! -S "$1" ] || echo system_wakeup | socat -t 0.1 - "UNIX-CONNECT:$1"
	done' sh "$place/hmp" >/dev/null 2>&1 </dev/null &
	waker=$!
fi

if [ "$interactive" = yes ]; then
	console=stdio,id=console,signal=off
else
	console=stdio,id=console,signal=on
	exec </dev/null
fi

# shellcheck disable=SC2054 # the commas are QEMU's
qemu=(qemu-system-x86_64 -machine "$machine" -pidfile "$place/pid" "${processor[@]}"
	-cpu "qemu64,+smep,+smap,+rdrand,+rdseed" -m "$memory"
	-nodefaults -no-user-config -display none -no-reboot
	-kernel "$(in_cache "$boot/vmlinuz")" -initrd "$initramfs"
	-append "console=ttyS0 panic=-1 oops=panic printk.devkmsg=on loglevel=7 tsc=reliable $append"
	-serial "file:$place/log"
	-device virtio-serial-pci -chardev "$console" -device virtconsole,chardev=console
	-monitor "unix:$place/hmp,server=on,wait=off"
	"${monitor[@]}" -device virtio-rng-pci "${shares[@]}" "${devices[@]}")

# The kernel has come as far as to its first program.
has_booted() {
	grep -qs 'Run /init as init process' "$run/log"
}

# On a busy machine, the kernel has hung before, as it changed from one clock to
# another, with all processors spinning. None of ours is loaded then: try again.
for attempt in 1 2; do
	status=0
	(
		# Briefly each time: a sleep outlives us, with all the files that we have open.
		for ((second = 0; second < ${ACCEL_BOOT_TIMEOUT:-150}; second++)); do
			sleep 1
			! has_booted || break
		done
		has_booted || kill "$(cat "$run/pid")"
		# QEMU's main loop has been seen to sleep on when a timer of the guest was due, and
		# the guest with it, until anything woke it. This signal does, and no more.
		while sleep 1; do
			kill -ALRM "$(cat "$run/pid")" || exit 0
		done
	) >/dev/null 2>&1 </dev/null &
	watcher=$!
	"$accel_tree/scripts/in-root.sh" -- timeout --foreground --kill-after=5 "$timeout" "${qemu[@]}" ||
		status=$?
	kill "$watcher" 2>/dev/null || true
	[ "$status" -ne 127 ] ||
		die "the root folder has no qemu-system-x86_64: remove root-* in $accel_cache, then repeat"
	if has_booted || [ "$attempt" -eq 2 ]; then
		break
	fi
	say "the kernel did not come up, trying again"
done

: >>"$run/log"
if [ ${#alone[@]} -gt 0 ]; then
	sed -n 's/.*accel-guest: status \([0-9]*\).*/\1/p' "$run/log" >"$run/out/status"
fi
[ -z "$log" ] || cp "$run/log" "$log"
if [ -n "$out" ]; then
	mkdir -p "$out"
	cp -r "$run/out/." "$out/"
fi
if [ -s "$run/out/status" ] && [ "$status" -eq 0 ]; then
	exit "$(cat "$run/out/status")"
fi

tail -n 25 "$run/log" >&2
if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
	say "error: the guest was not done after $timeout seconds; the end of its log is above"
	exit 124
fi
die "the guest died without an exit status (qemu: $status); the end of its log is above"
