import numpy as np
import pytest

from bench.confidences import FIGURES, Confidences, lowest_score, perfect_error


def test_figures_are_those_worked_by_hand():
    confidence, is_right = np.array([0.9, 0.9, 0.4, 0.0]), np.array([True, True, False, False])
    sure = {0.95: confidence > 0.5, 0.99: confidence > 1}

    figures = dict(zip(FIGURES, Confidences(confidence, is_right, sure).figures(), strict=True))

    assert (figures["n"], figures["P@1"]) == (4, 50.0)
    assert figures["ECE"] == pytest.approx(100 * (2 * 0.1 + 0.4 + 0) / 4)
    assert figures["Brier"] == pytest.approx(100 * (2 * 0.01 + 0.16 + 0) / 4)
    assert (figures["sure at 95"], figures["precision"]) == (50.0, 100.0)
    assert figures["interval"] == "0.0 to 100.0"
    assert (figures["sure at 99"], figures["precision at 99"]) == (0.0, None)


def test_perfect_error_is_what_chance_leaves():
    assert perfect_error(np.ones(50)) == 0.0
    few, many = (perfect_error(np.full(n, 0.5)) for n in (100, 10_000))
    assert few == pytest.approx(1.96 * 0.5 / np.sqrt(100), abs=0.02)  # one bin: |mean - 0.5|
    assert many == pytest.approx(1.96 * 0.5 / np.sqrt(10_000), abs=0.002)


def test_threshold_is_the_lowest_that_is_precise_enough():
    scores, is_right = np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False])

    assert lowest_score(scores, is_right, 0.6) == 2.0
    assert lowest_score(scores, is_right, 0.95) == 4.0
    assert lowest_score(scores, ~is_right, 0.95) == np.inf
