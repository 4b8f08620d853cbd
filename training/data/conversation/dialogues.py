"""Scripted dialogues with emotion arcs over minutes: reads `scripts/*.txt`, fills slots, strings scripts into a talk.

Script syntax (all sentences are ours):

    # name kind=sad
    u sad.9+afraid.4 @concerned.6: First wording. / Another wording. | Next sentence. / Another.

`u` is the user, `a` the avatar; `emotion.level` (level in tenths) is the speaker's state, `@` the listener's while listening.
"|" parts sentences, "/" parts wordings, {slot} is filled once a script, so that a name stays the same through it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .affect_text import Affect, snap
from .emotion_shapes import CODE

_SCRIPTS = Path(__file__).parent / "scripts"
_LINE = re.compile(r"^([ua]) ([a-z]+\.\d(?:\+[a-z]+\.\d)?)(?: @([a-z]+\.\d))?: (.+)$")

SLOTS: dict[str, tuple[str, ...]] = {
    "pet": ("Biscuit", "Momo", "Pepper", "Luna", "Bruno", "Mimi", "Oscar"),
    "friend": ("Anna", "David", "Maya", "Peter", "Nina", "Paul", "Amir", "Bella"),
    "relative": ("mother", "father", "grandmother", "aunt", "uncle", "cousin"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "month": ("January", "March", "April", "May", "June", "September", "November"),
    "place": ("museum", "park", "old library", "harbour", "university", "market", "theatre", "swimming pool"),
    "workplace": ("bank", "bakery", "factory", "hospital", "shop", "office", "school"),
    "device": ("computer", "printer", "telephone", "washing machine", "camera", "lamp"),
    "food": ("soup", "pancake", "pizza", "mushroom pie", "rice pudding", "bean stew", "pumpkin"),
    "number": ("two", "three", "four", "five", "six", "eight", "nine", "ten", "twelve"),
    "year": ("seventeen eighty", "eighteen twelve", "nineteen oh five", "nineteen fifty"),
}

# A talk is a chain of kinds. Arcs that begin with bad news and go on with plain matters teach the long memory.
ARCS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.30, ("sad", "neutral", "neutral", "neutral")),
    (0.10, ("neutral", "sad", "neutral", "neutral")),
    (0.10, ("sad", "neutral", "happy", "neutral")),
    (0.08, ("sad", "relief", "neutral", "tease")),
    (0.12, ("neutral", "neutral", "happy", "neutral")),
    (0.08, ("happy", "neutral", "neutral", "tease")),
    (0.07, ("neutral", "bored", "tease", "neutral")),
    (0.07, ("angry", "neutral", "neutral", "happy")),
    (0.08, ("any", "any", "any", "any")),
)
_FILLERS = ("neutral", "any")


@dataclass(frozen=True)
class Line:
    """One turn before it is timed: who ("user" | "avatar"), its sentences, the speaker's and the listener's state."""

    role: str
    sentences: tuple[str, ...]
    affect: Affect
    listener: Affect | None
    script: str
    kind: str


@dataclass(frozen=True)
class Script:
    """A dialogue with wordings and slots still open."""

    name: str
    kind: str
    lines: tuple[tuple[str, Affect, Affect | None, tuple[tuple[str, ...], ...]], ...]


def _affect(text: str) -> Affect:
    parts = [part.split(".") for part in text.split("+")]
    for name, _ in parts:
        if name not in CODE:
            raise ValueError(f"unknown emotion {name!r}")
    first, *rest = [(name, snap(int(level) / 10)) for name, level in parts]
    return Affect(first[0], first[1], *(rest[0] if rest else (None, 0.0)))


def parse_script(text: str) -> list[Script]:
    """Scripts in one file; raises ValueError that names the line if one cannot be read."""
    found: list[Script] = []
    head: tuple[str, str] | None = None
    lines: list = []
    for number, row in enumerate([*text.splitlines(), "# end kind=end"], 1):
        if not row.strip():
            continue
        if row.startswith("#"):
            if head is not None:
                found.append(Script(*head, tuple(lines)))
            match = re.match(r"^# (\w+) kind=(\w+)$", row)
            if match is None:
                raise ValueError(f"line {number}: a script begins with '# name kind=word'")
            head, lines = (match[1], match[2]), []
            continue
        match = _LINE.match(row)
        if match is None:
            raise ValueError(f"line {number}: not 'u|a emotion.level[+emotion.level] [@emotion.level]: text'")
        sentences = tuple(tuple(w.strip() for w in part.split(" / ")) for part in match[4].split(" | "))
        listener = _affect(match[3]) if match[3] else None
        lines.append(("user" if match[1] == "u" else "avatar", _affect(match[2]), listener, sentences))
    return found


@cache
def scripts() -> tuple[Script, ...]:
    """All scripts of the folder, in file and line order."""
    return tuple(s for path in sorted(_SCRIPTS.glob("*.txt")) for s in parse_script(path.read_text(encoding="utf-8")))


def fill(script: Script, rng: np.random.Generator) -> list[Line]:
    """One run of a script: a wording for each sentence, slots filled; a few optional sentences left out."""
    values = {slot: str(rng.choice(words)) for slot, words in SLOTS.items()}
    out = []
    for role, affect, listener, sentences in script.lines:
        kept = [i for i in range(len(sentences)) if i == 0 or len(sentences) < 3 or rng.random() > 0.15]
        chosen = []
        for i in kept:
            wording = str(rng.choice(sentences[i]))
            values["number"] = str(rng.choice(SLOTS["number"])) if rng.random() < 0.3 else values["number"]
            chosen.append(wording.format(**values))
        out.append(Line(role, tuple(chosen), affect, listener, script.name, script.kind))
    return out


def compose(rng: np.random.Generator):
    """An endless chain of lines along one arc; no script comes twice until all of its kind have been used."""
    weights = np.array([w for w, _ in ARCS])
    arc = list(ARCS[int(rng.choice(len(ARCS), p=weights / weights.sum()))][1])
    used: list[str] = []
    while True:
        kind = arc.pop(0) if arc else str(rng.choice(_FILLERS))
        pool = [s for s in scripts() if kind == "any" or s.kind == kind or (kind == "neutral" and s.kind == "support")]
        fresh = [s for s in pool if s.name not in used] or pool
        script = fresh[int(rng.integers(len(fresh)))]
        used.append(script.name)
        yield from fill(script, rng)
