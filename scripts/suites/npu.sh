#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The device of tools/npu in a guest, behind an IOMMU: that QEMU and Linux see what its
# datasheet says, and that it works for a driver in user space.

accel_topic=npu
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
scripts=$accel_tree/scripts
"$scripts/setup.sh" stock
make_cache
only_one npu
logged npu "$scripts/cargo.sh" build --quiet --locked -p npu || die "the device does not build"
built=$accel_cache/cargo-target/$(tree_key)/debug/npu
run=$(mktemp -d "$accel_cache/runs/XXXXXXXX")
socket=$(in_cache "$run")/socket
: >"$run/said"

"$scripts/in-root.sh" -- "$(in_cache "$built")" serve --socket "$socket" >"$run/said" &
device=$!
trap 'kill "$device" 2>/dev/null || true; rm -rf "$run"' EXIT
for ((tenth = 0; tenth < 300; tenth++)); do
	! grep -q ready "$run/said" || break
	sleep 0.1
done

# Modules of the kernel only.
mkdir "$run/modules"
cp -al "$("$scripts/guest/boot-files.sh" stock)/lib" "$run/modules/"
"$scripts/in-root.sh" -- depmod --basedir "$(in_cache "$run/modules")" "$(kernel_version)"

# A device as a program sees the guest's memory only if it is a file.
"$scripts/guest/run.sh" --modules "$run/modules" \
	--machine q35,memory-backend=mem --object memory-backend-memfd,id=mem,size=1G,share=on \
	--append intel_iommu=on --device intel-iommu,intremap=on,caching-mode=on \
	--device pcie-root-port,id=rp1,chassis=1,slot=1 \
	--device '{"driver":"vfio-user-pci","bus":"rp1","socket":{"type":"unix","path":"'"$socket"'"}}' \
	/accel/scripts/guest/npu.py

# It ends with its client.
wait "$device" || printf 'not '
echo 'ok the device ends with the guest'
