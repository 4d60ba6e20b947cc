import numpy as np
import pytest
import scipy.sparse as sp

from xmlrec.fuse import LabelRows, candidate_scores

COUNTS = np.array([0, 4, 1, 0, 9, 2], dtype=np.int32)


def made_up(seed, n=1500, n_features=30):
    rng = np.random.default_rng(seed)

    def rows(m):
        return sp.random_array(
            (m, n_features), density=0.3, rng=rng, dtype=np.float32, format="csr"
        )

    labels = np.array([rng.permutation(6)[:4] for _ in range(n)], dtype=np.int32)
    labels[rng.random(labels.shape) < 0.2] = -1
    scores = np.where(labels >= 0, rng.random(labels.shape), -np.inf).astype(np.float32)
    return rows(n), (labels, scores), LabelRows(rows(6), rows(6), COUNTS)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_scores_are_what_the_module_says(n_threads):
    X, (labels, scores), rows = made_up(0)
    F = candidate_scores(X, (labels, scores), rows, n_threads=n_threads)
    names, paths = (X @ rows.names.T).toarray(), (X @ rows.paths.T).toarray()
    for i in range(0, 1500, 97):
        for c, label in enumerate(labels[i]):
            if label < 0:
                assert not F[i, c].any()
                continue
            expected = [
                np.log(scores[i, c]),
                names[i, label],
                paths[i, label],
                np.log(1 + COUNTS[label]),
            ]
            np.testing.assert_allclose(F[i, c], expected, rtol=1e-4, atol=1e-5)


def test_a_row_does_not_depend_on_its_neighbours():
    X, (labels, scores), rows = made_up(1)
    together = candidate_scores(X, (labels, scores), rows)
    alone = candidate_scores(X[[7]], (labels[[7]], scores[[7]]), rows)
    assert together[7].tobytes() == alone[0].tobytes()


def test_a_tree_score_of_zero_stays_finite():
    X, (labels, scores), rows = made_up(2, n=3)
    F = candidate_scores(X, (labels, np.zeros_like(scores)), rows)
    assert np.isfinite(F).all()
