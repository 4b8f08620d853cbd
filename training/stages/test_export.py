"""Graphs of a pack: halved weights, counted operations, golden files, manifests that the SDK's schemas accept."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import helper, numpy_helper
from safetensors.numpy import load_file
from torch import nn

from training.model.config import Behaviour, Painter
from training.model.decoder import Decoder
from training.model.gca import GatedFusion
from training.stages.codec import Geometry, refit_scale
from training.stages.export import DecoderGraph, Stage, export_graph, stage_entry, write_checked
from training.stages.graphs import gflop, halve_weights

TINY_PACK = Path(__file__).parents[2] / "fixtures/tiny-pack"


def test_refitting_the_scale_keeps_what_is_read_from_the_tokens() -> None:
    torch.manual_seed(9)
    geometry, motion, rest = Geometry(Painter(splat=4)).requires_grad_(False), torch.rand(400, 58) * 0.5, torch.rand(1, 96, 2)
    geometry["embedder"].mean += 0.3
    read = lambda tokens: (geometry["blendshapes"].raw(tokens), *geometry["keypoints"](tokens, rest))  # noqa: E731
    before = read(geometry["embedder"](motion))
    refit_scale(geometry, motion)
    tokens = geometry["embedder"](motion)
    assert float(tokens.mean(0).abs().max()) < 1e-3 and float(tokens.std(0).max()) < 1.01
    for old, new in zip(before, read(tokens)):
        assert torch.allclose(old, new, atol=2e-4)


def test_halved_weights_keep_the_outputs_and_halve_the_file(tmp_path: Path) -> None:
    path, x = tmp_path / "net.onnx", np.random.default_rng(1).standard_normal((3, 64), np.float32)
    weight = np.random.default_rng(2).standard_normal((64, 256), np.float32) / 8
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    value = lambda name, *shape: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)  # noqa: E731
    graph = helper.make_graph([node], "net", [value("x", "N", 64)], [value("y", "N", 256)], [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    size = path.stat().st_size
    halve_weights(path)
    found = onnxruntime.InferenceSession(str(path)).run(["y"], {"x": x})[0]
    assert 0 < np.abs(found - x @ weight).max() < 1e-2
    assert path.stat().st_size < 0.6 * size


@pytest.mark.parametrize("batch", [1, 3])
def test_operations_are_counted_with_a_free_batch(tmp_path: Path, batch: int) -> None:
    net, x, path = nn.Sequential(nn.Conv1d(3, 5, 2), nn.Linear(9, 7)).requires_grad_(False), torch.randn(1, 3, 10), tmp_path / "net.onnx"
    export_graph(Stage("net", net, {"x": x}, ["y"]), path)
    convolution, product = 2 * (5 * 9) * (3 * 2), 2 * (5 * 7) * 9
    assert gflop(path, {"x": x.repeat(batch, 1, 1).numpy()}) * 1e9 == pytest.approx(batch * (convolution + product))


def test_a_stage_has_a_free_batch_and_a_golden_run(tmp_path: Path) -> None:
    sizes = Behaviour(width=32)
    inputs = {"perception": torch.randn(1, 12, 32), "understanding": torch.randn(1, 8, 32), "hbcu": torch.ones(1, 1)}
    stage = Stage("gca", GatedFusion(sizes).requires_grad_(False), inputs, ["f_pu"])
    entry, difference = stage_entry(stage, tmp_path, tmp_path / "gca.onnx", tmp_path / "gca.safetensors")
    assert difference < 2e-3 and entry["gflopPerRun"] > 0
    assert entry["inputs"]["perception"]["shape"] == ["N", 12, 32]
    assert sorted(load_file(tmp_path / "gca.safetensors")) == ["in.hbcu", "in.perception", "in.understanding", "out.f_pu"]
    twice = {k: torch.cat([v, v]).numpy() for k, v in inputs.items()}
    assert onnxruntime.InferenceSession(str(tmp_path / "gca.onnx")).run(None, twice)[0].shape == (2, 12, 32)


def test_a_stage_that_differs_is_refused(tmp_path: Path) -> None:
    stage = Stage("net", nn.Linear(64, 64).requires_grad_(False), {"x": torch.randn(1, 64)}, ["y"], tolerance=1e-9)
    with pytest.raises(ValueError, match="net: ONNX differs"):
        stage_entry(stage, tmp_path, tmp_path / "net.onnx", tmp_path / "net.safetensors")


def test_a_decoder_leaves_the_appearance_out_of_its_golden_file(tmp_path: Path) -> None:
    painter = Painter(size=128, channels=(8, 12, 16, 24), half=8, full=8, splat=4, feature=4, canvas=4)
    shapes = {"reference_rgba": (8, 128, 128), "rest_keypoints": (2, 96, 2), "feature_map": (4, 32, 32), "canvas_map": (4, 64, 64), "code": (128,)}
    inputs = {"tokens": torch.randn(2, 12, 32)} | {k: torch.rand(*shape) for k, shape in shapes.items()}
    stage = Stage("ada/full", DecoderGraph(Decoder(painter).requires_grad_(False)), inputs, ["rgba"], tolerance=1.5, batch="F")
    entry, _ = stage_entry(stage, tmp_path, tmp_path / "d.onnx", tmp_path / "d.safetensors")
    assert sorted(load_file(tmp_path / "d.safetensors")) == ["in.tokens", "out.rgba"]
    assert entry["gflopPerFrame"] > 0 and entry["outputs"]["rgba"] == {"dtype": "int32", "shape": ["F", 128, 128]}


@pytest.mark.parametrize(("file", "schema"), [("manifest.json", "manifest"), ("avatars/ada/avatar.json", "avatar")])
def test_manifests_are_checked_with_the_schemas_of_the_sdk(tmp_path: Path, file: str, schema: str) -> None:
    content = json.loads((TINY_PACK / file).read_text())
    write_checked(tmp_path / "good.json", content, schema)
    assert json.loads((tmp_path / "good.json").read_text()) == content
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        write_checked(tmp_path / "bad.json", content | {"surprise": 1}, schema)
    assert not (tmp_path / "bad.json").exists()
