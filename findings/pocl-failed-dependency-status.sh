#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# PoCL 3.0 (package pocl-binary-distribution 3.0, with pyopencl 2026.1.4): when a command waits
# for a user event that is set to an error, its own status is -1, CL_DEVICE_NOT_FOUND by name, and
# so is that of all commands behind it; whatever the error of the event was. Waiting for them gives
# -14, EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST. clFinish() of the queue succeeds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 pyopencl==2026.1.4 pocl-binary-distribution==3.0
POCL_CACHE_DIR=$folder "$folder/venv/bin/python" >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import numpy as np
import pyopencl as cl

platform = next(p for p in cl.get_platforms() if p.name == 'Portable Computing Language')
context = cl.Context(platform.get_devices())
queue = cl.CommandQueue(
    context, properties=cl.command_queue_properties.OUT_OF_ORDER_EXEC_MODE_ENABLE)
buffer = cl.Buffer(context, cl.mem_flags.READ_WRITE, 4096)
for error in (-5, -1000):
    gate = cl.UserEvent(context)
    first = cl.enqueue_fill_buffer(queue, buffer, np.int32(5), 0, 4096, wait_for=[gate])
    second = cl.enqueue_fill_buffer(queue, buffer, np.int32(6), 0, 4096, wait_for=[first])
    queue.flush()
    gate.set_status(error)
    try:
        second.wait()
        waited = 'success'
    except cl.Error as failure:
        waited = failure.code
    print(error, first.command_execution_status, second.command_execution_status, waited)
print('finish', queue.finish())
END
if diff - "$folder/seen" <<'END'
-5 -1 -1 -14
-1000 -1 -1 -14
finish None
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
