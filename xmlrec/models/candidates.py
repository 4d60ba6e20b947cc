"""The labels that fusion chooses from: found by the trees, by vectors, and among new labels."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees import LabelForest
from label_trees.parallel import count_threads, thread_map
from xmlrec.fuse import Candidates, LabelRows
from xmlrec.fuse.kernels import best_taught, join_lists
from xmlrec.models.dense import DenseSide

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

N_CANDIDATES = 50
"""Labels of an item that trees find; a ranking is never longer, and k only cuts it."""

BEAM = 7
"""Nodes kept a level and tree: ten took a fifth more time and gave held-out items less than 0.1 in
P@1, 0.4 in recall@10 at most."""

N_NEW = 10
"""New labels that are found by the words of their names and paths."""

N_TAUGHT = 20
"""Labels that a teacher's words speak for."""

ROWS_PER_JOB = 1024


def find_candidates(
    X: sp.csr_array,
    E: FloatArray,
    forest: LabelForest,
    dense: DenseSide | None,
    labels: LabelRows,
    *,
    allowed: BoolArray | None,
    n_threads: int | None,
) -> Candidates:
    """Return the candidates of items, given by their features ``X`` and vectors ``E``.

    With neither vectors, a teacher nor new labels they are what the trees find.
    """
    in_trees = None if allowed is None else allowed[: forest.n_labels]
    found, scores = forest.rank(X, N_CANDIDATES, beam=BEAM, allowed=in_trees, n_threads=n_threads)
    scores = np.where(found >= 0, scores, np.float32(0.0))
    more = []
    if labels.is_new.any():
        more.append(new_labels_by_words(X, labels, allowed, n_threads=n_threads))
    if labels.taught.nnz:
        more.append(labels_by_taught_words(X, labels, allowed, n_threads=n_threads))
    if dense is not None:
        more.append(dense.similar_labels(E, allowed, n_threads=n_threads))
    if not more:
        return Candidates(found, scores)
    others = np.concatenate(more, axis=1)
    labels_found = join(found, others, n_threads=n_threads)
    return Candidates(labels_found, np.pad(scores, ((0, 0), (0, others.shape[1]))))


def new_labels_by_words(
    X: sp.csr_array, labels: LabelRows, allowed: BoolArray | None, *, n_threads: int | None
) -> IntArray:
    """Return the `N_NEW` new labels whose names and paths match each item best, -1 for none."""
    is_new = labels.is_new if allowed is None else labels.is_new & allowed
    columns = np.flatnonzero(is_new).astype(np.int32)
    texts = (labels.names[columns] + labels.paths[columns]).T.tocsr()
    out = np.full((X.shape[0], N_NEW), -1, dtype=np.int32)
    n_best = min(N_NEW, columns.size)

    def fill(lo: int) -> None:
        matches = (X[lo : lo + ROWS_PER_JOB] @ texts).toarray()
        best = np.argpartition(-matches, n_best - 1, axis=1)[:, :n_best]
        has_match = np.take_along_axis(matches, best, axis=1) > 0
        out[lo : lo + ROWS_PER_JOB, :n_best] = np.where(has_match, columns[best], -1)

    if n_best:
        thread_map(fill, range(0, X.shape[0], ROWS_PER_JOB), count_threads(n_threads))
    return out


def labels_by_taught_words(
    X: sp.csr_array, labels: LabelRows, allowed: BoolArray | None, *, n_threads: int | None
) -> IntArray:
    """Return the `N_TAUGHT` labels that each item's words speak for most, -1 for none."""
    taught = labels.taught
    is_allowed = np.ones(taught.shape[1], dtype=np.bool_) if allowed is None else allowed
    rows = X.indptr.astype(np.int64, copy=False), X.indices, X.data
    out = np.full((X.shape[0], N_TAUGHT), -1, dtype=np.int32)

    def fill(lo: int) -> None:
        hi = min(lo + ROWS_PER_JOB, X.shape[0])
        totals = np.zeros(taught.shape[1], dtype=np.float32)
        best_taught(
            *rows, taught.indptr, taught.indices, taught.data, is_allowed, lo, hi, totals, out
        )

    thread_map(fill, range(0, X.shape[0], ROWS_PER_JOB), count_threads(n_threads))
    return out


def join(first: IntArray, second: IntArray, *, n_threads: int | None) -> IntArray:
    """Return two lists as one, each label once, those of ``first`` (which ends in -1) in place."""
    out = np.full((len(first), first.shape[1] + second.shape[1]), -1, dtype=np.int32)

    def fill(lo: int) -> None:
        join_lists(first, second, lo, min(lo + ROWS_PER_JOB, len(first)), out)

    thread_map(fill, range(0, len(first), ROWS_PER_JOB), count_threads(n_threads))
    return out


def with_asked(found: Candidates, asked: IntArray, *, n_threads: int | None) -> Candidates:
    """Return candidates with more labels, which no tree has scored yet."""
    n_found = found.labels.shape[1]
    labels = join(found.labels, asked, n_threads=n_threads)
    tree_scores = np.zeros(labels.shape, dtype=np.float32)
    tree_scores[:, :n_found] = found.tree_scores
    return Candidates(labels, tree_scores)


def score_pairs(
    forest: LabelForest, X: sp.csr_array, rows: IntArray, labels: IntArray, *, n_threads: int | None
) -> FloatArray:
    """Return the trees' scores of pairs of a row and a label, 0 for a label that they lack."""
    scores = np.zeros(rows.size, dtype=np.float32)
    known = labels < forest.n_labels
    if not known.any():  # of no pairs, a sparse array gives another sparse array
        return scores
    ones = np.ones(int(known.sum()), dtype=np.float32)
    shape = X.shape[0], forest.n_labels
    pairs = sp.csr_array((ones, (rows[known], labels[known])), shape=shape)
    scored = forest.score_pairs(X, pairs, n_threads=n_threads)
    scores[known] = scored[rows[known], labels[known]]
    return scores
