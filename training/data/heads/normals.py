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
        self._eyes = [eye.points for eye in head.rig.eyes]
        self._skull = np.flatnonzero(head.rig.share > 0.98)[::7]
        self._middle = head.rig.neutral[self._skull].mean(0)

    def of(self, points: np.ndarray) -> np.ndarray:
        """Unit normals [n,3] for posed rig points [n,3]."""
        a, b, c = (points[self._triangles[:, corner]] for corner in range(3))
        face = np.cross(b - a, c - a)
        normals = np.zeros_like(points)
        normals[self._points] = np.add.reduceat(face[self._face_of], self._starts, axis=0)
        middle = points[self._skull].mean(0) + np.array([0, 0.0, -0.12], np.float32)
        normals[self._cards] = points[self._cards] - middle
        for members in self._eyes:
            ball = points[members]
            normals[members] = ball - 0.5 * (ball.max(0) + ball.min(0))
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
