#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Linux 7.3.4 as Debian builds it (linux-config-7.3, 7.3.4-1~bpo13+1), for who counts on what an
# accelerator's driver or its user space needs:
#
# - no flavour has IOMMUFD, and so none has VFIO's device nodes (/dev/vfio/devices), nor has any
#   FWCTL, UACCE or KUNIT; nor are qaic's and rocket's drivers of DRM's accel class built, while
#   ivpu's, amdxdna's and habanalabs' are on amd64, and ethosu's on arm64;
# - no flavour of arm64 has a dma-heap, all of amd64 have the system heap; udmabuf is everywhere;
# - no flavour of arm64 has shared virtual addressing (IOMMU_SVA);
# - the cloud flavours have dma-bufs, but neither DRM nor sync_file nor device coredumps: a module
#   that uses sync_file or dev_coredump cannot be loaded there.
#
# Needs apt, and a Debian mirror in its configuration.
set -euo pipefail
version=7.3.4-1~bpo13+1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
	sed -nE 's@^(deb( \[.*\])?|URIs:) +(https?:[^ ]*/debian)/?( .*)?$@\3@p' | head -n 1)
[ -n "$mirror" ] || { echo "apt's configuration names no Debian mirror" >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie-backports main" \
	>sources.list

bring() {
	local options=(-qq -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=-
		-o "Dir::State::Lists=$folder/lists-$1" -o "Dir::Cache=$folder/cache-$1"
		-o "APT::Architecture=$1" -o "APT::Architectures=$1" -o APT::Sandbox::User=root)
	mkdir -p "lists-$1/partial" "cache-$1/archives/partial"
	apt-get "${options[@]}" update
	apt-get "${options[@]}" download "linux-config-7.3=$version"
	dpkg -x "linux-config-7.3_${version}_$1.deb" unpacked
}
bring amd64
bring arm64

options=(RUST IOMMUFD VFIO_DEVICE_CDEV FWCTL UACCE KUNIT DRM_ACCEL DRM_ACCEL_IVPU DRM_ACCEL_AMDXDNA
	DRM_ACCEL_HABANALABS DRM_ACCEL_QAIC DRM_ACCEL_ROCKET DRM_ACCEL_ARM_ETHOSU DMA_SHARED_BUFFER
	DMABUF_HEAPS UDMABUF IOMMU_SVA SYNC_FILE DEV_COREDUMP)
for config in unpacked/usr/src/linux-config-7.3/config.*.xz; do
	name=${config##*_none_}
	set_ones=()
	for option in "${options[@]}"; do
		value=$(xzcat "$config" | sed -n "s/^CONFIG_$option=//p")
		[ -z "$value" ] || set_ones+=("$option=$value")
	done
	echo "${name%.xz}: ${set_ones[*]}"
done | sort >seen
if diff - seen <<'END'
amd64: RUST=y DRM_ACCEL=y DRM_ACCEL_IVPU=m DRM_ACCEL_AMDXDNA=m DRM_ACCEL_HABANALABS=m DMA_SHARED_BUFFER=y DMABUF_HEAPS=y UDMABUF=y IOMMU_SVA=y SYNC_FILE=y DEV_COREDUMP=y
arm64-16k: RUST=y DRM_ACCEL=y DRM_ACCEL_ARM_ETHOSU=m DMA_SHARED_BUFFER=y UDMABUF=y SYNC_FILE=y DEV_COREDUMP=y
arm64: RUST=y DRM_ACCEL=y DRM_ACCEL_ARM_ETHOSU=m DMA_SHARED_BUFFER=y UDMABUF=y SYNC_FILE=y DEV_COREDUMP=y
cloud-amd64: RUST=y DMA_SHARED_BUFFER=y DMABUF_HEAPS=y UDMABUF=y IOMMU_SVA=y
cloud-arm64: RUST=y DMA_SHARED_BUFFER=y UDMABUF=y
rt-amd64: RUST=y DRM_ACCEL=y DRM_ACCEL_IVPU=m DRM_ACCEL_AMDXDNA=m DRM_ACCEL_HABANALABS=m DMA_SHARED_BUFFER=y DMABUF_HEAPS=y UDMABUF=y IOMMU_SVA=y SYNC_FILE=y DEV_COREDUMP=y
rt-arm64: RUST=y DRM_ACCEL=y DRM_ACCEL_ARM_ETHOSU=m DMA_SHARED_BUFFER=y UDMABUF=y SYNC_FILE=y DEV_COREDUMP=y
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
