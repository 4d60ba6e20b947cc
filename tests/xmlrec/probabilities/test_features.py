"""What calibration sees of candidates: row by row, whatever their order, batch and threads."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.probabilities.worlds import frame_of, random_candidates, random_parents
from xmlrec.errors import ScoreError
from xmlrec.probabilities import N_BEST, describe
from xmlrec.probabilities.features import ROWS_PER_JOB

N_LABELS = 30
SEVERAL = settings(deadline=None, max_examples=30)


def arrays_of(best):
    return best.labels, best.scores, best.Z


def same(one, other):
    return all(
        a.tobytes() == b.tobytes() for a, b in zip(arrays_of(one), arrays_of(other), strict=True)
    )


def example(seed, n_rows, k):
    rng = np.random.default_rng(seed)
    frame = frame_of(random_parents(rng, N_LABELS), counts=rng.integers(0, 9, N_LABELS))
    return random_candidates(rng, n_rows, k, N_LABELS), frame


@SEVERAL
@given(seed=st.integers(0, 10_000), k=st.integers(1, 40))
def test_the_order_of_candidates_does_not_matter(seed, k):
    candidates, frame = example(seed, 4, k)
    order = np.random.default_rng(seed).permutation(k)

    one, other = (
        describe(*arrays, frame)
        for arrays in (candidates, [np.ascontiguousarray(a[:, order]) for a in candidates])
    )

    for a, b in zip(arrays_of(one), arrays_of(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)  # sums in another order


def test_a_row_depends_neither_on_its_batch_nor_on_threads():
    candidates, frame = example(5, ROWS_PER_JOB + 300, 25)
    together = describe(*candidates, frame, n_threads=1)

    assert same(describe(*candidates, frame, n_threads=3), together)
    for i in (0, 1, ROWS_PER_JOB - 1, ROWS_PER_JOB, ROWS_PER_JOB + 299):
        alone = describe(*[array[[i]] for array in candidates], frame)
        for a, b in zip(arrays_of(alone), arrays_of(together), strict=True):
            assert a[0].tobytes() == b[i].tobytes()


def test_there_are_as_many_places_however_few_candidates():
    candidates, frame = example(3, 6, 2)

    best = describe(*candidates, frame)

    assert best.labels.shape == best.scores.shape == best.Z.shape[:2] == (6, N_BEST)
    assert ((best.labels >= 0).sum(axis=1) == (candidates[0] >= 0).sum(axis=1)).all()


def test_no_items_have_no_candidates():
    candidates, frame = example(3, 0, 5)

    assert describe(*candidates, frame).labels.shape == (0, N_BEST)


def test_the_only_candidate_has_all_of_the_soft_maximum():
    frame = frame_of([-1, 0], counts=[0, 4])
    F = np.arange(11, dtype=np.float32).reshape(1, 1, 11)

    best = describe(np.array([[1]], np.int32), np.array([[2.5]], np.float32), F, frame)

    none = np.log(1e-9)
    expected = [0, none, 2.5, 20, 0, np.log(5), 0, 1, 2, 3, 4, 5, 4, 5, 2.5, 0, 2]
    np.testing.assert_allclose(best.Z[0, 0], expected, rtol=1e-6)


def test_equal_scores_have_equal_shares_and_the_lower_label_comes_first():
    frame, labels = frame_of([-1] * 4), np.array([[3, 0, -1, 2, 1]], dtype=np.int32)
    F = np.zeros((1, 5, 11), dtype=np.float32)

    best = describe(labels, np.zeros((1, 5), dtype=np.float32), F, frame)

    assert best.labels[0, :5].tolist() == [0, 1, 2, 3, -1]
    np.testing.assert_allclose(np.exp(best.Z[0, :4, 0]), 1 / 4, rtol=1e-6)
    assert best.Z[0, :4, 3].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_one_clear_error(broken):
    (labels, scores, F), frame = example(3, 6, 5)
    scores[labels < 0] = broken  # says nothing: there is no candidate
    assert np.isfinite(describe(labels, scores, F, frame).Z).all()
    labels[[1, 4], 2] = 7
    scores[[1, 4], 2] = broken

    with pytest.raises(ScoreError, match="scores of 2 items are no numbers") as raised:
        describe(labels, scores, F, frame)

    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
