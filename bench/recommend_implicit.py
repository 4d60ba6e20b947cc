"""implicit: nearest items, and factors by alternating least squares, folded in for every query."""

from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bench.recommend_rows import Fitted, Rows


def fit_neighbours(
    train: Rows, n_items: int, *, weighting: str, K: int, threads: int, **_: object
) -> Fitted:
    """Fit item-to-item neighbours; a session is the sum of its items."""
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender

    kinds = {"cosine": CosineRecommender, "bm25": BM25Recommender}
    return fit(kinds[weighting](K=K, num_threads=threads), train, n_items)


def fit_als(
    train: Rows, n_items: int, *, factors: int, alpha: float, threads: int, seed: int, **_: object
) -> Fitted:
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=factors, alpha=alpha, num_threads=threads, random_state=seed
    )
    return fit(model, train, n_items)


def fit(model: Any, train: Rows, n_items: int) -> Fitted:
    with threadpool_limits(1, "blas"):  # as implicit asks for: its own threads work beside them
        model.fit(train.counts(n_items), show_progress=False)
    return partial(rank, model, n_items), {}


@threadpool_limits.wrap(limits=1, user_api="blas")
def rank(model: Any, n_items: int, queries: Rows, k: int, may_repeat: bool) -> np.ndarray:
    items, _ = model.recommend(
        np.arange(len(queries)),
        queries.counts(n_items),
        N=k,
        filter_already_liked_items=not may_repeat,
        recalculate_user=True,
    )
    return items.astype(np.int32)
