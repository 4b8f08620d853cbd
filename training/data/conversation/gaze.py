"""Where the eyes go: at the partner or away by role and turn, small saccades, and eye angles as eyeLook coefficients.

Angles are degrees, horizontal positive to the person's own left (as yaw), vertical positive up (as pitch).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.arkit import ARKIT_INDEX

from .people import Person
from .statistics import FPS, STATISTICS, Statistics

FULL_DEG = (32.0, 24.0, 30.0)
"""Eye rotation of eyeLook = 1: sideways, up, down [A]."""
_DIRECTIONS_DEG = (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0)  # R UR U UL L DL D DR, order of the published table
_FACE_POINTS = np.array([[1.5, 0.8], [-1.5, 0.8], [0.0, -2.6], [0.0, 0.2]])  # partner's eyes, mouth, nose seen from 1 m [A]


@dataclass(frozen=True)
class Gaze:
    """`angles` [T, 2] gaze in space; `home` [T, 2] the part within the partner's face; `at` [T] bool; `shifts` [T] 1 at far jumps."""

    angles: np.ndarray
    home: np.ndarray
    at: np.ndarray
    shifts: np.ndarray


def _attention(frames, speaking, own_turns, person, factor, rng, statistics, boost) -> np.ndarray:
    """[T] bool: episodes of looking at the partner; redrawn when the role changes, forced around turn ends."""
    at = np.zeros(frames, bool)
    flips = np.flatnonzero(np.diff(speaking.astype(np.int8))) + 1
    t, looking = 0, True
    while t < frames:
        talk = bool(speaking[t])
        share = person.gaze_at_speaking if talk else person.gaze_at_listening
        away = statistics.gaze_away_speaking_s if talk else statistics.gaze_away_listening_s
        odds = share / (1 - share) * factor[t] ** 3 * boost[int(talk)]
        mean = away * odds if looking else away
        end = t + max(6, round(rng.gamma(2.0, mean / 2.0) * FPS))
        k = np.searchsorted(flips, t, side="right")
        if k < len(flips) and end > flips[k] + 12:  # the role changed: this episode ends soon
            end = int(flips[k]) + int(rng.integers(0, 13))
        at[t:end] = looking
        t, looking = end, not looking
    for start, end in own_turns:
        if end - start > 1.2 * FPS and rng.random() < statistics.turn_start_away:
            first = max(0, start - round(rng.uniform(0.1, 0.4) * FPS))
            at[first : start + round(rng.uniform(0.6, 1.5) * FPS)] = False
        if rng.random() < statistics.turn_end_at:
            at[max(0, end - round(rng.uniform(0.5, 0.9) * FPS)) : end + round(rng.uniform(0.5, 1.2) * FPS)] = True
    return at


def gaze_track(
    frames: int, speaking: np.ndarray, own_turns: list[tuple[int, int]], person: Person, factor: np.ndarray, bias: np.ndarray,
    rng: np.random.Generator, statistics: Statistics = STATISTICS,
) -> Gaze:  # fmt: skip
    """Draw one person's gaze. `speaking` [T] bool own turns; `factor` [T] emotion's liking for eye contact; `bias` [T, 2] degrees."""
    boost = np.ones(2)
    for _ in range(3):  # turn rules move the shares: correct the odds until the shares are the person's own
        at = _attention(frames, speaking, own_turns, person, factor, rng, statistics, boost)
        for talk, share in ((1, person.gaze_at_speaking), (0, person.gaze_at_listening)):
            mask = speaking if talk else ~speaking
            if mask.sum() > 10 * FPS:
                got = float(np.clip(at[mask].mean(), 0.05, 0.97))
                boost[talk] = np.clip(boost[talk] * (share / (1 - share)) / (got / (1 - got)), 0.1, 6.0)
    home = np.zeros((frames, 2))
    target = np.zeros((frames, 2))
    t = 0
    while t < frames:  # fixations
        fixed = max(3, round(rng.gamma(2.2, 0.36) * FPS))
        stop = min(frames, t + fixed)
        changes = np.flatnonzero(at[t:stop] != at[t])
        if len(changes):
            stop = t + int(changes[0])
        point = _FACE_POINTS[rng.choice(4, p=[0.32, 0.32, 0.2, 0.16])] + rng.normal(0, 0.35, 2)
        home[t:stop] = point
        if at[t]:
            target[t:stop] = 0.0
        elif t > 0 and not at[t - 1]:
            target[t:stop] = np.clip(target[t - 1] + rng.normal(0, 3.0, 2), -statistics.saccade_max_deg, statistics.saccade_max_deg)
        else:
            size = min(-statistics.saccade_scale_deg * np.log(max(rng.uniform(0, 15.0), 0.05) / statistics.saccade_p), statistics.saccade_max_deg)
            size = max(size, 5.0)
            weights = np.array(statistics.saccade_directions)
            angle = np.deg2rad(_DIRECTIONS_DEG[rng.choice(8, p=weights / weights.sum())])
            target[t:stop] = size * np.array([-np.cos(angle), 0.8 * np.sin(angle)]) + bias[t]
        t = stop
    target[:, 1] = np.clip(target[:, 1], -20, 16)
    full = _eye_motion(target + home, rng, statistics)
    jumps = np.linalg.norm(np.diff(target, axis=0, prepend=target[:1]), axis=1)
    return Gaze(full, _eye_motion(home, np.random.default_rng(1), statistics), at, (jumps > 7.0).astype(np.float32))


