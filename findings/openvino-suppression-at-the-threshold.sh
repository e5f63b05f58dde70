#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# NonMaxSuppression of two boxes that overlap by just as much as the threshold: the reference of onnx
# 1.23.2 keeps both, as the specification removes what is above it; OpenVINO 2026.4.1 on the CPU
# keeps one, for a threshold of 1 and of a half.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 onnx==1.23.2 \
	openvino==2026.4.1
"$folder/venv/bin/python" -W ignore >"$folder/seen" 2>"$folder/errors" <<'END' || { cat "$folder/errors"; exit 1; }
import numpy as np
import openvino
from onnx import helper
from onnx.reference import ReferenceEvaluator

core = openvino.Core()


def both(operator, *inputs, to=None, outputs=1, **attributes):
    """Returns what the reference makes of the inputs, and what OpenVINO does."""
    names = [f'x{i}' for i in range(len(inputs))]
    kinds = [helper.np_dtype_to_tensor_dtype(x.dtype) for x in inputs]
    values = [helper.make_tensor_value_info(name, kind, x.shape)
              for name, kind, x in zip(names, kinds, inputs)]
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(to)) if to else kinds[0]
    results = [f'y{i}' for i in range(outputs)]
    node = helper.make_node(operator, names, results, **attributes)
    graph = helper.make_graph([node], 'one', values,
                              [helper.make_tensor_value_info(results[0], kind, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 21)], ir_version=10)
    compiled = core.compile_model(core.read_model(model.SerializeToString()), 'CPU')
    return (ReferenceEvaluator(model).run(None, dict(zip(names, inputs)))[0],
            compiled(list(inputs))[compiled.outputs[0]])


def show(name, results):
    print(name, *(y.ravel().tolist() for y in results))


def kept(boxes, threshold):
    boxes = np.array(boxes, np.float32).reshape(1, -1, 4)
    scores = np.array([[[0.9, 0.8]]], np.float32)
    return (y.shape[0] for y in both('NonMaxSuppression', boxes, scores, np.array([5], np.int64),
                                     np.array([threshold], np.float32), np.zeros(1, np.float32),
                                     to=np.int64))


print('the same box, 1', *kept([0, 0, 1, 1, 0, 0, 1, 1], 1))
print('half of it, 0.5', *kept([0, 0, 1, 2, 0, 0, 1, 1], 0.5))
print('half of it, 0.51', *kept([0, 0, 1, 2, 0, 0, 1, 1], 0.51))
END
if diff - "$folder/seen" <<'END'
the same box, 1 2 1
half of it, 0.5 2 1
half of it, 0.51 2 2
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
