"""The scores of a candidate label that fusion joins.

A candidate of an item has, in this order:

- the logarithm of its score in the label trees; one that they did not find counts as the last that
  they found,
- the cosine between the item's text and the label's name, and its path, in text features: what
  SemSup-XC and ZestXML (Gupta et al., KDD 2021) call the lexical match,
- what the item's features say for the label according to a teacher, see `xmlrec.models.teaching`,
- the cosine between the vectors of item and label,
- how well the item's vector matches those of the label's items, see `Examples`,
- the logarithm of 1 + its training items,
- the tree's score, the teacher's, the cosine and the match with examples, each times that
  logarithm less its mean: how far each is to be believed depends on how many items it was learned
  from.

A label that is new to the trees has the same scores, with weights of their own: there the trees'
score is that of all labels below its parent, which is where the trees route the item, 1 stands in
the place of training items. Products of a label without items are 0.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from label_trees.parallel import count_threads, thread_map
from xmlrec.fuse.kernels import (
    complete_scores,
    example_matches,
    pair_dots,
    route,
    taught_scores,
    text_dots,
    vector_dots,
)

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

SIZE = 6
"""The place of the logarithm of training items."""

TIMES_SIZE = (0, 3, 4, 5)
"""The places of the scores that are there again times that logarithm."""

_SINGLE = ("tree", "name words", "path words", "taught words", "vector", "examples", "size")
NAMES = (*_SINGLE, *(f"{_SINGLE[place]} x size" for place in TIMES_SIZE))
"""What each place is called where answers are explained."""

N_SCORES = SIZE + 1 + len(TIMES_SIZE)
ROWS_PER_JOB = 1024
ROWS_TO_SORT = 128
"""From so many rows on, labels occur often enough to go through the pairs label by label."""

MIN_SCORE = 1e-6
"""Tree scores below it count as it, so that their logarithms are finite."""

SHARPNESS = 20.0
"""Of the soft maximum over examples: an example that is nearer by 1 / 20 counts e times as much."""


class Examples(NamedTuple):
    """Vectors of some items of every label; label ``l`` has ``rows[indptr[l]:indptr[l + 1]]``.

    Attributes
    ----------
    vectors : float32 array, shape (n_examples, dim)
    indptr : int64 array, shape (n_labels + 1,)
    rows : int32 array
    """

    vectors: FloatArray
    indptr: np.ndarray[Any, np.dtype[np.int64]]
    rows: IntArray


class Texts(NamedTuple):
    """Names and paths of labels over the features that occur in them.

    Attributes
    ----------
    places : int32 array, shape (n_features,)
        The number of each feature among those, -1 for one that occurs in none.
    names, paths : tuple of arrays
        ``(indptr, places, data)`` of the rows.
    """

    places: IntArray
    names: tuple[np.ndarray[Any, Any], IntArray, FloatArray]
    paths: tuple[np.ndarray[Any, Any], IntArray, FloatArray]


@dataclass(frozen=True, eq=False)
class LabelRows:
    """What fusion knows of the labels.

    Attributes
    ----------
    names, paths : csr_array of float32, shape (n_labels, n_features)
        Features of each label's name and path, rows of unit length or empty.
    taught : csr_array of float32, shape (n_features, n_labels)
        What a feature says for each label according to a teacher; empty without one.
    vectors : float32 array, shape (n_labels, dim)
        Of unit length, or zeros for a label without text; ``dim`` is 0 without an encoder.
    examples : Examples
        Empty without an encoder.
    counts : int32, shape (n_labels,)
        Training items of each label.
    parents : int32, shape (n_labels,)
        The primary parent of each label, -1 for a root.
    is_new : bool, shape (n_labels,)
        Whether a label is unknown to the trees.
    """

    names: sp.csr_array
    paths: sp.csr_array
    taught: sp.csr_array
    vectors: FloatArray
    examples: Examples
    counts: IntArray
    parents: IntArray
    is_new: BoolArray

    def __post_init__(self) -> None:
        # as read-only as from a file: kernels are compiled once for both
        for rows in (self.names, self.paths, self.taught):
            for array in (rows.indptr, rows.indices, rows.data):
                array.flags.writeable = False

    @cached_property
    def texts(self) -> Texts:
        """Names and paths as `text_dots` takes them."""
        both = self.names, self.paths
        occurs = np.zeros(self.names.shape[1], dtype=np.bool_)
        for rows in both:
            occurs[rows.indices] = True
        places = np.where(occurs, np.cumsum(occurs) - 1, -1).astype(np.int32)
        names, paths = ((rows.indptr, places[rows.indices], rows.data) for rows in both)
        return Texts(places, names, paths)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Labels to choose from, and how the trees score them.

    Attributes
    ----------
    labels : int32 array, shape (n_items, k)
        -1 where there are fewer; such places come last.
    tree_scores : float32 array, shape (n_items, k)
        In (0, 1], or 0 where the trees did not find the label.
    """

    labels: IntArray
    tree_scores: FloatArray


