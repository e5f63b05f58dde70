#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Asks the accelerator behind an open file how it is: ask.py FILE-DESCRIPTOR

For shells, which can hold a file open but not make an ioctl on it.
"""

import errno
import fcntl
import struct
import sys

ACCEL_IOC_INFO = 0x9B00
ACCEL_INFO_STATUS = 8

# struct accel_info, with no room for records: only their size is asked for.
info = struct.pack("=IIIIQQII", 40, ACCEL_INFO_STATUS, 0, 0, 0, 0, 0, 0)
try:
    fcntl.ioctl(int(sys.argv[1]), ACCEL_IOC_INFO, bytearray(info))
except OSError as error:
    sys.exit(f"ioctl: {errno.errorcode[error.errno]} ({error.strerror})")
print("the device answers")
