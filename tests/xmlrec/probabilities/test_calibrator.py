"""From scores to P(label | item) and P(node | item), and what holds of these always."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.probabilities.worlds import (
    frame_of,
    padded,
    random_candidates,
    random_parents,
)
from xmlrec.probabilities import N_BEST, Best, Calibrator, describe
from xmlrec.probabilities.features import ROWS_PER_JOB
from xmlrec.probabilities.kernels import N_FEATURES

SEVERAL = settings(deadline=None, max_examples=80)
ROUNDING = 1e-6
N_LABELS = 30


def random_calibrator(rng, max_depth, *, is_single):
    """Return any weights, and shares that fall with depth."""
    weights = rng.normal(size=(3, N_FEATURES + 1)) * rng.choice([0.1, 1, 5])
    lifts = np.sort(rng.random(max_depth))[::-1] * rng.choice([0, 1])
    return Calibrator(weights, lifts, is_single, rng.normal(size=N_FEATURES + 1))


def random_answers(seed, *, is_single, n_rows=6):
    """Return a frame, the best candidates of items, a calibrator, and its probabilities."""
    rng = np.random.default_rng(seed)
    n_labels = int(rng.integers(1, N_LABELS))
    parents = random_parents(rng, n_labels, n_roots=int(rng.integers(1, n_labels + 1)))
    frame = frame_of(parents, new=np.flatnonzero(rng.random(n_labels) < 0.2))
    best = describe(*random_candidates(rng, n_rows, int(rng.integers(1, 40)), n_labels), frame)
    calibrator = random_calibrator(rng, frame.paths.shape[1], is_single=is_single)
    P = calibrator.probabilities(best, frame)
    return frame, best, calibrator, P


BOTH = pytest.mark.parametrize("is_single", [True, False])


@BOTH
@SEVERAL
@given(seed=st.integers(0, 100_000))
def test_probabilities_fall_along_a_row_and_are_between_0_and_1(is_single, seed):
    _, best, _, P = random_answers(seed, is_single=is_single)

    assert ((P >= 0) & (P <= 1)).all()
    assert (np.diff(P, axis=1) <= 0).all()
    assert (P[best.labels < 0] == 0).all()
    if is_single:
        assert (P.sum(axis=1) <= 1 + ROUNDING).all()


@BOTH
@SEVERAL
@given(seed=st.integers(0, 100_000))
def test_a_child_is_never_likelier_than_its_parent(is_single, seed):
    frame, best, calibrator, P = random_answers(seed, is_single=is_single)

    of_nodes = calibrator.node_probabilities(best.labels, P, frame)

    upper, lower = of_nodes[:, :, :-1], of_nodes[:, :, 1:]
    has_child = ~np.isnan(lower)
    assert (upper[has_child] >= lower[has_child]).all()
    has_node = ~np.isnan(of_nodes)
    assert ((of_nodes[has_node] >= 0) & (of_nodes[has_node] <= 1)).all()
    assert (has_node.sum(axis=2) == np.where(best.labels >= 0, frame.depths[best.labels], 0)).all()


@BOTH
@SEVERAL
@given(seed=st.integers(0, 100_000))
def test_a_node_is_as_likely_by_whatever_label_it_is_reached(is_single, seed):
    frame, best, calibrator, P = random_answers(seed, is_single=is_single)

    of_nodes = calibrator.node_probabilities(best.labels, P, frame)

    for labels, of_row in zip(best.labels, of_nodes, strict=True):
        for chances in nodes_above(labels, of_row, frame).values():
            np.testing.assert_allclose(chances, chances[0], rtol=1e-6)


def nodes_above(labels, of_nodes, frame):
    """Return the probabilities of each inner node above the labels of an item."""
    found = {}
    for label, chances in zip(labels[labels >= 0].tolist(), of_nodes, strict=False):
        for depth, node in enumerate(frame.paths[label].tolist()):
            if node >= 0 and node != label:
                found.setdefault(node, []).append(float(chances[depth]))
    return found


@SEVERAL
@given(seed=st.integers(0, 100_000))
def test_siblings_of_which_one_holds_add_up_to_1_at_most(seed):
    frame, best, calibrator, P = random_answers(seed, is_single=True)

    of_nodes = calibrator.node_probabilities(best.labels, P, frame)

    for labels, chances, of_row in zip(best.labels, P, of_nodes, strict=True):
        above = {node: p[0] for node, p in nodes_above(labels, of_row, frame).items()}
        below = dict(zip(labels.tolist(), chances.tolist(), strict=True))
        for parent in {-1, *above}:
            siblings = [above.get(node, below.get(node)) for node in {*above, *below} - {-1}
                        if frame.parents[node] == parent]  # fmt: skip
            assert sum(siblings) <= (above[parent] if parent >= 0 else 1) + ROUNDING


def test_labels_on_inner_nodes_and_ragged_depths_by_hand():
    """0 > 1 > 2 are all labels, 3 is a root: what holds below 0 is 0.1 + 0.2 + 0.4."""
    frame = frame_of([-1, 0, 1, -1])
    labels, P = padded([[2, 3, 1, 0]]), np.zeros((1, N_BEST), dtype=np.float32)
    P[0, :4] = 0.4, 0.25, 0.2, 0.1
    calibrator = Calibrator(np.zeros((3, N_FEATURES + 1)), np.zeros(3), True, np.zeros(0))

    of_nodes = calibrator.node_probabilities(labels, P, frame)

    nan = np.nan
    expected = [[0.7, 0.6, 0.4], [0.25, nan, nan], [0.7, 0.2, nan], [0.1, nan, nan]]
    np.testing.assert_allclose(of_nodes[0, :4], expected, rtol=1e-6)
    assert np.isnan(of_nodes[0, 4:]).all()


@BOTH
def test_a_row_depends_neither_on_its_batch_nor_on_threads(is_single):
    frame, best, calibrator, P = random_answers(8, is_single=is_single, n_rows=ROWS_PER_JOB + 9)
    of_nodes = calibrator.node_probabilities(best.labels, P, frame, n_threads=1)
    none = calibrator.none_probabilities(best)

    assert calibrator.probabilities(best, frame, n_threads=3).tobytes() == P.tobytes()
    again = calibrator.node_probabilities(best.labels, P, frame, n_threads=3)
    assert again.tobytes() == of_nodes.tobytes()
    for i in (0, ROWS_PER_JOB - 1, ROWS_PER_JOB, ROWS_PER_JOB + 8):
        alone = Best(best.labels[[i]], best.scores[[i]], best.Z[[i]])
        assert calibrator.probabilities(alone, frame).tobytes() == P[i].tobytes()
        above = calibrator.node_probabilities(alone.labels, P[[i]], frame)
        assert above.tobytes() == of_nodes[i].tobytes()
        assert calibrator.none_probabilities(alone).tobytes() == none[i].tobytes()


def test_where_nothing_is_known_a_probability_is_the_share_in_the_soft_maximum():
    frame, rng = frame_of([-1] * 30, new=[3]), np.random.default_rng(4)
    labels, scores, F = random_candidates(rng, 5, 40, 30)
    calibrator = Calibrator.untrained(is_single=False, max_depth=1)

    best = describe(labels, scores, F, frame)
    P = calibrator.probabilities(best, frame)

    shares = np.where(labels >= 0, np.exp(scores.astype(np.float64)), 0)
    shares = np.sort(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9), axis=1)
    np.testing.assert_allclose(P, shares[:, ::-1][:, :N_BEST], rtol=1e-4)
    assert calibrator.none_probabilities(best).tolist() == [0] * 5


def test_a_taxonomy_may_have_grown_deeper_or_flatter_since():
    """0 > 1 > 2 > 3: 0.4 below each of 0, 1, 2; of the missing 0.6 a share goes up."""
    labels, P = padded([[3]]), np.zeros((1, N_BEST), dtype=np.float32)
    P[0, 0] = 0.4
    lifts = np.array([0.5, 0.25])
    calibrator = Calibrator(np.zeros((3, N_FEATURES + 1)), lifts, True, np.zeros(0))
    deeper, flatter = frame_of([-1, 0, 1, 2]), frame_of([-1] * 4)

    of_nodes = calibrator.node_probabilities(labels, P, deeper)

    expected = [0.4 + 0.5 * 0.6, 0.4 + 0.25 * 0.6, 0.4, 0.4]
    np.testing.assert_allclose(of_nodes[0, 0], expected, rtol=1e-6)
    flat = calibrator.node_probabilities(labels, P, flatter)
    np.testing.assert_array_equal(flat[0, 0], P[0, :1])


def test_what_is_far_from_all_that_was_seen_is_no_warning():
    calibrator = Calibrator(
        np.full((3, N_FEATURES + 1), 1e4), np.zeros(1), False, np.full(N_FEATURES + 1, 1e4)
    )
    Z = np.full((2, N_BEST, N_FEATURES), -1e3, dtype=np.float32)
    Z[1] *= -1
    best = Best(padded([[0], [0]]), np.zeros((2, N_BEST), dtype=np.float32), Z)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert calibrator.none_probabilities(best).tolist() == [0, 1]
    assert calibrator.probabilities(best, frame_of([-1]))[:, 0].tolist() == [0, 1]


def calibrator_of(max_depth=3):
    return random_calibrator(np.random.default_rng(0), max_depth, is_single=True)


@BOTH
def test_arrays_give_the_same_calibrator_again(is_single):
    calibrator = random_calibrator(np.random.default_rng(1), 4, is_single=is_single)

    again = Calibrator.from_arrays(calibrator.to_arrays())

    assert again.is_single is is_single
    for name in ("weights", "lifts", "none"):
        np.testing.assert_array_equal(getattr(again, name), getattr(calibrator, name))


DAMAGE = {
    "too few weights": ("weights", lambda w: w[:2]),
    "weights of another kind of feature": ("weights", lambda w: w[:, 1:]),
    "a weight that is no number": ("weights", lambda w: np.where(w == w[0, 0], np.nan, w)),
    "lifts in a table": ("lifts", lambda lifts: lifts[:, np.newaxis]),
    "a lift above 1": ("lifts", lambda lifts: lifts + 1),
    "lifts that rise": ("lifts", lambda lifts: lifts[::-1]),
    "a lift that is no number": ("lifts", lambda lifts: lifts * np.nan),
    "too few weights of no category": ("none", lambda none: none[1:]),
    "weights of no category that are no numbers": ("none", lambda none: none / 0),
    "several answers to whether it is single": ("is_single", lambda s: np.array([True, False])),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_arrays_are_refused(damage):
    name, function = DAMAGE[damage]
    arrays = calibrator_of().to_arrays()
    arrays["lifts"] = np.array([0.5, 0.25, 0.0])
    Calibrator.from_arrays(arrays)
    with np.errstate(divide="ignore"):
        arrays[name] = function(arrays[name])

    with pytest.raises(ValueError, match="calibration"):
        Calibrator.from_arrays(arrays)
