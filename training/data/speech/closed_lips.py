"""Do the lips meet where they must? Counted by closure, not by frame: a closure of 60 ms is one or two frames."""

import numpy as np

SHUT = 0.06
"""Opening (0..1, `visemes.mouth_opening`) under which lips count as shut; the truth is under 0.03 there."""


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """(first, end) of every run of True."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(zip(np.where(edges == 1)[0].tolist(), np.where(edges == -1)[0].tolist()))


def shut_share(opening: np.ndarray, closed: np.ndarray, threshold: float = SHUT) -> tuple[int, int]:
    """Closures in which `opening` falls under the threshold within one frame of them, and how many there are."""
    spans = runs(closed)
    return sum(bool((opening[max(0, a - 1) : b + 1] < threshold).any()) for a, b in spans), len(spans)