def _eye_motion(target: np.ndarray, rng: np.random.Generator, statistics: Statistics) -> np.ndarray:
    """Steps of the target [T, 2] become saccades of the published duration, sampled at the frames."""
    out = target.copy()
    steps = np.diff(target, axis=0, prepend=target[:1])
    for t in np.flatnonzero(np.abs(steps).max(1) > 0.05):
        size = float(np.linalg.norm(steps[t]))
        length = (statistics.saccade_base_s + statistics.saccade_per_deg_s * size) * FPS  # frames
        phase = rng.uniform(0.3, 1.0)
        for i in range(2):
            done = min(1.0, (phase + i) / length)
            if done < 1.0 and t + i < len(out):
                out[t + i] -= steps[t] * (1 - (3 * done**2 - 2 * done**3))
    return out


def head_share(gaze: Gaze, person: Person, statistics: Statistics = STATISTICS) -> np.ndarray:
    """The head's part of gaze [T, 2] in degrees: slower than the eyes (critically damped, about 0.4 s), only for far targets."""
    wanted = gaze.angles - gaze.home
    far = np.clip((np.linalg.norm(wanted, axis=1, keepdims=True) - 4.0) / 6.0, 0, 1)
    goal = statistics.head_share_of_gaze * min(1.4, person.head_gain) * far * wanted
    out = np.zeros_like(goal)
    place, speed = np.zeros(2), np.zeros(2)
    w = 11.0  # 1/s
    for t in range(len(goal)):
        speed = speed + (w * w * (goal[t] - place) - 2 * w * speed) / FPS
        speed *= 0.98
        place = place + speed / FPS
        out[t] = place
    return out


def eye_coefficients(eye_deg: np.ndarray) -> np.ndarray:
    """Eye-in-head angles [T, 2] -> [T, 52] with the eight eyeLook coefficients and the lids that follow the eye."""
    out = np.zeros((len(eye_deg), 52), np.float32)
    left = np.clip(eye_deg[:, 0] / FULL_DEG[0], -1, 1)
    up = np.clip(eye_deg[:, 1] / FULL_DEG[1], 0, 1)
    down = np.clip(-eye_deg[:, 1] / FULL_DEG[2], 0, 1)
    for side, outward in (("Left", 1.0), ("Right", -1.0)):
        out[:, ARKIT_INDEX["eyeLookOut" + side]] = np.clip(left * outward, 0, 1)
        out[:, ARKIT_INDEX["eyeLookIn" + side]] = np.clip(-left * outward, 0, 1)
        out[:, ARKIT_INDEX["eyeLookUp" + side]] = up
        out[:, ARKIT_INDEX["eyeLookDown" + side]] = down
        out[:, ARKIT_INDEX["eyeBlink" + side]] = 0.35 * down  # the upper lid goes with the eye
        out[:, ARKIT_INDEX["eyeWide" + side]] = 0.12 * up
    return out
