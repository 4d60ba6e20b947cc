from math import log2

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from tests.xmlrec.metrics.cases import indicator, random_case
from xmlrec.metrics import ndcg_at_k, precision_at_k, recall_at_k

LABELS = np.array([[3, 1, 0], [2, -1, -1], [0, 1, 2], [-1, -1, -1]], dtype=np.int32)
TRUTH = indicator([{1, 4}, {2}, set(), {0}], n_columns=5)


def test_precision_counts_every_row_and_every_missing_place():
    assert precision_at_k(LABELS, TRUTH, 1) == pytest.approx(100 * (0 + 1 + 0 + 0) / 4)
    assert precision_at_k(LABELS, TRUTH, 3) == pytest.approx(100 * (1 + 1 + 0 + 0) / (4 * 3))


def test_places_beyond_the_ranking_count_as_wrong():
    assert precision_at_k(LABELS, TRUTH, 5) == pytest.approx(100 * (1 + 1 + 0 + 0) / (4 * 5))
    assert recall_at_k(LABELS, TRUTH, 5) == recall_at_k(LABELS, TRUTH, 3)
    assert ndcg_at_k(LABELS[:, :1], TRUTH, 3) == pytest.approx(100 * (0 + 1 + 0 + 0) / 4)


def test_recall_divides_by_the_true_labels_of_the_row():
    assert recall_at_k(LABELS, TRUTH, 3) == pytest.approx(100 * (1 / 2 + 1 / 1 + 0 + 0) / 4)


def test_ndcg_discounts_by_rank():
    first_row = (1 / log2(3)) / (1 / log2(2) + 1 / log2(3))
    assert ndcg_at_k(LABELS, TRUTH, 3) == pytest.approx(100 * (first_row + 1 + 0 + 0) / 4)


def test_ndcg_ideal_never_has_more_than_k_places():
    truth = indicator([{0, 1, 2}], n_columns=3)
    assert ndcg_at_k(np.array([[2, 0, 1]]), truth, 2) == pytest.approx(100)


def test_label_unknown_to_the_model_is_a_miss():
    known = indicator([{0}, {1}], n_columns=2)
    with_unknown = indicator([{0}, {2}], n_columns=3)
    labels = np.array([[0], [1]])
    assert precision_at_k(labels, known, 1) == 100
    assert precision_at_k(labels, with_unknown, 1) == 50
    assert recall_at_k(labels, with_unknown, 1) == 50


@given(seed=st.integers(0, 100_000), k=st.integers(1, 8))
@settings(deadline=None)
def test_precision_and_recall_match_counting(seed, k):
    case = random_case(seed)
    n_found = [len(set(r[:k]) & t) for r, t in zip(case.rankings, case.truths, strict=True)]

    precision = sum(found / k for found in n_found) / len(n_found)
    recalls = [found / max(len(t), 1) for found, t in zip(n_found, case.truths, strict=True)]

    assert precision_at_k(case.labels, case.truth, k) == pytest.approx(100 * precision)
    assert recall_at_k(case.labels, case.truth, k) == pytest.approx(100 * np.mean(recalls))


@given(seed=st.integers(0, 100_000), k=st.integers(1, 8))
@settings(deadline=None)
def test_ndcg_matches_scikit_learn(seed, k):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, size=(5, 7))
    labels = np.stack([rng.permutation(7) for _ in range(5)])
    scores = -np.argsort(labels, axis=1)  # the rank of every label

    ours = ndcg_at_k(labels, sp.csr_array(truth), k)

    assert ours == pytest.approx(100 * ndcg_score(truth, scores, k=k))


def test_truth_with_zeros_and_doubled_or_unsorted_columns_is_read_as_sets():
    messy = sp.csr_array(
        (np.array([1.0, 0.0, 2.0, 1.0]), np.array([2, 1, 0, 2]), np.array([0, 4])), shape=(1, 3)
    )
    labels = np.array([[0, 1, 2]])
    assert precision_at_k(labels, messy, 3) == pytest.approx(100 * 2 / 3)
    assert recall_at_k(labels, messy, 3) == pytest.approx(100 * 2 / 2)
    assert messy.indices.tolist() == [2, 1, 0, 2]
    assert messy.data.tolist() == [1.0, 0.0, 2.0, 1.0]


def test_padding_is_not_the_last_column_of_the_row_above():
    truth = indicator([{2}, {0}], n_columns=3)
    assert precision_at_k(np.array([[0], [-1]]), truth, 1) == 0


@pytest.mark.parametrize(
    ("labels", "n_rows", "message"),
    [
        (np.zeros((2, 1), dtype=int), 3, "same number of rows, at least 1, got 2 and 3"),
        (np.zeros((0, 1), dtype=int), 0, "same number of rows, at least 1, got 0 and 0"),
        (np.zeros((2, 1)), 2, "integers of shape"),
        (np.zeros(2, dtype=int), 2, "integers of shape"),
        (np.zeros((2, 0), dtype=int), 2, "integers of shape"),
        (np.array([[4]]), 1, r"in -1\.\.3, the columns of truth, got 4\.\.4"),
        (np.array([[-2]]), 1, r"in -1\.\.3, the columns of truth, got -2\.\.-2"),
        (np.array([[0, 1, 2], [3, 0, 3]]), 2, "row 1 ranks label 3 more than once"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(labels, n_rows, message):
    with pytest.raises(ValueError, match=message):
        precision_at_k(labels, sp.csr_array((n_rows, 4)), 1)


def test_k_below_1_is_refused():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        recall_at_k(LABELS, TRUTH, 0)
