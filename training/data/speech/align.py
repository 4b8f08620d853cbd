"""When phones are spoken: forced alignment with PocketSphinx (BSD; its US English model is in the wheel).

Every phone is a word of its own to the decoder, so that silence may stand anywhere between them. With words as words PocketSphinx takes
pauses into closures, and its second pass gives up on every fourth sentence; where it does not, the two agree within 30 ms for 95 % of the phones.
"""

from difflib import SequenceMatcher
from functools import cache

import numpy as np

from training.data.speech.phones import SILENCE, STOPS, Phone, fitted_phones

_LONGEST_CLOSURE_S = 0.12
_QUIET_SAMPLES = 4800
_AFTER = "one_sil"  # the decoder may leave out the last word of all: this one, in the quiet put after the sound


def aligned(pcm: np.ndarray, words: list[list[str]]) -> list[Phone]:
    """The phones of `words` (a list of phones each) in the sound float32 [S] at 16 kHz, with the silences between them; they end with the sound.

    Raises RuntimeError when the phones do not fit the sound.
    """
    decoder = _decoder()
    said = [phone for phones in words for phone in phones]
    names = [f"one_{'ah' if phone == 'ax' else phone}" for phone in said]  # the model has no schwa of its own
    for name in [*names, _AFTER]:
        if decoder.lookup_word(name) is None:
            decoder.add_word(name, name.removeprefix("one_").upper(), update=True)
    decoder.set_align_text(" ".join([*names, _AFTER]))
    after = np.pad(pcm, (0, _QUIET_SAMPLES))  # a recording may stop with its last phone
    decoder.start_utt()
    decoder.process_raw((np.clip(after, -1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()
    segments = [(part.word, part.start_frame / 100, (part.end_frame + 1) / 100) for part in decoder.seg() or [] if part.word not in ("<s>", "</s>", _AFTER)]
    found: list[Phone] = []
    for phone in _placed(said, names, segments):
        quiet = found[-1] if found and found[-1].name == SILENCE else None
        if quiet and phone.name == SILENCE:
            found[-1] = Phone(SILENCE, quiet.start_s, phone.end_s)
        elif quiet and phone.name in STOPS and len(found) > 1 and phone.end_s - quiet.start_s <= _LONGEST_CLOSURE_S:
            found[-1] = Phone(phone.name, quiet.start_s, phone.end_s)  # that silence is the stop's own closure
        else:
            found.append(phone)
    return fitted_phones(found, len(pcm) / 16000)


def _placed(said: list[str], names: list[str], segments: list[tuple[str, float, float]]) -> list[Phone]:
    """Segments as phones of ours. The decoder leaves one out now and then: it gets half of the one before it."""
    heard = [name for name, _, _ in segments if name != "<sil>"]
    blocks = SequenceMatcher(None, names, heard, autojunk=False).get_matching_blocks()
    which = {b + k: a + k for a, b, size in blocks for k in range(size)}  # place in what was heard -> place in what was said
    if len(which) < 0.95 * len(names) or len(which) < len(heard):
        raise RuntimeError("the phones do not fit the sound")
    phones: list[Phone] = []
    place = -1
    for name, start, end in segments:
        if name == "<sil>":
            phones.append(Phone(SILENCE, start, end))
            continue
        place += 1
        following = which.get(place + 1, len(said)) if place + 1 < len(heard) else len(said)
        group = said[which[place] if place else 0 : following]
        step = (end - start) / len(group)
        phones += [Phone(phone, start + k * step, start + (k + 1) * step) for k, phone in enumerate(group)]
    return phones


@cache
def _decoder():
    from pocketsphinx import Decoder

    return Decoder(lm=None, loglevel="FATAL", beam=1e-64, pbeam=1e-64, wbeam=1e-48, maxhmmpf=-1)  # wide beams: the phones are known; wider ones lose the end
