"""Vectors with known answers: closed forms, and values of the papers' public code."""

import numpy as np
import pytest

from training.eval import metrics
from training.eval.ablations import differences

SEQ = np.array([[0.0, 0], [1, 2], [2, 4]])
USER = np.array([[1.0, 10], [2, 12], [3, 11], [4, 13]])
TRUTH = np.array([[2.0, 9], [3, 13], [5, 10], [4, 14]])
MADE = np.array([[1.0, 10], [1, 10], [2, 11], [2, 12]])


def test_frechet_of_samples():
    x = np.array([[0.0, 0], [2, 0], [0, 2], [2, 2]])
    y = np.array([[1.0, 1], [5, 1], [1, 5], [5, 5]])
    assert metrics.frechet(x, y) == pytest.approx(32 / 3, abs=1e-6)


def test_frechet_is_taken_a_sequence():
    assert metrics.frechet(np.array([[0.0], [2]]), np.array([[10.0], [12]])) == pytest.approx(100.0, abs=1e-6)


def test_variation_and_mse():
    assert metrics.variation(SEQ) == pytest.approx(5 / 3)
    assert metrics.mse(SEQ, np.array([[0.0, 1], [1, 2], [4, 4]])) == pytest.approx(5 / 6)


def test_shannon_index():
    centres = np.array([[1 / 3, 1 / 3], [31 / 3, 1 / 3], [1 / 3, 31 / 3], [31 / 3, 31 / 3]])
    assert metrics.shannon_index(centres, np.array([[0.0, 1], [1, 1], [9, 0], [1, 9]])) == pytest.approx(1.4999956719220908)


def test_residual_pcc():
    assert metrics.residual_pcc(USER, TRUTH, MADE) == pytest.approx(0.008540506832949046)


def test_cosine():
    assert metrics.cosine(np.array([1.0, 2, 2]), np.array([2.0, 1, 2])) == pytest.approx(8 / 9)


def test_best_lag_finds_a_delay():
    speaker = np.array([0.0, 1, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
    listener = np.array([0.0, 0, 1, 0, 0, 2, 0, 0, 0, 3, 0, 0])
    lag, score = metrics.best_lag(speaker, listener, 3)
    assert lag == 1 and score == pytest.approx(1.0)
    assert metrics.lagged(speaker, listener, -3) == pytest.approx(0.6776718497, abs=1e-6)


def test_a_constant_has_no_correlation():
    assert np.isnan(metrics.pearson(np.ones(5), np.arange(5.0)))


def test_psnr_and_iou():
    assert metrics.psnr([0.001]) == pytest.approx(30.0)
    assert metrics.iou(np.array([True, True, False]), np.array([True, False, False])) == pytest.approx(0.5)


def test_intervals_hold_a_sure_difference_and_not_a_doubtful_one():
    base = [{"mse": 1.0 + 0.1 * k} for k in range(8)]
    worse = [{"mse": 1.2 + 0.1 * k + 0.01 * (k % 2)} for k in range(8)]
    low, high = differences(base, worse, list(range(8)))["mseInterval"]
    assert 0.19 < low < high < 0.22
    doubtful = [{"mse": 1.0 + 0.1 * k + (0.3 if k % 2 else -0.3)} for k in range(8)]
    low, high = differences(base, doubtful, list(range(8)))["mseInterval"]
    assert low < 0 < high


def test_intervals_count_talks_and_not_their_clips():
    base = [{"mse": 1.0}] * 80
    by_talk = [{"mse": 1.0 + (0.3 if k // 40 else -0.1)} for k in range(80)]  # two talks of forty clips each
    low, high = differences(base, by_talk, [k // 40 for k in range(80)])["mseInterval"]
    assert low < 0 < high
    low, high = differences(base, by_talk, list(range(80)))["mseInterval"]
    assert 0 < low < high
