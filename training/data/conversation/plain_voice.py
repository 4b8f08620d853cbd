"""A voice made of nothing: letters become phones, phones a buzz with two formants. For tests and for machines without a synthesiser.

It is no speech that anyone would understand; it has what the simulator needs: phone times, pitch that falls over a
sentence, loud vowels, silent stops.
"""

from __future__ import annotations

import zlib

import numpy as np
from scipy.signal import lfilter

from training.data.speech.phones import Phone

from .affect_text import Affect
from .emotion_shapes import CODE, EMOTIONS
from .statistics import SAMPLE_RATE_HZ
from .talk import Utterance, utterance

_LETTERS = {
    "a": "ae", "b": "b", "c": "k", "d": "d", "e": "eh", "f": "f", "g": "g", "h": "hh", "i": "ih", "j": "jh", "k": "k", "l": "l", "m": "m",
    "n": "n", "o": "ao", "p": "p", "q": "k", "r": "r", "s": "s", "t": "t", "u": "uw", "v": "v", "w": "w", "x": "s", "y": "iy", "z": "z",
}  # fmt: skip
_FORMANTS = {"ae": (660, 1700), "eh": (530, 1850), "ih": (400, 2000), "iy": (280, 2250), "ao": (570, 850), "uw": (310, 870)}
_VOICED = frozenset(("b", "d", "g", "l", "m", "n", "r", "v", "w", "z", "jh")) | _FORMANTS.keys()


class PlainSpeaker:
    """Speaks with a buzz of `pitch_hz`; the same text and emotion give the same samples."""

    def __init__(self, pitch_hz: float = 140.0, style: float = 1.0) -> None:
        self.pitch_hz = pitch_hz
        self.style = style

    def say(self, text: str, affect: Affect) -> Utterance:
        """Text in an emotion -> utterance (see `talk.Utterance`)."""
        factors = EMOTIONS[CODE[affect.emotion]].voice or {"rate": 1.0, "pitch": 1.0, "range": 1.0, "energy": 1.0}
        rng = np.random.default_rng(zlib.crc32(text.encode()))
        phones: list[Phone] = []
        at = 0.0
        for word in text.lower().split():
            for letter in word:
                if letter in _LETTERS:
                    name = _LETTERS[letter]
                    length = (0.105 if name in _FORMANTS else 0.062) * rng.uniform(0.8, 1.25) / factors["rate"]
                    phones.append(Phone(name, at, at + length))
                    at += length
            if word[-1:] in ",;:":
                phones.append(Phone("sil", at, at + 0.18))
                at += 0.18
        return utterance(self._sound(phones, at, factors, rng), phones, self.style)

    def _sound(self, phones: list[Phone], seconds: float, factors: dict[str, float], rng: np.random.Generator) -> np.ndarray:
        n = round(seconds * SAMPLE_RATE_HZ)
        x = np.arange(n) / max(n, 1)
        words = 0.12 * np.interp(np.arange(n), np.linspace(0, n, max(3, int(seconds * 3))), rng.normal(size=max(3, int(seconds * 3))))
        f0 = self.pitch_hz * factors["pitch"] * np.exp(factors["range"] * (0.16 - 0.34 * x + words))
        pulses = np.diff(np.floor(np.cumsum(f0) / SAMPLE_RATE_HZ), prepend=0.0)
        hiss = rng.normal(size=n) * 0.03
        out = np.zeros(n)
        for phone in phones:
            a, b = round(phone.start_s * SAMPLE_RATE_HZ), min(n, round(phone.end_s * SAMPLE_RATE_HZ))
            if phone.name == "sil" or b <= a:
                continue
            source = pulses[a:b] if phone.name in _VOICED else hiss[a:b]
            gain = 1.0 if phone.name in _FORMANTS else 0.15 if phone.name in ("b", "p", "t", "k", "d", "g") else 0.4
            for hz in _FORMANTS.get(phone.name, (300, 1400)):
                r = np.exp(-np.pi * 90 / SAMPLE_RATE_HZ)
                out[a:b] += gain * lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * hz / SAMPLE_RATE_HZ), r * r], source)
        peak = np.abs(out).max() if n else 0.0
        return (out * (0.35 * factors["energy"] / peak if peak > 0 else 0.0)).clip(-1, 1).astype(np.float32)
