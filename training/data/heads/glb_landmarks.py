"""Finds the 96 keypoints on a mesh of unknown topology, from what its ARKit shapes move and from its front.

The mouth's line is where neighbours stop to follow the jaw; lids are the border of the eyeballs (else the middle of what blinks);
nose, chin and outline are read off the height map. brows are as high as what their
shapes move. What has no such sign (cheeks, forehead, wings of the nose) is placed by proportion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arkit import ARKIT_INDEX
from .glb_sheet import FrontSheet, SurfacePoint
from .landmarks import KEYPOINT_NAMES

# Mean of the four shipped heads in head heights (chin at -0.5, crown at 0.5), for keypoints that no shape marks: x, y of the left side or middle.
_PLACES = {
    "browLeft0": (0.045, 0.075), "browLeft1": (0.100, 0.082), "browLeft2": (0.150, 0.094), "browLeft3": (0.193, 0.085), "browLeft4": (0.222, 0.071),
    "noseRoot": (0.0, 0.006), "noseWingLeft": (0.084, -0.189), "philtrum": (0.0, -0.262), "cheekLeft0": (0.190, -0.172), "cheekLeft1": (0.188, -0.319),
    "foreheadMid": (0.0, 0.211), "hairlineMid": (0.0, 0.332), "foreheadLeft": (0.170, 0.187), "hairlineLeft": (0.144, 0.314),
}  # fmt: skip
_FREE = {"neckLeft": (0.36, -0.68, -0.47), "shoulderLeft": (0.53, -0.85, -0.33)}
_LEVELS = {"eye": -0.004, "noseTip": -0.195, "mouth": -0.325, "chin": -0.5, "crown": 0.5}
_EYE_X, _BROW_Y = 0.139, 0.083
_TEETH = {
    "toothUpperRight": (-0.09, 0.0),
    "toothUpperLeft": (0.09, 0.0),
    "toothLowerRight": (-0.2, 0.04),
    "toothLowerMid": (0.0, 0.03),
    "toothLowerLeft": (0.2, 0.04),
}
_OUTER_UPPER, _OUTER_LOWER = 0.19, 0.24
"""Height of the lips above and below their line of contact, in widths of the mouth (mean of the shipped heads)."""


@dataclass(frozen=True)
class Anchors:
    """Places [3] on the face that everything else is measured from."""

    eyes: dict[int, np.ndarray]  # side (+1 left) -> middle of the eye opening
    mouth: np.ndarray
    corners: dict[int, np.ndarray]
    chin: np.ndarray
    nose: np.ndarray

    @property
    def eye_height(self) -> float:
        return float(0.5 * (self.eyes[1][1] + self.eyes[-1][1]))


@dataclass(frozen=True)
class MouthLine:
    """Line of contact of the lips: for each column of the sheet the rows of the upper and the lower lip's edge."""

    columns: np.ndarray
    upper: np.ndarray
    lower: np.ndarray


