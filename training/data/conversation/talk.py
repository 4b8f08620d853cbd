"""What a person says: text and emotion -> sound, phones and mouth curves, cached on disk by voice and text."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from training.data.speech.phones import Phone
from training.data.speech.synthesise import synthesise
from training.data.speech.visemes import closures, speech_to_face
from training.data.speech.voices import Voice

from .affect_text import Affect
from .emotion_shapes import CODE, EMOTIONS
from .statistics import FPS, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME

PAD_FRAMES = 10
"""Silence put around an utterance so that the mouth may move before and after its sound."""


@dataclass(frozen=True)
class Utterance:
    """A spoken sentence: `pcm` float32 [S]; `mouth` [T, 52] and `closed` [T] (1 = lips shut) begin PAD_FRAMES earlier."""

    pcm: np.ndarray
    mouth: np.ndarray
    closed: np.ndarray

    @property
    def seconds(self) -> float:
        return len(self.pcm) / SAMPLE_RATE_HZ


class Speaker(Protocol):
    """Anything that speaks text for one person."""

    def say(self, text: str, affect: Affect) -> Utterance: ...


def coloured(voice: Voice, affect: Affect) -> Voice:
    """The voice in an emotion, in three steps of strength (so that the cache is hit more often)."""
    factors = EMOTIONS[CODE[affect.emotion]].voice
    strength = 0.0 if affect.level < 0.4 or not factors else 0.6 if affect.level < 0.8 else 1.0
    if strength == 0.0:
        return voice
    return replace(
        voice,
        pitch=round(voice.pitch * factors["pitch"] ** strength, 3),
        rate=round(voice.rate * factors["rate"] ** strength, 3),
        f0_range=round(voice.f0_range * factors["range"] ** strength, 3),
        energy=round(voice.energy * factors["energy"] ** strength, 3),
    )


def utterance(pcm: np.ndarray, phones: list[Phone], style: float) -> Utterance:
    """Sound and phones -> the utterance with its mouth; sound and phones are padded on both sides first."""
    pad_s = PAD_FRAMES / FPS
    end = phones[-1].end_s if phones else 0.0
    padded = [Phone("sil", 0.0, pad_s), *(Phone(p.name, p.start_s + pad_s, p.end_s + pad_s) for p in phones),
              Phone("sil", end + pad_s, end + 2 * pad_s)]  # fmt: skip
    samples = PAD_FRAMES * SAMPLES_PER_FRAME
    sound = np.pad(pcm, (samples, samples))
    frames = -(-len(sound) // SAMPLES_PER_FRAME)
    mouth = speech_to_face(padded, sound, frames, style)  # [T, 52]
    return Utterance(pcm.astype(np.float32), mouth.astype(np.float32), closed_frames(padded, frames))


def closed_frames(phones: list[Phone], frames: int) -> np.ndarray:
    """[frames] 1 where the lips must meet: the middle of the frame is in a closure, or the middle of a closure in the frame."""
    closed = np.zeros(frames, np.float32)
    middles = (np.arange(frames) + 0.5) / FPS
    for start, stop in closures(phones):
        closed[int(np.clip((start + stop) / 2 * FPS, 0, frames - 1))] = 1.0
        closed[(middles >= start - 0.01) & (middles <= stop)] = 1.0
    return closed


class SynthesisedSpeaker:
    """One person's voice out of `training.data.speech`; `cache` is a folder for sounds (None: no cache)."""

    def __init__(self, voice: Voice, style: float = 1.0, cache: Path | None = None) -> None:
        self.voice = voice
        self.style = style
        self._cache = cache

    def say(self, text: str, affect: Affect) -> Utterance:
        """Speak one sentence in an emotion; mouth movement grows with arousal."""
        voice = coloured(self.voice, affect)
        pcm, phones = self._sound(text, voice)
        arousal = EMOTIONS[CODE[affect.emotion]].arousal
        style = float(np.clip(self.style * (0.85 + 0.35 * arousal * affect.level), 0.5, 1.6))
        return utterance(pcm, phones, style)

    def _sound(self, text: str, voice: Voice) -> tuple[np.ndarray, list[Phone]]:
        if self._cache is None:
            speech = synthesise(text, voice)
            return speech.pcm, list(speech.phones)
        key = hashlib.sha1(f"{voice!r}|{text}".encode()).hexdigest()
        path = self._cache / key[:2] / f"{key}.npz"
        if not path.exists():
            speech = synthesise(text, voice)
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{path.stem}.{id(self):x}.part.npz")
            pcm16 = np.clip(speech.pcm * 32767, -32768, 32767).astype(np.int16)
            np.savez(partial, pcm=pcm16, phones=np.array(json.dumps([tuple(p) for p in speech.phones])))
            partial.replace(path)  # two processes may write the same sentence: the last one wins whole
        with np.load(path) as stored:
            return stored["pcm"].astype(np.float32) / 32767, [Phone(*p) for p in json.loads(str(stored["phones"]))]
