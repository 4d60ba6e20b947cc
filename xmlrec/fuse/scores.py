"""The scores of a candidate label that fusion joins.

A candidate of an item has, in this order:

- the logarithm of its score in the label trees,
- the cosine between the item's text and the label's name, and its path: what SemSup-XC and
  ZestXML (Gupta et al., KDD 2021) call the lexical match,
- the logarithm of 1 + its training items.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees import Ranking
from label_trees.parallel import count_threads, thread_map
from xmlrec.fuse.kernels import pair_dots

IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

N_SCORES = 4
ROWS_PER_JOB = 1024
MIN_SCORE = 1e-6
"""Tree scores below it count as it, so that their logarithms are finite."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelRows:
    """What fusion knows of the labels.

    Attributes
    ----------
    names, paths : csr_array of float32, shape (n_labels, n_features)
        Features of each label's name and path, rows of unit length or empty.
    counts : int32, shape (n_labels,)
        Training items of each label.
    """

    names: sp.csr_array
    paths: sp.csr_array
    counts: IntArray

    def __post_init__(self) -> None:
        for rows in (self.names, self.paths):  # as read-only as from a file: compiled once for both
            for array in (rows.indptr, rows.indices, rows.data):
                array.flags.writeable = False


def candidate_scores(
    X: sp.csr_array, ranking: Ranking, labels: LabelRows, *, n_threads: int | None = None
) -> FloatArray:
    """Return the scores of every candidate, float32 of shape (n_instances, k, N_SCORES).

    Parameters
    ----------
    X : csr_array of float32, shape (n_instances, n_features)
        Items, rows of unit length.
    ranking : Ranking
        Candidates and their scores in the trees, each in (0, 1]; places without one give 0.
    """
    candidates, tree_scores = ranking
    is_candidate = candidates >= 0
    out = np.zeros((*candidates.shape, N_SCORES), dtype=np.float32)
    values = np.where(is_candidate, np.maximum(tree_scores, MIN_SCORE), 0.0).astype(np.float32)

    X_indptr = X.indptr.astype(np.int64, copy=False)

    def fill(lo: int) -> None:
        hi = min(lo + ROWS_PER_JOB, X.shape[0])
        row = np.zeros(X.shape[1], dtype=np.float32)
        for position, texts in ((1, labels.names), (2, labels.paths)):
            pair_dots(
                X_indptr, X.indices, X.data, texts.indptr, texts.indices, texts.data,
                candidates, lo, hi, row, out[:, :, position],
            )  # fmt: skip

    thread_map(fill, range(0, X.shape[0], ROWS_PER_JOB), count_threads(n_threads))
    out[is_candidate, 0] = np.log(values[is_candidate])
    out[is_candidate, 3] = np.log1p(labels.counts[candidates[is_candidate]])
    return out