def mouth_line(sheet: FrontSheet, jaw: np.ndarray, middle: np.ndarray, reach: float) -> MouthLine:
    """Where, in each column near `middle` [3], the offsets of jawOpen [n,3] jump most between two cells above one another. Raises LookupError."""
    shift = sheet.field(jaw)
    columns, uppers, lowers, jumps = [], [], [], []
    rows = np.arange(sheet.height)
    heights = sheet.low[1] + (rows + 0.5) * sheet.cell
    near = np.abs(heights - middle[1]) < reach
    for column in range(sheet.width):
        x = sheet.low[0] + (column + 0.5) * sheet.cell
        if abs(x - middle[0]) > reach:
            continue
        seen = rows[near & sheet.seen[:, column]]
        if len(seen) < 4:
            continue
        step = np.linalg.norm(np.diff(shift[seen, column], axis=0), axis=1)
        best = int(step.argmax())
        columns.append(column)
        lowers.append(seen[best])
        uppers.append(seen[best + 1])
        jumps.append(step[best])
    if not columns:
        raise LookupError("no surface where the mouth should be")
    jump = np.asarray(jumps)
    columns_, uppers_, lowers_ = np.asarray(columns), np.asarray(uppers), np.asarray(lowers)
    centre = int(np.abs(sheet.low[0] + (columns_ + 0.5) * sheet.cell - middle[0]).argmin())
    strong = jump > 0.3 * np.percentile(jump[max(0, centre - 4) : centre + 5], 70)
    left, right = centre, centre
    height = 0.5 * (uppers_ + lowers_)

    def goes_on(a: int, b: int) -> bool:
        return bool(strong[b]) and abs(height[b] - height[a]) * sheet.cell < 0.25 * reach and columns_[b] - columns_[a] in (-1, 1)

    while left > 0 and goes_on(left, left - 1):
        left -= 1
    while right < len(columns_) - 1 and goes_on(right, right + 1):
        right += 1
    if right - left < 5:
        raise LookupError("jawOpen does not part the lips")
    part = slice(left, right + 1)
    return MouthLine(columns_[part], uppers_[part], lowers_[part])


def chin_row(sheet: FrontSheet, column: int, from_row: int, least: float) -> int:
    """Row of the chin under the mouth: where the surface turns under, at least `least` below the row `from_row`. Raises LookupError."""
    below = [row for row in range(from_row, -1, -1) if sheet.seen[row, column]]
    last = None
    for previous, row in zip(below, below[1:]):
        here, there = sheet.place[previous, column], sheet.place[row, column]
        if here[1] > sheet.place[from_row, column][1] - least:
            continue
        last = previous
        drop, back = here[1] - there[1], here[2] - there[2]
        if back > 1.2 * drop or sheet.normal[row, column, 1] < -0.6 and back > 0.5 * drop:
            return previous
    if last is None:
        raise LookupError("no chin below the mouth")
    return below[-1]


