"""Nods and head shakes: cycles of declining size, in the bands that were measured in talk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .people import Person
from .statistics import FPS, STATISTICS, Statistics


@dataclass(frozen=True)
class Nod:
    """A nod (or, on the yaw axis, a shake): onset frame, cycles, frequency, first amplitude in radians."""

    frame: int
    cycles: int
    hz: float
    amplitude: float
    kind: str  # "nod" | "shake"


def draw_nod(frame: int, person: Person, rng: np.random.Generator, slow: float = 0.0, statistics: Statistics = STATISTICS) -> Nod:
    """One listener's nod; `slow` 0..1 makes slow large ones more likely. Fast nods are small, slow ones large."""
    s = statistics
    fast = rng.random() < s.nod_fast_share * (1 - slow)
    # most fast nods lie at the low end of the band: a triangular draw
    hz = rng.triangular(s.nod_fast_hz[0], s.nod_fast_hz[0] + 0.6, s.nod_fast_hz[1]) if fast else rng.uniform(*s.nod_slow_hz)
    low, high = s.nod_amplitude_deg
    place = np.clip((s.nod_fast_hz[1] - hz) / (s.nod_fast_hz[1] - s.nod_slow_hz[0]), 0, 1)
    degrees = (low + (high - low) * place**1.6) * person.nod_gain * np.exp(rng.normal(0, 0.2))
    cycles = int(rng.choice([1, 2, 3, 4], p=[0.35, 0.35, 0.2, 0.1] if fast else [0.6, 0.3, 0.1, 0.0]))
    first = 1.0 + 0.12 * (cycles - 1)  # the first cycle is larger in longer nods: Mori et al. 2025
    return Nod(frame, cycles, float(hz), float(np.deg2rad(np.clip(degrees * first, 1.0, 11.0))), "nod")


def draw_shake(frame: int, person: Person, rng: np.random.Generator) -> Nod:
    """A small shake of the head: disbelief or sympathy."""
    degrees = rng.uniform(2.0, 4.5) * person.nod_gain
    return Nod(frame, int(rng.integers(2, 4)), float(rng.uniform(1.2, 2.2)), float(np.deg2rad(degrees)), "shake")


def nod_track(frames: int, nods: list[Nod], kind: str, statistics: Statistics = STATISTICS) -> np.ndarray:
    """Offset [T] in radians: pitch for nods (down first, pitch is positive up), yaw for shakes."""
    out = np.zeros(frames, np.float32)
    for nod in nods:
        if nod.kind != kind:
            continue
        length = nod.cycles / nod.hz
        t = np.arange(max(2, int(np.ceil(length * FPS)) + 1)) / FPS
        phase = np.minimum(t * nod.hz, nod.cycles)
        cycle = np.minimum(phase.astype(int), nod.cycles - 1)
        size = statistics.nod_cycle_decay ** cycle * np.where((cycle == nod.cycles - 1) & (nod.cycles > 1), 0.8, 1.0)
        if kind == "nod":
            wave = -0.5 * (1 - np.cos(2 * np.pi * phase)) * size  # dips and comes back each cycle
        else:
            wave = np.sin(2 * np.pi * phase) * size
        end = min(frames, nod.frame + len(t))
        out[nod.frame : end] += (nod.amplitude * wave)[: end - nod.frame]
    return out
