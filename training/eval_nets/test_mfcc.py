"""The vector of fixtures/metrics/vectors.json, which sdk/eval/vectors.test.ts replays too."""

import json
from pathlib import Path

import numpy as np

from training.eval_nets.mfcc import mfcc

VECTOR = json.loads((Path(__file__).parents[2] / "fixtures/metrics/vectors.json").read_text())["mfcc"]


def test_tone_and_silence():
    tone = np.round(10000 * np.sin(2 * np.pi * 440 * np.arange(800) / 16000))
    rows = mfcc(tone)
    assert list(rows.shape) == VECTOR["shape"]
    np.testing.assert_allclose(rows[0], VECTOR["frame0"], atol=VECTOR["tol"])
    np.testing.assert_allclose(rows[3], VECTOR["frame3"], atol=VECTOR["tol"])
    assert abs(mfcc(np.zeros(800))[0, 0] - VECTOR["silence_c0"]) < VECTOR["tol"]
