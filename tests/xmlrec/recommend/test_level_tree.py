import numpy as np
import pytest
import scipy.sparse as sp

from xmlrec.recommend.level_tree import PLAIN, LevelTree

PARENTS = np.array([-1, -1, 0, 0, 2], dtype=np.int32)
DEPTHS = np.array([1, 1, 2, 2, 3], dtype=np.int32)
ENDS = np.array([1, 2, 3, 4], dtype=np.int32)
"""Node 2 is an end and has node 4 below it."""


@pytest.fixture(name="tree")
def fixture_tree():
    return LevelTree(ENDS, PARENTS, DEPTHS)


PLAIN_3 = np.tile(PLAIN, (3, 1))


def slopes(*values):
    return np.array([(value, 0.0, 0.0) for value in values])


def test_plain_shapes_change_nothing(tree):
    forecast = np.random.default_rng(0).dirichlet(np.ones(4), size=20).astype(np.float32)

    np.testing.assert_allclose(tree.shaped(forecast, PLAIN_3), forecast, rtol=1e-5)


def test_each_level_has_a_slope_of_its_own(tree):
    forecast = np.array([[0.2, 0.1, 0.4, 0.3]], dtype=np.float32)

    found = tree.shaped(forecast, slopes(1.0, 2.0, 0.5))

    of_0, of_1 = 0.8, 0.2
    of_2 = of_0 * 0.5**2 / (0.5**2 + 0.5**2)
    right_in_2 = of_2 * 0.25**0.5 / (0.25**0.5 + 0.75**0.5)
    expected = [[of_1, right_in_2, of_0 - of_2, of_2 - right_in_2]]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_lead_makes_the_likeliest_likelier_and_keeps_the_order(tree):
    forecast = np.array([[0.3, 0.1, 0.5, 0.1]], dtype=np.float32)

    found = tree.shaped(forecast, np.array([PLAIN, (1.0, 0.0, 0.7), PLAIN]))

    of_3 = 0.7 * 0.5 * np.exp(0.7) / (0.5 * np.exp(0.7) + 0.2)
    np.testing.assert_allclose(found[0, 2], of_3, rtol=1e-5)
    assert found[0].argmax() == 2


@pytest.mark.parametrize("bend", [0.3, 1.0])
def test_a_bend_leaves_more_to_the_tail_and_keeps_the_order(bend):
    wide = LevelTree(np.arange(6), np.full(6, -1), np.ones(6, dtype=np.int64))
    forecast = np.array([[0.9, 0.09, 9e-3, 9e-4, 9e-5, 1e-5]], dtype=np.float32)

    found = wide.shaped(forecast, np.array([(1.0, bend, 0.0)]))

    assert (np.diff(found[0]) < 0).all()
    assert found[0, 3:].sum() > forecast[0, 3:].sum()
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("powers", [(0.6, 1.0, 2.0), (2.0, 0.5, 1.0)])
def test_fitting_undoes_what_was_done_to_each_level(tree, powers):
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.full(4, 0.7), size=3000).astype(np.float32)
    drawn = [rng.choice(4, p=row / row.sum()) for row in true.astype(np.float64)]
    truth = sp.csr_array((np.ones(3000), (np.arange(3000), drawn)), shape=true.shape)
    done = tree.shaped(true, slopes(*powers))

    undone = tree.shaped(done, tree.fitted(done, truth))

    assert np.abs(undone - true).mean() < 0.2 * np.abs(done - true).mean()


def test_after_fitting_the_likeliest_is_as_likely_as_it_was_right():
    wide = LevelTree(np.arange(9), np.full(9, -1), np.ones(9, dtype=np.int64))
    rng = np.random.default_rng(1)
    forecast = rng.dirichlet(np.full(9, 0.5), size=3000).astype(np.float32)
    first = forecast.argmax(axis=1)
    right = np.where(rng.random(3000) < 0.8, first, rng.integers(0, 9, size=3000))
    truth = sp.csr_array((np.ones(3000), (np.arange(3000), right)), shape=(3000, 9))

    shaped = wide.shaped(forecast, wide.fitted(forecast, truth))

    assert shaped.max(axis=1).mean() == pytest.approx((right == first).mean(), abs=0.01)
    assert forecast.max(axis=1).mean() < 0.6


def test_without_truth_nothing_is_bent(tree):
    nothing = np.zeros((0, 4), dtype=np.float32)

    np.testing.assert_array_equal(tree.fitted(nothing, sp.csr_array((0, 4))), PLAIN_3)
