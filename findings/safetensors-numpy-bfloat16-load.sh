#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# safetensors 0.8.0 with NumPy 2.4.6 and ml_dtypes 0.6.0: safetensors.numpy writes arrays of
# bfloat16 and of float8, and load() of the same bytes raises KeyError, with the name of the
# type. complex64 goes both ways. So a file of weights that was written with NumPy may need
# another library to be read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 ml_dtypes==0.6.0 safetensors==0.8.0
"$folder/venv/bin/python" >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import ml_dtypes
import numpy as np
from safetensors.numpy import load, save

for kind in (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2, np.complex64):
    written = save({'a': np.ones(2, kind)})
    try:
        print(np.dtype(kind).name, load(written)['a'].dtype)
    except KeyError as error:
        print(np.dtype(kind).name, 'KeyError', error)
END
if diff - "$folder/seen" <<'END'
bfloat16 KeyError 'BF16'
float8_e4m3fn KeyError 'F8_E4M3'
float8_e5m2 KeyError 'F8_E5M2'
complex64 complex64
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
