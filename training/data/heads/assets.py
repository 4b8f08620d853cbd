"""Reads the compiled head assets (`build/heads.npz`)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from .mhclo import Fitting

FORMAT_VERSION = 1


@dataclass(frozen=True)
class PartMesh:
    """A fitted part: `fitting` places its vertices, `source` [n] and `uv` [n,2] its render vertices, triangles [k,3]."""

    category: str
    name: str
    fitting: Fitting
    source: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray


class HeadAssets:
    """Compiled head assets. Arrays are read when first used, so opening is quick."""

    def __init__(self, path: str | Path) -> None:
        with np.load(path) as archive:
            self._arrays: dict[str, np.ndarray] = {name: archive[name] for name in archive.files}
        if int(self._arrays["format"]) != FORMAT_VERSION:
            raise ValueError(f"{path}: compiled head format {int(self._arrays['format'])}, expected {FORMAT_VERSION}; compile it again")
        self._pixels: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    @cached_property
    def target_names(self) -> tuple[str, ...]:
        """Names of all targets, such as `nose/nose-hump-incr` and `arkit/jawOpen`."""
        return tuple(str(name) for name in self._arrays["targets/names"])

    @cached_property
    def _target_index(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.target_names)}

    def target(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Vertex indices [n] and offsets [n,3] float32 (decimetres) of one target."""
        row = self._target_index[name]
        start, stop = self._arrays["targets/starts"][row : row + 2]
        return self._arrays["targets/index"][start:stop].astype(np.int64), self._arrays["targets/offset"][start:stop].astype(np.float32)

    def part(self, category: str, name: str) -> PartMesh:
        """One fitted part, for example `part("hair", "short01")`."""
        key = f"part/{category}/{name}/"
        fitting = Fitting(*(self._arrays[key + field] for field in ("refs", "weights", "offsets", "scale_refs", "scale_sizes")))
        return PartMesh(category, name, fitting, *(self._arrays[key + field] for field in ("source", "uv", "triangles")))

    def names(self, kind: str) -> tuple[str, ...]:
        """Names under a prefix such as `texture/skin` or `part/hair`, sorted."""
        prefix = kind + "/"
        return tuple(sorted({name[len(prefix) :].split("/")[0] for name in self._arrays if name.startswith(prefix)}))

    def texture(self, name: str) -> np.ndarray:
        """RGBA pixels [h,w,4] uint8 of a texture such as `skin/young_darkskinned_male`."""
        if name not in self._pixels:
            with Image.open(io.BytesIO(self._arrays["texture/" + name].tobytes())) as image:
                self._pixels[name] = np.asarray(image.convert("RGBA"))
        return self._pixels[name]


def load_assets(path: str | Path) -> HeadAssets:
    """Opens a compiled head file."""
    return HeadAssets(path)
