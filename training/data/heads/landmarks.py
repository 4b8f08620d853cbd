"""The 96 fixed keypoints of a head: their names, and where they sit on the base mesh hm08.

All identities share them. Left is the avatar's own left, which is on the right side of the picture.
"""

from __future__ import annotations

import numpy as np

from .topology import QuadTopology, mirror_map


def _ring(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{index}" for index in range(count)]


KEYPOINT_GROUPS: dict[str, tuple[str, ...]] = {
    "lipsOuter": tuple(_ring("lipOuter", 16)),
    "lipsInner": tuple(_ring("lipInner", 10)),
    "teethUpper": ("toothUpperRight", "toothUpperLeft"),
    "teethLower": ("toothLowerRight", "toothLowerMid", "toothLowerLeft"),
    "tongue": ("tongueTip",),
    "eyeLeft": (*_ring("lidLeft", 8), "irisLeft"),
    "eyeRight": (*_ring("lidRight", 8), "irisRight"),
    "browLeft": tuple(_ring("browLeft", 5)),
    "browRight": tuple(_ring("browRight", 5)),
    "nose": ("noseRoot", "noseBridge", "noseTip", "noseBase", "noseWingLeft", "noseWingRight", "philtrum"),
    "contour": (*_ring("contourLeft", 6), "chin", *_ring("contourRight", 6)),
    "cheeks": ("cheekLeft0", "cheekLeft1", "cheekRight0", "cheekRight1"),
    "forehead": ("foreheadMid", "hairlineMid", "foreheadLeft", "hairlineLeft", "foreheadRight", "hairlineRight"),
    "ears": ("earLeft", "earRight"),
    "neck": ("neckLeft", "neckRight", "shoulderLeft", "shoulderRight"),
}
"""Keypoint names by group. Rings start at the lower middle (lips) or at the inner corner (lids)."""

KEYPOINT_NAMES: tuple[str, ...] = tuple(name for group in KEYPOINT_GROUPS.values() for name in group)
KEYPOINT_INDEX: dict[str, int] = {name: index for index, name in enumerate(KEYPOINT_NAMES)}

LIP_ROWS = (492, 496, 495, 513, 494, 493, 523)
"""Lower middle vertices of the rings of the red of the lips, from the outer border to the line of contact (hm08)."""
INSIDE_LIPS = 540
"""Lower middle vertex of the first ring behind the lips."""
LID_MARGIN_LEFT = 11466
"""Top vertex of the ring on the edge of the left eyelids."""
INSIDE_LIDS_LEFT = 7747
"""Top vertex of the first ring behind the edge of the left eyelids."""
_BROW_LEFT_X = (0.10, 0.20, 0.31, 0.42, 0.51)


def midline_loop(topology: QuadTopology, vertices: np.ndarray, start: int) -> list[int]:
    """The closed ring through a midline vertex that leaves towards the avatar's left (+x)."""
    side = max(topology.neighbours[start], key=lambda v: vertices[v, 0])
    return topology.loop(start, side)


def sideways_loop(topology: QuadTopology, start: int) -> list[int]:
    """The first closed ring of 20 to 40 vertices through `start`."""
    for neighbour in sorted(topology.neighbours[start]):
        try:
            ring = topology.loop(start, neighbour)
        except ValueError:
            continue
        if 20 <= len(ring) <= 40:
            return ring
    raise ValueError(f"no ring through vertex {start}")


def _spread(vertices: np.ndarray, ring: list[int], count: int) -> list[int]:
    """`count` vertices of a closed ring, evenly spaced by length, starting at its first vertex."""
    points = vertices[ring][:, :2]
    step = np.linalg.norm(np.roll(points, -1, 0) - points, axis=1)
    along = np.concatenate([[0.0], np.cumsum(step)[:-1]])
    return [ring[int(np.abs(along - fraction).argmin())] for fraction in np.arange(count) / count * step.sum()]


def find_landmarks(topology: QuadTopology, vertices: np.ndarray, normals: np.ndarray, skin: np.ndarray) -> dict[str, int]:
    """Base-mesh vertex of every keypoint that lies on the skin. `vertices` is an average adult, `skin` the vertices allowed."""
    mirror = mirror_map(vertices, skin)
    found: dict[str, int] = {}

    def nearest(x: float, y: float, facing: float = 0.2) -> int:
        usable = skin[normals[skin, 2] > facing]
        points = vertices[usable]
        cost = np.hypot(points[:, 0] - x, points[:, 1] - y) - 0.02 * points[:, 2]
        return int(usable[cost.argmin()])

    def both(name: str, vertex: int, suffix: str = "") -> None:
        found[f"{name}Left{suffix}"] = vertex
        found[f"{name}Right{suffix}"] = mirror[vertex]

    outer = midline_loop(topology, vertices, LIP_ROWS[0])
    inner = midline_loop(topology, vertices, LIP_ROWS[-1])
    found |= zip(KEYPOINT_GROUPS["lipsOuter"], _spread(vertices, outer, 16), strict=True)
    found |= zip(KEYPOINT_GROUPS["lipsInner"], _spread(vertices, inner, 10), strict=True)

    lids = sideways_loop(topology, LID_MARGIN_LEFT)
    start = int(np.argmin(vertices[lids][:, 0]))
    lids = lids[start:] + lids[:start]
    if vertices[lids[len(lids) // 4], 1] < vertices[lids[3 * len(lids) // 4], 1]:
        lids = [lids[0], *lids[:0:-1]]
    eye = vertices[lids].mean(0)
    for index, vertex in enumerate(_spread(vertices, lids, 8)):
        both("lid", vertex, str(index))

    for index, x in enumerate(_BROW_LEFT_X):
        both("brow", nearest(x, eye[1] + 0.185 + (0.0, 0.035, 0.055, 0.05, 0.01)[index]), str(index))

    middle = skin[(np.abs(vertices[skin, 0]) < 1e-3) & (vertices[skin, 2] > 0.6)]
    lip_top = max(vertices[v, 1] for v in outer if abs(vertices[v, 0]) < 1e-3)
    tip = int(middle[vertices[middle, 2].argmax()])
    found["noseTip"] = tip
    found["noseRoot"] = nearest(0.0, eye[1] + 0.06)
    found["noseBridge"] = nearest(0.0, 0.5 * (eye[1] + vertices[tip, 1]) + 0.05)
    found["noseBase"] = nearest(0.0, vertices[tip, 1] - 0.12, -0.5)
    found["philtrum"] = nearest(0.0, lip_top + 0.05)
    wing = skin[(np.abs(vertices[skin, 1] - vertices[tip, 1] + 0.05) < 0.07) & (normals[skin, 0] > 0.6) & (vertices[skin, 0] < 0.3)
                & (vertices[skin, 2] > vertices[tip, 2] - 0.3) & (vertices[skin, 0] > 0.1)]
    both("noseWing", int(wing[np.abs(vertices[wing, 0] - 0.2).argmin()]))

    lip_y = vertices[inner][:, 1].mean()
    chin = middle[(vertices[middle, 1] < lip_y - 0.15) & (normals[middle, 1] < -0.55)]
    chin_y = float(vertices[chin, 1].max())
    found["chin"] = int(chin[vertices[chin, 1].argmax()])
    for index, fraction in enumerate((1.0, 0.8, 0.6, 0.4, 0.2, 0.05)):
        level = chin_y + fraction * (eye[1] - chin_y)
        band = skin[(np.abs(vertices[skin, 1] - level) < 0.06) & (normals[skin, 2] > 0.3) & (vertices[skin, 2] > 0.4)]
        width = vertices[band, 0] - 2 * np.abs(vertices[band, 1] - level)
        both("contour", int(band[width.argmax()]), str(index))

    both("cheek", nearest(0.38, eye[1] - 0.3), "0")
    both("cheek", nearest(0.4, lip_y + 0.05), "1")
    crown = float(vertices[skin, 1].max())
    both("forehead", nearest(0.38, eye[1] + 0.45))
    both("hairline", nearest(0.3, eye[1] + 0.72))
    found["foreheadMid"] = nearest(0.0, eye[1] + 0.5)
    found["hairlineMid"] = nearest(0.0, min(eye[1] + 0.82, crown - 0.3))
    side = skin[(vertices[skin, 1] > lip_y + 0.1) & (vertices[skin, 1] < eye[1] + 0.3)]
    both("ear", int(side[vertices[side, 0].argmax()]))
    level = chin_y - 0.35
    neck = skin[(np.abs(vertices[skin, 1] - level) < 0.06) & (np.abs(vertices[skin, 0]) < 0.9) & (normals[skin, 2] > 0.1)]
    both("neck", int(neck[vertices[neck, 0].argmax()]))
    both("shoulder", nearest(1.15, chin_y - 0.75))
    return found
