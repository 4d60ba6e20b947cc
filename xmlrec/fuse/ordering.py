"""From the scores of candidates to a ranking."""

from typing import Any

import numpy as np

from label_trees import Ranking, empty_ranking

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]


def fuse(F: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sums of scores; added up one by one, so that no batch matters."""
    fused = np.zeros(F.shape[:2], dtype=np.float32)
    for position in range(F.shape[2]):
        fused += F[:, :, position] * np.float32(weights[position])
    return fused


def hold_back(labels: IntArray, fused: FloatArray, is_new: BoolArray, lead: float) -> FloatArray:
    """Return scores in which a new label comes first only if it leads all known ones by ``lead``.

    One that leads by less is put between the best known label and what comes next, new ones in
    their order; all other scores stay. Adding labels so costs few right first answers, and new ones
    keep their place in a list.

    Parameters
    ----------
    labels : int32 array, shape (n_items, k)
        -1 for none.
    is_new : bool array, shape (n_items, k)
    """
    is_label = labels >= 0
    best = np.where(is_label & ~is_new, fused, -np.inf).max(axis=1, keepdims=True)
    is_held = is_label & is_new & (fused > best) & (fused <= best + lead) & (best > -np.inf)
    if not is_held.any():
        return fused
    best[best == -np.inf] = 0
    second = np.partition(np.where(is_label & (fused <= best), fused, -np.inf), -2)[:, [-2]]
    gap = np.minimum(best - np.where(second > -np.inf, second, best - 1), 1)
    held: FloatArray = np.where(is_held, best - gap * (0.75 - 0.5 * (fused - best) / lead), fused)
    return held.astype(np.float32)


def order_candidates(candidates: IntArray, fused: FloatArray, k: int) -> Ranking:
    """Return the ``k`` best candidates, ties to the lower label."""
    labels, scores = empty_ranking(candidates.shape[0], k)
    fused = np.where(candidates >= 0, fused, -np.inf).astype(np.float32)
    order = np.lexsort((candidates, -fused))[:, :k]
    labels[:, : order.shape[1]] = np.take_along_axis(candidates, order, axis=1)
    scores[:, : order.shape[1]] = np.take_along_axis(fused, order, axis=1)
    return labels, scores
