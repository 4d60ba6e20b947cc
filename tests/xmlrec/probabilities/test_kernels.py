"""The kernels of probabilities against their slow twins, rows beside ``lo .. hi - 1`` untouched."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.probabilities import (
    best_places_reference,
    features_reference,
    joined,
    node_probabilities_reference,
    probabilities_reference,
)
from tests.xmlrec.probabilities.worlds import (
    paths_of,
    random_candidates,
    random_chances,
    random_parents,
    random_rows,
)
from xmlrec.probabilities.kernels import (
    N_FEATURES,
    best_places,
    describe_rows,
    join_chances,
    spread_up,
    weigh_rows,
)

MADE_UP = given(seed=st.integers(0, 10_000), n_rows=st.integers(0, 5), k=st.integers(1, 9))
SEVERAL = settings(deadline=None, max_examples=60)
N_LABELS = 7


def random_range(rng, n_rows):
    lo, hi = sorted(rng.integers(0, n_rows + 1, size=2).tolist())
    return lo, hi


@SEVERAL
@given(seed=st.integers(0, 10_000), n=st.integers(0, 9), k=st.integers(1, 12))
def test_best_places_match_the_reference(seed, n, k):
    rng = np.random.default_rng(seed)
    labels, scores, _ = (array[0] for array in random_candidates(rng, 1, max(n, 1), N_LABELS))
    kept = np.full(k, -9)

    n_kept = best_places(labels[:n], scores[:n], kept)

    expected = best_places_reference(labels[:n], scores[:n], k)
    assert kept[:n_kept].tolist() == expected
    assert (kept[n_kept:] == -9).all()


@SEVERAL
@given(
    seed=st.integers(0, 10_000),
    n_rows=st.integers(0, 5),
    n=st.integers(1, 9),
    k=st.integers(1, 12),
)
def test_described_rows_match_the_reference(seed, n_rows, n, k):
    rng = np.random.default_rng(seed)
    labels, scores, F = random_candidates(rng, n_rows, n, N_LABELS)
    scores *= rng.choice([1, 20])  # also shares near 0, and gaps beyond what counts
    parents, counts = random_parents(rng, N_LABELS), rng.integers(0, 50, N_LABELS)
    depths = (paths_of(parents) >= 0).sum(axis=1)
    best_labels = np.full((n_rows, k), -1, dtype=np.int32)
    best_scores = np.full((n_rows, k), -np.inf, dtype=np.float32)
    Z, (lo, hi) = np.zeros((n_rows, k, N_FEATURES), dtype=np.float32), random_range(rng, n_rows)
    of_labels = np.log1p(counts).astype(np.float32), parents, depths.astype(np.float32)

    describe_rows(labels, scores, F, *of_labels, lo, hi, best_labels, best_scores, Z)

    for i in range(n_rows):
        rows = labels[i], scores[i], F[i], counts, parents, depths, k
        best, expected = features_reference(*rows) if lo <= i < hi else ([], [])
        n_best = len(best)
        pairs = zip(best_labels[i], best_scores[i], strict=True)
        assert list(pairs) == best + [(-1, -np.inf)] * (k - n_best)
        expected = np.array(expected).reshape(n_best, N_FEATURES)
        np.testing.assert_allclose(Z[i, :n_best], expected, rtol=1e-4, atol=1e-4)
        assert not Z[i, n_best:].any()


@SEVERAL
@MADE_UP
def test_weighed_rows_match_the_reference(seed, n_rows, k):
    rng = np.random.default_rng(seed)
    labels, is_new = random_rows(rng, n_rows, k, N_LABELS), rng.random(N_LABELS) < 0.3
    Z = rng.normal(size=(n_rows, k, N_FEATURES)).astype(np.float32)
    Z[rng.random(n_rows) < 0.3] = 1.0  # ties
    weights, (lo, hi) = rng.normal(size=(3, N_FEATURES + 1)), random_range(rng, n_rows)
    for is_single in (False, True):
        P = np.zeros((n_rows, k), dtype=np.float32)

        weigh_rows(labels, Z, is_new, weights, is_single, lo, hi, P)

        expected = np.zeros((n_rows, k))
        for i in range(lo, hi):
            expected[i] = probabilities_reference(labels[i], Z[i], is_new, weights, is_single)
        np.testing.assert_allclose(P, expected, rtol=1e-5, atol=1e-7)


@SEVERAL
@given(chances=st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_joined_chances_match_the_reference(chances):
    for is_single in (False, True):
        every = 0.0
        for chance in chances:
            every = join_chances(every, chance, is_single)
        assert abs(every - joined(chances, is_single)) < 1e-12


@SEVERAL
@MADE_UP
def test_spread_chances_match_the_reference(seed, n_rows, k):
    rng = np.random.default_rng(seed)
    labels, paths = random_rows(rng, n_rows, k, N_LABELS), paths_of(random_parents(rng, N_LABELS))
    lifts = np.sort(rng.random(paths.shape[1]))[::-1] * rng.choice([0, 1])
    for is_single in (False, True):
        P = random_chances(rng, labels, is_single=is_single)
        P[rng.random(n_rows) < 0.2] = 0
        out = np.full((n_rows, k, paths.shape[1]), np.nan, dtype=np.float32)
        lo, hi = random_range(rng, n_rows)

        spread_up(labels, P, paths, lifts, is_single, lo, hi, out)

        expected = np.full(out.shape, np.nan)
        for i in range(lo, hi):
            expected[i] = node_probabilities_reference(labels[i], P[i], paths, lifts, is_single)
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-7)


def test_a_row_is_weighed_by_place_and_by_age():
    """The best one weighs 1, the next ones 2, and new ones 3, wherever they are."""
    labels = np.array([[0, 1, 2], [2, 0, 1]], dtype=np.int32)
    Z = np.zeros((2, 3, N_FEATURES), dtype=np.float32)
    weights = np.zeros((3, N_FEATURES + 1))
    weights[:, -1] = np.log([1 / 2, 1 / 4, 1 / 5])  # odds: probabilities 1/3, 1/5, 1/6
    P = np.zeros((2, 3), dtype=np.float32)

    weigh_rows(labels, Z, np.array([False, False, True]), weights, False, 0, 2, P)

    np.testing.assert_allclose(P, [[1 / 3, 1 / 5, 1 / 6], [1 / 6, 1 / 6, 1 / 6]], rtol=1e-6)


def test_chances_go_up_by_hand():
    """0 is above 1 and 2, 3 is another root: 0.5 and 0.2 below 0, 0.1 in 3, 0.2 nowhere."""
    paths = np.array([[0, -1], [0, 1], [0, 2], [3, -1]], dtype=np.int32)
    labels = np.array([[1, 2, 3]], dtype=np.int32)
    P = np.array([[0.5, 0.2, 0.1]], dtype=np.float32)
    single, several = (np.full((1, 3, 2), np.nan, dtype=np.float32) for _ in range(2))

    spread_up(labels, P, paths, np.array([0.5, 0.0]), True, 0, 1, single)
    spread_up(labels, P, paths, np.array([0.0, 0.0]), False, 0, 1, several)

    lifted = 0.7 + 0.5 * 0.2 * 0.7 / 0.8  # half of what is nowhere, in proportion
    nothing = np.nan
    np.testing.assert_allclose(single[0], [[lifted, 0.5], [lifted, 0.2], [0.1, nothing]], rtol=1e-6)
    either = 1 - (1 - 0.5) * (1 - 0.2)
    np.testing.assert_allclose(
        several[0], [[either, 0.5], [either, 0.2], [0.1, nothing]], rtol=1e-6
    )