def candidate_scores(
    X: sp.csr_array,
    E: FloatArray,
    candidates: Candidates,
    rows: LabelRows,
    *,
    n_threads: int | None = None,
) -> FloatArray:
    """Return the scores of every candidate, float32 of shape (n_items, k, N_SCORES).

    Parameters
    ----------
    X : csr_array of float32, shape (n_items, n_features)
        Items, rows of unit length.
    E : float32 array, shape (n_items, dim)
        The items' vectors.
    candidates : Candidates
        Places without one give 0.
    """
    labels, tree_scores = candidates.labels, candidates.tree_scores.copy()
    last_found = np.where(tree_scores > 0, tree_scores, 1.0).min(axis=1, keepdims=True)
    last_found[~(tree_scores > 0).any(axis=1)] = MIN_SCORE
    X_indptr = X.indptr.astype(np.int64, copy=False)
    F = np.zeros((*labels.shape, N_SCORES), dtype=np.float32)
    sizes = np.where(rows.is_new, 1.0, np.log1p(rows.counts)).astype(np.float32)
    above_mean = size_above_mean(rows)
    has_new, has_vectors = bool(rows.is_new.any()), E.shape[1] > 0

    def fill(lo: int) -> None:
        hi = min(lo + ROWS_PER_JOB, X.shape[0])
        match_texts(X, labels, rows, (lo, hi), F[:, :, 1:3])
        if rows.taught.nnz:
            taught = rows.taught.indptr, rows.taught.indices, rows.taught.data
            totals = np.zeros(rows.taught.shape[1], dtype=np.float32)
            taught_scores(X_indptr, X.indices, X.data, *taught, labels, lo, hi, totals, F[:, :, 3])
        if has_vectors:
            vector_dots(E, rows.vectors, labels, lo, hi, F[:, :, 4])
            example_matches(
                E, *rows.examples, rows.counts, labels, lo, hi, SHARPNESS, F[:, :, 5]
            )  # fmt: skip
        if has_new:
            route(labels, tree_scores, rows.parents, rows.is_new, lo, hi)
        in_trees = np.where(tree_scores[lo:hi] > 0, tree_scores[lo:hi], last_found[lo:hi])
        logs = np.log(np.clip(in_trees, MIN_SCORE, 1.0))
        complete_scores(labels, logs, sizes, above_mean, np.array(TIMES_SIZE), lo, hi, F)

    thread_map(fill, range(0, X.shape[0], ROWS_PER_JOB), count_threads(n_threads))
    return F


def match_texts(
    X: sp.csr_array, labels: IntArray, rows: LabelRows, ends: tuple[int, int], out: FloatArray
) -> None:
    """Fill rows ``ends`` (first, last + 1) of ``out`` with the matches of names and of paths."""
    lo, hi = ends
    of_items = X.indptr.astype(np.int64, copy=False), X.indices, X.data
    if hi - lo >= ROWS_TO_SORT:
        texts, order = rows.texts, np.argsort(labels[lo:hi], axis=None)
        table = np.zeros((int(texts.places.max(initial=-1)) + 1, 2), dtype=np.float32)
        text_dots(*of_items, texts, labels, order, lo, hi, table, out)
        return
    row = np.zeros(X.shape[1], dtype=np.float32)
    for place, matrix in enumerate((rows.names, rows.paths)):
        of_labels = matrix.indptr, matrix.indices, matrix.data
        pair_dots(*of_items, *of_labels, labels, lo, hi, row, out[:, :, place])


def size_above_mean(rows: LabelRows) -> FloatArray:
    """Return what the products of scores with the size multiply by, float32 (n_labels,)."""
    has_product = (rows.counts > 0) & ~rows.is_new
    above = np.where(has_product, np.log1p(rows.counts) - mean_size(rows.counts), 0.0)
    return above.astype(np.float32)


def mean_size(counts: IntArray) -> np.floating[Any]:
    """Return the mean logarithm of 1 + training items over the labels that have any."""
    has_items = counts > 0
    return np.log1p(counts).mean(where=has_items) if has_items.any() else np.float64(0.0)
