"""flite (Carnegie Mellon, permissive licence): four American voices, with the phone end times that `-psdur` prints.

`slt`, `rms` and `awb` are statistical voices, `kal16` joins diphones. The printed times are those of the waveform (checked
on spectrograms), except that `kal16` drops half of the last pause, which `fitted_phones` takes off.
"""

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

from training.data.speech.phones import Phone, fitted_phones, from_festival, timed_phones

FLITE_VOICES: tuple[str, ...] = ("slt", "rms", "awb", "kal16")


def speak_flite(text: str, base: str) -> tuple[np.ndarray, list[Phone]]:
    """Speech of `text` by a flite voice: float32 [S] at 16 kHz in -1..1, and its phones."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = ["flite", "-voice", base, "-psdur", "-t", text, "-o", str(path)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        pcm = read_wav(path)
    pairs = [item.rsplit(":", 1) for item in printed.split() if ":" in item]
    if not pairs:
        raise RuntimeError(f"flite printed no phone times for {text!r}")
    ends_s = [float(end) for _, end in pairs]
    phones = timed_phones([from_festival(name) for name, _ in pairs], ends_s)
    return pcm, fitted_phones(phones, len(pcm) / 16000)


def read_wav(path: Path) -> np.ndarray:
    """A mono 16-bit 16 kHz wave file as float32 [S] in -1..1."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (16000, 1, 2):
            raise ValueError(f"{path.name}: expected 16 kHz mono 16 bit")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
