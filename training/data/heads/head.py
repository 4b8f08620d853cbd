"""Builds a posable head from compiled assets and an identity."""

from __future__ import annotations

import numpy as np

from ..arkit import ARKIT_INDEX, ARKIT_NAMES
from .assets import HeadAssets, PartMesh
from .identity import Identity
from .landmarks import KEYPOINT_INDEX, KEYPOINT_NAMES
from .rig import Eye, PosedHead, Rig, Surface

_BODY_LABEL = 8
_PART_LABELS = {"eyes": 5, "teeth": 3, "tongue": 4, "brows": 6, "lashes": 6, "hair": 7}
_PART_KINDS = {"eyes": "eye", "teeth": "tooth", "tongue": "tongue", "brows": "card", "lashes": "card", "hair": "card"}
_UPPER_TEETH_DROP = 0.017
_LID_RANGE = 1.5
_FADE_FROM, _FADE_OVER = -1.42, 0.12


class Head(PosedHead):
    """One person, ready to be posed and rendered. Units are head heights; see `camera.py` for the axes."""

    def __init__(self, assets: HeadAssets, identity: Identity) -> None:
        self.identity = identity
        if identity.skin not in assets.names("texture/skin"):
            raise ValueError(f"identity {identity.name}: skin {identity.skin} is not in the compiled assets; compile them with --small (see README.md)")
        shape = assets["base/vertices"].copy()
        for name, weight in identity.target_weights().items():
            index, offset = assets.target(name)
            shape[index] += weight * offset
        moves = np.zeros((len(ARKIT_NAMES), *shape.shape), np.float32)
        for row, name in enumerate(ARKIT_NAMES):
            index, offset = assets.target(f"arkit/{name}")
            moves[row, index] = offset
        for side in ("left", "right"):
            moves[:, assets[f"base/eye_{side}"]] = 0

        parts = _parts_of(assets, identity)
        keypoints = assets["keypoints/base"]
        chin, crown = shape[keypoints[KEYPOINT_INDEX["chin"]], 1], shape[np.unique(assets["body/source"]), 1].max()
        eye_centres = [shape[assets[f"base/eye_{side}"]].mean(0) for side in ("left", "right")]
        origin = np.array([0, 0.5 * (chin + crown), 0.5 * (eye_centres[0][2] + eye_centres[1][2]) - 0.1], np.float32)
        unit = np.float32(crown - chin)

        points, offsets, share = [shape], [moves], [assets["base/head_share"]]
        starts: list[int] = []
        total = len(shape)
        for part in parts:
            starts.append(total)
            total += len(part.fitting.refs)
            points.append(part.fitting.place(shape))
            carried_moves = np.stack([part.fitting.carry(move) for move in moves])
            if part.category == "lashes":
                _root_lashes(carried_moves, points[-1], moves, shape, assets)
            elif part.category == "teeth":
                points[-1][part.fitting.refs.min(1) >= assets["base/upper_teeth"].min(), 1] -= _UPPER_TEETH_DROP * unit
            elif part.category == "tongue":
                carried_moves[ARKIT_INDEX["jawOpen"]] += np.array([0, -0.09, -0.04], np.float32)
            offsets.append(carried_moves)
            carried = part.fitting.carry(assets["base/head_share"])
            share.append(np.ones_like(carried) if part.category in ("eyes", "teeth", "tongue") else carried)
        neutral = (np.concatenate(points) - origin) / unit
        moved = np.concatenate(offsets, 1) / unit
        joints = {name: ((shape[assets[f"base/{name}"]].mean(0) - origin) / unit) for name in ("joint_head", "joint_neck")}
        pivot = 0.4 * joints["joint_neck"] + 0.6 * joints["joint_head"]

        eyes = self._eyes(assets, neutral, parts, starts, [(centre - origin) / unit for centre in eye_centres])
        _close_lids(neutral, moved, assets)
        surfaces = [self._body(assets, neutral), self._cloth(assets, neutral, joints["joint_neck"])]
        surfaces += [self._part(assets, part, start, neutral) for part, start in zip(parts, starts, strict=True)]
        rig = Rig(neutral, moved, np.concatenate(share), pivot, eyes)
        super().__init__(identity.name, rig, surfaces, self._keypoint_points(assets, parts, starts, neutral, eyes))

    @staticmethod
    def _eyes(assets: HeadAssets, neutral: np.ndarray, parts: list[PartMesh], starts: list[int], centres: list[np.ndarray]) -> tuple[Eye, Eye]:
        number = next(index for index, part in enumerate(parts) if part.category == "eyes")
        balls = np.arange(len(parts[number].fitting.refs)) + starts[number]
        soft = [np.unique(assets["body/source"])]
        soft += [np.arange(len(part.fitting.refs)) + start for part, start in zip(parts, starts, strict=True) if part.category == "lashes"]
        soft_points = np.concatenate(soft)
        eyes = []
        for centre, side in zip(centres, (1, -1), strict=True):
            own = balls[neutral[balls, 0] * side > 0]
            radius = float(np.percentile(np.linalg.norm(neutral[own] - centre, axis=1), 60)) * 1.03
            arm = neutral[soft_points] - centre
            distance = np.linalg.norm(arm, axis=1)
            lids = soft_points[(distance < _LID_RANGE * radius) & (distance > 0.9 * radius) & (arm[:, 2] > 0.15 * radius)]
            eyes.append(Eye(own, lids, centre.astype(np.float32), radius, side))
        return eyes[0], eyes[1]

    def _body(self, assets: HeadAssets, neutral: np.ndarray) -> Surface:
        source, triangles, label = assets["body/source"], assets["body/triangles"], assets["body/label"].copy()
        height = neutral[source, 1]
        low = (assets["base/head_share"][source][triangles].mean(1) < 0.62) & (label == 1)
        label[low] = _BODY_LABEL
        return Surface(
            "body", "skin", source, assets["body/uv"], triangles, label, assets["body/shade"],
            ((height - _FADE_FROM) / _FADE_OVER).astype(np.float32), assets.texture(f"skin/{self.identity.skin}"), self.identity.skin_gain,
        )

    def _cloth(self, assets: HeadAssets, neutral: np.ndarray, neck: np.ndarray) -> Surface:
        source, triangles = assets["cloth/source"], assets["cloth/triangles"]
        place = neutral[source]
        collar = neck[1] + 0.06 - 0.42 * (place[:, 2] - neck[2]) - 0.05 * np.abs(place[:, 0])
        fade = np.minimum(0.5 + (collar - place[:, 1]) / 0.012, (place[:, 1] - _FADE_FROM) / _FADE_OVER)
        shade = np.clip(0.72 + (collar - place[:, 1]) * 3, 0.72, 1)
        return Surface(
            "cloth", "cloth", source, place[:, :2].astype(np.float32), triangles, np.full(len(triangles), _BODY_LABEL, np.uint8),
            shade.astype(np.float32), fade.astype(np.float32), np.full((1, 1, 4), 255, np.uint8), tuple(v**2.2 for v in self.identity.cloth),
        )

    def _part(self, assets: HeadAssets, part: PartMesh, start: int, neutral: np.ndarray) -> Surface:
        source = part.source.astype(np.int64) + start
        place = neutral[source]
        shade = np.ones(len(source), np.float32)
        texture_name = {"eyes": f"eyes/{self.identity.eyes}", "teeth": "teeth/teeth"}.get(part.category, f"{part.category}/{part.name}")
        if part.category == "teeth":
            front = place[:, 2].max()
            shade = np.clip(1.0 - (front - place[:, 2]) * 3.6, 0.12, 1)
        elif part.category == "tongue":
            front = place[:, 2].max()
            shade = np.clip(0.78 - (front - place[:, 2]) * 2.2, 0.1, 0.78)
        fade = _trimmed_fringe(place, self._brow_height(assets, neutral)) if part.category == "hair" else np.ones(len(source), np.float32)
        texture = assets.texture(texture_name)
        if texture_name == "eyes/brown":
            texture = _less_red(texture)
        tint = {"tongue": (0.72, 0.62, 0.66), "teeth": (1.16, 1.08, 0.95)}.get(part.category, (1.0, 1.0, 1.0))
        if part.category in ("hair", "brows"):
            gain = 1.0 if part.category == "hair" else 0.8
            texture = _tinted(texture, self.identity.hair_tint, gain, part.category == "brows")
        return Surface(
            part.category, _PART_KINDS[part.category], source, part.uv, part.triangles.astype(np.int32),
            np.full(len(part.triangles), _PART_LABELS[part.category], np.uint8), shade.astype(np.float32), fade, texture, tint,
        )

    @staticmethod
    def _brow_height(assets: HeadAssets, neutral: np.ndarray) -> float:
        brows = [assets["keypoints/base"][KEYPOINT_INDEX[f"brow{side}2"]] for side in ("Left", "Right")]
        return float(neutral[brows, 1].mean())

    @staticmethod
    def _keypoint_points(assets: HeadAssets, parts: list[PartMesh], starts: list[int], neutral: np.ndarray, eyes: tuple[Eye, Eye]) -> np.ndarray:
        points = assets["keypoints/base"].astype(np.int64).copy()
        begin = {part.category: start for part, start in zip(parts, starts, strict=True)}
        for index, (name, vertex) in enumerate(zip(KEYPOINT_NAMES, assets["keypoints/part"], strict=True)):
            if vertex >= 0:
                points[index] = vertex + begin["tongue" if name == "tongueTip" else "teeth"]
        for eye, name in zip(eyes, ("irisLeft", "irisRight"), strict=True):
            arm = neutral[eye.points] - eye.centre
            points[KEYPOINT_INDEX[name]] = eye.points[(np.hypot(arm[:, 0], arm[:, 1]) - 0.5 * arm[:, 2]).argmin()]
        return points


