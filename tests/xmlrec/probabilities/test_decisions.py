"""Which paths hold, whether somebody should look, and what is answered if only sure will do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.probabilities import best_f1_reference
from tests.xmlrec.probabilities.worlds import frame_of, padded
from xmlrec.probabilities import Calibrator, HeldOut, Thresholds, decide
from xmlrec.probabilities.decisions import MAX_NONE, expected_f1_paths
from xmlrec.probabilities.kernels import N_FEATURES

FRAME = frame_of([-1, 0, 0, 1, 1, -1, 5])
"""0 is above 1 and 2, 1 above 3 and 4; 5 is above 6."""


def decided(*answers, precision=0.8, is_single=True, only_sure=False, none=0.0, lifts=0.0, **more):
    """Return the decisions on items given as ``{label: P}``; all thresholds are the precision."""
    labels = padded([list(of_item) for of_item in answers])
    P = np.zeros(labels.shape, dtype=np.float32)
    for row, of_item in zip(P, answers, strict=True):
        row[: len(of_item)] = list(of_item.values())
    depths = FRAME.paths.shape[1]
    weights = np.zeros((3, N_FEATURES + 1))
    calibrator = Calibrator(weights, np.full(depths, lifts), is_single, np.zeros(0))
    thresholds = more.pop("thresholds", Thresholds(HeldOut.empty(depths), FRAME, precision))
    return decide(
        labels,
        P,
        calibrator.node_probabilities(labels, P, FRAME),
        np.full(len(labels), none, dtype=np.float32),
        thresholds,
        FRAME,
        is_single=is_single,
        only_sure=only_sure,
        **more,
    )


def nothing_is_enough():
    """Return thresholds from held-out items that were all answered wrong."""
    wrong = HeldOut(
        np.full((200, 4), 0, dtype=np.int32),
        np.ones((200, 4), dtype=np.float32),
        np.zeros((200, 4), dtype=np.bool_),
    )
    return Thresholds(wrong, FRAME, 0.5)


def test_the_best_answer_of_one_path_is_the_best_label():
    decisions = decided({3: 0.9, 4: 0.1}, {3: 0.5, 6: 0.4}, {})

    assert decisions.n_paths.tolist() == [1, 1, 0]
    assert decisions.is_sure.tolist() == [True, False, False]
    assert decisions.nodes.tolist() == [-1, -1, -1]


def test_a_probability_that_just_reaches_is_sure():
    just_below = np.nextafter(np.float32(0.8), np.float32(0))

    assert decided({3: 0.8}, {3: just_below}).is_sure.tolist() == [True, False]


def test_expected_f1_by_hand():
    """0.9 + 0.8 + 0.3 = 2 labels: 2 * 0.9 / 3 = 0.6, 2 * 1.7 / 4 = 0.85, 2 * 2 / 5 = 0.8.

    0.9 and 0.05 + 0.05 are one label: 2 * 0.9 / 2 = 0.9, then 2 * 0.95 / 3. Of one label at 0.2,
    one answer is the best; of none there is no answer.
    """
    items = {3: 0.9, 4: 0.8, 6: 0.3}, {3: 0.9, 4: 0.05, 6: 0.05}, {3: 0.2}, {}

    assert decided(*items, is_single=False).n_paths.tolist() == [2, 1, 1, 0]
    assert decided(*items, is_single=True).n_paths.tolist() == [1, 1, 1, 0]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 64), min_size=1, max_size=8))
def test_the_number_of_paths_has_the_highest_expected_f1(chances):
    P = sorted((chance / 64 for chance in chances), reverse=True)

    n_paths = expected_f1_paths(np.array([P]), np.ones((1, len(P)), dtype=bool))

    assert n_paths.tolist() == [best_f1_reference(P)]


@pytest.mark.parametrize(("max_paths", "n_paths"), [(None, 3), (5, 3), (2, 2), (1, 1)])
def test_there_are_at_most_as_many_paths_as_asked_for(max_paths, n_paths):
    items = {3: 0.9, 4: 0.9, 6: 0.85}

    for only_sure in (False, True):
        decisions = decided(items, is_single=False, only_sure=only_sure, max_paths=max_paths)
        assert decisions.n_paths.tolist() == [n_paths]
        assert decisions.is_sure.tolist() == [True]


def test_several_paths_are_sure_only_if_each_of_them_is():
    assert decided({3: 0.9, 4: 0.7}, is_single=False).is_sure.tolist() == [False]
    sure = decided({3: 0.9, 4: 0.7, 6: 0.1}, is_single=False, only_sure=True)
    assert (sure.n_paths.tolist(), sure.is_sure.tolist()) == ([1], [True])


def test_a_sure_answer_is_the_deepest_category_that_is_sure():
    """1 has 0.5 + 0.35, 0 has 0.1 more; of the third item only 0 is sure, of the fourth nothing."""
    items = {3: 0.85}, {3: 0.5, 4: 0.35, 2: 0.1}, {3: 0.4, 2: 0.4, 4: 0.1}, {3: 0.4, 6: 0.4}

    decisions = decided(*items, only_sure=True)

    assert decisions.n_paths.tolist() == [1, 0, 0, 0]
    assert decisions.nodes.tolist() == [-1, 1, 0, -1]
    np.testing.assert_allclose(decisions.P_nodes[1:3], [0.85, 0.9], rtol=1e-6)
    assert decisions.is_sure.tolist() == [True, True, True, False]


def test_the_best_answer_is_never_a_category_further_up():
    assert decided({3: 0.5, 4: 0.4}).nodes.tolist() == [-1]


def test_a_label_is_no_category_above_itself():
    """5 is the best label, and nothing below it is a candidate."""
    decisions = decided({5: 0.7, 3: 0.1}, precision=0.6, only_sure=True)
    assert (decisions.n_paths.tolist(), decisions.nodes.tolist()) == ([1], [-1])

    decisions = decided({5: 0.7, 3: 0.1}, precision=0.75, only_sure=True)
    assert (decisions.n_paths.tolist(), decisions.nodes.tolist()) == ([0], [-1])


def test_a_label_that_is_not_sure_is_no_sure_category_either():
    """It takes 0.8 for a label, and 0.5 for a category above one."""
    thresholds = Thresholds(HeldOut.empty(3), FRAME, 0.8)
    thresholds.of_nodes[:] = 0.5

    assert decided({5: 0.7}, thresholds=thresholds, only_sure=True).nodes.tolist() == [-1]
    assert decided({6: 0.7}, thresholds=thresholds, only_sure=True).nodes.tolist() == [5]


def test_where_nothing_is_enough_nothing_is_sure():
    for only_sure in (False, True):
        decisions = decided({3: 1.0}, thresholds=nothing_is_enough(), only_sure=only_sure)
        assert decisions.is_sure.tolist() == [False]
        assert decisions.nodes.tolist() == [-1]
        assert decisions.n_paths.tolist() == [0 if only_sure else 1]


def test_siblings_are_ambiguous_if_their_parent_is_sure():
    """3 and 4 are siblings below 1; 3 and 2 are not; 1 is not sure; two roots have no parent."""
    items = {3: 0.5, 4: 0.4}, {3: 0.5, 2: 0.4}, {3: 0.4, 4: 0.3}, {0: 0.5, 5: 0.4}, {3: 0.9}, {}

    ambiguous = decided(*items).is_ambiguous

    assert ambiguous.tolist() == [True, False, False, False, False, False]


def test_what_no_candidate_has_makes_the_parent_sure():
    """Half of the missing 0.3 goes up: 1 has 0.7 + 0.15."""
    decisions = decided({3: 0.4, 4: 0.3}, lifts=0.5, only_sure=True)

    assert decisions.nodes.tolist() == [1]
    assert decisions.is_ambiguous.tolist() == [True]


@pytest.mark.parametrize("only_sure", [False, True])
def test_an_item_that_no_category_fits_has_no_answer(only_sure):
    for none, fits_none in ((MAX_NONE, False), (MAX_NONE + 0.01, True)):
        decisions = decided({3: 0.9}, {3: 0.5, 4: 0.4}, {}, none=none, only_sure=only_sure)

        assert decisions.fits_none.tolist() == [fits_none, fits_none, False]
        has_answer = (decisions.n_paths > 0) | (decisions.nodes >= 0)
        assert has_answer.tolist() == [not fits_none, not fits_none, False]
        assert decisions.is_sure.tolist() == [not fits_none, only_sure and not fits_none, False]


def test_no_items_have_no_decisions():
    assert [len(of_items) for of_items in decided()] == [0] * 6


def test_a_sure_answer_is_among_what_may_be_answered():
    """0 and 1 are sure, 0 is not asked for; and of a label's own category nothing is asked."""
    only_1 = np.isin(np.arange(7), [1, 3, 4])

    assert decided({3: 0.5, 4: 0.4}, only_sure=True, allowed=only_1).nodes.tolist() == [1]
    item = {3: 0.5, 2: 0.4}
    assert decided(item, only_sure=True).nodes.tolist() == [0]
    assert decided(item, only_sure=True, allowed=only_1).nodes.tolist() == [-1]
