#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The reference of onnx 1.23.2 computes LogSoftmax as the logarithm of Softmax: what is some 104 or
# more below the largest value gives minus infinity in float32, and all beyond 17 or so in float16,
# of which the true result is an ordinary number. onnxruntime 1.32.0 gives that number.
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


for kind in (np.float32, np.float16):
    for below in (10, 20, 90, 200):
        y = both('LogSoftmax', np.array([below, 0], kind))
        print(np.dtype(kind).name, below, *(float(x[1].round(2)) for x in y))
END
if diff - "$folder/seen" <<'END'
float32 10 -10.0 -10.0
float32 20 -20.0 -20.0
float32 90 -90.0 -90.0
float32 200 -inf -200.0
float16 10 -10.0 -10.0
float16 20 -inf -20.0
float16 90 -inf -90.0
float16 200 -inf -200.0
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
