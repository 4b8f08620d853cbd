"""Reads `.mhclo` files (a part fitted to the base mesh) and fits the part to any shape of that mesh.

Each part vertex is bound to three base vertices with barycentric weights and an offset. The offset is scaled on each
axis by how far apart two named base vertices are, compared with the distance the file was made for. A line with one
number binds the part vertex to that base vertex exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Fitting:
    """How n part vertices hang on the base mesh: refs [n,3], weights [n,3], offsets [n,3], scale pairs and distances."""

    refs: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scale_refs: np.ndarray
    scale_sizes: np.ndarray

    def scales(self, base: np.ndarray) -> np.ndarray:
        """Offset scale on x, y and z for a base shape [v,3]."""
        first, second = base[self.scale_refs[:, 0]], base[self.scale_refs[:, 1]]
        distance = np.abs(first - second)[np.arange(3), np.arange(3)]
        return (distance / self.scale_sizes).astype(np.float32)

    def place(self, base: np.ndarray) -> np.ndarray:
        """Part vertices [n,3] on a base shape [v,3]."""
        return self.carry(base) + self.offsets * self.scales(base)

    def carry(self, field: np.ndarray) -> np.ndarray:
        """Carries any per-vertex field [v,...] of the base over to the part by the barycentric weights."""
        return np.einsum("nk,nk...->n...", self.weights, field[self.refs]).astype(np.float32)


@dataclass(frozen=True)
class Mhclo:
    """One `.mhclo` file: name, path of its OBJ, path of its material, and the fitting."""

    name: str
    obj_path: Path
    material: str
    fitting: Fitting


def load_mhclo(path: Path) -> Mhclo:
    """Loads one `.mhclo` file (a part for the base mesh hm08)."""
    name, obj_file, material = path.stem, "", ""
    scale_refs = np.zeros((3, 2), np.int32)
    scale_sizes = np.ones(3, np.float32)
    rows: list[list[float]] = []
    in_vertices = False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        key = words[0]
        if key == "name":
            name = words[1]
        elif key == "obj_file":
            obj_file = words[1]
        elif key == "material":
            material = words[1]
        elif key in ("x_scale", "y_scale", "z_scale"):
            axis = "xyz".index(key[0])
            scale_refs[axis] = int(words[1]), int(words[2])
            scale_sizes[axis] = float(words[3])
        elif key == "verts":
            in_vertices = True
        elif in_vertices and key.lstrip("-").isdigit():
            numbers = [float(word) for word in words]
            rows.append(numbers if len(numbers) >= 9 else [numbers[0]] * 3 + [1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
        elif key in ("weights", "delete_verts"):
            in_vertices = False
    table = np.asarray([row[:9] for row in rows], np.float32)
    fitting = Fitting(table[:, :3].astype(np.int32), table[:, 3:6], table[:, 6:9], scale_refs, scale_sizes)
    return Mhclo(name, path.parent / obj_file, material, fitting)
