"""How high the next item is ranked: hit rate, reciprocal rank and nDCG of each query, in percent.

A query has one right answer, its target. ``ranks`` is an int array (n_queries,): how many items
stand before the target, 0 for the first place, `NOT_RANKED` where no list holds it. Every query
counts; one without an answer, or whose target nobody can recommend, is a miss.
"""

import numpy as np

from xmlrec.metrics.relevance import FloatArray, IntArray

NOT_RANKED = np.iinfo(np.int32).max
"""The rank of a target that is not in a ranking."""


def target_ranks(items: IntArray, targets: IntArray) -> IntArray:
    """Return the rank of each target in its list, int32 of shape (n_queries,).

    Parameters
    ----------
    items : int array, shape (n_queries, k)
        Ranked items, best first, padded with -1.
    targets : int array, shape (n_queries,)
        The next item, -1 for one that is not in the catalog, which is never ranked.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    items, targets = np.asarray(items), np.asarray(targets)
    if items.ndim != 2 or targets.shape != items.shape[:1]:
        raise ValueError(
            "items must have shape (n_queries, k) and targets one item a query, "
            f"got {items.shape} and {targets.shape}"
        )
    ranks = np.full(len(items), NOT_RANKED, dtype=np.int32)
    rows, places = np.nonzero((items == targets[:, None]) & (items >= 0))
    np.minimum.at(ranks, rows, places.astype(np.int32))
    return ranks


def next_item_scores(ranks: IntArray) -> dict[str, FloatArray]:
    """Return ``hr@5 hr@10 hr@20 mrr@20 ndcg@10`` of each query, in percent; means are the figures.

    With one right answer a hit rate is a recall, and the best possible nDCG is 1:
    ``1 / log2(rank + 1)`` for ranks from 1.

    Raises
    ------
    ValueError
        If there is no query, or a rank is below 0.
    """
    ranks = np.asarray(ranks)
    if ranks.ndim != 1 or not len(ranks) or ranks.min() < 0:
        raise ValueError(f"ranks must be 0 or more, one for each query, got shape {ranks.shape}")
    from_1 = ranks.astype(np.float64) + 1
    scores: dict[str, FloatArray] = {
        f"hr@{k}": np.where(ranks < k, 100.0, 0.0) for k in (5, 10, 20)
    }
    scores["mrr@20"] = np.where(ranks < 20, 100.0 / from_1, 0.0)
    scores["ndcg@10"] = np.where(ranks < 10, 100.0 / np.log2(from_1 + 1), 0.0)
    return scores
