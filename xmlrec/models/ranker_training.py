"""What a ranker is trained on and how: known labels, trees over them, weights of fusion."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees import LabelForest
from label_trees.tree import LabelTree
from xmlrec.fuse import LabelRows, candidate_scores, fit_weights
from xmlrec.models.settings import RankerSettings

logger = logging.getLogger(__name__)

IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

N_CANDIDATES = 50
"""Labels of an item that are fused; a ranking is never longer, and k only cuts it."""

BEAM = 10
"""Nodes kept a level and tree: more than the engine needs for five labels, as fifty are wanted."""

PRIOR_WEIGHTS = np.array([1.8, 1.5, 2.0, 0.0])
"""Weights of `xmlrec.fuse.candidate_scores` where rows are too few to say: about what they come
out as on catalogs of products, tools and tasks."""

MAX_ITER = 10
"""Sweeps of the solver: on held-out items ten were as good as twenty, in three quarters of the
time."""

HELD_OUT_SHARE = 0.25
MAX_HELD_OUT = 5000
"""Rows that weights are fitted on: four numbers need no more."""


@dataclass(frozen=True, slots=True)
class KnownLabels:
    """What a ranker is told of the labels before it sees an item.

    Attributes
    ----------
    columns : int32 array
        The labels that it can find, rising; some may have no training item.
    names, paths : sequence of str
        What these are called; a path's elements are joined by blanks.
    parents : int32 array, shape (n_labels,)
        The primary parent of every label, -1 for a root.
    """

    columns: IntArray
    names: Sequence[str]
    paths: Sequence[str]
    parents: IntArray


def spread_rows(rows: sp.csr_array, positions: IntArray, n_rows: int) -> sp.csr_array:
    """Return an array of ``n_rows`` rows: ``rows`` at ``positions`` (rising), others empty."""
    sizes = np.zeros(n_rows + 1, dtype=np.int64)
    sizes[positions + 1] = np.diff(rows.indptr)
    return sp.csr_array((rows.data, rows.indices, np.cumsum(sizes)), shape=(n_rows, rows.shape[1]))


def train_forest(
    X: sp.csr_array,
    Y: sp.csr_array,
    labels: LabelRows,
    settings: RankerSettings,
    *,
    parents: IntArray,
    n_threads: int | None,
) -> LabelForest:
    """Train label trees on items and on the name of every label that has one."""
    from label_trees import LabelTreeClassifier  # imports scikit-learn, which serving need not

    used = np.flatnonzero(np.diff(labels.names.indptr))
    names = sp.csr_array(
        (np.ones(used.size, dtype=np.float32), (np.arange(used.size), used)),
        shape=(used.size, Y.shape[1]),
    )
    X, Y = sp.vstack([X, labels.names[used]]), sp.vstack([Y, names])
    classifier = LabelTreeClassifier(
        tree=choose_tree(settings.tree, parents, Y),
        n_trees=settings.n_trees,
        max_iter=MAX_ITER,
        random_state=settings.seed,
        n_threads=n_threads,
    )
    forest: LabelForest = classifier.fit(X, Y).forest_
    return forest


def choose_tree(kind: str, parents: IntArray, Y: sp.csr_array) -> str | LabelTree:
    """Return the engine's tree for one of `TREES`; the taxonomy's holds the labels with rows."""
    if kind == "taxonomy":
        labels = np.unique(Y.indices)
        return LabelTree.from_parents(parents, labels, Y.shape[1])
    return {"learned": "balanced", "flat": "flat"}[kind]


def fit_fusion(
    X: sp.csr_array,
    Y: sp.csr_array,
    labels: LabelRows,
    settings: RankerSettings,
    *,
    parents: IntArray,
    n_threads: int | None,
) -> FloatArray:
    """Fit the weights of fusion on items that one tree, trained on the others, ranks."""
    rng = np.random.default_rng(settings.seed)
    n_held_out = min(int(HELD_OUT_SHARE * X.shape[0]), MAX_HELD_OUT)
    order = rng.permutation(X.shape[0])
    held_out, rest = np.sort(order[:n_held_out]), np.sort(order[n_held_out:])
    if n_held_out == 0:
        return PRIOR_WEIGHTS
    logger.info("fitting fusion on %d held-out items", n_held_out)
    seen = np.bincount(Y[rest].indices, minlength=Y.shape[1]).astype(np.int32)
    labels = replace(labels, counts=seen)
    one_tree = replace(settings, n_trees=1)
    forest = train_forest(X[rest], Y[rest], labels, one_tree, parents=parents, n_threads=n_threads)
    candidates = forest.rank(X[held_out], N_CANDIDATES, beam=BEAM, n_threads=n_threads)
    F = candidate_scores(X[held_out], candidates, labels, n_threads=n_threads)
    is_right = np.zeros(candidates[0].shape, dtype=np.bool_)
    for place, column in enumerate(candidates[0].T):
        is_right[:, place] = Y[held_out, np.maximum(column, 0)] > 0
    return fit_weights(F, candidates[0] >= 0, is_right, prior=PRIOR_WEIGHTS)
