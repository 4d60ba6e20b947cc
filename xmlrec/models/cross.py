"""Out-of-fold rankings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from label_trees import Ranking, empty_ranking
from xmlrec.models.ranker import TextRanker
from xmlrec.models.ranker_training import KnownLabels
from xmlrec.models.settings import RankerSettings
from xmlrec.models.teaching import Teacher
from xmlrec.text import Item

IntArray = np.ndarray[Any, np.dtype[np.int32]]


def fold_numbers(folds: int | IntArray, n_items: int, *, seed: int) -> IntArray:
    """Return the fold of each item: the ones given, or ``folds`` random ones of equal size.

    Raises
    ------
    ValueError
        If there is not one fold for each item.
    """
    if np.ndim(folds) == 0:
        order = np.random.default_rng(seed).permutation(n_items)
        return (order % max(int(folds), 1)).astype(np.int32)
    numbers = np.asarray(folds, dtype=np.int32)
    if numbers.shape != (n_items,):
        raise ValueError(f"folds has shape {numbers.shape}, expected ({n_items},)")
    return numbers


def cross_rank(
    items: Sequence[Item],
    Y: sp.csr_array,
    known: KnownLabels,
    folds: IntArray,
    k: int,
    settings: RankerSettings,
    *,
    teacher: Teacher | None = None,
    n_threads: int | None = None,
) -> Ranking:
    """Rank every item with a ranker that saw neither it nor its fold.

    Items without a label or a text are ranked, but no ranker learns from them.

    Parameters
    ----------
    folds : int array, shape (n_items,)
        The fold of each item, two different ones at least.

    Returns
    -------
    Ranking
        What calibration and recommendation are fitted on.

    Raises
    ------
    ValueError
        If all items are in one fold.
    """
    if np.unique(folds).size < 2:
        raise ValueError(
            f"{len(items)} items are in fewer than 2 folds: none is left to learn from"
        )
    labels, scores = empty_ranking(len(items), k)
    usable = (np.diff(Y.indptr) > 0) & np.array([bool(item) for item in items], dtype=np.bool_)
    for fold in np.unique(folds):
        held_out, rest = np.flatnonzero(folds == fold), np.flatnonzero((folds != fold) & usable)
        ranker = TextRanker.fit(
            [items[i] for i in rest.tolist()],
            Y[rest],
            known,
            settings,
            teacher=teacher,
            n_threads=n_threads,
        )
        ranking = ranker.rank([items[i] for i in held_out.tolist()], k, n_threads=n_threads)
        labels[held_out], scores[held_out] = ranking
    return labels, scores
