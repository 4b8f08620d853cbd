"""A linear face rig with gaze, lid and pose: what every kind of head (asset-based or procedural) shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arkit import ARKIT_INDEX
from .camera import project, turn

GAZE_RADIANS = np.radians(30.0)
"""Eye rotation at a look coefficient of 1."""

PART_NAMES = ("background", "skin", "lips", "teeth", "mouth", "eye", "brow", "hair", "body")
"""Meaning of the values of a part mask."""


@dataclass(frozen=True)
class Surface:
    """One drawable part of a head.

    source [n] rig points behind the render vertices, uv [n,2], triangles [k,3] of render vertices, label [k] part number,
    shade [n] baked light 0..1, fade [n] opacity 0..1, texture RGBA [h,w,4] uint8, tint linear RGB gain,
    kind `skin`, `eye`, `tooth`, `tongue`, `card` (alpha-blended hair, brows, lashes) or `cloth`.
    """

    name: str
    kind: str
    source: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    label: np.ndarray
    shade: np.ndarray
    fade: np.ndarray
    texture: np.ndarray
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Eye:
    """One eyeball: its points, centre, radius, and the lid points that must stay outside it. Side is +1 for left, -1 for right."""

    points: np.ndarray
    lids: np.ndarray
    centre: np.ndarray
    radius: float
    side: int


def effective(coefficients: np.ndarray) -> np.ndarray:
    """Coefficients [t,52] after the rules that keep combinations sane: closed lids do not also widen or squint, `mouthClose`
    closes no more than the jaw has opened, the tongue comes out only through an open mouth."""
    c = np.clip(np.asarray(coefficients, np.float32), 0, 1).copy()
    at = ARKIT_INDEX
    for side in ("Left", "Right"):
        blink = c[:, at[f"eyeBlink{side}"]]
        c[:, at[f"eyeWide{side}"]] *= 1 - blink
        c[:, at[f"eyeSquint{side}"]] *= 1 - 0.85 * blink
        c[:, at[f"cheekSquint{side}"]] *= 1 - 0.5 * blink
    jaw = c[:, at["jawOpen"]]
    c[:, at["mouthClose"]] = np.minimum(c[:, at["mouthClose"]], jaw)
    c[:, at["tongueOut"]] *= np.clip(0.12 + 3.5 * jaw, 0, 1)
    return c


class Rig:
    """Neutral points [n,3], 52 offsets [52,n,3] (world units), head share [n], pivot [3] and two eyes."""

    def __init__(self, neutral: np.ndarray, offsets: np.ndarray, share: np.ndarray, pivot: np.ndarray, eyes: tuple[Eye, Eye]) -> None:
        self.neutral = np.ascontiguousarray(neutral, np.float32)
        self.offsets = np.ascontiguousarray(offsets, np.float32)
        self.share = np.asarray(share, np.float32)
        self.pivot = np.asarray(pivot, np.float32)
        self.eyes = eyes
        self._mobile = np.flatnonzero(np.abs(self.offsets).max((0, 2)) > 1e-5)
        self._mobile_offsets = np.ascontiguousarray(self.offsets[:, self._mobile]).reshape(len(self.offsets), -1)

    def subset(self, points: np.ndarray) -> Rig:
        """The same rig for some of its points only [m]."""

        def inside(members: np.ndarray) -> np.ndarray:
            return np.flatnonzero(np.isin(points, members))

        eyes = tuple(Eye(inside(eye.points), inside(eye.lids), eye.centre, eye.radius, eye.side) for eye in self.eyes)
        return Rig(self.neutral[points], self.offsets[:, points], self.share[points], self.pivot, eyes)  # type: ignore[arg-type]

    def posed(self, coefficients: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """World points [t,n,3] float32 for coefficients [t,52] and poses [t,6]."""
        c = effective(coefficients)
        points = np.repeat(self.neutral[None], len(c), 0)
        points[:, self._mobile] += self._blend(c).reshape(len(c), len(self._mobile), 3)
        for eye in self.eyes:
            self._gaze(points, c, eye)
            self._lids(points, eye)
        return turn(points, self.share, self.pivot, np.asarray(pose, np.float32)).astype(np.float32)

    def _blend(self, c: np.ndarray) -> np.ndarray:
        if len(c) > 4:
            return c @ self._mobile_offsets
        out = np.zeros((len(c), self._mobile_offsets.shape[1]), np.float32)
        for row, frame in zip(out, c, strict=True):
            for index in np.flatnonzero(frame):
                row += frame[index] * self._mobile_offsets[index]
        return out

    def _gaze(self, points: np.ndarray, c: np.ndarray, eye: Eye) -> None:
        if not len(eye.points):
            return
        name = "Left" if eye.side > 0 else "Right"
        outward = c[:, ARKIT_INDEX[f"eyeLookOut{name}"]] - c[:, ARKIT_INDEX[f"eyeLookIn{name}"]]
        up = c[:, ARKIT_INDEX[f"eyeLookUp{name}"]] - c[:, ARKIT_INDEX[f"eyeLookDown{name}"]]
        pose = np.zeros((len(c), 6), np.float32)
        pose[:, 0] = GAZE_RADIANS * eye.side * outward
        pose[:, 1] = GAZE_RADIANS * 0.8 * up
        points[:, eye.points] = turn(points[:, eye.points], np.ones(len(eye.points), np.float32), eye.centre, pose)

    def _lids(self, points: np.ndarray, eye: Eye) -> None:
        """Pushes lid points that would sink into the eyeball back to its surface."""
        if not len(eye.lids):
            return
        arm = points[:, eye.lids] - eye.centre
        distance = np.linalg.norm(arm, axis=-1, keepdims=True)
        rest = np.linalg.norm(self.neutral[eye.lids] - eye.centre, axis=-1)[:, None]
        least = np.minimum(rest, eye.radius)
        points[:, eye.lids] = eye.centre + arm * np.maximum(least / np.maximum(distance, 1e-6), 1)


class PosedHead:
    """What a renderer and a trainer need of any head: a rig, its surfaces, and 96 keypoints."""

    def __init__(self, name: str, rig: Rig, surfaces: list[Surface], keypoints: np.ndarray) -> None:
        self.name = name
        self.rig = rig
        self.surfaces = surfaces
        self._keypoint_rig = rig.subset(keypoints)

    def vertices(self, coefficients: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """World points [n,3] of all parts for one frame: coefficients [52], pose [6]."""
        return self.rig.posed(np.asarray(coefficients)[None], np.asarray(pose)[None])[0]

    def keypoints(self, coefficients: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Picture coordinates [t,96,2] float32 (x right, y down, -1..1) for coefficients [t,52] and poses [t,6]."""
        return project(self._keypoint_rig.posed(coefficients, pose))
