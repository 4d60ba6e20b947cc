import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.metrics import tree_distance_reference
from tests.xmlrec.metrics.cases import SHOP_PARENTS, Case, random_case
from xmlrec.metrics import distance, tree_distance


def distance_of(case):
    return tree_distance(case.labels, case.truth, **case.tree)


def shop_distance(ranking, true_labels):
    return distance_of(Case(parents=SHOP_PARENTS, rankings=[ranking], truths=[true_labels]))


@pytest.mark.parametrize(
    ("predicted", "true_label", "edges"),
    [
        (2, 2, 0),
        (2, 3, 3 + 3 - 2 * 2),  # siblings
        (1, 3, 2 + 3 - 2 * 2),  # the parent
        (2, 4, 3 + 2 - 2 * 1),  # a cousin
        (2, 7, 3 + 3 - 2 * 0),  # another root
        (4, 5, 2 + 1 - 2 * 0),  # the second parent is not on the primary path
        (-1, 7, 0 + 3 - 2 * 0),  # no prediction
    ],
)
def test_distance_counts_edges_to_the_lowest_common_ancestor(predicted, true_label, edges):
    assert shop_distance([predicted], {true_label}) == edges


def test_matching_is_free_to_cross_the_order_of_the_ranking():
    assert shop_distance([7, 2], {2, 7}) == 0
    assert shop_distance([3, 6], {2, 7}) == (2 + 1) / 2


def test_matching_takes_the_least_total_cost():
    # the first place is nearest to camping, 0-4 = 1, but 4-7 = 5 would then be left
    assert shop_distance([0, 4], {4, 7}) == min(1 + 5, 4 + 0) / 2


def test_only_as_many_predictions_as_true_labels_take_part():
    assert shop_distance([3, 2], {2}) == shop_distance([3], {2}) == 2


def test_true_labels_without_a_prediction_cost_their_depth():
    assert shop_distance([2, -1], {2, 7}) == (0 + 3) / 2
    assert shop_distance([2], {2, 7, 4}) == (0 + 3 + 2) / 3


def test_without_a_true_label_the_first_prediction_costs_its_depth():
    assert shop_distance([3, 7], set()) == 3
    assert shop_distance([-1, -1], set()) == 0


def test_every_row_counts_the_same():
    case = Case(parents=SHOP_PARENTS, rankings=[[2, 7], [3, 0]], truths=[{2, 7}, {2}])
    assert distance_of(case) == (0 + 2) / 2


@given(seed=st.integers(0, 100_000))
@settings(deadline=None)
def test_distance_matches_trying_all_matchings(seed):
    case = random_case(seed)
    expected = tree_distance_reference(case.rankings, case.truths, case.parents)
    assert distance_of(case) == pytest.approx(expected)


def test_blocks_of_rows_do_not_change_the_result(monkeypatch):
    case = random_case(11)
    case = Case(parents=case.parents, rankings=case.rankings * 9, truths=case.truths * 9)
    whole = distance_of(case)
    monkeypatch.setattr(distance, "_MAX_PAIRS", 5)
    assert distance_of(case) == pytest.approx(whole)


@pytest.mark.parametrize(
    ("parents", "depths", "message"),
    [
        ([-1, 0], [1, 3], "node 1 with primary parent 0 cannot have depth 3"),
        ([-1, -1], [1, 2], "node 1 with primary parent -1 cannot have depth 2"),
        ([1, 0], [1, 2], "node 0 with primary parent 1 cannot have depth 1"),
        ([-1], [1], r"one value per column of truth, 2, got shapes \(1,\) and \(1,\)"),
    ],
)
def test_a_tree_that_does_not_hold_together_is_refused(parents, depths, message):
    case = Case(parents=[[], [0]], rankings=[[0]], truths=[{1}])
    with pytest.raises(ValueError, match=message):
        tree_distance(
            case.labels,
            case.truth,
            primary_parents=np.array(parents),
            depths=np.array(depths),
        )