def _parts_of(assets: HeadAssets, identity: Identity) -> list[PartMesh]:
    eyes = assets.names("part/eyes")[0]
    wanted = [("eyes", eyes), ("teeth", identity.teeth), ("tongue", assets.names("part/tongue")[0]), ("brows", identity.brows), ("lashes", identity.lashes)]
    if identity.hair and identity.hair in assets.names("texture/hair"):
        wanted.append(("hair", identity.hair))
    return [assets.part(category, name) for category, name in wanted]


def _tinted(texture: np.ndarray, tint: tuple[float, float, float], gain: float, flat: bool) -> np.ndarray:
    """Recolours a hair texture: its light and dark strands stay, its mean colour becomes `tint` (sRGB)."""
    grey = texture[..., :3].astype(np.float32) @ np.array([0.3, 0.59, 0.11], np.float32)
    weight = texture[..., 3].astype(np.float32) + 1e-3
    mean = float((grey * weight).sum() / weight.sum()) + 4
    spread = float(np.sqrt((weight * (grey - mean) ** 2).sum() / weight.sum())) + 4
    relief = np.full_like(grey, 1.0) if flat else np.clip(1 + 0.34 * (grey - mean) / spread, 0.55, 2.2)
    colour = np.clip(relief[..., None] * np.asarray(tint, np.float32) * 255 * gain, 0, 255)
    return np.concatenate([colour.astype(np.uint8), texture[..., 3:]], 2)


