"""Tests of heads: every coefficient moves the right points, keypoints lie on their parts, alpha is sane.

They run on the procedural heads always, and on the asset-based heads where `ECHO_HEAD_ASSETS` (default: the folder
`../shared/head-assets` beside the repository) and a compiled file exist or can be made.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from training.data.arkit import ARKIT_INDEX, ARKIT_NAMES
from training.data.heads.assets import load_assets
from training.data.heads.camera import clip_matrix, project
from training.data.heads.head import Head
from training.data.heads.identity import HEROES, sample_identity
from training.data.heads.landmarks import KEYPOINT_GROUPS, KEYPOINT_NAMES
from training.data.heads.light import sample_light
from training.data.heads.procedural import procedural_head
from training.data.heads.renderer import Renderer
from training.data.heads.rig import PART_NAMES, PosedHead

_ROOT = Path(__file__).resolve().parents[3]
_ASSETS = Path(os.environ.get("ECHO_HEAD_ASSETS", _ROOT.parent / "shared/head-assets"))
_COMPILED = Path(os.environ.get("ECHO_HEADS", _ROOT / "build/heads.npz"))
_HEADS = ["procedural:0", "procedural:1", *(f"hero:{name}" for name in HEROES), "sample:5", "sample:11"]


@cache
def compiled():
    """The compiled assets; compiles them beside the build folder's file when only the raw ones are there."""
    if not _COMPILED.exists():
        if not _ASSETS.exists():
            pytest.skip("no head assets here")
        from training.data.heads.compile import compile_assets

        _COMPILED.parent.mkdir(parents=True, exist_ok=True)
        np.savez(_COMPILED, **compile_assets(_ASSETS, None))
    return load_assets(_COMPILED)


@cache
def head_of(key: str) -> PosedHead:
    """A head by test key."""
    kind, name = key.split(":")
    if kind == "procedural":
        return procedural_head(int(name))
    assets = compiled()
    identity = HEROES[name] if kind == "hero" else sample_identity(int(name))
    if identity.skin not in assets.names("texture/skin"):
        pytest.skip("this skin is not in the compiled file")
    return Head(assets, identity)


@cache
def renderer() -> Renderer:
    """One renderer for all tests."""
    try:
        return Renderer(256)
    except Exception as error:
        pytest.skip(f"no OpenGL here: {error}")


@pytest.fixture(params=_HEADS)
def head(request: pytest.FixtureRequest) -> PosedHead:
    return head_of(request.param)


def points(head: PosedHead, pose: tuple[float, ...] = (), **values: float) -> dict[str, np.ndarray]:
    """Keypoints by name for some coefficients and the first pose entries."""
    c, p = np.zeros((1, 52), np.float32), np.zeros((1, 6), np.float32)
    for name, value in values.items():
        c[0, ARKIT_INDEX[name]] = value
    p[0, : len(pose)] = pose
    return dict(zip(KEYPOINT_NAMES, head.keypoints(c, p)[0], strict=True))


def mean_y(found: dict[str, np.ndarray], names: tuple[str, ...]) -> float:
    return float(np.mean([found[name][1] for name in names]))


def opening(found: dict[str, np.ndarray]) -> float:
    """Height of the lip opening in the picture."""
    inner = [found[name] for name in KEYPOINT_GROUPS["lipsInner"]]
    middle = sorted(inner, key=lambda point: abs(point[0] - found["noseTip"][0]))[:2]
    return float(abs(middle[0][1] - middle[1][1]))


def lid_gap(found: dict[str, np.ndarray], side: str) -> float:
    ys = [found[f"lid{side}{index}"][1] for index in range(8)]
    return float(max(ys) - min(ys))


def test_names() -> None:
    assert len(KEYPOINT_NAMES) == len(set(KEYPOINT_NAMES)) == 96
    assert len(ARKIT_NAMES) == 52
    assert len(PART_NAMES) == 9


def test_shapes_and_types(head: PosedHead) -> None:
    found = head.keypoints(np.zeros((3, 52)), np.zeros((3, 6)))
    assert found.shape == (3, 96, 2) and found.dtype == np.float32
    assert np.isfinite(found).all()
    vertices = head.vertices(np.zeros(52), np.zeros(6))
    assert vertices.dtype == np.float32 and vertices.shape == head.rig.neutral.shape


def test_every_coefficient_moves_something(head: PosedHead) -> None:
    rest = head.vertices(np.zeros(52), np.zeros(6))
    for index, name in enumerate(ARKIT_NAMES):
        c = np.zeros(52, np.float32)
        c[index] = 1
        if name == "mouthClose":
            c[ARKIT_INDEX["jawOpen"]] = 1
            without = c.copy()
            without[index] = 0
            rest_here = head.vertices(without, np.zeros(6))
        else:
            rest_here = rest
        assert np.abs(head.vertices(c, np.zeros(6)) - rest_here).max() > 0.003, name


