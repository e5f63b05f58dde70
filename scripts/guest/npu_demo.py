#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Shows the driver accel_npu in the guest: firmware, a product of matrices that is checked, and a
context that hangs and recovers while another one computes on.

Needs firmware in /modules/npu/npu.bin, and orders for the device at the port npu0, as
scripts/suites/npu.sh has them.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import pathlib
import random
import shutil
import struct
import subprocess
import time

BO_CREATE, BO_MMAP_OFFSET, OPEN, MAP, SUBMIT, WAIT = (
    0x9B00 | nr for nr in (0x01, 0x04, 0x40, 0x41, 0x43, 0x44))
MATMUL, SIZE, AT, SECOND, RESULT = 4, 1 << 16, 0x10000, 0x4000, 0x8000
SIDE = 64


class Context:
    """An open file with a context, and a buffer that is mapped there at AT."""

    def __init__(self, node):
        self.fd = os.open(node, os.O_RDWR | os.O_CLOEXEC)
        self.number = self.call(OPEN, "6I", 24, 0, 0, 0, 0, 0)[5]
        handle = self.call(BO_CREATE, "IIQII", 24, 0, SIZE, 0, 0)[4]
        self.call(MAP, "4I3Q", 40, handle, 1, 0, AT, 0, SIZE)
        offset = self.call(BO_MMAP_OFFSET, "IIQ", 16, handle, 0)[2]
        self.memory = mmap.mmap(self.fd, SIZE, offset=offset)

    def call(self, number, layout, *values):
        args = bytearray(struct.pack(layout, *values))
        fcntl.ioctl(self.fd, number, args)
        return struct.unpack(layout, args)

    def submit(self, timeout_ms=2000):
        """Submits a product of what is at AT and SECOND. Returns the number of the job."""
        command = bytearray(struct.pack(
            "<HHIQQIIQHHHBB16x", MATMUL, 0, 0, AT, AT + RESULT, 0, 0, AT + SECOND,
            SIDE, SIDE, SIDE, 0, 0))
        # The structure has an address of this process.
        address = ctypes.addressof(ctypes.c_char.from_buffer(command))
        return self.call(SUBMIT, "IIQQIIiiIIQ", 56, 0, address, 0, 1, 0, 0, 0,
                         timeout_ms, 0, 0)[10]

    def wait(self, job):
        """Returns the error of a job, as a name, or None."""
        error = -self.call(WAIT, "IIQiIQIIQ", 48, 60000, job, 0, 0, 0, 0, 0, 0)[3]
        return errno.errorcode.get(error)

    def product(self, seed):
        """Has a product computed, and checks it."""
        rng = random.Random(seed)
        a, b = ([rng.randrange(-128, 128) for _ in range(SIDE * SIDE)] for _ in range(2))
        self.memory[:len(a)] = struct.pack(f"{len(a)}b", *a)
        self.memory[SECOND:SECOND + len(b)] = struct.pack(f"{len(b)}b", *b)
        error = self.wait(self.submit())
        assert error is None, error
        row, column = rng.randrange(SIDE), rng.randrange(SIDE)
        wanted = sum(a[row * SIDE + i] * b[i * SIDE + column] for i in range(SIDE))
        at = RESULT + 4 * (row * SIDE + column)
        assert struct.unpack("<i", self.memory[at:at + 4])[0] == wanted


def order(text):
    """Gives the device an order: see "The model" in npu.rst."""
    with open("/dev/virtio-ports/npu0", "r+b", buffering=0) as port:
        port.write(text.encode() + b"\n")
        # It may come in parts.
        answer = port.readline()
        assert answer == b"ok\n", answer


def find():
    """Returns the node of the first device."""
    for device in sorted(pathlib.Path("/sys/bus/pci/drivers/accel_npu").glob("*:*")):
        for node in (device / "accelerator").iterdir():
            return f"/dev/accelerator/{node.name}"
    raise SystemExit("there is no device of accel_npu")


def main():
    os.makedirs("/lib/firmware/accel", exist_ok=True)
    shutil.copy("/modules/npu/npu.bin", "/lib/firmware/accel/npu.bin")
    subprocess.run(["modprobe", "accel_npu"], check=True)
    subprocess.run(["udevadm", "settle"], check=True)
    node = find()
    print(f"{node}: firmware is loaded", flush=True)

    one, another = Context(node), Context(node)
    one.product(1)
    print(f"context {one.number}: a product of {SIDE} x {SIDE} matrices is right", flush=True)

    order(f"hang {one.number}")
    job, begin, products = one.submit(timeout_ms=1000), time.monotonic(), 0
    while time.monotonic() - begin < 0.8:
        another.product(products)
        products += 1
    print(f"context {one.number}: hangs, and context {another.number} has computed "
          f"{products} products meanwhile", flush=True)
    print(f"context {one.number}: the job is {one.wait(job)}", flush=True)
    one.product(2)
    print(f"context {one.number}: has recovered, its next product is right", flush=True)


main()
