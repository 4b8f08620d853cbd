"""Light for renders: a sky-and-ground ambient, a key and a fill, all soft."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """Directions point from the head to the lamp (they are normalised when used); colours are linear RGB."""

    sky: tuple[float, float, float] = (0.52, 0.54, 0.58)
    ground: tuple[float, float, float] = (0.26, 0.235, 0.22)
    key_direction: tuple[float, float, float] = (-0.45, 0.55, 0.85)
    key: tuple[float, float, float] = (0.78, 0.74, 0.68)
    fill_direction: tuple[float, float, float] = (0.75, 0.15, 0.6)
    fill: tuple[float, float, float] = (0.20, 0.22, 0.26)

    @staticmethod
    def default() -> Light:
        """The studio light of the hero renders."""
        return Light()


def sample_light(seed: int) -> Light:
    """A soft variation of the studio light: side, height, strength and warmth change, never harshly."""
    rng = np.random.default_rng((seed, 104729))
    side = -1.0 if rng.random() < 0.6 else 1.0
    warmth = float(rng.uniform(-0.07, 0.09))
    strength, ambient = float(rng.uniform(0.5, 0.95)), float(rng.uniform(0.42, 0.62))
    warm = (1 + warmth, 1.0, 1 - warmth)
    return Light(
        sky=tuple(ambient * tone for tone in (0.98 - warmth, 1.0, 1.05 + warmth)),
        ground=tuple(0.46 * ambient * tone for tone in warm),
        key_direction=(side * float(rng.uniform(0.15, 0.9)), float(rng.uniform(0.2, 0.9)), float(rng.uniform(0.6, 1.0))),
        key=tuple(strength * tone for tone in warm),
        fill_direction=(-side * float(rng.uniform(0.5, 0.9)), float(rng.uniform(-0.1, 0.4)), 0.6),
        fill=tuple(float(rng.uniform(0.12, 0.3)) * tone for tone in (1 - warmth, 1.0, 1 + warmth)),
    )
