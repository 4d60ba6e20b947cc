"""From the scores of candidates to a ranking."""

from typing import Any

import numpy as np

from label_trees import Ranking, empty_ranking

IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]


def fuse(F: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sums of scores; added up one by one, so that no batch matters."""
    fused = np.zeros(F.shape[:2], dtype=np.float32)
    for position in range(F.shape[2]):
        fused += F[:, :, position] * np.float32(weights[position])
    return fused


def order_candidates(candidates: IntArray, fused: FloatArray, k: int) -> Ranking:
    """Return the ``k`` best candidates, ties to the lower label."""
    labels, scores = empty_ranking(candidates.shape[0], k)
    fused = np.where(candidates >= 0, fused, -np.inf).astype(np.float32)
    order = np.lexsort((candidates, -fused))[:, :k]
    labels[:, : order.shape[1]] = np.take_along_axis(candidates, order, axis=1)
    scores[:, : order.shape[1]] = np.take_along_axis(fused, order, axis=1)
    return labels, scores
