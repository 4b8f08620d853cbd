"""One conversation as data: two voices, two faces, the avatar's written emotion, and what happened when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_ARRAYS = ("user_pcm", "avatar_pcm", "user_face", "avatar_face", "avatar_calm", "user_presence", "affect_code", "avatar_closed", "user_closed")
_RECORDS = ("affect", "dialogue", "events", "meta")


@dataclass(frozen=True)
class Conversation:
    """T frames at 25 fps; 640 samples a frame.

    user_pcm, avatar_pcm: int16 [640 T] at 16 kHz.
    user_face, avatar_face, avatar_calm: float16 [T, 58], 52 ARKit coefficients, yaw, pitch, roll (rad), x, y, z (head heights).
    user_presence: uint8 [T, 1], 1 where the user's face is seen (user_face is 0 elsewhere).
    affect_code: uint8 [T], index into `emotion_shapes.EMOTION_NAMES` of the avatar's main emotion.
    avatar_closed, user_closed: uint8 [T], 1 where speech shuts the lips.
    affect: [{frame, text, emotion, level, second, secondLevel, source}]; source "dialogue" or "director".
    dialogue: [{role, text, t, end, emotion, script, kind, backchannel}], t and end in seconds.
    events: {name: [...]}, frames unless said.  meta: seeds, voices, split, people.
    """

    user_pcm: np.ndarray
    avatar_pcm: np.ndarray
    user_face: np.ndarray
    avatar_face: np.ndarray
    avatar_calm: np.ndarray
    user_presence: np.ndarray
    affect_code: np.ndarray
    avatar_closed: np.ndarray
    user_closed: np.ndarray
    affect: list[dict]
    dialogue: list[dict]
    events: dict
    meta: dict

    @property
    def frames(self) -> int:
        return len(self.avatar_face)

    def save(self, path: Path) -> None:
        """Write one npz; the records become JSON text."""
        records = {name: np.array(json.dumps(getattr(self, name))) for name in _RECORDS}
        np.savez(path, **{name: getattr(self, name) for name in _ARRAYS}, **records)


def load_conversation(path: Path) -> Conversation:
    """Read what `Conversation.save` wrote."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in _ARRAYS}
        records = {name: json.loads(str(stored[name])) for name in _RECORDS}
    return Conversation(**arrays, **records)


def at_expressivity(full: np.ndarray, calm: np.ndarray, e: float) -> np.ndarray:
    """The avatar's motion at expressivity e in 0..1: calm + e (full - calm), [T, 58] float32."""
    if not 0.0 <= e <= 1.0:
        raise ValueError(f"expressivity must lie in 0..1, got {e}")
    return calm.astype(np.float32) + e * (full.astype(np.float32) - calm.astype(np.float32))
