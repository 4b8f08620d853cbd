"""Shapes that an ONNX graph computes though they are known are written into it.

Where the batch is free PyTorch writes a chain of Shape, Gather, Unsqueeze and Concat nodes for most reshapes and cuts: half the nodes of the generator.
Each of them costs microseconds in every run. What such a chain gives is seen in runs on two sizes of batch.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

BATCHES = (2, 3)
VIEWS = ("Reshape", "Unsqueeze", "Squeeze", "Flatten")
"""Nodes that give the same numbers in another shape."""


def write_shapes(path: Path, inputs: dict[str, np.ndarray], free: list[str]) -> None:
    """Makes constants of what the graph computes from shapes alone, and one Reshape of each chain of views. `free` are the inputs whose first axis is the batch."""
    model = onnx.load(str(path))
    graph = model.graph
    computed = _of_shapes(graph)
    views = [node.output[0] for node in graph.node if node.op_type in VIEWS and node.output[0] not in computed]
    feeds = ({k: np.repeat(v[:1], batch, 0) if k in free else v for k, v in inputs.items()} for batch in BATCHES)
    first, second = (_run(model, [*computed, *views], feed) for feed in feeds)
    known = {name: first[name] for name in computed if np.array_equal(first[name], second[name])}
    shapes = {name: shape for name in views if (shape := _shape(first[name].shape, second[name].shape)) is not None}
    roots: dict[str, str] = {}  # what a view is a view of
    for node in graph.node:
        name = node.output[0]
        if name in shapes:
            roots[name] = roots.get(node.input[0], node.input[0])
            node.CopyFrom(helper.make_node("Reshape", [roots[name], f"{name}.shape"], [name], name=node.name))
            graph.initializer.append(numpy_helper.from_array(shapes[name], f"{name}.shape"))
        elif name not in computed:
            node.input[:] = [f"{value}.known" if value in known else value for value in node.input]
    graph.initializer.extend(numpy_helper.from_array(value, f"{name}.known") for name, value in known.items())
    _drop_unused(graph)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _of_shapes(graph: onnx.GraphProto) -> dict[str, None]:
    """The names of all that depends on nothing but shapes."""
    fixed = {tensor.name for tensor in graph.initializer} | {name for node in graph.node if node.op_type == "Constant" for name in node.output}
    names: dict[str, None] = {}
    for node in graph.node:  # they are in order
        if node.op_type == "Shape" or (any(name in names for name in node.input) and all(name in names or name in fixed for name in node.input if name)):
            names |= dict.fromkeys(node.output)
    return names


def _run(model: onnx.ModelProto, names: list[str], inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Values of a run that are no outputs of the graph."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    present = {output.name for output in probe.graph.output}
    probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in present)
    session = onnxruntime.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, inputs))) if names else {}


def _shape(first: tuple[int, ...], second: tuple[int, ...]) -> np.ndarray | None:
    """A shape for every batch, with -1 where it grows with the batch; None where that is in more than one place."""
    grows = [a != b for a, b in zip(first, second)]
    return np.array([-1 if grown else size for grown, size in zip(grows, first)], np.int64) if sum(grows) < 2 else None


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Leaves out nodes and constants that no output needs."""
    needed, kept = {output.name for output in graph.output}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    constants = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(constants)
