"""Motions that an avatar is fitted on: mouths as in speech, pairs of eyes, brows, and the mixtures of `data/renders.py`."""

import numpy as np

from training.data.arkit import ARKIT_INDEX
from training.data.renders import sample_motion
from training.model.layout import MOTION_WIDTH


def everyday_motion(rng: np.random.Generator, count: int) -> np.ndarray:
    """Motion [count,58] of faces that talk, look around and blink; the head stays still."""
    motion = np.zeros((count, MOTION_WIDTH), np.float32)

    def put(name: str, values: np.ndarray, chance: float = 1.0) -> None:
        values = np.where(rng.random(count) < chance, values, 0)
        for full in (name,) if name in ARKIT_INDEX else (f"{name}Left", f"{name}Right"):
            motion[:, ARKIT_INDEX[full]] = values

    some = lambda high, power=1.5: high * rng.random(count) ** power  # noqa: E731
    jaw = 0.75 * rng.beta(1.1, 2.4, count)
    put("jawOpen", jaw)
    motion[:, ARKIT_INDEX["mouthClose"]] = np.where(rng.random(count) < 0.3, jaw * rng.random(count) ** 0.4, 0)
    for name, high, chance in (
        ("mouthFunnel", 0.8, 0.25), ("mouthPucker", 0.9, 0.25), ("mouthSmile", 0.9, 0.45), ("mouthFrown", 0.5, 0.12), ("mouthStretch", 0.6, 0.25), ("mouthPress", 0.6, 0.2),
        ("mouthLowerDown", 0.7, 0.4), ("mouthUpperUp", 0.6, 0.35), ("mouthRollLower", 0.7, 0.15), ("mouthRollUpper", 0.6, 0.12), ("mouthShrugLower", 0.5, 0.15),
        ("mouthShrugUpper", 0.4, 0.1), ("mouthDimple", 0.4, 0.12), ("browInnerUp", 0.8, 0.3), ("browDown", 0.8, 0.25), ("browOuterUp", 0.7, 0.25),
        ("cheekSquint", 0.6, 0.3), ("eyeSquint", 0.6, 0.3), ("eyeWide", 0.5, 0.15), ("noseSneer", 0.4, 0.1),
    ):  # fmt: skip
        put(name, some(high), chance)
    put("eyeBlink", np.where(rng.random(count) < 0.5, rng.random(count), 1.0), 0.3)
    side, up = rng.normal(0, 0.35, count), rng.normal(0, 0.3, count)
    for name, values in (("eyeLookOutLeft", side), ("eyeLookInRight", side), ("eyeLookInLeft", -side), ("eyeLookOutRight", -side),
                         ("eyeLookUpLeft", up), ("eyeLookUpRight", up), ("eyeLookDownLeft", -up), ("eyeLookDownRight", -up)):  # fmt: skip
        motion[:, ARKIT_INDEX[name]] = np.clip(values, 0, 1)
    return motion


def fitting_motion(seed: int, count: int) -> np.ndarray:
    """Motion [count,58], heads turned and moved too."""
    rng = np.random.default_rng((seed, 90210))
    everyday = everyday_motion(rng, max(400, count // 4))
    return np.stack([sample_motion(rng, everyday) for _ in range(count)])
