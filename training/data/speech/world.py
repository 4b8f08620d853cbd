"""Pitch, formants and rate by the WORLD vocoder.

Paper: Morise, Yokomori & Ozawa 2016, "WORLD: a vocoder-based high-quality speech synthesis system", IEICE E99-D:1877.
The implementation is PyPI `pyworld` (MIT, wraps the authors' modified-BSD code).
"""

import numpy as np
import pyworld

from training.data.speech.voices import Voice

SAMPLE_RATE_HZ = 16000
_FRAME_MS = 5.0


def bend(pcm: np.ndarray, voice: Voice) -> np.ndarray:
    """The sound float32 [S] with the voice's pitch, F0 range, formants and rate; length S / rate within 5 ms."""
    x = pcm.astype(np.float64)
    f0, times = pyworld.dio(x, SAMPLE_RATE_HZ, frame_period=_FRAME_MS)  # [F] Hz, 0 = unvoiced
    f0 = pyworld.stonemask(x, f0, times, SAMPLE_RATE_HZ)
    envelope = pyworld.cheaptrick(x, f0, times, SAMPLE_RATE_HZ)  # [F,K] power
    aperiodicity = pyworld.d4c(x, f0, times, SAMPLE_RATE_HZ)  # [F,K] 0..1
    voiced = f0 > 0
    if voiced.any():
        mean = np.exp(np.log(f0[voiced]).mean())
        bent = mean * voice.pitch * (f0[voiced] / mean) ** voice.f0_range
        f0[voiced] = np.clip(bent, 55.0, 600.0)
    if abs(voice.formant - 1) > 0.01:
        envelope = _stretched(envelope, voice.formant)
    out = pyworld.synthesize(f0, envelope, aperiodicity, SAMPLE_RATE_HZ, _FRAME_MS / voice.rate)
    wanted = round(len(x) / voice.rate)
    out = np.pad(out, (0, max(0, wanted - len(out))))[:wanted]
    if not np.isfinite(out).all():
        raise FloatingPointError("WORLD gave a sample that is not finite")
    return out.astype(np.float32)


def _stretched(envelope: np.ndarray, factor: float) -> np.ndarray:
    """Spectral envelopes [F,K] read at frequency / factor, so that formants move by `factor`."""
    bins = envelope.shape[1]
    source = np.minimum(np.arange(bins) / factor, bins - 1)
    low = np.floor(source).astype(int)
    high = np.minimum(low + 1, bins - 1)
    share = source - low
    logs = np.log(np.maximum(envelope, 1e-16))
    return np.ascontiguousarray(np.exp(logs[:, low] * (1 - share) + logs[:, high] * share))
