"""One phone set for all synthesisers: ARPAbet in lower case plus `ax` (schwa) and `sil` (silence).

Each synthesiser's own names map to one or more of these; each phone maps to one of the 15 Oculus (Meta) visemes and to
the classes that the mouth model asks about.
"""

from typing import NamedTuple


class Phone(NamedTuple):
    """One phone of an utterance; times in seconds from the first sample, `start_s < end_s`."""

    name: str
    start_s: float
    end_s: float


SILENCE = "sil"

VOWELS = frozenset("aa ae ah ao aw ax ay eh er ey ih iy ow oy uh uw".split())
BILABIAL = frozenset("p b m".split())  # the lips must meet
LABIODENTAL = frozenset("f v".split())  # the lower lip meets the upper teeth
DENTAL = frozenset("th dh".split())
SIBILANT = frozenset("s z sh zh ch jh".split())
STOPS = frozenset("p b t d k g".split())
OPEN_VOWELS = frozenset("aa ae ah ao aw ay".split())
ROUNDED = frozenset("uw uh ow oy ao w r er sh zh ch jh".split())
SPREAD = frozenset("iy ih ey eh y s z".split())

# Meta's viseme reference (15 classes), phone by phone.
PHONE_TO_VISEME: dict[str, str] = {
    "sil": "sil",
    "p": "PP", "b": "PP", "m": "PP",
    "f": "FF", "v": "FF",
    "th": "TH", "dh": "TH",
    "t": "DD", "d": "DD",
    "k": "kk", "g": "kk", "ng": "kk", "hh": "kk", "y": "I",
    "ch": "CH", "jh": "CH", "sh": "CH", "zh": "CH",
    "s": "SS", "z": "SS",
    "n": "nn", "l": "nn",
    "r": "RR", "er": "RR",
    "aa": "aa", "ae": "aa", "ah": "aa", "ay": "aa", "aw": "aa",
    "eh": "E", "ey": "E", "ax": "E",
    "ih": "I", "iy": "I",
    "ao": "O", "ow": "O", "oy": "O",
    "uh": "U", "uw": "U", "w": "U",
}

VISEMES: tuple[str, ...] = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U")

PHONES: tuple[str, ...] = tuple(PHONE_TO_VISEME)

# Festival and flite (radio / cmu_us phone sets) where they differ from ours.
_FESTIVAL: dict[str, tuple[str, ...]] = {
    "pau": ("sil",), "h#": ("sil",), "brth": ("sil",), "ssil": ("sil",),
    "axr": ("er",), "dx": ("d",), "hv": ("hh",), "nx": ("n",), "el": ("l",), "em": ("m",), "en": ("n",), "wh": ("w",),
}

# espeak-ng phoneme mnemonics of `en-us`; several stand for two of our phones.
_ESPEAK: dict[str, tuple[str, ...]] = {
    "": ("sil",), "_": ("sil",), "_:": ("sil",), "_::": ("sil",), "_!": ("sil",), "_|": ("sil",), "?": ("sil",),
    "a": ("ae",), "aa": ("ae",), "a#": ("ax",), "A": ("aa",), "A:": ("aa",), "A@": ("aa", "r"), "A~": ("aa", "n"), "0": ("aa",), "0#": ("aa",),
    "O": ("ao",), "O:": ("ao",), "O2": ("ao",), "O@": ("ao", "r"), "o@": ("ao", "r"), "V": ("ah",), "o": ("ow",),
    "aI": ("ay",), "aU": ("aw",), "OI": ("oy",), "aI@": ("ay", "ax"), "aI3": ("ay", "er"), "aU@": ("aw", "er"),
    "eI": ("ey",), "E": ("eh",), "E2": ("eh",), "e@": ("eh", "r"), "3": ("er",), "3:": ("er",), "@": ("ax",), "@2": ("ax",), "@5": ("ax",),
    "@#": ("ax",), "@-": ("ax",), "@L": ("ax", "l"), "e": ("eh",), "e#": ("ih",),
    "I": ("ih",), "I2": ("ih",), "I#": ("ih",), "i": ("iy",), "i:": ("iy",), "i@": ("iy", "ax"), "i@3": ("iy", "r"), "I@": ("ih", "r"),
    "oU": ("ow",), "U": ("uh",), "u": ("uw",), "u:": ("uw",), "U@": ("uh", "r"),
    "D": ("dh",), "T": ("th",), "S": ("sh",), "Z": ("zh",), "tS": ("ch",), "dZ": ("jh",), "N": ("ng",), "h": ("hh",), "j": ("y",),
    "r-": ("r",), "r": ("r",), "n-": ("n",), "m-": ("m",), "l#": ("l",), "t#": ("d",), "t2": ("t",), "d#": ("d",), "z#": ("z",), "x": ("k",), "w#": ("w",),
    "*": ("d",),
}


def from_festival(name: str) -> tuple[str, ...]:
    """Our phones for a flite or Festival segment name; an unknown name raises ValueError."""
    return _translated(name, _FESTIVAL)


def from_espeak(name: str) -> tuple[str, ...]:
    """Our phones for an espeak-ng phoneme mnemonic (`en-us`); an unknown name raises ValueError."""
    return _translated(name.rstrip("',%=;~"), _ESPEAK)


def _translated(name: str, table: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    if name in table:
        return table[name]
    if name in PHONE_TO_VISEME:
        return (name,)
    raise ValueError(f"unknown phone name {name!r}")


def timed_phones(names: list[tuple[str, ...]], ends_s: list[float], start_s: float = 0.0) -> list[Phone]:
    """Contiguous phones from per-segment names and end times; a segment of several phones is split evenly.

    Neighbouring silences join, and segments of no length vanish.
    """
    phones: list[Phone] = []
    begin = start_s
    for group, end in zip(names, ends_s, strict=True):
        step = (end - begin) / len(group)
        if step <= 1e-4:
            continue
        for index, name in enumerate(group):
            left, right = begin + index * step, begin + (index + 1) * step
            if name == SILENCE and phones and phones[-1].name == SILENCE:
                phones[-1] = Phone(SILENCE, phones[-1].start_s, right)
            else:
                phones.append(Phone(name, left, right))
        begin = end
    return phones


def fitted_phones(phones: list[Phone], duration_s: float) -> list[Phone]:
    """The same phones cut or padded (the last one, or a new silence) so that they end with the audio."""
    kept = [Phone(p.name, p.start_s, min(p.end_s, duration_s)) for p in phones if p.start_s < duration_s - 1e-4]
    if not kept:
        return [Phone(SILENCE, 0.0, duration_s)]
    last = kept[-1]
    if last.name == SILENCE:
        kept[-1] = Phone(SILENCE, last.start_s, duration_s)
    elif duration_s - last.end_s > 1e-4:
        kept.append(Phone(SILENCE, last.end_s, duration_s))
    return kept


def scaled_phones(phones: list[Phone], factor: float) -> list[Phone]:
    """All times multiplied by `factor` (2 = twice as slow)."""
    return [Phone(p.name, p.start_s * factor, p.end_s * factor) for p in phones]
