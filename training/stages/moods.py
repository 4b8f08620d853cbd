"""Other moods for silent crops: the avatar is told another emotion, and its face moves from the one to the other.

In the talks, words come with what has happened, so a generator can read the mood off the past or off the user and hardly needs them; and some words
are rare. A restaged crop keeps everything but the written state and its share in the face, so the words alone explain the difference.
"""

from dataclasses import dataclass

import numpy as np

from training.data.conversation.affect_text import INTENSITIES, Affect, describe
from training.data.conversation.emotion_shapes import EMOTION_NAMES, SHAPES

LISTENING = 0.72
"""How much of a written level a listening face shows (training/data/conversation/expression.py, `affect_levels`)."""
_REST = 0.05  # of a coefficient that an emotion leaves free, so that a face may come out of it again


@dataclass(frozen=True)
class State:
    """A written state that lasts: the frames from `first` until before `end`, emotion levels [25] as the words say them."""

    first: int
    end: int
    levels: np.ndarray


def states_of(changes: list[dict], frames: int) -> list[State]:
    """The written states of a talk from its `affect` rows. Talks whose rows tell no levels (recorded ones) have none."""
    if any("level" not in change for change in changes):
        return []
    ends = [change["frame"] for change in changes[1:]] + [frames]
    return [
        State(change["frame"], end, Affect(change["emotion"], change["level"], change["second"], change["secondLevel"]).levels()) for change, end in zip(changes, ends)
    ]  # fmt: skip


def state_of(states: list[State], first: int, end: int) -> State | None:
    """The one state that lasts through a crop, or None where it changes."""
    return next((state for state in states if state.first <= first and end <= state.end), None)


def draw_mood(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Any emotion at any level, every one as often: levels [25] and words for them."""
    emotion = str(rng.choice(EMOTION_NAMES))
    level = float(rng.choice([level for level, _ in INTENSITIES.values()], p=[0.15, 0.1, 0.2, 0.15, 0.4]))
    affect = Affect(emotion, level)
    return affect.levels(), describe(affect, rng)


def restage(face: np.ndarray, old: np.ndarray, new: np.ndarray, gain: float) -> np.ndarray:
    """Face [F,52] with the emotion levels `old` [25] taken off and `new` put on, by the simulator's soft union; `gain` is how strongly this person shows feelings."""
    return np.clip(1 - (1 - face) * _free(new, gain) / _free(old, 1.0), 0, 1).astype(np.float32)


def _free(levels: np.ndarray, gain: float) -> np.ndarray:
    """What emotions leave free of each coefficient [52]."""
    return np.maximum(np.prod(1 - LISTENING * gain * levels[:, None] * SHAPES, axis=0), _REST)
