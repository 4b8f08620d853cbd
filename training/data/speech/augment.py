"""What happens to a voice between mouth and model: gain, noise, room, band limit. Seeded; length and alignment stay.

Every step keeps the sound at 16 kHz and does not move it in time, so phone times and face curves remain right (the
direct path of the room comes first and undelayed).
"""

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

SAMPLE_RATE_HZ = 16000


def gained(pcm: np.ndarray, gain_db: float) -> np.ndarray:
    """The sound louder or softer, clipped to -1..1 as a converter would."""
    return np.clip(pcm * 10 ** (gain_db / 20), -1, 1).astype(np.float32)


def noise(kind: str, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of RMS 1, float32 [S]; kind "white", "pink" (power 1/f) or "babble" (speech-shaped, waxing at 2-8 Hz)."""
    white = rng.standard_normal(samples)
    if kind == "white":
        out = white
    elif kind in ("pink", "babble"):
        frequencies = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
        shape = 1 / np.sqrt(np.maximum(frequencies, 20.0))
        if kind == "babble":  # long-term average speech spectrum: flat to 500 Hz, then -9 dB an octave (Byrne 1994, roughly)
            shape = np.where(frequencies < 80, 0.05, np.minimum(1.0, (500 / np.maximum(frequencies, 1.0)) ** 1.5))
        out = np.fft.irfft(np.fft.rfft(white) * shape, samples)
        if kind == "babble":
            times = np.arange(samples) / SAMPLE_RATE_HZ
            waves = sum(np.sin(2 * np.pi * (rng.uniform(2, 8) * times + rng.random())) for _ in range(6))
            out = out * np.clip(1 + 0.3 * waves, 0.1, None)
    else:
        raise ValueError(f'noise kind must be "white", "pink" or "babble", got {kind!r}')
    return (out / max(np.sqrt((out**2).mean()), 1e-9)).astype(np.float32)


def noised(pcm: np.ndarray, kind: str, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """The sound with noise at this ratio to its own RMS (silence gets noise at -60 dBFS)."""
    level = max(float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64)))), 1e-3)
    return (pcm + noise(kind, len(pcm), rng) * level * 10 ** (-snr_db / 20)).astype(np.float32)


def reverberated(pcm: np.ndarray, decay_s: float, wet: float, rng: np.random.Generator) -> np.ndarray:
    """The sound in a made-up room: direct path plus noise that decays by 60 dB in `decay_s`; `wet` 0..1 is its energy share."""
    count = max(1, int(decay_s * SAMPLE_RATE_HZ))
    times = np.arange(count) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(count) * 10 ** (-3 * times / decay_s)  # amplitude: -60 dB at decay_s
    tail[: int(0.004 * SAMPLE_RATE_HZ)] = 0  # nothing returns within 4 ms
    tail /= max(np.sqrt((tail**2).sum()), 1e-9)
    impulse = np.sqrt(wet) * tail
    impulse[0] += np.sqrt(1 - wet)
    return fftconvolve(pcm, impulse)[: len(pcm)].astype(np.float32)


def band_limited(pcm: np.ndarray, low_hz: float, high_hz: float, bits: int = 16) -> np.ndarray:
    """The sound through a narrow channel: band-pass (causal, 4th order, delay under 1 ms in band) and coarse steps."""
    out = sosfilt(butter(2, [low_hz, high_hz], "bandpass", fs=SAMPLE_RATE_HZ, output="sos"), pcm)
    steps = 2.0 ** (bits - 1)
    return (np.round(out * steps) / steps).astype(np.float32)


def augmented(pcm: np.ndarray, seed: int) -> np.ndarray:
    """A random everyday recording of the sound: gain -20..+6 dB always; room, noise and channel each in about half."""
    rng = np.random.default_rng([seed, 0xA06])
    out = pcm.astype(np.float32)
    if rng.random() < 0.5:
        out = reverberated(out, float(rng.uniform(0.15, 0.7)), float(rng.uniform(0.02, 0.35)), rng)
    if rng.random() < 0.6:
        out = noised(out, str(rng.choice(["white", "pink", "babble"])), float(rng.uniform(5, 35)), rng)
    if rng.random() < 0.4:
        out = band_limited(out, float(rng.uniform(40, 300)), float(rng.choice([3400.0, 5000.0, 7000.0])), int(rng.choice([8, 10, 16])))
    return gained(out, float(rng.uniform(-20, 6)))
