"""Figures of a session model on sessions whose next item is known, among all items."""

import numpy as np

from xmlrec.encode.batches import IntArray
from xmlrec.encode.contract import Vectors
from xmlrec.encode.sessions.settings import SessionQueries

K = 20
CHUNK = 512


def target_ranks(queries: Vectors, vectors: Vectors, valid: SessionQueries) -> IntArray:
    """Return how many items come before each target; ties go to the lower item.

    Parameters
    ----------
    queries : float32 array, shape (n, dim)
    vectors : float32 array, shape (n_items, dim)
    """
    ranks = np.empty(valid.targets.size, dtype=np.int64)
    for start in range(0, ranks.size, CHUNK):
        targets = valid.targets[start : start + CHUNK]
        at = np.arange(targets.size)
        scores = queries[start : start + CHUNK] @ vectors.T
        of_targets = scores[at, targets][:, np.newaxis]
        if valid.exclude_seen:
            bounds = valid.indptr[start : start + targets.size + 1]
            seen = np.repeat(at, np.diff(bounds)), valid.items[bounds[0] : bounds[-1]]
            scores[seen] = -np.inf
        is_before = scores > of_targets
        is_before |= (scores == of_targets) & (np.arange(len(vectors)) < targets[:, np.newaxis])
        ranks[start : start + targets.size] = is_before.sum(axis=1)
    return ranks


def figures_of(ranks: IntArray) -> dict[str, float]:
    """Return HR, MRR and NDCG at `K`."""
    is_hit = ranks < K
    return {
        f"HR@{K}": float(is_hit.mean()),
        f"MRR@{K}": float((is_hit / (ranks + 1)).mean()),
        f"NDCG@{K}": float((is_hit / np.log2(ranks + 2)).mean()),
    }
