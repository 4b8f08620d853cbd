"""The user's face in the bundled conversation: a simple, plausible performance around the spoken mouth.

Smiles and sadness follow the mood of the turns, both while speaking and while listening; blinks, glances and slow head
sway are drawn from a seed. This is example input, not training data (that is the conversation simulator's work).
"""

from typing import NamedTuple

import numpy as np

from training.data.arkit import ARKIT_INDEX

FRAME_RATE_HZ = 25


class Turn(NamedTuple):
    """A turn as the actor needs it; times in seconds."""

    by_user: bool
    mood: str
    start_s: float
    end_s: float


# mood -> what the user's face adds while speaking: coefficient (both sides where it has sides), amount
_SPEAKING: dict[str, dict[str, float]] = {
    "neutral": {"mouthSmile": 0.12, "browInnerUp": 0.06},
    "happy": {"mouthSmile": 0.55, "cheekSquint": 0.40, "eyeSquint": 0.22, "browOuterUp": 0.15, "mouthDimple": 0.15},
    "sad": {"browInnerUp": 0.50, "mouthFrown": 0.32, "mouthShrugLower": 0.16, "eyeLookDown": 0.18, "browDown": 0.08},
}
_LISTENING: dict[str, dict[str, float]] = {
    "neutral": {"mouthSmile": 0.16, "browInnerUp": 0.05},
    "happy": {"mouthSmile": 0.62, "cheekSquint": 0.45, "eyeSquint": 0.25, "browOuterUp": 0.12, "mouthDimple": 0.12},
    "sad": {"browInnerUp": 0.42, "mouthFrown": 0.26, "mouthPress": 0.14, "eyeLookDown": 0.12},
}
_PITCH_OF_MOOD = {"neutral": 0.0, "happy": 0.03, "sad": -0.08}  # rad, head up is positive


def user_face(mouth: np.ndarray, turns: list[Turn], pcm: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients float32 [T,52] and yaw, pitch, roll [T,3] in rad, for the spoken mouth [T,52] and the user's sound [S]."""
    rng = np.random.default_rng([seed, 0xFACE])
    frames = len(mouth)
    times = np.arange(frames) / FRAME_RATE_HZ
    face = mouth.copy()
    for index, turn in enumerate(turns):
        until = turns[index + 1].start_s if index + 1 < len(turns) else frames / FRAME_RATE_HZ
        hold = _eased(times, turn.start_s + (0.0 if turn.by_user else 0.5), until + (0.6 if turn.by_user else 0.2))
        for name, amount in (_SPEAKING if turn.by_user else _LISTENING)[turn.mood].items():
            for side in _sides(name):
                face[:, side] = np.maximum(face[:, side], mouth[:, side] + amount * hold * (1 - 0.3 * mouth[:, ARKIT_INDEX["jawOpen"]]))
    _blink(face, turns, rng)
    _glance(face, times, turns, rng)
    return np.clip(face, 0, 1), _head(times, turns, pcm, rng)


def _sides(name: str) -> list[int]:
    return [ARKIT_INDEX[name]] if name in ARKIT_INDEX else [ARKIT_INDEX[f"{name}{side}"] for side in ("Left", "Right")]


def _eased(times: np.ndarray, start_s: float, end_s: float, ease_s: float = 0.45) -> np.ndarray:
    """0 to 1 to 0 along half cosines that begin at start and at end; [T]."""
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip((times - start_s) / ease_s, 0, 1))
    fall = 0.5 + 0.5 * np.cos(np.pi * np.clip((times - end_s) / (2 * ease_s), 0, 1))
    return rise * fall


def _blink(face: np.ndarray, turns: list[Turn], rng: np.random.Generator) -> None:
    """Blinks about 22 a minute, log-normal intervals, and one near the end of each turn; 80 ms shut, 200 ms open."""
    shape = (0.55, 1.0, 0.75, 0.35, 0.12)
    starts = list(np.cumsum(rng.lognormal(np.log(2.4), 0.5, 60))) + [turn.end_s + 0.1 for turn in turns if rng.random() < 0.6]
    last = -1.0
    for start in sorted(starts):
        first = round(start * FRAME_RATE_HZ)
        if start - last < 0.5 or first + len(shape) > len(face):
            continue
        last = start
        for offset, value in enumerate(shape):
            for side in _sides("eyeBlink"):
                face[first + offset, side] = max(face[first + offset, side], value)


def _glance(face: np.ndarray, times: np.ndarray, turns: list[Turn], rng: np.random.Generator) -> None:
    """Looks aside for about 0.8 s at the start of a longer turn of their own."""
    for turn in turns:
        if turn.by_user and turn.end_s - turn.start_s > 1.5:
            hold = _eased(times, turn.start_s - 0.1, turn.start_s + float(rng.uniform(0.5, 1.0)), 0.12) * float(rng.uniform(0.2, 0.4))
            leftwards = rng.random() < 0.5
            for name in ("eyeLookOutLeft", "eyeLookInRight") if leftwards else ("eyeLookInLeft", "eyeLookOutRight"):
                face[:, ARKIT_INDEX[name]] += hold


def _head(times: np.ndarray, turns: list[Turn], pcm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Slow sway, beats with the own voice, nods while listening, and the lowered head of sadness; [T,3] rad."""
    pose = np.zeros((len(times), 3))
    for axis, size in enumerate((0.09, 0.035, 0.05)):
        for _ in range(4):
            pose[:, axis] += size / 2 * rng.normal() * np.sin(2 * np.pi * (rng.uniform(0.04, 0.4) * times + rng.random()))
    frames = np.pad(pcm, (0, len(times) * 640 - len(pcm)))[: len(times) * 640].reshape(len(times), 640)
    loud = np.convolve(np.sqrt((frames.astype(np.float64) ** 2).mean(1)), np.hanning(9) / np.hanning(9).sum(), "same")
    pose[:, 1] -= 0.25 * (loud - loud.mean()).clip(0)
    for turn in turns:
        pose[:, 1] += _PITCH_OF_MOOD[turn.mood] * _eased(times, turn.start_s, turn.end_s + 0.4, 0.6)
        if not turn.by_user:  # two or three nods of 2 to 3 Hz, declining
            start, rate, count = turn.start_s + float(rng.uniform(0.7, 1.4)), float(rng.uniform(1.9, 2.8)), int(rng.integers(2, 4))
            phase = (times - start) * rate
            inside = (phase > 0) & (phase < count)
            pose[inside, 1] -= 0.06 * (1 - phase[inside] / count * 0.6) * np.sin(np.pi * (phase[inside] % 1)) ** 2
    return pose.astype(np.float32)
