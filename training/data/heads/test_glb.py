"""Heads out of files: what was written comes back, landmarks are found on a mesh that nobody labelled, bad files are refused with their rule."""

from __future__ import annotations

import json
import struct
from functools import cache
from pathlib import Path

import numpy as np
import pygltflib
import pytest

from training.data.arkit import ARKIT_INDEX, ARKIT_NAMES
from training.data.heads.glb_colours import baked_colours, transformed
from training.data.heads.glb_head import GlbHead, glb_head
from training.data.heads.glb_names import coefficient_of
from training.data.heads.glb_reader import GlbError, read_glb
from training.data.heads.glb_sample import write_glb
from training.data.heads.glb_sheet import FrontSheet
from training.data.heads.landmarks import KEYPOINT_GROUPS, KEYPOINT_INDEX
from training.data.heads.procedural import procedural_head

STILL = np.zeros(6, np.float32)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("glb") / "sample.glb"
    write_glb(procedural_head(7), path)
    return path


@cache
def read_head(path: Path) -> GlbHead:
    return glb_head(path)


def points(head: GlbHead, pose: tuple[float, ...] = (), **values: float) -> dict[str, np.ndarray]:
    coefficients, turned = np.zeros((1, 52), np.float32), np.zeros((1, 6), np.float32)
    turned[0, : len(pose)] = pose
    for name, value in values.items():
        coefficients[0, ARKIT_INDEX[name]] = value
    return dict(zip(KEYPOINT_INDEX, head.keypoints(coefficients, turned)[0], strict=True))


def edited(path: Path, out: Path, change) -> Path:
    gltf = pygltflib.GLTF2.load_binary(str(path))
    change(gltf)
    gltf.save_binary(str(out))
    return out


def without(*names: str):
    """A change that renames shapes to what nobody knows."""

    def change(gltf: pygltflib.GLTF2) -> None:
        for mesh in gltf.meshes:
            if mesh.extras:
                mesh.extras["targetNames"] = [f"other{i}" if name in names else name for i, name in enumerate(mesh.extras["targetNames"])]

    return change


