"""espeak-ng through its C library: the only way to its phoneme events, which carry true sample positions.

espeak-ng is GPL-3.0-or-later. It is a tool on the training machine, run as a process of its own; nothing of it is part
of this project, and the licence does not reach the sound that it makes.
"""

import json
import subprocess
import sys
from math import gcd
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from training.data.speech.phones import STOPS, Phone, fitted_phones, from_espeak, timed_phones

# `en-us` variants with ordinary voices (women, then men); the others are effects, whispers or other languages.
ESPEAK_VOICES: tuple[str, ...] = ("f2", "f3", "f4", "linda", "Alicia", "Andrea", "belinda", "m1", "m3", "m7", "Lee", "miguel", "travis")

_PROCESS = Path(__file__).with_name("espeak_process.py")


def speak_espeak(text: str, base: str) -> tuple[np.ndarray, list[Phone]]:
    """Speech of `text` by `en-us+base`: float32 [S] at 16 kHz in -1..1, and its phones."""
    raw, rate, events = run_espeak(text, f"en-us+{base}")
    names = [from_espeak(name) for _, name in events]
    starts_s = [_with_closure(raw, sample, name[0], rate) / rate for (sample, _), name in zip(events, names, strict=True)]
    ends_s = [*starts_s[1:], len(raw) / rate]
    phones = timed_phones([("sil",), *names], [starts_s[0], *ends_s])
    pcm = at_16_khz(raw, rate)
    return pcm, fitted_phones(phones, len(pcm) / 16000)


def run_espeak(text: str, voice: str) -> tuple[np.ndarray, int, list[tuple[int, str]]]:
    """Samples int16, their rate in Hz, and phoneme events (first sample, espeak-ng's mnemonic) of `text` in any voice or language."""
    command = [sys.executable, "-I", str(_PROCESS), voice]
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode("utf-8", "replace").strip() or f"espeak-ng failed with {done.returncode}")
    header, _, data = done.stdout.partition(b"\n")
    about = json.loads(header)
    return np.frombuffer(data, "<i2"), int(about["rate"]), [(int(sample), str(name)) for sample, name in about["phonemes"]]


def at_16_khz(raw: np.ndarray, rate: int) -> np.ndarray:
    """Samples int16 at `rate` -> float32 in -1..1 at 16 kHz."""
    common = gcd(16000, rate)
    return resample_poly(raw.astype(np.float32) / 32768, 16000 // common, rate // common).astype(np.float32)


def _with_closure(raw: np.ndarray, sample: int, name: str, rate: int) -> int:
    """The start of a stop moved back over its silent closure, at most 90 ms.

    espeak-ng sends the event of p, t, k and ch at the burst, and counts the closure to the phone before.
    """
    if name not in STOPS and name not in ("ch", "jh"):
        return sample
    step = rate // 500  # 2 ms
    first = max(0, sample - int(0.09 * rate))
    start = sample
    while start - step >= first and np.abs(raw[start - step : start].astype(np.int32)).max(initial=0) < 400:
        start -= step
    return start
