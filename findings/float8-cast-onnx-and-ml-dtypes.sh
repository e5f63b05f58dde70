#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# onnx 1.23.2 and ml_dtypes 0.6.0 with NumPy 2.4.6, which onnx builds on, do not agree on what
# float8 is made of a value that is too large. ONNX's Cast saturates, and makes also infinity the
# largest finite value; astype() gives NaN for e4m3fn and infinity for e5m2. For float4 both
# saturate, and NaN becomes -0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 ml_dtypes==0.6.0 onnx==1.23.2
"$folder/venv/bin/python" >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import ml_dtypes
import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def onnx_cast(to, values):
    node = helper.make_node('Cast', ['x'], ['y'], to=to)
    x = helper.make_tensor_value_info('x', TensorProto.FLOAT, [None])
    y = helper.make_tensor_value_info('y', to, [None])
    graph = helper.make_graph([node], 'cast', [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 23)], ir_version=11)
    return ReferenceEvaluator(model).run(None, {'x': values})[0]


values = np.array([1e6, np.inf, -np.inf, np.nan], np.float32)
for to, kind in ((TensorProto.FLOAT8E4M3FN, ml_dtypes.float8_e4m3fn),
                 (TensorProto.FLOAT8E5M2, ml_dtypes.float8_e5m2),
                 (TensorProto.FLOAT4E2M1, ml_dtypes.float4_e2m1fn)):
    print(np.dtype(kind).name, onnx_cast(to, values).tolist(), values.astype(kind).tolist())
END
if diff - "$folder/seen" <<'END'
float8_e4m3fn [448.0, 448.0, -448.0, nan] [nan, nan, nan, nan]
float8_e5m2 [57344.0, 57344.0, -57344.0, nan] [inf, inf, -inf, nan]
float4_e2m1fn [6.0, 6.0, -6.0, -0.0] [6.0, 6.0, -6.0, -0.0]
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
