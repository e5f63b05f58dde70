# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Devices of tools/npu for guests: to be sourced after lib.sh, by who has $scripts and a folder
# of the cache in $run, which it removes when the devices were stopped.

: "${scripts:?}" "${accel_cache:?}" "${run:?}"
logged npu "$scripts/cargo.sh" build --quiet --locked -p npu || die "the device does not build"
npu_program=$accel_cache/cargo-target/$(tree_key)/debug/npu
npu_devices=() npu_options=()

npu() {
	"$scripts/in-root.sh" -- "$(in_cache "$npu_program")" "$@"
}

# Starts a device, the next of the machine: npu_device OPTION... Orders for device number N come
# from the port npuN of the guest.
npu_device() {
	local n=${#npu_devices[@]}
	local place said=$run/said$n
	place=$(in_cache "$run")/$n
	: >"$said"
	npu serve --socket "$place" --control "$place-control" "$@" >"$said" &
	npu_devices+=($!)
	for ((tenth = 0; tenth < 300; tenth++)); do
		! grep -q ready "$said" || break
		sleep 0.1
	done
	npu_options+=(--device "pcie-root-port,id=rp$n,chassis=$n,slot=$n")
	npu_options+=(--device '{"driver":"vfio-user-pci","bus":"rp'"$n"'",
		"socket":{"type":"unix","path":"'"$place"'"}}')
	npu_options+=(--chardev "socket,id=npu$n,path=$place-control")
	npu_options+=(--device "virtserialport,chardev=npu$n,name=npu$n")
}

# What a machine with such devices needs: a program sees the guest's memory only if that is a file.
npu_memory=${npu_memory:-1G}
# shellcheck disable=SC2034 # for who sources this
npu_machine=(--machine "q35,memory-backend=mem"
	--memory "$npu_memory" --object "memory-backend-memfd,id=mem,size=$npu_memory,share=on")

npu_stop() {
	kill "${npu_devices[@]}" 2>/dev/null || true
}