def test_keypoints_agree_with_single_frames(head: PosedHead) -> None:
    rng = np.random.default_rng(4)
    c, p = rng.uniform(0, 0.6, (5, 52)).astype(np.float32), rng.normal(0, 0.1, (5, 6)).astype(np.float32)
    together = head.keypoints(c, p)
    alone = np.concatenate([head.keypoints(c[i : i + 1], p[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(together, alone, atol=2e-5)


def test_jaw_opens_down_and_mouth_close_shuts(head: PosedHead) -> None:
    rest, wide = points(head), points(head, jawOpen=1)
    assert wide["chin"][1] > rest["chin"][1] + 0.05
    assert opening(wide) > opening(rest) + 0.08
    assert abs(wide["noseTip"][1] - rest["noseTip"][1]) < 0.01
    assert wide["toothLowerMid"][1] > rest["toothLowerMid"][1] + 0.04
    assert abs(wide["toothUpperLeft"][1] - rest["toothUpperLeft"][1]) < 0.01
    assert opening(points(head, jawOpen=0.6, mouthClose=0.6)) < 0.45 * opening(points(head, jawOpen=0.6))


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_blink_shuts_one_eye(head: PosedHead, side: str) -> None:
    other = "Right" if side == "Left" else "Left"
    rest, shut = points(head), points(head, **{f"eyeBlink{side}": 1})
    assert lid_gap(shut, side) < 0.62 * lid_gap(rest, side)
    assert abs(lid_gap(shut, other) - lid_gap(rest, other)) < 0.1 * lid_gap(rest, other)
    assert lid_gap(points(head, **{f"eyeWide{side}": 1}), side) > lid_gap(rest, side)


def test_smile_widens_and_lifts(head: PosedHead) -> None:
    rest, smile = points(head), points(head, mouthSmileLeft=1, mouthSmileRight=1)
    outer = KEYPOINT_GROUPS["lipsOuter"]
    left = max(outer, key=lambda name: rest[name][0])
    right = min(outer, key=lambda name: rest[name][0])
    assert smile[left][0] - smile[right][0] > rest[left][0] - rest[right][0] + 0.01
    assert smile[left][1] < rest[left][1] and smile[right][1] < rest[right][1]
    alone = points(head, mouthSmileLeft=1)
    assert rest[left][1] - alone[left][1] > 3 * abs(rest[right][1] - alone[right][1])
    pucker = points(head, mouthPucker=1)
    assert pucker[left][0] - pucker[right][0] < rest[left][0] - rest[right][0] - 0.01
    assert points(head, mouthFrownLeft=1)[left][1] > rest[left][1]


def test_brows_and_gaze(head: PosedHead) -> None:
    rest = points(head)
    assert points(head, browInnerUp=1)["browLeft0"][1] < rest["browLeft0"][1] - 0.005
    assert points(head, browDownLeft=1)["browLeft1"][1] > rest["browLeft1"][1] + 0.003
    assert points(head, browOuterUpRight=1)["browRight4"][1] < rest["browRight4"][1] - 0.003
    look = points(head, eyeLookOutLeft=1, eyeLookInRight=1)
    assert look["irisLeft"][0] > rest["irisLeft"][0] + 0.01 and look["irisRight"][0] > rest["irisRight"][0] + 0.01
    assert points(head, eyeLookUpLeft=1)["irisLeft"][1] < rest["irisLeft"][1] - 0.01
    assert points(head, eyeLookDownRight=1)["irisRight"][1] > rest["irisRight"][1] + 0.01


def test_pose_signs(head: PosedHead) -> None:
    rest = points(head)
    shoulder = rest["shoulderLeft"]
    yaw, pitch, roll = points(head, (0.3,)), points(head, (0, 0.3)), points(head, (0, 0, 0.3))
    assert yaw["noseTip"][0] > rest["noseTip"][0] + 0.05
    assert pitch["noseTip"][1] < rest["noseTip"][1] - 0.05
    assert roll["foreheadMid"][0] > rest["foreheadMid"][0] + 0.05 and roll["earLeft"][1] > rest["earLeft"][1]
    for turned in (yaw, pitch, roll):
        assert np.abs(turned["shoulderLeft"] - shoulder).max() < 0.05
    moved = points(head, (0, 0, 0, 0.1, 0.05, 0))
    assert moved["chin"][0] > rest["chin"][0] + 0.08 and moved["shoulderLeft"][1] < shoulder[1] - 0.03
    assert points(head, (0, 0, 0, 0, 0, 0.3))["contourLeft0"][0] > rest["contourLeft0"][0]


def test_lips_are_one_ring_in_order(head: PosedHead) -> None:
    ring = np.array([points(head, jawOpen=0.5)[name] for name in KEYPOINT_GROUPS["lipsInner"]])
    centre = ring.mean(0)
    turn = np.unwrap(np.arctan2(ring[:, 1] - centre[1], ring[:, 0] - centre[0]))
    assert (np.diff(turn) < 0.05).all() and abs(abs(turn[-1] - turn[0]) - 2 * np.pi * 0.9) < 0.9


def _parts_near(parts: np.ndarray, place: np.ndarray, reach: int) -> set[int]:
    column, row = ((place + 1) * parts.shape[0] / 2).astype(int)
    return {int(v) for v in np.unique(parts[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1])}


def test_keypoints_lie_on_their_parts(head: PosedHead) -> None:
    c = np.zeros(52, np.float32)
    c[ARKIT_INDEX["jawOpen"]] = 0.5
    parts = renderer().render(head, c, np.zeros(6, np.float32)).parts
    found = points(head, jawOpen=0.5)
    for name in (*KEYPOINT_GROUPS["lipsOuter"], *KEYPOINT_GROUPS["lipsInner"]):
        assert 2 in _parts_near(parts, found[name], 3), name
    for side in ("Left", "Right"):
        assert 5 in _parts_near(parts, found[f"iris{side}"], 1)
        assert {1, 6} & _parts_near(parts, found[f"lid{side}2"], 3)
    for name in ("noseTip", "noseBridge", "chin", "cheekLeft0", "cheekRight1", "philtrum"):
        assert 1 in _parts_near(parts, found[name], 2), name
    for name in ("shoulderLeft", "shoulderRight", "neckLeft"):
        assert 8 in _parts_near(parts, found[name], 3), name
    inside = {3, 4} & set(np.unique(parts).tolist())
    assert inside == {3, 4}


def test_render_alpha_and_parts(head: PosedHead) -> None:
    shot = renderer().render(head, np.zeros(52, np.float32), np.zeros(6, np.float32))
    assert shot.rgba.shape == (256, 256, 4) and shot.rgba.dtype == np.uint8 and shot.parts.shape == (256, 256)
    alpha, parts = shot.rgba[..., 3], shot.parts
    assert (alpha[:4] == 0).all() and (alpha[:, :2][:120] == 0).all()
    assert (alpha[parts == 0] > 200).mean() < 0.02
    assert (alpha[(parts == 1) | (parts == 2) | (parts == 5)] > 230).mean() > 0.98
    assert set(np.unique(parts)) <= set(range(9)) and {1, 2, 5, 6, 8} <= set(np.unique(parts).tolist())
    face = np.flatnonzero((parts[:, 96:160] == 1).any(1))
    assert 0.3 < (face.max() - face.min()) / 256 < 0.85
    assert shot.rgba[parts == 1][:, :3].std() > 3


def test_straight_alpha_keeps_colour_at_soft_edges(head: PosedHead) -> None:
    rgba = renderer().render(head, np.zeros(52, np.float32), np.zeros(6, np.float32)).rgba
    soft = (rgba[..., 3] > 40) & (rgba[..., 3] < 200)
    solid = rgba[..., 3] > 250
    if soft.sum() > 20:
        assert rgba[soft][:, :3].mean() > 0.35 * np.percentile(rgba[solid][:, :3].mean(1), 5)


def test_same_input_same_pixels_and_light_matters(head: PosedHead) -> None:
    c, p = np.zeros(52, np.float32), np.zeros(6, np.float32)
    first = renderer().render(head, c, p)
    again = renderer().render(head, c, p)
    assert (first.rgba == again.rgba).all() and (first.parts == again.parts).all()
    other = renderer().render(head, c, p, sample_light(3))
    assert np.abs(other.rgba[..., :3].astype(int) - first.rgba[..., :3]).mean() > 0.5
    assert (other.parts == first.parts).all()


def test_projection_agrees_with_the_gpu_matrix() -> None:
    place = np.random.default_rng(1).uniform(-0.6, 0.6, (20, 3)).astype(np.float32)
    clip = np.concatenate([place, np.ones((20, 1), np.float32)], 1) @ clip_matrix().T
    screen = clip[:, :2] / clip[:, 3:]
    np.testing.assert_allclose(project(place), screen * (1, -1), atol=1e-5)


def test_sampled_identities_are_balanced_and_repeatable() -> None:
    people = [sample_identity(seed) for seed in range(240)]
    assert sample_identity(17) == sample_identity(17)
    assert sum(person.sex == "female" for person in people) == 120
    for ethnicity in ("african", "asian", "caucasian"):
        assert sum(max(person.ethnicity, key=lambda name: person.ethnicity[name]) == ethnicity for person in people) == 80
    ages = np.array([person.age for person in people])
    assert (ages < 0.25).mean() > 0.3 and (ages > 0.5).mean() > 0.1 and ages.min() >= 0


def test_sampled_identities_use_only_what_is_compiled() -> None:
    assets = compiled()
    for seed in range(60):
        person = sample_identity(seed)
        assert set(person.target_weights()) <= set(assets.target_names)
        assert person.brows in assets.names("part/brows") and person.teeth in assets.names("part/teeth")
        assert not person.hair or person.hair in assets.names("part/hair")
