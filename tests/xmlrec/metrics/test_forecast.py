import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from xmlrec.metrics import expected_calibration_error, forecast_ece, ranked_forecast_ece
from xmlrec.metrics.forecast import best_nodes

# roots 0 and 1; 2 and 3 below 0
DEPTHS = np.array([1, 1, 2, 2])
P = np.array([[0.75, 0.25, 0.5, 0.25], [0.5, 0.5, 0.25, 0.25], [1, 0, 1, 0], [0.25, 0.75, 0, 0.25]])
TRUTH = sp.csr_array(np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 1]]))


def test_first_nodes_are_measured_level_by_level():
    errors = forecast_ece(P, TRUTH, DEPTHS)

    # the third query has no category; ties go to the lower node; bins hold equal confidences
    assert errors["ece_level_1"] == pytest.approx(
        expected_calibration_error([0.75, 0.5, 0.75], [True, False, True], 15)
    )
    assert errors["ece_level_1"] == pytest.approx((2 * (1 - 0.75) + 0.5) / 3)
    # at level 2 the second query ends above, and its first node is wrong
    assert errors["ece_level_2"] == pytest.approx(((1 - 0.5) + 2 * abs(0.25 - 1 / 2)) / 3)


def test_pairs_are_measured_one_by_one():
    errors = forecast_ece(P, TRUTH, DEPTHS)

    confidence = [0.75, 0.25, 0.5, 0.5, 0.75, 0.25]
    is_right = [True, False, False, True, True, True]
    assert errors["ece_pairs_level_1"] == pytest.approx(
        expected_calibration_error(confidence, is_right, 15)
    )


def test_a_true_forecast_has_no_error():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(12), size=20_000)
    chosen = (shares.cumsum(axis=1) > rng.random(20_000)[:, None]).argmax(axis=1)
    truth = sp.csr_array((np.ones(20_000), (np.arange(20_000), chosen)), shape=shares.shape)

    errors = forecast_ece(shares, truth, np.ones(12, dtype=int))

    assert max(errors.values()) < 0.015
    assert forecast_ece(shares**2, truth, np.ones(12, dtype=int))["ece_level_1"] > 0.1


def test_without_any_category_there_is_nothing_to_measure():
    assert forecast_ece(P, sp.csr_array(P.shape), DEPTHS) == {}


def test_places_without_a_node_are_left_out():
    labels, probabilities = np.array([[0, -1], [1, 0]]), np.array([[0.75, 0], [0.5, 0.25]])
    truth = sp.csr_array(np.array([[1, 0], [1, 0]]))

    first, pairs = ranked_forecast_ece(labels, probabilities, truth)

    assert first == pytest.approx((0.25 + 0.5) / 2)
    assert pairs == pytest.approx((0.25 + 0.5 + 0.75) / 3)


def test_sums_of_float32_may_be_a_little_above_1_and_no_more():
    labels, truth = np.array([[0]]), sp.csr_array(np.array([[1]]))

    assert ranked_forecast_ece(labels, np.float32([[1.0000002]]), truth) == (0, 0)
    with pytest.raises(ValueError, match="confidence must be in 0..1"):
        ranked_forecast_ece(labels, np.float32([[1.01]]), truth)


@given(seed=st.integers(0, 10_000), k=st.integers(1, 9))
def test_best_nodes_are_the_first_of_a_stable_sort(seed, k):
    values = np.random.default_rng(seed).integers(0, 4, size=(3, 7)) / 4

    np.testing.assert_array_equal(
        best_nodes(values, k), np.argsort(-values, axis=1, kind="stable")[:, :k]
    )


def test_arrays_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="P and truth must have one shape"):
        forecast_ece(P, TRUTH[:2], DEPTHS)
    with pytest.raises(ValueError, match="depths one value a node"):
        forecast_ece(P, TRUTH, DEPTHS[:3])
