#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Compares measurements: bench_report.py MEASUREMENTS JSON

Reads what the programs of tools/testing/bench print, prints a line for each
comparison, and writes all of it as JSON.
"""

import json
import sys

SCHEMA = 1

# Each row: its name, its unit, our measurement, and those of its peers by their names.
ROWS = [
    ("ioctl-info-status", "instructions", "info-status.accel",
     {"drm-version": "driver-ioctl.drm", "misc": "driver-ioctl.misc"}),
    ("ioctl-driver", "instructions", "driver-ioctl.accel",
     {"drm-version": "driver-ioctl.drm", "misc": "driver-ioctl.misc"}),
    ("ioctl-powered", "instructions", "powered-ioctl.accel",
     {"ioctl-driver": "driver-ioctl.accel"}),
    # The part of ioctl-driver that is there for tracepoints, which are off.
    ("ioctl-tracepoints-off", "instructions", "ioctl-tracepoints-off.accel",
     {"ioctl-driver": "driver-ioctl.accel"}),
    ("ioctl-refused", "instructions", "refused-ioctl.accel",
     {"null": "refused-ioctl.null", "misc": "refused-ioctl.misc"}),
]
for role in ("user", "observer"):
    call = f"open-close-{role}"
    ROWS.append((call, "instructions", f"{call}.accel",
                 {peer: f"{call}.{peer}" for peer in ("drm", "misc", "null")}))
ROWS += [
    ("unplug-0-sleepers", "ns", "unplug.0-sleepers", {"misc": "unplug.misc"}),
    ("unplug-1000-sleepers", "ns", "unplug.1000-sleepers", {"0-sleepers": "unplug.0-sleepers"}),
    ("unplug-other-asleep", "ns", "unplug.other-asleep", {"other-awake": "unplug.other-awake"}),
]
for operation in ("create-close", "export", "import", "mmap-munmap", "fault", "touch-2-mib"):
    row = f"buffer-{operation}"
    ROWS.append((row, "instructions", f"{row}.accel", {"vgem": f"{row}.drm"}))
ROWS += [
    ("buffer-lookup-100000", "instructions", "buffer-lookup-100000.accel",
     {"16-handles": "buffer-lookup-16.accel"}),
    ("buffer-page-of-1024-mib", "instructions", "buffer-page-of-1024-mib.accel",
     {"of-2-mib": "buffer-page-of-2-mib.accel"}),
]
ROWS += [
    # The clock is read at the begin of a piece of work, and at its end, unless the device says
    # how long it took.
    ("work-begin-end", "instructions", "work-begin-end.accel",
     {"clock-twice": "clock-twice.accel"}),
    ("work-count", "instructions", "work-count.accel",
     {"begin-end": "work-begin-end.accel"}),
    ("event-to-each", "instructions", "event-to-each.accel",
     {"to-nobody": "event-to-nobody.accel"}),
    ("event-to-each-eventfd", "instructions", "event-to-each-eventfd.accel",
     {"without": "event-to-each.accel"}),
]
ROWS += [
    # Until the device has the job; see npu.c.
    ("npu-submit", "instructions", "npu-submit.accel",
     {"ioctl-driver": "driver-ioctl.accel"}),
    ("npu-submit-in-out", "instructions", "npu-submit-in-out.accel",
     {"without-buffers": "npu-submit.accel"}),
]
# From the begin of the handler to its end: whether it grows with those who sleep and look on.
ROWS += [
    ("interrupt-wake-1-of-1000", "instructions", "interrupt-wake-1-of-1000.accel",
     {"only-one": "interrupt-wake-only.accel"}),
    ("interrupt-event-watched-100000", "instructions", "interrupt-event-watched-100000.accel",
     {"unwatched": "interrupt-event-unwatched.accel"}),
    ("interrupt-event-4000-subscribers", "instructions", "interrupt-event-4000-subscribers.accel",
     {"one": "interrupt-event-unwatched.accel"}),
]
# Of 64 points, the last is signalled, or none is.
for call in ("timeline-wait-any-64", "timeline-poll-64"):
    ROWS.append((call, "instructions", f"{call}.accel", {"drm-syncobj": f"{call}.drm"}))
# Each beside the misc device, and beside few of our own: whether it grows with their number.
for cost, unit in (("register", "instructions"), ("memory", "bytes")):
    for devices in (16, 256, 4096):
        row = f"{cost}-{devices}"
        ROWS.append((row, unit, f"{row}.accel",
                     {"misc": f"{row}.misc", f"{cost}-16": f"{cost}-16.accel"}))


def read_measurements(path):
    """Returns the version of the kernel, and the values by their names."""
    values = {}
    kernel = None
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, value = line.split()
            if name == "kernel":
                kernel = value
            else:
                values[name] = float(value)
    return kernel, values


def compare(values):
    """Returns the rows, each with our value and those of its peers."""
    rows = []
    for name, unit, ours, peers in ROWS:
        rows.append({
            "row": name,
            "unit": unit,
            "ours": values[ours],
            "peers": [{
                "name": peer,
                "value": values[measurement],
                "ratio": round(values[ours] / values[measurement], 3),
            } for peer, measurement in peers.items() if measurement != ours],
        })
    return rows


def main():
    kernel, values = read_measurements(sys.argv[1])
    if abs(values["loop-of-1000"] - 1000) > 10:
        sys.exit("bench_report.py: the guest's clock does not count instructions")
    rows = compare(values)
    for row in rows:
        for peer in row["peers"]:
            print(f"bench: {row['row']} ours={row['ours']:.0f} "
                  f"peer={peer['name']}:{peer['value']:.0f} ratio={peer['ratio']:.2f}")
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump({"schema": SCHEMA, "kernel": kernel, "rows": rows, "measurements": values},
                  file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
