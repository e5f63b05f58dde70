# SPDX-License-Identifier: GPL-2.0
"""A driver for the device of tools/npu in user space, by VFIO.

Its numbers are those of Documentation/accel/npu.rst, written down once more: the
program and its own tests take theirs from the same file.
"""

import ctypes
import fcntl
import mmap
import os
import pathlib
import select
import struct
import zlib

# Of linux/vfio.h: numbers of ioctls, kinds of IOMMUs, regions.
SET_IOMMU, GROUP_SET_CONTAINER, GROUP_GET_DEVICE_FD = 0x3B66, 0x3B68, 0x3B6A
DEVICE_SET_IRQS, IOMMU_MAP_DMA = 0x3B6E, 0x3B71
TYPE1_V2, CONFIG, MSIX = 3, 7, 2
SET_EVENTFDS = 4 | 32

SOURCES = 17
IRQ_PENDING, IRQ_ENABLE, IRQ_FORCE, IRQ_ROUTE = 0x100, 0x104, 0x108, 0x140
MAILBOX_COMMAND, MAILBOX_ARGUMENT, MAILBOX_STATUS, MAILBOX_REPLY = 0x200, 0x204, 0x214, 0x218
STATUS, LOAD, START, DONE, READY = 0x020, 1, 2, 1 << 9, 2

# Where memory is for the device, and what is where in it.
BASE, SIZE = 0x12_3400_0000, 1 << 20
IMAGE, RING, RECORDS, DATA = 0, 0x10000, 0x20000, 0x30000


def image(version):
    payload = bytes(range(64))
    head = struct.pack("<4sHHIIII32sI", b"NPUF", 1, 64, 3, version, len(payload),
                       zlib.crc32(payload), b"guest", 0)
    return head + struct.pack("<I", zlib.crc32(head)) + payload


class Npu:
    def __init__(self, pci):
        group = os.path.basename(os.readlink(pci / "iommu_group"))
        (pci / "driver_override").write_text("vfio-pci")
        pathlib.Path("/sys/bus/pci/drivers_probe").write_text(pci.name)
        self.container = os.open("/dev/vfio/vfio", os.O_RDWR)
        self.group = os.open(f"/dev/vfio/{group}", os.O_RDWR)
        fcntl.ioctl(self.group, GROUP_SET_CONTAINER, struct.pack("i", self.container))
        fcntl.ioctl(self.container, SET_IOMMU, TYPE1_V2)
        name = ctypes.create_string_buffer(pci.name.encode())
        self.fd = fcntl.ioctl(self.group, GROUP_GET_DEVICE_FD, name)
        self.memory = mmap.mmap(-1, SIZE)
        here = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        fcntl.ioctl(self.container, IOMMU_MAP_DMA, struct.pack("IIQQQ", 32, 3, here, BASE, SIZE))
        os.pwrite(self.fd, b"\x06\x00", (CONFIG << 40) + 4)
        self.events = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(SOURCES)]
        head = struct.pack("IIIII", 20 + 4 * SOURCES, SET_EVENTFDS, MSIX, 0, SOURCES)
        fcntl.ioctl(self.fd, DEVICE_SET_IRQS, head + struct.pack(f"{SOURCES}i", *self.events))
        for source in range(SOURCES):
            self.write(IRQ_ROUTE + 4 * source, source)
        self.write(IRQ_ENABLE, (1 << SOURCES) - 1)

    def read(self, offset):
        return struct.unpack("<I", os.pread(self.fd, 4, offset))[0]

    def write(self, offset, value, bar=0):
        os.pwrite(self.fd, struct.pack("<I", value), (bar << 40) + offset)

    def put(self, at, data):
        self.memory[at:at + len(data)] = data

    def wait(self, source):
        """Waits for the interrupt of a source; returns how often it came."""
        ready, _, _ = select.select([self.events[source]], [], [], 60)
        assert ready, f"no interrupt of source {source}"
        self.write(IRQ_PENDING, 1 << source)
        return os.eventfd_read(self.events[source])

    def ask(self, code, *arguments):
        for index, argument in enumerate(arguments):
            self.write(MAILBOX_ARGUMENT + 4 * index, argument)
        self.write(MAILBOX_COMMAND, code)
        self.wait(0)
        assert self.read(MAILBOX_STATUS) == DONE, hex(self.read(MAILBOX_STATUS))
        return self.read(MAILBOX_REPLY)

    def boot(self):
        data = image(0x10203)
        self.put(IMAGE, data)
        at = BASE + IMAGE
        assert self.ask(LOAD, at & 0xFFFFFFFF, at >> 32, len(data)) == 0x10203
        self.ask(START)
        assert self.read(STATUS) == READY

    def execute(self, context, command):
        """Enables a context, and has it execute a command; returns the record."""
        block = 0x1000 + 0x100 * context
        for register, at in [(0x08, BASE + RING), (0x18, BASE + RECORDS)]:
            self.write(block + register, at & 0xFFFFFFFF)
            self.write(block + register + 4, at >> 32)
        self.write(block + 0x10, 4)
        self.write(block, 1)
        self.put(RING, command)
        self.write(0x1000 * context, 1, bar=2)
        self.wait(1 + 4 * context)
        return struct.unpack("<QIHH", self.memory[RECORDS:RECORDS + 16])


def every_vector(npu):
    npu.write(IRQ_FORCE, (1 << SOURCES) - 1)
    assert [npu.wait(source) for source in range(SOURCES)] == [1] * SOURCES


def product(npu):
    npu.boot()
    rows, inner, columns = 3, 5, 4
    a = [(7 * index) % 256 - 128 for index in range(rows * inner)]
    b = [(11 * index) % 256 - 128 for index in range(inner * columns)]
    npu.put(DATA, struct.pack(f"{len(a)}b", *a))
    npu.put(DATA + 0x1000, struct.pack(f"{len(b)}b", *b))
    to = DATA + 0x2000
    record = npu.execute(2, struct.pack(
        "<HHIQQIIQHHHBB16x", 4, 0, 99, BASE + DATA, BASE + to, 0, 0,
        BASE + DATA + 0x1000, rows, columns, inner, 0, 0))
    assert record == (0, 99, 0, 1), record
    seen = struct.unpack(f"<{rows * columns}i", npu.memory[to:to + 4 * rows * columns])
    assert list(seen) == [
        sum(a[row * inner + at] * b[at * columns + column] for at in range(inner))
        for row in range(rows) for column in range(columns)
    ]
