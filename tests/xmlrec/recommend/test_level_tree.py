import numpy as np
import pytest
import scipy.sparse as sp

from xmlrec.recommend.level_tree import LevelTree

PARENTS = np.array([-1, -1, 0, 0, 2], dtype=np.int32)
DEPTHS = np.array([1, 1, 2, 2, 3], dtype=np.int32)
ENDS = np.array([1, 2, 3, 4], dtype=np.int32)
"""Node 2 is an end and has node 4 below it."""


@pytest.fixture(name="tree")
def fixture_tree():
    return LevelTree(ENDS, PARENTS, DEPTHS)


def test_a_temperature_of_one_changes_nothing(tree):
    forecast = np.random.default_rng(0).dirichlet(np.ones(4), size=20).astype(np.float32)

    np.testing.assert_allclose(tree.tempered(forecast, np.ones(3)), forecast, rtol=1e-5)


def test_each_level_has_a_temperature_of_its_own(tree):
    forecast = np.array([[0.2, 0.1, 0.4, 0.3]], dtype=np.float32)

    found = tree.tempered(forecast, np.array([1.0, 2.0, 0.5]))

    of_0, of_1 = 0.8, 0.2
    of_2 = of_0 * 0.5**2 / (0.5**2 + 0.5**2)
    right_in_2 = of_2 * 0.25**0.5 / (0.25**0.5 + 0.75**0.5)
    np.testing.assert_allclose(found, [[of_1, right_in_2, of_0 - of_2, of_2 - right_in_2]])


@pytest.mark.parametrize("powers", [(0.6, 1.0, 2.0), (2.0, 0.5, 1.0)])
def test_temperatures_undo_what_was_done_to_each_level(tree, powers):
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.full(4, 0.7), size=20_000).astype(np.float32)
    drawn = [rng.choice(4, p=row / row.sum()) for row in true.astype(np.float64)]
    truth = sp.csr_array((np.ones(20_000), (np.arange(20_000), drawn)), shape=true.shape)

    found = tree.fitted(tree.tempered(true, np.array(powers)), truth)

    np.testing.assert_allclose(found, 1 / np.array(powers), rtol=0.1)


def test_without_truth_temperatures_are_one(tree):
    nothing = np.zeros((0, 4), dtype=np.float32)

    np.testing.assert_array_equal(tree.fitted(nothing, sp.csr_array((0, 4))), np.ones(3))
