#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# OpenVINO 2026.4.1 on the CPU begins a maximum with the lowest finite number of float32. So the maximum
# of minus infinity alone is -3.4e38, of MaxPool as of ReduceMax, and so is that of no elements at
# all. In the reference of onnx 1.23.2 all are minus infinity. The element-wise Max keeps it in both.
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


x = np.full(2, -np.inf, np.float32)
show('MaxPool', both('MaxPool', x.reshape(1, 1, 1, 2), kernel_shape=[1, 2]))
show('ReduceMax', both('ReduceMax', x, keepdims=0))
show('ReduceMax of nothing', both('ReduceMax', np.zeros(0, np.float32), keepdims=0))
show('Max', both('Max', x, x))
END
if diff - "$folder/seen" <<'END'
MaxPool [-inf] [-3.4028234663852886e+38]
ReduceMax [-inf] [-3.4028234663852886e+38]
ReduceMax of nothing [-inf] [-3.4028234663852886e+38]
Max [-inf, -inf] [-inf, -inf]
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
