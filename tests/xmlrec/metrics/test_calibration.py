from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from xmlrec.metrics import (
    auroc,
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability_bins,
)
from xmlrec.metrics.calibration import resampled_calibration_error

CONFIDENCE = [0.2, 0.4, 0.6, 0.8]
IS_RIGHT = [False, True, False, True]
rows = st.lists(
    st.tuples(st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.875, 1.0]), st.booleans()), min_size=1
)


def columns(rows):
    confidence, is_right = zip(*rows, strict=True)
    return np.array(confidence), np.array(is_right)


def test_calibration_error_is_the_gap_of_bins_of_equal_mass():
    # bins (0.2, 0.4) with 1 of 2 right and (0.6, 0.8) with 1 of 2 right
    error = expected_calibration_error(CONFIDENCE, IS_RIGHT, n_bins=2)

    assert error == pytest.approx((2 * abs(0.3 - 0.5) + 2 * abs(0.7 - 0.5)) / 4)


def test_one_bin_compares_the_means():
    assert expected_calibration_error(CONFIDENCE, IS_RIGHT, n_bins=1) == pytest.approx(0)


def test_equal_confidences_share_a_bin_in_any_order():
    confidence = np.array([0.9, 0.1, 0.9, 0.9, 0.9, 0.9])
    is_right = np.array([True, False, False, True, True, True])

    for order in (np.arange(6), np.arange(6)[::-1]):
        bins = reliability_bins(confidence[order], is_right[order], n_bins=3)
        assert bins.confidence == pytest.approx([0.1, 0.9])
        assert bins.right_share == pytest.approx([0, 4 / 5])
        assert bins.n_rows.tolist() == [1, 5]


def test_bins_have_equal_mass_without_ties():
    bins = reliability_bins(np.linspace(0, 1, 40), np.ones(40), n_bins=8)

    assert bins.n_rows.tolist() == [5] * 8


@given(rows, st.integers(1, 12))
def test_bins_hold_every_row_and_rise(rows, n_bins):
    confidence, is_right = columns(rows)

    bins = reliability_bins(confidence, is_right, n_bins)

    assert len(bins.n_rows) <= n_bins
    assert bins.n_rows.min() > 0
    assert (np.diff(bins.confidence) > 0).all()
    assert bins.n_rows @ bins.confidence == pytest.approx(confidence.sum())
    assert bins.n_rows @ bins.right_share == pytest.approx(is_right.sum())


def test_brier_score_is_the_mean_squared_gap():
    score = brier_score([1.0, 0.5, 0.25], [True, True, False])

    assert score == pytest.approx((0 + 0.5**2 + 0.25**2) / 3)


def test_log_loss_is_clipped():
    assert log_loss([0.5, 0.25], [True, False]) == pytest.approx(-(log(0.5) + log(0.75)) / 2)
    assert log_loss([1.0], [False]) == pytest.approx(-log(1e-7))
    assert log_loss([1.0], [True]) == pytest.approx(1e-7, rel=1e-3)


def test_auroc_counts_pairs():
    # right 0.4 and 0.8, wrong 0.2 and 0.6: of four pairs, only (0.4, 0.6) is the wrong way round
    assert auroc(CONFIDENCE, IS_RIGHT) == pytest.approx(3 / 4)
    assert auroc([0.5, 0.5], [True, False]) == pytest.approx(1 / 2)
    assert np.isnan(auroc([0.5, 0.7], [True, True]))


@given(rows)
def test_auroc_and_brier_score_are_those_of_scikit_learn(rows):
    confidence, is_right = columns([*rows, (0.5, True), (0.25, False)])

    assert auroc(confidence, is_right) == pytest.approx(
        sklearn_metrics.roc_auc_score(is_right, confidence)
    )
    assert brier_score(confidence, is_right) == pytest.approx(
        sklearn_metrics.brier_score_loss(is_right, confidence)
    )


def test_a_resample_has_the_error_of_its_rows_over_the_bins_of_all():
    weights = np.array([[1, 1, 1, 1], [0, 2, 0, 2], [4, 0, 0, 0]])

    errors = resampled_calibration_error(CONFIDENCE, IS_RIGHT, weights, n_bins=2)

    assert errors == pytest.approx(
        [
            expected_calibration_error(CONFIDENCE, IS_RIGHT, n_bins=2),
            (2 * (1 - 0.4) + 2 * (1 - 0.8)) / 4,
            0.2,
        ]
    )


@pytest.mark.parametrize("confidence", [[], [0.5, 0.5], [1.5], [-0.1], [np.nan]])
def test_what_is_no_probability_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence"):
        expected_calibration_error(confidence, [True])


def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="n_bins must be at least 1, got 0"):
        reliability_bins([0.5], [True], 0)
