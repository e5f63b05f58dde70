#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# onnxruntime 1.32.0: whether NaN is the largest of some numbers depends on where it is. ReduceMax
# and ArgMax take it if it comes first, and pass it over if not, though the element-wise Max takes
# it always. If it comes first, Unique gives NaN alone, and the numbers are lost; else NaN is. In the
# reference of onnx 1.23.2, NaN is the largest, and unique values are those numbers and NaN.
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


for values in ([1, np.nan, 3], [np.nan, 1, 3]):
    x = np.array(values, np.float32)
    print(values)
    print('ReduceMax', *both('ReduceMax', x, keepdims=0))
    print('ArgMax', *both('ArgMax', x, to=np.int64, axis=0, keepdims=0))
    print('Unique', *(y.tolist() for y in both('Unique', x)))
pair = np.array([1, np.nan], np.float32)
print('Max', *(y.tolist() for y in both('Max', pair, pair[::-1].copy())))
END
if diff - "$folder/seen" <<'END'
[1, nan, 3]
ReduceMax nan 3.0
ArgMax 1 2
Unique [1.0, 3.0, nan] [1.0, 3.0]
[nan, 1, 3]
ReduceMax nan nan
ArgMax 0 0
Unique [1.0, 3.0, nan] [nan]
Max [nan, nan] [nan, nan]
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
