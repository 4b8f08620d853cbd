"""The front of a mesh as a height map: which surface point a camera in front of the face sees at each place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SurfacePoint:
    """A place on the mesh: three points and their shares, which sum to 1."""

    points: np.ndarray
    shares: np.ndarray


class FrontSheet:
    """Cells of `cell` units over x, y within a box; `triangle` [h,w] is what each cell sees (-1: nothing), `share` [h,w,3] where on it.

    Row 0 is the lowest. Units and axes are those of the points: +x the avatar's left, +y up, +z to the viewer.
    """

    def __init__(self, points: np.ndarray, triangles: np.ndarray, low: tuple[float, float], high: tuple[float, float], cell: float) -> None:
        self.points, self.triangles, self.low, self.cell = points, triangles, np.asarray(low, np.float64), cell
        self.width, self.height = (int(np.ceil((b - a) / cell)) for a, b in zip(low, high, strict=True))
        corners = points[triangles]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        inside = (corners[..., :2].max(1) > low).all(1) & (corners[..., :2].min(1) < high).all(1) & (across[:, 2] > 0)
        chosen = np.flatnonzero(inside)
        longest = np.linalg.norm(corners[chosen] - np.roll(corners[chosen], 1, 1), axis=2).max(1)
        steps = np.clip(np.ceil(1.25 * longest / cell).astype(int), 1, 60)
        found = [np.zeros((0, 4))]
        owners = [np.zeros(0, np.int64)]
        shares = [np.zeros((0, 3))]
        for step in np.unique(steps):
            a, b = np.meshgrid(np.arange(step + 1), np.arange(step + 1))
            keep = a + b <= step
            blend = np.stack([step - a[keep] - b[keep], a[keep], b[keep]], 1) / step
            members = chosen[steps == step]
            places = np.einsum("pk,tkc->tpc", blend, corners[members]).reshape(-1, 3)
            column, row = (np.floor((places[:, axis] - low[axis]) / cell).astype(int) for axis in (0, 1))
            held = (column >= 0) & (column < self.width) & (row >= 0) & (row < self.height)
            found.append(np.column_stack([row * self.width + column, places[:, 2], places[:, :2]])[held])
            owners.append(np.repeat(members, len(blend))[held])
            shares.append(np.tile(blend, (len(members), 1))[held])
        samples, owner, share = np.concatenate(found), np.concatenate(owners), np.concatenate(shares)
        order = np.lexsort((samples[:, 1], samples[:, 0]))
        cells = samples[order, 0].astype(int)
        top = order[np.append(np.flatnonzero(np.diff(cells)), len(cells) - 1)] if len(cells) else order
        self.triangle = np.full((self.height, self.width), -1)
        self.share = np.zeros((self.height, self.width, 3))
        self.place = np.full((self.height, self.width, 3), np.nan)
        flat = samples[top, 0].astype(int)
        self.triangle.ravel()[flat] = owner[top]
        self.share.reshape(-1, 3)[flat] = share[top]
        self.place.reshape(-1, 3)[flat] = np.column_stack([samples[top, 2:], samples[top, 1]])
        self.seen = self.triangle >= 0
        normal = np.full((len(triangles), 3), np.nan)
        normal[chosen] = across[chosen] / np.maximum(np.linalg.norm(across[chosen], axis=1, keepdims=True), 1e-12)
        self.normal = np.where(self.seen[..., None], normal[self.triangle], np.nan)  # [h,w,3] of the faces

    def field(self, values: np.ndarray) -> np.ndarray:
        """Values of points [n] or [n,c] at each cell; NaN where nothing is seen."""
        picked = values[self.triangles[self.triangle]]
        shares = self.share if values.ndim == 1 else self.share[..., None]
        mixed = (picked * shares).sum(2)
        mixed[~self.seen] = np.nan
        return mixed

    def point(self, row: int, column: int) -> SurfacePoint:
        """The surface point that a cell sees."""
        return SurfacePoint(self.triangles[self.triangle[row, column]], self.share[row, column])

    def nearest(self, x: float, y: float, allowed: np.ndarray | None = None) -> tuple[int, int]:
        """Row and column of the seen cell nearest to a place; `allowed` [h,w] narrows the choice. Raises LookupError when there is none."""
        usable = self.seen if allowed is None else self.seen & allowed
        rows, columns = np.nonzero(usable)
        if not len(rows):
            raise LookupError("no surface there")
        gap = np.hypot(self.place[rows, columns, 0] - x, self.place[rows, columns, 1] - y)
        best = int(gap.argmin())
        return int(rows[best]), int(columns[best])
