"""One utterance by the espeak-ng library, as a process of its own: `python espeak_process.py VOICE < text`, for instance `en-us+f2`.

It writes a line of JSON (`rate`, and `phonemes` as [first sample, mnemonic]) and then the samples, 16 bit little endian.
A fresh process is what makes the sound repeatable (the library keeps random and flutter state between utterances), and
it keeps a GPL library out of every other process. Standard library only.
"""

import ctypes
import json
import sys

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


def main(voice: str) -> None:
    """Speaks standard input as `voice`; fails with a message if the library or the voice is missing."""
    library = ctypes.CDLL("libespeak-ng.so.1")
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS)
    if rate <= 0:
        sys.exit("espeak-ng did not start")
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        sys.exit(f"espeak-ng has no voice {voice}")
    chunks: list[bytes] = []
    phonemes: list[tuple[int, str]] = []

    @_Callback
    def receive(samples, count, events):
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while events[index].type != _EVENT_END:
            if events[index].type == _EVENT_PHONEME:
                name = bytes(events[index].id.string).split(b"\0")[0].decode("utf-8", "replace")
                phonemes.append((events[index].sample, name))
            index += 1
        return 0

    library.espeak_SetSynthCallback(receive)
    text = sys.stdin.buffer.read() + b"\0"
    library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 1, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    sys.stdout.buffer.write(json.dumps({"rate": rate, "phonemes": phonemes}).encode() + b"\n" + b"".join(chunks))


if __name__ == "__main__":
    main(sys.argv[1])
