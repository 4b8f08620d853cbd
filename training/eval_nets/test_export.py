"""Untrained networks become graphs that give what torch gives (export refuses otherwise), with a description beside each, small enough to be committed."""

import json

import torch

from training.eval_nets.export import export
from training.eval_nets.features import CLIP_FRAMES, SIZE, Clips, Faces, Reader
from training.eval_nets.film import SIZE as MOUTH
from training.eval_nets.syncnet import Descriptors, SyncNet


def test_every_network_becomes_a_graph(tmp_path):
    torch.manual_seed(0)
    reader = Reader(3)
    pictures = torch.randn(2, 3, SIZE, SIZE)
    export(reader.trunk, {"pictures": pictures}, ["features"], tmp_path / "features", {"name": "f"})
    export(Faces(reader), {"pictures": pictures}, ["descriptor"], tmp_path / "faces", {"name": "a"})
    export(Clips(reader.trunk), {"clip": torch.randn(2, 3, CLIP_FRAMES, SIZE, SIZE)}, ["features"], tmp_path / "clips", {"name": "c"})
    sync = {"pictures": torch.randn(3, 3, 5, MOUTH, MOUTH), "mfcc": torch.randn(3, 1, 13, 20)}
    export(Descriptors(SyncNet()), sync, ["video", "audio"], tmp_path / "syncnet", {"name": "s"})
    for name in ("features", "faces", "clips", "syncnet"):
        assert json.loads((tmp_path / f"{name}.json").read_text())["onnxError"] < 1e-3
        assert (tmp_path / f"{name}.onnx").stat().st_size < 3e6
