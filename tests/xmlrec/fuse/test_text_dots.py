"""Matches of names and paths label by label: the same bytes as pair by pair."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.fuse import pair_dots_reference
from xmlrec.fuse import Candidates, LabelRows, candidate_scores
from xmlrec.fuse import scores as fuse_scores
from xmlrec.fuse.kernels import text_dots
from xmlrec.models.dense import no_examples, no_vectors


def label_rows(names, paths):
    n_labels, n_features = names.shape
    return LabelRows(
        names=sp.csr_array(names),
        paths=sp.csr_array(paths),
        taught=sp.csr_array((n_features, n_labels), dtype=np.float32),
        vectors=no_vectors(n_labels),
        examples=no_examples(n_labels),
        counts=np.ones(n_labels, dtype=np.int32),
        parents=np.full(n_labels, -1, dtype=np.int32),
        is_new=np.zeros(n_labels, dtype=np.bool_),
    )


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(0, 6), k=st.integers(1, 6))
def test_matches_label_by_label_are_the_reference(seed, n_rows, k):
    rng = np.random.default_rng(seed)
    X, names, paths = (
        (rng.integers(-2, 3, size=(n, 6)) * (rng.random((n, 6)) < 0.5)).astype(np.float32)
        for n in (n_rows, 4, 4)
    )
    labels = rng.integers(-1, 4, size=(n_rows, k)).astype(np.int32)
    lo, hi = sorted(rng.integers(0, n_rows + 1, size=2))
    known, items = label_rows(names, paths), sp.csr_array(X)
    out = np.full((n_rows, k, 2), 7.0, dtype=np.float32)
    table = np.zeros((int(known.texts.places.max()) + 1, 2), dtype=np.float32)
    order = np.argsort(labels[lo:hi], axis=None)

    text_dots(
        items.indptr.astype(np.int64), items.indices, items.data, known.texts, labels, order,
        lo, hi, table, out,
    )  # fmt: skip

    for place, L in enumerate((names, paths)):
        is_filled = labels >= 0
        is_filled[:lo], is_filled[hi:] = False, False
        expected = np.where(is_filled, pair_dots_reference(X, L, labels), 7.0)
        np.testing.assert_array_equal(out[:, :, place], expected)
    assert not table.any()


@pytest.mark.parametrize("density", [0.0, 0.1, 0.9])
def test_scores_are_the_same_bytes_pair_by_pair_and_label_by_label(density, monkeypatch):
    rng = np.random.default_rng(1)
    X, names, paths = (
        (rng.normal(size=(n, 40)) * (rng.random((n, 40)) < share)).astype(np.float32)
        for n, share in ((300, 0.4), (9, density), (9, density))
    )
    labels = np.argsort(rng.random((300, 9)), axis=1)[:, :6].astype(np.int32) - 1
    candidates = Candidates(labels, rng.random(labels.shape).astype(np.float32))
    items, E, known = sp.csr_array(X), no_vectors(300), label_rows(names, paths)

    by_label = candidate_scores(items, E, candidates, known)

    monkeypatch.setattr(fuse_scores, "ROWS_TO_SORT", 10**6)
    assert by_label.tobytes() == candidate_scores(items, E, candidates, known).tobytes()
    assert by_label[:, :, 1:3].any() == (density > 0)
