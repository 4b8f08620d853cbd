"""`python -m training.avatar create` from end to end at the smallest scale, and what it refuses."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image
from safetensors.numpy import load_file

from training.avatar.__main__ import EXIT_INPUT, ROOT, main
from training.avatar.create import id_of
from training.avatar.fit import windows_of
from training.avatar.pictures import marked
from training.avatar.poses import everyday_motion, fitting_motion
from training.data.arkit import ARKIT_INDEX
from training.data.heads.glb_sample import write_glb
from training.data.heads.landmarks import KEYPOINT_INDEX
from training.data.heads.procedural import procedural_head
from training.data.heads.renderer import Renderer
from training.stages.codec import EYE, LIPS, MOUTH
from training.stages.graphs import rgba_bytes

PACK = ROOT / "models/echo-nano"


@pytest.fixture(scope="module")
def glb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "Sam's Head.glb"
    write_glb(procedural_head(1), path)
    return path


def test_ids() -> None:
    assert id_of("Sam's Head") == "sam-s-head" and id_of("__") == "avatar" and id_of("Ärger 2") == "rger-2"


def test_motion_is_sane() -> None:
    motion = fitting_motion(3, 200)
    assert motion.shape == (200, 58) and motion[:, :52].min() >= 0 and motion[:, :52].max() <= 1 and np.abs(motion[:, 52:]).max() <= 0.6
    assert (motion == fitting_motion(3, 200)).all()
    everyday = everyday_motion(np.random.default_rng(1), 500)
    look = [everyday[:, ARKIT_INDEX[name]] for name in ("eyeLookOutLeft", "eyeLookInRight")]
    assert (look[0] == look[1]).all() and (everyday[:, ARKIT_INDEX["mouthClose"]] <= everyday[:, ARKIT_INDEX["jawOpen"]] + 1e-6).all()


def test_mouth_and_eyes_are_marked_where_they_are() -> None:
    head = procedural_head(0)
    still = np.zeros(52, np.float32)
    try:
        parts = Renderer(256).render(head, still, np.zeros(6, np.float32)).parts
    except Exception as error:
        pytest.skip(f"no OpenGL here: {error}")
    points = head.keypoints(still[None], np.zeros((1, 6)))[0]
    drawn = marked(np.where(parts > 0, 1, 0).astype(np.uint8), points)
    column, row = ((points[KEYPOINT_INDEX["irisLeft"]] + 1) * 128).astype(int)
    assert drawn[row, column] == EYE and (drawn[parts == 0] == 0).all()
    inside = (drawn == LIPS) | (drawn == MOUTH)
    assert inside[parts == 2].mean() > 0.6
    for _, (top, left, side) in windows_of(points, 64):
        assert 0 <= top <= 64 - side and 0 <= left <= 64 - side


def test_create_writes_an_avatar_whose_graph_runs(glb: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    code = main(["create", "--glb", str(glb), "--pack", str(PACK), "--out", str(out), "--minutes", "0.05", "--name", "Sam", "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert code == 0 and "result" in lines[-1], lines[-1]
    assert {line["stage"] for line in lines if "stage" in line} == {"head", "pictures", "movement", "look", "files"}
    avatar = json.loads((out / "avatar.json").read_text())
    assert (avatar["id"], avatar["displayName"]) == ("sam-s-head", "Sam")
    entries = [avatar["reference"], avatar["appearance"], avatar["decoders"]["full"], avatar["decoders"]["full"]["golden"]]
    for entry in entries:
        data = (out / Path(entry["file"]).name).read_bytes()
        assert entry["file"] == f"avatars/sam-s-head/{Path(entry['file']).name}" and hashlib.sha256(data).hexdigest() == entry["sha256"]
    appearance = load_file(str(out / "appearance.safetensors"))
    identity = load_file(str(PACK / "avatars/ada/appearance.safetensors"))["identity"]
    np.testing.assert_array_equal(appearance["identity"], identity)  # behaviour is untouched
    session = onnxruntime.InferenceSession(str(out / "decoder-full.onnx"), providers=["CPUExecutionProvider"])
    golden = load_file(str(out / "golden-full.safetensors"))
    inputs = {item.name: golden["in.tokens"] if item.name == "tokens" else appearance[item.name].astype(np.float32) for item in session.get_inputs()}
    rgba = rgba_bytes(session.run(["rgba"], inputs)[0])
    assert np.abs(rgba.astype(int) - rgba_bytes(golden["out.rgba"]).astype(int)).mean() < 1.5
    reference = np.asarray(Image.open(out / "reference.png"))
    overlap = ((rgba[0, ..., 3] > 127) & (reference[..., 3] > 127)).sum() / ((rgba[0, ..., 3] > 127) | (reference[..., 3] > 127)).sum()
    assert overlap > 0.8  # three seconds teach no face, but it is this head's outline
    figures = avatar["card"]["figures"]
    assert (
        figures["keypointPixels"] < 4
        and figures["pictures"] >= 50
        and figures["motionSpace"] == json.loads((PACK / "manifest.json").read_text())["behaviour"]["blendshape-head"]["sha256"]
    )


def test_refusals(glb: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*arguments: str) -> dict:
        assert main(["create", "--out", str(tmp_path / "out"), "--json", *arguments]) == EXIT_INPUT
        assert not (tmp_path / "out").exists()
        return json.loads(capsys.readouterr().out.splitlines()[-1])["error"]

    bad = tmp_path / "bad.glb"
    bad.write_bytes(b"no head")
    assert refused("--glb", str(bad), "--pack", str(PACK)) == {"file": str(bad), "rule": refused("--glb", str(bad), "--pack", str(PACK))["rule"]}
    assert "manifest.json" in refused("--glb", str(glb), "--pack", str(tmp_path))["file"]
    assert 'must have the avatar "nobody"' in refused("--glb", str(glb), "--pack", str(PACK), "--like", "nobody")["rule"]
    assert "geometry.pt" in refused("--glb", str(glb), "--pack", str(PACK), "--checkpoints", str(tmp_path))["file"]
    foreign = refused("--glb", str(glb), "--pack", str(ROOT / "fixtures/tiny-pack"))
    assert "must be what the pack" in foreign["rule"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("mine")
    assert main(["create", "--glb", str(glb), "--out", str(tmp_path / "full")]) == EXIT_INPUT and (tmp_path / "full/thesis.txt").exists()
