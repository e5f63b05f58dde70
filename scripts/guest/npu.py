#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Looks at the device of tools/npu in the guest, and uses it by VFIO.

Prints a line for each test: that what QEMU and Linux make of the device is what
Documentation/accel/npu.rst says.
"""

import contextlib
import mmap
import pathlib
import subprocess
import traceback

import npu_vfio

MEMORY, PREFETCHABLE, WIDE = 0x200, 0x2000, 0x100000
KINDS = MEMORY | PREFETCHABLE | WIDE
ID, SCRATCH = 0x000, 0x02C


def find():
    """Returns the device's folder in sysfs."""
    for device in pathlib.Path("/sys/bus/pci/devices").iterdir():
        if number(device / "vendor") == 0x1234 and number(device / "device") == 0x4E50:
            return device
    raise SystemExit("not ok the device is there")


def number(path):
    return int(path.read_text(), 0)


@contextlib.contextmanager
def words(device, bar, count):
    """Maps the begin of a BAR, as words of 32 bits."""
    path = device / f"resource{bar}"
    with path.open("r+b", buffering=0) as file, mmap.mmap(file.fileno(), 4 * count) as area:
        with memoryview(area) as view, view.cast("I") as cast:
            yield cast


def capabilities(device):
    """Returns the bytes of each capability and of what is behind it, by their numbers."""
    config = (device / "config").read_bytes()
    found, at = {}, config[0x34]
    while at:
        found[config[at]] = config[at:]
        at = config[at + 1]
    return found


def identification(device):
    names = ["class", "revision", "subsystem_vendor", "subsystem_device"]
    assert [number(device / name) for name in names] == [0x120000, 0x20, 0x1234, 1]


def bars(device):
    lines = (device / "resource").read_text().splitlines()[:6]
    seen = []
    for start, end, flags in ([int(word, 16) for word in line.split()] for line in lines):
        seen.append((end - start + 1, flags & KINDS) if end else None)
    plain = MEMORY | WIDE
    assert seen == [
        (64 << 10, plain), None,
        (16 << 10, plain), None,
        (64 << 20, plain | PREFETCHABLE), None,
    ], seen


def vectors(device):
    assert int.from_bytes(capabilities(device)[0x11][2:4], "little") & 0x7FF == 16


def registers(device):
    with words(device, 0, 0x400) as area:
        assert area[ID // 4] == 0x4E505531
        area[SCRATCH // 4] = 0x12345678
        assert area[SCRATCH // 4] == 0x12345678
    with words(device, 2, 0x400) as area:
        assert area[0] == 0


def memory(device):
    values = [index * 0x01000193 & 0xFFFFFFFF for index in range(0x400)]
    with words(device, 4, 0x400) as area:
        for index, value in enumerate(values):
            area[index] = value
    with words(device, 4, 0x400) as area:
        assert list(area) == values


def function_reset(device):
    assert "flr" in (device / "reset_method").read_text().split()
    with words(device, 0, 0x400) as area:
        area[SCRATCH // 4] = 1
    (device / "reset").write_text("1")
    with words(device, 0, 0x400) as area:
        assert area[SCRATCH // 4] == 0
        assert area[ID // 4] == 0x4E505531


def run(test, device):
    name = test.__name__.replace("_", " ")
    try:
        test(device)
        print(f"ok {name}", flush=True)
    except (AssertionError, OSError, KeyError):
        print("\n".join("# " + line for line in traceback.format_exc().splitlines()))
        print(f"not ok {name}", flush=True)


def main():
    device = find()
    (device / "enable").write_text("1")
    for test in [identification, bars, vectors, registers, memory, function_reset]:
        run(test, device)
    (device / "enable").write_text("0")
    subprocess.run(["modprobe", "-a", "vfio-pci", "vfio_iommu_type1"], check=True)
    npu = npu_vfio.Npu(device)
    for test in [npu_vfio.every_vector, npu_vfio.product]:
        run(test, npu)


main()
