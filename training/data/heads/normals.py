"""Normals of a posed head, recomputed every frame: from the mesh for skin, teeth, tongue and cloth; analytic elsewhere."""

from __future__ import annotations

import numpy as np

from .rig import PosedHead


class NormalField:
    """Computes normals on rig points. Eyes point away from their centre; hair, brows and lashes away from the head's middle."""

    def __init__(self, head: PosedHead) -> None:
        meshes = [surface for surface in head.surfaces if surface.kind not in ("card", "eye")]
        self._triangles = np.concatenate([surface.source[surface.triangles] for surface in meshes]).astype(np.int64)
        corners = self._triangles.ravel()
        order = np.argsort(corners, kind="stable")
        self._face_of = order // 3
        self._points, self._starts = np.unique(corners[order], return_index=True)
        cards = [surface.source for surface in head.surfaces if surface.kind == "card"]
        self._cards = np.unique(np.concatenate(cards)) if cards else np.zeros(0, np.int64)
        self._eyes = []
        for eye in head.rig.eyes:
            ball = head.rig.neutral[eye.points]
            poles = np.concatenate([ball[:, :2].argmin(0), ball[:, :2].argmax(0)])
            drift = eye.centre - ball[poles].mean(0)
            self._eyes.append((eye.points, eye.points[poles], drift))
        self._skull = np.flatnonzero(head.rig.share > 0.98)[::7]
        self._middle = head.rig.neutral[self._skull].mean(0)

    def of(self, points: np.ndarray) -> np.ndarray:
        """Unit normals [n,3] for posed rig points [n,3]."""
        a, b, c = (points[self._triangles[:, corner]] for corner in range(3))
        face = _cross(b - a, c - a)
        normals = np.zeros_like(points)
        normals[self._points] = np.add.reduceat(face[self._face_of], self._starts, axis=0)
        middle = points[self._skull].mean(0) + np.array([0, 0.0, -0.12], np.float32)
        normals[self._cards] = points[self._cards] - middle
        for members, poles, drift in self._eyes:
            normals[members] = points[members] - (points[poles].mean(0) + drift)
        normals /= np.sqrt(np.einsum("nk,nk->n", normals, normals) + 1e-20)[:, None]
        return normals


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    out = np.empty_like(a)
    out[:, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    out[:, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    out[:, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return out
