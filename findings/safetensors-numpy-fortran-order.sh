#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# safetensors 0.8.0 with NumPy 2.4.6: safetensors.numpy.save() of an array in Fortran order, or
# of a transposed view, writes the bytes in the order of memory beside the shape of C order. What
# is loaded has the right shape and the values in other places. Nothing is raised. The PyTorch
# side of the library refuses what is not contiguous; here np.ascontiguousarray() has to be
# called before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 safetensors==0.8.0
"$folder/venv/bin/python" >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import numpy as np
from safetensors.numpy import load, save

c_order = np.arange(6).reshape(2, 3)
for name, array in (('C', c_order), ('Fortran', np.asfortranarray(c_order)), ('view', c_order.T)):
    back = load(save({'a': array}))['a']
    contiguous = load(save({'a': np.ascontiguousarray(array)}))['a']
    print(name, array.tolist(), back.tolist(), np.array_equal(contiguous, array))
END
if diff - "$folder/seen" <<'END'
C [[0, 1, 2], [3, 4, 5]] [[0, 1, 2], [3, 4, 5]] True
Fortran [[0, 1, 2], [3, 4, 5]] [[0, 3, 1], [4, 2, 5]] True
view [[0, 3], [1, 4], [2, 5]] [[0, 1], [2, 3], [4, 5]] True
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
