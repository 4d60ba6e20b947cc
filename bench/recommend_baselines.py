"""What needs no library: the most popular items, and those of the session itself before them."""

from collections import Counter
from functools import partial

import numpy as np

from bench.recommend_rows import Fitted, Rows, padded


def fit_popularity(train: Rows, n_items: int, **_: object) -> Fitted:
    """Return the ranking by events in training."""
    return partial(rank_popular, by_popularity(train, n_items)), {}


def fit_session_popularity(train: Rows, n_items: int, **_: object) -> Fitted:
    """Return the ranking by events of the session, the later item first, then by popularity."""
    return partial(rank_session, by_popularity(train, n_items)), {}


def by_popularity(train: Rows, n_items: int) -> list[int]:
    """Return all items, the most frequent first, on ties in the order of columns."""
    counts = np.bincount(train.items, minlength=n_items)
    return np.argsort(-counts, kind="stable").tolist()


def rank_popular(popular: list[int], queries: Rows, k: int, may_repeat: bool) -> np.ndarray:
    if may_repeat:
        return padded([popular[:k]] * len(queries), k)
    return padded([first_without(popular, set(queries[q]), k) for q in range(len(queries))], k)


def rank_session(popular: list[int], queries: Rows, k: int, may_repeat: bool) -> np.ndarray:
    if not may_repeat:
        raise ValueError("items of the session are all that this ranking adds to popularity")
    return padded([session_first(popular, queries[q], k) for q in range(len(queries))], k)


def session_first(popular: list[int], history: list[int], k: int) -> list[int]:
    counts = Counter(history)
    last = {item: place for place, item in enumerate(history)}
    own = sorted(counts, key=lambda item: (-counts[item], -last[item]))[:k]
    return own + first_without(popular, set(own), k - len(own))


def first_without(popular: list[int], left_out: set[int], k: int) -> list[int]:
    """Return the first ``k`` items that are not left out."""
    return [item for item in popular[: k + len(left_out)] if item not in left_out][:k]
