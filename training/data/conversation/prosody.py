"""Pitch and loudness of a voice track: a plain vectorised autocorrelation tracker, enough to find regions of low pitch.

Method: Boersma 1993 (autocorrelation of the windowed signal over that of the window), without the path search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import decimate

from .statistics import FPS, SAMPLE_RATE_HZ

TICK_HZ = 100
"""Rate of the tracks."""
_RATE_HZ = 8000
_WINDOW = 320  # 40 ms: two periods of 60 Hz and more
_FFT = 1024
_LOW_HZ, _HIGH_HZ = 65.0, 480.0
_VOICED = 0.45  # least normalised autocorrelation of a voiced tick [A]


@dataclass(frozen=True)
class Prosody:
    """Tracks at 100 Hz, [N]: `pitch_hz` (0 = unvoiced), `loudness` (RMS over its own 95th percentile), `speaking` bool."""

    pitch_hz: np.ndarray
    loudness: np.ndarray
    speaking: np.ndarray

    def at_frames(self, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(pitch in semitones around the speaker's median, loudness, speaking 0..1) at 25 fps, each [frames]."""
        step = TICK_HZ // FPS
        n = frames * step
        pitch, loud, talk = (np.pad(x.astype(np.float32), (0, max(0, n - len(x))))[:n] for x in (self.pitch_hz, self.loudness, self.speaking))
        voiced = pitch > 0
        semitones = np.zeros(n, np.float32)
        if voiced.any():
            semitones[voiced] = 12 * np.log2(pitch[voiced] / np.median(pitch[voiced]))
        weight = voiced.reshape(frames, step).sum(1)
        mean = semitones.reshape(frames, step).sum(1) / np.maximum(weight, 1)
        return mean, loud.reshape(frames, step).mean(1), talk.reshape(frames, step).mean(1)


def analyse(pcm: np.ndarray) -> Prosody:
    """float32 [S] at 16 kHz -> tracks at 100 Hz; a tick is the middle of its 10 ms."""
    ticks = len(pcm) * TICK_HZ // SAMPLE_RATE_HZ
    hop = SAMPLE_RATE_HZ // TICK_HZ
    power = np.square(pcm[: ticks * hop]).reshape(ticks, hop).mean(1)
    rms = np.sqrt(uniform_filter1d(power, 3))
    loud_level = np.percentile(rms[rms > 1e-3], 95) if (rms > 1e-3).any() else 1.0
    loudness = np.minimum(rms / loud_level, 1.5).astype(np.float32)
    speaking = uniform_filter1d((loudness > 0.06).astype(np.float32), 25) > 0.35  # bridges stops and short gaps
    pitch = np.zeros(ticks, np.float32)
    active = np.flatnonzero(loudness > 0.08)
    if len(active):
        low = decimate(pcm, SAMPLE_RATE_HZ // _RATE_HZ, ftype="fir").astype(np.float32)
        pitch[active] = _pitch(low, active)
    return Prosody(median_filter(pitch, 5), loudness, speaking)


def _pitch(low: np.ndarray, ticks: np.ndarray, chunk: int = 4000) -> np.ndarray:
    """Pitch in Hz (0 = unvoiced) at the given ticks."""
    hop = _RATE_HZ // TICK_HZ
    window = np.hanning(_WINDOW).astype(np.float32)
    base = np.fft.irfft(np.abs(np.fft.rfft(window, _FFT)) ** 2)[: _WINDOW]
    first, last = int(_RATE_HZ / _HIGH_HZ), int(_RATE_HZ / _LOW_HZ)
    padded = np.pad(low, (_WINDOW, _WINDOW))
    views = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)
    out = np.zeros(len(ticks), np.float32)
    lags = np.arange(first, last)
    norm = base[0] / base[lags]
    cost = 0.06 * np.log2(lags / first)  # prefers the shorter of two periods: guards against octave drops
    for start in range(0, len(ticks), chunk):
        part = ticks[start : start + chunk]
        middles = part * hop + hop // 2 + _WINDOW - _WINDOW // 2
        x = views[np.clip(middles, 0, len(views) - 1)]  # [n, 320]
        x = (x - x.mean(1, keepdims=True)) * window
        r = np.fft.irfft(np.abs(np.fft.rfft(x, _FFT).astype(np.complex64)) ** 2)[:, :_WINDOW]  # [n, 320]
        score = r[:, lags] / np.maximum(r[:, :1], 1e-9) * norm - cost
        best = score.argmax(1)
        strength = score[np.arange(len(part)), best] + cost[best]
        out[start : start + len(part)] = np.where(strength > _VOICED, _RATE_HZ / lags[best], 0.0)
    return out
