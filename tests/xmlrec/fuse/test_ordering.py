import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.fuse import order_reference
from xmlrec.fuse import N_SCORES, fuse, order_candidates


def test_fused_scores_are_weighted_sums():
    F = np.array([[[1, 2, 3, 4], [0, 0, 1, 0]]], dtype=np.float32)

    assert fuse(F, np.array([10, 1, 0.5, 0])).tolist() == [[10 + 2 + 1.5, 0.5]]


def test_a_fused_score_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(0)
    F, weights = rng.normal(size=(50, 9, N_SCORES)).astype(np.float32), rng.normal(size=N_SCORES)

    fused = fuse(F, weights)

    np.testing.assert_allclose(fused, F @ weights, rtol=1e-4, atol=1e-5)
    assert fuse(F[[17]], weights)[0].tobytes() == fused[17].tobytes()
    assert fuse(F[:, [3]], weights)[:, 0].tobytes() == fused[:, 3].tobytes()


def test_candidates_are_ordered_with_ties_to_the_lower_label():
    candidates = np.array([[7, 2, 5, -1], [4, -1, -1, -1]], dtype=np.int32)
    fused = np.array([[1, 3, 3, 9], [2, 8, 8, 8]], dtype=np.float32)

    labels, scores = order_candidates(candidates, fused, 5)

    assert labels.tolist() == [[2, 5, 7, -1, -1], [4, -1, -1, -1, -1]]
    assert scores.tolist() == [[3, 3, 1, -np.inf, -np.inf], [2, *[-np.inf] * 4]]


@settings(deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(st.integers(0, 5), st.integers(0, 6)),
    k=st.integers(1, 8),
)
def test_order_matches_the_reference(seed, shape, k):
    rng = np.random.default_rng(seed)
    candidates = np.array([rng.permutation(7)[: shape[1]] for _ in range(shape[0])], dtype=np.int32)
    candidates = candidates.reshape(shape)
    candidates[rng.random(shape) < 0.3] = -1
    fused = rng.integers(-2, 3, size=shape).astype(np.float32)  # ties

    labels, scores = order_candidates(candidates, fused, k)

    expected_labels, expected_scores = order_reference(candidates, fused, k)
    np.testing.assert_array_equal(labels, expected_labels)
    np.testing.assert_array_equal(scores, expected_scores)
