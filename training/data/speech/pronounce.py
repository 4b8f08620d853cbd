"""How words sound: text -> IPA in Kokoro's alphabet (with stress and punctuation) and the phones of each word, by espeak-ng."""

import re
import subprocess

# espeak-ng's IPA -> Kokoro's alphabet: one letter a diphthong or affricate, no length marks.
_LETTERS = (
    ("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"), ("oʊ", "O"), ("ɔɪ", "Y"), ("dʒ", "ʤ"), ("tʃ", "ʧ"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɚ", "əɹ"), ("ɐ", "ə"),
    ("ː", ""), ("r", "ɹ"), ("x", "k"), ("\u0329", ""),
)  # fmt: skip
_PHONES = {
    "i": "iy", "ɪ": "ih", "ᵻ": "ih", "ɛ": "eh", "e": "eh", "æ": "ae", "a": "aa", "ɑ": "aa", "ɒ": "aa", "ɔ": "ao", "ʌ": "ah", "ə": "ax", "u": "uw",
    "ʊ": "uh", "o": "ow", "A": "ey", "I": "ay", "O": "ow", "W": "aw", "Y": "oy", "ɜɹ": "er", "əɹ": "er", "p": "p", "b": "b", "t": "t", "d": "d",
    "k": "k", "ɡ": "g", "m": "m", "n": "n", "ŋ": "ng", "f": "f", "v": "v", "θ": "th", "ð": "dh", "s": "s", "z": "z", "ʃ": "sh", "ʒ": "zh", "ʧ": "ch",
    "ʤ": "jh", "h": "hh", "l": "l", "ɹ": "r", "w": "w", "j": "y", "ɾ": "d", "ʔ": "t", "ɬ": "l",
}  # fmt: skip
_MARKS = re.compile(r"([,.!?;:—…]+)")


def pronounce(text: str, language: str = "en-us") -> tuple[str, list[list[str]]]:
    """(IPA with stress and punctuation, phones of every word). Letters that stand for no phone of ours are passed over."""
    spoken, words = "", []
    for part in _MARKS.split(text):
        if _MARKS.fullmatch(part):
            spoken = f"{spoken.rstrip()}{part} "
        elif part.strip():
            done = subprocess.run(["espeak-ng", "-q", "--ipa", "-v", language, part], capture_output=True, check=True, timeout=60)
            ipa = " ".join(done.stdout.decode("utf-8").split())
            for seen, meant in _LETTERS:
                ipa = ipa.replace(seen, meant)
            spoken += f"{ipa} "
            words += [phones for word in ipa.split() if (phones := _phones_of(word))]
    return spoken.strip(), words


def _phones_of(word: str) -> list[str]:
    return [_PHONES[letters] for letters in re.findall("[ɜə]ɹ|.", word) if letters in _PHONES]
