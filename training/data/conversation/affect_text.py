"""Written emotional states: an emotion mix and its intensity -> a short English description, in many wordings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .emotion_shapes import CODE, EMOTION_NAMES

WORDINGS: dict[str, tuple[str, ...]] = {
    "neutral": ("neutral", "even", "matter of fact", "plain"),
    "calm": ("calm", "relaxed", "at ease", "peaceful", "composed", "serene"),
    "happy": ("happy", "glad", "cheerful", "pleased", "content", "delighted"),
    "joyful": ("joyful", "overjoyed", "elated", "thrilled", "beaming"),
    "amused": ("amused", "playful", "entertained", "teasing", "tickled"),
    "warm": ("warm", "friendly", "kind", "affectionate", "welcoming", "tender"),
    "excited": ("excited", "eager", "enthusiastic", "energetic"),
    "proud": ("proud", "satisfied", "triumphant", "confident"),
    "surprised": ("surprised", "astonished", "amazed", "startled", "shocked"),
    "curious": ("curious", "intrigued", "wondering", "inquisitive"),
    "interested": ("interested", "engaged", "absorbed", "fascinated"),
    "attentive": ("attentive", "listening", "focused", "alert", "observant"),
    "thoughtful": ("thoughtful", "pensive", "reflective", "considering"),
    "concerned": ("concerned", "worried", "troubled", "uneasy for them"),
    "sympathetic": ("sympathetic", "compassionate", "caring", "supportive", "comforting", "gentle", "understanding"),
    "sad": ("sad", "sorrowful", "downcast", "unhappy", "grieving", "heavy hearted"),
    "tired": ("tired", "weary", "sleepy", "exhausted", "drained"),
    "bored": ("bored", "uninterested", "indifferent", "distracted"),
    "nervous": ("nervous", "anxious", "tense", "uneasy", "embarrassed"),
    "afraid": ("afraid", "scared", "frightened", "alarmed", "fearful"),
    "confused": ("confused", "puzzled", "lost", "baffled", "uncertain"),
    "doubtful": ("doubtful", "skeptical", "unconvinced", "suspicious", "hesitant"),
    "annoyed": ("annoyed", "irritated", "impatient", "frustrated", "displeased"),
    "angry": ("angry", "furious", "outraged", "cross", "indignant"),
    "disgusted": ("disgusted", "repelled", "revolted", "appalled"),
}
"""Emotion -> the words that may stand for it; the first is its own name."""

INTENSITIES: dict[str, tuple[float, tuple[str, ...]]] = {
    "slightly": (0.35, ("slightly", "a little", "faintly", "mildly", "somewhat")),
    "gently": (0.50, ("gently", "quietly", "softly")),
    "": (0.70, ("",)),
    "quite": (0.85, ("quite", "rather", "clearly", "really")),
    "very": (1.00, ("very", "deeply", "extremely", "intensely", "truly")),
}
"""Intensity word -> (level on the face 0..1, its wordings)."""

OPENINGS: tuple[str, ...] = ("", "", "", "feeling ", "looking ", "the avatar is ", "she seems ", "he seems ", "the listener feels ", "mood is ")
JOINTS: tuple[str, ...] = (" and ", ", ", ", and ", " but also ", " with something ", " yet ")
ENDINGS: tuple[str, ...] = ("", "", "", "", " now", " at the moment", " about the news", " with the user", " after what was said", " in this conversation")


@dataclass(frozen=True)
class Affect:
    """An emotional state: main emotion with its level 0..1, and a second one at a lower level (or none)."""

    emotion: str
    level: float
    second: str | None = None
    second_level: float = 0.0

    @property
    def code(self) -> int:
        return CODE[self.emotion]

    def levels(self) -> np.ndarray:
        """[25] emotion levels that belong on the face."""
        out = np.zeros(len(EMOTION_NAMES), np.float32)
        out[self.code] = self.level
        if self.second is not None:
            out[CODE[self.second]] = self.second_level
        return out


def nearest_intensity(level: float) -> str:
    """The intensity word whose level is closest."""
    return min(INTENSITIES, key=lambda name: abs(INTENSITIES[name][0] - level))


def _phrase(emotion: str, level: float, rng: np.random.Generator) -> str:
    words = WORDINGS[emotion]
    word = words[0] if rng.random() < 0.45 else words[int(rng.integers(len(words)))]
    forms = INTENSITIES[nearest_intensity(level)][1]
    form = forms[0] if rng.random() < 0.55 else forms[int(rng.integers(len(forms)))]
    return f"{form} {word}".strip()


def describe(affect: Affect, rng: np.random.Generator) -> str:
    """One wording of the state, such as "warm and happy, gently amused" (lower case, at most 24 words)."""
    text = str(rng.choice(OPENINGS)) + _phrase(affect.emotion, affect.level, rng)
    if affect.second is not None:
        text += str(rng.choice(JOINTS)) + _phrase(affect.second, affect.second_level, rng)
    return text + str(rng.choice(ENDINGS))


def snap(level: float) -> float:
    """A level moved to that of its intensity word, so that the words say exactly what the face shows."""
    return INTENSITIES[nearest_intensity(level)][0]
