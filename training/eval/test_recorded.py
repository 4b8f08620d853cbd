"""Closures of aligned recordings are counted by the frame."""

import numpy as np
import pytest

from training.eval.recorded import aligned_sets, closures, spans


class Said:
    def __init__(self, opening: list[float]):
        self.track = np.array(opening)

    def opening(self, index: int) -> np.ndarray:
        return self.track


def test_a_closure_counts_when_the_lips_meet_within_a_frame_of_it() -> None:
    phones = [["aa", 0.0, 0.2], ["p", 0.2, 0.28], ["aa", 0.28, 0.44], ["b", 0.44, 0.52], ["iy", 0.52, 0.6]]
    found = closures([{"phones": phones}], Said([0.5, 0.5, 0.5, 0.4, 0.2, 0.05, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2, 0.2, 0.3, 0.4]))
    assert found["closures"] == 2 and found["shut"] == 0.5
    assert found["mostInOpenVowels"] == 0.5 and found["leastInClosures"] == pytest.approx((0.05 + 0.2) / 2)


def test_a_short_phone_has_a_frame_and_none_lies_after_the_end() -> None:
    assert spans([["m", 0.121, 0.13], ["m", 9.0, 9.1]], frozenset("m"), 20) == [(3, 4)]


def test_a_set_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="NAME=FOLDER=PHONES"):
        aligned_sets(["only-a-name"])
