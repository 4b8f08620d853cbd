"""The closed word list of the affect texts: every word that `affect_text` can write, sorted, always the same.

The pack's `vocabulary.json` is `PACK_VOCABULARY`: index 0 is padding, 1 stands for unknown words.
"""

from __future__ import annotations

import re

from .affect_text import ENDINGS, INTENSITIES, JOINTS, OPENINGS, WORDINGS


def split_words(text: str) -> list[str]:
    """Lower case, split on everything that is not a-z or an apostrophe (docs/pack.md)."""
    return [word for word in re.split(r"[^a-z']+", text.lower()) if word]


def _all_words() -> tuple[str, ...]:
    words: set[str] = set()
    for texts in (*WORDINGS.values(), *(forms for _, forms in INTENSITIES.values()), OPENINGS, JOINTS, ENDINGS):
        for text in texts:
            words.update(split_words(text))
    return tuple(sorted(words))


VOCABULARY: tuple[str, ...] = _all_words()
"""Every template word, sorted."""

PACK_VOCABULARY: tuple[str, ...] = ("<pad>", "<unk>", *VOCABULARY)
"""What a pack ships: the index is the id."""

_ID = {word: i for i, word in enumerate(PACK_VOCABULARY)}


def encode(text: str, length: int = 24) -> list[int]:
    """Text -> `length` ids, cut or padded with 0; unknown words are 1."""
    ids = [_ID.get(word, 1) for word in split_words(text)][:length]
    return ids + [0] * (length - len(ids))
