"""A restaged face shows the new mood and nothing of the old one; the rest stays."""

import numpy as np

from training.data.arkit import ARKIT_INDEX
from training.data.conversation.affect_text import Affect
from training.data.conversation.emotion_shapes import EMOTION_NAMES, SHAPES, blend
from training.stages.moods import LISTENING, draw_mood, restage, state_of, states_of

HAPPY, SAD = Affect("happy", 1.0).levels(), Affect("sad", 1.0).levels()


def listening(levels: np.ndarray) -> np.ndarray:
    return blend(np.tile(LISTENING * levels, (5, 1)))


def test_the_old_mood_goes_and_the_new_one_comes() -> None:
    made = restage(listening(HAPPY), HAPPY, SAD, 1.0)
    assert np.allclose(made, listening(SAD), atol=1e-5)
    assert np.allclose(restage(made, SAD, HAPPY, 1.0), listening(HAPPY), atol=1e-5)


def test_what_is_not_of_the_mood_stays() -> None:
    face = listening(HAPPY)
    face[2, ARKIT_INDEX["eyeBlinkLeft"]] = 0.9
    made = restage(face, HAPPY, SAD, 1.0)
    assert made[2, ARKIT_INDEX["eyeBlinkLeft"]] >= 0.9
    assert np.isclose(made[2, ARKIT_INDEX["eyeLookInLeft"]], face[2, ARKIT_INDEX["eyeLookInLeft"]])


def test_a_weaker_person_shows_less() -> None:
    full, half = (restage(listening(SAD * 0), SAD * 0, HAPPY, gain)[0, ARKIT_INDEX["mouthSmileLeft"]] for gain in (1.0, 0.5))
    assert 0.4 * full < half < 0.6 * full


def test_states_last_until_the_next_change() -> None:
    rows = [
        {"frame": 0, "emotion": "happy", "level": 0.7, "second": None, "secondLevel": 0.0},
        {"frame": 40, "emotion": "sad", "level": 1.0, "second": "tired", "secondLevel": 0.35},
    ]
    states = states_of(rows, 100)
    assert state_of(states, 10, 50) is None
    found = state_of(states, 40, 100)
    assert found is not None and np.isclose(found.levels[EMOTION_NAMES.index("tired")], 0.35)
    assert states_of([{"frame": 0, "text": "happy"}], 100) == []


def test_every_emotion_is_drawn_and_its_words_say_its_level() -> None:
    rng = np.random.default_rng(3)
    seen = np.zeros(len(EMOTION_NAMES))
    for _ in range(400):
        levels, text = draw_mood(rng)
        seen += levels > 0
        if levels.max() == 0.35:
            assert any(word in text for word in ("slightly", "a little", "faintly", "mildly", "somewhat"))
    assert (seen > 0).all() and SHAPES.shape == (25, 52)
