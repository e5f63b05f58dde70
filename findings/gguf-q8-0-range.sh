#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# gguf 0.19.0: the scale of a block of Q8_0 is a float16, of 1/127 of the block's largest value.
# So the format has a range, and a narrow one: below about 8e-3, that scale is a subnormal number,
# and 8 bits do not give 8 bits of precision any more; 1e-5 comes back a quarter too small, and
# 1e-6 as 0. Above 8.3e6, the scale is infinity, and all others of the block come back as NaN.
# Nothing warns but NumPy, of overflow. Halves are rounded away from zero, not to even as NumPy does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 gguf==0.19.0
"$folder/venv/bin/python" -W ignore >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import numpy as np
from gguf import GGMLQuantizationType, quants


def there_and_back(*values):
    block = np.zeros(32, np.float32)
    block[:len(values)] = values
    kind = GGMLQuantizationType.Q8_0
    return quants.dequantize(quants.quantize(block, kind), kind)[:len(values)]


for value in (1, 1e-2, 1e-4, 1e-5, 1e-6, 8e6):
    print(value, '%.2f' % (there_and_back(value)[0] / np.float32(value)))
print('1e7', *there_and_back(1e7, 1))
print('halves', *there_and_back(127, 0.5, 1.5, 2.5, -0.5))
END
if diff - "$folder/seen" <<'END'
1 1.00
0.01 1.00
0.0001 0.98
1e-05 0.76
1e-06 0.00
8000000.0 1.00
1e7 inf nan
halves 127.0 1.0 2.0 3.0 -1.0
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
