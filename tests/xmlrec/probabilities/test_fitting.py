"""Fitting a calibrator: items whose chances are known by construction give these chances."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.probabilities.worlds import (
    frame_of,
    judged_by_feature,
    one_label_each,
    padded,
    random_rows,
)
from xmlrec.probabilities import (
    N_BEST,
    Best,
    Calibrator,
    Judged,
    ancestors_at,
    fit_calibrator,
    holds,
)
from xmlrec.probabilities.calibrator import PARTS, PRIOR
from xmlrec.probabilities.fitting import MIN_NONE, STRENGTH, fit_logistic
from xmlrec.probabilities.kernels import N_FEATURES

MANY = 4000
TOLERANCE = 0.03
"""Mean distance from the true chance that 4,000 rows allow for 18 weights: their standard error
alone is about ``sqrt(18 / 4000) / 2``, half of it at the edges."""


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def truth(z):
    return sigmoid(1.5 * z - 0.5)


def by_feature(seed, n_items, chance=truth, **more):
    return judged_by_feature(np.random.default_rng(seed), n_items, chance, **more)


def probabilities(calibrator, judged):
    return calibrator.probabilities(judged.best, judged.frame)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(0, 5))
def test_labels_are_held_that_an_item_has(seed, n_rows):
    rng = np.random.default_rng(seed)
    labels = random_rows(rng, n_rows, 4, 6)
    Y = (rng.random((n_rows, 8)) < 0.3).astype(np.float32)  # 6 and 7 are known to no ranker

    found = holds(sp.csr_array(Y), labels)

    expected = [[label >= 0 and Y[i, label] > 0 for label in of_row]
                for i, of_row in enumerate(labels.tolist())]  # fmt: skip
    assert found.tolist() == expected


def test_ancestors_are_those_of_each_label():
    """0 > 1 > 2, 3 > 4, and 5, which came after the paths were made."""
    paths = frame_of([-1, 0, 1, -1, 3]).paths
    Y = sp.csr_array(np.array([[0, 1, 1, 0, 1, 0], [0, 0, 0, 1, 0, 1], [0] * 6], np.float32))

    above = [(ancestors_at(Y, paths, depth).toarray() > 0).astype(int) for depth in range(3)]

    assert above[0].tolist() == [[1, 0, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0], [0] * 6]
    assert above[1].tolist() == [[0, 1, 0, 0, 1, 0], [0] * 6, [0] * 6]
    assert above[2].tolist() == [[0, 0, 1, 0, 0, 0], [0] * 6, [0] * 6]


def test_chances_come_out_as_they_are():
    calibrator = fit_calibrator(by_feature(0, MANY), None, is_single=False)

    fresh = by_feature(1, MANY)
    P = probabilities(calibrator, fresh)

    first = truth(fresh.best.Z[:, 0, 2].astype(np.float64))
    assert np.abs(P[:, 0] - first).mean() < TOLERANCE
    # the second is right in half of the cases in which the first is not, and no likelier than it
    second = np.minimum((1 - first.mean()) / 2, P[:, 0])
    assert np.abs(P[:, 1] - second).mean() < TOLERANCE
    for part in np.array_split(np.argsort(P[:, 0]), 10):
        assert abs(P[part, 0].mean() - fresh.is_right[part, 0].mean()) < 2 * TOLERANCE


def test_new_labels_have_the_weights_of_those_that_were_hidden():
    """A new label is right by the opposite rule of a known one."""
    known = by_feature(0, MANY)
    hidden = by_feature(1, MANY, lambda z: truth(-z), new=range(4))

    calibrator = fit_calibrator(known, hidden, is_single=False)

    fresh = by_feature(2, MANY)
    chance = truth(fresh.best.Z[:, 0, 2].astype(np.float64))
    of_known = probabilities(calibrator, fresh)[:, 0]
    is_new = replace(fresh.frame, is_new=np.ones(4, dtype=bool))
    of_new = probabilities(calibrator, replace(fresh, frame=is_new))[:, 0]
    assert np.abs(of_known - chance).mean() < TOLERANCE
    # one rule for all places of a new label: its chance is the mean over first and second ones
    weights = calibrator.weights[PARTS.index("new")]
    assert weights[2] < -0.5 < 0.5 < calibrator.weights[0, 2]
    assert np.corrcoef(of_new, chance)[0, 1] < -0.9


def test_known_labels_do_not_depend_on_hidden_ones():
    judged, hidden = by_feature(0, 200), by_feature(1, 200, new=range(4))

    alone, beside = (fit_calibrator(judged, new, is_single=True) for new in (None, hidden))

    np.testing.assert_array_equal(alone.weights[:2], beside.weights[:2])
    np.testing.assert_array_equal(alone.weights[2], PRIOR)
    assert (beside.weights[2] != PRIOR).any()


def test_an_item_of_weight_three_counts_as_three():
    judged = by_feature(0, 1000)
    rows = np.arange(1000, dtype=np.int32)
    is_heavy = rows % 5 == 0
    repeated = judged.take(np.repeat(rows, np.where(is_heavy, 3, 1)))
    weighed = replace(judged, weights=np.where(is_heavy, 3.0, 1.0))

    one, other = (probabilities(fit_calibrator(each, None, is_single=False), judged)
                  for each in (weighed, repeated))  # fmt: skip

    # features are scaled by what is there, whatever it weighs: hence not to the last digit
    assert np.abs(one - other).max() < 0.002
    unweighed = probabilities(fit_calibrator(judged, None, is_single=False), judged)
    assert np.abs(unweighed - other).max() > 0.01


def test_an_item_without_weight_says_nothing():
    judged, wrong = by_feature(0, 500), by_feature(1, 500, lambda z: np.zeros(z.size))
    both = Judged(
        Best(*[np.concatenate(pair) for pair in zip(parts(judged), parts(wrong), strict=True)]),
        sp.csr_array(sp.vstack([judged.Y, wrong.Y])),
        np.repeat([1.0, 0.0], 500),
        judged.frame,
    )

    one, other = (probabilities(fit_calibrator(each, None, is_single=False), judged)
                  for each in (judged, both))  # fmt: skip

    assert np.abs(one - other).max() < 0.02


def parts(judged):
    return judged.best.labels, judged.best.scores, judged.best.Z


def test_weights_are_where_their_objective_is_least():
    """Its gradient by hand is 0, and every step away from there costs."""
    judged = by_feature(3, 60)
    Z, y = judged.best.Z[:, 0].astype(np.float64), judged.is_right[:, 0]
    mean, scale = Z.mean(axis=0), Z.std(axis=0)

    fitted = fit_logistic(judged.best.Z[:, 0], y)

    def objective(weights):
        logits = Z @ weights[:-1] + weights[-1]
        loss = -np.log(sigmoid(np.where(y, logits, -logits))).sum()
        return loss + STRENGTH * (((weights - PRIOR)[:-1] * scale) ** 2).sum()

    least = objective(fitted)
    for place in range(N_FEATURES + 1):
        for step in (-0.05, 0.05):
            moved = fitted.copy()
            moved[place] += step
            moved[-1] -= 0 if place == N_FEATURES else step * mean[place]
            assert objective(moved) > least


NOTHING_KNOWN = {
    "no row": (0, []),
    "one row": (1, [True]),
    "all right": (9, [True] * 9),
    "all wrong": (9, [False] * 9),
}


@pytest.mark.parametrize("case", NOTHING_KNOWN)
def test_where_nothing_is_known_weights_are_the_prior(case):
    n_rows, y = NOTHING_KNOWN[case]
    Z = np.random.default_rng(0).normal(size=(n_rows, N_FEATURES)).astype(np.float32)

    np.testing.assert_array_equal(fit_logistic(Z, np.array(y, dtype=bool)), PRIOR)


def test_few_rows_leave_weights_near_the_prior():
    judged = by_feature(0, 6)

    weights = fit_logistic(judged.best.Z[:, 0], np.arange(6) % 2 == 0)

    assert np.abs(weights[:-1] - PRIOR[:-1]).max() < 1.5


def test_equal_scores_give_the_share_that_is_right():
    """Nothing tells the items apart: three in ten first ones are right."""
    judged = by_feature(0, 100)
    Z = np.ones_like(judged.best.Z)
    Y = one_label_each(np.where(np.arange(100) < 30, judged.best.labels[:, 0], -1), 4)
    alike = replace(judged, best=replace(judged.best, Z=Z), Y=Y)

    P = probabilities(fit_calibrator(alike, None, is_single=False), alike)

    np.testing.assert_allclose(P[:, 0], 0.3, atol=0.005)


def test_no_held_out_row_gives_the_prior():
    judged = by_feature(0, 0)

    calibrator = fit_calibrator(judged, judged, is_single=True)

    untrained = Calibrator.untrained(is_single=True, max_depth=1)
    np.testing.assert_array_equal(calibrator.weights, untrained.weights)
    np.testing.assert_array_equal(calibrator.lifts, untrained.lifts)
    assert not calibrator.none.size


@pytest.mark.parametrize("is_right", [True, False])
def test_one_held_out_row_gives_probabilities(is_right):
    judged = by_feature(0, 1, lambda z: np.full(z.size, float(is_right)))

    P = probabilities(fit_calibrator(judged, None, is_single=True), by_feature(1, 50))

    assert ((P >= 0) & (P <= 1)).all()
    assert P[:, 0].std() > 0.05


def without_labels(judged, is_none):
    Y = judged.Y.multiply(~is_none[:, np.newaxis]).tocsr()
    Y.eliminate_zeros()
    return replace(judged, Y=Y)


def test_items_that_no_category_fits_are_told_by_what_is_said_of_their_best_label():
    judged = by_feature(0, MANY, lambda z: np.ones(z.size))
    is_none = np.random.default_rng(5).random(MANY) < truth(judged.best.Z[:, 0, 7])

    calibrator = fit_calibrator(without_labels(judged, is_none), None, is_single=True)

    fresh = by_feature(1, MANY)
    chance = truth(fresh.best.Z[:, 0, 7].astype(np.float64))
    assert np.abs(calibrator.none_probabilities(fresh.best) - chance).mean() < TOLERANCE


@pytest.mark.parametrize("n_none", [MIN_NONE - 1, MIN_NONE])
def test_a_few_items_that_no_category_fits_say_nothing(n_none):
    judged = by_feature(0, 200, lambda z: np.ones(z.size))

    is_none = np.arange(200) < n_none
    calibrator = fit_calibrator(without_labels(judged, is_none), None, is_single=True)

    assert bool(calibrator.none.size) is (n_none >= MIN_NONE)


def with_one_candidate(label, own, parents):
    """Return items whose only candidate is ``label``, and which have the labels ``own``."""
    labels = padded([[label]] * len(own))
    Z = np.zeros((len(own), N_BEST, N_FEATURES), dtype=np.float32)
    scores = np.where(labels >= 0, 1.0, -np.inf).astype(np.float32)
    Y = one_label_each(own, len(parents))
    return Judged(Best(labels, scores, Z), Y, np.ones(len(own)), frame_of(parents))


def missing_labels(n_items, share):
    """Return items with one candidate each, right by half; of the others a share is beside it.

    0 is above 1 and 2, 3 above 4 and 5: if 1 is not right, 2 is, which is no candidate, or 4.
    """
    place = np.arange(n_items)
    is_right, is_beside = place % 2 == 0, place % 20 < 20 * share
    own = np.select([is_right, is_beside], [1, 2], 4)
    return with_one_candidate(1, own, [-1, 0, 0, -1, 3, 3])


@pytest.mark.parametrize("share", [0.0, 0.4, 0.8, 1.0])
def test_a_share_of_what_no_candidate_has_goes_up(share):
    judged = missing_labels(400, share)

    calibrator = fit_calibrator(judged, None, is_single=True)

    P = probabilities(calibrator, judged)
    of_nodes = calibrator.node_probabilities(judged.best.labels, P, judged.frame)
    np.testing.assert_allclose(P[:, 0], 0.5, atol=0.01)
    np.testing.assert_allclose(of_nodes[:, 0, 0], 0.5 + 0.5 * share, atol=0.02)
    assert calibrator.lifts[1] == 0


def test_a_share_that_goes_up_counts_items_by_their_weight():
    judged = missing_labels(400, 0.0)
    is_beside = np.arange(400) % 4 == 1  # half of those that are not right
    own = np.select([judged.is_right[:, 0], is_beside], [1, 2], 4)
    weighed = replace(
        judged,
        Y=one_label_each(own, 6),
        weights=np.where(is_beside | judged.is_right[:, 0], 1.0, 0),
    )

    calibrator = fit_calibrator(weighed, None, is_single=True)

    assert calibrator.lifts[0] == 1  # what counts is right or beside
    unweighed = replace(weighed, weights=np.ones(400))
    assert fit_calibrator(unweighed, None, is_single=True).lifts[0] == pytest.approx(0.5, abs=0.05)


def test_shares_that_go_up_never_rise_with_depth():
    """0 > 1 > 2 and 3; 4 > 5 and 6. What misses 5 is elsewhere; what misses 2 is beside it."""
    parents = [-1, 0, 1, 1, -1, 4, 4]
    flat = with_one_candidate(5, np.where(np.arange(400) % 2, 0, 5), parents)
    deep = with_one_candidate(2, np.where(np.arange(60) % 2, 3, 2), parents)
    alone = fit_calibrator(deep, None, is_single=True)
    np.testing.assert_array_equal(alone.lifts, [1, 1, 0])
    both = Judged(
        Best(*[np.concatenate(pair) for pair in zip(parts(flat), parts(deep), strict=True)]),
        sp.csr_array(sp.vstack([flat.Y, deep.Y])),
        np.ones(460),
        flat.frame,
    )

    lifts = fit_calibrator(both, None, is_single=True).lifts

    assert 0 < lifts[0] < 0.3
    assert lifts[1] == lifts[0]
