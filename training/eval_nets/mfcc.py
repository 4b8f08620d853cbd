"""`python_speech_features.mfcc(int16, 16000)` from its formulas, which SyncNet's front end is; the same as sdk/eval/mfcc.ts, and a test holds both to one vector."""

import numpy as np

RATE, WINDOW, STEP, FFT, FILTERS, KEPT, LIFTER = 16000, 400, 160, 512, 26, 13, 22
TINY = np.finfo(float).eps


def filterbank() -> np.ndarray:
    """[26, 257] triangles between floor(513 f / 16000) of 28 points equally spaced in mel."""
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), FILTERS + 2)
    bins = np.floor((FFT + 1) * 700 * (10 ** (mel / 2595) - 1) / RATE).astype(int)
    bank = np.zeros((FILTERS, FFT // 2 + 1))
    for j in range(FILTERS):
        first, peak, last = bins[j : j + 3]
        bank[j, first:peak] = (np.arange(first, peak) - first) / (peak - first)
        bank[j, peak:last] = (last - np.arange(peak, last)) / (last - peak)
    return bank


def mfcc(pcm: np.ndarray) -> np.ndarray:
    """int16-scale samples [S] -> [T, 13], a row every 10 ms."""
    pcm = pcm.astype(np.float64)
    emphasised = np.append(pcm[0], pcm[1:] - 0.97 * pcm[:-1])
    frames = 1 if len(pcm) <= WINDOW else 1 + int(np.ceil((len(pcm) - WINDOW) / STEP))
    padded = np.append(emphasised, np.zeros((frames - 1) * STEP + WINDOW - len(pcm)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP][:frames]  # [T, 400]
    power = np.abs(np.fft.rfft(windows, FFT)) ** 2 / FFT  # [T, 257]
    energy = np.where(power.sum(1) == 0, TINY, power.sum(1))
    logs = np.log(np.where((bank := power @ filterbank().T) == 0, TINY, bank))  # [T, 26]
    n, m = np.arange(KEPT)[:, None], np.arange(FILTERS)[None]
    dct = np.cos(np.pi * n * (2 * m + 1) / (2 * FILTERS)) * np.sqrt(np.where(n == 0, 1, 2) / FILTERS)
    out = logs @ dct.T * (1 + LIFTER / 2 * np.sin(np.pi * np.arange(KEPT) / LIFTER))
    out[:, 0] = np.log(energy)
    return out
