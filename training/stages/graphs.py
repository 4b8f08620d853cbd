"""ONNX graphs after export: weights to half precision, how many operations a run takes, the pictures of a run."""

import math
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
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


def gflop(path: Path, inputs: dict[str, np.ndarray]) -> float:
    """Floating-point operations of one run in units of 1e9: 2 per multiply-add of every Conv, MatMul and Gemm.

    Shapes are those of a real run on `inputs`, so a free batch axis cannot hide any. Raises ValueError where one has a zero.
    """
    model = onnx.load(str(path))
    counted = [node for node in model.graph.node if node.op_type in ("Conv", "MatMul", "Gemm")]
    shapes = {name: value.shape for name, value in inputs.items()} | {t.name: tuple(t.dims) for t in model.graph.initializer}
    present = {output.name for output in model.graph.output}
    needed = dict.fromkeys(name for node in counted for name in (node.output[0], *node.input[:2]) if name not in shapes)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in needed if name not in present)
    if needed:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        shapes |= {name: value.shape for name, value in zip(needed, session.run(list(needed), inputs))}
    total = 0
    for node in counted:
        out, first, second = (shapes[name] for name in (node.output[0], *node.input[:2]))
        if 0 in out:
            raise ValueError(f"{path.name}: {node.name} gives an empty tensor {out}")
        turned = node.op_type == "Gemm" and any(a.name == "transA" and a.i for a in node.attribute)
        inner = math.prod(second[1:]) if node.op_type == "Conv" else first[0 if turned else -1]
        total += 2 * math.prod(out) * inner
    return total / 1e9


def rgba_bytes(words: np.ndarray) -> np.ndarray:
    """A decoder's `rgba`, int32 [F,H,W] -> uint8 [F,H,W,4] of the same memory."""
    return np.ascontiguousarray(words, "<i4").view(np.uint8).reshape(*words.shape, 4)
