"""The head: rest pose, sway, breathing, movement while talking, mimicry of the partner, posture of an emotion.

Poses are [T, 6]: yaw, pitch, roll in radians (positive to the own left, up, to the left shoulder), x, y, z in head heights.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, find_peaks, sosfiltfilt

from .emotion_shapes import EMOTIONS
from .people import Person
from .statistics import FPS, STATISTICS, Statistics

_POSTURE = np.array([[0.0, e.head_pitch, e.head_roll, 0.0, 0.0, e.lean] for e in EMOTIONS], np.float32)  # [25, 6]
_LIMIT = np.array([0.1, 0.11, 0.13, 0.05, 0.05, 0.06], np.float32)  # several emotions at once do not add up without end


def _noise(frames: int, sigma_s: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise [T] of unit variance."""
    raw = gaussian_filter1d(rng.normal(size=frames + 200), sigma_s * FPS)[100:-100]
    return raw / max(raw.std(), 1e-6)


def idle(frames: int, person: Person, rng: np.random.Generator) -> np.ndarray:
    """Rest pose, slow sway (about 0.6 degrees) and breathing: what a still but living head does."""
    out = np.tile(np.array(person.rest_pose, np.float32), (frames, 1))
    for axis, size in enumerate((0.010, 0.008, 0.007, 0.005, 0.003, 0.006)):
        out[:, axis] += person.sway_gain * size * (0.8 * _noise(frames, 1.6, rng) + 0.5 * _noise(frames, 0.55, rng))
    rate = person.breath_hz * np.exp(0.12 * _noise(frames, 4.0, rng))
    phase = 2 * np.pi * np.cumsum(rate) / FPS
    breath = np.sin(phase) + 0.25 * np.sin(2 * phase)
    out[:, 4] += 0.006 * breath
    out[:, 1] += 0.004 * breath
    return out


def talking(
    semitones: np.ndarray, loudness: np.ndarray, speaking: np.ndarray, sentence_frames: list[int], arousal: np.ndarray, person: Person,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Movement while one speaks -> (pose [T, 6], accents [T] 0..1 at stressed syllables, for the brows).

    Pitch follows the voice's pitch, each sentence takes a new direction, loud syllables get a small beat; all grow with arousal.
    """
    frames = len(loudness)
    pose = np.zeros((frames, 6), np.float32)
    envelope = gaussian_filter1d(speaking.astype(np.float32), 0.15 * FPS)
    gain = person.head_gain * (0.55 + 0.9 * arousal) * envelope
    pose[:, 1] += 0.012 * gaussian_filter1d(np.clip(semitones, -6, 8), 0.10 * FPS) * gain
    wander = np.zeros((frames, 3))
    for frame in sentence_frames:
        for start in (frame, frame + int(rng.integers(18, 45))):
            if start < frames:
                wander[start:] = rng.normal(0, (0.045, 0.03, 0.03))
    wander = gaussian_filter1d(wander, 0.22 * FPS, axis=0)
    pose[:, :3] += wander * gain[:, None]
    for axis, size in enumerate((0.018, 0.014, 0.013)):
        pose[:, axis] += size * _noise(frames, 0.16, rng) * gain * np.clip(gaussian_filter1d(loudness, 3) * 1.5, 0.3, 1.2)
    pose[:, 5] += 0.012 * gaussian_filter1d(envelope * arousal, 8)
    peaks, _ = find_peaks(gaussian_filter1d(loudness, 1.0), distance=round(0.32 * FPS), height=0.45)
    accents = np.zeros(frames, np.float32)
    for peak in peaks:
        if rng.random() < 0.5:
            pulse = 0.5 * (1 - np.cos(2 * np.pi * np.arange(9) / 8))
            a, b = max(0, peak - 4), min(frames, peak + 5)
            piece = pulse[a - peak + 4 : b - peak + 4]
            pose[a:b, 1] -= rng.uniform(0.015, 0.05) * gain[peak] * piece
            if rng.random() < 0.45:
                accents[a:b] = np.maximum(accents[a:b], rng.uniform(0.4, 1.0) * piece * min(1.0, gain[peak]))
    return pose, accents


def posture(levels: np.ndarray, side: float, turn_frames: list[int], person: Person, rng: np.random.Generator) -> np.ndarray:
    """Emotion's tilt and lean (`side` +1 or -1: to which shoulder this person tilts) and shifts of posture at turn changes."""
    frames = len(levels)
    pose = _LIMIT * np.tanh(levels @ _POSTURE / _LIMIT)
    pose[:, 2] *= side
    shift = np.zeros((frames, 6))
    for frame in turn_frames:
        if rng.random() < 0.45 and frame < frames:
            shift[frame:] = rng.normal(0, (0.02, 0.015, 0.02, 0.02, 0.005, 0.02))
    return gaussian_filter1d(pose, 0.35 * FPS, axis=0) + person.sway_gain * gaussian_filter1d(shift, 0.4 * FPS, axis=0)


def mimicry(partner: np.ndarray, listening: np.ndarray, person: Person, statistics: Statistics = STATISTICS) -> np.ndarray:
    """The partner's head rotation in 0.2..1.1 Hz, 600 ms later, mirrored left to right, while one listens; [T, 6]."""
    band = butter(2, statistics.mimicry_band_hz, btype="band", fs=FPS, output="sos")
    lag = round(statistics.mimicry_lag_s * FPS)
    moved = np.zeros_like(partner)
    moved[lag:, :3] = sosfiltfilt(band, partner[:, :3], axis=0)[:-lag] * np.array([-1.0, 1.0, -1.0])
    gate = gaussian_filter1d(listening.astype(np.float32), 0.3 * FPS)
    return np.clip(moved, -0.15, 0.15) * (person.mimicry_gain * gate)[:, None]
