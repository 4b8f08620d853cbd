"""A posable head from any glTF or VRM with ARKit shapes: `glb_head("head.glb")`.

Steps: 1 weld points that move alike, 2 find out what is skin, eyeball and the rest, 3 turn and scale the head into our axes and unit,
4 find the 96 keypoints, 5 make surfaces and rig.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..arkit import ARKIT_INDEX, ARKIT_NAMES
from .glb_landmarks import JAW_SHAPES, Anchors, KeypointFinder, MouthLine, check_names, chin_row, mouth_line
from .glb_reader import GlbError, GlbPart, GlbScene, read_glb
from .glb_sheet import FrontSheet, SurfacePoint
from .landmarks import KEYPOINT_INDEX, KEYPOINT_NAMES
from .rig import Eye, PosedHead, Rig, Surface

_PIVOT = (0.0, -0.40, -0.38)
"""Where heads turn when the file has no bones: the mean of the shipped heads."""
_FACE_SHAPES = tuple(
    ARKIT_INDEX[n] for n in ("mouthSmileLeft", "mouthSmileRight", "mouthPucker", "mouthFunnel", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp")
)
_BOTTOM, _SIDES = -1.5, 1.3
_NAMED = (
    ("hair", re.compile(r"hair|bang|fringe|ponytail", re.I)),
    ("brow", re.compile(r"brow|lash", re.I)),
    ("tooth", re.compile(r"teeth|tooth", re.I)),
    ("tongue", re.compile(r"tongue", re.I)),
    ("skip", re.compile(r"occlusion|tearline", re.I)),
)


class GlbHead(PosedHead):
    """A head out of a file. `notes` tells what was estimated, for the log and the avatar's card."""

    notes: list[str]


def glb_head(path: str | Path) -> GlbHead:
    """Reads and measures a head. Raises GlbError that names the file and the rule it breaks."""
    return _Builder(read_glb(path)).build()


