"""From the scores of candidates to a ranking."""

from typing import Any, NamedTuple, Self

import numpy as np

from label_trees import Ranking, empty_ranking
from xmlrec.fuse.scores import N_SCORES

IntArray = np.ndarray[Any, np.dtype[np.int32]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]


class FusionWeights(NamedTuple):
    """What fusion has learned.

    Attributes
    ----------
    of_known, of_new : float array, shape (N_SCORES,)
        Weights of the scores of a label that the trees know, and of one that is new to them.
    lead : float
        By how much a new label has to lead to come first, see `hold_back`.
    """

    of_known: FloatArray
    of_new: FloatArray
    lead: float

    def to_array(self) -> FloatArray:
        """Return all of them, float32 of shape (2 * N_SCORES + 1,)."""
        return np.concatenate([self.of_known, self.of_new, [self.lead]]).astype(np.float32)

    @classmethod
    def from_array(cls, values: FloatArray) -> Self:
        """Return what `to_array` gave; `ValueError` if there are not as many."""
        if values.shape != (2 * N_SCORES + 1,):
            raise ValueError(f"there are {values.size} weights, expected {2 * N_SCORES + 1}")
        return cls(values[:N_SCORES], values[N_SCORES:-1], float(values[-1]))


def fuse(F: FloatArray, is_new: BoolArray, weights: FusionWeights) -> FloatArray:
    """Return the weighted sums of scores; added up one by one, so that no batch matters.

    Parameters
    ----------
    F : float32 array, shape (n_items, k, N_SCORES)
    is_new : bool array, shape (n_items, k)
    """
    of_known, of_new = (of.astype(np.float32) for of in (weights.of_known, weights.of_new))
    has_new = bool(is_new.any())
    fused = np.zeros(F.shape[:2], dtype=np.float32)
    for place in range(F.shape[2]):
        weight = np.where(is_new, of_new[place], of_known[place]) if has_new else of_known[place]
        fused += F[:, :, place] * weight
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
