"""Festival (University of Edinburgh, permissive licence) with the voice `ked` (festvox-kdlpc16k): one American man."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from training.data.speech.flite import read_wav
from training.data.speech.phones import Phone, fitted_phones, from_festival, timed_phones

FESTIVAL_VOICES: tuple[str, ...] = ("ked_diphone",)


def speak_festival(text: str, base: str) -> tuple[np.ndarray, list[Phone]]:
    """Speech of `text` by a Festival voice: float32 [S] at 16 kHz in -1..1, and its phones."""
    quoted = text.replace("\\", " ").replace('"', " ")
    with tempfile.TemporaryDirectory() as folder:
        wave_path, label_path, script = (Path(folder) / name for name in ("s.wav", "s.lab", "s.scm"))
        script.write_text(
            f'(voice_{base})\n(set! utterance (Utterance Text "{quoted}"))\n(utt.synth utterance)\n'
            f'(utt.save.wave utterance "{wave_path}" \'riff)\n(utt.save.segs utterance "{label_path}")\n'
        )
        subprocess.run(["festival", "-b", str(script)], capture_output=True, check=True, timeout=60)
        pcm = read_wav(wave_path)
        rows = [line.split() for line in label_path.read_text().splitlines() if line and not line.startswith("#")]
    phones = timed_phones([from_festival(row[2]) for row in rows], [float(row[0]) for row in rows])
    return pcm, fitted_phones(phones, len(pcm) / 16000)
