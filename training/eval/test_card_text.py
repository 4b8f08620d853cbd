"""The card says what is short and what is missing."""

import numpy as np

from training.data.speech.closed_lips import runs, shut_share
from training.eval.card_text import card_text
from training.model.config import Config

MANIFEST = {"name": "x", "version": "1", "licence": "MIT", "resolution": {"width": 64, "height": 64}, "clock": {"fps": 25}, "avatars": ["a"], "provenance": {"data": ["renders"]}}


def test_rows_say_met_short_and_not_measured():
    figures = {
        "codec": {"headDb": 31.0, "mouthDb": 20.0, "eyesDb": 28.0, "alphaIou": 0.99, "pictures": 3},
        "likeness": {"notMeasured": "no network"},
    }
    text = card_text(MANIFEST, Config(), figures, ["clip-a.webm", "expressions.png"])
    assert "31.0, 20.0, 28.0 dB | Short of the target." in text
    assert "0.990 | Met." in text
    assert "| not measured | no network |" in text
    assert "[a](card/clip-a.webm)" in text and "![expressions](card/expressions.png)" in text


def test_a_closure_counts_when_it_is_one_frame_off():
    closed = np.array([0, 0, 1, 0, 0, 1, 1, 0], bool)
    assert runs(closed) == [(2, 3), (5, 7)]
    opening = np.array([1, 0.01, 1, 1, 1, 1, 1, 1.0])
    assert shut_share(opening, closed) == (1, 2)
