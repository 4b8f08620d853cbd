"""ONNX graphs after export: weights to half precision, and how many operations a run takes."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 256  # numbers; smaller tensors stay in float32


def halve_weights(path: Path) -> None:
    """Stores large float32 initialisers as float16 followed by a Cast, which runtimes fold when they load the graph."""
    model = onnx.load(str(path))
    graph = model.graph
    casts, kept = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST or np.abs(values).max() > 6e4:
            kept.append(tensor)
            continue
        kept.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.f16"))
        casts.append(helper.make_node("Cast", [f"{tensor.name}.f16"], [tensor.name], name=f"{tensor.name}.widen", to=TensorProto.FLOAT))
    nodes = [_half_constant(node) for node in graph.node]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.node[:]
    graph.node.extend(casts + [n for group in nodes for n in group])
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _half_constant(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """A large Constant node becomes a half constant and a Cast."""
    if node.op_type != "Constant" or not node.attribute or node.attribute[0].name != "value":
        return [node]
    tensor = node.attribute[0].t
    values = numpy_helper.to_array(tensor)
    if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST or np.abs(values).max() > 6e4:
        return [node]
    name = node.output[0]
    half = helper.make_node("Constant", [], [f"{name}.f16"], name=f"{node.name}.f16", value=numpy_helper.from_array(values.astype(np.float16)))
    return [half, helper.make_node("Cast", [f"{name}.f16"], [name], name=f"{node.name}.widen", to=TensorProto.FLOAT)]


def gflop(path: Path, inputs: dict[str, list[int]]) -> float:
    """Floating-point operations of one run in units of 1e9: 2 per multiply-add of every Conv, MatMul and Gemm."""
    model = onnx.load(str(path))
    for value in model.graph.input:
        for axis, size in zip(value.type.tensor_type.shape.dim, inputs[value.name]):
            axis.dim_value = size
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output]}
    shapes |= {t.name: list(t.dims) for t in inferred.graph.initializer}
    total = 0.0
    for node in inferred.graph.node:
        if node.op_type not in ("Conv", "MatMul", "Gemm"):
            continue
        out, first, second = (shapes.get(name) for name in (node.output[0], node.input[0], node.input[1]))
        if node.op_type == "Conv" and out and second:
            total += 2 * np.prod(out) * np.prod(second[1:])
        elif node.op_type == "MatMul" and out and first:
            total += 2 * np.prod(out) * first[-1]
        elif node.op_type == "Gemm" and out and first:
            total += 2 * np.prod(out) * first[-1]
        else:
            raise ValueError(f"{path.name}: the shape of {node.name} is not known")
    return float(total) / 1e9
