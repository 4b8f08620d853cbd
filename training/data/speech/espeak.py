"""espeak-ng through its C library: the only way to its phoneme events, which carry true sample positions.

espeak-ng is GPL-3.0-or-later. It is a tool on the training machine, loaded at run time if the system has it; nothing of
it is part of this project, and the licence does not reach the sound that it makes.
"""

import ctypes
from functools import cache
from math import gcd

import numpy as np
from scipy.signal import resample_poly

from training.data.speech.phones import STOPS, Phone, fitted_phones, from_espeak, timed_phones

# `en-us` variants with ordinary voices (women, then men); the others are effects, whispers or other languages.
ESPEAK_VOICES: tuple[str, ...] = ("f2", "f3", "f4", "linda", "Alicia", "Andrea", "belinda", "m1", "m3", "m7", "Lee", "miguel", "travis")

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS, speak_lib.h
_PHONEME_EVENTS = 1  # espeakINITIALIZE_PHONEME_EVENTS
_EVENT_END, _EVENT_PHONEME = 0, 7
_UTF8 = 1


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int), ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int), ("sample", ctypes.c_int), ("user_data", ctypes.c_void_p), ("id", _EventId),
    ]  # fmt: skip


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Library:
    """The loaded library; its state is global, so one per process and never from two threads."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self.sample_rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS)
        if self.sample_rate_hz <= 0:
            raise RuntimeError("espeak-ng did not start")
        self._chunks: list[np.ndarray] = []
        self._events: list[tuple[int, str]] = []
        self._callback = _Callback(self._receive)  # kept: C holds the pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples, count: int, events) -> int:
        if samples and count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != _EVENT_END:
            event = events[index]
            if event.type == _EVENT_PHONEME:
                self._events.append((event.sample, bytes(event.id.string).split(b"\0")[0].decode("utf-8", "replace")))
            index += 1
        return 0

    def speak(self, text: str, variant: str) -> tuple[np.ndarray, list[tuple[int, str]]]:
        """Samples at the library's rate, int16 [S], and (first sample, mnemonic) of each phoneme."""
        self._chunks, self._events = [], []
        if self._library.espeak_SetVoiceByName(f"en-us+{variant}".encode()) != 0:
            raise ValueError(f"espeak-ng has no voice en-us+{variant}")
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return np.concatenate(self._chunks), self._events


@cache
def _library() -> _Library:
    return _Library()


def speak_espeak(text: str, base: str) -> tuple[np.ndarray, list[Phone]]:
    """Speech of `text` by `en-us+base`: float32 [S] at 16 kHz in -1..1, and its phones."""
    library = _library()
    raw, events = library.speak(text, base)
    rate = library.sample_rate_hz
    names = [from_espeak(name) for _, name in events]
    starts_s = [_with_closure(raw, sample, name[0], rate) / rate for (sample, _), name in zip(events, names, strict=True)]
    ends_s = [*starts_s[1:], len(raw) / rate]
    phones = timed_phones([("sil",), *names], [starts_s[0], *ends_s])
    common = gcd(16000, rate)
    pcm = resample_poly(raw.astype(np.float32) / 32768, 16000 // common, rate // common).astype(np.float32)
    return pcm, fitted_phones(phones, len(pcm) / 16000)


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
