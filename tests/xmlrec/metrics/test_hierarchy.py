import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hiclass.metrics import f1, precision, recall
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from tests.oracles.metrics import hierarchical_reference, path_reference
from tests.xmlrec.metrics.cases import SHOP_PARENTS, Case, random_case
from xmlrec.metrics import hierarchical_scores


def scores_of(case):
    return hierarchical_scores(case.labels, case.truth, case.ancestors)


def test_a_sibling_shares_the_path_above():
    # tennis = {0, 1, 3} for football = {0, 1, 2}; kitchen = {5, 6} for knives = {5, 6, 7}
    case = Case(parents=SHOP_PARENTS, rankings=[[3], [6]], truths=[{2}, {7}])
    assert scores_of(case) == pytest.approx(
        {
            "hp_micro": 100 * (2 + 2) / (3 + 2),
            "hr_micro": 100 * (2 + 2) / (3 + 3),
            "hf_micro": 100 * 2 * (2 + 2) / (3 + 2 + 3 + 3),
            "hp_macro": 100 * (2 / 3 + 2 / 2) / 2,
            "hr_macro": 100 * (2 / 3 + 2 / 3) / 2,
            "hf_macro": 100 * (2 * 2 / (3 + 3) + 2 * 2 / (2 + 3)) / 2,
        }
    )


def test_ancestors_come_from_all_parents():
    # camping = {4, 0, 5}, home = {5}
    scores = scores_of(Case(parents=SHOP_PARENTS, rankings=[[5]], truths=[{4}]))
    assert scores["hp_micro"] == pytest.approx(100 * 1 / 1)
    assert scores["hr_micro"] == pytest.approx(100 * 1 / 3)


def test_several_true_labels_are_united():
    # football and tennis = {0, 1, 2, 3}; only the first place of the ranking counts
    scores = scores_of(Case(parents=SHOP_PARENTS, rankings=[[2, 3]], truths=[{2, 3}]))
    assert scores["hp_micro"] == pytest.approx(100 * 3 / 3)
    assert scores["hr_micro"] == pytest.approx(100 * 3 / 4)


def test_rows_without_prediction_or_truth_score_0_and_count():
    case = Case(parents=SHOP_PARENTS, rankings=[[2], [-1], [0]], truths=[{2}, {0}, set()])
    scores = scores_of(case)
    assert scores["hp_micro"] == pytest.approx(100 * 3 / (3 + 0 + 1))
    assert scores["hr_micro"] == pytest.approx(100 * 3 / (3 + 1 + 0))
    assert scores["hp_macro"] == scores["hr_macro"] == scores["hf_macro"] == pytest.approx(100 / 3)


def test_nothing_predicted_and_nothing_true_is_0():
    case = Case(parents=SHOP_PARENTS, rankings=[[-1]], truths=[set()])
    assert set(scores_of(case).values()) == {0.0}


@given(seed=st.integers(0, 100_000))
@settings(deadline=None)
def test_scores_match_reference_on_a_dag(seed):
    case = random_case(seed)
    expected = hierarchical_reference(case.rankings, case.truths, case.parents)
    assert scores_of(case) == pytest.approx(expected)


@given(seed=st.integers(0, 100_000))
@settings(deadline=None)
def test_scores_match_hiclass_on_a_forest(seed):
    case = random_case(seed, max_parents=1, can_be_empty=False)
    y_true = as_hiclass_paths(case.truths, case.parents)
    y_pred = as_hiclass_paths([{ranking[0]} for ranking in case.rankings], case.parents)

    expected = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        for average in ("micro", "macro"):
            expected[f"hp_{average}"] = 100 * precision(y_true, y_pred, average=average)
            expected[f"hr_{average}"] = 100 * recall(y_true, y_pred, average=average)
            expected[f"hf_{average}"] = 100 * f1(y_true, y_pred, average=average)

    assert scores_of(case) == pytest.approx(expected)


def as_hiclass_paths(sets, parents):
    """Return text (n_rows, 4 paths, 12 levels) of node numbers, "" where a path ends."""
    paths = np.full((len(sets), 4, 12), "", dtype="U8")
    for row, labels in enumerate(sets):
        for place, label in enumerate(sorted(labels)):
            path = path_reference(label, parents)
            paths[row, place, : len(path)] = path
    return paths


def test_many_shared_ancestors_do_not_overflow_small_integers():
    n_nodes = 300
    chain = sp.csr_array(np.tril(np.ones((n_nodes, n_nodes), dtype=np.int8)))
    truth = sp.csr_array(np.ones((1, n_nodes), dtype=np.int8))
    scores = hierarchical_scores(np.array([[n_nodes - 1]]), truth, chain)
    assert set(scores.values()) == {100.0}


@pytest.mark.parametrize("ancestors", [sp.csr_array((3, 3)), sp.eye_array(2, format="csr")])
def test_ancestors_without_the_nodes_themselves_are_refused(ancestors):
    with pytest.raises(ValueError, match="ancestors must be 3 x 3, each node with itself"):
        hierarchical_scores(np.array([[0]]), sp.csr_array((1, 3)), ancestors)
