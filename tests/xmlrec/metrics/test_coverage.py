import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlrec.metrics import coverage_at_precision, coverage_curve
from xmlrec.metrics.coverage import resampled_coverage

#              right, wrong, right, right, none
CONFIDENCE = np.array([0.9, 0.7, 0.7, 0.3, np.nan])
IS_RIGHT = np.array([True, False, True, True, False])


def test_curve_covers_equal_confidences_together():
    curve = coverage_curve(CONFIDENCE, IS_RIGHT)

    assert curve.threshold.tolist() == [0.9, 0.7, 0.3]
    assert curve.coverage == pytest.approx([1 / 5, 3 / 5, 4 / 5])
    assert curve.precision == pytest.approx([1, 2 / 3, 3 / 4])


def test_a_precision_that_comes_back_counts():
    assert coverage_at_precision(CONFIDENCE, IS_RIGHT, 0.7) == pytest.approx(4 / 5)
    assert coverage_at_precision(CONFIDENCE, IS_RIGHT, 0.8) == pytest.approx(1 / 5)


def test_precision_that_is_never_reached_covers_nothing():
    assert coverage_at_precision([0.5], [False], 0.5) == 0


def test_without_answers_the_curve_is_empty():
    curve = coverage_curve([np.nan, np.nan], [False, False])

    assert [len(column) for column in curve] == [0, 0, 0]
    assert coverage_at_precision([np.nan], [False], 0.95) == 0


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match=r"at least one row, got shapes \(0,\) and \(0,\)"):
        coverage_curve([], [])


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.5, np.nan]), st.booleans()), min_size=1),
    st.data(),
)
def test_a_resample_is_covered_like_its_rows(rows, data):
    confidence, is_right = map(np.array, zip(*rows, strict=True))
    is_right &= ~np.isnan(confidence)
    drawn = data.draw(
        st.lists(st.integers(0, len(rows) - 1), min_size=len(rows), max_size=len(rows))
    )
    weights = np.bincount(drawn, minlength=len(rows))[None]

    (coverage,) = resampled_coverage(confidence, is_right, 0.6, weights)

    expected = coverage_at_precision(confidence[drawn], is_right[drawn], 0.6)
    assert coverage == pytest.approx(expected)
