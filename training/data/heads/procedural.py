"""A small head made entirely of formulas, so that smoke training and tests run without any asset.

It has the same rig, surfaces, part labels and 96 keypoints as the asset-based heads, with far simpler looks: an ellipsoid
face with a slit for the mouth, ball eyes with dome lids, tooth strips, a tongue, brows, a hair cap, a neck and shoulders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arkit import ARKIT_NAMES
from .landmarks import KEYPOINT_GROUPS, KEYPOINT_NAMES
from .procedural_shapes import BRUSHES, EYE, EYE_RADIUS, MOUTH, face_depth, lid_point
from .rig import Eye, PosedHead, Rig, Surface

_ROWS = np.concatenate([np.linspace(-0.5, -0.36, 6), np.linspace(-0.33, MOUTH[1], 5), np.linspace(MOUTH[1] + 0.015, -0.2, 5), np.linspace(-0.17, 0.5, 20)])
_COLUMNS = 41
_SLIT_ROW = 10


@dataclass(frozen=True)
class ProceduralLook:
    """Colours (sRGB 0..1) and proportions of a procedural head."""

    name: str
    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    iris: tuple[float, float, float]
    cloth: tuple[float, float, float]
    width: float = 1.0
    long_hair: bool = False


LOOKS: dict[str, ProceduralLook] = {
    "pat": ProceduralLook("pat", (0.80, 0.60, 0.50), (0.30, 0.18, 0.10), (0.25, 0.45, 0.60), (0.20, 0.35, 0.45), 1.0, True),
    "sam": ProceduralLook("sam", (0.45, 0.29, 0.22), (0.08, 0.07, 0.07), (0.28, 0.17, 0.10), (0.55, 0.25, 0.20), 0.93, False),
}
"""Two made-up people; `sample_look` makes more."""


def sample_look(seed: int) -> ProceduralLook:
    """A procedural person by number."""
    rng = np.random.default_rng((seed, 31337))
    tone = float(rng.uniform(0.35, 1.0))
    skin = tuple(tone * channel for channel in (0.85, 0.64, 0.53))
    hair, iris, cloth = (tuple(float(v) for v in rng.uniform(low, high, 3)) for low, high in ((0.04, 0.4), (0.12, 0.6), (0.1, 0.8)))
    return ProceduralLook(f"made{seed:03d}", skin, hair, iris, cloth, float(rng.uniform(0.88, 1.06)), bool(rng.random() < 0.5))


class _Builder:
    """Collects points with a region name each, and surfaces over them."""

    def __init__(self) -> None:
        self.points: list[np.ndarray] = []
        self.regions: list[str] = []
        self.surfaces: list[Surface] = []
        self.names: dict[str, int] = {}
        self.count = 0

    def add(self, points: np.ndarray, region: str) -> np.ndarray:
        self.points.append(points.astype(np.float32))
        self.regions += [region] * len(points)
        self.count += len(points)
        return np.arange(self.count - len(points), self.count)

    def surface(self, name: str, kind: str, source: np.ndarray, triangles: np.ndarray, label: np.ndarray | int, colour: tuple[float, float, float],
                shade: float | np.ndarray = 1.0, uv: np.ndarray | None = None, texture: np.ndarray | None = None) -> None:
        count = len(source)
        if texture is None:
            texture = np.empty((2, 2, 4), np.uint8)
            texture[:] = (*(int(255 * channel) for channel in colour), 255)
        labels = np.broadcast_to(np.asarray(label, np.uint8), (len(triangles),)).copy()
        shades = np.broadcast_to(np.asarray(shade, np.float32), (count,)).copy()
        self.surfaces.append(Surface(name, kind, source.astype(np.int64), np.full((count, 2), 0.5, np.float32) if uv is None else uv,
                                     triangles.astype(np.int32), labels, shades, np.ones(count, np.float32), texture))


def _grid(rows: int, columns: int, keep: np.ndarray | None = None) -> np.ndarray:
    """Triangles [k,3] of a rows x columns grid whose normals face +z when columns run to +x and rows to +y."""
    row, column = (axis.ravel() for axis in np.mgrid[: rows - 1, : columns - 1])
    if keep is not None:
        row, column = row[keep[row]], column[keep[row]]
    a = row * columns + column
    return np.concatenate([np.stack([a, a + 1, a + columns + 1], 1), np.stack([a, a + columns + 1, a + columns], 1)])


def build_procedural(look: ProceduralLook) -> PosedHead:
    """A posable procedural head."""
    made = _Builder()
    _add_face(made, look)
    _add_mouth(made)
    eyes = [_add_eye(made, look, side) for side in (1, -1)]
    _add_brows(made, look)
    _add_hair(made, look)
    _add_bust(made, look)
    points = np.concatenate(made.points)
    regions = np.array(made.regions)
    offsets = np.zeros((len(ARKIT_NAMES), len(points), 3), np.float32)
    for row, name in enumerate(ARKIT_NAMES):
        for brush in BRUSHES[name]:
            offsets[row] += brush.apply(points, regions)
    _sew_mouth_sides(points, regions, offsets)
    points[:, 0] *= look.width
    offsets[..., 0] *= look.width
    share = np.clip((points[:, 1] + 0.78) / 0.3, 0, 1)
    share[np.isin(regions, ("hair", "ball+", "ball-"))] = 1.0
    made_eyes = []
    for side, (ball, lids) in zip((1, -1), eyes, strict=True):
        centre = np.array([side * EYE[0] * look.width, EYE[1], EYE[2]], np.float32)
        made_eyes.append(Eye(ball, lids, centre, EYE_RADIUS * 1.04, side))
    rig = Rig(points, offsets, share, np.array([0, -0.42, -0.3], np.float32), (made_eyes[0], made_eyes[1]))
    return PosedHead(look.name, rig, made.surfaces, np.array([made.names[name] for name in KEYPOINT_NAMES]))


def _sew_mouth_sides(points: np.ndarray, regions: np.ndarray, offsets: np.ndarray) -> None:
    """Makes the two halves of the face move alike beside the mouth, where they are one skin."""
    lower = np.flatnonzero(regions == "lower").reshape(-1, _COLUMNS)[::-1]
    upper = np.flatnonzero(regions == "upper").reshape(-1, _COLUMNS)
    beside = np.clip((np.abs(points[lower[0], 0]) / MOUTH[0] - 0.85) / 0.15, 0, 1)[None, :, None]
    middle = 0.5 * (offsets[:, lower[0]] + offsets[:, upper[0]])
    fixes = [middle - offsets[:, half[0]] for half in (lower, upper)]
    for half, fix in zip((lower, upper), fixes, strict=True):
        for row in range(8):
            offsets[:, half[row]] += fix * beside * np.float32(1 - row / 8)


def _add_face(made: _Builder, look: ProceduralLook) -> None:
    """Front of the face as a grid whose mouth row is doubled; the halves only touch there, so the mouth can open."""
    side = np.linspace(-1, 1, _COLUMNS)
    lower_rows, upper_rows = _ROWS[: _SLIT_ROW + 0], _ROWS[_SLIT_ROW - 1 :].copy()
    upper_rows[0] = lower_rows[-1]
    ids: dict[str, np.ndarray] = {}
    places: dict[str, np.ndarray] = {}
    for region, rows in (("lower", lower_rows), ("upper", upper_rows)):
        x, y = np.meshgrid(side, rows)
        x = x * 0.35 * np.sqrt(np.clip(1 - (y / 0.535) ** 2, 0.02, 1))
        flat = np.stack([x.ravel(), y.ravel(), face_depth(x.ravel(), y.ravel())], 1)
        ids[region], places[region] = made.add(flat, region), flat
        triangles = _grid(len(rows), _COLUMNS)
        centre = flat[triangles].mean(1)
        lip = (np.abs(centre[:, 1] - MOUTH[1]) < 0.045 * np.sqrt(np.clip(1 - (centre[:, 0] / MOUTH[0]) ** 2, 0, 1)))
        made.surface(f"{region} face", "skin", ids[region], triangles[~lip], 1, look.skin)
        red = tuple(min(1.0, channel * gain) for channel, gain in zip(look.skin, (0.95, 0.62, 0.62), strict=True))
        made.surface(f"{region} lip", "skin", ids[region], triangles[lip], 2, red)

    def near(region: str, x: float, y: float) -> int:
        return int(ids[region][np.hypot(places[region][:, 0] - x, places[region][:, 1] - y).argmin()])

    for names, height in (("lipsOuter", 0.045), ("lipsInner", 0.0)):
        ring = KEYPOINT_GROUPS[names]
        for index, name in enumerate(ring):
            turn = -np.pi / 2 + 2 * np.pi * index / len(ring)
            lower = np.sin(turn) < -1e-6
            made.names[name] = near("lower" if lower else "upper", MOUTH[0] * np.cos(turn), MOUTH[1] + height * np.sin(turn))
    spots = {
        "noseRoot": (0, 0.06), "noseBridge": (0, -0.0), "noseTip": (0, -0.1), "noseBase": (0, -0.16), "philtrum": (0, -0.2),
        "noseWingLeft": (0.06, -0.12), "cheekLeft0": (0.17, -0.1), "cheekLeft1": (0.2, -0.25), "foreheadMid": (0, 0.24), "hairlineMid": (0, 0.33),
        "foreheadLeft": (0.15, 0.24), "hairlineLeft": (0.12, 0.32), "earLeft": (0.35, -0.02),
    }
    spots |= {f"contourLeft{i}": (x, y) for i, (x, y) in enumerate(((0.33, 0.02), (0.32, -0.1), (0.3, -0.2), (0.25, -0.32), (0.18, -0.41), (0.1, -0.47)))}
    for name, (x, y) in spots.items():
        made.names[name] = near("upper" if y > MOUTH[1] else "lower", x, y)
        made.names[name.replace("Left", "Right")] = near("upper" if y > MOUTH[1] else "lower", -x, y)
    made.names["chin"] = near("lower", 0, -0.5)


def _add_mouth(made: _Builder) -> None:
    x, y = np.meshgrid(np.linspace(-1.0, 1.0, 9), np.linspace(-0.55, 1.0, 7))
    bag = np.stack([x.ravel() * MOUTH[0], MOUTH[1] + 0.1 * y.ravel(), np.full(x.size, face_depth(0.0, MOUTH[1]) - 0.15)], 1)
    made.surface("cavity", "tongue", made.add(bag, "bag"), _grid(7, 9), 4, (0.25, 0.06, 0.06), 0.5)
    for region, top, height in (("upper teeth", 0.008, 0.035), ("lower teeth", -0.06, 0.025)):
        x, y = np.meshgrid(np.linspace(-0.75, 0.75, 9), np.linspace(-1, 0, 3))
        depth = face_depth(0.0, MOUTH[1]) - 0.05 - 0.04 * x.ravel() ** 2 - (0.006 if region == "lower teeth" else 0)
        strip = np.stack([x.ravel() * MOUTH[0], MOUTH[1] + 0.005 + top + height * y.ravel() + (0.03 if region == "lower teeth" else 0), depth], 1)
        ids = made.add(strip, region)
        made.surface(region, "tooth", ids, _grid(3, 9), 3, (0.93, 0.91, 0.86))
        if region == "upper teeth":
            made.names |= {"toothUpperRight": int(ids[3]), "toothUpperLeft": int(ids[5])}
        else:
            made.names |= {"toothLowerRight": int(ids[18 + 3]), "toothLowerMid": int(ids[18 + 4]), "toothLowerLeft": int(ids[18 + 5])}
    turn, ring = np.meshgrid(np.linspace(-np.pi / 2, np.pi / 2, 9), np.linspace(0, np.pi / 2, 4))
    blob = np.stack([0.06 * np.sin(turn) * np.cos(ring), MOUTH[1] - 0.045 + 0.025 * np.sin(ring),
                     face_depth(0.0, MOUTH[1]) - 0.1 + 0.03 * np.cos(turn) * np.cos(ring)], -1).reshape(-1, 3)
    ids = made.add(blob, "tongue")
    made.surface("tongue", "tongue", ids, _grid(4, 9), 4, (0.72, 0.36, 0.36), 0.7)
    made.names["tongueTip"] = int(ids[4])


def _add_eye(made: _Builder, look: ProceduralLook, side: int) -> tuple[np.ndarray, np.ndarray]:
    sign, word = ("+", "Left") if side > 0 else ("-", "Right")
    turn, lift = np.meshgrid(np.radians(np.linspace(-80, 80, 17)), np.radians(np.linspace(-80, 80, 17)))
    ball = np.stack([np.sin(turn) * np.cos(lift), np.sin(lift), np.cos(turn) * np.cos(lift)], -1).reshape(-1, 3)
    ball_ids = made.add(ball * EYE_RADIUS + np.array([side * EYE[0], EYE[1], EYE[2]]), f"ball{sign}")
    uv = np.stack([0.5 + 0.5 * np.degrees(turn) / 80, 0.5 + 0.5 * np.degrees(lift) / 80], -1).reshape(-1, 2).astype(np.float32)
    made.surface(f"eye{sign}", "eye", ball_ids, _grid(17, 17), 5, (1, 1, 1), uv=uv, texture=_eye_texture(look.iris))
    made.names[f"iris{word}"] = int(ball_ids[17 * 8 + 8])
    lids = []
    edges: dict[str, np.ndarray] = {}
    for region, far, edge in ((f"lidU{sign}", 85.0, 24.0), (f"lidL{sign}", -85.0, -22.0)):
        across, blend = np.meshgrid(np.linspace(-75, 75, 13), np.linspace(0, 1, 5))
        ids = made.add(lid_point(side, across.ravel(), (far + (edge - far) * blend).ravel()), region)
        triangles = _grid(5, 13)
        made.surface(region, "skin", ids, triangles[:, ::-1] if far > 0 else triangles, 1, tuple(0.93 * channel for channel in look.skin))
        lids.append(ids)
        edges[region[:4]] = ids[-13:]
    upper, lower = edges["lidU"], edges["lidL"]
    order = slice(None) if side > 0 else slice(None, None, -1)
    up, low = upper[order], lower[order]
    ring = [up[0], up[3], up[6], up[9], up[12], low[9], low[6], low[3]]
    made.names |= {f"lid{word}{index}": int(point) for index, point in enumerate(ring)}
    return ball_ids, np.concatenate(lids)


def _eye_texture(iris: tuple[float, float, float]) -> np.ndarray:
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    radius = np.hypot(x, y)[..., None]
    white, dark = np.array([0.93, 0.92, 0.9]), np.array([0.02, 0.02, 0.02])
    colour = np.where(radius < 0.16, dark, np.where(radius < 0.36, np.asarray(iris) * (0.7 + radius), white))
    return np.concatenate([(colour * 255).astype(np.uint8), np.full((64, 64, 1), 255, np.uint8)], 2)


def _add_brows(made: _Builder, look: ProceduralLook) -> None:
    for side, word, sign in ((1, "Left", "+"), (-1, "Right", "-")):
        along = np.linspace(0, 1, 9)
        x, height = 0.05 + 0.16 * along, EYE[1] + 0.085 + 0.035 * np.sin(np.pi * along * 0.75)
        low = np.stack([side * x, height, face_depth(x, height) + 0.012], 1)
        high = low + np.array([0, 0.026, 0]) * (1.1 - 0.8 * along)[:, None]
        ids = made.add(np.concatenate([low, high]), f"brow{sign}")
        made.surface(f"brow{sign}", "card", ids, _grid(2, 9), 6, look.hair)
        made.names |= {f"brow{word}{index}": int(ids[2 * index]) for index in range(5)}


def _add_hair(made: _Builder, look: ProceduralLook) -> None:
    turn, lift = np.meshgrid(np.radians(np.linspace(-180, 180, 33)), np.radians(np.linspace(-75 if look.long_hair else -20, 90, 14)))
    cap = np.stack([0.385 * np.sin(turn) * np.cos(lift), 0.02 + 0.53 * np.sin(lift), -0.40 + 0.40 * np.cos(turn) * np.cos(lift)], -1)
    cap[..., 2] -= 0.03
    front = (np.abs(turn) < np.radians(68)) & (cap[..., 1] < 0.33)
    triangles = _grid(14, 33)
    keep = ~front.ravel()[triangles].any(1)
    made.surface("hair", "card", made.add(cap.reshape(-1, 3), "hair"), triangles[keep], 7, look.hair)


def _add_bust(made: _Builder, look: ProceduralLook) -> None:
    turn, rows = np.meshgrid(np.radians(np.linspace(-100, 100, 21)), np.linspace(-1.3, -0.3, 9))
    flare = np.clip((-0.72 - rows) / 0.35, 0, 1) ** 1.5
    bust = np.stack([(0.17 + 0.62 * flare) * np.sin(turn), rows - 0.1 * flare * np.sin(turn) ** 2, -0.42 + (0.2 + 0.12 * flare) * np.cos(turn)], -1).reshape(-1, 3)
    ids = made.add(bust, "bust")
    triangles = _grid(9, 21)
    dressed = bust[triangles][:, :, 1].mean(1) < -0.78
    made.surface("neck", "skin", ids, triangles[~dressed], 8, tuple(0.95 * channel for channel in look.skin))
    made.surface("shirt", "skin", ids, triangles[dressed], 8, look.cloth)
    for name, (x, y) in {"neckLeft": (0.13, -0.62), "neckRight": (-0.13, -0.62), "shoulderLeft": (0.45, -0.95), "shoulderRight": (-0.45, -0.95)}.items():
        made.names[name] = int(ids[np.hypot(bust[:, 0] - x, bust[:, 1] - y).argmin()])


def procedural_head(number: int) -> PosedHead:
    """The procedural person of this number: the named ones first, then made-up ones."""
    looks = list(LOOKS.values())
    return build_procedural(looks[number] if number < len(looks) else sample_look(number))
