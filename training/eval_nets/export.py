"""A graph with its description beside it, as docs/eval.md says."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn


def export(net: nn.Module, inputs: dict[str, torch.Tensor], outputs: list[str], path: Path, description: dict) -> None:
    """Writes `<path>.onnx` and `<path>.json`; refuses a graph that differs from torch by more than 1e-3."""
    net.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.with_suffix(".onnx")
    axes = {name: {0: "N"} for name in [*inputs, *outputs]}
    torch.onnx.export(
        net, tuple(inputs.values()), str(file), input_names=list(inputs), output_names=outputs, dynamic_axes=axes, opset_version=17, dynamo=False
    )
    with torch.no_grad():
        expected = net(*inputs.values())
    expected = expected if isinstance(expected, tuple) else (expected,)
    found = onnxruntime.InferenceSession(str(file)).run(None, {name: value.numpy() for name, value in inputs.items()})
    worst = max(float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, found, strict=True))
    if worst > 1e-3:
        raise RuntimeError(f"{file.name} differs from torch by {worst}")
    path.with_suffix(".json").write_text(json.dumps({**description, "onnxError": worst}, indent=1) + "\n")
    print(f"{file}: {file.stat().st_size / 1e6:.2f} MB, differs from torch by {worst:.1e}", flush=True)


def over_background(rgba: np.ndarray, background: tuple[int, int, int] = (214, 217, 222)) -> np.ndarray:
    """uint8 [N, H, W, 4] with straight alpha -> float32 [N, 3, H, W] in -1..1 over the background of our MP4s."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    rgb = rgba[..., :3].astype(np.float32) * alpha + np.asarray(background, np.float32) * (1 - alpha)
    return np.ascontiguousarray((rgb / 127.5 - 1).transpose(0, 3, 1, 2))
