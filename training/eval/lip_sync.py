"""Does the mouth follow a real voice? LJSpeech sentences, never trained on, against their own loudness and against another clip's."""

import subprocess
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from training.data.speech.visemes import mouth_opening
from training.eval.metrics import best_lag, lagged
from training.eval.session import Lane, Made, Pack, roll_out
from training.eval.trained import NotMeasured

LONGEST_S = 8.0


@dataclass
class Sentences:
    """What was said and what the pack made of it."""

    names: list[str]
    pcm: list[np.ndarray]
    made: Made

    def opening(self, index: int) -> np.ndarray:
        frames = min(len(self.pcm[index]) // 640, self.made.blendshapes.shape[1])
        return mouth_opening(self.made.blendshapes[index])[:frames]


def read_audio(path: Path) -> np.ndarray:
    """16 kHz mono float32 of a sound file, with soundfile or ffmpeg."""
    try:
        import soundfile
    except ImportError:
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-ac", "1", "-ar", "16000", "-"], capture_output=True, check=True).stdout
        return np.frombuffer(raw, np.float32).copy()
    pcm, rate = soundfile.read(path, dtype="float32", always_2d=True)
    common = gcd(rate, 16000)
    return resample_poly(pcm.mean(1), 16000 // common, rate // common).astype(np.float32)


def loudness_db(pcm: np.ndarray) -> np.ndarray:
    """RMS of each 40 ms frame in dB, not under -60, smoothed over three frames."""
    frames = len(pcm) // 640
    level = 20 * np.log10(np.sqrt((pcm[: frames * 640].reshape(frames, -1) ** 2).mean(1)) + 1e-3)
    return smooth(np.maximum(level, -60))


def smooth(track: np.ndarray) -> np.ndarray:
    padded = np.pad(track, 1, mode="edge")
    return np.convolve(padded, [0.25, 0.5, 0.25], "valid")


def speak(pack: Pack, folder: Path, most: int = 32) -> Sentences:
    """Runs every clip (its first LONGEST_S seconds) as the avatar's own voice, with nobody in front of the camera."""
    paths = sorted([p for p in folder.rglob("*") if p.suffix in (".flac", ".wav")])[:most]
    if not paths:
        raise NotMeasured(f"no sound files in the folder given by --speech-eval ({folder.name})")
    return unseen(pack, [p.stem for p in paths], [read_audio(path)[: int(LONGEST_S * 16000)] for path in paths])


def unseen(pack: Pack, names: list[str], pcm: list[np.ndarray]) -> Sentences:
    """What the pack makes of voices at 16 kHz with nobody in front of the camera."""
    blocks = -(-max(len(p) for p in pcm) // 2560)
    nobody = np.zeros((blocks * 4, 58), np.float32)
    lanes = [Lane(p, np.zeros(blocks * 2560, np.float32), nobody, nobody[:, 0], seed=i) for i, p in enumerate(pcm)]
    return Sentences(names, pcm, roll_out(pack, lanes, blocks))


def lip_sync(sentences: Sentences, most_lag: int = 4) -> dict:
    """Mean correlation of opening with loudness: at lag 0, at the best lag, and with the loudness of another clip. Lag > 0: sound later than mouth."""
    now, best, lags, other, other_best = [], [], [], [], []
    loud = [loudness_db(p) for p in sentences.pcm]
    for i in range(len(loud)):
        opening = smooth(sentences.opening(i))
        n = min(len(opening), len(loud[i]))
        now.append(lagged(opening[:n], loud[i][:n], 0))
        lag, score = best_lag(opening[:n], loud[i][:n], most_lag)
        lags.append(lag)
        best.append(score)
        strange = loud[(i + 7) % len(loud)]
        n = min(len(opening), len(strange))
        other.append(lagged(opening[:n], strange[:n], 0))
        other_best.append(best_lag(opening[:n], strange[:n], most_lag)[1])
    mean = lambda values: float(np.nanmean(values))  # noqa: E731
    return {"clips": len(loud), "lag0": mean(now), "bestLag": mean(best), "lagFrames": float(np.median(lags)), "shuffledLag0": mean(other), "shuffledBestLag": mean(other_best)}
