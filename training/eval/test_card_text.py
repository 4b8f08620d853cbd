"""The card says what is short and what is missing."""

import json
import re
from pathlib import Path

import numpy as np

from training.data.speech.closed_lips import runs, shut_share
from training.eval.card_text import ablation_rows, card_text, limits_of, stage_two_rows, targets
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
    assert "- w/o L_align: mouth r 0.5000 against 0.9000 (-0.5000 to -0.3000)." in text and "| 100 % | none |" in text


def test_an_ablation_says_where_it_loses_and_gains():
    row = {"mse": 1.0, "fd": 1.0, "var": 1.0, "sid": 1.0, "rpcc": 1.0, "mouth": 0.9, "shut": 0.9}
    off = row | {"var": 0.5, "varInterval": [-0.6, -0.4], "mse": 0.8, "mseInterval": [-0.3, -0.1], "rpccInterval": [-0.1, 0.1]}
    text = "\n".join(ablation_rows({"full": row, "w/o LPE": off, "w/o SDCM": row, "truth": row, "talks": 2, "clips": 14, "seconds": 30.0}, {"w/o SDCM": "A reason."}))
    assert "- w/o LPE: worse in Var 0.5000 against 1.0000 (-0.6000 to -0.4000); better in MSE 0.8000 against 1.0000 (-0.3000 to -0.1000). The paper names rPCC, SID, Var: lost here Var." in text
    assert "- w/o SDCM: no figure. The paper names mouth r, lips shut: lost here none of them. A reason." in text


def test_an_ablation_that_loses_all_that_the_paper_names_needs_no_reason():
    row = {"mse": 1.0, "fd": 1.0, "var": 1.0, "sid": 1.0, "rpcc": 1.0, "mouth": 0.9, "shut": 0.9}
    off = row | {"mouth": 0.5, "mouthInterval": [-0.5, -0.3], "shut": 0.5, "shutInterval": [-0.5, -0.3]}
    text = "\n".join(ablation_rows({"full": row, "w/o SDCM": off, "truth": row, "talks": 2, "clips": 14, "seconds": 30.0}, {"w/o SDCM": "A reason."}))
    assert "lost here mouth r, lips shut." in text and "A reason." not in text
