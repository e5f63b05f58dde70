#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ml_dtypes 0.6.0 with NumPy 2.4.6: sum() and mean() of bfloat16 add up in bfloat16, one value
# after the other: the sum of 4096 ones is 256, and their mean 0.0625. With NumPy's own float16,
# the sum is 4096, as it adds in pairs, and the mean 1, as it adds in float32. dtype=np.float32
# mends both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 ml_dtypes==0.6.0
"$folder/venv/bin/python" >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import ml_dtypes
import numpy as np

for kind in (ml_dtypes.bfloat16, np.float16):
    ones = np.ones(4096, kind)
    print(np.dtype(kind).name, float(ones.sum()), float(ones.mean()),
          float(ones.mean(dtype=np.float32)))
END
if diff - "$folder/seen" <<'END'
bfloat16 256.0 0.0625 1.0
float16 4096.0 1.0 1.0
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
