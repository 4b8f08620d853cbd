"""The 25 emotions: what each looks like in ARKit coefficients, what it does to head, gaze, blinks, motion and voice.

A name without a side ("mouthSmile") stands for both sides. Values are for full intensity (1.0). The signatures follow the
action units usually given for each emotion (Ekman & Friesen 1978, FACS [M]); the amounts are ours, judged by eye.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training.data.arkit import ARKIT_NAMES

INDEX = {name: i for i, name in enumerate(ARKIT_NAMES)}
FACE = len(ARKIT_NAMES)


@dataclass(frozen=True)
class Emotion:
    """One emotion. Head in radians (roll takes the person's own side), gaze bias in degrees, factors multiply."""

    name: str
    face: dict[str, float]
    valence: float
    arousal: float  # 0 still .. 1 lively
    head_pitch: float = 0.0
    head_roll: float = 0.0
    lean: float = 0.0  # z, head heights, towards the partner
    gaze_bias_deg: tuple[float, float] = (0.0, 0.0)  # where the eyes go when they look away
    gaze_at_factor: float = 1.0
    blink_factor: float = 1.0
    voice: dict[str, float] = field(default_factory=dict)  # rate, pitch, range, energy factors


def _voice(rate: float, pitch: float, span: float, energy: float) -> dict[str, float]:
    return {"rate": rate, "pitch": pitch, "range": span, "energy": energy}


EMOTIONS: tuple[Emotion, ...] = (
    Emotion("neutral", {}, 0.0, 0.45),
    Emotion("calm", {"mouthSmile": 0.10, "eyeSquint": 0.05}, 0.2, 0.25, voice=_voice(0.94, 0.97, 0.85, 0.9)),
    Emotion("happy", {"mouthSmile": 0.74, "cheekSquint": 0.45, "eyeSquint": 0.16, "browOuterUp": 0.06}, 0.8, 0.65,
            voice=_voice(1.05, 1.10, 1.25, 1.1)),
    Emotion("joyful", {"mouthSmile": 0.96, "cheekSquint": 0.62, "eyeSquint": 0.28, "jawOpen": 0.12, "mouthUpperUp": 0.16,
                       "browOuterUp": 0.15}, 1.0, 0.9, head_pitch=0.03, voice=_voice(1.08, 1.18, 1.45, 1.2)),
    Emotion("amused", {"mouthSmileLeft": 0.76, "mouthSmileRight": 0.54, "cheekSquint": 0.32, "eyeSquint": 0.26, "mouthDimple": 0.22,
                       "browOuterUp": 0.12}, 0.7, 0.65, head_roll=0.03, voice=_voice(1.02, 1.08, 1.3, 1.05)),
    Emotion("warm", {"mouthSmile": 0.48, "cheekSquint": 0.26, "eyeSquint": 0.16, "browInnerUp": 0.16}, 0.7, 0.4, head_roll=0.05,
            lean=0.02, gaze_at_factor=1.1, voice=_voice(0.96, 1.0, 1.0, 0.95)),
    Emotion("excited", {"mouthSmile": 0.76, "cheekSquint": 0.22, "eyeWide": 0.32, "browOuterUp": 0.42, "browInnerUp": 0.26,
                        "jawOpen": 0.10}, 0.9, 1.0, head_pitch=0.02, lean=0.04, voice=_voice(1.14, 1.2, 1.5, 1.25)),
    Emotion("proud", {"mouthSmile": 0.46, "mouthPress": 0.18, "cheekSquint": 0.20, "eyeSquint": 0.12, "mouthShrugLower": 0.12}, 0.7, 0.5,
            head_pitch=0.09, voice=_voice(0.97, 1.03, 1.15, 1.1)),
    Emotion("surprised", {"browOuterUp": 0.74, "browInnerUp": 0.62, "eyeWide": 0.66, "jawOpen": 0.20, "mouthFunnel": 0.08}, 0.1, 0.85,
            head_pitch=0.05, lean=-0.03, gaze_at_factor=1.25, blink_factor=0.8, voice=_voice(1.04, 1.2, 1.45, 1.1)),
    Emotion("curious", {"browOuterUpLeft": 0.66, "browOuterUpRight": 0.20, "browInnerUp": 0.20, "eyeWide": 0.14, "mouthPucker": 0.06}, 0.3, 0.6,
            head_roll=0.09, lean=0.04, gaze_at_factor=1.15, blink_factor=0.9, voice=_voice(1.02, 1.06, 1.2, 1.0)),
    Emotion("interested", {"browInnerUp": 0.28, "browOuterUp": 0.34, "eyeWide": 0.16, "mouthSmile": 0.10}, 0.4, 0.6, lean=0.05,
            gaze_at_factor=1.15, blink_factor=0.85, voice=_voice(1.02, 1.03, 1.1, 1.0)),
    Emotion("attentive", {"browInnerUp": 0.12, "browOuterUp": 0.13, "eyeWide": 0.08}, 0.2, 0.45, lean=0.02, gaze_at_factor=1.1,
            blink_factor=0.9),
    Emotion("thoughtful", {"browInnerUp": 0.14, "browDown": 0.18, "mouthPucker": 0.16, "mouthRight": 0.14, "mouthPress": 0.12,
                           "eyeSquint": 0.12}, 0.0, 0.3, head_pitch=0.03, head_roll=0.05, gaze_bias_deg=(5.0, 9.0), gaze_at_factor=0.65,
            voice=_voice(0.9, 0.97, 0.9, 0.92)),
    Emotion("concerned", {"browInnerUp": 0.66, "browDown": 0.24, "mouthFrown": 0.22, "mouthPress": 0.12, "eyeSquint": 0.10}, -0.4, 0.4,
            head_roll=0.08, head_pitch=-0.02, lean=0.04, gaze_at_factor=1.1, voice=_voice(0.95, 0.97, 0.9, 0.92)),
    Emotion("sympathetic", {"browInnerUp": 0.70, "mouthFrown": 0.12, "mouthSmile": 0.10, "mouthPress": 0.18}, -0.2, 0.3,
            head_roll=0.12, head_pitch=-0.02, lean=0.04, gaze_at_factor=1.1, voice=_voice(0.90, 0.96, 0.85, 0.85)),
    Emotion("sad", {"browInnerUp": 0.72, "mouthFrown": 0.64, "mouthShrugLower": 0.26, "eyeBlink": 0.16}, -0.8, 0.15, head_pitch=-0.10,
            gaze_bias_deg=(0.0, -10.0), gaze_at_factor=0.7, blink_factor=1.15, voice=_voice(0.84, 0.90, 0.65, 0.75)),
    Emotion("tired", {"eyeBlink": 0.40, "browInnerUp": 0.12, "mouthFrown": 0.14, "jawOpen": 0.03}, -0.3, 0.1, head_pitch=-0.07,
            gaze_bias_deg=(0.0, -6.0), gaze_at_factor=0.8, blink_factor=1.35, voice=_voice(0.85, 0.93, 0.7, 0.75)),
    Emotion("bored", {"eyeBlink": 0.28, "browDown": 0.05, "mouthFrown": 0.16, "mouthLeft": 0.20, "mouthPress": 0.12}, -0.3, 0.15,
            head_roll=0.10, head_pitch=-0.03, lean=-0.04, gaze_bias_deg=(8.0, 3.0), gaze_at_factor=0.55, blink_factor=1.1,
            voice=_voice(0.9, 0.93, 0.55, 0.8)),
    Emotion("nervous", {"browInnerUp": 0.42, "browOuterUp": 0.14, "mouthStretch": 0.32, "mouthPress": 0.24, "mouthRollLower": 0.20,
                        "eyeWide": 0.16}, -0.4, 0.8, head_pitch=-0.03, gaze_bias_deg=(4.0, -4.0), gaze_at_factor=0.7, blink_factor=1.6,
            voice=_voice(1.12, 1.08, 1.1, 0.92)),
    Emotion("afraid", {"browInnerUp": 0.62, "browOuterUp": 0.36, "browDown": 0.20, "eyeWide": 0.62, "mouthStretch": 0.46,
                       "jawOpen": 0.10}, -0.8, 0.8, head_pitch=-0.03, lean=-0.06, blink_factor=0.8, voice=_voice(1.12, 1.18, 1.2, 0.95)),
    Emotion("confused", {"browDownLeft": 0.42, "browOuterUpRight": 0.38, "browInnerUp": 0.12, "mouthPucker": 0.14, "eyeSquint": 0.22,
                         "noseSneer": 0.10}, -0.2, 0.5, head_roll=0.10, gaze_bias_deg=(4.0, 4.0), gaze_at_factor=0.9,
            voice=_voice(0.93, 1.04, 1.15, 0.95)),
    Emotion("doubtful", {"browDownRight": 0.30, "browOuterUpLeft": 0.46, "mouthPress": 0.22, "mouthLeft": 0.20, "mouthFrown": 0.16,
                         "eyeSquint": 0.22, "mouthShrugUpper": 0.16}, -0.3, 0.4, head_roll=-0.07, lean=-0.03, gaze_at_factor=0.95,
            voice=_voice(0.94, 0.97, 1.0, 0.95)),
    Emotion("annoyed", {"browDown": 0.42, "mouthPress": 0.32, "eyeSquint": 0.26, "mouthFrown": 0.14, "noseSneer": 0.14}, -0.6, 0.55,
            head_pitch=-0.03, gaze_at_factor=0.9, voice=_voice(1.04, 1.02, 1.1, 1.15)),
    Emotion("angry", {"browDown": 0.82, "noseSneer": 0.32, "mouthPress": 0.44, "eyeSquint": 0.30, "jawForward": 0.14, "eyeWide": 0.08}, -0.9,
            0.9, head_pitch=-0.07, lean=0.05, gaze_at_factor=1.2, blink_factor=0.8, voice=_voice(1.08, 1.10, 1.35, 1.4)),
    Emotion("disgusted", {"noseSneer": 0.72, "mouthUpperUp": 0.48, "browDown": 0.36, "eyeSquint": 0.30, "mouthFrown": 0.20,
                          "cheekSquint": 0.22}, -0.8, 0.5, head_pitch=0.03, head_roll=-0.05, lean=-0.05, gaze_at_factor=0.75,
            voice=_voice(0.95, 0.97, 1.1, 1.0)),
)

EMOTION_NAMES: tuple[str, ...] = tuple(e.name for e in EMOTIONS)
CODE: dict[str, int] = {name: i for i, name in enumerate(EMOTION_NAMES)}
SMILING = frozenset({"happy", "joyful", "amused", "warm", "excited", "proud"})
"""Emotions that show as a smile."""


def coefficients(face: dict[str, float]) -> np.ndarray:
    """A named face -> [52]; a name without a side sets both sides; an unknown name raises KeyError."""
    out = np.zeros(FACE, np.float32)
    for name, value in face.items():
        if name in INDEX:
            out[INDEX[name]] = value
        else:
            out[INDEX[name + "Left"]] = value
            out[INDEX[name + "Right"]] = value
    return out


SHAPES: np.ndarray = np.stack([coefficients(e.face) for e in EMOTIONS])
"""[25, 52] signature of every emotion at full intensity."""


def mirrored(face: np.ndarray) -> np.ndarray:
    """Left and right swapped along the last axis, so that a person may raise the other brow."""
    order = np.arange(FACE)
    for name, i in INDEX.items():
        if name.endswith("Left"):
            other = name[:-4] + "Right"
        elif name.endswith("Right"):
            other = name[:-5] + "Left"
        else:
            continue
        order[i] = INDEX[other]
    return face[..., order]


def blend(levels: np.ndarray, left_handed: bool = False) -> np.ndarray:
    """Levels [T, 25] of several emotions at once -> coefficients [T, 52] by soft union, 1 - prod(1 - level * shape)."""
    shapes = mirrored(SHAPES) if left_handed else SHAPES
    keep = np.ones((levels.shape[0], FACE), np.float32)
    for k in range(len(EMOTIONS)):
        level = levels[:, k]
        if level.any():
            keep *= 1.0 - np.clip(level, 0.0, 1.2)[:, None] * shapes[k]  # [T, 52]
    return 1.0 - keep
