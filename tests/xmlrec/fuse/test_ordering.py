import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.fuse import order_reference
from xmlrec.fuse import N_SCORES, FusionWeights, fuse, hold_back, order_candidates


def test_fused_scores_are_weighted_sums():
    F = np.array([[[1, 2, 3, 4], [0, 0, 1, 0], [1, 0, 0, 2]]], dtype=np.float32)
    weights = FusionWeights(np.array([10, 1, 0.5, 0]), np.array([-1, 0, 0, 3]), 0.0)

    fused = fuse(F, np.array([[False, False, True]]), weights)

    assert fused.tolist() == [[10 + 2 + 1.5, 0.5, -1 + 6]]


def test_a_fused_score_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(0)
    F = rng.normal(size=(50, 9, N_SCORES)).astype(np.float32)
    weights = FusionWeights(rng.normal(size=N_SCORES), rng.normal(size=N_SCORES), 0.0)
    is_new = rng.random((50, 9)) < 0.1
    is_new[17] = False

    fused = fuse(F, is_new, weights)

    expected = np.where(is_new, F @ weights.of_new, F @ weights.of_known)
    np.testing.assert_allclose(fused, expected, rtol=1e-4, atol=1e-5)
    assert fuse(F[[17]], is_new[[17]], weights)[0].tobytes() == fused[17].tobytes()
    assert fuse(F[:, [3]], is_new[:, [3]], weights)[:, 0].tobytes() == fused[:, 3].tobytes()


def test_weights_come_back_from_their_array():
    weights = FusionWeights(np.arange(N_SCORES), -np.arange(N_SCORES), 0.5)

    again = FusionWeights.from_array(weights.to_array())

    assert [part.tolist() for part in again[:2]] == [part.tolist() for part in weights[:2]]
    assert again.lead == 0.5
    with pytest.raises(ValueError, match="there are 3 weights"):
        FusionWeights.from_array(np.zeros(3))


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


class TestHoldBack:
    """Labels 7 and 8 are new; a lead of 1 is asked for."""

    LABELS = np.array([[1, 2, 7, 8, -1]], dtype=np.int32)

    def held(self, *scores, lead=1.0, labels=LABELS):
        fused = np.array([scores], dtype=np.float32)
        return hold_back(labels, fused, np.isin(labels, [7, 8]), lead)[0]

    def test_a_new_label_that_leads_by_enough_stays_first(self):
        assert self.held(2, 1, 3.5, 0, 0).tolist() == [2, 1, 3.5, 0, 0]

    def test_new_labels_that_lead_by_less_come_second_in_their_order(self):
        held = self.held(2, 1, 2.4, 2.6, 0)

        assert held[[0, 1, 4]].tolist() == [2, 1, 0]
        assert 1 < held[2] < held[3] < 2

    def test_a_new_label_below_the_best_known_one_is_left_alone(self):
        assert self.held(2, 1, 1.9, -3, 0).tolist() == np.float32([2, 1, 1.9, -3, 0]).tolist()

    def test_with_one_known_label_there_is_room_below_it(self):
        labels = np.array([[1, 7, 8]], dtype=np.int32)

        held = self.held(2, 2.2, 2.1, labels=labels)

        assert held[0] == 2 > held[1] > held[2]

    def test_new_labels_alone_keep_their_scores(self):
        labels = np.array([[7, 8, -1]], dtype=np.int32)

        assert self.held(1, 2, 0, labels=labels).tolist() == [1, 2, 0]

    def test_a_new_label_that_is_held_back_stays_above_one_that_is_not(self):
        held = self.held(2, 1, 1.9, 2.1, 0)

        assert held[2] == np.float32(1.9)
        assert 1.9 < held[3] < 2

    def test_rows_do_not_depend_on_each_other(self):
        rng = np.random.default_rng(0)
        labels = np.array([rng.permutation(9)[:6] for _ in range(400)], dtype=np.int32)
        labels[rng.random(labels.shape) < 0.2] = -1
        fused = rng.integers(-3, 4, size=labels.shape).astype(np.float32)
        is_new = labels > 4

        together = hold_back(labels, fused, is_new, 2.0)

        assert together.dtype == np.float32
        for row in range(400):
            alone = hold_back(labels[[row]], fused[[row]], is_new[[row]], 2.0)
            assert alone[0].tobytes() == together[row].tobytes()

    def test_held_back_scores_are_as_stated(self):
        """Known labels stay; of new ones those that lead by too little come after the best known.

        All candidates but the best known label and those held back keep their order, and new
        labels keep theirs.
        """
        rng = np.random.default_rng(1)
        for _ in range(300):
            fused = rng.permutation(24)[:6].astype(np.float32) / 4
            is_new = rng.random(6) < 0.5
            held = hold_back(np.arange(6, dtype=np.int32)[None], fused[None], is_new[None], 1.5)[0]
            assert held[~is_new].tolist() == fused[~is_new].tolist()
            assert np.argsort(held[is_new]).tolist() == np.argsort(fused[is_new]).tolist()
            if is_new.all() or not is_new.any():
                assert held.tolist() == fused.tolist()
                continue
            best = fused[~is_new].max()
            is_held = is_new & (fused > best) & (fused <= best + 1.5)
            assert held[~is_held].tolist() == fused[~is_held].tolist()
            assert (held[is_held] < best).all()
            below = fused[fused < best].max(initial=-np.inf)
            assert (held[is_held] > below).all()
