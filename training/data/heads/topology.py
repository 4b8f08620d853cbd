"""Walks edge loops of a quad mesh. The base mesh has clean rings round the mouth and the eyes; this finds them."""

from __future__ import annotations

import numpy as np


class QuadTopology:
    """Neighbours and edge loops of quads [m,4]."""

    def __init__(self, quads: np.ndarray) -> None:
        self.neighbours: dict[int, set[int]] = {}
        self._faces: dict[tuple[int, int], list[int]] = {}
        self._quads = [tuple(int(corner) for corner in quad) for quad in quads]
        for index, quad in enumerate(self._quads):
            for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
                if a == b:
                    continue
                self.neighbours.setdefault(a, set()).add(b)
                self.neighbours.setdefault(b, set()).add(a)
                self._faces.setdefault((min(a, b), max(a, b)), []).append(index)

    def loop(self, first: int, second: int, longest: int = 400) -> list[int]:
        """The closed edge loop through two neighbouring vertices, starting at `first`. Raises ValueError if it is open."""
        ring = [first, second]
        while len(ring) < longest:
            before, here = ring[-2:]
            if len(self.neighbours[here]) != 4:
                raise ValueError(f"edge loop from {first} ends at vertex {here}")
            beside = {v for face in self._faces[min(before, here), max(before, here)] for v in self._quads[face]}
            ahead = [v for v in self.neighbours[here] if v not in beside]
            if len(ahead) != 1:
                raise ValueError(f"edge loop from {first} forks at vertex {here}")
            if ahead[0] == first:
                return ring
            ring.append(ahead[0])
        raise ValueError(f"edge loop from {first} is longer than {longest}")


def mirror_map(vertices: np.ndarray, subset: np.ndarray) -> dict[int, int]:
    """For each vertex of `subset` the vertex of `subset` nearest to its mirror image in the plane x = 0."""
    points = vertices[subset].astype(np.float64)
    order = np.argsort(points[:, 1], kind="stable")
    sorted_y = points[order, 1]
    result: dict[int, int] = {}
    for index, (x, y, z) in zip(subset, points, strict=True):
        low, high = np.searchsorted(sorted_y, (y - 0.01, y + 0.01))
        near = order[low:high]
        gap = np.abs(points[near] - (-x, y, z)).sum(1)
        result[int(index)] = int(subset[near[int(gap.argmin())]])
    return result
