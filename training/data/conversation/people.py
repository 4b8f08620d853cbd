"""Who is talking: the rates, lags and gains of one simulated person, drawn once a conversation."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from .statistics import STATISTICS, Statistics


def stream(seed: int, name: str) -> np.random.Generator:
    """An independent random stream for one purpose, so that a change in one part leaves the others as they were."""
    return np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))


@dataclass(frozen=True)
class Person:
    """Habits of one person. Factors multiply the published mean; angles in radians, places in head heights."""

    blink_per_min: float
    backchannel_factor: float
    nod_gain: float
    smile_return: float
    smile_gain: float
    smile_lag_factor: float
    cheek_share: float  # cheekSquint for one unit of mouthSmile
    expression_gain: float
    expression_tau_s: float
    mood_tau_s: float
    grief_tau_s: float
    gaze_at_speaking: float
    gaze_at_listening: float
    head_gain: float
    mimicry_gain: float
    sway_gain: float
    breath_hz: float
    asymmetry: float  # -1..1: which side leads a smile or a raised brow
    rest_pose: tuple[float, float, float, float, float, float]  # yaw, pitch, roll rad; x, y, z head heights


def _factor(rng: np.random.Generator, sigma: float, low: float, high: float) -> float:
    """A lognormal factor with median 1, kept between `low` and `high`."""
    return float(np.clip(np.exp(rng.normal(0.0, sigma)), low, high))


def _logit_shift(p: float, shift: float) -> float:
    return float(1.0 / (1.0 + np.exp(-(np.log(p / (1.0 - p)) + shift))))


def sample_person(rng: np.random.Generator, statistics: Statistics = STATISTICS) -> Person:
    """Draw one person; rates are lognormal with sigma 0.5 (`Statistics.person_sigma`)."""
    s = statistics.person_sigma
    half = s / 2.0
    return Person(
        blink_per_min=statistics.blink_per_min * _factor(rng, 0.30, 0.4, 1.9),
        backchannel_factor=_factor(rng, s, 0.35, 2.0),
        nod_gain=_factor(rng, half, 0.6, 1.6),
        smile_return=float(np.clip(statistics.smile_return + rng.normal(0.0, 0.06), 0.5, 0.88)),
        smile_gain=float(rng.uniform(*statistics.smile_gain)),
        smile_lag_factor=_factor(rng, 0.12, 0.75, 1.35),
        cheek_share=float(rng.uniform(0.45, 0.75)),
        expression_gain=_factor(rng, 0.18, 0.7, 1.3),
        expression_tau_s=float(rng.uniform(*statistics.expression_tau_s)),
        mood_tau_s=float(rng.uniform(*statistics.mood_tau_s)),
        grief_tau_s=statistics.grief_tau_s * _factor(rng, 0.2, 0.7, 1.4),
        gaze_at_speaking=_logit_shift(statistics.gaze_at_speaking, rng.normal(0.0, 0.25)),
        gaze_at_listening=_logit_shift(statistics.gaze_at_listening, rng.normal(0.0, 0.25)),
        head_gain=_factor(rng, half, 0.55, 1.7),
        mimicry_gain=statistics.mimicry_gain * _factor(rng, half, 0.5, 1.7),
        sway_gain=_factor(rng, half, 0.6, 1.6),
        breath_hz=statistics.breath_per_min / 60.0 * _factor(rng, 0.12, 0.75, 1.3),
        asymmetry=float(np.clip(rng.normal(0.0, 0.4), -1.0, 1.0)),
        rest_pose=(
            float(rng.normal(0.0, 0.035)), float(rng.normal(0.0, 0.03)), float(rng.normal(0.0, 0.02)),
            float(rng.normal(0.0, 0.015)), float(rng.normal(0.0, 0.01)), float(rng.normal(0.0, 0.02)),
        ),
    )
