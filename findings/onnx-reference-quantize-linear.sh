#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The reference of onnx 1.23.2: QuantizeLinear saturates values up to those of int32, and makes of
# larger ones the smallest value: 3e9 becomes 0 in uint8, and -128 in int8. By the specification it
# saturates; onnxruntime 1.32.0 does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
"$folder/venv/bin/python" -W ignore >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import numpy as np
import onnxruntime
from onnx import helper
from onnx.reference import ReferenceEvaluator


def both(operator, *inputs, to=None, **attributes):
    """Returns what the reference makes of the inputs, and what onnxruntime does."""
    names = [f'x{i}' for i in range(len(inputs))]
    kinds = [helper.np_dtype_to_tensor_dtype(x.dtype) for x in inputs]
    values = [helper.make_tensor_value_info(name, kind, x.shape)
              for name, kind, x in zip(names, kinds, inputs)]
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(to)) if to else kinds[0]
    result = helper.make_tensor_value_info('y', kind, None)
    node = helper.make_node(operator, names, ['y'], **attributes)
    model = helper.make_model(helper.make_graph([node], 'one', values, [result]),
                              opset_imports=[helper.make_opsetid('', 21)], ir_version=10)
    feed = dict(zip(names, inputs))
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=['CPUExecutionProvider'])
    return ReferenceEvaluator(model).run(None, feed)[0], session.run(None, feed)[0]


x = np.array([200, 2e9, 3e9, -3e9], np.float32)
for kind in (np.uint8, np.int8, np.int16):
    y = both('QuantizeLinear', x, np.array(1, np.float32), np.array(0, kind), to=kind)
    print(np.dtype(kind).name, *(z.tolist() for z in y))
END
if diff - "$folder/seen" <<'END'
uint8 [200, 255, 0, 0] [200, 255, 255, 0]
int8 [127, 127, -128, -128] [127, 127, 127, -128]
int16 [200, 32767, -32768, -32768] [200, 32767, 32767, -32768]
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
