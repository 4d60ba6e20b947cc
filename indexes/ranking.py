"""Scores that are the same on every machine, and rankings made of them."""

import numpy as np
import numpy.typing as npt

from indexes.contract import Found, Ids, Vectors


def dot_in_order(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return the inner products over the first axis, added up one dimension after the other.

    The other axes broadcast. A product of two float32 numbers is exact in float64, so the order of
    the additions alone decides the result: fixed here, while a BLAS changes it with the shape.
    """
    total = np.zeros(np.broadcast_shapes(first.shape[1:], second.shape[1:]))
    for x, y in zip(first, second, strict=True):
        total += x * y
    return total.astype(np.float32)


def columns(vectors: Vectors) -> npt.NDArray[np.float64]:
    """Return ``vectors`` (n, dim) as float64, the dimensions first."""
    return np.ascontiguousarray(vectors.T, dtype=np.float64)


def empty_found(n_queries: int, k: int) -> Found:
    """Return lists of padding only."""
    ids = np.full((n_queries, k), -1, dtype=np.int64)
    return ids, np.full((n_queries, k), -np.inf, dtype=np.float32)


def best_first(ids: Ids, scores: Vectors, k: int) -> Found:
    """Return the ``k`` best of candidates (n_queries, n_candidates); id -1 is none."""
    scores = np.where(ids == -1, np.float32(-np.inf), scores)
    order = np.lexsort((ids, -scores), axis=-1)[:, :k]
    found_ids, found_scores = empty_found(len(ids), k)
    found_ids[:, : order.shape[1]] = np.take_along_axis(ids, order, axis=1)
    found_scores[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    return found_ids, found_scores
