from math import log2

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from xmlrec.metrics import NOT_RANKED, ndcg_at_k, next_item_scores, recall_at_k, target_ranks

RANKS = np.array([0, 4, 5, 9, 10, 19, 20, NOT_RANKED])


def means(ranks):
    return {name: values.mean() for name, values in next_item_scores(ranks).items()}


def test_a_hit_is_a_target_within_the_first_places():
    scores = means(RANKS)

    assert scores["hr@5"] == pytest.approx(100 * 2 / 8)
    assert scores["hr@10"] == pytest.approx(100 * 4 / 8)
    assert scores["hr@20"] == pytest.approx(100 * 6 / 8)


def test_reciprocal_rank_and_ndcg_count_the_place():
    scores = means(RANKS)

    reciprocal = 1 + 1 / 5 + 1 / 6 + 1 / 10 + 1 / 11 + 1 / 20
    gain = 1 / log2(2) + 1 / log2(6) + 1 / log2(7) + 1 / log2(11)
    assert scores["mrr@20"] == pytest.approx(100 * reciprocal / 8)
    assert scores["ndcg@10"] == pytest.approx(100 * gain / 8)


def test_rank_of_a_target_is_its_place_in_the_list():
    items = np.array([[3, 1, 2], [2, -1, -1], [0, 1, 2], [-1, -1, -1], [0, -1, -1]])
    targets = np.array([2, 2, 7, 0, -1])

    assert target_ranks(items, targets).tolist() == [2, 0, NOT_RANKED, NOT_RANKED, NOT_RANKED]


@given(seed=st.integers(0, 10_000), k=st.integers(1, 25))
def test_hits_and_gains_are_recall_and_ndcg_of_one_true_label(seed, k):
    rng = np.random.default_rng(seed)
    items = np.array([rng.permutation(30)[:k] for _ in range(6)])
    items[rng.random(items.shape) < 0.2] = -1
    targets = rng.integers(0, 30, size=6)
    truth = sp.csr_array((np.ones(6), (np.arange(6), targets)), shape=(6, 30))

    scores = means(target_ranks(items, targets))

    for place in (5, 10, 20):
        assert scores[f"hr@{place}"] == pytest.approx(recall_at_k(items, truth, place))
    assert scores["ndcg@10"] == pytest.approx(ndcg_at_k(items, truth, 10))


@pytest.mark.parametrize("ranks", [[], [-1], [[0]]])
def test_what_is_no_rank_is_refused(ranks):
    with pytest.raises(ValueError, match="ranks must be 0 or more"):
        next_item_scores(np.array(ranks))


def test_targets_of_other_queries_are_refused():
    with pytest.raises(ValueError, match=r"one item a query, got \(2, 3\) and \(3,\)"):
        target_ranks(np.zeros((2, 3), dtype=int), np.zeros(3, dtype=int))
