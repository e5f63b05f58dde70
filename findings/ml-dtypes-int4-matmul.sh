#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ml_dtypes 0.6.0 with NumPy 2.4.6: the operator @ on int4 or uint4 matrices returns int8
# and wraps at 8 bits, also for uint4, whose products are positive; np.dot() of the same two
# matrices returns int4 and wraps at 4 bits. No warning is given. So neither of them serves as
# the reference for what a matrix engine computes from 4-bit values; with float8, @ returns
# float32. Widen first: a.astype(np.int32) @ b.astype(np.int32).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 ml_dtypes==0.6.0
"$folder/venv/bin/python" >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import ml_dtypes
import numpy as np

for kind, value in ((ml_dtypes.int4, 7), (ml_dtypes.uint4, 15), (ml_dtypes.float8_e4m3fn, 15)):
    a, b = np.full((1, 3), value, kind), np.full((3, 1), value, kind)
    product, dot = a @ b, np.dot(a, b)
    print(kind.__name__, 3 * value * value, product.dtype, product[0, 0], dot.dtype)
print('int4 dot', np.dot(np.full((1, 3), 7, ml_dtypes.int4), np.full((3, 1), 7, ml_dtypes.int4))[0, 0])
wide = np.full((1, 3), 15, ml_dtypes.uint4).astype(np.int32)
print('widened', (wide @ wide.T)[0, 0])
END
if diff - "$folder/seen" <<'END'
int4 147 int8 -109 int4
uint4 675 int8 -93 uint4
float8_e4m3fn 675 float32 675.0 float8_e4m3fn
int4 dot 3
widened 675
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
