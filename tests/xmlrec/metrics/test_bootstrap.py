import numpy as np
import pytest

from xmlrec.metrics import bootstrap_interval
from xmlrec.metrics.bootstrap import (
    centred_interval,
    grouped_intervals,
    percentile_interval,
    resamples,
)


def test_interval_of_a_share_is_that_of_the_normal_approximation():
    is_right = np.arange(400) < 300

    low, high = bootstrap_interval(is_right, n_resamples=20_000)

    margin = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert (low, high) == pytest.approx((0.75 - margin, 0.75 + margin), abs=0.004)


def test_interval_of_distinct_values_is_that_of_the_normal_approximation():
    values = np.random.default_rng(1).normal(size=500)

    low, high = bootstrap_interval(values, n_resamples=5_000)

    margin = 1.96 * values.std() / np.sqrt(500)
    assert (low, high) == pytest.approx((values.mean() - margin, values.mean() + margin), abs=0.01)


def test_the_same_rows_give_the_same_interval_in_any_order():
    values = np.random.default_rng(0).random(50)

    assert bootstrap_interval(values) == bootstrap_interval(values[::-1])
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)


def test_rows_that_agree_have_an_interval_of_no_width():
    assert bootstrap_interval([1, 1, 1]) == (1, 1)
    assert bootstrap_interval([0.25]) == (0.25, 0.25)


@pytest.mark.parametrize("values", [[], [np.nan], [1.0, np.inf], [[1.0]]])
def test_values_that_have_no_mean_are_refused(values):
    with pytest.raises(ValueError, match="values must be finite"):
        bootstrap_interval(values)


@pytest.mark.parametrize("n_rows", [1, 7, 5_000])
def test_every_resample_has_as_many_rows(n_rows):
    blocks = list(resamples(n_rows, n_resamples=900))

    weights = np.concatenate(blocks)
    assert weights.shape == (900, n_rows)
    assert (weights.sum(axis=1) == n_rows).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(n_rows), abs=0.2)
    np.testing.assert_array_equal(weights[:5], next(resamples(n_rows, n_resamples=900))[:5])


def test_interval_leaves_out_resamples_without_a_figure():
    assert percentile_interval(np.array([np.nan, 1.0, 2.0, 3.0]), level=1.0) == (1, 3)
    assert np.isnan(percentile_interval(np.array([np.nan]))).all()


def test_biased_resamples_are_moved_to_the_figure():
    figures = np.array([0.1, 0.2, 0.3, np.nan])

    assert centred_interval(figures, 0.5, level=1.0) == pytest.approx((0.4, 0.6))
    assert centred_interval(figures, 0.05, level=1.0) == pytest.approx((0, 0.15))
    assert centred_interval(figures, 0.95, level=1.0) == pytest.approx((0.85, 1))
    assert np.isnan(centred_interval(np.array([np.nan]), 0.5)).all()


def test_rows_that_are_groups_of_their_own_have_the_interval_of_their_mean():
    values = np.random.default_rng(0).normal(size=400)

    grouped = grouped_intervals(values[:, None], np.arange(400), n_resamples=5_000)

    assert grouped[0] == pytest.approx(bootstrap_interval(values, n_resamples=5_000), abs=0.01)


def test_rows_of_a_group_are_drawn_together():
    values = np.random.default_rng(0).normal(size=100)

    one = grouped_intervals(values[:, None], np.arange(100))
    thrice = grouped_intervals(np.repeat(values, 3)[:, None], np.repeat(np.arange(100) * 7, 3))

    np.testing.assert_allclose(thrice, one)


def test_rows_without_a_part_in_a_figure_are_left_out_of_it():
    part = np.array([1.0, 3.0, np.nan, np.nan])
    values = np.column_stack([part, np.full(4, np.nan), np.full(4, 2.0)])

    intervals = grouped_intervals(values, np.array([0, 1, 2, 2]))

    assert intervals[0].tolist() == [1, 3]
    assert np.isnan(intervals[1]).all()
    assert intervals[2].tolist() == [2, 2]


@pytest.mark.parametrize(("shape", "n_groups"), [((0, 1), 0), ((2,), 2), ((2, 1), 3)])
def test_groups_that_do_not_fit_are_refused(shape, n_groups):
    with pytest.raises(ValueError, match="groups one group, for at least one row"):
        grouped_intervals(np.zeros(shape), np.zeros(n_groups, dtype=int))
