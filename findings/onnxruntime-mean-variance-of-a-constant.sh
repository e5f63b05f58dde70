#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# onnxruntime 1.32.0: MeanVarianceNormalization of values that are all the same is NaN. The operator's
# definition as a function has a small number in the divisor, so that the result is 0, which is what
# the reference of onnx 1.23.2 gives. InstanceNormalization, whose divisor has one, gives 0 in both.
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


x = np.full((1, 1, 1, 2), 3, np.float32)
print('MeanVarianceNormalization', *(y.ravel().tolist() for y in both('MeanVarianceNormalization', x)))
scale, bias = np.ones(1, np.float32), np.zeros(1, np.float32)
print('InstanceNormalization', *(y.ravel().tolist() for y in both('InstanceNormalization', x, scale, bias)))
END
if diff - "$folder/seen" <<'END'
MeanVarianceNormalization [0.0, 0.0] [nan, nan]
InstanceNormalization [0.0, 0.0] [0.0, 0.0]
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
