"""Reads `.target` files: sparse offsets on the base mesh, one `index dx dy dz` a line, in decimetres."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .obj import read_floats


def load_target(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertex indices [n] int32 and offsets [n,3] float32 of one target file (comment lines start with `#`)."""
    rows = read_floats(line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    table = np.asarray(rows, np.float32).reshape(-1, 4)
    return table[:, 0].astype(np.int32), table[:, 1:4]


def target_name(path: Path, root: Path) -> str:
    """Name of a target: its path under `root` without the suffix, as in `nose/nose-hump-incr`."""
    return path.relative_to(root).with_suffix("").as_posix()
