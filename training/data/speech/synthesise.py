"""Text and a voice become speech with phone times; the same input gives the same bytes."""

from dataclasses import dataclass, replace

import numpy as np

from training.data.speech.espeak import speak_espeak
from training.data.speech.festival import speak_festival
from training.data.speech.flite import speak_flite
from training.data.speech.kokoro import speak_kokoro
from training.data.speech.phones import Phone, fitted_phones, scaled_phones
from training.data.speech.voices import Voice
from training.data.speech.world import SAMPLE_RATE_HZ, bend

_ENGINES = {"flite": speak_flite, "espeak": speak_espeak, "festival": speak_festival}
SPEECH_RMS = 0.08  # of the loud parts, before the voice's energy: about -22 dBFS


@dataclass(frozen=True)
class Speech:
    """An utterance: `pcm` float32 [S] at 16 kHz in -1..1; `phones` cover 0..S/16000 s without holes."""

    pcm: np.ndarray
    phones: list[Phone]

    @property
    def duration_s(self) -> float:
        """Length of the sound in seconds."""
        return len(self.pcm) / SAMPLE_RATE_HZ


def synthesise(text: str, voice: Voice) -> Speech:
    """Speaks `text`. Engine voices are brought to one loudness, then multiplied by the voice's energy.

    Raises ValueError for an unknown engine and the engine's own error when it cannot speak.
    """
    if voice.engine == "kokoro":
        pcm, phones = speak_kokoro(text, voice.base, voice.rate)
        left = replace(voice, rate=1.0)  # it speaks at any rate by itself
    elif voice.engine in _ENGINES:
        pcm, phones = _ENGINES[voice.engine](text, voice.base)
        left = voice
    else:
        raise ValueError(f"unknown speech engine {voice.engine!r}")
    if left.bent:
        pcm = bend(pcm, left)
        phones = scaled_phones(phones, 1 / left.rate)
    pcm = levelled(pcm, SPEECH_RMS * voice.energy)
    return Speech(pcm, fitted_phones(phones, len(pcm) / SAMPLE_RATE_HZ))


def levelled(pcm: np.ndarray, rms: float) -> np.ndarray:
    """The sound scaled so that its voiced half (frames above the median power) has this RMS; peaks stay under 0.98."""
    frames = pcm[: len(pcm) // 320 * 320].reshape(-1, 320)  # 20 ms
    power = (frames.astype(np.float64) ** 2).mean(1)
    loud = power[power >= np.median(power)].mean() if len(power) else 0.0
    if loud <= 0:
        return pcm
    gain = min(rms / np.sqrt(loud), 0.98 / np.abs(pcm).max())
    return (pcm * gain).astype(np.float32)
