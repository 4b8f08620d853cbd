"""The card says what is short and what is missing."""

import json
import re
from pathlib import Path

import numpy as np

from training.data.speech.closed_lips import runs, shut_share
from training.eval.card_text import card_text, limits_of, stage_two_rows, targets
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


def test_a_row_that_falls_short_ends_in_what_limits_it():
    figures = {"codec": {"headDb": 31.0, "mouthDb": 20.0, "eyesDb": 28.0, "alphaIou": 0.99, "pictures": 3}}
    limits = {"codec PSNR on head, mouth, eyes": "Few minutes.", "codec alpha IoU": "Nothing."}
    short, met = targets(figures, limits)[2:4]
    assert short.endswith("Few minutes. |") and "Nothing." not in met


def test_every_short_row_of_the_pack_in_the_repository_says_what_limits_it():
    figures = json.loads((Path(__file__).parents[2] / "models/echo-nano/card/figures.json").read_text())
    named = limits_of("cpu")
    rows = [re.split(r" \| |^\| | \|$", row)[1] for row in targets(figures, {}) if "Short of the target" in row]
    assert set(rows) <= set(named), set(rows) - set(named)


def test_stage_two_names_what_is_told_apart():
    row = {"mse": 1.0, "fd": 1.0, "var": 1.0, "sid": 1.0, "rpcc": 1.0, "mouth": 0.9, "shut": 0.9, "answered": 1.0, "risesWithout": None}
    worse = row | {"mouth": 0.5, "mouthInterval": [-0.5, -0.3], "fdInterval": [-0.1, 0.2]}
    text = "\n".join(stage_two_rows({"full": row, "w/o L_align": worse, "truth": row, "clips": 2, "seconds": 3.0, "smiles": 4, "spans": 5}))
    assert "- w/o L_align: mouth 0.5000 against 0.9000." in text and "| 100 % | none |" in text