def _trimmed_fringe(place: np.ndarray, brow_height: float) -> np.ndarray:
    """Opacity (unclamped, so that it runs straight across triangles) that ends hair in front of the face at the brows, so that no style covers an eye; hair at the sides stays."""
    above = (place[:, 1] - brow_height - 0.02) / 0.02
    aside = (np.abs(place[:, 0]) - 0.228) / 0.012
    behind = (0.02 - place[:, 2]) / 0.03
    return (0.5 + np.maximum(np.maximum(above, aside), behind)).astype(np.float32)


def _root_lashes(carried: np.ndarray, lashes: np.ndarray, moves: np.ndarray, shape: np.ndarray, assets: HeadAssets) -> None:
    """Makes lashes follow the edge of their lid for every shape but those of the lids themselves, which carry them already."""
    own = [row for row, name in enumerate(ARKIT_NAMES) if not name.startswith("eye") or name.startswith("eyeSquint")]
    for side, sign in (("left", 1), ("right", -1)):
        ring = assets[f"base/lid_{side}"]
        members = np.flatnonzero(lashes[:, 0] * sign > 0)
        middle = shape[ring][:, 1].mean()
        for upper in (True, False):
            edge = ring[(shape[ring][:, 1] > middle) == upper]
            group = members[(lashes[members, 1] > middle) == upper]
            near = 1 / (np.abs(lashes[group, None, 0] - shape[edge][None, :, 0]) + 0.004) ** 2
            near /= near.sum(1, keepdims=True)
            for row in own:
                carried[row, group] = near @ moves[row, edge]


def _less_red(texture: np.ndarray) -> np.ndarray:
    """The brown eye texture with its red iris turned to a natural brown."""
    pixels = texture[..., :3].astype(np.float32)
    grey = pixels.mean(-1, keepdims=True)
    iris = np.clip((pixels[..., :1] - pixels[..., 1:2] - 18) / 30, 0, 1)
    mixed = pixels * (1 - iris) + iris * grey * np.array([1.75, 1.02, 0.62], np.float32)
    return np.concatenate([np.clip(mixed, 0, 255).astype(np.uint8), texture[..., 3:]], -1)


def _close_lids(neutral: np.ndarray, moved: np.ndarray, assets: HeadAssets) -> None:
    """Scales the blink offsets so that at 1 the upper lid's edge meets the lower one for this person's eye."""
    for name in ("left", "right"):
        row = ARKIT_INDEX[f"eyeBlink{name.capitalize()}"]
        ring = assets[f"base/lid_{name}"]
        place, shift = neutral[ring], moved[row, ring]
        middle = np.abs(place[:, 0] - place[:, 0].mean()) < 0.35 * np.ptp(place[:, 0])
        upper = middle & (place[:, 1] > place[:, 1].mean())
        lower = middle & ~upper
        gap = place[upper, 1].mean() - place[lower, 1].mean()
        closing = shift[lower, 1].mean() - shift[upper, 1].mean()
        moved[row] *= np.clip(gap / max(float(closing), 1e-6), 0.75, 1.7)
