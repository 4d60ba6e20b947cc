"""What a probability has to reach for a wanted precision."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.probabilities import lowest_threshold_reference
from tests.xmlrec.probabilities.worlds import frame_of, judged_by_feature
from xmlrec.probabilities import HeldOut, Thresholds, fit_calibrator, held_out_answers
from xmlrec.probabilities.thresholds import (
    MIN_ANSWERS,
    MIN_BELIEVED,
    Z_SCORE,
    lowest_threshold,
)

FRAME = frame_of([-1, 0, 0, 1, 1, -1])
"""0 is above 1 and 2, 1 above 3 and 4; 5 stands alone."""


def answers_of(*groups, column=0, max_depth=3):
    """Return held-out answers in one column, from groups of (node, P, number, number right)."""
    n_items = sum(n for _, _, n, _ in groups)
    held_out = HeldOut(
        np.full((n_items, max_depth + 1), -1, dtype=np.int32),
        np.zeros((n_items, max_depth + 1), dtype=np.float32),
        np.zeros((n_items, max_depth + 1), dtype=np.bool_),
    )
    start = 0
    for node, p, n, n_right in groups:
        held_out.nodes[start : start + n, column] = node
        held_out.P[start : start + n, column] = p
        held_out.is_right[start : start + n_right, column] = True
        start += n
    return held_out


@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(0, 200),
    precision=st.sampled_from([0.01, 0.3, 0.5, 0.8, 0.95, 0.999]),
)
def test_the_lowest_threshold_matches_the_reference(seed, n, precision):
    rng = np.random.default_rng(seed)
    P = (rng.integers(1, 9, size=n) / 8).astype(np.float32)  # ties
    is_right = rng.random(n) < rng.choice([P, np.ones(n), np.zeros(n)])

    threshold = lowest_threshold(P, is_right, precision)

    assert threshold == lowest_threshold_reference(P, is_right, precision, Z_SCORE, MIN_BELIEVED)


@pytest.mark.parametrize(("n_right", "threshold"), [(84, 0.25), (70, 0.75)])
def test_a_threshold_by_hand(n_right, threshold):
    """Of 256 answers 64 + 84 = 57.8 % are right, or 64 + 70 = 52.3 %; it takes 50 % + 5 %.

    1.64 standard errors are 1.64 * sqrt(0.5 * 0.5 / 256) = 0.05.
    """
    P = np.repeat([0.75, 0.25], [64, 192]).astype(np.float32)
    is_right = np.repeat([True, True, False], [64, n_right, 192 - n_right])

    assert lowest_threshold(P, is_right, 0.5) == threshold


def test_a_wrong_answer_on_top_does_not_spoil_what_is_below_it():
    P = np.append(0.9, np.full(200, 0.8)).astype(np.float32)

    assert lowest_threshold(P, np.arange(201) > 0, 0.95) == np.float32(0.8)


def test_equal_probabilities_are_answered_together():
    """However the rows are ordered, half of those at 0.5 are wrong."""
    P, is_right = np.full(100, 0.5, dtype=np.float32), np.repeat([True, False], 50)

    assert lowest_threshold(P, is_right, 0.9) == math.inf
    assert lowest_threshold(P, is_right[::-1], 0.9) == math.inf
    assert lowest_threshold(P, is_right, 0.3) == 0.5


def test_a_higher_precision_never_asks_for_less():
    rng = np.random.default_rng(0)
    P = rng.random(500).astype(np.float32)
    is_right = rng.random(500) < P

    thresholds = [lowest_threshold(P, is_right, p) for p in np.linspace(0.05, 0.99, 40).tolist()]

    assert thresholds == sorted(thresholds)
    assert thresholds[0] < 0.1 < 0.9 < thresholds[-1]


def test_the_wanted_precision_is_met_on_other_items_in_nineteen_of_twenty_cases():
    """Above ``t``, probabilities that are true and uniform are right in ``(1 + t) / 2``."""
    rng = np.random.default_rng(0)
    met = []
    for _ in range(300):
        P = rng.random(1000)
        threshold = lowest_threshold(P, rng.random(1000) < P, 0.9)
        met.append((1 + threshold) / 2 >= 0.9)

    assert 0.9 < np.mean(met) < 0.99


def test_no_held_out_row_asks_for_the_precision_itself():
    thresholds = Thresholds(HeldOut.empty(3), FRAME, 0.8)

    for asked in (thresholds.of_labels, thresholds.of_nodes):
        np.testing.assert_array_equal(asked, np.float32(0.8))


@pytest.mark.parametrize("n_right", [0, 1])
def test_one_held_out_row_says_less_than_the_probabilities(n_right):
    thresholds = Thresholds(answers_of((3, 0.5, 1, n_right)), FRAME, 0.8)

    np.testing.assert_array_equal(thresholds.of_labels, np.float32(0.8))


@pytest.mark.parametrize(("n", "threshold"), [(MIN_BELIEVED - 1, 0.99), (MIN_BELIEVED, math.inf)])
def test_few_right_answers_do_not_show_a_high_precision(n, threshold):
    """It takes 99 % + 1.64 standard errors, 1.64 * sqrt(0.99 * 0.01 / 100): more than all."""
    assert lowest_threshold(np.full(n, 0.5), np.ones(n, dtype=bool), 0.99) == threshold


def test_where_nothing_reaches_the_precision_nothing_is_enough():
    thresholds = Thresholds(answers_of((3, 1.0, 200, 40)), FRAME, 0.5)

    assert (thresholds.of_labels == np.inf).all()


def test_a_category_has_its_own_threshold_where_enough_is_answered_within_it():
    """All right: 0.25 is enough in 3, and 0.75 in 2; in 5 nobody knows, so it is as for all."""
    held_out = answers_of((3, 0.25, MIN_ANSWERS, MIN_ANSWERS), (2, 0.75, MIN_ANSWERS, MIN_ANSWERS),
                          (5, 0.5, MIN_ANSWERS - 1, 0))  # fmt: skip

    of_labels = Thresholds(held_out, FRAME, 0.9).of_labels

    # of all, 300 of 300 are right down to 0.75, 300 of 599 to 0.5, 600 of 899 to 0.25
    # within 0, all 600 are right; 4 has no answers, and takes what 1 has from those of 3
    assert of_labels.tolist() == [0.25, 0.25, 0.75, 0.25, 0.25, 0.75]


def test_a_category_with_few_held_out_answers_takes_its_parents():
    held_out = answers_of((3, 0.25, MIN_ANSWERS - 1, MIN_ANSWERS - 1), (4, 0.5, 1, 1),
                          (2, 0.25, 600, 0))  # fmt: skip

    of_labels = Thresholds(held_out, FRAME, 0.9).of_labels

    # 1 has 300 answers, all right, 3 one fewer; in 0 and above the only one at 0.5 shows little
    assert of_labels.tolist() == [np.inf, 0.25, np.inf, 0.25, 0.25, np.inf]


def test_nodes_have_thresholds_of_their_depth():
    held_out = answers_of((0, 0.25, 200, 200), column=1)
    deeper = answers_of((1, 0.5, 200, 200), column=2)
    both = HeldOut(*[np.concatenate(pair) for pair in zip(held_out, deeper, strict=True)])

    thresholds = Thresholds(both, FRAME, 0.9)

    assert thresholds.of_nodes.tolist() == [0.25, 0.5, 0.5, np.float32(0.9), np.float32(0.9), 0.25]
    assert (thresholds.of_labels == np.float32(0.9)).all()  # no label was answered


def test_a_taxonomy_that_grew_deeper_takes_thresholds_of_the_deepest_known_nodes():
    held_out = answers_of((0, 0.25, 200, 200), column=1, max_depth=1)

    thresholds = Thresholds(held_out, FRAME, 0.9)

    assert (thresholds.of_nodes == 0.25).all()


@pytest.mark.parametrize("precision", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_precision_outside_0_and_1_is_refused(precision):
    with pytest.raises(ValueError, match="precision must be between 0 and 1, got"):
        Thresholds(HeldOut.empty(3), FRAME, precision)


def truth(z):
    return 1 / (1 + np.exp(-2 * z))


def test_each_half_is_answered_by_what_the_other_half_gives():
    judged = judged_by_feature(np.random.default_rng(0), 101, truth)

    answers = held_out_answers(judged, None, is_single=True)

    assert (answers.nodes[:, 0] == judged.best.labels[:, 0]).all()
    assert (answers.is_right[:, 0] == judged.is_right[:, 0]).all()
    for half in (0, 1):
        own, others = (np.flatnonzero(np.arange(101) % 2 == part) for part in (half, 1 - half))
        calibrator = fit_calibrator(judged.take(others), None, is_single=True)
        P = calibrator.probabilities(judged.take(own).best, judged.frame)
        np.testing.assert_array_equal(answers.P[own, 0], P[:, 0])


def test_an_items_own_label_does_not_move_its_own_probability():
    judged = judged_by_feature(np.random.default_rng(0), 40, truth)
    flipped = judged.Y.toarray()
    flipped[6] = 1 - flipped[6]

    one, other = (
        held_out_answers(replace(judged, Y=Y), None, is_single=True)
        for Y in (judged.Y, sp.csr_array(flipped))
    )

    np.testing.assert_array_equal(one.P[::2], other.P[::2])
    assert (one.P[1::2, 0] != other.P[1::2, 0]).any()


@pytest.mark.parametrize("n_items", [0, 1, 2])
def test_hardly_any_items_have_answers(n_items):
    judged = judged_by_feature(np.random.default_rng(0), n_items, truth)

    answers = held_out_answers(judged, None, is_single=True)

    assert answers.nodes.shape == (n_items, 2)
    assert ((answers.P >= 0) & (answers.P <= 1)).all()
    Thresholds(answers, judged.frame, 0.9)


def test_arrays_give_the_same_answers_again():
    held_out = answers_of((3, 0.25, 3, 2), (5, 1.0, 2, 0))

    again = HeldOut.from_arrays(held_out._asdict())

    for one, other in zip(again, held_out, strict=True):
        np.testing.assert_array_equal(one, other)


DAMAGE = {
    "answers of fewer items": ("P", lambda P: P[1:]),
    "nodes in a row": ("nodes", np.ravel),
    "a probability above 1": ("P", lambda P: P + 1),
    "a probability that is no number": ("P", lambda P: np.full_like(P, np.nan)),
    "a node below -1": ("nodes", lambda nodes: nodes - 5),
    "nodes that are no numbers of columns": ("nodes", lambda nodes: nodes.astype(np.float32)),
    "other words for right": ("is_right", lambda is_right: is_right.astype(np.int8)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_answers_are_refused(damage):
    name, function = DAMAGE[damage]
    arrays = answers_of((3, 0.25, 3, 2))._asdict()
    arrays[name] = function(arrays[name])

    with pytest.raises(ValueError, match="held-out answers are damaged"):
        HeldOut.from_arrays(arrays)
