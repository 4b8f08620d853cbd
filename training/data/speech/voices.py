"""Timbres: which synthesiser speaks, and how WORLD then bends its voice. One man and one woman are held out whole."""

from dataclasses import dataclass, replace

import numpy as np

from training.data.speech.kokoro import HELD_OUT_KOKORO, KOKORO_VOICES


@dataclass(frozen=True)
class Voice:
    """A synthesiser's voice and its factors; 1 leaves each property as the synthesiser made it."""

    engine: str  # "flite" | "espeak" | "festival" | "kokoro"
    base: str  # the engine's own voice name
    pitch: float = 1.0  # mean F0
    formant: float = 1.0  # formant frequencies; above 1 is a shorter vocal tract
    rate: float = 1.0  # speed; 2 = half as long
    f0_range: float = 1.0  # spread of log F0 around its mean
    energy: float = 1.0  # loudness of the sound, and effort of the mouth

    @property
    def timbre(self) -> str:
        """Who speaks: the part of the voice that stays the same over a person's utterances."""
        return f"{self.engine}-{self.base}-p{self.pitch:.2f}-f{self.formant:.2f}"

    @property
    def bent(self) -> bool:
        """Whether WORLD has anything to do."""
        return any(abs(factor - 1) > 0.01 for factor in (self.pitch, self.formant, self.rate, self.f0_range))


# Never heard in training, in no pitch and no formant: a Scottish man and an espeak-ng woman.
HELD_OUT_VOICES: tuple[Voice, ...] = (Voice("flite", "awb"), Voice("espeak", "linda"))
HELD_OUT_NATURAL: tuple[Voice, ...] = tuple(Voice("kokoro", base) for base in HELD_OUT_KOKORO)

_STATISTICAL = [  # (pitch, formant): women, men, older and younger; keeps |formant - 1| small enough to stay human
    ("flite", "slt", (1.0, 1.0), (1.12, 1.06), (0.9, 0.95), (1.22, 1.12), (0.95, 1.04), (0.72, 0.86), (1.05, 0.97)),
    ("flite", "rms", (1.0, 1.0), (1.14, 1.05), (0.9, 0.96), (1.25, 1.0), (1.75, 1.16), (0.97, 1.06), (1.9, 1.2)),
    ("flite", "kal16", (1.0, 1.0), (1.25, 1.05), (1.1, 0.96)),
    ("festival", "ked_diphone", (1.0, 1.0), (1.15, 1.05), (0.9, 0.95), (1.7, 1.15)),
]
_ESPEAK = ("f2", "f3", "f4", "Alicia", "Andrea", "belinda", "m1", "m3", "m7", "Lee", "miguel", "travis")

TRAINING_TIMBRES: tuple[Voice, ...] = tuple(
    Voice(engine, base, pitch, formant) for engine, base, *bends in _STATISTICAL for pitch, formant in bends
) + tuple(Voice("espeak", base) for base in _ESPEAK)

@dataclass(frozen=True)
class Prosody:
    """How an emotion moves a voice (factors); the signs follow Scherer 2003 (Speech Communication 40:227, table 1)."""

    pitch: float
    f0_range: float
    rate: float
    energy: float


EMOTION_PROSODY: dict[str, Prosody] = {
    "neutral": Prosody(1.0, 1.0, 1.0, 1.0),
    "happy": Prosody(1.1, 1.4, 1.07, 1.2),
    "sad": Prosody(0.93, 0.6, 0.86, 0.7),
    "angry": Prosody(1.06, 1.35, 1.1, 1.4),
    "surprised": Prosody(1.16, 1.5, 1.0, 1.15),
    "bored": Prosody(0.95, 0.55, 0.9, 0.8),
}


def coloured_voice(voice: Voice, emotion: str, strength: float = 1.0) -> Voice:
    """The same person in an emotion; `strength` 0 is neutral, 1 is the full table entry."""
    prosody = EMOTION_PROSODY[emotion]
    return replace(
        voice,
        pitch=voice.pitch * prosody.pitch**strength,
        f0_range=voice.f0_range * prosody.f0_range**strength,
        rate=voice.rate * prosody.rate**strength,
        energy=voice.energy * prosody.energy**strength,
    )


def sample_timbre(seed: int, split: str = "train", natural: bool = False) -> Voice:
    """One person's voice; split "held-out" draws from the held-out ones only.

    `natural` voices need Kokoro (`ECHO_HEAD_KOKORO`); half of the others are flite.
    """
    rng = np.random.default_rng([seed, 0x7132])
    if split == "held-out":
        voices = HELD_OUT_NATURAL if natural else HELD_OUT_VOICES
        return voices[int(rng.integers(len(voices)))]
    if split != "train":
        raise ValueError(f'split must be "train" or "held-out", got {split!r}')
    if natural:
        return Voice("kokoro", KOKORO_VOICES[int(rng.integers(len(KOKORO_VOICES)))])
    weights = np.array([2.0 if voice.engine == "flite" else 1.0 for voice in TRAINING_TIMBRES])
    return TRAINING_TIMBRES[int(rng.choice(len(TRAINING_TIMBRES), p=weights / weights.sum()))]


def sample_voice(seed: int, split: str = "train", emotion: str | None = None, natural: bool = False) -> Voice:
    """A voice as it speaks one utterance: `sample_timbre(seed, split, natural)`, an emotion (drawn unless given), daily variation."""
    rng = np.random.default_rng([seed, 0x70C5])
    drawn = str(rng.choice(list(EMOTION_PROSODY), p=[0.45, 0.18, 0.12, 0.08, 0.09, 0.08]))
    voice = coloured_voice(sample_timbre(seed, split, natural), emotion or drawn, float(rng.uniform(0.4, 1.0)))
    return replace(
        voice,
        rate=voice.rate * float(np.exp(rng.normal(0, 0.08))),
        energy=voice.energy * float(np.exp(rng.normal(0, 0.12))),
    )
