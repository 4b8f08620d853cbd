"""Reads the subset of Wavefront OBJ that the head assets use: v, vt, g, and f with three or four corners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class ObjMesh:
    """A polygon mesh. `faces` and `face_uvs` are [m,4]; a triangle repeats its last corner."""

    vertices: np.ndarray
    uvs: np.ndarray
    faces: np.ndarray
    face_uvs: np.ndarray
    face_groups: np.ndarray
    group_names: tuple[str, ...]


def read_floats(lines: Iterable[str]) -> list[list[float]]:
    """One list of numbers a line."""
    return [[float(word) for word in line.split()] for line in lines]


def load_obj(path: Path) -> ObjMesh:
    """Loads one OBJ file. Vertex and texture indices are zero-based; a face without texture indices gets 0."""
    vertices: list[list[float]] = []
    uvs: list[list[float]] = []
    faces: list[list[int]] = []
    face_uvs: list[list[int]] = []
    groups: list[int] = []
    names: list[str] = []
    current = -1
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "vt":
            uvs.append([float(word) for word in words[1:3]])
        elif words[0] == "g":
            name = words[1] if len(words) > 1 else ""
            if name not in names:
                names.append(name)
            current = names.index(name)
        elif words[0] == "f":
            corners = [word.split("/") for word in words[1:]]
            if len(corners) == 3:
                corners.append(corners[-1])
            faces.append([int(corner[0]) - 1 for corner in corners[:4]])
            face_uvs.append([int(corner[1]) - 1 if len(corner) > 1 and corner[1] else 0 for corner in corners[:4]])
            groups.append(current)
    return ObjMesh(
        np.asarray(vertices, np.float32),
        np.asarray(uvs or [[0.0, 0.0]], np.float32),
        np.asarray(faces, np.int32),
        np.asarray(face_uvs, np.int32),
        np.asarray(groups, np.int32),
        tuple(names),
    )


def triangulate(faces: np.ndarray, face_uvs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Splits quads into triangles: [m,4] -> [k,3] for vertices and texture corners; degenerate halves are dropped."""
    corners = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    texture = np.concatenate([face_uvs[:, [0, 1, 2]], face_uvs[:, [0, 2, 3]]])
    solid = (corners[:, 0] != corners[:, 2]) & (corners[:, 1] != corners[:, 2]) & (corners[:, 0] != corners[:, 1])
    return corners[solid], texture[solid]


def split_by_uv(triangles: np.ndarray, texture: np.ndarray, uvs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One render vertex for each (vertex, uv) pair in use.

    Returns `source` [n] (the mesh vertex behind each render vertex), `uv` [n,2] and triangles [k,3] of render vertices.
    """
    pairs = np.stack([triangles.ravel(), texture.ravel()], 1)
    unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
    return unique[:, 0].astype(np.int32), uvs[unique[:, 1]].astype(np.float32), inverse.reshape(-1, 3).astype(np.int32)
