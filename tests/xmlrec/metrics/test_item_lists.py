from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlrec.metrics import catalog_coverage, gini, list_novelty, list_popularity

ITEMS = np.array([[0, 1], [0, -1], [-1, -1], [0, 3]])
N_WITH = np.array([8, 2, 1, 0])


def test_coverage_counts_items_that_are_in_a_list():
    assert catalog_coverage(ITEMS, 4) == pytest.approx(100 * 3 / 4)
    assert catalog_coverage(ITEMS, 5) == pytest.approx(100 * 3 / 5)


def test_gini_is_the_formula_of_the_source():
    # places by item, rising: 0 1 1 3 of 5
    expected = (-3 * 0 - 1 * 1 / 5 + 1 * 1 / 5 + 3 * 3 / 5) / (4 - 1)

    assert gini(ITEMS, 4) == pytest.approx(expected)


def test_gini_is_1_for_one_item_everywhere_and_0_for_all_alike():
    assert gini(np.zeros((5, 1), dtype=int), 7) == pytest.approx(1)
    assert gini(np.arange(6).reshape(3, 2), 6) == pytest.approx(0)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_gini_is_half_the_mean_difference_of_two_items_over_the_mean(items):
    counts = np.bincount(items, minlength=7)
    differences = np.abs(counts[:, None] - counts).sum() / (7 * 6)

    assert gini(np.array(items)[:, None], 7) == pytest.approx(differences / (2 * counts.mean()))


def test_gini_of_no_places_is_nan():
    assert np.isnan(gini(np.full((2, 3), -1), 5))
    assert np.isnan(gini(np.array([[0]]), 1))


def test_popularity_is_the_share_of_training_sessions():
    shares = list_popularity(ITEMS, N_WITH, 10)

    assert shares[[0, 1, 3]] == pytest.approx([(0.8 + 0.2) / 2, 0.8, (0.8 + 0) / 2])
    assert np.isnan(shares[2])


def test_novelty_is_the_information_of_an_item_and_an_unseen_one_counts_as_one_more_session():
    bits = list_novelty(ITEMS, N_WITH, 10)

    assert bits[[0, 1]] == pytest.approx([(-log2(0.8) - log2(0.2)) / 2, -log2(0.8)])
    assert bits[3] == pytest.approx((-log2(0.8) + log2(11)) / 2)
    assert np.isnan(bits[2])


def test_items_are_told_without_any_training_session():
    assert list_popularity(np.array([[0]]), np.array([0]), 0).tolist() == [0]
    assert list_novelty(np.array([[0]]), np.array([0]), 0).tolist() == [0]


@pytest.mark.parametrize("items", [[[4]], [[-2]]])
def test_items_outside_the_catalog_are_refused(items):
    for measure in (catalog_coverage, gini):
        with pytest.raises(ValueError, match=r"items must be in -1..3"):
            measure(np.array(items), 4)
    with pytest.raises(ValueError, match=r"items must be in -1..3"):
        list_novelty(np.array(items), N_WITH, 10)
