#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ml_dtypes 0.6.0 with NumPy 2.4.6: where there is a NaN, bfloat16 arrays are not sorted, and
# not equal to themselves in NumPy's test helpers, which take NaN for equal to NaN in float16
# and float32. A test that compares a device's bfloat16 results so fails on correct results.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 ml_dtypes==0.6.0
"$folder/venv/bin/python" >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import ml_dtypes
import numpy as np

for kind in (ml_dtypes.bfloat16, np.float16):
    values = np.array([3, np.nan, 1], kind)
    try:
        np.testing.assert_array_equal(values, values.copy())
        same = 'equal'
    except AssertionError:
        same = 'not equal'
    print(np.dtype(kind).name, [str(value) for value in np.sort(values)], same)
END
if diff - "$folder/seen" <<'END'
bfloat16 ['3', 'nan', '1'] not equal
float16 ['1.0', '3.0', 'nan'] equal
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
