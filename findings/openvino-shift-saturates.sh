#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# OpenVINO 2026.4.1 on the CPU saturates in BitShift to the left: a uint8 of 200 by 1 is 255. In the
# reference of onnx 1.23.2, as in all languages with fixed-width integers, bits that do not fit are
# lost, and it is 144.
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


x = np.array([1, 100, 200, 255], np.uint8)
for by in (1, 7):
    show(by, both('BitShift', x, np.full(4, by, np.uint8), direction='LEFT'))
END
if diff - "$folder/seen" <<'END'
1 [2, 200, 144, 254] [2, 200, 255, 255]
7 [128, 0, 0, 128] [128, 255, 255, 255]
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
