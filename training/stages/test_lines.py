"""A dubbed crop has the line's lips and everything else of the listener."""

import numpy as np
import torch

from training.data.arkit import ARKIT_INDEX
from training.data.speech.visemes import mouth_opening
from training.stages.lines import Line, dub

JAW, BROW = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["browInnerUp"]


def line() -> Line:
    mouth = np.zeros((30, 52), np.float32)
    mouth[5:25, JAW] = 0.6
    mouth[12:14, JAW] = 0.0
    closed = np.zeros(30, np.float32)
    closed[12:14] = 1
    return Line(torch.zeros(30, 128), mouth, closed, torch.full((30,), 0.1))


def test_the_lips_are_the_lines_and_the_rest_is_the_listeners() -> None:
    listener = torch.zeros(32, 58)
    listener[:, BROW], listener[:, JAW], listener[:, 52] = 0.5, 0.1, 0.2
    motion, closed, loud = dub(line(), 4, listener)
    assert torch.equal(closed.nonzero().flatten(), torch.tensor([8, 9]))
    assert float(motion[10, JAW]) > 0.6 and float(mouth_opening(motion[8:10, :52].numpy()).max()) < 0.02
    assert torch.allclose(motion[:, BROW], listener[:, BROW]) and torch.equal(motion[:, 52:], listener[:, 52:])
    assert bool((loud[:26] > 0).all()) and not loud[26:].any()
    assert torch.allclose(motion[27:], listener[27:])  # the line is over


def test_a_line_may_begin_within_the_crop() -> None:
    motion, closed, _ = dub(line(), -6, torch.zeros(32, 58))
    assert not motion[:11].any() and torch.equal(closed.nonzero().flatten(), torch.tensor([18, 19]))
