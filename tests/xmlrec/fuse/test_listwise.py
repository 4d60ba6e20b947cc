import numpy as np
import pytest

from xmlrec.fuse import fit_weights

PRIOR = np.array([1.0, 0.5])


def loss(F, is_candidate, is_right, w, strength, offset):
    """The objective as the module states it, one row at a time."""
    total = 0.0
    for scores, candidates, right, added in zip(F, is_candidate, is_right, offset, strict=True):
        weights = np.exp(scores @ w + added) * candidates
        total -= np.log(weights[right & candidates].sum() / weights.sum())
    return total + strength * (w - PRIOR) @ (w - PRIOR)


def made_up_rows(seed, n=60, k=5):
    rng = np.random.default_rng(seed)
    F = rng.normal(size=(n, k, 2))
    is_right = np.zeros((n, k), dtype=bool)
    is_right[np.arange(n), np.argmax(2 * F[:, :, 0] + rng.normal(size=(n, k)), axis=1)] = True
    return F, np.ones((n, k), dtype=bool), is_right


@pytest.mark.parametrize("has_offset", [False, True])
def test_weights_minimise_the_stated_loss(has_offset):
    F, is_candidate, is_right = made_up_rows(0)
    is_candidate[:10, 4] = False
    is_right[:10] = False
    is_right[np.arange(10), np.arange(10) % 4] = True
    is_right[20:30, 1:3] = True  # several labels are right
    offset = np.random.default_rng(9).normal(size=is_right.shape) * has_offset
    w = fit_weights(
        F, is_candidate, is_right, prior=PRIOR, strength=3.0, offset=offset if has_offset else None
    )
    best = loss(F, is_candidate, is_right, w, 3.0, offset)
    for step in (np.array([0.05, 0]), np.array([0, 0.05])):
        assert best < loss(F, is_candidate, is_right, w + step, 3.0, offset)
        assert best < loss(F, is_candidate, is_right, w - step, 3.0, offset)


def test_the_score_that_decides_gets_the_weight():
    F, is_candidate, is_right = made_up_rows(1, n=2000)
    w = fit_weights(F, is_candidate, is_right, prior=PRIOR)
    assert w[0] > 1
    assert abs(w[1]) < 0.15


def test_what_an_offset_says_already_needs_no_weight():
    F, is_candidate, is_right = made_up_rows(4, n=2000)
    w = fit_weights(F, is_candidate, is_right, prior=PRIOR, strength=0)
    rest = fit_weights(F, is_candidate, is_right, prior=np.zeros(2), offset=F @ w, strength=0)
    np.testing.assert_allclose(rest, 0, atol=1e-3)


def test_rows_without_a_right_candidate_change_nothing():
    F, is_candidate, is_right = made_up_rows(2)
    more = np.concatenate([F, np.ones((5, 5, 2))])
    w = fit_weights(
        more,
        np.concatenate([is_candidate, np.ones((5, 5), dtype=bool)]),
        np.concatenate([is_right, np.zeros((5, 5), dtype=bool)]),
        prior=PRIOR,
    )
    expected = fit_weights(F, is_candidate, is_right, prior=PRIOR)
    np.testing.assert_allclose(w, expected, atol=1e-9)


def test_without_a_right_candidate_the_prior_stands():
    F, is_candidate, _ = made_up_rows(3)
    w = fit_weights(F, is_candidate, np.zeros_like(is_candidate), prior=PRIOR)
    np.testing.assert_allclose(w, PRIOR)
