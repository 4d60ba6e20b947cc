"""What a ranker is told of labels, and how label trees are trained on items and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees import LabelForest
from label_trees.tree import LabelTree
from xmlrec.encode.label_texts import training_text
from xmlrec.fuse import LabelRows
from xmlrec.models.settings import RankerSettings

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

MAX_ITER = 10
"""Sweeps of the solver: on held-out items ten were as good as twenty, in three quarters of the
time."""

SCORE_POWER = 2
"""The square holds up better than the cube on items from elsewhere than those trained on."""


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

    def take(self, is_kept: BoolArray) -> "KnownLabels":
        """Return those of ``is_kept``, bool of the length of ``columns``."""
        kept = np.flatnonzero(is_kept).tolist()
        names, paths = ([texts[place] for place in kept] for texts in (self.names, self.paths))
        return KnownLabels(self.columns[is_kept], names, paths, self.parents)

    def training_texts(self, in_trees: BoolArray) -> list[str]:
        """Return what an encoder learns of every label, "" for one that is not in the trees."""
        texts = [""] * in_trees.size
        for column, name, path in zip(self.columns.tolist(), self.names, self.paths, strict=True):
            texts[column] = training_text(name, path) if in_trees[column] else ""
        return texts


@dataclass(frozen=True, slots=True, eq=False)
class LabelFacts:
    """What is known of one label that was added or changed after training.

    Attributes
    ----------
    name, path : str
        The path's elements are joined by blanks.
    definition : str
    aliases, examples : tuple of str
        Other names, and texts of items that belong there.
    vector : float32 array, shape (dim,), optional
        What `TextRanker.label_vectors` once made of the rest, so that nothing is encoded again.
    """

    name: str
    path: str
    definition: str = ""
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    vector: FloatArray | None = None


def spread_rows(rows: sp.csr_array, positions: IntArray, n_rows: int) -> sp.csr_array:
    """Return an array of ``n_rows`` rows: ``rows`` at ``positions`` (rising), others empty."""
    sizes = np.zeros(n_rows + 1, dtype=np.int64)
    sizes[positions + 1] = np.diff(rows.indptr)
    return sp.csr_array((rows.data, rows.indices, np.cumsum(sizes)), shape=(n_rows, rows.shape[1]))


def replace_rows(
    rows: sp.csr_array, positions: IntArray, new: sp.csr_array, n_rows: int
) -> sp.csr_array:
    """Return ``rows`` made ``n_rows`` long with ``new`` at ``positions`` (rising)."""
    kept = np.setdiff1d(np.arange(rows.shape[0], dtype=np.int32), positions)
    return spread_rows(rows[kept], kept, n_rows) + spread_rows(new, positions, n_rows)


def train_forest(
    X: sp.csr_array,
    Y: sp.csr_array,
    labels: LabelRows,
    settings: RankerSettings,
    *,
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
        tree=choose_tree(settings.tree, labels.parents, Y),
        n_trees=settings.n_learned_trees,
        max_iter=MAX_ITER,
        score_power=SCORE_POWER,
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
