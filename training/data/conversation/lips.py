"""Speech and expression on one mouth: a smile may not open the lips in /p b m/, nor a frown shut an open vowel."""

from __future__ import annotations

import numpy as np

from training.data.arkit import ARKIT_INDEX, ARKIT_NAMES

_OPENING = [ARKIT_INDEX[n] for n in ("jawOpen", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthFunnel")]
_CORNERS = [i for i, n in enumerate(ARKIT_NAMES) if n.startswith(("mouthSmile", "mouthFrown", "mouthStretch", "mouthDimple"))]
_TIGHT = [i for i, n in enumerate(ARKIT_NAMES) if n.startswith(("mouthPress", "mouthRoll", "mouthPucker", "mouthShrug", "mouthLeft", "mouthRight"))]
_ROUND = [ARKIT_INDEX["mouthPucker"], ARKIT_INDEX["mouthFunnel"]]


def widened(track: np.ndarray, side: float = 0.5) -> np.ndarray:
    """[T] with `side` of each value spread to both neighbours."""
    padded = np.pad(track, 1)
    return np.maximum(track, side * np.maximum(padded[:-2], padded[2:]))


def put_together(mouth: np.ndarray, closed: np.ndarray, speaking: np.ndarray, expression: np.ndarray) -> np.ndarray:
    """Articulation [T, 52] and expression [T, 52] -> face [T, 52] by soft union.

    `closed` [T] 1 where the lips must meet: there the opening coefficients are articulation's alone. `speaking` [T] 0..1:
    while one speaks, expression may hardly open, press or round the lips, and rounded vowels pull the corners in.
    """
    shut = widened(closed)
    face = expression.copy()
    face[:, _OPENING] *= ((1 - shut) * (1 - 0.75 * speaking))[:, None]
    rounded = np.clip(mouth[:, _ROUND].max(1), 0, 1)
    face[:, _CORNERS] *= ((1 - 0.25 * shut) * (1 - 0.45 * rounded) * (1 - 0.12 * speaking))[:, None]
    face[:, _TIGHT] *= (1 - 0.65 * speaking)[:, None]
    return 1.0 - (1.0 - mouth) * (1.0 - face)