class _Builder:
    def __init__(self, scene: GlbScene) -> None:
        self.scene = scene
        self.notes: list[str] = []
        absent = [name for name in ARKIT_NAMES if name not in scene.shapes and not name.startswith("eyeLook")]
        if absent:
            self.notes.append(f"{len(absent)} shapes that the file lacks stay still: {', '.join(absent)}")
        self.kinds = [next((kind for kind, rule in _NAMED if rule.search(part.name)), "") for part in scene.parts]
        kept = [(part, kind) for part, kind in zip(scene.parts, self.kinds) if kind != "skip"]
        self.parts: list[GlbPart] = [part for part, _ in kept]
        self.kinds = [kind for _, kind in kept]
        self._weld()
        self._components()

    def build(self) -> GlbHead:
        self._face_frame()
        line, skin_sheet, anchors = self._measure()
        self._normalise(anchors)
        line, skin_sheet, anchors = self._measure()
        crown = 0.5
        self._window = ((-0.4, anchors.eye_height - 0.2), (0.4, anchors.eye_height + 0.2))
        whole = self._sheet(self.of_skin | (self.eye != 0), 0.004)
        finder = KeypointFinder(skin_sheet, whole, self.eye != 0, anchors, line, self._brows(anchors), self._brow_moves(), crown)
        found = finder.find()
        eyes = self._eyes(anchors)
        return self._assemble(finder, found, eyes, skin_sheet, anchors)

    def _refuse(self, rule: str) -> GlbError:
        return GlbError(self.scene.file, rule)

    def _weld(self) -> None:
        """Rig points: vertices that lie together and move alike become one, so that light runs smoothly over seams of texture and material."""
        points = np.concatenate([part.points for part in self.parts])
        owner = np.repeat(np.arange(len(self.parts)), [len(part.points) for part in self.parts])
        starts = np.searchsorted(owner, np.arange(len(self.parts) + 1))
        eye = np.concatenate([part.eye for part in self.parts])
        moved = np.zeros((len(ARKIT_NAMES), len(points), 3), np.float32)
        for part, first in zip(self.parts, starts):
            for row, shift in part.moves.items():
                moved[row, first : first + len(part.points)] = shift
        random = np.random.default_rng(5).normal(0, 1, (len(ARKIT_NAMES), 3)).astype(np.float32)
        mixed = sum(move @ weight for move, weight in zip(moved, random))  # [n]: differs where any shape differs
        kind = np.array([("", "hair", "brow", "tooth", "tongue").index(kind) for kind in self.kinds])[owner]
        grain = float(np.ptp(points, 0).max()) * 1e-5
        key = np.round(np.column_stack([points, mixed]) / grain).astype(np.int64)
        key = np.ascontiguousarray(np.column_stack([key, eye, kind]))
        _, first, inverse = np.unique(key.view([("", key.dtype)] * key.shape[1]).ravel(), return_index=True, return_inverse=True)
        self.source = [inverse[a:b] for a, b in zip(starts, starts[1:])]
        self.neutral, self.offsets = points[first].astype(np.float64), moved[:, first]
        self.eye, self.part_of = eye[first], owner[first]
        has_bones = any(part.share is not None for part in self.parts)
        self.share = (
            np.concatenate([part.share if part.share is not None else np.ones(len(part.points), np.float32) for part in self.parts])[first]
            if has_bones
            else None
        )
        self.triangles = np.concatenate([source[part.triangles] for source, part in zip(self.source, self.parts, strict=True)])

    def _components(self) -> None:
        """Pieces that hang together by triangles; a piece is skin if it follows the face's shapes."""
        a, b, c = self.triangles.T
        count = len(self.neutral)
        graph = coo_matrix((np.ones(2 * len(a)), (np.concatenate([a, b]), np.concatenate([b, c]))), (count, count))
        _, self.piece = connected_components(graph, directed=False)
        moved = np.linalg.norm(self.offsets[list(_FACE_SHAPES)], axis=2)  # [shapes, n]
        follows = (moved > 0.25 * np.maximum(moved.max(1, keepdims=True), 1e-9)).any(0)
        named_off = np.isin(self.part_of, [i for i, kind in enumerate(self.kinds) if kind in ("hair", "tooth", "tongue")])
        pieces = np.unique(self.piece[follows & (self.eye == 0) & ~named_off])
        self.of_skin = np.isin(self.piece, pieces) & (self.eye == 0) & ~named_off
        self._turn_out()

    def _turn_out(self) -> None:
        """Turns the triangles of pieces that show their inside: files whose materials are double-sided do not mind, our renderer does."""
        corners = self.neutral[self.triangles]
        sums = np.zeros((self.piece.max() + 1, 4))
        np.add.at(sums, self.piece, np.column_stack([self.neutral, np.ones(len(self.neutral))]))
        middle = (sums[:, :3] / sums[:, 3:])[self.piece[self.triangles[:, 0]]]
        volume = np.einsum("tc,tc->t", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), corners.mean(1) - middle)
        inward = np.bincount(self.piece[self.triangles[:, 0]], volume, len(sums)) < 0
        first = 0
        for part in self.parts:
            rows = slice(first, first + len(part.triangles))
            flip = inward[self.piece[self.triangles[rows, 0]]] & part.double_sided
            part.triangles[flip] = part.triangles[flip, ::-1]
            self.triangles[rows][flip] = self.triangles[rows][flip, ::-1]
            first += len(part.triangles)

    def _middle_of(self, name: str) -> np.ndarray:
        """Centre [3] of what a shape moves, by the square of how far."""
        weight = (self.offsets[ARKIT_INDEX[name]] ** 2).sum(1) * self.of_skin
        return (weight[:, None] * self.neutral).sum(0) / max(float(weight.sum()), 1e-20)

    def _face_frame(self) -> None:
        """Turns the head to look along +z with its left at +x; the unit becomes the distance from eyes to mouth."""
        left, right = self._middle_of("eyeBlinkLeft"), self._middle_of("eyeBlinkRight")
        mouth = self._middle_of("mouthPucker" if "mouthPucker" in self.scene.shapes else "mouthFunnel")
        middle = 0.5 * (left + right)
        across, up = left - right, middle - mouth
        if np.linalg.norm(across) < 1e-6 or np.linalg.norm(up) < 1e-6:
            raise self._refuse("eyeBlinkLeft, eyeBlinkRight and the mouth's shapes must move different places of the face")
        across /= np.linalg.norm(across)
        world_up = np.array([0.0, 1.0, 0.0])
        if up @ world_up > 0.8 * np.linalg.norm(up):  # upright, as glTF says
            up = world_up
        across = across - (across @ up) / (up @ up) * up
        for axis in (np.array([1.0, 0, 0]), np.array([-1.0, 0, 0])):
            if across @ axis > 0.98 * np.linalg.norm(across):
                across = axis
        x, y = across / np.linalg.norm(across), up / np.linalg.norm(up)
        y = y - (y @ x) * x
        turn = np.stack([x, y / np.linalg.norm(y), np.cross(x, y / np.linalg.norm(y))])
        height = float((middle - mouth) @ turn[1])
        self._move(turn / height, middle)
        corners = self.neutral[self.triangles]
        weight = (self.offsets[ARKIT_INDEX["mouthSmileLeft"]] ** 2 + self.offsets[ARKIT_INDEX["mouthSmileRight"]] ** 2).sum(1) * self.of_skin
        facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] @ weight[self.triangles].sum(1)
        if facing < 0:  # the skin beside the mouth looks backwards
            raise self._refuse("left and right of its shapes must be the avatar's own; they are swapped")

    def _move(self, matrix: np.ndarray, origin: np.ndarray) -> None:
        self.neutral = (self.neutral - origin) @ matrix.T
        self.offsets = (self.offsets @ matrix.T).astype(np.float32)
        self.scene.bones.update({name: matrix @ (place - origin) for name, place in self.scene.bones.items()})

    def _sheet(self, chosen: np.ndarray, cell: float) -> FrontSheet:
        members = chosen[self.triangles].all(1)
        low, high = self._window
        return FrontSheet(self.neutral, self.triangles[members], low, high, cell)

    _window: tuple[tuple[float, float], tuple[float, float]] = ((-2.2, -3.2), (2.2, 2.4))

    def _measure(self) -> tuple[MouthLine, FrontSheet, Anchors]:
        """Mouth, chin and nose in the present unit; the first time that is the distance from eyes to mouth, then the head's height."""
        unit = 1.0 if self._window[1][1] > 1.5 else 0.32
        sheet = self._sheet(self.of_skin, 0.0156 * unit)
        mouth = self._middle_of("mouthPucker" if "mouthPucker" in self.scene.shapes else "mouthFunnel")
        try:
            line = mouth_line(sheet, self.offsets[ARKIT_INDEX["jawOpen"]], mouth, 0.62 * unit)
            middle = len(line.columns) // 2
            column = int(line.columns[middle])
            chin = sheet.place[chin_row(sheet, column, int(line.lower[middle]), 0.3 * unit), column].copy()
        except LookupError as error:
            raise self._refuse(f"the mouth must be shut at rest and part under jawOpen: {error}") from error
        eyes = {side: self._middle_of(f"eyeBlink{word}") for side, word in ((1, "Left"), (-1, "Right"))}
        corners = {side: sheet.place[line.lower[place], line.columns[place]] for side, place in ((1, -1), (-1, 0))}
        mouth = 0.5 * (sheet.place[line.upper[middle], column] + sheet.place[line.lower[middle], column])
        eye_height = 0.5 * (eyes[1][1] + eyes[-1][1])
        for side in (1, -1):  # the ball's middle says it better than the lid that comes down
            ball = self.eye == side
            if ball.any():
                eyes[side] = np.array([*self.neutral[ball][:, :2].mean(0), eyes[side][2]])
        between = (
            (np.abs(sheet.place[..., 0] - mouth[0]) < 0.12 * unit)
            & (sheet.place[..., 1] < eye_height - 0.15 * unit)
            & (sheet.place[..., 1] > mouth[1] + 0.1 * unit)
        )
        if not between.any():
            raise self._refuse("there must be a face between eyes and mouth")
        depth = np.where(between, sheet.place[..., 2], -np.inf)
        nose = sheet.place[np.unravel_index(int(depth.argmax()), depth.shape)].copy()
        return line, sheet, Anchors(eyes, mouth, corners, chin, nose)

    def _normalise(self, anchors: Anchors) -> None:
        """From eye-to-mouth units to head heights: chin at -0.5, crown at 0.5, eyes 0.05 in front of the origin."""
        self._find_balls(anchors)
        above = anchors.eye_height - anchors.chin[1]
        face = self.of_skin & (np.abs(self.neutral[:, 0]) < 2)
        top = float(self.neutral[face, 1].max())
        crown = float(np.clip(top, anchors.eye_height + 0.8 * above, anchors.eye_height + 1.35 * above))
        if abs(crown - top) > 1e-6:
            self.notes.append("the face has no skull of a person's height: its crown was placed by proportion")
        unit = crown - anchors.chin[1]
        balls = [self.neutral[self.eye == side].mean(0) for side in (1, -1) if (self.eye == side).any()]
        depth = float(np.mean([ball[2] for ball in balls])) if balls else 0.5 * (anchors.eyes[1][2] + anchors.eyes[-1][2]) - 0.16 * unit / 2
        origin = np.array([0.5 * (anchors.eyes[1][0] + anchors.eyes[-1][0]), 0.5 * (crown + anchors.chin[1]), depth - 0.05 * unit])
        self._move(np.eye(3) / unit, origin)
        self._window = ((-0.75, -1.1), (0.75, 0.65))

    def _brows(self, anchors: Anchors) -> dict[int, float]:
        """Height of each brow: a little below the middle of what its shapes move, near its usual place above the eye."""
        found = {}
        for side, word in ((1, "Left"), (-1, "Right")):
            heights = [self._middle_of(name)[1] for name in (f"browDown{word}", f"browOuterUp{word}") if name in self.scene.shapes]
            usual = anchors.eye_height + 0.087
            found[side] = float(np.clip(np.mean(heights) - 0.02, usual - 0.03, usual + 0.08)) if heights else usual
        return found

    def _brow_moves(self) -> np.ndarray:
        """How much each point [n] follows the brows' shapes, 0..1."""
        rows = [ARKIT_INDEX[name] for name in ("browInnerUp", "browDownLeft", "browDownRight", "browOuterUpLeft", "browOuterUpRight")]
        moved = np.linalg.norm(self.offsets[rows], axis=2)
        return (moved / np.maximum(moved.max(1, keepdims=True), 1e-9)).max(0)

    def _find_balls(self, anchors: Anchors) -> None:
        """Eyeballs that hang on no eye bone: pieces that do not blink, lie behind the lids and are about as wide as high."""
        for side in (1, -1):
            if (self.eye == side).any():
                continue
            eye = anchors.eyes[side]
            for piece in np.unique(self.piece[~self.of_skin]):
                members = (self.piece == piece) & ~self.of_skin
                low, high = self.neutral[members].min(0), self.neutral[members].max(0)
                size = high - low
                centre = 0.5 * (low + high)
                if np.abs(centre[:2] - eye[:2]).max() < 0.35 and 0.12 < size[0] < 0.9 and 0.6 < size[0] / max(size[1], 1e-9) < 1.7:
                    self.eye[members] = side
            if not (self.eye == side).any():
                self.notes.append(f"no eyeball found on the {'left' if side > 0 else 'right'}: the eye is painted on the face and only its shapes move it")

    def _eyes(self, anchors: Anchors) -> dict[int, tuple[np.ndarray, float]]:
        """Centre and radius of each eyeball."""
        found = {}
        for side, name in ((1, "eyeLeft"), (-1, "eyeRight")):
            ball = self.neutral[self.eye == side]
            if not len(ball):
                found[side] = (anchors.eyes[side] + np.array([0, 0, -0.075]), 0.075)
                continue
            centre, radius = _sphere(ball)
            bone = self.scene.bones.get(name)
            if not 0.02 < radius < 0.2 or np.abs(centre - ball.mean(0)).max() > 0.2:
                centre = bone if bone is not None and np.abs(bone - ball.mean(0)).max() < 0.15 else ball.mean(0) + np.array([0, 0, -0.05])
                radius = float(np.percentile(np.linalg.norm(ball - centre, axis=1), 60))
            found[side] = (centre, radius * 1.02)
        return found

    def _assemble(
        self, finder: KeypointFinder, found: dict[str, SurfacePoint], eyes: dict[int, tuple[np.ndarray, float]], sheet: FrontSheet, anchors: Anchors
    ) -> GlbHead:
        count = len(self.neutral)
        neutral, offsets, places = [], [], np.zeros(len(KEYPOINT_NAMES), np.int64)
        lower_lip = found["lipInner0"]
        jaw = np.zeros((len(ARKIT_NAMES), 3), np.float32)
        for row in JAW_SHAPES:
            jaw[row] = 0.85 * (self.offsets[row][lower_lip.points] * lower_lip.shares[:, None]).sum(0)
        for number, name in enumerate(KEYPOINT_NAMES):
            places[number] = count + number
            if name in found:
                point = found[name]
                neutral.append((self.neutral[point.points] * point.shares[:, None]).sum(0))
                offsets.append(np.einsum("rkc,k->rc", self.offsets[:, point.points], point.shares))
                continue
            free = finder.free(name)
            if free is None and name.startswith("iris"):
                centre, radius = eyes[1 if name.endswith("Left") else -1]
                free = centre + np.array([0, 0, radius])
            neutral.append(free)
            offsets.append(jaw if name.startswith(("toothLower", "tongue")) else np.zeros_like(jaw))
        check_names(dict.fromkeys(KEYPOINT_NAMES[: len(neutral)], True))
        all_neutral = np.concatenate([self.neutral, np.stack(neutral)]).astype(np.float32)
        all_offsets = np.concatenate([self.offsets, np.stack(offsets, 1)], 1).astype(np.float32)
        by_height = np.clip((all_neutral[:, 1] + 0.78) / 0.3, 0, 1)
        share = by_height if self.share is None else np.concatenate([self.share, by_height[count:]])
        if self.share is None:
            heads = [piece for piece in np.unique(self.piece) if self.neutral[self.piece == piece, 1].mean() > -0.5]
            share[:count][np.isin(self.piece, heads) & ~self.of_skin] = 1.0
        rig_eyes = tuple(self._rig_eye(side, eyes[side], all_neutral, all_offsets, places) for side in (1, -1))
        head = GlbHead(
            Path(self.scene.file).stem,
            Rig(all_neutral, all_offsets, share.astype(np.float32), self._pivot(), rig_eyes),
            self._surfaces(all_neutral, share, self._light(all_neutral, sheet, anchors)),
            places,
        )  # type: ignore[arg-type]
        for side in finder.painted_eyes:
            self.notes.append(f"the {'left' if side > 0 else 'right'} eyeball is not seen at rest: its lids were placed by proportion")
        head.notes = self.notes
        return head

    def _rig_eye(self, side: int, ball: tuple[np.ndarray, float], neutral: np.ndarray, offsets: np.ndarray, places: np.ndarray) -> Eye:
        """Turns with the look coefficients; the ball's own shapes are dropped. A painted eye keeps its shapes and only its iris point turns."""
        centre, radius = ball
        word = "Left" if side > 0 else "Right"
        iris = places[KEYPOINT_INDEX[f"iris{word}"]]
        members = np.append(np.flatnonzero(self.eye == side), iris)
        offsets[:, members] = 0
        arm = neutral - centre
        distance = np.linalg.norm(arm, axis=1)
        near = (distance < 1.5 * radius) & (distance > 0.9 * radius) & (arm[:, 2] > 0.15 * radius)
        soft = np.concatenate([self.of_skin, np.zeros(len(neutral) - len(self.of_skin), bool)])
        soft[[places[KEYPOINT_INDEX[f"lid{word}{i}"]] for i in range(8)]] = True
        lids = np.flatnonzero(near & soft) if len(members) > 1 else np.zeros(0, np.int64)
        return Eye(members, lids, centre.astype(np.float32), float(radius), side)

    def _pivot(self) -> np.ndarray:
        bones = self.scene.bones
        if "head" in bones and "neck" in bones:
            pivot = 0.4 * bones["neck"] + 0.6 * bones["head"]
            if abs(pivot[0]) < 0.1 and -0.8 < pivot[1] < 0 and -0.6 < pivot[2] < 0.1:
                return pivot.astype(np.float32)
        return np.asarray(_PIVOT, np.float32)

    def _light(self, neutral: np.ndarray, sheet: FrontSheet, anchors: Anchors) -> np.ndarray:
        """Light [n] that fades with depth behind the lips: 1 on the front of the face and away from the mouth."""
        width = anchors.corners[1][0] - anchors.corners[-1][0]
        away = (neutral - anchors.mouth) / width
        near = (np.abs(away[:, 0]) < 0.75) & (np.abs(away[:, 1]) < 0.75) & (away[:, 2] < -0.06) & (away[:, 2] > -2)
        column, row = (
            np.clip((neutral[:, axis] - sheet.low[axis]) / sheet.cell, 0, size - 1).astype(int) for axis, size in ((0, sheet.width), (1, sheet.height))
        )
        behind = np.nan_to_num(sheet.place[row, column, 2], nan=-9) - neutral[:, 2] > 0.06 * width
        light = np.ones(len(neutral), np.float32)
        light[near & behind] = np.clip(1.05 + 0.75 * away[near & behind, 2], 0.15, 1)
        return light

    def _surfaces(self, neutral: np.ndarray, share: np.ndarray, light: np.ndarray) -> list[Surface]:
        """What is drawn: eyes, hair, brows and lashes, teeth and tongue by their names, what lies behind the lips as inside of the mouth, the rest as skin."""
        out = []
        for number, (part, source, kind) in enumerate(zip(self.parts, self.source, self.kinds, strict=True)):
            corners = neutral[source[part.triangles]]
            triangles = part.triangles[(corners[..., 1].max(1) > _BOTTOM) & (np.abs(corners[..., 0]).min(1) < _SIDES)]
            points = source[triangles]
            eye = (self.eye[points] != 0).all(1)
            inside = ~eye & ~self.of_skin[points].all(1) & (light[points] < 0.999).all(1)
            name, full = f"{number} {part.name}", np.ones_like(light)
            label = np.where((share[points].mean(1) < 0.62) & (kind == ""), 8, 1)
            if eye.any():
                out.append(self._make(name, "eye", part, source, triangles[eye], 5, full))
            if kind in ("hair", "brow"):
                out.append(self._make("hair" if kind == "hair" else name, "card", part, source, triangles[~eye], 7 if kind == "hair" else 6, full))
                continue
            if kind in ("tooth", "tongue"):
                out.append(self._make(name, kind, part, source, triangles[~eye], 3 if kind == "tooth" else 4, light))
                continue
            rest = ~eye & ~inside
            out.append(self._make(f"{name} mouth", "tongue", part, source, triangles[inside], 4, light))
            out.append(self._make(name, "card" if part.alpha != "OPAQUE" else "skin", part, source, triangles[rest], label[rest], light))
        return [surface for surface in out if len(surface.triangles)]

    @staticmethod
    def _make(name: str, kind: str, part: GlbPart, source: np.ndarray, triangles: np.ndarray, label: np.ndarray | int, light: np.ndarray) -> Surface:
        labels = np.broadcast_to(np.asarray(label, np.uint8), (len(triangles),)).copy()
        used, place = np.unique(triangles, return_inverse=True)
        return Surface(name, kind, source[used].astype(np.int64), part.uv[used].astype(np.float32), place.reshape(-1, 3).astype(np.int32), labels,
                       light[source[used]], np.ones(len(used), np.float32), part.texture, part.tint)  # fmt: skip


def _sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and radius of the sphere nearest to some points (least squares on |p|^2 = 2 p.c + d)."""
    system = np.column_stack([2 * points, np.ones(len(points))])
    solution = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(max(solution[3] + centre @ centre, 1e-9)))
