#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# OpenVINO 2026.4.1 on a CPU with AVX2 makes numbers of NaN in some activations, so that a model gone
# wrong gives plausible results: Relu gives 0, and HardSigmoid 1. In the reference of onnx 1.23.2, and
# in OpenVINO's own LeakyRelu, Sigmoid and Clip, NaN remains NaN. Of ThresholdedRelu it is the other
# way round.
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


x = np.array([np.nan, -1], np.float32)
for operator in ('Relu', 'HardSigmoid', 'ThresholdedRelu', 'LeakyRelu', 'Sigmoid'):
    show(operator, (y[:1] for y in both(operator, x)))
show('Clip', (y[:1] for y in both('Clip', x, np.float32(0), np.float32(6))))
END
if diff - "$folder/seen" <<'END'
Relu [nan] [0.0]
HardSigmoid [nan] [1.0]
ThresholdedRelu [0.0] [nan]
LeakyRelu [nan] [nan]
Sigmoid [nan] [nan]
Clip [nan] [nan]
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
