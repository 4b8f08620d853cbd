"""A graph with written shapes computes none, and gives the same on every batch."""

from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from training.stages.export import Stage, export_graph


class Reshaping(nn.Module):
    """What PyTorch exports with chains of Shape, Gather and Concat."""

    def forward(self, x: Tensor, scale: Tensor) -> Tensor:
        n, rows, width = x.shape
        low, high = x.reshape(n * rows, 2, width // 2).transpose(1, 2).flatten(1).chunk(2, dim=1)
        return (low + high).reshape(n, rows, -1)[:, :, None, None] * scale[:, None, None, :, None]


@pytest.mark.parametrize("batch", [1, 5])
def test_shapes_are_constants_that_hold_for_every_batch(tmp_path: Path, batch: int) -> None:
    torch.manual_seed(1)
    path = tmp_path / "net.onnx"
    export_graph(Stage("net", Reshaping(), {"x": torch.randn(1, 3, 8), "scale": torch.randn(1, 2)}, ["y"]), path)
    assert {node.op_type for node in onnx.load(str(path)).graph.node}.isdisjoint({"Shape", "Unsqueeze", "Gather", "Concat"})
    x, scale = torch.randn(batch, 3, 8), torch.randn(batch, 2)
    found = onnxruntime.InferenceSession(str(path)).run(["y"], {"x": x.numpy(), "scale": scale.numpy()})[0]
    assert torch.equal(torch.from_numpy(found), Reshaping()(x, scale))
