#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Gather with an index beyond the end is an error by the specification of ONNX, and in the reference of
# onnx 1.23.2. OpenVINO 2026.4.1 on the CPU gives 0, and says nothing; so it does for GatherND.
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
    """Returns what asks the reference, and what asks OpenVINO."""
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
    return (lambda: ReferenceEvaluator(model).run(None, dict(zip(names, inputs)))[0],
            lambda: compiled(list(inputs))[compiled.outputs[0]])


x = np.array([1, 2, 3], np.float32)
for operator, index in (('Gather', [1]), ('Gather', [3]), ('GatherND', [[1]]), ('GatherND', [[-4]])):
    reference, ours = both(operator, x, np.array(index, np.int64))
    try:
        expected = reference().tolist()
    except IndexError:
        expected = 'IndexError'
    print(operator, index, expected, ours().tolist())
END
if diff - "$folder/seen" <<'END'
Gather [1] [2.0] [2.0]
Gather [3] IndexError [0.0]
GatherND [[1]] [2.0] [2.0]
GatherND [[-4]] IndexError [0.0]
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
