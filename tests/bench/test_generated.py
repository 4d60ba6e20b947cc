from dataclasses import replace

import numpy as np
import pytest

from bench.generated import GENERATED_SETS, generate, generated_set, scaled
from bench.metrics import precision_at

SMALL = scaled("eurlex", 0.1)


@pytest.fixture(scope="module")
def eurlex():
    return generated_set("eurlex")


def test_set_has_its_published_shape(eurlex):
    assert eurlex.X.shape == (15_539, 5_000)
    assert eurlex.Y.shape == (15_539, 3_993)
    assert eurlex.X_test.shape == (3_809, 5_000)
    assert eurlex.Y_test.shape == (3_809, 3_993)
    for X, Y in ((eurlex.X, eurlex.Y), (eurlex.X_test, eurlex.Y_test)):
        assert X.nnz / X.shape[0] == pytest.approx(236.8, rel=0.03)
        assert Y.nnz / Y.shape[0] == pytest.approx(5.31, rel=0.05)


def test_matrices_are_canonical_and_rows_have_unit_norm(eurlex):
    for matrix in (eurlex.X, eurlex.X_test, eurlex.Y, eurlex.Y_test):
        assert matrix.dtype == np.float32
        assert matrix.indices.dtype == matrix.indptr.dtype == np.int32
        assert matrix.has_canonical_format
    for X in (eurlex.X, eurlex.X_test):
        np.testing.assert_allclose(np.sqrt((X**2).sum(axis=1)), 1, rtol=1e-5)
    for Y in (eurlex.Y, eurlex.Y_test):
        assert np.all(Y.data == 1)


def test_ranking_by_frequency_stays_under_a_tenth_and_the_tail_is_long(eurlex):
    n_rows = np.bincount(eurlex.Y.indices, minlength=eurlex.Y.shape[1])
    most_frequent = np.full((eurlex.X_test.shape[0], 1), np.argmax(n_rows))

    assert 1 < precision_at(most_frequent, eurlex.Y_test, k=1) < 10
    assert n_rows.min() >= 1
    assert np.mean(n_rows <= 3) > 0.2


def test_few_heavy_words_are_in_most_rows_and_lie_apart(eurlex):
    share = np.bincount(eurlex.X.indices, minlength=5_000) / eurlex.X.shape[0]
    heaviest = np.argsort(-share)[:100]

    assert share[heaviest[0]] > 0.9
    assert np.median(share) < 0.05
    assert np.ptp(heaviest) > 4_000


def test_nearest_training_row_shares_labels_far_more_often_than_any_row(eurlex):
    nearest = np.asarray((eurlex.X_test[:500] @ eurlex.X.T).todense()).argmax(axis=1)
    truth = eurlex.Y_test[:500]

    shared = truth.multiply(eurlex.Y[nearest]).sum() / truth.sum()
    by_chance = truth.multiply(eurlex.Y[:500]).sum() / truth.sum()

    assert 0.2 < shared < 0.9  # some of it can be learned, not all
    assert by_chance < 0.05


def test_seed_decides_every_matrix():
    first, again, other = (generate(replace(SMALL, seed=seed)) for seed in (1, 1, 2))

    for part in ("X", "Y", "X_test", "Y_test"):
        one, same, changed = (getattr(problem, part) for problem in (first, again, other))
        assert (one != same).nnz == 0
        assert (one != changed).nnz > 0


@pytest.mark.parametrize("nonzeros_a_row", [5, 50, 250])
def test_row_length_can_be_chosen(nonzeros_a_row):
    shape = replace(SMALL, n_features=50_000, nonzeros_a_row=nonzeros_a_row)

    problem = generate(shape)

    assert problem.X.nnz / problem.X.shape[0] == pytest.approx(nonzeros_a_row, rel=0.1)
    assert np.all(np.diff(problem.X_test.indptr) > 0)


def test_rows_of_one_label_have_one_label():
    problem = generate(replace(SMALL, labels_a_row=1.0, n_labels=100))

    assert problem.Y.nnz / problem.Y.shape[0] == pytest.approx(1, rel=0.03)
    assert np.all(np.diff(problem.Y.indptr) > 0)


def test_more_labels_than_rows_can_hold_are_refused():
    with pytest.raises(ValueError, match="2000 labels need a row each.*room for 531"):
        replace(SMALL, n_rows=100, n_labels=2_000)


def test_scaled_shape_has_its_share_of_rows_and_labels():
    assert (SMALL.name, SMALL.n_rows, SMALL.n_test, SMALL.n_labels) == (
        "eurlex-0.1",
        1_554,
        381,
        399,
    )


def test_generated_sets_are_the_named_ones():
    assert GENERATED_SETS == ("eurlex", "amazoncat-10th", "amazon670k-10th", "amazon670k")
