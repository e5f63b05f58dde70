#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The reference of onnx 1.23.2 normalises, with LRN, only as many channels as there are items in the
# batch, and gives the others as they were: with one item the first channel, with two the first two.
# OpenVINO 2026.4.1 normalises all, as the specification says.
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


for items in (1, 2):
    x = np.tile(np.array([1, 2, 3, 4], np.float32), items).reshape(items, 4, 1, 1)
    for y in both('LRN', x, size=3, alpha=1.0, beta=1.0, bias=1.0):
        print(items, (y == x).ravel().tolist())
END
if diff - "$folder/seen" <<'END'
1 [False, True, True, True]
1 [False, False, False, False]
2 [False, False, True, True, False, False, True, True]
2 [False, False, False, False, False, False, False, False]
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
