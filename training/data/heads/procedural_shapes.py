"""Shape and movement of the procedural head: its face surface, and the 52 coefficients as tables of soft brushes.

Units are head heights; +x is the avatar's left, +y up, +z to the camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOUTH = (0.12, -0.255)
"""Half width of the mouth and its height."""
EYE = (0.135, 0.045, -0.075)
"""Centre of the left eyeball."""
EYE_RADIUS = 0.062
_LID_RADIUS = EYE_RADIUS * 1.1
_DEPTH_SHIFT = -0.40


def face_depth(x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
    """z of the resting face at (x, y): an ellipsoid with a nose, lips, a chin and eye hollows."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)

    def bump(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        return np.exp(-(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2))

    base = 0.40 * np.sqrt(np.clip(1 - (x / 0.37) ** 2 - (y / 0.56) ** 2, 0, 1))
    hollow = 0.03 * (bump(EYE[0], EYE[1], 0.09, 0.06) + bump(-EYE[0], EYE[1], 0.09, 0.06))
    return base + 0.085 * bump(0, -0.1, 0.045, 0.075) + 0.03 * bump(0, -0.01, 0.03, 0.08) + 0.025 * bump(0, MOUTH[1], 0.11, 0.05) + 0.03 * bump(0, -0.45, 0.1, 0.07) - hollow + _DEPTH_SHIFT


def lid_point(side: int, across: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """Points [n,3] on the lid sphere of one eye; angles in degrees."""
    turn, up = np.radians(across), np.radians(lift)
    arm = np.stack([np.sin(turn) * np.cos(up), np.sin(up), np.cos(turn) * np.cos(up)], 1)
    return arm * _LID_RADIUS + np.array([side * EYE[0], EYE[1], EYE[2]])


@dataclass(frozen=True)
class Brush:
    """Moves points of some regions by `move`, full strength at `centre` and fading over `reach` (x, y). No reach: all alike."""

    regions: tuple[str, ...]
    move: tuple[float, float, float]
    centre: tuple[float, float] = (0.0, 0.0)
    reach: tuple[float, float] | None = None

    def apply(self, points: np.ndarray, regions: np.ndarray) -> np.ndarray:
        """Offsets [n,3] for all points."""
        weight = np.isin(regions, self.regions).astype(np.float32)
        if self.reach is not None:
            away = (points[:, :2] - self.centre) / self.reach
            weight *= np.exp(-(away**2).sum(1))
        return weight[:, None] * np.asarray(self.move, np.float32)

    def mirrored(self) -> Brush:
        """The same brush on the other side of the face."""
        swap = {"+": "-", "-": "+"}
        regions = tuple(name[:-1] + swap[name[-1]] if name[-1] in swap else name for name in self.regions)
        return Brush(regions, (-self.move[0], self.move[1], self.move[2]), (-self.centre[0], self.centre[1]), self.reach)


@dataclass(frozen=True)
class LidBrush:
    """Slides a lid over its eyeball: the edge by `degrees`, the far border not at all."""

    region: str
    degrees: float

    def apply(self, points: np.ndarray, regions: np.ndarray) -> np.ndarray:
        """Offsets [n,3] for all points."""
        out = np.zeros_like(points)
        chosen = np.flatnonzero(regions == self.region)
        side = 1 if self.region.endswith("+") else -1
        arm = (points[chosen] - np.array([side * EYE[0], EYE[1], EYE[2]])) / _LID_RADIUS
        lift, across = np.degrees(np.arcsin(np.clip(arm[:, 1], -1, 1))), np.degrees(np.arctan2(arm[:, 0], arm[:, 2]))
        slide = self.degrees * np.clip((85 - np.abs(lift)) / 62, 0, 1)
        out[chosen] = lid_point(side, across, lift + slide) - points[chosen]
        return out

    def mirrored(self) -> LidBrush:
        """The same lid of the other eye."""
        return LidBrush(self.region[:-1] + ("-" if self.region.endswith("+") else "+"), self.degrees)


_SKIN = ("upper", "lower")
_JAW = (Brush(("lower",), (0, -0.13, -0.03), (0, -0.36), (0.24, 0.17)), Brush(("lower teeth", "tongue", "bag"), (0, -0.085, -0.02)))
_CORNER = (MOUTH[0], MOUTH[1])
_LEFT: dict[str, tuple[Brush | LidBrush, ...]] = {
    "eyeBlink": (LidBrush("lidU+", -40), LidBrush("lidL+", 6)),
    "eyeLookDown": (LidBrush("lidU+", -14), LidBrush("lidL+", -6)),
    "eyeLookIn": (Brush(("lidU+", "lidL+"), (-0.003, 0, 0)),),
    "eyeLookOut": (Brush(("lidU+", "lidL+"), (0.003, 0, 0)),),
    "eyeLookUp": (LidBrush("lidU+", 9), LidBrush("lidL+", 4)),
    "eyeSquint": (LidBrush("lidU+", -5), LidBrush("lidL+", 12)),
    "eyeWide": (LidBrush("lidU+", 12), LidBrush("lidL+", -4)),
    "mouthSmile": (Brush(_SKIN, (0.035, 0.045, -0.01), _CORNER, (0.09, 0.09)), Brush(_SKIN, (0, 0.012, 0.01), (0.17, -0.14), (0.08, 0.08))),
    "mouthFrown": (Brush(_SKIN, (0.008, -0.04, 0), _CORNER, (0.07, 0.07)),),
    "mouthDimple": (Brush(_SKIN, (0.02, 0.008, -0.02), _CORNER, (0.06, 0.06)),),
    "mouthStretch": (Brush(_SKIN, (0.04, -0.012, -0.01), _CORNER, (0.09, 0.07)),),
    "mouthPress": (Brush(("upper",), (0.004, -0.008, -0.01), (0.06, MOUTH[1] + 0.02), (0.07, 0.03)), Brush(("lower",), (0.004, 0.01, -0.01), (0.06, MOUTH[1] - 0.02), (0.07, 0.03))),
    "mouthLowerDown": (Brush(("lower",), (0, -0.04, 0.004), (0.05, MOUTH[1] - 0.01), (0.07, 0.05)),),
    "mouthUpperUp": (Brush(("upper",), (0, 0.035, 0.004), (0.05, MOUTH[1] + 0.01), (0.07, 0.05)),),
    "browDown": (Brush(("brow+",), (-0.012, -0.035, 0)), Brush(("upper",), (0, -0.015, 0), (0.13, 0.15), (0.09, 0.05))),
    "browOuterUp": (Brush(("brow+",), (0, 0.05, 0), (0.21, 0.15), (0.09, 0.2)),),
    "cheekSquint": (LidBrush("lidL+", 7), Brush(("upper",), (0, 0.025, 0.012), (0.17, -0.08), (0.08, 0.06))),
    "noseSneer": (Brush(("upper",), (0.004, 0.03, 0), (0.06, -0.13), (0.05, 0.06)),),
}
_MIDDLE: dict[str, tuple[Brush | LidBrush, ...]] = {
    "jawForward": (Brush(("lower",), (0, 0, 0.04), (0, -0.38), (0.22, 0.16)), Brush(("lower teeth", "tongue"), (0, 0, 0.03))),
    "jawLeft": (Brush(("lower",), (0.05, 0, 0), (0, -0.38), (0.24, 0.16)), Brush(("lower teeth", "tongue"), (0.04, 0, 0))),
    "jawOpen": _JAW,
    "mouthClose": (Brush(("lower",), (0, 0.105, 0.02), (0, MOUTH[1] - 0.02), (0.16, 0.06)),),
    "mouthFunnel": (Brush(("upper",), (0, 0.035, 0.05), (0, MOUTH[1] + 0.01), (0.08, 0.05)), Brush(("lower",), (0, -0.035, 0.05), (0, MOUTH[1] - 0.01), (0.08, 0.05)),
                    Brush(_SKIN, (-0.03, 0, 0.02), _CORNER, (0.06, 0.06)), Brush(_SKIN, (0.03, 0, 0.02), (-MOUTH[0], MOUTH[1]), (0.06, 0.06))),
    "mouthPucker": (Brush(_SKIN, (0, 0, 0.045), (0, MOUTH[1]), (0.09, 0.06)), Brush(_SKIN, (-0.05, 0, 0.02), _CORNER, (0.06, 0.06)),
                    Brush(_SKIN, (0.05, 0, 0.02), (-MOUTH[0], MOUTH[1]), (0.06, 0.06))),
    "mouthLeft": (Brush(_SKIN, (0.05, 0, 0), (0, MOUTH[1]), (0.16, 0.08)),),
    "mouthRollLower": (Brush(("lower",), (0, 0.012, -0.03), (0, MOUTH[1] - 0.02), (0.11, 0.035)),),
    "mouthRollUpper": (Brush(("upper",), (0, -0.012, -0.03), (0, MOUTH[1] + 0.02), (0.11, 0.035)),),
    "mouthShrugLower": (Brush(("lower",), (0, 0.025, 0.015), (0, MOUTH[1] - 0.07), (0.1, 0.07)),),
    "mouthShrugUpper": (Brush(("upper",), (0, 0.022, 0.015), (0, MOUTH[1] + 0.03), (0.09, 0.05)),),
    "browInnerUp": (Brush(("brow+",), (0, 0.045, 0), (0.05, 0.13), (0.08, 0.2)), Brush(("brow-",), (0, 0.045, 0), (-0.05, 0.13), (0.08, 0.2))),
    "cheekPuff": (Brush(_SKIN, (0.02, 0, 0.03), (0.19, MOUTH[1] + 0.02), (0.08, 0.09)), Brush(_SKIN, (-0.02, 0, 0.03), (-0.19, MOUTH[1] + 0.02), (0.08, 0.09))),
    "tongueOut": (Brush(("tongue",), (0, 0.0, 0.13)),),
}


def _all_brushes() -> dict[str, tuple[Brush | LidBrush, ...]]:
    table = dict(_MIDDLE)
    for name, brushes in _LEFT.items():
        table[f"{name}Left"] = brushes
        table[f"{name}Right"] = tuple(brush.mirrored() for brush in brushes)
    for name in ("jaw", "mouth"):
        table[f"{name}Right"] = tuple(brush.mirrored() for brush in _MIDDLE[f"{name}Left"])
    return table


BRUSHES = _all_brushes()
"""Brushes of each ARKit coefficient."""
