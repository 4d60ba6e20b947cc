"""What calibration sees of the best candidates of an item.

Of a candidate, in this order: the logarithm of its share in the soft maximum of all fused scores,
and that of the rest; its fused score; by how much it leads the next one, or lags behind the best;
the logarithm of the share of all candidates below the same parent; that of 1 + its training items;
the six scores that fusion joins (trees, name, path, teacher, vector, examples); the item's best
vector and example match and fused score; its place and its depth. Labels are pooled by frequency,
depth and branch so: a rare one needs no rows of its own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from label_trees.parallel import count_threads, thread_map
from xmlrec.errors import ScoreError
from xmlrec.probabilities.kernels import N_FEATURES, describe_rows

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]

N_BEST = 20
"""Candidates of an item that get a probability, however many are asked for."""

ROWS_PER_JOB = 1024


@dataclass(frozen=True, slots=True, eq=False)
class LabelFrame:
    """What probabilities depend on of the labels.

    Attributes
    ----------
    counts, parents : int32 array, shape (n_labels,)
        Training items, and the primary parent, -1 for a root.
    is_new : bool array, shape (n_labels,)
        Whether a label came after training.
    paths : int32 array, shape (n_labels, max_depth)
        The columns from the root to each label, -1 below it.
    """

    counts: IntArray
    parents: IntArray
    is_new: BoolArray
    paths: IntArray

    @property
    def depths(self) -> IntArray:
        """Depth of each label, 1 for a root."""
        depths: IntArray = (self.paths >= 0).sum(axis=1, dtype=np.int32)
        return depths


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The best candidates of items, best first.

    Attributes
    ----------
    labels, scores : int32 and float32 array, shape (n_items, N_BEST)
        A ranking, padded with -1 and -inf.
    Z : float32 array, shape (n_items, N_BEST, N_FEATURES)
        See the module.
    """

    labels: IntArray
    scores: FloatArray
    Z: FloatArray


def describe(
    labels: IntArray,
    scores: FloatArray,
    F: FloatArray,
    frame: LabelFrame,
    *,
    n_threads: int | None = None,
) -> Best:
    """Return the best candidates with what calibration sees of them.

    Parameters
    ----------
    labels, scores : int32 and float32 array, shape (n_items, k)
        Candidates in any order, -1 for none, and their fused scores.
    F : float32 array, shape (n_items, k, n_scores)
        What fusion joined, see `xmlrec.fuse.scores`.

    Raises
    ------
    ScoreError
        If the score of a candidate is not finite.
    """
    is_broken = ((labels >= 0) & ~np.isfinite(scores)).any(axis=1)
    if is_broken.any():
        raise ScoreError(int(is_broken.sum()))
    shape = len(labels), N_BEST
    best = Best(
        np.full(shape, -1, dtype=np.int32),
        np.full(shape, -np.inf, dtype=np.float32),
        np.zeros((*shape, N_FEATURES), dtype=np.float32),
    )
    sizes = np.log1p(frame.counts).astype(np.float32)
    depths = frame.depths.astype(np.float32)

    def fill(lo: int) -> None:
        hi = min(lo + ROWS_PER_JOB, len(labels))
        describe_rows(
            labels, scores, F, sizes, frame.parents, depths, lo, hi,
            best.labels, best.scores, best.Z,
        )  # fmt: skip

    thread_map(fill, range(0, len(labels), ROWS_PER_JOB), count_threads(n_threads))
    return best
