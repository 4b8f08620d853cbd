"""Blinks: how often, when, and their shape at 25 frames a second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .people import Person
from .statistics import FPS, STATISTICS, Statistics


@dataclass(frozen=True)
class Blink:
    """One blink: frame of its onset, depth 0..1, length of closing and opening in seconds."""

    frame: int
    depth: float
    closing_s: float
    opening_s: float


def place_blinks(
    frames: int, person: Person, rate_factor: np.ndarray, pauses: np.ndarray, shifts: np.ndarray, partner: list[Blink],
    rng: np.random.Generator, statistics: Statistics = STATISTICS,
) -> list[Blink]:  # fmt: skip
    """Draw the blinks of one person.

    `rate_factor` [T] multiplies the rate (emotion), `pauses` [T] is 1 around the ends of one's own phrases, `shifts` [T] is 1
    where the gaze jumps far, `partner` are the other's blinks (answered 0.25 to 0.5 s later at times).
    """
    hazard = rate_factor * (0.62 + 1.6 * pauses + 7.0 * shifts)
    hazard = hazard / max(hazard.mean(), 1e-6) * rate_factor.mean()
    follow = np.zeros(frames)
    for blink in partner:
        if rng.random() < statistics.blink_follow_share:
            at = blink.frame + round(rng.uniform(*statistics.blink_follow_s) * FPS)
            if at < frames:
                follow[at] = 1.0
    share = follow.sum() / max(frames / FPS / 60, 1e-6)  # answers a minute: they count towards the person's own rate
    rate = max(0.4 * person.blink_per_min, person.blink_per_min - 0.9 * share)
    wait = statistics.blink_min_interval_s
    per_frame = rate / 60 / FPS / max(1e-6, 1 - rate / 60 * wait)  # refractory time made good
    draws = rng.random(frames) < hazard * per_frame
    out: list[Blink] = []
    last = -(10**9)
    for frame in np.flatnonzero(draws | (follow > 0)):
        if frame - last < wait * FPS:
            continue
        last = int(frame)
        depth = rng.uniform(0.45, 0.8) if rng.random() < statistics.blink_incomplete_share else rng.uniform(0.92, 1.0)
        out.append(Blink(last, float(depth), float(rng.uniform(*statistics.blink_closing_s)), float(rng.uniform(*statistics.blink_opening_s))))
    return out


def lid_track(frames: int, blinks: list[Blink]) -> np.ndarray:
    """Lid closure [T] 0..1: fast down, slower up; the peak falls on a frame, so that 25 fps never skips it."""
    lid = np.zeros(frames, np.float32)
    for blink in blinks:
        peak = blink.frame + max(1, round(blink.closing_s * FPS))
        down = peak - blink.frame
        up = max(2, round(blink.opening_s * FPS))
        for t in range(max(0, blink.frame), min(frames, peak + up + 1)):
            x = (t - blink.frame) / down if t <= peak else 1 - (t - peak) / (up + 0.6)
            x = float(np.clip(x, 0.0, 1.0))
            lid[t] = max(lid[t], blink.depth * (3 * x * x - 2 * x**3))
    return lid