class KeypointFinder:
    """Places keypoints on a normalised head. `skin` and `whole` are sheets of the face alone and of the face with eyeballs."""

    def __init__(
        self,
        skin: FrontSheet,
        whole: FrontSheet,
        eyeballs: np.ndarray,
        anchors: Anchors,
        line: MouthLine,
        brows: dict[int, float],
        brow_moves: np.ndarray,
        crown: float,
    ) -> None:
        self.skin, self.whole, self.anchors, self.line = skin, whole, anchors, line
        self.is_eye = np.zeros(whole.triangle.shape, bool)
        self.is_eye[whole.seen] = eyeballs[whole.triangles[whole.triangle[whole.seen]]].any(-1)
        self.brows = brows
        self.on_brow = np.nan_to_num(skin.field(brow_moves)) > 0.3
        template = [_LEVELS[key] for key in ("chin", "mouth", "noseTip", "eye", "crown")]
        found = [anchors.chin[1], anchors.mouth[1], anchors.nose[1], anchors.eye_height, crown]
        self._rise = lambda y: float(np.interp(y, template, found)) if y >= template[0] else float(found[0] + y - template[0])
        self._across = 0.5 * (anchors.eyes[1][0] - anchors.eyes[-1][0]) / _EYE_X
        self._middle = 0.5 * (anchors.eyes[1][0] + anchors.eyes[-1][0])
        self.painted_eyes: list[int] = []

    def find(self) -> dict[str, SurfacePoint]:
        """Surface points by name, for all keypoints but irises, teeth, tongue, neck and shoulders."""
        found: dict[str, SurfacePoint] = {}
        self._lips(found)
        for side, word in ((1, "Left"), (-1, "Right")):
            for index, point in enumerate(self._lids(side)):
                found[f"lid{word}{index}"] = point
        skin_x, skin_y = self.skin.place[..., 0], self.skin.place[..., 1]
        for name, (x, y) in _PLACES.items():
            if name.endswith(("Mid", "Root")) or name == "philtrum":
                found[name] = self._at(0.0, y)
                continue
            for side, word in ((1, "Left"), (-1, "Right")):
                if name.startswith("brow"):
                    high = self.brows[side] + (y - _BROW_Y) * self._across
                    place = (self._middle + side * x * self._across, high)
                    near = self.on_brow & (np.hypot(skin_x - place[0], skin_y - place[1]) < 0.05)  # rather what moves with the brow than the skin beside it
                    found[name.replace("Left", word)] = self.skin.point(*self.skin.nearest(*place, near if near.any() else None))
                else:
                    found[name.replace("Left", word)] = self._at(side * x, y)
        self._nose(found)
        self._outline(found)
        return found

    def free(self, name: str) -> np.ndarray | None:
        """World place [3] of a keypoint that hangs in space: neck, shoulders, teeth and tongue; None for others."""
        for known, (x, y, z) in _FREE.items():
            for side, word in ((1, "Left"), (-1, "Right")):
                if name == known.replace("Left", word):
                    return np.array([self._middle + side * x * self._across, self._rise(y), z])
        width = self.anchors.corners[1][0] - self.anchors.corners[-1][0]
        if name in _TEETH:
            x, rise = _TEETH[name]
            return self.anchors.mouth + np.array([x * width, rise * width, -0.2 * width])
        if name == "tongueTip":
            return self.anchors.mouth + np.array([0, -0.05 * width, -0.3 * width])
        return None

    def _at(self, x: float, y: float) -> SurfacePoint:
        return self.skin.point(*self.skin.nearest(self._middle + x * self._across, self._rise(y)))

    def _lips(self, found: dict[str, SurfacePoint]) -> None:
        line, sheet = self.line, self.skin
        left, right = line.columns[-1], line.columns[0]
        middle, half = 0.5 * (left + right), 0.5 * (left - right)

        def at(u: float) -> int:
            return int(np.abs(line.columns - (middle + u * half)).argmin())

        for index, u in enumerate((0, 0.4, 0.8, 0.8, 0.4, 0, -0.4, -0.8, -0.8, -0.4)):
            place = at(u)
            row = line.upper[place] if 3 <= index <= 7 else line.lower[place]
            found[f"lipInner{index}"] = sheet.point(row, line.columns[place])
        width = 2 * half * sheet.cell
        for index in range(16):
            turn = index / 4  # quarters: 0 lower middle, 1 left corner, 2 upper middle, 3 right corner
            u = (turn if turn <= 1 else 2 - turn if turn <= 3 else turn - 4)  # fmt: skip
            upper = 1 < turn < 3
            place = at(u)
            rise = (1 - min(abs(u), 1) ** 2) ** 0.65
            row = line.upper[place] if upper else line.lower[place]
            x = sheet.low[0] + (middle + 1.03 * u * half + 0.5) * sheet.cell
            y = sheet.low[1] + (row + 0.5) * sheet.cell + width * rise * (_OUTER_UPPER if upper else -_OUTER_LOWER)
            found[f"lipOuter{index}"] = sheet.point(*sheet.nearest(x, y))

    def _lids(self, side: int) -> list[SurfacePoint]:
        """Inner corner, over the upper lid to the outer corner, back over the lower lid: 8 points."""
        eye = self.anchors.eyes[side]
        whole = self.whole
        reach = 0.62 * abs(eye[0] - self._middle)
        box = (np.abs(whole.place[..., 0] - eye[0]) < reach) & (np.abs(whole.place[..., 1] - eye[1]) < reach)
        opening = self.is_eye & box
        if opening.sum() * whole.cell**2 < 0.03 * reach**2:
            self.painted_eyes.append(side)
            return self._painted_lids(side)
        columns = np.flatnonzero(opening.sum(0) > 1)
        ends = np.array([columns.min(), columns.max()])[::side]  # inner first
        rows = [np.flatnonzero(opening[:, column]) for column in range(whole.width)]
        allowed = ~self.is_eye

        def lid(share: float, upper: bool) -> SurfacePoint:
            column = int(round(ends[0] + share * (ends[1] - ends[0])))
            column = int(columns[np.abs(columns - column).argmin()])
            row = rows[column].max() + 1.5 if upper else rows[column].min() - 0.5
            x, y = whole.low[0] + (column + 0.5) * whole.cell, whole.low[1] + row * whole.cell
            return whole.point(*whole.nearest(x, y, allowed))

        def corner(column: int, away: int) -> SurfacePoint:
            x = whole.low[0] + (column + 0.5 + away * 1.0) * whole.cell
            y = whole.low[1] + (rows[column].mean() + 0.5) * whole.cell
            return whole.point(*whole.nearest(x, y, allowed))

        return [
            corner(ends[0], -side),
            lid(0.25, True),
            lid(0.5, True),
            lid(0.75, True),
            corner(ends[1], side),
            lid(0.75, False),
            lid(0.5, False),
            lid(0.25, False),
        ]

    def _painted_lids(self, side: int) -> list[SurfacePoint]:
        """Eyes that are part of the skin: an ellipse around the middle of what blinks, as wide and high as the eyes of the shipped heads."""
        eye = self.anchors.eyes[side]
        turns = np.pi * (1 - np.arange(8) / 4)
        scale = abs(eye[0] - self._middle) / _EYE_X
        return [self.skin.point(*self.skin.nearest(eye[0] + side * 0.063 * scale * np.cos(turn), eye[1] + 0.024 * scale * np.sin(turn))) for turn in turns]

    def _nose(self, found: dict[str, SurfacePoint]) -> None:
        tip = self.anchors.nose
        eye = self.anchors.eye_height
        found["noseTip"] = self.skin.point(*self.skin.nearest(tip[0], tip[1]))
        found["noseBridge"] = self.skin.point(*self.skin.nearest(tip[0], tip[1] + 0.53 * (eye - tip[1])))
        found["noseBase"] = self.skin.point(*self.skin.nearest(tip[0], tip[1] - 0.26 * (tip[1] - self.anchors.mouth[1])))

    def _outline(self, found: dict[str, SurfacePoint]) -> None:
        sheet, anchors = self.skin, self.anchors
        found["chin"] = sheet.point(*sheet.nearest(anchors.chin[0], anchors.chin[1]))
        depth = anchors.chin[2] - 0.16  # the jaw's edge, not the neck, for the lower half

        def widest(level: float, side: int, least_z: float | None) -> SurfacePoint:
            allowed = np.abs(sheet.place[..., 1] - level) < 2 * sheet.cell
            if least_z is not None and (allowed & (sheet.place[..., 2] > least_z)).any():
                allowed &= sheet.place[..., 2] > least_z
            rows, columns = np.nonzero(sheet.seen & allowed)
            if not len(rows):
                return sheet.point(*sheet.nearest(self._middle + side * 0.35, level))
            best = int((side * sheet.place[rows, columns, 0]).argmax())
            return sheet.point(rows[best], columns[best])

        eye, chin = anchors.eye_height, float(anchors.chin[1])
        for side, word in ((1, "Left"), (-1, "Right")):
            for index, share in enumerate((1.0, 0.8, 0.6, 0.4, 0.2, 0.05)):
                found[f"contour{word}{index}"] = widest(chin + share * (eye - chin), side, depth if index > 2 else None)
            found[f"ear{word}"] = widest(eye - 0.03, side, None)


def check_names(found: dict[str, object]) -> None:
    """Raises KeyError where a keypoint has no place."""
    absent = [name for name in KEYPOINT_NAMES if name not in found]
    if absent:
        raise KeyError(f"keypoints without a place: {absent}")


JAW_SHAPES = tuple(ARKIT_INDEX[name] for name in ("jawOpen", "jawForward", "jawLeft", "jawRight"))
"""Coefficients that the lower teeth and the tongue follow."""