def test_names_of_tools() -> None:
    for name in ("mouthSmileLeft", "MouthSmileLeft", "mouthSmile_L", "Head_BS.mouthSmile_L", "ARKit_mouthSmileLeft", "Mouth Smile.l"):
        assert coefficient_of(name) == ARKIT_INDEX["mouthSmileLeft"], name
    for name in ARKIT_NAMES:
        assert (
            coefficient_of(name.replace("Left", "_L").replace("Right", "_R") if name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight") else name)
            == ARKIT_INDEX[name]
        )
    assert coefficient_of("Brow_Raise_Inner_R") == ARKIT_INDEX["browInnerUp"] and coefficient_of("Eye_L_Look_L") == ARKIT_INDEX["eyeLookOutLeft"]
    assert coefficient_of("V_Explosive") is None and coefficient_of("aa") is None


def test_what_was_written_comes_back(sample: Path) -> None:
    scene = read_glb(sample)
    assert scene.shapes == {name for name in ARKIT_NAMES if np.abs(procedural_head(7).rig.offsets[ARKIT_INDEX[name]]).max() > 1e-5}
    assert {"eyeLeft", "eyeRight"} <= set(scene.bones)
    sides = {int(side) for part in scene.parts for side in np.unique(part.eye)}
    assert sides == {-1, 0, 1}


def test_landmarks_are_where_the_head_has_them(sample: Path) -> None:
    """The file does not hold the keypoints; up to place and size of the head they are found again."""
    found, true = points(read_head(sample)), dict(zip(KEYPOINT_INDEX, procedural_head(7).keypoints(np.zeros((1, 52)), np.zeros((1, 6)))[0], strict=True))
    groups = ("lipsInner", "lipsOuter", "eyeLeft", "eyeRight", "browLeft", "browRight")
    names = [name for group in groups for name in KEYPOINT_GROUPS[group]] + ["noseTip", "chin", "noseRoot"]
    a, b = np.stack([found[name] for name in names]), np.stack([true[name] for name in names])
    scale, shift = np.polyfit(b[:, 1], a[:, 1], 1)  # the file does not say how high the skull is, which sets the unit
    away = np.hypot(a[:, 0] - b[:, 0] * scale, a[:, 1] - b[:, 1] * scale - shift) * 128
    assert away.mean() < 4 and away.max() < 14


def test_the_head_moves_as_its_shapes_say(sample: Path) -> None:
    head = read_head(sample)
    rest = points(head)
    wide = points(head, jawOpen=1)
    assert wide["chin"][1] > rest["chin"][1] + 0.05 and abs(wide["noseTip"][1] - rest["noseTip"][1]) < 0.01
    gap = lambda p: p["lipInner0"][1] - p["lipInner5"][1]  # noqa: E731
    assert gap(wide) > gap(rest) + 0.08 and gap(points(head, jawOpen=0.6, mouthClose=0.6)) < 0.5 * gap(points(head, jawOpen=0.6))
    assert wide["toothLowerMid"][1] > rest["toothLowerMid"][1] + 0.04 and wide["toothUpperLeft"][1] == pytest.approx(rest["toothUpperLeft"][1], abs=1e-4)
    height = lambda p, side: p[f"lid{side}6"][1] - p[f"lid{side}2"][1]  # noqa: E731
    shut = points(head, eyeBlinkLeft=1)
    assert height(shut, "Left") < 0.55 * height(rest, "Left") and height(shut, "Right") == pytest.approx(height(rest, "Right"), abs=1e-3)
    assert points(head, mouthSmileLeft=1)["lipOuter4"][1] < rest["lipOuter4"][1] - 0.01
    assert points(head, browInnerUp=1)["browLeft0"][1] < rest["browLeft0"][1] - 0.01
    look = points(head, eyeLookOutLeft=1)
    assert look["irisLeft"][0] > rest["irisLeft"][0] + 0.01
    turned = points(head, (0.3,))
    assert turned["noseTip"][0] > rest["noseTip"][0] + 0.05 and abs(turned["shoulderLeft"][0] - rest["shoulderLeft"][0]) < 0.05


def test_any_place_size_and_facing_is_the_same_head(sample: Path, tmp_path: Path) -> None:
    def change(gltf: pygltflib.GLTF2) -> None:  # as VRM 0 faces, in centimetres, off the origin
        roots = list(gltf.scenes[0].nodes)
        gltf.nodes.append(
            pygltflib.Node(name="Armature", children=roots, rotation=[0.0, 1.0, 0.0, 0.0], scale=[100.0, 100.0, 100.0], translation=[12.0, 150.0, -30.0])
        )
        gltf.scenes[0].nodes = [len(gltf.nodes) - 1]

    other = glb_head(edited(sample, tmp_path / "turned.glb", change))
    a, b = np.stack(list(points(read_head(sample)).values())), np.stack(list(points(other).values()))
    assert np.abs(a - b).max() * 128 < 2.5 and np.abs(a - b).mean() * 128 < 0.3


def test_refusals_name_file_and_rule(sample: Path, tmp_path: Path) -> None:
    def refused(path: Path) -> str:
        with pytest.raises(GlbError) as caught:
            glb_head(path)
        assert caught.value.file == str(path)
        return caught.value.rule

    assert "cannot be read" in refused(tmp_path / "absent.glb")
    (tmp_path / "text.glb").write_text("this is no head")
    assert "must be glTF 2.0" in refused(tmp_path / "text.glb")
    (tmp_path / "half.glb").write_bytes(sample.read_bytes()[:5000])
    assert "must be glTF 2.0, whole" in refused(tmp_path / "half.glb")
    assert "it lacks jawOpen" in refused(edited(sample, tmp_path / "a.glb", without("jawOpen")))
    assert "it lacks mouthPucker or mouthFunnel" in refused(edited(sample, tmp_path / "b.glb", without("mouthPucker", "mouthFunnel")))

    def draco(gltf: pygltflib.GLTF2) -> None:
        gltf.extensionsRequired = ["KHR_draco_mesh_compression"]

    assert "export it without compression" in refused(edited(sample, tmp_path / "c.glb", draco))

    def swapped(gltf: pygltflib.GLTF2) -> None:
        for mesh in gltf.meshes:
            if mesh.extras:
                sides = {"Left": "Right", "Right": "Left"}
                mesh.extras["targetNames"] = [
                    next((name[: -len(end)] + sides[end] for end in sides if name.endswith(end)), name) for name in mesh.extras["targetNames"]
                ]

    assert "left and right" in refused(edited(sample, tmp_path / "d.glb", swapped))

    def overrun(gltf: pygltflib.GLTF2) -> None:
        gltf.bufferViews[-1].byteOffset = gltf.buffers[0].byteLength

    assert "must" in refused(edited(sample, tmp_path / "e.glb", overrun))


def test_shapes_may_be_named_by_vrm_expressions(sample: Path, tmp_path: Path) -> None:
    """A VRM 0 whose targets have names of their own, bound to ARKit names by blend shape groups."""

    def change(gltf: pygltflib.GLTF2) -> None:
        groups: dict[str, list] = {}
        for number, mesh in enumerate(gltf.meshes):
            for index, name in enumerate((mesh.extras or {}).get("targetNames", [])):
                groups.setdefault(name, []).append({"mesh": number, "index": index, "weight": 100})
            mesh.extras = {}
        gltf.extensions = {"VRM": {"blendShapeMaster": {"blendShapeGroups": [{"name": name, "binds": binds} for name, binds in groups.items()]}}}

    scene = read_glb(edited(sample, tmp_path / "bound.vrm", change))
    assert scene.shapes == read_glb(sample).shapes


def test_sheet_sees_the_nearest_surface() -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    both = np.concatenate([square, square * 0.5 + (0, 0, 0.3)])
    sheet = FrontSheet(both, np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]), (-0.2, -0.2), (1.2, 1.2), 0.02)
    row, column = sheet.nearest(0.25, 0.25)
    assert sheet.place[row, column, 2] == pytest.approx(0.3)
    row, column = sheet.nearest(0.8, 0.8)
    assert sheet.place[row, column, 2] == 0 and sheet.seen.mean() == pytest.approx(1 / 1.4**2, abs=0.06)
    point = sheet.point(row, column)
    np.testing.assert_allclose((both[point.points] * point.shares[:, None]).sum(0), sheet.place[row, column], atol=1e-9)


def test_colours_of_vertices_become_a_texture() -> None:
    colours = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    place, _, uv, triangles, texture, _, _ = baked_colours(np.eye(3, dtype=np.float32), {}, np.array([[0, 1, 2]]), colours, None, np.zeros(3, np.int8))
    size = texture.shape[0]
    for corner in range(3):
        x, y = uv[triangles[0, corner]] * size
        assert (texture[int(size - y), int(x), :3] == colours[corner] * 255).all()
    np.testing.assert_allclose(transformed(np.array([[0.5, 0.25]], np.float32), {"offset": [0.1, 0.2], "scale": [2, 4]}), [[1.1, 1.2]], atol=1e-6)


def test_sample_is_valid_glb(sample: Path) -> None:
    data = sample.read_bytes()
    magic, version, length = struct.unpack("<4sII", data[:12])
    assert (magic, version, length) == (b"glTF", 2, len(data))
    size, kind = struct.unpack("<I4s", data[12:20])
    described = json.loads(data[20 : 20 + size])
    assert kind == b"JSON" and all("min" in described["accessors"][p["attributes"]["POSITION"]] for m in described["meshes"] for p in m["primitives"])
